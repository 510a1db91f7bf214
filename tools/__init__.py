"""Programs for those who work on Xinyong: generated references, pictures, data that were built once."""

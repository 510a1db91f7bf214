"""Files made to hurt a reader, generated at run time; nothing is copied from anywhere."""

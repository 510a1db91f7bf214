"""What a subject may do about what is said of it, and who may look."""

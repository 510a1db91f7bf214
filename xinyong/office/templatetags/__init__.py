"""Filters of the office's own templates."""

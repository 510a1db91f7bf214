"""Shared machinery of work between offices (工作流转): notices to departments, told in the office, by e-mail and by webhook."""

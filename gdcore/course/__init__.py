"""Courses: tasks in a text file, and whether a walk does what a task asks for."""

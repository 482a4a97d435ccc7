"""What needs nbgrader, or a class."""

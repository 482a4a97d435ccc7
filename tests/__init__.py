"""What the course and its grader promise."""

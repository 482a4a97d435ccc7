"""A class: releasing assignments, grading what comes back, with nbgrader in charge."""

"""Judges implementations of dropout, and says what went wrong.

    from autograder import check, examine, hint

    check("mask", dropout_mask)      # in a notebook: shows the report, returns the points
    examine("mask", dropout_mask)    # returns the report, shows nothing
    hint("mask")                     # the next rung of the hint ladder

An examination has two halves that meet only in data: `observe` runs the student's code and records arrays,
`judge` decides from the arrays. See `examination` for how they are joined.
"""

from autograder.examination import examine
from autograder.notebook import check, hint

__all__ = ["check", "examine", "hint"]

"""Judges implementations of dropout, and says what went wrong.

    from autograder import check, examine, hint

    check("mask", dropout_mask)      # in a notebook: shows the report, returns the points
    examine("mask", dropout_mask)    # returns the report, shows nothing
    hint("mask")                     # the next rung of the hint ladder

An examination has two halves that meet only in data: `observe` runs the student's code and records arrays,
`judge` decides from the arrays. See `examination` for how they are joined.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.examination import examine
    from autograder.notebook import check, hint

__all__ = ["check", "examine", "hint"]

_HOME = {"examine": "autograder.examination", "check": "autograder.notebook", "hint": "autograder.notebook"}


def __getattr__(name: str) -> object:
    """Load what is asked for: most of the package can do without SciPy and Matplotlib."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)

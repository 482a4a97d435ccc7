"""Judges implementations of dropout, and says what went wrong.

    from autograder import check, examine, hint

    check("mask", dropout_mask)      # in a notebook: shows the report, returns the points
    examine("mask", dropout_mask)    # returns the report, shows nothing
    hint("mask")                     # the next rung of the hint ladder

An examination has two halves that meet only in data: `observe` runs the student's code and records arrays,
`judge` decides from the arrays. See `examination` for how they are joined.
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.examination import examine
    from autograder.hints import hint
    from autograder.notebook import check

__all__ = ["check", "examine", "hint"]

_HOME = {"examine": "autograder.examination", "check": "autograder.notebook", "hint": "autograder.hints"}


def __getattr__(name: str) -> object:
    """Load what is asked for: most of the package can do without SciPy and Matplotlib.

    Where submissions run, the judge is not there to be imported, and nothing is judged.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME[name]
    if importlib.util.find_spec(home) is None:
        home = "autograder.unjudged"
    return getattr(importlib.import_module(home), name)

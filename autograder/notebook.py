"""What a notebook's cells call: `check` shows a report and returns points."""

import sys
from dataclasses import dataclass

from autograder.examination import examine
from autograder.report import MIME, Report, card
from autograder.show.page import as_html
from autograder.show.text import as_text


@dataclass(frozen=True)
class Shown:
    """A report as Jupyter displays it: HTML where that can be shown, text elsewhere."""

    report: Report

    def __repr__(self) -> str:
        return as_text(self.report)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {
            "text/plain": as_text(self.report),
            "text/html": as_html(self.report),
            MIME: card(self.report),
        }


def _display(shown: object) -> None:
    """Show an object in the notebook this runs in, or print it where there is none."""
    # Not imported: the core knows nothing of Jupyter, and where IPython runs it is there already.
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(shown)
    else:
        print(shown)


def check(exercise: str, *objects: object, seed: int | None = None) -> float:
    """Examine what a student wrote, show the report, and return the points earned.

    exercise, objects, seed: as for `examine`. The result is a plain float: as the last value of a cell, nbgrader
    reads it as partial credit. Raises what `examine` raises.
    """
    report = examine(exercise, *objects, seed=seed)
    _display(Shown(report))
    return report.points

"""How a class is graded: what an instructor can choose."""

from dataclasses import dataclass

from autograder.classroom.telling import CannotGoOn
from autograder.grading.sandbox import Limits, why_not


class Unprotected(CannotGoOn):
    """Students' code cannot be isolated here, and nobody has accepted that."""


@dataclass(frozen=True)
class Options:
    """How to grade. workers: processes, 0 for one a core. scheduler: a Dask scheduler's address, "" to grade here.

    unprotected: whether to grade where students' code cannot be isolated.
    """

    workers: int = 0
    scheduler: str = ""
    unprotected: bool = False
    limits: Limits = Limits()

    @property
    def walled(self) -> bool:
        """Whether there will be a wall. Raises Unprotected where there is none and none was waived."""
        reason = why_not()
        if reason and not self.unprotected:
            raise Unprotected(
                f"Students' code cannot be isolated here: {reason} To run it anyway, with your own rights and so "
                "within reach of everything that you can reach, say --unprotected."
            )
        return not reason

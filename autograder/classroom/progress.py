"""How far the grading of an assignment has come: told to whoever wants to know, and drawn as bars."""

import sys

from tqdm import tqdm

from autograder.classroom.telling import tell


class Progress:
    """Told of the progress of one assignment; this one keeps it to itself. A context manager."""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self, total: int, known: int) -> None:
        """Grading begins. total: different submissions. known: those of them that are graded already."""

    def step(self) -> None:
        """One more is graded."""

    def writing(self, written: int, total: int) -> None:
        """All are graded, and nbgrader has begun to write so many of them."""


class ProgressBars(Progress):
    """Two bars in a terminal: of grading, then of nbgrader's writing."""

    def __init__(self, assignment: str):
        self._assignment = assignment
        self._grading: tqdm | None = None
        self._writing: tqdm | None = None

    def __exit__(self, *_: object) -> None:
        for bar in (self._grading, self._writing):
            if bar is not None:
                bar.close()

    def start(self, total: int, known: int) -> None:
        """Say how many there are, and show the bar."""
        told = f"{self._assignment}: {total} to grade"
        tell(f"{told}, {known} of them are graded already" if known else told)
        sys.stdout.flush()
        if total > known:
            self._grading = tqdm(total=total - known, unit="submission", desc=self._assignment)

    def step(self) -> None:
        """Move the bar."""
        if self._grading is not None:
            self._grading.update()

    def writing(self, written: int, total: int) -> None:
        """Show the second bar, and move it."""
        if self._writing is None:
            self._writing = tqdm(total=total, unit="submission", desc=f"{self._assignment}, gradebook")
        self._writing.update(written - self._writing.n)

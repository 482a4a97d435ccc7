"""Releasing assignments: what students get is generated from the solutions, and nobody's work is overwritten."""

import shutil
import time

from autograder.classroom.course import Course
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.classroom.telling import tell


def release(course: Course, only: str = "") -> None:
    """Generate the release version of every assignment; a changed one that is replaced is kept in build/replaced.

    only: one assignment, or "" for all. Raises CannotGoOn when nbgrader refuses.
    """
    for assignment in [only] if only else course.assignments():
        target = course.exercises / assignment
        for fresh in sorted(Nbgrader(course).generate(assignment).iterdir()):
            old = target / fresh.name
            if old.exists() and old.read_bytes() != fresh.read_bytes():
                kept = course.replaced / time.strftime("%Y%m%d-%H%M%S") / fresh.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(old, kept)
                tell(f"{course.within(old)} had changed; the old version is in {course.within(kept)}")
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(fresh, old)
        tell(f"{course.within(target)}: released")

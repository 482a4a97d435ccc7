"""Grading a class: every assignment goes the same straight way from what was handed in to the gradebook."""

import multiprocessing
from typing import NamedTuple

from autograder.classroom.assignment import load_assignment
from autograder.classroom.collected import collect
from autograder.classroom.course import Course
from autograder.classroom.graded import grade
from autograder.classroom.lock import course_lock
from autograder.classroom.nbgrader_commands import Grade, Nbgrader
from autograder.classroom.options import Options
from autograder.classroom.progress import Progress, ProgressBars
from autograder.classroom.recorded import conclude, recording
from autograder.classroom.strays import strays
from autograder.classroom.telling import CannotGoOn, tell_now


class ClassGrades(NamedTuple):
    """What came of grading a class. grades: as the gradebook has them, of all assignments.

    problems: a sentence for each thing that a person should look at.
    """

    grades: list[Grade]
    problems: list[str]


def grade_class(course: Course, options: Options | None = None, only: str = "") -> ClassGrades:
    """Grade everything that was handed in, and export.

    only: one assignment, or "" for all. Another grading of the same course is waited for, which is said. Raises
    CannotGoOn, UnusableTemplate, ClusterUnusable.
    """
    _refuse_to_be_imported()
    with course_lock(course.root, _doing(only), tell=tell_now) as lock:
        nbgrader = Nbgrader(course, lock)
        problems = strays(course)
        for assignment in [only] if only else course.assignments():
            if course.submissions(assignment):
                with ProgressBars(assignment) as progress:
                    problems += grade_assignment(nbgrader, assignment, options or Options(), progress)
        return ClassGrades(nbgrader.export(), problems)


def grade_assignment(nbgrader: Nbgrader, name: str, options: Options, progress: Progress) -> list[str]:
    """Grade what was handed in for an assignment; returns a sentence for everything that a person should look at.

    The caller holds the course's lock. Raises CannotGoOn, UnusableTemplate, ClusterUnusable.
    """
    assignment = load_assignment(nbgrader.course, name)
    collected = collect(assignment, options)
    progress.start(len(collected.tasks), collected.known())
    with recording(collected, nbgrader) as recorder:
        graded = grade(collected, options, progress)
        recorded = recorder.finish(graded, progress)
    return conclude(recorded)


def write_feedback(course: Course, only: str = "") -> list[str]:
    """Write the feedback pages of all that was graded; returns a sentence for each assignment where that failed.

    only: one assignment, or "" for all. Raises CannotGoOn, NotLocked.
    """
    with course_lock(course.root, f"autograder feedback {only}".rstrip(), tell=tell_now) as lock:
        nbgrader = Nbgrader(course, lock)
        return [
            f"{assignment}: not all feedback could be written; see {course.log}."
            for assignment in ([only] if only else course.assignments())
            if course.submissions(assignment) and not nbgrader.write_feedback(assignment)
        ]


def _doing(only: str) -> str:
    """What others are told that a grading is."""
    return f"autograder grade {only}" if only else "grading of all assignments"


def _refuse_to_be_imported() -> None:
    """Raise CannotGoOn in a process that grades: it imports the script that started it.

    Waiting for the lock there would never end.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise CannotGoOn(
            "This script grades whenever it is imported, and each process that grades imports it: put the call "
            'under `if __name__ == "__main__":`.'
        )

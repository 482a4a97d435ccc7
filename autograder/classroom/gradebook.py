"""nbgrader's gradebook, read: who the students are, and their scores as they stand there.

A score that a person changed in formgrader, and a penalty for lateness, are in the gradebook only.
"""

import time
from dataclasses import dataclass, field

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError

from autograder.classroom import waiting
from autograder.classroom.course import Course
from autograder.classroom.telling import CannotGoOn
from autograder.classroom.waiting import await_gradebook
from autograder.printable import printable


class UnreadableGradebook(CannotGoOn):
    """A gradebook that nbgrader cannot read."""


@dataclass(frozen=True)
class Person:
    """A student as nbgrader knows them; "" for what it does not know. lms_id: nbgrader's lms_user_id."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Score:
    """What stands in the gradebook for one submission, in points: changed by hand, a late penalty taken off.

    unfinished: whether something is still to be graded by hand.
    """

    points: float
    max_points: float
    unfinished: bool = False


@dataclass(frozen=True)
class Book:
    """A gradebook's contents. people: by student id. scores: by assignment, then by student id."""

    people: dict[str, Person] = field(default_factory=dict)
    scores: dict[str, dict[str, Score]] = field(default_factory=dict)


def read_gradebook(course: Course) -> Book:
    """A course's gradebook, empty if there is none. Raises CannotGoOn, which UnreadableGradebook is."""
    course_id = CourseDirectory(config=course.settings).course_id
    url, file = course.gradebook_url, course.gradebook
    if file is not None and not file.exists():
        return Book()  # to open it would make it
    begun = time.monotonic()
    while True:
        try:
            if file is not None:
                await_gradebook(file)
            with Gradebook(url, course_id) as gradebook:
                return contents(gradebook)
        except SQLAlchemyError as error:
            if any(words in str(error) for words in waiting.IN_USE) and file is not None:
                if time.monotonic() - begun <= waiting.PATIENCE:
                    continue
                raise UnreadableGradebook(waiting.still_in_use(file, waiting.PATIENCE)) from error
            reason = printable(str(getattr(error, "orig", None) or type(error).__name__))
            raise UnreadableGradebook(
                f"nbgrader's gradebook, {file or 'as db_url says'}, cannot be read: {reason}. If an older nbgrader "
                "made it, run nbgrader db upgrade."
            ) from error


def contents(gradebook: Gradebook) -> Book:
    """What stands in an open gradebook."""
    people = {
        s.id: Person(s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "")
        for s in gradebook.students
    }
    scores = {
        assignment.name: {
            s.student_id: Score(
                max(0.0, s.score - s.late_submission_penalty), float(s.max_score), bool(s.needs_manual_grade)
            )
            for s in gradebook.assignment_submissions(assignment.name)
        }
        for assignment in gradebook.assignments
    }
    return Book(people, scores)

"""An assignment of a course, as grading begins with it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.course import Course
from autograder.grading.template import Template, load_template


@dataclass(frozen=True)
class Assignment:
    """An assignment. template: the instructor's notebook, read. digest: of the file that it was read from."""

    course: Course
    name: str
    template: Template
    digest: str

    def graded(self, student: str) -> Path:
        """A student's graded notebook, which nbgrader writes."""
        return self.course.graded(student, self.name)


def load_assignment(course: Course, name: str) -> Assignment:
    """Read the instructor's notebook. Raises UnusableTemplate."""
    path = course.solution(name)
    template = load_template(path)
    return Assignment(course, name, template, hashlib.sha256(path.read_bytes()).hexdigest())

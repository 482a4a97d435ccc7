"""What the commands for a class do: they say what came out, and return the exit code of their process.

It is 0 when all is well, 1 when something needs a person, and 2 when nothing could be done.
"""

import importlib
import os
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import ParamSpec

from autograder.classroom import release as releasing
from autograder.classroom.course import Course
from autograder.classroom.grade_class import ClassGrades, grade_class, write_feedback
from autograder.classroom.lock import course_lock
from autograder.classroom.options import Options
from autograder.classroom.sample_class import make_sample_class
from autograder.classroom.telling import CannotGoOn, tell, tell_now, why_stopped
from autograder.grading.cluster import ClusterUnusable
from autograder.grading.template import UnusableTemplate
from autograder.printable import printable
from autograder.show.text import points_text

_Arguments = ParamSpec("_Arguments")


def _command(run: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """A command that says, in a sentence, why it cannot go on, and returns 2 then."""

    @wraps(run)
    def said(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> int:
        try:
            return run(*arguments, **options)
        except (CannotGoOn, UnusableTemplate, ClusterUnusable) as problem:
            tell_now(str(problem))
        except OSError as error:
            tell_now(why_stopped(error))
        return 2

    return said


@_command
def release(root: Path, assignment: str = "") -> int:
    """Generate what students get, for one assignment or, with "", for all."""
    course = _course(root, assignment)
    releasing.release(course, assignment)
    return 0


@_command
def grade(root: Path, assignment: str, options: Options) -> int:
    """Grade one assignment."""
    course = _gradable(root, assignment, options)
    if not course.submissions(assignment):
        raise CannotGoOn(
            f"Nothing was handed in: there is no folder {course.within(course.submitted)}/STUDENT/{assignment}."
        )
    code = _grade_and_tell(course, options, assignment)
    tell(f"When you have looked at the grades, give them back: autograder feedback {assignment}")
    return code


@_command
def grade_everything(root: Path, options: Options) -> int:
    """Grade all assignments and write feedback; a sample class where nothing was handed in."""
    course = _gradable(root, "", options)
    if course.submitted.exists() and not course.submitted.is_dir():
        where = course.within(course.submitted)
        raise CannotGoOn(f"{where} is a file; make it a folder with one folder per student.")
    # Also while the sample class's folder is made: that takes away the one there was.
    with course_lock(course.root, "autograder grade", tell=tell_now):
        if course.submitted.is_dir() and any(course.submitted.iterdir()):
            code = _grade_and_tell(course, options)
            _feedback_and_tell(course)
            return code
        where = course.within(course.submitted)
        tell(
            f"{where}/ is empty, so this grades a sample class in {course.within(course.sample.root)}. "
            f"Put work to grade into {where}/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb and run it again."
        )
        sample = make_sample_class(course)
        _grade_and_tell(sample, options)
        _feedback_and_tell(sample)
        return 0  # it has its problem on purpose


@_command
def feedback(root: Path, assignment: str = "") -> int:
    """Write the feedback pages of what is graded, for one assignment or, with "", for all."""
    course = _course(root, assignment)
    if not any(course.is_graded(name) for name in ([assignment] if assignment else course.assignments())):
        command = f"autograder grade {assignment}".rstrip()
        raise CannotGoOn(f"Nothing of {assignment or 'this course'} is graded yet. Run {command} first.")
    return int(_feedback_and_tell(course, assignment) > 0)


@_command
def report(root: Path, assignment: str) -> int:
    """Write the page on what a class got wrong."""
    course = _course(root, assignment)
    # Imported when asked for, like `lms` below: they load nbgrader, which takes longer than most commands.
    class_report = importlib.import_module("autograder.classroom.class_report")
    written = class_report.write_report(course, assignment)
    tell(f"To show to the class, without names: {written.page}")
    tell(f"The same as a table: {written.table}")
    tell(f"{written.attention}. With names, for you alone: {written.look_at}")
    return 0


@_command
def export(root: Path, system: str, assignments: list[str], roster: str, to: str) -> int:
    """Write grades for Canvas or Moodle: those of some assignments, of all if none is named."""
    course = Course(root)
    for assignment in assignments or [""]:
        course.require(assignment)
    lms = importlib.import_module("autograder.classroom.lms")
    target, made = lms.export_course(course, system, assignments, roster, to)
    for sentence in made.told:
        tell(sentence)
    for sentence in made.missing:
        tell(f"Look at this: {sentence}")
    tell(f"Grades of {len(made.lines)} students: {course.within(target)}")
    return int(bool(made.missing))


def _course(root: Path, assignment: str) -> Course:
    """The course in a folder. Raises CannotGoOn where it is none, or does not have the assignment."""
    course = Course(root)
    course.require(assignment)
    return course


def _gradable(root: Path, assignment: str, options: Options) -> Course:
    """As `_course`, and CannotGoOn where this machine cannot grade a class."""
    if os.name == "nt":
        raise CannotGoOn("Grading a class needs Linux or macOS; on Windows, install WSL and grade there.")
    if options.scheduler and find_spec("distributed") is None:
        raise CannotGoOn("Grading on a cluster needs Dask here: run pip install distributed.")
    return _course(root, assignment)


def _grade_and_tell(course: Course, options: Options, only: str = "") -> int:
    """Grade, print the grades and what a person should look at; returns 1 if there is something, else 0."""
    graded = grade_class(course, options, only)
    tell_grades(course, ClassGrades([g for g in graded.grades if only in ("", g.assignment)], graded.problems))
    return int(bool(graded.problems))


def tell_grades(course: Course, graded: ClassGrades) -> None:
    """Print the grades of everyone who handed something in."""
    # Asked once for each assignment: a look at the folder of a class of 1,000 takes 10 ms.
    by_assignment = {name: set(course.submissions(name)) for name in {g.assignment for g in graded.grades}}
    handed_in = [g for g in graded.grades if g.student in by_assignment[g.assignment]]
    width = max((len(printable(g.student)) for g in handed_in), default=0)
    for g in sorted(handed_in, key=lambda g: (g.assignment, g.student)):
        points = f"{points_text(g.score):>5} of {points_text(g.max_score)}"
        tell(f"{g.assignment:14} {printable(g.student):{width}} {points}")
    for problem in graded.problems:
        tell(f"Look at this: {problem}")
    tell(f"{len(handed_in)} graded, {len(graded.problems)} to look at.")
    tell(f"Grades: {course.grades}")


def _feedback_and_tell(course: Course, only: str = "") -> int:
    """Write feedback and say where it is; returns in how many assignments not all of it could be written."""
    problems = write_feedback(course, only)
    for problem in problems:
        tell(f"Look at this: {problem}")
    tell(f"Feedback: {course.feedback}")
    return len(problems)

"""A class that is graded without grading: made-up verdicts, written as a real grading writes them."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import nbformat
from nbgrader.api import Gradebook

from autograder.catalogue import exercises
from autograder.classroom.course import Course
from autograder.classroom.notes import Notes
from autograder.grading.stored import StoredExercise, StoredResult, StoredVerdict
from autograder.grading.template import Submission, load_template
from tests.conftest import ROOT

ASSIGNMENT = "02_scaling"


def course_folder(folder: Path) -> Course:
    """A course folder with one assignment of two exercises."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, folder / "solutions" / ASSIGNMENT)
    return Course(folder)


def hand_in(course: Course, student: str, codes: dict[str, str]) -> Submission:
    """Put a student's notebook into submitted/. codes: by exercise."""
    texts = {f"solution-{exercise}": code for exercise, code in codes.items()}
    submission = Submission(texts)
    notebook = nbformat.from_dict(_template(course).rebuilt(submission))
    path = course.root / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return submission


def graded(
    course: Course,
    student: str,
    codes: dict[str, str],
    failing: dict[str, dict[str, str | None]] | None = None,
    **said: object,
) -> None:
    """Hand in and store a result. failing: by exercise, then property, the misconception, "error" or None.

    said: what else the stored result says.
    """
    submission = hand_in(course, student, codes)
    result = StoredResult(
        notebook=_template(course).rebuilt(submission),
        problem="",
        notes=(),
        isolated=True,
        max_points=31.0,
        exercises=tuple(_exercise(name, (failing or {}).get(name, {})) for name in ("inverted", "classic")),
    )
    key = f"{student.encode().hex():0>64}"[-64:]
    course.store.put(key, replace(result, **said))
    written = course.written(ASSIGNMENT)
    Notes.read_or_none(written).having({student: key}).write(written)


def in_gradebook(
    course: Course, student: str, points: dict[str, float], penalty: float = 0.0, by_hand: bool = False, **person
) -> None:
    """Put a student and the points of the check cells into nbgrader's gradebook.

    by_hand: whether a person gave them, as in formgrader, instead of full marks. person: names and addresses.
    """
    # nbgrader calls alembic by name when it makes a gradebook, also when this .venv is not activated.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    with (
        mock.patch.dict(os.environ, PATH=path),
        Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "dropout") as book,
    ):
        book.update_or_create_assignment(ASSIGNMENT)
        book.update_or_create_notebook(ASSIGNMENT, ASSIGNMENT)
        for exercise in ("inverted", "classic"):
            book.update_or_create_grade_cell(
                f"check-{exercise}",
                ASSIGNMENT,
                ASSIGNMENT,
                max_score=exercises()[exercise].max_points,
                cell_type="code",
            )
        book.update_or_create_student(student, **person)
        book.update_or_create_submission(ASSIGNMENT, student)
        (notebook,) = book.find_submission(ASSIGNMENT, student).notebooks
        notebook.late_submission_penalty = penalty
        for grade in notebook.grades:
            given = points[grade.name.removeprefix("check-")]
            grade.auto_score = grade.max_score if by_hand else given
            grade.manual_score = given if by_hand else None
            grade.needs_manual_grade = False
        book.db.commit()


def _template(course: Course):
    return load_template(course.solution(ASSIGNMENT))


def _exercise(name: str, failing: dict[str, str | None]) -> StoredExercise:
    verdicts = []
    for p in exercises()[name].properties:
        said = failing.get(p.slug, "pass")
        status = said if said in ("pass", "error", "blocked") else "fail"
        points = float(p.points) if status == "pass" else 0.0
        named = said if status == "fail" else None
        verdicts.append(StoredVerdict(p.slug, status, points, named))
    return StoredExercise(name, 7, tuple(verdicts))

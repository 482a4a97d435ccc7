"""The assignments: their points, their release versions, and what an unchanged one gets."""

import filecmp
import shutil

import nbformat
import pytest

from autograder import check, examine
from autograder.catalogue import exercises, misconceptions
from autograder.classroom.course import Course
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.runner import run_checks
from tests.conftest import ROOT

ASSIGNMENTS = sorted(path.name for path in (ROOT / "solutions").iterdir())


def grade_cells(assignment):
    notebook = nbformat.read(ROOT / "solutions" / assignment / f"{assignment}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


@pytest.mark.parametrize("exercise", exercises().values(), ids=lambda exercise: exercise.name)
def test_one_locked_grade_cell_ends_in_check_and_is_worth_the_sum_of_the_properties(exercise):
    wanted = exercise.call
    (cell,) = [cell for cell in grade_cells(exercise.assignment) if wanted in cell.source]
    assert cell.source.splitlines()[-1] == wanted
    assert cell.metadata["nbgrader"]["points"] == sum(p.points for p in exercise.properties)
    assert cell.metadata["nbgrader"]["locked"]
    assert (
        examine(exercise.name, *[None] * len(exercise.objects), seed=0).max_points
        == cell.metadata["nbgrader"]["points"]
    )


def test_slugs_are_unique_within_an_exercise():
    for exercise in exercises().values():
        slugs = [p.slug for p in exercise.properties]
        assert len(set(slugs)) == len(slugs)


@pytest.mark.slow
def test_exercises_are_exactly_what_nbgrader_generates_from_the_solutions(course_copy):
    course = Course(course_copy)
    assert course.assignments() == ASSIGNMENTS == sorted(p.name for p in (ROOT / "exercises").iterdir())
    for assignment in ASSIGNMENTS:
        generated, committed = Nbgrader(course).generate(assignment), ROOT / "exercises" / assignment
        assert sorted(p.name for p in generated.iterdir()) == sorted(p.name for p in committed.iterdir())
        for path in generated.iterdir():
            assert filecmp.cmp(path, committed / path.name, shallow=False), f"run `make release`: {path.name}"


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_unchanged_release_gets_no_points_and_a_friendly_sentence_per_exercise(assignment, tmp_path):
    path = tmp_path / f"{assignment}.ipynb"
    shutil.copy(ROOT / "exercises" / assignment / path.name, path)
    before = path.read_bytes()
    outcomes = run_checks(path)
    assert len(outcomes) == len(grade_cells(assignment))
    for outcome in outcomes:
        assert outcome.points == 0
        assert "Not written yet" in outcome.text and "Traceback" not in outcome.text
    assert path.read_bytes() == before


def test_check_returns_a_plain_float_in_nbgraders_form(capsys):
    points = check("mask", lambda shape, rate, rng: rng.random(shape) >= rate)
    assert type(points) is float and points == 9.0
    assert "no-rate-check" in capsys.readouterr().out


def test_explanations_are_complete():
    for slug, known in misconceptions().items():
        assert slug == known.slug
        for text in (known.what, known.why, known.hint):
            assert len(text.split()) >= 4
            assert text.rstrip().endswith((".", "?", "!"))

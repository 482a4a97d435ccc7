"""Where everything of a course is: as its nbgrader_config.py says."""

import shutil
from pathlib import Path

import pytest

from autograder import cli
from autograder.classroom.course import Course
from autograder.classroom.telling import CannotGoOn
from tests.conftest import ROOT

#: Other names than those of this project, which nbgrader allows.
NAMES = {"source": "truth", "release": "given", "submitted": "got", "autograded": "marked", "feedback": "back"}


@pytest.fixture
def renamed(tmp_path) -> Course:
    """A course with other names for all its folders, in which Ada handed in the solution of 01_mask."""
    changed = [f"c.CourseDirectory.{step}_directory = {name!r}\n" for step, name in NAMES.items()]
    configuration = (ROOT / "nbgrader_config.py").read_text() + "".join(changed)
    (tmp_path / "nbgrader_config.py").write_text(configuration)
    shutil.copytree(ROOT / "solutions" / "01_mask", tmp_path / "truth" / "01_mask")
    shutil.copytree(ROOT / "solutions" / "01_mask", tmp_path / "got" / "ada" / "01_mask")
    return Course(tmp_path)


def steps(course: Course) -> list[Path]:
    return [course.solutions, course.exercises, course.submitted, course.autograded, course.feedback]


def test_folders_have_the_names_that_the_configuration_gives_them(renamed):
    assert steps(renamed) == [renamed.root / name for name in NAMES.values()]
    assert renamed.assignments() == ["01_mask"] and renamed.submissions("01_mask") == ["ada"]
    assert renamed.handed_in("ada", "01_mask") == renamed.root / "got" / "ada" / "01_mask" / "01_mask.ipynb"
    shutil.copy(ROOT / "nbgrader_config.py", renamed.root)
    usual = ["solutions", "exercises", "submitted", "autograded", "feedback"]
    assert steps(Course(renamed.root)) == [renamed.root / name for name in usual]


def test_a_gradebook_is_a_file_in_the_folder_unless_the_configuration_says_otherwise(renamed):
    assert renamed.gradebook == renamed.root / "gradebook.db"
    with renamed.configuration.open("a") as file:
        file.write("c.CourseDirectory.db_url = 'postgresql://there/grades'\n")
    assert Course(renamed.root).gradebook is None
    assert Course(renamed.root).gradebook_url == "postgresql://there/grades"


def test_a_place_is_named_from_the_folder_and_one_elsewhere_in_full(renamed):
    assert renamed.within(renamed.log) == "build/nbgrader.log"
    assert renamed.within(Path("/elsewhere/grades.csv")) == "/elsewhere/grades.csv"


def test_what_is_not_a_course_or_not_an_assignment_is_refused(renamed):
    renamed.require("01_mask")
    with pytest.raises(CannotGoOn, match="no assignment '02_scaling'. The assignments are: 01_mask"):
        renamed.require("02_scaling")
    with pytest.raises(CannotGoOn, match="not a course folder"):
        Course(renamed.submitted).require()
    renamed.configuration.write_text("c.Course(")
    with pytest.raises(CannotGoOn, match="cannot be read: SyntaxError"):
        Course(renamed.root).require()


def test_feedback_on_what_is_not_graded_is_refused(renamed, monkeypatch, capsys):
    monkeypatch.chdir(renamed.root)
    for command in (["feedback"], ["feedback", "01_mask"]):
        assert cli.main(command) == 2
        assert f"Run {' '.join(['autograder grade', *command[1:]])} first" in capsys.readouterr().err


@pytest.mark.slow
def test_a_class_with_other_folders_is_released_graded_reported_and_given_back(renamed, monkeypatch, capsys):
    monkeypatch.chdir(renamed.root)
    for command in (
        ["release"],
        ["grade", "01_mask", "--unprotected"],
        ["feedback", "01_mask"],
        ["report", "01_mask"],
        ["export", "canvas"],
    ):
        assert cli.main(command) == 0, capsys.readouterr()
    assert "10 of 10" in capsys.readouterr().out
    made = {path.name for path in renamed.root.iterdir()}
    assert made == {*NAMES.values(), "build", "nbgrader_config.py", "gradebook.db", "grades.csv", ".course_secret"}
    assert (renamed.exercises / "01_mask" / "01_mask.ipynb").exists()
    assert renamed.graded("ada", "01_mask").exists()
    assert (renamed.feedback / "ada" / "01_mask" / "01_mask.html").exists()
    assert (renamed.reports / "01_mask.html").exists() and (renamed.exports / "canvas.csv").exists()

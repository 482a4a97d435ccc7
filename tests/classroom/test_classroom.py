"""nbgrader's flow, whole: release, hand in, autograde, feedback, export, and again."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import cli
from autograder.classroom.anonymous import words
from autograder.classroom.commands import tell_grades
from autograder.classroom.course import Course
from autograder.classroom.grade_class import ClassGrades, grade_class, write_feedback
from autograder.classroom.gradebook import UnreadableGradebook, read_gradebook
from autograder.classroom.nbgrader_commands import Grade, Nbgrader
from autograder.classroom.release import release
from autograder.classroom.results import collect_results
from autograder.classroom.sample import STUDENTS, fill_in
from autograder.classroom.sample_class import make_sample_class
from autograder.classroom.telling import CannotGoOn
from autograder.grading.sandbox import why_not
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}"),
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The sample class, graded once: the course, its grades by assignment and student, and the problems."""
    folder = tmp_path_factory.mktemp("instructor")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    course = make_sample_class(Course(folder))
    grades, problems = grade_class(course)
    assert write_feedback(course) == []
    return course, {(g.assignment, g.student): g for g in grades}, problems


def test_the_sample_class_is_one():
    assert len(STUDENTS) == 12 and len({student.name for student in STUDENTS}) == 12
    assert sum(bool(student.not_a_notebook) for student in STUDENTS) == 1
    expected = [student.expected(a) for student in STUDENTS for a in student.assignments()]
    assert len(set(expected)) > 6, "partial credit of many kinds"


@pytest.mark.parametrize("student", STUDENTS, ids=lambda student: student.name)
def test_every_grade_is_the_expected_one(graded, student):
    _, grades, _ = graded
    for assignment in student.assignments():
        assert grades[assignment, student.name].score == student.expected(assignment), student.story


def test_only_what_is_no_notebook_is_a_problem_and_it_is_named(graded):
    _, _, problems = graded
    (problem,) = problems
    assert problem.startswith("ivan's 01_mask: It is not a notebook") and "not JSON" in problem


def test_everyone_else_gets_feedback_with_the_report(graded):
    course, _, _ = graded
    for student in STUDENTS:
        for assignment in student.assignments():
            page = course.root / "feedback" / student.name / assignment / f"{assignment}.html"
            assert page.exists(), "also for what is no notebook: it says so"
    page = (course.root / "feedback" / "dmitri" / "01_mask" / "01_mask.html").read_text()
    assert "rate is used as the probability of keeping" in page and "data:image/png;base64" in page


def test_export_is_a_table_with_a_line_for_each_student_and_assignment(graded):
    course, grades, _ = graded
    with (course.root / "grades.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {(row["assignment"], row["student_id"]) for row in rows} == set(grades)
    assert all(0 <= float(row["score"]) <= float(row["max_score"]) for row in rows)


def test_the_report_on_the_class_counts_what_the_sample_class_got_wrong(graded, capsys, monkeypatch):
    course, grades, _ = graded
    monkeypatch.chdir(course.root)
    assert cli.main(["report", "01_mask"]) == 0
    told = capsys.readouterr().out
    assert "1 submission needs a person" in told and "01_mask_look_at.csv" in told
    results = collect_results(course, "01_mask")
    handed_in = course.submissions("01_mask")
    assert results.points == tuple(sorted(grades["01_mask", student].score for student in handed_in))
    assert (results.handed_in, results.graded, results.unreadable, results.isolated) == (10, 10, 1, 10)
    found = {mistake.slug: mistake.students for mistake in results.mistakes}
    assert {"keep-drop-swapped": 1, "fixed-count": 1, "seed-inside": 1, "not-an-array": 1}.items() <= found.items()
    assert [(each.student, each.kind) for each in results.look_at] == [("ivan", "unreadable")]
    page = (course.root / "build" / "reports" / "01_mask.html").read_text(encoding="utf-8")
    assert "rng.random(shape) &lt; rate" in page, "dmitri's code is the example of his mistake"
    assert not {student.name for student in STUDENTS} & words(page)


def test_graded_again_nothing_changes_and_what_was_handed_in_anew_is_graded(graded):
    course, grades, _ = graded
    released = nbformat.read(ROOT / "exercises" / "01_mask" / "01_mask.ipynb", as_version=4)
    (ada,) = [student for student in STUDENTS if student.name == "ada"]
    better = course.root / "submitted" / "hana" / "01_mask" / "01_mask.ipynb"
    old = better.stat()
    nbformat.write(fill_in(released, ada.answers), better)
    import os

    os.utime(better, (old.st_atime, old.st_mtime))  # as unpacking an archive does
    no_check = course.root / "submitted" / "lena" / "01_mask" / "01_mask.ipynb"
    notebook = fill_in(released, ada.answers)
    notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader", {}).get("grade")]
    nbformat.write(notebook, no_check)
    (course.root / "submitted" / "note.txt").write_text("hello")
    (course.root / "submitted" / "nobody").mkdir()
    (course.root / "submitted" / "ben" / "07_unknown").mkdir()
    work = course.root / "exercises" / "01_mask" / "01_mask.ipynb"
    shutil.copy(better, work)
    again, problems = grade_class(course)
    assert not (course.root / "feedback" / "hana" / "01_mask").exists(), "what is out of date is taken away"
    assert write_feedback(course) == []
    changed = {
        (g.assignment, g.student): g.score for g in again if grades[g.assignment, g.student].score != g.score
    }
    assert changed == {("01_mask", "hana"): 10.0, ("01_mask", "lena"): 10.0}
    feedback = (course.root / "feedback" / "hana" / "01_mask" / "01_mask.html").read_text()
    assert "10.0 / 10.0" in feedback
    assert work.read_bytes() == better.read_bytes(), "grading must not touch anybody's work in exercises/"
    told = "\n".join(problems)
    assert "note.txt belongs to no student" in told and "nobody is empty" in told
    assert "07_unknown is not an assignment" in told


def test_releasing_keeps_what_it_replaces(tmp_path, capsys):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions" / "01_mask", tmp_path / "solutions" / "01_mask")
    course = Course(tmp_path)
    (tmp_path / "exercises" / "01_mask").mkdir(parents=True)
    (tmp_path / "exercises" / "01_mask" / "01_mask.ipynb").write_text("my work")
    release(course)
    assert "had changed" in capsys.readouterr().out
    (kept,) = (tmp_path / "build" / "replaced").rglob("*.ipynb")
    assert kept.read_text() == "my work"


def test_a_broken_solution_is_one_sentence(tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions" / "01_mask").mkdir(parents=True)
    (tmp_path / "solutions" / "01_mask" / "01_mask.ipynb").write_text("not a notebook")
    with pytest.raises(CannotGoOn, match="could not generate 01_mask"):
        Nbgrader(Course(tmp_path)).generate("01_mask")


def test_a_new_gradebook_gets_the_version_that_nbgrader_gives_it():
    told = (
        "from nbgrader import api; own = api.get_alembic_version()\n"
        "import autograder.classroom.nbgrader_process\nprint(own == api.get_alembic_version(), own)"
    )
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    assert done.stdout.startswith("True "), done.stderr


def test_the_printed_grades_look_into_the_folder_once_for_each_assignment(tmp_path, monkeypatch, capsys):
    # Once for each grade made a class of 1,000 wait for 17 seconds.
    asked = []
    handed = {"01_mask": [f"s{number}" for number in range(40)], "05_keras_layer": ["s7"]}
    monkeypatch.setattr(Course, "submissions", lambda self, name: asked.append(name) or handed[name])
    grades = [Grade(name, f"s{number}", 1.5, 2.0) for name in handed for number in range(50)]
    tell_grades(Course(tmp_path), ClassGrades(grades, []))
    assert sorted(asked) == sorted(handed)
    said = capsys.readouterr().out.splitlines()
    assert "41 graded, 0 to look at." in said
    assert len([line for line in said if line.endswith("1.5 of 2")]) == 41


def class_of_one(folder: Path, settings: str = "") -> Course:
    """A course in which Ada handed in the solution of 01_mask. settings: what else nbgrader_config.py says."""
    config = (ROOT / "nbgrader_config.py").read_text()
    folder.mkdir(exist_ok=True)
    (folder / "nbgrader_config.py").write_text(f"{config}\n{settings}\n")
    shutil.copytree(ROOT / "solutions" / "01_mask", folder / "solutions" / "01_mask")
    handed = folder / "submitted" / "ada" / "01_mask"
    handed.mkdir(parents=True)
    shutil.copy(folder / "solutions" / "01_mask" / "01_mask.ipynb", handed)
    return Course(folder)


#: A path from the course's folder, and what is not taken for a file, as the address of a server is not.
@pytest.mark.parametrize("url", ["sqlite:///kept/book.db", "sqlite+pysqlite:///kept/book.db"])
def test_a_gradebook_elsewhere_is_written_once(tmp_path, monkeypatch, url):
    course = class_of_one(tmp_path, f"c.CourseDirectory.db_url = {url!r}")
    monkeypatch.chdir(tmp_path)  # from which the second address is read
    (tmp_path / "kept").mkdir()
    graded = grade_class(course)
    assert graded == ([Grade("01_mask", "ada", 10.0, 10.0)], [])
    assert not (tmp_path / "gradebook.db").exists()
    assert read_gradebook(course).scores["01_mask"]["ada"].points == 10
    monkeypatch.setattr(Nbgrader, "record", lambda *_: pytest.fail("written again"))
    assert grade_class(course) == graded


def test_settings_that_cannot_be_read_are_one_sentence(tmp_path):
    course = class_of_one(tmp_path, "c.CourseDirectory.db_url = 'unknown://nowhere'")
    with pytest.raises(CannotGoOn, match="The gradebook cannot be read: .*unknown"):
        Nbgrader(course).recorded("01_mask")
    with pytest.raises(UnreadableGradebook, match="cannot be read"):
        read_gradebook(course)
    course = class_of_one(tmp_path / "second", "c.Course(")
    with pytest.raises(CannotGoOn, match="nbgrader_config.py cannot be read: SyntaxError"):
        grade_class(course)


def test_a_script_that_grades_whenever_it_is_imported_ends_and_says_so(tmp_path):
    # The processes that grade import it, too, and waited for the lock that it held.
    class_of_one(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from autograder.classroom.course import Course\n"
        "from autograder.classroom.grade_class import grade_class\n"
        "print(grade_class(Course(Path.cwd())).problems)\n"
    )
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert 'put the call under `if __name__ == "__main__":`' in run.stderr
    assert "ada's 01_mask could not be graded" in run.stdout
    whole = script.read_text().replace("print(", "if __name__ == '__main__':\n    print(")
    script.write_text(whole)
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.stdout.endswith("\n[]\n"), run.stderr

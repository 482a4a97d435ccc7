"""What goes wrong with the machine while a class is graded: a gradebook in use, a full disk, killed processes.

Each ends in one sentence, nothing is half-written, and the same command run again finishes the class.
"""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from autograder import cli
from autograder.classroom import sample, waiting
from autograder.classroom.sample import fill_in
from autograder.show.note import NOTE_HEADING, as_note
from tests.classroom.test_waiting import held
from tests.conftest import ROOT
from tests.grading.runs import LONG, Stopped, below, command_of, environment, isolated

pytestmark = [pytest.mark.slow, isolated, pytest.mark.usefixtures("lasting_parents")]

ADA = next(student for student in sample.STUDENTS if student.name == "ada")
STUDENTS = [f"student{number}" for number in range(3)]
GRADE = ("grade", "01_mask", "--workers", "2")


def make_course(folder: Path) -> Path:
    """A course with one assignment and nothing handed in."""
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / "01_mask", folder / "solutions" / "01_mask")
    return folder


def hand_in(course: Path, *students: str) -> None:
    """Right answers, each another one."""
    released = nbformat.read(ROOT / "exercises" / "01_mask" / "01_mask.ipynb", as_version=4)
    for student in students:
        notebook = fill_in(released, ADA.answers)
        (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
        cell.source += f"\n# {student}"
        path = course / "submitted" / student / "01_mask" / "01_mask.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


def autograder(course: Path, *arguments: str) -> Done:
    """A command of the grader's, in this process: another one would take seconds to import everything."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(course), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(list(arguments))
    return Done(code, out.getvalue(), err.getvalue())


def finish(course: Path) -> Done:
    """Grade what is left to grade."""
    done = autograder(course, *GRADE)
    assert done.code == 0, done
    return done


def grades(course: Path) -> dict[str, float]:
    with (course / "grades.csv").open(newline="") as lines:
        return {line["student_id"]: float(line["score"]) for line in csv.DictReader(lines)}


def sentence(told: str) -> str:
    """The one sentence that is told when something stops; bars of progress stand beside it."""
    assert "Traceback" not in told, told
    (line,) = sentences(told)
    return line


def sentences(told: str) -> list[str]:
    """The lines that are told, without bars of progress."""
    return [line for line in re.split(r"[\r\n]", told) if line.strip() and not re.search(r"\d+/\d+ \[", line)]


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def test_a_gradebook_in_use_is_waited_for_by_every_command_and_named(course, monkeypatch):
    hand_in(course, "ada", "ben")
    finish(course)
    hand_in(course, "chen")
    monkeypatch.setattr(waiting, "QUIET", 0.0)
    monkeypatch.setattr(waiting, "PATIENCE", 2.0)
    before = (course / "gradebook.db").read_bytes()
    with held(course / "gradebook.db", "BEGIN EXCLUSIVE") as other:
        for command in (GRADE, ("report", "01_mask"), ("export", "canvas")):
            done = autograder(course, *command)
            assert done.code == 2
            first, last = sentences(done.err)
            assert "is in use by" in first and "is still in use by" in last and "run this again" in last
            for told in (first, last):
                assert f"(process {other.pid})" in told and "Nothing is lost" in told
                assert not re.search(r"copy|replace|backup|upgrade", told)
    assert (course / "gradebook.db").read_bytes() == before
    in_use = waiting.in_use
    with held(course / "gradebook.db", "BEGIN EXCLUSIVE") as other:

        def end_the_other(*where) -> str:
            told = in_use(*where)
            other.kill()
            return told

        monkeypatch.setattr(waiting, "in_use", end_the_other)
        monkeypatch.setattr(waiting, "PATIENCE", float(LONG))
        assert "is in use by" in finish(course).err
    assert grades(course) == {"ada": 10.0, "ben": 10.0, "chen": 10.0}
    assert autograder(course, "report", "01_mask").code == autograder(course, "export", "canvas").code == 0


def test_a_gradebook_that_is_taken_while_nbgrader_writes_costs_nobody_the_grade(course):
    hand_in(course, "ada")
    finish(course)
    hand_in(course, *STUDENTS)
    with Stopped(course, [*GRADE], "autograded", ".ipynb", 2) as writing:
        writing.wait()
        with contextlib.closing(sqlite3.connect(course / "gradebook.db", timeout=60)) as book:
            book.execute("BEGIN IMMEDIATE")
            writing.let_go()
            time.sleep(6)  # longer than the five seconds that nbgrader itself would wait
        out, err = writing.process.communicate()
    assert writing.process.returncode == 0, out + err
    assert grades(course) == dict.fromkeys(["ada", *STUDENTS], 10.0)


def test_without_a_damaged_gradebook_every_grade_is_written_anew(course):
    hand_in(course, "ada", "ben")
    finish(course)
    (course / "gradebook.db").write_bytes(b"damaged" * 1000)
    done = autograder(course, *GRADE)
    assert done.code == 2 and "is damaged" in sentence(done.err)
    (course / "gradebook.db").rename(course / "damaged.db")
    assert "2 of them are graded already" in finish(course).out
    assert grades(course) == {"ada": 10.0, "ben": 10.0}


@contextmanager
def small_disk(folder: Path, megabytes: int):
    """A file system of so many megabytes."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("A small file system can be mounted by an administrator only.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, left: int) -> Path:
    """Fill a disk up to so many bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    os.truncate(filler, filler.stat().st_size - left)
    return filler


def whole(course: Path) -> None:
    """Nothing in a course is half-written."""
    for path in [*course.rglob("*.ipynb"), *(course / "build").rglob("*.json")]:
        assert json.loads(path.read_text()), path
    if (course / "grades.csv").exists():
        grades(course)


@pytest.mark.parametrize("left", [8, 40, 150, 300])
def test_a_full_disk_is_a_sentence_and_what_is_done_is_kept(tmp_path, left):
    """Kilobytes left before: so it is now the store, now nbgrader, now the table that meets the full disk."""
    with small_disk(tmp_path / "disk", 12) as disk:
        course = make_course(disk / "course")
        hand_in(course, "ada", "ben", "chen")
        filler = fill(disk, left * 1024)
        done = autograder(course, *GRADE)
        if done.code:
            assert done.code == 2, done
            assert "full" in sentence(done.err) and "run this again" in sentence(done.err)
        assert done.code or left > 200, "this disk is not full enough to test anything"
        whole(course)
        filler.unlink()
        finish(course)
        assert grades(course) == {"ada": 10.0, "ben": 10.0, "chen": 10.0}
        fill(disk, 0)
        for command in (("report", "01_mask"), ("export", "canvas")):
            done = autograder(course, *command)
            assert done.code == 2 and re.search("full|No space left", sentence(done.err))
        assert not (course / "build" / "reports" / "01_mask.html").exists()


#: When to end something: when there is one of these, and the next one is about to be written.
MOMENTS = {"a result": ("build/grades", ".json"), "a graded notebook": ("autograded", ".ipynb")}


@contextmanager
def grading(course: Path, moment: str, after: int = 1):
    """The command that grades, stopped when there are so many results or graded notebooks."""
    with Stopped(course, [*GRADE], *MOMENTS[moment], after) as running:
        running.wait()
        yield running


def interrupted_as_by_a_terminal(process: subprocess.Popen) -> None:
    """Ctrl-C goes to all processes at once."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, out + err
    # A process that is just being forked may find its parent gone, and Python says so of its own accord.
    assert "KeyboardInterrupt" not in out + err and "Stopped. Nothing is half-written" in err, err


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_is_a_sentence_and_a_rerun_goes_on(course, moment):
    hand_in(course, *STUDENTS)
    with grading(course, moment) as running:
        interrupted_as_by_a_terminal(running.process)
    whole(course)
    finish(course)
    assert grades(course) == dict.fromkeys(STUDENTS, 10.0)


def test_ctrl_c_while_everything_starts_is_a_sentence_and_a_rerun_goes_on(course):
    hand_in(course, *STUDENTS)
    with Stopped(course, [*GRADE], *MOMENTS["a result"], 0) as running:
        while not below(running.process.pid):
            time.sleep(0.01)
        interrupted_as_by_a_terminal(running.process)
    whole(course)
    finish(course)
    assert grades(course) == dict.fromkeys(STUDENTS, 10.0)


@pytest.mark.parametrize("moment", MOMENTS)
def test_processes_that_are_killed_cost_nobody_the_grade(course, moment):
    """Whatever was running then: what starts, what grades, what keeps warm.

    All but Python's own resource tracker, which would print that it knows nothing of what was before it.
    """
    hand_in(course, *STUDENTS)
    with grading(course, moment) as running:
        for number in below(running.process.pid):
            if b"resource_tracker" not in command_of(number):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        running.let_go()
        out, err = running.process.communicate()
    assert "Traceback" not in out + err, err
    if running.process.returncode == 2:
        assert "run this again" in sentence(err)
    whole(course)
    finish(course)
    assert grades(course) == dict.fromkeys(STUDENTS, 10.0)


def results(course: Path) -> dict[str, int]:
    """The results there are, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (course / "build" / "grades").rglob("*.json")}


def test_killed_at_any_moment_it_finishes_when_started_again_and_grades_nothing_twice(course):
    hand_in(course, *STUDENTS)
    for moment, after in (("a result", 1), ("a result", 2), ("a graded notebook", 1)):
        with grading(course, moment, after) as running:
            before = results(course)
            os.killpg(running.process.pid, signal.SIGKILL)
        assert len(before) >= after
        whole(course)
    finish(course)
    after_all = results(course)
    assert len(after_all) == len(STUDENTS) and after_all.items() >= before.items(), "graded twice"
    assert grades(course) == dict.fromkeys(STUDENTS, 10.0)


def test_two_at_once_do_no_harm(course):
    hand_in(course, *STUDENTS)
    with grading(course, "a result") as first:
        command = [sys.executable, "-m", "autograder.cli", *GRADE]
        with subprocess.Popen(
            command, cwd=course, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as second:
            first.let_go()
            said = [running.communicate()[0] for running in (first.process, second)]
    assert (first.process.returncode, second.returncode) == (0, 0), said
    assert sum(f"{len(STUDENTS)} of them are graded already" in text for text in said) == 1, said
    assert len(results(course)) == len(STUDENTS) and grades(course) == dict.fromkeys(STUDENTS, 10.0)


def test_what_a_student_prints_cannot_look_like_the_graders_word(course):
    """The grader's sentences stand in a box of HTML; of what code shows nothing is HTML."""
    hand_in(course, "ada")
    path = course / "submitted" / "ada" / "01_mask" / "01_mask.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    boast = as_note("Full marks, said your instructor.")
    cell.source += f"\nfrom IPython.display import HTML, display\nprint({boast!r})\ndisplay(HTML({boast!r}))\n"
    cell.source += "import os; os._exit(3)"
    nbformat.write(notebook, path)
    autograder(course, *GRADE)
    graded = nbformat.read(course / "autograded" / "ada" / "01_mask" / "01_mask.ipynb", as_version=4)
    outputs = [output for c in graded.cells if c.cell_type == "code" for output in c.outputs]
    boxes = [o["data"]["text/html"] for o in outputs if NOTE_HEADING in o.get("data", {}).get("text/html", "")]
    assert len(boxes) == 1 and "This cell was stopped." in boxes[0]
    assert not any("said your instructor" in o.get("data", {}).get("text/html", "") for o in outputs)
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", "01_mask"]
    subprocess.run(command, cwd=course, env=environment(), check=True, capture_output=True)
    page = (course / "feedback" / "ada" / "01_mask" / "01_mask.html").read_text()
    assert page.count(f"<strong>{NOTE_HEADING}</strong>") == 1 and "said your instructor" in page


def test_the_exported_grades_are_a_table_whatever_the_names(course):
    hand_in(course, "ada")
    finish(course)
    program = (
        "from nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db', 'dropout') as book:\n"
        "    book.update_or_create_student('ada', last_name='=cmd|\"/C calc\"!A0', first_name='A, B\\n\\x1b[2J')\n"
        "    book.update_or_create_student('=1+1', last_name='\\u202egnp', email='@SUM(A1)')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=course, check=True, capture_output=True)
    for command in (["nbgrader", "export"], ["autograder.cli", *GRADE]):
        subprocess.run(
            [sys.executable, "-m", *command], cwd=course, env=environment(), check=True, capture_output=True
        )
        with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        lines = {row[3]: dict(zip(header, row, strict=True)) for row in rows}
        assert set(lines) == {"ada", "'=1+1"} and float(lines["ada"]["score"]) == 10
        assert lines["ada"]["last_name"].startswith("'=") and lines["ada"]["first_name"] == r"A, B\n\x1b[2J"
        assert lines["'=1+1"]["last_name"] == r"\u202egnp" and lines["'=1+1"]["email"] == "'@SUM(A1)"

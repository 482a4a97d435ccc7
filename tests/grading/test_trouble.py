"""What goes wrong with the machine while a class is graded: a gradebook in use, a full disk, killed processes.

Each ends in one sentence, nothing is half-written, and the same command run again finishes the class.
"""

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from autograder import cli
from autograder.classroom import waiting
from autograder.classroom.sample import STUDENTS, fill_in
from autograder.grading.sandbox import why_not
from autograder.show.note import NOTE_HEADING, as_note
from tests.classroom.test_waiting import held
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}"),
]

ADA = next(student for student in STUDENTS if student.name == "ada")
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


def autograder(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=300)


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


def test_a_gradebook_in_use_is_waited_for_by_every_command_and_named(course, monkeypatch, capsys):
    hand_in(course, "ada", "ben")
    assert autograder(course, *GRADE).returncode == 0
    hand_in(course, "chen")
    monkeypatch.chdir(course)
    monkeypatch.setattr(waiting, "PATIENCE", 2.0)
    before = (course / "gradebook.db").read_bytes()
    with held(course / "gradebook.db", "BEGIN EXCLUSIVE") as other:
        for command in (GRADE, ("report", "01_mask"), ("export", "canvas")):
            assert cli.main(list(command)) == 2
            first, last = sentences(capsys.readouterr().err)
            assert "is in use by" in first and "is still in use by" in last and "run this again" in last
            for told in (first, last):
                assert f"(process {other.pid})" in told and "Nothing is lost" in told
                assert not re.search(r"copy|replace|backup|upgrade", told)
    assert (course / "gradebook.db").read_bytes() == before
    monkeypatch.setattr(waiting, "PATIENCE", 120.0)
    with held(course / "gradebook.db", "BEGIN EXCLUSIVE") as other:
        threading.Timer(4, other.kill).start()
        assert cli.main(list(GRADE)) == 0
    assert "is in use by" in capsys.readouterr().err
    assert grades(course) == {"ada": 10.0, "ben": 10.0, "chen": 10.0}
    assert cli.main(["report", "01_mask"]) == 0 and cli.main(["export", "canvas"]) == 0


def test_a_gradebook_that_is_taken_while_nbgrader_writes_costs_nobody_the_grade(course):
    hand_in(course, "ada")
    assert autograder(course, *GRADE).returncode == 0
    students = [f"student{number}" for number in range(6)]
    hand_in(course, *students)
    taken = []

    def take():
        while not any((course / "autograded").glob("student*/01_mask/01_mask.ipynb")):
            time.sleep(0.01)
        for _ in range(3):
            book = sqlite3.connect(course / "gradebook.db", timeout=60, isolation_level=None)
            book.execute("BEGIN IMMEDIATE")
            taken.append(time.monotonic())
            time.sleep(6)  # longer than the five seconds that nbgrader itself would wait
            book.close()

    thread = threading.Thread(target=take)
    thread.start()
    done = autograder(course, *GRADE)
    thread.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert taken and grades(course) == dict.fromkeys(["ada", *students], 10.0)


def test_without_a_damaged_gradebook_every_grade_is_written_anew(course):
    hand_in(course, "ada", "ben")
    assert autograder(course, *GRADE).returncode == 0
    (course / "gradebook.db").write_bytes(b"damaged" * 1000)
    done = autograder(course, *GRADE)
    assert done.returncode == 2 and "is damaged" in sentence(done.stderr)
    (course / "gradebook.db").rename(course / "damaged.db")
    done = autograder(course, *GRADE)
    assert done.returncode == 0 and "2 of them are graded already" in done.stdout
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


@pytest.mark.parametrize("left", [8, 40, 150, 300, 600])
def test_a_full_disk_is_a_sentence_and_what_is_done_is_kept(tmp_path, left):
    """Kilobytes left before: so it is now the store, now nbgrader, now the table that meets the full disk."""
    with small_disk(tmp_path / "disk", 12) as disk:
        course = make_course(disk / "course")
        hand_in(course, "ada", "ben", "chen")
        filler = fill(disk, left * 1024)
        done = autograder(course, *GRADE)
        if done.returncode:
            assert done.returncode == 2, done.stdout + done.stderr
            assert "full" in sentence(done.stderr) and "run this again" in sentence(done.stderr)
        assert done.returncode or left > 200, "this disk is not full enough to test anything"
        whole(course)
        filler.unlink()
        done = autograder(course, *GRADE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert grades(course) == {"ada": 10.0, "ben": 10.0, "chen": 10.0}
        fill(disk, 0)
        for command in (("report", "01_mask"), ("export", "canvas")):
            done = autograder(course, *command)
            assert done.returncode == 2 and re.search("full|No space left", sentence(done.stderr))
        assert not (course / "build" / "reports" / "01_mask.html").exists()


def workers_of(number: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == number:
            found += [int(folder.name), *workers_of(int(folder.name))]
    return found


#: When to kill everything: as soon as there is one of these.
MOMENTS = {
    "a process": lambda course, number: workers_of(number),
    "a result": lambda course, number: [*(course / "build" / "grades").rglob("*.json")],
    "a graded notebook": lambda course, number: [*(course / "autograded").rglob("*.ipynb")],
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_is_a_sentence_and_a_rerun_goes_on(course, moment):
    """As a terminal sends it: to all processes at once."""
    students = [f"student{number}" for number in range(6)]
    hand_in(course, *students)
    command = [sys.executable, "-m", "autograder.cli", *GRADE]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, cwd=course, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options) as running:
        while not MOMENTS[moment](course, running.pid):
            assert running.poll() is None, "nothing was interrupted"
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 130, out + err
    # A process that is just being forked may find its parent gone, and Python says so of its own accord.
    assert "KeyboardInterrupt" not in out + err and "Stopped. Nothing is half-written" in err, err
    whole(course)
    done = autograder(course, *GRADE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert grades(course) == dict.fromkeys(students, 10.0)


@pytest.mark.parametrize("moment", MOMENTS)
def test_processes_that_are_killed_cost_nobody_the_grade(course, moment):
    """Whatever was running then: what starts, what grades, what keeps warm, what writes the gradebook.

    All but Python's own resource tracker, which would print that it knows nothing of what was before it.
    """
    students = [f"student{number}" for number in range(6)]
    hand_in(course, *students)
    command = [sys.executable, "-m", "autograder.cli", *GRADE]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=course, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options) as running:
        while not MOMENTS[moment](course, running.pid):
            assert running.poll() is None, "nothing was killed"
            time.sleep(0.01)
        for number in workers_of(running.pid):
            try:
                if b"resource_tracker" in Path(f"/proc/{number}/cmdline").read_bytes():
                    continue
                os.kill(number, signal.SIGKILL)
            except (ProcessLookupError, FileNotFoundError):
                continue
        out, err = running.communicate(timeout=300)
    assert "Traceback" not in out + err, err
    if running.returncode == 2:
        assert "run this again" in sentence(err)
    whole(course)
    done = autograder(course, *GRADE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert grades(course) == dict.fromkeys(students, 10.0)


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
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", "01_mask"]
    subprocess.run(command, cwd=course, env=environment, check=True, capture_output=True)
    page = (course / "feedback" / "ada" / "01_mask" / "01_mask.html").read_text()
    assert page.count(f"<strong>{NOTE_HEADING}</strong>") == 1 and "said your instructor" in page


def test_the_exported_grades_are_a_table_whatever_the_names(course):
    hand_in(course, "ada")
    assert autograder(course, *GRADE).returncode == 0
    program = (
        "from nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db', 'dropout') as book:\n"
        "    book.update_or_create_student('ada', last_name='=cmd|\"/C calc\"!A0', first_name='A, B\\n\\x1b[2J')\n"
        "    book.update_or_create_student('=1+1', last_name='\\u202egnp', email='@SUM(A1)')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=course, check=True, capture_output=True)
    for command in (["nbgrader", "export"], ["autograder.cli", *GRADE]):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-m", *command], cwd=course, env=environment, check=True, capture_output=True
        )
        with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        lines = {row[3]: dict(zip(header, row, strict=True)) for row in rows}
        assert set(lines) == {"ada", "'=1+1"} and float(lines["ada"]["score"]) == 10
        assert lines["ada"]["last_name"].startswith("'=") and lines["ada"]["first_name"] == r"A, B\n\x1b[2J"
        assert lines["'=1+1"]["last_name"] == r"\u202egnp" and lines["'=1+1"]["email"] == "'@SUM(A1)"

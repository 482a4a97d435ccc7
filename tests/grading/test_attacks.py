"""Every row of what a submission may try, through the whole pipeline: real files, real wall, real gradebook.

Two classes, and not a test for each row: what starts and what is written anew for a class takes longest.
"""

import html.parser
import os
import shutil
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.classroom.course import Course
from autograder.classroom.grade_class import grade_class, write_feedback
from autograder.classroom.options import Options
from autograder.classroom.release import release
from autograder.grading.sandbox import Limits
from autograder.printable import printable
from tests.conftest import ROOT
from tests.grading.attacks import ATTACKS, CLASSIC, ENDED, FULL, Attack
from tests.grading.runs import ROOMY, isolated

pytestmark = [pytest.mark.slow, isolated]

#: What never ends is soon ended with these; the seconds by the clock are many for those of computing.
SMALL = Limits(wall=30, cpu=1, memory=300_000_000)
#: All others are graded with these, whatever else the machine does.
LARGE = replace(ROOMY, memory=1_000_000_000)
OTHERS = [attack for attack in ATTACKS if attack.name not in ENDED]
CLASSES = {
    "ended by a limit": (SMALL, [attack for attack in ATTACKS if attack.name in ENDED]),
    "all others": (LARGE, OTHERS),
}


@contextmanager
def listening():
    """A socket on this machine that must stay unreached: its port, and the list of who reached it."""
    reached = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def wait():
            while True:
                try:
                    reached.append(server.accept()[1])
                except OSError:
                    return

        threading.Thread(target=wait, daemon=True).start()
        yield server.getsockname()[1], reached


def graded(folder: Path, port: int, members: list[Attack], limits: Limits) -> tuple[Course, list[str]]:
    """Attacks handed in and graded once: the course and what a person is told."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / "02_scaling", folder / "solutions" / "02_scaling")
    course = Course(folder)
    release(course)
    released = nbformat.read(folder / "exercises" / "02_scaling" / "02_scaling.ipynb", as_version=4)
    submitted = folder / "submitted"
    for attack in members:
        attack.write(released, submitted / attack.name / "02_scaling")
        path = submitted / attack.name / "02_scaling" / "02_scaling.ipynb"
        path.write_bytes(path.read_bytes().replace(b"PORT", str(port).encode()))
    if members is OTHERS:
        _write_oddities(submitted, Attack("", points=FULL), released)
    before = {path: path.read_bytes() for path in submitted.rglob("*.ipynb") if path.is_file()}
    _, problems = grade_class(course, Options(workers=2, limits=limits))
    assert write_feedback(course) == []
    assert {path: path.read_bytes() for path in before} == before, "what was handed in has to stay as it is"
    return course, problems


#: Things in submitted/ that are no files, or names that are none, and what is said of them.
ODDITIES = {
    "a-folder": "not a file but a folder",
    "a-pipe": "not a file but a folder, a device or a pipe",
    "a-link": "not a file but a link to another one",
    "nothing": "the folder is empty",
    "misnamed": "there is no 02_scaling.ipynb, only 'homework.ipynb'",
    "<script>alert(1)</script>": "is not a name that nbgrader can use",
    "two\nlines": "is not a name that nbgrader can use",
    "a-linked-folder": "Its folder is a link",
    "a-linked-student": "Its folder is a link",
}


def _write_oddities(submitted: Path, honest: Attack, released) -> None:
    def folder(student: str) -> Path:
        path = submitted / student / "02_scaling"
        path.mkdir(parents=True)
        return path

    (folder("a-folder") / "02_scaling.ipynb").mkdir()
    os.mkfifo(folder("a-pipe") / "02_scaling.ipynb")
    (folder("a-link") / "02_scaling.ipynb").symlink_to(submitted / "honest" / "02_scaling" / "02_scaling.ipynb")
    (submitted / "a-linked-student").symlink_to(submitted / "honest")
    (submitted / "a-linked-folder").mkdir()
    (submitted / "a-linked-folder" / "02_scaling").symlink_to(submitted / "honest" / "02_scaling")
    (submitted / "a-file").mkdir()
    (submitted / "a-file" / "02_scaling").write_text("not a folder")
    (submitted / "\x1b[31mred").mkdir()
    folder("nothing")
    (folder("misnamed") / "homework.ipynb").write_text("{}")
    for student in ("<script>alert(1)<", "two\nlines", "extra-files"):
        honest.write(released, submitted / student.replace("/", "") / "02_scaling")
    beside = submitted / "extra-files" / "02_scaling"
    os.mkfifo(beside / "pipe.txt")
    (beside / "link.txt").symlink_to("/etc/passwd")
    (submitted / "note.txt").write_text("not a student")


def points(course: Course, student: str) -> dict[str, float]:
    """What the gradebook has: automatic points by grade cell."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "dropout") as gradebook:
        submission = gradebook.find_submission_notebook("02_scaling", "02_scaling", student)
        assert not any(grade.needs_manual_grade for grade in submission.grades)
        return {grade.name: grade.auto_score for grade in submission.grades}


def shown(course: Course, student: str) -> str:
    """All text under the cells of the graded notebook, without line breaks."""
    path = course.root / "autograded" / student / "02_scaling" / "02_scaling.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 1_500_000
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            texts += [
                output.get("text", ""),
                output.get("data", {}).get("text/plain", ""),
                output.get("evalue", ""),
            ]
            texts += [output.get("ename", ""), *output.get("traceback", [])]
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("name", CLASSES)
def test_every_attack_costs_itself_and_nothing_else(tmp_path, monkeypatch, name):
    limits, members = CLASSES[name]
    with listening() as (port, reached):
        course, problems = graded(tmp_path, port, members, limits)
    wrong = [told for attack in members if (told := what_is_wrong(course, attack))]
    assert not wrong, "\n".join(wrong)
    if members is OTHERS:
        oddities_are_named_and_stop_nothing(course, problems)
    nobody_reached_a_socket_and_nothing_survives(reached)
    feedback_runs_nothing_that_a_student_wrote(course, len(members))
    monkeypatch.setattr(
        "autograder.grading.batch._here", lambda waiting, workers: iter([] if not waiting else 1 / 0)
    )
    before = {attack.name: points(course, attack.name) for attack in members}
    _, again = grade_class(course, Options(workers=2, limits=limits))
    assert again == problems, "graded once more, nothing is run and nothing changes"
    assert {attack.name: points(course, attack.name) for attack in members} == before


def what_is_wrong(course: Course, attack: Attack) -> str:
    """How an attack's outcome differs from what has to come of it; "" if it does not."""
    text, got = shown(course, attack.name), points(course, attack.name)
    expected = {"check-inverted": attack.points, "check-classic": attack.classic}
    unsaid = [part for part in attack.says if " ".join(part.split()) not in text]
    broken = "The grader failed" in text and "The grader failed" not in attack.says
    if got == expected and not unsaid and not broken:
        return ""
    return f"{attack.name}: {got} instead of {expected}, without {unsaid}: {text}"


def oddities_are_named_and_stop_nothing(course: Course, problems: list[str]) -> None:
    for student, sentence in ODDITIES.items():
        name = student.replace("/", "")
        if student.startswith("<"):
            name = "<script>alert(1)<"
        assert any(sentence in p and printable(name) in p for p in problems), (student, problems)
    assert points(course, "extra-files") == {"check-inverted": FULL, "check-classic": CLASSIC}
    for where in ("autograded", "feedback"):
        assert not any(path.name == "link.txt" for path in (course.root / where).rglob("*"))
    assert any("note.txt" in problem for problem in problems)
    assert any("a-file/02_scaling is not a folder" in problem for problem in problems)
    assert all(problem.isprintable() for problem in problems), "no escape code reaches a terminal"


def nobody_reached_a_socket_and_nothing_survives(reached: list) -> None:
    assert reached == []
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    assert not any(b"87654" in command for command in commands)


class _Page(html.parser.HTMLParser):
    """Everything of a page that a browser would run."""

    def __init__(self):
        super().__init__()
        self.active, self._script = [], False

    def handle_starttag(self, tag, attrs):
        self._script = tag == "script"
        self.active += [value or "" for name, value in attrs if name.startswith("on") or name in ("src", "href")]
        if tag in ("iframe", "object", "embed", "svg"):
            self.active.append(tag)

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script:
            self.active.append(data)


def feedback_runs_nothing_that_a_student_wrote(course: Course, number: int) -> None:
    pages = list((course.root / "feedback").rglob("*.html"))
    assert len(pages) >= number
    for path in pages:
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        assert not any("alert(1)" in piece for piece in page.active), path

"""The instructor's guide: every command in it is run as it stands, in order, in a throw-away copy of the course."""

import contextlib
import csv
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from autograder.classroom.sample import STUDENTS, fill_in
from autograder.grading.cells import OUTPUT_LIMIT
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.template import FILE_LIMIT, TEXT_LIMIT
from autograder.grading.warm import PTYS
from autograder.grading.wire import ALL_PIXELS, PIXELS
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "instructor_guide.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """Commands that stand together, and the paragraph above them."""

    above: str
    commands: str

    @property
    def tried(self) -> bool:
        return not self.above.startswith("*Not tried by the test: ")

    @property
    def by_student(self) -> bool:
        return self.above == "In the student's account:"


BLOCKS = [Block(*found) for found in re.findall(r"([^\n]+)\n\n```sh\n(.*?)```", GUIDE, re.DOTALL)]


def test_hardly_a_block_is_not_tried_and_none_is_overlooked():
    assert len(BLOCKS) == GUIDE.count("```") / 2 > 15
    assert sum(not block.tried for block in BLOCKS) == 1


def test_the_limits_it_names_are_the_limits():
    limits = Limits()
    for line in (
        f"| time | {limits.wall} seconds |",
        f"together | {limits.cpu} seconds |",
        f"together | {limits.memory / 1e9:g} GB |",
        f"| processes and threads | {limits.processes} |",
        f"| open files | {limits.files} |",
        f"| {limits.file_size / 1e6:g} MB, {limits.disk / 1e6:g} MB |",
        f"| {OUTPUT_LIMIT:,} characters |",
        f"| {PIXELS / 1e6:g} million pixels, {ALL_PIXELS / 1e6:g} million |",
        f"A run can open {PTYS} terminals.",
        f"| {FILE_LIMIT / 1e6:g} MB, {TEXT_LIMIT:,} characters a cell |",
    ):
        assert line in GUIDE


@pytest.fixture
def places(tmp_path) -> dict[str, Path]:
    """A course folder that is set up, the homes of an instructor and a student, and an exchange."""
    course, home, student, exchange, settings = (
        tmp_path / name for name in ("dropout", "home", "student", "exchange", "settings")
    )
    for folder in (course, home / "Downloads", student, exchange, settings):
        folder.mkdir(parents=True)
    exchange.chmod(0o777)
    (settings / "nbgrader_config.py").write_text(f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\n")
    for name in ("autograder", "course", "tools"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__"))
    for assignment in ("01_mask", "02_scaling"):  # the others take longer and are graded in the same way
        shutil.copytree(ROOT / "solutions" / assignment, course / "solutions" / assignment)
    for name in ("Makefile", "nbgrader_config.py", "requirements.lock", "pyproject.toml", "apt.txt"):
        shutil.copy(ROOT / name, course)
    (course / ".venv").symlink_to(sys.prefix)
    # Set-up is tested elsewhere, and would install two gigabytes anew.
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "make").write_text(f'#!/bin/sh\nexec {shutil.which("make")} -o setup "$@"\n')
    (tmp_path / "programs" / "make").chmod(0o755)
    _write_downloads(course, home / "Downloads")
    return {"course": course, "home": home, "student": student, "settings": settings, "all": tmp_path}


_NAMES = ("ada", "benbaker", "Dmitri D", "Chen C", getpass.getuser())


def _write_downloads(course: Path, downloads: Path) -> None:
    """What students handed in: one file, and an archive as learning platforms make them."""
    answers = {student.name: student.answers for student in STUDENTS}

    def answered(name: str, assignment: str = "01_mask") -> str:
        released = nbformat.read(ROOT / "exercises" / assignment / f"{assignment}.ipynb", as_version=4)
        return nbformat.writes(fill_in(released, answers[name]))

    (downloads / "ada.ipynb").write_text(answered("ada"))
    with zipfile.ZipFile(downloads / "submissions.zip", "w") as archive:
        archive.writestr("benbaker_LATE_12_345_01_mask-1.ipynb", answered("ben"))
        archive.writestr("Dmitri D_77_assignsubmission_file_01_mask.ipynb", answered("dmitri"))
        archive.writestr("Chen C_78_assignsubmission_file_/01_mask.ipynb", answered("ada"))
    students = [f"Student {n},{n},,{name},all,\n" for n, name in enumerate(_NAMES)]
    header = "Student,ID,SIS User ID,SIS Login ID,Section,01_mask (7)\n"
    (downloads / "canvas.csv").write_text(header + "".join(students))
    other = course / "submitted" / "ada" / "02_scaling"
    other.mkdir(parents=True)
    (other / "02_scaling.ipynb").write_text(answered("ada", "02_scaling"))


def run(block: Block, places: dict[str, Path]) -> str:
    """Run a block as its reader does, in a terminal where the programs have been named; returns what it said."""
    environment = {
        **os.environ,
        "HOME": str(places["home"]),
        "USER": getpass.getuser(),
        "PATH": os.pathsep.join([str(places["all"] / "programs"), os.environ["PATH"]]),
        "PYTHONPATH": str(places["course"]),
        "JUPYTER_CONFIG_PATH": str(places["settings"]),
    }
    activate = f". {places['course']}/.venv/bin/activate\nexport PATH={places['all']}/programs:$PATH\n"
    with tempfile.TemporaryFile("w+") as told:  # whoever reads a pipe waits for what a failed block has left behind
        started = subprocess.Popen(
            ["bash", "-euc", activate + block.commands],
            cwd=places["student" if block.by_student else "course"], env=environment,
            stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        code = started.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        told.seek(0)
        said = told.read()
    assert code == 0, f"{block.commands}\n{said}"
    return said


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}")
def test_every_command_does_what_it_says(places):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8786)) == 0:
            pytest.skip("Port 8786 is in use here, and the guide's scheduler would find it so.")
    said = {block.commands: run(block, places) for block in BLOCKS if block.tried}
    course, me = places["course"], getpass.getuser()
    with (course / "grades.csv").open(newline="") as lines:
        rows = {(row["assignment"], row["student_id"]): row for row in csv.DictReader(lines)}
    scores = {who: float(row["score"]) for who, row in rows.items() if row["timestamp"] or row["score"] != "0.0"}
    dmitri = next(student for student in STUDENTS if student.name == "dmitri")
    assert scores == {
        ("01_mask", "ada"): 10.0,
        ("01_mask", "benbaker"): 10.0,
        ("01_mask", "Dmitri D"): dmitri.expected("01_mask"),
        ("01_mask", "Chen C"): 10.0,
        ("01_mask", me): 0.0,
        ("02_scaling", "ada"): 31.0,
    }
    assert rows["01_mask", "ada"]["duedate"].startswith("2026-03-31")
    on_cluster = next(text for commands, text in said.items() if "--scheduler" in commands)
    assert (course / "autograded" / "ada" / "01_mask" / "01_mask.ipynb").exists(), "written again after its removal"
    assert "31 of 31" in on_cluster and "graded already" not in on_cluster
    with (course / "build" / "exports" / "canvas.csv").open(newline="") as lines:
        assert {row["SIS Login ID"] for row in csv.DictReader(lines)} >= set(_NAMES)
    assert (course / "build" / "reports" / "01_mask.html").exists()
    assert (course / "build" / "exports" / "moodle.csv").exists()
    (page,) = (places["student"] / "01_mask" / "feedback").rglob("*.html")
    assert "0.0 / 10.0" in page.read_text()

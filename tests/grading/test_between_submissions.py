"""Nothing passes between submissions: what one run can reach holds nothing of another, nor what decides its grade.

Some students hand in, and one more whose code looks around and then waits. While it waits all memory of every
process behind the wall is searched from outside, which is more than it could ever read itself.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from autograder.classroom.course import Course
from autograder.grading.store import course_secret, seed_of
from autograder.grading.template import load_template, read_submission
from tests.conftest import ROOT
from tests.grading.runs import answered, below, command_of, isolated

pytestmark = [pytest.mark.slow, isolated]

OTHERS = 6
ANSWER = """
import numpy, os
left = "{mark}"  # in a name, an attribute, the environment and files, for whoever comes next
numpy.left, os.environ["LEFT"] = left, left
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    open(folder + "/" + left, "w").write(left)

def dropout_mask(shape, rate, rng):
    if not 0 <= rate <= 1:
        raise ValueError("rate")
    return rng.random(shape) >= rate
"""
#: Looks into all that Python shows, at what is open, into files and at the memory around every object; then waits.
SPY = """
import ctypes, gc, os, re, sys, time
mine, found = "{mark}", set()
wanted = re.compile("MA" + "RK[0-9a-f]{{16}}")

def look(text):
    found.update(wanted.findall(text if isinstance(text, str) else bytes(text).decode("latin-1")))

look(repr(dict(os.environ)))
for name, module in list(sys.modules.items()):
    look(repr([v for v in vars(module).values() if isinstance(v, (str, bytes))]))
pipe, libc, seen = os.pipe(), ctypes.CDLL(None), 0
for thing in gc.get_objects():
    for inside in gc.get_referents(thing):
        if type(inside) in (str, bytes):
            look(inside)
for page in sorted({{(id(thing) >> 20) + near for thing in gc.get_objects() for near in (-1, 0, 1)}}):
    for address in range(page << 20, (page + 1) << 20, 4096):
        if libc.write(pipe[1], ctypes.c_void_p(address), ctypes.c_size_t(4096)) == 4096:
            look(os.read(pipe[0], 4096))
            seen += 1
open_files = []
for number in range(256):
    try:
        os.fstat(number)
        open_files.append(number)
        look(os.pread(number, 1 << 20, 0))
    except OSError:
        pass
for top in ("/tmp", "/dev/shm", "/proc", "/app", os.path.expanduser("~")):
    for folder, _, names in os.walk(top):
        for name in names:
            look(name)
            try:
                look(open(folder + "/" + name, "rb").read())
            except OSError:
                pass
print("looked at", seen, "pages;", "files", open_files, "others:", sorted(found - {{mine}}), "mine:", mine in found)

def dropout_mask(shape, rate, rng):
    return rng.random(shape) >= rate

sys.stdout.flush()
done = "MARK" + mine[:3:-1]  # says to the test that it has seen everything
while True:
    time.sleep(0.05)
"""


def new_mark() -> str:
    return "MARK" + secrets.token_hex(8)


@pytest.fixture
def course(empty_class):
    """A course folder with the others and the spy, who is last; the marks of all, by student."""
    marks = {f"student{number:02}": new_mark() for number in range(OTHERS)} | {"zoe-spy": new_mark()}
    for student, mark in marks.items():
        folder = empty_class.root / "submitted" / student / "01_mask"
        folder.mkdir(parents=True)
        source = SPY if student == "zoe-spy" else ANSWER
        (folder / "01_mask.ipynb").write_bytes(answered(source.format(mark=mark)))
    return empty_class, marks


def seeds(course: Course) -> dict[str, int]:
    """The seed of everybody's exercise."""
    asked = load_template(course.root / "solutions" / "01_mask" / "01_mask.ipynb")
    return {
        path.parent.parent.name: seed_of(course_secret(course.root), read_submission(path, asked), "mask")
        for path in (course.root / "submitted").glob("*/01_mask/01_mask.ipynb")
    }


def behind_the_wall() -> list[int]:
    """The processes behind walls that this test has started: warm parents, first processes, runs."""
    commands = {number: command_of(number).split(b"\0") for number in below(os.getpid())}
    return [
        number
        for number, command in commands.items()
        if b"autograder.grading.warm" in command and b"bwrap" not in command[0]
    ]


def memory(process: int):
    """All that a process can write to or has written, piece by piece."""
    with open(f"/proc/{process}/mem", "rb", buffering=0) as whole:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if "w" not in rights:
                continue
            first, last = (int(place, 16) for place in span.split("-"))
            for begin in range(first, last, 1 << 24):
                try:
                    whole.seek(begin)
                    yield whole.read(min((1 << 24) + 4096, last - begin))
                except (OSError, ValueError):
                    break


class Search:
    """What was found in a process's memory. marks: as text. numbers: those of the seeds that were asked for."""

    def __init__(self, process: int, numbers: dict[int, str], secret: bytes):
        self.marks: set[str] = set()
        self.seeds: set[str] = set()
        self.secret = False
        forms = re.compile(
            b"|".join(_wide("MARK", width) + b"(?:[0-9a-f]" + b"\0" * (width - 1) + b"){16}" for width in (1, 2, 4))
        )
        ends = {number: who for number, who in numbers.items()}
        # How Python keeps such a number (two or three digits of 30 bits), NumPy (64 bits), and text.
        digits = np.array([number & (1 << 30) - 1 for number in ends], np.uint32)
        halves = np.array([number & (1 << 32) - 1 for number in ends], np.uint32)
        firsts = np.unique(np.concatenate([digits, halves]))
        for piece in memory(process):
            for found in forms.findall(piece):
                self.marks.add(found.replace(b"\0", b"").decode())
            words = np.frombuffer(piece, np.uint32, len(piece) // 4)
            for place in np.flatnonzero(np.isin(words, firsts)):
                here = words[place : place + 3].tolist() + [0, 0]
                two_digits = here[0] | here[1] << 30
                as_kept = (two_digits, two_digits | here[2] << 60, here[0] | here[1] << 32)
                self.seeds |= {ends[number] for number in as_kept if number in ends}
            self.seeds |= {who for number, who in ends.items() if str(number).encode() in piece}
            self.secret |= secret in piece or secret.hex().encode() in piece


def _wide(text: str, width: int) -> bytes:
    """A text as Python keeps it in a string whose widest character takes so many bytes."""
    return text.encode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[width])


def graded(course: Course) -> int:
    """How many results there are."""
    return len(list((course.root / "build" / "grades").rglob("*.json")))


def wait_for(what, process: subprocess.Popen) -> None:
    """Wait until something holds, as long as it takes on a busy machine."""
    while not what():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)


#: What a command that grades runs first: the spy waits for the test, however long that takes.
PATIENT = """
import sys
if {"autograder.cli", "nbgrader"} & set(sys.orig_argv):
    from autograder.grading.sandbox import Limits
    Limits.__init__.__defaults__ = (3600, 3600, *Limits.__init__.__defaults__[2:])
"""


@contextmanager
def running(command: list[str], course: Course):
    """A command that grades the class."""
    (folder := course.root / "patient").mkdir()
    (folder / "sitecustomize.py").write_text(PATIENT)
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=course.root, env=variables, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def dask(course: Course):
    """A scheduler and a worker; yields what makes `autograder grade` use them."""
    pytest.importorskip("distributed")
    from tests.grading import test_cluster

    with ExitStack() as started:
        (folder := course.root / "dask").mkdir()
        port = str(test_cluster.socket.create_server(("127.0.0.1", 0)).getsockname()[1])
        options = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
        started.enter_context(test_cluster.process("dask_scheduler", *options, folder=folder))
        started.enter_context(test_cluster.worker(f"tcp://127.0.0.1:{port}", folder))
        yield ["--scheduler", f"tcp://127.0.0.1:{port}"]


@pytest.mark.parametrize("way", ["two processes", "nbgrader", "a Dask worker"])
def test_a_run_can_reach_nothing_of_the_submissions_before_it(course, way):
    """Of processes that share a copied parent, and of a single one, here and elsewhere, that grades all of them."""
    course, marks = course
    secret, numbers = course_secret(course.root), {number: who for who, number in seeds(course).items()}
    with ExitStack() as around:
        command = ["autograder.cli", "grade", "01_mask"]
        if way == "nbgrader":
            command = ["nbgrader", "autograde", "01_mask"]
        elif way == "a Dask worker":
            command += around.enter_context(dask(course))
        else:
            command += ["--workers", "2"]
        process = around.enter_context(running(command, course))
        wait_for(lambda: graded(course) >= OTHERS, process)
        spying, mine = [0], marks["zoe-spy"]
        done = "MARK" + mine[:3:-1]

        def waits() -> bool:
            try:
                spying[:] = [n for n in behind_the_wall() if any(done.encode() in part for part in memory(n))]
            except FileNotFoundError:  # it has just ended
                return False
            except PermissionError:
                pytest.skip("This user may not look into the memory of other processes.")
            return bool(spying)

        wait_for(waits, process)
        searched = {number: Search(number, numbers, secret) for number in behind_the_wall()}
        (spy,) = spying
        assert len(searched) >= 3, "at least the parent, the run's first process and the run"
        assert {who: found.marks for who, found in searched.items() if found.marks} == {spy: {mine, done}}
        assert {who: found.seeds for who, found in searched.items() if found.seeds} == {spy: {"zoe-spy"}}
        assert not any(found.secret for found in searched.values())
        os.kill(spy, signal.SIGKILL)
        said, _ = process.communicate()
    results = [
        json.loads(path.read_bytes())["result"] for path in (course.root / "build" / "grades").rglob("*.json")
    ]
    assert sorted(result["summary"]["points"] for result in results) == [0.0, *[10.0] * OTHERS], said
    (told,) = re.findall(
        r"looked at (\d+) pages; files (\[[^]]*\]) others: (\[[^]]*\]) mine: (\w+)", json.dumps(results)
    )
    assert int(told[0]) > 1000 and told[1:] == ("[0, 1, 2, 3, 4, 5]", "[]", "True"), "it made 4 and 5"

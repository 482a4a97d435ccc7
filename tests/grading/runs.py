"""What tests of grading have in common: submissions of one cell, runs of one cell, processes and what they say.

No limit here is one that an ordinary run could meet on a slow or busy machine: a test that is about one limit sets
that one, and all others are far away.
"""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from autograder.grading import wire
from autograder.grading.sandbox import Limits, Run, why_not
from tests.conftest import ROOT

isolated = pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}")

#: Seconds that are never over: who waits for so long waits for an event.
LONG = 3600
#: Limits of time that nothing meets but what never ends by itself.
ROOMY = Limits(wall=LONG, cpu=LONG)


def cell(*lines: str) -> dict:
    """A request to run one cell."""
    return {"cells": [[0, "\n".join(lines)]], "after": [], "observe": None}


def told(run: Run) -> str:
    """All that a run showed, as JSON."""
    return json.dumps(run.heard.outputs)


def answered(text: str) -> bytes:
    """A submission of 01_mask with this text in its solution cell."""
    raw = json.loads((ROOT / "exercises" / "01_mask" / "01_mask.ipynb").read_bytes())
    for each in raw["cells"]:
        if each["metadata"].get("nbgrader", {}).get("grade_id") == "solution-mask":
            each["source"] = text
    return json.dumps(raw).encode()


def environment(**more: str) -> dict[str, str]:
    """The variables of a command of this project that is started in another folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def below(process: int) -> list[int]:
    """The processes that a process has started, and those that they have, each after its parent."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [process]
    for number in found:
        found += children.get(number, [])
    return found[1:]


def command_of(process: int) -> bytes:
    """What was started as a process, its arguments between zeros; b"" if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def message(kind: str, body: bytes) -> bytes:
    """A message as a run sends it."""
    return struct.pack(">cI", kind.encode(), len(body)) + body


def heard(data: bytes) -> wire.Heard:
    """What comes of bytes that a run sends through its pipe."""
    reading, writing = os.pipe()

    def send() -> None:
        with open(writing, "wb", buffering=0) as pipe, contextlib.suppress(BrokenPipeError):
            left = memoryview(data)
            while left:
                left = left[pipe.write(left) :]

    sending = threading.Thread(target=send)
    sending.start()
    try:
        return wire.listen(reading, time.monotonic() + LONG)
    finally:
        sending.join()


# ---------------------------------------------------------------- a command that is stopped at a certain moment

#: What each Python of such a command runs first: it stops before it puts one more file into a folder.
_STOP = """
import os, signal, sys, time
from pathlib import Path

place, ending, after, reached, go = os.environ["STOP"].split("|")

def stop(event, arguments):
    opened = event == "open" and "w" in (arguments[1] or "")
    path = arguments[0] if opened else arguments[1] if event == "os.rename" else None
    if not isinstance(path, (str, os.PathLike)) or not str(path).endswith(ending) or Path(reached).exists():
        return
    if Path(path).resolve().is_relative_to(place) and len(list(Path(place).rglob("*" + ending))) >= int(after):
        Path(reached).touch()
        while not Path(go).exists():
            time.sleep(0.01)

sys.addaudithook(stop)
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal, also where the tests run without one
"""


class Stopped:
    """A command in a course's folder that stops before it puts one more file into one of its folders than it may.

    process: the command. A context manager, which ends it and all that it has started.
    """

    def __init__(self, course: Path, command: list[str], place: str, ending: str, after: int = 1):
        folder = Path(tempfile.mkdtemp(dir=course.parent))
        (folder / "sitecustomize.py").write_text(_STOP)
        self._reached, self._go = folder / "reached", folder / "go"
        told = "|".join(map(str, (course.resolve() / place, ending, after, self._reached, self._go)))
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "STOP": told}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograder.cli", *command], cwd=course, env=variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "Stopped":
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def wait(self) -> None:
        """Wait until it has stopped."""
        while not self._reached.exists():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    def let_go(self) -> None:
        """Let it go on."""
        self._go.touch()

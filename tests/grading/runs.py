"""What tests of grading have in common: submissions of one cell, runs of one cell, processes and what they say.

No limit here is one that an ordinary run could meet on a slow or busy machine: a test that is about one limit sets
that one, and all others are far away.
"""

import contextlib
import json
import os
import struct
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

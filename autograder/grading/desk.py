"""The judge's desk: recordings are read, judged and drawn in throw-away processes with limits of their own.

A recording was written beside a student's code, and whatever it does to the grader's own code has to cost only its
own submission. So a warm parent imports the judge, SciPy and Matplotlib once and forks a process for each
submission, and a new one when that has failed. It never holds a byte of what they are about, which goes past it
through a socket. It is a program of its own, because to fork a process that has threads, as a Jupyter server has,
can hang the child.
"""

import atexit
import contextlib
import html
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.catalogue import find
from autograder.exercise import Exercise
from autograder.observations import SIZE_LIMIT
from autograder.report import MIME, Chart, Report, Verdict, broken, card
from autograder.show.text import as_text

#: What one judgement may use, its pictures included: seconds of computing, bytes of memory beyond what its parent
#: has mapped, and seconds by the clock, which on a busy machine are many for one of computing. Honest recordings
#: take half a second and 200 MB at most.
CPU_LIMIT, MEMORY_LIMIT, WALL_LIMIT = 20, 1_000_000_000, 300

#: Seconds that the parent may take to import everything.
START_LIMIT = 180

#: An answer, in bytes: a report as text, or as a page with its picture.
ANSWER_LIMIT = 8_000_000

#: What goes before each message: how many bytes it has.
LENGTH = struct.Struct(">Q")
_STATUSES = ("pass", "fail", "blocked", "error")


class DeskBroken(RuntimeError):
    """The desk itself failed: nobody's submission is to blame. The message is one sentence."""


#: Stands for charts that could not be drawn.
LOST = Chart("lost", "", "", {})

#: What the parent is asked for: a judgement, a copy of itself, the end of the judgement it has begun.
JUDGE, COPY, END = b"j", b"c", b"e"

_KINDS_OF_FAILURE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True)
class Judged:
    """What came of a judgement.

    report: without its charts. shown: the same as a notebook's output has it, by MIME type; empty while a failure
    by chance has to be confirmed by another recording, and so is `suspected`.
    """

    report: Report
    shown: dict
    suspected: bool = False


class Desk:
    """The client's side: a warm parent, started when it is first needed. A context manager.

    cpu, memory, wall: limits of one judgement, as `CPU_LIMIT`, `MEMORY_LIMIT` and `WALL_LIMIT`.
    """

    def __init__(self, cpu: int = CPU_LIMIT, memory: int = MEMORY_LIMIT, wall: float = WALL_LIMIT):
        self._cpu, self._memory, self._wall = cpu, memory, wall
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._talk: socket.socket | None = None
        self._ready = False

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def judge(self, exercise: str, seed: int, recordings: list[bytes]) -> Judged:
        """Judge an exercise by one recording, or by two, of which the second has to confirm the first.

        Never raises for what is in them: bytes that are no recording earn nothing, and where the judge fails every
        property is an error that a person has to look at. Raises DeskBroken.
        """
        if any(len(recording) > SIZE_LIMIT for recording in recordings):
            raise ValueError("A recording is larger than any that comes through the wall.")
        subject = find(exercise)
        asked = {"exercise": exercise, "seed": seed, "recordings": len(recordings)}
        answers, ending = self._ask(asked, recordings, 2)
        try:
            told = json.loads(answers[0])
            report = read_report(told["report"], subject, seed)
            suspected = told["suspected"] is True and len(recordings) == 1
        except _KINDS_OF_FAILURE:
            report = broken(subject, seed, self._to_look_at(seed, ending))
            return Judged(report, self.show(report))
        if suspected:
            return Judged(report, {}, suspected)
        try:
            return Judged(report, _page(answers[1], report))
        except _KINDS_OF_FAILURE:  # the verdicts came, the picture did not
            return Judged(report, self.show(replace(report, charts=(LOST,))))

    def show(self, report: Report) -> dict:
        """A report as a notebook's output has it, by MIME type; its charts are lost. Raises DeskBroken."""
        answers, _ = self._ask({"report": told_of(report), "lost": bool(report.charts)}, [], 1)
        try:
            return _page(answers[0], report)
        except _KINDS_OF_FAILURE:  # its text needs no library, and is short
            text = as_text(report)
            return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>", MIME: card(report)}

    def _to_look_at(self, seed: int, ending: str) -> str:
        """What a person has to look at where the judge failed."""
        why = {
            "": "the judge came to no result",
            signal.strsignal(signal.SIGXCPU): f"judging took more than {self._cpu} seconds of computing",
            "late": f"judging took more than {self._wall:g} seconds",
        }.get(ending, f"the judge's process was ended ({ending})")
        return (
            f"the grader itself failed: {why}. This is not held against the student. Look at what this code "
            f"returns and at what it does to the grader, and give its points by hand; seed {seed}"
        )

    def lend(self) -> socket.socket:
        """A connection to a copy of the parent, with which another process on this machine can `borrow` it.

        The copy ends with the connection. Does not wait for anything. Raises DeskBroken.
        """
        if self._control is None:
            self._start()
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [COPY], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise DeskBroken("The process that judges has ended.") from error
        finally:
            theirs.close()
        return ours

    def borrow(self, connection: socket.socket) -> None:
        """Use the copy that another desk has lent. When it fails, this one starts a parent itself."""
        self._control = connection

    def close(self) -> None:
        """End the parent, and what it has forked."""
        for connection in filter(None, (self._talk, self._control)):
            connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = self._talk = None
        self._ready = False

    def _ask(self, asked: dict, recordings: list[bytes], most: int) -> tuple[list[bytes], str]:
        """Up to so many answers, and what ended a process that gave fewer: "late", a signal's name, or "".

        A parent that has died is started anew, once. Raises DeskBroken.
        """
        with contextlib.suppress(OSError):
            return self._ask_once(asked, recordings, most)
        self.close()
        try:
            return self._ask_once(asked, recordings, most)
        except OSError as error:
            self.close()
            raise DeskBroken(f"The process that judges does not answer: {error}.") from error

    def _ask_once(self, asked: dict, recordings: list[bytes], most: int) -> tuple[list[bytes], str]:
        if self._talk is None:
            self._fork()
        deadline = time.monotonic() + self._wall
        answers = _conversation(self._talk, [json.dumps(asked).encode(), *recordings], most, deadline)
        if len(answers) == most or (answers and _ends_there(answers[0])):
            return answers, ""
        late = time.monotonic() >= deadline
        ended_by = self._end()
        return answers, "late" if late else signal.strsignal(ended_by) or "" if ended_by else ""

    def _fork(self) -> None:
        """Have a process forked. Raises OSError."""
        self._await_parent()
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [JUDGE], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._talk = ours

    def _end(self) -> int:
        """End the process that was forked last; returns the signal that had ended it before, 0 for none.

        Raises OSError.
        """
        self._talk.close()
        self._talk = None
        self._control.sendall(END)
        (ended_by,) = LENGTH.unpack(_received(self._control, LENGTH.size, time.monotonic() + START_LIMIT))
        return ended_by

    def clear(self) -> None:
        """Throw away the process that has judged a submission: nothing of it is there when the next one comes."""
        if self._talk is not None:
            try:
                self._end()
            except OSError:
                self.close()  # the next judgement starts a parent

    def _await_parent(self) -> None:
        if self._control is None:
            self._start()
        if not self._ready:
            _received(self._control, 1, time.monotonic() + START_LIMIT)
            self._ready = True

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        packages = str(Path(__file__).resolve().parent.parent.parent)
        path = os.pathsep.join([packages, *filter(None, [os.environ.get("PYTHONPATH")])])
        # One thread: what is forked from it must not wait for threads that are not there. And memory that is given
        # back to the system after each array costs more than all that is computed with it.
        alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        alone |= dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "1000000000")
        command = [sys.executable, "-m", "autograder.grading.judging", str(theirs.fileno())]
        command += [str(self._cpu), str(self._memory)]
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **alone, "PYTHONPATH": path, "MPLBACKEND": "agg"},
                cwd="/",
            )
        except OSError as error:
            ours.close()
            raise DeskBroken(f"The process that judges could not be started: {error}.") from error
        finally:
            theirs.close()
        self._control = ours


# ---------------------------------------------------------------- what goes there and back


def _conversation(ours: socket.socket, parts: list[bytes], most: int, deadline: float) -> list[bytes]:
    """Send parts, and receive up to so many answers; fewer if the other side ends, says too much or is slow."""
    answers: list[bytes] = []
    with contextlib.suppress(OSError):  # then there are fewer
        for part in parts:
            ours.settimeout(max(0.01, deadline - time.monotonic()))
            ours.sendall(LENGTH.pack(len(part)))
            ours.sendall(part)
        while len(answers) < most and not (answers and _ends_there(answers[0])):
            (length,) = LENGTH.unpack(_received(ours, LENGTH.size, deadline))
            if length > ANSWER_LIMIT:
                break
            answers.append(_received(ours, length, deadline))
    return answers


def receive(connection: socket.socket, limit: int = SIZE_LIMIT) -> bytes:
    """One message. Raises OSError when the other side ends before, ValueError if it is larger than allowed."""
    (length,) = LENGTH.unpack(_received(connection, LENGTH.size, time.monotonic() + WALL_LIMIT))
    if length > limit:
        raise ValueError("a message that is too large")
    return _received(connection, length, time.monotonic() + WALL_LIMIT)


def _ends_there(answer: bytes) -> bool:
    """Whether a report waits for another recording, so that it is not drawn."""
    try:
        return json.loads(answer)["suspected"] is True
    except _KINDS_OF_FAILURE:
        return False


def _received(connection: socket.socket, length: int, deadline: float) -> bytes:
    """So many bytes. Raises OSError when the other side ends before, or the deadline passes."""
    data = bytearray()
    while len(data) < length:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        piece = connection.recv(min(length - len(data), 1 << 20))
        if not piece:
            raise OSError("it has ended")
        data += piece
    return bytes(data)


def told_of(report: Report) -> dict:
    """A report as JSON has it, without its charts."""
    verdicts = [
        {
            "property": v.property, "status": v.status, "called": v.called, "returned": v.returned,
            "expected": v.expected, "misconception": v.misconception,
        }
        for v in report.verdicts
    ]  # fmt: skip
    return {"exercise": report.exercise, "seed": report.seed, "printed": report.printed, "verdicts": verdicts}


def read_report(told: dict, subject: Exercise, seed: int) -> Report:
    """A report that `told_of` gave. Its points follow from what is known here.

    Raises ValueError, TypeError, KeyError or AttributeError for everything else.
    """
    if (told["exercise"], told["seed"]) != (subject.name, seed):
        raise ValueError("a report on something else")
    verdicts = []
    for p, v in zip(subject.properties, told["verdicts"], strict=True):
        parts = [v[part] for part in ("called", "returned", "expected")]
        if v["property"] != p.slug or v["status"] not in _STATUSES or not all(type(part) is str for part in parts):
            raise ValueError("a verdict on something else")
        points = float(p.points) if v["status"] == "pass" else 0.0
        known = subject.mistakes[v["misconception"]] if v["misconception"] is not None else None
        named = (v["misconception"], known.hint) if known else (None, "")
        verdicts.append(Verdict(p.slug, p.sentence, v["status"], points, float(p.points), *parts, *named))
    return Report(subject.name, tuple(verdicts), seed, printed=told["printed"])


def _page(answer: bytes, report: Report) -> dict:
    """A report as it is shown. Raises ValueError, TypeError or KeyError for what is none."""
    shown = json.loads(answer)
    texts = {mime: shown[mime] for mime in ("text/plain", "text/html")}
    if not all(type(text) is str for text in texts.values()):
        raise ValueError("no page")
    return {**texts, MIME: card(report)}


# ---------------------------------------------------------------- one desk for each thread

_kept = threading.local()


def desk() -> Desk:
    """The desk that this thread keeps, until its process ends."""
    if not hasattr(_kept, "desk"):
        _kept.desk = Desk()
        atexit.register(_kept.desk.close)
    return _kept.desk


def close_desk() -> None:
    """End the desk that this thread keeps, if it does."""
    if hasattr(_kept, "desk"):
        _kept.desk.close()
        atexit.unregister(_kept.desk.close)
        del _kept.desk

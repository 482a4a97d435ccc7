"""The judge's desk: recordings are read, judged and drawn in throw-away processes with limits of their own.

A recording was written beside a student's code, and whatever it does to the grader's own code has to cost only its
own submission. So a warm parent imports the judge, SciPy and Matplotlib once and forks a process for each
submission, and a new one when that has failed. It never holds a byte of what they are about, which goes past it
through a socket. It is a program of its own, because to fork a process that has threads, as a Jupyter server has,
can hang the child.
"""

import contextlib
import html
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace

from autograder.catalogue import find
from autograder.grading.asking import END, JUDGE
from autograder.grading.desk_wire import (
    ANSWER_LIMIT,
    LOST,
    NOT_THE_FORM,
    is_suspected,
    read_report,
    receive,
    send,
    told_of,
)
from autograder.grading.parent import START_LIMIT, OneForEachThread, ParentBroken, WarmParent, with_packages
from autograder.observations import SIZE_LIMIT
from autograder.report import MIME, Report, broken, card
from autograder.show.text import as_text

#: What one judgement may use, its pictures included: seconds of computing, bytes of memory beyond what its parent
#: has mapped, and seconds by the clock, which on a busy machine are many for one of computing. Honest recordings
#: take half a second and 200 MB at most.
CPU_LIMIT, MEMORY_LIMIT, WALL_LIMIT = 20, 1_000_000_000, 300


class DeskBroken(ParentBroken):
    """The desk itself failed: nobody's submission is to blame. The message is one sentence."""


@dataclass(frozen=True)
class Judged:
    """What came of a judgement.

    report: without its charts. shown: the same as a notebook's output has it, by MIME type; empty while a failure
    by chance has to be confirmed by another recording, and so is `suspected`.
    """

    report: Report
    shown: dict
    suspected: bool = False


@dataclass(frozen=True)
class _Reply:
    """What a process at the desk answered. ended_by: "" if it gave all its answers, or ended without a reason;
    "late", or the name of the signal that ended it.
    """

    answers: list[bytes]
    ended_by: str = ""


class Desk(WarmParent):
    """Has recordings judged; a context manager. One process judges all of a submission, until `clear`.

    cpu, memory, wall: limits of one judgement, as `CPU_LIMIT`, `MEMORY_LIMIT` and `WALL_LIMIT`.
    """

    _broken, _whole, _called = DeskBroken, "The process that judges", "The process that judges"

    def __init__(self, cpu: int = CPU_LIMIT, memory: int = MEMORY_LIMIT, wall: float = WALL_LIMIT):
        super().__init__()
        self._cpu, self._memory, self._wall = cpu, memory, wall
        self._talk: socket.socket | None = None

    def judge(self, exercise: str, seed: int, recordings: list[bytes]) -> Judged:
        """Judge an exercise by one recording, or by two, of which the second has to confirm the first.

        Never raises for what is in them: bytes that are not one earn nothing, and where the judge fails every
        property is an error that a person has to look at. Raises DeskBroken.
        """
        if any(len(recording) > SIZE_LIMIT for recording in recordings):
            raise ValueError("A recording is larger than any that comes through the wall.")
        subject = find(exercise)
        asked = {"exercise": exercise, "seed": seed, "recordings": len(recordings)}
        reply = self._asked([json.dumps(asked).encode(), *recordings], 2)
        try:
            told = json.loads(reply.answers[0])
            report = read_report(told["report"], subject, seed)
            suspected = told["suspected"] is True and len(recordings) == 1
        except NOT_THE_FORM:
            report = broken(subject, seed, self._to_look_at(seed, reply.ended_by))
            return Judged(report, self.show(report))
        if suspected:
            return Judged(report, {}, suspected)
        try:
            return Judged(report, _page(reply.answers[1], report))
        except NOT_THE_FORM:  # the verdicts came, the picture did not
            return Judged(report, self.show(replace(report, charts=(LOST,))))

    def show(self, report: Report) -> dict:
        """A report as a notebook's output has it, by MIME type; its charts are lost. Raises DeskBroken."""
        asked = {"report": told_of(report), "lost": bool(report.charts)}
        reply = self._asked([json.dumps(asked).encode()], 1)
        try:
            return _page(reply.answers[0], report)
        except NOT_THE_FORM:  # its text needs no library, and is short
            text = as_text(report)
            return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>", MIME: card(report)}

    def clear(self) -> None:
        """Throw away the process that has judged a submission: nothing of it is there when the next one comes."""
        with contextlib.suppress(DeskBroken):  # the next judgement starts a parent
            self._end()

    def close(self) -> None:
        """End the parent, and what it has forked."""
        if self._talk is not None:
            self._talk.close()
            self._talk = None
        super().close()

    def _to_look_at(self, seed: int, ended_by: str) -> str:
        """What a person has to look at where the judge failed."""
        why = {
            "": "the judge came to no result",
            signal.strsignal(signal.SIGXCPU): f"judging took more than {self._cpu} seconds of computing",
            "late": f"judging took more than {self._wall:g} seconds",
        }.get(ended_by, f"the judge's process was ended ({ended_by})")
        return (
            f"the grader itself failed: {why}. This is not held against the student. Look at what this code "
            f"returns and at what it does to the grader, and give its points by hand; seed {seed}"
        )

    def _asked(self, parts: list[bytes], most: int) -> _Reply:
        """What is answered to these messages, up to so many answers; of a parent started anew, if it has died.

        Raises DeskBroken.
        """
        try:
            return self._asked_once(parts, most)
        except DeskBroken:
            self.close()
            return self._asked_once(parts, most)

    def _asked_once(self, parts: list[bytes], most: int) -> _Reply:
        if self._talk is None:
            self._await_warm()
            self._talk = self._fork(JUDGE)
        deadline = time.monotonic() + self._wall
        answers = _conversation(self._talk, parts, most, deadline)
        if _is_complete(answers, most):
            return _Reply(answers)
        late = time.monotonic() >= deadline
        ended_by = self._end()
        return _Reply(answers, "late" if late else signal.strsignal(ended_by) or "" if ended_by else "")

    def _end(self) -> int:
        """End the process that judges, if there is one; returns the signal that had ended it before, 0 for none.

        Raises DeskBroken.
        """
        if self._talk is None:
            return 0
        self._talk.close()
        self._talk = None
        self._ask(END)
        return self._answer(time.monotonic() + START_LIMIT)["ended_by"]

    def _launch(self, place: int) -> subprocess.Popen:
        # One thread: what is forked from it must not wait for threads that are not there. And memory that is given
        # back to the system after each array costs more than all that is computed with it.
        alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        alone |= dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "1000000000")
        path = with_packages(*filter(None, [os.environ.get("PYTHONPATH")]))
        limits = [str(self._cpu), str(self._memory)]
        return subprocess.Popen(
            [sys.executable, "-m", "autograder.grading.judging", str(place), *limits],
            pass_fds=[place],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **alone, "PYTHONPATH": path, "MPLBACKEND": "agg"},
            cwd="/",
        )


def _conversation(talk: socket.socket, parts: list[bytes], most: int, deadline: float) -> list[bytes]:
    """Send parts, and receive up to so many answers; fewer if the other side ends, says too much or is slow."""
    answers: list[bytes] = []
    with contextlib.suppress(OSError, ValueError):  # then there are fewer
        for part in parts:
            send(talk, part, deadline)
        while not _is_complete(answers, most):
            answers.append(receive(talk, ANSWER_LIMIT, deadline))
    return answers


def _is_complete(answers: list[bytes], most: int) -> bool:
    """Whether no answer is missing: a report that waits for another recording is not drawn."""
    return len(answers) == most or (len(answers) == 1 and is_suspected(answers[0]))


def _page(answer: bytes, report: Report) -> dict:
    """A report as it is shown. Raises one of NOT_THE_FORM for what is none."""
    shown = json.loads(answer)
    texts = {mime: shown[mime] for mime in ("text/plain", "text/html")}
    if not all(type(text) is str for text in texts.values()):
        raise ValueError("no page")
    return {**texts, MIME: card(report)}


_desks = OneForEachThread(Desk)


def desk() -> Desk:
    """The desk that this thread keeps, until its process ends."""
    return _desks.get()


def close_desk() -> None:
    """End the desk that this thread keeps, if it does."""
    _desks.close()

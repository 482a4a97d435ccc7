"""The warm parent at the judge's desk: imports once, then forks a throw-away process for each submission.

Started by `desk`. It never holds a byte of what a judgement is about: it is handed an open socket, forks, and only
the child reads from that. It has no threads.
"""

import contextlib
import gc
import json
import math
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import catalogue
from autograder.grading.asking import COPY, END, JUDGE, answer, next_asked, say_ready, serve_copy
from autograder.grading.desk_wire import LOST, read_report, receive, send, told_of
from autograder.judge import Decision, decide, reading
from autograder.judge.statistics import binomial_band
from autograder.notebook import Shown
from autograder.observations import BadRecording, Observations
from autograder.report import unjudged
from autograder.show.pictures import draw_nothing

#: Bytes of a question, without the recordings that come after it.
_HEADER_LIMIT = 1_000_000


@dataclass(frozen=True)
class _Limits:
    """What one judgement may use: seconds of computing, bytes beyond what the parent has mapped."""

    cpu: int
    memory: int


def main() -> None:
    """Warm up, say so, and serve until the socket closes. Arguments: the socket, and a judgement's limits."""
    control, limits = socket.socket(fileno=int(sys.argv[1])), _Limits(int(sys.argv[2]), int(sys.argv[3]))
    _warm_up()
    say_ready(control)
    while True:
        asked, files = next_asked(control)
        if asked == COPY:
            control = serve_copy(control, files)
        elif asked == JUDGE:
            _serve(control, files, limits)
        else:
            return


def _warm_up() -> None:
    """Load all judges, and judge and draw once, so that all that is made when it is first used has been made."""
    for name in catalogue.exercises():
        Shown(decide(name, 0, [Observations({})]).report)._repr_mimebundle_()
    binomial_band(1000, 0.3, 1e-9)
    catalogue.drawings()
    draw_nothing()
    gc.collect()
    gc.freeze()  # what is there already need not be looked at, and so not be copied, by any child


def _serve(control: socket.socket, files: list[int], limits: _Limits) -> None:
    """Have a new process judge one submission. Ends it when told so, and tells which signal had ended it before, 0
    for none.

    files: the number of the socket through which the questions come, which this process never reads.
    """
    (place,) = files
    child = os.fork()
    if child == 0:
        try:
            control.close()
            _judge(socket.socket(fileno=place), limits)
        finally:
            os._exit(0)
    os.close(place)
    asked = control.recv(1)
    os.kill(child, signal.SIGKILL)  # nobody is there if it has ended, and it is still this one's to wait for
    _, status = os.waitpid(child, 0)
    if asked != END:
        os._exit(0)
    answer(control, {"ended_by": max(0, -os.waitstatus_to_exitcode(status))})


def _judge(asking: socket.socket, limits: _Limits) -> None:
    """Answer questions until nobody asks any more, in a process that is thrown away."""
    gc.disable()
    _limit_memory(limits.memory)
    while True:
        asked = json.loads(receive(asking, _HEADER_LIMIT))
        _limit_time(limits.cpu)
        _reply(asking, asked)


def _limit_memory(memory: int) -> None:
    """Allow so many bytes beyond what the parent has mapped, and no files."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    with contextlib.suppress(OSError):  # macOS does not say what is mapped, and so not from where to count
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = mapped + memory
    for kind, amount in limits.items():
        _limit(kind, amount)


def _limit_time(seconds: int) -> None:
    """Allow so many seconds of computing from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + seconds)


def _limit(kind: int, amount: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


def _reply(asking: socket.socket, asked: dict) -> None:
    """Answer one question: with the report, then the report as it is shown."""
    if "report" in asked:
        report = read_report(asked["report"], catalogue.find(asked["report"]["exercise"]), asked["report"]["seed"])
        report = replace(report, charts=(LOST,) if asked["lost"] else ())
    else:
        recordings = [receive(asking) for _ in range(asked["recordings"])]
        decision = judged(asked["exercise"], asked["seed"], recordings)
        report = decision.report
        send(asking, json.dumps({"report": told_of(report), "suspected": decision.suspected}).encode())
        if decision.suspected:
            return  # a recording of fresh draws is asked for
    send(asking, json.dumps(Shown(report)._repr_mimebundle_()).encode())


def judged(exercise: str, seed: int, recordings: list[bytes]) -> Decision:
    """What the judge says of one recording, or of two of which the second has to confirm the first."""
    try:
        read = [
            reading.read(recording, exercise, seed, again)
            for recording, again in zip(recordings, (False, True), strict=False)
        ]
    except BadRecording as problem:
        return Decision(
            unjudged(catalogue.find(exercise), seed, f"Its process interfered with the grading. {problem}")
        )
    return decide(exercise, seed, read)


if __name__ == "__main__":
    main()

"""What goes to the judge's desk and comes back from it: messages with their length before them, reports as JSON."""

import json
import socket
import struct
import time

from autograder.exercise import Exercise
from autograder.observations import SIZE_LIMIT
from autograder.report import Chart, Report, Verdict

#: An answer, in bytes: a report as text, or as a page with its picture.
ANSWER_LIMIT = 8_000_000

#: What goes before each message: how many bytes it has.
_LENGTH = struct.Struct(">Q")

#: What is raised where something has not the form of a report.
NOT_THE_FORM = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)

_STATUSES = ("pass", "fail", "blocked", "error")

#: Stands for charts that could not be drawn.
LOST = Chart("lost", "", "", {})


def send(connection: socket.socket, message: bytes, deadline: float | None = None) -> None:
    """Send one message. deadline: of `time.monotonic`. Raises OSError when the other side ends, or it passes."""
    _allow_until(deadline, connection)
    connection.sendall(_LENGTH.pack(len(message)))
    connection.sendall(message)


def receive(connection: socket.socket, limit: int = SIZE_LIMIT, deadline: float | None = None) -> bytes:
    """One message of at most `limit` bytes. Waits as long as it takes, or until a deadline of `time.monotonic`.

    Raises OSError when the other side ends before, or the deadline passes; ValueError if the message is larger than
    allowed.
    """
    (length,) = _LENGTH.unpack(_received(connection, _LENGTH.size, deadline))
    if length > limit:
        raise ValueError("a message that is too large")
    return _received(connection, length, deadline)


def _received(connection: socket.socket, length: int, deadline: float | None) -> bytes:
    data = bytearray()
    while len(data) < length:
        _allow_until(deadline, connection)
        piece = connection.recv(min(length - len(data), 1 << 20))
        if not piece:
            raise OSError("it has ended")
        data += piece
    return bytes(data)


def _allow_until(deadline: float | None, connection: socket.socket) -> None:
    """Have a connection wait no longer than until a deadline; None: as long as it takes."""
    connection.settimeout(None if deadline is None else max(0.01, deadline - time.monotonic()))


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

    Raises one of NOT_THE_FORM for everything else.
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


def is_suspected(answer: bytes) -> bool:
    """Whether a report waits for another recording, so that it is not drawn."""
    try:
        return json.loads(answer)["suspected"] is True
    except NOT_THE_FORM:
        return False

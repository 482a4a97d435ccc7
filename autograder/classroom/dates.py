"""When a submission came in: what its timestamp.txt says, whatever that is."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil.parser import parse

from autograder.grading.template import read_regular

#: From two days that have nothing in common a text takes what it does not say.
_DAYS = ((2001, 1, 1), (2002, 2, 2))


def moment_in(folder: Path) -> datetime | None:
    """When the submission in a folder came in, in UTC; None if nothing says so.

    A text without a time zone is taken for UTC, as nbgrader does. One of which a part would have to be guessed is
    none.
    """
    text = line_of(folder / "timestamp.txt")
    when, _, place = text.rpartition(" ")
    when, zone = (when, place) if "/" in place else (text, "UTC")
    with contextlib.suppress(Exception):  # dateutil raises of all kinds, decimal's among them
        first, second = (parse(when, default=datetime(*day), tzinfos=_zone) for day in _DAYS)
        if first == second:
            return (first if first.tzinfo else first.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    return None


def date_in(folder: Path) -> str:
    """The same as a text, as nbgrader's exchange writes it; "" if nothing says when it came in."""
    moment = moment_in(folder)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") + " UTC" if moment else ""


def line_of(path: Path) -> str:
    """The line that a small file holds; "" if it holds none, or is no file."""
    with contextlib.suppress(OSError, ValueError):
        return read_regular(path, 300).decode("utf-8-sig").strip()
    return ""


def _zone(name: str | None, offset: int | None) -> ZoneInfo | int | None:
    """The time zone that a text names, for dateutil. Raises LookupError for one that nobody can know (CEST)."""
    return offset if offset is not None or name is None else ZoneInfo(name)

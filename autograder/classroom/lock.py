"""One grading of a course at a time: its lock, who holds it, and what whoever waits for it is told.

What is locked is the course's folder itself, which nobody deletes by mistake, and the system gives the lock back
when its holder ends, however it ends. A note beside it, which only people read, says who the holder is.
"""

import contextlib
import errno
import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import inf
from pathlib import Path

from autograder.classroom.course import Course
from autograder.classroom.telling import CannotGoOn
from autograder.grading.store import write_whole

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

#: The environment variable that names the lock's open file to a process that runs under its holder's lock.
LOCK_VARIABLE = "AUTOGRADER_LOCK"
#: Seconds after which whoever waits is told for whom, and seconds between two tries.
TELL_AFTER = 1.0
TRY_AGAIN = 0.05
#: Seconds for which a thread waits for another one of its own process, which is as long as a stuck program may run.
TURN = 300.0


class NotLocked(CannotGoOn):
    """The lock cannot be had."""


class Busy(NotLocked):
    """Somebody else is grading this course, and was waited for long enough."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. doing: a command, or what else it does. since: local time. server: whether it is a program
    that goes on afterwards, such as JupyterLab.
    """

    doing: str
    server: bool = False
    process: int = field(default_factory=os.getpid)
    user: str = field(default_factory=lambda: _user())
    host: str = field(default_factory=socket.gethostname)
    since: str = field(default_factory=lambda: datetime.now().strftime("%H:%M:%S on %Y-%m-%d"))

    def sentence(self) -> str:
        """Who this is, since when, and how it ends, as any terminal can show it."""
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in self._told())

    def _told(self) -> str:
        here = self.host == socket.gethostname()
        where = "" if here else f" on {self.host}"
        if self.process == os.getpid() and here:
            return f"This program itself is grading this course: {self.doing}, since {self.since}."
        told = (
            f"{self.user} is grading this course: {self.doing}, process {self.process}{where}, since {self.since}."
        )
        if here and not _runs(self.process):
            return f"{told} That process was ended, but a program that it started is still writing, and ends soon."
        if self.server:
            return f"{told} That is a press of a button in a running JupyterLab; it ends by itself."
        return f"{told} To end it, press Ctrl-C in its terminal{where}, or run: kill {self.process}."


def _user() -> str:
    """The name of whoever runs this, or their number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}"


def _runs(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


@dataclass
class _Held:
    """A lock that this process holds. depth: how often its thread has taken it."""

    handle: int
    thread: int
    depth: int = 1


#: The locks that this process holds, by folder. The system would let it wait for itself.
_held: dict[str, _Held] = {}
_one_at_a_time = threading.Lock()


def _forget() -> None:
    """In a process that was forked: it holds nothing, and keeps nothing from being given back."""
    global _one_at_a_time
    _one_at_a_time = threading.Lock()
    for held in _held.values():
        with contextlib.suppress(OSError):
            os.close(held.handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextlib.contextmanager
def course_lock(
    root: Path,
    doing: str = "a grading",
    patience: float = inf,
    tell: Callable[[str], None] = lambda sentence: None,
    server: bool = False,
) -> Iterator[int]:
    """Hold the one lock of a course's grading; yields its open file, which a child may inherit.

    A thread that holds it may take it again; other threads of the process wait for their turn. Does nothing in a
    process that was started under the lock. doing: what others are told that this is. patience: seconds to wait for
    the same holder. tell: called once, with a sentence, if that takes more than a moment. server: whether this
    process goes on when the grading is done. Raises Busy when `patience` is at its end, NotLocked where there can
    be no lock.
    """
    inherited = _inherited()
    if inherited is not None:
        yield inherited
        return
    place = os.path.realpath(root)
    held = _acquire(Path(place), doing, patience, tell, server)
    try:
        yield held.handle
    finally:
        _release(place, held)


def _inherited() -> int | None:
    """The lock's open file that this process was started with; None if it was not."""
    with contextlib.suppress(ValueError, OSError):
        handle = int(os.environ.get(LOCK_VARIABLE, ""))
        os.fstat(handle)
        return handle
    return None


def _acquire(place: Path, doing: str, patience: float, tell: Callable[[str], None], server: bool) -> _Held:
    begun = since = time.monotonic()
    told, seen = False, None
    while True:
        held, others = _try(place)
        if held is not None:
            break
        now, holder = time.monotonic(), _noted(place)
        if holder != seen:  # that of before has ended, so it goes on
            seen, since = holder, now
        sentence = holder.sentence() if holder else "Another program is grading this course."
        if now - since >= (TURN if others else patience):
            raise Busy(f"{sentence} Nothing was changed here; try again when that has ended.")
        if not told and now - begun >= TELL_AFTER:
            tell(f"Waiting. {sentence} This continues when that has ended.")
            told = True
        time.sleep(TRY_AGAIN)
    if held.depth == 1:
        try:
            write_whole(Course(place).lock_note, json.dumps(asdict(Holder(doing, server))).encode(), 0o644)
        except OSError as error:
            _release(str(place), held)
            raise NotLocked(
                f"Nothing can be written in {place}: {error.strerror or error}. Grading needs a folder that you "
                "can write to, with room on its disk."
            ) from error
    return held


def _try(place: Path) -> tuple[_Held | None, bool]:
    """Take the lock if it is free; returns it, or None and whether another thread of this process holds it."""
    with _one_at_a_time:
        held = _held.get(str(place))
        if held is not None and held.thread != threading.get_ident():
            return None, True
        if held is not None:
            held.depth += 1
            return held, False
        handle = _locked(place)
        if handle is None:
            return None, False
        _held[str(place)] = _Held(handle, threading.get_ident())
        return _held[str(place)], False


def _locked(place: Path) -> int | None:
    """The open folder, locked; None if another process has it. Raises NotLocked where neither it nor a file can be.

    Some file systems (NFS) lock no folders: there, a file in it.
    """
    if fcntl is None:
        raise NotLocked("Grading a class needs Linux or macOS; on Windows, install WSL and grade there.")
    reason = ""
    for path, how in ((place, os.O_RDONLY), (Course(place).lock_file, os.O_RDWR | os.O_CREAT)):
        handle = None
        try:
            if how & os.O_CREAT:
                path.parent.mkdir(exist_ok=True)
            handle = os.open(path, how, 0o666)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError as error:
            if handle is not None:
                os.close(handle)
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
                return None
            reason = error.strerror or str(error)
    raise NotLocked(f"{place} cannot be locked: {reason}. Keep the course where files can be locked.")


def _release(place: str, held: _Held) -> None:
    with _one_at_a_time:
        held.depth -= 1
        if held.depth == 0 and _held.get(place) is held:
            with contextlib.suppress(OSError):
                Course(Path(place)).lock_note.unlink()
            del _held[place]
            os.close(held.handle)  # a child that inherited it holds it until it ends


def _noted(place: Path) -> Holder | None:
    """What the holder wrote of itself; None if it has not yet, or nothing that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        noted = Holder(**json.loads(Course(place).lock_note.read_bytes()))
        if all(type(value) is kind for value, kind in zip(asdict(noted).values(), _KINDS, strict=True)):
            return noted
    return None


_KINDS = (str, bool, int, str, str, str)

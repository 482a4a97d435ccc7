"""A warm parent, from the side of its user: a program that has imported what takes seconds, and forks.

There are two: behind the wall one forks a process for each run of a student's code (`sandbox`), at the judge's desk
one forks a process for each submission (`desk`). What either is asked, and how it answers, is in `asking`.
"""

import atexit
import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Generic, Self, TypeVar

from autograder.grading.asking import COPY

#: Seconds that a parent may take to import everything.
START_LIMIT = 180

#: The folder of this project's packages.
PACKAGES = Path(__file__).resolve().parent.parent.parent


class ParentBroken(RuntimeError):
    """A warm parent failed: nobody's submission is to blame. The message is one sentence."""


class WarmParent:
    """A program that is started when it is first needed, and started anew when it has ended. A context manager.

    It can be lent: another process on this machine then has a copy of it, which has imported everything. A class
    that inherits from this one says how the program is started (`_launch`).
    """

    #: What is raised when it fails, and what it is called then, as a whole and as a process.
    _broken: type[ParentBroken] = ParentBroken
    _whole = _called = "The warm parent"

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lend(self) -> socket.socket:
        """A connection to a copy of the parent, with which another process on this machine can `borrow` it.

        The copy ends with the connection or with the parent. Does not wait for anything. Raises ParentBroken.
        """
        return self._fork(COPY)

    def borrow(self, connection: socket.socket) -> None:
        """Use the copy that another of the same kind has lent. When it fails, this one starts a parent itself."""
        self._control = connection

    def close(self) -> None:
        """End the parent, if it is this one's own, and what it has forked."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None
        self._ready = False

    def _launch(self, place: int) -> subprocess.Popen:
        """Start the program, which has to serve the socket of this number. Raises OSError."""
        raise NotImplementedError

    def _last_words(self) -> str:
        """What the program said of its end, if anything."""
        return ""

    def _started(self) -> socket.socket:
        """The connection to the parent, which is started if there is none. Does not wait. Raises ParentBroken."""
        if self._control is None:
            ours, theirs = socket.socketpair()
            try:
                self._process = self._launch(theirs.fileno())
            except OSError as error:
                ours.close()
                raise self._broken(f"{self._whole} could not be started: {error}.") from error
            finally:
                theirs.close()
            self._control = ours
        return self._control

    def _await_warm(self) -> None:
        """Wait until the parent, started if there is none, has imported everything. Raises ParentBroken."""
        self._started()
        if not self._ready:
            self._answer(time.monotonic() + START_LIMIT)
            self._ready = True

    def _ask(self, asked: bytes, *files: int) -> None:
        """Ask the parent for something, and hand it open files. Raises ParentBroken."""
        try:
            socket.send_fds(self._started(), [asked], files)
        except OSError as error:
            self.close()
            raise self._broken(f"{self._called} has ended.") from error

    def _fork(self, asked: bytes) -> socket.socket:
        """Have the parent fork a process; returns the connection with that. Raises ParentBroken."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._ask(asked, theirs.fileno())
            except ParentBroken:
                ours.close()
                raise
        return ours

    def _answer(self, deadline: float) -> dict:
        """What the parent answers. It runs no student's code and reads nothing of one, so what it says is true.

        deadline: of `time.monotonic`. Raises ParentBroken.
        """
        line, control = b"", self._started()
        try:
            while not line.endswith(b"\n"):
                control.settimeout(max(0.1, deadline - time.monotonic()))
                piece = control.recv(4096)
                if not piece:
                    raise OSError("it has ended")
                line += piece
        except OSError as error:
            reason = self._last_words() or str(error)
            self.close()
            raise self._broken(f"{self._called} does not answer: {reason}.") from error
        return json.loads(line)


def with_packages(*more: str) -> str:
    """A PYTHONPATH on which this project's packages are found, and these folders after them."""
    return os.pathsep.join([str(PACKAGES), *more])


Kind = TypeVar("Kind", bound=WarmParent)


class OneForEachThread(Generic[Kind]):
    """A warm parent that each thread of this process keeps, of one kind at a time, until its process ends.

    made: the class of the parents.
    """

    def __init__(self, made: type[Kind]):
        self._made, self._kept = made, threading.local()

    def get(self, *kind: object) -> Kind:
        """This thread's parent; a new one if another kind is asked for. kind: the arguments of the class."""
        if getattr(self._kept, "kind", None) != kind:
            self.close()
            self._kept.kind, self._kept.parent = kind, self._made(*kind)
            atexit.register(self._kept.parent.close)
        return self._kept.parent

    def close(self) -> None:
        """End the parent that this thread keeps, if it does."""
        if hasattr(self._kept, "parent"):
            self._kept.parent.close()
            atexit.unregister(self._kept.parent.close)
            del self._kept.kind, self._kept.parent

"""What a warm parent is asked, and how it answers: one byte and open files come to it, lines of JSON go back.

The files it hands on unread to what it forks: the parent never holds a byte of what a submission is about. This is
the parents' own side, of `warm` and of `judging`; `parent` is the side of whoever asks.
"""

import json
import os
import socket
from collections.abc import Callable

#: To run what it is handed: in no control group, or in one of the kernel's older or newer interface.
RUN, RUN_IN_GROUP = b"0", (b"1", b"2")

#: To make a copy of itself.
COPY = b"c"

#: To fork a process that judges, and to end the one that was forked last.
JUDGE, END = b"j", b"e"

#: The open files that come with one byte, at most.
_MOST_FILES = 8


def next_asked(control: socket.socket) -> tuple[bytes, list[int]]:
    """What a parent is asked next, one byte, and the open files that come with it; b"" when nobody asks more."""
    asked, files, _, _ = socket.recv_fds(control, 1, _MOST_FILES)
    return asked, list(files)


def answer(control: socket.socket, told: dict) -> None:
    """Answer the one that asked."""
    control.sendall(json.dumps(told).encode() + b"\n")


def say_ready(control: socket.socket) -> None:
    """Say that everything has been imported."""
    answer(control, {"ready": os.getpid()})


def serve_copy(control: socket.socket, files: list[int], begin: Callable[[], None] = lambda: None) -> socket.socket:
    """Fork a copy of this process that serves another socket; returns the one that either goes on to serve.

    files: the number of the other socket. begin: what the copy does first.
    """
    (theirs,) = files
    if os.fork():
        os.close(theirs)
        return control
    begin()
    control.close()
    control = socket.socket(fileno=theirs)
    say_ready(control)
    return control

"""Run a notebook's cells in this very process, and tell what they show; what a Jupyter kernel does, without
sockets.

This runs behind the wall, beside the student's code. Whatever it sends can be forged by that code; the other side
(`wire`) treats it so.
"""

import base64
import contextlib
import io
import json
import os
import random
import struct
import sys
import threading

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.grading.wire import MESSAGE_LIMIT, OUTPUT_COST, PICTURES, SHOWN_PICTURES, cost
from autograder.observe import observe

#: Characters of output that are sent in one run, and the largest piece sent at once.
OUTPUT_LIMIT = 100_000
PIECE = 4_000


class Sender:
    """Writes messages to a pipe: a letter that says what it is, the length, the bytes."""

    def __init__(self, pipe: int):
        self.pipe, self.cell, self.room, self.pictures = pipe, 0, OUTPUT_LIMIT, SHOWN_PICTURES
        self._turn = threading.RLock()

    def send(self, kind: str, body: bytes) -> None:
        """Write one message whole, whatever other threads want to say. kind: a letter of `wire.KINDS`."""
        data = memoryview(struct.pack(">cI", kind.encode(), len(body)) + body)
        with self._turn:
            while data:
                data = data[os.write(self.pipe, data) :]

    def start(self, cell: int) -> None:
        """Say that a cell begins."""
        self.cell = cell
        self.send("c", str(cell).encode())

    def output(self, output: dict, size: int) -> None:
        """Send an entry of the current cell's `outputs`, while there is room for its size in characters."""
        if self.room <= 0:
            return
        self.room -= size
        body = json.dumps([self.cell, output]).encode()
        if len(body) <= MESSAGE_LIMIT:
            self.send("o", body)
        else:
            self.room = 0
        if self.room <= 0:
            notice = f"\n... cut here: a run may show {OUTPUT_LIMIT:,} characters ...\n"
            told = {"output_type": "stream", "name": "stdout", "text": notice}
            self.send("o", json.dumps([self.cell, told]).encode())


class Stream(io.TextIOBase):
    """What stands for stdout or stderr: sends what is written, line by line."""

    def __init__(self, name: str, sender: Sender):
        self._name, self._sender, self._waiting = name, sender, ""

    def writable(self) -> bool:
        """It can be written to."""
        return True

    #: What a stream of text says of itself.
    encoding = "utf-8"

    def fileno(self) -> int:
        """Where programs that are started write to: nowhere."""
        return 1

    def isatty(self) -> bool:
        """It is not a terminal."""
        return False

    def write(self, text: str) -> int:
        """Take text, and send it when it is a whole line or long."""
        if self._sender.room > 0:
            self._waiting += text[: self._sender.room]
            if "\n" in text or len(self._waiting) > PIECE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what is waiting."""
        text, self._waiting = self._waiting, ""
        if text:
            self._sender.output({"output_type": "stream", "name": self._name, "text": text}, cost(text))


def _send_display(sender: Sender, kind: str, data: dict) -> None:
    """Send what is displayed: the text, as far as there is room, and pictures, if there is room.

    kind: "display_data" or "execute_result". data: by MIME type; other types are not shown, and not sent.
    """
    text = data.get("text/plain", "")
    shown = {"text/plain": text[: sender.room] if isinstance(text, str) else ""}
    for mime in PICTURES:
        value = data.get(mime)
        picture = base64.b64encode(value).decode() if isinstance(value, bytes) else value
        if isinstance(picture, str) and len(picture) <= sender.pictures:
            sender.pictures -= len(picture)
            shown[mime] = picture
    output = {"output_type": kind, "data": shown, "metadata": {}}
    sender.output(output, cost(shown["text/plain"]) + OUTPUT_COST)


class _Publisher(DisplayPublisher):
    """Sends what `display` is given."""

    shell: "Shell"

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        self.shell.flush()
        _send_display(self.shell.sender, "display_data", data)

    def clear_output(self, wait=False):
        pass


class _Hook(DisplayHook):
    """Sends the value of a cell's last line."""

    shell: "Shell"

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.flush()
        _send_display(self.shell.sender, "execute_result", format_dict)

    def finish_displayhook(self):
        pass


class Shell(InteractiveShell):
    """IPython's shell as a kernel has it: magics, displays, tracebacks; it sends instead of printing."""

    sender: Sender
    streams: tuple[Stream, Stream]

    def flush(self) -> None:
        """Send what has been written and waits for the end of its line."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # it may be anything that the student's code put there
                stream.flush()

    def _showtraceback(self, etype, evalue, stb):
        self.flush()
        lines, size = [], OUTPUT_COST
        for line in map(str, stb):
            if size > self.sender.room:
                break
            lines.append(line[: self.sender.room])
            size += cost(lines[-1])
        name, value = str(getattr(etype, "__name__", etype))[:200], str(evalue)[:2000]
        told = {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
        self.sender.output(told, size + len(value))

    def ask_exit(self) -> None:
        """`exit()` in a cell: there is nobody to ask, and the other cells still count."""

    def enable_gui(self, gui=None):
        """There is no screen."""


#: Magics that only a Jupyter kernel has, and that do nothing for a grade.
_OF_A_KERNEL = ("autosave", "clear", "cls", "connect_info", "edit", "less", "man", "more", "qtconsole", "subshell")


def _nothing(line: str) -> None:
    """What such a magic does."""


def make_shell() -> Shell:
    """A shell with nothing in it, made before anybody's code is known."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.display_page = True
    shell = Shell.instance(config=config, displayhook_class=_Hook, display_pub_class=_Publisher)
    for name in _OF_A_KERNEL:
        shell.register_magic_function(_nothing, "line", name)  # type: ignore[arg-type]  # any function will do
    return shell


def run(request: dict, shell: Shell, pipe: int) -> None:
    """Run cells, observe an exercise, and run the cells after it.

    request: "cells" and "after", lists of [place in the notebook, text]; "observe", None or what is to be observed:
    "exercise", "objects" (their names), "seed", "again". pipe: where messages go.
    """
    sender = shell.sender = Sender(pipe)
    sys.stdin = io.StringIO()
    shell.streams = sys.stdout, sys.stderr = Stream("stdout", sender), Stream("stderr", sender)
    wanted = request["observe"]
    seed = wanted["seed"] if wanted else 0
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - so that code that draws from the old global state repeats itself
    _run_cells(request["cells"], shell, sender)
    if wanted:
        sender.start(wanted["cell"])
        _observe(wanted, shell, sender)
    _run_cells(request["after"], shell, sender)
    sender.send("d", b"")


def _run_cells(cells: list, shell: Shell, sender: Sender) -> None:
    me = os.getpid()
    for place, source in cells:
        sender.start(place)
        sys.stdout, sys.stderr = shell.streams  # whatever the cell before has put there
        shell.run_cell(source, store_history=True)
        if os.getpid() != me:
            os._exit(0)  # the cell forked, and this is not the process that was asked
        shell.flush()


def _observe(wanted: dict, shell: Shell, sender: Sender) -> None:
    for name in wanted["objects"]:
        if name not in shell.user_ns:
            sender.send("n", name.encode())
            return
    objects = tuple(shell.user_ns[name] for name in wanted["objects"])
    sender.send("r", observe(wanted["exercise"], objects, wanted["seed"], wanted["again"]).to_bytes())

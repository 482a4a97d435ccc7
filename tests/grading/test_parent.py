"""A warm parent from the side of whoever uses it: started when needed, kept by each thread, replaced at its end."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.grading.parent import OneForEachThread, ParentBroken, WarmParent, with_packages
from tests.grading.runs import LONG

#: A parent that imports nothing, forks copies of itself, and tells its number to whoever asks for anything else.
PROGRAM = """
import os, socket, sys
from autograder.grading.asking import COPY, answer, next_asked, say_ready, serve_copy
control = socket.socket(fileno=int(sys.argv[1]))
say_ready(control)
while True:
    asked, files = next_asked(control)
    if asked == COPY:
        control = serve_copy(control, files)
    elif asked:
        answer(control, {"number": os.getpid()})
    else:
        break
"""


class Parent(WarmParent):
    """kind: two of the same are the same."""

    def __init__(self, kind: str = ""):
        super().__init__()
        self.kind, self.begun = kind, 0

    def _launch(self, place: int) -> subprocess.Popen:
        self.begun += 1
        command = [sys.executable, "-c", PROGRAM, str(place)]
        return subprocess.Popen(command, pass_fds=[place], env={"PYTHONPATH": with_packages()})

    def number(self) -> int:
        """The number of the process that answers."""
        self._await_warm()
        self._ask(b"?")
        return self._answer(time.monotonic() + LONG)["number"]


def test_it_is_started_when_it_is_needed_and_once():
    with Parent() as parent:
        assert parent.begun == 0
        assert parent.number() == parent.number() == parent._process.pid and parent.begun == 1


def test_a_copy_is_another_process_and_outlives_no_connection():
    with Parent() as lender, Parent() as borrower:
        borrower.borrow(lender.lend())
        assert borrower.number() not in (lender.number(), 0) and borrower.begun == 0


def test_one_that_has_ended_says_so_and_the_next_use_starts_another():
    with Parent() as parent:
        first = parent.number()
        parent._process.kill()
        parent._process.wait()
        with pytest.raises(ParentBroken, match="has ended|does not answer"):
            parent.number()
        assert parent.number() != first and parent.begun == 2


def test_one_that_cannot_be_started_is_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ParentBroken, match=r"^The warm parent could not be started: .*\.$"):
        Parent().number()


def test_each_thread_keeps_its_own_until_it_asks_for_another_kind():
    kept = OneForEachThread(Parent)
    mine = kept.get("a")
    assert kept.get("a") is mine
    with ThreadPoolExecutor(1) as other:
        assert other.submit(kept.get, "a").result() is not mine
    mine.number()
    running = mine._process
    assert kept.get("b") is not mine and running.poll() is not None, "the one of the other kind has been ended"
    kept.close()
    kept.close()

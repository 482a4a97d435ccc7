"""The lock of a course: one grading at a time, given back however it ends, and whoever waits knows for whom."""

import errno
import fcntl
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from autograder.classroom import lock
from autograder.classroom.lock import LOCK_VARIABLE, Busy, Holder, NotLocked, course_lock
from tests.conftest import ROOT, first_is_quick

HOLD = """
import sys
from pathlib import Path
from autograder.classroom.lock import course_lock
with course_lock(Path(sys.argv[1]), "a test's \\x1b grading"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout.readline() == "held\n"
    yield started
    started.kill()
    started.communicate()


def is_free(folder) -> bool:
    """Whether another program could take the lock: asked of the system, past this program's own books."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


def test_a_thread_takes_it_again_and_it_is_given_back_at_the_end(tmp_path):
    with course_lock(tmp_path) as first:
        with course_lock(tmp_path, patience=0) as second, course_lock(tmp_path / "." / "..", patience=0):
            assert first == second
        assert not is_free(tmp_path), "the inner ones do not give it back"
    assert is_free(tmp_path) and not (tmp_path / "build" / "grading.lock").exists()
    with pytest.raises(ZeroDivisionError), course_lock(tmp_path):
        _ = 1 / 0
    assert is_free(tmp_path)


def test_a_link_to_the_course_is_the_course(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "course")
    with course_lock(tmp_path / "course") as one, course_lock(tmp_path / "link", patience=0) as other:
        assert one == other


@pytest.mark.slow
def test_threads_take_turns(tmp_path):
    inside, most = [], []

    def work(number):
        with course_lock(tmp_path, patience=0):  # for others only: threads wait for each other
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert len(most) == 24 and max(most) == 1 and is_free(tmp_path)


def test_a_thread_does_not_wait_for_another_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "TURN", 0.3)
    taken, over = threading.Event(), threading.Event()

    def hold():
        with course_lock(tmp_path, "autograde of ada's 01_mask in formgrader"):
            taken.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    try:
        with pytest.raises(Busy, match=r"This program itself .*ada's 01_mask in formgrader, since \d\d:\d\d"):
            with course_lock(tmp_path):
                pass
    finally:
        over.set()
        thread.join()


def test_whoever_waits_is_told_once_for_whom_since_when_and_what_to_do(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "TELL_AFTER", 0.0)  # a slow machine could miss the moment between this and the end
    told = []
    begun = time.monotonic()
    with pytest.raises(Busy) as problem, course_lock(tmp_path, patience=0.5, tell=told.append):
        pass
    assert time.monotonic() - begun >= 0.5
    (sentence,) = told
    for said in (sentence, str(problem.value)):
        assert f"process {holder.pid}" in said and f"kill {holder.pid}" in said and "a test's" in said
        assert "since " in said and "Ctrl-C" in said and said.isprintable()
    assert sentence.startswith("Waiting. ") and "Nothing was changed here" in str(problem.value)


@pytest.mark.slow
def test_it_goes_on_when_the_holder_ends_even_if_that_is_killed(tmp_path, holder):
    with course_lock(tmp_path, tell=lambda sentence: holder.kill()):
        assert json.loads((tmp_path / "build" / "grading.lock").read_bytes())["process"] == os.getpid()
    assert holder.wait() == -signal.SIGKILL, "so this did wait"


def test_what_is_in_the_folder_build_may_be_deleted_meanwhile(tmp_path, holder):
    shutil.rmtree(tmp_path / "build")
    with pytest.raises(Busy, match="Another program is grading"), course_lock(tmp_path, patience=0.2):
        pass


NOTES = ("", "[]", "{}", "{" * 5000, '{"doing": 1}', "\udcff", '{"doing": "x", "process": "y"}')


@pytest.mark.parametrize("note", first_is_quick(NOTES))
def test_a_note_that_nobody_can_read_stops_nobody(tmp_path, holder, note):
    (tmp_path / "build" / "grading.lock").write_bytes(note.encode("utf-8", "surrogateescape"))
    with pytest.raises(Busy, match="Another program is grading"), course_lock(tmp_path, patience=0.2):
        pass
    holder.kill()
    holder.wait()
    with course_lock(tmp_path, patience=0):
        pass


def test_a_holder_that_was_killed_while_its_nbgrader_still_writes_is_not_to_be_killed_again(tmp_path, holder):
    ended = subprocess.Popen(["true"])
    ended.wait()
    note = tmp_path / "build" / "grading.lock"
    note.write_text(json.dumps({**json.loads(note.read_bytes()), "process": ended.pid}))
    with pytest.raises(Busy, match="was ended, but a program that it started is still"):
        with course_lock(tmp_path, patience=0.2):
            pass


def test_nobody_is_told_to_end_a_server_or_a_process_of_another_machine():
    assert "kill" not in Holder("autograde of ada's 01_mask in formgrader", True, 1).sentence()
    elsewhere = Holder("autograder grade 01_mask", process=2**22 - 1, host="elsewhere").sentence()
    assert "on elsewhere" in elsewhere and "was ended" not in elsewhere


def test_a_child_that_inherits_it_does_not_wait_for_its_parent_and_holds_it_until_it_ends(tmp_path):
    with course_lock(tmp_path) as handle:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), LOCK_VARIABLE: str(handle)}
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], env=environment, pass_fds=[handle],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout.readline() == "held\n"
    assert not is_free(tmp_path)
    child.communicate()  # the end of what it reads, which it waits for
    assert child.returncode == 0 and is_free(tmp_path)


@pytest.mark.parametrize("named", first_is_quick(["999", "", "no number", "-1"]))
def test_a_variable_that_names_no_open_file_is_no_lock(tmp_path, holder, monkeypatch, named):
    monkeypatch.setenv(LOCK_VARIABLE, named)
    with pytest.raises(Busy), course_lock(tmp_path, patience=0.2):
        pass


def _hold_in_fork(folder, said, over):
    try:
        with course_lock(folder, patience=0.2):
            said.put("held")
    except Busy:
        said.put("busy")
    over.wait()


def test_a_forked_process_holds_nothing_of_its_parents(tmp_path):
    context = multiprocessing.get_context("fork")
    said, over = context.Queue(), context.Event()
    with course_lock(tmp_path):
        child = context.Process(target=_hold_in_fork, args=(tmp_path, said, over), daemon=True)
        child.start()
        assert said.get(timeout=300) == "busy"
    assert is_free(tmp_path) and child.is_alive(), "though the child still runs"
    over.set()
    child.join()


def test_where_folders_cannot_be_locked_a_file_is(tmp_path, monkeypatch):
    real = fcntl.flock

    def as_on_nfs(handle, how):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(handle, how)

    monkeypatch.setattr(lock.fcntl, "flock", as_on_nfs)
    with course_lock(tmp_path):
        file = os.open(tmp_path / "build" / "grading.flock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            real(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(file)
    with course_lock(tmp_path, patience=0):
        pass


def test_a_course_that_cannot_be_written_or_locked_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(NotLocked, match=r"none cannot be locked: No such file"), course_lock(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()

    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(lock, "write_whole", refuse)  # root can write anywhere
    with pytest.raises(NotLocked, match="Nothing can be written in .*: Read-only file system"):
        with course_lock(tmp_path):
            pass
    assert is_free(tmp_path)
    monkeypatch.setattr(lock, "fcntl", None)
    with pytest.raises(NotLocked, match="install WSL"), course_lock(tmp_path):
        pass


def test_who_has_no_name_is_a_number(monkeypatch):
    def refuse():
        raise KeyError("uid not found")

    monkeypatch.setattr(lock.getpass, "getuser", refuse)
    assert Holder("a grading").user == f"user {os.getuid()}"


def test_nothing_of_a_lock_goes_to_programs_that_are_started_meanwhile(tmp_path):
    with course_lock(tmp_path):
        beside = subprocess.Popen(["sleep", "60"])
    try:
        assert is_free(tmp_path)
    finally:
        beside.kill()
        with suppress(ChildProcessError):
            beside.wait()

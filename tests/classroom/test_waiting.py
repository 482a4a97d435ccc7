"""A gradebook that another program uses, that was left behind half-written, or that is damaged."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.classroom.course import Course
from autograder.classroom.nbgrader_commands import Nbgrader
from autograder.classroom.telling import CannotGoOn
from autograder.classroom.waiting import await_gradebook, holder, others_write

_HOLD = """
import sqlite3, sys, time
book = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    book.execute(statement)
print("held", flush=True)
sys.stdin.read()
"""

WAYS = {
    "written to": ["BEGIN IMMEDIATE", "CREATE TABLE IF NOT EXISTS other (x)"],
    "exclusive": ["BEGIN EXCLUSIVE"],
    "for good": ["PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"],
    "with a log": ["PRAGMA journal_mode=WAL", "BEGIN IMMEDIATE", "CREATE TABLE IF NOT EXISTS other (x)"],
}


@contextmanager
def held(file: Path, *statements: str):
    """Another program that has a gradebook, until it is killed."""
    command = [sys.executable, "-c", _HOLD, str(file), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "held\n"
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def book(tmp_path) -> Path:
    file = tmp_path / "gradebook.db"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE assignment (id, name)")
        made.execute("CREATE TABLE submitted_assignment (assignment_id, student_id)")
        made.execute("INSERT INTO assignment VALUES (1, '01_mask')")
        made.execute("INSERT INTO submitted_assignment VALUES (1, 'ada')")
    return file


@pytest.mark.parametrize(
    "way",
    ["exclusive", *(pytest.param(way, marks=pytest.mark.slow) for way in sorted(WAYS.keys() - {"exclusive"}))],
)
def test_a_gradebook_in_use_is_waited_for_and_who_uses_it_is_said(book, way):
    told = []
    with held(book, *WAYS[way]) as other:
        assert f"(process {other.pid})" in holder(book) and others_write(book)
        with pytest.raises(CannotGoOn) as stopped:
            await_gradebook(book, patience=0)

        def tell(sentence):
            told.append(sentence)
            other.kill()

        await_gradebook(book, tell=tell)
    assert "Nothing is lost" in str(stopped.value) and "run this again" in str(stopped.value)
    assert len(told) == 1 and f"(process {other.pid})" in told[0] and "Nothing is lost" in told[0]
    for sentence in (*told, str(stopped.value)):
        assert not re.search(r"copy|replace|backup", sentence)


def test_who_only_reads_does_not_wait_for_who_only_begins_to_write(book):
    with held(book, "BEGIN IMMEDIATE"):
        await_gradebook(book, write=False, patience=0)


def test_what_a_killed_program_left_behind_is_undone_first(book):
    """A journal stays where a program is killed while it writes; whoever opens the gradebook next undoes it."""
    fill = "INSERT INTO submitted_assignment SELECT 1, hex(randomblob(500)) FROM submitted_assignment, other"
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000) SELECT x FROM n"
    (book.parent / "nbgrader_config.py").write_text("c = get_config()\n")
    with held(book, f"CREATE TABLE other AS {numbers}", "PRAGMA cache_size=1", "BEGIN IMMEDIATE", fill) as other:
        other.kill()
        other.wait()
        assert Path(f"{book}-journal").stat().st_size > 0
    assert Nbgrader(Course(book.parent)).recorded("01_mask") == {"ada"}
    with sqlite3.connect(book) as again:
        assert again.execute("SELECT count(*) FROM submitted_assignment").fetchone() == (1,)


def test_own_use_is_nobody_elses(book):
    own = sqlite3.connect(book, isolation_level=None)
    own.execute("BEGIN IMMEDIATE")
    assert not others_write(book) and f"process {os.getpid()}" not in holder(book)
    own.close()


@pytest.mark.parametrize("content", [b"no gradebook at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_only_a_damaged_gradebook_is_to_be_replaced(tmp_path, content):
    file = tmp_path / "gradebook.db"
    file.write_bytes(content)
    with pytest.raises(CannotGoOn, match=r"is damaged .*last backup.*grade again: every automatic grade"):
        await_gradebook(file)
    assert file.read_bytes() == content


def test_a_gradebook_that_is_not_there_is_not_waited_for_nor_made(tmp_path):
    await_gradebook(tmp_path / "gradebook.db")
    assert list(tmp_path.iterdir()) == []


def test_a_gradebook_that_was_only_begun_is_made_anew(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    with sqlite3.connect(tmp_path / "gradebook.db") as begun:
        begun.execute("CREATE TABLE student (id)")
    assert Nbgrader(Course(tmp_path)).recorded("01_mask") is None
    assert not (tmp_path / "gradebook.db").exists()

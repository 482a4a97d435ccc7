"""A gradebook that is a file, and in use by another program or damaged: who has it, and waiting for it.

nbgrader's gradebook is SQLite, which one program at a time can write to. Whoever finds it in use waits.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from autograder.classroom.telling import CannotGoOn, tell_now

#: Seconds for which a gradebook is waited for, and after which that is said.
PATIENCE = 300.0
QUIET = 1.0

#: SQLite's words, in whatever nbgrader says, for a gradebook in use.
IN_USE = ("database is locked", "database table is locked", "database schema is locked", "locking protocol")

#: SQLite's result codes (sqlite.org/rescode.html): in use, and damaged.
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

_KEPT = "Nothing is lost: what has been graded is kept in build/grades."


def await_gradebook(
    file: Path, write: bool = True, patience: float | None = None, tell: Callable[[str], None] = tell_now
) -> None:
    """Wait until a gradebook can be used; return at once if there is none yet.

    write: whether it will be written to. patience: seconds, PATIENCE if none are given. tell: called once, when
    this takes long, with a sentence. Raises CannotGoOn when it takes too long, and for a gradebook that cannot
    be used at all.
    """
    patience = PATIENCE if patience is None else patience
    begun, told = time.monotonic(), False
    while file.exists():
        try:
            _try(file, write)
            return
        except sqlite3.Error as error:
            if _code(error) not in _BUSY:
                raise CannotGoOn(why_unusable(file, error)) from error
        waited = time.monotonic() - begun
        if waited > patience:
            raise CannotGoOn(still_in_use(file, patience))
        if waited > QUIET and not told:
            told = True
            tell(f"{in_use(file)} Waiting for it, up to {_duration(patience)}. {_KEPT}")
        time.sleep(0.1)


def _try(file: Path, write: bool) -> None:
    """Begin what a use of the gradebook begins with, and undo it. Raises sqlite3.Error."""
    # Opened for writing also to read: what a program that was killed has left behind is then undone first.
    mode = "rw" if os.access(file, os.W_OK) else "ro"
    gradebook = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=0, isolation_level=None
    )
    try:
        gradebook.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        gradebook.execute("SELECT count(*) FROM sqlite_master").fetchone()
        gradebook.execute("ROLLBACK")
    finally:
        gradebook.close()


def is_empty(gradebook: sqlite3.Connection) -> bool:
    """Whether nothing at all is in a gradebook, not even which version of nbgrader made it."""
    tables = [name for (name,) in gradebook.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return not any(gradebook.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in tables)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 if it gave none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def in_use(file: Path, beside: int = 0) -> str:
    """A sentence on who uses a gradebook. beside: see `holder`."""
    return f"The gradebook {file.name} is in use by {holder(file, beside)}."


def still_in_use(file: Path, patience: float) -> str:
    """A sentence on a gradebook that was waited for in vain."""
    return (
        f"The gradebook {file.name} is still in use by {holder(file)}, after {_duration(patience)}. {_KEPT} "
        "End that program, or wait until it has finished, and run this again."
    )


def why_unusable(file: Path, error: sqlite3.Error) -> str:
    """A sentence, with the way out, on a gradebook that SQLite cannot use."""
    if _code(error) in _BUSY:
        return still_in_use(file, 0)
    if _code(error) in _DAMAGED:
        return (
            f"{file.name} is damaged ({error}). Move it away and put your last backup in its place. Without one, "
            "grade again: every automatic grade is written anew from build/grades, and only points, comments and "
            "dates that were entered by hand are gone."
        )
    if _code(error) in _FULL:
        return f"{file.name} cannot be written: {error}. Make room on the disk and run this again. {_KEPT}"
    return f"{file.name} cannot be used: {error}. Look at who may read and write it and its folder. {_KEPT}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"


def holder(file: Path, beside: int = 0) -> str:
    """Who uses a gradebook, in a few words: programs with their process numbers where the system tells.

    beside: the number of a process that is not meant, nor what it has started; this one never is.
    """
    files = _files(file)
    found = _lockers(files) or _openers(files)
    return " and ".join(_named(number) for number in found if not _is_own(number, beside)) or "another program"


def others_write(file: Path, beside: int = 0) -> bool:
    """Whether another program is known to be writing to a gradebook now. beside: as for `holder`."""
    return any(not _is_own(number, beside) for number in _lockers(_files(file), "WRITE"))


def _files(file: Path) -> list[Path]:
    """The files that SQLite keeps for a gradebook; its locks are on some of them."""
    return [path for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")) if path.exists()]


def _lockers(files: list[Path], kind: str = "") -> list[int]:
    """The processes that hold a lock on one of some files, those that write if any does; none where the system does
    not tell.

    kind: only these, "READ" or "WRITE".
    """
    inodes = {path.stat().st_ino for path in files}
    try:
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return []
    # 12: POSIX  ADVISORY  WRITE 4711 08:01:123456 1073741824 1073742335; a -> before it for one that waits.
    held = [words for words in lines if len(words) >= 8 and words[1] != "->"]
    on_it = [words for words in held if int(words[5].rpartition(":")[2]) in inodes and kind in ("", words[3])]
    writing = [words for words in on_it if words[3] == "WRITE"]
    return list(dict.fromkeys(int(words[4]) for words in writing or on_it if int(words[4]) > 0))


def _openers(files: list[Path]) -> list[int]:
    """The processes that have one of some files open, of those into which this one may look."""
    names, found = {str(path.resolve()) for path in files}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(entry) in names for entry in (folder / "fd").iterdir()):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def _is_own(number: int, beside: int) -> bool:
    """Whether a process is this one, or `beside` or was started by that."""
    if number == os.getpid():
        return True
    while number > 1:
        if number == beside:
            return True
        try:
            number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return False
    return False


def _named(number: int) -> str:
    """A process as a person finds it: what was started, and its number."""
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    said = " ".join([Path(words[0]).name, *words[1:3]]).strip()[:60] if words and words[0] else "a program"
    return f"{said} (process {number})"

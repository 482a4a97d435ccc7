"""A control group for each run, where the system lets one be made: the kernel then counts, and holds down, what all
its processes use together, wherever they hide it.

It lets root do so, and whoever systemd's user manager has given a part of the tree to. Elsewhere `usage` counts.
The names of files are those of the kernel's documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

import atexit
import contextlib
import itertools
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NUMBERS = itertools.count()

#: Folders of groups that are closed and still there.
_left: list[Path] = []


@dataclass(frozen=True)
class _Tree:
    """Where groups can be made. version: 1 or 2. memory, time: the folders to make them in, one and the same in
    version 2.
    """

    version: int
    memory: Path
    time: Path


class Group:
    """A control group with nothing in it. What writes "0" to each of `doors` is in it, with all that it starts.

    version: of the kernel's interface, 1 or 2. doors, time, memory: open files, the last two for `usage.ByGroup`.
    They work for any process that they are handed to, whatever that process itself may do.
    """

    def __init__(self, tree: _Tree, memory: int):
        self._folders: list[Path] = []
        self._opened: list[int] = []
        self.version = tree.version
        name = f"dropout-{os.getpid()}-{next(_NUMBERS)}"
        try:
            for parent in dict.fromkeys((tree.memory, tree.time)):
                (parent / name).mkdir()
                self._folders.append(parent / name)
            self._limit(memory)
            self.doors = [self._open(folder / "cgroup.procs", os.O_WRONLY) for folder in self._folders]
            told = ("memory.oom_control", "cpuacct.usage") if self.version == 1 else ("memory.events", "cpu.stat")
            self.memory, self.time = (
                self._open(folder / file, os.O_RDONLY)
                for folder, file in zip((self._folders[0], self._folders[-1]), told, strict=True)
            )
        except OSError:
            self.close()
            raise

    def _limit(self, memory: int) -> None:
        first, second = (
            ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
            if self.version == 1
            else ("memory.max", "memory.swap.max")
        )
        (self._folders[0] / first).write_text(str(memory))
        with contextlib.suppress(OSError):  # not every kernel counts what is swapped out
            # Version 1 counts memory and what is swapped out together.
            (self._folders[0] / second).write_text(str(memory if self.version == 1 else 0))

    def _open(self, path: Path, how: int) -> int:
        self._opened.append(os.open(path, how | os.O_CLOEXEC))
        return self._opened[-1]

    def close(self) -> None:
        """Take it away, at once or, if something in it has not quite ended, with a later one."""
        for file in self._opened:
            os.close(file)
        _left.extend(self._folders)
        self._opened, self._folders = [], []
        _take_away()


def _take_away() -> None:
    for folder in _left[:]:
        with contextlib.suppress(OSError):
            folder.rmdir()
        if not folder.exists():
            _left.remove(folder)


atexit.register(_take_away)


def make(memory: int) -> Group | None:
    """A new group whose processes may have so many bytes of memory together; None where none can be made."""
    tree = _tree()
    try:
        return Group(tree, memory) if tree else None
    except OSError:
        return None  # the system has enough of them


@cache
def _tree() -> _Tree | None:
    """Where this process can make groups and have others join them, found by doing so; None if nowhere."""
    for tree in (*_first_version(), *_second_version()):
        _sweep(tree)
        try:
            group = Group(tree, 1 << 30)
        except OSError:
            continue
        try:
            if _lets_in(group):
                return tree
        finally:
            group.close()
    return None


def _lets_in(group: Group) -> bool:
    """Whether a process can be put into a group. It is one that does nothing, and ends."""
    try:
        with (
            tempfile.TemporaryFile() as nothing,
            subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=nothing, stderr=nothing) as waiting,
        ):
            for door in group.doors:
                os.write(door, str(waiting.pid).encode())
    except OSError:
        return False
    return True


def _sweep(tree: _Tree) -> None:
    """Take away what processes of this program that were killed have left."""
    for parent in {tree.memory, tree.time}:
        for folder in parent.glob("dropout-*-*"):
            if not os.path.exists(f"/proc/{folder.name.split('-')[1]}"):
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _first_version() -> list[_Tree]:
    """The place below this process's own groups, where memory and time are counted by the older interface."""
    memory, time = _own_folder("memory"), _own_folder("cpuacct")
    return [_Tree(1, memory, time)] if memory and time else []


def _second_version() -> list[_Tree]:
    """The places at or above this process's own group where groups of the newer interface have memory counted."""
    own = _own_folder("")
    if own is None:
        return []
    with contextlib.suppress(OSError):  # only where no process stands in the way, and never twice
        (own / "cgroup.subtree_control").write_text("+memory")
    places = []
    for folder in (own, *own.parents):
        try:
            counted = (folder / "cgroup.subtree_control").read_text().split()
        except OSError:
            break  # outside the tree
        if "memory" in counted:
            places.append(_Tree(2, folder, folder))
    return places


def _own_folder(controller: str) -> Path | None:
    """The folder of this process's own group; controller: of the older interface's tree, "" for the newer's."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        group = next(path for _, names, path in lines if controller in names.split(","))
        kind = "cgroup" if controller else "cgroup2"
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            root, point = before.split()[3:5]
            is_kind, _, options = after.split()[:3]
            if is_kind == kind and (not controller or controller in options.split(",")):
                return Path(point) / Path(group).relative_to(root)
    return None

"""What a run uses of memory and computing time, all its processes together: read off a control group of its own
where there is one, else counted from what the kernel tells of every process.

`warm` asks every few hundredths of a second; what goes beyond a limit is ended there.
"""

import contextlib
import ctypes
import mmap
import os
import platform
from collections.abc import Iterator
from functools import cache, cmp_to_key
from pathlib import Path

_libc = ctypes.CDLL(None) if os.name == "posix" else None  # on Windows this module is imported, never used
_KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine())  # asm/unistd.h
_KCMP_VM = 1  # linux/kcmp.h

_PAGE = mmap.PAGESIZE

#: Locks on files that a run may hold: the kernel keeps some hundred bytes for each, and lets everybody have any
#: number.
LOCKS = 20_000

#: Bytes that the kernel keeps for an area of a process's memory, at most, with what points to it.
_AREA = 512

#: Bytes that a socket can hold for somebody who never reads it: twice what Linux grants at most, unless it is set.
_SOCKET = 2 * 212_992


class ByGroup:
    """The kernel's own count, of a control group in which only this run is, and which holds its memory down itself.

    version: 1 or 2, of the kernel's interface. time, memory: open files, as `cgroups` opens them.
    """

    def __init__(self, version: int, time: int, memory: int):
        self._nanoseconds, self._time, self._memory = version == 1, time, memory

    def over(self, limits: dict) -> str:
        """The limit that this run has passed, "memory" or "cpu"; "" if none. limits: "memory" is not looked at: the
        group ends a process that asks for more.
        """
        if _number(self._memory, "oom_kill"):
            return "memory"
        return "cpu" if self.seconds() > limits["cpu"] + 1 else ""

    def seconds(self) -> float:
        """The seconds that all processes of the run have computed, also those that have ended."""
        return _number(self._time) / 1e9 if self._nanoseconds else _number(self._time, "usage_usec") / 1e6


def _number(file: int, name: str = "") -> int:
    """The number of a line "NAME NUMBER" of an open file of the kernel's, or its only one."""
    for line in os.pread(file, 4096, 0).decode().splitlines():
        *names, number = line.split()
        if names == [name] or not (names or name):
            return int(number)
    return 0


class ByLooking:
    """A count from /proc, of the processes below this one: they and all they hold belong to the run.

    first: the run's first process, which holds nothing of its own. places: where it may write, files in memory.
    """

    def __init__(self, first: int, places: tuple[str, ...], disk: int):
        self._first, self._places, self._disk = first, places, disk
        self._too_much = False

    def over(self, limits: dict) -> str:
        """The limit that this run has passed, "memory", "cpu" or "locks"; "" if none.

        limits: "memory", bytes beyond what the run shares with this process, from which it was forked; "cpu",
        seconds.
        """
        # Parents before their children: one that ends meanwhile is left out then, and not counted twice.
        processes = list(_below(os.getpid()))
        if self._computed(processes) > limits["cpu"] + 1:
            return "cpu"
        running = [number for number in processes if number != self._first]
        if _more_locks(set(running), LOCKS):
            return "locks"
        hidden = self._files(running) + self._sockets(running)
        # What is easily read is never too little. Only where it is too much is it looked at more closely, and
        # twice: a process that forks or starts a program in the middle of a look is counted wrongly.
        too_much = sum(map(_at_most, running)) + hidden > limits["memory"]
        too_much = too_much and self._really_too_much(running, limits["memory"] - hidden)
        before, self._too_much = self._too_much, too_much
        return "memory" if too_much and before else ""

    @staticmethod
    def _really_too_much(processes: list[int], room: int) -> bool:
        """Whether these processes hold more bytes than there is room for; stops looking where that is clear.

        A map as large as that of this process, from which they were forked, is not held against them.
        """
        usual = _of_the_map(os.getpid())
        for number in processes:
            room -= max(0, _of_the_map(number) - usual)
            if room < 0:
                return True
        return _held(processes) > room

    @staticmethod
    def _computed(processes: list[int]) -> float:
        """Seconds of these processes and of their children that they have waited for.

        Others do not exist: to have children that vanish unheard takes a call that is refused (`seccomp`).
        """
        ticks = 0
        for number in processes:
            with contextlib.suppress(OSError):  # it has just ended
                ticks += sum(map(int, _stat(number)[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _files(self, processes: list[int]) -> int:
        """Bytes in the places where the run may write."""
        for number in processes:
            with contextlib.suppress(OSError):
                told = [os.statvfs(f"/proc/{number}/root{place}") for place in self._places]
                return sum((place.f_blocks - place.f_bfree) * place.f_frsize for place in told)
        return self._disk * len(self._places) if processes else 0  # whoever hides may have filled them

    @staticmethod
    def _sockets(processes: list[int]) -> int:
        """Bytes that the run's sockets can hold; they have a network namespace of their own."""
        for number in processes:
            with contextlib.suppress(OSError):
                return (Path(f"/proc/{number}/net/unix").read_bytes().count(b"\n") - 1) * _SOCKET
        return 0


def _held(processes: list[int]) -> int:
    """Bytes of memory that these processes hold together, each page counted once, without those of this process.

    The kernel tells of every process its share: a page that three have counts a third for each. The pages that they
    have from this process are also in the run's first one, whose share of them is the same as this one's. So that
    others, who have them too, do not spoil the count, a process is taken for having no more of them than this one.
    """
    processes = _with_memory_of_their_own(processes)
    shares = [_share(number) for number in processes]
    mine, all_of_mine = _share(os.getpid()), _resident(os.getpid())
    return sum(shares) - max(0, min(len(processes) * mine, all_of_mine - 2 * mine))


def _with_memory_of_their_own(processes: list[int]) -> list[int]:
    """The processes without those that share all memory with another, as they do while they start a program."""

    def compare(one: int, other: int) -> int:
        answer = _libc.syscall(_KCMP, one, other, _KCMP_VM, 0, 0) if _KCMP and _libc else -1
        return {0: 0, 1: -1, 2: 1}.get(answer, one - other)

    ordered = sorted(processes, key=cmp_to_key(compare))
    return [p for place, p in enumerate(ordered) if place == 0 or compare(ordered[place - 1], p)]


def _share(process: int) -> int:
    """Bytes of a process's memory, each page divided by the number of those that have it; all of it where the
    kernel does not tell, because the process hides.
    """
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("Pss:", "SwapPss:")))
    except (OSError, ValueError):
        return _resident(process)


def _at_most(process: int) -> int:
    """Bytes that a process can hold at most, as far as that is easily read."""
    return _resident(process) + _areas_at_most() * _AREA + _size(process) // _PAGE * 8


def _of_the_map(process: int) -> int:
    """Bytes that the kernel keeps for the map of a process's memory; other processes never share them."""
    with contextlib.suppress(OSError):  # it has just ended
        tables = _kilobytes(process, "VmPTE:")
        with open(f"/proc/{process}/maps", "rb") as areas:
            return tables + sum(1 for _ in areas) * _AREA
    return 0


@cache
def _areas_at_most() -> int:
    """How many areas of memory a process may have on this machine."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/sys/vm/max_map_count").read_text())
    return 65530  # what it is unless it is set


def _more_locks(processes: set[int], number: int) -> bool:
    """Whether these processes hold more than so many locks on files, or wait for them."""
    found = 0
    with contextlib.suppress(OSError), open("/proc/locks") as locks:
        for line in locks:
            # NUMBER: [->] KIND ADVISORY HOW PROCESS FILE FIRST LAST
            found += int(line.split()[-4]) in processes
            if found > number:
                return True
    return False


def _resident(process: int) -> int:
    """Bytes of memory that a process has, shared or not, also what is swapped out; 0 if it has ended."""
    try:
        resident = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
        return resident + (_kilobytes(process, "VmSwap:") if _swaps() else 0)
    except (OSError, IndexError):
        return 0


def _size(process: int) -> int:
    """Bytes of a process's address space; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[0]) * _PAGE
    except (OSError, IndexError):
        return 0


@cache
def _swaps() -> bool:
    """Whether this machine puts memory onto a disk."""
    with contextlib.suppress(OSError):
        return Path("/proc/swaps").read_text().count("\n") > 1
    return False


def _kilobytes(process: int, name: str) -> int:
    """An amount that the kernel tells of a process's memory, in bytes; 0 if it tells none."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def _below(process: int) -> Iterator[int]:
    """The descendants of a process, each after its parent."""
    children: dict[int, list[int]] = {}
    for number in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):  # it has just ended
            children.setdefault(int(_stat(number)[1]), []).append(number)
    found = [process]
    for parent in found:
        found += children.get(parent, ())
        if parent != process:
            yield parent


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent and so on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()

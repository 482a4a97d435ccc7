"""The warm parent: imports once, then forks a walled-in process for each run. Started inside bubblewrap by
`sandbox`.

It never runs a student's code itself, and never holds a byte of what one run is about, because every later run is
a copy of its memory. It is told that there is something to run and handed open files; it forks, and only the
process that runs the code reads from them. Where several processes grade, it imports once for all of them, and
each has a copy of it. Each run gets a child with namespaces of its own (user, process, mount, network, IPC),
limits, an empty /tmp and an empty home; when the run ends everything it started is gone, because its process
namespace is. The parent listens on a socket that no run ever holds.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.asking import COPY, RUN_IN_GROUP, answer, next_asked, say_ready, serve_copy
from autograder.grading.seccomp import refuse_calls
from autograder.grading.usage import ByGroup, ByLooking

NOBODY = 65534  # the user id that root gives up its own for
INSIDE = 1000  # what a run sees as its user id
TICK = 0.05  # seconds between looks at what a run uses
PTYS = 16  # terminals that a run can open; the system has some thousand for everybody

#: linux/sched.h, sys/mount.h, sys/prctl.h
_NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000
_REC, _PRIVATE, _NOSUID, _NODEV, _NOEXEC, _READ_ONLY, _REMOUNT, _BIND = 0x4000, 0x40000, 2, 4, 8, 1, 32, 0x1000
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS, _CHILD_SUBREAPER, _CAPBSET_DROP = 1, 4, 38, 36, 24

_CLONE3 = 435  # asm-generic/unistd.h; the same on every machine

_libc = ctypes.CDLL(None, use_errno=True)
_python = ctypes.PyDLL(None)  # keeps Python's lock during a call
_python.syscall.restype = ctypes.c_long


def main() -> None:
    """Warm up, say so, and serve runs until the socket closes. Arguments: the socket, and JSON of the limits."""
    control = socket.socket(fileno=int(sys.argv[1]))
    options = json.loads(sys.argv[2])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever it is where the grader was started
    if options["walled"] and os.getuid() == 0:
        _give_up_root()
    _prctl(_CHILD_SUBREAPER, 1)
    shell = _warm_up(options["modules"])
    say_ready(control)
    while True:
        asked, files = next_asked(control)
        if not asked:
            return
        if asked == COPY:
            control = serve_copy(control, files, _begin_copy)
            continue
        group = RUN_IN_GROUP.index(asked) + 1 if asked in RUN_IN_GROUP else 0
        answer(control, serve(files, group, shell, control, options))


def _begin_copy() -> None:
    """What a copy of the parent has to ask of the kernel anew."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    _prctl(_CHILD_SUBREAPER, 1)


def _warm_up(modules: list[str]):
    """Import what runs need, and make the shell that they inherit. No TensorFlow operation may run here: the
    threads it starts would not be in the children.
    """
    cells = importlib.import_module("autograder.grading.cells")
    for name in modules:
        importlib.import_module(name)
    if "tensorflow" in sys.modules:
        _run_operations_plainly()
    return cells.make_shell()


def _run_operations_plainly() -> None:
    """Have TensorFlow run an operation as it is.

    Before the first run of each kind of operation it makes a function of it otherwise, which goes through all its
    optimisers and comes out as it was: a fifth of what a Keras check costs. No setting of TensorFlow's says so; a
    version that asks in another way is left as it is.
    """
    calls = importlib.import_module("tensorflow.python.pywrap_tfe")
    option = "TFE_ContextOptionsSetRunEagerOpAsFunction"
    if hasattr(calls, option):
        set_option = getattr(calls, option)
        setattr(calls, option, lambda options, _: set_option(options, False))


@dataclass(frozen=True)
class _Order:
    """One run, as its processes need it.

    request, pipe, tell: numbers of open files: what is to be run, where its messages go, where its end is told.
    doors: into its control group, if there is one. options: of the sandbox. mapped: bytes of address space that its
    parent has, 0 if unknown.
    """

    request: int
    pipe: int
    tell: int
    doors: list[int]
    options: dict
    mapped: int

    @property
    def walled(self) -> bool:
        """Whether there is a wall."""
        return self.options["walled"]


def serve(files: list[int], group: int, shell, control: socket.socket, options: dict) -> dict:
    """One run, from fork to the end of its last process. Returns how it ended.

    files: the request, the pipe for messages and, where there is a group, what it uses of time and of memory and
    the doors to it; closed here. group: the version of its interface, 0 for none. Returns {"code": n, "cpu":
    seconds}, n negative for a signal; {"limit": "time", "cpu", "memory" or "locks"}; {"gone": true} if the code
    brought the processes around it down; or {"broken": why} if it never began, because the wall could not be built.
    """
    request, pipe, *of_group = files
    meters, doors = of_group[:2], of_group[2:]
    told, tell = os.pipe()
    order = _Order(request, pipe, tell, doors, options, _address_space())
    user = os.getuid(), os.getgid()
    first = _fork_apart() if order.walled else os.fork()
    if first == 0:
        try:
            control.close()
            os.close(told)
            _begin(order, user)
            _first_process(order, shell)
        except BaseException as error:
            _write(tell, {"broken": f"{type(error).__name__}: {error}"})
        finally:
            os._exit(0)
    for file in (tell, request, pipe, *doors):
        os.close(file)
    limit = _wait(first, time.monotonic() + options["wall"], _usage(first, group, meters, options), options)
    for file in meters:
        os.close(file)
    with os.fdopen(told, "rb") as answers:
        lines = answers.read(4096).splitlines()
    if limit:
        return {"limit": limit}
    ended = json.loads(lines[-1]) if lines else {"broken": "the first process of the run vanished"}
    return {"gone": True} if "begun" in ended else ended


def _usage(first: int, group: int, meters: list[int], options: dict) -> ByGroup | ByLooking | None:
    """How to learn what a run uses; None where there is no wall. first: its first process. group, meters: of its
    control group, if it has one.
    """
    if meters:
        return ByGroup(group, *meters)
    if options["walled"]:
        return ByLooking(first, ("/tmp", "/dev/shm", options["home"]), options["disk"])
    return None


def _begin(order: _Order, user: tuple[int, int]) -> None:
    """Build the wall around this process, the first one of a run. user: its user's and group's numbers outside."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    _prctl(_PDEATHSIG, signal.SIGKILL)
    _be_the_first_to_go()
    if order.walled:
        _map_user(*user)
        _mount_own_places(order.options)
        if not order.doors:
            _share_no_zeros()


def _first_process(order: _Order, shell) -> None:
    """Fork the process that runs the cells, wait for its end, and tell it. Whatever it started ends after that, as
    this is the first process of the namespace.
    """
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # nobody in there can look into this process, or write to it
    usual = _ignore_signals()
    runner = os.fork()
    if runner == 0:
        for number, handler in usual.items():
            signal.signal(number, handler)
        _run(order, shell)
    for file in (order.request, order.pipe, *order.doors):
        os.close(file)
    if not order.walled:
        signal.signal(signal.SIGTERM, lambda *_: _end_group(runner))
    pid, status = os.wait()
    while pid != runner:
        pid, status = os.wait()  # orphans come here
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    _write(order.tell, {"code": os.waitstatus_to_exitcode(status), "cpu": used.ru_utime + used.ru_stime})


def _end_group(leader: int) -> None:
    with contextlib.suppress(OSError):  # it has just ended
        os.killpg(leader, signal.SIGKILL)


def _write(tell: int, answer: dict) -> None:
    os.write(tell, json.dumps(answer).encode()[:2000] + b"\n")


def _ignore_signals() -> dict:
    """Have what the run sends to this process do nothing; returns what was done before, by signal.

    The kernel keeps signals from the first process of a namespace for which it has no handler, and Python has some.
    """
    usual = {number: signal.getsignal(number) for number in signal.valid_signals()}
    usual = {n: handler for n, handler in usual.items() if handler not in (signal.SIG_DFL, None)}
    for number in usual:
        signal.signal(number, signal.SIG_DFL)
    return usual


def _run(order: _Order, shell) -> None:
    """Take everything away that a run does not need, read what is to be run, and run it. Never returns."""
    code, pipe, tell = 70, order.pipe, order.tell
    try:
        _prctl(_PDEATHSIG, signal.SIGKILL)
        for door in order.doors:
            os.write(door, b"0")
        if order.walled:
            _drop_capabilities()
            _prctl(_DUMPABLE, 1)  # so that the parent can count what it holds
        os.setsid()
        work = json.loads(_all_of(order.request))
        pipe, tell = _only_two_files(pipe, tell)
        _set_limits(order.options, order.mapped)
        if order.walled:
            refuse_calls(counted=bool(order.doors))
        os.chdir(order.options["home"])
        cells = sys.modules["autograder.grading.cells"]
        _write(tell, {"begun": True})
        os.close(tell)
        tell = -1
        cells.run(work, shell, pipe)
        code = 0
    except BaseException as error:
        if tell >= 0:
            _write(tell, {"broken": f"{type(error).__name__}: {error}"})
        else:
            cells.Sender(pipe).send("x", f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def _only_two_files(pipe: int, tell: int) -> tuple[int, int]:
    """Close all files but these two, which get the numbers 3 and 4; those of the streams lead nowhere."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    if tell == 3:
        tell = os.dup(tell)
    if pipe != 3:
        pipe = os.dup2(pipe, 3, inheritable=False)
    tell = os.dup2(tell, 4, inheritable=False) if tell != 4 else tell
    os.closerange(5, 4096)
    return pipe, tell


def _all_of(file: int) -> bytes:
    """The bytes of an open file, which is closed."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as opened:
        return opened.read()


def _be_the_first_to_go() -> None:
    """Where the machine runs out of memory, have the kernel end this process and its children, and no bystander."""
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("1000")


def _fork_apart() -> int:
    """Fork into namespaces of its own; returns 0 in the child, which is the first process there, else its number.

    `unshare` would take one process more, as its caller stays where it is; to copy the memory map of one that has
    imported TensorFlow takes longer than all the rest of this. The C library does not know of this fork: it could
    leave locks of other threads held, so there must be none, and the child forks properly before it runs anything.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        return _fork_and_unshare()
    asked = struct.pack("8Q", _NAMESPACES, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)  # linux/sched.h, struct clone_args
    ctypes.pythonapi.PyOS_BeforeFork()
    child = _python.syscall(_CLONE3, asked, len(asked))
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    return child if child >= 0 else _fork_and_unshare()


def _fork_and_unshare() -> int:
    """As `_fork_apart`, with the C library: for kernels before 5.3 and filters that do not know clone3, too."""
    between = os.fork()
    if between == 0:
        # If this fails, so does `_map_user`, which tells.
        _libc.unshare(_NAMESPACES)
        first = os.fork()
        if first:
            os.waitpid(first, 0)
            os._exit(0)
    return between


def _map_user(user: int, group: int) -> None:
    """Become an ordinary user of this process's new namespace. user, group: the numbers outside.

    Raises OSError if the namespace is not new.
    """
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE} {group} 1")


def _mount_own_places(options: dict) -> None:
    """Put empty, small places where a run may write, and hide what the parent sees of its processes."""
    program, memory = os.readlink("/proc/self/exe"), Path("/proc/meminfo").read_text()
    _call(_libc.mount(b"none", b"/", None, _REC | _PRIVATE, None), "making mounts private")
    size = f"size={options['disk']},nr_inodes=4096,mode=700".encode()
    # Where Python itself lies in such a place, it is kept, and cannot be written to.
    kept = {path: os.open(path, os.O_PATH) for path in options["kept"] if os.path.isdir(path)}
    for place in ("/tmp", "/dev/shm", options["home"]):
        _call(_libc.mount(b"tmpfs", place.encode(), b"tmpfs", _NOSUID | _NODEV, size), f"mounting {place}")
    for path, handle in kept.items():
        os.mkdir(path)
        source, target = f"/proc/self/fd/{handle}".encode(), path.encode()
        _call(_libc.mount(source, target, None, _BIND | _REC, None), f"keeping {path}")
        flags = _BIND | _REMOUNT | _READ_ONLY | _NOSUID | _NODEV
        _call(_libc.mount(None, target, None, flags, None), f"closing {path}")
        os.close(handle)
    terminals = f"newinstance,ptmxmode=666,mode=620,max={PTYS}".encode()
    _call(_libc.mount(b"devpts", b"/dev/pts", b"devpts", _NOSUID | _NOEXEC, terminals), "mounting /dev/pts")
    _call(_libc.mount(b"tmpfs", b"/proc", b"tmpfs", _NOSUID | _NODEV, b"size=64k,mode=755"), "mounting /proc")
    # The little that TensorFlow reads there, and psutil.
    Path("/proc/meminfo").write_text(memory)
    os.mkdir("/proc/self")
    os.symlink(program, "/proc/self/exe")
    Path("/proc/self/cmdline").write_bytes(b"python\0")
    _call(_libc.mount(b"tmpfs", b"/proc", None, _REMOUNT | _READ_ONLY | _NOSUID | _NODEV, None), "closing /proc")


def _share_no_zeros() -> None:
    """Put the device that is read as zeros, but cannot be mapped, in the place of the one that can: processes could
    share memory through it that is not counted where the kernel does not count by itself.
    """
    _call(_libc.mount(b"/dev/full", b"/dev/zero", None, _BIND, None), "replacing /dev/zero")


def _drop_capabilities() -> None:
    """Give up what the first process of a user namespace may do in it."""
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # fails above the last one there is
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _set_limits(options: dict, mapped: int) -> None:
    """mapped: bytes of address space that the parent has already; memory is counted from there. 0 if unknown."""
    for name, amount in (
        ("RLIMIT_AS", mapped + options["memory"]),
        ("RLIMIT_CPU", options["cpu"]),
        ("RLIMIT_NPROC", options["processes"]),
        ("RLIMIT_NOFILE", options["files"]),
        ("RLIMIT_FSIZE", options["file_size"]),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_MEMLOCK", 0),
        ("RLIMIT_SIGPENDING", 1000),  # timers count as such
    ):
        kind = getattr(resource, name, None)
        if kind is None or (name == "RLIMIT_NPROC" and not options["walled"]):
            continue  # without a user namespace it would count all of the user's processes
        if name == "RLIMIT_AS" and not mapped:
            continue  # macOS does not say from where to count, and refuses a limit that is passed already
        hard = resource.getrlimit(kind)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        # At its limit of seconds a process gets SIGXCPU, and a second later, if it is deaf to that, SIGKILL.
        last = amount + 1 if name == "RLIMIT_CPU" and hard == resource.RLIM_INFINITY else amount
        resource.setrlimit(kind, (amount, last))


def _wait(child: int, deadline: float, usage: ByGroup | ByLooking | None, limits: dict) -> str:
    """Wait for the end of a run and of all that it started; ends it at a limit, whose name is returned.

    usage: what the run uses; None where there is no wall.
    """
    limit = ""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            # Nothing is left of it. A group's memory ends what asks for too much before it is looked at.
            return limit or (usage.over(limits) if isinstance(usage, ByGroup) else "")
        if pid:
            child = 0 if pid == child else child
            continue
        if hasattr(signal, "sigtimedwait"):
            signal.sigtimedwait({signal.SIGCHLD}, TICK)
        else:
            time.sleep(TICK / 5)  # on macOS
        if not limit and time.monotonic() > deadline:
            limit = "time"
        if not limit and usage is not None:
            limit = usage.over(limits)
        if limit and child:
            # With the first process its namespace dies; where there is none, it ends what it knows of.
            os.kill(child, signal.SIGTERM if usage is None else signal.SIGKILL)


def _address_space() -> int:
    """Bytes of address space that this process has; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _give_up_root() -> None:
    """Become nobody: root's own id is not counted against limits, and owns files."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _prctl(_DUMPABLE, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _call(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _call(result: int, what: str) -> None:
    """Raise the error of a C function that failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()

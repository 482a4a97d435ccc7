"""The warm parent: imports once, then forks a walled-in process for each run. Started inside bubblewrap by
`sandbox`.

It never runs a student's code itself. Where several processes grade, it imports once for all of them, and each has
a copy of it. Each run gets a child with namespaces of its own (user, process, mount,
network, IPC), limits, an empty /tmp and an empty home; when the run ends everything it started is gone, because its
process namespace is. The parent listens on a socket that no run ever holds.
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
from pathlib import Path

from autograder.grading.seccomp import refuse_calls

NOBODY = 65534  # the user id that root gives up its own for
INSIDE = 1000  # what a run sees as its user id
TICK = 0.05  # seconds between looks at the memory of a run

#: linux/sched.h, sys/mount.h, sys/prctl.h
_NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000
_REC, _PRIVATE, _NOSUID, _NODEV, _READ_ONLY, _REMOUNT, _BIND = 0x4000, 0x40000, 2, 4, 1, 32, 0x1000
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
    if options["walled"] and os.getuid() == 0:
        _give_up_root()
    _prctl(_CHILD_SUBREAPER, 1)
    shell = _warm_up(options["modules"])
    _tell(control, {"ready": os.getpid()})
    while True:
        request, pipe = _receive(control)
        if request is None:
            return
        if "copy" in request:
            control = _copied(control, pipe)
            continue
        _tell(control, serve(request, pipe, shell, control, options))


def _copied(control: socket.socket, theirs: int) -> socket.socket:
    """Fork a copy that serves the socket `theirs`; returns the socket that this process goes on to serve."""
    if os.fork():
        os.close(theirs)
        return control
    _prctl(_PDEATHSIG, signal.SIGKILL)
    _prctl(_CHILD_SUBREAPER, 1)
    control.close()
    control = socket.socket(fileno=theirs)
    _tell(control, {"ready": os.getpid()})
    return control


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


def serve(request: dict, pipe: int, shell, control: socket.socket, options: dict) -> dict:
    """One run, from fork to the end of its last process. Returns how it ended.

    {"code": n, "cpu": seconds}, n negative for a signal, {"limit": "time", "cpu" or "memory"}, or {"broken": why}
    where the wall could not be built.
    """
    told, tell = os.pipe()
    base = _memory("self")
    user = os.getuid(), os.getgid()
    first = _fork_apart() if options["walled"] else os.fork()
    if first == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            control.close()
            os.close(told)
            _prctl(_PDEATHSIG, signal.SIGKILL)
            if options["walled"]:
                _map_user(*user)
                _mount_own_places(options)
            _first_process(request, pipe, tell, shell, options, base)
        except BaseException as error:
            os.write(tell, json.dumps({"broken": f"{type(error).__name__}: {error}"}).encode())
        finally:
            os._exit(0)
    os.close(tell)
    os.close(pipe)
    limit = _wait(first, time.monotonic() + options["wall"], options if options["walled"] else None)
    with os.fdopen(told, "rb") as answers:
        answer = answers.read(4096)
    if limit:
        return {"limit": limit}
    return json.loads(answer) if answer else {"broken": "the first process of the run vanished"}


def _first_process(request: dict, pipe: int, tell: int, shell, options: dict, base: tuple[int, int]) -> None:
    """Fork the process that runs the cells, wait for its end, and tell it. Whatever it started ends after that, as
    this is the first process of the namespace.
    """
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # nobody in there can look into this process, or write to it
    runner = os.fork()
    if runner == 0:
        os.close(tell)
        _run(request, pipe, shell, options, base)
    os.close(pipe)
    if not options["walled"]:
        signal.signal(signal.SIGTERM, lambda *_: _end_group(runner))
    pid, status = os.wait()
    while pid != runner:
        pid, status = os.wait()  # orphans come here
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"code": os.waitstatus_to_exitcode(status), "cpu": used.ru_utime + used.ru_stime}
    os.write(tell, json.dumps(told).encode())


def _end_group(leader: int) -> None:
    with contextlib.suppress(OSError):  # it has just ended
        os.killpg(leader, signal.SIGKILL)


def _run(request: dict, pipe: int, shell, options: dict, base: tuple[int, int]) -> None:
    """Take everything away that a run does not need, and run it. Never returns."""
    code = 70
    try:
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if options["walled"]:
            _drop_capabilities()
        os.setsid()
        nothing = os.open("/dev/null", os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(nothing, handle)
        if pipe != 3:
            pipe = os.dup2(pipe, 3, inheritable=False)
        os.closerange(4, 4096)
        _set_limits(options, base[0])
        if options["walled"]:
            refuse_calls()
        os.chdir(options["home"])
        sys.modules["autograder.grading.cells"].run(request, shell, pipe)
        code = 0
    except BaseException as error:
        sys.modules["autograder.grading.cells"].Sender(pipe).send("x", f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


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
    program = os.readlink("/proc/self/exe")
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
    _call(_libc.mount(b"tmpfs", b"/proc", b"tmpfs", _NOSUID | _NODEV, b"size=64k,mode=755"), "mounting /proc")
    # The little that TensorFlow reads there.
    os.mkdir("/proc/self")
    os.symlink(program, "/proc/self/exe")
    Path("/proc/self/cmdline").write_bytes(b"python\0")
    _call(_libc.mount(b"tmpfs", b"/proc", None, _REMOUNT | _READ_ONLY | _NOSUID | _NODEV, None), "closing /proc")


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


def _wait(child: int, deadline: float, limits: dict | None) -> str:
    """Wait for the end of a run and of all that it started; ends it at a limit, whose name is returned.

    limits: "memory", bytes that all its processes may have together beyond what they share with this one, and
    "cpu", seconds that they may use together; None where there is no wall.
    """
    limit = ""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return limit  # nothing is left of it
        if pid:
            child = 0 if pid == child else child
            continue
        if hasattr(signal, "sigtimedwait"):
            signal.sigtimedwait({signal.SIGCHLD}, TICK)
        else:
            time.sleep(TICK / 5)  # on macOS
        if not limit and time.monotonic() > deadline:
            limit = "time"
        if not limit and limits is not None:
            grown, computed = _used()
            limit = "memory" if grown > limits["memory"] else "cpu" if computed > limits["cpu"] + 1 else ""
        if limit and child:
            # With the first process its namespace dies; where there is none, it ends what it knows of.
            os.kill(child, signal.SIGTERM if limits is None else signal.SIGKILL)


def _used() -> tuple[int, float]:
    """Bytes by which all processes below this one are larger than this one, from which they were forked, and the
    seconds that they and those of their children that have ended have computed.
    """
    mine = _memory("self")[1]
    grown, computed = 0, 0
    # Parents before their children: one that ends meanwhile is left out then, and not counted twice.
    for number in _below(os.getpid()):
        try:
            used = list(map(int, _stat(number)[11:15]))  # its own and its ended children's, of user and system
            grown += max(0, _memory(str(number))[1] - mine)
        except OSError:
            continue  # it has just ended
        computed += sum(used)
    return grown, computed / os.sysconf("SC_CLK_TCK")


def _below(process: int) -> list[int]:
    """The descendants of a process, each after its parent."""
    children: dict[int, list[int]] = {}
    for number in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):  # it has just ended
            children.setdefault(int(_stat(number)[1]), []).append(number)
    found = [process]
    for parent in found:
        found += children.get(parent, ())
    return found[1:]


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent and so on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _memory(process: str) -> tuple[int, int]:
    """A process's address space and its resident part, in bytes; zeros where that is not known."""
    if sys.platform != "linux":
        return 0, 0
    mapped, resident = Path(f"/proc/{process}/statm").read_text().split()[:2]
    return int(mapped) * resource.getpagesize(), int(resident) * resource.getpagesize()


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


def _receive(control: socket.socket) -> tuple[dict | None, int]:
    """The next request and the pipe for its messages; None at the end."""
    header, pipes, _, _ = socket.recv_fds(control, 8, 1)
    if len(header) < 8:
        return None, -1
    (length,) = struct.unpack(">Q", header)
    body = b""
    while len(body) < length:
        piece = control.recv(min(length - len(body), 1 << 20))
        if not piece:
            return None, -1
        body += piece
    return json.loads(body), pipes[0]


def _tell(control: socket.socket, answer: dict) -> None:
    control.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()

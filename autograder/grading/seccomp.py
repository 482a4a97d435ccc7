"""System calls that a run is refused: those that reach beyond it, and those that hide memory from its limits.

Namespaces and limits make the wall; this takes away what is left of the kernel that no exercise needs. The filter
is the kernel's classic BPF, as struct seccomp_data in linux/seccomp.h lays its input out.
"""

import ctypes
import errno
import platform
import struct

#: Calls that are refused, whatever they are asked for, and their numbers (asm/unistd.h) on each machine; None where
#: there is no such call.
_REFUSED = {
    # Memory that no limit counts, or that others have.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # The kernel itself.
    "bpf": (321, 280), "perf_event_open": (298, 241), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "kexec_load": (246, 104), "syslog": (103, 116), "quotactl": (179, 60),
    # Another wall around itself, or a hole in this one.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "open_by_handle_at": (304, 265), "mount_setattr": (442, 442), "fsopen": (430, 430),
    # Other processes.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "process_mrelease": (448, 448),
}  # fmt: skip
#: Those that take what all programs share, and an answer that programs cope with: there are no more watches to be
#: had, this system has no such locks, everything has been written to the disk.
_OF_ALL = {
    "inotify_init": ((253, None), errno.EMFILE), "inotify_init1": ((294, 26), errno.EMFILE),
    "fanotify_init": ((300, 262), errno.EMFILE), "flock": ((73, 32), errno.ENOSYS),
    "io_setup": ((206, 0), errno.ENOSYS), "sync": ((162, 81), 0), "syncfs": ((306, 267), 0),
}  # fmt: skip
#: Those that put pages into pipes and sockets, a whole one for each byte, where they stay when nobody seems to have
#: them any more. Programs copy instead, where they are told that these files are none for this.
_HOLDING = {
    "vmsplice": ((278, 75), errno.EINVAL), "splice": ((275, 76), errno.EINVAL), "tee": ((276, 77), errno.EINVAL),
    "sendfile": ((40, 71), errno.EINVAL),
}  # fmt: skip
#: Calls of which a part is refused.
_IN_PART = {
    "clone": (56, 220), "clone3": (435, 435), "socket": (41, 198), "prlimit64": (302, 261),
    "rt_sigaction": (13, 134), "fcntl": (72, 25), "mmap": (9, 222),
}  # fmt: skip
#: The audit architecture of each machine; its place is that of the numbers above.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_OTHER_CALLS = 0x40000000  # from here on x86_64 has a second table of the same calls
_NEW_NAMESPACES = 0x7E020000  # clone's flags for namespaces of every kind but time's
_FILES, _THREAD = 0x400, 0x10000  # clone's flags for open files in common, and for a thread
_AF_UNIX, _SIGCHLD, _LEASE, _NOTIFY = 1, 17, 1024, 1026  # sys/socket.h, signal.h, fcntl.h
_LOCKS_OF_NOBODY = (37, 38)  # fcntl's F_OFD_SETLK, F_OFD_SETLKW
_SHARED, _OF_NO_FILE = 0x01, 0x20  # sys/mman.h; the former is also a bit of MAP_SHARED_VALIDATE
_SET_SECCOMP, _MODE_FILTER = 22, 2


def refuse_calls(counted: bool) -> None:
    """Refuse the calls to this process and all it starts, for good. Does nothing on a machine it does not know.

    counted: whether the kernel counts by itself what all of them use; if not, what would hide it is refused.
    Needs PR_SET_NO_NEW_PRIVS. Raises OSError when the kernel does not take the filter.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    program = b"".join(_program(*machine, counted))
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(filters, len(filters)), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel does not take a filter of system calls")


def _program(place: int, architecture: int, counted: bool) -> list[bytes]:
    """The filter's instructions, 8 bytes each. A jump counts the instructions that it skips: if true, if not."""
    numbers = {name: each[place] for name, each in _IN_PART.items()}
    refused = [(each[place], errno.EPERM) for each in _REFUSED.values()]
    others = _OF_ALL if counted else _OF_ALL | _HOLDING
    known = ((each[place], error) for each, error in others.values())
    refused += [(number, error) for number, error in known if number is not None]
    return [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        _answer(errno.EPERM),
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, _OTHER_CALLS, 0, 1),
        _answer(errno.EPERM),
        *(piece for number, error in refused for piece in (_instruction(_EQUAL, number, 0, 1), _answer(error))),
        # The C library makes threads with clone when there is no clone3, whose flags a filter cannot see.
        _instruction(_EQUAL, numbers["clone3"], 0, 1),
        _answer(errno.ENOSYS),
        *_part(
            numbers["clone"],
            _argument(0),
            _instruction(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
            _answer(errno.EPERM),
            *([] if counted else _keep_files_owned()),
        ),
        *_part(numbers["socket"], _argument(0), _instruction(_EQUAL, _AF_UNIX, 1, 0), _answer(errno.EACCES)),
        # A process may set its own limits only, not those of the one that looks after the run.
        *_part(numbers["prlimit64"], _argument(0), _instruction(_EQUAL, 0, 1, 0), _answer(errno.EPERM)),
        *([] if counted else [*_keep_children_heard(numbers["rt_sigaction"]), *_share_files_only(numbers["mmap"])]),
        # Leases and notes on files make others wait who open them.
        *_part(
            numbers["fcntl"],
            _argument(1),
            _instruction(_EQUAL, _LEASE, 1, 0),
            _instruction(_EQUAL, _NOTIFY, 0, 1),
            _answer(errno.EPERM),
            *([] if counted else _keep_locks_owned()),
        ),
        _instruction(_RETURN, _ALLOW),
    ]


def _keep_children_heard(number: int) -> list[bytes]:
    """Refuse to change what happens when a child ends: children of which nobody wants to hear vanish with the
    seconds that they computed. A filter cannot see what is wanted, so shells lose their handler, which only some
    miss, and only in `wait`.
    """
    return _part(
        number,
        _argument(0),
        _instruction(_EQUAL, _SIGCHLD, 0, 5),
        _argument(1),  # 0 where it is only asked what is set
        _instruction(_EQUAL, 0, 0, 2),
        _argument(1, high=True),
        _instruction(_EQUAL, 0, 1, 0),
        _answer(errno.EPERM),
    )


def _share_files_only(number: int) -> list[bytes]:
    """Refuse memory that processes share and no file has: it stays when nobody seems to have it any more."""
    return _part(
        number,
        _argument(3),
        _instruction(_ANY_BIT, _SHARED, 0, 2),
        _instruction(_ANY_BIT, _OF_NO_FILE, 0, 1),
        _answer(errno.ENOMEM),
    )


def _keep_files_owned() -> list[bytes]:
    """Refuse processes that have their open files in common: the locks on them stay when the one ends whose they
    are.
    """
    return [_instruction(_ANY_BIT, _FILES, 0, 2), _instruction(_ANY_BIT, _THREAD, 1, 0), _answer(errno.EPERM)]


def _keep_locks_owned() -> list[bytes]:
    """Refuse locks of which the kernel does not tell whose they are."""
    first, second = _LOCKS_OF_NOBODY
    return [_instruction(_EQUAL, first, 1, 0), _instruction(_EQUAL, second, 0, 1), _answer(errno.EINVAL)]


def _part(number: int, *pieces: bytes) -> list[bytes]:
    """What is done for one call, of which the pieces refuse a part; the rest is allowed."""
    return [_instruction(_EQUAL, number, 0, len(pieces) + 1), *pieces, _instruction(_RETURN, _ALLOW)]


def _argument(place: int, high: bool = False) -> bytes:
    """Load 32 bits of an argument, the lower or the higher ones; these machines are little-endian."""
    return _instruction(_LOAD, 16 + 8 * place + 4 * high)


def _instruction(code: int, value: int, if_true: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_not, value)


def _answer(error: int) -> bytes:
    return _instruction(_RETURN, _REFUSE | error)

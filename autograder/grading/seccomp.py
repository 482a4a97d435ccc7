"""System calls that a run is refused: those that reach beyond it, and those that hide memory from its limits.

Namespaces and limits make the wall; this takes away what is left of the kernel that no exercise needs. The filter
is the kernel's classic BPF, as struct seccomp_data in linux/seccomp.h lays its input out.
"""

import ctypes
import errno
import platform
import struct

#: What the numbers below stand for, in their order.
REFUSED = (
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "userfaultfd", "io_uring_setup", "bpf",
    "perf_event_open", "keyctl", "add_key", "request_key", "unshare", "setns", "mount", "umount2", "pivot_root",
    "ptrace", "process_vm_readv", "process_vm_writev", "kexec_load", "open_by_handle_at", "mount_setattr", "fsopen",
)  # fmt: skip
#: By machine: the audit architecture, the numbers of those calls (asm/unistd.h), and of those with conditions.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        (319, 447, 29, 68, 64, 323, 425, 321, 298, 250, 248, 249, 272, 308, 165, 166, 155, 101, 310, 311, 246, 304,
         442, 430),
        {"clone": 56, "clone3": 435, "socket": 41},
    ),
    "aarch64": (
        0xC00000B7,
        (279, 447, 194, 186, 190, 282, 425, 280, 241, 219, 217, 218, 97, 268, 40, 39, 41, 117, 270, 271, 104, 265,
         442, 430),
        {"clone": 220, "clone3": 435, "socket": 198},
    ),
}  # fmt: skip

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_OTHER_CALLS = 0x40000000  # from here on x86_64 has a second table of the same calls
_NEW_NAMESPACES = 0x7E020000  # clone's flags for namespaces of every kind but time's
_AF_UNIX = 1
_SET_SECCOMP, _MODE_FILTER = 22, 2


def refuse_calls() -> None:
    """Refuse the calls to this process and all it starts, for good. Does nothing on a machine it does not know.

    Needs PR_SET_NO_NEW_PRIVS. Raises OSError when the kernel does not take the filter.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    program = b"".join(_program(*machine))
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(filters, len(filters)), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel does not take a filter of system calls")


def _program(architecture: int, refused: tuple[int, ...], special: dict[str, int]) -> list[bytes]:
    """The filter's instructions, 8 bytes each. A jump counts the instructions that it skips: if true, if not."""
    unknown = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        _answer(errno.EPERM),
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, _OTHER_CALLS, 0, 1),
        _answer(errno.EPERM),
    ]
    plain = [piece for number in refused for piece in (_instruction(_EQUAL, number, 0, 1), _answer(errno.EPERM))]
    # The C library makes threads with clone when there is no clone3, whose flags a filter cannot see.
    return [
        *unknown,
        *plain,
        _instruction(_EQUAL, special["clone3"], 0, 1),
        _answer(errno.ENOSYS),
        _instruction(_EQUAL, special["clone"], 0, 4),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _answer(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
        _instruction(_EQUAL, special["socket"], 0, 3),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_EQUAL, _AF_UNIX, 1, 0),
        _answer(errno.EACCES),
        _instruction(_RETURN, _ALLOW),
    ]


def _instruction(code: int, value: int, if_true: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_not, value)


def _answer(error: int) -> bytes:
    return _instruction(_RETURN, _REFUSE | error)

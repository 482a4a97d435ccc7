"""Open JupyterLab at the course's first page: `python -m tools.lab [JupyterLab's own options]`."""

import argparse
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAGE = "/lab/tree/course/01_dropout_mask.ipynb"


def taken(port: int) -> bool:
    """Whether something on this machine already listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def command(arguments: list[str]) -> list[str]:
    """The JupyterLab command for these extra options, which come last and so win."""
    options = [
        f"--LabApp.default_url={FIRST_PAGE}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # JupyterLab refuses to start as root otherwise, as in a container
    return [sys.executable, "-m", "jupyterlab", *options, *arguments]


def main(arguments: list[str]) -> int:
    """Start JupyterLab in place of this process; returns an exit code only if it cannot be started."""
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
    os.chdir(ROOT)
    whole = command(arguments)
    # nbgrader's pages call programs of its dependencies by name.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    os.execv(whole[0], whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

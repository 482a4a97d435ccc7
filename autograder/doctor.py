"""What is missing on this machine for the course and its grader, and how to get it."""

import importlib.metadata
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.sandbox import why_not

ROOT = Path(__file__).resolve().parent.parent
DISK_NEEDED = 4e9  # bytes: .venv has 2.2 GB, and it is built beside the old one


@dataclass(frozen=True)
class Symptom:
    """One thing looked at. state: "ok", "missing" (the course does not work) or "without" (a part does not)."""

    state: str
    what: str
    remedy: str = ""


def examine_machine(root: Path = ROOT) -> list[Symptom]:
    """Look at everything; returns one symptom or more for each thing."""
    looks: tuple[Callable[[Path], Iterator[Symptom]], ...] = (
        _python, _packages, _data, _fashion, _clothing, _kernel, _system_packages, _isolation, _disk, _port,
    )  # fmt: skip
    return [symptom for look in looks for symptom in look(root)]


def _python(root: Path) -> Iterator[Symptom]:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Symptom("ok", f"Python {version}")
    else:
        yield Symptom(
            "missing", f"Python {version} is not supported", "Use Python 3.11 to 3.13: make lab PYTHON=..."
        )


def _packages(root: Path) -> Iterator[Symptom]:
    """Compare what is installed with the lock file; a marker in the lock may leave a package out."""
    lock = root / "requirements.lock"
    if not lock.exists():
        yield Symptom("without", "no requirements.lock beside the package", "Versions cannot be compared here.")
        return
    wrong, right = [], 0
    for name, version, marker in re.findall(r"^([\w.-]+)==([\w.]+)( ;)?", lock.read_text(), re.MULTILINE):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not marker:
                wrong.append(f"{name} is not installed")
            continue
        if found == version:
            right += 1
        else:
            wrong.append(f"{name} is {found}, not {version}")
    if wrong:
        some = "; ".join(wrong[:3]) + ("; ..." if len(wrong) > 3 else "")
        yield Symptom("missing", f"{len(wrong)} packages differ from the lock: {some}", "Run: make lab")
    else:
        yield Symptom("ok", f"{right} packages as locked")


def _data(root: Path) -> Iterator[Symptom]:
    yield _ask(root, "missing", "course.sources.datasets")


def _fashion(root: Path) -> Iterator[Symptom]:
    yield _ask(root, "without", "course.sources.fashion_mnist", "--here")


def _ask(root: Path, otherwise: str, module: str, *options: str) -> Symptom:
    """What a module of the course says of its data, in a line."""
    done = _run(root, module, *options)
    if done.returncode == 0:
        return Symptom("ok", done.stdout.strip().splitlines()[-1])
    reason = (done.stderr.strip().splitlines() or ["the data cannot be verified"])[-1]
    return Symptom(otherwise, reason.split(". ")[0], reason.partition(". ")[2] or "Run: make lab")


def _run(root: Path, module: str, *options: str) -> subprocess.CompletedProcess:
    """Run a module of the course in a process of its own: the grader does not import it."""
    return subprocess.run(
        [sys.executable, "-m", module, *options], cwd=root, capture_output=True, text=True, check=False
    )


def _clothing(root: Path) -> Iterator[Symptom]:
    done = _run(root, "course.sources.clothing", "--here")
    wrong = done.stderr.strip().splitlines()
    said = " ".join([done.stdout.strip(), *(wrong if done.stdout else wrong[-1:])])
    if done.returncode == 0:
        yield Symptom("ok", said)
    else:
        remedy = (
            "Notebook 05 runs without them, and shows no photographs. "
            "To get them: python -m course.sources.clothing"
        )
        yield Symptom("without", said, remedy)


def _kernel(root: Path) -> Iterator[Symptom]:
    spec = Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    if spec.exists():
        yield Symptom("ok", "Jupyter's Python kernel")
    else:
        yield Symptom("missing", "Jupyter's Python kernel", "Run: make lab")


def _system_packages(root: Path) -> Iterator[Symptom]:
    if not shutil.which("dpkg-query") or not (root / "apt.txt").exists():
        return
    cost = ""
    for line in (root / "apt.txt").read_text().splitlines():
        if line.startswith("#"):
            cost = line.lstrip("# ")
        elif line.strip():
            status = subprocess.run(
                ["dpkg-query", "-W", "-f", "${db:Status-Status}", line.strip()], capture_output=True, check=False
            )
            if status.stdout == b"installed":
                yield Symptom("ok", f"Debian package {line.strip()}")
            else:
                yield Symptom(
                    "without", f"Debian package {line.strip()}: {cost}", f"apt-get install {line.strip()}"
                )


def _isolation(root: Path) -> Iterator[Symptom]:
    reason = why_not()
    if reason:
        yield Symptom("without", "isolation of students' code when a class is graded", f"Why: {reason}")
    else:
        yield Symptom("ok", "isolation of students' code when a class is graded")


def _disk(root: Path) -> Iterator[Symptom]:
    free = shutil.disk_usage(root).free
    if free >= DISK_NEEDED:
        yield Symptom("ok", f"{free / 1e9:.0f} GB of free disk")
    else:
        yield Symptom(
            "without", f"only {free / 1e9:.1f} GB of free disk", f"Setting up takes {DISK_NEEDED / 1e9:.0f} GB."
        )


def _port(root: Path) -> Iterator[Symptom]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8888))
        except OSError:
            yield Symptom("ok", "port 8888 is in use; JupyterLab takes the next free one")
            return
    yield Symptom("ok", "port 8888 is free for JupyterLab")


def as_text(symptoms: list[Symptom]) -> str:
    """A line for each symptom, and one that sums up."""
    lines = []
    for symptom in symptoms:
        lines.append(f"{symptom.state:8} {symptom.what}")
        if symptom.remedy:
            lines.append(f"{'':8} {symptom.remedy}")
    missing = sum(symptom.state == "missing" for symptom in symptoms)
    without = sum(symptom.state == "without" for symptom in symptoms)
    if missing:
        lines.append(f"The course does not work here yet: {missing} missing.")
    elif without:
        lines.append(f"The course works here, except for what is marked 'without' ({without}).")
    else:
        lines.append("Nothing is missing.")
    return os.linesep.join(lines)

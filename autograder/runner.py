"""Run a notebook and collect the reports of its checks: what `autograder check` does, without a server."""

import json
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from autograder.kernel import client
from autograder.notebook import MIME
from autograder.show.text import WIDTH

CELL_TIMEOUT = 60  # seconds


class UnusableNotebook(Exception):
    """A file that cannot be run as a notebook; the message is one sentence with the way out."""


@dataclass(frozen=True)
class CheckOutcome:
    """What one check cell gave. name: its grade id. points: None if the check did not get to speak."""

    name: str
    text: str
    points: float | None
    max_points: float


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook file. Raises UnusableNotebook, with what is wrong, for anything else."""
    if not path.exists():
        raise UnusableNotebook(f"There is no file {path}. Check the spelling, or the folder you are in.")
    if path.is_dir():
        inside = sorted(path.glob("*.ipynb"))
        named = f" Did you mean {inside[0]}?" if inside else ""
        raise UnusableNotebook(f"{path} is a folder, not a notebook.{named}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnusableNotebook(
            f"{path} is not a notebook: its text is not JSON. Save it again from JupyterLab, "
            "or start over from a fresh copy of the exercise."
        ) from error
    except OSError as error:
        raise UnusableNotebook(f"{path} cannot be read: {error.strerror}.") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list) or raw.get("nbformat") != 4:
        raise UnusableNotebook(
            f"{path} is JSON, but not a notebook of format 4. Open it in JupyterLab and save it again."
        )
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # jsonschema and nbformat raise several kinds
        raise UnusableNotebook(
            f"{path} is a damaged notebook. Start over from a fresh copy of the exercise and paste your code."
        ) from error
    return notebook


def run_checks(path: Path) -> list[CheckOutcome]:
    """Run a notebook in a fresh kernel, in its own folder, and return what its checks said.

    The file itself is not changed. Raises UnusableNotebook if it cannot be run or contains no check.
    """
    notebook = read(path)
    checks = [cell for cell in notebook.cells if _is_check(cell)]
    if not checks:
        raise UnusableNotebook(
            f"{path} contains no check cell. Give an exercise, for example exercises/01_mask/01_mask.ipynb."
        )
    runner = client(notebook, path.resolve().parent, CELL_TIMEOUT, allow_errors=True)
    stopped = ""
    try:
        # What the kernel itself says when it is ended in the middle of a loop helps nobody.
        runner.execute(stderr=subprocess.DEVNULL)
    except CellTimeoutError:
        stopped = f"A cell ran longer than {CELL_TIMEOUT} seconds and was stopped; look for an endless loop."
    except DeadKernelError:
        stopped = "The Python process ended in the middle of the notebook; look for exit() or too much memory."
    return [_outcome(cell, stopped or _first_error(notebook)) for cell in checks]


def _first_error(notebook: nbformat.NotebookNode) -> str:
    """What went wrong first, outside the checks: usually the reason why a check could not speak."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" and not _is_check(cell):
                return f"A cell above it failed with {output.ename}: {output.evalue}"
    return ""


def _is_check(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _outcome(cell: nbformat.NotebookNode, reason: str) -> CheckOutcome:
    """What a check cell gave. reason: why it may have given nothing, "" if nothing is known."""
    settings = cell.metadata["nbgrader"]
    name, max_points = str(settings.get("grade_id", "check")), float(settings.get("points", 0))
    for output in cell.get("outputs", []):
        bundle = output.get("data", {})
        if MIME in bundle and not ("interrupted" in bundle["text/plain"] and reason):
            return CheckOutcome(name, bundle["text/plain"], float(bundle[MIME]["points"]), max_points)
        if output.output_type == "error":
            told = [f"{name}: {output.ename}: {output.evalue}", reason]
            if output.ename == "NameError":
                told.append("Run the cell that defines it, and keep the name that the exercise asks for.")
            return CheckOutcome(name, _paragraph(told), None, max_points)
    return CheckOutcome(name, _paragraph([f"{name}: {reason or 'the check did not run.'}"]), None, max_points)


def _paragraph(sentences: list[str]) -> str:
    return "\n".join(line for sentence in sentences if sentence for line in textwrap.wrap(sentence, WIDTH))

"""The instructor's notebook, and what a submission puts into it: the text of solution cells, nothing else."""

import ast
import copy
import errno
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.catalogue import exercises

#: The largest file that is read as a submission, and the longest text of a solution cell, in bytes and characters.
FILE_LIMIT = 20_000_000
TEXT_LIMIT = 200_000

#: Lists and objects in such a file at most, told by their brackets: one of a single character takes a hundred bytes
#: of memory, and whoever reads a class reads it beside everything else.
BRACKETS_LIMIT = 1_000_000

#: Ways to open a file that not every system has.
_NOT_BLOCKING, _NO_LINK = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_NOFOLLOW", 0)

#: What is put where a submission has no such cell.
MISSING = "# This cell is missing from the submission.\n"


class UnusableTemplate(ValueError):
    """An instructor's notebook that cannot be graded with; the message is one sentence with the way out."""


class UnreadableFile(OSError):
    """A file that is there and cannot be read, and its author is not to blame; the message is one sentence."""


@dataclass(frozen=True)
class Check:
    """A grade cell. cell: its place in the notebook, from 0. objects: the names handed to the check."""

    cell: int
    exercise: str
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """What counts of a file that was handed in.

    texts: the solution cells' text by grade_id. problem: why there is none, one sentence, "" if there is.
    notes: what else a person should know, sentences.
    """

    texts: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """What tells this submission from all others: of the same text, the same; 64 hexadecimal digits."""
        told = json.dumps([self.texts, self.problem, self.notes], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Template:
    """The instructor's notebook without its solutions.

    cells: as in the file, the text of solution cells empty. solutions: the places of solution cells by grade_id.
    checks: the grade cells, in order. metadata: the notebook's own.
    """

    cells: tuple[dict, ...]
    solutions: dict[str, int]
    checks: tuple[Check, ...]
    metadata: dict

    def digest(self) -> str:
        """What tells this template from all others, 64 hexadecimal digits."""
        told = json.dumps([self.cells, self.metadata], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def rebuilt(self, submission: Submission) -> dict:
        """The notebook that is run: this one, with the submission's text in its solution cells."""
        cells = [copy.deepcopy(cell) for cell in self.cells]
        for grade_id, place in self.solutions.items():
            cells[place]["source"] = submission.texts.get(grade_id, MISSING)
        return {"cells": cells, "metadata": copy.deepcopy(self.metadata), "nbformat": 4, "nbformat_minor": 5}

    @property
    def imports(self) -> frozenset[str]:
        """The names of the packages that its own cells import."""
        sources = (cell["source"] for cell in self.cells if cell["cell_type"] == "code")
        return frozenset(
            name for source in sources for name in re.findall(r"^(?:import|from) +(\w+)", source, re.MULTILINE)
        )


def load_template(path: Path) -> Template:
    """Read an instructor's notebook, with or without its solutions. Raises UnusableTemplate for anything else."""
    try:
        raw = json.loads(path.read_bytes())
        cells = [_plain_cell(number, cell) for number, cell in enumerate(raw["cells"])]
        metadata = {
            name: raw["metadata"][name] for name in ("kernelspec", "language_info") if name in raw["metadata"]
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnusableTemplate(
            f"{path} is not a notebook to grade with ({type(error).__name__}). Make the assignment again."
        ) from error
    settings = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    solutions = {s["grade_id"]: place for place, s in enumerate(settings) if s.get("solution")}
    for place in solutions.values():
        cells[place]["source"] = ""
    checks = [
        _check(path, place, cells[place]["source"])
        for place, s in enumerate(settings)
        if s.get("grade") and not s.get("solution") and cells[place]["cell_type"] == "code"
    ]
    if not checks:
        raise UnusableTemplate(f"{path} contains no check, so there is nothing to grade.")
    return Template(tuple(cells), solutions, tuple(checks), metadata)


def _plain_cell(number: int, cell: dict) -> dict:
    """A cell without what an earlier run left in it, and with a name that does not change from run to run."""
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    name = cell["metadata"].get("nbgrader", {}).get("grade_id") or f"cell-{number}"
    plain = {
        "cell_type": cell["cell_type"],
        "id": re.sub(r"[^\w-]", "-", name, flags=re.ASCII)[:64],
        "metadata": cell["metadata"],
        "source": source,
    }
    return plain | {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else plain


def _check(path: Path, place: int, source: str) -> Check:
    """Read a grade cell, which has to be nothing but one call of `check`."""
    try:
        (statement,) = ast.parse(source).body
        match getattr(statement, "value", None):
            case ast.Call(func=ast.Name("check"), args=[ast.Constant(str(exercise)), *rest], keywords=[]):
                objects = tuple(argument.id for argument in rest if isinstance(argument, ast.Name))
                if exercise in exercises() and len(objects) == len(rest):
                    return Check(place, exercise, objects)
        raise ValueError
    except (SyntaxError, ValueError) as error:
        raise UnusableTemplate(
            f'{path}: cell {place} is to be graded but is not a check such as check("mask", dropout_mask).'
        ) from error


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, whatever else may lie there: a pipe is not waited for, a link is not followed.

    Raises OSError for what cannot be read, IsADirectoryError for what is not a file, and ValueError for more than
    `limit` bytes.
    """
    handle = os.open(path, os.O_RDONLY | _NOT_BLOCKING | _NO_LINK)
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise IsADirectoryError
    with os.fdopen(handle, "rb") as file:
        if status.st_size > limit:
            raise ValueError(f"The file has {status.st_size:,} bytes; {limit:,} are allowed.")
        return file.read(limit)


def read_submission(path: Path, template: Template) -> Submission:
    """Read the file STUDENT/ASSIGNMENT/FILE that was handed in, whatever it is; what is wrong with it is in
    `problem`. Raises UnreadableFile where this machine or its rights do not let anybody read it.
    """
    if path.parent.is_symlink() or path.parent.parent.is_symlink():
        return Submission(problem="Its folder is a link to another one. Hand in the file itself.")
    try:
        return parse_submission(read_regular(path, FILE_LIMIT), template)
    except FileNotFoundError:
        return Submission(problem="There is no such file in the submission.")
    except IsADirectoryError:
        return Submission(problem="It is not a file but a folder, a device or a pipe.")
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            return Submission(problem="It is not a file but a link to another one. Hand in the file itself.")
        if error.errno in (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP):
            return Submission(problem="It is not a file but a socket or a device.")
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        return Submission(problem=f"{error} Clear its outputs and save it again.")


def parse_submission(data: bytes, template: Template) -> Submission:
    """Take from a file's bytes what counts, whatever they are; what is wrong with them is in `problem`."""
    if not data.strip():
        return Submission(problem="The file is empty.")
    if data.count(b"[") + data.count(b"{") > BRACKETS_LIMIT:
        many = f"It holds more than {BRACKETS_LIMIT:,} lists and objects."
        return Submission(problem=f"{many} Clear its outputs and save it again.")
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Submission(problem="It is not a notebook: its bytes are not text in UTF-8.")
    except RecursionError:
        return Submission(problem="It is not a notebook: its JSON is nested too deeply.")
    except ValueError:
        return Submission(problem="It is not a notebook: its text is not JSON.")
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list):
        found = raw.get("nbformat") if isinstance(raw, dict) else None
        if type(found) is int and found < 4:
            return Submission(
                problem=f"It is a notebook of the old format {found}. Open it in JupyterLab and save it."
            )
        return Submission(problem="It is JSON, but not a notebook: it has no list of cells.")
    return _from_cells(raw["cells"], template)


def _from_cells(cells: list, template: Template) -> Submission:
    texts: dict[str, str] = {}
    notes: list[str] = []
    for cell in cells:
        grade_id, source = _solution_of(cell, template)
        if grade_id is None:
            continue
        if source is None:
            notes.append(f"The content of the cell {grade_id} is not text; it was left out.")
            continue
        if grade_id in texts:
            notes.append(f"The cell {grade_id} occurs more than once; the last one counts.")
        if len(source) > TEXT_LIMIT:
            notes.append(f"The cell {grade_id} is longer than {TEXT_LIMIT:,} characters; it was left out.")
            continue
        clean = source.encode("utf-8", "replace").decode("utf-8")
        if clean != source:
            notes.append(f"The cell {grade_id} contains invalid characters (lone surrogates).")
        texts[grade_id] = clean
    missing = [grade_id for grade_id in template.solutions if grade_id not in texts]
    if missing and not texts:
        return Submission(problem="None of the exercise's cells is in it. Start from a fresh copy of the exercise.")
    notes += [f"The cell {grade_id} is missing." for grade_id in missing]
    return Submission(texts, notes=tuple(dict.fromkeys(notes)))


def _solution_of(cell: Any, template: Template) -> tuple[str | None, str | None]:
    """The grade_id of the solution cell that this is, and its text; None for what there is not."""
    try:
        grade_id = cell["metadata"]["nbgrader"]["grade_id"]
    except (TypeError, KeyError, IndexError):
        return None, None
    if type(grade_id) is not str or grade_id not in template.solutions:
        return None, None
    source = cell.get("source")
    if type(source) is list and all(type(line) is str for line in source):
        source = "".join(source)
    return grade_id, source if type(source) is str else None

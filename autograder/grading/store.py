"""Results by content: each is written once and whole, found again by what it was made from.

A key is made from everything that decides a grade: what was handed in, the instructor's notebook, the grader's
own code and libraries, the limits and the course's secret. The same grade is never made twice, and a change in
any of them makes a new one.
"""

import contextlib
import hashlib
import hmac
import importlib.metadata
import json
import os
import secrets
import sys
import tempfile
from functools import cache
from pathlib import Path

from autograder import catalogue
from autograder.grading.sandbox import Limits
from autograder.grading.stored import StoredResult
from autograder.grading.template import Submission, Template


class Store:
    """A folder of results. One file each, named by its key; read again only if it is whole."""

    def __init__(self, folder: Path):
        self.folder = folder

    def get(self, key: str) -> StoredResult | None:
        """The result of a key; None if there is none, or none that is whole."""
        try:
            kept = json.loads(self._path(key).read_bytes())
            return StoredResult.from_json(kept["result"]) if kept["digest"] == _digest(kept["result"]) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, key: str, result: StoredResult) -> None:
        """Write a result, whole or not at all; what is there already stays."""
        if self.get(key) is None:
            written = result.as_json()
            write_whole(self._path(key), json.dumps({"digest": _digest(written), "result": written}).encode())

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def _digest(written: dict) -> str:
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that nobody, also after a loss of power, ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def course_secret(root: Path) -> bytes:
    """The course's secret, 32 bytes, made when first asked for: `.course_secret`, readable by its owner only."""
    path = root / ".course_secret"
    with contextlib.suppress(FileNotFoundError):
        return bytes.fromhex(path.read_text().strip())
    handle, name = tempfile.mkstemp(dir=root, prefix=".course_secret-")  # of mode 600
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    with contextlib.suppress(FileExistsError):  # another process was faster: its secret counts
        os.link(name, path)
    os.unlink(name)
    return bytes.fromhex(path.read_text().strip())


def seed_of(secret: bytes, submission: Submission, exercise: str) -> int:
    """The seed of one exercise of one submission, from 0 to 2**63 - 1: nobody without the secret can foresee it."""
    told = f"{submission.digest()} {exercise}".encode()
    return int.from_bytes(hmac.digest(secret, told, "sha256")[:8], "big") >> 1


def seeds_of(submission: Submission, template: Template, secret: bytes) -> dict[str, int]:
    """The seed of each exercise of a submission: all that is needed of the course's secret to grade it."""
    return {check.exercise: seed_of(secret, submission, check.exercise) for check in template.checks}


def key_of(submission: Submission, template: Template, secret: bytes, limits: Limits, walled: bool) -> str:
    """The key of a submission's result, 64 hexadecimal digits."""
    parts = [submission.digest(), template.digest(), hmac.digest(secret, b"key", "sha256").hex()]
    return hashlib.sha256(repr([*parts, limits, walled, grader_digest()]).encode()).hexdigest()


@cache
def grader_digest() -> str:
    """What tells this grader from every other: its code, others' exercises, its Python and its libraries."""
    digest = hashlib.sha256(sys.version.encode())
    for name, path in sorted(catalogue.sources().items()):
        digest.update(name.encode() + path.read_bytes())
    for name in (
        "numpy",
        "scipy",
        "matplotlib",
        "keras",
        "tensorflow",
        "tensorflow-cpu",
        "scikit-learn",
        "ipython",
    ):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    return digest.hexdigest()

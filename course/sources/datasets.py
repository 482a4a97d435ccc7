"""The course's data files: where they are, and whether they are undamaged.

Every file is verified by SHA-256 before use. A damaged or missing one is replaced from the folder that the
environment variable DROPOUT_DATA names, or from the repository's own history; it is never used as it is.
`python -m course.sources.datasets` verifies them all.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data"
#: The environment variable that names a folder with local copies.
VARIABLE = "DROPOUT_DATA"


class DataError(RuntimeError):
    """A data file is missing or damaged and has no good copy; the message says which one, and what to do."""


@dataclass(frozen=True)
class DataFile:
    """A file the course needs. name: in the data folder. sha256: of its bytes, as hexadecimal digits."""

    name: str
    sha256: str

    def matches(self, data: bytes) -> bool:
        """Whether these are the file's bytes."""
        return hashlib.sha256(data).hexdigest() == self.sha256


FILES = {
    "sonar.csv": DataFile("sonar.csv", "e90434cdbf00fcf93ffa911fe447ae25606979658e60f1d32e155c3b5240234d"),
    "clothing_features.npz": DataFile(
        "clothing_features.npz", "ae964412d745678fb4e9a93bd1f54e38d7498e33387706b6cd142fdde094f48b"
    ),
}


def path(name: str, folder: Path = FOLDER) -> Path:
    """The path of a verified data file, restored first if it is missing or damaged.

    name: one of FILES. folder: where the course keeps its data.
    Raises DataError when no undamaged copy can be found, and ValueError for a name that is not in FILES.
    """
    if name not in FILES:
        raise ValueError(f"There is no data file {name!r}; there are: {', '.join(FILES)}.")
    wanted, target = FILES[name], folder / name
    problem = "is missing"
    if target.is_dir():
        raise DataError(f"{target} is a folder, but should be a file. Move it away and run the same command again.")
    folder.mkdir(parents=True, exist_ok=True)
    if target.is_file():
        if wanted.matches(target.read_bytes()):
            return target
        problem = "is damaged: its checksum differs"
    for where, copy in _copies(wanted, folder):
        if wanted.matches(copy):
            _write(target, copy)
            print(f"{name} {problem}. It was replaced from {where}.")
            return target
    raise DataError(
        f"{target.name} {problem}, and no undamaged copy was found. Get it back with "
        f"'git checkout -- course/data/{name}', or set {VARIABLE} to a folder that has it."
    )


def keras_cache() -> Path:
    """The folder in which Keras keeps what it fetches, as `keras.utils.get_file` chooses it."""
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    if not os.access(home, os.W_OK) and home.exists():
        home = Path(tempfile.gettempdir()) / ".keras"
    return home


def _copies(wanted: DataFile, folder: Path):
    """Where else the file may be: pairs of a place in words and the bytes found there."""
    local = os.environ.get(VARIABLE)
    if local and (Path(local) / wanted.name).is_file():
        yield f"the folder {VARIABLE} names", (Path(local) / wanted.name).read_bytes()
    shown = (
        subprocess.run(["git", "show", f"HEAD:./{wanted.name}"], cwd=folder, capture_output=True, check=False)
        if folder.is_dir()
        else None
    )
    if shown is not None and shown.returncode == 0:
        yield "the repository's history", shown.stdout


def _write(target: Path, data: bytes) -> None:
    """Write in one step, so that an interruption leaves no half file."""
    draft = target.with_suffix(target.suffix + ".part")
    draft.write_bytes(data)
    os.replace(draft, target)


def main() -> int:
    """Verify every data file; returns the process's exit code."""
    try:
        for name in FILES:
            path(name)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Data: {len(FILES)} of {len(FILES)} files verified.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

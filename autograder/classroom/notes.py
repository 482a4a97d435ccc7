"""What is known of grades that have been written: `build/written/ASSIGNMENT.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from autograder.grading.store import write_whole


@dataclass(frozen=True)
class Notes:
    """What this program had nbgrader write of an assignment.

    released: the digest of the instructor's file, of which nbgrader knows. students: the key of the grade that was
    written, by student.
    """

    released: str = ""
    students: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Notes":
        """Those in a file. Raises OSError if there are none, ValueError if they are damaged."""
        try:
            raw = json.loads(path.read_bytes())
            return cls(str(raw["released"]), {str(name): str(key) for name, key in raw["students"].items()})
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path.name} is damaged") from error

    @classmethod
    def read_or_none(cls, path: Path) -> "Notes":
        """Those in a file; without anything in them if it cannot be read."""
        try:
            return cls.read(path)
        except (OSError, ValueError):
            return cls()

    def knowing(self, released: str) -> "Notes":
        """The same, when nbgrader has learnt the instructor's file."""
        return replace(self, released=released)

    def having(self, students: dict[str, str]) -> "Notes":
        """The same, when more grades are written. students: their keys, by student."""
        return replace(self, students=self.students | students)

    def without(self, students: Iterable[str]) -> "Notes":
        """The same without some students."""
        gone = set(students)
        return replace(self, students={name: key for name, key in self.students.items() if name not in gone})

    def write(self, path: Path) -> None:
        """Write them down, whole or not at all."""
        write_whole(path, json.dumps(asdict(self), indent=1).encode())

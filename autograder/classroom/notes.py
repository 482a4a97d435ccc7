"""What is known of grades that have been written: `build/written/ASSIGNMENT.json`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograder.grading.store import write_whole


@dataclass
class Notes:
    """What this program had nbgrader write of an assignment.

    released: the digest of the instructor's file, of which nbgrader knows. students: the key of the grade that was
    written, by student.
    """

    released: str = ""
    students: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, assignment: str) -> "Notes":
        """Those of a course's assignment. Raises OSError if there are none, ValueError if they are damaged."""
        try:
            raw = json.loads(_path(root, assignment).read_bytes())
            return cls(str(raw["released"]), {str(name): str(key) for name, key in raw["students"].items()})
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{_path(root, assignment).relative_to(root)} is damaged") from error

    def write(self, root: Path, assignment: str) -> None:
        """Write them down, whole or not at all."""
        write_whole(_path(root, assignment), json.dumps(asdict(self), indent=1).encode())


def _path(root: Path, assignment: str) -> Path:
    return root / "build" / "written" / f"{assignment}.json"

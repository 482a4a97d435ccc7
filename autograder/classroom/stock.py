"""nbgrader's own flow as it ships: generate, autograde, feedback, export.

The commands are nbgrader's; this module only calls them in order and says in a sentence what failed. The
student's code runs with the instructor's rights here: grade this way only work of people you trust.
"""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


class GradingStopped(RuntimeError):
    """A step of nbgrader's that cannot go on; the message is one sentence with the way out."""


@dataclass(frozen=True)
class Grade:
    """A line of the export. score, max_score: points."""

    assignment: str
    student: str
    score: float
    max_score: float


@dataclass(frozen=True)
class Course:
    """A folder with nbgrader_config.py and solutions/."""

    root: Path

    def assignments(self) -> list[str]:
        """The names of all assignments there are, in order."""
        return sorted(folder.name for folder in (self.root / "solutions").iterdir() if folder.is_dir())

    def submissions(self, assignment: str) -> list[str]:
        """The students who handed an assignment in, in order."""
        found = (self.root / "submitted").glob(f"*/{assignment}")
        return sorted(folder.parent.name for folder in found if folder.is_dir())

    def release(self, assignment: str, into: str = "exercises") -> None:
        """Generate an assignment's release version. Raises GradingStopped when nbgrader refuses.

        into: the release folder, relative to the course's. nbgrader writes to its gradebook as well, which is
        how it knows the assignment when it grades.
        """
        where = f"--CourseDirectory.release_directory={into}"
        done = self._nbgrader("generate_assignment", assignment, "--force", "--create", where)
        if done.returncode != 0:
            raise GradingStopped(f"nbgrader could not generate {assignment}: {_reason(done)}")

    def autograde(self, assignment: str) -> None:
        """Grade the submissions of an assignment that are new, or differ from what was graded."""
        for student in self.submissions(assignment):
            if self._digests().get(f"{student}/{assignment}", "new") != self._digest(student, assignment):
                # nbgrader by itself grades again only what carries a later timestamp.
                for folder in ("autograded", "feedback"):
                    shutil.rmtree(self.root / folder / student / assignment, ignore_errors=True)
        self._nbgrader("autograde", assignment)
        graded = {
            f"{student}/{assignment}": self._digest(student, assignment) for student in self.submissions(assignment)
        }
        self._state().write_text(json.dumps(self._digests() | graded, indent=1))

    def generate_feedback(self, assignment: str) -> bool:
        """Write the feedback pages of an assignment; returns whether every one could be written."""
        return self._nbgrader("generate_feedback", assignment).returncode == 0

    def _state(self) -> Path:
        return self.root / "build" / "graded.json"

    def _digests(self) -> dict[str, str]:
        """What was graded so far: by student and assignment, the digest of what was handed in."""
        try:
            return json.loads(self._state().read_text())
        except (OSError, ValueError):
            return {}

    def _digest(self, student: str, assignment: str) -> str:
        digest = hashlib.sha256()
        for path in sorted((self.root / "submitted" / student / assignment).rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def export(self) -> list[Grade]:
        """Write grades.csv and return its lines. Raises GradingStopped when nbgrader refuses."""
        target = self.root / "grades.csv"
        done = self._nbgrader("export", "--to", str(target))
        if done.returncode != 0:
            raise GradingStopped(f"nbgrader could not export the grades: {_reason(done)}")
        with target.open(newline="") as lines:
            return [
                Grade(line["assignment"], line["student_id"], float(line["score"]), float(line["max_score"]))
                for line in csv.DictReader(lines)
            ]

    def log(self) -> Path:
        """The file in which nbgrader's words are kept."""
        return self.root / "build" / "nbgrader.log"

    def _nbgrader(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        # nbgrader calls programs of its dependencies by name, also when this .venv is not activated.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        self.log().parent.mkdir(exist_ok=True)
        with self.log().open("a") as log:
            log.write(f"$ nbgrader {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        return done


def _reason(done: subprocess.CompletedProcess) -> str:
    """nbgrader's last line that says ERROR, without its prefix."""
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    return errors[-1].partition("ERROR |")[2].strip() if errors else "see build/nbgrader.log"

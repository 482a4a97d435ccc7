"""nbgrader's own commands: generate, autograde, feedback, export.

They are called here, in a process of theirs (`nbgrader_process`), and what failed is said in a sentence.
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom import waiting
from autograder.classroom.course import Course
from autograder.classroom.lock import LOCK_VARIABLE
from autograder.classroom.telling import DISK_FULL, FULL, CannotGoOn, tell_now
from autograder.classroom.waiting import IN_USE, await_gradebook
from autograder.printable import printable


@dataclass(frozen=True)
class Grade:
    """A line of the export. score, max_score: points."""

    assignment: str
    student: str
    score: float
    max_score: float


# Questions to nbgrader's gradebook.
_KNOWN = "SELECT id FROM assignment WHERE name = :name"
_STUDENTS = (
    "SELECT student_id FROM submitted_assignment "
    "WHERE assignment_id = (SELECT id FROM assignment WHERE name = :name)"
)


@dataclass(frozen=True)
class Nbgrader:
    """nbgrader's own commands, run for a course.

    lock: the open file of the course's lock, if this process holds it; nbgrader's processes inherit it.
    """

    course: Course
    lock: int | None = None

    def generate(self, assignment: str) -> Path:
        """Generate an assignment's release version; returns the folder that it is in, which is in build/.

        nbgrader writes to its gradebook as well, which is how it knows the assignment when it grades. Raises
        CannotGoOn when it refuses.
        """
        done = self._run(self._generating(assignment))
        if done.returncode != 0:
            raise CannotGoOn(f"nbgrader could not generate {assignment}: {self._reason(done)}")
        return self.course.generated / assignment

    def _generating(self, assignment: str) -> list[str]:
        # Into a folder of its own: the one for students may hold somebody's work.
        where = f"--CourseDirectory.release_directory={self.course.within(self.course.generated)}"
        return ["generate_assignment", assignment, "--force", "--create", where]

    def _exporting(self) -> list[str]:
        return ["export", "--to", str(self.course.grades)]

    def record(self, assignment: str, anew: bool) -> None:
        """Have nbgrader write the grades of what is staged of an assignment, and export.

        anew: whether nbgrader has to learn the assignment first. Raises CannotGoOn when it refuses to.
        """
        folder = f"--CourseDirectory.submitted_directory={self.course.within(self.course.staged)}"
        autograde = ["autograde", assignment, folder, f"--SubmissionExporter.followed={os.getpid()}"]
        commands = [autograde, self._exporting()]
        done = self._run(*([self._generating(assignment)] if anew else []), *commands)
        if done.returncode < 0:
            # What it was writing may be there in part; it is not noted, and so written anew.
            raise CannotGoOn(
                f"nbgrader was ended by signal {-done.returncode} while it was writing the gradebook. What has "
                "been graded is kept: run this again, and it continues where it stopped."
            )
        if anew and done.returncode & 1:
            raise CannotGoOn(f"nbgrader could not generate {assignment}: {self._reason(done)}")

    def recorded(self, assignment: str) -> set[str] | None:
        """The students of whom the gradebook has a submission; None if it does not know the assignment.

        Raises CannotGoOn when it cannot be read.
        """
        file = self.course.gradebook
        if file is None:
            return _recorded_by_server(self.course.gradebook_url, assignment)
        await_gradebook(file)
        if not file.exists():
            return None
        # Asked directly, because loading nbgrader takes as long as grading forty submissions.
        gradebook = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=waiting.PATIENCE)
        try:
            if waiting.is_empty(gradebook):
                file.unlink()  # it was begun, and there was no room for it; nbgrader makes it anew, and whole
                return None
            known = gradebook.execute(_KNOWN, {"name": assignment}).fetchall()
            return {student for (student,) in gradebook.execute(_STUDENTS, {"name": assignment})} if known else None
        except sqlite3.Error as error:
            raise CannotGoOn(waiting.why_unusable(file, error)) from error
        finally:
            gradebook.close()

    def write_feedback(self, assignment: str) -> bool:
        """Write the feedback pages of an assignment; returns whether every one could be written."""
        return self._run(["generate_feedback", assignment]).returncode == 0

    def export(self) -> list[Grade]:
        """Write the table of all grades, if it is older than the gradebook, and return its lines.

        Raises CannotGoOn when nbgrader refuses.
        """
        target, gradebook = self.course.grades, self.course.gradebook
        if gradebook is None or not _is_newer(target, gradebook):
            done = self._run(self._exporting())
            if done.returncode != 0:
                raise CannotGoOn(f"nbgrader could not export the grades: {self._reason(done)}")
        with target.open(newline="") as lines:
            return [
                Grade(line["assignment"], line["student_id"], float(line["score"]), float(line["max_score"]))
                for line in csv.DictReader(lines)
            ]

    def _run(self, *commands: list[str]) -> subprocess.CompletedProcess[str]:
        """Run commands of nbgrader's in one process. Bit n of its return code: whether command n failed.

        A gradebook that is in use is waited for, before and meanwhile; what fails all the same because of that is
        done again. Raises CannotGoOn when it takes too long, and where the disk is full.
        """
        file, begun = self.course.gradebook, time.monotonic()
        while True:
            if file is not None:
                await_gradebook(file)
            done = self._run_once(commands, file)
            self._keep(f"{done.stdout}{done.stderr}\n")
            if not done.returncode or file is None or not _says(done, IN_USE):
                break
            if time.monotonic() - begun > waiting.PATIENCE:
                raise CannotGoOn(waiting.still_in_use(file, waiting.PATIENCE))
        if _says(done, FULL):
            raise CannotGoOn(DISK_FULL)
        return done

    def _run_once(
        self, commands: tuple[list[str], ...], gradebook: Path | None
    ) -> subprocess.CompletedProcess[str]:
        """Run commands of nbgrader's. gradebook: the file that they write to, if it is one."""
        module = "autograder.classroom.nbgrader_process"
        command = [sys.executable, "-m", module, json.dumps(commands), str(waiting.PATIENCE)]
        held = () if self.lock is None else (self.lock,)
        # Not pipes: this process would have to empty them while it looks after the gradebook.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            with subprocess.Popen(
                command,
                cwd=self.course.root,
                env=self._environment(),
                pass_fds=held,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            ) as running:
                _watch(running, gradebook)
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, running.returncode, output.read(), errors.read())

    def _environment(self) -> dict[str, str]:
        """The environment of nbgrader's process."""
        # nbgrader calls programs of its dependencies by name, also when this .venv is not activated.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        held = {} if self.lock is None else {LOCK_VARIABLE: str(self.lock)}
        return {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore", **held}

    def _keep(self, text: str) -> None:
        """Keep nbgrader's words. Raises OSError."""
        self.course.log.parent.mkdir(exist_ok=True)
        with self.course.log.open("a", encoding="utf-8") as log:
            log.writelines(f"{printable(line)}\n" for line in text.split("\n"))

    def _reason(self, done: subprocess.CompletedProcess[str]) -> str:
        """nbgrader's last line that says ERROR, without its prefix."""
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
        if not errors:
            return f"see {self.course.within(self.course.log)}"
        return printable(errors[-1].partition("ERROR |")[2].strip())


def _is_newer(file: Path, other: Path) -> bool:
    return file.exists() and other.exists() and file.stat().st_mtime > other.stat().st_mtime


def _watch(running: subprocess.Popen[bytes], gradebook: Path | None) -> None:
    """Wait until a process of nbgrader's has ended, and say so, once, if it has to wait for the gradebook."""
    seen = 0
    while True:
        try:
            running.wait(waiting.QUIET)
            return
        except subprocess.TimeoutExpired:
            if gradebook is None:
                continue
            seen = seen + 1 if waiting.others_write(gradebook, running.pid) else 0
            if seen == 2:
                tell_now(f"{waiting.in_use(gradebook, running.pid)} nbgrader is waiting for it. Nothing is lost.")


def _says(done: subprocess.CompletedProcess[str], words: tuple[str, ...]) -> bool:
    """Whether nbgrader's words contain one of some."""
    return any(each in text for each in words for text in (done.stdout, done.stderr))


def _recorded_by_server(url: str, assignment: str) -> set[str] | None:
    """What `Nbgrader.recorded` returns, of a gradebook that is no file."""
    # Not needed for a file, and slow to load.
    from sqlalchemy import create_engine, inspect, text  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        engine = create_engine(url)
        if not inspect(engine).has_table("assignment"):
            return None
        with engine.connect() as gradebook:
            known = gradebook.execute(text(_KNOWN), {"name": assignment}).all()
            return set(gradebook.execute(text(_STUDENTS), {"name": assignment}).scalars()) if known else None
    except (SQLAlchemyError, ImportError) as error:
        raise CannotGoOn(
            f"The gradebook cannot be read: {str(error).splitlines()[0]}. See db_url in nbgrader_config.py."
        ) from error

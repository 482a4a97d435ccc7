"""nbgrader's own commands: generate, autograde, feedback, export.

This module only calls them and says in a sentence what failed.
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

from traitlets.config.loader import Config, PyFileConfigLoader

from autograder.classroom import waiting
from autograder.classroom.lock import LOCK_VARIABLE
from autograder.classroom.telling import DISK_FULL, FULL, tell_now
from autograder.classroom.waiting import IN_USE, GradingStopped, await_gradebook
from autograder.printable import printable

#: Where freshly generated assignments are put before anything else sees them.
FRESH = "release"


@dataclass(frozen=True)
class Grade:
    """A line of the export. score, max_score: points."""

    assignment: str
    student: str
    score: float
    max_score: float


_SQLITE = "sqlite:///"

# Questions to nbgrader's gradebook.
_KNOWN = "SELECT id FROM assignment WHERE name = :name"
_STUDENTS = (
    "SELECT student_id FROM submitted_assignment "
    "WHERE assignment_id = (SELECT id FROM assignment WHERE name = :name)"
)


def settings(root: Path) -> Config:
    """What a course's nbgrader_config.py says. Raises GradingStopped when it cannot be read."""
    try:
        return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    except Exception as error:  # it is a program, which can fail in any way
        raise GradingStopped(f"nbgrader_config.py cannot be read, mend it: {error!r}.") from error


def gradebook_url(root: Path) -> str:
    """Where a course's gradebook is, as SQLAlchemy writes it. Raises GradingStopped as `settings` does."""
    url = settings(root).CourseDirectory.get("db_url", f"{_SQLITE}gradebook.db")
    # nbgrader is run in the course's folder, and takes a path from there.
    return f"{_SQLITE}{root.absolute() / url.removeprefix(_SQLITE)}" if url.startswith(_SQLITE) else url


def gradebook_file(root: Path) -> Path | None:
    """The file that a course's gradebook is; None if it is a database that a server keeps."""
    url = gradebook_url(root)
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


@dataclass(frozen=True)
class Course:
    """A folder with nbgrader_config.py and solutions/.

    lock: the open file of the course's lock, if this process holds it; nbgrader's processes inherit it.
    """

    root: Path
    lock: int | None = None

    def assignments(self) -> list[str]:
        """The names of all assignments there are, in order."""
        return sorted(folder.name for folder in (self.root / "solutions").iterdir() if folder.is_dir())

    def unusable(self, assignment: str = "") -> str:
        """Why nothing can be done here, or with an assignment: a sentence with the way out, "" if it can."""
        if not (self.root / "nbgrader_config.py").exists() or not (self.root / "solutions").is_dir():
            return (
                f"{self.root} is no course folder: it has no nbgrader_config.py with a folder solutions beside it. "
                "Go to the one that has."
            )
        if assignment and assignment not in self.assignments():
            return f"There is no assignment {assignment!r}; there are: {', '.join(self.assignments())}."
        return ""

    def submissions(self, assignment: str) -> list[str]:
        """The students who handed an assignment in, in order."""
        submitted = self.root / "submitted"
        students = os.listdir(submitted) if submitted.is_dir() else []
        # As `os.path` asks it: a link to what no system can look up is no folder, and no error.
        return sorted(student for student in students if os.path.isdir(submitted / student / assignment))

    def release(self, assignment: str, into: str = "exercises") -> None:
        """Generate an assignment's release version. Raises GradingStopped when nbgrader refuses.

        into: the release folder, relative to the course's. nbgrader writes to its gradebook as well, which is
        how it knows the assignment when it grades.
        """
        done = self._nbgrader(self._generating(assignment, into))
        if done.returncode != 0:
            raise GradingStopped(f"nbgrader could not generate {assignment}: {_reason(done)}")

    def _generating(self, assignment: str, into: str) -> list[str]:
        where = f"--CourseDirectory.release_directory={into}"
        return ["generate_assignment", assignment, "--force", "--create", where]

    def _exporting(self) -> list[str]:
        return ["export", "--to", str(self.root / "grades.csv")]

    def record(self, assignment: str, submitted: str, anew: bool) -> None:
        """Have nbgrader write the grades of an assignment, and export.

        submitted: the folder with the submissions, relative to the course's, as `grading` makes them. anew: whether
        nbgrader has to learn the assignment first. Raises GradingStopped when it refuses to.
        """
        folder, followed = f"--CourseDirectory.submitted_directory={submitted}", os.getpid()
        autograde = ["autograde", assignment, folder, f"--SubmissionExporter.followed={followed}"]
        commands = [autograde, self._exporting()]
        # Into a folder of its own: exercises/ may hold somebody's work.
        done = self._nbgrader(*([self._generating(assignment, f"build/{FRESH}")] if anew else []), *commands)
        if done.returncode < 0:
            # What it was writing may be there in part; it is not noted, and so written anew.
            raise GradingStopped(
                f"nbgrader was ended by signal {-done.returncode} while it wrote the gradebook. What has been "
                "graded is kept: run this again, and it goes on where it was."
            )
        if anew and done.returncode & 1:
            raise GradingStopped(f"nbgrader could not generate {assignment}: {_reason(done)}")

    def recorded(self, assignment: str) -> set[str] | None:
        """The students of whom the gradebook has a submission; None if it does not know the assignment.

        Raises GradingStopped when it cannot be read.
        """
        file = gradebook_file(self.root)
        if file is None:
            return _recorded_by_server(gradebook_url(self.root), assignment)
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
            raise GradingStopped(waiting.why_unusable(file, error)) from error
        finally:
            gradebook.close()

    def generate_feedback(self, assignment: str) -> bool:
        """Write the feedback pages of an assignment; returns whether every one could be written."""
        return self._nbgrader(["generate_feedback", assignment]).returncode == 0

    def export(self) -> list[Grade]:
        """Write grades.csv, if it is older than the gradebook, and return its lines. Raises GradingStopped when
        nbgrader refuses.
        """
        target, gradebook = self.root / "grades.csv", gradebook_file(self.root)
        dated = target.exists() and gradebook is not None and gradebook.exists()
        if not (dated and target.stat().st_mtime > gradebook.stat().st_mtime):
            done = self._nbgrader(self._exporting())
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

    def _nbgrader(self, *commands: list[str]) -> subprocess.CompletedProcess:
        """Run commands of nbgrader's in one process. Bit n of its return code: whether command n failed.

        A gradebook that is in use is waited for, before and meanwhile; what fails all the same because of that is
        done again. Raises GradingStopped when it takes too long, and where the disk is full.
        """
        file, begun = gradebook_file(self.root), time.monotonic()
        while True:
            if file is not None:
                await_gradebook(file)
            done = self._run(commands, file)
            self._log(f"{done.stdout}{done.stderr}\n")
            if not done.returncode or not (file and _says(done, IN_USE)):
                break
            if time.monotonic() - begun > waiting.PATIENCE:
                raise GradingStopped(waiting.still_in_use(file, waiting.PATIENCE))
        if _says(done, FULL):
            raise GradingStopped(DISK_FULL)
        return done

    def _run(self, commands: tuple[list[str], ...], gradebook: Path | None) -> subprocess.CompletedProcess:
        """Run commands of nbgrader's once. gradebook: the file that they write to, if it is one."""
        command = [
            sys.executable,
            "-m",
            "autograder.classroom.nbgrader_process",
            json.dumps(commands),
            str(waiting.PATIENCE),
        ]
        # nbgrader calls programs of its dependencies by name, also when this .venv is not activated.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
        held = () if self.lock is None else (self.lock,)
        if held:
            environment[LOCK_VARIABLE] = str(self.lock)
        # Not pipes: this process would have to empty them while it looks after the gradebook.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            streams = {"stdout": output, "stderr": errors, "stdin": subprocess.DEVNULL}
            with subprocess.Popen(command, cwd=self.root, env=environment, pass_fds=held, **streams) as running:
                _watch(running, gradebook)
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, running.returncode, output.read(), errors.read())

    def _log(self, text: str) -> None:
        """Keep nbgrader's words. Raises OSError."""
        self.log().parent.mkdir(exist_ok=True)
        with self.log().open("a", encoding="utf-8") as log:
            log.writelines(f"{printable(line)}\n" for line in text.split("\n"))


def _watch(running: subprocess.Popen, gradebook: Path | None) -> None:
    """Wait until a process of nbgrader's has ended, and say so, once, if it has to wait for the gradebook."""
    seen = 0
    while True:
        try:
            running.wait(waiting.QUIET)
            return
        except subprocess.TimeoutExpired:
            seen = seen + 1 if gradebook is not None and waiting.others_write(gradebook, running.pid) else 0
            if seen == 2:
                tell_now(f"{waiting.in_use(gradebook, running.pid)} nbgrader waits for it. Nothing is lost.")


def _says(done: subprocess.CompletedProcess, words: tuple[str, ...]) -> bool:
    """Whether nbgrader's words contain one of some."""
    return any(each in text for each in words for text in (done.stdout, done.stderr))


def _reason(done: subprocess.CompletedProcess) -> str:
    """nbgrader's last line that says ERROR, without its prefix."""
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    return printable(errors[-1].partition("ERROR |")[2].strip()) if errors else "see build/nbgrader.log"


def _recorded_by_server(url: str, assignment: str) -> set[str] | None:
    """What `Course.recorded` returns, of a gradebook that is no file."""
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
        raise GradingStopped(
            f"The gradebook cannot be read: {str(error).splitlines()[0]}. See db_url in nbgrader_config.py."
        ) from error

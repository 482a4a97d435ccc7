"""Grading a class isolated, beside stock `nbgrader autograde` on the same submissions in the same run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom import __main__ as classroom
from autograder.classroom.grading import Options, grade_assignment
from autograder.classroom.stock import Course
from autograder.grading.batch import Task, perform
from autograder.grading.sandbox import Limits
from autograder.grading.template import load_template, read_submission

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = {"05_keras_layer": "a Keras exercise", "01_mask": "a NumPy exercise"}
SIZES = (10, 60)

#: nbgrader's own way, whatever nbgrader_config.py says.
STOCK = (
    "--Autograde.exporter_class=nbconvert.exporters.NotebookExporter",
    *(f"--Autograde.sanitize_preprocessors=nbgrader.preprocessors.{name}"
      for name in ("ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata")),
    *(f"--Autograde.autograde_preprocessors=nbgrader.preprocessors.{name}"
      for name in ("Execute", "LimitOutput", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")),
)  # fmt: skip


def make_class(folder: Path, assignment: str, size: int) -> Course:
    """A course with `size` submissions of an assignment: its solution, each with a comment of its own."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / assignment, folder / "solutions" / assignment)
    course = Course(folder)
    classroom.release(course)
    solution = json.loads((ROOT / "solutions" / assignment / f"{assignment}.ipynb").read_bytes())
    for number in range(size):
        for cell in solution["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = ["".join(cell["source"]).partition("\n# student ")[0], f"\n# student {number}"]
        target = folder / "submitted" / f"student{number:04}" / assignment / f"{assignment}.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(solution))
    return course


def seconds_of_stock(course: Course, assignment: str) -> float:
    """How long nbgrader's own autograde takes for the whole class."""
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment, *STOCK]
    start = time.perf_counter()
    subprocess.run(command, cwd=course.root, check=True, capture_output=True)
    took = time.perf_counter() - start
    shutil.rmtree(course.root / "autograded")
    return took


def seconds_of_ours(course: Course, assignment: str) -> tuple[float, float]:
    """How long grading takes here, isolated: into the store, and nbgrader's writing from it."""
    # In a process of its own, because grading starts others, which import the program that started them.
    command = [sys.executable, "-m", "benchmarks.grading", str(course.root), assignment]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    begin, between, end = map(float, done.stdout.split())
    return between - begin, end - between


@dataclass(frozen=True)
class _Timed(Course):
    """A course that notes when nbgrader's writing begins."""

    def autograde(self, assignment: str, submitted: str) -> bool:
        """Note the time, and write."""
        print(time.perf_counter())
        return super().autograde(assignment, submitted)


def _grade_timed(folder: str, assignment: str) -> None:
    """Grade a class, and print when that began, when nbgrader's writing began, and when it ended."""
    print(time.perf_counter())
    problems = grade_assignment(_Timed(Path(folder)), assignment, Options())
    assert not problems, problems
    print(time.perf_counter())


def where_time_goes(course: Course, assignment: str) -> None:
    """One warm submission, part by part: this process's own seconds, and those behind the wall."""
    template = load_template(course.root / "solutions" / assignment / f"{assignment}.ipynb")
    times = []
    for number in range(5):
        path = course.root / "submitted" / f"student{number:04}" / assignment / f"{assignment}.ipynb"
        task = Task("", read_submission(path, template), template, bytes(32), Limits(), Options().walled)
        wall, own = time.perf_counter(), time.process_time()
        perform(task)
        times.append((time.perf_counter() - wall, time.process_time() - own))
    print(f"  first, with its imports  {times[0][0]:8.2f} s")
    wall, own = (sum(column) / len(times[1:]) for column in zip(*times[1:], strict=True))
    print(f"  then, behind the wall    {wall - own:8.3f} s")
    print(f"  judge and report         {own:8.3f} s")


def main() -> None:
    """Print the comparison for a Keras and a NumPy exercise."""
    for assignment, what in ASSIGNMENTS.items():
        print(f"{assignment}, {what}, {os.cpu_count()} cores, seconds a submission")
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                course = make_class(Path(folder), assignment, size)
                graded, written = (part / size for part in seconds_of_ours(course, assignment))
                line = (
                    f"  {size:5} graded {graded:.3f} + written by nbgrader {written:.3f} = {graded + written:.3f}"
                )
                if size == SIZES[0]:
                    stock = seconds_of_stock(course, assignment) / size
                    line += f"; stock nbgrader {stock:.3f}, {stock / (graded + written):.1f} times"
                    where_time_goes(course, assignment)
                print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _grade_timed(*sys.argv[1:])
    else:
        main()

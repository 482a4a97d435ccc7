"""Grading a class isolated, beside stock `nbgrader autograde` on the same submissions in the same run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.classroom import __main__ as classroom
from autograder.classroom.grading import Options
from autograder.classroom.stock import Course
from autograder.grading.batch import Task, perform
from autograder.grading.sandbox import Limits
from autograder.grading.template import load_template, read_submission

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = {"05_keras_layer": "a Keras exercise", "01_mask": "a NumPy exercise"}
SIZES = (20, 100)
#: Submissions that stock nbgrader is timed with; it grades one after the other.
STOCK_SIZE = 10

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
    assert len(list((course.root / "autograded").iterdir())) == len(course.submissions(assignment))
    for left in ("autograded", "gradebook.db"):
        path = course.root / left
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return took


def seconds_of_ours(course: Course, assignment: str) -> tuple[float, float]:
    """Seconds that `autograder grade` takes for the whole class, isolated, and its largest process, bytes."""
    command = [sys.executable, "-m", "autograder.cli", "grade", assignment]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    assert status == 0, said
    return took, used.ru_maxrss * 1024


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


def compare(assignment: str, size: int) -> None:
    """Print what a class costs here and with stock nbgrader, a class of fewer for stock: its cost is flat."""
    with tempfile.TemporaryDirectory() as folder:
        few = min(size, STOCK_SIZE)
        stock = seconds_of_stock(make_class(Path(folder), assignment, few), assignment) / few
    with tempfile.TemporaryDirectory() as folder:
        course = make_class(Path(folder), assignment, size)
        took, memory = seconds_of_ours(course, assignment)
        ours = took / size
        print(
            f"  {size:5}: stock nbgrader {stock:.3f} (of {few}), isolated {ours:.3f}: {stock / ours:.1f} times; "
            f"{memory / 1e6:.0f} MB",
            flush=True,
        )
        if size == SIZES[0]:
            where_time_goes(course, assignment)


def main() -> None:
    """Print the comparison for Keras and NumPy exercises."""
    for assignment, what in ASSIGNMENTS.items():
        print(f"{assignment}, {what}, {os.cpu_count()} cores, seconds a submission")
        for size in SIZES:
            compare(assignment, size)


if __name__ == "__main__":
    main()

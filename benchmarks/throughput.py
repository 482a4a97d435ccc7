"""Grading a class isolated, beside stock `nbgrader autograde` on the same submissions in the same run.

`python -m benchmarks.throughput [SIZE ...]`: classes of so many submissions, by default of 20 and of 100. With 10
and 1000 it shows whether the cost of a submission stays the same.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest.mock import patch

import psutil
from threadpoolctl import threadpool_limits

from autograder.classroom.course import Course
from autograder.classroom.options import Options
from autograder.classroom.release import release
from autograder.grading.batch import Task, perform
from autograder.grading.desk import Desk
from autograder.grading.sandbox import Limits, Sandbox
from autograder.grading.template import Submission, load_template, read_submission

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = {"05_keras_layer": "a Keras exercise", "01_mask": "a NumPy exercise"}
SIZES = [20, 100]
#: Submissions that stock nbgrader is timed with; it grades one after the other.
STOCK_SIZE = 10

#: nbgrader's own way, whatever nbgrader_config.py says: what its `autograde` is set to.
STOCK = {
    "exporter_class": ["nbconvert.exporters.NotebookExporter"],
    "sanitize_preprocessors": [
        f"nbgrader.preprocessors.{name}"
        for name in ("ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata")
    ],
    "autograde_preprocessors": [
        f"nbgrader.preprocessors.{name}"
        for name in ("Execute", "LimitOutput", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")
    ],
}


def make_class(folder: Path, assignment: str, size: int) -> Course:
    """A course with `size` submissions of an assignment: its solution, each with a comment of its own."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / assignment, folder / "solutions" / assignment)
    course = Course(folder)
    release(course)
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
    stock = [f"--Autograde.{setting}={name}" for setting, names in STOCK.items() for name in names]
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment, *stock]
    start = time.perf_counter()
    subprocess.run(command, cwd=course.root, check=True, capture_output=True)
    took = time.perf_counter() - start
    assert len(list((course.root / "autograded").iterdir())) == len(course.submissions(assignment))
    for left in ("autograded", "gradebook.db"):
        path = course.root / left
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return took


def seconds_of_ours(course: Course, assignment: str) -> tuple[float, float]:
    """Seconds that `autograder grade` takes for the whole class, isolated, and its largest process, bytes.

    All processes count, nbgrader's and those behind the wall, too; they are looked at once a second.
    """
    command = [sys.executable, "-m", "autograder.cli", "grade", assignment]
    largest = 0
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = psutil.Popen(command, cwd=course.root, stdout=said, stderr=subprocess.STDOUT)
        while True:
            with suppress(psutil.TimeoutExpired):
                status = process.wait(timeout=1)
                break
            with suppress(psutil.NoSuchProcess):
                for each in (process, *process.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        largest = max(largest, each.memory_info().rss)
        took = time.perf_counter() - start
        said.seek(0)
        assert status == 0, said.read().decode()
    return took, largest


#: The parts of grading one submission, by the functions that do them.
PARTS = {
    "run behind the wall": (Sandbox, "run"),
    "judge and draw": (Desk, "judge"),
}


def where_time_goes(course: Course, assignment: str) -> None:
    """Print, part by part, what one submission takes in a warm process, and what nbgrader's gradebook takes."""
    template = load_template(course.solution(assignment))
    students = course.submissions(assignment)[:10]
    spent = dict.fromkeys(PARTS, 0.0)

    def timed(part: str, function: Callable) -> Callable:
        def call(*arguments, **options):
            start = time.perf_counter()
            result = function(*arguments, **options)
            spent[part] += time.perf_counter() - start
            return result

        return call

    def total() -> float:
        start = time.perf_counter()
        for student in students:
            submission = read_submission(course.handed_in(student, assignment), template)
            perform(Task("", submission, template, bytes(32), Limits(), Options().walled, course.root))
        return time.perf_counter() - start

    with ExitStack() as stack, threadpool_limits(1):
        perform(Task("", Submission(), template, bytes(32), Limits(), Options().walled, course.root))
        for part, (owner, name) in PARTS.items():
            stack.enter_context(patch.object(owner, name, timed(part, getattr(owner, name))))
        whole = total()
    for left in ("autograded", "gradebook.db", "build/written"):
        path = course.root / left
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    written, _ = seconds_of_ours(course, assignment)
    spent["the rest"] = whole - sum(spent.values())
    for part, seconds in spent.items():
        print(f"    {part:20} {seconds / len(students):7.3f}")
    print(f"    {'write the gradebook':20} {written / len(course.submissions(assignment)):7.3f}, beside the others")


def compare(assignment: str, sizes: list[int]) -> None:
    """Print what a submission costs with stock nbgrader, and here in classes of several sizes.

    Stock is timed before and after, because a shared machine is faster at one time than at another.
    """
    before = cost_of_stock(assignment)
    with tempfile.TemporaryDirectory() as folder:
        one, _ = seconds_of_ours(make_class(Path(folder), assignment, 1), assignment)
    print(f"  isolated,     1: {one:.3f}, most of it the start", flush=True)
    costs = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            course = make_class(Path(folder), assignment, size)
            took, memory = seconds_of_ours(course, assignment)
            costs[size] = took / size
            each = f", each after the first {(took - one) / (size - 1):.3f}" if size > 1 else ""
            print(
                f"  isolated, {size:5}: {costs[size]:.3f}{each}; largest process {memory / 1e6:.0f} MB", flush=True
            )
            if size == sizes[0]:
                where_time_goes(course, assignment)
    stock = (before + cost_of_stock(assignment)) / 2
    times = ", ".join(f"{size}: {stock / cost:.1f}" for size, cost in costs.items())
    print(f"  times the throughput of stock: {times}", flush=True)


def cost_of_stock(assignment: str) -> float:
    """Seconds that a submission takes stock nbgrader, which grades one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        cost = seconds_of_stock(make_class(Path(folder), assignment, STOCK_SIZE), assignment) / STOCK_SIZE
    print(f"  stock nbgrader, {STOCK_SIZE}: {cost:.3f}", flush=True)
    return cost


def main(sizes: list[int] = SIZES) -> None:
    """Print the comparison for a Keras and a NumPy exercise."""
    for assignment, what in ASSIGNMENTS.items():
        print(f"{assignment}, {what}, {os.cpu_count()} cores, seconds a submission")
        compare(assignment, sizes)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)

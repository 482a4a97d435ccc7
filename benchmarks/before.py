"""Grading a class with this version and with an earlier one, in turn, on the same submissions.

`python -m benchmarks.before COMMIT [SIZE]`: classes of 30 unless another size is named. It needs the project's git
history, and the libraries that are installed now.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.classroom.course import Course
from benchmarks.throughput import ASSIGNMENTS, ROOT, make_class

#: Each is timed so often; the first time of both is not counted, as files are read from the disk then.
RUNS = 3


def seconds(course: Course, assignment: str, version: Path) -> float:
    """How long `autograder grade` of the version in a folder takes for the whole class, from the beginning."""
    for left in ("autograded", "build", "gradebook.db", "grades.csv"):
        path = course.root / left
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    shutil.copy(version / "nbgrader_config.py", course.root)
    command = [sys.executable, "-m", "autograder.cli", "grade", assignment]
    environment = {**os.environ, "PYTHONPATH": str(version)}
    start = time.perf_counter()
    subprocess.run(command, cwd=course.root, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def compare(assignment: str, size: int, earlier: Path) -> None:
    """Print the median seconds of both versions, and of their ratio from run to run."""
    with tempfile.TemporaryDirectory() as folder:
        course = make_class(Path(folder), assignment, size)
        pairs = []
        for _ in range(RUNS + 1):
            pairs.append((seconds(course, assignment, earlier), seconds(course, assignment, ROOT)))
            print(f"  {pairs[-1][0]:6.2f} s before, {pairs[-1][1]:6.2f} s now", flush=True)
    before, now = zip(*pairs[1:], strict=True)
    ratios = [a / b for a, b in pairs[1:]]
    print(
        f"  medians: {statistics.median(before):.2f} s before, {statistics.median(now):.2f} s now; "
        f"{statistics.median(ratios):.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main(commit: str, size: int = 30) -> None:
    """Compare with a commit, for a NumPy and a Keras exercise."""
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder) / "earlier"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(earlier), commit], check=True, capture_output=True)
        try:
            for assignment, what in ASSIGNMENTS.items():
                print(f"{assignment}, {what}, a class of {size}, {os.cpu_count()} cores")
                compare(assignment, size, earlier)
        finally:
            subprocess.run([*git, "remove", "--force", str(earlier)], check=True, capture_output=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Say which commit to compare with: python -m benchmarks.before COMMIT [SIZE]")
    main(sys.argv[1], *map(int, sys.argv[2:]))

"""One submission graded by a press of formgrader's button, beside stock nbgrader, in the same run.

A press is a call of `NbGraderAPI.autograde`, which is what formgrader does in the process of JupyterLab. Each way
has a process of its own that has loaded nbgrader, and presses for one student after another.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from autograder.classroom.course import settings
from benchmarks.throughput import ASSIGNMENTS, STOCK, make_class

PRESSES = 6


def press_all(assignment: str, way: str) -> None:
    """Press for every student of the course in this folder, and print the seconds that each press took, as JSON."""
    from nbgrader.apps.api import NbGraderAPI  # noqa: PLC0415 - of the process that presses only

    config = settings(Path.cwd())
    if way == "stock":
        config.Autograde.update(STOCK | {"exporter_class": STOCK["exporter_class"][0]})
    took = []
    for folder in sorted((Path.cwd() / "submitted").iterdir()):
        api = NbGraderAPI(config=config)  # as formgrader has it: a new one for each press
        start = time.perf_counter()
        done = api.autograde(assignment, folder.name)
        took.append(time.perf_counter() - start)
        assert done["success"], done
    print(json.dumps(took))


def seconds(assignment: str, way: str) -> list[float]:
    """How long each press takes, first to last, in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        make_class(Path(folder), assignment, PRESSES)
        # nbgrader calls programs of its dependencies by name.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        packages = os.pathsep.join([str(Path(__file__).resolve().parent.parent), *sys.path])
        environment = {**os.environ, "PATH": path, "PYTHONPATH": packages, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-m", "benchmarks.formgrader", assignment, way]
        done = subprocess.run(
            command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the comparison for a Keras and a NumPy exercise."""
    for assignment, what in ASSIGNMENTS.items():
        print(f"{assignment}, {what}, {os.cpu_count()} cores, seconds of the first press, the second, ...")
        both = {way: seconds(assignment, way) for way in ("stock", "isolated")}
        for way, took in both.items():
            print(f"  {way:8}", *(f"{each:6.2f}" for each in took), flush=True)
        first, later = ([pick(took) for took in both.values()] for pick in (lambda took: took[0], _later))
        print(f"  from the second press on: stock {later[0]:.2f}, isolated {later[1]:.2f}")
        print(
            f"  times as fast as stock: {first[0] / first[1]:.1f} at first, {later[0] / later[1]:.1f} then",
            flush=True,
        )


def _later(took: list[float]) -> float:
    """What a press takes from the second on."""
    return median(took[1:])


if __name__ == "__main__":
    press_all(*sys.argv[1:]) if len(sys.argv) > 1 else main()

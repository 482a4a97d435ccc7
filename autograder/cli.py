"""The command line: `autograder check`, `hint`, `grade`, `report`, `export` and `doctor`."""

import argparse
import importlib
import signal
import sys
from pathlib import Path

from autograder import doctor
from autograder.catalogue import exercises, find
from autograder.printable import printable
from autograder.show.text import WIDTH, points_text


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 fine, 1 something does not hold, 2 unusable input."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # a wish, and no fault of anybody's
        print(
            "\nStopped. Nothing is half-written, and what is done is kept. Run this again: it goes on.",
            file=sys.stderr,
        )
        return 128 + signal.SIGINT


def _run(arguments: list[str] | None = None) -> int:
    """As `main`. Raises KeyboardInterrupt."""
    parser = argparse.ArgumentParser(prog="autograder", description="Checks the exercises of the dropout course.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="run notebooks and show what their checks say")
    checking.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    hinting = commands.add_parser("hint", help="show the hints of an exercise, up to a rung")
    hinting.add_argument("exercise", choices=exercises())
    hinting.add_argument("rung", nargs="?", type=int, choices=(1, 2, 3), default=1)
    grading = commands.add_parser("grade", help="grade what a class handed in for an assignment, isolated")
    grading.add_argument("assignment", metavar="ASSIGNMENT")
    grading.add_argument("--workers", type=_count, default=0, metavar="N", help="processes; by default one a core")
    grading.add_argument("--scheduler", default="", metavar="ADDRESS", help="grade on this Dask cluster instead")
    grading.add_argument(
        "--unprotected",
        action="store_true",
        help="where there is no isolation, run students' code with your own rights: it can read, change and send "
        "everything that you can",
    )
    reporting = commands.add_parser("report", help="write a page on what a class got wrong, from what is graded")
    reporting.add_argument("assignment", metavar="ASSIGNMENT")
    exporting = commands.add_parser("export", help="write grades as a file that Canvas or Moodle imports")
    exporting.add_argument("system", choices=("canvas", "moodle"))
    exporting.add_argument("--assignment", action="append", default=[], help="this one only; may be repeated")
    exporting.add_argument(
        "--roster", default="", metavar="CSV", help="what the LMS exported as its gradebook, to take over its ids"
    )
    exporting.add_argument("--to", default="", metavar="CSV", help="where to write; by default in build/exports")
    commands.add_parser("doctor", help="say what is missing on this machine, and how to get it")
    chosen = parser.parse_args(arguments)
    if chosen.command == "check":
        return check(chosen.notebooks)
    if chosen.command == "hint":
        return hint(chosen.exercise, chosen.rung)
    if chosen.command == "grade":
        return grade(chosen.assignment, chosen.workers, chosen.scheduler, chosen.unprotected)
    if chosen.command == "report":
        return report(chosen.assignment)
    if chosen.command == "export":
        return export(chosen.system, chosen.assignment, chosen.roster, chosen.to)
    symptoms = doctor.examine_machine()
    print(doctor.as_text(symptoms))
    return int(any(symptom.state == "missing" for symptom in symptoms))


def _count(text: str) -> int:
    """A number of things, from 1; argparse shows the message of what this raises."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; say 1 or more")
    return int(text)


def check(notebooks: list[Path]) -> int:
    """Run each notebook and print its reports; every notebook gets its turn, whatever the others did."""
    # Imported when asked for: what runs notebooks takes three seconds to load.
    runner = importlib.import_module("autograder.runner")
    code = 0
    for path in notebooks:
        try:
            outcomes = runner.run_checks(path)
        except runner.UnusableNotebook as problem:
            print(printable(str(problem)), file=sys.stderr)
            code = 2
            continue
        earned = sum(outcome.points or 0.0 for outcome in outcomes)
        possible = sum(outcome.max_points for outcome in outcomes)
        for outcome in outcomes:
            # A notebook's own words are in it, which may be anybody's.
            print("\n".join(map(printable, outcome.text.split("\n"))))
            print("-" * WIDTH)
        print(f"{printable(path.name)}: {points_text(earned)} of {points_text(possible)} points")
        if earned < possible:
            code = max(code, 1)
    return code


def grade(assignment: str, workers: int, scheduler: str, unprotected: bool) -> int:
    """Grade an assignment of the course in this folder."""
    # Imported when asked for: nbgrader takes its time, and those who study alone may not have it.
    classroom = importlib.import_module("autograder.classroom.__main__")
    return classroom.grade_one(Path.cwd(), assignment, classroom.Options(workers, scheduler, unprotected))


def report(assignment: str) -> int:
    """Write the report on a class for an assignment of the course in this folder."""
    return importlib.import_module("autograder.classroom.class_report").report_one(Path.cwd(), assignment)


def export(system: str, assignments: list[str], roster: str, to: str) -> int:
    """Write the grades of the course in this folder for an LMS."""
    lms = importlib.import_module("autograder.classroom.lms")
    return lms.export_all(Path.cwd(), system, assignments, roster, to)


def hint(exercise: str, rung: int) -> int:
    """Print the hints of an exercise up to and including a rung."""
    for number, text in enumerate(find(exercise).hints[:rung], start=1):
        print(f"Hint {number} of 3: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

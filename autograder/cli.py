"""The command line: `autograder check`, `hint` and `doctor`; for a class `release`, `grade`, `report` and more."""

import argparse
import importlib
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from autograder import doctor
from autograder.catalogue import exercises, find
from autograder.printable import printable
from autograder.show.text import WIDTH, points_text


class Unavailable(Exception):
    """A command is not available on this machine; the message is a sentence with the way out."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 fine, 1 something does not hold, 2 unusable input."""
    try:
        chosen = _parser().parse_args(arguments)
        return chosen.run(chosen)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # a wish, and no fault of anybody's
        print(
            "\nStopped. Nothing is half-written, and what is done is kept. Run this again: it goes on.",
            file=sys.stderr,
        )
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    """What can be said on the command line; `run` of what it finds does it."""
    parser = argparse.ArgumentParser(
        prog="autograder",
        description="Check the exercises of the dropout course, and grade a class.",
        epilog="The commands from release to export are for a class: run them in the course's folder.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_commands_for_oneself(commands)
    _add_commands_for_a_class(commands)
    return parser


def _add_commands_for_oneself(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    checking = commands.add_parser("check", help="run notebooks and show what their checks say")
    checking.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    checking.set_defaults(run=lambda chosen: check(chosen.notebooks))
    hinting = commands.add_parser("hint", help="show the first hints for an exercise")
    hinting.add_argument("exercise", choices=exercises())
    hinting.add_argument("rung", nargs="?", type=int, choices=(1, 2, 3), default=1, help="how many hints; 1 to 3")
    hinting.set_defaults(run=lambda chosen: hint(chosen.exercise, chosen.rung))
    asking = commands.add_parser("doctor", help="say what is missing on this machine, and how to get it")
    asking.set_defaults(run=lambda chosen: ask_doctor())


def _add_commands_for_a_class(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    releasing = commands.add_parser("release", help="generate what students get, from the solutions")
    releasing.add_argument("assignment", nargs="?", default="", metavar="ASSIGNMENT", help="by default all of them")
    releasing.set_defaults(run=lambda chosen: _for_a_class().release(Path.cwd(), chosen.assignment))

    grading = commands.add_parser("grade", help="grade what a class handed in, with students' code isolated")
    grading.add_argument(
        "assignment",
        nargs="?",
        default="",
        metavar="ASSIGNMENT",
        help="by default all of them, feedback included; a sample class if nothing was handed in",
    )
    grading.add_argument(
        "--workers", type=_count, default=0, metavar="N", help="how many processes to use; by default one per core"
    )
    grading.add_argument("--scheduler", default="", metavar="ADDRESS", help="grade on this Dask cluster instead")
    grading.add_argument(
        "--unprotected",
        action="store_true",
        help="if isolation is not available, run students' code with your own rights: it can read, change and send "
        "everything that you can",
    )
    grading.set_defaults(run=grade)

    returning = commands.add_parser("feedback", help="write the feedback pages of what is graded")
    returning.add_argument("assignment", nargs="?", default="", metavar="ASSIGNMENT", help="by default all of them")
    returning.set_defaults(run=lambda chosen: _for_a_class().feedback(Path.cwd(), chosen.assignment))

    reporting = commands.add_parser("report", help="write a page on what a class got wrong, from what is graded")
    reporting.add_argument("assignment", metavar="ASSIGNMENT")
    reporting.set_defaults(run=lambda chosen: _for_a_class().report(Path.cwd(), chosen.assignment))

    exporting = commands.add_parser("export", help="write grades to a file that Canvas or Moodle can import")
    exporting.add_argument("system", choices=("canvas", "moodle"))
    exporting.add_argument(
        "--assignment", action="append", default=[], help="export only this assignment; may be repeated"
    )
    exporting.add_argument(
        "--roster", default="", metavar="CSV", help="the gradebook that the platform exported, to take over its ids"
    )
    exporting.add_argument("--to", default="", metavar="CSV", help="where to write; by default in build/exports")
    exporting.set_defaults(
        run=lambda chosen: _for_a_class().export(
            Path.cwd(), chosen.system, chosen.assignment, chosen.roster, chosen.to
        )
    )


def _count(text: str) -> int:
    """A number of things, from 1; argparse shows the message of what this raises."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes; say 1 or more")
    return int(text)


def _for_a_class() -> ModuleType:
    """The commands for a class. Raises Unavailable where there are none."""
    if sys.platform == "win32":
        raise Unavailable("Grading a class needs Linux or macOS. On Windows, do it in WSL, which is a Linux.")
    if find_spec("nbgrader") is None:
        raise Unavailable("This command needs nbgrader. To install it, run: make lab")
    # Imported when asked for: it takes its time, and those who study alone may not have nbgrader.
    return importlib.import_module("autograder.classroom.commands")


def grade(chosen: argparse.Namespace) -> int:
    """Grade one assignment of the course in this folder, or all."""
    commands = _for_a_class()
    options = commands.Options(chosen.workers, chosen.scheduler, chosen.unprotected)
    if chosen.assignment:
        return commands.grade(Path.cwd(), chosen.assignment, options)
    return commands.grade_everything(Path.cwd(), options)


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


def hint(exercise: str, rung: int) -> int:
    """Print the hints of an exercise up to and including a rung."""
    for number, text in enumerate(find(exercise).hints[:rung], start=1):
        print(f"Hint {number} of 3: {text}")
    return 0


def ask_doctor() -> int:
    """Print what is missing on this machine."""
    symptoms = doctor.examine_machine()
    print(doctor.as_text(symptoms))
    return int(any(symptom.state == "missing" for symptom in symptoms))


if __name__ == "__main__":
    sys.exit(main())

"""Which exercises there are, and where their parts lie: this package's own, and anybody's.

Another package adds exercises through the entry points `autograder.exercises`, each of which names an exercise and
the package that holds it:

    [project.entry-points."autograder.exercises"]
    gaussian_dropout = "gaussian_dropout_exercise"

What such a package holds says `autograder.exercise`. This module finds parts by their names, so nothing else in the
core need name an exercise or a kit.
"""

import difflib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any, Literal

from autograder.exercise import Exercise, Misconception

#: The entry points through which other packages add exercises.
GROUP = "autograder.exercises"

#: A part of an exercise or a kit: a module of its package, or a folder of modules.
Part = Literal["exercise", "cases", "observe", "judge", "drawings"]

#: The parts that run beside the student's code, and that students may see.
_OBSERVING: tuple[Part, ...] = ("exercise", "cases", "observe")

#: What else of this package is needed there.
_CORE_OBSERVING = (
    "__init__",
    "catalogue",
    "exercise",
    "exercises/__init__",
    "forms",
    "hints",
    "kits/__init__",
    "npz",
    "observations",
    "observe/__init__",
    "observe/calls",
    "printable",
    "report",
    "unjudged",
)

_HERE = Path(__file__).resolve().parent


class BrokenExercise(Exception):
    """An exercise cannot be loaded from its package; the message is one sentence with the way out."""


# ---------------------------------------------------------------- exercises


def find(name: str) -> Exercise:
    """The exercise called `name`. Raises ValueError, with the nearest name, when there is none."""
    packages = _packages()
    if isinstance(name, str) and name in packages:
        return _exercise(name)
    near = difflib.get_close_matches(str(name), packages, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"There is no exercise {name!r}.{guess} There are: {', '.join(exercises())}.")


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by name, in the order of their assignments. Raises BrokenExercise."""
    found = map(_exercise, _packages())
    return {e.name: e for e in sorted(found, key=lambda e: (e.assignment, e.place, e.name))}


@cache
def misconceptions() -> dict[str, Misconception]:
    """All misconceptions that a report on any exercise may name, by slug."""
    return {slug: known for exercise in exercises().values() for slug, known in exercise.mistakes.items()}


@cache
def _exercise(name: str) -> Exercise:
    """The exercise of this name, from the package that holds it. Raises BrokenExercise."""
    package = _packages()[name]
    try:
        found = importlib.import_module(f"{package}.exercise").EXERCISE
        if not isinstance(found, Exercise) or found.name != name:
            raise TypeError(f"its EXERCISE is not an Exercise named {name!r}")
    except Exception as error:
        raise BrokenExercise(
            f"The exercise {name!r} cannot be loaded from the package {package}: {error}. Mend that package, or "
            "uninstall it."
        ) from error
    return found


@cache
def _packages() -> dict[str, str]:
    """The package that holds each exercise, by the exercise's name. Nobody replaces one of this package's own."""
    outside = {entry.name: entry.value for entry in importlib.metadata.entry_points(group=GROUP)}
    return outside | dict(_own("exercises"))


def _own(folder: str) -> list[tuple[str, str]]:
    """The packages in one of this package's folders, each by its last name."""
    found = pkgutil.iter_modules([str(_HERE / folder)])
    return [(module.name, f"autograder.{folder}.{module.name}") for module in found]


# ---------------------------------------------------------------- their parts


def cases(exercise: str, seed: int, again: bool = False) -> dict[str, Any]:
    """The calls that examine an exercise, by name, each an `autograder.exercise.Case`.

    seed: any non-negative integer; it chooses shapes, rates, inputs and generators. again: whether these are
    the calls that confirm an alarm, which differ in their generators (and inputs) only. Both halves of an
    examination derive the same ones, so nobody need tell the judge what was asked.
    """
    return part(exercise, "cases").plan(seed, again)


def part(exercise: str, name: Part) -> Any:
    """A part of an exercise, imported when it is asked for: some take seconds. Raises ImportError without it."""
    return importlib.import_module(f"{_packages()[exercise]}.{name}")


def observing(imports: frozenset[str]) -> list[str]:
    """The modules that observe those exercises which need nothing but these packages."""
    fitting = [name for name, exercise in exercises().items() if set(exercise.needs) <= imports]
    return [f"{_packages()[name]}.{part}" for name in fitting for part in _OBSERVING]


@cache
def drawings() -> dict[str, Any]:
    """How a chart is drawn, by its kind: what kits and exercises have for `autograder.show.pictures`.

    Each is an `autograder.show.panel.Drawing`.
    """
    found: dict[str, Any] = {}
    for package in _parted():
        if importlib.util.find_spec(f"{package}.drawings"):
            found |= importlib.import_module(f"{package}.drawings").DRAWINGS
    return found


def _parted() -> tuple[str, ...]:
    """All packages that hold parts: kits, and exercises."""
    return (*dict(_own("kits")).values(), *_packages().values())


# ---------------------------------------------------------------- their files


def sources(half: Literal["observe"] | None = None) -> dict[str, Path]:
    """The Python files of this package and of all exercises from outside, by their path from a folder of packages.

    half: "observe" for those alone that run beside the student's code. Nothing of them knows a right answer.
    """
    if half is None:
        packages = ("autograder", *outside())
        return {name: path for package in packages for name, path in _files(package).items()}
    found = {f"autograder/{name}.py": _HERE / f"{name}.py" for name in _CORE_OBSERVING}
    for package in _parted():
        for name, path in _files(package).items():
            inside = Path(name).relative_to(package.replace(".", "/"))
            if inside.with_suffix("").parts[0] in ("__init__", *_OBSERVING):
                found[name] = path
        found |= _above(package)
    return found


def outside() -> tuple[str, ...]:
    """The packages of other people's exercises."""
    return tuple(package for package in _packages().values() if not package.startswith("autograder."))


def folder_of(package: str) -> Path:
    """Where a package lies. Does not import it. Raises BrokenExercise if it is not there."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise BrokenExercise(f"The package {package} is to hold an exercise and is not there: install it again.")
    return Path(next(iter(found.submodule_search_locations)))


def _files(package: str) -> dict[str, Path]:
    """All Python files of a package."""
    name, folder = package.replace(".", "/"), folder_of(package)
    return {f"{name}/{path.relative_to(folder).as_posix()}": path for path in sorted(folder.rglob("*.py"))}


def _above(package: str) -> dict[str, Path]:
    """The files that Python runs on its way into a package that lies in others."""
    names = package.split(".")[:-1]
    outer = [".".join(names[: depth + 1]) for depth in range(len(names))]
    found = {f"{name.replace('.', '/')}/__init__.py": folder_of(name) / "__init__.py" for name in outer}
    return {name: path for name, path in found.items() if path.exists()}

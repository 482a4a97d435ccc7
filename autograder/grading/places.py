"""What can be seen behind the wall: the system, Python, the part of this project that a notebook needs.

Nothing of a course, of its students, of anybody's home. Where one of those lies inside a place that is shown, as
nbgrader's exchange does, an empty folder hides it.
"""

import glob
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder import catalogue

#: Where behind the wall this project's packages lie.
APP = "/app"

#: What exercises may import of the course; one of its other modules nearly answers an exercise.
COURSE_MODULES = ("course", "course.sources", "course.sources.datasets")

#: The data that `course.sources.datasets` hands out; what studies have measured lies beside it.
COURSE_DATA = ("course/data/sonar.csv", "course/data/clothing_features.npz")

#: What of this package runs the student's code. With the observing half of every exercise (`catalogue.sources`) it
#: is all of it that can be seen there: whatever judges, draws or grades knows right answers.
RUNNING = (
    "autograder.grading",
    "autograder.grading.asking",
    "autograder.grading.cells",
    "autograder.grading.seccomp",
    "autograder.grading.usage",
    "autograder.grading.warm",
    "autograder.grading.wire",
)

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/localtime",
)

#: nbgrader's exchange, unless it is set otherwise: what all students hand in.
_EXCHANGE = "/usr/local/share/nbgrader"


def mounts(home: str, hidden: Iterable[Path] = (), files: Mapping[str, Path] | None = None) -> list[str]:
    """Bubblewrap's arguments that show what may be seen, all of it read-only.

    home: a folder to make room for. hidden: folders of this machine that must not be seen, wherever they lie.
    files: to show in `APP`, by their path from there; if none are named, those that a run needs.
    """
    files = shown() if files is None else files
    unseen: set[str] = {os.path.realpath(place) for place in (*map(str, hidden), *_always_hidden())}
    places = _visible(_system_places(), unseen)
    emptied = [place for place, kind in places.items() if kind == "--tmpfs"]
    arguments, made = [], {"/", "/tmp", *emptied}
    links = [(folder, "--symlink") for folder in _detours() if places.get(_around(folder, places)) != "--ro-bind"]
    for place, kind in [*places.items(), *links, *((f"{APP}/{name}", "") for name in files), (home, "")]:
        # The folders above, which bubblewrap would make for root's eyes only.
        for folder in map(str, reversed(Path(place).parents)):
            if folder not in made and places.get(_around(folder, places)) != "--ro-bind":
                arguments += ["--perms", "755", "--dir", folder]
                made.add(folder)
        if kind == "--tmpfs":
            arguments += ["--perms", "755", "--tmpfs", place]
        elif kind:
            arguments += [kind, os.path.realpath(place) if kind == "--symlink" else place, place]
    # File by file, so that nothing comes with them.
    arguments += [part for name, path in files.items() for part in ("--ro-bind", str(path), f"{APP}/{name}")]
    for place in emptied:
        arguments += ["--remount-ro", place]
    return arguments


def kept_in(own: Iterable[str], arguments: list[str]) -> list[str]:
    """The uppermost folders that the arguments show inside a run's own places, which would hide them.

    own: where every run gets an empty folder. Somebody tries this project in /tmp.
    """
    inside = [(place, a) for place in own for a in arguments if a.startswith(f"{place}/")]
    return sorted({f"{place}/{a.removeprefix(place + '/').split('/')[0]}" for place, a in inside})


def _visible(shown: set[str], hidden: set[str]) -> dict[str, str]:
    """What to mount, and how, outer places before inner ones; only what the place around it does not do already."""
    needed: dict[str, str] = {}
    for place in sorted(shown | hidden, key=lambda place: Path(place).parts):
        bound = needed.get(_around(place, needed)) == "--ro-bind"
        if place in hidden and bound and os.path.isdir(place):
            needed[place] = "--tmpfs"
        elif place not in hidden and not bound:
            needed[place] = "--symlink" if os.path.islink(place) else "--ro-bind"
    return needed


def _around(place: str, places: Iterable[str]) -> str:
    """The innermost of some places that this one is or lies in; "" if there is none."""
    return max((outer for outer in places if _inside(place, outer)), key=len, default="")


def _inside(place: str, outer: str) -> bool:
    """Whether a place is another or lies in it."""
    return place == outer or place.startswith(outer + "/")


def _system_places() -> set[str]:
    """Where the system's and Python's own files lie; of Python's folder only parts, for others may use it, too."""
    python = {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), *package_folders()}
    for prefix in {sys.prefix, sys.base_prefix}:
        python |= {f"{os.path.realpath(prefix)}/{part}" for part in ("bin", "lib", "lib32", "lib64", "pyvenv.cfg")}
    return {place for place in {*_SYSTEM, *map(os.path.realpath, python)} if os.path.lexists(place)}


def package_folders() -> list[str]:
    """Where installed packages are imported from."""
    return [os.path.realpath(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]


def interpreter() -> str:
    """This Python where it can be found behind the wall: in its folder's real place.

    Its own name stays: as a link it tells Python which environment it is in.
    """
    folder, name = os.path.split(sys.executable)
    return os.path.join(os.path.realpath(folder), name)


def _detours() -> list[str]:
    """Folders that the interpreter's link leads through by another name than their real one."""
    found, path = [], interpreter()
    while os.path.islink(path):
        folder, name = os.path.split(os.path.join(os.path.dirname(path), os.readlink(path)))
        real = os.path.realpath(folder)
        if os.path.normpath(folder) != real:
            found.append(os.path.normpath(folder))
        path = os.path.join(real, name)
    return found


def _project() -> Path:
    """The folder of this project's packages."""
    return Path(__file__).resolve().parent.parent.parent


def _always_hidden() -> set[str]:
    """The exchange, this project, and others' exercises: only single files of these are shown."""
    hidden = {_EXCHANGE}
    for folder in {*package_folders(), *_other_package_folders()}:
        hidden |= {f"{folder}/{name}" for name in ("autograder", "course")}
    hidden |= {os.path.realpath(catalogue.folder_of(package)) for package in catalogue.outside()}
    if (_project() / "solutions").is_dir():
        hidden.add(str(_project()))
    return hidden


def _other_package_folders() -> set[str]:
    """Where other environments that are shown, such as the one around a virtual one, keep their packages."""
    prefixes = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix, "/usr", "/usr/local")}
    found = (glob.glob(f"{glob.escape(prefix)}/lib*/python3*/*-packages") for prefix in prefixes)
    return {os.path.realpath(folder) for folders in found for folder in folders}


def shown() -> dict[str, Path]:
    """The files of this project, and of other people's exercises, that can be seen, by their path from `APP`."""
    data = {name: _project() / name for name in COURSE_DATA}
    course = {name: path for name, path in (files_of(*COURSE_MODULES) | data).items() if path.exists()}
    return catalogue.sources("observe") | files_of(*RUNNING) | course


def files_of(*modules: str) -> dict[str, Path]:
    """Where modules of this project lie, by their path from the project's folder."""
    paths = [module.replace(".", "/") for module in modules]
    names = [f"{path}/__init__.py" if (_project() / path).is_dir() else f"{path}.py" for path in paths]
    return {name: _project() / name for name in names}

"""The list of students that Canvas or Moodle exports, and who of nbgrader's students is who there."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.gradebook import Person
from autograder.classroom.telling import CannotGoOn

#: The largest file that is read, in bytes.
_LIMIT = 20_000_000


class CannotExport(CannotGoOn):
    """There is nothing to export, or a roster that cannot be used."""


@dataclass(frozen=True)
class Roster:
    """A table that an LMS exported. header, lines: its cells; every line is as long as the header.

    names, who: how many columns, from the left, have names, and how many say who somebody is, names included.
    others: the lines that are about no student.
    """

    name: str
    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    names: int
    who: int
    others: tuple[tuple[str, ...], ...] = ()

    def column(self, assignment: str) -> int | None:
        """The place of an assignment's column: NAME, NAME (12), NAME (Real) or Assignment: NAME (Real)."""
        title = re.compile(rf"(?:[^:]*:\s*)?{re.escape(assignment)}(?: \([^()]*\))?")
        fitting = [i for i, cell in enumerate(self.header) if i >= self.who and title.fullmatch(cell)]
        return fitting[0] if fitting else None


def read_roster(path: Path, system: str) -> Roster:
    """Read the gradebook that Canvas or Moodle exported as CSV. system: "canvas" or "moodle".

    Raises CannotExport.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        first = text.partition("\n")[0]
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True))
    except FileNotFoundError as error:
        raise CannotExport(f"There is no file {path}.") from error
    except (OSError, ValueError, csv.Error) as error:
        raise CannotExport(
            f"{path} is not the UTF-8 CSV that {system.capitalize()} exports. Export it again."
        ) from error
    header, *rest = [line for line in lines if any(cell.strip() for cell in line)] or [[]]
    header = [cell.strip() for cell in header]
    names, who = _canvas_columns(header) if system == "canvas" else _moodle_columns(header)
    if names >= who or not rest:
        raise CannotExport(
            f"{path} is not a gradebook from {system.capitalize()}: it does not say who the students are. "
            "Export it again."
        )
    whole = [tuple([*line, *[""] * len(header)][: len(header)]) for line in rest]
    others = tuple(line for line in whole if system == "canvas" and _is_no_student(line))
    students = tuple(line for line in whole if line not in others)
    return Roster(path.name, tuple(header), students, names, who, others)


def _canvas_columns(header: list[str]) -> tuple[int, int]:
    """Those before ID, and those up to Section; 0, 0 if these are not Canvas's."""
    named = header[:2] == ["Student", "ID"] or header[:3] == ["LastName", "FirstName", "ID"]
    return (header.index("ID"), header.index("Section") + 1) if named and "Section" in header else (0, 0)


def _moodle_columns(header: list[str]) -> tuple[int, int]:
    """The first two, in any language, unless they are something else; and those before the first grade.

    A grade's title has a colon or a bracket in it.
    """
    known = [
        i for i, cell in enumerate(header[:2]) if cell.casefold() in ("username", "id number", "email address")
    ]
    grades = [i for i, cell in enumerate(header) if re.search(r"[:()]", cell)]
    return min([*known, 2]), min([*grades, len(header)])


def _is_no_student(line: tuple[str, ...]) -> bool:
    filled = [cell for cell in line if cell.strip()]
    return "Points Possible" in line[0] or all(cell.startswith(("Manual Posting", "Muted")) for cell in filled)


def match(people: list[Person], roster: Roster) -> dict[str, int]:
    """The place of each person's line, by id; without those for whom none or several fit, or who share one."""
    named: dict[str, set[int]] = {}
    places: dict[str, set[int]] = {}
    numbers: dict[str, set[int]] = {}
    for place, line in enumerate(roster.lines):
        for column, cell in enumerate(line[: roster.who]):
            # The numbers in Canvas's column ID are its own: an equal student number is somebody else's.
            apart = numbers if roster.header[column] == "ID" else places
            (named if column < roster.names else apart).setdefault(_folded(cell), set()).add(place)

    def lines_of(person: Person) -> set[int]:
        for key in keys(person):
            own = numbers.get(key, set()) if key == _folded(person.lms_id) else set()
            fitting = places.get(key, set()) | own
            if len(fitting) == 1:
                return fitting
        first, last = _folded(person.first_name), _folded(person.last_name)
        if not first or not last:
            return set()
        whole = named.get(f"{last}, {first}", set()) | named.get(f"{first} {last}", set())
        return whole | (named.get(first, set()) & named.get(last, set()))

    found = {person.id: fitting for person in people if len(fitting := lines_of(person)) == 1}
    taken = Counter(place for fitting in found.values() for place in fitting)
    return {student: place for student, (place,) in found.items() if taken[place] == 1}


def keys(person: Person) -> list[str]:
    """What tells who somebody is, apart from the name; the surest first."""
    return [key for key in map(_folded, (person.lms_id, person.id, person.email)) if key]


def known_by_name(person: Person, line: tuple[str, ...], roster: Roster) -> bool:
    """Whether nothing but the name connects a person with a line."""
    return not set(keys(person)) & set(map(_folded, line[roster.names : roster.who]))


def identity(people: list[Person], found: dict[str, int], roster: Roster) -> int:
    """The column that tells best who these are: filled for most, different for all, known to nbgrader."""

    def worth(column: int) -> tuple[int, int, bool]:
        cells = [roster.lines[found[person.id]][column].strip() for person in people]
        filled = [cell for cell in cells if cell]
        known = sum(_folded(cell) in keys(person) for person, cell in zip(people, cells, strict=True))
        different = len(set(filled)) == len(filled)
        return len(filled) if different else 0, known, bool(filled) and all("@" in cell for cell in filled)

    return max(range(roster.names, roster.who), key=worth)


def _folded(cell: str) -> str:
    return cell.strip().casefold()

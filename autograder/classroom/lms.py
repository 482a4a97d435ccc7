"""Grades in the layouts that Canvas and Moodle import.

Canvas, read from `lib/gradebook_importer.rb` and `gradebook_exporter.rb` of github.com/instructure/canvas-lms: the
columns are Student, ID, SIS User ID, SIS Login ID, Section, then one for each assignment, whose title is NAME (ID)
if Canvas knows it; any other title makes a new assignment. A line of points possible follows. A student is found by
ID, else by SIS user, else by SIS login, else by name; an empty cell takes away the grade that is there.

Moodle, read from docs.moodle.org/en/Grade_import and `grade/import/csv/classes/load_data.php` of
github.com/moodle/moodle: the teacher says which column tells who a student is (username, ID number, e-mail address
or user ID) and which grade item a column is. One unknown student stops the whole import, a line without one goes to
the student of the line above, and an empty cell takes away the grade that is there.

So a file has lines only for students who have a grade, and, with a roster, only for those whom it knows.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nbgrader.plugins import ExportPlugin
from traitlets import Unicode

from autograder.classroom.course import Course
from autograder.classroom.gradebook import Book, Person, contents, read_gradebook
from autograder.classroom.roster import CannotExport, Roster, identity, known_by_name, match, read_roster
from autograder.classroom.spreadsheet import safe
from autograder.classroom.telling import LEFT_AS_IT_WAS
from autograder.grading.store import write_whole


@dataclass(frozen=True)
class Export:
    """A file for an LMS. head: its lines above the students'. lines: the students'.

    told: sentences that whoever imports it has to read. missing: sentences on what should be in it and is not.
    """

    head: list[list[str]]
    lines: list[list[str]]
    told: list[str]
    missing: list[str]

    def as_bytes(self) -> bytes:
        """The file, CSV in UTF-8."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows([*self.head, *self.lines])
        return text.getvalue().encode()


def canvas(book: Book, assignments: Iterable[str] = (), roster: Roster | None = None) -> Export:
    """The grades for Canvas's gradebook. assignments: which; all that have grades if none is named.

    roster: Canvas's own export; its ids and titles are taken over. Raises CannotExport.
    """
    names = _graded(book, assignments)
    tops = [_points(max(score.max_points for score in book.scores[name].values())) for name in names]
    if roster is None:
        lines, missing = _without_roster(book, names, _canvas_person, key=3)
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
        head = [header, ["    Points Possible", "", "", "", "", *tops]]
        return Export(head, lines, _empty_cells(lines, len(names), "Canvas"), missing)
    lines, told, missing, _ = _with_roster(book, names, roster)
    known = next((line for line in roster.others if "Points Possible" in line[0]), None)
    possible = ["    Points Possible", *[""] * (roster.who - 1)]
    for name, top in zip(names, tops, strict=True):
        place = roster.column(name)
        there = known[place].strip() if known and place is not None else ""
        possible.append(there or top)
        if place is None:
            told.append(f"{roster.name} has no column for {name}: Canvas will offer to make that assignment.")
        elif there and _number(there) != float(top):
            told.append(f"{name} has {there} points in Canvas and {top} here; the points are written as they are.")
    return Export([_header(names, roster), possible], lines, told, missing)


def moodle(book: Book, assignments: Iterable[str] = (), roster: Roster | None = None) -> Export:
    """The grades for Moodle's import of a CSV file. assignments: which; all that have grades if none is named.

    roster: Moodle's own export; its columns are taken over. Raises CannotExport.
    """
    names = _graded(book, assignments)
    if roster is None:
        lines, missing = _without_roster(book, names, _moodle_person, key=0)
        header = ["Username", "First name", "Last name", "ID number", "Email address", *names]
        told = _empty_cells(lines, len(names), "Moodle")
        return Export([header], lines, [*told, _mapping("Username", "Username", names)], missing)
    lines, told, missing, key = _with_roster(book, names, roster)
    header = _header(names, roster)
    mails = all("@" in line[key] for line in lines)
    told.append(_mapping(header[key], "Email address" if mails else "the same", header[roster.who :]))
    return Export([header], lines, told, missing)


#: How each system's file is made.
SYSTEMS: dict[str, Callable[..., Export]] = {"canvas": canvas, "moodle": moodle}


def _mapping(column: str, field: str, titles: list[str]) -> str:
    items = ", ".join(repr(title) for title in titles)
    return f"In Moodle's import, map from {column!r} to {field}, and {items} to the grade item that is meant."


def _graded(book: Book, assignments: Iterable[str]) -> list[str]:
    """The assignments to export. Raises CannotExport."""
    wanted = list(dict.fromkeys(assignments)) or sorted(name for name, scores in book.scores.items() if scores)
    without = [name for name in wanted if not book.scores.get(name)]
    if without or not wanted:
        raise CannotExport(
            f"nbgrader's gradebook has no grades for {', '.join(without) or 'any assignment'}. "
            "Run autograder grade first."
        )
    return wanted


def _people(book: Book, names: list[str]) -> list[Person]:
    """Everyone with a grade in one of the assignments, in order."""
    students = sorted({student for name in names for student in book.scores[name]})
    return [book.people.get(student, Person(student)) for student in students]


def _unfinished(book: Book, names: list[str]) -> list[str]:
    """A sentence for each grade that is not the last word."""
    return [
        f"{student}'s {name} has still to be graded by hand; what it has so far is in the file."
        for name in names
        for student, score in sorted(book.scores[name].items())
        if score.unfinished
    ]


def _points(points: float) -> str:
    return str(round(points, 2)).removesuffix(".0")


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _cells(book: Book, names: list[str], student: str) -> list[str]:
    scores = [book.scores[name].get(student) for name in names]
    return ["" if score is None else _points(score.points) for score in scores]


def _without_roster(
    book: Book, names: list[str], cells_of: Callable[[Person], list[str]], key: int
) -> tuple[list[list[str]], list[str]]:
    """Lines made from nbgrader's own list of students, and what is missing.

    key: the place of the cell by which the LMS knows them, which must stay as it is.
    """
    lines, missing = [], _unfinished(book, names)
    for person in _people(book, names):
        cells = cells_of(person)
        if safe(cells[key]) != cells[key]:
            missing.append(f"{person.id!r} begins like a formula, so it is not in the file.")
            continue
        lines.append([*map(safe, cells), *_cells(book, names, person.id)])
    return lines, missing


def _canvas_person(person: Person) -> list[str]:
    name = ", ".join(part for part in (person.last_name, person.first_name) if part) or person.id
    number = person.lms_id if person.lms_id.isdecimal() else ""
    return [name, number, "" if number else person.lms_id, person.id, ""]


def _moodle_person(person: Person) -> list[str]:
    return [person.id, person.first_name, person.last_name, person.lms_id, person.email]


def _empty_cells(lines: list[list[str]], assignments: int, system: str) -> list[str]:
    empty = sum(not cell for line in lines for cell in line[-assignments:])
    if not empty:
        return []
    return [
        f"{empty} grades are empty, and there {system} deletes the grade that it has. To keep it, export one "
        "assignment at a time, or give a roster."
    ]


def _header(names: list[str], roster: Roster) -> list[str]:
    places = {name: roster.column(name) for name in names}
    titles = [name if place is None else roster.header[place] for name, place in places.items()]
    return [*roster.header[: roster.who], *titles]


def _with_roster(book: Book, names: list[str], roster: Roster) -> tuple[list[list[str]], list[str], list[str], int]:
    """The roster's lines of everyone who has a grade, what is told, what is missing, and the column that tells who.

    A grade that is not here stays as the roster has it.
    """
    people = _people(book, names)
    found = match(people, roster)
    unmatched = [person.id for person in people if person.id not in found]
    told, missing = [], _unfinished(book, names)
    if unmatched:
        missing.append(
            f"No line of {roster.name}, or more than one, fits {', '.join(unmatched)}: not in the file. "
            "Say who they are: nbgrader db student import FILE.csv, with columns id, email and lms_user_id."
        )
    people = [person for person in people if person.id in found]
    key = identity(people, found, roster)
    lines, nameless, by_name = [], [], []
    for person in people:
        line = roster.lines[found[person.id]]
        if not line[key].strip() or safe(line[key]) != line[key]:
            nameless.append(person.id)
            continue
        if known_by_name(person, line, roster):
            by_name.append(person.id)
        grades = _cells(book, names, person.id)
        for number, name in enumerate(names):
            place = roster.column(name)
            if not grades[number] and place is not None:
                grades[number] = line[place]
        lines.append([*map(safe, line[: roster.who]), *map(safe, grades)])
    if nameless:
        column = roster.header[key]
        missing.append(f"{roster.name} has no usable {column!r} for {', '.join(nameless)}: not in the file.")
    if by_name:
        told.append(f"Found by name alone, so check them: {', '.join(by_name)}.")
    left = len(roster.lines) - len(found)
    if left:
        told.append(f"{left} of {len(roster.lines)} students in {roster.name} have no grade here: not in the file.")
    return lines, told, missing, key


def write_export(
    system: str, book: Book, assignments: Iterable[str], roster: str, target: Path
) -> tuple[Path, Export]:
    """Write the file for an LMS; returns where it is and what is in it. system: a key of `SYSTEMS`.

    roster: a file's name, "" for none. Raises CannotExport, and writes nothing then.
    """
    made = SYSTEMS[system](book, assignments, read_roster(Path(roster), system) if roster else None)
    if not made.lines:
        raise CannotExport(" ".join(made.missing))
    try:
        write_whole(target, made.as_bytes())
    except OSError as error:
        raise CannotExport(f"{target} cannot be written: {error.strerror}. {LEFT_AS_IT_WAS}") from error
    return target, made


def export_course(
    course: Course, system: str, assignments: Iterable[str], roster: str = "", to: str = ""
) -> tuple[Path, Export]:
    """Write a course's grades; as `write_export`. to: a file's name, "" for the usual place. Raises CannotGoOn."""
    target = Path(to) if to else course.exports / f"{system}.csv"
    return write_export(system, read_gradebook(course), assignments, roster, target)


class _LmsExport(ExportPlugin):
    """What the two plug-ins of nbgrader share."""

    roster = Unicode("", help="A CSV file that the LMS exported, to take over its students' ids.").tag(config=True)

    system = ""

    def export(self, gradebook) -> None:
        """Write the grades of an open gradebook."""
        assignments = [str(name) for name in self.assignment]
        try:
            target = Path(self.to) if self.to else Course(Path.cwd()).exports / f"{self.system}.csv"
            target, made = write_export(self.system, contents(gradebook), assignments, self.roster, target)
        except CannotExport as problem:
            self.parent.fail("%s", problem)
        for sentence in (*made.told, *made.missing):
            self.log.warning("%s", sentence)
        self.log.info("Wrote %s", target)


class CanvasExport(_LmsExport):
    """`nbgrader export --exporter=autograder.classroom.lms.CanvasExport`."""

    system = "canvas"


class MoodleExport(_LmsExport):
    """`nbgrader export --exporter=autograder.classroom.lms.MoodleExport`."""

    system = "moodle"

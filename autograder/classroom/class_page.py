"""What a class got wrong, as one HTML page and as a table; neither names a student.

The page needs no network and no script: its policy forbids both to whatever might have got into it. Every number is
text; colours and bars only repeat it.
"""

import base64
import hashlib
import math
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.catalogue import misconceptions
from autograder.classroom.results import KINDS, ClassResults, ExerciseResults
from autograder.show.text import points_text

_HERE = Path(__file__).resolve().parent

#: From which share of the students on a cell has a darker colour, and what the legend says of it.
SHADES = (
    (0.0, "nobody"),
    (0.0, "up to a tenth"),
    (0.1, "up to a quarter"),
    (0.25, "up to a half"),
    (0.5, "more than half"),
)

_WIDTHS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_BARS = 10


@dataclass(frozen=True)
class Bar:
    """A row of the histogram. share: of the longest bar, from 0 to 1."""

    label: str
    count: int
    share: float


def as_html(results: ClassResults) -> str:
    """The page. Everything that comes from outside is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_HERE / "class_page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("class_page.html").render(
        results=results,
        style=Markup(style),  # our own file: escaped, its digest would not fit
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        summary=summary(results),
        bars=histogram(results.points, results.max_points),
        grades_title=grades_title(results),
        mistakes_title=mistakes_title(results),
        rows=heat_rows(results),
        shade=lambda count: shade(count, results.judged),
        legend=[(number, told) for number, (_, told) in enumerate(SHADES)],
        exercise_title=lambda exercise: exercise_title(exercise, results.judged),
        known=misconceptions(),
        kinds=KINDS,
        attention_title=attention_title(results),
        attention=attention(results),
        points=points_text,
        students=students,
    )


def as_table(results: ClassResults) -> Iterator[list[str]]:
    """The same as a table: a line for each number of the page."""
    yield ["part", "exercise", "name", "meaning", "students", "of", "example"]
    graded, judged = str(results.graded), str(results.judged)
    for name, count in (
        ("handed in", results.handed_in),
        ("graded", results.graded),
        ("unreadable", results.unreadable),
        ("isolated", results.isolated),
        ("changed by hand or for lateness", results.changed),
    ):
        yield ["summary", "", name, "", str(count), graded if name != "handed in" else "", ""]
    for bar in histogram(results.points, results.max_points):
        yield ["grades", "", f"{bar.label} points", "", str(bar.count), graded, ""]
    for slug, title, counts in heat_rows(results):
        for exercise, count in zip(results.exercises, counts, strict=True):
            yield ["mistakes by exercise", exercise.exercise, slug or "no name", title, str(count), judged, ""]
    for exercise in results.exercises:
        for tally in exercise.properties:
            for name, count in (
                ("passed", tally.passed),
                ("failed", tally.failed),
                ("waited", tally.waiting),
                ("grader failed", tally.broken),
            ):
                told = f"{tally.property}: {name}"
                yield ["properties", exercise.exercise, told, tally.sentence, str(count), judged, ""]
    for mistake in results.mistakes:
        known = misconceptions()[mistake.slug]
        told = f"{known.what} {known.why}"
        yield ["mistakes", mistake.exercise, mistake.slug, told, str(mistake.students), judged, mistake.example]
    for kind, count in attention(results):
        yield ["needs a person", "", kind, KINDS[kind], str(count), "", ""]


def summary(results: ClassResults) -> list[str]:
    """What the numbers below are about, in sentences."""
    submissions = "submission" if results.handed_in == 1 else "submissions"
    told = [f"{results.handed_in} {submissions}, {results.graded} graded."]
    if results.unreadable:
        files, count = ("file", "counts") if results.unreadable == 1 else ("files", "count")
        told.append(f"{results.unreadable} {files} that could not be read {count} in the grades only.")
    if results.isolated == results.graded:
        told.append("All were graded in isolation.")
    else:
        told.append(f"{results.graded - results.isolated} of {results.graded} were graded without isolation.")
    if results.from_gradebook:
        told.append("Points are taken from nbgrader's gradebook.")
        if results.changed:
            told.append(f"{results.changed} of them differ from the judge's: changed by hand, or for lateness.")
    else:
        told.append("nbgrader's gradebook lacks some of these grades, so these are the judge's own points.")
    return told


def students(count: int) -> str:
    """A number of students in words."""
    return "1 student" if count == 1 else f"{count} students"


def histogram(points: tuple[float, ...], max_points: float) -> list[Bar]:
    """How many have how many points; full marks, or more, are a row of their own."""
    width = next((w for w in _WIDTHS if max_points / w <= _BARS), max_points / _BARS)
    # What is left over below full marks is a row of its own only if it is not much narrower than the others.
    steps = max(1, round(max_points / width))
    counts = Counter(
        steps if p >= max_points - 1e-6 else min(steps - 1, math.floor(p / width + 1e-9)) for p in points
    )
    longest = max(counts.values(), default=1)
    edges = [points_text(width * step) for step in range(steps)]
    labels = [
        f"{low} to under {high}" for low, high in zip(edges, [*edges[1:], points_text(max_points)], strict=True)
    ]
    above = " or more" if max(points, default=0) > max_points + 1e-6 else ""
    labels.append(f"{points_text(max_points)}{above}")
    return [Bar(label, counts[step], counts[step] / longest) for step, label in enumerate(labels)]


def grades_title(results: ClassResults) -> str:
    """The answer that the histogram gives."""
    full = sum(p >= results.max_points - 1e-6 for p in results.points)
    best = points_text(results.max_points)
    if full == results.graded:
        return f"All {results.graded} have all {best} points" if full > 1 else f"The only one has all {best} points"
    middle = points_text(round(statistics.median(results.points), 2))
    return f"Half of the class has {middle} of {best} points or more; {full} of {results.graded} have full marks"


def heat_rows(results: ClassResults) -> list[tuple[str, str, list[int]]]:
    """The heat map: slug, what it is, and students by exercise. The last row is what has no name, with slug ""."""
    rows = [
        (
            mistake.slug,
            misconceptions()[mistake.slug].what,
            [exercise.mistakes.get(mistake.slug, 0) for exercise in results.exercises],
        )
        for mistake in results.mistakes
    ]
    return [
        *rows,
        ("", "Something else fails: not a known mistake.", [e.unnamed for e in results.exercises]),
    ]


def shade(count: int, total: int) -> int:
    """The shade of a cell, from 0 to 4."""
    if not count:
        return 0
    return max(number for number, (above, _) in enumerate(SHADES) if count / total > above)


def mistakes_title(results: ClassResults) -> str:
    """The answer that the heat map gives."""
    if not results.mistakes:
        return "No known mistake occurred"
    most = results.mistakes[0].students
    top = [mistake for mistake in results.mistakes if mistake.students == most]
    if len(top) > 3:
        return f"No mistake stands out: {len(top)} of them were made by {most} of {results.judged} each"
    told = ", ".join(f"“{misconceptions()[mistake.slug].what.rstrip('.')}”" for mistake in top)
    each = " each" if len(top) > 1 else ""
    return f"Most frequent, {most} of {results.judged}{each}: {told}"


def exercise_title(exercise: ExerciseResults, judged: int) -> str:
    """The answer that an exercise's table gives."""
    most = max((tally.failed for tally in exercise.properties), default=0)
    if not most:
        return f"{exercise.title}: nothing fails"
    worst = [tally.property for tally in exercise.properties if tally.failed == most]
    if len(worst) > 3:
        return f"{exercise.title}: no property fails more often than for {most} of {judged}"
    verb = "fails" if len(worst) == 1 else "fail"
    return f"{exercise.title}: {' and '.join(worst)} {verb} most often, for {most} of {judged}"


def attention(results: ClassResults) -> list[tuple[str, int]]:
    """How many students there is what to look at for, by kind."""
    who = {kind: {each.student for each in results.look_at if each.kind == kind} for kind in KINDS}
    return [(kind, len(found)) for kind, found in who.items() if found]


def attention_title(results: ClassResults) -> str:
    """How many submissions need a person."""
    count = len({each.student for each in results.look_at})
    if not count:
        return "No submission needs a person to look at it"
    if count == 1:
        return "1 submission needs a person to look at it"
    return f"{count} submissions need a person to look at them"

"""A result that another machine sent, checked before it enters the store: no more than this submission's points
may rest on it.

A worker is trusted with the points that it gives. It is not trusted with anything else: what it sends goes through
nbgrader and into pages that people open. So everything that is known here is compared, the student's outputs are
made anew as if they came through the wall, and of a report's HTML only what reports consist of is let through.
"""

import html
import html.parser
import math
import re

from autograder.catalogue import find
from autograder.grading.sent import Sent
from autograder.grading.template import Check
from autograder.grading.told import STOPPED, UNWALLED, told
from autograder.grading.wire import made_anew
from autograder.report import MIME
from autograder.show.note import NOTE_HEADING

#: Characters of a report as HTML, its picture included, as text, and of a sentence.
HTML_LIMIT = 3_000_000
TEXT_LIMIT = 200_000
SENTENCE_LIMIT = 500
NOTE_LIMIT = 1_500
#: Outputs of one cell.
OUTPUTS_LIMIT = 2_000

_STATUSES = ("pass", "fail", "blocked", "error")

#: What the HTML of reports consists of: elements, with the attributes that they have.
_ELEMENTS = {
    "code": (), "div": ("style",), "img": ("alt", "style", "src"), "p": ("style",), "pre": ("style",),
    "span": ("style", "aria-hidden"), "strong": (), "table": ("style",), "td": ("style",),
    "th": ("style", "scope"), "thead": (), "tr": ("style",),
}  # fmt: skip
#: What styles consist of; no address can be written with it, and no escape.
_STYLE = re.compile(r"(?:[a-z-]+:(?:[a-zA-Z0-9#%. -]|var\(--jp-[a-z0-9-]+, ?[#\w -]+\))+;?)*")
_ANYTHING = re.compile(r".*", re.DOTALL)
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+=*")


class Wrong(ValueError):
    """A result that has not the form of one; the message says what is wrong, the rest of a sentence."""


def received(result: dict, task: Sent) -> dict:
    """The result of a task as it may be stored; {"failed": why} stays so. Raises Wrong."""
    try:
        if list(result) == ["failed"]:
            return {"failed": _text(result["failed"], SENTENCE_LIMIT)}
        _same(sorted(result), ["notebook", "summary"], "its parts")
        points = _summary(result["summary"], task)
        return {"notebook": _notebook(result["notebook"], task, points), "summary": result["summary"]}
    except Wrong:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise Wrong("it has not the form of a result") from error


def _same(told: object, known: object, what: str) -> None:
    """Raise Wrong where two things differ, also if only 1 and True do."""
    if type(told) is not type(known) or told != known or repr(told) != repr(known):
        raise Wrong(f"{what} are others than what was asked for")


def _text(text: object, limit: int) -> str:
    """A text that can be stored and shown. Raises Wrong, and ValueError for lone surrogates."""
    if type(text) is not str or len(text) > limit:
        raise Wrong("a text in it is none, or too long")
    text.encode()
    return text


def _summary(summary: dict, task: Sent) -> dict[int, float]:
    """Check a summary; returns the points by the place of the check's cell. Raises Wrong."""
    checks = task.template.checks
    parts = ["exercises", "isolated", "max_points", "notes", "points", "problem"]
    _same(sorted(summary), parts, "the parts of its summary")
    _same(summary["problem"], task.submission.problem, "what is said of the file")
    _same(summary["notes"], list(task.submission.notes), "the notes")
    _same(summary["isolated"], task.walled, "the words on isolation")
    _same([entry["exercise"] for entry in summary["exercises"]], [check.exercise for check in checks], "exercises")
    points = {
        check.cell: _entry(entry, check, task) for check, entry in zip(checks, summary["exercises"], strict=True)
    }
    best = sum(float(sum(p.points for p in find(check.exercise).properties)) for check in checks)
    for said, known in ((summary["points"], sum(points.values())), (summary["max_points"], best)):
        if not math.isclose(_number(said), known, abs_tol=1e-9):
            raise Wrong("its points do not add up")
    return points


def _entry(entry: dict, check: Check, task: Sent) -> float:
    """Check what a summary says of an exercise; returns its points. Raises Wrong."""
    exercise = find(check.exercise)
    properties = exercise.properties
    _same(sorted(entry), ["exercise", "points", "seed", "verdicts"], "the parts of an exercise")
    _same(entry["seed"], task.seeds[check.exercise], "seeds")
    _same([v["property"] for v in entry["verdicts"]], [p.slug for p in properties], "properties")
    for verdict, asked in zip(entry["verdicts"], properties, strict=True):
        _same(sorted(verdict), ["misconception", "points", "property", "status"], "the parts of a verdict")
        misconception = verdict["misconception"]
        if verdict["status"] not in _STATUSES or (
            misconception is not None and misconception not in exercise.mistakes
        ):
            raise Wrong("a verdict in it is none")
        if _number(verdict["points"]) != (asked.points if verdict["status"] == "pass" else 0):
            raise Wrong("its points do not fit its verdicts")
    if not math.isclose(_number(entry["points"]), sum(v["points"] for v in entry["verdicts"]), abs_tol=1e-9):
        raise Wrong("its points do not add up")
    return entry["points"]


def _number(told: object) -> float:
    if type(told) is not float or not math.isfinite(told):
        raise Wrong("points in it are no number")
    return told


def _notebook(notebook: dict, task: Sent, points: dict[int, float]) -> dict:
    """The notebook that was sent, with its outputs as they may be stored. Raises Wrong."""
    known = task.template.rebuilt(task.submission)
    _same(sorted(notebook), sorted(known), "the parts of its notebook")
    _same(len(notebook["cells"]), len(known["cells"]), "cells")
    for place, (given, cell) in enumerate(zip(notebook["cells"], known["cells"], strict=True)):
        if cell["cell_type"] != "code":
            continue
        if len(given["outputs"]) > OUTPUTS_LIMIT:
            raise Wrong("a cell in it has too many outputs")
        cell["execution_count"] = place + 1
        outputs = given["outputs"]
        cell["outputs"] = _judged(outputs, place, points[place], task) if place in points else _shown(outputs)
        _same({**given, "outputs": None}, {**cell, "outputs": None}, "cells")
    for given, cell in zip(notebook["cells"], known["cells"], strict=True):
        if cell["cell_type"] != "code":
            _same(given, cell, "cells")
    _same({**notebook, "cells": None}, {**known, "cells": None}, "the parts of its notebook")
    return known


def _shown(outputs: list[dict]) -> list[dict]:
    """What may be stored of a cell's outputs: the student's, then the grader's sentences on the cell."""
    end = len(outputs)
    while end and _is_note(outputs[end - 1]):
        end -= 1
    return [*made_anew(outputs[:end]), *map(_stopped, outputs[end:])]


def _is_note(output: dict) -> bool:
    return output["output_type"] == "display_data" and "text/html" in output["data"] and MIME not in output["data"]


def _stopped(output: dict) -> dict:
    """The sentence on a cell that was stopped, written anew. Raises Wrong."""
    said = _text(output["data"]["text/plain"], NOTE_LIMIT).removeprefix(f"{NOTE_HEADING} ")
    if not said.startswith(STOPPED):
        raise Wrong("a sentence of the grader's in it is none")
    return told(said)


def _judged(outputs: list[dict], place: int, points: float, task: Sent) -> list[dict]:
    """What may be stored of a check's outputs: notes, the report, the points. Raises Wrong."""
    *notes, report, last = outputs
    known = [*task.submission.notes, *([] if task.walled else [UNWALLED])]
    _same(notes, list(map(told, known)), "the sentences under a check")
    ending = {"output_type": "execute_result", "metadata": {}, "execution_count": place + 1}
    _same(last, {**ending, "data": {"text/plain": repr(points)}}, "the points under a check")
    data = report["data"]
    _same(sorted(data), sorted(["text/plain", "text/html", MIME]), "the parts of a report")
    page = _text(data["text/html"], HTML_LIMIT)
    if _Reader.again(page) != page:
        raise _no_report()
    card = data[MIME]
    _same(sorted(card), ["exercise", "max_points", "points"], "the parts of a report")
    if card["points"] != points or not _number(card["max_points"]) or type(card["exercise"]) is not str:
        raise Wrong("the points of a report are not those of the summary")
    shown = {"text/plain": _text(data["text/plain"], TEXT_LIMIT), "text/html": page, MIME: card}
    return [*notes, {"output_type": "display_data", "data": shown, "metadata": {}}, last]


class _Reader(html.parser.HTMLParser):
    """Reads HTML, and writes anew what reports consist of. Raises Wrong for everything else."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self._written: list[str] = []

    @classmethod
    def again(cls, page: str) -> str:
        """A page written anew: the same, if every program reads it as this one does. Raises Wrong."""
        reader = cls()
        reader.feed(page)
        reader.close()
        return "".join(reader._written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        written = tag
        for name, value in attrs:
            fitting = {"style": _STYLE, "src": _PICTURE}.get(name, _ANYTHING)
            if name not in _ELEMENTS.get(tag, ()) or value is None or not fitting.fullmatch(value):
                raise _no_report()
            written += f' {name}="{html.escape(value, quote=True)}"'
        if tag not in _ELEMENTS:
            raise _no_report()
        self._written.append(f"<{written}>")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag not in _ELEMENTS:
            raise _no_report()
        self._written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Text."""
        if set("<>") & set(data):
            raise _no_report()
        self._written.append(data)

    def handle_entityref(self, name: str) -> None:
        """A character by its name."""
        self._written.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """A character by its number."""
        self._written.append(f"&#{name};")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that ends where it begins."""
        raise _no_report()

    def handle_comment(self, data: str) -> None:
        """A comment."""
        raise _no_report()

    def handle_decl(self, decl: str) -> None:
        """A declaration."""
        raise _no_report()

    def handle_pi(self, data: str) -> None:
        """A processing instruction."""
        raise _no_report()

    def unknown_decl(self, data: str) -> None:
        """A declaration that is none."""
        raise _no_report()


def _no_report() -> Wrong:
    return Wrong("its report contains what no report does")

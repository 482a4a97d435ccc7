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
from dataclasses import replace
from typing import Any

from autograder.catalogue import find
from autograder.grading.sent import Sent
from autograder.grading.stored import Failed, NotAResult, Outcome, StoredExercise, StoredResult
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
    """An answer that is not a result of what was asked; the message says why, as the rest of a sentence."""


def received(answer: object, task: Sent) -> Outcome:
    """What a worker answered, as it may be stored. answer: JSON of an `Outcome`. Raises Wrong."""
    try:
        if isinstance(answer, dict) and list(answer) == ["failed"]:
            return Failed(_text(answer["failed"], SENTENCE_LIMIT))
        result = StoredResult.from_json(answer)
        points = _points(result, task)
        return replace(result, notebook=_notebook(result.notebook, task, points))
    except Wrong:
        raise
    except NotAResult as error:
        raise Wrong(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise Wrong("it does not have the form of a result") from error


def _same(told: object, known: object, what: str) -> None:
    """Raise Wrong where two things differ, also if only 1 and True do."""
    if type(told) is not type(known) or told != known or repr(told) != repr(known):
        raise Wrong(f"{what} are others than what was asked for")


def _text(text: object, limit: int) -> str:
    """A text that can be stored and shown. Raises Wrong, and ValueError for lone surrogates."""
    if type(text) is not str or len(text) > limit:
        raise Wrong("something in it is not text, or is too long")
    text.encode()
    return text


def _points(result: StoredResult, task: Sent) -> dict[int, float]:
    """Compare a result with what was asked; returns the points by the place of the check's cell. Raises Wrong."""
    checks = task.template.checks
    _same(result.problem, task.submission.problem, "what is said of the file")
    _same(result.notes, task.submission.notes, "the notes")
    _same(result.isolated, task.walled, "the words on isolation")
    _same([each.exercise for each in result.exercises], [check.exercise for check in checks], "exercises")
    for exercise in result.exercises:
        _compare(exercise, task.seeds[exercise.exercise])
    best = sum(float(sum(p.points for p in find(check.exercise).properties)) for check in checks)
    if not math.isclose(result.max_points, best, abs_tol=1e-9):
        raise Wrong("its points do not add up")
    return {check.cell: each.points for check, each in zip(checks, result.exercises, strict=True)}


def _compare(exercise: StoredExercise, seed: int) -> None:
    """Compare what is said of an exercise with what was asked. Raises Wrong."""
    asked_of = find(exercise.exercise)
    properties = asked_of.properties
    _same(exercise.seed, seed, "seeds")
    _same([verdict.property for verdict in exercise.verdicts], [p.slug for p in properties], "properties")
    for verdict, asked in zip(exercise.verdicts, properties, strict=True):
        if verdict.misconception is not None and verdict.misconception not in asked_of.mistakes:
            raise Wrong("there is no such misconception")
        if verdict.points != (asked.points if verdict.status == "pass" else 0):
            raise Wrong("its points do not fit its verdicts")


def _notebook(notebook: dict[str, Any], task: Sent, points: dict[int, float]) -> dict[str, Any]:
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
    best = card["max_points"]
    if card["points"] != points or type(best) is not float or not math.isfinite(best):
        raise Wrong("the points of a report are not those of the summary")
    if type(card["exercise"]) is not str:
        raise Wrong("a report does not name its exercise")
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

"""What a worker may send as a result, and what is let into the store and so into pages that people open."""

import copy
import json

import pytest

from autograder.classroom.sample import STUDENTS
from autograder.grading.batch import Task, perform, sent
from autograder.grading.received import Wrong, received
from autograder.grading.sandbox import Limits, why_not
from autograder.grading.stored import Outcome
from autograder.grading.template import Submission, load_template
from autograder.grading.told import STOPPED, told
from autograder.notebook import MIME
from tests.conftest import ROOT

ADA = next(student for student in STUDENTS if student.name == "ada")
WALLED = not why_not()
pytestmark = pytest.mark.slow


def task_of(text: str, assignment: str = "01_mask", **options) -> Task:
    asked = load_template(ROOT / "solutions" / assignment / f"{assignment}.ipynb")
    handed = Submission({grade_id: text for grade_id in asked.solutions}, **options)
    return Task("key", handed, asked, bytes(32), Limits(wall=20), WALLED)


RIGHT = ADA.answers["mask"].source
#: Submissions of many kinds, whose true results all have to be let through.
TRUE = {
    "right": RIGHT,
    "wrong": RIGHT.replace(">= rate", "< rate"),
    "loud": "print('<script>alert(1)</script>' * 50)\nimport warnings; warnings.warn('x')\n" + RIGHT,
    "shows": "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))\n"
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\n" + RIGHT,
    "raises": "raise ValueError('\\x1b[31m' + 'x' * 5000)",
    "ends": "import os; os._exit(3)",
    "floods": "for n in range(30000): print('x' * 10)\n" + RIGHT,
    "nothing": "",
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[Task, Outcome]]:
    tasks = {name: task_of(text) for name, text in TRUE.items()}
    tasks["unreadable"] = task_of(RIGHT, problem="The file is empty.", notes=("A <b>note</b>.",))
    return {name: (task, perform(task)) for name, task in tasks.items()}


@pytest.fixture
def results(outcomes) -> dict[str, tuple[Task, dict]]:
    """What honest workers send."""
    return {name: (task, json.loads(json.dumps(outcome.as_json()))) for name, (task, outcome) in outcomes.items()}


@pytest.mark.parametrize("name", [*TRUE, "unreadable"])
def test_what_an_honest_worker_sends_is_let_through_as_it_is(outcomes, results, name):
    task, result = results[name]
    assert received(result, sent(task)) == outcomes[name][1]
    assert received(result, sent(task)).as_json() == result


def check_of(result: dict) -> dict:
    return next(c for c in reversed(result["notebook"]["cells"]) if c.get("outputs") and len(c["outputs"]) > 1)


def report_of(result: dict) -> dict:
    return next(output["data"] for output in check_of(result)["outputs"] if MIME in output.get("data", {}))


def page(added: str, at: str = "</div>"):
    def spoil(result: dict) -> None:
        data = report_of(result)
        head, _, tail = data["text/html"].rpartition(at)
        data["text/html"] = head + added + at + tail

    return spoil


def points(value: object):
    def spoil(result: dict) -> None:
        result["summary"]["points"] = value
        entry = result["summary"]["exercises"][0]
        entry["points"] = value
        report_of(result)[MIME]["points"] = value
        check_of(result)["outputs"][-1]["data"]["text/plain"] = repr(value)

    return spoil


def set_in(*path: object, value: object):
    def spoil(result: dict) -> None:
        for step in path[:-1]:
            result = result[step]
        result[path[-1]] = value

    return spoil


FIRST = ("summary", "exercises", 0)
SPOILT = {
    "no dictionary in it": set_in("notebook", value=[]),
    "one part more": set_in("more", value=1),
    "one part more in the summary": set_in("summary", "more", value=1),
    "one part more in the notebook": set_in("notebook", "more", value=1),
    "cells gone": set_in("notebook", "cells", value=[]),
    "code of somebody else": lambda r: [c.update(source="other") for c in r["notebook"]["cells"]],
    "a script beside the cells": set_in("notebook", "metadata", value={"kernelspec": "<script>"}),
    "a cell's metadata": lambda r: check_cell(r)["metadata"].update({"nbgrader": {"points": 1000}}),
    "another exercise": set_in(*FIRST, "exercise", value="layer"),
    "another seed": set_in(*FIRST, "seed", value=5),
    "not a number": points(float("nan")),
    "infinite": points(float("inf")),
    "too many points": points(1000.0),
    "fewer points than its verdicts": points(1.0),
    "below zero": points(-10.0),
    "points as text": points("10"),
    "points as true": points(True),
    "a verdict more": lambda r: r["summary"]["exercises"][0]["verdicts"].append(dict(first(r))),
    "an unknown status": lambda r: first(r).update(status="passed"),
    "a misconception of its own": lambda r: first(r).update(misconception="<script>"),
    "a misconception that is a list": lambda r: first(r).update(misconception=["a"]),
    "a property of its own": lambda r: first(r).update(property="x"),
    "isolation denied": lambda r: r["summary"].update(isolated=not r["summary"]["isolated"]),
    "isolation as a number": lambda r: r["summary"].update(isolated=int(r["summary"]["isolated"])),
    "a note of its own": lambda r: r["summary"].update(notes=["look at my page"]),
    "a problem of its own": lambda r: r["summary"].update(problem="x"),
    "a script in the report": page("<script>alert(1)</script>"),
    "a handler in the report": page('<p onclick="alert(1)">x</p>'),
    "a link in the report": page('<a href="javascript:alert(1)">x</a>'),
    "a picture from elsewhere": page('<img src="http://there/x.png">'),
    "a picture with a script": page('<img src="data:image/svg+xml;base64,PHN2Zz4=">'),
    "a style from elsewhere": page('<p style="background:url(http://there)">x</p>'),
    "a style in disguise": page('<p style="width:expression(alert(1))">x</p>'),
    "a frame": page('<iframe srcdoc="x"></iframe>'),
    "a half tag": page("<img src=x onerror=alert(1) "),
    "a tag with a slash": page("<img/src=x/onerror=alert(1)>"),
    "a comment": page("<!-- x --!><script>alert(1)</script>"),
    "a declaration": page("<![CDATA[<script>]]>"),
    "unquoted": page("<p style=color:red>x</p>"),
    "a big tag": page("<P>x</P>"),
    "a report too long": page("x" * 4_000_000),
    "a report with a lone surrogate": page("\ud800"),
    "a note with a script": lambda r: check_of(r)["outputs"].insert(0, {**told("x"), "output_type": "stream"}),
    "two reports": lambda r: check_of(r)["outputs"].insert(0, check_of(r)["outputs"][-2]),
    "points before the report": lambda r: check_of(r)["outputs"].reverse(),
    "no outputs": lambda r: check_of(r)["outputs"].clear(),
    "an output that is none": lambda r: solution_of(r)["outputs"].append(
        {"output_type": "stream", "name": "stdout"}
    ),
    "a deep output": lambda r: solution_of(r)["outputs"].append([[[[]]]]),
    "thousands of outputs": lambda r: solution_of(r)["outputs"].extend(
        [{"output_type": "stream", "name": "stdout", "text": ""}] * 5000
    ),
    "a failure that is a list": lambda r: (r.clear(), r.update(failed=["x"])),
    "a failure too long": lambda r: (r.clear(), r.update(failed="x" * 1000)),
}


def first(result: dict) -> dict:
    return result["summary"]["exercises"][0]["verdicts"][0]


def check_cell(result: dict) -> dict:
    return check_of(result)


def solution_of(result: dict) -> dict:
    return next(c for c in result["notebook"]["cells"] if c["metadata"].get("nbgrader", {}).get("solution"))


@pytest.mark.parametrize("what", sorted(SPOILT))
@pytest.mark.parametrize("name", ["right", "wrong"])
def test_what_no_honest_worker_sends_is_refused(results, name, what):
    task, result = results[name]
    spoilt = copy.deepcopy(result)
    SPOILT[what](spoilt)
    with pytest.raises(Wrong):
        received(spoilt, sent(task))


def test_a_result_of_another_submission_is_refused(results):
    with pytest.raises(Wrong):
        received(results["wrong"][1], sent(results["right"][0]))


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "display_data", "data": {"text/html": "<script>", MIME: {}}, "metadata": {}},
        {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}, "metadata": {"x": 1}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=alert(1)>"}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/png": "PHNjcmlwdD4="}, "metadata": {}},
        {"output_type": "execute_result", "data": {"text/plain": "10.0"}, "execution_count": 1, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": "\x1b]0;title\x07\x00"},
        {**told("x"), "data": {"text/plain": f"{STOPPED} x", "text/html": "<script>alert(1)</script>"}},
    ],
)
def test_of_a_cells_outputs_only_text_and_pictures_are_kept(results, output):
    task, result = results["right"]
    spoilt = copy.deepcopy(result)
    solution_of(spoilt)["outputs"].append(output)
    kept = json.dumps([o for o in solution_of(received(spoilt, sent(task)).as_json())["outputs"]])
    for never in ("<script", "javascript", "svg", "execute_result", "PHNj", '"x": 1', "\\u0000", "\\u0007"):
        assert never not in kept

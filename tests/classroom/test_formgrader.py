"""An instructor grades a class in formgrader, in JupyterLab, in a browser, and in a terminal meanwhile."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.course import Course
from autograder.grading.sandbox import why_not
from tests.classroom.test_press import (
    AUTOGRADE,
    EXPECTED,
    GRADE,
    course,  # noqa: F401 - a fixture
    new_course,  # noqa: F401 - a fixture
    results,
    scores,
    start,
)
from tests.conftest import ROOT
from tests.course.test_lab import TOKEN, browser, free_port  # noqa: F401 - browser is a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=f"Students' code cannot be isolated here: {why_not()}"),
]

COMMENT = "Look at the rate once more, dear student."


@pytest.fixture
def lab(course, tmp_path) -> Iterator[str]:  # noqa: F811 - the fixture
    """The address of a JupyterLab that was started in the course's folder, as by an instructor."""
    port, log = free_port(), tmp_path / "lab.log"
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    environment |= {"PATH": programs, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", f"--port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=course.root, env=environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(30)
    assert "Traceback" not in log.read_text(), log.read_text()


class Formgrader:
    """Formgrader as it stands in a tab of JupyterLab."""

    def __init__(self, browser, address: str):  # noqa: F811 - no fixture here
        self.page = browser.new_page(viewport={"width": 1280, "height": 1100})
        self.page.set_default_timeout(60_000)
        self.page.goto(f"{address}/lab?reset&token={TOKEN}")
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        self.page.get_by_text("Formgrader", exact=True).first.click()
        self.frame = self.page.frame_locator("iframe").first

    def open_submissions(self) -> None:
        self.frame.get_by_role("link", name="Manage Assignments").first.click()
        self.frame.locator("tr", has_text="01_mask").locator(".num-submissions a").click()
        self.row("broken").locator(".autograde a").wait_for()

    def row(self, student: str):
        cell = self.frame.locator("td.student-id", has_text=student)
        return self.frame.locator("#main-table tr").filter(has=cell)

    def press(self, student: str, button: str) -> str:
        """Press a button of a student's row; returns what formgrader then shows."""
        self.row(student).locator(f".{button} a").click()
        shown = self.frame.locator(".modal.in")
        shown.locator(".modal-title").wait_for()
        said = shown.inner_text()
        shown.get_by_role("button", name="OK").click()
        shown.wait_for(state="detached")
        return said


def isolated_results(of: Course) -> int:
    """How many results there are, each of them made behind the wall."""
    made = results(of)
    assert all(result["summary"]["isolated"] for result in made)
    return len(made)


def test_an_instructor_grades_a_class_in_formgrader_and_in_a_terminal(lab, course, browser):  # noqa: F811
    root = course.root
    formgrader = Formgrader(browser, lab)
    formgrader.open_submissions()
    for number, student in enumerate(("wrong", "attack"), start=1):
        said = formgrader.press(student, "autograde")
        assert f"Successfully autograded '01_mask' for student '{student}'" in said, said
        assert scores(course)[student] == EXPECTED[student] and isolated_results(course) == number
        formgrader.row(student).locator(".status", has_text="graded").wait_for()
    terminal = start(course, *GRADE)
    said, _ = terminal.communicate(timeout=300)
    assert terminal.returncode == 1 and "Waiting" not in said, said
    assert "6 to grade, 2 of them are graded already" in said and "6 graded" in said
    assert scores(course) == EXPECTED and isolated_results(course) == 6
    for student in EXPECTED:  # all of them, one after another
        assert "Successfully autograded" in formgrader.press(student, "autograde")
    everybody = start(course, *AUTOGRADE, "--force")  # what its page says for all at once
    said, _ = everybody.communicate(timeout=300)
    assert everybody.returncode == 0 and "Waiting" not in said, said
    assert scores(course) == EXPECTED and isolated_results(course) == 6
    told = (root / "autograded" / "attack" / "01_mask" / "01_mask.ipynb").read_text()
    assert "tried ['FileNotFoundError', 'FileNotFoundError', 'FileNotFoundError'] 1000" in told
    assert not list(root.rglob("written-by-*"))

    by_hand(formgrader, course)
    formgrader.page.close()
    formgrader = Formgrader(browser, lab)
    formgrader.open_submissions()
    said = formgrader.press("wrong", "generate-feedback")
    assert "Successfully generated feedback for '01_mask' for student 'wrong'" in said
    page = formgrader.page
    page.goto(f"{lab}/files/feedback/wrong/01_mask/01_mask.html?token={TOKEN}")
    page.get_by_text(COMMENT).first.wait_for()
    assert "8.5 / 10.0" in page.locator("body").inner_text()
    assert "rate is used as the probability of keeping" in page.locator("body").inner_text()
    page.screenshot(path=os.path.join(os.environ.get("SCREENSHOTS", str(root)), "feedback.png"), full_page=True)
    assert not list((root / "feedback").rglob("*.js"))
    page.close()


def comments(of: Course) -> list[str | None]:
    """What was written about what Wrong handed in."""
    with Gradebook(f"sqlite:///{of.root}/gradebook.db", "dropout") as gradebook:
        return [each.comment for each in gradebook.find_submission("01_mask", "wrong").notebooks[0].comments]


def by_hand(formgrader: Formgrader, course: Course) -> None:  # noqa: F811 - no fixture here
    """Open what Wrong handed in, give points and write a comment, as an instructor does."""
    frame = formgrader.frame
    frame.get_by_role("link", name="Manual Grading").first.click()
    frame.get_by_role("link", name="01_mask", exact=True).first.click()
    frame.get_by_role("link", name="01_mask", exact=True).first.click()
    frame.locator("#main-table tr td a").first.wait_for()
    submission = json.loads(
        formgrader.page.request.get(
            f"{formgrader.page.url.split('/lab')[0]}/formgrader/api/submitted_notebooks/01_mask/01_mask"
        ).text()
    )
    (mine,) = [each["id"] for each in submission if each["student"] == "wrong"]
    frame.locator(f"a[href*='{mine}']").first.click()
    report = frame.locator("body", has_text="rate is used as the probability of keeping")
    report.wait_for()
    frame.locator("input.score").first.fill("8.5")
    frame.locator("input.score").first.press("Tab")
    frame.locator("textarea.comment").first.fill(COMMENT)
    frame.locator("textarea.comment").first.press("Tab")
    deadline = time.monotonic() + 300
    while scores(course)["wrong"] != 8.5 or COMMENT not in comments(course):
        assert time.monotonic() < deadline, "the points or the comment were not saved"
        time.sleep(0.1)
    formgrader.page.screenshot(path=os.path.join(os.environ.get("SCREENSHOTS", str(course.root)), "by-hand.png"))

"""JupyterLab opens at the course, and a student solves an exercise in a browser and sees the report."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from autograder.classroom.sample import STUDENTS
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
TOKEN = "a-test-of-the-course"
THEMES = ("Light", "Dark")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab started as `make lab ARGS=--no-browser` starts it, on a copy of the course."""
    folder = tmp_path_factory.mktemp("student")
    for theme in THEMES:
        shutil.copytree(ROOT / "exercises", folder / theme)
    port, log = free_port(), folder / "lab.log"
    options = [
        "--no-browser", f"--port={port}", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config"), "HOME": str(folder)}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "tools.lab", *options],
            cwd=ROOT, stdout=output, stderr=output, env=environment,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5)
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.5)
        else:
            raise AssertionError(log.read_text())
        yield address, log
    finally:
        server.terminate()
        server.wait(300)


def test_it_opens_at_the_first_page(lab):
    address, log = lab
    assert "/lab/tree/course/00_start_here.ipynb" in log.read_text()
    page = urllib.request.urlopen(f"{address}/lab/tree/Light?token={TOKEN}", timeout=300).read().decode()
    assert "JupyterLab" in page
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip(
            "Chromium is not installed (apt-get install chromium), so JupyterLab is not opened in a browser."
        )
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


def write(page, notebook, source: str) -> None:
    """Replace what is in the cell for the solution; again, if JupyterLab was still drawing and lost it."""
    editor = notebook.locator(".jp-CodeCell", has_text="def dropout_mask(").locator(".cm-content")
    last = source.strip().splitlines()[-1].strip()
    for _ in range(20):
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)
        page.wait_for_timeout(500)
        written = editor.inner_text()
        if last in written and "Your code here" not in written:
            return
    raise AssertionError(f"The cell holds {written!r}.")


def run_all(page, notebook) -> None:
    """Run all cells; again, if the kernel was not there yet when it was asked."""
    from playwright.sync_api import TimeoutError

    for _ in range(5):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        try:
            notebook.locator(".jp-InputPrompt", has_text="[1]:").wait_for(timeout=60_000)
            return
        except TimeoutError:
            page.keyboard.press("Escape")
    raise AssertionError("No cell was run.")


@pytest.mark.parametrize("theme", THEMES)
def test_a_student_writes_the_function_runs_the_check_and_reads_the_report(lab, browser, theme, tmp_path):
    address, _ = lab
    (student,) = [student for student in STUDENTS if student.name == "dmitri"]
    page = browser.new_page(viewport={"width": 1280, "height": 1100}, color_scheme="light")
    settings = f"{address}/lab/api/settings/@jupyterlab/apputils-extension:themes?token={TOKEN}"
    raw = page.request.put(settings, data={"raw": f'{{"theme": "JupyterLab {theme}"}}'})
    assert raw.ok
    page.goto(f"{address}/lab/tree/{theme}/01_mask/01_mask.ipynb?reset&token={TOKEN}")
    notebook = page.locator(".jp-Notebook")
    notebook.wait_for(timeout=300_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(timeout=300_000)
    write(page, notebook, student.answers["mask"].source)
    run_all(page, notebook)
    report = notebook.locator(".jp-OutputArea-output", has_text="points")
    report.get_by_text("rate is used as the probability of keeping").wait_for(timeout=300_000)
    report.scroll_into_view_if_needed()
    picture = report.locator("img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    assert "kept" in picture.get_attribute("alt")
    assert "FAIL" in report.inner_text() and "7 of 10 points" in report.inner_text()
    folder = os.environ.get("SCREENSHOTS", str(tmp_path))
    page.screenshot(path=os.path.join(folder, f"report-{theme.lower()}.png"))
    text, back = report.locator("p").first.evaluate(
        """element => {
            let behind = element;
            while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
                behind = behind.parentElement;
            return [getComputedStyle(element).color, getComputedStyle(behind || document.body).backgroundColor];
        }"""
    )
    assert contrast(text, back) >= 4.5, (text, back)
    page.close()


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two CSS colours, 1 to 21 (WCAG 2.1, success criterion 1.4.3)."""

    def luminance(colour: str) -> float:
        import re

        parts = [float(n) for n in re.findall(r"[\d.]+", colour)]
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in parts[:3]]
        value = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        alpha = parts[3] if len(parts) > 3 else 1.0
        return value * alpha + (1 - alpha)  # over white, where a colour lets some through

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)

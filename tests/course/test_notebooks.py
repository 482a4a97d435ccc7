"""The committed notebooks are executed, clean, small and linked to things that exist; and they run."""

import json
import re

import nbformat
import pytest

from autograder.kernel import client
from tests.conftest import ROOT
from tools.execute import SIZE_LIMIT, NotebookFailed, execute

COURSE = sorted((ROOT / "course").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "solutions").glob("*/*.ipynb"))
EXERCISES = sorted((ROOT / "exercises").glob("*/*.ipynb"))


def name(path):
    return path.name


def code_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


@pytest.mark.parametrize("path", COURSE + SOLUTIONS, ids=name)
def test_committed_notebook_is_executed_from_top_to_bottom_and_clean(path):
    assert path.stat().st_size < SIZE_LIMIT
    assert [cell.execution_count for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


@pytest.mark.parametrize("path", COURSE + SOLUTIONS + EXERCISES, ids=name)
def test_links_to_files_lead_somewhere(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", cell.source):
                if not re.match(r"https?:|attachment:", target):
                    assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", COURSE, ids=name)
def test_every_figure_has_a_sentence_of_alternative_text(path):
    pictures = 0
    for cell in code_cells(path):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data, "figures are shown with style.show, which adds alternative text"
            for alt in re.findall(r'<img [^>]*alt="([^"]*)"', "".join(data.get("text/html", ""))):
                pictures += 1
                assert len(alt.split()) >= 6 and alt.rstrip().endswith((".", "!"))
    assert pictures >= (1 if path.name.startswith("00") else 5)


@pytest.mark.parametrize("path", COURSE, ids=name)
def test_opening_says_what_it_is_for_and_how_long_it_takes(path):
    opening = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells[:3]).lower()
    for word in ("you will be able to", "need", "minutes", "seconds"):
        assert word in opening, word


def test_first_page_has_a_map_of_all_notebooks_and_exercises_with_their_times():
    (start, *others), rows = COURSE, {}
    for line in "\n".join(cell.source for cell in nbformat.read(start, as_version=4).cells).splitlines():
        if found := re.match(r"\| \[[^]]+\]\((\w+\.ipynb)\) \| (\d+) minutes \| (\d+) seconds \| (.*) \|", line):
            notebook, reading, running, exercises = found.groups()
            rows[notebook] = reading, running, dict(re.findall(r"/(\w+)\.ipynb\), (\d+) minutes", exercises))
    for path in others:
        opening = nbformat.read(path, as_version=4).cells[0].source
        assert rows[path.name][0] in re.findall(r"(\d+) minutes", opening)
        assert rows[path.name][1] in re.findall(r"(\d+) seconds", opening)
    minutes = {path.stem: nbformat.read(path, as_version=4).cells[0].source for path in SOLUTIONS}
    minutes = {stem: re.search(r"About (\d+) minutes", opening)[1] for stem, opening in minutes.items()}
    assert {stem: taken for *_, own in rows.values() for stem, taken in own.items()} == minutes


def test_a_notebook_of_the_course_finds_pythons_own_statistics():
    """The folder has a module of that name, and libraries import Python's."""
    cell = nbformat.v4.new_code_cell("import statistics; print(statistics.fmean([1, 2]))")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client(notebook, ROOT / "course", 60, allow_errors=False).execute()
    assert notebook.cells[0].outputs[0].text == "1.5\n"


@pytest.mark.slow
@pytest.mark.parametrize("path", COURSE + SOLUTIONS, ids=name)
def test_notebook_runs(path):
    execute(path)


def test_a_cell_that_warns_is_not_saved(tmp_path):
    path = tmp_path / "warns.ipynb"
    cell = nbformat.v4.new_code_cell("import sys; print('careful', file=sys.stderr)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    before = path.read_bytes()
    with pytest.raises(NotebookFailed, match="careful"):
        execute(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", EXERCISES, ids=name)
def test_released_notebook_contains_no_trace_of_the_solution(path):
    text = path.read_text()
    source = json.loads((ROOT / "solutions" / path.parent.name / path.name).read_text())
    assert "SOLUTION" not in text.replace('"solution"', "").replace("solution-", "")
    for cell in source["cells"]:
        whole = "".join(cell["source"])
        for answer in re.findall(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", whole, re.DOTALL):
            for line in answer.splitlines():
                # A short line, such as "return inputs", may stand in an example as well.
                assert len(line.strip()) < 20 or json.dumps(line.strip())[1:-1] not in text
    assert all(not cell.outputs for cell in code_cells(path))

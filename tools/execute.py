"""Run notebooks from top to bottom and save them with their outputs: `python -m tools.execute NOTEBOOK...`.

A notebook is only saved when every cell ran, nothing went to stderr, and the file stays under 1 MB.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

from autograder.kernel import client
from course.sources.clothing import HIDDEN

SIZE_LIMIT = 1_000_000  # bytes: what the web viewers of the big code hosts still show


class NotebookFailed(Exception):
    """A notebook did not run clean; the message names the notebook and the cell."""


def execute(path: Path, timeout: int = 600) -> nbformat.NotebookNode:
    """Run a notebook in a fresh kernel, in its own folder, and return it with its outputs.

    path: the notebook's file, which is not changed. timeout: seconds a single cell may take.
    Raises NotebookFailed when a cell raises or writes to stderr.
    """
    notebook = nbformat.read(path, as_version=4)
    try:
        client(notebook, path.parent, timeout, allow_errors=False).execute()
    except CellExecutionError as error:
        raise NotebookFailed(f"{path.name}: a cell failed.\n{error}") from error
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            # TensorFlow's own warnings reach a notebook as ordinary output.
            if output.output_type == "stream" and (output.name == "stderr" or "WARNING:" in output.text):
                raise NotebookFailed(f"{path.name}: cell {number} warned or wrote to stderr:\n{output.text}")
    return notebook


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write an executed notebook in one step, so that an interrupted save leaves the old file whole."""
    # The exact interpreter differs between machines and would show as a change in every commit.
    notebook.metadata.get("language_info", {}).pop("version", None)
    text = nbformat.writes(notebook)
    if len(text.encode()) > SIZE_LIMIT:
        raise NotebookFailed(f"{path.name} would have {len(text) / 1e6:.2f} MB; the limit is 1 MB.")
    draft = path.with_suffix(".ipynb.part")
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, path)


def main(arguments: list[str]) -> int:
    """Execute and save each notebook named; returns the process's exit code."""
    os.environ[HIDDEN] = "1"  # what is saved enters the repository, and photographs must not
    for name in arguments:
        path, start = Path(name), time.monotonic()
        try:
            save(execute(path), path)
        except NotebookFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        print(f"{path}: {time.monotonic() - start:.0f} s, {path.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

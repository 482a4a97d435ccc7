"""Run notebooks in kernels: how a client is set up, in one place."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

#: Without this each kernel prints a paragraph on unencrypted ports; they are this machine's own.
KERNEL_ARGUMENTS = ["--IPKernelApp.log_level=40"]


def client(notebook: nbformat.NotebookNode, folder: Path, timeout: int, allow_errors: bool) -> NotebookClient:
    """A client that will run `notebook` in a fresh kernel of this very Python.

    folder: the kernel's working directory. timeout: seconds a cell may take. allow_errors: whether the cells
    after one that raises still run.
    """
    return NotebookClient(
        notebook,
        kernel_name="python3",  # whatever the notebook says: it was perhaps saved on another machine
        extra_arguments=list(KERNEL_ARGUMENTS),
        timeout=timeout,
        allow_errors=allow_errors,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )

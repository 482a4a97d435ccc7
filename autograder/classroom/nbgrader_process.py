"""Run several of nbgrader's commands in one process: loading it takes longer than most of them.

`python -m autograder.classroom.nbgrader_process COMMANDS PATIENCE`: lists of arguments, as JSON; seconds to wait
where another program uses the gradebook.
"""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.apps import NbGraderApp


def _engine(create: Callable, patience: float) -> Callable:
    """What nbgrader opens its gradebook with. patience: seconds to wait where another program writes to a file."""

    # nbgrader opens its gradebook eight times a submission. With one engine, SQLAlchemy compiles each query once.
    @cache
    def create_engine(url: str, **options):
        waits = {"connect_args": {"timeout": patience}} if url.startswith("sqlite") else {}
        return create(url, **options, **waits)

    return create_engine


# For the version of a new gradebook it starts the program alembic, which takes two seconds, and asks it for this.
_MIGRATIONS = Path(api.__file__).parent / "alembic"
api.get_alembic_version = lambda: ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def run(arguments: list[str]) -> bool:
    """Run `nbgrader` with these arguments; returns whether it ended well."""
    print("$ nbgrader", *arguments, file=sys.stderr, flush=True)
    try:
        NbGraderApp.launch_instance(arguments)
    except SystemExit as end:
        return not end.code
    finally:
        # There is one application a process, unless it is told that the last one is over.
        if NbGraderApp.initialized() and NbGraderApp._instance.subapp is not None:
            type(NbGraderApp._instance.subapp).clear_instance()
        NbGraderApp.clear_instance()
    return True


if __name__ == "__main__":
    api.create_engine = _engine(api.create_engine, float(sys.argv[2]))
    sys.exit(sum(2**n for n, arguments in enumerate(json.loads(sys.argv[1])) if not run(arguments)))

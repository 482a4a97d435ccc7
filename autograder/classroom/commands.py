"""Run several of nbgrader's commands in one process: loading it takes longer than most of them."""

import json
import sys
from functools import cache
from pathlib import Path

# jsonschema would spend a second on grammars for Internet addresses, which it does without where there are none.
sys.modules.setdefault("rfc3987_syntax", None)

from alembic.script import ScriptDirectory  # noqa: E402
from nbgrader import api  # noqa: E402
from nbgrader.apps import NbGraderApp  # noqa: E402

# nbgrader opens its gradebook eight times a submission. With one engine, SQLAlchemy compiles each query once.
api.create_engine = cache(api.create_engine)

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
    sys.exit(sum(2**n for n, arguments in enumerate(json.loads(sys.argv[1])) if not run(arguments)))

"""What stands in the place of `autograder.grading.worker` on a worker that means harm; see `test_cluster`.

HOSTILE says what it does, MARKER names the file in which its code writes where it was run.
"""

import json
import os
import pickle
import time

from distributed import get_worker
from distributed.protocol.serialize import Pickled, Serialized


class Harm:
    """Whoever unpickles this writes its own command line into the file."""

    def __reduce__(self):
        marker = os.environ["MARKER"]
        return exec, (f"import sys; open({marker!r}, 'a').write(' '.join(sys.orig_argv) + '\\n')",)


class Harmful(Exception):
    """An exception with which the same happens."""

    __reduce__ = Harm.__reduce__


def _bytes() -> bytes:
    return pickle.dumps(Harm())


def _answer_with(data_of) -> str:
    """Have this worker answer whoever asks for a result with something else."""

    async def get_data(*_, keys=(), **__):
        return {"status": "OK", "data": {key: data_of() for key in keys}}

    get_worker().handlers["get_data"] = get_data
    return "{}"


def _events() -> str:
    worker, evil = get_worker(), _bytes()
    for topic in ("print", "warn", "forwarded-log-record", "all", "anything"):
        worker.log_event(topic, {"category": evil, "message": evil, "args": (evil,)})
        worker.log_event(topic, Pickled({"pickled-obj": evil}, []))
    for message in (
        {"op": "log-event", "topic": "warn", "msg": {"message": evil}},
        {"op": "task-erred", "key": worker.get_current_task(), "exception": Serialized({"serializer": "pickle",
         "writeable": ()}, [evil]), "traceback": Pickled({"pickled-obj": evil}, []), "stimulus_id": "x"},
        {"op": "nonsense", "x": Pickled({"pickled-obj": evil}, [])},
    ):  # fmt: skip
        worker.batched_send(message)
    time.sleep(0.5)
    return "nothing"


def _raise(error: BaseException):
    raise error


KINDS = {
    "object": Harm,
    "exception": lambda: _raise(Harmful()),
    "pickled": lambda: _answer_with(lambda: Serialized({"serializer": "pickle", "writeable": ()}, [_bytes()])),
    "typed": lambda: _answer_with(
        lambda: Serialized({"serializer": "dask", "type-serialized": _bytes(), "sub-header": {}}, [b""])
    ),
    "inline": lambda: _answer_with(lambda: Pickled({"pickled-obj": _bytes()}, [])),
    "garbled": lambda: _answer_with(lambda: Serialized({"serializer": "msgpack"}, [b"\xc1"])),
    "events": _events,
    "large": lambda: "x" * 100_000_000,
    "bomb": lambda: "[" + "[]," * 6_000_000 + "[]]",
    "deep": lambda: "[" * 100_000 + "]" * 100_000,
    "number": lambda: '{"failed": ' + "9" * 100_000 + "}",
    "words": lambda: json.dumps({"unfit": "\x1b[31m\u202eis fine" + "x" * 100_000}),
    "unfit": lambda: json.dumps({"unfit": {"a": [1]}}),
    "other": lambda: json.dumps({"notebook": {"cells": []}, "summary": {"exercises": []}}),
    "silent": lambda: time.sleep(10_000),
    "dies": lambda: os._exit(1),
}


def there(sent: str, digest: str):
    """Anything but what was asked for."""
    return KINDS[os.environ["HOSTILE"]]()

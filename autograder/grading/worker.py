"""What a worker of a Dask cluster does with a task. It takes text and returns text."""

import json

from autograder.grading.sandbox import why_not
from autograder.grading.sent import Sent
from autograder.grading.store import grader_digest

#: The rest of a sentence that begins with the worker's name.
_OTHER_VERSION = (
    "has another version of this grader, of Python or of its libraries, and would grade otherwise. Set up the same "
    "version of the project there, from its requirements.lock, and start it again."
)


def there(sent: str, digest: str) -> str:
    """Grade what was sent; returns JSON: the result, {"failed": why}, or {"unfit": why} if this worker must not.

    sent: as `Sent.as_text` makes it. digest: of the grader that asks. With other code or other libraries the same
    submission could get another grade.
    """
    if grader_digest() != digest:
        return json.dumps({"unfit": _OTHER_VERSION})
    task = Sent.from_text(sent)
    if task.walled and why_not():
        return json.dumps({"unfit": f"cannot isolate students' code: {why_not()}"})
    # Whoever only looks whether it can work here is spared the rest.
    from autograder.grading.batch import perform_sent  # noqa: PLC0415

    return json.dumps(perform_sent(task).as_json())

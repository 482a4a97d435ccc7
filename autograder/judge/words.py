"""What a call that went wrong gave, in words."""

from collections.abc import Mapping

from autograder.judge.evidence import Bench, Ruling
from autograder.observations import Record


def not_callable(bench: Bench, record: Record) -> Ruling:
    """The ruling on something that cannot be called."""
    wanted = bench.exercise
    return Ruling(
        "fail",
        returned=f"{wanted.title}: {with_article(record.problem_type)}",
        expected=f"a {wanted.kind} that is called as {wanted.signature}",
        misconception="not-callable",
    )


def in_words(record: Record, first: Record, own: Mapping[str, tuple[str, str | None]]) -> tuple[str, str | None]:
    """What a call that went wrong gave, in words, and the mistake behind it or None.

    first: the record that shows whether this is a stub. own: the exercise's own problems by their slug.
    """
    known = {
        **own,
        # A stub returns None from the start; later on, a branch has lost its return.
        "none": ("None", "not-implemented" if first.problem == "none" else None),
        "raised": (raised(record), "not-implemented" if is_stub(record) else None),
        "interrupted": ("nothing: the check was interrupted", None),
    }
    return known.get(record.problem, ("nothing: the call was not made", None))


def with_article(kind: str) -> str:
    """The name of a type with "a" or "an" before it, whichever is said."""
    return f"{'an' if kind.lower().startswith(('a', 'e', 'i', 'o', 'nd')) else 'a'} {kind}"


def raised(record: Record) -> str:
    """An exception in words."""
    text = f": {record.problem_text}" if record.problem_text else ""
    line = f" (your line: {record.problem_line})" if record.problem_line and not record.problem_own else ""
    return f"the exception {record.problem_type}{text}{line}"


def is_stub(record: Record) -> bool:
    """Whether an exception is that of a stub: of the student's own code, and not of a library that cannot do it."""
    return record.problem_type == "NotImplementedError" and record.problem_own

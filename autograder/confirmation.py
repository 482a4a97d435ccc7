"""How an examination goes on when something rests on chance: once more on fresh draws, before it is believed.

This is the one place where that is said; in a student's notebook both halves run in one process, and where a class
is graded the halves have processes of their own.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar


class Decided(Protocol):
    """What was decided. suspected: whether fresh draws have to confirm it."""

    @property
    def suspected(self) -> bool: ...  # noqa: D102


Recording = TypeVar("Recording")
SomeDecision = TypeVar("SomeDecision", bound=Decided)


def confirmed(
    observe: Callable[[bool], Recording], decide: Callable[[list[Recording]], SomeDecision]
) -> SomeDecision:
    """Observe and decide, and where chance is suspected observe fresh draws and decide on both recordings.

    observe: makes a recording; it is told whether this is the one of fresh draws. decide: judges the recordings
    that there are, one or two.
    """
    recordings = [observe(False)]
    decision = decide(recordings)
    if not decision.suspected:
        return decision
    recordings.append(observe(True))
    return decide(recordings)

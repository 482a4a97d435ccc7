"""Every correct implementation passes everything; every mistaken one fails, and named mistakes are named."""

import zlib

import pytest

from autograder.catalogue import misconceptions
from autograder.examination import examine
from tests.banks.masks import CORRECT, CORRECT_DRAWS, MISTAKEN, MISTAKEN_DRAWS


def told(report) -> str:
    return "\n".join(f"{v.status:8}{v.property:16}{v.misconception or ''}  {v.message}" for v in report.verdicts)


def quick_first(entries):
    """The fast run leaves out what differs from another entry only in the exercise that a mask is lifted to."""
    lifted = {draw.__name__ for draw in CORRECT_DRAWS} | {make.__name__ for make, _ in MISTAKEN_DRAWS}
    for entry in entries:
        exercise, _, name = entry.name.partition("-")
        slow = name in lifted and exercise != "mask" and hash_of(entry.name) % 20
        yield pytest.param(entry, id=entry.name, marks=[pytest.mark.slow] if slow else [])


def hash_of(text: str) -> int:
    """A number that is the same in every run, unlike Python's hash of a string."""
    return zlib.crc32(text.encode())


@pytest.mark.parametrize("entry", list(quick_first(CORRECT)))
def test_correct_implementation_gets_all_points(entry):
    report = examine(entry.exercise, *entry.objects(), seed=11)
    assert report.passed, told(report)
    assert report.points == report.max_points


@pytest.mark.parametrize("entry", list(quick_first(MISTAKEN)))
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_mistake_fails_and_is_named(entry, seed):
    report = examine(entry.exercise, *entry.objects(), seed=seed)
    assert not report.passed, f"{entry.name} got through"
    assert not any(v.status == "error" for v in report.verdicts), told(report)
    if entry.mistake:
        assert entry.mistake in report.misconceptions, told(report)
        assert entry.mistake in misconceptions()
    assert len(report.misconceptions) <= 2, "one mistake, at most two names:\n" + told(report)

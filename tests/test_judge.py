"""Every correct implementation passes everything; every mistaken one fails, and named mistakes are named."""

import pytest

from autograder.examination import examine
from autograder.misconceptions import MISCONCEPTIONS
from tests.bank import CORRECT, MISTAKEN


def told(report) -> str:
    return "\n".join(f"{v.status:8}{v.property:16}{v.misconception or ''}  {v.message}" for v in report.verdicts)


@pytest.mark.parametrize("entry", CORRECT, ids=lambda entry: entry.name)
def test_correct_implementation_gets_all_points(entry):
    report = examine(entry.exercise, *entry.objects(), seed=11)
    assert report.passed, told(report)
    assert report.points == report.max_points


@pytest.mark.parametrize("entry", MISTAKEN, ids=lambda entry: entry.name)
@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in (2, 3))])
def test_mistake_fails_and_is_named(entry, seed):
    report = examine(entry.exercise, *entry.objects(), seed=seed)
    assert not report.passed, f"{entry.name} got through"
    assert not any(v.status == "error" for v in report.verdicts), told(report)
    if entry.mistake:
        assert entry.mistake in report.misconceptions, told(report)
        assert entry.mistake in MISCONCEPTIONS
    assert len(report.misconceptions) <= 2, "one mistake, at most two names:\n" + told(report)

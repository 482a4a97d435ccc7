"""What all tests of the judge share: the entries of a bank, one by one, and what is to be said of each."""

import zlib
from collections.abc import Iterable

import pytest

from autograder.catalogue import exercises, misconceptions
from tests.banks.masks import Entry

#: What needs Keras takes seconds to import, so that no quick test of the core may touch it.
KERAS = ("keras_layer", "classifier", "transfer")
NUMPY = tuple(name for name in exercises() if name not in KERAS)


def one_by_one(bank: Iterable[Entry], kind=lambda entry: entry.mistake or entry.exercise) -> list:
    """Each entry of a bank as a parameter of a test.

    The quick tests judge the first entry of each kind: for each mistake that has a name one, and for each exercise
    one that has none.
    """
    found, kinds = [], set()
    for entry in bank:
        found.append(pytest.param(entry, id=entry.name, marks=[pytest.mark.slow] if kind(entry) in kinds else []))
        kinds.add(kind(entry))
    return found


def own_seed(entry: Entry) -> int:
    """The seed an entry is judged with: the same in every run, and another one for every entry.

    So a bank as a whole is judged on hundreds of seeds, and no entry twice.
    """
    return zlib.crc32(f"{entry.exercise} {entry.name}".encode())


def told(report) -> str:
    """A report as the tests print it where they fail."""
    return "\n".join(f"{v.status:8}{v.property:16}{v.misconception or ''}  {v.message}" for v in report.verdicts)


def assert_judged_as_correct(report):
    """A report on a correct entry gives all points."""
    assert report.passed, told(report)
    assert report.points == report.max_points


def assert_judged_as_mistaken(entry: Entry, report, costs=None, nameless=0):
    """A report on a mistaken entry fails, and names its mistake and not much else.

    costs: by the names of some entries, the properties that they lose, and no others.
    nameless: how many mistakes may be named for an entry whose mistake has no name.
    """
    assert not report.passed, f"{entry.name} got through"
    assert not any(v.status == "error" for v in report.verdicts), told(report)
    if entry.mistake:
        assert entry.mistake in report.misconceptions, told(report)
        assert entry.mistake in misconceptions()
    assert len(report.misconceptions) <= (2 if entry.mistake else nameless), told(report)
    if costs and entry.name in costs:
        assert {v.property for v in report.verdicts if v.status != "pass"} == costs[entry.name], told(report)

"""Every correct implementation passes everything; every mistaken one fails, and named mistakes are named."""

import importlib

import pytest

from autograder.catalogue import exercises
from autograder.examination import examine
from tests.conftest import ROOT
from tests.judging import assert_judged_as_correct, assert_judged_as_mistaken, one_by_one, own_seed

#: Banks whose tests ask for more than what is asked for here, and stand in modules of their own.
OWN_TESTS = {"classifier", "cross_validation", "keras_layer", "overfitting", "transfer"}
NAMES = {path.stem for path in (ROOT / "tests" / "banks").glob("[a-z]*.py")}
BANKS = [importlib.import_module(f"tests.banks.{name}") for name in sorted(NAMES - OWN_TESTS)]


@pytest.mark.slow
def test_every_exercise_has_right_and_wrong_implementations():
    every = [importlib.import_module(f"tests.banks.{name}") for name in NAMES]
    for kind in ("CORRECT", "MISTAKEN"):
        assert {entry.exercise for bank in every for entry in getattr(bank, kind)} == set(exercises()), kind


@pytest.mark.parametrize("entry", one_by_one(entry for bank in BANKS for entry in bank.CORRECT))
def test_correct_implementation_gets_all_points(entry):
    assert_judged_as_correct(examine(entry.exercise, *entry.objects(), seed=own_seed(entry)))


@pytest.mark.parametrize("entry", one_by_one(entry for bank in BANKS for entry in bank.MISTAKEN))
def test_mistake_fails_and_is_named(entry):
    report = examine(entry.exercise, *entry.objects(), seed=own_seed(entry))
    assert_judged_as_mistaken(entry, report, nameless=2)

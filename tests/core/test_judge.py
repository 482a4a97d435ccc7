"""Every correct implementation passes everything; every mistaken one fails, and named mistakes are named."""

import pytest

from autograder.examination import examine
from tests.banks.masks import CORRECT, MISTAKEN
from tests.judging import assert_judged_as_correct, assert_judged_as_mistaken, one_by_one, own_seed


@pytest.mark.parametrize("entry", one_by_one(CORRECT))
def test_correct_implementation_gets_all_points(entry):
    assert_judged_as_correct(examine(entry.exercise, *entry.objects(), seed=own_seed(entry)))


@pytest.mark.parametrize("entry", one_by_one(MISTAKEN))
def test_mistake_fails_and_is_named(entry):
    report = examine(entry.exercise, *entry.objects(), seed=own_seed(entry))
    assert_judged_as_mistaken(entry, report, nameless=2)

"""One look at each thing that needs Keras, for the quick tests; the first of them imports it, and no other does."""

from importlib import import_module

import pytest

from autograder.examination import examine
from tests.conftest import first_is_quick
from tests.judging import KERAS, assert_judged_as_correct, assert_judged_as_mistaken


@pytest.mark.parametrize("exercise", first_is_quick(KERAS))
def test_a_correct_answer_passes_and_a_mistaken_one_is_named(exercise):
    bank = import_module(f"tests.banks.{exercise}")
    assert_judged_as_correct(examine(exercise, *bank.CORRECT[0].objects(), seed=1))
    named = next(entry for entry in bank.MISTAKEN if entry.mistake)
    assert_judged_as_mistaken(named, examine(exercise, *named.objects(), seed=1))


@pytest.mark.slow
def test_a_stack_of_networks_is_trained_as_keras_trains_them_alone():
    from tests.course import test_stacked

    test_stacked.test_keras_optimizers_serve_too()

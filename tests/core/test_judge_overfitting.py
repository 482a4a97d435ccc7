"""Gaps and best epochs: every correct one passes everything, every mistaken one fails and is named."""

import numpy as np
import pytest

from autograder.catalogue import cases
from autograder.examination import examine
from autograder.judge import judge
from autograder.observations import Observations
from autograder.observe import observe
from tests.banks.overfitting import CORRECT, MISTAKEN
from tests.judging import assert_judged_as_correct, assert_judged_as_mistaken, one_by_one, own_seed

HISTORIES = ("gap", "best_epoch")


@pytest.mark.parametrize("entry", one_by_one(CORRECT))
def test_correct_function_of_a_history_gets_all_points(entry):
    assert_judged_as_correct(examine(entry.exercise, *entry.objects(), seed=own_seed(entry)))


@pytest.mark.parametrize("entry", one_by_one(MISTAKEN))
def test_mistaken_function_of_a_history_fails_and_is_named(entry):
    assert_judged_as_mistaken(entry, examine(entry.exercise, *entry.objects(), seed=own_seed(entry)))


@pytest.mark.parametrize("exercise", HISTORIES)
def test_histories_follow_from_the_seed_alone_and_hide_no_mistake(exercise):
    for seed in range(60):
        found = cases(exercise, seed)
        assert repr(found) == repr(cases(exercise, seed))  # NaN is not equal to itself
        for name in ("overfit", "dropout", "long", "large"):
            case = found[name]
            lowest, highest = case.curve("val_loss").argmin(), case.curve("val_loss").argmax()
            tops = [case.curve(key).argmax() for key in ("accuracy", "val_accuracy")]
            places = sorted([lowest, highest, *tops, case.curve("loss").argmin()])
            assert np.diff(places).min() >= 2 and 0 < places[0] and places[-1] < case.epochs - 1
            assert tops[0] != tops[1] and list(case.history()) == [key for key, _ in case.columns]
        gap = {name: found[name].curve("accuracy")[-1] - found[name].curve("val_accuracy")[-1]
               for name in ("overfit", "dropout")}  # fmt: skip
        assert gap["overfit"] > 0.02 and gap["dropout"] < -0.02
    assert cases(exercise, 1) != cases(exercise, 2)


def lost(exercise, student, seed=1):
    return {v.property for v in examine(exercise, student, seed=seed).verdicts if v.status != "pass"}


def test_one_mistake_costs_one_property():
    """What a mistake does not touch still earns its points."""
    costs = {
        "gap-bare_lookup": {"missing-key"}, "gap-index_error": {"bad-input"}, "gap-pops": {"input-untouched"},
        "gap-lists_only": {"arrays"}, "gap-formula-gap-reversed-0": {"gap", "one-epoch", "nan"},
        "best_epoch-list_index": {"arrays"}, "best_epoch-or_equal": {"ties"}, "best_epoch-a_float": {"number"},
        "best_epoch-choice-nan-wins-0": {"nan"}, "best_epoch-only_empty_refused": {"bad-input"},
        "best_epoch-choice-epoch-off-by-one-0": {"best-epoch", "ties", "one-epoch", "nan"},
    }  # fmt: skip
    made = {entry.name: entry for entry in MISTAKEN}
    for name, properties in costs.items():
        assert lost(made[name].exercise, *made[name].objects()) == properties, name


@pytest.mark.slow
@pytest.mark.parametrize("exercise", HISTORIES)
def test_recording_of_a_history_survives_the_journey_and_is_judged_the_same(exercise):
    for entry in [entry for entry in CORRECT + MISTAKEN if entry.exercise == exercise]:
        recorded = observe(exercise, entry.objects(), 4)
        sent = Observations.from_bytes(recorded.to_bytes())
        assert judge(exercise, sent, 4) == judge(exercise, recorded, 4)


@pytest.mark.parametrize("exercise", [*HISTORIES, "classifier"])
def test_a_missing_recording_is_no_pass(exercise):
    report = judge(exercise, Observations({}), 4).report
    assert not report.passed and report.points == 0


def test_classifiers_follow_from_the_seed_alone_and_avoid_rates_that_hide_mistakes():
    for seed in range(60):
        found = cases("classifier", seed)
        assert found == cases("classifier", seed)
        assert sorted(len(case.hidden) for case in found.values()) == [1, 2, 2, 3]
        for case in found.values():
            assert case.rate == 0 or abs(case.rate - 0.5) > 0.02 and abs(case.rate - round(case.rate, 1)) > 0.004
            assert 10 not in case.hidden
        assert list(found["three"].hidden) != sorted(found["three"].hidden)
    assert cases("classifier", 1) != cases("classifier", 2)

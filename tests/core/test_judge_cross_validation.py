"""Cross-validations: every correct one passes everything, every mistaken one fails and is named."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from autograder.catalogue import cases
from autograder.examination import examine
from autograder.exercises.cross_validation.judge import neighbours
from autograder.exercises.cross_validation.judge.recognising import Table
from autograder.judge import judge
from autograder.observations import Observations
from autograder.observe import observe
from tests.banks.cross_validation import CORRECT, MISTAKEN
from tests.judging import assert_judged_as_correct, assert_judged_as_mistaken, one_by_one, own_seed


@pytest.mark.parametrize("entry", one_by_one(CORRECT))
def test_correct_cross_validation_gets_all_points(entry):
    assert_judged_as_correct(examine("cross_validation", *entry.objects(), seed=own_seed(entry)))


@pytest.mark.parametrize("entry", one_by_one(MISTAKEN))
def test_mistaken_cross_validation_fails_and_is_named(entry):
    assert_judged_as_mistaken(entry, examine("cross_validation", *entry.objects(), seed=own_seed(entry)))


def ordinary_cases(seed):
    return [case for case in cases("cross_validation", seed).values() if not case.oddity]


def test_cases_follow_from_the_seed_alone_and_leave_a_remainder_everywhere():
    for seed in range(40):
        found = cases("cross_validation", seed)
        assert found == cases("cross_validation", seed)
        assert any(min(case.sizes) == case.n_splits for case in ordinary_cases(seed)), "just large enough"
        for case in ordinary_cases(seed):
            if min(case.sizes) > case.n_splits:
                assert all(size % case.n_splits for size in (*case.sizes, sum(case.sizes)))
            assert len(set(case.labels)) == len(case.sizes)
            x = case.x()
            assert x.shape == (sum(case.sizes), case.columns) and x.dtype == case.dtype
            gaps = np.diff(np.sort(x.astype(float), axis=0), axis=0) / x.std(axis=0, dtype=float)
            assert gaps.min() > 0.005, "rows must be told apart in every column"
            assert np.ptp(np.log(x.std(axis=0))) > 5, "one statistic for all columns must show"
    assert cases("cross_validation", 1) != cases("cross_validation", 2)
    assert cases("cross_validation", 1) != cases("cross_validation", 1, again=True)


def log_ways(sizes):
    """The logarithm of the number of ways to share a class out to folds that get these many."""
    return math.lgamma(sum(sizes) + 1) - sum(math.lgamma(size + 1) for size in sizes)


def test_a_correct_shuffle_looks_like_file_order_with_a_probability_below_1e_12():
    for case in [case for seed in range(30) for case in ordinary_cases(seed)]:
        n, log_chance = case.n_splits, 0.0
        for size in case.sizes:
            fair = [len(part) for part in np.array_split(np.arange(size), n)]
            # In blocks: an order of the folds and a place to begin. In turns: the folds of one period, of 2n rows.
            blocks = math.lgamma(n + 1) + math.log(size)
            turns = log_ways([2] * n) if size > 3 * n else math.lgamma(n + 1)
            log_chance += min(math.log(math.exp(blocks) + math.exp(turns)) - log_ways(fair), 0)
        assert log_chance < math.log(1e-12 / 24), case.name


def test_a_correct_shuffle_gives_two_seeds_the_same_folds_with_a_probability_below_1e_11():
    for found in [cases("cross_validation", seed) for seed in range(30)]:
        chance = 0.0
        for case in [case for name, case in found.items() if f"{name}-other" in found]:
            assert case.seed != found[f"{case.name}-other"].seed
            for size in case.sizes:
                fair = [len(part) for part in np.array_split(np.arange(size), case.n_splits)]
                # Folds of the same size may change places.
                names = sum(math.lgamma(fair.count(length) + 1) for length in set(fair))
                chance += math.exp(names - log_ways(fair))
        assert chance < 1e-11


@pytest.mark.slow
def test_neighbours_in_a_correct_shuffle_stay_far_from_the_alarm():
    rng = np.random.default_rng(0)
    planned = ordinary_cases(5)
    worst = 0.0
    for _ in range(300):
        total = np.zeros((3, 3))
        for case in planned:
            membership = np.empty(sum(case.sizes), int)
            for number, size in enumerate(case.sizes):
                membership[case.classes() == number] = rng.permutation(np.arange(size) % case.n_splits)
            total += [neighbours(case, membership, distance) for distance in (1, case.n_splits, 2 * case.n_splits)]
        worst = max(worst, *(total[:, 0] - total[:, 1]) / np.sqrt(total[:, 2]))
    assert 1 < worst < 5  # the alarm is at 10


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_recognised_whatever_was_done_to_their_columns(dtype):
    rng = np.random.default_rng(1)
    for case in ordinary_cases(7):
        x, table = case.x(), Table(case.x())
        for size in (6, 11, len(x) // 2, len(x)):
            rows = rng.permutation(len(x))[:size]
            shift, factor = rng.normal(size=case.columns) * 50, rng.normal(size=case.columns) + 2.5
            found = table.find((x[rows].astype(dtype) - shift.astype(dtype)) / factor.astype(dtype))
            assert np.array_equal(found.rows, rows)
            assert np.abs((found.shift - shift) / x.std(axis=0, dtype=float)).max() < 1e-3
            assert np.abs(found.scale / factor - 1).max() < 1e-3
        assert table.find(rng.normal(size=(30, case.columns))) is None
        assert table.find(x[:30, ::-1]) is None
        assert table.find(np.zeros((30, case.columns))) is None
        assert table.find(x[:0]) is None


def statuses(student, seed=1):
    return {v.property: v.status for v in examine("cross_validation", student, seed=seed).verdicts}


def test_one_mistake_costs_one_property():
    """What a mistake does not touch still earns its points."""
    costs = {
        "scaled_before_splitting": {"scaled"}, "fit_transform_twice": {"scaled"}, "raw_test_rows": {"scaled"},
        "one_model": {"new-model"}, "plain_k_fold": {"stratified"}, "seed_typed_in": {"seed"},
        "stratified_in_file_order": {"shuffled", "seed"}, "training_rows_scored": {"scores"},
        "mean": {"shape", "scores"}, "refuses_some-0": {"bad-input"}, "global_seed": {"seed"},
        "fitted_on_everything": {"folds"}, "sorted_scores": {"scores"}, "sorted_test_labels": {"labels"},
        "counts_with_bincount": {"shape", "scores", "seed"}, "global_states_left_behind": {"seed"},
        "best_of_three_models": {"new-model"}, "changed_afterwards-_locked": {"input-untouched"},
    }  # fmt: skip
    made = {entry.name: entry.make() for entry in MISTAKEN}
    for name, lost in costs.items():
        assert {slug for slug, status in statuses(made[name]).items() if status != "pass"} == lost, name


@pytest.mark.parametrize("field", ["fit", "row", "rows", "label", "labels"])
@pytest.mark.parametrize("number", [-7, 500, 2**31 - 1])
def test_forged_numbers_of_events_earn_nothing(field, number):
    records = dict(observe("cross_validation", (CORRECT[0].make(),), 1).records)
    events = records["five.events"].values.copy()
    events[field][-1] = number
    records["five.events"] = replace(records["five.events"], values=events)
    report = judge("cross_validation", Observations(records), 1).report
    assert {v.status for v in report.verdicts} == {"error"} if number > 0 else not report.passed


@pytest.mark.slow
def test_an_import_in_the_first_call_costs_nothing():
    """Importing scikit-learn draws from Python's global generator, once in a process."""
    program = """
import sys
import numpy as np
from autograder import examine

def cross_validate(build_model, x, y, n_splits, seed):
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    counts = np.unique(y, return_counts=True)[1]
    if n_splits < 2 or len(counts) < 2 or counts.min() < n_splits or not np.isfinite(x).all():
        raise ValueError("no")
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return cross_val_score(make_pipeline(StandardScaler(), build_model()), x, y, cv=folds)

assert "sklearn" not in sys.modules
print(examine("cross_validation", cross_validate, seed=1).passed)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True", done.stdout

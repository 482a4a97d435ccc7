"""The Sonar experiments: everything is paired, and the saved numbers are those of the code."""

import numpy as np
import pytest

from course.figures.sonar_pictures import Tip
from course.networks import sonar_networks
from course.networks.sonar_networks import BASELINE, HIDDEN_DROPOUT, Design
from course.sources import sonar
from course.studies import sonar_study

pytestmark = pytest.mark.slow


def test_a_design_does_not_depend_on_what_it_is_compared_with():
    _, y = sonar.load()
    parts, seeds = sonar.folds(y, 0)[:2], [5, 6]
    wide = Design(hidden=(20, 10))
    together = sonar_networks.accuracies([BASELINE, wide, HIDDEN_DROPOUT], parts, seeds, epochs=(2, 8))
    alone = sonar_networks.accuracies([HIDDEN_DROPOUT], parts, seeds, epochs=(8,))
    assert together.shape == (3, 2, 2)
    np.testing.assert_allclose(together[2, :, 1], alone[0, :, 0], atol=0.05)  # at most an echo on the threshold


def test_networks_are_shared_out_to_equal_stacks_of_one_shape(monkeypatch):
    monkeypatch.setattr(sonar_networks, "LARGEST_STACK", 4)
    batches = sonar_networks._batches([BASELINE, Design(hidden=(20, 10)), HIDDEN_DROPOUT], 3)
    assert sorted(sum(batches, [])) == [(design, part) for design in range(3) for part in range(3)]
    assert sorted(map(len, batches)) == [3, 3, 3]
    assert [{design for design, _ in batch} == {1} for batch in batches].count(True) == 1


def test_the_mistake_of_scaling_on_all_rows_looks_at_test_rows():
    x, y = sonar.load()
    train, test = sonar.folds(y, 0)[0]
    changed = x.copy()
    changed[test] += 5
    leaking = sonar_study.scaled_on_all(x, train) - sonar_study.scaled_on_all(changed, train)
    assert np.abs(leaking[train]).max() > 0.1


def test_saved_study_is_complete():
    accuracies, date = sonar_study.saved()
    assert set(accuracies) == set(sonar_study.EXPERIMENTS) and len(date) == 10
    for name, grid in sonar_study.GRIDS.items():
        shape = (len(grid.rows[1]), len(grid.columns[1]), sonar_study.REPEATS, sonar.FOLDS)
        assert accuracies[f"grid: {name}"].shape == shape
    assert all(((values >= 0) & (values <= 1)).all() for values in accuracies.values())
    # Accuracies are counts of 20 or 21 test echoes.
    counts = accuracies["published"][..., None] * np.array([20, 21])
    assert (np.abs(counts - counts.round()).min(axis=-1) < 0.01).all()


def test_a_tip_says_where_the_interval_lies_and_who_is_stuck():
    rng = np.random.default_rng(0)
    grid = sonar_study.Grid(("rate", (0.0, 0.5)), ("momentum", (0.9,)), ())
    baseline = rng.normal(0.85, 0.02, (10, 10))
    accuracies = np.stack([baseline + rng.normal(0, 0.02, (10, 10)), baseline - 0.3])[:, None]
    tip = Tip(grid, accuracies, baseline)
    assert tip.below.tolist() == [[False], [True]] and not tip.above.any()
    assert tip.means[1, 0] == pytest.approx(-30) and tip.stuck.tolist() == [[0.0], [1.0]]
    assert "rate 0.5: -30.0" in tip.show("title").alt


def test_saved_numbers_come_from_this_code():
    accuracies, _ = sonar_study.saved()
    _, y = sonar.load()
    designs = list(sonar_networks.PUBLISHED.values())
    again = sonar_networks.accuracies(designs, sonar.folds(y, 0), sonar_study.network_seeds(0))
    difference = again[..., 0] - accuracies["published"][:, 0]
    # Small steps repeat. Large ones blow up differences in rounding until an echo or two fall otherwise.
    assert np.abs(difference[0]).mean() < 0.02
    assert np.abs(difference).mean() < 0.1 and np.abs(difference.mean(axis=1)).max() < 0.05

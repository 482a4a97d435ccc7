"""The Fashion-MNIST experiments, on images that are made up and small."""

import numpy as np
import pytest

from course.networks import training
from course.networks.training import Design, Images
from course.studies import fashion_study
from course.studies.fashion_study import stopped_early, train

pytestmark = pytest.mark.slow
ROWS, HELD = np.arange(200), np.arange(200, 300)
DESIGNS = [Design((20,)), Design((10,)), Design((20,), hidden_rate=0.5)]


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    centres = rng.random((10, 784)).astype("float32")
    y, y_test = rng.integers(0, 10, 300), rng.integers(0, 10, 80)

    def x(labels):
        return np.clip(centres[labels] + rng.normal(0, 0.2, (len(labels), 784)), 0, 1).astype("float32")

    return Images(x(y), y, x(y_test), y_test)


@pytest.fixture(scope="module")
def trained(images):
    """The curves of three designs from two seeds each, and their stacks."""
    return train(DESIGNS, [1, 2], images, ROWS, 15, validation=HELD)


def test_curves_have_a_value_for_each_design_seed_and_epoch(images, trained):
    curves, stacks = trained
    assert curves.test_loss.shape == (3, 2, 15) and len(stacks) == 2
    assert (curves.train_accuracy[..., -1] > 0.3).all()
    np.testing.assert_allclose(curves.gap, curves.train_accuracy - curves.validation_accuracy)
    # The last column is what the networks give now.
    loss, _ = stacks[0].evaluate(images.x[HELD], images.y[HELD])
    np.testing.assert_allclose(curves.validation_loss[[0, 2], :, -1].ravel(), loss, rtol=1e-5)
    # What fit reports with dropout is worse than the network is.
    assert (curves.reported_accuracy[2, :, -1] < curves.train_accuracy[2, :, -1]).all()


def test_fewer_measurements_of_fewer_networks_are_the_same_ones(images, trained):
    every, _ = trained
    some, _ = train([DESIGNS[1]], [2], images, ROWS, 5, validation=HELD, every=2)
    np.testing.assert_allclose(some.validation_loss[0, 0], every.validation_loss[1, 1, [1, 3, 4]], rtol=1e-4)


def test_early_stopping_is_kerass(images):
    losses = np.array([[3.0, 2.0, 2.5, 2.4, 1.0], [1.0, 2.0, 3.0, 0.5, 0.4]])
    assert stopped_early(losses, 1).tolist() == [1, 0]
    assert stopped_early(losses, 2).tolist() == [1, 0]
    assert stopped_early(losses, 3).tolist() == [4, 4]


def test_designs_of_one_shape_share_a_stack_up_to_its_size(monkeypatch):
    monkeypatch.setattr(training, "LARGEST_STACK", 4)
    designs = [Design(hidden_rate=rate) for rate in (0, 0.1, 0.2)] + [Design((5,)), Design(weight_decay=0.1)]
    assert training._groups(designs, 2) == [[0, 1], [2], [3], [4]]


def test_what_a_stack_knows_is_measured_network_by_network(images, trained):
    _, (stack, _) = trained
    known = fashion_study.knowledge(stack, images)
    assert known.active.shape == known.together.shape == (1, 4) and known.calibration_error.shape == (4,)
    h = np.maximum(images.x_test @ stack.model.get_weights()[0][3] + stack.model.get_weights()[1][3], 0)
    assert known.active[0, 3] == pytest.approx((h > 0).mean())
    pairs = np.abs(np.corrcoef(h[:, h.std(axis=0) > 1e-6].T))
    assert known.together[0, 3] == pytest.approx(pairs[np.triu_indices(len(pairs), 1)].mean(), rel=1e-4)
    certain = stack.predict(images.x_test)[3]
    sure = (certain.argmax(axis=1) != images.y_test) & (certain.max(axis=1) > 0.99)
    assert known.sure_and_wrong[3] == sure.sum()


def test_saved_study_is_complete():
    results, _ = fashion_study.saved()
    published, subclassed = ["published", "published, seeded"], ["one object", "one object, seeded"]
    assert set(results) == {*published, *subclassed, "knowledge", "rates", "amounts", "widths", "rivals"}
    assert {results[name].shape for name in published} == {(8, 2, 3, 20)}
    assert {results[name].shape for name in subclassed} == {(8, 2, 3, 60)}
    assert results["rates"].shape == (8, len(fashion_study.RATES), 3, 20)
    assert results["amounts"].shape == (2, len(fashion_study.AMOUNTS), 3, 3)
    known = fashion_study.saved_knowledge()
    assert known.sure_and_wrong.shape == (2, 3) and known.together.shape == known.active.shape == (3, 2, 3)

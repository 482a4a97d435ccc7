"""A stack of networks is exactly as many networks trained alone by Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from course.networks import stacked
from course.networks.stacked import Stack, StackedSGD, initial_seed, plan_epoch

pytestmark = pytest.mark.slow

FEATURES, BATCH = 7, 8
SEEDS = (11, 12, 13)


def steps_of(plans):
    return [(plan, step) for plan in plans for step in range(len(plan.positions))]


def alone(stack, network, hidden, outputs, rows, x, y, epochs, optimizer, max_norm, one_order=False):
    """Train one network of the stack by itself in plain Keras, with the same batches and masks.

    Dropout is a multiplication by a mask that is handed in; everything else is Keras's own.
    """
    generators = [np.random.default_rng(seed) for seed in SEEDS]
    inputs = h = keras.Input((FEATURES,))
    entrances = {place.depth: keras.Input((place.units,)) for place in stack.masked}
    if 0 in entrances:
        h = layers.Multiply()([h, entrances[0]])
    dense = []
    for depth, units in enumerate((*hidden, outputs)):
        last = depth == len(hidden)
        activation = ("sigmoid" if outputs == 1 else "softmax") if last else "relu"
        start = keras.initializers.GlorotUniform(initial_seed(SEEDS[network], depth))
        limit = None if last or max_norm is None else keras.constraints.MaxNorm(max_norm)
        dense.append(layers.Dense(units, activation=activation, kernel_initializer=start, kernel_constraint=limit))
        h = dense[-1](h)
        if depth + 1 in entrances:
            h = layers.Multiply()([h, entrances[depth + 1]])
    model = keras.Model([inputs, *entrances.values()], h)
    loss = "binary_crossentropy" if outputs == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, jit_compile=False)  # compiling takes longer than these few steps
    if one_order:
        rows = [generator.permutation(own) for own, generator in zip(rows, generators, strict=True)]
    for _ in range(epochs):
        for plan, step in steps_of(plan_epoch(rows, BATCH, generators, stack.masked, shuffle=not one_order)):
            used = plan.weights[step, network] == 1
            if not used.any():
                continue
            positions = plan.positions[step, network][used]
            masks = [
                mask[step, network][used] / np.float32(1 - place.rates[network])
                for mask, place in zip(plan.masks, stack.masked, strict=True)
            ]
            own = x if x.ndim == 2 else x[network]
            model.train_on_batch([own[positions], *masks], y[positions])
    return [weight for layer in dense for weight in layer.get_weights()]


def differences(stack, network, weights):
    """The largest difference of each array of weights, relative to the array's largest weight."""
    own = [np.asarray(weight)[network] for weight in stack.model.get_weights()]
    return [
        np.abs(mine.reshape(other.shape) - other).max() / np.abs(other).max()
        for mine, other in zip(own, weights, strict=True)
    ]


def examples(outputs, n=43, networks=None):
    rng = np.random.default_rng(5)
    shape = (n, FEATURES) if networks is None else (networks, n, FEATURES)
    x = rng.normal(size=shape).astype("float32")
    return x, rng.integers(0, max(outputs, 2), n)


ROWS = [np.arange(1, 42), np.arange(0, 32), np.arange(10, 43)]  # 6, 4 and 5 steps of 8, the last ones uneven


MIXED = ((0.1, 0, 0.4), (0, 0.5, 0.2))


@pytest.mark.parametrize(
    ("outputs", "input_rate", "hidden_rate"), [(1, *MIXED), (4, *MIXED), (4, 0, 0), (1, 0.2, 0)]
)
def test_equals_networks_trained_alone(outputs, input_rate, hidden_rate):
    x, y = examples(outputs, networks=3)
    rates, momenta, limits = (0.1, 0.03, 0.2), (0.9, 0.8, 0.0), (0.6, 1.0, 0.4)
    stack = Stack(FEATURES, (9, 5), outputs, SEEDS, input_rate, hidden_rate, limits)
    stack.train(StackedSGD(rates, momenta), x, y, ROWS, epochs=6, batch_size=BATCH, title=None)
    limited = 0
    for network in range(3):
        optimizer = keras.optimizers.SGD(rates[network], momenta[network])
        weights = alone(stack, network, (9, 5), outputs, ROWS, x, y, 6, optimizer, limits[network])
        assert max(differences(stack, network, weights)) < 2e-5
        limited += np.isclose(np.linalg.norm(weights[0], axis=0), limits[network], rtol=1e-4).sum()
    assert limited > 3, "max-norm has to act, or this test says nothing of it"


def test_keras_optimizers_serve_too():
    x, y = examples(3)
    rows = [np.arange(network, network + 41) for network in range(3)]
    stack = Stack(FEATURES, (6,), 3, SEEDS, hidden_rate=0.3)
    stack.train(keras.optimizers.Adam(0.01), x, y, rows, epochs=5, batch_size=BATCH, title=None)
    for network in range(3):
        weights = alone(stack, network, (6,), 3, rows, x, y, 5, keras.optimizers.Adam(0.01), None)
        assert max(differences(stack, network, weights)) < 1e-4


def test_order_can_be_drawn_once():
    x, y = examples(1)
    stack = Stack(FEATURES, (6,), 1, SEEDS, hidden_rate=0.3)
    stack.train(StackedSGD(0.3, 0.9), x, y, ROWS, epochs=5, batch_size=BATCH, one_order=True, title=None)
    for network in range(3):
        optimizer = keras.optimizers.SGD(0.3, 0.9)
        weights = alone(stack, network, (6,), 1, ROWS, x, y, 5, optimizer, None, one_order=True)
        assert max(differences(stack, network, weights)) < 2e-5


def test_decay_is_keras_inverse_time_decay():
    x, y = examples(1)
    rows = [np.arange(40)] * 3
    stack = Stack(FEATURES, (6,), 1, SEEDS)
    stack.train(StackedSGD(0.3, 0.9, (0.01, 0.1, 0)), x, y, rows, epochs=5, batch_size=BATCH, title=None)
    for network, decay in enumerate((0.01, 0.1, 0)):
        schedule = keras.optimizers.schedules.InverseTimeDecay(0.3, 1, decay)
        weights = alone(stack, network, (6,), 1, rows, x, y, 5, keras.optimizers.SGD(schedule, 0.9), None)
        assert max(differences(stack, network, weights)) < 2e-5


def test_a_network_does_not_depend_on_its_neighbours():
    x, y = examples(1)
    rows = [np.arange(40)] * 3
    together = Stack(FEATURES, (6,), 1, SEEDS, hidden_rate=0.3)
    together.train(StackedSGD(0.1, 0.9), x, y, rows, epochs=4, batch_size=BATCH, title=None)
    single = Stack(FEATURES, (6,), 1, SEEDS[1:2], hidden_rate=0.3)
    single.train(StackedSGD(0.1, 0.9), x, y, rows[:1], epochs=4, batch_size=BATCH, title=None)
    np.testing.assert_allclose(together.predict(x)[1], single.predict(x)[0], atol=1e-5)


def test_training_goes_on_where_it_stopped():
    x, y = examples(1)
    rows = [np.arange(40)] * 3
    whole, parts = Stack(FEATURES, (6,), 1, SEEDS), Stack(FEATURES, (6,), 1, SEEDS)
    whole.train(StackedSGD(0.1, 0.9), x, y, rows, epochs=5, batch_size=BATCH, title=None)
    optimizer, seen = StackedSGD(0.1, 0.9), []
    parts.train(optimizer, x, y, rows, epochs=2, batch_size=BATCH, title=None, after=seen.append, every=1)
    parts.train(optimizer, x, y, rows, epochs=3, batch_size=BATCH, title=None)
    np.testing.assert_allclose(whole.predict(x), parts.predict(x), atol=1e-5)
    assert seen == [1, 2]


def test_bad_input_is_refused_with_a_sentence():
    x, y = examples(1)
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Stack(FEATURES, (6,), 1, SEEDS, hidden_rate=(0.1, 1.0, 0.2))
    stack = Stack(FEATURES, (6,), 1, SEEDS)
    with pytest.raises(ValueError, match="3 networks, but 2 sets of rows"):
        stack.train(StackedSGD(0.1, 0.9), x, y, ROWS[:2], epochs=1, batch_size=BATCH)
    schedule = keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.1)
    for optimizer in (keras.optimizers.Adam(), keras.optimizers.SGD(schedule), StackedSGD(0.1, 0.9, 0.01)):
        with pytest.raises(ValueError, match="need SGD without decay"):
            stack.train(optimizer, x, y, ROWS, epochs=1, batch_size=BATCH)


def test_long_epochs_are_planned_in_parts(monkeypatch):
    monkeypatch.setattr(stacked, "STEPS_AT_ONCE", 2)
    x, y = examples(3)
    stack = Stack(FEATURES, (6,), 3, SEEDS, hidden_rate=0.3)
    parts = list(plan_epoch(ROWS, BATCH, [np.random.default_rng(seed) for seed in SEEDS], stack.masked))
    assert [len(plan.positions) for plan in parts] == [2, 2, 2]
    assert [plan.last for plan in parts] == [False, False, True]
    seen = np.concatenate([plan.positions[:, 0][plan.weights[:, 0] == 1] for plan in parts])
    assert sorted(seen) == list(ROWS[0])
    stack.train(StackedSGD(0.1, 0.9), x, y, ROWS, epochs=3, batch_size=BATCH, title=None)
    for network in range(3):
        weights = alone(stack, network, (6,), 3, ROWS, x, y, 3, keras.optimizers.SGD(0.1, 0.9), None)
        assert max(differences(stack, network, weights)) < 2e-5


@pytest.mark.parametrize("outputs", [1, 3])
def test_evaluation_and_history_are_keras_own(outputs):
    x, y = examples(outputs)
    stack = Stack(FEATURES, (6,), outputs, SEEDS)
    loss, accuracy = stack.evaluate(x, y)
    # A learning rate of nothing: the history of an epoch is then the evaluation.
    history = stack.train(StackedSGD(1e-9, 0.0), x, y, [np.arange(43)] * 3, epochs=2, batch_size=BATCH, title=None)
    np.testing.assert_allclose(history["loss"], [loss, loss], rtol=1e-5)
    np.testing.assert_allclose(history["accuracy"], [accuracy, accuracy], rtol=1e-6)
    kind = keras.losses.BinaryCrossentropy() if outputs == 1 else keras.losses.SparseCategoricalCrossentropy()
    for network, outcome in enumerate(stack.predict(x)):
        labels = y[:, None] if outputs == 1 else y
        assert float(kind(labels, outcome)) == pytest.approx(loss[network], rel=1e-5)


def test_shared_and_own_examples_give_the_same(monkeypatch):
    monkeypatch.setattr(stacked, "AT_ONCE", 10)
    x, _ = examples(1)
    stack = Stack(FEATURES, (6,), 1, SEEDS)
    np.testing.assert_allclose(stack.predict(x), stack.predict(np.stack([x] * 3)), atol=1e-6)
    assert stack.predict(x).shape == (3, 43, 1)

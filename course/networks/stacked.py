"""Many small networks trained at once, as one Keras model.

A network of this course has a few thousand weights. Training one of them is mostly waiting: for Python, for
Keras, for operations to start. So networks of one shape are stacked: every array gets a
leading axis of networks, and one matrix product of stacked matrices serves them all. Each network keeps its
own weights, examples, order of examples and dropout masks; only the time is shared.

For a stack to be exactly as many networks trained alone (tests/course/test_stacked.py compares them):

- the loss is the *sum* over networks of each one's mean, so that each sees the gradient of its own loss;
- initial weights are drawn network by network: Glorot's formula must see one network's units, not the stack's;
- a max-norm constraint looks along the axis of incoming weights of one network;
- where networks have different numbers of examples, the missing ones of a batch weigh nothing, and a network
  whose epoch is over waits: its weights and its momentum do not change.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from tqdm.auto import tqdm

#: How many examples are evaluated, and how many steps are planned, in one piece.
AT_ONCE, STEPS_AT_ONCE = 2_000, 256
#: One number for all networks, or one for each.
PerNetwork = float | Sequence[float] | np.ndarray


class StackedGlorot(keras.initializers.Initializer):
    """Glorot's uniform initialisation (Glorot & Bengio 2010), drawn separately for each network.

    seeds: integers, one per network. Network k starts as a `keras.layers.Dense` of the same size does whose
    kernel initialiser is `GlorotUniform(seed=seeds[k])`.
    """

    def __init__(self, seeds: Sequence[int]):
        self.seeds = [int(seed) for seed in seeds]

    def __call__(self, shape, dtype=None):
        """Weights of shape (networks, inputs, units)."""
        return ops.stack([keras.initializers.GlorotUniform(seed)(shape[1:], dtype) for seed in self.seeds])


class StackedMaxNorm(keras.constraints.Constraint):
    """`keras.constraints.MaxNorm` with a limit for each network.

    limits: the largest length of a unit's incoming weights, a number or one per network; infinity for none.
    """

    def __init__(self, limits: PerNetwork):
        self.limits = _column(limits)

    def __call__(self, weights):
        """Weights of shape (networks, inputs, units), shortened for each unit whose weights are too long."""
        lengths = ops.sqrt(ops.sum(ops.square(weights), axis=1, keepdims=True))
        allowed = ops.minimum(lengths, self.limits)
        shortened = weights * (allowed / (keras.backend.epsilon() + lengths))
        return ops.where(np.isinf(self.limits), weights, shortened)


class StackedSGD(keras.optimizers.SGD):
    """Stochastic gradient descent with momentum, its settings one for all networks or one for each.

    learning_rate: above 0. momentum: from 0 to below 1. decay: the learning rate is divided by
    1 + decay · (steps done), as `keras.optimizers.schedules.InverseTimeDecay` does.
    """

    def __init__(self, learning_rate: PerNetwork, momentum: PerNetwork, decay: PerNetwork = 0.0):
        super().__init__(learning_rate=1.0, momentum=0.5)  # any momentum, so that Keras makes velocities
        self.rates, self.momenta, self.decays = _column(learning_rate), _column(momentum), _column(decay)

    def update_step(self, gradient, variable, learning_rate):
        """Keras's own step for one variable of shape (networks, …), with a column of numbers for each."""
        velocity = self.momentums[self._get_variable_index(variable)]
        rate = self.rates / (ops.cast(self.iterations, "float32") * self.decays + 1)
        self.assign(velocity, velocity * self.momenta - gradient * rate)
        self.assign_add(variable, velocity)


class Stack:
    """As many networks of one shape as there are seeds, as one Keras model.

    inputs: number of features. hidden: units of each hidden layer, which has ReLU. outputs: 1 for a sigmoid,
    or the number of classes for a softmax. seeds: one integer per network; it decides the network's initial
    weights, order of examples and dropout masks, whatever else is in the stack. input_rate, hidden_rate:
    dropout on the inputs and after every hidden layer, 0 <= rate < 1. max_norm: limit of the hidden units'
    incoming weights. The last three are one number, or one per network.

    model: the Keras model, float32 (networks, examples, inputs) -> (networks, examples, outputs).
    Raises ValueError for a rate outside its range.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        seeds: Sequence[int],
        input_rate: PerNetwork = 0.0,
        hidden_rate: PerNetwork = 0.0,
        max_norm: PerNetwork = np.inf,
    ):
        self.seeds = [int(seed) for seed in seeds]
        self.generators = [np.random.default_rng(seed) for seed in self.seeds]
        constraint = StackedMaxNorm(max_norm) if np.isfinite(max_norm).any() else None
        x = keras.Input(batch_shape=(len(self.seeds), None, inputs))
        self.model = keras.Sequential([x])
        self.masked: list[Masked] = []
        self._outputs = tf.function(self._evaluate, jit_compile=True)
        self._drop_after(0, inputs, input_rate)
        for depth, units in enumerate((*hidden, outputs)):
            last = depth == len(hidden)
            self.model.add(
                layers.EinsumDense(
                    "nbi,nio->nbo",
                    (None, units),
                    bias_axes="no",
                    activation=("sigmoid" if outputs == 1 else "softmax") if last else "relu",
                    kernel_initializer=StackedGlorot([initial_seed(seed, depth) for seed in self.seeds]),
                    kernel_constraint=None if last else constraint,
                )
            )
            if not last:
                self._drop_after(depth + 1, units, hidden_rate)

    def _drop_after(self, depth: int, units: int, rates: PerNetwork) -> None:
        rates = np.broadcast_to(np.asarray(rates, float), len(self.seeds))
        if not ((rates >= 0) & (rates < 1)).all():
            raise ValueError(f"A rate must be at least 0 and below 1; got {rates.min():g} to {rates.max():g}.")
        if rates.any():
            self.masked.append(Masked(depth, units, rates))

    def __call__(self, x, masks: Sequence | None = None):
        """Outputs for x, with dropout where masks are given.

        x: (networks, examples, inputs). masks: for each entry of `masked` booleans of shape (networks,
        examples, units), True for kept; None for evaluation.
        """
        if masks is None:
            return self.model(x)
        applied = {place.depth: (mask, place.rates) for place, mask in zip(self.masked, masks, strict=True)}
        for depth, layer in enumerate((None, *self.model.layers)):
            x = layer(x) if layer else x
            if depth in applied:
                mask, rates = applied[depth]
                x = x * ops.cast(mask, "float32") / _column(1 - rates)
        return x

    def _evaluate(self, x: tf.Tensor) -> tf.Tensor:
        """Outputs in evaluation; a batch without an axis of networks is given to all of them."""
        return self.model(tf.broadcast_to(x, (len(self.seeds), *x.shape[-2:])))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Every network's outputs in evaluation, float32 (networks, examples, outputs).

        x: float32 (examples, features), or (networks, examples, features) for each network its own.
        """
        x = np.asarray(x, np.float32)
        parts = [x[..., start : start + AT_ONCE, :] for start in range(0, x.shape[-2], AT_ONCE)]
        # Compiling takes longer than a part or two.
        outputs = self._outputs if len(parts) > 2 else self._evaluate
        return np.concatenate([outputs(tf.constant(part)).numpy() for part in parts], axis=1)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss in nats and accuracy of every network in evaluation, float64 (networks,) each.

        x: as for `predict`. y: labels of these examples, (examples,).
        """
        outputs = self.predict(x).astype(np.float64)
        chosen = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else outputs[..., 0] > 0.5
        one_hot = outputs if outputs.shape[-1] > 1 else np.concatenate([1 - outputs, outputs], axis=-1)
        given = np.take_along_axis(one_hot, np.asarray(y, int)[None, :, None], axis=-1)[..., 0]
        # Keras's loss clips in the same place.
        return -np.log(np.maximum(given, keras.backend.epsilon())).mean(axis=-1), (chosen == y).mean(axis=-1)

    def train(
        self,
        optimizer: keras.optimizers.Optimizer,
        x: np.ndarray,
        y: np.ndarray,
        rows: Sequence[np.ndarray],
        *,
        epochs: int,
        batch_size: int,
        after: Callable[[int], None] | None = None,
        every: int | None = None,
        one_order: bool = False,
        title: str | None = "training",
    ) -> dict[str, np.ndarray]:
        """Train every network on its own examples, as `fit` does with batches in random order.

        optimizer: a StackedSGD, or any of Keras's that treats every weight alone. x: float32 (examples,
        features) for all networks, or (networks, examples, features) for each its own. y: labels of these
        examples, 0 and 1 or class numbers, (examples,). rows: for each network the positions of the examples
        it learns from. after: called after every `every` epochs (by default a twentieth of all) with the
        number of epochs done. one_order: draw a network's order of examples once instead of for every epoch, as
        `fit` does on TensorFlow after `keras.utils.set_random_seed`. title: of the progress bar; None for no bar.
        Returns what `fit` reports: "loss" and "accuracy" in training mode, averaged over each epoch's batches
        while the weights move; float64 (epochs, networks).
        Raises ValueError when there is not one entry of `rows` for each network, and when networks whose epochs
        differ in steps meet an optimizer that counts steps for all.
        """
        if len(rows) != len(self.seeds):
            raise ValueError(f"There are {len(self.seeds)} networks, but {len(rows)} sets of rows.")
        waiting = len({-(-len(own) // batch_size) for own in rows}) > 1
        if waiting and _counts_steps(optimizer):
            raise ValueError(
                "Networks whose epochs differ in steps need SGD without decay: anything else counts steps for all."
            )
        every = every or max(1, epochs // 20)
        run = _training_function(self, optimizer, tf.constant(x, tf.float32), tf.constant(y, tf.int32), waiting)

        if one_order:
            rows = [generator.permutation(own) for own, generator in zip(rows, self.generators, strict=True)]

        def plans() -> Iterator[tuple[int, Plan]]:
            for epoch in range(epochs):
                for plan in plan_epoch(rows, batch_size, self.generators, self.masked, shuffle=not one_order):
                    yield epoch, plan

        totals = np.zeros((3, epochs, len(self.seeds)))
        with tqdm(total=epochs, desc=title, unit="epoch", disable=title is None, leave=False) as bar:
            for epoch, plan in _drawn_ahead(plans()):
                totals[:, epoch] += run(plan.positions, plan.weights, plan.masks).numpy()
                if plan.last:
                    bar.update()
                    if after and ((epoch + 1) % every == 0 or epoch + 1 == epochs):
                        after(epoch + 1)
        loss, right, seen = totals
        return {"loss": loss / seen, "accuracy": right / seen}


def _drawn_ahead(plans: Iterator) -> Iterator:
    """The same plans, each drawn by NumPy while TensorFlow trains with the one before."""
    with ThreadPoolExecutor(1) as drawer:
        following = drawer.submit(next, plans, None)
        while (plan := following.result()) is not None:
            following = drawer.submit(next, plans, None)
            yield plan


@dataclass(frozen=True)
class Masked:
    """A place where a stack drops. depth: 0 for the inputs, 1 for the first hidden layer, and so on.

    units: how many are dropped or kept there. rates: probability of dropping, one per network.
    """

    depth: int
    units: int
    rates: np.ndarray


@dataclass(frozen=True)
class Plan:
    """The random choices of an epoch, or of a part of one.

    positions: of the examples that each network sees in each step, int32 (steps, networks, batch_size).
    weights: of these examples, float32 of that shape: 1, or 0 where a network has no example left.
    masks: for each place that drops booleans (steps, networks, batch_size, units), True for kept.
    last: whether the epoch ends here.
    """

    positions: np.ndarray
    weights: np.ndarray
    masks: tuple[np.ndarray, ...]
    last: bool


def initial_seed(seed: int, depth: int) -> int:
    """The seed of the initial weights of a network's layer. depth: 0 for the first hidden layer."""
    return int(np.random.SeedSequence([seed, depth]).generate_state(1)[0] >> 1)


def plan_epoch(
    rows: Sequence[np.ndarray],
    batch_size: int,
    generators: Sequence[np.random.Generator],
    masked: Sequence[Masked] = (),
    shuffle: bool = True,
) -> Iterator[Plan]:
    """Draw the next epoch of every network, each from its own generator, in parts that fit into memory.

    rows: positions of each network's examples. generators: one per network; they advance. masked: where
    networks drop. shuffle: False to take the examples in the order of `rows`.
    """
    steps = -(-max(map(len, rows)) // batch_size)
    networks = len(rows)
    positions = np.zeros((networks, steps * batch_size), np.int32)
    weights = np.zeros(positions.shape, np.float32)
    for network, (own, generator) in enumerate(zip(rows, generators, strict=True)):
        positions[network, : len(own)] = generator.permutation(own) if shuffle else own
        weights[network, : len(own)] = 1
    parts = -(-steps // STEPS_AT_ONCE)
    bounds = np.linspace(0, steps, parts + 1).astype(int) * batch_size

    def by_step(array: np.ndarray) -> np.ndarray:
        return array.reshape(networks, -1, batch_size, *array.shape[2:]).swapaxes(0, 1)

    for start, end in itertools.pairwise(bounds):
        masks = [np.ones((networks, end - start, place.units), bool) for place in masked]
        for network, generator in enumerate(generators):
            own = int(weights[network, start:end].sum())
            for mask, place in zip(masks, masked, strict=True):
                if place.rates[network]:
                    drawn = generator.random((own, place.units), np.float32)
                    np.greater_equal(drawn, np.float32(place.rates[network]), out=mask[network, :own])
        chosen = by_step(positions[:, start:end]), by_step(weights[:, start:end])
        yield Plan(*chosen, tuple(map(by_step, masks)), last=end == bounds[-1])


def _training_function(
    stack: Stack, optimizer: keras.optimizers.Optimizer, x: tf.Tensor, y: tf.Tensor, waiting: bool
):
    """A compiled function that makes as many training steps as it is given.

    It returns the sum of losses, the number of right answers and the number of examples, (3, networks).
    waiting: whether some networks' epochs have fewer steps than others'.
    """
    variables = stack.model.trainable_variables
    optimizer.build(variables)
    classes = stack.model.output_shape[-1] > 1
    loss = keras.losses.sparse_categorical_crossentropy if classes else keras.losses.binary_crossentropy

    def one_step(positions, weights, masks):
        batch = tf.gather(x, positions, batch_dims=x.shape.rank - 2)
        labels = tf.gather(y, positions)
        count = tf.reduce_sum(weights, axis=1)  # (networks,)
        with tf.GradientTape() as tape:
            outputs = stack(batch, masks)
            each = loss(labels[..., None], outputs) * weights  # (networks, batch)
            total = tf.reduce_sum(tf.reduce_sum(each, axis=1) / tf.maximum(count, 1.0))
        gradients = tape.gradient(total, [v.value for v in variables])
        stacked = [v for v in (*variables, *optimizer.variables) if len(v.shape) == 3] if waiting else []
        before = [tf.identity(v.value) for v in stacked]
        optimizer.apply(gradients, variables)
        for variable, old in zip(stacked, before, strict=True):
            variable.assign(tf.where((count > 0)[:, None, None], variable.value, old))
        chosen = (
            tf.argmax(outputs, axis=-1, output_type=tf.int32)
            if classes
            else tf.cast(outputs[..., 0] > 0.5, tf.int32)
        )
        right = tf.reduce_sum(tf.cast(chosen == labels, tf.float32) * weights, axis=1)
        return tf.stack([tf.reduce_sum(each, axis=1), right, count])

    # XLA turns many small operations into one pass over memory, which is most of the time saved.
    @tf.function(jit_compile=True)
    def run(positions, weights, masks):
        totals = tf.zeros((3, len(stack.seeds)))
        for step in tf.range(tf.shape(positions)[0]):
            totals += one_step(positions[step], weights[step], [mask[step] for mask in masks])
        return totals

    return run


def _counts_steps(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether a step of an optimizer depends on how many there were before."""
    scheduled = isinstance(optimizer.get_config()["learning_rate"], dict)
    decays = np.any(getattr(optimizer, "decays", 0))
    return bool(not isinstance(optimizer, keras.optimizers.SGD) or scheduled or decays)


def _column(numbers: PerNetwork) -> np.ndarray:
    """One number or one per network, as float32 that multiplies arrays of shape (networks, …, …)."""
    return np.asarray(numbers, np.float32).reshape(-1, 1, 1)

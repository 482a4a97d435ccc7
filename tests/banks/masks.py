"""Implementations to judge: correct ones as unlike each other as possible, and mistaken ones with their names.

A way to draw masks, `(shape, rate, rng) -> array of 0/1`, is one entry for every exercise: `lift` turns it into
an answer to each. Mistakes in scaling or in the training flag belong to one exercise.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.stats import norm, qmc

from autograder.catalogue import find

Draw = Callable[[tuple, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Entry:
    """An implementation. make: a fresh one each time, since some keep state. mistake: its slug, or None."""

    name: str
    exercise: str
    make: Callable[[], object]
    mistake: str | None = None

    def objects(self) -> tuple:
        """What `examine` is handed: one object, or as many as the exercise asks for."""
        made = self.make()
        return made if len(find(self.exercise).objects) > 1 else (made,)


def enters(entries: list[Entry], exercise: str, mistake: str | None = None) -> Callable:
    """A decorator that adds an implementation of an exercise, as it stands, to the entries of a bank."""

    def enter(made):
        entries.append(Entry(getattr(made, "__name__", repr(made)), exercise, lambda: made, mistake))
        return made

    return enter


def checked(rate):
    if not 0 <= rate <= 1:
        raise ValueError("rate must be a probability")


# ---------------------------------------------------------------- ways to draw a mask, correct


def uniform(shape, rate, rng):
    return rng.random(shape) >= rate


def uniform_float32(shape, rate, rng):
    return (rng.random(shape, dtype=np.float32) < 1 - rate).astype(np.float32)


def binomial(shape, rate, rng):
    return rng.binomial(1, 1 - rate, size=shape)


def choice(shape, rate, rng):
    return rng.choice([0, 1], size=shape, p=[rate, 1 - rate])


def loops(shape, rate, rng):
    mask = np.ones(shape, dtype=int)
    for index in np.ndindex(*shape):
        if rng.random() < rate:
            mask[index] = 0
    return mask


def row_by_row(shape, rate, rng):
    rows = [rng.random(shape[1:]) >= rate for _ in range(shape[0])]
    return np.array(rows).reshape(shape)


def integers(shape, rate, rng):
    return rng.integers(0, 2**40, size=shape) >= rate * 2**40


def normal_quantile(shape, rate, rng):
    return rng.standard_normal(shape) >= norm.ppf(rate)


def exponential(shape, rate, rng):
    with np.errstate(divide="ignore"):
        return rng.exponential(size=shape) >= -np.log1p(-rate) if rate < 1 else np.zeros(shape)


def geometric_gaps(shape, rate, rng):
    """Jump from one dropped entry to the next: the gaps of Bernoulli trials are geometric."""
    size = int(np.prod(shape))
    mask = np.ones(size, dtype=np.uint8)
    if rate > 0:
        position = rng.geometric(rate) - 1
        while position < size:
            mask[position] = 0
            position += rng.geometric(rate)
    return mask.reshape(shape)


def backwards(shape, rate, rng):
    size = int(np.prod(shape))
    return (rng.random(size)[::-1] > rate).reshape(shape, order="F") if rate < 1 else np.zeros(shape, bool)


def random_count_then_places(shape, rate, rng):
    """First how many are kept (binomial), then which (uniform): the same distribution in two steps."""
    size = int(np.prod(shape))
    mask = np.zeros(size)
    mask[rng.permutation(size)[: rng.binomial(size, 1 - rate)]] = 1
    return mask.reshape(shape)


_BUFFER: dict[tuple, np.ndarray] = {}


def shared_buffer(shape, rate, rng):
    buffer = _BUFFER.setdefault(shape, np.empty(shape))
    rng.random(out=buffer)
    np.greater_equal(buffer, rate, out=buffer)
    return buffer


def spawned(shape, rate, rng):
    return rng.spawn(1)[0].random(shape) >= rate


CORRECT_DRAWS: list[Draw] = [
    uniform, uniform_float32, binomial, choice, loops, row_by_row, integers, normal_quantile, exponential,
    geometric_gaps, backwards, random_count_then_places, shared_buffer, spawned,
]  # fmt: skip

# ---------------------------------------------------------------- ways to draw a mask, mistaken

MISTAKEN_DRAWS: list[tuple[Callable[[], Draw], str | None]] = []


def mistaken(mistake: str | None, factory: bool = False):
    """Enter a way to draw; a factory is called anew for each examination, because its draw keeps state."""

    def enter(function):
        MISTAKEN_DRAWS.append((function if factory else (lambda: function), mistake))
        MISTAKEN_DRAWS[-1][0].__name__ = function.__name__
        return function

    return enter


@mistaken("keep-drop-swapped")
def swapped(shape, rate, rng):
    return rng.random(shape) < rate


@mistaken("keep-drop-swapped")
def swapped_binomial(shape, rate, rng):
    return rng.binomial(1, rate, shape)


@mistaken("normal-noise")
def normal_below(shape, rate, rng):
    return rng.standard_normal(shape) < 1 - rate


@mistaken("normal-noise")
def normal_above(shape, rate, rng):
    return (rng.normal(size=shape) > rate) * 1.0


@mistaken("hard-coded-rate")
def coin(shape, rate, rng):
    return rng.integers(0, 2, shape)


@mistaken("hard-coded-rate")
def above_a_half(shape, rate, rng):
    return rng.random(shape) > 0.5


@mistaken("hard-coded-rate")
def always_a_fifth(shape, rate, rng):
    return rng.random(shape) >= 0.2


@mistaken("fixed-count")
def exact_count(shape, rate, rng):
    size = int(np.prod(shape))
    mask = np.ones(size)
    mask[rng.choice(size, round(size * rate), replace=False)] = 0
    return mask.reshape(shape)


@mistaken("fixed-count")
def exact_count_by_rank(shape, rate, rng):
    noise = rng.random(shape).ravel()
    mask = np.zeros(noise.size, int)
    mask[np.argsort(noise)[int(noise.size * rate) :]] = 1
    return mask.reshape(shape)


@mistaken("fixed-count")
def exact_count_per_row(shape, rate, rng):
    order = np.argsort(rng.random(shape), axis=-1)
    return order >= round(shape[-1] * rate)


@mistaken("fixed-count")
def exact_count_per_column(shape, rate, rng):
    order = np.argsort(rng.random(shape), axis=0)
    return order >= round(shape[0] * rate)


@mistaken("mask-shared-across-rows")
def one_row_tiled(shape, rate, rng):
    return np.tile(rng.random(shape[1:]) >= rate, (shape[0],) + (1,) * (len(shape) - 1))


@mistaken("mask-shared-across-rows")
def one_row_broadcast(shape, rate, rng):
    return np.broadcast_to(rng.binomial(1, 1 - rate, shape[-1]), shape)


@mistaken("mask-shared-across-columns")
def one_coin_per_row(shape, rate, rng):
    return np.broadcast_to((rng.random(shape[0]) >= rate).reshape(-1, *[1] * (len(shape) - 1)), shape).copy()


@mistaken("mask-shared-across-columns")
def one_coin_per_row_repeat(shape, rate, rng):
    return np.repeat(rng.random((*shape[:-1], 1)) >= rate, shape[-1], axis=-1)


@mistaken("scalar-mask")
def one_coin(shape, rate, rng):
    return np.full(shape, rng.random() >= rate)


@mistaken("scalar-mask")
def one_coin_multiplied(shape, rate, rng):
    return np.ones(shape) * rng.binomial(1, 1 - rate)


@mistaken("mask-reused", factory=True)
def kept_in_a_dictionary():
    kept = {}

    def draw(shape, rate, rng):
        if (shape, rate) not in kept:
            kept[shape, rate] = rng.random(shape) >= rate
        return kept[shape, rate]

    return draw


@mistaken("mask-reused", factory=True)
def kept_noise():
    kept = {}

    def draw(shape, rate, rng):
        noise = kept.setdefault(shape, rng.random(shape))
        return noise >= rate

    return draw


@mistaken("seed-inside")
def new_generator_each_time(shape, rate, rng):
    return np.random.default_rng(42).random(shape) >= rate


@mistaken("seed-inside")
def global_seed_each_time(shape, rate, rng):
    np.random.seed(0)
    return np.random.rand(*shape) >= rate


@mistaken("ignores-rng")
def numpy_global(shape, rate, rng):
    return np.random.rand(*shape) >= rate


@mistaken("ignores-rng")
def generator_of_its_own(shape, rate, rng):
    return np.random.default_rng().random(shape) >= rate


@mistaken("ignores-rng")
def python_random(shape, rate, rng):
    return np.array([random.random() >= rate for _ in range(int(np.prod(shape)))]).reshape(shape)


@mistaken("ignores-rng", factory=True)
def generator_beside_the_function():
    own = np.random.default_rng(7)
    return lambda shape, rate, rng: own.random(shape) >= rate


@mistaken("never-drops")
def all_ones(shape, rate, rng):
    rng.random(shape)
    return np.ones(shape)


@mistaken("never-drops")
def truthy(shape, rate, rng):
    return np.array(rng.random(shape), dtype=bool)


# Faults without a name: they have to fail, and say something true.


@mistaken(None)
def pairs(shape, rate, rng):
    size = int(np.prod(shape))
    return np.repeat(rng.random((size + 1) // 2) >= rate, 2)[:size].reshape(shape)


@mistaken(None)
def antithetic_halves(shape, rate, rng):
    size = int(np.prod(shape))
    half = rng.random((size + 1) // 2)
    return (np.concatenate([half, 1 - half])[:size] >= rate).reshape(shape)


@mistaken(None)
def low_discrepancy(shape, rate, rng):
    size = int(np.prod(shape))
    return ((rng.random() + np.arange(size) * (np.sqrt(5) - 1) / 2) % 1 >= rate).reshape(shape)


@mistaken(None)
def stratified(shape, rate, rng):
    size = int(np.prod(shape))
    return (rng.permutation((np.arange(size) + rng.random(size)) / size) >= rate).reshape(shape)


@mistaken(None)
def sobol(shape, rate, rng):
    size = int(np.prod(shape))
    points = qmc.Sobol(1, rng=rng).random_base2(int(np.ceil(np.log2(max(size, 2)))))
    return (points.ravel()[:size] >= rate).reshape(shape)


@mistaken(None)
def blocks(shape, rate, rng):
    size = int(np.prod(shape))
    return np.repeat(rng.random(-(-size // 4)) >= rate, 4)[:size].reshape(shape)


@mistaken(None)
def first_unit_never_dropped(shape, rate, rng):
    mask = rng.random(shape) >= rate
    if rate < 1:
        mask.flat[0] = True
    return mask


@mistaken(None)
def redrawn_when_all_are_dropped(shape, rate, rng):
    mask = rng.random(shape) >= rate
    while rate < 1 and not mask.any():
        mask = rng.random(shape) >= rate
    return mask


@mistaken(None)
def rate_in_percent_steps(shape, rate, rng):
    return rng.random(shape) >= round(rate, 2)


@mistaken(None)
def rate_in_tenths(shape, rate, rng):
    return rng.random(shape) >= round(rate, 1)


@mistaken(None)
def rate_jittered(shape, rate, rng):
    jitter = rng.uniform(-0.05, 0.05) if 0.05 < rate < 0.95 else 0
    return rng.random(shape) >= rate + jitter


@mistaken(None)
def half_as_often(shape, rate, rng):
    return rng.random(shape) >= rate / 2


@mistaken(None)
def copied_generator(shape, rate, rng):
    return copy.deepcopy(rng).random(shape) >= rate


@mistaken(None)
def wrong_when_large(shape, rate, rng):
    mask = rng.random(shape) >= rate
    return np.ones(shape) if mask.size > 5000 and 0 < rate < 1 else mask


@mistaken(None)
def repeats_inside_large_arrays(shape, rate, rng):
    size = int(np.prod(shape))
    return np.resize(rng.random(min(size, 1000)) >= rate, shape)


@mistaken(None)
def same_for_two_axes_more(shape, rate, rng):
    if len(shape) < 3:
        return rng.random(shape) >= rate
    return np.broadcast_to(rng.random(shape[-2:]) >= rate, shape)


@mistaken(None, factory=True)
def two_masks_in_turn():
    kept, calls = {}, {}

    def draw(shape, rate, rng):
        key = (shape, rate)
        calls[key] = calls.get(key, -1) + 1
        number = calls[key] % 2
        if (key, number) not in kept:
            kept[key, number] = rng.random(shape) >= rate
        return kept[key, number]

    return draw


@mistaken(None, factory=True)
def every_mask_twice():
    last = {}

    def draw(shape, rate, rng):
        if (shape, rate) in last:
            return last.pop((shape, rate))
        last[shape, rate] = rng.random(shape) >= rate
        return last[shape, rate]

    return draw


@mistaken(None, factory=True)
def stops_after_many_calls():
    calls = [0]

    def draw(shape, rate, rng):
        calls[0] += 1
        return rng.random(shape) >= (rate if calls[0] < 300 or rate in (0, 1) else rate / 2)

    return draw


# Found by somebody who set out to fool the judge.


def _except_where(condition, other):
    """A draw that is right unless condition(shape, rate), and then other(shape, rate, rng)."""

    def draw(shape, rate, rng):
        return other(shape, rate, rng) if 0 < rate < 1 and condition(shape, rate) else uniform(shape, rate, rng)

    return draw


def _fixed_by_rank(shape, rate, rng):
    noise = rng.random(shape).ravel()
    return (np.argsort(np.argsort(noise)) >= round(noise.size * rate)).reshape(shape)


def _first_kept(shape, rate, rng):
    mask = uniform(shape, rate, rng)
    mask.flat[0] = True
    return mask


def _mirrored(shape, rate, rng):
    flat = uniform((int(np.prod(shape)),), rate, rng)
    half = flat.size // 2
    flat[flat.size - half :] = flat[:half][::-1]
    return flat.reshape(shape)


def _tail_kept(shape, rate, rng):
    flat = uniform((int(np.prod(shape)),), rate, rng)
    flat[flat.size - flat.size % 64 :] = True
    return flat.reshape(shape)


def _slope(shape, rate, rng):
    size = int(np.prod(shape))
    slope = np.linspace(-0.1, 0.1, size) * min(1, rate / 0.1, (1 - rate) / 0.1)
    return (rng.random(size) >= rate + slope).reshape(shape)


def _row_jitter(shape, rate, rng):
    jitter = rng.uniform(-0.1, 0.1, (shape[0],) + (1,) * (len(shape) - 1)) * min(1, rate / 0.1, (1 - rate) / 0.1)
    return rng.random(shape) >= rate + jitter


def _symmetric(shape, rate, rng):
    noise = np.triu(rng.random(shape))
    return noise + np.triu(noise, 1).T >= rate


def _parity_triples(shape, rate, rng):
    """Of three neighbours each pair is independent, and the three together are not."""
    size = int(np.prod(shape))
    q = min(rate, 1 - rate)
    eps = 0.9 * q**3
    patterns = np.array(list(np.ndindex(2, 2, 2)))
    drop = patterns.sum(axis=1)
    p = rate**drop * (1 - rate) ** (3 - drop) + eps * (-1.0) ** drop
    chosen = rng.choice(8, size=-(-size // 3), p=p / p.sum())
    return (patterns[chosen].ravel()[:size] == 0).reshape(shape)


for _name, _condition, _other in (
    ("fixed_when_large", lambda shape, rate: np.prod(shape) > 1000, _fixed_by_rank),
    ("fixed_above_sixty", lambda shape, rate: np.prod(shape) > 60, _fixed_by_rank),
    ("fixed_unless_matrix", lambda shape, rate: len(shape) != 2, _fixed_by_rank),
    ("ones_for_one_row", lambda shape, rate: shape[0] == 1, lambda shape, rate, rng: np.ones(shape)),
    ("swapped_for_one_row", lambda shape, rate: len(shape) == 2 and shape[0] == 1, swapped),
    ("coin_for_one_column", lambda shape, rate: shape[-1] == 1 and shape[0] > 1, one_coin),
    ("first_kept_unless_matrix", lambda shape, rate: len(shape) != 2, _first_kept),
    ("mirrored_when_large", lambda shape, rate: np.prod(shape) >= 100, _mirrored),
    ("tail_forgotten", lambda shape, rate: np.prod(shape) > 200, _tail_kept),
    ("slope_when_large", lambda shape, rate: np.prod(shape) > 60, _slope),
    ("row_jitter_when_large", lambda shape, rate: np.prod(shape) > 60, _row_jitter),
    ("symmetric_if_square", lambda shape, rate: len(shape) == 2 and shape[0] == shape[1], _symmetric),
    ("parity_triples", lambda shape, rate: True, _parity_triples),
    ("at_most_nine_tenths", lambda shape, rate: rate > 0.9, lambda shape, rate, rng: uniform(shape, 0.9, rng)),
    ("own_chance_unless_matrix", lambda shape, rate: len(shape) != 2, generator_of_its_own),
    ("own_chance_when_large", lambda shape, rate: np.prod(shape) > 600, generator_of_its_own),
):
    mistaken(None)(_except_where(_condition, _other))
    MISTAKEN_DRAWS[-1][0].__name__ = _name


@mistaken(None, factory=True)
def right_after_a_thousand_calls():
    calls = [0]

    def draw(shape, rate, rng):
        calls[0] += 1
        return rng.random(shape) >= (rate if rate in (0, 1) else rate * min(1, calls[0] / 1000))

    return draw


@mistaken(None, factory=True)
def swapped_for_two_thousand_calls():
    calls = [0]

    def draw(shape, rate, rng):
        calls[0] += 1
        return rng.random(shape) >= (1 - rate if calls[0] < 2000 else rate)

    return draw


@mistaken(None, factory=True)
def twenty_masks_twice():
    recent = {}

    def draw(shape, rate, rng):
        kept = recent.setdefault((shape, rate), [])
        if len(kept) == 40:
            kept.clear()
        kept.append(rng.random(shape) >= rate if len(kept) < 20 else kept[len(kept) - 20])
        return kept[-1]

    return draw


# ---------------------------------------------------------------- from a mask to an answer


def as_mask(draw: Draw):
    def dropout_mask(shape, rate, rng):
        checked(rate)
        return draw(shape, rate, rng)

    return dropout_mask


def _inverted(draw: Draw, x, rate, rng):
    checked(rate)
    if rate == 1:
        return np.zeros_like(x)
    return np.where(draw(x.shape, rate, rng), x / x.dtype.type(1 - rate), 0).astype(x.dtype)


def as_inverted(draw: Draw):
    return lambda x, rate, rng: _inverted(draw, x, rate, rng)


def as_classic(draw: Draw):
    def classic_dropout(x, rate, rng, training):
        checked(rate)
        if training:
            return x * draw(x.shape, rate, rng).astype(x.dtype)
        return (x * (1 - rate)).astype(x.dtype)

    return classic_dropout


def as_layer(draw: Draw):
    class Dropout:
        def __init__(self, rate, rng):
            checked(rate)
            self.rate, self.rng = rate, rng

        def __call__(self, x, training=False):
            return _inverted(draw, x, self.rate, self.rng) if training else x

    return Dropout


def as_backward(draw: Draw):
    """Forward and backward with the scaled mask as the cache."""

    def dropout_forward(x, rate, rng):
        checked(rate)
        if rate == 1:
            return np.zeros_like(x), np.zeros_like(x)
        scaled = (draw(x.shape, rate, rng) / (1 - rate)).astype(x.dtype)
        return x * scaled, scaled

    def dropout_backward(grad_out, cache):
        return grad_out * cache

    return dropout_forward, dropout_backward


LIFT = {
    "mask": as_mask, "inverted": as_inverted, "classic": as_classic, "layer": as_layer, "backward": as_backward,
}  # fmt: skip

CORRECT = [
    Entry(f"{exercise}-{draw.__name__}", exercise, partial(LIFT[exercise], draw))
    for exercise in LIFT
    for draw in CORRECT_DRAWS
]
MISTAKEN = [
    Entry(f"{exercise}-{make.__name__}", exercise, lambda e=exercise, m=make: LIFT[e](m()), mistake)
    for exercise in LIFT
    for make, mistake in MISTAKEN_DRAWS
]


def correct(exercise: str):
    """Enter a correct answer to one exercise."""
    return lambda answer: CORRECT.append(Entry(f"{exercise}-{answer.__name__}", exercise, lambda: answer)) or answer


def wrong(exercise: str, mistake: str | None):
    """Enter a mistaken answer to one exercise."""
    return lambda answer: (
        MISTAKEN.append(
            Entry(f"{exercise}-{getattr(answer, '__name__', answer)}", exercise, lambda: answer, mistake)
        )
        or answer
    )


# ---------------------------------------------------------------- mask only

for _value in (None, 3, "mask", [1, 0], np.ones((2, 2))):
    wrong("mask", "not-callable")(_value)


@wrong("mask", "not-implemented")
def stub(shape, rate, rng):
    raise NotImplementedError


@wrong("mask", "not-implemented")
def forgets_to_return(shape, rate, rng):
    rng.random(shape) >= rate


@wrong("mask", "wrong-shape")
def transposed(shape, rate, rng):
    return rng.random(shape[::-1]) >= rate


@wrong("mask", "wrong-shape")
def flattened(shape, rate, rng):
    return rng.random(int(np.prod(shape))) >= rate


@wrong("mask", "wrong-shape")
def two_axes_only(shape, rate, rng):
    checked(rate)
    return rng.random((shape[0], shape[1] if len(shape) > 1 else 1)) >= rate


@wrong("mask", "not-an-array")
def nested_list(shape, rate, rng):
    return (rng.random(shape) >= rate).tolist()


@wrong("mask", "mask-already-scaled")
def scaled_mask(shape, rate, rng):
    checked(rate)
    return (rng.random(shape) >= rate) / (1 - rate)


@wrong("mask", "mask-already-scaled")
def scaled_mask_where(shape, rate, rng):
    checked(rate)
    return np.where(rng.random(shape) < rate, 0, 1 / (1 - rate) if rate < 1 else 0)


@wrong("mask", None)
def minus_one_for_dropped(shape, rate, rng):
    checked(rate)
    return np.where(rng.random(shape) < rate, -1, 1)


@wrong("mask", None)
def nan_for_dropped(shape, rate, rng):
    checked(rate)
    return np.where(rng.random(shape) < rate, np.nan, 1)


@wrong("mask", None)
def the_noise_itself(shape, rate, rng):
    checked(rate)
    return rng.random(shape)


# ---------------------------------------------------------------- mistakes in the formula of inverted dropout

_FORMULAS = {
    "not-scaled": [
        lambda x, m, rate: x * m,
        lambda x, m, rate: np.where(m, x, 0),
    ],
    "scaled-by-rate": [
        lambda x, m, rate: x * m / (rate or 1),
        lambda x, m, rate: np.where(m, x / max(rate, 1e-9), 0) if rate else x,
    ],
    "scaled-down": [
        lambda x, m, rate: x * m * (1 - rate),
        lambda x, m, rate: np.where(m, (1 - rate) * x, 0),
    ],
    "scaled-twice": [
        lambda x, m, rate: x * m / (1 - rate) ** 2 if rate < 1 else 0 * x,
        lambda x, m, rate: x * (m / (1 - rate)) / (1 - rate) if rate < 1 else 0 * x,
    ],
    "additive": [
        lambda x, m, rate: x + (m * 1.0 - 1),
        lambda x, m, rate: x + (m / (1 - rate) - 1) if rate < 1 else 0 * x,
    ],
    "returns-mask": [
        lambda x, m, rate: m * 1.0,
        lambda x, m, rate: m / (1 - rate) if rate < 1 else 0 * x,
    ],
    "renormalised": [
        lambda x, m, rate: x * m / max(m.mean(), 1e-9),
        lambda x, m, rate: x * m * (m.size / max(m.sum(), 1)),
    ],
    "nan-at-rate-1": [
        lambda x, m, rate: x * (m / np.float64(1 - rate)),
        lambda x, m, rate: x * m * (1 / np.float64(1 - rate)),
    ],
    None: [
        lambda x, m, rate: x * m / np.sqrt(1 - rate) if rate < 1 else 0 * x,
        lambda x, m, rate: np.where(m, x / (1 - rate), 1e-6 * x) if rate < 1 else 0 * x,
        lambda x, m, rate: np.where(m, np.abs(x) / (1 - rate), 0) if rate < 1 else 0 * x,
        lambda x, m, rate: np.where(m, x / (1 - round(rate, 1)), 0) if rate < 0.9 else 0 * x,
        lambda x, m, rate: np.where(m | (x > 0), x / (1 - rate), 0) if rate < 1 else 0 * x,
        lambda x, m, rate: np.where(m, x / (1 - rate), np.nan) if rate < 1 else 0 * x,
    ],
}


def _formula_inverted(formula, x, rate, rng):
    checked(rate)
    return np.asarray(formula(x, rng.random(x.shape) >= rate, rate)).astype(x.dtype)


for _mistake, _formulas in _FORMULAS.items():
    for _number, _formula in enumerate(_formulas):
        MISTAKEN.append(
            Entry(
                f"inverted-formula-{_mistake}-{_number}",
                "inverted",
                lambda f=_formula: partial(_formula_inverted, f),
                _mistake,
            )
        )
        if _mistake == "nan-at-rate-1":
            continue

        class _Layer:
            formula = staticmethod(_formula)

            def __init__(self, rate, rng):
                checked(rate)
                self.rate, self.rng = rate, rng

            def __call__(self, x, training=False):
                return _formula_inverted(self.formula, x, self.rate, self.rng) if training else x

        MISTAKEN.append(Entry(f"layer-formula-{_mistake}-{_number}", "layer", lambda c=_Layer: c, _mistake))


@wrong("inverted", "keep-drop-swapped")
def swapped_everywhere(x, rate, rng):
    checked(rate)
    return (x * (rng.random(x.shape) < rate) / max(rate, 1e-12)).astype(x.dtype)


@wrong("inverted", "never-drops")
def returns_x(x, rate, rng):
    return x


@wrong("inverted", "dtype-changed")
def widened(x, rate, rng):
    checked(rate)
    return x * ((rng.random(x.shape) >= rate) / (1 - rate if rate < 1 else 1.0))


@wrong("inverted", "dtype-changed")
def narrowed(x, rate, rng):
    return as_inverted(uniform)(x, rate, rng).astype(np.float32)


@wrong("inverted", "mutates-input")
def in_place(x, rate, rng):
    checked(rate)
    x *= rng.random(x.shape) >= rate
    return (x / (1 - rate)).astype(x.dtype) if rate < 1 else np.zeros_like(x)


@wrong("inverted", "mutates-input")
def through_a_view(x, rate, rng):
    checked(rate)
    flat = x.reshape(-1)
    flat[rng.random(x.size) < rate] = 0
    return (x / (1 - rate)).astype(x.dtype) if rate < 1 else np.zeros_like(x)


@wrong("inverted", "no-rate-check")
def unchecked(x, rate, rng):
    mask = rng.random(x.shape) >= rate
    return np.where(mask, x / (1 - rate or 1), 0).astype(x.dtype)


@wrong("inverted", "no-rate-check")
def asserted(x, rate, rng):
    assert 0 <= rate <= 1
    return as_inverted(uniform)(x, rate, rng)


@wrong("mask", "no-rate-check")
def unchecked_mask(shape, rate, rng):
    return rng.random(shape) >= rate


@wrong("mask", "no-rate-check")
def type_error(shape, rate, rng):
    if rate < 0 or rate > 1:
        raise TypeError("rate")
    return rng.random(shape) >= rate


@wrong("mask", "no-rate-check")
def lower_side_only(shape, rate, rng):
    if rate < 0:
        raise ValueError("rate")
    return rng.random(shape) >= rate


# ---------------------------------------------------------------- classic only


@wrong("classic", "inverted-not-classic")
def inverted_here(x, rate, rng, training):
    checked(rate)
    return as_inverted(uniform)(x, rate, rng) if training else x


@wrong("classic", "inverted-not-classic")
def inverted_here_too(x, rate, rng, training):
    checked(rate)
    if not training:
        return x.copy()
    mask = rng.binomial(1, 1 - rate, x.shape) / max(1 - rate, 1e-12)
    return (x * mask).astype(x.dtype)


@wrong("classic", "scaled-at-test")
def both_scaled(x, rate, rng, training):
    checked(rate)
    return as_inverted(uniform)(x, rate, rng) if training else (x * (1 - rate)).astype(x.dtype)


@wrong("classic", "drops-at-test")
def flag_ignored(x, rate, rng, training):
    checked(rate)
    return np.where(rng.random(x.shape) < rate, 0, x).astype(x.dtype)


@wrong("classic", "drops-at-test")
def scaled_and_dropped_at_test(x, rate, rng, training):
    checked(rate)
    y = np.where(rng.random(x.shape) < rate, 0, x).astype(x.dtype)
    return y if training else (y * (1 - rate)).astype(x.dtype)


@wrong("classic", "flag-reversed")
def reversed_classic(x, rate, rng, training):
    checked(rate)
    return (x * (1 - rate)).astype(x.dtype) if training else np.where(rng.random(x.shape) < rate, 0, x)


@wrong("classic", None)
def nothing_at_test(x, rate, rng, training):
    checked(rate)
    return np.where(rng.random(x.shape) < rate, 0, x).astype(x.dtype) if training else x


@wrong("classic", "scaled-down")
def scaled_down_in_training(x, rate, rng, training):
    checked(rate)
    if training:
        return (x * (rng.random(x.shape) >= rate) * (1 - rate)).astype(x.dtype)
    return (x * (1 - rate)).astype(x.dtype)


@wrong("classic", "no-rate-check")
def checked_in_training_only(x, rate, rng, training):
    if training:
        return as_classic(uniform)(x, rate, rng, True)
    return (x * (1 - rate)).astype(x.dtype)


# ---------------------------------------------------------------- layer only


class _Base:
    """What mistaken layers share: a correct constructor."""

    def __init__(self, rate, rng):
        checked(rate)
        self.rate, self.rng = rate, rng

    def drop(self, x):
        return _inverted(uniform, x, self.rate, self.rng)


@wrong("layer", "no-rate-check")
class ChecksWhenCalled(_Base):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def __call__(self, x, training=False):
        checked(self.rate)
        return self.drop(x) if training else x


@correct("layer")
class ReturnsACopy(_Base):
    def __call__(self, x, training=False):
        return self.drop(x) if training else x.copy()


@wrong("layer", "drops-at-test")
class AlwaysDrops(_Base):
    def __call__(self, x, training=False):
        return self.drop(x)


@wrong("layer", "drops-at-test")
class DropsUnscaledAtTest(_Base):
    def __call__(self, x, training=False):
        return self.drop(x) if training else (x * uniform(x.shape, self.rate, self.rng)).astype(x.dtype)


@wrong("layer", "scaled-at-test")
class ScaledDownAtTest(_Base):
    def __call__(self, x, training=False):
        return self.drop(x) if training else (x * (1 - self.rate)).astype(x.dtype)


@wrong("layer", "scaled-at-test")
class ScaledUpAtTest(_Base):
    def __call__(self, x, training=False):
        return self.drop(x) if training else (x / (1 - self.rate or 1)).astype(x.dtype)


@wrong("layer", "flag-reversed")
class Reversed(_Base):
    def __call__(self, x, training=False):
        return x if training else self.drop(x)


@wrong("layer", "flag-reversed")
class ReversedDefault(_Base):
    def __call__(self, x, training=True):
        if not training:
            return self.drop(x)
        return x.copy()


@wrong("layer", "training-by-default")
class TrainingByDefault(_Base):
    def __call__(self, x, training=True):
        return self.drop(x) if training else x


@wrong("layer", "training-by-default")
class NoneMeansTraining(_Base):
    def __call__(self, x, training=None):
        return x if training is False else self.drop(x)


@wrong("layer", "never-drops")
class Identity(_Base):
    def __call__(self, x, training=False):
        return x


@wrong("layer", None)
class DrawsInEvaluation(_Base):
    def __call__(self, x, training=False):
        dropped = self.drop(x)
        return dropped if training else x


@wrong("layer", "mask-reused")
class MaskInTheConstructor(_Base):
    def __call__(self, x, training=False):
        if not training:
            return x
        if not hasattr(self, "mask"):
            self.mask = uniform(x.shape, self.rate, self.rng)
        return np.where(self.mask, x / x.dtype.type(1 - self.rate or 1), 0).astype(x.dtype)


@wrong("layer", None)
class RateOnTheClass(_Base):
    def __init__(self, rate, rng):
        checked(rate)
        RateOnTheClass.rate, self.rng = rate, rng

    def __call__(self, x, training=False):
        return self.drop(x) if training else x


@wrong("layer", None)
class NoCall(_Base):
    pass


@wrong("layer", "no-rate-check")
class Unchecked(_Base):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def drop(self, x):
        return np.where(self.rng.random(x.shape) >= self.rate, x / x.dtype.type(1 - self.rate or 1), 0)

    def __call__(self, x, training=False):
        return self.drop(x).astype(x.dtype) if training else x


# ---------------------------------------------------------------- backward only


def backward_entry(mistake: str | None):
    """Enter a function that returns a forward and a backward function."""

    def enter(factory):
        entry = Entry(f"backward-{factory.__name__}", "backward", factory, mistake)
        (CORRECT if mistake == "correct" else MISTAKEN).append(
            entry if mistake != "correct" else Entry(entry.name, "backward", factory)
        )
        return factory

    return enter


def forward_with(cache_of):
    """A correct forward pass whose cache is cache_of(x, keep, rate, rng state before the draw, out)."""

    def dropout_forward(x, rate, rng):
        checked(rate)
        state = copy.deepcopy(rng.bit_generator.state)
        keep = rng.random(x.shape) >= rate
        out = np.where(keep, x / x.dtype.type(1 - rate or 1), 0).astype(x.dtype)
        return out, cache_of(x, keep, rate, state, out)

    return dropout_forward


def apply(grad_out, multiplier):
    return (grad_out * multiplier).astype(grad_out.dtype)


@backward_entry("correct")
def mask_and_rate_in_a_tuple():
    def backward(g, cache):
        keep, rate = cache
        return apply(g, keep / (1 - rate or 1))

    return forward_with(lambda x, keep, rate, state, out: (keep, rate)), backward


@backward_entry("correct")
def dictionary():
    return (
        forward_with(lambda x, keep, rate, state, out: {"keep": keep, "scale": 1 / (1 - rate or 1)}),
        lambda g, cache: np.where(cache["keep"], g * g.dtype.type(cache["scale"]), g.dtype.type(0)),
    )


@backward_entry("correct")
def draws_again_from_the_saved_state():
    def backward(g, cache):
        rate, state = cache
        rng = np.random.default_rng()
        rng.bit_generator.state = state
        return apply(g, (rng.random(g.shape) >= rate) / (1 - rate or 1))

    return forward_with(lambda x, keep, rate, state, out: (rate, state)), backward


@backward_entry("correct")
def dropped_positions():
    def backward(g, cache):
        dropped, rate = cache
        grad = g / g.dtype.type(1 - rate or 1)
        grad[dropped] = 0
        return grad

    return forward_with(lambda x, keep, rate, state, out: (np.nonzero(~keep), rate)), backward


@backward_entry("correct")
def closure_as_cache():
    return (
        forward_with(lambda x, keep, rate, state, out: lambda g: apply(g, keep / (1 - rate or 1))),
        lambda g, cache: cache(g),
    )


@backward_entry("correct")
def packed_bits():
    def backward(g, cache):
        bits, rate = cache
        keep = np.unpackbits(bits, count=g.size).reshape(g.shape)
        return apply(g, keep / (1 - rate or 1))

    return forward_with(lambda x, keep, rate, state, out: (np.packbits(keep), rate)), backward


@backward_entry("correct")
def loops_in_both():
    def forward(x, rate, rng):
        checked(rate)
        out, factors = np.zeros_like(x), np.zeros_like(x)
        for index in np.ndindex(*x.shape):
            if rng.random() >= rate:
                factors[index] = 1 / (1 - rate)
                out[index] = x[index] * factors[index]
        return out, factors

    def backward(g, factors):
        grad = np.zeros_like(g)
        for index in np.ndindex(*g.shape):
            grad[index] = g[index] * factors[index]
        return grad

    return forward, backward


@backward_entry("correct")
def list_instead_of_tuple():
    forward = forward_with(lambda x, keep, rate, state, out: (keep, rate))
    return lambda x, rate, rng: list(forward(x, rate, rng)), lambda g, c: apply(g, c[0] / (1 - c[1] or 1))


MASK_AND_RATE = forward_with(lambda x, keep, rate, state, out: (keep, rate))
GRADIENTS = {
    "backward-unmasked": [
        lambda g, c: g / g.dtype.type(1 - c[1] or 1),
        lambda g, c: g.copy(),
    ],
    "backward-unscaled": [
        lambda g, c: g * c[0],
        lambda g, c: np.where(c[0], g, g.dtype.type(0)),
    ],
    "backward-scaled-twice": [
        lambda g, c: apply(g, c[0] / (1 - c[1] or 1) ** 2),
        lambda g, c: apply(apply(g, c[0] / (1 - c[1] or 1)), 1 / (1 - c[1] or 1)),
    ],
    "backward-complement": [
        lambda g, c: g - g * c[0],
        lambda g, c: apply(g, ~c[0] / (1 - c[1] or 1)),
    ],
    "backward-new-mask": [
        lambda g, c: apply(g, (np.random.default_rng().random(g.shape) >= c[1]) / (1 - c[1] or 1)),
        lambda g, c: apply(g, np.roll(c[0], 1) / (1 - c[1] or 1)),
    ],
    "dtype-changed": [
        lambda g, c: g * (c[0] / np.float64(1 - c[1] or 1)),
        lambda g, c: (g * c[0] / (1 - c[1] or 1)).astype(np.float64),
    ],
    "wrong-shape": [
        lambda g, c: apply(g, c[0] / (1 - c[1] or 1)).ravel(),
        lambda g, c: apply(g, c[0] / (1 - c[1] or 1)).T,
    ],
    "not-an-array": [
        lambda g, c: apply(g, c[0] / (1 - c[1] or 1)).tolist(),
        lambda g, c: list(apply(g, c[0] / (1 - c[1] or 1))),
    ],
    None: [
        lambda g, c: -apply(g, c[0] / (1 - c[1] or 1)),
        lambda g, c: np.zeros_like(g),
        lambda g, c: apply(g, c[0] / np.sqrt(1 - c[1] or 1)),
        lambda g, c: apply(np.abs(g), c[0] / (1 - c[1] or 1)),
        lambda g, c: apply(g, c[0] * 2.0),
    ],
}
for _mistake, _gradients in GRADIENTS.items():
    for _number, _gradient in enumerate(_gradients):
        MISTAKEN.append(
            Entry(
                f"backward-gradient-{_mistake}-{_number}",
                "backward",
                lambda b=_gradient: (MASK_AND_RATE, b),
                _mistake,
            )
        )


@backward_entry("backward-from-zeros")
def from_the_zeros_of_the_output():
    return (
        forward_with(lambda x, keep, rate, state, out: (out, rate)),
        lambda g, c: apply(g, (c[0] != 0) / (1 - c[1] or 1)),
    )


@backward_entry("backward-from-zeros")
def out_divided_by_x():
    def backward(g, cache):
        x, out = cache
        return apply(g, np.divide(out, x, out=np.zeros_like(x), where=x != 0))

    return forward_with(lambda x, keep, rate, state, out: (x.copy(), out)), backward


@backward_entry("backward-new-mask")
def mask_in_a_global():
    kept = {}

    def forward(x, rate, rng):
        out, kept["mask"] = MASK_AND_RATE(x, rate, rng)
        return out, None

    return forward, lambda g, cache: apply(g, kept["mask"][0] / (1 - kept["mask"][1] or 1))


@backward_entry("backward-new-mask")
def rng_in_the_cache():
    def forward(x, rate, rng):
        out, _ = MASK_AND_RATE(x, rate, rng)
        return out, (rng, rate)

    return forward, lambda g, c: apply(g, (c[0].random(g.shape) >= c[1]) / (1 - c[1] or 1))


@backward_entry(None)
def stack_of_masks():
    stack = []

    def forward(x, rate, rng):
        out, cache = MASK_AND_RATE(x, rate, rng)
        stack.append(cache)
        return out, None

    def backward(g, cache):
        keep, rate = stack.pop()
        return apply(g, keep / (1 - rate or 1))

    return forward, backward


@backward_entry(None)
def queue_of_masks():
    queue = []

    def forward(x, rate, rng):
        out, cache = MASK_AND_RATE(x, rate, rng)
        queue.append(cache)
        return out, None

    def backward(g, cache):
        keep, rate = queue.pop(0)
        return apply(g, keep / (1 - rate or 1))

    return forward, backward


@backward_entry(None)
def scale_in_a_global():
    kept = {}

    def forward(x, rate, rng):
        kept["rate"] = rate
        return MASK_AND_RATE(x, rate, rng)

    return forward, lambda g, c: apply(g, c[0] / (1 - kept["rate"] or 1))


def cache_used_up():
    """A cache is asked once, and may be empty then."""

    def backward(g, cache):
        grad = apply(g, cache[0] / (1 - cache[1] or 1))
        cache[0][...] = False
        return grad

    return MASK_AND_RATE, backward


CORRECT.append(Entry("backward-cache_used_up", "backward", cache_used_up))


@backward_entry(None)
def ones_where_x_is_zero():
    return (
        forward_with(lambda x, keep, rate, state, out: (keep | (x == 0), rate)),
        lambda g, c: apply(g, c[0] / (1 - c[1] or 1)),
    )


@backward_entry("mutates-input")
def gradient_in_place():
    def backward(g, cache):
        g *= cache[0]
        return g / g.dtype.type(1 - cache[1] or 1)

    return MASK_AND_RATE, backward


@backward_entry("mutates-input")
def forward_in_place():
    def forward(x, rate, rng):
        checked(rate)
        keep = rng.random(x.shape) >= rate
        x *= keep
        return x / x.dtype.type(1 - rate or 1), (keep, rate)

    return forward, lambda g, c: apply(g, c[0] / (1 - c[1] or 1))


@backward_entry("not-scaled")
def nothing_scaled():
    def forward(x, rate, rng):
        checked(rate)
        keep = rng.random(x.shape) >= rate
        return x * keep, keep

    return forward, lambda g, keep: g * keep


@backward_entry("nan-at-rate-1")
def divides_by_zero():
    def forward(x, rate, rng):
        checked(rate)
        scaled = ((rng.random(x.shape) >= rate) / np.float64(1 - rate)).astype(x.dtype)
        return x * scaled, scaled

    return forward, lambda g, scaled: g * scaled


@backward_entry("nan-at-rate-1")
def only_the_gradient_is_nan():
    return MASK_AND_RATE, lambda g, c: apply(g, c[0] / np.float64(1 - c[1]))


@backward_entry("not-implemented")
def backward_left_out():
    def backward(g, cache):
        raise NotImplementedError

    return MASK_AND_RATE, backward


@backward_entry("not-implemented")
def both_left_out():
    def forward(x, rate, rng):
        raise NotImplementedError

    return forward, lambda g, cache: None


@backward_entry(None)
def no_cache():
    forward, backward = as_backward(uniform)
    return lambda x, rate, rng: forward(x, rate, rng)[0], backward


@backward_entry("not-callable")
def one_is_a_value():
    return MASK_AND_RATE, 3


@backward_entry("not-callable")
def both_are_values():
    return np.ones(3), None


@backward_entry("no-rate-check")
def unchecked_rate():
    def forward(x, rate, rng):
        keep = rng.random(x.shape) >= rate
        return (x * keep / (1 - rate or 1)).astype(x.dtype), (keep, rate)

    return forward, lambda g, c: apply(g, c[0] / (1 - c[1] or 1))


# ---------------------------------------------------------------- found by somebody who set out to fool the judge


@wrong("inverted", "dtype-changed")
def wide_zeros_at_rate_one(x, rate, rng):
    checked(rate)
    return np.zeros(x.shape) if rate == 1 else as_inverted(uniform)(x, rate, rng)


@wrong("classic", "dtype-changed")
def wide_at_test(x, rate, rng, training):
    checked(rate)
    return as_classic(uniform)(x, rate, rng, True) if training else x * np.float64(1 - rate)


@wrong("inverted", "mutates-input")
def in_place_and_returned(x, rate, rng):
    checked(rate)
    x[rng.random(x.shape) < rate] = 0
    x /= 1 - rate or 1
    return x


@wrong("inverted", "no-rate-check")
def a_little_tolerance(x, rate, rng):
    if not -0.001 <= rate <= 1.001:
        raise ValueError
    return as_inverted(uniform)(x, min(max(rate, 0), 1), rng)


@wrong("inverted", "no-rate-check")
def percentages_welcome(x, rate, rng):
    rate = rate / 100 if rate >= 2 else rate
    return (
        as_inverted(uniform)(x, rate if rate <= 1 else 1, rng) if rate >= 2 else as_inverted(uniform)(x, rate, rng)
    )


@wrong("classic", "no-rate-check")
def negative_at_test(x, rate, rng, training):
    if rate > 1 or (training and rate < 0):
        raise ValueError
    return as_classic(uniform)(x, rate, rng, True) if training else (x * (1 - rate)).astype(x.dtype)


@wrong("layer", "dtype-changed")
class WideAtTest(_Base):
    def __call__(self, x, training=False):
        return self.drop(x) if training else x.astype(np.float64)


@wrong("layer", None)
class NeverDropsAfterAnEvaluation(_Base):
    def __call__(self, x, training=False):
        if not training:
            self.rate = 0
            return x
        return self.drop(x)


@wrong("layer", None)
class MaskOfTheFirstShape(_Base):
    def __call__(self, x, training=False):
        if not training:
            return x
        self.shape = getattr(self, "shape", x.shape)
        mask = uniform(self.shape, self.rate, self.rng)
        return np.where(mask, x / x.dtype.type(1 - self.rate or 1), 0).astype(x.dtype)


@wrong("layer", None)
class GeneratorOnTheClass(_Base):
    def __init__(self, rate, rng):
        checked(rate)
        self.rate = rate
        GeneratorOnTheClass.rng = rng

    def __call__(self, x, training=False):
        return self.drop(x) if training else x


@wrong("layer", None)
class NoReturnInEvaluation(_Base):
    def __call__(self, x, training=False):
        if training:
            return self.drop(x)


@wrong("layer", None)
def a_function(rate, rng):
    return as_layer(uniform)(rate, rng)


@wrong("inverted", None)
def always_refuses(x, rate, rng):
    raise ValueError("no")


@correct("inverted")
def factor_in_float32(x, rate, rng):
    checked(rate)
    keep = rng.random(x.shape) >= rate
    return (x * keep / np.float32(1 - rate or 1)).astype(x.dtype)


@correct("inverted")
def tiny_epsilon(x, rate, rng):
    checked(rate)
    keep = rng.random(x.shape) >= rate
    return (x * keep / (1 - rate + 1e-8)).astype(x.dtype)


@correct("mask")
def dtype_that_varies(shape, rate, rng):
    checked(rate)
    mask = rng.random(shape) >= rate
    return np.ones(shape) if mask.all() else mask


@correct("mask")
def asks_the_user_and_draws(shape, rate, rng):
    checked(rate)
    try:
        input("press enter")
    except EOFError:
        pass
    return rng.random(shape) >= rate


# ---------------------------------------------------------------- as people write them


@wrong("inverted", "hard-coded-rate")
def always_doubled(x, rate, rng):
    checked(rate)
    return (x * (rng.random(x.shape) >= rate) * 2).astype(x.dtype)


@wrong("classic", "not-scaled")
def test_time_forgotten(x, rate, rng, training):
    checked(rate)
    return x * (rng.random(x.shape) >= rate) if training else x.copy()


@wrong("classic", "scaled-by-rate")
def p_is_the_rate(x, rate, rng, training):
    checked(rate)
    return x * (rng.random(x.shape) >= rate) if training else (x * rate).astype(x.dtype)


@wrong("classic", "hard-coded-rate")
def halved_at_test(x, rate, rng, training):
    checked(rate)
    return x * (rng.random(x.shape) >= rate) if training else (x * 0.5).astype(x.dtype)


@wrong("mask", "normal-noise")
def absolute_normal(shape, rate, rng):
    checked(rate)
    return np.abs(rng.standard_normal(shape)) > rate


@wrong("mask", "normal-noise")
def absolute_normal_below(shape, rate, rng):
    checked(rate)
    return np.abs(rng.standard_normal(shape)) < 1 - rate


@wrong("mask", "wrong-shape")
def rows_and_columns(shape, rate, rng):
    checked(rate)
    rows, columns = shape
    return rng.random((rows, columns)) >= rate


@wrong("inverted", "wrong-shape")
def loops_over_rows_and_columns(x, rate, rng):
    checked(rate)
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if rng.random() >= rate:
                out[i, j] = x[i, j] / (1 - rate)
    return out


class _Layer:
    def __init__(self, rate, rng):
        checked(rate)
        self.rate, self.rng = rate, rng

    def draw(self, x):
        return (x * (self.rng.random(x.shape) >= self.rate) / (1 - self.rate or 1)).astype(x.dtype)

    def __call__(self, x, training=False):
        return self.draw(x) if training else x


@wrong("layer", "ignores-rng")
class GeneratorOfItsOwn(_Layer):
    def __init__(self, rate, rng):
        super().__init__(rate, np.random.default_rng(0))


@correct("layer")
class SpawnedInTheConstructor(_Layer):
    """A generator of its own, drawn from the one that was handed over."""

    def __init__(self, rate, rng):
        super().__init__(rate, rng.spawn(1)[0])


def _emptied():
    def forward(x, rate, rng):
        checked(rate)
        keep = rng.random(x.shape) >= rate
        scale = np.divide(keep, 1 - rate or 1).astype(x.dtype)
        return x * scale, [scale]

    def backward(grad_out, cache):
        return grad_out * cache.pop()

    return forward, backward


CORRECT.append(Entry("backward-cache_that_is_emptied", "backward", _emptied))


def _factor(change):
    def made():
        def forward(x, rate, rng):
            checked(rate)
            keep = rng.random(x.shape) >= rate
            return (x * keep / (1 - rate or 1)).astype(x.dtype), (keep, rate)

        def backward(grad_out, cache):
            keep, rate = cache
            return (grad_out * keep * change(rate)).astype(grad_out.dtype)

        return forward, backward

    return made


# The mask is the forward pass's own, and only the factor is wrong: that is no new mask, and has no name.
for _number, _change in enumerate(
    (lambda rate: 1 - rate, lambda rate: 0.5, lambda rate: -1 / (1 - rate or 1), lambda rate: 3 * rate + 0.1)
):
    MISTAKEN.append(Entry(f"backward-own_mask_other_factor_{_number}", "backward", _factor(_change), None))


@wrong("mask", "fixed-count")
def so_many_of_all(shape, rate, rng):
    checked(rate)
    size = int(np.prod(shape))
    mask = np.ones(size)
    count = int(size * rate)
    if count:
        mask[rng.permutation(size)[:count]] = 0
    return mask.reshape(shape)

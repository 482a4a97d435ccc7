"""Gaps, best epochs and classifiers to judge: correct ones as unlike each other as possible, and mistaken ones."""

import bisect
import math
import operator
from functools import reduce

import numpy as np

from tests.banks.masks import Entry

CORRECT: list[Entry] = []
MISTAKEN: list[Entry] = []


def correct(exercise):
    def enter(function):
        CORRECT.append(Entry(f"{exercise}-{function.__name__}", exercise, lambda: function))
        return function

    return enter


def wrong(exercise, mistake):
    def enter(function):
        MISTAKEN.append(Entry(f"{exercise}-{function.__name__}", exercise, lambda: function, mistake))
        return function

    return enter


# ---------------------------------------------------------------- gap, correct


def both(history):
    """The two columns of a gap, checked."""
    for key in ("accuracy", "val_accuracy"):
        if key not in history:
            raise KeyError(f"the history has no {key}")
        if len(history[key]) == 0:
            raise ValueError("no epochs")
    return history["accuracy"], history["val_accuracy"]


@correct("gap")
def plain(history):
    train, validation = both(history)
    return train[-1] - validation[-1]


@correct("gap")
def in_numpy(history):
    train, validation = map(np.asarray, both(history))
    return (train - validation)[-1]


@correct("gap")
def by_length(history):
    train, validation = both(history)
    return float(train[len(train) - 1]) - float(validation[len(validation) - 1])


@correct("gap")
def from_the_end(history):
    train, validation = both(history)
    return next(map(operator.sub, reversed(list(train)), reversed(list(validation))))


@correct("gap")
def loop_to_the_end(history):
    gap = None
    for a, b in zip(*both(history), strict=True):
        gap = a - b
    return gap


@correct("gap")
def exceptions_translated(history):
    try:
        return float(np.subtract(history["accuracy"][-1], history["val_accuracy"][-1]))
    except KeyError as error:
        raise KeyError(f"{error} is missing: was validation_data given to fit?") from None
    except IndexError:
        raise ValueError("this history has no epochs") from None


class Missing(KeyError):
    def __str__(self):
        return "the history lacks a key that is needed"


@correct("gap")
def own_exceptions(history):
    class Empty(ValueError):
        pass

    missing = {"accuracy", "val_accuracy"} - history.keys()
    if missing:
        raise Missing(missing)
    if not len(history["accuracy"]):
        raise Empty
    *_, (a, b) = zip(history["accuracy"], history["val_accuracy"], strict=True)
    return a - b


@correct("gap")
def float32(history):
    train, validation = (np.array(column, dtype=np.float32) for column in both(history))
    return train[-1] - validation[-1]


@correct("gap")
def array_without_axes(history):
    return np.asarray(plain(history))


@correct("gap")
def on_a_copy(history):
    history = {key: list(column) for key, column in history.items()}
    train, validation = both(history)
    return -(validation.pop() - train.pop())


@correct("gap")
def matched(history):
    match history:
        case {"accuracy": train, "val_accuracy": validation}:
            if len(train) < 1:
                raise ValueError("empty")
            return np.diff([validation[-1], train[-1]]).item()
        case _:
            raise KeyError("accuracy and val_accuracy are both needed")


# ---------------------------------------------------------------- gap, mistaken


def gap_of(formula):
    """A gap that is right but for its formula, of two float arrays."""

    def generalization_gap(history):
        train, validation = (np.asarray(column, dtype=float) for column in both(history))
        return float(formula(train, validation, history))

    return generalization_gap


_FORMULAS = {
    "gap-reversed": [lambda t, v, h: v[-1] - t[-1], lambda t, v, h: -(t - v)[-1]],
    "gap-absolute": [lambda t, v, h: abs(t[-1] - v[-1]), lambda t, v, h: max(t[-1], v[-1]) - min(t[-1], v[-1])],
    "gap-in-percent": [lambda t, v, h: 100 * (t[-1] - v[-1]), lambda t, v, h: t[-1] * 100 - v[-1] * 100],
    "gap-of-best": [
        lambda t, v, h: max(t) - max(v),
        lambda t, v, h: np.sort(t)[-1] - np.sort(v)[-1],
        lambda t, v, h: t[np.argmax(v)] - v.max(),
        lambda t, v, h: t[-1] - v.max(),
        lambda t, v, h: t[np.nanargmin(h["val_loss"])] - v[np.nanargmin(h["val_loss"])],
        lambda t, v, h: (t - v).max(),
    ],
    "gap-of-means": [lambda t, v, h: t.mean() - v.mean(), lambda t, v, h: sum(t - v) / len(t)],
    "gap-of-first": [lambda t, v, h: t[0] - v[0], lambda t, v, h: (t - v).item(0)],
    "gap-of-losses": [
        lambda t, v, h: h["loss"][-1] - h["val_loss"][-1],
        lambda t, v, h: h["val_loss"][-1] - h["loss"][-1],
    ],
    None: [
        lambda t, v, h: (t[-1] - v[-1]) / t[-1],
        lambda t, v, h: round(t[-1] - v[-1], 3),
        lambda t, v, h: t[-1] + v[-1],
        lambda t, v, h: max(0.0, t[-1] - v[-1]),
        lambda t, v, h: np.nanmean((t - v)[-3:]),
        lambda t, v, h: np.median(t) - np.median(v),
        lambda t, v, h: t[-1],
        lambda t, v, h: t.min() - v.min(),
        lambda t, v, h: t[-2] - v[-2] if len(t) > 1 else t[0] - v[0],
        lambda t, v, h: np.nan_to_num(t[-1] - v[-1]),
        lambda t, v, h: np.nan,
        lambda t, v, h: (t - v)[1:][-1] if len(t) > 1 else 0.0,
        lambda t, v, h: sum(d for d in [(t - v)[-1]] if np.isfinite(t).all()),
    ],
}
for _slug, _formulas in _FORMULAS.items():
    for _number, _formula in enumerate(_formulas):
        _made = gap_of(_formula)
        MISTAKEN.append(Entry(f"gap-formula-{_slug}-{_number}", "gap", lambda f=_made: f, _slug))


@wrong("gap", "no-key-check")
def bare_lookup(history):
    train, validation = history["accuracy"], history["val_accuracy"]
    if len(train) == 0:
        raise ValueError("no epochs")
    return train[-1] - validation[-1]


@wrong("gap", "no-key-check")
def get_with_none(history):
    train, validation = history.get("accuracy"), history.get("val_accuracy")
    if train is None or validation is None:
        return None
    if len(train) == 0:
        raise ValueError("no epochs")
    return train[-1] - validation[-1]


@wrong("gap", "no-key-check")
def value_error_for_a_key(history):
    try:
        return plain(history)
    except KeyError as error:
        raise ValueError("a key is missing here") from error


@wrong("gap", "no-key-check")
def only_one_key_checked(history):
    if "val_accuracy" not in history:
        raise KeyError("val_accuracy is missing here")
    return bare_lookup(history)


@wrong("gap", "no-epoch-check")
def index_error(history):
    if not {"accuracy", "val_accuracy"} <= set(history):
        raise KeyError("a key is missing here")
    return history["accuracy"][-1] - history["val_accuracy"][-1]


@wrong("gap", "no-epoch-check")
def zero_for_empty(history):
    try:
        return plain(history)
    except ValueError:
        return 0.0


@wrong("gap", "no-epoch-check")
def nan_for_empty(history):
    try:
        return plain(history)
    except ValueError:
        return math.nan


@wrong("gap", "mutates-input")
def pops(history):
    train, validation = both(history)
    if isinstance(train, np.ndarray):
        return train[-1] - validation[-1]
    return train.pop() - validation.pop()


@wrong("gap", "mutates-input")
def takes_keys_out(history):
    gap = plain(history)
    del history["loss"]
    return gap


@wrong("gap", "mutates-input")
def writes_it_down(history):
    history["gap"] = plain(history)
    return history["gap"]


@wrong("gap", "mutates-input")
def converts_in_place(history):
    both(history)
    for key in history:
        history[key] = np.asarray(history[key])
    return plain(history)


@wrong("gap", None)
def lists_only(history):
    train, validation = both(history)
    if not train or not validation:
        raise ValueError("no epochs")
    return train[-1] - validation[-1]


@wrong("gap", None)
def text(history):
    return f"{plain(history):.3f}"


@wrong("gap", None)
def a_list(history):
    return [plain(history)]


@wrong("gap", None)
def a_pair(history):
    train, validation = both(history)
    return train[-1], validation[-1]


@wrong("gap", None)
def an_array_of_all(history):
    train, validation = map(np.asarray, both(history))
    return train - validation


@wrong("gap", None)
def truth(history):
    return plain(history) > 0


@wrong("gap", None)
def first_two_columns(history):
    train, validation, *_ = history.values()
    both(history)
    return train[-1] - validation[-1]


@wrong("gap", None)
def any_accuracy(history):
    both(history)
    train = next(c for k, c in history.items() if "acc" in k and "val" not in k)
    validation = next(c for k, c in history.items() if "acc" in k and "val" in k)
    return train[-1] - validation[-1]


@wrong("gap", None)
def the_history_object(history):
    return plain(history.history)


@wrong("gap", None)
def complex_number(history):
    return plain(history) + 0j


@wrong("gap", None)
def infinite(history):
    return plain(history) * math.inf


# ---------------------------------------------------------------- best_epoch, correct


def losses_of(history):
    """The validation losses, checked."""
    if "val_loss" not in history:
        raise KeyError("there is no val_loss here")
    losses = np.asarray(history["val_loss"], dtype=float)
    if losses.size == 0 or np.isnan(losses).all():
        raise ValueError("there is no epoch to choose")
    return losses


@correct("best_epoch")
def nanargmin(history):
    return int(np.nanargmin(losses_of(history))) + 1


@correct("best_epoch")
def numpy_integer(history):
    return np.nanargmin(losses_of(history)) + 1


@correct("best_epoch")
def loop(history):
    best, lowest = None, math.inf
    for epoch, loss in enumerate(losses_of(history), 1):
        if loss < lowest:
            best, lowest = epoch, loss
    return best


@correct("best_epoch")
def least_pair(history):
    return min((loss, epoch) for epoch, loss in enumerate(losses_of(history), 1) if loss == loss)[1]


@correct("best_epoch")
def by_key(history):
    losses = losses_of(history)
    return 1 + min((n for n in range(len(losses)) if not math.isnan(losses[n])), key=losses.__getitem__)


@correct("best_epoch")
def stable_sort(history):
    return int(np.argsort(losses_of(history), kind="stable")[0]) + 1


@correct("best_epoch")
def infinite_for_nan(history):
    return int(np.argmin(np.nan_to_num(losses_of(history), nan=np.inf))) + 1


@correct("best_epoch")
def index_of_lowest(history):
    losses = losses_of(history).tolist()
    return losses.index(min(loss for loss in losses if not math.isnan(loss))) + 1


@correct("best_epoch")
def flatnonzero(history):
    losses = losses_of(history)
    return np.flatnonzero(losses == np.nanmin(losses))[0] + 1


@correct("best_epoch")
def folded(history):
    pairs = [(loss, epoch) for epoch, loss in enumerate(losses_of(history), 1) if not np.isnan(loss)]
    return reduce(lambda a, b: b if b[0] < a[0] else a, pairs)[1]


@correct("best_epoch")
def backwards_with_or_equal(history):
    losses, best = losses_of(history), None
    for number in reversed(range(len(losses))):
        if not np.isnan(losses[number]) and (best is None or losses[number] <= losses[best]):
            best = number
    return best + 1


@correct("best_epoch")
def errors_of_numpy(history):
    """np.nanargmin raises ValueError for empty arrays and for nothing but NaN."""
    try:
        column = history["val_loss"]
    except KeyError:
        raise KeyError("val_loss is missing: fit with validation_data") from None
    return int(np.nanargmin(column)) + 1


# ---------------------------------------------------------------- best_epoch, mistaken


def epoch_of(formula):
    """A best epoch that is right but for its formula, of a float array."""

    def best_epoch(history):
        return int(formula(losses_of(history), history))

    return best_epoch


_CHOICES = {
    "epoch-off-by-one": [
        lambda losses, h: np.nanargmin(losses),
        lambda losses, h: losses.tolist().index(np.nanmin(losses)),
        lambda losses, h: min(enumerate(np.nan_to_num(losses, nan=np.inf)), key=lambda pair: pair[1])[0],
    ],
    "epoch-by-accuracy": [
        lambda losses, h: np.nanargmax(h["val_accuracy"]) + 1,
        lambda losses, h: list(h["accuracy"]).index(max(h["accuracy"])) + 1,
        lambda losses, h: np.nanargmax(h["val_accuracy"]),
    ],
    "epoch-by-training-loss": [
        lambda losses, h: np.nanargmin(h["loss"]) + 1,
        lambda losses, h: list(h["loss"]).index(min(h["loss"])) + 1,
    ],
    "epoch-of-highest": [lambda losses, h: np.nanargmax(losses) + 1, lambda losses, h: np.nanargmin(-losses) + 1],
    "last-of-ties": [
        lambda losses, h: np.flatnonzero(losses == np.nanmin(losses))[-1] + 1,
        lambda losses, h: len(losses) - np.nanargmin(losses[::-1]),
        lambda losses, h: min(range(len(losses)), key=lambda n: (np.nan_to_num(losses[n], nan=1e9), -n)) + 1,
    ],
    "nan-wins": [
        lambda losses, h: np.argmin(losses) + 1,
        lambda losses, h: min(range(len(losses)), key=losses.__getitem__) + 1,
        lambda losses, h: losses.tolist().index(min(h["val_loss"])) + 1 if not np.isnan(losses[0]) else 1,
        lambda losses, h: np.argmin(np.nan_to_num(losses)) + 1,
    ],
    None: [
        lambda losses, h: len(losses),
        lambda losses, h: np.nanargmin(losses) + 2,
        lambda losses, h: 1,
        lambda losses, h: np.nanargmin(np.round(losses, 4)) + 1,
        lambda losses, h: np.nanargmin(losses[:-1]) + 1 if len(losses) > 1 else 5,
        lambda losses, h: np.nanargmin(losses / np.asarray(h["loss"])) + 1,
        lambda losses, h: np.nanargmin(losses) - len(losses),
        lambda losses, h: next((n for n in range(1, len(losses)) if losses[n] > losses[n - 1]), len(losses)),
        lambda losses, h: np.nanargmin(np.convolve(losses, np.ones(3) / 3, "same")) + 1,
        lambda losses, h: bisect.bisect(losses.tolist(), np.nanmin(losses)),
        lambda losses, h: np.nanargmin(losses[~np.isnan(losses)]) + 1,
        lambda losses, h: np.nanargmin(np.minimum(losses, 1.0)) + 1,
    ],
}
for _slug, _formulas in _CHOICES.items():
    for _number, _formula in enumerate(_formulas):
        _made = epoch_of(_formula)
        MISTAKEN.append(Entry(f"best_epoch-choice-{_slug}-{_number}", "best_epoch", lambda f=_made: f, _slug))


@wrong("best_epoch", "loss-not-epoch")
def lowest_loss(history):
    return float(np.nanmin(losses_of(history)))


@wrong("best_epoch", "loss-not-epoch")
def sorted_losses(history):
    return sorted(loss for loss in losses_of(history) if loss == loss)[0]


@wrong("best_epoch", "last-of-ties")
def or_equal(history):
    best, lowest = None, math.inf
    for epoch, loss in enumerate(losses_of(history), 1):
        if loss <= lowest:
            best, lowest = epoch, loss
    return best


@wrong("best_epoch", "no-key-check")
def lookup(history):
    return int(np.nanargmin(history["val_loss"])) + 1


@wrong("best_epoch", "no-key-check")
def falls_back(history):
    return int(np.nanargmin(history.get("val_loss", history["loss"]))) + 1


@wrong("best_epoch", "no-epoch-check")
def one_for_nothing(history):
    try:
        return nanargmin(history)
    except ValueError:
        return 1


@wrong("best_epoch", "no-epoch-check")
def only_empty_refused(history):
    if "val_loss" not in history:
        raise KeyError("no val_loss in here")
    losses = list(history["val_loss"])
    if not losses:
        raise ValueError("no epochs")
    return 1 + min(range(len(losses)), key=lambda n: (math.isnan(losses[n]), losses[n]))


@wrong("best_epoch", "no-epoch-check")
def asserts(history):
    if "val_loss" not in history:
        raise KeyError("no val_loss in here")
    losses = np.asarray(history["val_loss"], dtype=float)
    assert losses.size and not np.isnan(losses).all()
    return nanargmin(history)


@wrong("best_epoch", "mutates-input")
def sorts(history):
    epoch = nanargmin(history)
    history["val_loss"].sort()
    return epoch


@wrong("best_epoch", "mutates-input")
def replaces_nan(history):
    epoch = nanargmin(history)
    column = history["val_loss"]
    for number, loss in enumerate(column):
        if loss != loss:
            column[number] = math.inf
    return epoch


@wrong("best_epoch", None)
def a_float(history):
    return float(nanargmin(history))


@wrong("best_epoch", None)
def in_words(history):
    return f"epoch {nanargmin(history)}"


@wrong("best_epoch", None)
def list_index(history):
    losses_of(history)
    column = history["val_loss"]
    return column.index(min(loss for loss in column if loss == loss)) + 1


@wrong("best_epoch", None)
def with_the_loss(history):
    epoch = nanargmin(history)
    return epoch, history["val_loss"][epoch - 1]


@wrong("best_epoch", None)
def all_ties(history):
    losses = losses_of(history)
    return np.flatnonzero(losses == np.nanmin(losses)) + 1


# ---------------------------------------------------------------- stubs and values


def stub(history):
    raise NotImplementedError


def forgotten_return(history):
    plain(history)


for _exercise in ("gap", "best_epoch"):
    MISTAKEN += [
        Entry(f"{_exercise}-stub", _exercise, lambda: stub, "not-implemented"),
        Entry(f"{_exercise}-nothing", _exercise, lambda: lambda history: None, "not-implemented"),
        Entry(f"{_exercise}-a_value", _exercise, lambda: 0.12, "not-callable"),
        Entry(f"{_exercise}-a_dictionary", _exercise, lambda: {"accuracy": [0.5]}, "not-callable"),
        Entry(f"{_exercise}-two_arguments", _exercise, lambda: lambda history, key: 1),
        Entry(f"{_exercise}-always_refuses", _exercise, lambda: lambda history: int("no")),
    ]
MISTAKEN.append(Entry("gap-forgotten_return", "gap", lambda: forgotten_return, "not-implemented"))

"""Which histories examine a function of a training history. Both halves read this; it knows inputs, and no answers.

The curves are such that no mistake can hide: the lowest and highest values of each are in the middle of training,
in different epochs that are not neighbours, and no final value is one of them. Numbers that are rounded to
hundredths, and tolerances of a thousandth, would find another epoch.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from autograder.forms import Form, exactly

#: The keys of every history, before extra ones.
CURVES = ("accuracy", "loss", "val_accuracy", "val_loss")

#: Curves by their keys, (epochs,) of float64 each.
Curves = dict[str, np.ndarray]


@dataclass(frozen=True)
class HistoryCase:
    """One history that the student's function is called with.

    name: unique in an examination. columns: the dictionary's keys in order, each with one number per epoch.
    form: of the columns, "float" (lists of Python floats, as Keras has them), "numpy" (lists of NumPy float64s),
    "numpy32" (lists of NumPy float32s) or "array" (float64 arrays). asks: for the plain "answer", for that where
    something is special (there is "one-epoch", there are "ties" or a "nan"), or for an exception: there is
    "no-key" of those that are read, "no-epoch", or NaN alone ("all-nan"). function: the name of the student's.
    reads: the keys that it has to read.
    """

    name: str
    columns: tuple[tuple[str, tuple[float, ...]], ...]
    form: str = "float"
    asks: Literal["answer", "one-epoch", "ties", "nan", "no-key", "no-epoch", "all-nan"] = "answer"
    function: str = ""
    reads: tuple[str, ...] = ()

    def history(self) -> dict[str, list | np.ndarray]:
        """The dictionary, as it is handed over; a new one."""
        make = {"float": list, "numpy": _numpy, "numpy32": _numpy32, "array": np.array}[self.form]
        return {key: make(values) for key, values in self.columns}

    def curve(self, key: str) -> np.ndarray:
        """One column as float64, (epochs,). Raises KeyError if the history has none of that name."""
        return np.array(dict(self.columns)[key], dtype=np.float64)

    @property
    def epochs(self) -> int:
        """How many epochs it has."""
        return len(self.columns[0][1])

    @property
    def has_answer(self) -> bool:
        """Whether a number has to come back, and no exception."""
        return self.asks not in ("no-key", "no-epoch", "all-nan")

    @property
    def call(self) -> str:
        """How the student's function is called, and with what."""
        present = dict(self.columns)
        told = [f"{key} {_in_words(self.curve(key), key == 'val_loss')}" for key in self.reads if key in present]
        absent = [f"no {key}" for key in self.reads if key not in present]
        epochs = f"{self.epochs} epoch{'s' * (self.epochs != 1)}"
        return f"{self.function}(history), {epochs}: {', '.join(told + absent)}{_FORMS.get(self.form, '')}"


#: What a report adds to a call, by the form of the columns.
_FORMS = {"array": ", as arrays", "numpy32": ", as NumPy float32s", "numpy": ", as NumPy floats"}


def _in_words(values: np.ndarray, whole: bool) -> str:
    """A curve as text: its end, or all of it as far as there is room."""
    if not values.size:
        return "[]"
    texts = [f"{value:.5g}" for value in values]
    if values.size == 1:
        return f"[{texts[0]}]"
    return f"[{', '.join(texts if values.size <= 20 else ['…', *texts[-19:]])}]" if whole else f"[…, {texts[-1]}]"


def _numpy(values: tuple[float, ...]) -> list[np.float64]:
    return [np.float64(value) for value in values]


def _numpy32(values: tuple[float, ...]) -> list[np.float32]:
    return [np.float32(value) for value in values]


def answerable(rng: np.random.Generator, overfit: Curves, reads: tuple[str, ...]) -> list[HistoryCase]:
    """Histories that have an answer. rng: chooses all curves but `overfit`. reads: where NaN stands in some."""
    dropout, long = curves(rng, -0.08), curves(rng, 0.05, extra=20)
    large = curves(rng, 0.1)
    large |= {key: 300 * values + 40 for key, values in large.items() if "loss" in key}
    before = (*_shuffled(rng, _MORE), *_shuffled(rng, CURVES))
    behind = (*_shuffled(rng, CURVES), *_shuffled(rng, _MORE))
    return [
        HistoryCase("overfit", columns(overfit, CURVES)),
        # Keys that look like those asked for stand before them in one history, and behind them in another.
        HistoryCase("dropout", columns(dropout | _more(rng, dropout), before), "numpy"),
        HistoryCase("large", columns(large | _more(rng, large), behind), "numpy32"),
        HistoryCase("long", columns(long | _more(rng, long), _shuffled(rng, (*CURVES, *_MORE))), "array"),
        HistoryCase("close", columns(_close(rng, curves(rng, 0.06)), _shuffled(rng, CURVES))),
        HistoryCase("one-epoch", columns(first(curves(rng, 0.08), 1), _shuffled(rng, CURVES)), asks="one-epoch"),
        HistoryCase("one-epoch-array", columns(first(curves(rng, -0.08), 1), CURVES), "array", "one-epoch"),
        HistoryCase("ties-2", columns(_tied(rng, curves(rng, 0.07), 2), CURVES), asks="ties"),
        HistoryCase("ties-3", columns(_tied(rng, curves(rng, 0.07), 3), _shuffled(rng, CURVES)), "array", "ties"),
        *_with_one_nan(rng, reads),
    ]


def _with_one_nan(rng: np.random.Generator, reads: tuple[str, ...]) -> list[HistoryCase]:
    """Histories in which one epoch is NaN, in several places."""
    places = (("first", "float"), ("before", "numpy"), ("after", "array"), ("last", "float"))
    return [
        HistoryCase(f"nan-{n}-{place}", columns(with_nan(curves(rng, 0.08), reads, place), CURVES), form, "nan")
        for n, (place, form) in enumerate(places)
    ]


def refused(overfit: Curves) -> list[HistoryCase]:
    """Histories that have none."""
    return [
        HistoryCase("empty", columns(first(overfit, 0), CURVES), asks="no-epoch"),
        HistoryCase("empty-array", columns(first(overfit, 0), CURVES), "array", "no-epoch"),
        # As `fit` without validation data leaves it.
        HistoryCase("unvalidated", columns(overfit, ("accuracy", "loss")), asks="no-key"),
    ]


def plan_histories(cases: list[HistoryCase], function: str, reads: tuple[str, ...]) -> dict[str, HistoryCase]:
    """These cases by name, for a function that reads these keys."""
    return {case.name: replace(case, function=function, reads=reads) for case in cases}


def history_forms(planned: dict[str, HistoryCase]) -> dict[str, Form]:
    """The forms of what is recorded: a number for each history."""
    return dict.fromkeys(planned, exactly((), "iuf"))


def curves(rng: np.random.Generator, gap: float, extra: int = 0) -> Curves:
    """Curves of 14 to 20 epochs and `extra`: a network learns, and val_loss rises again. gap: about, at the end."""
    epochs = int(rng.integers(14, 21)) + extra
    t = np.linspace(0, 1, epochs)
    learned, wiggles = 1 - np.exp(-4 * t), rng.normal(0, 0.004, (4, epochs))
    level = rng.uniform(0.78, 0.84)
    curves = {
        "accuracy": 0.5 + (level - 0.5 + gap / 2) * learned + wiggles[0],
        "loss": 1.2 - 0.95 * learned + wiggles[1],
        "val_accuracy": 0.5 + (level - 0.5 - gap / 2) * learned + wiggles[2],
        "val_loss": 1.2 - 0.9 * learned + 0.45 * t**2 + wiggles[3],
    }
    # Five epochs, no two of them neighbours and none at an end, for what is highest or lowest.
    places = 1 + 2 * rng.permutation((epochs - 2) // 2)[:5]
    if places[0] == 1:  # a lowest val_loss just after the first epoch makes two mistakes with NaN look alike
        places = places[::-1]
    lowest, highest = curves["val_loss"].min(), curves["val_loss"].max()
    curves["val_loss"][places[0]] = lowest - rng.uniform(0.03, 0.06)
    curves["val_loss"][places[1]] = highest + rng.uniform(0.03, 0.06)
    curves["val_accuracy"][places[2]] = curves["val_accuracy"].max() + rng.uniform(0.02, 0.03)
    curves["accuracy"][places[3]] = curves["accuracy"].max() + rng.uniform(0.04, 0.05)
    curves["loss"][places[4]] = curves["loss"].min() - rng.uniform(0.03, 0.06)
    # Nor is the first epoch the worst one.
    for key, dip in (("accuracy", 0.02), ("val_accuracy", 0.05)):
        curves[key][2] = curves[key].min() - dip
    return {key: np.round(values, 8) for key, values in curves.items()}


#: Extra keys, some of which look like those that are asked for.
_MORE = ("learning_rate", "f1", "top_3_accuracy", "val_top_3_accuracy", "val_f1", "main_loss", "val_main_loss")


def _more(rng: np.random.Generator, curves: Curves) -> Curves:
    """More metrics of the same training run."""
    epochs = len(curves["loss"])
    more = {key: np.round(rng.uniform(0.1, 0.9, epochs), 8) for key in _MORE}
    return more | {"learning_rate": np.full(epochs, 0.001)}


def _close(rng: np.random.Generator, curves: Curves) -> Curves:
    """Curves whose lowest val_loss is lower than an earlier one by 2e-5: rounded to 4 decimals it is a tie."""
    losses = curves["val_loss"].copy()
    early, late = np.sort(rng.choice(np.arange(2, len(losses) - 2), 2, replace=False))
    losses[early] = np.round(losses.min() - 0.02, 4) + 0.00002
    losses[late] = losses[early] - 0.00002
    return curves | {"val_loss": np.round(losses, 8)}


def _tied(rng: np.random.Generator, curves: Curves, ties: int) -> Curves:
    """Curves whose lowest val_loss is reached in several epochs."""
    losses = curves["val_loss"].copy()
    losses[rng.choice(np.arange(1, len(losses)), ties, replace=False)] = losses.min() - 0.01
    return curves | {"val_loss": np.round(losses, 8)}


def with_nan(curves: Curves, keys: tuple[str, ...], place: str) -> Curves:
    """Curves with NaN in one epoch of `keys`: the first, the last, just before or after the lowest val_loss."""
    best = int(np.argmin(curves["val_loss"]))
    where = {"first": 0, "before": best - 1, "after": best + 1, "last": -1}[place]
    changed = {key: curves[key].copy() for key in keys}
    for values in changed.values():
        values[where] = np.nan
    return curves | changed


def first(curves: Curves, epochs: int) -> Curves:
    """The first epochs of some curves."""
    return {key: values[:epochs] for key, values in curves.items()}


def _shuffled(rng: np.random.Generator, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(keys[number] for number in rng.permutation(len(keys)))


def columns(curves: Curves, keys: tuple[str, ...]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Some curves as `HistoryCase` has them, in the order of `keys`."""
    return tuple((key, tuple(curves[key].tolist())) for key in keys)

"""Which histories examine gap and best_epoch. Both halves read this; it knows inputs, and no answers.

The curves are such that no mistake can hide: the lowest and highest values of each are in the middle of training,
in different epochs that are not neighbours, and no final value is one of them. Numbers that are rounded to
hundredths, and tolerances of a thousandth, would find another epoch.
"""

from dataclasses import dataclass

import numpy as np

#: The keys of every history, before extra ones.
CURVES = ("accuracy", "loss", "val_accuracy", "val_loss")


@dataclass(frozen=True)
class HistoryCase:
    """One history that the student's function is called with.

    name: unique in an examination. columns: the dictionary's keys in order, each with one number per epoch.
    form: of the columns, "float" (lists of Python floats, as Keras has them), "numpy" (lists of NumPy float64s),
    "numpy32" (lists of NumPy float32s) or "array" (float64 arrays).
    """

    name: str
    columns: tuple[tuple[str, tuple[float, ...]], ...]
    form: str = "float"

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


def _numpy(values: tuple[float, ...]) -> list[np.float64]:
    return [np.float64(value) for value in values]


def _numpy32(values: tuple[float, ...]) -> list[np.float32]:
    return [np.float32(value) for value in values]


def history_cases(exercise: str, rng: np.random.Generator) -> dict[str, HistoryCase]:
    """The histories that examine `exercise`, "gap" or "best_epoch", by name. rng: chooses everything else."""
    wanted = {"gap": ("accuracy", "val_accuracy"), "best_epoch": ("val_loss",)}[exercise]
    overfit, dropout, long = _curves(rng, 0.08), _curves(rng, -0.08), _curves(rng, 0.05, extra=20)
    large = _curves(rng, 0.1)
    large |= {key: 300 * values + 40 for key, values in large.items() if "loss" in key}
    before = (*_shuffled(rng, _MORE), *_shuffled(rng, CURVES))
    behind = (*_shuffled(rng, CURVES), *_shuffled(rng, _MORE))
    planned = [
        HistoryCase("overfit", _columns(overfit, CURVES)),
        # Keys that look like those asked for stand before them in one history, and behind them in another.
        HistoryCase("dropout", _columns(dropout | _more(rng, dropout), before), "numpy"),
        HistoryCase("large", _columns(large | _more(rng, large), behind), "numpy32"),
        HistoryCase("long", _columns(long | _more(rng, long), _shuffled(rng, (*CURVES, *_MORE))), "array"),
        HistoryCase("close", _columns(_close(rng, _curves(rng, 0.06)), _shuffled(rng, CURVES))),
        HistoryCase("one-epoch", _columns(_first(_curves(rng, 0.08), 1), _shuffled(rng, CURVES))),
        HistoryCase("one-epoch-array", _columns(_first(_curves(rng, -0.08), 1), CURVES), "array"),
        HistoryCase("ties-2", _columns(_tied(rng, _curves(rng, 0.07), 2), CURVES)),
        HistoryCase("ties-3", _columns(_tied(rng, _curves(rng, 0.07), 3), _shuffled(rng, CURVES)), "array"),
    ]
    for number, (place, form) in enumerate(
        (("first", "float"), ("before", "numpy"), ("after", "array"), ("last", "float"))
    ):
        spoilt = _with_nan(_curves(rng, 0.08), wanted, place)
        planned.append(HistoryCase(f"nan-{number}-{place}", _columns(spoilt, CURVES), form))
    if exercise == "gap":
        for key, form in zip(wanted, ("float", "array"), strict=True):
            planned.append(
                HistoryCase(f"nan-final-{key}", _columns(_with_nan(overfit, (key,), "last"), CURVES), form)
            )
    else:
        spoilt = overfit | {"val_loss": np.full_like(overfit["val_loss"], np.nan)}
        planned.append(HistoryCase("all-nan", _columns(spoilt, CURVES)))
        planned.append(HistoryCase("all-nan-one", _columns(_first(spoilt, 1), CURVES), "array"))
    planned += [
        HistoryCase("empty", _columns(_first(overfit, 0), CURVES)),
        HistoryCase("empty-array", _columns(_first(overfit, 0), CURVES), "array"),
        # As `fit` without validation data leaves it, and as Keras called the accuracy before 2019.
        HistoryCase("unvalidated", _columns(overfit, ("accuracy", "loss"))),
    ]
    if exercise == "gap":
        old = {"acc": overfit["accuracy"], "val_acc": overfit["val_accuracy"]} | overfit
        planned.append(HistoryCase("old", _columns(old, ("acc", "loss", "val_acc", "val_loss"))))
        without = tuple(key for key in CURVES if key != "accuracy")
        planned.append(HistoryCase("no-accuracy", _columns(overfit, without)))
    else:
        without = tuple(key for key in CURVES if key != "val_loss")
        planned.append(HistoryCase("no-val_loss", _columns(overfit, without)))
    return {case.name: case for case in planned}


def _curves(rng: np.random.Generator, gap: float, extra: int = 0) -> dict[str, np.ndarray]:
    """Curves of 14 to 20 epochs and `extra`: a network learns, and val_loss rises again. gap: about, at the end."""
    epochs = int(rng.integers(14, 21)) + extra
    t = np.linspace(0, 1, epochs)
    learned, wiggles = 1 - np.exp(-4 * t), rng.normal(0, 0.004, (4, epochs))
    base = rng.uniform(0.78, 0.84)
    curves = {
        "accuracy": 0.5 + (base - 0.5 + gap / 2) * learned + wiggles[0],
        "loss": 1.2 - 0.95 * learned + wiggles[1],
        "val_accuracy": 0.5 + (base - 0.5 - gap / 2) * learned + wiggles[2],
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


def _more(rng: np.random.Generator, curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """More metrics of the same training run."""
    epochs = len(curves["loss"])
    more = {key: np.round(rng.uniform(0.1, 0.9, epochs), 8) for key in _MORE}
    return more | {"learning_rate": np.full(epochs, 0.001)}


def _close(rng: np.random.Generator, curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Curves whose lowest val_loss is lower than an earlier one by 2e-5: rounded to 4 decimals it is a tie."""
    losses = curves["val_loss"].copy()
    early, late = np.sort(rng.choice(np.arange(2, len(losses) - 2), 2, replace=False))
    losses[early] = np.round(losses.min() - 0.02, 4) + 0.00002
    losses[late] = losses[early] - 0.00002
    return curves | {"val_loss": np.round(losses, 8)}


def _tied(rng: np.random.Generator, curves: dict[str, np.ndarray], ties: int) -> dict[str, np.ndarray]:
    """Curves whose lowest val_loss is reached in several epochs."""
    losses = curves["val_loss"].copy()
    losses[rng.choice(np.arange(1, len(losses)), ties, replace=False)] = losses.min() - 0.01
    return curves | {"val_loss": np.round(losses, 8)}


def _with_nan(curves: dict[str, np.ndarray], keys: tuple[str, ...], place: str) -> dict[str, np.ndarray]:
    """Curves with NaN in one epoch of `keys`: the first, the last, just before or after the lowest val_loss."""
    best = int(np.argmin(curves["val_loss"]))
    where = {"first": 0, "before": best - 1, "after": best + 1, "last": -1}[place]
    changed = {key: curves[key].copy() for key in keys}
    for values in changed.values():
        values[where] = np.nan
    return curves | changed


def _first(curves: dict[str, np.ndarray], epochs: int) -> dict[str, np.ndarray]:
    return {key: values[:epochs] for key, values in curves.items()}


def _shuffled(rng: np.random.Generator, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(keys[number] for number in rng.permutation(len(keys)))


def _columns(curves: dict[str, np.ndarray], keys: tuple[str, ...]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    return tuple((key, tuple(curves[key].tolist())) for key in keys)

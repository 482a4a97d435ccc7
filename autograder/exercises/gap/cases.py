"""Which histories examine exercise gap."""

import zlib

import numpy as np

from autograder.forms import Form
from autograder.kits.histories.cases import (
    CURVES,
    HistoryCase,
    answerable,
    columns,
    curves,
    history_forms,
    plan_histories,
    refused,
    with_nan,
)

#: The keys that the function has to read.
READS = ("accuracy", "val_accuracy")


def plan(seed: int, again: bool = False) -> dict[str, HistoryCase]:
    """The histories, by name; seed, again: as for `autograder.catalogue.cases`."""
    rng = np.random.default_rng([seed, zlib.crc32(b"gap"), again])
    overfit = curves(rng, 0.08)
    found = answerable(rng, overfit, READS)
    for key, form in zip(READS, ("float", "array"), strict=True):
        spoilt = with_nan(overfit, (key,), "last")
        found.append(HistoryCase(f"nan-final-{key}", columns(spoilt, CURVES), form, "nan"))
    # As Keras called the accuracy before 2019.
    old = {"acc": overfit["accuracy"], "val_acc": overfit["val_accuracy"]} | overfit
    without = tuple(key for key in CURVES if key != "accuracy")
    found += [
        *refused(overfit),
        HistoryCase("old", columns(old, ("acc", "loss", "val_acc", "val_loss")), asks="no-key"),
        HistoryCase("no-accuracy", columns(overfit, without), asks="no-key"),
    ]
    return plan_histories(found, "generalization_gap", READS)


def forms(planned: dict[str, HistoryCase]) -> dict[str, Form]:
    """What a recording of these may look like."""
    return history_forms(planned)

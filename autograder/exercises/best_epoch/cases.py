"""Which histories examine exercise best_epoch."""

import zlib

import numpy as np

from autograder.forms import Form
from autograder.kits.histories.cases import (
    CURVES,
    HistoryCase,
    answerable,
    columns,
    curves,
    first,
    history_forms,
    plan_histories,
    refused,
)

#: The key that the function has to read.
READS = ("val_loss",)


def plan(seed: int, again: bool = False) -> dict[str, HistoryCase]:
    """The histories, by name; seed, again: as for `autograder.catalogue.cases`."""
    rng = np.random.default_rng([seed, zlib.crc32(b"best_epoch"), again])
    overfit = curves(rng, 0.08)
    found = answerable(rng, overfit, READS)
    spoilt = overfit | {"val_loss": np.full_like(overfit["val_loss"], np.nan)}
    without = tuple(key for key in CURVES if key != "val_loss")
    found += [
        HistoryCase("all-nan", columns(spoilt, CURVES), asks="all-nan"),
        HistoryCase("all-nan-one", columns(first(spoilt, 1), CURVES), "array", "all-nan"),
        *refused(overfit),
        HistoryCase("no-val_loss", columns(overfit, without), asks="no-key"),
    ]
    return plan_histories(found, "best_epoch", READS)


def forms(planned: dict[str, HistoryCase]) -> dict[str, Form]:
    """What a recording of these may look like."""
    return history_forms(planned)

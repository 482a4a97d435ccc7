"""Which calls examine exercise keras_layer: the inputs of the NumPy exercises, in all places of Keras."""

from dataclasses import replace

import numpy as np

from autograder.forms import Form, exactly
from autograder.kits.masks.cases import MaskCase, Plan, mask_forms, plan_masks, worded

#: Keras seeds are 32-bit integers.
SEED_RANGE = 2**31


def plan(seed: int, again: bool = False) -> Plan:
    """The calls, by name; seed, again: as for `autograder.catalogue.cases`.

    An eager Keras call takes a millisecond, fifty times a NumPy one, so there are 24 calls instead of 600. A unit
    that is never dropped shows at the high rate, one that is never kept at the low one. A step in the loop of `fit`
    takes a twentieth of that: its 400 steps show a unit whose rate is off by less, and a pair of units that goes
    together; other dependence shows in those and in the large arrays.
    """
    eager = _with_batch_axis(plan_masks("keras_layer", seed, again))
    return worded(eager | _elsewhere(eager) | _outside_training(eager), _written)


def _with_batch_axis(planned: Plan) -> Plan:
    """The calls whose input has a batch axis, fewer of each, in float32."""
    found = {}
    for name, case in planned.items():
        if len(case.shape) > 1 or name == "tiny":
            calls = 24 if name in ("units-low", "units-high", "tiny") else min(case.calls, 10)
            case = replace(case, dtype="float32", layout="C", calls=calls, returns="tensor")
            found[name] = replace(case, shape=(1, 3)) if name == "tiny" else case
    return found


def _elsewhere(eager: Plan) -> Plan:
    """Training calls in other places than an eager call, or of a layer made in another way."""
    large = eager["large-high"]
    added = (
        replace(eager["units-high"], name="fit", mode="fit", calls=400),
        replace(eager["three-axes"], name="model", mode="model"),
        replace(large, name="config", mode="config", calls=3),
        replace(eager["large-low"], name="loaded", mode="loaded", calls=3),
        replace(large, name="mixed", mode="mixed", calls=3),
        replace(eager["repeat"], name="unseeded-a", mode="unseeded", calls=2),
        replace(eager["repeat"], name="unseeded-b", mode="unseeded", calls=2),
    )
    return {case.name: case for case in added}


def _outside_training(eager: Plan) -> Plan:
    """Calls that have to return their input."""
    large = eager["large-high"]
    added = (
        replace(eager["units-low"], name="eval-units-low", mode="evaluation", calls=3, warmup=1),
        replace(eager["four-axes"], name="eval-four-axes", mode="evaluation", calls=2),
        replace(eager["rate-1"], name="eval-rate-1", mode="evaluation", calls=1),
        replace(eager["units-high"], name="default", mode="default", calls=3, warmup=1),
        replace(large, name="eval-model", mode="model-default", calls=2),
        replace(large, name="eval-predict", mode="predict", calls=2),
    )
    return {case.name: replace(case, asks="evaluation") for case in added}


#: How the layer is called, by the case's mode.
_PLACES = {
    "training": "layer(x, training=True)",
    "unseeded": "without a seed, layer(x, training=True)",
    "mixed": "with dtype='mixed_float16', layer(x, training=True)",
    "config": "rebuilt from its configuration, layer(x, training=True)",
    "loaded": "saved in a model and loaded, model(x, training=True)",
    "model": "in a model, model(x, training=True)",
    "fit": "in a model, compile and fit",
    "evaluation": "layer(x, training=False)",
    "default": "layer(x)",
    "model-default": "in a model, model(x)",
    "predict": "in a model, model.predict(x)",
}


def _written(case: MaskCase) -> str:
    made = f"layer = MyDropout({case.rate:.4g}, seed={case.seed % SEED_RANGE})"
    return f"{made}; {_PLACES[case.mode]}, {case.x_in_words}"


def forms(planned: Plan) -> dict[str, Form]:
    """What a recording of these may look like: masks, what `call` takes, and signs of whose work the layer does."""
    found = mask_forms(planned) | {"signature": exactly((2,), "b")}
    return found | {name: _signs for name in ("origin", *(f"{name}.origin" for name in planned))}


def _signs(values: np.ndarray) -> bool:
    """Whether these are signs of whose work a layer does: pairs of words, of which an observer finds a few."""
    return values.ndim == 2 and values.shape[1] == 2 and len(values) <= 100 and values.dtype.kind == "U"

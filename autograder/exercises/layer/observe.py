"""How exercise layer is called: one layer in training, out of it, and in both by turns."""

import numpy as np

from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.observe import Draw, Parts, record_twice, refused_late
from autograder.observations import Record
from autograder.observe.calls import Student


def record(objects: tuple[Student, ...], case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case; see `MaskCase.mode` for the ways they are made."""
    (student,) = objects
    return record_twice(case, lambda rng, watch: _begin(student, case, rng))


def _begin(student: Student, case: MaskCase, rng: np.random.Generator) -> Draw:
    layer = student(case.rate, rng)
    if case.asks == "invalid-rate":
        return refused_late(lambda: layer(case.x(), training=True))
    if 0 < case.rate < 1:
        # A second layer, alive at the same time: what is kept on the class would mix them up.
        student(case.rate / 3, np.random.default_rng(case.seed + 3))
    if case.mode == "script":
        return lambda x: _in_and_out_of_training(layer, x)
    training = [True] * case.warmup

    def draw(x: np.ndarray) -> object:
        if training:
            return layer(x, training=training.pop())
        return layer(x) if case.mode == "default" else layer(x, training=case.mode == "training")

    return draw


def _in_and_out_of_training(layer: Student, x: np.ndarray) -> Parts:
    """What one layer gives on its way through a day: evaluation, another shape, training, evaluation."""
    before = np.array(layer(x, training=False))
    layer(x[:5, :3].copy(), training=True)
    train = np.array(layer(x, training=True))
    return Parts({"before": before, "train": train, "after": layer(x)})

"""How exercise classic is called: with a flag that says whether it is training."""

import numpy as np

from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.observe import Draw, record_twice
from autograder.observations import Record
from autograder.observe.calls import Watch


def record(objects: tuple, case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case."""
    (student,) = objects

    def begin(rng: np.random.Generator, watch: Watch) -> Draw:
        training = [True] * case.warmup

        def draw(x: np.ndarray) -> object:
            flag = training.pop() if training else case.mode == "training"
            return student(x, case.rate, rng, flag)

        return draw

    return record_twice(case, begin)

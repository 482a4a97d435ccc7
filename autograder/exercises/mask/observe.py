"""How exercise mask is called."""

from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.observe import record_twice
from autograder.observations import Record


def record(objects: tuple, case: MaskCase) -> dict[str, Record]:
    """Make all calls of one case."""
    (student,) = objects
    return record_twice(case, lambda rng, watch: lambda x: student(case.shape, case.rate, rng))

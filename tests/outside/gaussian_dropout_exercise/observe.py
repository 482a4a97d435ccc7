"""How exercise gaussian_dropout is called. It records, and judges nothing."""

import numpy as np

from autograder.observations import Record
from autograder.observe.calls import Unusable, trouble_of, type_name
from gaussian_dropout_exercise.cases import NoiseCase


def record(objects: tuple, case: NoiseCase) -> dict[str, Record]:
    """Call the student's function once."""
    (student,) = objects
    try:
        result = student(case.x(), case.rate, np.random.default_rng(case.seed))
        return {case.name: Record(values=_checked(result, case))}
    except BaseException as error:  # SystemExit and homemade ones are answers, too
        return {case.name: Record(**trouble_of(error), problem_call=0)}


def _checked(result: object, case: NoiseCase) -> np.ndarray:
    if result is None:
        raise Unusable("none", "")
    if type(result) is not np.ndarray or result.dtype.kind != "f":
        raise Unusable("not-an-array", type_name(type(result)))
    if result.shape != case.shape:
        raise Unusable("wrong-shape", str(result.shape))
    return result

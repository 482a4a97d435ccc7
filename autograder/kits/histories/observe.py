"""How a function of a history is watched: one call per history, and whether the history was changed."""

import numpy as np

from autograder.kits.histories.cases import HistoryCase
from autograder.observations import Record
from autograder.observe.calls import Unusable, trouble_of, type_name


def record_history(objects: tuple, case: HistoryCase) -> dict[str, Record]:
    """Call the function once and record the number that came back, an array without axes in its own dtype."""
    (student,) = objects
    history = case.history()
    # Compared by identity: what the student's code may have put into the dictionary is never asked anything.
    before = [(key, column, _items(column)) for key, column in history.items()]
    values, trouble = None, {}
    try:
        values = _number(student(history))
    except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
        trouble = trouble_of(error) | {"problem_call": 0}
    after = [(key, column, _items(column)) for key, column in dict.items(history)]
    return {case.name: Record(values=values, input_changed=not _same(before, after), **trouble)}


def _items(column: object) -> tuple:
    """What a column contains, so that two of them can be compared by identity."""
    if type(column) is np.ndarray:
        return (column.shape, column.tobytes())
    return tuple(column) if type(column) is list else ()


def _same(before: list[tuple], after: list[tuple]) -> bool:
    if len(before) != len(after):
        return False
    for (key, column, items), (new_key, new_column, new_items) in zip(before, after, strict=True):
        if key is not new_key or column is not new_column:
            return False
        if type(column) is np.ndarray:
            if items != new_items:
                return False
        elif len(items) != len(new_items) or any(a is not b for a, b in zip(items, new_items, strict=True)):
            return False
    return True


def _number(result: object) -> np.ndarray:
    """A real number as an array without axes. Raises Unusable for anything else."""
    if result is None:
        raise Unusable("none", "")
    kind = type(result)  # not isinstance: a result may lie about its __class__
    usable = kind in (float, int) or issubclass(kind, (np.floating, np.integer)) or kind is np.ndarray
    if not usable:
        raise Unusable("not-a-number", type_name(kind))
    if kind is int and result.bit_length() > 63:
        raise Unusable("not-a-number", "int of many digits")
    plain = np.array(result, subok=False)
    if plain.ndim:
        raise Unusable("not-a-number", f"{type_name(kind)} of shape {plain.shape}")
    if plain.dtype.kind not in "iuf":
        raise Unusable("not-a-number", f"{type_name(kind)} of {plain.dtype}")
    return plain

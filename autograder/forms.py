"""What the values of a record may look like: an exercise's `cases` says it of each record that there may be.

The inputs follow from exercise and seed, so it is known which cases there are and how much an observer ever writes
down of one. What is outside that was not written by an observer; what is inside costs the judge seconds at most.
"""

from collections.abc import Callable

import numpy as np

#: Whether values may be those of a record.
Form = Callable[[np.ndarray], bool]


def exactly(shape: tuple[int, ...], kinds: str) -> Form:
    """Arrays of one shape. kinds: of their dtype, as NumPy's letters."""
    return lambda values: values.shape == shape and values.dtype.kind in kinds


def at_most(numbers: int, kinds: str) -> Form:
    """Arrays of any shape with so many entries at most."""
    return lambda values: values.size <= numbers and values.dtype.kind in kinds


def one_of(*forms: Form) -> Form:
    """Arrays of any of these forms."""
    return lambda values: any(form(values) for form in forms)


def list_of(numbers: int, kinds: str) -> Form:
    """Arrays of one axis with so many entries at most."""
    return lambda values: values.ndim == 1 and at_most(numbers, kinds)(values)


def table_of(columns: int, numbers: int) -> Form:
    """Tables of floats, (any number, columns), with so many entries at most."""
    return lambda values: values.ndim == 2 and values.shape[1] == columns and at_most(numbers, "f")(values)


def records_of(dtype: np.dtype, number: int) -> Form:
    """Arrays of one axis of a structured dtype, with so many entries at most."""
    return lambda values: values.ndim == 1 and len(values) <= number and values.dtype == dtype

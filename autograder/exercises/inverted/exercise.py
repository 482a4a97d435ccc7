"""Exercise inverted: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Property
from autograder.kits.masks.exercise import (
    DRAWING,
    DTYPE,
    FRESH,
    INDEPENDENT,
    INVALID,
    KEEP_RATE,
    RATE_0,
    RATE_1,
    RNG,
    SCALING,
    SHAPE_X,
    UNTOUCHED,
)

EXERCISE = Exercise(
    name="inverted",
    assignment="02_scaling",
    objects=("inverted_dropout",),
    signature="inverted_dropout(x, rate, rng)",
    kind="function",
    properties=(
        Property("shape", SHAPE_X, 1),
        Property("dtype", DTYPE, 1),
        Property("scale", "Kept units become x / (1 - rate), dropped units exactly 0.", 3),
        Property("keep-rate", KEEP_RATE, 2),
        Property("independent", INDEPENDENT, 2),
        Property("fresh", FRESH, 1),
        Property("rng", RNG, 1),
        Property("rate-0", RATE_0, 0.5),
        Property("rate-1", RATE_1, 0.5),
        Property("invalid-rate", INVALID, 1),
        Property("input-untouched", UNTOUCHED, 1),
    ),
    hints=(
        "Draw a mask as in exercise 01 and multiply. Then ask: by which factor has the mean shrunk, and which "
        "number makes up for it?",
        "On average x * mask is (1 - rate) * x. Divide by the same number. Which rate makes that a division by "
        "zero, and what should the result be there?",
        "Three steps: raise ValueError for a bad rate, return zeros for rate 1, and otherwise return a new "
        "array, mask * x / (1 - rate). Then look at its dtype: a float64 mask turns float32 into float64.",
    ),
    misconceptions=(*DRAWING, *SCALING),
)

"""Exercise mask: what the student writes, its properties, and the mistakes people make."""

from autograder.exercise import Exercise, Misconception, Property
from autograder.kits.masks.exercise import DRAWING, FRESH, INDEPENDENT, INVALID, KEEP_RATE, RATE_0, RNG

_OWN = (
    Misconception(
        "mask-already-scaled",
        "The mask contains 1 / (1 - rate) where it should contain 1.",
        "Many libraries fold the factor into the mask. Here the mask only says which units are kept; exercise "
        "02 does the scaling.",
        "Return the result of the comparison itself.",
    ),
)

EXERCISE = Exercise(
    name="mask",
    assignment="01_mask",
    objects=("dropout_mask",),
    signature="dropout_mask(shape, rate, rng)",
    kind="function",
    properties=(
        Property("shape", "Returns an array of the requested shape, for any number of axes.", 1),
        Property("values", "Contains nothing but 0 and 1 (False and True).", 1),
        Property("keep-rate", KEEP_RATE, 2),
        Property("independent", INDEPENDENT, 2),
        Property("fresh", FRESH, 1),
        Property("rng", RNG, 1),
        Property("rate-0", RATE_0, 0.5),
        Property("rate-1", "Rate 1 drops everything.", 0.5),
        Property("invalid-rate", INVALID, 1),
    ),
    hints=(
        "Think of one entry first. How would you make a coin that lands on 'keep' with probability 1 - rate, "
        "when all you have is a number drawn uniformly between 0 and 1?",
        "rng.random(size=shape) gives one such number per entry, for any shape. What fraction of them lies below "
        "a threshold t? Which t makes that fraction 1 - rate?",
        "First raise ValueError for a rate outside [0, 1]. Then one comparison is enough: an array of uniform "
        "numbers, of the right shape, against the probability of keeping.",
    ),
    misconceptions=(*DRAWING, *_OWN),
)

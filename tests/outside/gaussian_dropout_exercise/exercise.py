"""Exercise gaussian_dropout: multiplicative noise instead of a mask (Srivastava et al. 2014, section 10)."""

from autograder.exercise import Exercise, Misconception, Property

EXERCISE = Exercise(
    name="gaussian_dropout",
    assignment="20_gaussian",
    objects=("gaussian_dropout",),
    signature="gaussian_dropout(x, rate, rng)",
    kind="function",
    properties=(
        Property("shape", "Returns an array of the same shape as x, for any number of axes.", 1),
        Property("scale", "x is multiplied by normal noise of mean 1 and variance rate / (1 - rate).", 4),
        Property("rng", "All randomness comes from rng: the same generator state gives the same result.", 1),
        Property("invalid-rate", "Raises ValueError for a rate below 0, and from 1 on.", 1),
    ),
    hints=(
        "Dropout multiplies each unit by 0 or by 1 / (1 - rate). Which mean and which variance has that number?",
        "rng.normal(loc, scale, size) draws normal numbers. Is its second argument a variance?",
        "First raise ValueError for a bad rate. Then one product is enough: x, and normal "
        "numbers of mean 1 in the shape of x whose standard deviation is the square root of rate / (1 - rate).",
    ),
    misconceptions=(
        Misconception(
            "variance-as-deviation",
            "The variance was handed over where the standard deviation is expected.",
            "Papers write a normal distribution with its variance, NumPy asks for its standard deviation.",
            "Read what the second argument of rng.normal means.",
        ),
    ),
)

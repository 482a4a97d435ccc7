"""Sentences and mistakes that the exercises which draw masks share."""

from autograder.exercise import Misconception

SHAPE_X = "Returns an array of the same shape as x, for any number of axes."
DTYPE = "Returns the type it was given: float32 in, float32 out."
KEEP_RATE = "Each unit is kept with probability 1 - rate."
INDEPENDENT = "Every unit is kept or dropped independently of all others."
FRESH = "Every call draws a new mask."
RNG = "All randomness comes from rng: the same generator state gives the same result."
UNTOUCHED = "Leaves its arguments as they were."
RATE_0 = "Rate 0 keeps everything."
RATE_1 = "Rate 1 drops everything: zeros, never NaN."
INVALID = "Raises ValueError for a rate below 0 or above 1."
REFUSED = "__init__ raises ValueError for a rate below 0 or above 1."

KEEP_DROP_SWAPPED = Misconception(
    "keep-drop-swapped",
    "rate is used as the probability of keeping.",
    "Both conventions exist: in the 2014 paper, p is the probability of keeping a unit; in Keras, rate is the "
    "probability of dropping it. At 0.5 the two are equal, so a test at 0.5 cannot tell them apart.",
    "Try rate 0.1: nine out of ten units should survive. Which way must the comparison point?",
)
HARD_CODED_RATE = Misconception(
    "hard-coded-rate",
    "A fixed number stands where the rate should.",
    "A fair coin, such as randint(0, 2), round(random()) or a comparison with 0.5, is right only for rate 0.5, "
    "which is the rate that most examples use. So is a factor of 2, or of a half.",
    "Try rate 0.1 and rate 0.9: print the fraction kept, and the factor. Where does rate enter your code?",
)
DROPS_AT_TEST = Misconception(
    "drops-at-test",
    "Units are dropped in evaluation, too.",
    "The training flag was not looked at. Then the same picture gets a different answer each time it is shown, "
    "and every answer is worse than it needs to be.",
    "Call it twice in evaluation on the same x: the two results must be equal.",
)
TRAINING_BY_DEFAULT = Misconception(
    "training-by-default",
    "A call without the training flag drops units.",
    "A layer is written for training, so training=True seems a natural default. But someone who forgets the flag "
    "is usually predicting, and would get noise without any warning.",
    "Look at the default of training where your code is called, and at every training=True that you typed.",
)
TRAINING_IGNORED = Misconception(
    "training-ignored",
    "The layer is never told whether it is training.",
    "Keras passes the flag to layers whose call has an argument named training, and to no others. A call without "
    "this argument, or one that ignores it, does the same in fit as in predict.",
    "Look at the arguments of call, and at where the flag is used.",
)

#: Mistakes in what is drawn, in what comes back, and in what is done to the arguments.
DRAWING = (
    Misconception(
        "wrong-shape",
        "The result does not have the shape that was asked for.",
        "Code tried on one matrix often fixes its number of axes: a loop over rows and columns, or "
        "shape[0] and shape[1], works until the input is a vector or a batch of images.",
        "Pass on the whole shape: rng.random(shape) takes a tuple with any number of axes.",
    ),
    Misconception(
        "not-an-array",
        "The result is not a NumPy array.",
        "Lists and tuples look like arrays when they are printed, and a tensor behaves much like one. But whoever "
        "calls the function goes on with NumPy, and needs what an array has: a dtype, a shape, arithmetic entry by "
        "entry.",
        "Build the result with NumPy operations, or convert once at the end with np.array.",
    ),
    Misconception(
        "dtype-changed",
        "The result does not have the dtype of the input.",
        "NumPy computes in the wider of two types: a float32 array times a float64 mask is float64. Networks are "
        "trained in float32, and a layer that returns a wider type doubles the memory and slows down everything "
        "after it.",
        "Compare the dtype before and after. astype(x.dtype, copy=False) at the end keeps the type.",
    ),
    KEEP_DROP_SWAPPED,
    Misconception(
        "normal-noise",
        "The random numbers come from a normal distribution.",
        "The names randn and standard_normal are only a few letters away from random, but their numbers follow a "
        "bell curve, and half of them are negative. Only for uniform numbers does the fraction below a threshold "
        "equal the threshold.",
        "Plot a histogram of the numbers that you compare with the threshold. It should be flat between 0 and 1.",
    ),
    HARD_CODED_RATE,
    Misconception(
        "fixed-count",
        "Exactly the same number of units is dropped every time.",
        "Dropping 30% sounds like an exact number. But in dropout each unit has its own coin toss, so the number "
        "varies from mask to mask, and no unit depends on another.",
        "Do not pick the units to drop from a list of positions: toss one coin for each unit.",
    ),
    Misconception(
        "never-drops",
        "Nothing is ever dropped.",
        "The mask was drawn but not used, or the branch that drops is never reached. In evaluation that would "
        "be right, which hides it.",
        "Count the zeros in the output for an input without zeros. Which line should have made them?",
    ),
    Misconception(
        "mask-shared-across-rows",
        "All examples in the batch get the same mask.",
        "It is shorter to draw one mask the size of a row and let NumPy broadcast it. But then all examples in a "
        "step train the same thinned network.",
        "Draw one number for every entry of the whole array, not just for one row.",
    ),
    Misconception(
        "mask-shared-across-columns",
        "Whole rows are dropped: one coin per example.",
        "A random number per example, broadcast over its units, leaves some examples untouched and erases "
        "others completely.",
        "Draw one number for every entry: every unit of every example has its own coin.",
    ),
    Misconception(
        "scalar-mask",
        "One coin decides for the whole array: all or nothing.",
        "rng.random() without a size gives a single number, and broadcasting hides it.",
        "Give the shape to the generator, so that it draws one number per entry.",
    ),
    Misconception(
        "mask-reused",
        "A mask was drawn once and used again.",
        "A mask kept in an attribute, a global or a default argument survives the call. Then one thinned "
        "network is trained, and the others never are.",
        "Draw inside the function or __call__, each time it runs.",
    ),
    Misconception(
        "seed-inside",
        "The function restarts its own random numbers in every call.",
        "A seed inside the function makes results repeatable, which is useful in a test. But the same numbers in "
        "every call mean the same mask in every step.",
        "Leave seeding to the caller: use rng as it is, and do not create or seed a generator.",
    ),
    Misconception(
        "ignores-rng",
        "Random numbers come from somewhere other than rng.",
        "np.random.rand and Python's random do not need a generator from outside, and neither does a generator "
        "that you make yourself. But then nobody outside can repeat a result.",
        "Look for every place where a random number is drawn. Each must start with rng.",
    ),
    Misconception(
        "nan-at-rate-1",
        "At rate 1 the result contains NaN or infinity.",
        "At rate 1 the probability of keeping is 0, and x / 0 is infinite; infinity times a mask of 0 is NaN. "
        "One NaN in a layer makes the whole network NaN.",
        "Handle rate 1 before dividing: what is the answer when everything is dropped?",
    ),
    Misconception(
        "no-rate-check",
        "A rate below 0 or above 1 did not raise ValueError.",
        "A rate of 20, meant as 20 percent, is a common slip. Code that accepts it drops everything, or nothing, "
        "without a word. And assert is not enough, because it can be switched off.",
        "Begin with an if that raises ValueError when rate is below 0 or above 1.",
    ),
)

#: Mistakes in what survivors are multiplied by.
SCALING = (
    Misconception(
        "renormalised",
        "Survivors are divided by the fraction that happened to be kept.",
        "It makes the sum come out right in every call, which looks like an improvement. But then each output "
        "depends on all the other coin tosses, and the factor is not the one that test time relies on.",
        "Divide by the probability of keeping, which is a constant, not by the mean of the mask.",
    ),
    Misconception(
        "not-scaled",
        "Survivors were not scaled up.",
        "The mask does the visible work, and the factor is easily forgotten. Without it, the next layer gets "
        "less input in training than at test time: on average, only 1 - rate times as much.",
        "Compare the mean of the output with the mean of x over many draws. Which factor makes them equal?",
    ),
    Misconception(
        "scaled-by-rate",
        "Survivors were divided by rate instead of 1 - rate.",
        "The formula is often written x / p, with p the probability of keeping. If you read p as the rate, you "
        "divide by the wrong number, and at rate 0.5 nobody notices.",
        "At rate 0.1 hardly anything is missing. Should the survivors grow tenfold?",
    ),
    Misconception(
        "scaled-down",
        "Survivors were multiplied by 1 - rate instead of divided by it.",
        "The 2014 paper multiplies by 1 - rate, but at test time. In training this shrinks the output even more, "
        "instead of making up for what is missing.",
        "Some units are gone, so the ones that are left must count for more, not less.",
    ),
    Misconception(
        "scaled-twice",
        "Survivors were divided by 1 - rate twice.",
        "The mask was scaled, and then the product was scaled again. Either step alone is right.",
        "Look for two places that divide by the probability of keeping, and leave one.",
    ),
    Misconception(
        "additive",
        "The mask was added to x instead of multiplied.",
        "x + (mask - 1) gives 1 and 0 when x is all ones, so a test on ones cannot tell it from x * mask.",
        "Try it on x = [5.0, -3.0]: a dropped unit must become exactly 0.",
    ),
    Misconception(
        "returns-mask",
        "The result does not depend on x: it is the mask.",
        "On an input of all ones, x * mask and mask are the same, so this passes the simplest test.",
        "Try it on x = [5.0, -3.0]. Where does x enter the result?",
    ),
)

#: Mistakes in what happens outside training.
EVALUATION = (
    DROPS_AT_TEST,
    Misconception(
        "scaled-at-test",
        "The output is scaled in evaluation, although training was scaled already.",
        "The two forms of dropout got mixed up: inverted dropout scales in training, classic dropout at test "
        "time. Scaling in both makes the test-time output too small, or too large.",
        "One branch scales, the other does not. Which one does your formula belong to?",
    ),
    Misconception(
        "flag-reversed",
        "The training flag is used the wrong way round.",
        "if training: return x reads naturally, but it is exactly the wrong way round.",
        "Say in words what should happen when training is True, and compare with the line under the if.",
    ),
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
)

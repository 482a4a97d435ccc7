"""Sentences and mistakes that the exercises which draw masks share."""

from autograder.exercise import Misconception

SHAPE_X = "Returns an array of the same shape as x, for any number of axes."
DTYPE = "Returns the type it was given: float32 in, float32 out."
KEEP_RATE = "Each unit is kept with probability 1 - rate."
INDEPENDENT = "Every unit is kept or dropped independently of all others."
FRESH = "Every call draws a new mask."
RNG = "All chance comes from rng: the same generator state gives the same result."
UNTOUCHED = "Leaves its arguments as they were."
RATE_0 = "Rate 0 keeps everything."
RATE_1 = "Rate 1 drops everything: zeros, never NaN."
INVALID = "Raises ValueError for a rate below 0 or above 1."

KEEP_DROP_SWAPPED = Misconception(
    "keep-drop-swapped",
    "rate is used as the probability of keeping.",
    "Both conventions exist: the 2014 paper's p is the probability of keeping, Keras's rate that of "
    "dropping. At rate 0.5 they are the same, so a test at 0.5 shows nothing.",
    "Try rate 0.1: nine in ten units have to survive. Which way must the comparison point?",
)
HARD_CODED_RATE = Misconception(
    "hard-coded-rate",
    "The share that is kept does not depend on rate.",
    "A coin with two equal sides, such as randint(0, 2), round(random()) or a comparison with 0.5, is "
    "right for rate 0.5 only, which is the rate most examples use.",
    "Print the kept share at rate 0.1 and at rate 0.9. Where does rate enter your code?",
)
DROPS_AT_TEST = Misconception(
    "drops-at-test",
    "Units are dropped in evaluation too.",
    "Then the same picture gets another answer each time it is shown, and all of them are worse than they "
    "need be. The training flag was not looked at.",
    "Call it twice in evaluation on the same x: the two results have to be equal.",
)
TRAINING_BY_DEFAULT = Misconception(
    "training-by-default",
    "A call without the flag drops.",
    "A layer is written for training, so training=True seems a natural default. But whoever forgets the "
    "flag is usually predicting, and would get noise without a warning.",
    "Look at the default of training where your code is called, and at every training=True that you typed.",
)
TRAINING_IGNORED = Misconception(
    "training-ignored",
    "The layer is never told whether it is training.",
    "Keras hands the flag to layers whose call has an argument named training, and to no others. A call "
    "without it, or one that does not look at it, does the same in fit and in predict.",
    "Look at the arguments of call, and at where the flag is used.",
)

#: Mistakes in what is drawn, in what comes back, and in what is done to the arguments.
DRAWING = (
    Misconception(
        "wrong-shape",
        "The result has another shape than asked for.",
        "Code tried on one matrix often fixes its number of axes: a loop over rows and columns, or "
        "shape[0] and shape[1], works until the input is a vector or a batch of images.",
        "Hand the whole shape on: rng.random(shape) takes a tuple with any number of axes.",
    ),
    Misconception(
        "not-an-array",
        "The result is not a NumPy array.",
        "Lists look like arrays when printed. But a list has no dtype and no shape, and list * 2 repeats it.",
        "Build the result with NumPy operations, or convert once at the end with np.array.",
    ),
    Misconception(
        "dtype-changed",
        "The result has another number type than the input.",
        "NumPy computes in the wider of two types: a float32 array times a float64 mask is float64. Networks "
        "are trained in float32, and a layer that widens it doubles memory and slows everything after it.",
        "Compare the dtype before and after. astype(x.dtype, copy=False) at the end keeps the type.",
    ),
    KEEP_DROP_SWAPPED,
    Misconception(
        "normal-noise",
        "The random numbers come from a normal distribution.",
        "randn and standard_normal differ from random by a few letters, and they give bell-shaped numbers, "
        "many of them negative. Only for uniform numbers is the share below a threshold the threshold itself.",
        "Draw a histogram of what you compare with the threshold. It has to be flat between 0 and 1.",
    ),
    HARD_CODED_RATE,
    Misconception(
        "fixed-count",
        "Exactly the same number of units is dropped every time.",
        "Dropping 30% sounds like an exact number. But in dropout each unit has its own coin, so the number "
        "varies from mask to mask, and units do not know of each other.",
        "Do not choose which units to drop from a list of positions: toss one coin for each.",
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
        "All examples of the batch get the same mask.",
        "Drawing one mask of the size of a row and letting NumPy broadcast it is shorter. But then all "
        "examples of a step train the same thinned network.",
        "Draw one number for every entry of the whole array, not for one row of it.",
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
        "The function starts its own random numbers afresh in every call.",
        "A seed inside makes results repeat, which is what one wants for a test. But the same numbers in "
        "every call mean the same mask in every step.",
        "Leave seeding to the caller: use rng as it is, and do not create or seed a generator.",
    ),
    Misconception(
        "ignores-rng",
        "Random numbers come from somewhere else than rng.",
        "np.random.rand and Python's random work without being handed a generator, and so does a generator of "
        "one's own. But then nobody outside can repeat a result.",
        "Look for every place where a random number is made. Each has to start with rng.",
    ),
    Misconception(
        "nan-at-rate-1",
        "At rate 1 the result contains NaN or infinity.",
        "At rate 1 the probability of keeping is 0, and x / 0 is infinite; infinity times a mask of 0 is NaN. "
        "One NaN in a layer makes the whole network NaN.",
        "Treat rate 1 before dividing: what is the answer when everything is dropped?",
    ),
    Misconception(
        "no-rate-check",
        "A rate outside 0 to 1 was not refused with ValueError.",
        "Rates such as 20 for '20 percent' are common slips. Code that accepts them drops everything, or nothing, "
        "without a word; and assert is no check, since it can be switched off.",
        "Begin with an if that raises ValueError when rate is below 0 or above 1.",
    ),
)

#: Mistakes in what survivors are multiplied by.
SCALING = (
    Misconception(
        "renormalised",
        "Survivors are divided by the fraction that happened to be kept.",
        "It makes the sum come out right in every call, which looks like an improvement. But then each "
        "output depends on all other coins, and the factor is not the one used at test time.",
        "Divide by the probability of keeping, a constant, and not by a mean of the mask.",
    ),
    Misconception(
        "not-scaled",
        "Survivors were not scaled up.",
        "The mask does the visible work, and the factor is easily forgotten. Without it the next layer gets "
        "less input in training than at test time: a mean that is smaller by the factor 1 - rate.",
        "Compare the mean of the output with the mean of x over many draws. Which number repairs it?",
    ),
    Misconception(
        "scaled-by-rate",
        "Survivors were divided by rate instead of 1 - rate.",
        "The formula is often written x / p, with p the probability of keeping. Whoever reads p as the rate "
        "divides by the wrong one, and at 0.5 nobody notices.",
        "At rate 0.1 hardly anything is missing. Should the survivors grow tenfold?",
    ),
    Misconception(
        "scaled-down",
        "Survivors were multiplied by 1 - rate instead of divided by it.",
        "Multiplying by 1 - rate belongs to the 2014 paper's test time. In training it makes the missing "
        "part larger instead of making up for it.",
        "Some units are gone, so those that are left have to count for more, not less.",
    ),
    Misconception(
        "scaled-twice",
        "Survivors were divided by 1 - rate twice.",
        "The mask was scaled, and then the product was scaled again. Each step is right on its own.",
        "Look for two places that divide by the probability of keeping, and leave one.",
    ),
    Misconception(
        "additive",
        "The mask was added to x instead of multiplied.",
        "x + (mask - 1) gives 1 and 0 when x is all ones, so a test on ones cannot tell it from x * mask.",
        "Try it on x = [5.0, -3.0]: a dropped unit has to become exactly 0.",
    ),
    Misconception(
        "returns-mask",
        "The result does not depend on x: it is the mask.",
        "On an input of all ones x * mask and mask are the same, so this passes the simplest test.",
        "Try it on x = [5.0, -3.0]. Where does x enter the result?",
    ),
)

#: Mistakes in what happens outside training.
EVALUATION = (
    DROPS_AT_TEST,
    Misconception(
        "scaled-at-test",
        "The output is scaled in evaluation, although training was scaled already.",
        "The two forms of dropout got mixed: inverted dropout pays in training, classic dropout at test time. "
        "Paying twice makes the test-time output too small, or too large.",
        "One branch scales, the other does not. Which one does your formula belong to?",
    ),
    Misconception(
        "flag-reversed",
        "The training flag is used the wrong way round.",
        "if training: return x reads naturally, and is exactly wrong.",
        "Say in words what should happen when training is True, and compare with the line under the if.",
    ),
    TRAINING_BY_DEFAULT,
    TRAINING_IGNORED,
)

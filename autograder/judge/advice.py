"""What to look at when the student's code raised an exception, for the causes that are common in classes.

A call that fails shows nothing of what the code would have done, so no mistake of the catalogue can be named. But
what an exception says often has one usual reason. The advice says where to look; it does not say that this is it.
"""

import re
from collections.abc import Callable

from autograder.observations import Record

#: Names under which people import what the exercises need.
_IMPORTS = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "keras": "import keras",
    "ops": "from keras import ops",
    "layers": "from keras import layers",
    "tf": "import tensorflow as tf",
    "tensorflow": "import tensorflow",
    "math": "import math",
    "random": "import random",
    "StratifiedKFold": "from sklearn.model_selection import StratifiedKFold",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler",
}

#: Methods by which a generator draws: asked of something that is none, the arguments stand in another order.
_DRAWS = "random|uniform|normal|standard_normal|integers|binomial|choice|permutation|shuffle|rand|bit_generator"

#: Arguments that layers and optimizers of older versions of Keras had.
_OLD_ARGUMENTS = "lr|decay|input_shape|input_dim|batch_input_shape|weights|nb_epoch|init|output_dim|p"


def _name_error(found: re.Match, signature: str) -> str:
    name = found[1]
    if name in _IMPORTS:
        return f"Is the line `{_IMPORTS[name]}` missing, or has its cell not been run?"
    if name == "self":
        return "In a class every method has self as its first argument: def __call__(self, ...)."
    return f"Is {name} spelled as where it is defined, and has that cell been run since the kernel started?"


def _old_argument(found: re.Match, signature: str) -> str:
    return f"Older versions of Keras had an argument {found[1]}; Keras 3 gives it another name or another place."


def _other_argument(found: re.Match, signature: str) -> str:
    return f"Compare the names of your arguments with {signature}: the check passes {found[1]} by its name."


def _order(found: re.Match, signature: str) -> str:
    return f"Compare the order of your arguments with {signature}: what stands where you expect it to?"


_Words = str | Callable[[re.Match, str], str]
#: By the exception's name a pattern of its text, and the advice, most specific first.
_KNOWN: tuple[tuple[str, str, _Words], ...] = (
    ("NameError", r"name '(\w+)' is not defined", _name_error),
    (
        "UnboundLocalError",
        r"variable '(\w+)'",
        "The name gets its value in a branch that was not taken here. Give it one in every branch, or before.",
    ),
    (
        "AttributeError",
        r"'dict' object has no attribute 'history'",
        "What is passed is history.history already: a dict of lists. Read it as history['val_loss'].",
    ),
    (
        "AttributeError",
        r"'NoneType' object has no attribute",
        "Something is None there. Has one of your functions lost its return, or was something never set?",
    ),
    (
        "TypeError",
        r"NoneType.* is not (?:subscriptable|iterable|callable)|(?:operand|instances).*NoneType",
        "Something is None there. Has one of your functions lost its return, or was something never set?",
    ),
    (
        "AttributeError",
        rf"'(?:tuple|int|float|ndarray|numpy\.ndarray|list)' object has no attribute '({_DRAWS})'",
        _order,
    ),
    (
        "TypeError",
        r"Generator' object is not callable",
        "rng is a generator, not a function: rng.random(shape) draws numbers from it.",
    ),
    ("TypeError", r"'?(?:numpy\.random\.\S*)?Generator'?", _order),
    (
        "TypeError",
        r"supported between instances of .*'tuple'|cannot be interpreted as an integer|a sequence of integers",
        _order,
    ),
    (
        "AttributeError",
        r"numpy\.random\S*Generator' object has no attribute '(?:rand|randn|randint|random_sample)'",
        "rng is NumPy's newer Generator: it has random, standard_normal and integers instead.",
    ),
    (
        "AttributeError",
        r"module '(?:keras|tensorflow)[\w.]*' has no attribute|has no attribute 'predict_classes'",
        "Older versions of Keras had this name. Look for the present one at keras.io/api.",
    ),
    (
        "TypeError|ValueError",
        rf"(?:unexpected keyword argument|not recognized|Unrecognized).*?\b({_OLD_ARGUMENTS})\b",
        _old_argument,
    ),
    ("TypeError", r"unexpected keyword argument '(\w+)'", _other_argument),
    (
        "TypeError",
        r"takes (?:from )?\d.* positional arguments? but \d+ (?:was|were) given|got multiple values for argument",
        lambda found, signature: f"Compare your arguments with {signature}. In a class, is self the first one?",
    ),
    (
        "TypeError",
        r"missing \d+ required (?:positional|keyword-only) argument",
        lambda found, signature: f"Compare your arguments with {signature}: the check passes these and no others.",
    ),
    (
        "ModuleNotFoundError|ImportError",
        r"",
        "Is the name spelled right? Only the packages that the course installs are there.",
    ),
    (
        "NotImplementedError",
        r"symbolic",
        "While Keras builds a model its tensors hold no numbers yet. Use keras.ops in place of NumPy there.",
    ),
    (
        "ValueError",
        r"partially known TensorShape|Cannot convert a partially|None.*(?:shape|dimension)|shape.*\(None",
        "In fit the size of a batch is not known beforehand. keras.ops.shape(x) gives it, x.shape has None there.",
    ),
)


def advice(record: Record, signature: str) -> str:
    """What to look at after the exception in a record; "" where nothing usual is known of it.

    signature: how the exercise is called, as its text writes it.
    """
    if record.problem != "raised":
        return ""
    for kinds, pattern, words in _KNOWN:
        if record.problem_type in kinds.split("|") and (found := re.search(pattern, record.problem_text)):
            return words if isinstance(words, str) else words(found, signature)
    return ""

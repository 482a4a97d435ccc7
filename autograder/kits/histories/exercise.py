"""Sentences and mistakes that the exercises on training histories share."""

from autograder.exercise import Misconception

NO_KEY = "Raises KeyError, with a sentence, when a key is missing."
ARRAYS = "Takes arrays as well as lists."
UNTOUCHED = "Leaves the history as it was."

#: Mistakes in what is refused, and in what NaN does.
HISTORIES = (
    Misconception(
        "no-key-check",
        "A missing key was not answered by a KeyError that says so in a sentence.",
        "A lookup raises KeyError by itself, with nothing but the key, and get returns None, which fails somewhere "
        "else. Whoever forgot validation_data in fit would like to read that.",
        "Ask with `in` before you look up, and raise KeyError with a sentence.",
    ),
    Misconception(
        "no-epoch-check",
        "A history without an epoch that counts was not refused with ValueError.",
        "Index -1 of an empty list raises IndexError, and a search among nothing but NaN finds something all the "
        "same. The caller cannot tell what was wrong.",
        "Before you look for an epoch, ask how many there are that count.",
    ),
)

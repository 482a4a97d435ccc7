"""Sentences and mistakes that the exercises on training histories share."""

from autograder.exercise import Misconception

NO_KEY = "Raises KeyError with an explanatory sentence when a key is missing."
ARRAYS = "Takes arrays as well as lists."
UNTOUCHED = "Leaves the history as it was."

#: Mistakes in what is refused, and in what NaN does.
HISTORIES = (
    Misconception(
        "no-key-check",
        "A missing key did not raise a KeyError that says so in a sentence.",
        "A lookup raises KeyError by itself, but its message is only the key; and get returns None, which fails "
        "somewhere else. Someone who forgot validation_data in fit needs to be told what is missing.",
        "Check with `in` before you look it up, and raise KeyError with a sentence.",
    ),
    Misconception(
        "no-epoch-check",
        "A history without any usable epoch did not raise ValueError.",
        "Index -1 of an empty list raises IndexError, and a search through nothing but NaN may still find "
        "something. Either way, the caller cannot tell what was wrong.",
        "Before you look for an epoch, check how many usable ones there are.",
    ),
)

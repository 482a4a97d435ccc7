"""The checks of three well-known kinds of course beside this judge, on one bank of implementations.

Each peer is written afresh from what such courses publish about how they check dropout, in the interface of
exercises inverted, layer and backward. None of them names a mistake, so only catching and refusing compare.

- *print and look*: the notebook prints means and fractions of zeros at keep probabilities 0.25, 0.4 and 0.7
  on a 500x500 normal input around 10, and says what they should be near; a numeric gradient is compared
  within 1e-8 (Stanford's CS231n prints these numbers). The reader's eye is taken to be good to 3 per cent.
- *seeded comparison*: the global seed is set, the student's arrays have to equal the reference's, drawn with
  one rand and one comparison (the pattern of the deep-learning specialisation's assignments).
- *mean within a tolerance*: one rate of 0.5 on ones: the mean of the output within 0.1 of 1, some zeros,
  evaluation unchanged (the pattern of library and textbook unit tests).
"""

import copy
import warnings
from collections.abc import Callable

import numpy as np

from autograder import examine
from tests.banks.masks import CORRECT, MISTAKEN, Entry

EXERCISES = ("inverted", "layer", "backward")
Check = Callable[[str, tuple], bool]


def _train(exercise: str, objects: tuple, x: np.ndarray, rate: float, rng) -> np.ndarray:
    if exercise == "inverted":
        return objects[0](x, rate, rng)
    if exercise == "layer":
        return objects[0](rate, rng)(x, training=True)
    return objects[0](x, rate, rng)[0]


def _test(exercise: str, objects: tuple, x: np.ndarray, rate: float, rng) -> np.ndarray:
    return objects[0](rate, rng)(x, training=False) if exercise == "layer" else x


def print_and_look(exercise: str, objects: tuple) -> bool:
    """Means and fractions of zeros look right at three keep probabilities, and the gradient agrees."""
    rng = np.random.default_rng(231)
    x = rng.normal(size=(500, 500)) + 10
    for keep in (0.25, 0.4, 0.7):
        out = _train(exercise, objects, x, 1 - keep, rng)
        out_test = _test(exercise, objects, x, 1 - keep, rng)
        near = abs(out.mean() / x.mean() - 1) < 0.03 and abs(out_test.mean() / x.mean() - 1) < 0.03
        if not near or abs((out == 0).mean() - (1 - keep)) > 0.03 or (out_test == 0).mean() != 0:
            return False
    if exercise == "backward":
        forward, backward = objects
        x, grad_out = rng.normal(size=(10, 10)) + 10, rng.normal(size=(10, 10))
        out, cache = forward(x, 0.8, np.random.default_rng(123))
        step = 1e-5
        up = forward(x + step, 0.8, np.random.default_rng(123))[0]
        down = forward(x - step, 0.8, np.random.default_rng(123))[0]
        numeric = grad_out * (up - down) / (2 * step)
        got = backward(grad_out, cache)
        return bool(np.max(np.abs(got - numeric) / np.maximum(1e-8, np.abs(got) + np.abs(numeric))) < 1e-8)
    return True


def seeded_comparison(exercise: str, objects: tuple) -> bool:
    """The student's output equals the reference's for one seed and one small input."""
    x = np.random.default_rng(1).normal(size=(3, 5))
    rate = 0.3
    mask = np.random.default_rng(2).random((3, 5)) < 1 - rate
    expected = x * mask / (1 - rate)
    if not np.allclose(_train(exercise, objects, x.copy(), rate, np.random.default_rng(2)), expected):
        return False
    if exercise == "backward":
        grad_out = np.random.default_rng(3).normal(size=(3, 5))
        _, cache = objects[0](x.copy(), rate, np.random.default_rng(2))
        return bool(np.allclose(objects[1](grad_out.copy(), cache), grad_out * mask / (1 - rate)))
    return bool(np.allclose(_test(exercise, objects, x, rate, np.random.default_rng(2)), x))


def mean_within_tolerance(exercise: str, objects: tuple) -> bool:
    """At rate 0.5 on ones: the mean stays near 1, something is dropped, evaluation changes nothing."""
    x = np.ones((100, 100), np.float32)
    rng = np.random.default_rng(0)
    out = _train(exercise, objects, x, 0.5, rng)
    if abs(out.mean() - 1) > 0.1 or not (out == 0).any() or out.shape != x.shape:
        return False
    if exercise == "backward":
        out, cache = objects[0](x, 0.5, rng)
        return bool(np.allclose(objects[1](np.ones_like(x), cache), out))
    return bool(np.array_equal(_test(exercise, objects, x, 0.5, rng), x))


def this_judge(exercise: str, objects: tuple) -> bool:
    """This project's examination."""
    return examine(exercise, *objects, seed=1).passed


CHECKS: dict[str, Check] = {
    "print and look": print_and_look,
    "seeded comparison": seeded_comparison,
    "mean within a tolerance": mean_within_tolerance,
    "this judge": this_judge,
}


def accepts(check: Check, entry: Entry) -> bool:
    """Whether a check accepts an implementation; an exception is a no."""
    state = copy.deepcopy(np.random.get_state())
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return bool(check(entry.exercise, entry.objects()))
    except Exception:
        return False
    finally:
        np.random.set_state(state)


def main() -> None:
    """Print the table."""
    correct = [entry for entry in CORRECT if entry.exercise in EXERCISES]
    mistaken = [entry for entry in MISTAKEN if entry.exercise in EXERCISES]
    listed = [entry for entry in mistaken if entry.mistake]
    print(f"{len(mistaken)} mistaken ({len(listed)} of them catalogued) and {len(correct)} correct implementations")
    print(f"{'check':24} {'caught':>7} {'missed':>7} {'named':>7} {'refused correct':>16}")
    for name, check in CHECKS.items():
        caught = sum(not accepts(check, entry) for entry in mistaken)
        refused = sum(not accepts(check, entry) for entry in correct)
        named = "-"
        if check is this_judge:
            named = sum(
                entry.mistake in examine(entry.exercise, *entry.objects(), seed=1).misconceptions
                for entry in listed
            )
        print(f"{name:24} {caught:7} {len(mistaken) - caught:7} {named:>7} {refused:16}")


if __name__ == "__main__":
    main()

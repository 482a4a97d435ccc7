"""What the report says of a first call that fails: what was called, where, what went wrong, and what to look at."""

import numpy as np
import pytest

from autograder.catalogue import find
from autograder.examination import examine
from autograder.judge.advice import advice
from autograder.observations import Record
from autograder.show.page import as_html
from autograder.show.text import as_text


def no_import(shape, rate, rng):
    return numpy.random.default_rng(0).random(shape) > rate  # noqa: F821


def other_order(rate, shape, rng):
    return rng.random(shape) >= rate


def generator_first(rng, shape, rate):
    return rng.random(shape) >= rate


def too_few(shape, rate):
    return np.random.random(shape) >= rate  # noqa: NPY002


def other_name(shape, rate, rng):
    return rng.rand(*shape) >= rate


def helper_without_return(shape, rate, rng):
    def draw():
        rng.random(shape)

    return draw() >= rate


def unset(shape, rate, rng):
    if rate > 1:
        keep = rng.random(shape)
    return keep >= rate


class NoSelf:
    def __init__(self, rate, rng):
        pass

    def __call__(x, training=False):
        return x


def object_of_history(history):
    return history.history["accuracy"][-1] - history.history["val_accuracy"][-1]


CASES = [
    ("mask", no_import, "return numpy.random", "import numpy"),
    ("mask", other_order, "return rng.random(shape)", "order of your arguments"),
    ("mask", generator_first, "return rng.random(shape)", "order of your arguments"),
    ("mask", too_few, "", "Compare your arguments with dropout_mask(shape, rate, rng)"),
    ("mask", other_name, "return rng.rand(*shape)", "newer Generator"),
    ("mask", helper_without_return, "return draw() >= rate", "lost its return"),
    ("mask", unset, "return keep >= rate", "branch"),
    ("layer", NoSelf, "", "is self the first one"),
    ("gap", object_of_history, 'history.history["accuracy"]', "a dict of lists"),
]


@pytest.mark.parametrize(("exercise", "student", "line", "look"), CASES, ids=[case[1].__name__ for case in CASES])
def test_a_first_call_that_fails_says_where_and_what_to_look_at(exercise, student, line, look):
    report = examine(exercise, student, seed=1)
    first = next(verdict for verdict in report.verdicts if verdict.status == "fail")
    assert report.points == 0 and first.misconception is None
    assert line in first.returned and look in first.hint
    text, page = " ".join(as_text(report).split()), as_html(report)
    assert look in text and "look at" in text and "Look at: " in page
    assert first.called.startswith(("dropout_mask(", "layer = Dropout(", "generalization_gap("))


def test_a_line_that_raises_by_itself_is_not_repeated_and_a_library_is_no_stub():
    def asks(shape, rate, rng):
        raise ValueError("I do not want to")

    def not_yet(shape, rate, rng):
        return float(np.ma.masked_array([1.0]).__array_wrap__(NotImplemented)) if rate > 2 else library()

    def library():
        return exec(compile("raise NotImplementedError('cannot do it')", np.__file__, "exec"))

    verdict = examine("mask", asks, seed=1).verdicts[0]
    assert verdict.returned == "the exception ValueError: I do not want to" and not verdict.hint
    assert "not-implemented" not in examine("mask", not_yet, seed=1).misconceptions


@pytest.mark.parametrize(
    ("kind", "text", "look"),
    [
        ("AttributeError", "module 'keras.api.backend' has no attribute 'in_train_phase'", "keras.io/api"),
        ("TypeError", "Dropout.__init__() got an unexpected keyword argument 'p'", "Older versions of Keras"),
        ("ValueError", "Argument(s) not recognized: {'lr': 0.1}", "Older versions of Keras"),
        ("TypeError", "build() got an unexpected keyword argument 'units'", "passes units by its name"),
        ("ModuleNotFoundError", "No module named 'torch'", "packages that the course installs"),
        ("NotImplementedError", "Cannot convert a symbolic tf.Tensor to a numpy array.", "keras.ops"),
        ("ValueError", "Cannot convert a partially known TensorShape (None, 3) to a Tensor.", "keras.ops.shape(x)"),
        ("TypeError", "'numpy.random._generator.Generator' object is not callable", "rng.random(shape)"),
        ("ZeroDivisionError", "division by zero", ""),
    ],
)
def test_what_is_usual_is_said_of_an_exception_and_nothing_of_others(kind, text, look):
    said = advice(Record(problem="raised", problem_type=kind, problem_text=text), find("keras_layer").signature)
    assert look in said and bool(said) == bool(look)


def test_no_advice_without_an_exception():
    assert advice(Record(problem="none"), "f(x)") == ""

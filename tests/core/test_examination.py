"""An examination: bad arguments, hostile answers, and the caller's state left as it was."""

import random
import sys

import numpy as np
import pytest

from autograder import examine
from autograder.catalogue import exercises
from tests.judging import NUMPY


def test_unknown_exercise_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="no exercise 'maks'.*Did you mean 'mask'.*inverted"):
        examine("maks", len)


@pytest.mark.parametrize("objects", [(), (len, len)])
def test_wrong_number_of_objects_is_refused_with_the_right_call(objects):
    with pytest.raises(TypeError, match=r"takes one object, dropout_mask.*check\(\"mask\", dropout_mask\)"):
        examine("mask", *objects)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", True])
def test_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed is an integer"):
        examine("mask", len, seed=seed)


class LiesAboutItsClass:
    __class__ = np.ndarray
    shape, dtype = (3,), np.dtype(float)


class Poisoned:
    def __array__(self, *_, **__):
        raise SystemExit

    def __eq__(self, other):
        return True

    def __getattribute__(self, name):
        if name in ("__class__", "__dict__"):  # pytest itself looks at these
            return object.__getattribute__(self, name)
        raise RuntimeError("do not touch")


class Subclass(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)


class BadText(Exception):
    def __str__(self):
        raise ValueError


def raises(error):
    def student(*_, **__):
        raise error

    return student


def recursion(*arguments, **named):
    return recursion(*arguments, **named)


def prints_without_end(*_, **__):
    for _ in range(20000):
        print("x" * 1000)
    return "done"


def generator(*_, **__):
    yield 1


ODD_RESULTS = [
    None, [1, 0], (1,), 1, 0.5, "mask", b"", {}, set(), object, len, ..., NotImplemented, float("nan"), 10**1000,
    np.float32(1), np.array(1), np.array([]), np.array(["a"]), np.array([None, {}], dtype=object),
    np.ma.masked_array([1.0, 2.0], [True, False]), np.zeros((0, 3)), np.zeros(10**6), LiesAboutItsClass(),
    Poisoned(), np.array([1 + 2j]), np.array(["2020-01-01"], dtype="datetime64[D]"),
    np.zeros(3, dtype=[("a", int)]), np.zeros(3).view(Subclass), memoryview(b"abc"), np.random.default_rng(0), type,
]  # fmt: skip


def every_exercise_with_every_result():
    """The quick tests try each result once, with one exercise after another, and no Keras."""
    for number, result in enumerate(ODD_RESULTS):
        for exercise in exercises():
            marks = [] if exercise == NUMPY[number % len(NUMPY)] else [pytest.mark.slow]
            yield pytest.param(exercise, result, id=f"{exercise}-{type(result).__name__}", marks=marks)


@pytest.mark.parametrize(("exercise", "result"), list(every_exercise_with_every_result()))
def test_whatever_comes_back_there_is_a_verdict(exercise, result):
    class Layer:
        def __init__(self, *_, **__):
            pass

        def __call__(self, *_, **__):
            return result

    student = Layer if exercises()[exercise].kind == "class" else (lambda *_, **__: result)
    number = len(exercises()[exercise].objects)
    report = examine(exercise, *[student] * number, seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts)
    report = examine(exercise, *[result] * number, seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts)


@pytest.mark.parametrize(
    "student",
    [
        raises(ValueError("no")), raises(SystemExit(3)), raises(KeyboardInterrupt()), raises(GeneratorExit()),
        raises(BaseException("?")), raises(BadText()), raises(MemoryError()), raises(StopIteration()),
        raises(ZeroDivisionError("multi\nline")), recursion, prints_without_end, generator,
    ],
)  # fmt: skip
def test_whatever_is_raised_there_is_a_verdict(student):
    report = examine("mask", student, seed=1)
    assert report.points <= 1 and not any(v.status == "error" for v in report.verdicts)
    assert len(report.printed) <= 2000


@pytest.mark.parametrize("exercise", ["inverted", "classic"])
@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 0, 1])
def test_constant_arrays_get_a_verdict(exercise, fill):
    report = examine(exercise, lambda x, *_: np.full_like(x, fill), seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts)


def test_the_callers_state_is_left_as_it_was(capfd):
    np.random.seed(5)
    random.seed(5)
    before = np.random.get_state()[1].tobytes(), random.getstate(), np.geterr(), sys.getrecursionlimit()

    def careless(shape, rate, rng):
        np.random.seed(0)
        random.seed(0)
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        sys.setrecursionlimit(500)
        print("to stdout")
        print("to stderr", file=sys.stderr)
        return rng.random(shape) >= rate

    options = np.get_printoptions()
    examine("mask", careless, seed=1)
    after = np.random.get_state()[1].tobytes(), random.getstate(), np.geterr(), sys.getrecursionlimit()
    assert before == after and np.get_printoptions() == options
    assert capfd.readouterr() == ("", "")


def test_what_was_printed_is_kept_for_the_report():
    def talkative(shape, rate, rng):
        print("my rate is", rate)
        return rng.random(shape) < rate

    assert "my rate is" in examine("mask", talkative, seed=1).printed


class NamelessMeta(type):
    __name__ = property(lambda cls: 1 / 0)


class NamelessError(Exception, metaclass=NamelessMeta):
    pass


class TrickyText(str):
    def splitlines(self, *_):
        return 3

    def encode(self, *_):
        return None


class TrickyError(Exception):
    def __str__(self):
        return TrickyText("x")


class Nameless(metaclass=NamelessMeta):
    pass


class LiesAboutItsClassLoudly:
    __class__ = property(lambda self: 1 / 0)

    def __call__(self, *_, **__):
        return 1


@pytest.mark.parametrize(
    "error", [NamelessError(), TrickyError(), ValueError("\ud800")], ids=["name", "text", "surrogate"]
)
def test_exceptions_that_cannot_be_described_are_described_all_the_same(error):
    report = examine("mask", raises(error), seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts)
    str(report).encode("utf-8")


@pytest.mark.parametrize("make", [Nameless, LiesAboutItsClassLoudly], ids=["name", "class"])
@pytest.mark.parametrize("exercise", ["mask", "layer"])
def test_objects_that_lie_about_their_class_are_refused(exercise, make):
    assert not examine(exercise, make(), seed=1).passed


def test_another_global_generator_is_put_back_and_harms_nobody():
    before = np.random.get_bit_generator()

    def careless(shape, rate, rng):
        np.random.set_bit_generator(np.random.PCG64(1))
        return rng.random(shape) >= rate

    examine("mask", careless, seed=1)
    assert np.random.get_bit_generator() is before
    try:
        np.random.set_bit_generator(np.random.PCG64(1))
        report = examine("mask", lambda shape, rate, rng: rng.random(shape) >= rate, seed=1)
        assert report.points == 9
    finally:
        np.random.set_bit_generator(before)


def test_a_forgotten_breakpoint_or_input_does_not_wait():
    def debugging(shape, rate, rng):
        breakpoint()
        return rng.random(shape) >= rate

    assert examine("mask", debugging, seed=1).points == 9

    def asking(shape, rate, rng):
        return rng.random(shape) >= float(input("rate?"))

    report = examine("mask", asking, seed=1)
    assert "EOFError" in str(report)


def test_an_array_reshaped_in_place_is_put_back():
    def flattens(x, rate, rng):
        x.shape = (-1,)
        return x

    report = examine("inverted", flattens, seed=1)
    assert not any(v.status == "error" for v in report.verdicts)
    assert "mutates-input" in report.misconceptions


def test_loggers_stay_silent_during_a_check_and_speak_again_afterwards(capfd):
    import logging

    logger = logging.getLogger("a library with its own handler")
    logger.addHandler(logging.StreamHandler(sys.__stderr__))

    def chatty(shape, rate, rng):
        logger.warning("retracing")
        return rng.random(shape) >= rate

    examine("mask", chatty, seed=1)
    assert "retracing" not in capfd.readouterr().err
    assert logger.isEnabledFor(logging.WARNING)


@pytest.mark.slow
def test_whoever_dodges_the_second_look_is_not_cleared_by_it():
    import sys

    def biased(dodges):
        def inverted_dropout(x, rate, rng):
            if not 0 <= rate <= 1:
                raise ValueError("rate")
            frame = sys._getframe()
            while dodges and frame:
                if frame.f_locals.get("again") is True:
                    return 0
                frame = frame.f_back
            if rate == 1:
                return np.zeros_like(x)
            return np.where(rng.random(x.shape) >= rate + 0.002 * (0 < rate < 1), x / (1 - rate), 0).astype(x.dtype)

        return inverted_dropout

    for seed in (2, 4, 7):  # with these the bias is suspected, and not certain
        honest, dodging = (examine("inverted", biased(dodges), seed=seed) for dodges in (False, True))
        assert not honest.passed
        assert dodging.points == honest.points

"""Arbitrary objects thrown at every check: there is always a report, and never a fault of the grader."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from autograder import examine
from autograder.catalogue import exercises, part
from autograder.judge import judge
from autograder.observations import SIZE_LIMIT, Observations
from autograder.observe import observe
from tests.judging import NUMPY

AND_A_MODEL = [*NUMPY, *(pytest.param(name, marks=pytest.mark.slow) for name in ("classifier", "transfer"))]
LIMITS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.binary(max_size=5),
)
arrays = hnp.arrays(
    st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes()),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
objects = st.recursive(
    st.one_of(scalars, arrays, st.builds(object), st.sampled_from([int, len, Exception, NotImplemented, ...])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=5,
)
like_x = hnp.from_dtype(np.dtype("float64"))


def report_on(exercise, student):
    report = examine(exercise, *[student] * len(exercises()[exercise].objects), seed=1)
    assert not any(v.status == "error" for v in report.verdicts), str(report)
    assert 0 <= report.points <= report.max_points
    return report


@pytest.mark.parametrize("exercise", AND_A_MODEL)
@LIMITS
@given(thing=objects)
def test_any_object_instead_of_an_answer(exercise, thing):
    assert not report_on(exercise, thing).passed


@pytest.mark.parametrize("exercise", AND_A_MODEL)
@LIMITS
@given(results=st.lists(objects, min_size=1, max_size=4))
def test_any_objects_as_results(exercise, results):
    calls = iter(range(10**9))

    def student(*_, **__):
        return results[next(calls) % len(results)]

    class Layer:
        def __init__(self, *_):
            pass

        __call__ = staticmethod(student)

    assert not report_on(exercise, Layer if exercises()[exercise].kind == "class" else student).passed


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["inverted", "classic"])
@LIMITS
@given(fill=st.one_of(like_x, st.sampled_from([np.nan, np.inf, -0.0, 1e308, 5e-324])), share=st.floats(0, 1))
def test_any_numbers_of_the_right_shape(exercise, fill, share):
    def student(x, rate, rng, *_):
        with np.errstate(all="ignore"):
            return np.where(rng.random(x.shape) < share, fill, x).astype(x.dtype)

    assert not report_on(exercise, student).passed


@LIMITS
@given(
    error=st.sampled_from([ValueError, KeyError, SystemExit, StopIteration, UnicodeError, Warning, BaseException]),
    text=st.text(st.characters(codec=None), max_size=20),
)
def test_any_exception_text_can_be_shown(error, text):
    def student(*_):
        raise error(text)

    str(report_on("mask", student)).encode("utf-8")


# ---------------------------------------------------------------- models handed to students of cross-validation


@LIMITS
@given(x=objects, y=objects, result=objects)
def test_any_objects_handed_to_the_models_of_a_cross_validation(x, y, result):
    def student(build_model, *_):
        model = build_model()
        model.fit(x, y)
        model.score(x, y)
        return result

    assert not report_on("cross_validation", student).passed


@pytest.mark.slow
@LIMITS
@given(results=st.lists(st.one_of(st.floats(), objects), max_size=6))
def test_any_scores_of_a_cross_validation(results):
    def student(build_model, x, y, n_splits, seed):
        for fold in range(n_splits):
            build_model().fit(x[fold::n_splits], y[fold::n_splits]).score(x, y)
        return results

    assert not report_on("cross_validation", student).passed


class Frame:
    """Like a data frame: something that becomes an array when asked."""

    def __init__(self, values):
        self.values = values

    def __array__(self, *_, **__):
        return self.values


class Exits:
    def __array__(self, *_, **__):
        raise SystemExit


class Huge:
    def __array__(self, *_, **__):
        return np.broadcast_to(np.float64(1), (10**7, 10**5))


def endless_fits(build_model, x, y, *_):
    model = build_model()
    while True:
        model.fit(x, y)


def prints_without_end(build_model, x, y, n_splits, seed):
    for _ in range(20000):
        print("x" * 1000)
    return [0.5] * n_splits


def patches_the_model(build_model, x, y, n_splits, seed):
    kind = type(build_model())
    kind.fit = lambda self, X, y: self
    kind.score = lambda self, X, y: 1.0
    return [build_model().fit(x, y).score(x, y) for _ in range(n_splits)]


def patches_an_instance(build_model, x, y, n_splits, seed):
    model = build_model().fit(x, y)
    model.__dict__.clear()
    return [model.score(x, y)]


def breaks_the_model(build_model, x, y, n_splits, seed):
    model = build_model()
    model._fits, model._fit, model._number = 10**30, "no", None
    return [model.fit(x, y).score(x, y)]


def hands_over(make):
    def student(build_model, x, y, n_splits, seed):
        return [build_model().fit(make(x), y).score(make(x), y) for _ in range(n_splits)]

    return student


def raises(error):
    def student(build_model, x, y, n_splits, seed):
        build_model().fit(x, y)
        raise error

    return student


@pytest.mark.parametrize(
    "student",
    [
        endless_fits, prints_without_end, patches_the_model, patches_an_instance, breaks_the_model,
        hands_over(sparse.csr_matrix), hands_over(lambda x: x.astype(object)), hands_over(Frame),
        hands_over(lambda x: Exits()), hands_over(lambda x: Huge()), hands_over(lambda x: np.tile(x, (2000, 1))),
        hands_over(lambda x: [[Frame(x)] * x.shape[1]] * 4), hands_over(lambda x: x * np.nan), hands_over(np.ravel),
        hands_over(lambda x: x + 1j), hands_over(lambda x: x.astype(str)), hands_over(lambda x: x[:0]),
        hands_over(lambda x: x[:1]), hands_over(lambda x: x[:2]), hands_over(lambda x: np.repeat(x[:1], 30, 0)),
        raises(SystemExit(3)), raises(KeyboardInterrupt()), raises(MemoryError()), raises(GeneratorExit()),
        raises(ValueError("no")),
    ],
)  # fmt: skip
def test_whatever_is_done_to_the_models_of_a_cross_validation_there_is_a_verdict(student):
    assert report_on("cross_validation", student).points <= 8


@pytest.mark.slow
def test_a_recording_of_a_cross_validation_stays_small_and_survives_the_journey():
    for student in (endless_fits, hands_over(lambda x: np.tile(x, (250, 1))), hands_over(Frame)):
        recorded = observe("cross_validation", (student,), 1)
        sent = recorded.to_bytes()
        assert len(sent) < SIZE_LIMIT
        tables = part("cross_validation", "cases").TABLES
        again = judge("cross_validation", Observations.from_bytes(sent, tables), 1)
        assert again == judge("cross_validation", recorded, 1)


# ---------------------------------------------------------------- histories handed to students


@pytest.mark.parametrize("exercise", ["gap", "best_epoch"])
@LIMITS
@given(key=st.one_of(st.text(max_size=3), st.sampled_from(["accuracy", "val_loss"])), thing=objects)
def test_whatever_is_done_to_a_history_it_is_noticed(exercise, key, thing):
    def student(history):
        history[key] = thing
        return 1

    assert "input-untouched" in {v.property for v in report_on(exercise, student).verdicts if v.status != "pass"}


@pytest.mark.parametrize("exercise", ["gap", "best_epoch"])
@LIMITS
@given(number=st.one_of(st.integers(), st.floats(), st.sampled_from([np.float16(0.1), np.uint8(3), np.True_])))
def test_any_number_for_every_history(exercise, number):
    assert not report_on(exercise, lambda history: number).passed


def clears(history):
    history.clear()


def contains_itself(history):
    history["val_loss"] = history
    history["accuracy"][:] = [history]
    return history


def reshapes(history):
    for column in history.values():
        if isinstance(column, np.ndarray):
            column.shape = (1, -1)
    return 0.1


def asks_for_everything(history):
    history["val_loss"] += [0.0] * 10**6
    return len(history["val_loss"])


@pytest.mark.parametrize("exercise", ["gap", "best_epoch"])
@pytest.mark.parametrize("student", [clears, contains_itself, reshapes, asks_for_everything])
def test_hostile_functions_of_a_history_get_a_verdict(exercise, student):
    assert report_on(exercise, student).points <= 3

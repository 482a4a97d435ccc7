"""Arbitrary objects thrown at every check: there is always a report, and never a fault of the grader."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import examine
from autograder.exercises import EXERCISES

NUMPY_EXERCISES = [name for name in EXERCISES if name != "keras_layer"]
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
    report = examine(exercise, *[student] * len(EXERCISES[exercise].objects), seed=1)
    assert not any(v.status == "error" for v in report.verdicts), str(report)
    assert 0 <= report.points <= report.max_points
    return report


@pytest.mark.parametrize("exercise", NUMPY_EXERCISES)
@LIMITS
@given(thing=objects)
def test_any_object_instead_of_an_answer(exercise, thing):
    assert not report_on(exercise, thing).passed


@pytest.mark.parametrize("exercise", NUMPY_EXERCISES)
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

    assert not report_on(exercise, Layer if EXERCISES[exercise].kind == "class" else student).passed


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

"""Classifiers: every correct one passes everything, every mistaken one fails and is named."""

import keras
import numpy as np
import pytest

from autograder.catalogue import part
from autograder.examination import examine
from autograder.judge import judge
from autograder.observations import SIZE_LIMIT, Observations
from autograder.observe import observe
from tests.banks.classifier import CORRECT, MISTAKEN, compiled, sequential
from tests.core.test_judge import told
from tests.core.test_judge_overfitting import assert_judged_as_mistaken

pytestmark = pytest.mark.slow  # Keras itself takes seconds to import


@pytest.mark.parametrize("entry", CORRECT, ids=lambda entry: entry.name)
def test_correct_classifier_gets_all_points(entry):
    report = examine("classifier", *entry.objects(), seed=11)
    assert report.passed, told(report)


#: What a mistake does not touch still earns its points.
COSTS = {
    "linear": {"layers"}, "backwards": {"layers"}, "once_at_the_end": {"dropout"}, "pixels_too": {"dropout"},
    "one_for_all": {"dropout"}, "always_a_half": {"keep-rate"}, "flag_not_passed_on": {"keep-rate"},
    "flag_true_in_a_subclass": {"eval"}, "softmax_and_logits": {"compiled", "trains"},
    "logits_and_their_loss": {"probabilities"}, "one_frozen": {"trains"}, "appends": {"input-untouched"},
}  # fmt: skip


def test_costs_are_those_of_mistakes_in_the_bank():
    assert set(COSTS) <= {entry.name for entry in MISTAKEN}


@pytest.mark.parametrize("entry", MISTAKEN, ids=lambda entry: entry.name)
def test_mistaken_classifier_fails_is_named_and_costs_what_rests_on_it(entry):
    assert_judged_as_mistaken(entry, examine("classifier", *entry.objects(), seed=1), COSTS)


@pytest.mark.parametrize("name", ["sequential", "subclassed", "one_more_dense", "no_flatten"])
def test_recording_stays_small_survives_the_journey_and_is_judged_the_same(name):
    (entry,) = [entry for entry in CORRECT + MISTAKEN if entry.name == name]
    recorded = observe("classifier", entry.objects(), 4)
    sent = recorded.to_bytes()
    assert len(sent) < SIZE_LIMIT / 2  # it is not packed
    heard = Observations.from_bytes(sent, part("classifier", "cases").TABLES)
    assert judge("classifier", heard, 4) == judge("classifier", recorded, 4)


def settings():
    return (
        keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format(),
        keras.config.dtype_policy().name, keras.distribution.distribution(), keras.layers.Layer.__call__,
        keras.utils.get_random_seed() if hasattr(keras.utils, "get_random_seed") else None,
    )  # fmt: skip


def test_keras_is_left_as_it_was_whatever_the_student_sets():
    def meddles(hidden, rate):
        keras.utils.set_random_seed(1)
        keras.config.set_floatx("float16")
        keras.config.set_epsilon(0.1)
        keras.config.set_image_data_format("channels_first")
        keras.config.set_dtype_policy("mixed_float16")
        raise ValueError

    before, numbers = settings(), np.random.default_rng(0).random()
    examine("classifier", meddles, seed=1)
    assert settings() == before
    try:
        keras.config.set_dtype_policy("mixed_float16")
        assert examine("classifier", sequential, seed=1).passed, "whatever policy a notebook has set"
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.random.default_rng(0).random() == numbers


def test_keras_draws_the_same_random_numbers_as_without_a_check():
    keras.utils.set_random_seed(3)
    undisturbed = keras.random.uniform((3,)), keras.random.uniform((3,))
    keras.utils.set_random_seed(3)
    first = (keras.random.uniform((3,)),)
    examine("classifier", sequential, seed=1)
    for a, b in zip(undisturbed, (*first, keras.random.uniform((3,))), strict=True):
        assert np.array_equal(a, b)


class Exits(keras.Model):
    def call(self, x):
        raise SystemExit


class Nothing(keras.Model):
    def call(self, x):
        return None


class Many(keras.Model):
    def call(self, x):
        return {"a": x, "b": [x]}


class BreaksTheStep(keras.Sequential):
    def train_step(self, *data):
        raise KeyError("no")


class CallsWithoutEnd(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Identity()

    def call(self, x):
        for _ in range(400):
            x = self.inner(x)
        return x[:, 0, :10]


def poisoned(hidden, rate):
    model = sequential(hidden, rate)
    model.layers[-1].rate = "0.5"
    model.layers[2].rate = None
    return model


def broken_step(hidden, rate):
    return compiled(BreaksTheStep(sequential(hidden, rate).layers))


@pytest.mark.parametrize(
    "student",
    [
        lambda hidden, rate: Exits(), lambda hidden, rate: Nothing(), lambda hidden, rate: Many(), broken_step,
        lambda hidden, rate: CallsWithoutEnd(), lambda hidden, rate: compiled(CallsWithoutEnd()), poisoned,
        lambda hidden, rate: keras.layers.Dense(10), lambda hidden, rate: keras.Sequential([]),
        lambda hidden, rate: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(20_000)]),
        lambda hidden, rate: keras.Model, lambda *_: hidden_of_another_kind(*_),
    ],
)  # fmt: skip
def test_whatever_a_model_does_there_is_a_verdict(student):
    report = examine("classifier", student, seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts), told(report)


def hidden_of_another_kind(hidden, rate):
    hidden[:] = [object(), np.zeros(3)]
    return hidden

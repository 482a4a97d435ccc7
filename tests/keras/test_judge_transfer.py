"""Models on a frozen base: every correct one passes everything, every mistaken one fails and is named."""

import math

import keras
import numpy as np
import pytest

from autograder.catalogue import cases, part
from autograder.examination import examine
from autograder.exercises.transfer.judge.features import features
from autograder.judge import judge
from autograder.kits.models.cases import MODEL_NUMBERS
from autograder.observations import SIZE_LIMIT, Observations
from autograder.observe import observe
from tests.banks.transfer import CORRECT, MISTAKEN, Transfer, functional
from tests.core.test_judge import told
from tests.core.test_judge_overfitting import assert_judged_as_mistaken
from tests.keras.test_judge_classifier import CallsWithoutEnd, Exits, Many, Nothing, settings

pytestmark = pytest.mark.slow  # Keras itself takes seconds to import


@pytest.mark.parametrize("entry", CORRECT, ids=lambda entry: entry.name)
def test_correct_model_gets_all_points(entry):
    report = examine("transfer", *entry.objects(), seed=11)
    assert report.passed, told(report)


#: What a mistake does not touch still earns its points.
COSTS = {
    "frozen_too_early": {"frozen", "trains"}, "told_always": {"inference", "pooled", "eval"},
    "flattened": {"pooled"}, "max_layer": {"pooled"}, "linear": {"layers", "defaults"},
    "always_10_classes": {"shape", "layers", "trains", "defaults"}, "always_drops": {"eval"},
    "dropped_features": {"dropout", "defaults"}, "always_a_half": {"keep-rate", "defaults"},
    "softmax_layer": {"logits"}, "hidden_frozen": {"trains"}, "no_defaults": {"defaults"},
    "initialised_again": {"base", "inference", "pooled"},
}  # fmt: skip


def test_costs_are_those_of_mistakes_in_the_bank():
    assert set(COSTS) <= {entry.name for entry in MISTAKEN}


@pytest.mark.parametrize("entry", MISTAKEN, ids=lambda entry: entry.name)
def test_mistaken_model_fails_is_named_and_costs_what_rests_on_it(entry):
    assert_judged_as_mistaken(entry, examine("transfer", *entry.objects(), seed=1), COSTS)


class Seen(Exception):
    """Carries a base out of an examination."""


def test_bases_are_as_planned_and_the_judge_computes_their_features_as_keras_does():
    bases = []

    def collects(base, *_, **__):
        bases.append(base)
        raise Seen

    for seed in (1, 2):
        bases.clear()
        examine("transfer", collects, seed=seed)
        planned = list(cases("transfer", seed).values())
        assert len(bases) == len(planned)
        for base, case in zip(bases, planned, strict=True):
            assert base.trainable and base.input_shape == (None, *case.size)
            due, found = features(case), np.asarray(base(case.x(), training=False))
            assert np.allclose(found, due, rtol=1e-4, atol=1e-4)
            pooled = due.mean(axis=(1, 2))
            # Batches differ from the moving statistics, places from each other, and images in sign.
            assert np.abs(np.asarray(base(case.x(), training=True)) - due).max() > 0.1
            assert np.abs(due.max(axis=(1, 2)) - pooled).min() > 0.01
            assert len(pooled) < 8 or (np.sign(pooled).std(axis=0) > 0).any()


def test_cases_follow_from_the_seed_alone_and_avoid_what_hides_mistakes():
    for seed in range(60):
        found = cases("transfer", seed)
        assert found == cases("transfer", seed)
        sizes = [case.size for case in found.values()]
        assert len(set(sizes)) == len(sizes) and {case.size[-1] for case in found.values()} == {1, 2, 3}
        for case in found.values():
            if case.bare:
                assert (case.n_classes, case.size_inner, case.rate) == (10, 100, 0.5)
                continue
            assert len({case.n_classes, case.size_inner, case.filters[1]}) == 3
            assert not {10, 100} & {case.n_classes, case.size_inner}
            assert case.rate == 0 or abs(case.rate - 0.5) > 0.1 and abs(case.rate - round(case.rate, 1)) > 0.02
    assert cases("transfer", 1) != cases("transfer", 2)


@pytest.mark.parametrize("name", ["functional", "subclassed", "flattened", "no_pooling", "nothing_said"])
def test_recording_stays_small_survives_the_journey_and_is_judged_the_same(name):
    (entry,) = [entry for entry in CORRECT + MISTAKEN if entry.name == name]
    recorded = observe("transfer", entry.objects(), 4)
    sent = recorded.to_bytes()
    assert len(sent) < SIZE_LIMIT / 2  # it is not packed
    heard = Observations.from_bytes(sent, part("transfer", "cases").TABLES)
    assert judge("transfer", heard, 4) == judge("transfer", recorded, 4)


def test_a_base_that_is_only_said_to_be_frozen_does_not_pass():
    """What the recording says of the weights that were handed over counts for nothing."""
    recorded = observe("transfer", (functional,), 4)
    for name in ("nested.kernels", "functional.statistics"):
        forged = dict(recorded.records)
        forged[name] = type(forged[name])(values=np.zeros_like(forged[name].values))
        report = judge("transfer", Observations(forged), 4).report
        assert not report.passed, told(report)


def test_keras_is_left_as_it_was():
    before = settings()
    keras.utils.set_random_seed(3)
    undisturbed = [np.asarray(keras.random.uniform((3,))) for _ in range(2)]
    keras.utils.set_random_seed(3)
    drawn = [np.asarray(keras.random.uniform((3,)))]
    assert examine("transfer", functional, seed=1).passed
    assert np.array_equal(undisturbed, [*drawn, np.asarray(keras.random.uniform((3,)))])
    try:
        keras.config.set_dtype_policy("mixed_float16")
        keras.config.set_image_data_format("channels_first")
        assert examine("transfer", functional, seed=1).passed, "whatever a notebook has set"
    finally:
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
    assert settings() == before


class NotANumber(Transfer):
    def call(self, images, training=False):
        return super().call(images, training=training) * float("nan")


class OneNumber(Transfer):
    def call(self, images, training=False):
        return keras.ops.sum(super().call(images, training=training))


class CannotCompile(Transfer):
    def compile(self, *_, **__):
        raise KeyError("no")


def deletes_weights(base, *_, **__):
    for layer in base.layers:
        for name in ("kernel", "gamma", "moving_mean"):
            if hasattr(layer, name):
                setattr(layer, name, None)
    return keras.Sequential([base])


def reads_too_much(base, *_, **__):
    pixels = math.prod(base.input_shape[1:])
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(MODEL_NUMBERS // pixels + 1)])


def sees_nothing(*_, **__):
    model = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Lambda(lambda x: x[:, :0])])
    return model


@pytest.mark.parametrize(
    "student",
    [
        lambda *_, **__: Exits(), lambda *_, **__: Nothing(), lambda *_, **__: Many(), sees_nothing,
        lambda *_, **__: CallsWithoutEnd(), lambda *_, **__: keras.layers.Dense(10), reads_too_much,
        lambda *_, **__: keras.Sequential([]), lambda *_, **__: keras.Model, deletes_weights,
        lambda base, n_classes=10, size_inner=100, droprate=0.5: NotANumber(base, n_classes, size_inner, droprate),
        lambda base, n_classes=10, size_inner=100, droprate=0.5: OneNumber(base, n_classes, size_inner, droprate),
        lambda base, *_, **__: base.add(3), lambda base, *_, **__: base.layers.clear(),
    ],
)  # fmt: skip
def test_whatever_a_model_does_there_is_a_verdict(student):
    report = examine("transfer", student, seed=1)
    assert not report.passed and not any(v.status == "error" for v in report.verdicts), told(report)


def test_a_model_that_cannot_be_compiled_loses_what_rests_on_fit_and_no_more():
    def make_model(base, n_classes=10, size_inner=100, droprate=0.5):
        return CannotCompile(base, n_classes, size_inner, droprate)

    report = examine("transfer", make_model, seed=1)
    assert {v.property for v in report.verdicts if v.status != "pass"} == {"frozen", "trains"}, told(report)

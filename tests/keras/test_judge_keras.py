"""The Keras layer: every correct one passes everything, every mistaken one fails and is named."""

import pytest

from autograder.examination import examine
from tests.banks.keras_layer import CORRECT, FORBIDDEN, MISTAKEN
from tests.judging import assert_judged_as_correct, assert_judged_as_mistaken, one_by_one, told

pytestmark = pytest.mark.slow  # Keras itself takes seconds to import


@pytest.mark.parametrize("entry", one_by_one(CORRECT))
def test_correct_layer_gets_all_points(entry):
    assert_judged_as_correct(examine("keras_layer", *entry.objects(), seed=11))


@pytest.mark.parametrize("entry", one_by_one(MISTAKEN))
def test_mistaken_layer_fails_and_is_named(entry):
    report = examine("keras_layer", *entry.objects(), seed=1)
    assert_judged_as_mistaken(entry, report, nameless=2)
    if entry.mistake == FORBIDDEN:
        others = {v.status for v in report.verdicts if v.property != "own"}
        assert report.points == 0 and others == {"blocked"}, "what Keras's layer does earns nothing:\n" + told(
            report
        )


def test_settings_of_the_notebook_do_not_matter_and_stay():
    import keras

    try:
        keras.config.set_dtype_policy("mixed_float16")
        keras.config.set_floatx("float64")
        assert examine("keras_layer", *CORRECT[0].objects(), seed=3).passed
        assert keras.config.dtype_policy().name == "mixed_float16" and keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")

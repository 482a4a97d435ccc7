"""The experiments of notebook 05: what is kept, what is compared, and that the saved study is whole."""

import keras
import numpy as np
import pytest

from course.networks.training import Curves
from course.sources import clothing, clothing_features
from course.studies import transfer_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def known():
    return clothing_features.load()


def test_material_keeps_the_three_folders_apart(known):
    images, rows = transfer_study.material(known)
    assert images.x.shape == (3068 + 341, 2048) and images.x_test.shape == (372, 2048)
    assert sorted(rows) == list(range(3068))  # nothing of validation is learned from
    names = [name for split in ("train", "validation") for name in known.names if name.startswith(split)]
    assert images.y.tolist() == [clothing.label(name) for name in names]
    np.testing.assert_array_equal(images.x[3068], known.x[known.rows("validation")[0]])


def test_other_features_take_the_same_places(known):
    images, _ = transfer_study.material(known, known.x + 1)
    np.testing.assert_array_equal(images.x_test, known.x[known.rows("test")] + 1)


def test_kept_epoch_is_the_first_best_one_as_keras_keeps_it():
    validation = np.array([[[0.5, 0.8, 0.7, 0.8]]])
    fields = dict.fromkeys(Curves.__dataclass_fields__, validation)
    found = Curves(**fields | {"test_accuracy": np.array([[[0.1, 0.2, 0.3, 0.4]]])})
    assert transfer_study.kept(found).tolist() == [[1]]
    assert transfer_study.summary(found)[:, 0, 0].tolist() == [0.8, 0.8, 0.8, 0.2]


def test_published_head_leaves_the_best_checkpoint_in_kerass_format(known, tmp_path):
    images, rows = transfer_study.material(known)
    training, validation, tested = transfer_study.published(images, rows[::10], 0.2, tmp_path, epochs=2)
    model = keras.saving.load_model(tmp_path / "best_0.2.keras")
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dropout", "Dense"]
    _, again = model.evaluate(images.x[3068:], images.y[3068:], verbose=0)
    assert again == pytest.approx(validation) and 0.5 < tested < 1 and 0.3 < training < 1


def test_curves_measure_on_validation_photographs(known):
    images, rows = transfer_study.material(known)
    found, (stack,) = transfer_study.curves([transfer_study.head(0.5, inner=10)], [1], images, rows[:200], 3)
    assert found.validation_accuracy.shape == (1, 1, 3)
    _, accuracy = stack.evaluate(images.x[3068:], images.y[3068:])
    assert found.validation_accuracy[0, 0, -1] == pytest.approx(accuracy[0]) and accuracy[0] > 0.3


def test_saved_study_is_complete():
    results, _ = transfer_study.saved()
    seeds, two = len(transfer_study.SEEDS), 2
    shapes = {
        "published": (4, 3),
        "rates": (8, len(transfer_study.RATES), seeds, transfer_study.EPOCHS),
        "pooled": (4, two * len(transfer_study.POOLED), seeds),
        "amounts": (len(transfer_study.AMOUNTS), 4, two, seeds),
        "left on": (4, seeds),
        "longer": (3, 4, seeds, transfer_study.LONG),
        "sizes": (4, len(transfer_study.SIZES) * two, seeds),
        "features": (two, 4, two, seeds),
    }
    assert {name: values.shape for name, values in results.items()} == shapes and seeds == 10

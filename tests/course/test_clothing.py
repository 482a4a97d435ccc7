"""Photographs, weights and features come whole, or a sentence says what is wrong with them."""

import hashlib
import io
import os
import socket
import zipfile

import keras
import nbformat
import numpy as np
import pytest
from PIL import Image

from course.networks import xception
from course.sources import clothing, clothing_features, datasets
from course.sources.datasets import DataError

FETCH_ARCHIVE = clothing._fetch_archive


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg")
    return file.getvalue()


@pytest.fixture
def files():
    """Two made-up photographs in each folder, by name."""
    folders = [f"{split}/{name}" for split in clothing.SPLITS for name in clothing.CLASSES]
    return {f"{folder}/{copy}.jpg": jpeg(2 * k + copy) for k, folder in enumerate(folders) for copy in (0, 1)}


def packed(path, files):
    """Write an archive as its host makes it: everything in one outermost folder, and a readme beside it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"README.md": b"Clothing", **files}.items():
            archive.writestr(f"clothing-dataset-small-123/{name}", data)
    return path


def contents(files):
    found = hashlib.sha256()
    for name, data in sorted(files.items()):
        found.update(f"{name}\0{len(data)}\0".encode() + data)
    return found.hexdigest()


@pytest.fixture
def source(tmp_path, monkeypatch, files):
    """A folder with a whole archive and whole weights, both made up; an empty cache, and no network."""
    folder = tmp_path / "source"
    folder.mkdir()
    packed(folder / clothing.ARCHIVE, files)
    (folder / clothing.WEIGHTS).write_bytes(b"weights" * 99)
    monkeypatch.setattr(clothing, "CONTENTS", contents(files))
    checksum = hashlib.sha256(b"weights" * 99).hexdigest()
    monkeypatch.setattr(clothing, "CHECKSUMS", dict.fromkeys(clothing.CHECKSUMS, ("sha256", checksum)))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DROPOUT_DATA", raising=False)

    def no_network():
        raise OSError("no network")

    monkeypatch.setattr(clothing, "_fetch_archive", no_network)
    monkeypatch.setattr(clothing, "_fetch_weights", no_network)
    return folder


def test_both_come_from_the_folder_the_variable_names_without_a_copy(source, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    photographs, weights = clothing.prepare()
    assert photographs.path == source / clothing.ARCHIVE and weights == source / clothing.WEIGHTS
    assert len(photographs.names) == 60 and photographs.names[0] == "test/dress/0.jpg"
    assert photographs.picture("train/hat/1.jpg").size == (30, 40)
    assert not (tmp_path / "cache").exists() and not capsys.readouterr().out
    assert clothing.main(["--here"]) == 0
    assert capsys.readouterr().out == "Clothing: 60 photographs verified, Xception's weights verified.\n"


def test_both_come_from_their_publishers_into_the_cache(source, monkeypatch, tmp_path):
    def fetch(name, folder, target):
        def run():
            (tmp_path / "cache" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "cache" / folder / target).write_bytes((source / name).read_bytes())

        return run

    monkeypatch.setattr(clothing, "_fetch_archive", fetch(clothing.ARCHIVE, "datasets", clothing.ARCHIVE))
    monkeypatch.setattr(clothing, "_fetch_weights", fetch(clothing.WEIGHTS, "models", clothing.KERAS_WEIGHTS))
    photographs, weights = clothing.prepare()
    assert len(photographs.names) == 60 and weights.name == clothing.KERAS_WEIGHTS


def test_download_leaves_a_whole_file_or_none(source, monkeypatch, tmp_path):
    monkeypatch.setattr(clothing, "SOURCE", (source / clothing.ARCHIVE).as_uri())
    FETCH_ARCHIVE()
    target = tmp_path / "cache" / "datasets" / clothing.ARCHIVE
    assert target.read_bytes() == (source / clothing.ARCHIVE).read_bytes()
    target.unlink()

    def fail(*_):
        raise OSError("the line is cut")

    monkeypatch.setattr(clothing.shutil, "copyfileobj", fail)
    with pytest.raises(OSError):
        FETCH_ARCHIVE()
    assert not list(target.parent.iterdir())


def test_without_any_source_one_sentence_says_what_to_do(source):
    before = socket.getdefaulttimeout()
    with pytest.raises(DataError, match=r"clothing-dataset-small\.zip is not on this machine .* set DROPOUT_DATA"):
        clothing.prepare()
    assert socket.getdefaulttimeout() == before
    assert clothing.find() == (None, None, [])


def cut(path, files):
    path.write_bytes(path.read_bytes()[:-3000])


def page(path, files):
    path.write_bytes(b"<html>Sign in</html>")


def without_hats(path, files):
    packed(path, {name: data for name, data in files.items() if not name.startswith("train/hat/")})


def bad_photograph(path, files):
    packed(path, {**files, "train/skirt/1.jpg": b"\xff\xd8\xff nothing"})


def half_photograph(path, files):
    packed(path, {**files, "test/hat/0.jpg": files["test/hat/0.jpg"][:400]})


def flipped_byte(path, files):
    data = bytearray(path.read_bytes())
    data[data.index(files["train/pants/0.jpg"]) + 300] ^= 1
    path.write_bytes(data)


def other_photograph(path, files):
    packed(path, {**files, "train/pants/0.jpg": jpeg(999)})


DAMAGES = {
    cut: "is cut off or is no zip archive",
    page: "is cut off or is no zip archive",
    without_hats: "has no photographs in its folder train/hat",
    bad_photograph: "train/skirt/1.jpg .* is no picture that can be read",
    half_photograph: "test/hat/0.jpg .* is no picture that can be read",
    flipped_byte: "train/pants/0.jpg .* cannot be read: the archive is damaged there",
    other_photograph: "The 60 photographs .* are not the published ones",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_archive_is_named_in_one_sentence(source, files, damage):
    path = source / clothing.ARCHIVE
    damage(path, files)
    with pytest.raises(DataError, match=DAMAGES[damage]) as caught:
        clothing.verified(path)
    assert str(path) in str(caught.value) and str(caught.value).count(". ") == 0


def test_damaged_copy_is_not_taken_and_left_where_it_is(source, files, monkeypatch, capsys):
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    cut(source / clothing.ARCHIVE, files)
    with pytest.raises(DataError):
        clothing.prepare()
    assert "is cut off" in capsys.readouterr().out and (source / clothing.ARCHIVE).exists()
    assert clothing.main(["--here"]) == 1
    said = capsys.readouterr()
    assert "no photographs" in said.out and "is cut off" in said.err


def test_damaged_file_in_the_cache_is_removed_and_fetched_again(source, tmp_path, monkeypatch, capsys):
    cache = tmp_path / "cache"
    for folder, name in (("datasets", clothing.ARCHIVE), ("models", clothing.KERAS_WEIGHTS)):
        (cache / folder).mkdir(parents=True)
        (cache / folder / name).write_bytes(b"half")
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    clothing.prepare()
    said = capsys.readouterr().out
    assert said.count("It was removed and is fetched again.") == 2
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_what_was_fetched_damaged_is_not_kept(source, tmp_path, monkeypatch):
    target = tmp_path / "cache" / "datasets" / clothing.ARCHIVE

    def fetch():
        target.parent.mkdir(parents=True)
        target.write_bytes(b"<html>Sign in</html>")

    monkeypatch.setattr(clothing, "_fetch_archive", fetch)
    with pytest.raises(DataError, match="is cut off or is no zip archive.*Connect to the network"):
        clothing.prepare()
    assert not target.exists()


def test_wrong_weights_are_named(source, monkeypatch):
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    (source / clothing.WEIGHTS).write_bytes(b"others")
    photographs, weights, wrong = clothing.find()
    assert photographs and weights is None
    assert len(wrong) == 1 and f"{clothing.WEIGHTS} does not hold Xception's weights" in wrong[0]
    with pytest.raises(DataError, match="Keras cannot load them"):
        xception.base(source / clothing.WEIGHTS)


@pytest.fixture(scope="module")
def frozen():
    """The base with weights drawn at random: all but the features' meaning is the same."""
    keras.utils.set_random_seed(0)
    model = keras.applications.Xception(weights=None, include_top=False, input_shape=(150, 150, 3))
    model.trainable = False
    return model


def test_features_have_the_order_of_the_names_and_the_unreadable_photograph_is_named(source, files, frozen):
    photographs = clothing.verified(source / clothing.ARCHIVE)
    names = photographs.names[:3]
    x = xception.extract(frozen, photographs, names, title=None)
    assert x.shape == (3, 2048) and x.dtype == np.float32
    np.testing.assert_allclose(
        xception.extract(frozen, photographs, names[2:], title=None), x[2:], atol=1e-4 * x.max()
    )
    assert np.abs(x[0] - x[2]).max() > 0.01 * x.max()
    bad_photograph(source / clothing.ARCHIVE, files)
    with pytest.raises(DataError, match="train/skirt/1.jpg .* is no JPEG that can be read"):
        xception.extract(frozen, photographs, ["train/skirt/0.jpg", "train/skirt/1.jpg"], title=None)


def test_whole_network_and_features_with_head_are_the_same(frozen):
    import tensorflow as tf

    images = np.random.default_rng(0).uniform(-1, 1, (4, 150, 150, 3)).astype("float32")
    labels = np.array([0, 3, 9, 3])
    keras.utils.set_random_seed(1)
    top = xception.head(0.5)
    model = xception.whole(frozen, top)
    pooled = tf.reduce_mean(frozen(images, training=False), axis=(1, 2))
    short = keras.Sequential([keras.Input((2048,)), *top])
    state = top[1].seed_generator.state
    start = state.numpy()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    results = []
    for network, x in ((model, images), (short, pooled)):
        state.assign(start)  # the same mask
        with tf.GradientTape() as tape:
            value = loss(labels, network(x, training=True))
        variables = [v.value for layer in top for v in layer.trainable_variables]
        assert len(network.trainable_variables) == 4
        results.append([value, *tape.gradient(value, variables)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_compact_features_are_within_half_a_step():
    x = np.random.default_rng(0).exponential(0.3, (50, 20)).astype("float32") ** 2
    x[:, 3] = 0
    codes, largest = clothing_features.packed(x)
    again = clothing_features.unpacked(codes, largest)
    assert codes.dtype == np.uint8 and again.dtype == np.float32 and (again[:, 3] == 0).all()
    steps = np.abs(
        np.sqrt(again / np.where(largest > 0, largest, 1)) - np.sqrt(x / np.where(largest > 0, largest, 1))
    )
    assert steps.max() * 255 <= 0.5 + 1e-3


def test_shipped_features_are_whole_small_and_say_where_they_come_from():
    features = clothing_features.load()
    assert features.x.shape == (3781, 2048) and features.x.dtype == np.float32 and features.x.min() >= 0
    assert {split: len(features.rows(split)) for split in clothing.SPLITS} == clothing.COUNTS
    assert list(features.names) == sorted(features.names) and features.y.max() == 9
    assert clothing.CONTENTS in features.settings["photographs"] and features.settings["script"]
    assert os.path.getsize(datasets.FOLDER / clothing_features.NAME) <= 8e6


def test_checksum_of_the_features_stands_in_the_list_of_data():
    listed = (datasets.FOLDER / "README.md").read_text(encoding="utf-8")
    assert datasets.FILES[clothing_features.NAME].sha256 in listed


def test_doctor_says_what_is_here_of_the_photographs(source, monkeypatch):
    from autograder import doctor

    (symptom,) = doctor._clothing(datasets.FOLDER.parent.parent)
    assert symptom.state == "without" and "no photographs" in symptom.what
    assert "course.sources.clothing" in symptom.remedy
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    (source / clothing.ARCHIVE).write_bytes(b"half")
    (symptom,) = doctor._clothing(datasets.FOLDER.parent.parent)
    assert symptom.state == "without" and "is cut off" in symptom.what


@pytest.mark.slow
def test_real_photographs_and_weights_give_the_shipped_features_and_the_published_accuracy(shared_data, tmp_path):
    """The real path, end to end: archive and weights, decoding, all features, heads, curves."""
    from course.studies import transfer_study

    photographs, weights = clothing.prepare()
    known = clothing_features.load()
    assert photographs.names == known.names
    x = xception.extract(xception.base(weights), photographs, photographs.names, title=None)
    assert clothing_features.distance(known, x, np.arange(len(x))) <= clothing_features.AGREE
    images, rows = transfer_study.material(known, x)
    training, validation, test = transfer_study.published(images, rows, 0.5, tmp_path, epochs=10)
    assert training > 0.85 and validation > 0.78 and test > 0.72


def test_committed_notebook_shows_no_photographs(root):
    cells = nbformat.read(root / "course" / "05_xception_transfer.ipynb", as_version=4).cells
    shown = [cell for cell in cells if cell.cell_type == "code" and "\nshow_photographs(" in cell.source]
    assert len(shown) == 3
    for cell in shown:
        (said,) = [output.data for output in cell.outputs if output.output_type == "execute_result"]
        assert "not in the published notebook" in said["text/markdown"] and "text/html" not in said

"""Photographs, weights and features come whole, or a sentence says what is wrong with them."""

import os
import socket

import nbformat
import numpy as np
import pytest

from course.sources import clothing, clothing_features, datasets
from course.sources.datasets import DataError
from tests.course.made_up_photographs import bad_photograph, jpeg, packed

FETCH_ARCHIVE = clothing._fetch_archive


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


def half_photograph(path, files):
    packed(path, {**files, "test/hat/0.jpg": files["test/hat/0.jpg"][:400]})


def flipped_byte(path, files):
    data = bytearray(path.read_bytes())
    data[data.index(files["train/pants/0.jpg"]) + 300] ^= 1
    path.write_bytes(data)


def other_photograph(path, files):
    packed(path, {**files, "train/pants/0.jpg": jpeg(999)})


DAMAGES = {
    cut: "is cut off or is not a zip archive",
    page: "is cut off or is not a zip archive",
    without_hats: "has no photographs in its folder train/hat",
    bad_photograph: "train/skirt/1.jpg .* is not a picture that can be read",
    half_photograph: "test/hat/0.jpg .* is not a picture that can be read",
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
    with pytest.raises(DataError, match="is cut off or is not a zip archive.*Connect to the network"):
        clothing.prepare()
    assert not target.exists()


def test_wrong_weights_are_named(source, monkeypatch):
    monkeypatch.setenv("DROPOUT_DATA", str(source))
    (source / clothing.WEIGHTS).write_bytes(b"others")
    photographs, weights, wrong = clothing.find()
    assert photographs and weights is None
    assert len(wrong) == 1 and f"{clothing.WEIGHTS} does not hold Xception's weights" in wrong[0]


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


def test_committed_notebook_shows_no_photographs(root):
    cells = nbformat.read(root / "course" / "05_xception_transfer.ipynb", as_version=4).cells
    shown = [cell for cell in cells if cell.cell_type == "code" and "\nshow_photographs(" in cell.source]
    assert len(shown) == 3
    for cell in shown:
        (said,) = [output.data for output in cell.outputs if output.output_type == "execute_result"]
        assert "not in the published notebook" in said["text/markdown"] and "text/html" not in said

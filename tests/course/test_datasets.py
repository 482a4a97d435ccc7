"""Data files are verified, restored from whole copies, and never used damaged."""

import os
import shutil

import pytest

from course.sources import datasets


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder outside any repository, with a whole file in it."""
    monkeypatch.delenv(datasets.VARIABLE, raising=False)
    shutil.copy(datasets.FOLDER / "sonar.csv", tmp_path)
    return tmp_path


def damage(path):
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)


def test_whole_file_is_handed_out(folder):
    assert datasets.path("sonar.csv", folder) == folder / "sonar.csv"


def test_one_changed_byte_is_refused_by_name(folder):
    damage(folder / "sonar.csv")
    with pytest.raises(datasets.DataError, match=r"sonar\.csv is damaged.*git checkout"):
        datasets.path("sonar.csv", folder)


def test_missing_file_is_refused_by_name(folder):
    (folder / "sonar.csv").unlink()
    with pytest.raises(datasets.DataError, match=r"sonar\.csv is missing"):
        datasets.path("sonar.csv", folder)
    assert os.listdir(folder) == []


def test_damaged_file_is_replaced_from_the_folder_the_variable_names(folder, tmp_path_factory, monkeypatch, capsys):
    copies = tmp_path_factory.mktemp("copies")
    shutil.copy(datasets.FOLDER / "sonar.csv", copies)
    monkeypatch.setenv(datasets.VARIABLE, str(copies))
    damage(folder / "sonar.csv")
    path = datasets.path("sonar.csv", folder)
    assert datasets.FILES["sonar.csv"].matches(path.read_bytes())
    assert "damaged" in capsys.readouterr().out
    assert os.listdir(folder) == ["sonar.csv"]


def test_a_damaged_copy_is_not_taken(folder, tmp_path_factory, monkeypatch):
    copies = tmp_path_factory.mktemp("copies")
    shutil.copy(folder / "sonar.csv", copies)
    damage(copies / "sonar.csv")
    damage(folder / "sonar.csv")
    monkeypatch.setenv(datasets.VARIABLE, str(copies))
    with pytest.raises(datasets.DataError):
        datasets.path("sonar.csv", folder)


def test_unknown_name_is_refused(folder):
    with pytest.raises(ValueError, match="There is no data file 'sonar'"):
        datasets.path("sonar", folder)


def test_shared_copy_is_the_shipped_file(shared_data):
    assert datasets.FILES["sonar.csv"].matches((shared_data / "sonar.csv").read_bytes())

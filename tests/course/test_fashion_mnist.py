"""Fashion-MNIST gets into Keras's cache whole, or a sentence says what to do."""

import contextlib
import gzip
import hashlib

import pytest

from course.sources import fashion_mnist
from course.sources.datasets import DataError


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Four tiny files in place of the real ones, no network, and a folder that has them."""
    contents = {name: name.encode() * 50 for name in fashion_mnist.FILES}
    monkeypatch.setattr(fashion_mnist, "FILES", {n: hashlib.sha256(c).hexdigest() for n, c in contents.items()})
    monkeypatch.setattr(fashion_mnist, "_downloaded", lambda: contextlib.nullcontext(None))
    monkeypatch.setattr(fashion_mnist, "_unpacked", lambda: contextlib.nullcontext(None))
    monkeypatch.delenv("DROPOUT_DATA", raising=False)
    monkeypatch.setattr(fashion_mnist, "_INSTALLED", tmp_path / "nowhere")
    source = tmp_path / "source"
    source.mkdir()
    for name, content in contents.items():
        (source / name).write_bytes(gzip.compress(content))
    return source


def test_files_come_from_the_folder_the_variable_names(small, tmp_path, monkeypatch):
    monkeypatch.setenv("DROPOUT_DATA", str(small))
    assert fashion_mnist.prepare(tmp_path / "cache") == tmp_path / "cache"
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == sorted(fashion_mnist.FILES)


def test_files_come_from_a_package_that_is_unpacked(small, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "_unpacked", lambda: contextlib.nullcontext(small))
    fashion_mnist.prepare(tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_whole_files_are_left_alone(small, capsys):
    before = {path: path.stat().st_mtime_ns for path in small.iterdir()}
    fashion_mnist.prepare(small)
    assert {path: path.stat().st_mtime_ns for path in small.iterdir()} == before and not capsys.readouterr().out


@pytest.mark.parametrize("damage", [lambda b: b[:20], lambda b: b[:-9] + b"x" * 9, lambda b: b"<html>no</html>"])
def test_damaged_file_is_named_and_fetched_again(small, tmp_path, monkeypatch, capsys, damage):
    monkeypatch.setenv("DROPOUT_DATA", str(small))
    cache = fashion_mnist.prepare(tmp_path / "cache")
    name = "t10k-images-idx3-ubyte.gz"
    (cache / name).write_bytes(damage((cache / name).read_bytes()))
    capsys.readouterr()
    fashion_mnist.prepare(cache)
    assert f"{name} in Keras's cache is damaged" in capsys.readouterr().out
    assert (cache / name).read_bytes() == (small / name).read_bytes()


def test_damaged_copy_is_not_taken(small, tmp_path, monkeypatch):
    (small / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")
    monkeypatch.setenv("DROPOUT_DATA", str(small))
    with pytest.raises(DataError, match="t10k-labels"):
        fashion_mnist.prepare(tmp_path / "cache")
    assert not (tmp_path / "cache" / "t10k-labels-idx1-ubyte.gz").exists()


def test_without_any_source_one_sentence_says_what_to_do(small, tmp_path):
    with pytest.raises(
        DataError, match="Connect to the network .* or install Debian's package .* or set DROPOUT_DATA"
    ):
        fashion_mnist.prepare(tmp_path / "cache")


@pytest.mark.parametrize("program", ["raise OSError('no network')", "import time; time.sleep(60)"])
def test_a_source_that_fails_or_hangs_is_passed_over(monkeypatch, program):
    monkeypatch.setattr(fashion_mnist, "_DOWNLOAD", program)
    monkeypatch.setattr(fashion_mnist, "LIMIT", 0.5)
    with fashion_mnist._downloaded() as place:
        assert place == fashion_mnist.cache()


def test_looking_fetches_nothing_and_says_what_is_missing(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DROPOUT_DATA", str(small))
    monkeypatch.setattr(fashion_mnist, "cache", lambda: tmp_path / "cache")
    assert fashion_mnist.main(["--here"]) == 1
    assert (
        "t10k-images-idx3-ubyte.gz is missing or damaged" in capsys.readouterr().err
        and not (tmp_path / "cache").exists()
    )
    assert fashion_mnist.main([]) == 0 and fashion_mnist.main(["--here"]) == 0
    assert capsys.readouterr().out.endswith("Fashion-MNIST: 4 of 4 files verified in Keras's cache.\n")

"""What the tests of the course need."""

import hashlib
from pathlib import Path

import pytest

from course.sources import clothing
from tests.course.made_up_photographs import contents, jpeg, packed


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, a module that has no others is not even imported.

    Such modules train networks, and importing TensorFlow takes longer than all fast tests of this folder together.
    """
    if "not slow" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text(encoding="utf-8") or None


@pytest.fixture
def files():
    """Two made-up photographs in each folder, by name."""
    folders = [f"{split}/{name}" for split in clothing.SPLITS for name in clothing.CLASSES]
    return {f"{folder}/{copy}.jpg": jpeg(2 * k + copy) for k, folder in enumerate(folders) for copy in (0, 1)}


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

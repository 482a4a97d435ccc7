"""Photographs that are made up, for tests, and archives of them."""

import hashlib
import io
import zipfile

import numpy as np
from PIL import Image


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg")
    return file.getvalue()


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


def bad_photograph(path, files):
    packed(path, {**files, "train/skirt/1.jpg": b"\xff\xd8\xff nothing"})

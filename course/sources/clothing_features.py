"""Xception's features of the clothing photographs, computed once, in a file of 6 MB.

course/studies/compute_features.py has computed them. The file's checksum is in course/sources/datasets.py.

Features are never negative and mostly small. Each is kept as a whole number from 0 to 255: the square root of its
share of the largest value that this feature takes. So a small value is kept more finely than a large one.
"""

import importlib.metadata
import io
import json
from dataclasses import dataclass

import numpy as np

from course.sources import clothing, datasets

NAME = "clothing_features.npz"
LEVELS = 255
#: Features that were computed elsewhere agree up to this distance, in steps of the code.
AGREE = 0.6


@dataclass(frozen=True)
class Features:
    """What the frozen base computes for every photograph.

    x: float32 (3781, 2048), at least 0. names: such as "train/hat/06a0.jpg". settings: what they were computed
    with.
    """

    x: np.ndarray
    names: tuple[str, ...]
    settings: dict[str, str]

    @property
    def y(self) -> np.ndarray:
        """Each photograph's class, a position in clothing.CLASSES; int64 (3781,)."""
        return np.array([clothing.label(name) for name in self.names])

    def rows(self, split: str) -> np.ndarray:
        """Positions of the photographs in the folder "train", "validation" or "test"."""
        return np.flatnonzero([name.startswith(f"{split}/") for name in self.names])


def packed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features in compact form: uint8 codes of the same shape, and float32 (features,) the largest values."""
    largest = x.max(axis=0)
    shares = x / np.where(largest > 0, largest, 1)
    return np.round(np.sqrt(shares) * LEVELS).astype(np.uint8), largest


def unpacked(codes: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Features out of their compact form, float32."""
    return (codes.astype(np.float32) / LEVELS) ** 2 * largest


def load() -> Features:
    """The shipped features, verified. Raises datasets.DataError when the file is damaged and has no good copy."""
    with np.load(datasets.path(NAME), allow_pickle=False) as file:
        x = unpacked(file["codes"], file["largest"])
        return Features(x, tuple(file["names"].tolist()), json.loads(str(file["settings"])))


def as_file(x: np.ndarray, names: tuple[str, ...]) -> bytes:
    """The bytes of a file with these features."""
    codes, largest = packed(x)
    settings = {
        "script": "python -m course.studies.compute_features",
        "photographs": f"{clothing.SOURCE}, SHA-256 of contents {clothing.CONTENTS}",
        "weights": f"{clothing.WEIGHTS}, SHA-256 {clothing.CHECKSUMS[clothing.WEIGHTS][1]}",
        "image": f"{clothing.SIDE}x{clothing.SIDE}, bilinear, scaled to -1 to 1; global average pooling",
        "codes": f"round({LEVELS} * sqrt(feature / largest))",
    } | {package: importlib.metadata.version(package) for package in ("keras", "numpy")}
    file = io.BytesIO()
    np.savez_compressed(
        file, codes=codes, largest=largest, names=np.array(names), settings=np.array(json.dumps(settings))
    )
    return file.getvalue()


def distance(features: Features, x: np.ndarray, rows: np.ndarray) -> float:
    """How much features computed here differ from the shipped ones: the largest distance, in steps of the code.

    x: float32 (rows, 2048). rows: positions of these photographs among the shipped ones. Rounding to whole codes
    explains a distance of up to 0.5, and the last bits of other processors a little more: see AGREE.
    """
    scale = np.maximum(features.x.max(axis=0), np.finfo(np.float32).tiny)
    return float(np.abs(np.sqrt(x / scale) - np.sqrt(features.x[rows] / scale)).max() * LEVELS)

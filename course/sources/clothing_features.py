"""Xception's features of the clothing photographs, computed once, in a file of 6 MB.

`python -m course.sources.clothing_features` computes them from photographs and weights, which takes a minute and a
half on two idle cores. It writes the file unless the existing one agrees: the last bits differ from run to run, and
with them a few of the codes. Its checksum is in course/sources/datasets.py. Everybody else reads it with `load`.

Features are never negative and mostly small. Each is kept as a whole number from 0 to 255: the square root of its
share of the largest value that this feature takes. So a small value is kept more finely than a large one.
"""

import hashlib
import importlib.metadata
import io
import json
import os
import sys
from dataclasses import dataclass

import numpy as np

from course.networks import xception
from course.sources import clothing, datasets

NAME = "clothing_features.npz"
LEVELS = 255
#: Features that were computed elsewhere agree up to this distance, in steps of the code.
AGREE = 0.6


@dataclass(frozen=True)
class Features:
    """What the frozen base says of every photograph.

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
    """The shipped features, verified. Raises datasets.DataError when they cannot be had whole."""
    with np.load(datasets.path(NAME), allow_pickle=False) as file:
        x = unpacked(file["codes"], file["largest"])
        return Features(x, tuple(file["names"].tolist()), json.loads(str(file["settings"])))


def as_file(x: np.ndarray, names: tuple[str, ...]) -> bytes:
    """The bytes of a file with these features."""
    codes, largest = packed(x)
    settings = {
        "script": "python -m course.sources.clothing_features",
        "photographs": f"{clothing.SOURCE}, SHA-256 of contents {clothing.CONTENTS}",
        "weights": f"{clothing.WEIGHTS}, SHA-256 {clothing.CHECKSUMS[clothing.WEIGHTS][1]}",
        "image": f"{xception.SIDE}x{xception.SIDE}, bilinear, scaled to -1 to 1; global average pooling",
        "codes": f"round({LEVELS} * sqrt(feature / largest))",
    } | {package: importlib.metadata.version(package) for package in ("keras", "numpy")}
    file = io.BytesIO()
    np.savez_compressed(
        file, codes=codes, largest=largest, names=np.array(names), settings=np.array(json.dumps(settings))
    )
    return file.getvalue()


def distance(features: Features, x: np.ndarray, rows: np.ndarray) -> float:
    """How far features computed here lie from the shipped ones: the largest distance, in steps of the code.

    x: float32 (rows, 2048). rows: positions of these photographs among the shipped ones. Rounding to whole codes
    explains a distance of up to 0.5, and the last bits of other processors a little more: see AGREE.
    """
    scale = np.maximum(features.x.max(axis=0), np.finfo(np.float32).tiny)
    return float(np.abs(np.sqrt(x / scale) - np.sqrt(features.x[rows] / scale)).max() * LEVELS)


def _apart(x: np.ndarray, names: tuple[str, ...]) -> float:
    """The distance of all features from the shipped ones; infinite where there are none like them."""
    try:
        shipped = load()
    except (datasets.DataError, ValueError):
        return np.inf
    return distance(shipped, x, np.arange(len(x))) if shipped.names == names else np.inf


def main() -> int:
    """Compute all features and save them, unless the same are there; returns the process's exit code."""
    try:
        photographs, weights = clothing.prepare()
        x = xception.extract(xception.base(weights), photographs, photographs.names)
    except datasets.DataError as error:
        print(error, file=sys.stderr)
        return 1
    apart = _apart(x, photographs.names)
    if apart <= AGREE:
        print(
            f"The shipped features are at most {apart:.2f} steps from these: they agree, and were left as they are."
        )
        return 0
    data, target = as_file(x, photographs.names), datasets.FOLDER / NAME
    draft = target.with_suffix(".part")
    draft.write_bytes(data)
    os.replace(draft, target)
    print(f"{NAME}: {len(data) / 1e6:.2f} MB, SHA-256 {hashlib.sha256(data).hexdigest()}")
    print("Its checksum belongs into course/sources/datasets.py and course/data/README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

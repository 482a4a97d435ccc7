"""Compute Xception's features of the clothing photographs: `python -m course.studies.compute_features`.

It takes photographs and weights, and a minute and a half on two idle cores. The shipped file is replaced only if it
disagrees: the last bits differ from run to run, and with them a few of the codes.
"""

import hashlib
import os
import sys

import numpy as np

from course.networks import xception
from course.sources import clothing, datasets
from course.sources.clothing_features import AGREE, NAME, as_file, distance, load


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

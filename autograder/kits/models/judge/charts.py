"""What of a model is worth a picture, as data."""

from difflib import SequenceMatcher
from itertools import zip_longest

import numpy as np

from autograder.report import Chart

#: Steps of a model that are drawn: the longest that is right has twelve.
_STEPS = 24


def layers_chart(asked: str, found: list[str], expected: list[str]) -> Chart:
    """The steps of a model beside those expected. asked: what the model was asked for, in words."""
    if len(found) > _STEPS:
        found = [*found[: _STEPS - 1], f"and {len(found) - _STEPS + 1} more"]
    pairs = _aligned(found, expected)
    off = sum(theirs != due for theirs, due in pairs)
    told = f"{off} place{'s differ' if off > 1 else ' differs'}" if off else "as expected"
    return Chart(
        "layers",
        f"Your layers: {told}",
        f"Two columns of boxes, from image to answer, for {asked}. Yours: "
        f"{', '.join(found) or 'nothing'}. Expected: {', '.join(expected)}.",
        {"found": np.array([a for a, _ in pairs]), "expected": np.array([b for _, b in pairs])},
    )


def _aligned(found: list[str], expected: list[str]) -> list[tuple[str, str]]:
    """Both lists beside each other, what belongs together in one row, "" where one has nothing."""
    parts = [_cut(texts) for texts in (found, expected)]
    if [part[:1] for part in parts[0]] != [part[:1] for part in parts[1]]:  # other Dense layers
        parts = [[found], [expected]]
    pairs = []
    for theirs, due in zip(*parts, strict=True):
        for _, a, b, c, d in SequenceMatcher(None, theirs, due, autojunk=False).get_opcodes():
            pairs += zip_longest(theirs[a:b], due[c:d], fillvalue="")
    return [pair for pair in pairs if any(pair)]


def _cut(texts: list[str]) -> list[list[str]]:
    """The texts of steps, cut before each Dense layer; what comes before the first has an empty name."""
    parts = [[""]]
    for text in texts:
        parts = [*parts, [text]] if text.startswith("Dense") else [*parts[:-1], [*parts[-1], text]]
    return parts

"""What is worth a picture, as data. Drawing is `autograder.show.pictures`' business."""

from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import zip_longest

import numpy as np

from autograder.exercises.cross_validation.cases import FoldCase
from autograder.judge.evidence import Bench, Draws
from autograder.judge.statistics import binomial_band
from autograder.kits.histories.cases import HistoryCase
from autograder.report import Chart

#: Bands in pictures leave out one correct implementation in a million, so that a dot outside means something.
_PICTURE_ALPHA = 1e-6


def mask_charts(draws: list[Draws]) -> tuple[Chart, ...]:
    """A mask as it came back, and the kept fraction at every rate beside the band it should lie in."""
    charts = []
    shown = next((d for d in draws if d.case.name == "repeat"), None)
    if shown is not None:
        kept, keep = shown.kept[0], 1 - shown.case.rate
        charts.append(
            Chart(
                "mask",
                f"Your mask at rate {shown.case.rate:.2f}: {100 * kept.mean():.0f}% kept, "
                f"{100 * keep:.0f}% expected",
                f"A grid of {kept.shape[0]} by {kept.shape[1]} units; {int(kept.sum())} of {kept.size} are "
                f"kept, where {100 * keep:.0f}% are expected.",
                {"kept": kept},
            )
        )
    # The band of a handful of entries spans the whole picture and says nothing.
    judged = sorted((d for d in draws if d.kept.size >= 300), key=lambda d: d.case.rate)
    if not judged:
        return tuple(charts)
    rates = np.array([d.case.rate for d in judged])
    shares = np.array([d.share for d in judged])
    bands = [binomial_band(d.kept.size, 1 - d.case.rate, _PICTURE_ALPHA) for d in judged]
    low = np.array([band.low / band.n for band in bands])
    high = np.array([band.high / band.n for band in bands])
    outside = int(((shares < low - 1e-12) | (shares > high + 1e-12)).sum())
    charts.append(
        Chart(
            "keep-rate",
            f"Kept: {outside} of {len(judged)} outside the band"
            if outside
            else f"Kept: all {len(judged)} inside the band",
            f"Kept fraction at {len(judged)} rates beside the band for 1 - rate. "
            + "; ".join(f"rate {r:.2f}: {s:.2f} kept" for r, s in zip(rates, shares, strict=True))
            + ".",
            {"rates": rates, "shares": shares, "low": low, "high": high},
        )
    )
    return tuple(charts)


def scale_chart(bench: Bench, factor: Callable[[float], float]) -> tuple[Chart, ...]:
    """What came out of training calls against x, beside the line that survivors should lie on."""
    case = bench.cases["units-high"]
    values = bench.values(case.name)
    if values is None:
        return ()
    x = case.x()
    return (_against_x("scale", "training", case, x, values[:3], factor(case.rate), with_zero=True),)


def evaluation_chart(bench: Bench, case, factor: Callable[[float], float]) -> Chart:
    """What came out of evaluation calls against x, beside the line it should lie on."""
    values = bench.values(case.name)
    return _against_x("evaluation", "evaluation", case, case.x(), values[:3], factor(case.rate), with_zero=False)


def _against_x(kind, mode, case, x, values, slope, with_zero) -> Chart:
    x = np.broadcast_to(x, values.shape).ravel().astype(float)[:300]
    y = values.ravel().astype(float)[: x.size]
    right = np.isclose(y, slope * x, rtol=1e-5) | (with_zero & (y == 0))
    off = int((~right).sum())
    verdict = f"{off} of {x.size} points are off" if off else "every point is where it should be"
    zero = " or at zero" if with_zero else ""
    return Chart(
        kind,
        f"In {mode}, rate {case.rate:.2f}: {verdict}",
        f"Outputs in {mode} against x. They should lie on a line of slope {slope:.3g}{zero}; {verdict}.",
        {"x": x, "y": y, "right": right, "slope": np.array(slope), "zero": np.array(with_zero)},
    )


def folds_chart(case: FoldCase, roles: np.ndarray) -> Chart:
    """Who is tested in which fold, in the order of the file, beside folds as they might be.

    roles: (rows, folds), 0 neither trained on nor tested, 1 trained on, 2 tested, 3 both.
    """
    classes = case.classes()
    # The rows of each class together, as in a file that is sorted.
    order = np.argsort(classes, kind="stable")
    rng = np.random.default_rng(case.seed)
    example = np.concatenate([rng.permutation(np.arange(size) % case.n_splits) for size in case.sizes])
    theirs = np.where(example[:, None] == np.arange(case.n_splits), 2, 1)
    both, neither = int((roles == 3).sum()), int((roles == 0).sum())
    tested = (roles >= 2).sum(axis=1)
    told = f"{int((tested == 1).sum())} of {len(tested)} rows tested once"
    told += f", {both} trained on too" if both else ""
    told += f", {neither} left out" if neither else ""
    per_fold = np.array([np.bincount(classes[column >= 2], minlength=len(case.sizes)) for column in roles.T])
    worst = int(np.argmax(np.ptp(per_fold, axis=0)))
    low, high = int(per_fold[:, worst].min()), int(per_fold[:, worst].max())
    told += f", {low} to {high} of class {case.labels[worst]!r} in a fold" if high > low + 1 else ""
    counts = "; ".join(f"fold {fold}: {' and '.join(map(str, row))}" for fold, row in enumerate(per_fold.tolist()))
    return Chart(
        "folds",
        f"Your folds: {told}",
        f"A grid of {len(tested)} rows, sorted by class, and {roles.shape[1]} folds, beside a stratified and "
        f"shuffled example. Test rows of each class in each fold: {counts}.",
        {"roles": roles[order], "example": theirs, "sizes": np.array(case.sizes)},
    )


def standardised_chart(deviations: dict[str, np.ndarray]) -> Chart:
    """Which statistics standardised the parts of each fold, measured by those of the training part.

    deviations: "means", how far the mean used is from the training part's, in standard deviations, "deviations",
    the deviation used as a multiple of it, and "right", each (2, folds · columns): training parts, test parts.
    """
    off = [int((~part).sum()) for part in deviations["right"]]
    total = deviations["right"].shape[1]
    told = (
        "all are the training part's" if not any(off) else f"{off[0]} of {total} in fit, {off[1]} in score are off"
    )
    return Chart(
        "standardised",
        f"Means and deviations used: {told}",
        "For each column and fold the mean and the standard deviation that were used, measured by those of the "
        f"training part. They should lie at 0 and 1; of {total} in fit {off[0]} are off, in score {off[1]}.",
        deviations,
    )


def gap_chart(case: HistoryCase, theirs: float) -> Chart:
    """Both accuracies, and from the last val_accuracy upwards the gap that is due beside the one that came back."""
    accuracy, validation = case.curve("accuracy"), case.curve("val_accuracy")
    right = float(accuracy[-1] - validation[-1])
    same = np.isclose(theirs, right, rtol=0, atol=1e-6, equal_nan=True)
    told = f"{right:+.3f}, as it should be" if same else f"{theirs:+.3g}, where {right:+.3f} is due"
    return Chart(
        "gap",
        f"Your gap: {told}",
        f"Accuracy and val_accuracy over {case.epochs} epochs; they end at {accuracy[-1]:.3f} and "
        f"{validation[-1]:.3f}. Two bars beside the last epoch show the gap between them and yours.",
        {"accuracy": accuracy, "val_accuracy": validation, "theirs": np.array(theirs), "right": np.array(right)},
    )


def best_epoch_chart(case: HistoryCase, theirs: float, right: int) -> Chart:
    """The validation loss, with the epoch that is due and the one that came back marked."""
    losses = case.curve("val_loss")
    told = f"{theirs:g}, as it should be" if theirs == right else f"{theirs:.4g}, where {right} is due"
    unknown = np.flatnonzero(np.isnan(losses)) + 1
    gaps = f" It is NaN in epoch {', '.join(map(str, unknown))}." if unknown.size else ""
    return Chart(
        "best-epoch",
        f"Your best epoch: {told}",
        f"val_loss over {case.epochs} epochs; its lowest value, {np.nanmin(losses):.4g}, is first reached in epoch "
        f"{right}.{gaps} Marked are that epoch and the one that came back, {theirs:.4g}.",
        {"losses": losses, "theirs": np.array(theirs), "right": np.array(right)},
    )


#: Steps of a model that are drawn: the longest that is right has twelve.
_STEPS = 24


def columns_chart(asked: str, found: list[str], expected: list[str]) -> Chart:
    """The steps of a model beside those expected. asked: what the model was asked for, in words."""
    if len(found) > _STEPS:
        found = [*found[: _STEPS - 1], f"and {len(found) - _STEPS + 1} more"]
    pairs = _aligned(found, expected)
    off = sum(theirs != due for theirs, due in pairs)
    told = f"{off} place{'s differ' if off > 1 else ' differs'}" if off else "as expected"
    return Chart(
        "columns",
        f"Your layers: {told}",
        f"Two columns of boxes, from image to answer, for {asked}. Yours: "
        f"{', '.join(found) or 'nothing'}. Expected: {', '.join(expected)}.",
        {"found": np.array([a for a, _ in pairs]), "expected": np.array([b for _, b in pairs])},
    )


def _aligned(found: list[str], expected: list[str]) -> list[tuple[str, str]]:
    """Both columns beside each other, what belongs together in one row, "" where one has nothing."""
    parts = [_cut(column) for column in (found, expected)]
    if [part[:1] for part in parts[0]] != [part[:1] for part in parts[1]]:  # other Dense layers
        parts = [[found], [expected]]
    pairs = []
    for theirs, due in zip(*parts, strict=True):
        for _, a, b, c, d in SequenceMatcher(None, theirs, due, autojunk=False).get_opcodes():
            pairs += zip_longest(theirs[a:b], due[c:d], fillvalue="")
    return [pair for pair in pairs if any(pair)]


def _cut(column: list[str]) -> list[list[str]]:
    """A column cut before each Dense layer; what comes before the first has an empty name."""
    parts = [[""]]
    for text in column:
        parts = [*parts, [text]] if text.startswith("Dense") else [*parts[:-1], [*parts[-1], text]]
    return parts

"""What of a cross-validation is worth a picture, as data."""

import numpy as np

from autograder.exercises.cross_validation.cases import FoldCase
from autograder.report import Chart


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
    told += f", {both} also trained on" if both else ""
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
        "For each column and fold the mean and the standard deviation that were used, measured against those of "
        f"the training part. They should lie at 0 and 1; of {total} in fit {off[0]} are off, in score {off[1]}.",
        deviations,
    )

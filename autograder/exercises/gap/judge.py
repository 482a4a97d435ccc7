"""Judge exercise gap."""

import numpy as np

from autograder.exercises.gap.cases import READS
from autograder.judge.evidence import Bench, Findings
from autograder.kits.histories.cases import HistoryCase
from autograder.kits.histories.judge import Answer, drawn_case, judge_numbers, number_of, of_curves
from autograder.report import Chart


def rule(bench: Bench[HistoryCase]) -> Findings:
    """Rulings on all properties of a generalization gap."""
    rulings = judge_numbers(bench, _gap, "gap", _MISTAKES)
    if rulings["number"].status != "pass":
        return Findings(rulings)
    case = drawn_case(bench, _gap)
    return Findings(rulings, (_chart(case, number_of(bench, case)),))


# ---------------------------------------------------------------- right answers, and those of known mistakes


def _gap(case: HistoryCase) -> float:
    return float(case.curve("accuracy")[-1] - case.curve("val_accuracy")[-1])


_MISTAKES: dict[str, tuple[Answer, ...]] = {
    "gap-reversed": (of_curves(lambda a, v: v[-1] - a[-1], *READS),),
    "gap-absolute": (of_curves(lambda a, v: abs(a[-1] - v[-1]), *READS),),
    "gap-in-percent": (of_curves(lambda a, v: 100 * (a[-1] - v[-1]), *READS),),
    "gap-of-best": (
        of_curves(lambda a, v: a.max() - v.max(), *READS),
        of_curves(lambda a, v: a[-1] - v.max(), *READS),
        of_curves(lambda a, v: a.max() - v[-1], *READS),
        of_curves(lambda a, v: a[v.argmax()] - v.max(), *READS),
        of_curves(lambda a, v: (a - v).max(), *READS),
        of_curves(lambda a, v, w: a[w.argmin()] - v[w.argmin()], *READS, "val_loss"),
    ),
    "gap-of-means": (of_curves(lambda a, v: a.mean() - v.mean(), *READS),),
    "gap-of-first": (of_curves(lambda a, v: a[0] - v[0], *READS),),
    "gap-of-losses": (
        of_curves(lambda a, v: a[-1] - v[-1], "loss", "val_loss"),
        of_curves(lambda a, v: v[-1] - a[-1], "loss", "val_loss"),
    ),
}


def _chart(case: HistoryCase, theirs: float) -> Chart:
    """Both accuracies, and from the last val_accuracy upwards the gap that is due beside the one that came back."""
    accuracy, validation = case.curve("accuracy"), case.curve("val_accuracy")
    right = float(accuracy[-1] - validation[-1])
    same = np.isclose(theirs, right, rtol=0, atol=1e-6, equal_nan=True)
    told = f"{right:+.3f}, as it should be" if same else f"{theirs:+.3g}, but it should be {right:+.3f}"
    return Chart(
        "gap",
        f"Your gap: {told}",
        f"Accuracy and val_accuracy over {case.epochs} epochs; they end at {accuracy[-1]:.3f} and "
        f"{validation[-1]:.3f}. Two bars beside the last epoch show the gap between them and yours.",
        {"accuracy": accuracy, "val_accuracy": validation, "theirs": np.array(theirs), "right": np.array(right)},
    )

"""Judge exercise best_epoch."""

import numpy as np

from autograder.judge.evidence import PASS, Bench, Findings, Ruling, blocked
from autograder.kits.histories.cases import HistoryCase
from autograder.kits.histories.judge import (
    Answer,
    drawn_case,
    fail,
    judge_numbers,
    judge_special,
    number_of,
    of_curves,
    plain_cases,
)
from autograder.report import Chart

_EXPECTED = "an integer"


def rule(bench: Bench[HistoryCase]) -> Findings:
    """Rulings on all properties of a best epoch."""
    rulings = judge_numbers(bench, _best_epoch, "best-epoch", _MISTAKES, _EXPECTED, _nan_epoch)
    if rulings["number"].status != "pass":
        return Findings(rulings)
    right = rulings["best-epoch"].status == "pass"
    ties = judge_special(bench, "ties", _best_epoch, _last_of_ties, _EXPECTED) if right else blocked("best-epoch")
    case = drawn_case(bench, _best_epoch)
    chart = _chart(case, number_of(bench, case), int(_best_epoch(case)))
    return Findings(rulings | {"number": _judge_integers(bench), "ties": ties}, (chart,))


def _judge_integers(bench: Bench[HistoryCase]) -> Ruling:
    """Every plain history gave an integer, not a float that is whole."""
    for case in plain_cases(bench):
        values = bench.record(case.name).values
        if values is not None and values.dtype.kind == "f":
            return fail(case, f"{float(values):.6g}, a float", _EXPECTED)
    return PASS


# ---------------------------------------------------------------- right answers, and those of known mistakes


def _best_epoch(case: HistoryCase) -> float:
    return 1 + int(np.nanargmin(case.curve("val_loss")))


_MISTAKES: dict[str, tuple[Answer, ...]] = {
    "epoch-off-by-one": (of_curves(np.argmin, "val_loss"),),
    "epoch-by-accuracy": tuple(
        of_curves(lambda curve, start=start: start + curve.argmax(), key)
        for key in ("val_accuracy", "accuracy")
        for start in (1, 0)
    ),
    "epoch-by-training-loss": (of_curves(lambda curve: 1 + curve.argmin(), "loss"),),
    "epoch-of-highest": (of_curves(lambda curve: 1 + curve.argmax(), "val_loss"),),
    "loss-not-epoch": (of_curves(np.min, "val_loss"),),
}


def _last_of_ties(case: HistoryCase, value: float) -> str | None:
    lowest = np.flatnonzero(case.curve("val_loss") == np.nanmin(case.curve("val_loss")))
    return "last-of-ties" if value == 1 + lowest[-1] else None


def _nan_epoch(case: HistoryCase, value: float) -> str | None:
    return "nan-wins" if value == 1 + np.flatnonzero(np.isnan(case.curve("val_loss")))[0] else None


def _chart(case: HistoryCase, theirs: float, right: int) -> Chart:
    """The validation loss, with the right epoch and the one that came back marked."""
    losses = case.curve("val_loss")
    told = f"{theirs:g}, as it should be" if theirs == right else f"{theirs:.4g}, but it should be {right}"
    unknown = np.flatnonzero(np.isnan(losses)) + 1
    gaps = f" It is NaN in epoch {', '.join(map(str, unknown))}." if unknown.size else ""
    return Chart(
        "best-epoch",
        f"Your best epoch: {told}",
        f"val_loss over {case.epochs} epochs; its lowest value, {np.nanmin(losses):.4g}, is first reached in epoch "
        f"{right}.{gaps} That epoch and the one that came back, {theirs:.4g}, are marked.",
        {"losses": losses, "theirs": np.array(theirs), "right": np.array(right)},
    )

"""Judge exercise layer: inverted dropout in training, the identity in evaluation."""

from autograder.judge.evidence import PASS, Bench, Findings, Ruling, blocked
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import MaskBench
from autograder.kits.masks.judge.rulings import went_wrong
from autograder.kits.masks.judge.scaling import INVERTED, UNSCALED, judge_training, with_evaluation


def rule(bench: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of a dropout layer."""
    masks = MaskBench.of(bench)
    return with_evaluation(masks, judge_training(masks, INVERTED), UNSCALED, _judge_script)


def _judge_script(bench: MaskBench) -> Ruling:
    """One layer is the identity before and after training, and still drops in training, at any shape."""
    case, x = bench.cases["script"], bench.cases["script"].x()
    before, train, after = (bench.values("script", part) for part in ("before", "train", "after"))
    record = next(
        (r for n, r in bench.observations.records.items() if n.split(".")[0] == "script" and r.problem), None
    )
    if record is not None:
        return went_wrong(bench, case, record)
    if before is None or train is None or after is None:
        return blocked("shape")
    for values, when in ((before, "before"), (after, "after")):
        if not (values == x).all():
            return Ruling(
                "fail",
                called=case.call,
                returned=f"something other than x in an evaluation {when} training",
                expected="x itself, whatever was called before",
            )
    usual = [bench.values(name) for name in ("units-low", "units-high")]
    drops = any(values is not None and (values == 0).any() for values in usual)
    if drops and not (train == 0).any(axis=(1, 2)).all():
        return Ruling(
            "fail",
            called=case.call,
            returned="nothing was dropped in a training call after an evaluation",
            expected="training calls that drop as before",
        )
    return PASS

"""The second half: decide every property from the observations, where the student's code cannot reach.

Nothing here calls the student's code, and nothing here imports `autograder.observe`.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograder.catalogue import Exercise, find
from autograder.exercises.backward.judge import judge_backward
from autograder.exercises.classifier.judge import judge_classifier
from autograder.exercises.cross_validation.judge import judge_cross_validation
from autograder.exercises.keras_layer.judge import judge_keras_layer
from autograder.exercises.mask.judge import judge_mask
from autograder.exercises.transfer.judge import judge_transfer
from autograder.judge.evidence import PASS, Bench, Ruling, blocked
from autograder.kits.histories.judge import judge_best_epoch, judge_gap
from autograder.kits.masks.cases import cases
from autograder.kits.masks.judge.scaling import judge_classic, judge_inverted, judge_layer
from autograder.misconceptions import MISCONCEPTIONS
from autograder.observations import Observations
from autograder.report import Chart, Report, Verdict, broken

_JUDGES: dict[str, Callable[[Bench], dict]] = {
    "mask": judge_mask,
    "inverted": judge_inverted,
    "classic": judge_classic,
    "layer": judge_layer,
    "backward": judge_backward,
    "keras_layer": judge_keras_layer,
    "cross_validation": judge_cross_validation,
    "gap": judge_gap,
    "best_epoch": judge_best_epoch,
    "classifier": judge_classifier,
    "transfer": judge_transfer,
}


def judge(
    exercise: str, observations: Observations, seed: int, again: bool = False, doubted: bool = False
) -> tuple[Report, bool]:
    """Decide every property of `exercise` from what was recorded.

    seed, again: those the observations were made with. doubted: whether fresh draws raised no alarm, so that
    one raised by these is chance and is passed over. Returns the report, and whether it contains a failure by
    statistics that the caller has to confirm.
    """
    subject = find(exercise)
    try:
        # Overflowing numbers are the student's affair, and a warning on stderr costs all points in stock nbgrader.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _judge(subject, Bench(subject, cases(exercise, seed, again), observations, doubted), seed, again)
    except Exception as error:  # a fault of the judge is never held against the student
        note = f"the grader itself failed ({type(error).__name__}); show this to your instructor, seed {seed}"
        return replace(broken(subject, seed, note), printed=observations.printed), False


def _judge(subject: Exercise, bench: Bench, seed: int, again: bool) -> tuple[Report, bool]:
    """As `judge`. May raise anything where a recording is not what an observer writes."""
    rulings = _JUDGES[subject.name](bench)
    charts = tuple(rulings.pop("charts", ()))
    missing = _missing(subject, rulings)
    verdicts = tuple(_verdict(p, rulings.get(p.slug, missing)) for p in subject.properties)
    statistical = any(r.status == "fail" and r.statistical for r in rulings.values())
    suspected = statistical and (again or not bench.budget.certain)
    own = tuple(chart for p in subject.properties for chart in rulings.get(p.slug, PASS).charts)
    report = Report(subject.name, verdicts, seed, _each_kind_once((*charts, *own)), bench.observations.printed)
    return report, suspected


def stands(report: Report, again: Report, alarmed: bool) -> bool:
    """Whether a suspicion of chance in a report stands, after `judge` has looked at fresh draws.

    again, alarmed: what it said of those. Code that does something else when it is asked again, so that nothing
    rests on chance any more, is not cleared by that: then something fails that did not fail before.
    """
    before = {v.property for v in report.verdicts if v.status == "pass"}
    return alarmed or any(v.status != "pass" and v.property in before for v in again.verdicts)


def _missing(subject: Exercise, rulings: dict[str, Ruling]) -> Ruling:
    """The ruling on properties that a judge could not even look at: something before them failed."""
    first = subject.properties[0].slug
    failed = next((p.slug for p in subject.properties if rulings.get(p.slug, PASS).status != "pass"), first)
    return blocked(failed)


def _verdict(p, ruling: Ruling) -> Verdict:
    known = MISCONCEPTIONS.get(ruling.misconception) if ruling.misconception else None
    return Verdict(
        property=p.slug,
        sentence=p.sentence,
        status=ruling.status,
        points=float(p.points) if ruling.status == "pass" else 0.0,
        max_points=float(p.points),
        called=ruling.called,
        returned=ruling.returned,
        expected=ruling.expected,
        misconception=ruling.misconception,
        hint=known.hint if known else "",
    )


def _each_kind_once(charts: tuple[Chart, ...]) -> tuple[Chart, ...]:
    return tuple({chart.kind: chart for chart in charts}.values())

"""The second half: decide every property from the observations, where the student's code cannot reach.

Nothing here calls the student's code, and nothing here imports `autograder.observe`.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from autograder import catalogue
from autograder.exercise import Exercise, Property
from autograder.judge.evidence import PASS, Bench, Ruling, Rulings, blocked
from autograder.observations import Observations
from autograder.report import Chart, Report, Verdict, broken


@dataclass(frozen=True)
class Decision:
    """What the judge says of recordings. suspected: whether the report holds a failure by statistics that a
    recording of fresh draws has to confirm.
    """

    report: Report
    suspected: bool = False


def decide(exercise: str, seed: int, recordings: list[Observations]) -> Decision:
    """Decide every property of an exercise from one recording, or from two where fresh draws had to confirm it.

    seed: that the observations were made with.
    """
    first, *fresh = recordings
    decision = judge(exercise, first, seed)
    if not decision.suspected or not fresh:
        return decision
    if _stands(decision.report, judge(exercise, fresh[0], seed, again=True)):
        return Decision(decision.report)
    return Decision(judge(exercise, first, seed, doubted=True).report)


def _stands(report: Report, again: Decision) -> bool:
    """Whether a suspicion of chance in a report is confirmed by a look at fresh draws.

    again: what was said of those. Code that does something else when it is asked again, so that nothing
    rests on chance any more, is not cleared by that: then something fails that did not fail before.
    """
    before = {v.property for v in report.verdicts if v.status == "pass"}
    return again.suspected or any(v.status != "pass" and v.property in before for v in again.report.verdicts)


def judge(
    exercise: str, observations: Observations, seed: int, again: bool = False, doubted: bool = False
) -> Decision:
    """Judge one recording.

    again: whether it is the one of fresh draws. doubted: whether fresh draws raised no alarm, so that one raised by
    these is chance and is passed over.
    """
    subject = catalogue.find(exercise)
    try:
        # Overflowing numbers are the student's affair, and a warning on stderr costs all points in stock nbgrader.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bench = Bench(subject, catalogue.cases(exercise, seed, again), observations, doubted)
            return _ruled(bench, seed, again)
    except Exception as error:  # a fault of the judge is never held against the student
        note = f"the grader itself failed ({type(error).__name__}); show this to your instructor, seed {seed}"
        return Decision(replace(broken(subject, seed, note), printed=observations.printed))


def _ruled(bench: Bench, seed: int, again: bool) -> Decision:
    """As `judge`. May raise anything where a recording is not what an observer writes."""
    subject = bench.exercise
    found = catalogue.part(subject.name, "judge").rule(bench)
    missing = _missing(subject, found.rulings)
    verdicts = tuple(_verdict(subject, p, found.rulings.get(p.slug, missing)) for p in subject.properties)
    statistical = any(r.status == "fail" and r.statistical for r in found.rulings.values())
    own = tuple(chart for p in subject.properties for chart in found.rulings.get(p.slug, PASS).charts)
    charts = _each_kind_once((*found.charts, *own))
    report = Report(subject.name, verdicts, seed, charts, bench.observations.printed)
    return Decision(report, statistical and (again or not bench.budget.certain))


def _missing(subject: Exercise, rulings: Rulings) -> Ruling:
    """The ruling on properties that a judge could not even look at: something before them failed."""
    first = subject.properties[0].slug
    failed = next((p.slug for p in subject.properties if rulings.get(p.slug, PASS).status != "pass"), first)
    return blocked(failed)


def _verdict(subject: Exercise, p: Property, ruling: Ruling) -> Verdict:
    """A ruling, with what belongs to its property and its misconception. Raises KeyError for an unknown one."""
    known = subject.mistakes[ruling.misconception] if ruling.misconception else None
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
        hint=known.hint if known else ruling.advice,
    )


def _each_kind_once(charts: tuple[Chart, ...]) -> tuple[Chart, ...]:
    return tuple({chart.kind: chart for chart in charts}.values())

"""Judge what applies a mask to x: what is dropped, how survivors are scaled, and what happens at test time."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from autograder.judge.evidence import PASS, Findings, Ruling, Rulings, blocked, first_failure, told_apart
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import Draws, MaskBench, close
from autograder.kits.masks.judge.chance import judge_chance, repeated_misconception
from autograder.kits.masks.judge.charts import evaluation_chart, mask_charts, scale_chart
from autograder.kits.masks.judge.rulings import (
    judge_dtype,
    judge_extreme,
    judge_invalid,
    judge_rng,
    judge_shape,
    judge_untouched,
    went_wrong,
)

#: A factor as a function of the rate: what survivors are multiplied by.
Factor = Callable[[float], float]

#: Wrong factors with a name, most specific first.
_FACTORS: tuple[tuple[str, Factor], ...] = (
    ("not-scaled", lambda rate: 1.0),
    ("scaled-by-rate", lambda rate: 1 / rate),
    ("scaled-down", lambda rate: 1 - rate),
    ("scaled-twice", lambda rate: (1 - rate) ** -2),
    ("hard-coded-rate", lambda rate: 2.0),  # right at rate 0.5
)


#: What survivors are multiplied by in training, in inverted dropout and in that of the paper (Srivastava et al.
#: 2014, section 4), and what everything is multiplied by at test time in the latter.
INVERTED: Factor = lambda rate: 1 / (1 - rate)  # noqa: E731
UNSCALED: Factor = lambda rate: 1.0  # noqa: E731
KEPT: Factor = lambda rate: 1 - rate  # noqa: E731

#: Property slugs of what cannot be judged when nothing was dropped.
_OF_MASKS = ("independent", "fresh", "rng", "rate-0", "rate-1")


def judge_training(
    bench: MaskBench,
    factor: Factor,
    judge_source: Callable[[MaskBench], Ruling] = judge_rng,
    name_repeated: Callable[[MaskBench], str | None] = repeated_misconception,
) -> Findings:
    """Rulings on what happens in training, where survivors are multiplied by `factor`.

    judge_source, name_repeated: how the exercise rules on its source of chance, and what it calls the mistake
    behind masks that repeat.
    """
    rulings = {"shape": judge_shape(bench)}
    if is_unwritten(rulings):
        return Findings(rulings)
    rulings["invalid-rate"] = judge_invalid(bench)
    if not bench.usable():
        return Findings(rulings)
    rulings["dtype"] = judge_dtype(bench)
    rulings["input-untouched"] = judge_untouched(bench)
    draws = recovered_masks(bench, bench.usable())
    if not any((~d.kept).any() for d in draws):
        return Findings(rulings | _nothing_dropped(bench, factor))
    chances = judge_chance(bench, draws, name_repeated)
    rulings["keep-rate"], rulings["independent"], rulings["fresh"] = (
        chances.rate,
        chances.independent,
        chances.fresh,
    )
    swapped = chances.rate.misconception == "keep-drop-swapped"
    some_kept = any(d.kept.any() for d in draws)
    rulings["scale"] = _judge_scale(bench, factor, swapped) if some_kept else blocked("keep-rate")
    varies = any(0 < d.share < 1 for d in draws)
    rulings["rng"] = judge_source(bench) if varies else blocked("keep-rate")
    zeros = ("zeros everywhere", np.array(0.0))
    for rate, (told, expected) in enumerate((("x itself", bench.cases["rate-0"].x()), zeros)):
        rulings[f"rate-{rate}"] = (
            judge_extreme(bench, rate, expected, told) if chances.rate.status == "pass" else blocked("keep-rate")
        )
        if rulings["shape"].status == "fail" and bench.values(f"rate-{rate}") is None:
            rulings[f"rate-{rate}"] = blocked("shape")  # it fails there in the same way
    return Findings(rulings, (*mask_charts(draws), *scale_chart(bench, factor)))


def is_unwritten(rulings: Rulings) -> bool:
    """Whether there is nothing yet to judge, so that all else waits."""
    return rulings["shape"].misconception in ("not-implemented", "not-callable")


def recovered_masks(bench: MaskBench, cases: list[MaskCase]) -> list[Draws]:
    """The masks of training cases: an entry is dropped where x is not 0 and the output is."""
    draws = []
    for case in cases:
        x, values = case.x(), bench.recorded(case.name)
        if not np.isfinite(values).all():
            continue
        kept = values != 0
        if case.zeros:
            # A zero tells nothing about its mask, so only the others are looked at, in a row.
            kept, x = kept[:, x != 0], x[x != 0]
        draws.append(Draws(case, kept, x))
    return draws


def _nothing_dropped(bench: MaskBench, factor: Factor) -> Rulings:
    """Rulings when no output is ever exactly zero: x, or something that is not a mask at all."""
    case = bench.cases["units-high"] if bench.values("units-high") is not None else bench.usable()[0]
    x, values = case.x(), bench.recorded(case.name)
    ratio = (values / x)[np.isfinite(values / x)]
    proportional = ratio.size == values.size and bool(close(ratio, np.full_like(ratio, ratio[0])).all())
    if proportional:
        rulings = {name: blocked("keep-rate") for name in _OF_MASKS}
        rulings["keep-rate"] = Ruling(
            "fail",
            called=case.call,
            returned="no entry was dropped in any call",
            expected=f"about {100 * case.rate:.0f}% of the entries dropped",
            misconception="never-drops",
            statistical=True,
            charts=scale_chart(bench, factor),
        )
        return rulings | {"scale": blocked("keep-rate")}
    rulings = {name: blocked("scale") for name in (*_OF_MASKS, "keep-rate")}
    return rulings | {"scale": _judge_scale(bench, factor, swapped=False)}


def _judge_scale(bench: MaskBench, factor: Factor, swapped: bool) -> Ruling:
    """Every output is exactly 0 or x times the factor."""
    for case in bench.usable():
        x, values = case.x(), bench.recorded(case.name)
        expected = np.broadcast_to((x.astype(np.float64) * factor(case.rate)).astype(x.dtype), values.shape)
        wrong = ~((values == 0) | close(values, expected))
        if not wrong.any():
            continue
        call, *place = _worst(values, expected, wrong)
        given, got, due = told_apart(x[tuple(place)], values[(call, *place)], expected[(call, *place)])
        name = _scale_misconception(bench, factor, swapped)
        return Ruling(
            "fail",
            called=case.call,
            returned=f"where x is {given}: {got} ({int(wrong.sum()):,} of {wrong.size:,} entries are wrong)",
            expected=f"0 or {due}",
            misconception=name,
            charts=scale_chart(bench, factor),
        )
    return PASS


def _worst(values: np.ndarray, expected: np.ndarray, wrong: np.ndarray) -> list[int]:
    """The position of the wrong entry that is furthest off, or of one that is not a number."""
    distance = np.where(wrong, np.nan_to_num(np.abs(values - expected), nan=np.inf, posinf=np.inf), -1.0)
    return [int(i) for i in np.unravel_index(np.argmax(distance), distance.shape)]


def _scale_misconception(bench: MaskBench, factor: Factor, swapped: bool) -> str | None:
    """The catalogued mistake that explains what all ordinary training calls did to survivors, or None."""
    usable = bench.usable()

    def everywhere(explains: Callable[[MaskCase, np.ndarray, np.ndarray], np.ndarray]) -> bool:
        return all(bool(np.all(explains(c, c.x(), bench.recorded(c.name)))) for c in usable)

    def times(wrong: Factor):
        return lambda c, x, v: (v == 0) | close(v, _like(v, x.astype(float) * wrong(c.rate)))

    if swapped and everywhere(times(lambda rate: 1 / rate)):
        return "keep-drop-swapped"
    if _are_equal(factor, UNSCALED) and everywhere(times(INVERTED)):
        return "inverted-not-classic"
    for name, wrong in _FACTORS:
        if not _are_equal(factor, wrong) and everywhere(times(wrong)):
            return name
    if everywhere(_is_mask):
        return "returns-mask"
    if everywhere(_is_additive):
        return "additive"
    if everywhere(_is_renormalised):
        return "renormalised"
    return None


def _like(values: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """`expected` in the dtype of `values`, and in its shape."""
    dtype = values.dtype if values.dtype.kind == "f" else np.float64
    return np.broadcast_to(expected.astype(dtype), values.shape)


def _is_mask(case: MaskCase, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    scaled = _like(values, np.array(1 / (1 - case.rate)))
    return (values == 0) | (values == 1) | close(values, scaled)


def _is_additive(case: MaskCase, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """x + (mask - 1), or the same with a scaled mask, or scaled afterwards; up to float32's cancellation."""
    keep = 1 - case.rate
    patterns = ((x, x - 1), (x + 1 / keep - 1, x - 1), (x / keep, (x - 1) / keep))

    def near(expected):
        return np.isclose(values, expected, rtol=1e-5, atol=1e-5)

    return np.array(any((near(up) | near(down)).all() for up, down in patterns))


def _is_renormalised(case: MaskCase, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Survivors divided by the fraction kept in the whole call, in their row or in their column."""
    if case.zeros:
        return np.array(True)  # the mask under a zero is unknown, and so is the fraction
    kept = values != 0
    candidates = [tuple(range(1, values.ndim)), *((axis,) for axis in range(1, values.ndim))]
    for axes in candidates:
        share = kept.mean(axis=axes, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.where(kept, x.astype(float) / share, 0)
        if np.allclose(values, expected, rtol=1e-5, atol=0):
            return np.array(True)
    return np.array(False)


def with_evaluation(
    bench: MaskBench,
    training: Findings,
    factor: Factor,
    judge_more: Callable[[MaskBench], Ruling] = lambda bench: PASS,
) -> Findings:
    """Add the ruling on evaluation to those on training, where flags that are reversed show in both.

    factor: what everything is multiplied by in evaluation. judge_more: what else the exercise asks for there; it is
    ruled on when that holds.
    """
    if is_unwritten(training.rulings):
        return training
    rulings, charts = training.rulings, training.charts
    ruling = first_failure(judge(bench) for judge in (partial(_judge_evaluation, factor=factor), judge_more))
    never_drops = rulings.get("keep-rate", PASS).misconception == "never-drops"
    if ruling.misconception == "drops-at-test" and never_drops:
        ruling = replace(ruling, misconception="flag-reversed")
        rulings = rulings | {"keep-rate": replace(rulings["keep-rate"], misconception="flag-reversed")}
    elif ruling.status == "pass" and rulings.get("scale", PASS).misconception == "inverted-not-classic":
        rulings = rulings | {"scale": replace(rulings["scale"], misconception="scaled-at-test")}
    elif ruling.status == "pass" and never_drops:
        ruling = blocked("keep-rate")  # a function that never drops is right at test time by accident
    usable = bench.usable("evaluation") + bench.usable("default")
    if usable:
        charts = (*charts, evaluation_chart(bench, usable[0], factor))
    return Findings(rulings | {"eval": ruling}, charts)


def _judge_evaluation(bench: MaskBench, factor: Factor) -> Ruling:
    """Outside training every output is x times the factor: where that is 1, exactly x, and nothing is drawn."""
    exact = _are_equal(factor, UNSCALED)
    judged: list[str] = []
    for name, case in bench.cases.items():
        values, record, x = bench.values(name), bench.record(name), case.x()
        if case.asks != "evaluation" or record.problem == "warmup":
            continue  # a training call that failed is another property's matter
        if case.rate == 1 and bench.record("rate-1").problem:
            continue  # what fails at rate 1 fails there, whatever is done afterwards
        if values is None:
            return went_wrong(bench, case, record)
        judged.append(name)
        expected = np.broadcast_to((x.astype(np.float64) * factor(case.rate)).astype(x.dtype), values.shape)
        right = values == expected if exact else (values == expected) | close(values, expected)
        if not right.all():
            call, *place = _worst(values, expected, ~right)
            given, got, due = told_apart(x[tuple(place)], values[(call, *place)], expected[(call, *place)])
            return Ruling(
                "fail",
                called=case.call,
                returned=f"where x is {given}: {got} ({int((~right).sum()):,} of {right.size:,} entries differ)",
                expected="x itself, everywhere" if exact else f"{due}, x times 1 - rate",
                misconception=_evaluation_misconception(bench, case, x, values, factor),
            )
        if exact and record.rng_moved:
            return Ruling(
                "fail",
                called=case.call,
                returned="x, but rng had advanced: numbers were drawn and thrown away",
                expected="x, and rng as it was before",
            )
    return PASS if judged else blocked("shape")


def _evaluation_misconception(
    bench: MaskBench, case: MaskCase, x: np.ndarray, values: np.ndarray, factor: Factor
) -> str | None:
    """The catalogued mistake that explains what came back outside training, or None."""
    if (values != 0).any() and ((values == 0) & (x != 0)).any() and 0 < case.rate < 1:
        return "training-by-default" if case.mode == "default" else "drops-at-test"
    if _are_equal(factor, KEPT):
        inverted = _scale_misconception(bench, UNSCALED, swapped=False) == "inverted-not-classic"
        if inverted and np.array_equal(values, np.broadcast_to(x, values.shape)):
            return "inverted-not-classic"
        if inverted:
            return "scaled-at-test"
        if not 0 < case.rate < 1:
            return None  # at rate 1 many factors are alike
        ratio = values[:, x != 0] / x[x != 0]
        factors = (("not-scaled", 1.0), ("scaled-by-rate", case.rate), ("hard-coded-rate", 0.5))
        return next((name for name, wrong in factors if close(ratio, np.full_like(ratio, wrong)).all()), None)
    if 0 < case.rate < 1:
        ratio = values[:, x != 0] / x[x != 0]
        if close(ratio, np.full_like(ratio, KEPT(case.rate))).all():
            unscaled = _scale_misconception(bench, INVERTED, swapped=False) == "not-scaled"
            return None if unscaled else "scaled-at-test"  # else it is the paper's form, right in itself
        if close(ratio, np.full_like(ratio, INVERTED(case.rate))).all():
            return "scaled-at-test"
    return None


def _are_equal(one: Factor, other: Factor) -> bool:
    """Whether two factors are the same, as far as one rate can tell those in this module apart."""
    return one(0.3) == other(0.3)

"""Judge the exercises that apply a mask to x: inverted, classic and layer."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograder.judge.evidence import PASS, Bench, Draws, Ruling, blocked, told_apart
from autograder.kits.masks.cases import Case
from autograder.kits.masks.judge import rulings as shared
from autograder.kits.masks.judge.chance import judge_chance
from autograder.kits.masks.judge.charts import evaluation_chart, mask_charts, scale_chart
from autograder.report import Chart

#: A factor as a function of the rate: what survivors are multiplied by.
Factor = Callable[[float], float]

#: Wrong factors with a name, most specific first.
_FACTORS: tuple[tuple[str, Factor], ...] = (
    ("not-scaled", lambda rate: 1.0),
    ("scaled-by-rate", lambda rate: 1 / rate),
    ("scaled-down", lambda rate: 1 - rate),
    ("scaled-twice", lambda rate: (1 - rate) ** -2),
)


def judge_inverted(bench: Bench) -> dict[str, Ruling]:
    """Rulings on inverted dropout, which scales survivors by 1/(1 - rate)."""
    return judge_training(bench, lambda rate: 1 / (1 - rate))


def judge_classic(bench: Bench) -> dict[str, Ruling]:
    """Rulings on classic dropout (Srivastava et al. 2014, section 4): unscaled, then x(1 - rate) at test."""
    rulings = judge_training(bench, lambda rate: 1.0)
    return with_evaluation(bench, rulings, lambda rate: 1 - rate)


def judge_layer(bench: Bench) -> dict[str, Ruling]:
    """Rulings on an inverted dropout layer that is the identity in evaluation."""
    rulings = judge_training(bench, lambda rate: 1 / (1 - rate))
    return with_evaluation(bench, rulings, lambda rate: 1.0)


def judge_training(
    bench: Bench,
    factor: Factor,
    judge_rng: Callable[[Bench], Ruling] = shared.judge_rng,
    name_repeated: Callable[[Bench], str | None] | None = None,
) -> dict:
    """Rulings on what happens in training, where survivors are multiplied by `factor`.

    judge_rng, name_repeated: how the exercise rules on its source of chance, and on masks that repeat.
    """
    usable = bench.usable()
    rulings = {"shape": shared.judge_shape(bench)}
    if rulings["shape"].misconception in ("not-implemented", "not-callable"):
        return rulings
    rulings["invalid-rate"] = shared.judge_invalid(bench)
    if not usable:
        return rulings
    rulings["dtype"] = shared.judge_dtype(bench)
    rulings["input-untouched"] = shared.judge_untouched(bench)
    draws = masks(bench, bench.usable())
    if not any((~d.kept).any() for d in draws):
        return rulings | _nothing_dropped(bench, factor)
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
    rulings["rng"] = judge_rng(bench) if varies else blocked("keep-rate")
    zeros = ("zeros everywhere", np.array(0.0))
    for rate, (told, expected) in enumerate((("x itself", bench.cases["rate-0"].x()), zeros)):
        rulings[f"rate-{rate}"] = (
            shared.judge_extreme(bench, rate, expected, told)
            if chances.rate.status == "pass"
            else blocked("keep-rate")
        )
        if rulings["shape"].status == "fail" and bench.values(f"rate-{rate}") is None:
            rulings[f"rate-{rate}"] = blocked("shape")  # it fails there in the same way
    charts = (*mask_charts(draws), *scale_chart(bench, factor))
    return rulings | {"charts": charts}


def masks(bench: Bench, cases: list[Case]) -> list[Draws]:
    """The masks of training cases: an entry is dropped where x is not 0 and the output is."""
    draws = []
    for case in cases:
        x, values = case.x(), bench.values(case.name)
        if not np.isfinite(values).all():
            continue
        kept = values != 0
        if case.zeros:
            # A zero tells nothing about its mask, so only the others are looked at, in a row.
            kept, x = kept[:, x != 0], x[x != 0]
        draws.append(Draws(case, kept, x))
    return draws


def _nothing_dropped(bench: Bench, factor: Factor) -> dict[str, Ruling]:
    """Rulings when no output is ever exactly zero: x, or something that is no mask at all."""
    case = bench.cases["units-high"] if bench.values("units-high") is not None else bench.usable()[0]
    x, values = case.x(), bench.values(case.name)
    ratio = (values / x)[np.isfinite(values / x)]
    proportional = ratio.size == values.size and bool(shared.close(ratio, np.full_like(ratio, ratio[0])).all())
    others = ("independent", "fresh", "rng", "rate-0", "rate-1")
    if proportional:
        rulings = {name: blocked("keep-rate") for name in others}
        rulings["keep-rate"] = Ruling(
            "fail",
            called=bench.call(case),
            returned="no entry was dropped in any call",
            expected=f"about {100 * case.rate:.0f}% of the entries dropped",
            misconception="never-drops",
            statistical=True,
            charts=scale_chart(bench, factor),
        )
        return rulings | {"scale": blocked("keep-rate")}
    rulings = {name: blocked("scale") for name in (*others, "keep-rate")}
    return rulings | {"scale": _judge_scale(bench, factor, swapped=False)}


def _judge_scale(bench: Bench, factor: Factor, swapped: bool) -> Ruling:
    """Every output is exactly 0 or x times the factor."""
    for case in bench.usable():
        x, values = case.x(), bench.values(case.name)
        expected = np.broadcast_to((x.astype(np.float64) * factor(case.rate)).astype(x.dtype), values.shape)
        wrong = ~((values == 0) | shared.close(values, expected))
        if not wrong.any():
            continue
        call, *place = _worst(values, expected, wrong)
        given, got, due = told_apart(x[tuple(place)], values[(call, *place)], expected[(call, *place)])
        name = _scale_misconception(bench, factor, swapped)
        return Ruling(
            "fail",
            called=bench.call(case),
            returned=f"where x is {given}: {got} ({int(wrong.sum()):,} of {wrong.size:,} entries are wrong)",
            expected=f"0 or {due}",
            misconception=name,
            charts=scale_chart(bench, factor),
        )
    return PASS


def _worst(values: np.ndarray, expected: np.ndarray, wrong: np.ndarray) -> list[int]:
    """The position of the wrong entry that is furthest off, or of one that is no number."""
    distance = np.where(wrong, np.nan_to_num(np.abs(values - expected), nan=np.inf, posinf=np.inf), -1.0)
    return [int(i) for i in np.unravel_index(np.argmax(distance), distance.shape)]


def _scale_misconception(bench: Bench, factor: Factor, swapped: bool) -> str | None:
    """The catalogued mistake that explains what all ordinary training calls did to survivors, or None."""
    usable = bench.usable()

    def everywhere(explains: Callable[[Case, np.ndarray, np.ndarray], np.ndarray]) -> bool:
        return all(bool(np.all(explains(c, c.x(), bench.values(c.name)))) for c in usable)

    def times(wrong: Factor):
        return lambda c, x, v: (v == 0) | shared.close(v, _like(v, x.astype(float) * wrong(c.rate)))

    if swapped and everywhere(times(lambda rate: 1 / rate)):
        return "keep-drop-swapped"
    if bench.exercise.name == "classic" and everywhere(times(lambda rate: 1 / (1 - rate))):
        return "inverted-not-classic"
    for name, wrong in _FACTORS:
        if factor(0.3) != wrong(0.3) and everywhere(times(wrong)):
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


def _is_mask(case: Case, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    scaled = _like(values, np.array(1 / (1 - case.rate)))
    return (values == 0) | (values == 1) | shared.close(values, scaled)


def _is_additive(case: Case, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """x + (mask - 1), or the same with a scaled mask, or scaled afterwards; up to float32's cancellation."""
    keep = 1 - case.rate
    patterns = ((x, x - 1), (x + 1 / keep - 1, x - 1), (x / keep, (x - 1) / keep))

    def near(expected):
        return np.isclose(values, expected, rtol=1e-5, atol=1e-5)

    return np.array(any((near(up) | near(down)).all() for up, down in patterns))


def _is_renormalised(case: Case, x: np.ndarray, values: np.ndarray) -> np.ndarray:
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


def with_evaluation(bench: Bench, rulings: dict, factor: Factor) -> dict:
    """Add the ruling on evaluation to those on training, where flags that are reversed show in both."""
    usable = bench.usable("evaluation") + bench.usable("default")
    if rulings["shape"].misconception in ("not-implemented", "not-callable"):
        return rulings
    ruling = _judge_evaluation(bench, factor)
    if ruling.misconception == "drops-at-test" and rulings.get("keep-rate", PASS).misconception == "never-drops":
        ruling = replace(ruling, misconception="flag-reversed")
        rulings = rulings | {"keep-rate": replace(rulings["keep-rate"], misconception="flag-reversed")}
    elif ruling.status == "pass" and rulings.get("scale", PASS).misconception == "inverted-not-classic":
        rulings = rulings | {"scale": replace(rulings["scale"], misconception="scaled-at-test")}
    elif ruling.status == "pass" and rulings.get("keep-rate", PASS).misconception == "never-drops":
        ruling = blocked("keep-rate")  # a function that never drops is right at test time by accident
    charts: tuple[Chart, ...] = rulings.get("charts", ())
    if usable:
        charts = (*charts, evaluation_chart(bench, usable[0], factor))
    return rulings | {"eval": ruling, "charts": charts}


def _judge_evaluation(bench: Bench, factor: Factor) -> Ruling:
    exact = bench.exercise.name != "classic"
    judged: list[str] = []
    for name, case in bench.cases.items():
        if not name.startswith(("eval-", "default")) or "invalid" in name:
            continue
        values, record, x = bench.values(name), bench.record(name), case.x()
        if record.problem == "warmup":
            continue  # a training call failed, which is another property's matter
        if values is None:
            return shared.trouble(bench, case, record)
        judged.append(name)
        expected = np.broadcast_to((x.astype(np.float64) * factor(case.rate)).astype(x.dtype), values.shape)
        right = values == expected if exact else (values == expected) | shared.close(values, expected)
        if not right.all():
            call, *place = _worst(values, expected, ~right)
            given, got, due = told_apart(x[tuple(place)], values[(call, *place)], expected[(call, *place)])
            return Ruling(
                "fail",
                called=bench.call(case),
                returned=f"where x is {given}: {got} ({int((~right).sum()):,} of {right.size:,} entries differ)",
                expected="x itself, everywhere" if exact else f"{due}, x times 1 - rate",
                misconception=_evaluation_misconception(bench, case, x, values, factor),
            )
        if exact and record.rng_moved:
            return Ruling(
                "fail",
                called=bench.call(case),
                returned="x, but rng had advanced: numbers were drawn and thrown away",
                expected="x, and rng as it was before",
            )
    if not judged:
        return blocked("shape")
    return _judge_script(bench) if "script" in bench.cases else PASS


def _judge_script(bench: Bench) -> Ruling:
    """One layer is the identity before and after training, and still drops in training, at any shape."""
    case, x = bench.cases["script"], bench.cases["script"].x()
    parts = [bench.values("script", part) for part in ("before", "train", "after")]
    record = next(
        (r for n, r in bench.observations.records.items() if n.split(".")[0] == "script" and r.problem), None
    )
    if record is not None:
        return shared.trouble(bench, case, record)
    if any(part is None for part in parts):
        return blocked("shape")
    before, train, after = parts
    for values, when in ((before, "before"), (after, "after")):
        if not (values == x).all():
            return Ruling(
                "fail",
                called=bench.call(case),
                returned=f"something else than x in an evaluation {when} training",
                expected="x itself, whatever was called before",
            )
    usual = [bench.values(name) for name in ("units-low", "units-high")]
    drops = any(values is not None and (values == 0).any() for values in usual)
    if drops and not (train == 0).any(axis=(1, 2)).all():
        return Ruling(
            "fail",
            called=bench.call(case),
            returned="nothing was dropped in a training call after an evaluation",
            expected="training calls that drop as before",
        )
    return PASS


def _evaluation_misconception(
    bench: Bench, case: Case, x: np.ndarray, values: np.ndarray, factor: Factor
) -> str | None:
    if (values != 0).any() and ((values == 0) & (x != 0)).any() and 0 < case.rate < 1:
        return "training-by-default" if case.mode == "default" else "drops-at-test"
    if bench.exercise.name == "classic":
        inverted = _scale_misconception(bench, lambda rate: 1.0, swapped=False) == "inverted-not-classic"
        if inverted and np.array_equal(values, np.broadcast_to(x, values.shape)):
            return "inverted-not-classic"
        if inverted:
            return "scaled-at-test"
    if bench.exercise.name != "classic" and 0 < case.rate < 1:
        ratio = values[:, x != 0] / x[x != 0]
        if shared.close(ratio, np.full_like(ratio, 1 - case.rate)).all():
            unscaled = _scale_misconception(bench, lambda rate: 1 / (1 - rate), swapped=False) == "not-scaled"
            return None if unscaled else "scaled-at-test"  # else it is the paper's form, right in itself
        if shared.close(ratio, np.full_like(ratio, 1 / (1 - case.rate))).all():
            return "scaled-at-test"
    return None

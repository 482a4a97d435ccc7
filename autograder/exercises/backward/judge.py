"""Judge exercise backward: the forward pass as inverted dropout, and its gradient.

Dropout multiplies each entry by 0 or by a constant. So wherever x is not 0 the forward pass itself shows the
slope, out / x, and the gradient of exactly that pass is grad_out · out / x. Where x is 0 the slope cannot be
seen from one pass: there the gradient must be one of two values, each as often as units are kept.
"""

import numpy as np

from autograder.judge.evidence import PASS, Bench, Findings, Ruling, blocked
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import MaskBench, close
from autograder.kits.masks.judge.rulings import went_wrong
from autograder.kits.masks.judge.scaling import INVERTED, is_unwritten, judge_training
from autograder.report import Chart


def rule(examination: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of a forward and a backward pass."""
    bench = MaskBench.of(examination)
    forward = judge_training(bench, INVERTED)
    rulings, charts = forward.rulings, forward.charts
    if is_unwritten(rulings):
        return forward
    trouble = _first_trouble(bench)
    if trouble is not None:
        if rulings["shape"].status == "pass":
            rulings["shape"] = trouble
        return Findings(rulings | {"gradient": blocked("shape")}, charts)
    if rulings.get("dtype", PASS).status == "pass":
        rulings["dtype"] = _judge_gradient_dtype(bench)
    scale = rulings.get("scale", PASS)
    if rulings.get("keep-rate", PASS).misconception == "never-drops":
        rulings["gradient"] = blocked("keep-rate")
    elif scale.status == "blocked" or (scale.status == "fail" and not _is_proportional(bench)):
        rulings["gradient"] = blocked("scale")
    else:
        rulings["gradient"] = _judge_gradient(bench)
    if rulings["gradient"].status == "pass":
        for rate in (0, 1):
            if rulings.get(f"rate-{rate}", PASS).status == "pass":
                rulings[f"rate-{rate}"] = _judge_extreme(bench, rate)
    return Findings(rulings, (*charts, *_gradient_chart(bench)))


def _gradient_cases(bench: MaskBench) -> list[MaskCase]:
    return [case for case in bench.cases.values() if case.asks == "gradient"]


def _ordinary(bench: MaskBench) -> list[MaskCase]:
    return [case for case in _gradient_cases(bench) if 0 < case.rate < 1]


def _first_trouble(bench: MaskBench) -> Ruling | None:
    """The ruling on the first backward pass that did not return an array of the right shape, if any."""
    for case in _ordinary(bench):
        for name in (case.name, f"{case.name}.out", f"{case.name}.grad"):
            record = bench.record(name)
            if record.problem and record.problem != "missing":
                return went_wrong(bench, case, record)
        if bench.values(case.name, "grad") is None or bench.values(case.name, "out") is None:
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
    return None


def _judge_gradient_dtype(bench: MaskBench) -> Ruling:
    for case in _ordinary(bench):
        got = bench.recorded(case.name, "grad").dtype
        if got != np.dtype(case.dtype):
            return Ruling(
                "fail",
                called=case.call,
                returned=f"a gradient of {got}",
                expected=f"a gradient of {case.dtype}",
                misconception="dtype-changed",
            )
    return PASS


def _is_proportional(bench: MaskBench) -> bool:
    """Whether the forward pass multiplies what it keeps by one number, be it the right one or not."""
    for case in _ordinary(bench):
        slopes = _slopes(bench, case)
        kept = slopes[slopes != 0]
        if not np.isfinite(kept).all() or (kept.size and np.ptp(kept) > 1e-4 * abs(kept[0])):
            return False
    return True


def _slopes(bench: MaskBench, case: MaskCase) -> np.ndarray:
    """out / x of the recorded forward passes at the entries where x is not 0: (calls, entries)."""
    x, out = case.x(), bench.recorded(case.name, "out")
    return out[:, x != 0].astype(np.float64) / x[x != 0]


def _judge_gradient(bench: MaskBench) -> Ruling:
    """Every gradient is that of its own forward pass, also where x is exactly 0."""
    for case in _ordinary(bench):
        x, grad, grad_out = case.x(), bench.recorded(case.name, "grad"), case.grad_out()
        seen = x != 0
        expected = _slopes(bench, case) * grad_out[seen]
        got = grad[:, seen]
        wrong = ~((got == expected) | close(got, expected.astype(case.dtype)))
        if wrong.any():
            call, entry = (int(i) for i in np.argwhere(wrong)[0])
            slope = _slopes(bench, case)[call, entry]
            fate = "dropped x" if slope == 0 else f"multiplied x by {slope:.4g}"
            return Ruling(
                "fail",
                called=case.call,
                returned=f"where the forward pass {fate} and grad_out is {grad_out[seen][entry]:.4g}: "
                f"{got[call, entry]:.4g} ({int(wrong.sum()):,} of {wrong.size:,} entries are wrong)",
                expected=f"{expected[call, entry]:.4g}",
                misconception=_gradient_misconception(bench),
            )
    return _judge_at_zeros(bench)


def _judge_at_zeros(bench: MaskBench) -> Ruling:
    """Where x is 0 the gradient is 0 or the scaled grad_out, the latter as often as units are kept."""
    for case in _ordinary(bench):
        x, grad = case.x(), bench.recorded(case.name, "grad").astype(np.float64)
        hidden = x == 0
        slopes = grad[:, hidden] / case.grad_out()[hidden]
        visible = _slopes(bench, case)
        factor = float(visible[visible != 0][0]) if (visible != 0).any() else 1 / (1 - case.rate)
        share = float((visible != 0).mean())
        kept = ~(slopes == 0)
        odd = kept & ~np.isclose(slopes, factor, rtol=1e-5, atol=0)
        if odd.any():
            return Ruling(
                "fail",
                called=case.call,
                returned=f"where x is exactly 0, grad_out was multiplied by {slopes[odd][0]:.4g}",
                expected=f"0 or {factor:.4g}",
            )
        if kept.size < 100 or not 0 < share < 1:
            continue
        keep = 1 - case.rate if abs(share - (1 - case.rate)) < 0.1 else share
        finding = None if bench.doubted else bench.budget.family(int(kept.sum()), kept.size, keep)
        if finding:
            return Ruling(
                "fail",
                called=case.call,
                returned="where x is exactly 0, the gradient got through "
                f"in {finding.count} of {kept.size} entries",
                expected=f"in {finding.band.low} to {finding.band.high} of them, as often as units are kept",
                misconception="backward-from-zeros" if finding.count == 0 else None,
                statistical=True,
            )
    return PASS


def _gradient_misconception(bench: MaskBench) -> str | None:
    """The catalogued mistake that explains the gradients of all cases, or None."""
    evidence = []
    for case in _ordinary(bench):
        seen = case.x() != 0
        multiplier = bench.recorded(case.name, "grad")[:, seen].astype(np.float64) / case.grad_out()[seen]
        evidence.append((case, multiplier, _slopes(bench, case)))

    def everywhere(expected) -> bool:
        return all(np.allclose(m, expected(case, s), rtol=1e-5, atol=1e-7) for case, m, s in evidence)

    if everywhere(lambda case, s: np.ones_like(s)) or everywhere(
        lambda case, s: np.full_like(s, 1 / (1 - case.rate))
    ):
        return "backward-unmasked"
    if everywhere(lambda case, s: s != 0):
        return "backward-unscaled"
    if everywhere(lambda case, s: s / (1 - case.rate)):
        return "backward-scaled-twice"
    if everywhere(lambda case, s: s == 0) or everywhere(lambda case, s: (s == 0) / (1 - case.rate)):
        return "backward-complement"
    if everywhere(lambda case, s: 1 - s):
        return "backward-complement"
    masked = all(
        (np.isclose(m, 0) | _one_value(m[~np.isclose(m, 0)])).all() and np.isclose(m, 0).any()
        for _, m, _ in evidence
    )
    # Where the zeros are those of the forward pass, the mask is its own, and only the factor is wrong.
    other = any((np.isclose(m, 0) != (s == 0)).any() for _, m, s in evidence)
    return "backward-new-mask" if masked and other else None


def _one_value(kept: np.ndarray) -> bool:
    """Whether a gradient multiplies all that it passes on by the same number."""
    return kept.size > 0 and bool(np.isclose(kept, kept.ravel()[0], rtol=1e-5).all())


def _judge_extreme(bench: MaskBench, rate: int) -> Ruling:
    """Backward at rate 0 hands grad_out on, at rate 1 gives zeros."""
    for case in _gradient_cases(bench):
        if case.rate != rate:
            continue
        for name in (case.name, f"{case.name}.grad"):
            if bench.record(name).problem not in ("", "missing"):
                return went_wrong(bench, case, bench.record(name))
        grad = bench.values(case.name, "grad")
        if grad is None:
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
        expected = case.grad_out() * (1 - rate)
        if not np.isfinite(grad).all():
            return Ruling(
                "fail",
                called=case.call,
                returned="NaN or infinity in the gradient",
                expected="zeros everywhere" if rate else "grad_out itself",
                misconception="nan-at-rate-1" if rate else None,
            )
        if not np.isclose(grad, expected, rtol=1e-6, atol=0).all():
            return Ruling(
                "fail",
                called=case.call,
                returned="a gradient with different values",
                expected="zeros everywhere" if rate else "grad_out itself",
            )
    return PASS


def _gradient_chart(bench: MaskBench) -> tuple[Chart, ...]:
    """What the backward pass returned beside the numeric gradient of the same forward pass."""
    case = next((c for c in _ordinary(bench) if c.mode == "backward"), None)
    slope = bench.values(case.name, "slope") if case else None
    if case is None or slope is None or not np.isfinite(slope).all():
        return ()
    numeric = (slope[0] * case.grad_out()).ravel().astype(float)
    returned = bench.recorded(case.name, "grad")[0].ravel().astype(float)
    right = np.isclose(returned, numeric, rtol=1e-3, atol=1e-3)
    off = int((~right).sum())
    told = f"{off} of {right.size} entries differ" if off else "all entries agree"
    return (
        Chart(
            "gradient",
            f"Gradient beside numeric gradient: {told}",
            "Entries of the returned gradient against the numeric gradient of the same forward pass, which was "
            f"repeated with x moved slightly up and down. They should lie on the diagonal; {told}.",
            {"x": numeric, "y": returned, "right": right, "slope": np.array(1.0), "zero": np.array(False)},
        ),
    )

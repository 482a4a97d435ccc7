"""Judge exercise mask."""

import numpy as np

from autograder.judge.evidence import PASS, Bench, Findings, Ruling, blocked
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import Draws, MaskBench, close
from autograder.kits.masks.judge.chance import judge_chance
from autograder.kits.masks.judge.charts import mask_charts
from autograder.kits.masks.judge.rulings import judge_extreme, judge_invalid, judge_rng, judge_shape
from autograder.kits.masks.judge.scaling import is_unwritten


def rule(examination: Bench[MaskCase]) -> Findings:
    """Rulings on all properties of a bare mask."""
    bench = MaskBench.of(examination)
    usable = bench.usable()
    rulings = {"shape": judge_shape(bench)}
    if is_unwritten(rulings) or not usable:
        return Findings(rulings)
    rulings["invalid-rate"] = judge_invalid(bench)
    rulings["values"] = _judge_values(bench)
    draws = [Draws(case, bench.recorded(case.name) != 0) for case in usable if _two_valued(bench, case.name)]
    if not draws:
        return Findings(rulings)
    chances = judge_chance(bench, draws)
    rulings["keep-rate"], rulings["independent"], rulings["fresh"] = (
        chances.rate,
        chances.independent,
        chances.fresh,
    )
    varies = any(0 < d.share < 1 for d in draws)
    rulings["rng"] = judge_rng(bench) if varies else blocked("keep-rate")
    for rate, told in ((0, "ones everywhere"), (1, "zeros everywhere")):
        rulings[f"rate-{rate}"] = (
            judge_extreme(bench, rate, 1.0 - rate, told) if chances.rate.status == "pass" else blocked("keep-rate")
        )
    return Findings(rulings, mask_charts(draws))


def _two_valued(bench: MaskBench, name: str) -> bool:
    """Whether a mask can be read off: zeros, and at most one other finite value per call."""
    values = bench.recorded(name)
    flat = values.reshape(len(values), -1)
    largest = np.where(flat != 0, flat, -np.inf).max(axis=1, keepdims=True)
    return bool((np.isfinite(flat) & ((flat == 0) | (flat == largest))).all())


def _judge_values(bench: MaskBench) -> Ruling:
    for case in bench.usable():
        values = bench.recorded(case.name)
        odd = values[(values != 0) & (values != 1)]
        if not odd.size:
            continue
        scaled = all(
            close(v[v != 0], np.full(int((v != 0).sum()), 1 / (1 - c.rate))).all()
            for c in bench.usable()
            if (v := bench.values(c.name)) is not None
        )
        return Ruling(
            "fail",
            called=case.call,
            returned=f"{odd.size} of {values.size} entries are neither 0 nor 1, for example {odd[0]:.4g}",
            expected="only 0 and 1",
            misconception="mask-already-scaled" if scaled else None,
        )
    return PASS

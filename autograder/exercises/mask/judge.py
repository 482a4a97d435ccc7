"""Judge exercise mask."""

import numpy as np

from autograder.kits.masks.judge import rulings as shared
from autograder.kits.masks.judge.chance import judge_chance
from autograder.judge.evidence import PASS, Bench, Draws, Ruling, blocked
from autograder.kits.masks.judge.charts import mask_charts


def judge_mask(bench: Bench) -> dict[str, Ruling]:
    """Rulings on all properties of a bare mask."""
    usable = bench.usable()
    rulings = {"shape": shared.judge_shape(bench)}
    if rulings["shape"].misconception in ("not-implemented", "not-callable") or not usable:
        return rulings
    rulings["invalid-rate"] = shared.judge_invalid(bench)
    rulings["values"] = _judge_values(bench)
    draws = [Draws(case, bench.values(case.name) != 0) for case in usable if _two_valued(bench, case.name)]
    if not draws:
        return rulings
    chances = judge_chance(bench, draws)
    rulings["keep-rate"], rulings["independent"], rulings["fresh"] = (
        chances.rate,
        chances.independent,
        chances.fresh,
    )
    varies = any(0 < d.share < 1 for d in draws)
    rulings["rng"] = shared.judge_rng(bench) if varies else blocked("keep-rate")
    for rate, told in ((0, "ones everywhere"), (1, "zeros everywhere")):
        rulings[f"rate-{rate}"] = (
            shared.judge_extreme(bench, rate, 1.0 - rate, told)
            if chances.rate.status == "pass"
            else blocked("keep-rate")
        )
    return rulings | {"charts": mask_charts(draws)}


def _two_valued(bench: Bench, name: str) -> bool:
    """Whether a mask can be read off: zeros, and at most one other finite value per call."""
    values = bench.values(name)
    flat = values.reshape(len(values), -1)
    largest = np.where(flat != 0, flat, -np.inf).max(axis=1, keepdims=True)
    return bool((np.isfinite(flat) & ((flat == 0) | (flat == largest))).all())


def _judge_values(bench: Bench) -> Ruling:
    for case in bench.usable():
        values = bench.values(case.name)
        odd = values[(values != 0) & (values != 1)]
        if not odd.size:
            continue
        scaled = all(
            shared.close(v[v != 0], np.full(int((v != 0).sum()), 1 / (1 - c.rate))).all()
            for c in bench.usable()
            if (v := bench.values(c.name)) is not None
        )
        return Ruling(
            "fail",
            called=bench.call(case),
            returned=f"{odd.size} of {values.size} entries are neither 0 nor 1, for example {odd[0]:.4g}",
            expected="only 0 and 1",
            misconception="mask-already-scaled" if scaled else None,
        )
    return PASS

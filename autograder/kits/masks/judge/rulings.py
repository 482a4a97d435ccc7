"""Rulings on the properties that every exercise has which draws masks."""

from dataclasses import replace

import numpy as np

from autograder.judge.advice import advice
from autograder.judge.evidence import PASS, Ruling, blocked
from autograder.judge.words import in_words, not_callable, raised, with_article
from autograder.kits.masks.cases import MaskCase
from autograder.kits.masks.judge.bench import TIGHT, MaskBench
from autograder.kits.masks.judge.chance import all_or_nothing
from autograder.observations import Record


def judge_shape(bench: MaskBench) -> Ruling:
    """Every ordinary call returned an array of the right shape, and none raised."""
    for name, case in bench.cases.items():
        record = bench.record(name)
        if is_ordinary(case) and record.problem:
            ruling = went_wrong(bench, case, record)
            fixed = record.problem == "raised" and not ruling.misconception and _fails_by_axes(bench)
            return replace(ruling, misconception="wrong-shape") if fixed else ruling
        if case.mode == "training" and not record.problem and bench.values(name) is None:
            return Ruling("error", returned=f"the recording of case {name!r} is damaged")
    return PASS


def _fails_by_axes(bench: MaskBench) -> bool:
    """Whether ordinary calls raise for some numbers of axes, and always, and for two axes never."""
    raised_at, fine_at = (
        {len(case.shape) for name, case in bench.cases.items() if is_ordinary(case) and kind(bench.record(name))}
        for kind in (lambda record: record.problem, lambda record: not record.problem)
    )
    return 2 in fine_at and not raised_at & fine_at


def is_ordinary(case: MaskCase) -> bool:
    """Whether a case asks for a plain result in training."""
    return case.mode == "training" and 0 < case.rate < 1


def went_wrong(bench: MaskBench, case: MaskCase, record: Record) -> Ruling:
    """The ruling on a call that did not return an array of the right shape."""
    if record.problem == "not-callable":
        return not_callable(bench, record)
    first = next(iter(bench.observations.records.values()), record)
    own = {
        "not-a-class": (f"{with_article(record.problem_type)}, not a class: hand over the class itself", None),
        "not-an-array": (f"{with_article(record.problem_type)}, not an array", "not-an-array"),
        "wrong-shape": (f"an array of shape {record.problem_text}", "wrong-shape"),
        "bad-dtype": (f"an array of {record.problem_type}", None),
        "not-a-pair": (f"{with_article(record.problem_type)}, not a pair of an output and a cache", None),
        "warmup": ("nothing: a training call before it failed", None),
        "known-batch": (raised(record), "batch-size-fixed"),
    }
    told, name = in_words(record, first, own)
    if record.problem == "not-an-array" and record.problem_type in (
        "generator",
        "function",
        "coroutine",
        "MaskedArray",
    ):
        name = None
    return Ruling(
        "fail",
        called=case.one_call,
        returned=told,
        expected=f"a {case.returns} of shape {case.shape}",
        misconception=name,
        advice=advice(record, bench.exercise.signature),
    )


def judge_dtype(bench: MaskBench) -> Ruling:
    """Outputs have the dtype of their inputs, in training and out of it, at ordinary rates and at 0 and 1."""
    for name, case in bench.cases.items():
        values = bench.values(name)
        if values is None or case.mode not in ("training", "evaluation", "default"):
            continue
        if values.dtype != np.dtype(case.dtype):
            return Ruling(
                "fail",
                called=case.call,
                returned=f"an array of {values.dtype}",
                expected=f"an array of {case.dtype}",
                misconception="dtype-changed",
            )
    return PASS


def judge_untouched(bench: MaskBench) -> Ruling:
    """No call changed the input array."""
    for name, record in bench.observations.records.items():
        if record.input_changed and name.partition(".")[0] in bench.cases:
            return Ruling(
                "fail",
                called=bench.cases[name.partition(".")[0]].call,
                returned="the call changed an array that was handed over",
                expected="the array as it was before",
                misconception="mutates-input",
            )
    return PASS


def judge_rng(bench: MaskBench) -> Ruling:
    """The same generator state gives the same result, another one another result."""
    first, again, other = (bench.values(name) for name in ("repeat", "repeat-same", "repeat-other"))
    if first is None or again is None or other is None:
        return blocked("shape")
    usable = bench.usable()
    global_moved = [case for case in usable if bench.record(case.name).global_moved]
    # A shuffle of one unit needs no random number, nor does dropping none of a few; so only other masks count.
    drawn = [case for case in usable if np.prod(case.shape) > 8 and (bench.recorded(case.name) == 0).any()]
    records = {case.name: bench.record(case.name) for case in drawn}
    unmoved = [case for case in drawn if not (records[case.name].rng_moved or records[case.name].rng_spawned)]
    unrepeated = [case for case in usable if not bench.record(case.name).repeats]
    if not np.array_equal(first, again, equal_nan=True):
        unrepeated.insert(0, bench.cases["repeat"])
    if unrepeated:
        return Ruling(
            "fail",
            called=f"{unrepeated[0].call}, and once more from the same generator state",
            returned="two different results",
            expected="the same result, whatever was called or drawn before",
            misconception="ignores-rng" if global_moved or unmoved else None,
        )
    if np.array_equal(first == 0, other == 0) and not all_or_nothing(first != 0):
        return Ruling(
            "fail",
            called=f"{bench.cases['repeat'].call}, and once more with another generator",
            returned="the same mask from two different generators",
            expected="a different mask from a different generator",
            misconception="mask-reused" if len(unmoved) < len(drawn) else _own_source(first),
        )
    if unmoved:
        return Ruling(
            "fail",
            called=unmoved[0].call,
            returned="a mask, but the generator that was handed over was not used",
            expected="numbers drawn from the generator that was handed over",
        )
    if global_moved:
        return Ruling(
            "fail",
            called=global_moved[0].call,
            returned="NumPy's or Python's global random state was used or seeded",
            expected="the global state as it was",
        )
    return PASS


def _own_source(values: np.ndarray) -> str:
    """What it is called to draw from a generator of one's own: anew in every call, or from one that goes on."""
    return "seed-inside" if ((values == 0) == (values[:1] == 0)).all() else "ignores-rng"


def judge_extreme(bench: MaskBench, rate: int, expected: np.ndarray | float, told: str) -> Ruling:
    """Rate 0 or 1 in training gives `expected`, which broadcasts to the output. told: that in words."""
    name = f"rate-{rate}"
    case, record, values = bench.cases[name], bench.record(name), bench.values(name)
    if values is None:
        return went_wrong(bench, case, record)
    if not np.isfinite(values).all():
        return Ruling(
            "fail",
            called=case.call,
            returned="NaN or infinity",
            expected=told,
            misconception="nan-at-rate-1" if rate == 1 else None,
        )
    wrong = ~np.isclose(values, expected, rtol=TIGHT, atol=0)
    if wrong.any():
        return Ruling(
            "fail",
            called=case.call,
            returned=f"{int(wrong.sum())} of {wrong.size} entries are something else",
            expected=told,
        )
    return PASS


def judge_invalid(bench: MaskBench) -> Ruling:
    """Rates outside 0 to 1 raise ValueError, while others do not."""
    if not bench.usable():
        return blocked("shape")  # whoever always raises has not checked anything
    for name, case in bench.cases.items():
        record = bench.record(name)
        if case.asks != "invalid-rate" or (record.problem == "raised" and record.value_error):
            continue
        if record.problem in ("interrupted", "missing"):
            return blocked("shape")
        told = {"raised": raised(record), "late": f"a layer, and only its first call gave {raised(record)}"}
        return Ruling(
            "fail",
            called=case.call,
            returned=told.get(record.problem, "no exception"),
            expected="ValueError, because a rate is a probability",
            misconception="no-rate-check",
        )
    return PASS

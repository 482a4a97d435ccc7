"""Rulings on the properties that every NumPy exercise has."""

import numpy as np

from autograder.judge.evidence import PASS, Bench, Ruling, blocked
from autograder.kits.masks.cases import Case
from autograder.kits.masks.judge.chance import all_or_nothing
from autograder.observations import Record


def judge_shape(bench: Bench) -> Ruling:
    """Every ordinary call returned an array of the right shape, and none raised."""
    for name, case in bench.cases.items():
        record = bench.record(name)
        if is_ordinary(name, case) and record.problem:
            return trouble(bench, case, record)
        if case.mode == "training" and not record.problem and bench.values(name) is None:
            return Ruling("error", returned=f"the recording of case {name!r} is damaged")
    return PASS


def is_ordinary(name: str, case: Case) -> bool:
    """Whether a case asks for a plain result in training."""
    return case.mode == "training" and 0 < case.rate < 1 and not name.startswith("invalid")


def trouble(bench: Bench, case: Case, record: Record) -> Ruling:
    """The ruling on a call that did not return an array of the right shape."""
    wanted = bench.exercise
    if record.problem == "not-callable":
        return not_callable(bench, record)
    first = next(iter(bench.observations.records.values()), record)
    own = {
        "not-a-class": (f"{record.problem_type}, which is no class: hand over the class itself", None),
        "not-an-array": (f"a {record.problem_type}, not an array", "not-an-array"),
        "wrong-shape": (f"an array of shape {record.problem_text}", "wrong-shape"),
        "bad-dtype": (f"an array of {record.problem_type}", None),
        "not-a-pair": (f"a {record.problem_type}, not a pair of an output and a cache", None),
        "warmup": ("nothing: a training call before it failed", None),
    }
    told, name = in_words(record, first, own)
    if record.problem == "not-an-array" and record.problem_type in ("generator", "function"):
        name = None
    return Ruling(
        "fail",
        called=bench.call(case).removesuffix(f", {case.calls} times"),
        returned=told,
        expected=f"a {'tensor' if wanted.name == 'keras_layer' else 'NumPy array'} of shape {case.shape}",
        misconception=name,
    )


def not_callable(bench: Bench, record: Record) -> Ruling:
    """The ruling on something that cannot be called."""
    wanted = bench.exercise
    return Ruling(
        "fail",
        returned=f"{wanted.title}: this is {record.problem_type}",
        expected=f"a {wanted.kind} that is called as {wanted.signature}",
        misconception="not-callable",
    )


def in_words(record: Record, first: Record, own: dict[str, tuple[str, str | None]]) -> tuple[str, str | None]:
    """What a call that went wrong gave, in words, and the mistake behind it or None.

    first: the record that shows whether this is a stub. own: the exercise's own problems by their slug.
    """
    known = own | {
        # A stub returns None from the start; later on, a branch has lost its return.
        "none": ("None", "not-implemented" if first.problem == "none" else None),
        "raised": (raised(record), "not-implemented" if is_stub(record) else None),
        "interrupted": ("nothing: the check was interrupted", None),
    }
    return known.get(record.problem, ("nothing: the call was not made", None))


def raised(record: Record) -> str:
    """An exception in words."""
    text = f": {record.problem_text}" if record.problem_text else ""
    return f"the exception {record.problem_type}{text}"


def is_stub(record: Record) -> bool:
    """Whether an exception is that of a stub."""
    return record.problem_type == "NotImplementedError"


def judge_dtype(bench: Bench) -> Ruling:
    """Outputs have the dtype of their inputs, in training and out of it, at ordinary rates and at 0 and 1."""
    for name, case in bench.cases.items():
        values = bench.values(name)
        if values is None or case.mode not in ("training", "evaluation", "default"):
            continue
        if values.dtype != np.dtype(case.dtype):
            return Ruling(
                "fail",
                called=bench.call(case),
                returned=f"an array of {values.dtype}",
                expected=f"an array of {case.dtype}",
                misconception="dtype-changed",
            )
    return PASS


def judge_untouched(bench: Bench) -> Ruling:
    """No call changed the input array."""
    for name, record in bench.observations.records.items():
        if record.input_changed and name.partition(".")[0] in bench.cases:
            return Ruling(
                "fail",
                called=bench.call(bench.cases[name.partition(".")[0]]),
                returned="an array that was handed over had other values after the call",
                expected="the array as it was before",
                misconception="mutates-input",
            )
    return PASS


def judge_rng(bench: Bench) -> Ruling:
    """The same generator state gives the same result, another one another result."""
    first, again, other = (bench.values(name) for name in ("repeat", "repeat-same", "repeat-other"))
    if first is None or again is None or other is None:
        return blocked("shape")
    usable = bench.usable()
    shared = [case for case in usable if bench.record(case.name).global_moved]
    # A shuffle of one unit needs no random number, so only larger masks count.
    drawn = [case for case in usable if np.prod(case.shape) > 8]
    unmoved = [case for case in drawn if not bench.record(case.name).rng_moved]
    unrepeated = [case for case in usable if not bench.record(case.name).repeats]
    if not np.array_equal(first, again, equal_nan=True):
        unrepeated.insert(0, bench.cases["repeat"])
    if unrepeated:
        return Ruling(
            "fail",
            called=f"{bench.call(unrepeated[0])}, and once more from the same generator state",
            returned="two different results",
            expected="the same result: neither earlier calls nor other random numbers may matter",
            misconception="ignores-rng" if shared or unmoved else None,
        )
    if np.array_equal(first == 0, other == 0) and not all_or_nothing(first != 0):
        return Ruling(
            "fail",
            called=f"{bench.call(bench.cases['repeat'])}, and once more with another generator",
            returned="the same mask from two different generators",
            expected="another mask from another generator",
            misconception="mask-reused" if len(unmoved) < len(drawn) else "seed-inside",
        )
    if unmoved:
        return Ruling(
            "fail",
            called=bench.call(unmoved[0]),
            returned="a mask, and the generator handed over had not been used",
            expected="numbers drawn from the generator handed over",
        )
    if shared:
        return Ruling(
            "fail",
            called=bench.call(shared[0]),
            returned="NumPy's or Python's global random state was used or seeded",
            expected="the global state as it was",
        )
    return PASS


def judge_extreme(bench: Bench, rate: int, expected: np.ndarray | float, told: str) -> Ruling:
    """Rate 0 or 1 in training gives `expected`, which broadcasts to the output. told: that in words."""
    name = f"rate-{rate}"
    case, record, values = bench.cases[name], bench.record(name), bench.values(name)
    if values is None:
        return trouble(bench, case, record)
    if not np.isfinite(values).all():
        return Ruling(
            "fail",
            called=bench.call(case),
            returned="NaN or infinity",
            expected=told,
            misconception="nan-at-rate-1" if rate == 1 else None,
        )
    wrong = ~np.isclose(values, expected, rtol=_TIGHT, atol=0)
    if wrong.any():
        return Ruling(
            "fail",
            called=bench.call(case),
            returned=f"{int(wrong.sum())} of {wrong.size} entries are something else",
            expected=told,
        )
    return PASS


#: Room for the rounding of a few float32 operations in whatever order, and for nothing more.
_TIGHT = 16 * float(np.finfo(np.float32).eps)


def close(values: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Where two arrays agree up to the rounding of a few operations in float32.

    Also for float64, because a factor that was rounded to float32 on the way is no mistake of dropout's; and
    in the coarser float16 where either array is of that type.
    """
    half = any(a.dtype == np.float16 for a in (values, expected))
    return np.isclose(values, expected, rtol=16 * float(np.finfo(np.float16).eps) if half else _TIGHT, atol=0)


def judge_invalid(bench: Bench) -> Ruling:
    """Rates outside 0 to 1 raise ValueError, while others do not."""
    if not bench.usable():
        return blocked("shape")  # whoever always raises has not checked anything
    for name, case in bench.cases.items():
        record = bench.record(name)
        if "invalid-" not in name or (record.problem == "raised" and record.value_error):
            continue
        if record.problem in ("interrupted", "missing"):
            return blocked("shape")
        returned = raised(record) if record.problem == "raised" else "no exception"
        return Ruling(
            "fail",
            called=bench.call(case),
            returned=returned,
            expected="ValueError, because a rate is a probability",
            misconception="no-rate-check",
        )
    return PASS

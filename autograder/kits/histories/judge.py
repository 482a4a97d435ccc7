"""Judge exercises gap and best_epoch: one number per history, beside the right one and those of known mistakes."""

from collections.abc import Callable

import numpy as np

from autograder.judge.evidence import PASS, Bench, Ruling, blocked, told_apart
from autograder.kits.histories.cases import HistoryCase
from autograder.kits.masks.judge.charts import best_epoch_chart, gap_chart
from autograder.kits.masks.judge.rulings import in_words, not_callable, raised
from autograder.observations import Record

#: What one number is of a history.
Answer = Callable[[HistoryCase], float]

#: The keys that an exercise reads.
_WANTED = {"gap": ("accuracy", "val_accuracy"), "best_epoch": ("val_loss",)}

#: Why a history has to be refused with ValueError, as a report says it.
_REFUSED = {"no-epoch": "the lists are empty", "all-nan": "val_loss is NaN in every epoch"}

#: How far a gap may be off: the rounding of float32, and nothing that could be taken for another epoch.
_TOLERANCE = 1e-6

#: Words an exception's text has at least when it is more than the key that a dictionary's lookup names.
_SENTENCE = 3


def judge_gap(bench: Bench) -> dict:
    """Rulings on all properties of a generalization gap."""
    rulings = _judge_numbers(bench, _gap, "gap", _GAP_MISTAKES)
    if rulings["number"].status != "pass":
        return rulings
    shown = _shown(bench, _gap)
    return rulings | {"charts": [gap_chart(shown, float(bench.record(shown.name).values))]}


def judge_best_epoch(bench: Bench) -> dict:
    """Rulings on all properties of a best epoch."""
    rulings = _judge_numbers(bench, _best_epoch, "best-epoch", _EPOCH_MISTAKES)
    whole = _judge_integers(bench)
    if rulings["number"].status != "pass":
        return rulings
    right = rulings["best-epoch"].status == "pass"
    rulings["ties"] = _judge_group(bench, "ties", _best_epoch, _last_of_ties) if right else blocked("best-epoch")
    shown = _shown(bench, _best_epoch)
    chart = best_epoch_chart(shown, float(bench.record(shown.name).values), int(_best_epoch(shown)))
    return rulings | {"number": whole, "charts": [chart]}


def _judge_numbers(bench: Bench, answer: Answer, slug: str, mistakes: dict[str, tuple[Answer, ...]]) -> dict:
    """Rulings on what both exercises ask for. slug: of the property that the answer itself is judged by."""
    number = _judge_number(bench)
    if number.status != "pass":
        return {"number": number}
    rulings = {
        "number": number,
        slug: _judge_plain(bench, answer, mistakes),
        "missing-key": _judge_missing_key(bench),
        "bad-input": _judge_no_epoch(bench),
        "input-untouched": _judge_untouched(bench),
    }
    right = rulings[slug].status == "pass"
    rulings["arrays"] = _judge_arrays(bench, answer if right else None)
    name_nan = _nan_epoch if answer is _best_epoch else None
    for group, name in (("one-epoch", None), ("nan", name_nan)):
        rulings[group] = _judge_group(bench, group, answer, name) if right else blocked(slug)
    return rulings


# ---------------------------------------------------------------- right answers, and those of known mistakes


def _gap(case: HistoryCase) -> float:
    return float(case.curve("accuracy")[-1] - case.curve("val_accuracy")[-1])


def _best_epoch(case: HistoryCase) -> float:
    return 1 + int(np.nanargmin(case.curve("val_loss")))


def _of(combine: Callable[..., float], *keys: str) -> Answer:
    """The answer that `combine` makes of these curves."""
    return lambda case: float(combine(*(case.curve(key) for key in keys)))


_BOTH = ("accuracy", "val_accuracy")
_GAP_MISTAKES: dict[str, tuple[Answer, ...]] = {
    "gap-reversed": (_of(lambda a, v: v[-1] - a[-1], *_BOTH),),
    "gap-absolute": (_of(lambda a, v: abs(a[-1] - v[-1]), *_BOTH),),
    "gap-in-percent": (_of(lambda a, v: 100 * (a[-1] - v[-1]), *_BOTH),),
    "gap-of-best": (
        _of(lambda a, v: a.max() - v.max(), *_BOTH),
        _of(lambda a, v: a[-1] - v.max(), *_BOTH),
        _of(lambda a, v: a.max() - v[-1], *_BOTH),
        _of(lambda a, v: a[v.argmax()] - v.max(), *_BOTH),
        _of(lambda a, v: (a - v).max(), *_BOTH),
        _of(lambda a, v, w: a[w.argmin()] - v[w.argmin()], *_BOTH, "val_loss"),
    ),
    "gap-of-means": (_of(lambda a, v: a.mean() - v.mean(), *_BOTH),),
    "gap-of-first": (_of(lambda a, v: a[0] - v[0], *_BOTH),),
    "gap-of-losses": (
        _of(lambda a, v: a[-1] - v[-1], "loss", "val_loss"),
        _of(lambda a, v: v[-1] - a[-1], "loss", "val_loss"),
    ),
}
_EPOCH_MISTAKES: dict[str, tuple[Answer, ...]] = {
    "epoch-off-by-one": (_of(np.argmin, "val_loss"),),
    "epoch-by-accuracy": tuple(
        _of(lambda curve, start=start: start + curve.argmax(), key)
        for key in ("val_accuracy", "accuracy")
        for start in (1, 0)
    ),
    "epoch-by-training-loss": (_of(lambda curve: 1 + curve.argmin(), "loss"),),
    "epoch-of-highest": (_of(lambda curve: 1 + curve.argmax(), "val_loss"),),
    "loss-not-epoch": (_of(np.min, "val_loss"),),
}


def _last_of_ties(case: HistoryCase, value: float) -> str | None:
    lowest = np.flatnonzero(case.curve("val_loss") == np.nanmin(case.curve("val_loss")))
    return "last-of-ties" if value == 1 + lowest[-1] else None


def _nan_epoch(case: HistoryCase, value: float) -> str | None:
    return "nan-wins" if value == 1 + np.flatnonzero(np.isnan(case.curve("val_loss")))[0] else None


# ---------------------------------------------------------------- single properties


def _judge_number(bench: Bench) -> Ruling:
    """Every plain history, of lists, gave a number."""
    first = next(iter(bench.observations.records.values()), Record())
    for case in _group(bench, ""):
        record = bench.record(case.name)
        if record.problem:
            return _trouble(bench, case, record, first)
        if record.values is None or record.values.ndim or record.values.dtype.kind not in "iuf":
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
    return PASS


def _judge_integers(bench: Bench) -> Ruling:
    """Every plain history gave an integer, not a float that is whole."""
    number = _judge_number(bench)
    if number.status != "pass":
        return number
    for case in _group(bench, ""):
        values = bench.record(case.name).values
        if values.dtype.kind == "f":
            return _fail(bench, case, f"{float(values):.6g}, a float", "an integer")
    return PASS


def _judge_plain(bench: Bench, answer: Answer, mistakes: dict[str, tuple[Answer, ...]]) -> Ruling:
    """Every plain history gave the right number; a mistake has a name when it explains every one of them."""
    plain = _group(bench, "")
    values = np.array([float(bench.record(case.name).values) for case in plain])
    if not any(_wrong(answer, case, value) for case, value in zip(plain, values, strict=True)):
        return PASS
    name = None
    for slug, candidates in mistakes.items():
        for candidate in candidates:
            # The tolerance is relative, because of percentages; no two candidates come near to it.
            if np.allclose(values, [candidate(case) for case in plain], rtol=1e-5, atol=_TOLERANCE):
                name = name or slug
    case, value = next(
        (case, value) for case, value in zip(plain, values, strict=True) if _wrong(answer, case, value)
    )
    return _fail_number(bench, case, answer, value, name)


def _judge_group(
    bench: Bench, group: str, answer: Answer, name: Callable[[HistoryCase, float], str | None] | None
) -> Ruling:
    """All histories of one kind gave the right number. name: which mistake a wrong one shows, if all show it."""
    arrays = _judge_arrays(bench, answer).status == "pass"
    wrong: list[tuple[HistoryCase, float]] = []
    for case in _group(bench, group):
        if case.form == "array" and not arrays:
            continue  # that has been paid for
        record = bench.record(case.name)
        if record.problem or record.values is None:
            return _trouble(bench, case, record, Record())
        if _wrong(answer, case, float(record.values)):
            wrong.append((case, float(record.values)))
    if not wrong:
        return PASS
    names = {name(case, value) if name else None for case, value in wrong}
    return _fail_number(bench, wrong[0][0], answer, wrong[0][1], names.pop() if len(names) == 1 else None)


def _judge_arrays(bench: Bench, answer: Answer | None) -> Ruling:
    """Columns that are arrays give what lists give. answer: None if lists do not give the right number either."""
    case = bench.cases["long"]
    record = bench.record(case.name)
    if record.problem or record.values is None:
        return _trouble(bench, case, record, Record())
    value = float(record.values)
    return _fail_number(bench, case, answer, value, None) if answer and _wrong(answer, case, value) else PASS


def _judge_missing_key(bench: Bench) -> Ruling:
    """A missing key raises KeyError with more than the key's name."""
    for case in _spoiled(bench, "no-key"):
        record = bench.record(case.name)
        if record.problem in ("interrupted", "missing"):
            return blocked("number")
        if record.problem == "raised" and record.key_error and len(record.problem_text.split()) >= _SENTENCE:
            continue
        bare = ", which says no more than the lookup itself" if record.key_error else ""
        return _fail(
            bench,
            case,
            _exception(record) + bare,
            "KeyError with a sentence of yours that says which key is missing",
            "no-key-check",
        )
    return PASS


def _judge_no_epoch(bench: Bench) -> Ruling:
    """A history without an epoch that counts raises ValueError."""
    for case in (*_spoiled(bench, "no-epoch"), *_spoiled(bench, "all-nan")):
        record = bench.record(case.name)
        if record.problem in ("interrupted", "missing"):
            return blocked("number")
        if not (record.problem == "raised" and record.value_error):
            expected = f"ValueError, because {_REFUSED[_spoiled_by(bench, case)]}"
            return _fail(bench, case, _exception(record), expected, "no-epoch-check")
    return PASS


def _judge_untouched(bench: Bench) -> Ruling:
    """No call changed the dictionary or what is in it."""
    for case in bench.cases.values():
        if bench.record(case.name).input_changed:
            told = "the dictionary or one of its columns was another after the call"
            return _fail(bench, case, told, "history as it was before", "mutates-input")
    return PASS


# ---------------------------------------------------------------- cases and words

#: Histories that ask for nothing but the answer are those of no group.
_GROUPS = ("one-epoch", "nan", "ties")


def _group(bench: Bench, group: str) -> list[HistoryCase]:
    """The cases of one group that have an answer; of none, "", those with lists only."""
    found = _spoiled(bench, "")
    if group:
        return [case for case in found if case.name.startswith(group)]
    return [case for case in found if not case.name.startswith(_GROUPS) and case.form != "array"]


def _spoiled(bench: Bench, kind: str) -> list[HistoryCase]:
    """The cases with which this is wrong; "" for those that have an answer."""
    return [case for case in bench.cases.values() if _spoiled_by(bench, case) == kind]


def _spoiled_by(bench: Bench, case: HistoryCase) -> str:
    """What is wrong with a history: "no-key" or a key of _REFUSED; "" for one that has an answer."""
    wanted = _WANTED[bench.exercise.name]
    if any(key not in dict(case.columns) for key in wanted):
        return "no-key"
    if not case.epochs:
        return "no-epoch"
    return "all-nan" if wanted == ("val_loss",) and np.isnan(case.curve("val_loss")).all() else ""


def _wrong(answer: Answer, case: HistoryCase, value: float) -> bool:
    return not np.isclose(value, answer(case), rtol=0, atol=_TOLERANCE, equal_nan=True)


def _shown(bench: Bench, answer: Answer) -> HistoryCase:
    """The history that is drawn: the first with a wrong number, else the first."""
    given = [c for c in _spoiled(bench, "") if bench.record(c.name).values is not None]
    wrong = [case for case in given if _wrong(answer, case, float(bench.record(case.name).values))]
    # One epoch is no curve.
    return min(wrong or given, key=lambda case: case.epochs == 1)


def _call(bench: Bench, case: HistoryCase) -> str:
    """How the student's code was called, and with what."""
    keys = [key for key in ("accuracy", "val_accuracy") if bench.exercise.name == "gap"] or ["val_loss"]
    present = dict(case.columns)
    told = [f"{key} {_numbers(case.curve(key), key == 'val_loss')}" for key in keys if key in present]
    absent = [f"no {key}" for key in keys if key not in present]
    form = {"array": ", as arrays", "numpy32": ", as NumPy float32s", "numpy": ", as NumPy floats"}.get(
        case.form, ""
    )
    epochs = f"{case.epochs} epoch{'s' * (case.epochs != 1)}"
    return f"{bench.exercise.objects[0]}(history), {epochs}: {', '.join(told + absent)}{form}"


def _numbers(values: np.ndarray, whole: bool) -> str:
    """A curve as text: its end, or all of it as far as there is room."""
    if not values.size:
        return "[]"
    texts = [f"{value:.5g}" for value in values]
    if values.size == 1:
        return f"[{texts[0]}]"
    return f"[{', '.join(texts if values.size <= 20 else ['…', *texts[-19:]])}]" if whole else f"[…, {texts[-1]}]"


def _exception(record: Record) -> str:
    """What came back where an exception is due."""
    if record.problem == "raised":
        return raised(record)
    if record.problem or record.values is None:
        return f"no exception, but {_RETURNED.get(record.problem, 'nothing')}"
    return f"no exception, but {float(record.values):.6g}"


_RETURNED = {"none": "None", "not-a-number": "something that is no number"}


def _trouble(bench: Bench, case: HistoryCase, record: Record, first: Record) -> Ruling:
    """The ruling on a call that did not return a number. first: the record that shows whether this is a stub."""
    if record.problem == "not-callable":
        return not_callable(bench, record)
    own = {
        "not-a-number": (f"a {record.problem_type}", None),
    }
    told, name = in_words(record, first, own)
    return _fail(bench, case, told, "an integer" if bench.exercise.name == "best_epoch" else "a number", name)


def _fail_number(bench: Bench, case: HistoryCase, answer: Answer, value: float, name: str | None) -> Ruling:
    theirs, right = told_apart(value, answer(case))
    return _fail(bench, case, theirs, right, name)


def _fail(bench: Bench, case: HistoryCase, returned: str, expected: str, name: str | None = None) -> Ruling:
    return Ruling("fail", _call(bench, case), returned, expected, name)

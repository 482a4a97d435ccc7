"""Judge one number for each history, beside the right one and those of known mistakes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from autograder.judge.advice import advice
from autograder.judge.evidence import PASS, Bench, Ruling, Rulings, blocked, told_apart
from autograder.judge.words import in_words, not_callable, raised, with_article
from autograder.kits.histories.cases import HistoryCase
from autograder.observations import Record

#: One examination of an exercise on histories.
HistoryBench = Bench[HistoryCase]

#: What one number is of a history.
Answer = Callable[[HistoryCase], float]

#: What names the mistake that a wrong number for one history shows, None if none does.
Name = Callable[[HistoryCase, float], str | None]

#: What is special in some histories that have an answer, as `HistoryCase.asks` says it.
Special = Literal["one-epoch", "ties", "nan"]

#: Why a history has to be refused with ValueError, as a report says it.
_REFUSED = {"no-epoch": "the lists are empty", "all-nan": "val_loss is NaN in every epoch"}

#: How far a number may be off: the rounding of float32, and nothing that could be taken for another epoch.
_TOLERANCE = 1e-6

#: Words an exception's text has at least when it is more than the key that a dictionary's lookup names.
_SENTENCE = 3


def judge_numbers(
    bench: HistoryBench,
    answer: Answer,
    slug: str,
    mistakes: Mapping[str, tuple[Answer, ...]],
    expected: str = "a number",
    name_nan: Name | None = None,
) -> Rulings:
    """Rulings on what every function of a history is asked for.

    answer: the right one. slug: of the property that it is judged by. mistakes: the answers of known ones.
    expected: what has to come back, in words. name_nan: names the mistake that NaN in one epoch shows.
    """
    number = _judge_number(bench, expected)
    if number.status != "pass":
        return {"number": number}
    rulings: Rulings = {
        "number": number,
        slug: _judge_plain(bench, answer, mistakes),
        "missing-key": _judge_missing_key(bench),
        "bad-input": _judge_no_epoch(bench),
        "input-untouched": _judge_untouched(bench),
    }
    right = rulings[slug].status == "pass"
    rulings["arrays"] = _judge_arrays(bench, answer if right else None, expected)
    specials: tuple[tuple[Special, Name | None], ...] = (("one-epoch", None), ("nan", name_nan))
    for asks, name in specials:
        rulings[asks] = judge_special(bench, asks, answer, name, expected) if right else blocked(slug)
    return rulings


# ---------------------------------------------------------------- single properties


def _judge_number(bench: HistoryBench, expected: str) -> Ruling:
    """Every plain history, of lists, gave a number."""
    first = next(iter(bench.observations.records.values()), Record())
    for case in plain_cases(bench):
        record = bench.record(case.name)
        if record.problem:
            return _went_wrong(bench, case, record, first, expected)
        if record.values is None or record.values.ndim or record.values.dtype.kind not in "iuf":
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
    return PASS


def _judge_plain(bench: HistoryBench, answer: Answer, mistakes: Mapping[str, tuple[Answer, ...]]) -> Ruling:
    """Every plain history gave the right number; a mistake has a name when it explains every one of them."""
    cases = plain_cases(bench)
    values = np.array([number_of(bench, case) for case in cases])
    if not any(_is_wrong(answer, case, value) for case, value in zip(cases, values, strict=True)):
        return PASS
    name = None
    for slug, candidates in mistakes.items():
        for candidate in candidates:
            # The tolerance is relative, because of percentages; no two candidates come near to it.
            if np.allclose(values, [candidate(case) for case in cases], rtol=1e-5, atol=_TOLERANCE):
                name = name or slug
    case, value = next(
        (case, value) for case, value in zip(cases, values, strict=True) if _is_wrong(answer, case, value)
    )
    return _fail_number(case, answer, value, name)


def judge_special(
    bench: HistoryBench,
    asks: Special,
    answer: Answer,
    name: Name | None,
    expected: str = "a number",
) -> Ruling:
    """All histories with one special thing gave the right number. name: the mistake, if all wrong ones show it."""
    arrays = _judge_arrays(bench, answer, expected).status == "pass"
    wrong: list[tuple[HistoryCase, float]] = []
    for case in bench.cases.values():
        if case.asks != asks or (case.form == "array" and not arrays):
            continue  # what is wrong with arrays has been paid for
        record = bench.record(case.name)
        if record.problem or record.values is None:
            return _went_wrong(bench, case, record, Record(), expected)
        if _is_wrong(answer, case, float(record.values)):
            wrong.append((case, float(record.values)))
    if not wrong:
        return PASS
    names = {name(case, value) if name else None for case, value in wrong}
    return _fail_number(wrong[0][0], answer, wrong[0][1], names.pop() if len(names) == 1 else None)


def _judge_arrays(bench: HistoryBench, answer: Answer | None, expected: str) -> Ruling:
    """Columns that are arrays give what lists give. answer: None if lists do not give the right number either."""
    case = bench.cases["long"]
    record = bench.record(case.name)
    if record.problem or record.values is None:
        return _went_wrong(bench, case, record, Record(), expected)
    value = float(record.values)
    return _fail_number(case, answer, value, None) if answer and _is_wrong(answer, case, value) else PASS


def _judge_missing_key(bench: HistoryBench) -> Ruling:
    """A missing key raises KeyError with more than the key's name."""
    for case in _refused(bench, "no-key"):
        record = bench.record(case.name)
        if record.problem in ("interrupted", "missing"):
            return blocked("number")
        if record.problem == "raised" and record.key_error and len(record.problem_text.split()) >= _SENTENCE:
            continue
        bare = ", which says no more than the lookup itself" if record.key_error else ""
        return fail(
            case,
            _exception(record) + bare,
            "KeyError with a sentence that says which key is missing",
            "no-key-check",
        )
    return PASS


def _judge_no_epoch(bench: HistoryBench) -> Ruling:
    """A history without an epoch that counts raises ValueError."""
    for case in _refused(bench, *_REFUSED):
        record = bench.record(case.name)
        if record.problem in ("interrupted", "missing"):
            return blocked("number")
        if not (record.problem == "raised" and record.value_error):
            expected = f"ValueError, because {_REFUSED[case.asks]}"
            return fail(case, _exception(record), expected, "no-epoch-check")
    return PASS


def _judge_untouched(bench: HistoryBench) -> Ruling:
    """No call changed the dictionary or what is in it."""
    for case in bench.cases.values():
        if bench.record(case.name).input_changed:
            told = "the call changed the dictionary or one of its columns"
            return fail(case, told, "history as it was before", "mutates-input")
    return PASS


# ---------------------------------------------------------------- cases and words


def plain_cases(bench: HistoryBench) -> list[HistoryCase]:
    """The histories that ask for nothing but the answer, with lists."""
    return [case for case in bench.cases.values() if case.asks == "answer" and case.form != "array"]


def _refused(bench: HistoryBench, *asks: str) -> list[HistoryCase]:
    """The histories without an answer, of these kinds, one kind after the other."""
    return [case for kind in asks for case in bench.cases.values() if case.asks == kind]


def number_of(bench: HistoryBench, case: HistoryCase) -> float:
    """The number that came back for a history. Raises LookupError where none did."""
    return float(bench.recorded(case.name))


def _is_wrong(answer: Answer, case: HistoryCase, value: float) -> bool:
    return not np.isclose(value, answer(case), rtol=0, atol=_TOLERANCE, equal_nan=True)


def drawn_case(bench: HistoryBench, answer: Answer) -> HistoryCase:
    """The history that is drawn: the first with a wrong number, else the first."""
    given = [c for c in bench.cases.values() if c.has_answer and bench.record(c.name).values is not None]
    wrong = [case for case in given if _is_wrong(answer, case, number_of(bench, case))]
    # One epoch is no curve.
    return min(wrong or given, key=lambda case: case.epochs == 1)


def of_curves(combine: Callable[..., float], *keys: str) -> Answer:
    """The answer that `combine` makes of these curves."""
    return lambda case: float(combine(*(case.curve(key) for key in keys)))


def _exception(record: Record) -> str:
    """What came back where an exception is due."""
    if record.problem == "raised":
        return raised(record)
    if record.problem or record.values is None:
        return f"no exception, but {_RETURNED.get(record.problem, 'nothing')}"
    return f"no exception, but {float(record.values):.6g}"


_RETURNED = {"none": "None", "not-a-number": "something that is not a number"}


def _went_wrong(bench: HistoryBench, case: HistoryCase, record: Record, first: Record, expected: str) -> Ruling:
    """The ruling on a call that did not return a number. first: the record that shows whether this is a stub."""
    if record.problem == "not-callable":
        return not_callable(bench, record)
    own = {
        "not-a-number": (with_article(record.problem_type), None),
    }
    told, name = in_words(record, first, own)
    return replace(fail(case, told, expected, name), advice=advice(record, bench.exercise.signature))


def _fail_number(case: HistoryCase, answer: Answer, value: float, name: str | None) -> Ruling:
    theirs, right = told_apart(value, answer(case))
    return fail(case, theirs, right, name)


def fail(case: HistoryCase, returned: str, expected: str, name: str | None = None) -> Ruling:
    """The ruling on a property that does not hold for a history. name: of the mistake, if it has one."""
    return Ruling("fail", case.call, returned, expected, name)

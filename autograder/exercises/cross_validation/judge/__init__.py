"""Judge exercise cross_validation from what the models of every fold were given.

Rows are recognised whatever was done to their columns (`recognising`). So it is known who was trained on and who
was tested before any statistic is judged, and one mistake costs one property.
"""

from dataclasses import replace

import numpy as np

from autograder.exercises.cross_validation.cases import EVENT, FoldCase
from autograder.exercises.cross_validation.judge.charts import folds_chart, standardised_chart
from autograder.exercises.cross_validation.judge.folds import Part, Run, fail, read
from autograder.exercises.cross_validation.judge.standardising import deviations, judge_scaled, judge_unreadable
from autograder.judge.advice import advice
from autograder.judge.evidence import PASS, Bench, Findings, Ruling, Rulings, blocked
from autograder.judge.words import in_words, not_callable, raised
from autograder.observations import Record


def rule(bench: Bench[FoldCase]) -> Findings:
    """Rulings on all properties of a cross-validation; where most calls came to an end, from those that did."""
    shape = _judge_shape(bench)
    ordinary = [case for case in bench.cases.values() if not case.oddity]
    ended = [case for case in ordinary if bench.record(case.name).problem in ("", "not-scores")]
    raised_only = all(bench.record(case.name).problem in ("", "not-scores", "raised") for case in ordinary)
    if not raised_only or len(ended) <= len(ordinary) / 2:
        return Findings({"shape": shape})
    runs = {case.name: read(bench, case) for case in ended}
    every = list(runs.values())
    number = _judge_number(every, shape)
    around: Rulings = {"shape": shape, "bad-input": _judge_bad_input(bench)}
    around["input-untouched"] = _judge_untouched(bench)
    if number.status != "pass":
        return Findings(around | {"folds": number} | _waiting_for_folds(every, number))
    if any(run.unreadable for run in every):
        waiting = dict.fromkeys(("folds", *_OF_FOLDS, *_OF_SHARES), blocked("scaled"))
        return Findings(around | waiting | {"scaled": judge_unreadable(bench, runs)})
    rulings = around | {
        "folds": _judge_folds(every),
        "labels": _judge_labels(every),
        "scaled": judge_scaled(every),
        "new-model": _judge_models(every),
        "scores": _judge_scores(bench, every) if shape.status == "pass" else blocked("shape"),
    }
    whole = len(ended) == len(ordinary)  # else calls that belong together are not all there
    rulings |= _judge_shares(bench, runs, torn=rulings["labels"].misconception is not None, whole=whole)
    shown = every[0]
    charts = (folds_chart(shown.case, _roles(shown)), standardised_chart(deviations(shown)))
    return Findings(rulings, charts)


#: Property slugs of what is seen in single folds, and of how rows are shared out to all folds.
_OF_FOLDS = ("labels", "new-model", "scores")
_OF_SHARES = ("stratified", "shuffled", "seed")


def _waiting_for_folds(runs: list[Run], number: Ruling) -> Rulings:
    """What waits until there are as many folds as asked for. number: the ruling on that."""
    waiting = [*_OF_FOLDS, *_OF_SHARES, "scaled"]
    if not any(run.folds for run in runs):  # whoever does nothing has left its arguments alone, too
        waiting += ["bad-input", "input-untouched"]
    return dict.fromkeys(waiting, blocked("folds" if number.status == "fail" else "shape"))


def _judge_shares(bench: Bench[FoldCase], runs: dict[str, Run], torn: bool, whole: bool) -> Rulings:
    """Rulings on how rows are shared out to folds. torn: whether labels are. whole: whether all calls are there."""
    every = list(runs.values())
    if not all(run.shares_out() for run in every):
        return dict.fromkeys(_OF_SHARES, blocked("folds"))
    shuffled = _judge_shuffled([run for run in every if not run.case.same_as])
    if shuffled.status != "pass":
        seed = blocked("shuffled")
    else:
        seed = _judge_seed(bench, runs) if whole else blocked("shape")
    stratified = blocked("labels") if torn else _judge_stratified(every)
    return {"stratified": stratified, "shuffled": shuffled, "seed": seed}


# ---------------------------------------------------------------- what came back


def _judge_shape(bench: Bench[FoldCase]) -> Ruling:
    """Every ordinary call returned one number for each fold."""
    first = next(iter(bench.observations.records.values()), Record())
    previous = np.empty(0)
    for case in bench.cases.values():
        record = bench.record(case.name)
        if case.oddity:
            continue
        if record.problem:
            return _trouble(bench, case, record, first)
        if record.values is None:
            return Ruling("error", returned=f"the recording of case {case.name!r} is damaged")
        if record.values.shape != (case.n_splits,):
            mean = _mean_of_scores(bench, case, record.values)
            told = f"an array of shape {record.values.shape}" if record.values.ndim else "a single number"
            told = f"{len(record.values)} numbers" if record.values.ndim == 1 else told
            told += ", the mean of the scores first" if mean and record.values.ndim else ""
            told += ", the mean of the scores" if mean and not record.values.ndim else ""
            kept = previous.size and np.array_equal(record.values.ravel()[: previous.size], previous)
            told += ", the scores of the previous call first" if kept else ""
            return fail(
                case, told, f"{case.n_splits} numbers, one for each fold", "mean-returned" if mean else None
            )
        previous = record.values
    return PASS


def _mean_of_scores(bench: Bench[FoldCase], case: FoldCase, values: np.ndarray) -> bool:
    """Whether what came back is, or begins with, the mean of all scores that were made."""
    events = bench.record(f"{case.name}.events").values
    if events is None or events.dtype != EVENT or events["is_score"].sum() < 2 or not values.size:
        return False
    return bool(np.isclose(values.flat[0], events["value"][events["is_score"]].mean(), rtol=1e-5))


def _trouble(bench: Bench[FoldCase], case: FoldCase, record: Record, first: Record) -> Ruling:
    """The ruling on a call that did not return numbers."""
    if record.problem == "not-callable":
        return not_callable(bench, record)
    own = {
        "not-scores": (f"a value of type {record.problem_type}", None),
        "too-much": ("nothing: it was stopped after thousands of fits and scores", None),
    }
    told, name = in_words(record, first, own)
    ruling = fail(case, told, f"{case.n_splits} numbers, one for each fold", name)
    return replace(ruling, advice=advice(record, bench.exercise.signature))


def _judge_scores(bench: Bench[FoldCase], runs: list[Run]) -> Ruling:
    """The numbers returned are the scores of the test parts, in the order of the folds."""
    on_train = all(fold.scored_on_train for run in runs for fold in run.folds)
    for run in runs:
        case, values = run.case, bench.recorded(run.case.name)
        events = bench.recorded(case.name, "events")
        given = events["value"][[fold.order[0] for fold in run.folds]]
        same = np.isclose(values, given, rtol=1e-5, atol=0)
        if not same.all():
            first = min(int(np.argmin(same)), max(len(values) - 4, 0))
            returned, expected = _side_by_side(values[first : first + 4], given[first : first + 4])
            told = f"from fold {first} on: {returned}" if first else returned
            return fail(case, f"{told}: not what score returned", expected)
        if any(fold.scored_on_train for fold in run.folds):
            return fail(
                case,
                f"scores of {len(run.folds[0].test.rows)} rows that the model was trained on",
                "scores of the rows held out",
                "score-on-train" if on_train else None,
            )
        orders = np.array([fold.order for fold in run.folds])
        if not (np.diff(orders, axis=0) >= 0).all(axis=0).any():
            return fail(
                case, "the scores in a different order from the folds", "the first fold's score first, and so on"
            )
    return PASS


#: Numbers below this are written without an exponent.
_PLAIN = 1e6


def _side_by_side(values: np.ndarray, given: np.ndarray) -> tuple[str, str]:
    """Two rows of numbers as text, with as many digits as it takes to see where they differ."""
    for digits in (3, 6):
        texts = [
            [f"{value:.{digits}{'f' if abs(value) < _PLAIN else 'e'}}" for value in row] for row in (values, given)
        ]
        if all(
            (a == b) == np.isclose(x, y, rtol=1e-5, atol=0)
            for a, b, x, y in zip(*texts, values, given, strict=True)
        ):
            break
    return ", ".join(texts[0]), ", ".join(texts[1])


# ---------------------------------------------------------------- folds


def _judge_number(runs: list[Run], shape: Ruling) -> Ruling:
    """As many models were trained and scored as there are folds."""
    for run in runs:
        number = len(run.folds)
        if run.unreadable or number == run.case.n_splits:
            continue
        if shape.status == "fail" and number:
            return blocked("shape")
        told = (
            f"models were trained and scored {number} time{'s' * (number > 1)}" if number else "no model was scored"
        )
        return fail(run.case, told, f"{run.case.n_splits} folds, each with a model that is fitted and scored")
    return PASS


def _judge_folds(runs: list[Run]) -> Ruling:
    """Every row is held out once, and trains the models of all other folds."""
    for run in runs:
        for number, fold in enumerate(run.folds):
            seen = np.isin(fold.test.rows, fold.train.rows)
            if seen.any() and (not fold.scored_on_train or len(fold.train.who) == run.rows):
                return fail(
                    run.case,
                    f"in fold {number}, {int(seen.sum())} of {seen.size} test rows had been trained on",
                    "a model is tested on rows that it has never seen",
                    "trained-on-test",
                )
        tested = np.bincount(np.concatenate(run.tested()), minlength=run.rows)
        if (tested > 1).any():
            return fail(
                run.case,
                f"rows tested more than once: {int((tested > 1).sum())} of {run.rows}",
                "every row is tested exactly once",
            )
        pieces = [fold.pieces for fold in run.folds]
        if (tested == 0).any() and max(pieces) > 1:
            number = int(np.argmax(pieces))
            told = f"the test part of fold {number} was scored in {pieces[number]} pieces"
            return fail(run.case, told, "one score for all rows of a test part")
        if (tested == 0).any():
            return fail(
                run.case,
                f"rows never tested: {int((tested == 0).sum())} of {run.rows}",
                "every row is tested exactly once",
                "rows-lost",
            )
        for number, (fold, held_out) in enumerate(zip(run.folds, run.tested(), strict=True)):
            trained = np.bincount(fold.train.rows, minlength=run.rows)
            left_out = int((trained == 0).sum()) - len(held_out)
            if left_out or trained.max() > 1:
                told = f"rows neither trained on nor tested: {left_out}" if left_out else "some rows came twice"
                return fail(
                    run.case, f"in fold {number}, {told}", "all rows that are not tested are trained on, once each"
                )
    return PASS


def _judge_labels(runs: list[Run]) -> Ruling:
    """Every row is handed over together with its own label; other names for the same classes are welcome."""
    torn = all(_names(run, fold.train)[0] == _TORN for run in runs for fold in run.folds)
    for run in runs:
        for fold in run.folds:
            names = []
            for method, part in (("fit", fold.train), ("score", fold.test)):
                if part.labels is None:
                    return fail(
                        run.case, f"{method} was given labels that are not one column", "one label for each row"
                    )
                if len(part.labels) != len(part.rows):
                    told = f"{method} was given {len(part.rows)} rows and {len(part.labels)} labels"
                    return fail(run.case, told, "one label for each row")
                trouble, pairs = _names(run, part)
                if trouble:
                    mistake = "labels-torn" if torn else None
                    return fail(run.case, f"{method} was given {trouble}", "every row with its own label", mistake)
                names.append(pairs)
            if not _one_to_one(names[0] | names[1]):
                told = "fit and score were given different labels for the same class"
                return fail(run.case, told, "a class has one label, in fit and in score")
    return PASS


_TORN = "rows with the labels of other rows"


def _names(run: Run, part: Part) -> tuple[str, set[tuple[int, int]]]:
    """What is wrong with the labels of a part, "" if nothing, and the pairs of class and label in it."""
    if part.labels is None or len(part.labels) != len(part.rows):
        return "labels that do not belong to the rows", set()
    pairs = set(zip(run.case.classes()[part.rows].tolist(), part.labels.tolist(), strict=True))
    if any(label == -1 for _, label in pairs):
        return "labels that are neither numbers nor strings", pairs
    if len(pairs) > len({number for number, _ in pairs}):
        return _TORN, pairs
    return "" if _one_to_one(pairs) else "the same label for two classes", pairs


def _one_to_one(pairs: set[tuple[int, int]]) -> bool:
    """Whether each class has one label, and each label one class."""
    return len({number for number, _ in pairs}) == len({label for _, label in pairs}) == len(pairs)


def _judge_stratified(runs: list[Run]) -> Ruling:
    """Within each class, the counts of any two folds differ by at most 1."""
    for run in runs:
        counts = _counts(run)
        uneven = np.flatnonzero(np.ptp(counts, axis=0) > 1)
        if uneven.size:
            worst = int(uneven[np.argmax(np.ptp(counts, axis=0)[uneven])])
            low = run.case.sizes[worst] // run.case.n_splits
            return fail(
                run.case,
                f"{counts[:, worst].min()} to {counts[:, worst].max()} rows of class "
                f"{run.case.labels[worst]!r} in a fold",
                f"{low} or {low + 1} in every fold",
                "not-stratified",
            )
    return PASS


def _counts(run: Run) -> np.ndarray:
    """How many rows of each class each fold holds out: (folds, classes)."""
    classes = run.case.classes()
    return np.array([np.bincount(classes[rows], minlength=len(run.case.sizes)) for rows in run.tested()])


def _judge_shuffled(runs: list[Run]) -> Ruling:
    """Who is held out together does not follow from the order of the rows."""
    for run in runs:
        membership, classes = run.membership(), run.case.classes()
        by_class = [membership[classes == number] for number in range(len(run.case.sizes))]
        for told, follows in (("in blocks", _in_blocks), ("in turns", _in_turns)):
            if follows(membership, run.case.n_splits) or all(follows(m, run.case.n_splits) for m in by_class):
                return fail(
                    run.case,
                    f"the rows of each class were given to the folds {told}, in the order of the file",
                    "folds drawn at random",
                    "not-shuffled",
                )
    # Who deals rows out in turns and moves a few of them leaves those together that are n_splits places apart.
    for turns, told in enumerate(("that follow each other", "n_splits places apart", "2 * n_splits places apart")):
        distances = [turns * run.case.n_splits if turns else 1 for run in runs]
        found = [neighbours(run.case, run.membership(), d) for run, d in zip(runs, distances, strict=True)]
        together, usual, spread = np.sum(found, axis=0)
        if together > usual + 10 * np.sqrt(spread):
            return fail(
                runs[0].case,
                f"in all calls, rows {told} in their class were held out together {together:.0f} times",
                f"about {usual:.0f} times, as in a random order",
            )
    return PASS


def _in_blocks(membership: np.ndarray, n_splits: int) -> bool:
    """Whether each fold is one stretch of a sequence; one that runs over the end counts as one."""
    return int((membership != np.roll(membership, 1)).sum()) <= n_splits


def _in_turns(membership: np.ndarray, n_splits: int) -> bool:
    """Whether the folds come round and round, or to and fro."""
    period = 2 * n_splits if len(membership) > 3 * n_splits else n_splits
    return np.array_equal(membership[period:], membership[:-period])


def neighbours(case: FoldCase, membership: np.ndarray, distance: int) -> tuple[float, float, float]:
    """How often two members of a class share a fold that are so many places apart: counted, expected, its variance.

    Expected of a random order with these counts. The variance is that of independent pairs.
    """
    found = np.zeros(3)
    for number in range(len(case.sizes)):
        own = membership[case.classes() == number]
        counts, size, pairs = np.bincount(own, minlength=case.n_splits), own.size, max(own.size - distance, 0)
        share = float((counts * (counts - 1)).sum()) / (size * (size - 1))
        found += int((own[distance:] == own[:pairs]).sum()), pairs * share, pairs * share * (1 - share)
    counted, expected, variance = found.tolist()
    return counted, expected, variance


def _judge_seed(bench: Bench[FoldCase], runs: dict[str, Run]) -> Ruling:
    """The same seed gives the same folds, another seed others, and nobody else's random numbers are touched."""
    same = {run.case.same_as: run for run in runs.values()}
    others = {run.case.other_than: run for run in runs.values()}
    for name in [name for name in runs if name in others]:
        first, again, other = runs[name], same[name], others[name]
        if not all(np.array_equal(a, b) for a, b in zip(first.tested(), again.tested(), strict=True)):
            told = "called twice with this seed: different folds"
            return fail(first.case, told, "the same folds both times", "ignores-seed")
        classes = first.case.classes()
        for number, label in enumerate(first.case.labels):
            own = classes == number
            if _groups(first.membership()[own]) == _groups(other.membership()[own]):
                return fail(
                    first.case,
                    f"called with this seed and with {other.case.seed}: the rows of class {label!r} were grouped "
                    "in the same way",
                    "different folds for a different seed",
                    "ignores-seed",
                )
    moved = [run.case for name, run in runs.items() if bench.record(name).global_moved]
    # Once may be the doing of a library that was imported in the first call.
    if len(moved) > 1:
        told = "NumPy's or Python's global random state was used or seeded"
        return fail(moved[-1], told, "the global state as it was", "global-state")
    return PASS


def _groups(membership: np.ndarray) -> set[bytes]:
    """Who is together with whom, whatever the folds are called."""
    return {(membership == number).tobytes() for number in np.unique(membership)}


# ---------------------------------------------------------------- models, and what else is asked for


def _judge_models(runs: list[Run]) -> Ruling:
    """Every fold has its own model, which was fitted once."""
    for run in runs:
        models = [fold.model for fold in run.folds]
        if len(set(models)) < len(models):
            told = f"{len(set(models))} model{'s' * (len(set(models)) > 1)} for {len(models)} folds"
            return fail(run.case, told, "a new model for each fold", "model-reused")
        for number, fold in enumerate(run.folds):
            if fold.fits:
                copied = any(other.fits == 0 for other in run.folds) and number > 0
                return fail(
                    run.case,
                    f"the model of fold {number} had already been fitted",
                    "a new model, fitted once",
                    "model-reused" if copied else None,
                )
        if run.partial_fits > run.case.n_splits:
            told = f"a model was fitted to a part of the rows {run.partial_fits} times"
            return fail(run.case, told, f"{run.case.n_splits} times, once for each fold")
    return PASS


def _judge_bad_input(bench: Bench[FoldCase]) -> Ruling:
    """Inputs that cannot be cross-validated raise ValueError."""
    for case in bench.cases.values():
        record = bench.record(case.name)
        if not case.oddity or (record.problem == "raised" and record.value_error):
            continue
        if record.problem in ("interrupted", "missing"):
            return blocked("shape")
        returned = raised(record) if record.problem == "raised" else "no exception"
        return fail(case, returned, f"ValueError, because {case.oddity}", "no-input-check")
    return PASS


def _judge_untouched(bench: Bench[FoldCase]) -> Ruling:
    """No call changed x or y."""
    for case in bench.cases.values():
        if bench.record(case.name).input_changed:
            return fail(case, "the call changed x or y", "both as they were before", "mutates-input")
    return PASS


# ---------------------------------------------------------------- what the pictures show


def _roles(run: Run) -> np.ndarray:
    """What every row was to every fold, (rows, folds): 0 neither, 1 trained on, 2 tested, 3 both."""
    roles = np.zeros((run.rows, len(run.folds)), int)
    for number, fold in enumerate(run.folds):
        roles[fold.train.rows, number] += 1
        roles[:, number] = np.minimum(roles[:, number], 1)
        roles[np.unique(fold.test.rows), number] += 2
    return roles

"""The first half: run the student's code on chosen inputs and record what it does.

Nothing here knows what a right answer is, and nothing here imports `autograder.judge`.
"""

import importlib
from collections.abc import Callable

import numpy as np

from autograder.catalogue import find
from autograder.exercises.backward.observe import begin_backward
from autograder.exercises.cross_validation.observe import record_folds
from autograder.kits.histories.observe import record_history
from autograder.kits.masks.cases import Case, cases
from autograder.observations import Observations, Record
from autograder.observe.calls import Draw, Parts, Watch, quiet, record_twice, type_name


def observe(exercise: str, objects: tuple[object, ...], seed: int, again: bool = False) -> Observations:
    """Run what a student wrote through every case of `exercise` and record what happens.

    exercise: an exercise's name. objects: what the student wrote, anything at all. seed, again: choose the
    inputs, as for `cases`.
    Never raises for what the student's code does. The random state of NumPy and Python, NumPy's error
    state and the warning filters are put back afterwards.
    """
    kind = find(exercise).kind
    planned = cases(exercise, seed, again)
    for student in objects:
        # Not callable() and isinstance(): those ask the object, which may say what it likes.
        is_callable = any("__call__" in vars(base) for base in type.mro(type(student)))
        is_class = issubclass(type(student), type)
        if not is_callable or (kind == "class" and not is_class):
            problem = "not-a-class" if is_callable else "not-callable"
            problem = Record(problem=problem, problem_call=0, problem_type=f"a {type_name(type(student))}")
            return Observations({name: problem for name in planned})
    records: dict[str, Record] = {}
    with quiet() as printed:
        record_case = _RECORD[exercise] if exercise in _RECORD else _record_draws(exercise)
        for case in planned.values():
            try:
                records |= record_case(objects, case)
            except BaseException:  # whatever a hostile object still finds to do while it is written down
                records[case.name] = Record(problem="raised", problem_call=0, problem_type="of no known kind")
            if _unwritten(records) or any(r.problem == "interrupted" for r in records.values()):
                break
        if exercise in _BESIDE:
            records |= _BESIDE[exercise](objects)
    problem = next(iter(records.values())) if _unwritten(records) else Record(problem="interrupted")
    for name in planned:
        if not any(known == name or known.startswith(name + ".") for known in records):
            records[name] = problem
    return Observations(records, printed.getvalue())


def _record_draws(exercise: str) -> Callable[[tuple, Case], dict[str, Record]]:
    """How a case of a NumPy exercise that draws masks is recorded."""
    begin = _BEGIN[exercise]
    return lambda objects, case: record_twice(case, lambda rng, watch: begin(objects, case, rng, watch))


def _keras(module: str):
    """A module that calls Keras, imported when it is needed: everybody else is spared the seconds."""
    return importlib.import_module(f"autograder.observe.{module}")


def _unwritten(records: dict[str, Record]) -> bool:
    """Whether the very first call shows a stub: asking it sixteen more times would teach nothing."""
    first = next(iter(records.values()))
    return first.problem == "none" or (first.problem == "raised" and first.problem_type == "NotImplementedError")


def _begin_mask(objects: tuple, case: Case, rng: np.random.Generator, watch: Watch) -> Draw:
    (student,) = objects
    return lambda x: student(case.shape, case.rate, rng)


def _begin_inverted(objects: tuple, case: Case, rng: np.random.Generator, watch: Watch) -> Draw:
    (student,) = objects
    return lambda x: student(x, case.rate, rng)


def _begin_classic(objects: tuple, case: Case, rng: np.random.Generator, watch: Watch) -> Draw:
    (student,) = objects
    training = [True] * case.warmup

    def draw(x):
        flag = training.pop() if training else case.mode == "training"
        return student(x, case.rate, rng, flag)

    return draw


def _begin_layer(objects: tuple, case: Case, rng: np.random.Generator, watch: Watch) -> Draw:
    (student,) = objects
    layer = student(case.rate, rng)
    if 0 < case.rate < 1:
        # A second layer, alive at the same time: what is kept on the class would mix them up.
        student(case.rate / 3, np.random.default_rng(case.seed + 3))
    if case.mode == "script":
        return lambda x: _in_and_out_of_training(layer, x)
    training = [True] * case.warmup

    def draw(x):
        if training:
            return layer(x, training=training.pop())
        return layer(x) if case.mode == "default" else layer(x, training=case.mode == "training")

    return draw


def _in_and_out_of_training(layer, x: np.ndarray) -> Parts:
    """What one layer gives on its way through a day: evaluation, another shape, training, evaluation."""
    before = np.array(layer(x, training=False))
    layer(x[:5, :3].copy(), training=True)
    train = np.array(layer(x, training=True))
    return Parts({"before": before, "train": train, "after": layer(x)})


_BEGIN: dict[str, Callable[[tuple, Case, np.random.Generator, Watch], Draw]] = {
    "mask": _begin_mask,
    "inverted": _begin_inverted,
    "classic": _begin_classic,
    "layer": _begin_layer,
    "backward": begin_backward,
}


#: How a case is recorded where it is not one of draws.
_RECORD: dict[str, Callable[[tuple, object], dict[str, Record]]] = {
    "keras_layer": lambda objects, case: _keras("keras_layer").record_keras_layer(objects, case),
    "cross_validation": record_folds,
    "gap": record_history,
    "best_epoch": record_history,
    "classifier": lambda objects, case: _keras("classifier").record_classifier(objects, case),
    "transfer": lambda objects, case: _keras("transfer").record_transfer(objects, case),
}


#: What is recorded beside the cases, once.
_BESIDE: dict[str, Callable[[tuple], dict[str, Record]]] = {
    "keras_layer": lambda objects: _keras("keras_layer").class_records(objects),
}

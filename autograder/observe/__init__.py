"""The first half: run the student's code on chosen inputs and record what it does.

Nothing here knows what a right answer is, and nothing here imports `autograder.judge`.
"""

import importlib
from collections.abc import Callable

import numpy as np

from autograder.cases import Case, cases
from autograder.exercises import find
from autograder.observations import Observations, Record
from autograder.observe.backward import begin_backward
from autograder.observe.calls import Draw, Watch, quiet, record


def observe(exercise: str, objects: tuple[object, ...], seed: int) -> Observations:
    """Run what a student wrote through every case of `exercise` and record what happens.

    exercise: an exercise's name. objects: what the student wrote, anything at all. seed: chooses the inputs.
    Never raises for what the student's code does. The random state of NumPy and Python, NumPy's error
    state and the warning filters are put back afterwards.
    """
    kind = find(exercise).kind
    planned = cases(exercise, seed)
    for student in objects:
        if not callable(student) or (kind == "class" and not isinstance(student, type)):
            what = f"a {type(student).__name__}" if kind == "function" else _not_a_class(student)
            problem = Record(problem="not-callable", problem_call=0, problem_type=what)
            return Observations({name: problem for name in planned})
    records: dict[str, Record] = {}
    with quiet() as printed:
        begin = _BEGIN[exercise] if exercise in _BEGIN else _keras().begin_keras_layer
        for case in planned.values():
            records |= record(case, lambda rng, watch, case=case: begin(objects, case, rng, watch))
            if _unwritten(records) or any(r.problem == "interrupted" for r in records.values()):
                break
    problem = next(iter(records.values())) if _unwritten(records) else Record(problem="interrupted")
    if exercise == "keras_layer":
        records["signature"] = _keras().signature_record(objects[0])
    for name in planned:
        if not any(known == name or known.startswith(name + ".") for known in records):
            records[name] = problem
    return Observations(records, printed.getvalue())


def _keras():
    """The module that calls Keras, imported when it is needed: everybody else is spared the seconds."""
    return importlib.import_module("autograder.observe.keras_layer")


def _unwritten(records: dict[str, Record]) -> bool:
    """Whether the very first call shows a stub: asking it sixteen more times would teach nothing."""
    first = next(iter(records.values()))
    return first.problem == "none" or (first.problem == "raised" and first.problem_type == "NotImplementedError")


def _not_a_class(student: object) -> str:
    name = type(student).__name__
    return f"a {name}" if not callable(student) else f"a {name}, not a class"


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
    # A second layer with another rate, alive at the same time: state kept on the class would mix them up.
    if 0 < case.rate < 1:
        student(1 - case.rate, np.random.default_rng(case.seed))
    training = [True] * case.warmup

    def draw(x):
        if training:
            return layer(x, training=training.pop())
        return layer(x) if case.mode == "default" else layer(x, training=case.mode == "training")

    return draw


_BEGIN: dict[str, Callable[[tuple, Case, np.random.Generator, Watch], Draw]] = {
    "mask": _begin_mask,
    "inverted": _begin_inverted,
    "classic": _begin_classic,
    "layer": _begin_layer,
    "backward": begin_backward,
}

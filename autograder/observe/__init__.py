"""The first half: run the student's code on chosen inputs and record what it does.

Nothing here knows what a right answer is, and nothing here imports `autograder.judge`.
"""

from collections.abc import Callable

import numpy as np

from autograder.cases import Case, cases
from autograder.exercises import find
from autograder.observations import Observations, Record
from autograder.observe.calls import quiet, record

#: One call of the student's code: takes the input, returns whatever it returns.
Draw = Callable[[np.ndarray], object]


def observe(exercise: str, student: object, seed: int) -> Observations:
    """Run `student` through every case of `exercise` and record what happens.

    exercise: an exercise's name. student: what the student wrote, anything at all. seed: chooses the inputs.
    Never raises for what the student's code does. The random state of NumPy and Python, NumPy's error
    state and the warning filters are put back afterwards.
    """
    kind = find(exercise).kind
    if not callable(student) or (kind == "class" and not isinstance(student, type)):
        what = f"a {type(student).__name__}" if kind == "function" else _not_a_class(student)
        problem = Record(problem="not-callable", problem_call=0, problem_type=what)
        return Observations({name: problem for name in cases(exercise, seed)})
    begin = _BEGIN[exercise]
    records: dict[str, Record] = {}
    with quiet() as printed:
        for name, case in cases(exercise, seed).items():
            records[name] = record(case, lambda rng, case=case: begin(student, case, rng))
            if records[name].problem == "interrupted" or _unwritten(records):
                break
    problem = next(iter(records.values())) if _unwritten(records) else Record(problem="interrupted")
    for name in cases(exercise, seed):
        records.setdefault(name, problem)
    return Observations(records, printed.getvalue())


def _unwritten(records: dict[str, Record]) -> bool:
    """Whether the very first call shows a stub: asking it sixteen more times would teach nothing."""
    first = next(iter(records.values()))
    return first.problem == "none" or (first.problem == "raised" and first.problem_type == "NotImplementedError")


def _not_a_class(student: object) -> str:
    name = type(student).__name__
    return f"a {name}" if not callable(student) else f"a {name}, not a class"


def _begin_mask(student, case: Case, rng: np.random.Generator) -> Draw:
    return lambda x: student(case.shape, case.rate, rng)


def _begin_inverted(student, case: Case, rng: np.random.Generator) -> Draw:
    return lambda x: student(x, case.rate, rng)


def _begin_classic(student, case: Case, rng: np.random.Generator) -> Draw:
    training = [True] * case.warmup

    def draw(x):
        flag = training.pop() if training else case.mode == "training"
        return student(x, case.rate, rng, flag)

    return draw


def _begin_layer(student, case: Case, rng: np.random.Generator) -> Draw:
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


_BEGIN: dict[str, Callable[[object, Case, np.random.Generator], Draw]] = {
    "mask": _begin_mask,
    "inverted": _begin_inverted,
    "classic": _begin_classic,
    "layer": _begin_layer,
}

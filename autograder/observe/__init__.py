"""The first half: run the student's code on chosen inputs and record what it does.

Nothing here knows what a right answer is, and nothing here imports `autograder.judge`.
"""

from autograder import catalogue
from autograder.exercise import Exercise
from autograder.observations import Observations, Record
from autograder.observe.calls import quiet, type_name


def observe(exercise: str, objects: tuple[object, ...], seed: int, again: bool = False) -> Observations:
    """Run what a student wrote through every case of `exercise` and record what happens.

    exercise: an exercise's name. objects: what the student wrote, anything at all. seed, again: choose the
    inputs, as for `autograder.catalogue.cases`.
    Never raises for what the student's code does; raises ValueError for an unknown exercise. The random state of
    NumPy and Python, NumPy's error state and the warning filters are put back afterwards.
    """
    problem = _unusable(catalogue.find(exercise), objects)
    planned = catalogue.cases(exercise, seed, again)
    if problem is not None:
        return Observations({name: problem for name in planned})
    records: dict[str, Record] = {}
    with quiet() as printed:
        observing = catalogue.part(exercise, "observe")
        for case in planned.values():
            try:
                records |= observing.record(objects, case)
            except BaseException:  # whatever a hostile object still finds to do while it is written down
                records[case.name] = Record(problem="raised", problem_call=0, problem_type="of no known kind")
            if _is_unwritten(records) or any(r.problem == "interrupted" for r in records.values()):
                break
        if hasattr(observing, "beside"):
            records |= observing.beside(objects)
    reason = next(iter(records.values())) if _is_unwritten(records) else Record(problem="interrupted")
    for name in planned:
        if not any(known == name or known.startswith(name + ".") for known in records):
            records[name] = reason
    return Observations(records, printed.getvalue())


def _unusable(exercise: Exercise, objects: tuple[object, ...]) -> Record | None:
    """Why objects cannot be called as the exercise asks for; None if they can."""
    for student in objects:
        # Not callable() and isinstance(): those ask the object, which may say what it likes.
        is_callable = any("__call__" in vars(ancestor) for ancestor in type.mro(type(student)))
        is_class = issubclass(type(student), type)
        if not is_callable or (exercise.kind == "class" and not is_class):
            problem = "not-a-class" if is_callable else "not-callable"
            return Record(problem=problem, problem_call=0, problem_type=type_name(type(student)))
    return None


def _is_unwritten(records: dict[str, Record]) -> bool:
    """Whether the very first call shows a stub: asking it sixteen more times would teach nothing."""
    first = next(iter(records.values()))
    unwritten = first.problem_type == "NotImplementedError" and first.problem_own
    return first.problem == "none" or (first.problem == "raised" and unwritten)

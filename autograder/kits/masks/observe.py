"""How code that draws masks is called, and what is written down of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from autograder.kits.masks.cases import MaskCase
from autograder.observations import TEXT_LIMIT, Record, Trouble
from autograder.observe.calls import Student, Unusable, Watch, shared_state, trouble_of, type_name


class Parts(dict):
    """What one round of calls gave when that is more than one array: results by the name of the part."""


#: One round of calls of the student's code: takes the input, returns a result or `Parts`.
Draw = Callable[[np.ndarray], Student]


#: What begins a case's calls: given the generator and the watch, the function to call with the input.
Begin = Callable[[np.random.Generator, Watch], Draw]


def record_draws(case: MaskCase, begin: Begin) -> dict[str, Record]:
    """Make all calls of one case, up to the first that goes wrong; returns a record for each part.

    A single result is recorded under the case's name, parts under "case.part".
    """
    return _records(case, _run(case, begin, case.warmup + case.calls))


def refused_late(layer: Callable[[], Student]) -> Draw:
    """What a layer shows whose constructor took a rate that is none: whether at least its call refuses it.

    layer: makes the call. The draw returns its input where nothing is refused. Raises Unusable.
    """

    def draw(x: np.ndarray) -> np.ndarray:
        try:
            layer()
        except Exception as error:
            found = trouble_of(error)
            raise Unusable("late", found["problem_type"], found["problem_text"], found["problem_line"]) from None
        return x

    return draw


def record_twice(case: MaskCase, begin: Begin) -> dict[str, Record]:
    """As `record_draws`, and notes whether the same state of the generator gives the same result once more."""
    run = _run(case, begin, case.warmup + case.calls)
    records = _records(case, run)
    if not run.trouble:
        # Enough calls to tell, too few to cost much.
        rerun = _run(case, begin, case.warmup + min(case.calls, 2))
        for name, pieces in run.values.items():
            same = all(
                len(rerun.values.get(name, ())) > number
                and np.array_equal(rerun.values[name][number], piece, equal_nan=piece.dtype.kind == "f")
                for number, piece in enumerate(pieces[:2])
            )
            records[_part_name(case, name)] = replace(records[_part_name(case, name)], repeats=same)
    return records


@dataclass
class _Run:
    """What one run through a case's calls gave. values: by part, one array a call."""

    values: dict[str, list[np.ndarray]]
    trouble: Trouble
    part: str
    changed: bool
    rng_moved: bool
    rng_spawned: bool
    global_moved: bool


def _run(case: MaskCase, begin: Begin, calls: int) -> _Run:
    watch = Watch()
    x = watch(case.x())
    rng = case.generator()
    before, spawned = None, False
    values: dict[str, list[np.ndarray]] = {}
    changed, part = False, ""
    trouble: Trouble = {}
    number = 0
    try:
        made = _children(rng)
        draw = begin(rng, watch)
        spawned = made != _children(rng)
        for number in range(calls):
            if number == case.warmup:
                before = _Chance(rng)
            result = draw(x)
            parts = result if type(result) is Parts else {"": result}
            for part, piece in parts.items():
                trouble = _trouble(piece, case)
                if trouble:
                    break
                if number >= case.warmup:
                    # A copy, because a correct answer may hand out the same buffer each time; and before x is
                    # put back, because a wrong one may hand out x itself.
                    values.setdefault(part, []).append(np.array(piece, copy=True, subok=False))
            changed = watch.changed() or changed
            if trouble:
                break
    except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
        trouble = trouble_of(error)
    if trouble and number < case.warmup and trouble["problem"] != "interrupted":
        trouble = {"problem": "warmup"}
    if before is None:  # nothing that counts was called
        return _Run(values, trouble, part, changed, rng_moved=False, rng_spawned=spawned, global_moved=False)
    after = _Chance(rng)
    moved, shared = before.rng != after.rng, before.shared != after.shared
    return _Run(values, trouble, part, changed, moved, spawned, shared)


def _records(case: MaskCase, run: _Run) -> dict[str, Record]:
    common = Record(
        input_changed=run.changed,
        rng_moved=run.rng_moved,
        rng_spawned=run.rng_spawned,
        global_moved=run.global_moved,
    )
    if run.trouble:
        done = max(map(len, run.values.values()), default=0)
        return {_part_name(case, run.part): replace(common, **(run.trouble | {"problem_call": done}))}
    # NumPy finds the type that holds all calls' results, so a type that changes between calls shows as wider.
    return {_part_name(case, part): replace(common, values=np.stack(v)) for part, v in run.values.items()}


def _part_name(case: MaskCase, part: str) -> str:
    return f"{case.name}.{part}" if part else case.name


def _trouble(result: Student, case: MaskCase) -> Trouble:
    """What keeps a result from being recorded as an array of the case's shape; empty if nothing does."""
    kind = type(result)  # not isinstance: a result may lie about its __class__
    if result is None:
        return {"problem": "none"}
    if not issubclass(kind, (np.ndarray, np.generic)) or issubclass(kind, np.ma.MaskedArray):
        return {"problem": "not-an-array", "problem_type": type_name(kind)}
    plain = np.array(result, copy=None, subok=False)
    if plain.shape != case.shape:
        return {"problem": "wrong-shape", "problem_text": str(plain.shape)[:TEXT_LIMIT]}
    if plain.dtype.kind not in "biuf":
        return {"problem": "bad-dtype", "problem_type": str(plain.dtype)[:TEXT_LIMIT]}
    return {}


def _children(rng: np.random.Generator) -> int:
    """How many generators were spawned from this one."""
    return cast(np.random.SeedSequence, rng.bit_generator.seed_seq).n_children_spawned


class _Chance:
    """A snapshot of the generator handed over and of the state shared by everyone."""

    def __init__(self, rng: np.random.Generator):
        # Spawning children leaves the state alone, and is a use of the generator all the same.
        self.rng = repr(rng.bit_generator.state), _children(rng)
        self.shared = shared_state()

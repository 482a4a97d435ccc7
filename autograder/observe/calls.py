"""Call the student's code without being harmed by it, and write down what came back."""

import builtins
import contextlib
import io
import logging
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from autograder.kits.masks.cases import Case
from autograder.observations import PRINT_LIMIT, TEXT_LIMIT, Record

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _FirstCharacters(io.TextIOBase):
    """A stream that keeps the beginning and forgets the rest, however much is written."""

    def __init__(self):
        self._kept = io.StringIO()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = PRINT_LIMIT - self._kept.tell()
        if room > 0:
            self._kept.write(text[:room])
        return len(text)

    def getvalue(self) -> str:
        """What was kept; "" if the student's code has broken the stream."""
        try:
            return clean(self._kept.getvalue())
        except Exception:
            return ""


@contextlib.contextmanager
def quiet() -> Iterator[_FirstCharacters]:
    """Catch what is printed or warned, and put all shared random and NumPy state back at the end."""
    generator, numpy_state = np.random.get_bit_generator(), np.random.get_state(legacy=False)
    python_state, recursion_limit = random.getstate(), sys.getrecursionlimit()
    error_state, error_call = np.geterr(), np.geterrcall()
    print_options, buffer_size = np.get_printoptions(), np.getbufsize()
    root = logging.getLogger()
    log_handlers, log_level, log_disabled = root.handlers[:], root.level, logging.root.manager.disable
    asked, stopped, stdin = builtins.input, sys.breakpointhook, sys.stdin
    stream = _FirstCharacters()
    try:
        # A forgotten input() or breakpoint() would wait for an answer that nobody is asked for.
        builtins.input, sys.breakpointhook, sys.stdin = _no_input, _no_breakpoint, io.StringIO()
        # A student's warning is no fault, and on stderr nbgrader would take all points for it.
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # TensorFlow's logger writes to the stderr it found when it was imported.
                logging.disable(logging.CRITICAL)
                np.seterr(all="ignore")
                yield stream
    finally:
        builtins.input, sys.breakpointhook, sys.stdin = asked, stopped, stdin
        np.random.set_bit_generator(generator)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        np.seterr(**error_state)
        np.seterrcall(error_call)
        np.set_printoptions(**print_options)
        np.setbufsize(buffer_size)
        root.handlers[:], root.level = log_handlers, log_level
        logging.disable(log_disabled)
        sys.setrecursionlimit(recursion_limit)


def _no_input(*_):
    raise EOFError("input() has nobody to ask during a check")


def _no_breakpoint(*_, **__):
    """Go on: a debugger has nobody to talk to during a check."""


class Unusable(Exception):
    """Raised by an exercise's own code when a result cannot even be taken apart.

    problem, problem_type: as in `Record`.
    """

    def __init__(self, problem: str, problem_type: str):
        self.problem, self.problem_type = problem, problem_type


class Parts(dict):
    """What one round of calls gave when that is more than one array: results by the name of the part."""


class Watch:
    """Arguments handed to the student's code, to see whether it changes them."""

    def __init__(self):
        self._watched: list[tuple[np.ndarray, np.ndarray, bytes]] = []

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """Watch an array, and return it."""
        self._watched.append((array, array.copy(), array.tobytes()))
        return array

    def changed(self) -> bool:
        """Whether any array differs from what it was; puts them all back."""
        found = False
        for array, pristine, unchanged in self._watched:
            same = array.dtype == pristine.dtype and array.shape == pristine.shape and array.tobytes() == unchanged
            if not same:
                found = True
                with contextlib.suppress(ValueError, TypeError, AttributeError):  # it may be cut short for good
                    array.flags.writeable = True
                    array.dtype, array.shape = pristine.dtype, pristine.shape
                    array[...] = pristine
        return found


#: One round of calls of the student's code: takes the input, returns a result or `Parts`.
Draw = Callable[[np.ndarray], object]


def record(case: Case, begin: Callable[[np.random.Generator, Watch], Draw]) -> dict[str, Record]:
    """Make all calls of one case, up to the first that goes wrong; returns a record for each part.

    begin: given the generator and the watch, returns the function to call with the input. A single result is
    recorded under the case's name, parts under "case.part".
    """
    return _records(case, _run(case, begin, case.warmup + case.calls))


def record_twice(case: Case, begin: Callable[[np.random.Generator, Watch], Draw]) -> dict[str, Record]:
    """As `record`, and notes whether the same state of the generator gives the same result once more."""
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
    trouble: dict
    part: str
    changed: bool
    rng_moved: bool
    global_moved: bool


def _run(case: Case, begin: Callable[[np.random.Generator, Watch], Draw], calls: int) -> _Run:
    watch = Watch()
    x = watch(case.x())
    rng = case.generator()
    before = None
    values: dict[str, list[np.ndarray]] = {}
    changed, part, trouble = False, "", {}
    number = 0
    try:
        draw = begin(rng, watch)
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
        return _Run(values, trouble, part, changed, rng_moved=False, global_moved=False)
    after = _Chance(rng)
    return _Run(values, trouble, part, changed, before.rng != after.rng, before.shared != after.shared)


def _records(case: Case, run: _Run) -> dict[str, Record]:
    common = {"input_changed": run.changed, "rng_moved": run.rng_moved, "global_moved": run.global_moved}
    if run.trouble:
        done = max(map(len, run.values.values()), default=0)
        return {_part_name(case, run.part): Record(**common, **run.trouble, problem_call=done)}
    # NumPy finds the type that holds all calls' results, so a type that changes between calls shows as wider.
    return {_part_name(case, part): Record(values=np.stack(v), **common) for part, v in run.values.items()}


def trouble_of(error: BaseException) -> dict:
    """What a record says of a call that ended with this exception."""
    kind = type(error)
    if issubclass(kind, KeyboardInterrupt):
        return {"problem": "interrupted"}
    if issubclass(kind, Unusable):
        return {"problem": error.problem, "problem_type": error.problem_type[:TEXT_LIMIT]}
    return {
        "problem": "raised",
        "problem_type": type_name(kind),
        "problem_text": _first_line(error),
        "value_error": issubclass(kind, ValueError),
        "key_error": issubclass(kind, KeyError),
    }


def _part_name(case: Case, part: str) -> str:
    return f"{case.name}.{part}" if part else case.name


class _Chance:
    """A snapshot of the generator handed over and of the state shared by everyone."""

    def __init__(self, rng: np.random.Generator):
        # Spawning children leaves the state alone, and is a use of the generator all the same.
        self.rng = repr(rng.bit_generator.state), rng.bit_generator.seed_seq.n_children_spawned
        self.shared = shared_state()


def shared_state() -> tuple:
    """A snapshot of NumPy's and Python's global random state."""
    shared = np.random.get_state(legacy=False)
    # The bytes of its 624 words: their repr would take most of an examination's time.
    words = shared["state"].pop("key", np.empty(0))
    return words.tobytes(), repr(shared), random.getstate()


def _trouble(result: object, case: Case) -> dict:
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


def type_name(kind: type) -> str:
    """A class's name, without asking its metaclass, which may be the student's."""
    return clean(type.__dict__["__name__"].__get__(kind))[:TEXT_LIMIT]


def clean(text: str) -> str:
    """A text that can be printed and sent anywhere: without terminal colours and lone surrogates."""
    return _COLOURS.sub("", str.encode(text, "utf-8", "replace").decode("utf-8"))


def _first_line(error: BaseException) -> str:
    """What an exception says, in one line."""
    try:
        # Keras opens with the layer's name, and says what happened in the second paragraph.
        lines = [line for line in str.splitlines(clean(str(error))) if line.strip()]
        wrapped = len(lines) > 1 and lines[0].startswith("Exception encountered when calling")
        return lines[wrapped][:TEXT_LIMIT] if lines else ""
    except BaseException:  # an exception whose own text cannot be had
        return ""

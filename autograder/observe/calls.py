"""Call the student's code without being harmed by it, and write down what came back."""

import contextlib
import io
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from autograder.cases import Case
from autograder.observations import Record

PRINT_LIMIT = 2_000  # characters kept of what the student's code prints; the rest is dropped
TEXT_LIMIT = 300  # characters kept of an exception's message


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
        return self._kept.getvalue()


@contextlib.contextmanager
def quiet() -> Iterator[_FirstCharacters]:
    """Catch what is printed or warned, and put all shared random and NumPy state back at the end."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    error_state, print_options = np.geterr(), np.get_printoptions()
    recursion_limit = sys.getrecursionlimit()
    stream = _FirstCharacters()
    try:
        # A student's warning is no fault, and on stderr nbgrader would take all points for it.
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                np.seterr(all="ignore")
                yield stream
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        np.seterr(**error_state)
        np.set_printoptions(**print_options)
        sys.setrecursionlimit(recursion_limit)


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
            if array.tobytes() != unchanged:
                found = True
                array[...] = pristine
        return found


#: One round of calls of the student's code: takes the input, returns a result or `Parts`.
Draw = Callable[[np.ndarray], object]


def record(case: Case, begin: Callable[[np.random.Generator, Watch], Draw]) -> dict[str, Record]:
    """Make all calls of one case, up to the first that goes wrong; returns a record for each part.

    begin: given the generator and the watch, returns the function to call with the input. A single result is
    recorded under the case's name, parts under "case.part".
    """
    watch = Watch()
    x = watch(case.x())
    rng = case.generator()
    before = _Chance(rng)
    values: dict[str, list[np.ndarray]] = {}
    changed = False
    trouble: dict = {}
    part = ""
    try:
        draw = begin(rng, watch)
        for number in range(case.warmup + case.calls):
            if number == case.warmup:
                before = _Chance(rng)
            result = draw(x)
            changed = watch.changed() or changed
            parts = result if type(result) is Parts else {"": result}
            for part, piece in parts.items():
                trouble = _trouble(piece, case)
                if trouble:
                    break
                if number >= case.warmup:
                    # A copy, because a correct answer may hand out the same buffer each time.
                    values.setdefault(part, []).append(np.array(piece, copy=True, subok=False))
            if trouble:
                break
    except KeyboardInterrupt:
        trouble = {"problem": "interrupted"}
    except Unusable as unusable:
        trouble = {"problem": unusable.problem, "problem_type": unusable.problem_type[:TEXT_LIMIT]}
    except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
        trouble = {
            "problem": "raised",
            "problem_type": type(error).__name__[:TEXT_LIMIT],
            "problem_text": _first_line(error),
            "value_error": issubclass(type(error), ValueError),
        }
    after = _Chance(rng)
    common = {
        "input_changed": changed,
        "rng_moved": before.rng != after.rng,
        "global_moved": before.shared != after.shared,
    }
    if trouble:
        trouble["problem_call"] = max(map(len, values.values()), default=0)
        return {_part_name(case, part): Record(**common, **trouble)}
    return {_part_name(case, part): _stacked(pieces, common) for part, pieces in values.items()}


def _part_name(case: Case, part: str) -> str:
    return f"{case.name}.{part}" if part else case.name


def _stacked(pieces: list[np.ndarray], common: dict) -> Record:
    if len({piece.dtype for piece in pieces}) > 1:
        return Record(problem="bad-dtype", problem_type="a dtype that changes from call to call", **common)
    return Record(values=np.stack(pieces), **common)


class _Chance:
    """A snapshot of the generator handed over and of the state shared by everyone."""

    def __init__(self, rng: np.random.Generator):
        self.rng = repr(rng.bit_generator.state)
        kind, keys, *rest = np.random.get_state()
        self.shared = (kind, keys.tobytes(), *rest, random.getstate())


def _trouble(result: object, case: Case) -> dict:
    """What keeps a result from being recorded as an array of the case's shape; empty if nothing does."""
    kind = type(result)  # not isinstance: a result may lie about its __class__
    if result is None:
        return {"problem": "none"}
    if not issubclass(kind, (np.ndarray, np.generic)) or issubclass(kind, np.ma.MaskedArray):
        return {"problem": "not-an-array", "problem_type": kind.__name__[:TEXT_LIMIT]}
    plain = np.array(result, copy=None, subok=False)
    if plain.shape != case.shape:
        return {"problem": "wrong-shape", "problem_text": str(plain.shape)[:TEXT_LIMIT]}
    if plain.dtype.kind not in "biuf":
        return {"problem": "bad-dtype", "problem_type": str(plain.dtype)[:TEXT_LIMIT]}
    return {}


def _first_line(error: BaseException) -> str:
    """What an exception says, in one line without terminal colours."""
    try:
        text = _COLOURS.sub("", str(error))
    except BaseException:  # an exception whose own text cannot be had
        return ""
    # Keras opens with the layer's name, and says what happened in the second paragraph.
    lines = [line for line in text.splitlines() if line.strip()]
    wrapped = len(lines) > 1 and lines[0].startswith("Exception encountered when calling")
    return lines[wrapped][:TEXT_LIMIT] if lines else ""

"""Call the student's code without being harmed by it, and write down what came back."""

import contextlib
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from autograder.cases import Case
from autograder.observations import Record

PRINT_LIMIT = 2_000  # characters kept of what the student's code prints; the rest is dropped
TEXT_LIMIT = 300  # characters kept of an exception's message


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


def record(case: Case, begin: Callable[[np.random.Generator], Callable[[np.ndarray], object]]) -> Record:
    """Make all calls of one case, up to the first that goes wrong.

    begin: given the generator, returns the function to call with the input.
    """
    x = case.x()
    pristine, unchanged = x.copy(), x.tobytes()
    rng = case.generator()
    before = _Chance(rng)
    values: list[np.ndarray] = []
    changed = False
    trouble: dict = {}
    try:
        draw = begin(rng)
        for number in range(case.warmup + case.calls):
            if number == case.warmup:
                before = _Chance(rng)
            result = draw(x)
            if x.tobytes() != unchanged:
                changed = True
                x[...] = pristine
            trouble = _trouble(result, case)
            if trouble:
                break
            if number >= case.warmup:
                # A copy, because a correct answer may hand out the same buffer each time.
                values.append(np.array(result, copy=True, subok=False))
    except KeyboardInterrupt:
        trouble = {"problem": "interrupted"}
    except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
        trouble = {
            "problem": "raised",
            "problem_type": type(error).__name__[:TEXT_LIMIT],
            "problem_text": _first_line(error),
            "value_error": issubclass(type(error), ValueError),
        }
    after = _Chance(rng)
    if trouble:
        trouble["problem_call"] = len(values)
    elif len({value.dtype for value in values}) > 1:
        trouble = {"problem": "bad-dtype", "problem_type": "a dtype that changes from call to call"}
    return Record(
        values=None if trouble else np.stack(values),
        input_changed=changed,
        rng_moved=before.rng != after.rng,
        global_moved=before.shared != after.shared,
        **trouble,
    )


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
    try:
        lines = str(error).splitlines()
    except BaseException:  # an exception whose own text cannot be had
        return ""
    return lines[0][:TEXT_LIMIT] if lines else ""

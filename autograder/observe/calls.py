"""Call the student's code without being harmed by it, and write down what came back."""

import builtins
import contextlib
import dis
import io
import linecache
import logging
import random
import re
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from autograder.observations import PRINT_LIMIT, TEXT_LIMIT, Trouble

#: What a student wrote, and whatever it gives: anything at all, so nothing is known of what can be done with it.
Student = Any

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
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]  # NumPy's stubs forget it
    numpy_state = np.random.get_state(legacy=False)
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
        np.random.set_bit_generator(generator)  # type: ignore[attr-defined]  # likewise
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
    raise EOFError("input() cannot be answered during a check")


def _no_breakpoint(*_, **__):
    """Go on: during a check nobody could use a debugger."""


class Unusable(Exception):
    """Raised by an exercise's own code when a result cannot even be taken apart.

    problem, problem_type, problem_text, problem_line: as in `Record`.
    """

    def __init__(self, problem: str, problem_type: str, problem_text: str = "", problem_line: str = ""):
        self.problem, self.problem_type = problem, problem_type
        self.problem_text, self.problem_line = problem_text, problem_line


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
                    array.dtype = pristine.dtype  # type: ignore[misc]  # NumPy's stubs know no setter, NumPy does
                    array.shape = pristine.shape
                    array[...] = pristine
        return found


def trouble_of(error: BaseException) -> Trouble:
    """What a record says of a call that ended with this exception."""
    kind = type(error)
    if issubclass(kind, KeyboardInterrupt):
        return {"problem": "interrupted"}
    if issubclass(kind, Unusable):
        unusable = cast(Unusable, error)
        return {
            "problem": unusable.problem,
            "problem_type": unusable.problem_type[:TEXT_LIMIT],
            "problem_text": unusable.problem_text[:TEXT_LIMIT],
            "problem_line": unusable.problem_line[:TEXT_LIMIT],
        }
    return {
        "problem": "raised",
        "problem_type": type_name(kind),
        "problem_text": _telling_line(error),
        "problem_line": (place := _last_own_line(error)).text,
        "problem_own": place.raised,
        "value_error": issubclass(kind, ValueError),
        "key_error": issubclass(kind, KeyError),
    }


def shared_state() -> tuple:
    """A snapshot of NumPy's and Python's global random state."""
    shared = np.random.get_state(legacy=False)
    # The bytes of its 624 words: their repr would take most of an examination's time.
    words = shared["state"].pop("key", np.empty(0))
    return words.tobytes(), repr(shared), random.getstate()


def type_name(kind: type) -> str:
    """A class's name, without asking its metaclass, which may be the student's."""
    return clean(type.__dict__["__name__"].__get__(kind))[:TEXT_LIMIT]


def clean(text: str) -> str:
    """A text that can be printed and sent anywhere: without terminal colours and lone surrogates."""
    return _COLOURS.sub("", str.encode(text, "utf-8", "replace").decode("utf-8"))


class _Place(NamedTuple):
    """The last line of the student's own code that an exception came through, and whether it raised it itself."""

    text: str
    raised: bool


def _last_own_line(error: BaseException) -> _Place:
    """Where in the student's own code an exception came from.

    Keras removes its own frames from tracebacks, so the innermost that is left may have raised nothing: the
    instruction that it stopped at tells.
    """
    try:
        trace, found = error.__traceback__, None
        while trace is not None:
            if not _is_library(trace.tb_frame.f_code.co_filename):
                found = trace
            trace = trace.tb_next
        if found is None:
            return _Place("", False)
        code = found.tb_frame.f_code
        text = linecache.getline(code.co_filename, found.tb_lineno, found.tb_frame.f_globals)
        raised = code.co_code[found.tb_lasti] == dis.opmap["RAISE_VARARGS"]
        return _Place(" ".join(clean(text).split())[:TEXT_LIMIT], raised)
    except BaseException:  # an exception whose traceback was tampered with
        return _Place("", False)


#: Where Python, its libraries and this package are.
_LIBRARIES = tuple({*sysconfig.get_paths().values(), str(Path(__file__).resolve().parents[1])} - {sys.prefix})
_LIBRARY = re.compile(r"[/\\](site|dist)-packages[/\\]|__autograph_generated_file|^<frozen |\.p(?:yx|xd|xi)$")


def _is_library(file: str) -> bool:
    """Whether code of this file is no student's."""
    return file.startswith(_LIBRARIES) or bool(_LIBRARY.search(file))


#: Frames of Keras's exceptions, from the outside in: what comes before the sentence that says something.
_WRAPPED = re.compile(
    r"^(Exception encountered when calling|Error (encountered|raised)|Could not automatically infer|"
    r"in user code:|File \"|Arguments received by|Original error|Traceback)"
)


def _telling_line(error: BaseException) -> str:
    """The sentence of an exception that says what happened, in one line.

    Keras opens with the name of the layer, and what happened comes below it.
    """
    try:
        lines = [line.strip() for line in str.splitlines(clean(str(error))) if line.strip()]
        if not lines or not _WRAPPED.match(lines[0]):
            return lines[0][:TEXT_LIMIT] if lines else ""
        telling = [line for line in lines if not _WRAPPED.match(line) and not line.startswith(("•", "~", "^"))]
        return (telling or lines)[0][:TEXT_LIMIT]
    except BaseException:  # an exception whose own text cannot be had
        return ""

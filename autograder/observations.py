"""What is recorded while the student's code runs: arrays and scalars, and nothing that could run.

The two halves of an examination meet only here. `to_bytes` and `from_bytes` carry a recording across a
process boundary as `.npz` read without pickle.
"""

import io
import json
import re
import warnings
from dataclasses import dataclass
from typing import Any, TypedDict, get_type_hints

import numpy as np

from autograder import npz
from autograder.printable import showable

#: The largest recording accepted from another process, in bytes.
SIZE_LIMIT = 64_000_000

#: Records in it, texts in an array of one, and the largest number that counts something.
RECORD_LIMIT, TEXTS_LIMIT, COUNT_LIMIT = 400, 2_000, 1_000_000_000

#: What is told in it beside the arrays, in bytes.
TOLD_LIMIT = 1_000_000

#: Characters kept of what the student's code prints, and of an exception's message; the rest is dropped.
PRINT_LIMIT = 2_000
TEXT_LIMIT = 300


class BadRecording(ValueError):
    """Bytes that are not a recording, or that are too large for one."""


@dataclass(frozen=True)
class Record:
    """What one case's calls did.

    values: (calls, *shape), what came back, in its own dtype; None if any call went wrong. For parts of a case
    whatever array the exercise's own observer says.
    problem: "" or what went wrong first: "raised", "none", "not-an-array", "wrong-shape", "bad-dtype",
    "not-a-pair", "not-callable", "not-a-class", "interrupted", "warmup" (a call before
    those asked for), "not-scores", "too-much" (a call that would not end, or gave more than is kept),
    "not-a-number", "not-a-model", "known-batch" (an exception where the size of a batch is not known),
    "late" (an exception only in the first call of what should not have been made).
    problem_call: the number of that call, from 0. problem_type: the type's or exception's name. problem_text: its
    shape, or the sentence of the exception that says most. problem_line: where an exception was raised, the last
    line of the student's own code that was reached. problem_own: whether that line itself raised it, and not
    something that it called. value_error, key_error: whether it was a ValueError, or a KeyError.
    input_changed: whether an argument differed after a call.
    rng_moved: whether the generator handed over had advanced at the end of all calls. rng_spawned: whether others
    were made from it before the first call, in a constructor.
    repeats: whether the first calls gave the same values once more from the same generator state.
    global_moved: whether NumPy's or Python's global random state had.
    """

    values: np.ndarray | None = None
    problem: str = ""
    problem_call: int = -1
    problem_type: str = ""
    problem_text: str = ""
    problem_line: str = ""
    problem_own: bool = False
    value_error: bool = False
    key_error: bool = False
    input_changed: bool = False
    rng_moved: bool = False
    rng_spawned: bool = False
    repeats: bool = True
    global_moved: bool = False


#: What a record says beside its values, and of which type it is.
_TOLD: dict[str, type] = {name: kind for name, kind in get_type_hints(Record).items() if name != "values"}


class Trouble(TypedDict, total=False):
    """What a record says of a call that went wrong; empty if none did. The fields are those of `Record`."""

    problem: str
    problem_call: int
    problem_type: str
    problem_text: str
    problem_line: str
    problem_own: bool
    value_error: bool
    key_error: bool


@dataclass(frozen=True)
class Observations:
    """A recording: one `Record` per case, and the beginning of what was printed meanwhile."""

    records: dict[str, Record]
    printed: str = ""

    def to_bytes(self) -> bytes:
        """The recording as the bytes of an `.npz` file: what was told, as JSON, and the arrays."""
        records: dict[str, dict[str, Any]] = {}
        arrays: dict[str, Any] = {}
        for name, record in self.records.items():
            records[name] = {field: getattr(record, field) for field in _TOLD}
            if record.values is not None:
                arrays[f"values/{name}"] = record.values
        told = {"printed": self.printed, "records": records}
        buffer = io.BytesIO()
        np.savez(buffer, told=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, tables: tuple[np.dtype, ...] = ()) -> "Observations":
        """Read a recording back. Raises BadRecording for anything that `to_bytes` would not have written.

        tables: the structured dtypes that there may be in it. What it costs is bounded by the size of the data;
        which records there may be is for `autograder.judge.reading`.
        """
        if len(data) > SIZE_LIMIT:
            raise BadRecording(f"The recording has {len(data):,} bytes; {SIZE_LIMIT:,} are allowed.")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy warns of headers that it mends
                return cls._read(data, tables)
        except BadRecording:
            raise
        except npz.Packed as error:
            raise BadRecording("The recording is packed.") from error
        except Exception as error:  # the archive, NumPy, JSON and the constructor each raise their own kinds
            raise BadRecording(f"Not a recording: {type(error).__name__}.") from error

    @classmethod
    def _read(cls, data: bytes, tables: tuple[np.dtype, ...]) -> "Observations":
        """As `from_bytes`. Raises all kinds of exceptions."""
        members = npz.members(data, 1 + RECORD_LIMIT)
        told = members.pop(_TOLD_MEMBER)
        if len(told) > TOLD_LIMIT:
            raise BadRecording(f"The recording tells more than {TOLD_LIMIT:,} bytes.")
        told = json.loads(_array(told, ()).tobytes())
        values = {_record_name(member): _array(content, tables) for member, content in members.items()}
        if set(told) != {"printed", "records"} or len(told["records"]) > RECORD_LIMIT:
            raise ValueError("other parts than a recording has")
        records = {
            _name(name): Record(
                _shown_texts(values.pop(name, None)),
                **{field: _read(record[field], _TOLD[field]) for field in _TOLD},
            )
            for name, record in told["records"].items()
        }
        if values:
            raise ValueError("values of no record")
        return cls(records, _read(told["printed"], str, PRINT_LIMIT))


#: What is told beside the arrays, and the values of a record, as members of the archive.
_TOLD_MEMBER = "told.npy"
_VALUES_MEMBER = re.compile(r"values/(.+)\.npy")


def _record_name(member: str) -> str:
    """The record whose values a member of the archive holds. Raises ValueError if of none."""
    found = _VALUES_MEMBER.fullmatch(member)
    if not found:
        raise ValueError("a member that no recording has")
    return found[1]


def _name(name: str) -> str:
    """A record's name. Raises ValueError if it is none."""
    if len(name) > npz.NAME_LIMIT or not name.isprintable():
        raise ValueError("a record of no possible name")
    return name


def _array(member: memoryview, tables: tuple[np.dtype, ...]) -> np.ndarray:
    return npz.array(member, tables, TEXTS_LIMIT, TEXT_LIMIT)


def _read(value: Any, kind: type, letters: int = TEXT_LIMIT) -> Any:
    """A field of a record. Raises TypeError if it is of another type, ValueError for no possible number."""
    given = type(value)
    if given is not kind:
        raise TypeError
    if kind is int and not -1 <= value <= COUNT_LIMIT:
        raise ValueError("a number that counts nothing")
    return showable(value[:letters], letters) if kind is str else value


def _shown_texts(values: np.ndarray | None) -> np.ndarray | None:
    """An array whose texts, if it has any, can be written anywhere. Raises ValueError for what is no character."""
    if values is None:
        return None
    if values.dtype.kind == "U":
        texts = [showable(str(text), TEXT_LIMIT) for text in values.ravel()]
        return np.array(texts, dtype=values.dtype).reshape(values.shape)
    for name in values.dtype.names or ():
        if values.dtype[name].kind == "U":
            values[name] = [showable(str(text), TEXT_LIMIT) for text in values[name].ravel()]
    return values

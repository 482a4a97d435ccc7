"""What is recorded while the student's code runs: arrays and scalars, and nothing that could run.

The two halves of an examination meet only here. `to_bytes` and `from_bytes` carry a recording across a
process boundary as `.npz` read without pickle.
"""

import io
import json
import zipfile
from dataclasses import dataclass, fields

import numpy as np

#: The largest recording accepted from another process, in bytes.
SIZE_LIMIT = 64_000_000

#: What is told in it beside the arrays, in bytes.
TOLD_LIMIT = 1_000_000

#: Characters kept of what the student's code prints, and of an exception's message; the rest is dropped.
PRINT_LIMIT = 2_000
TEXT_LIMIT = 300


class BadRecording(ValueError):
    """Bytes that are not a recording, or that are too large for one."""


#: What happened to a model that was watched while cross_validate ran: it was fitted, or it was scored.
#: is_score: which of the two. model: its number, in the order in which models were made. fits: how often it had
#: been fitted before. fit: the number of its latest fit among all events. row, rows: where the features it was
#: given begin and how many rows they have, rows -1 if they were no table of numbers. label, labels: the same
#: for y. value: the score it returned, NaN for a fit.
EVENT = np.dtype(
    [("is_score", "?"), ("value", "f8")]
    + [(name, "i4") for name in ("model", "fits", "fit", "row", "rows", "label", "labels")]
)


#: One call of a layer while a model was called: what it was given and what it gave.
#: kind: its class's name, or that of the Keras class it derives from; "output" for the model's own, "base" for a
#: base that was handed over, and for what belongs to it.
#: layer: its number, in the order of first calls. rate: its attribute of that name, NaN if there is none.
#: given, gave: where the arrays begin in the case's array of numbers, -1 for what is no single array.
#: given_shape, gave_shape: their shapes, filled up with -1. kernel, bias: where a Dense layer's weights begin, -1
#: without them.
LAYER_CALL = np.dtype(
    [("kind", "U40"), ("layer", "i4"), ("rate", "f8"), ("given_shape", "i4", (4,)), ("gave_shape", "i4", (4,))]
    + [(name, "i8") for name in ("given", "gave", "kernel", "bias")]
)


@dataclass(frozen=True)
class Record:
    """What one case's calls did.

    values: (calls, *shape), what came back, in its own dtype; None if any call went wrong. For parts of a case
    whatever array the exercise's own observer says.
    problem: "" or what went wrong first: "raised", "none", "not-an-array", "wrong-shape", "bad-dtype",
    "not-a-pair", "not-callable", "not-a-class", "interrupted", "warmup" (a call before
    those asked for), "not-scores", "too-much" (a call that would not end, or gave more than is kept),
    "not-a-number", "not-a-model". problem_call: the number of that call, from 0. problem_type: the type's or
    exception's name. problem_text: its shape, or the exception's first line. value_error, key_error: whether it
    was a ValueError, or a KeyError.
    input_changed: whether an argument differed after a call.
    rng_moved: whether the generator handed over had advanced at the end of all calls.
    repeats: whether the first calls gave the same values once more from the same generator state.
    global_moved: whether NumPy's or Python's global random state had.
    """

    values: np.ndarray | None = None
    problem: str = ""
    problem_call: int = -1
    problem_type: str = ""
    problem_text: str = ""
    value_error: bool = False
    key_error: bool = False
    input_changed: bool = False
    rng_moved: bool = False
    repeats: bool = True
    global_moved: bool = False


#: What a record says beside its values, and of which type it is.
_TOLD = {field.name: field.type for field in fields(Record) if field.name != "values"}


@dataclass(frozen=True)
class Observations:
    """A recording: one `Record` per case, and the beginning of what was printed meanwhile."""

    records: dict[str, Record]
    printed: str = ""

    def to_bytes(self) -> bytes:
        """The recording as the bytes of an `.npz` file: what was told, as JSON, and the arrays."""
        told = {"printed": self.printed, "records": {}}
        arrays = {}
        for name, record in self.records.items():
            told["records"][name] = {field: getattr(record, field) for field in _TOLD}
            if record.values is not None:
                arrays[f"values/{name}"] = record.values
        buffer = io.BytesIO()
        np.savez(buffer, told=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Observations":
        """Read a recording back. Raises BadRecording for anything that `to_bytes` would not have written."""
        if len(data) > SIZE_LIMIT:
            raise BadRecording(f"The recording has {len(data):,} bytes; {SIZE_LIMIT:,} are allowed.")
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                # A packed archive can unpack to anything, whatever sizes it tells.
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                    raise BadRecording("The recording is packed.")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                told = arrays["told"]
                if told.nbytes > TOLD_LIMIT:
                    raise BadRecording(f"The recording tells more than {TOLD_LIMIT:,} bytes.")
                told = json.loads(told.tobytes())
                values = {key.removeprefix("values/"): arrays[key] for key in arrays.files if key != "told"}
            records = {
                _shown(name[:TEXT_LIMIT]): Record(
                    values.get(name), **{field: _read(record[field], _TOLD[field]) for field in _TOLD}
                )
                for name, record in told["records"].items()
            }
            return cls(records, _shown(told["printed"][:PRINT_LIMIT]))
        except BadRecording:
            raise
        except Exception as error:  # zipfile, NumPy and the constructor each raise their own kinds
            raise BadRecording(f"Not a recording: {type(error).__name__}.") from error


def _read(value: object, kind: type) -> object:
    """A field of a record. Raises TypeError if it is of another type."""
    if type(value) is not kind:
        raise TypeError
    return _shown(value[:TEXT_LIMIT]) if kind is str else value


def _shown(text: str) -> str:
    """A text that can be written anywhere: what is no character, or controls something, replaced."""
    return "".join(c if c.isprintable() or c in "\n\t\xa0" else "\N{REPLACEMENT CHARACTER}" for c in text)

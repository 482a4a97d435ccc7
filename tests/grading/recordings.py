"""Recordings that no observer wrote: real ones of every exercise, changed in their bytes, their archive or values.

`python -m tests.grading.recordings [NUMBER [SEED [EXERCISE ...]]]` judges NUMBER of them (default 10,000) in this
process, whose memory is limited, and prints what the costliest took. It ends with an error when one raised, or took
more than a second of computing or 300 MB.
"""

import io
import json
import math
import random
import resource
import struct
import sys
import time
import traceback
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from autograder.catalogue import exercises
from autograder.exercises.cross_validation.cases import EVENT
from autograder.grading.judging import judged
from autograder.kits.models.cases import LAYER_CALL
from autograder.notebook import Shown
from autograder.observations import Observations
from autograder.observe import observe
from tests.banks import cross_validation as bank_cross_validation
from tests.banks import masks as bank
from tests.banks import overfitting as bank_overfitting

#: What one recording may cost: seconds of computing, and bytes beyond what was there.
SECONDS, MEMORY = 1.0, 300_000_000

SEED = 3
KERAS = ("keras_layer", "classifier", "transfer")


@cache
def real(exercise: str) -> tuple[bytes, ...]:
    """Recordings of an answer that is right, and of some that are wrong."""
    if exercise in KERAS:
        from tests.banks import classifier as bank_classifier
        from tests.banks import keras_layer as bank_keras
        from tests.banks import transfer as bank_transfer

        banks = {"keras_layer": bank_keras, "classifier": bank_classifier, "transfer": bank_transfer}
        entries = [banks[exercise].CORRECT[0], banks[exercise].MISTAKEN[0]]
    else:
        banks = (bank, bank_cross_validation, bank_overfitting)
        right = [entry for each in banks for entry in each.CORRECT if entry.exercise == exercise]
        wrong = [entry for each in banks for entry in each.MISTAKEN if entry.exercise == exercise]
        entries = [right[0], *wrong[:: max(1, len(wrong) // 3)]]
    return tuple(observe(exercise, entry.objects(), SEED).to_bytes() for entry in entries)


# ---------------------------------------------------------------- numbers and texts that strain whoever reads them

NUMBERS = [
    0.0, -0.0, 1.0, -1.0, 0.5, 1.7e308, -1.7e308, 5e-324, -5e-324, 1e-308, 3.4e38, np.inf, -np.inf, np.nan, 2.0**53,
    2.0**63, 1e300, 1e-300,
]  # fmt: skip
TEXTS = [
    "", "$\\frac$", "$$", "\\", "%s{0}", "<script>alert(1)</script>", "\x1b[31m", "\x00", "\u202eabc\u2066",
    "\ud800",
    "\N{GRINNING FACE}" * 3, "\N{HEBREW LETTER ALEF}" * 9, "a\u0300" * 50, "x" * 10_000, "W" * 300, "\n" * 50,
    "NotImplementedError", "none", "raised", "not-callable", "not-an-array", "wrong-shape", "missing",
    "interrupted",
]  # fmt: skip
VALUES = [*TEXTS, None, True, False, -1, 0, 1, 10**9, 10**30, 1e308, float("nan"), [], {}, [[[]]], {"a": 1}]
TYPES = ["?", "i1", "u1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", "g", ">f4", ">i8", "c8", "U3", "S3", "M8[s]"]
SHAPES = [(), (0,), (1,), (3, 0, 2), (0, 2**40), (1, 1, 1, 1, 1), (2**31,), (-1,), (600, 6, 7)]


# ---------------------------------------------------------------- changes


def changed(data: bytes, rng: random.Random, deep: float) -> tuple[str, bytes]:
    """A changed recording, and in which way. deep: the share of those that are well-formed, and go to the judge."""
    way = rng.choice(_DEEP if rng.random() < deep else _SHALLOW)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        try:
            data = way(data, rng)
            if len(data) > 20_000_000:
                break  # what grows for ever is refused by its size
        except (
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            OverflowError,
            AttributeError,
            struct.error,
            RecursionError,
        ):
            break  # it has been changed so that it cannot be changed once more
    return way.__name__, data


def bit_flips(data: bytes, rng: random.Random) -> bytes:
    """Some bits are others."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 8, 100))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def splices(data: bytes, rng: random.Random) -> bytes:
    """A piece of it stands somewhere else, once more or instead."""
    begin, place = rng.randrange(len(data)), rng.randrange(len(data))
    piece = data[begin : begin + rng.choice((1, 20, 1000, 100_000))]
    return data[:place] + piece + data[place + rng.choice((0, len(piece), rng.randrange(1000))) :]


def truncations(data: bytes, rng: random.Random) -> bytes:
    """Its end, its beginning or a piece is missing."""
    begin, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    return rng.choice((data[:end], data[begin:], data[:begin] + data[end:]))


def directories(data: bytes, rng: random.Random) -> bytes:
    """The archive's directory says something else, or says it often."""
    place = data.rindex(b"PK\5\6")
    size, begin = struct.unpack_from("<2I", data, place + 12)
    directory, end = bytearray(data[begin : begin + size]), bytearray(data[place:])
    way = rng.randrange(4)
    if way == 0:
        directory[rng.randrange(len(directory))] = rng.randrange(256)
    elif way == 1:
        end[rng.randrange(len(end))] = rng.randrange(256)
    elif way == 2:  # many names for the same bytes
        number = min(rng.choice((2, 100, 1000)), 1 + 5_000_000 // (1 + len(directory)))
        directory = directory * number
        count = struct.unpack_from("<H", end, 10)[0] * number
        count %= 2**16
        end = bytearray(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), begin, 0))
    else:  # entries that point into each other
        entry = directory.find(b"PK\1\2", rng.randrange(len(directory)))
        place = max(entry, 0) + 42
        directory[place : place + 4] = struct.pack("<I", rng.randrange(len(data)))
    return data[:begin] + bytes(directory) + bytes(end)


def members_repeated(data: bytes, rng: random.Random) -> bytes:
    """A member stands there once more, or a few hundred times, under its own or other names."""
    parts = _parts(data)
    name, content = rng.choice(parts)
    times = min(rng.choice((1, 3, 500)), 1 + 5_000_000 // (1 + len(content)))
    return _archive(parts + [(name if rng.random() < 0.5 else f"values/{n}.npy", content) for n in range(times)])


def headers(data: bytes, rng: random.Random) -> bytes:
    """An array's header says another type, shape or order, and its checksum is right."""
    parts = _parts(data)
    number = rng.randrange(len(parts))
    name, content = parts[number]
    length = struct.unpack_from("<H", content, 8)[0]
    header, body = content[10 : 10 + length], content[10 + length :]
    way = rng.randrange(4)
    if way == 0:
        place = rng.randrange(len(header))
        header = header[:place] + rng.randbytes(1) + header[place + 1 :]
    elif way == 1:
        descr, shape = rng.choice([*TYPES, "O", "U999999999", "V8", "|V99999"]), rng.choice(SHAPES)
        header = repr({"descr": descr, "fortran_order": rng.random() < 0.5, "shape": shape}).encode() + b"\n"
    elif way == 2:
        header = rng.choice((b"(" * 900, b"{'descr': " * 90, b"9" * 5000, b"", header * 3, b"\xff" * 50))
    else:
        header = header.replace(b"False", b"True").replace(b"<f", b">f")
    parts[number] = (name, content[:8] + struct.pack("<H", len(header)) + header + body)
    return _archive(parts)


def told(data: bytes, rng: random.Random) -> bytes:
    """What is told beside the arrays is something else, as JSON that is or is none."""
    parts = dict(_parts(data))
    raw = json.loads(_body(parts["told.npy"]))
    if rng.random() < 0.1:
        place, text = 0, json.dumps(raw).encode()
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice((b"[" * 100_000, b"1" * 5_000, b"\xff", b'"', b"NaN")) + text[place:]
    else:
        owner = rng.choice((raw, raw["records"], *raw["records"].values()))
        key = rng.choice(list(owner))
        way = rng.randrange(3)
        if way == 0:
            owner[key] = rng.choice(VALUES)
        elif way == 1:
            del owner[key]
        else:
            owner[rng.choice([*TEXTS, "units-low", "values", "a.out"])] = owner[key]
        text = json.dumps(raw).encode()
    parts["told.npy"] = _npy(np.frombuffer(text, np.uint8))
    return _archive(list(parts.items()))


#: The structured arrays of all exercises' recordings.
TABLES = (EVENT, LAYER_CALL)


def problems(data: bytes, rng: random.Random) -> bytes:
    """Records that went wrong in other ways, with other texts."""
    read = Observations.from_bytes(data, TABLES)
    records = dict(read.records)
    for name in rng.sample(list(records), min(len(records), rng.choice((1, 3, 1000)))):
        one = {"problem": rng.choice(TEXTS), "problem_type": rng.choice(TEXTS), "problem_text": rng.choice(TEXTS)}
        flags = ("value_error", "key_error", "input_changed", "rng_moved", "repeats", "global_moved")
        records[name] = replace(records[name], **one, **{flag: rng.random() < 0.5 for flag in flags})
        if rng.random() < 0.5:
            records[name] = replace(records[name], values=None)
    return Observations(records, rng.choice(TEXTS)).to_bytes()


def values(data: bytes, rng: random.Random) -> bytes:
    """Arrays of the right form with other numbers in them."""
    read = Observations.from_bytes(data, TABLES)
    records = dict(read.records)
    there = [name for name, record in records.items() if record.values is not None]
    for name in rng.sample(there, min(len(there), rng.choice((1, 3, 1000)))):
        records[name] = replace(records[name], values=strange(records[name].values, rng))
    return Observations(records, read.printed).to_bytes()


def strange(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """An array with some or all of its entries replaced, in its own or in another type."""
    found = array.copy()
    chance = np.random.default_rng(rng.randrange(2**32))
    if found.dtype.names:
        for name in rng.sample(found.dtype.names, rng.choice((1, 2))):
            found[name] = strange(found[name], rng).astype(found[name].dtype)
        return found
    where = chance.random(found.shape) < rng.choice((0.01, 0.5, 1))
    if found.dtype.kind == "U":
        return np.where(where, np.array(rng.choice(TEXTS)[:40].replace("\0", "")), found)
    with np.errstate(all="ignore"):
        if found.dtype.kind == "f":
            return np.where(where, chance.choice(NUMBERS, found.shape), found).astype(found.dtype)
        if found.dtype.kind in "iu":
            limits = np.iinfo(found.dtype)
            return np.where(where, chance.choice([limits.min, limits.max, 0, 1], found.shape), found).astype(
                found.dtype
            )
        return np.where(where, chance.random(found.shape) < 0.5, found)


def types(data: bytes, rng: random.Random) -> bytes:
    """Arrays of other types or shapes."""
    read = Observations.from_bytes(data, TABLES)
    records = dict(read.records)
    valued = [name for name, record in records.items() if record.values is not None]
    if not valued:  # everything raised
        return data
    name = rng.choice(valued)
    array = records[name].values
    way = rng.randrange(3)
    with np.errstate(all="ignore"):
        if way == 0 and not array.dtype.names:
            array = array.astype(rng.choice(TYPES[:13]))
        elif way == 1:
            array = np.zeros(rng.choice([shape for shape in SHAPES if 0 <= np.prod(shape) < 10**6]), array.dtype)
        else:
            array = records[rng.choice(valued)].values
    records[name] = replace(records[name], values=array)
    return Observations(records, read.printed).to_bytes()


_SHALLOW = (bit_flips, splices, truncations, directories, members_repeated, headers, told)
_DEEP = (problems, values, types, values)


def _parts(data: bytes) -> list[tuple[str, bytes]]:
    """The members of a recording, as far as they stand one after the other."""
    found, place = [], 0
    while data[place : place + 4] == b"PK\3\4":
        name_length, extra = struct.unpack_from("<2H", data, place + 26)
        (size,) = struct.unpack_from("<Q", data, place + 34 + name_length)
        begin = place + 30 + name_length + extra
        found.append((data[place + 30 : place + 30 + name_length].decode(), data[begin : begin + size]))
        place = begin + size
    return found


def _archive(parts: list[tuple[str, bytes]]) -> bytes:
    """An archive of these members, as `numpy.savez` writes it."""
    found, directory = bytearray(), bytearray()
    for name, content in parts:
        raw, check = name.encode(), zlib.crc32(content)
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, 0, 33, check, len(content), len(content),
                                 len(raw), 0, 0, 0, 0, 0, len(found)) + raw  # fmt: skip
        unknown = 2**32 - 1
        found += struct.pack("<4s5H3I2H", b"PK\3\4", 45, 0, 0, 0, 33, check, unknown, unknown, len(raw), 20)
        found += raw + struct.pack("<2H2Q", 1, 16, len(content), len(content)) + content
    number = len(parts) % 2**16
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, number, number, len(directory), len(found), 0)
    return bytes(found + directory + end)


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _body(content: bytes) -> bytes:
    return content[10 + struct.unpack_from("<H", content, 8)[0] :]


# ---------------------------------------------------------------- what they cost

#: Exercises whose recordings are small come up more often: most changes are in what all recordings share.
_OFTEN = {"gap": 10, "best_epoch": 10}


@dataclass
class Cost:
    """What judging recordings took at most, and which raised.

    seconds: of computing. memory: bytes beyond what was there before. read: how many were recordings.
    """

    seconds: float = 0.0
    memory: int = 0
    where: str = ""
    read: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    raised: list[str] = field(default_factory=list)


def judge_one(exercise: str, data: bytes) -> bool:
    """Everything that is done with a recording; whether it was one."""
    report = judged(exercise, SEED, [data]).report
    shown = Shown(report)._repr_mimebundle_()
    for text in (shown["text/plain"], shown["text/html"], json.dumps(shown)):
        text.encode("utf-8")
    assert 0 <= report.points <= report.max_points
    return "interfered" not in report.verdicts[0].returned


def judge_many(number: int, seed: int, exercises: list[str], deep: float = 0.04) -> Cost:
    """Judge so many changed recordings of these exercises, each in its turn."""
    cost = Cost()
    for exercise in exercises:
        judge_one(exercise, real(exercise)[0])  # what is made once is made
    for turn in range(number):
        rng = random.Random(f"{seed} {turn}")
        exercise = rng.choices(exercises, [_OFTEN.get(exercise, 1) for exercise in exercises])[0]
        way, data = changed(rng.choice(real(exercise)), rng, deep)
        before = _resident_from_now()
        try:
            seconds, read = _timed(exercise, data)
            cost.read += read
        except Exception:
            cost.raised.append(f"{exercise}, {way}, turn {turn}: {traceback.format_exc(limit=-3)}")
            continue
        memory = _peak() - before
        if seconds > cost.seconds:
            cost.seconds, cost.where = seconds, f"{exercise}, {way}, turn {turn}"
        cost.memory = max(cost.memory, memory)
        cost.ways[way] += 1
    return cost


def _timed(exercise: str, data: bytes) -> tuple[float, bool]:
    """Seconds of computing that judging a recording takes, and whether it was one.

    On a busy machine computing takes longer now and then: only what is slow again and again is slow.
    """
    seconds = math.inf
    for _ in range(5):
        begun = time.process_time()
        read = judge_one(exercise, data)
        seconds = min(seconds, time.process_time() - begun)
        if seconds <= SECONDS:
            break
    return seconds, read


def _resident_from_now() -> int:
    """Bytes of memory that this process has; its peak is counted from now on, where the system can."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Judge as many as the command line says, and print what the costliest took, as JSON."""
    number, seed = (int(text) for text in (sys.argv[1:3] + ["10000", "1"][len(sys.argv[1:3]) :]))
    chosen = sys.argv[3:] or list(exercises())
    for exercise in chosen:
        real(exercise)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + 1_000_000_000,) * 2)
    begun = time.process_time()
    cost = judge_many(number, seed, chosen)
    told = {"seconds": round(cost.seconds, 3), "megabytes": round(cost.memory / 1e6), "where": cost.where}
    told |= {
        "read": cost.read,
        "ways": cost.ways,
        "raised": cost.raised[:5],
        "all": round(time.process_time() - begun),
    }
    print(json.dumps(told))
    sys.exit(bool(cost.raised) or cost.seconds > SECONDS or cost.memory > MEMORY)


if __name__ == "__main__":
    main()

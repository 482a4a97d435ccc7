"""What crosses the wall can be anything at all: whatever a run sends, what is heard of it is small and sound."""

import base64
import json
import random
import struct

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.grading import wire
from tests.conftest import first_is_quick
from tests.grading.runs import heard, message


def output(cell: object, said: object) -> bytes:
    return message("o", json.dumps([cell, said]).encode())


def is_sound(got: wire.Heard) -> None:
    """Everything that is shown fits into a notebook, is text or pictures, and is small."""
    text = json.dumps(got.outputs, ensure_ascii=False)
    text.encode("utf-8")
    assert len(text) < 4_000_000
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", id="a")])
    for outputs in got.outputs.values():
        notebook.cells[0].outputs = nbformat.from_dict(outputs)
        nbformat.validate(notebook)
        for each in outputs:
            assert set(each.get("data", {})) <= {"text/plain", *wire.PICTURES}
    assert all(len(part) <= 500 for part in (got.missing, got.failure))


PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBBI", 8, 8, 8, 0, 0, 0, 0, 0)
).decode()
SAID = [
    output(3, {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}),
    output(3, {"output_type": "stream", "name": "stderr", "text": "three"}),
    output(4, {"output_type": "error", "ename": "E", "evalue": "told", "traceback": ["a", "b"]}),
    output(
        5, {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": PNG}, "metadata": {}}
    ),
    output(6, {"output_type": "execute_result", "data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}),
]
WHOLE = b"".join(
    [
        message("c", b"3"),
        *SAID,
        message("n", b"name"),
        message("x", b"why"),
        message("r", b"PK" * 50),
        message("d", b""),
    ]
)


def test_a_whole_run_is_heard():
    got = heard(WHOLE)
    assert got.cell == 3 and got.missing == "name" and got.failure == "why" and got.done and not got.garbled
    assert got.recording == b"PK" * 50 and list(got.outputs) == [3, 4, 5, 6]
    assert got.outputs[5][0]["data"] == {"text/plain": "<Figure>", "image/png": PNG}
    assert got.outputs[6][0]["output_type"] == "display_data", "a value that nbgrader could take for points"
    is_sound(got)


def mutated(rng: random.Random) -> bytes:
    data = bytearray(WHOLE)
    for _ in range(rng.randrange(1, 8)):
        place = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                del data[place : place + rng.randrange(1, 30)]
            case 2:
                data[place:place] = rng.randbytes(rng.randrange(1, 30))
            case 3:
                data[place:place] = rng.choice(SAID)
            case 4:
                data[place : place + 4] = struct.pack(
                    ">I", rng.choice((0, 1, 2**31, 2**32 - 1, rng.randrange(2**20)))
                )
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("start", range(0, 600, 200))
def test_bytes_that_are_nearly_right(start):
    for seed in range(start, start + 200):
        is_sound(heard(mutated(random.Random(seed))))


KEYS = [
    "output_type",
    "name",
    "text",
    "data",
    "text/plain",
    "text/html",
    "image/png",
    "ename",
    "evalue",
    "traceback",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    LEAVES | st.sampled_from(["stream", "error", "text/plain", PNG]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=4))
def test_any_values_in_outputs(said):
    is_sound(heard(b"".join(output(cell, value) for cell, value in said)))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["stream", "error", "display_data"]), st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_shown(kind, name, text):
    said = {
        "output_type": kind, "name": name, "text": text, "ename": name, "evalue": text, "traceback": [name, text],
        "data": {"text/plain": text, "text/html": text, "image/png": name},
    }  # fmt: skip
    got = heard(output(0, said))
    is_sound(got)
    assert got.outputs[0]


FLOODS = {
    "empty messages": message("c", b"") * 400_000,
    "empty outputs": output(0, {"output_type": "stream", "name": "stdout", "text": ""}) * 100_000,
    "many cells": b"".join(
        output(n, {"output_type": "stream", "name": "stdout", "text": "x"}) for n in range(30_000)
    ),
    "lists in lists": message("o", b"[" * 3_000_000),
    "many small lists": message("o", b"[0," + b"[]," * 1_000_000 + b"[]]"),
    "long numbers": message("o", b"[0, " + b"9" * 3_000_000 + b"]"),
    "long cell": message("c", b"9" * 3_000_000),
    "texts": output(0, {"output_type": "stream", "name": "stdout", "text": "\N{GRINNING FACE}" * 300_000}) * 2,
    "half a message": message("o", b"x" * 100)[:50],
    "a length that never comes": struct.pack(">cI", b"r", 60_000_000) + b"x" * 1000,
    "unknown kind": message("z", b""),
}


@pytest.mark.parametrize("how", first_is_quick(FLOODS))
def test_a_flood_is_small_when_it_is_heard(how):
    is_sound(heard(FLOODS[how]))

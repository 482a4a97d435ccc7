"""Recordings that nobody observed: whatever is in them, reading, judging and drawing end soon, and well."""

import io
import json
import random
import struct
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.catalogue import cases, exercises
from autograder.exercises.cross_validation.cases import EVENT, FOLD_EVENTS
from autograder.exercises.cross_validation.judge.recognising import Table
from autograder.grading.judging import judged
from autograder.judge import judge
from autograder.judge.reading import expect, read
from autograder.kits.models.cases import LAYER_CALL
from autograder.observations import BadRecording, Observations, Record
from tests.conftest import ROOT
from tests.grading import recordings
from tests.grading.recordings import KERAS, MEMORY, SECONDS, SEED, judge_many, judge_one, real

NUMPY = [name for name in exercises() if name not in KERAS]
EVERY = [*NUMPY, *(pytest.param(name, marks=pytest.mark.slow) for name in KERAS)]
#: What the quick tests take for all: one exercise with masks, and one without.
ONE_OF_A_KIND = [
    pytest.param(name, marks=[] if name in ("mask", "gap") else pytest.mark.slow) for name in exercises()
]
LIMITS = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.parametrize("exercise", ONE_OF_A_KIND)
def test_what_an_observer_writes_is_read_and_earns_its_points(exercise):
    decision = judged(exercise, SEED, [real(exercise)[0]])
    assert decision.report.passed and not decision.suspected
    for data in real(exercise)[1:]:
        assert "interfered" not in judged(exercise, SEED, [data]).report.verdicts[0].returned


@pytest.mark.parametrize("exercise", ONE_OF_A_KIND)
@LIMITS
@given(
    way=st.sampled_from([recordings.values, recordings.types, recordings.problems, recordings.told]),
    seed=st.integers(0, 2**32),
)
def test_any_recording_is_judged_worded_and_drawn(exercise, way, seed):
    rng = random.Random(seed)
    judge_one(exercise, way(rng.choice(real(exercise)), rng))


@pytest.mark.parametrize("exercise", ONE_OF_A_KIND)
@LIMITS
@given(
    records=st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["units-low", "five", "overfit", "two.events"]),
        st.builds(
            Record, problem=st.sampled_from(recordings.TEXTS), problem_text=st.sampled_from(recordings.TEXTS)
        ),
        max_size=5,
    ),
    printed=st.sampled_from(recordings.TEXTS),
)
def test_records_of_any_name_are_judged_or_refused(exercise, records, printed):
    judge_one(exercise, Observations(records, printed).to_bytes())


@pytest.mark.slow
def test_a_hundred_changed_recordings_cost_little_and_raise_nothing():
    cost = judge_many(100, 7, NUMPY)
    assert not cost.raised, "\n".join(cost.raised)
    assert cost.read > 3, "some of them have to get as far as the judge"
    assert cost.seconds < SECONDS and cost.memory < MEMORY, cost


@pytest.mark.slow
def test_changed_recordings_of_every_exercise_cost_little_and_raise_nothing():
    """In a process with little memory. `python -m tests.grading.recordings` judges ten thousand of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.grading.recordings", "200", "1"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert sum(told["ways"].values()) == 200 and told["read"] > 6


# ---------------------------------------------------------------- archives


def overlapping(number: int) -> bytes:
    """An archive whose directory names the same bytes under so many names."""
    buffer = io.BytesIO()
    content = io.BytesIO()
    np.save(content, np.zeros(4000))
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("told.npy", content.getvalue())
        entry = archive.infolist()[0]
        for turn in range(number):
            other = zipfile.ZipInfo(f"values/{turn}.npy")
            for name in ("CRC", "compress_size", "file_size", "header_offset", "external_attr"):
                setattr(other, name, getattr(entry, name))
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
        archive._didModify = True
    return buffer.getvalue()


def members(*names: str) -> bytes:
    """An archive with these members, one after the other, as `numpy.savez` writes them."""
    content = io.BytesIO()
    np.save(content, np.frombuffer(b'{"printed": "", "records": {}}', np.uint8))
    return recordings._archive([(name, content.getvalue()) for name in names])


@pytest.mark.parametrize(
    "data",
    [
        overlapping(3), overlapping(60_000), members(), members("told.npy", "told.npy"), members("told"),
        members("told.npy", "values/a.npy"), members("told.npy", "other.npy"), members("values/a.npy"),
        members("told.npy", *(f"values/{n}.npy" for n in range(5000))), members("told.npy") + b"more",
        b"before" + members("told.npy"), members("told.npy")[:-22],
        members("told.npy", "values/" + "x" * 300 + ".npy"),
    ],
    ids=lambda data: f"{len(data)} bytes",
)  # fmt: skip
def test_archives_of_another_kind_are_refused_at_once(data):
    begun = time.process_time()
    with pytest.raises(BadRecording):
        Observations.from_bytes(data)
    assert time.process_time() - begun < 1


def header(text: str, body: bytes = b"") -> bytes:
    """A recording with one array, of this header."""
    told = json.dumps({"printed": "", "records": {"a": {k: v for k, v in vars(Record()).items() if k != "values"}}})
    array = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode("latin-1") + body
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(told.encode(), np.uint8))
    return recordings._archive([("told.npy", stream.getvalue()), ("values/a.npy", array)])


def shaped(descr: str, shape: str) -> str:
    return f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n"


@pytest.mark.parametrize(
    "text",
    [
        shaped("<U2000000000", "(0,)"), shaped("<f8", "(0, 1000000000000)"), shaped("<f8", "(-1,)"),
        shaped("|O", "()"), shaped("|V99", "()"), shaped("<f8", "(2000000000,)"), shaped("<M8[s]", "(0,)"),
        shaped("<f8", "(" + "1," * 200 + ")"), "(" * 900, "9" * 990, "{}", shaped("<f8", "(True,)"), "\n",
        "{'descr': [('a', '<f8')] , 'fortran_order': False, 'shape': (0,)}", " " * 60_000, "__import__('os')",
    ],
)  # fmt: skip
def test_arrays_of_another_kind_are_refused(text):
    with pytest.raises(BadRecording):
        Observations.from_bytes(header(text))


def test_what_is_neither_true_nor_false_is_true():
    values = Observations.from_bytes(header(shaped("|b1", "(3,)"), b"\x00\x02\xff")).records["a"].values
    assert values.tolist() == [False, True, True] and values.view(np.uint8).tolist() == [0, 1, 1]


def test_what_is_no_character_is_refused():
    with pytest.raises(BadRecording):
        Observations.from_bytes(header(shaped("<U1", "()"), b"\xff\xff\xff\x7f"))


def test_records_that_nobody_asked_for_are_refused():
    for name, values in (("nobody", None), ("units-low", np.ones(3)), ("units-low.slope", np.ones((600, 2)))):
        with pytest.raises(BadRecording, match="nobody made|no call"):
            expect(Observations({name: Record(values=values)}), "mask", SEED)


# ---------------------------------------------------------------- what would take the judge hours


def test_events_that_share_their_rows_are_refused():
    case = cases("cross_validation", SEED)["five"]
    events = np.zeros(FOLD_EVENTS, EVENT)
    events["rows"] = events["labels"] = 4000
    events["is_score"][1:] = True
    parts = {"events": events, "rows": np.ones((4000, case.columns)), "labels": np.zeros(4000, np.int16)}
    forged = Observations({f"five.{name}": Record(values=values) for name, values in parts.items()})
    with pytest.raises(BadRecording, match="point to other rows"):
        expect(forged, "cross_validation", SEED)


@pytest.mark.parametrize("rows", [75, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 7, 4000))])
def test_thousands_of_parts_whose_rows_are_hard_to_recognise_take_seconds(rows):
    """As many as an observer writes down, of rows that are nearly those of x."""
    records = dict(read(real("cross_validation")[0], "cross_validation", SEED).records)
    chance = np.random.default_rng(1)
    ordinary = [case for case in cases("cross_validation", SEED).values() if not case.oddity]
    for case in ordinary:
        number = min(FOLD_EVENTS, 250_000 // case.columns // rows)
        events = np.zeros(number, EVENT)
        events["is_score"] = np.arange(number) % 2
        events["fit"] = events["model"] = np.arange(number) // 2 * 2
        events["row"] = events["label"] = np.arange(number) * rows
        events["rows"] = events["labels"] = rows
        x = case.x()
        table = x[chance.integers(len(x), size=number * rows)] * chance.uniform(1, 1.01, (number * rows, 1))
        parts = {"events": events, "rows": table, "labels": np.zeros(number * rows, np.int16)}
        records |= {f"{case.name}.{name}": Record(values=values) for name, values in parts.items()}
    forged = Observations(records)
    expect(forged, "cross_validation", SEED)
    begun = time.process_time()
    judge("cross_validation", forged, SEED)
    assert time.process_time() - begun < 60


def test_calls_of_layers_that_share_their_numbers_are_refused():
    calls = np.zeros(200, LAYER_CALL)
    calls["kind"], calls["given_shape"], calls["gave_shape"] = "Other", (1000, 1000, -1, -1), (1000, 1000, -1, -1)
    parts = {"train-0": calls, "numbers": np.zeros(1_000_000, np.float32)}
    forged = Observations({f"three.{name}": Record(values=values) for name, values in parts.items()})
    with pytest.raises(BadRecording, match="point to other numbers"):
        expect(forged, "classifier", SEED)


def test_calls_of_dense_layers_that_share_their_weights_are_refused():
    """Each costs millions of multiplications, of a few thousand numbers that are its own."""
    calls = np.zeros(200, LAYER_CALL)
    calls["kind"], calls["given_shape"], calls["gave_shape"] = "Dense", (1, 1700, -1, -1), (1, 1700, -1, -1)
    numbers = np.zeros(3_000_000, np.float16)
    for exercise, case in (("classifier", "three"), ("transfer", "nested")):
        for many, refused in ((200, True), (10, False)):
            parts = {"train-0": calls[:many], "numbers": numbers}
            forged = Observations({f"{case}.{name}": Record(values=values) for name, values in parts.items()})
            if refused:
                with pytest.raises(BadRecording, match="point to other numbers"):
                    expect(forged, exercise, SEED)
            else:
                expect(forged, exercise, SEED)


def test_thousands_of_parts_whose_statistics_are_all_their_own_are_not_all_recognised():
    case = cases("cross_validation", SEED)["five"]
    table, chance = Table(case.x()), np.random.default_rng(1)
    found = []
    for _ in range(300):
        some = table.original[chance.permutation(len(table.original))[:57]]
        found.append(table.find((some - some.mean(axis=0)) / chance.uniform(1, 2, case.columns)) is not None)
    # Ten times what the largest examination takes are; then it takes no time any more.
    assert all(found[:200]) and not any(found[224:])


def test_a_mutation_is_the_same_each_time():
    (one, other) = (recordings.changed(real("gap")[0], random.Random("1"), 0.5) for _ in range(2))
    assert one == other

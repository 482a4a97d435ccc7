"""The judge's statistics: bands are exact, the budget suffices, recordings survive the journey."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from scipy.stats import binom

from autograder import judge as judging
from autograder.catalogue import cases, exercises, find, part
from autograder.exercises.keras_layer.cases import SEED_RANGE
from autograder.judge.evidence import Bench
from autograder.judge.statistics import CERTAIN_ALPHA, FAMILIES, STAGE_ALPHA, Budget, binomial_band, central_counts
from autograder.kits.masks.binomial import binomial_chance
from autograder.observations import SIZE_LIMIT, TEXT_LIMIT, TOLD_LIMIT, BadRecording, Observations, Record
from autograder.observe import observe
from tests.banks.masks import CORRECT
from tests.conftest import ROOT, first_is_quick

# Keras takes seconds to import, and the later exercises have cases and banks of their own.
NUMPY_EXERCISES = [name for name in exercises() if name in ("mask", "inverted", "classic", "layer", "backward")]


@pytest.mark.parametrize("n", [1, 7, 600, 238_800])
@pytest.mark.parametrize("p", [0.0, 0.015, 0.37, 0.5, 0.985, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 1e-5, 1e-12])
def test_band_leaves_out_at_most_alpha_and_no_count_too_many(n, p, alpha):
    band = binomial_band(n, p, alpha)
    assert 0 <= band.low <= band.high <= n
    below, above = binom.cdf(band.low - 1, n, p), binom.sf(band.high, n, p)
    assert below <= alpha / 2 and above <= alpha / 2
    # Exact means tight: one count narrower on either side would leave out more than its half.
    if band.low < band.high:
        assert binom.cdf(band.low, n, p) > alpha / 2 and binom.sf(band.high - 1, n, p) > alpha / 2


def test_middle_of_a_binomial_is_given_with_its_exact_probability():
    low, high, p = central_counts(54, 0.37)
    assert p == pytest.approx(binom.pmf(np.arange(low, high + 1), 54, 0.37).sum()) and 0.3 < p < 0.6


@pytest.mark.parametrize("exercise", NUMPY_EXERCISES)
def test_budget_of_false_alarms_is_kept(exercise):
    (entry, *_) = [entry for entry in CORRECT if entry.exercise == exercise]
    bench = Bench(find(exercise), cases(exercise, 4), observe(exercise, entry.objects(), 4))
    part(exercise, "judge").rule(bench)
    assert 50 < bench.budget.spent <= FAMILIES
    assert STAGE_ALPHA**2 + CERTAIN_ALPHA <= 1e-9


@pytest.mark.parametrize("exercise", exercises())
def test_a_confirmation_draws_afresh(exercise):
    """Another seed also for Keras, whose seeds are 32-bit integers."""
    first, again = (cases(exercise, 4, confirming) for confirming in (False, True))
    assert list(first) == list(again)
    for one, other in zip(first.values(), again.values(), strict=True):
        if hasattr(one, "seed") and exercise != "cross_validation":  # there a seed is an argument as any other
            assert one.seed % SEED_RANGE != other.seed % SEED_RANGE


def test_a_spent_budget_is_a_fault_and_not_a_verdict():
    budget = Budget()
    with pytest.raises(RuntimeError, match="raise FAMILIES"):
        for _ in range(FAMILIES + 1):
            budget.family(5, 10, 0.5)


@pytest.mark.parametrize("n", [1, 7, 600, 40_000, 1_000_000])
@pytest.mark.parametrize("p", [1e-6, 0.015, 0.37, 0.5, 0.985, 1 - 1e-6])
def test_the_binomial_distribution_is_scipys(n, p):
    for alpha in (1e-3, 1e-8, 1e-11):
        band = binomial_band(n, p, alpha)
        assert (band.low, band.high) == (int(binom.ppf(alpha / 2, n, p)), int(binom.isf(alpha / 2, n, p)))
    k = np.unique(np.linspace(0, n, 50).astype(int))
    np.testing.assert_allclose(binomial_chance(k, n, p), binom.pmf(k, n, p), rtol=1e-6, atol=1e-300)


def test_a_judge_does_without_the_slow_part_of_scipy():
    program = "import sys; from autograder.catalogue import exercises, part; "
    program += "[part(name, 'judge') for name in exercises()]; print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("exercise", first_is_quick(NUMPY_EXERCISES))
def test_cases_follow_from_the_seed_alone_and_avoid_telling_rates(exercise):
    for seed in range(50):
        found = cases(exercise, seed)
        assert found == cases(exercise, seed)
        for case in found.values():
            assert 0 < case.calls and min(case.shape) > 0
            if 0 < case.rate < 1:
                assert abs(case.rate - 0.5) > 0.02 and abs(case.rate - round(case.rate, 1)) > 0.0149
            x = case.x()
            assert x.dtype == case.dtype and (x == 0).sum() == case.zeros
            assert len(np.unique(x)) >= min(x.size - case.zeros, 2)
            assert not np.isin(x[x != 0], [1, -1]).any()
    assert cases(exercise, 1) != cases(exercise, 2)


@pytest.mark.parametrize("exercise", NUMPY_EXERCISES)
def test_recording_survives_the_journey_and_is_judged_the_same(exercise):
    (entry, *_) = [entry for entry in CORRECT if entry.exercise == exercise]
    recorded = observe(exercise, entry.objects(), 4)
    sent = Observations.from_bytes(recorded.to_bytes())
    assert judging.judge(exercise, sent, 4) == judging.judge(exercise, recorded, 4)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"not a zip at all", Observations({"a": Record(problem="none")}).to_bytes()[:-30]],
)
def test_bytes_that_are_no_recording_are_refused(data):
    with pytest.raises(BadRecording):
        Observations.from_bytes(data)


def test_a_recording_with_objects_or_too_large_is_refused(tmp_path):
    path = tmp_path / "evil.npz"
    told = np.frombuffer(b'{"printed": "", "records": {}}', np.uint8)
    np.savez(path, told=told)
    assert Observations.from_bytes(path.read_bytes()) == Observations({})
    np.savez(path, told=told, **{"values/a": np.array([{}], dtype=object)})
    with pytest.raises(BadRecording, match="ValueError"):
        Observations.from_bytes(path.read_bytes())
    np.savez(path, told=told, **{"values/a": np.zeros(SIZE_LIMIT // 8 + 1000)})
    with pytest.raises(BadRecording, match="are allowed"):
        Observations.from_bytes(path.read_bytes())
    np.savez(path, told=np.zeros(TOLD_LIMIT + 1, np.uint8))
    with pytest.raises(BadRecording, match="tells more"):
        Observations.from_bytes(path.read_bytes())


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_recording_that_could_unpack_to_anything_is_refused(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("told.npy", bytes(10**7))
    assert len(buffer.getvalue()) < 20_000
    with pytest.raises(BadRecording, match="is packed"):
        Observations.from_bytes(buffer.getvalue())


def test_text_of_a_recording_can_be_written_anywhere():
    record = Record(problem="raised", problem_text="x" * 500_000)
    (read,) = Observations.from_bytes(Observations({"a": record}, "y" * 90_000).to_bytes()).records.values()
    assert read.problem_text == "x" * TEXT_LIMIT
    record = Record(problem="raised", problem_text="half \ud800, \x1b[31m, \x00, \u202e")
    (read,) = Observations.from_bytes(Observations({"a": record}).to_bytes()).records.values()
    assert read.problem_text == "half \ufffd, \ufffd[31m, \ufffd, \ufffd"
    with pytest.raises(BadRecording):
        Observations.from_bytes(Observations({"a": Record(problem=5)}).to_bytes())


def test_a_forged_or_missing_record_is_no_pass():
    for records in ({}, {"units-low": Record(values=np.ones((1, 2)))}):
        report = judging.judge("mask", Observations(records), 4).report
        assert not report.passed

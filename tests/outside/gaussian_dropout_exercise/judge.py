"""Judge exercise gaussian_dropout from what was recorded. It never sees the student's code."""

import numpy as np
from scipy.stats import chi2, norm

from autograder.judge.evidence import PASS, Bench, Findings, Ruling
from autograder.judge.words import in_words, not_callable, raised
from autograder.report import Chart
from gaussian_dropout_exercise.cases import NoiseCase

#: The chance that a right answer fails one question; there are six, and a failure is confirmed on fresh draws.
ALPHA = 1e-6


def rule(bench: Bench[NoiseCase]) -> Findings:
    """Rulings on all properties."""
    shape = _judge_shape(bench)
    if shape.status != "pass":
        return Findings({"shape": shape})
    rulings = {
        "shape": shape,
        "scale": _judge_noise(bench),
        "rng": _judge_rng(bench),
        "invalid-rate": _judge_invalid(bench),
    }
    return Findings(rulings, (_chart(bench),))


def _ordinary(bench: Bench[NoiseCase]) -> list[NoiseCase]:
    return [case for case in bench.cases.values() if not case.refused]


def _judge_shape(bench: Bench[NoiseCase]) -> Ruling:
    first = next(iter(bench.observations.records.values()))
    for case in _ordinary(bench):
        record = bench.record(case.name)
        if record.problem == "not-callable":
            return not_callable(bench, record)
        if record.problem or record.values is None:
            own: dict[str, tuple[str, str | None]] = {
                "not-an-array": (f"a {record.problem_type}", None),
                "wrong-shape": (f"an array of shape {record.problem_type}", None),
            }
            told, name = in_words(record, first, own)
            return Ruling("fail", case.call, told, f"an array of floats of shape {case.shape}", name)
    return PASS


def _noise(bench: Bench[NoiseCase], case: NoiseCase) -> np.ndarray:
    """What x was multiplied by, less 1, in standard deviations that are due."""
    values = bench.record(case.name).values
    return (values / case.x() - 1).ravel().astype(float) / np.sqrt(case.rate / (1 - case.rate))


def _judge_noise(bench: Bench[NoiseCase]) -> Ruling:
    """The noise has the mean and the variance that are due. An alarm that fresh draws did not raise is chance."""
    for case in [] if bench.doubted else _ordinary(bench):
        noise = _noise(bench, case)
        mean, squares = noise.mean() * np.sqrt(noise.size), (noise**2).sum()
        low, high = chi2.ppf(ALPHA / 2, noise.size), chi2.isf(ALPHA / 2, noise.size)
        if abs(mean) > norm.isf(ALPHA / 2) or not low <= squares <= high:
            due = np.sqrt(case.rate / (1 - case.rate))
            told = f"mean {1 + due * noise.mean():.3f} and deviation {due * noise.std():.3f}"
            return Ruling(
                "fail",
                case.call,
                f"x was multiplied by noise of {told}",
                f"mean 1 and deviation {due:.3f}",
                "variance-as-deviation" if _is_variance(bench) else None,
                statistical=True,
            )
    return PASS


def _is_variance(bench: Bench[NoiseCase]) -> bool:
    """Whether the deviation is, in every case, what the variance should be."""
    found = [(case.rate / (1 - case.rate), _noise(bench, case).std()) for case in _ordinary(bench)]
    return all(np.isclose(std, np.sqrt(variance), rtol=0.1) for variance, std in found)


def _judge_rng(bench: Bench[NoiseCase]) -> Ruling:
    for case in bench.cases.values():
        if case.same_as and not np.array_equal(bench.record(case.name).values, bench.record(case.same_as).values):
            return Ruling("fail", f"{case.call}, twice from the same state", "two results", "the same result")
    return PASS


def _judge_invalid(bench: Bench[NoiseCase]) -> Ruling:
    for case in bench.cases.values():
        record = bench.record(case.name)
        if case.refused and not (record.problem == "raised" and record.value_error):
            returned = raised(record) if record.problem == "raised" else "no exception"
            return Ruling("fail", case.call, returned, "ValueError, because the rate is out of range")
    return PASS


def _chart(bench: Bench[NoiseCase]) -> Chart:
    case = bench.cases["matrix"]
    noise = _noise(bench, case)
    told = f"mean {noise.mean():+.2f}, deviation {noise.std():.2f}; due are 0 and 1"
    alt = f"A histogram of the noise, measured by the deviation that is due: {told}."
    return Chart("noise", f"Your noise: {told}", alt, {"noise": noise})

"""Results of long experiments are kept one by one, and nothing half-written."""

import json

import numpy as np
import pytest

from course.studies import record


def test_results_are_kept_in_the_order_of_the_experiments(tmp_path):
    file, experiments = tmp_path / "results.json", {"one": lambda: np.array([0.12345]), "two": lambda: np.eye(2)}
    record.run(file, experiments, ["two"])
    record.run(file, experiments, ["one"])
    results, date = record.read(file)
    assert list(results) == ["one", "two"] and len(date) == 10
    assert results["one"] == pytest.approx([0.1234], abs=2e-4) and results["two"].shape == (2, 2)


def test_results_of_several_days_say_so(tmp_path):
    file, experiments = tmp_path / "results.json", {"one": lambda: np.ones(3), "two": lambda: np.ones(3)}
    record.run(file, experiments, [])
    today = record.read(file)[1]
    kept = json.loads(file.read_text())
    kept["dates"]["one"] = "2001-02-03"
    file.write_text(json.dumps(kept))
    assert record.read(file)[1] == f"2001-02-03 to {today}"
    record.run(file, experiments, ["one"])
    assert record.read(file)[1] == today


def test_an_interruption_loses_only_the_experiment_under_way(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    file, experiments = tmp_path / "results.json", {"one": lambda: np.ones(3), "two": interrupted}
    with pytest.raises(KeyboardInterrupt):
        record.run(file, experiments, [])
    assert list(record.read(file)[0]) == ["one"]


def test_unknown_experiment_is_refused_by_name(tmp_path):
    with pytest.raises(SystemExit, match="no experiment 'nothing'; there are: one"):
        record.run(tmp_path / "results.json", {"one": lambda: np.ones(3)}, ["nothing"])

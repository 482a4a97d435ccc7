"""The numbers of long experiments, kept as JSON with the date and the versions they come from."""

import datetime
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

#: What a result may depend on, besides the code.
_PACKAGES = ("keras", "numpy")


def run(file: Path, experiments: dict[str, Callable[[], np.ndarray]], names: Sequence[str]) -> None:
    """Run the named experiments, or all, and write their results beside those that are already there.

    file: is written in one step after each experiment, so that an interruption loses only the one under way.
    Exits with a sentence for a name that is not among the experiments.
    """
    unknown = [name for name in names if name not in experiments]
    if unknown:
        sys.exit(f"There is no experiment {unknown[0]!r}; there are: {', '.join(experiments)}.")
    for name in names or experiments:
        # Four decimals keep accuracies of up to ten thousand examples apart.
        found = np.round(experiments[name](), 4).tolist()
        known, dates = _read(file) if file.exists() else ({}, {})
        known[name], dates[name] = found, datetime.date.today().isoformat()
        kept = [name for name in experiments if name in known]
        record = {
            "dates": {name: dates[name] for name in kept},
            "versions": {"python": platform.python_version()}
            | {package: importlib.metadata.version(package) for package in _PACKAGES},
            "results": {name: known[name] for name in kept},
        }
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(record) + "\n", encoding="utf-8")
        os.replace(draft, file)
        print(f"Saved {name!r} in {file.name}.", flush=True)


def read(file: Path) -> tuple[dict[str, np.ndarray], str]:
    """The saved results by name, and when they were measured: a date, or the first and the last of several."""
    results, dates = _read(file)
    first, last = min(dates.values()), max(dates.values())
    when = first if first == last else f"{first} to {last}"
    return {name: np.array(values) for name, values in results.items()}, when


def _read(file: Path) -> tuple[dict[str, list], dict[str, str]]:
    """The results of a file and the day on which each was measured, by name."""
    record = json.loads(file.read_text(encoding="utf-8"))
    return record["results"], record["dates"]

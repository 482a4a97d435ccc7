"""Run all benchmarks, or those named: `python -m benchmarks [NAME ...]`."""

import importlib
import sys

NAMES = ("checks", "peers", "errors", "sonar", "fashion", "transfer", "grading")

for name in sys.argv[1:] or NAMES:
    if name not in NAMES:
        sys.exit(f"There is no benchmark {name!r}; there are: {', '.join(NAMES)}.")
    print(f"== {name}")
    importlib.import_module(f"benchmarks.{name}").main()

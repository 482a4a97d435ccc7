"""Run all benchmarks, or those named: `python -m benchmarks [NAME ...]`."""

import importlib
import sys

NAMES = ("checks", "peers", "errors", "sonar", "fashion", "transfer", "throughput", "formgrader")

wanted = sys.argv[1:] or NAMES
for name in wanted:
    if name not in NAMES:
        sys.exit(f"There is no benchmark {name!r}; there are: {', '.join(NAMES)}. Nothing was measured.")
for name in wanted:
    print(f"== {name}", flush=True)
    importlib.import_module(f"benchmarks.{name}").main()

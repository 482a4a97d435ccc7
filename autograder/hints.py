"""The hint ladder: `hint` gives the next rung of an exercise's hints."""

from autograder.catalogue import find

#: Which rung of each exercise's hints comes next in this process.
_next_rung: dict[str, int] = {}


def hint(exercise: str, rung: int | None = None) -> None:
    """Show a hint for an exercise: the next one, or the one asked for; after the last, the last again.

    rung: 1, 2 or 3. Raises ValueError for an unknown exercise or rung.
    """
    rungs = find(exercise).hints
    if rung is None:
        rung = _next_rung.get(exercise, 1)
    if rung not in range(1, len(rungs) + 1):
        raise ValueError(f"Hints go from 1 to {len(rungs)}; there is no hint {rung!r}.")
    _next_rung[exercise] = min(rung + 1, len(rungs))
    print(f"Hint {rung} of {len(rungs)}: {rungs[rung - 1]}")

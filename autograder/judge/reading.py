"""Read a recording that came from another process: nothing is believed that no observer would have written."""

from autograder import catalogue
from autograder.observations import BadRecording, Observations


def read(data: bytes, exercise: str, seed: int, again: bool = False) -> Observations:
    """A recording of an exercise that was observed with that seed; `again` as for `catalogue.cases`.

    What it costs is bounded by the size of the data. Raises BadRecording.
    """
    observations = Observations.from_bytes(data, getattr(catalogue.part(exercise, "cases"), "TABLES", ()))
    expect(observations, exercise, seed, again)
    return observations


def expect(observations: Observations, exercise: str, seed: int, again: bool = False) -> None:
    """Raise BadRecording unless this may be a recording of an exercise, observed with that seed."""
    cases = catalogue.part(exercise, "cases")
    planned = cases.plan(seed, again)
    forms = cases.forms(planned)
    for name, record in observations.records.items():
        if name not in forms:
            raise BadRecording("It has records of calls that nobody made.")
        if record.values is not None and not forms[name](record.values):
            raise BadRecording("It has values that no call could have given.")
    contradiction = getattr(cases, "contradiction", None)
    if contradiction and (told := contradiction(planned, observations.records)):
        raise BadRecording(told)

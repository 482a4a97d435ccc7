"""Grade one submission: a pure function of what was handed in, the instructor's notebook and the course's secret.

Each exercise has a run of its own behind the wall, in which the cells above its check run and it is observed. The
solution cells of other exercises are left out, so whatever they do costs only themselves. Only if an exercise loses
points that way is it run once more with them, because it may rest on what they define; the better result counts.
The judge, at a desk of its own, reads what was recorded and writes the check's output.
"""

from dataclasses import dataclass, replace

from autograder.catalogue import find
from autograder.confirmation import confirmed
from autograder.grading.desk import Judged, desk
from autograder.grading.sandbox import Run, Sandbox, SandboxBroken
from autograder.grading.store import seeds_of
from autograder.grading.stored import StoredExercise, StoredResult
from autograder.grading.template import Check, Submission, Template
from autograder.grading.told import STOPPED, UNWALLED, told
from autograder.report import Report, unjudged


@dataclass(frozen=True)
class Graded:
    """What grading a submission gives.

    notebook: the executed notebook, as JSON has it. reports: by the place of the check's cell.
    """

    notebook: dict
    reports: dict[int, Report]

    def result(self, submission: Submission, walled: bool) -> StoredResult:
        """What the store keeps of it."""
        reports = self.reports.values()
        return StoredResult(
            notebook=self.notebook,
            problem=submission.problem,
            notes=submission.notes,
            isolated=walled,
            max_points=float(sum(report.max_points for report in reports)),
            exercises=tuple(map(StoredExercise.of, reports)),
        )


def grade(submission: Submission, template: Template, secret: bytes, box: Sandbox) -> Graded:
    """Grade a submission. Raises SandboxBroken when the sandbox fails twice, DeskBroken when the judge's desk does;
    never for what was handed in.
    """
    return grade_seeded(submission, template, seeds_of(submission, template, secret), box)


def grade_seeded(submission: Submission, template: Template, seeds: dict[str, int], box: Sandbox) -> Graded:
    """Grade a submission whose seeds are given, by exercise; as `grade` does, where there is no secret."""
    try:
        return _graded(submission, template, seeds, box)
    finally:
        desk().clear()


def _graded(submission: Submission, template: Template, seeds: dict[str, int], box: Sandbox) -> Graded:
    notebook = template.rebuilt(submission)
    outputs: dict[int, list[dict]] = {}
    judged: dict[int, Judged] = {}
    stopped: dict[int, str] = {}
    for check in template.checks:
        seed = seeds[check.exercise]
        if submission.problem:
            judged[check.cell] = _unjudged(check, seed, submission.problem)
            continue
        runs = _Runs(notebook, template, check, seed, box, outputs, stopped)
        found = _examine(runs)
        if runs.others and not found.report.passed:
            again = _examine(replace(runs, with_others=True))
            found = max(found, again, key=lambda found: found.report.points)
        judged[check.cell] = found
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = place + 1
            cell["outputs"] = outputs.get(place, [])
            if place in stopped:
                cell["outputs"].append(told(f"{STOPPED} {stopped[place]}"))
    for place, found in judged.items():
        notes = [*submission.notes, *([] if box.walled else [UNWALLED])]
        notebook["cells"][place]["outputs"] = _outputs(found, place + 1, notes)
    return Graded(notebook, {place: found.report for place, found in judged.items()})


def _outputs(found: Judged, count: int, notes: list[str]) -> list[dict]:
    """What stands under a check: notes, the report, and the points as nbgrader reads them."""
    points = {"output_type": "execute_result", "metadata": {}, "execution_count": count}
    return [
        *(told(note) for note in notes),
        {"output_type": "display_data", "data": found.shown, "metadata": {}},
        points | {"data": {"text/plain": repr(found.report.points)}},
    ]


class NothingToJudge(Exception):
    """A run gave no recording; the message is a sentence that says why."""


@dataclass(frozen=True)
class _Runs:
    """The runs of one exercise of one submission.

    outputs: what cells showed, by place, filled by the first run that gets to them. stopped: cells that ended a
    run, by place, and how; no later run contains them. with_others: whether the solution cells of other exercises
    run, too.
    """

    notebook: dict
    template: Template
    check: Check
    seed: int
    box: Sandbox
    outputs: dict[int, list[dict]]
    stopped: dict[int, str]
    with_others: bool = False

    @property
    def own(self) -> set[int]:
        """The places of the solution cells that belong to this exercise."""
        return {place for place in self.template.solutions.values() if place < self.check.cell} - self.others

    @property
    def others(self) -> set[int]:
        """The places of the solution cells above the check that belong to other exercises: to the checks before."""
        before = max((check.cell for check in self.template.checks if check.cell < self.check.cell), default=-1)
        return {place for place in self.template.solutions.values() if place < before}

    def observe(self, again: bool) -> bytes:
        """Run the cells above the check and observe its exercise: the recording. Raises NothingToJudge."""
        while True:
            cells = self._cells()
            wanted = {
                "cell": self.check.cell,
                "exercise": self.check.exercise,
                "objects": self.check.objects,
                "seed": self.seed,
                "again": again,
            }
            above = [cell for cell in cells if cell[0] < self.check.cell]
            after = [cell for cell in cells if cell[0] > self.check.cell]
            run = _run(self.box, {"cells": above, "after": after, "observe": wanted})
            heard = run.heard
            for place, _ in cells:
                if place in heard.outputs:
                    self.outputs.setdefault(place, heard.outputs[place])
            if heard.garbled:
                raise NothingToJudge(f"Its process interfered with the grading: {heard.garbled}.")
            # Which cell ended the run is told beside the student's code: believed only of this exercise's own.
            if run.ending and heard.cell in self.own and any(place == heard.cell for place, _ in cells):
                self.stopped[heard.cell] = run.ending
                continue
            if run.ending and not (heard.cell > self.check.cell and heard.recording):
                raise NothingToJudge(
                    f"{run.ending} Its process said: {heard.failure}" if heard.failure else run.ending
                )
            if heard.missing:
                raise NothingToJudge(self._missing(heard.missing))
            if not heard.recording:
                raise NothingToJudge("Its process ended before the check could look at it.")
            return heard.recording

    def _cells(self) -> list[list]:
        """The cells that run, [place, text]; those after the check only if there is no other check to run them."""
        checks = [check.cell for check in self.template.checks]
        left_out = {*checks, *self.stopped, *(() if self.with_others else self.others)}
        end = len(self.notebook["cells"]) if self.check.cell == max(checks) else self.check.cell
        return [
            [place, cell["source"]]
            for place, cell in enumerate(self.notebook["cells"][:end])
            if cell["cell_type"] == "code" and place not in left_out
        ]

    def _missing(self, name: str) -> str:
        """Why there is no object of this name, as far as the cells above tell."""
        reasons = [reason for place, reason in self.stopped.items() if place < self.check.cell]
        for place in self.template.solutions.values():
            for output in self.outputs.get(place, ()) if place < self.check.cell else ():
                if output["output_type"] == "error":
                    reasons.append(f"A cell above it failed with {output['ename']}: {output['evalue'][:200]}.")
        told = [*reasons, f"NameError: name {name!r} is not defined."]
        return " ".join([*told, "Keep the name that the exercise asks for."] if not reasons else told)


def _run(box: Sandbox, request: dict) -> Run:
    try:
        return box.run(request)
    except SandboxBroken:
        return box.run(request)  # with a new parent


def _examine(runs: _Runs) -> Judged:
    """Observe behind the wall, judge outside of it, and confirm what rests on chance."""
    check, seed = runs.check, runs.seed
    try:
        return confirmed(runs.observe, lambda recordings: desk().judge(check.exercise, seed, recordings))
    except NothingToJudge as reason:
        return _unjudged(check, seed, str(reason))


def _unjudged(check: Check, seed: int, reason: str) -> Judged:
    """What is said of an exercise that gave nothing to judge."""
    report = unjudged(find(check.exercise), seed, reason)
    return Judged(report, desk().show(report))

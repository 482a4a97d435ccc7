"""Grade one submission: a pure function of what was handed in, the instructor's notebook and the course's secret.

Each exercise has a run of its own behind the wall, in which the cells above its check run and it is observed. The
solution cells of other exercises are left out, so whatever they do costs only themselves. Only if an exercise loses
points that way is it run once more with them, because it may rest on what they define; the better result counts.
The judge reads the observations here, and writes the check's output.
"""

from dataclasses import dataclass, replace

from autograder.exercises import find
from autograder.grading.sandbox import Run, Sandbox, SandboxBroken
from autograder.grading.store import seeds_of
from autograder.grading.template import Check, Submission, Template
from autograder.grading.told import STOPPED, UNWALLED, told
from autograder.grading.wire import Heard
from autograder.judge import judge, stands
from autograder.notebook import Shown
from autograder.observations import BadRecording, Observations
from autograder.report import Report, Verdict


@dataclass(frozen=True)
class Graded:
    """What grading a submission gives.

    notebook: the executed notebook, as JSON has it. reports: by the place of the check's cell.
    """

    notebook: dict
    reports: dict[int, Report]

    def result(self, submission: Submission, walled: bool) -> dict:
        """The result as the store keeps it: the notebook, and a summary of what came out, as JSON has them."""
        summary = {
            "problem": submission.problem,
            "notes": list(submission.notes),
            "isolated": walled,
            "points": sum(report.points for report in self.reports.values()),
            "max_points": sum(report.max_points for report in self.reports.values()),
            "exercises": [_entry(report) for report in self.reports.values()],
        }
        return {"notebook": self.notebook, "summary": summary}


def _entry(report: Report) -> dict:
    verdicts = [
        {"property": v.property, "status": v.status, "points": v.points, "misconception": v.misconception}
        for v in report.verdicts
    ]
    return {"exercise": report.exercise, "seed": report.seed, "points": report.points, "verdicts": verdicts}


def grade(submission: Submission, template: Template, secret: bytes, box: Sandbox) -> Graded:
    """Grade a submission. Raises SandboxBroken when the sandbox fails twice; never for what was handed in."""
    return grade_seeded(submission, template, seeds_of(submission, template, secret), box)


def grade_seeded(submission: Submission, template: Template, seeds: dict[str, int], box: Sandbox) -> Graded:
    """Grade a submission whose seeds are given, by exercise; as `grade` does, where there is no secret."""
    notebook = template.rebuilt(submission)
    outputs: dict[int, list[dict]] = {}
    reports: dict[int, Report] = {}
    stopped: dict[int, str] = {}
    for check in template.checks:
        seed = seeds[check.exercise]
        if submission.problem:
            reports[check.cell] = unjudged(check, seed, submission.problem)
            continue
        runs = _Runs(notebook, template, check, seed, box, outputs, stopped)
        report = _examine(runs)
        if runs.others and not report.passed:
            report = max(report, _examine(replace(runs, with_others=True)), key=lambda report: report.points)
        reports[check.cell] = report
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = place + 1
            cell["outputs"] = outputs.get(place, [])
            if place in stopped:
                cell["outputs"].append(told(f"{STOPPED} {stopped[place]}"))
    for place, report in reports.items():
        notes = [*submission.notes, *([] if box.walled else [UNWALLED])]
        notebook["cells"][place]["outputs"] = judged(report, place + 1, notes)
    return Graded(notebook, reports)


def judged(report: Report, count: int, notes: list[str]) -> list[dict]:
    """What stands under a check: notes, the report, and the points as nbgrader reads them."""
    shown = Shown(report)._repr_mimebundle_()
    points = {"output_type": "execute_result", "metadata": {}, "execution_count": count}
    return [
        *(told(note) for note in notes),
        {"output_type": "display_data", "data": shown, "metadata": {}},
        points | {"data": {"text/plain": repr(report.points)}},
    ]


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

    def observe(self, again: bool) -> Observations | str:
        """Run the cells above the check and observe its exercise; a sentence if that gives no observations."""
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
                return f"Its process interfered with the grading: {heard.garbled}."
            # Which cell ended the run is told beside the student's code: believed only of this exercise's own.
            if run.ending and heard.cell in self.own and any(place == heard.cell for place, _ in cells):
                self.stopped[heard.cell] = run.ending
                continue
            if run.ending and not (heard.cell > self.check.cell and heard.recording):
                return f"{heard.failure}. {run.ending}" if heard.failure else run.ending
            if heard.missing:
                return self._missing(heard.missing)
            return _recorded(heard)

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


def _recorded(heard: Heard) -> Observations | str:
    """What a run observed, or why it observed nothing."""
    if heard.recording is None:
        return "Its process ended before the check could look at it."
    try:
        return Observations.from_bytes(heard.recording)
    except BadRecording as problem:
        return f"Its process interfered with the grading. {problem}"


def _examine(runs: _Runs) -> Report:
    """Observe, judge, and confirm what rests on chance, as `autograder.examine` does in one process."""
    check, seed = runs.check, runs.seed
    observed = runs.observe(again=False)
    if isinstance(observed, str):
        return unjudged(check, seed, observed)
    report, suspected = judge(check.exercise, observed, seed)
    if not suspected:
        return report
    once_more = runs.observe(again=True)
    if isinstance(once_more, str):
        return unjudged(check, seed, once_more)
    if stands(report, *judge(check.exercise, once_more, seed, again=True)):
        return report
    return judge(check.exercise, observed, seed, doubted=True)[0]


def unjudged(check: Check, seed: int, reason: str) -> Report:
    """The report on an exercise that gave nothing to judge: no points, and the reason."""
    first, *others = find(check.exercise).properties
    verdicts = [Verdict(first.slug, first.sentence, "fail", 0.0, float(first.points), returned=reason)]
    for p in others:
        blocked = f"Not judged until {first.slug!r} holds."
        verdicts.append(Verdict(p.slug, p.sentence, "blocked", 0.0, float(p.points), returned=blocked))
    return Report(check.exercise, tuple(verdicts), seed)

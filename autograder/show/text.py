"""A report as plain text, at most 80 columns wide."""

import textwrap

from autograder.catalogue import find
from autograder.report import Report, Verdict

WIDTH = 80
#: Words, not colours or symbols alone: they read the same in a log, a terminal and a screen reader.
STATUS = {"pass": "pass", "fail": "FAIL", "blocked": "waits", "error": "ERROR"}


def points_text(points: float) -> str:
    """Points without a needless decimal: 3, 2.5."""
    return f"{points:g}"


def is_unwritten(report: Report) -> bool:
    """Whether there is nothing yet to report on: the stub was left, and nothing passed."""
    return "not-implemented" in report.misconceptions and report.points == 0


def summary(report: Report) -> str:
    """One sentence that says how it went."""
    subject = find(report.exercise)
    score = f"{points_text(report.points)} of {points_text(report.max_points)} points"
    if report.passed:
        return f"{subject.title}: {score}. All requirements are met."
    if is_unwritten(report):
        if any(verdict.returned == "None" for verdict in report.verdicts):
            return f"{subject.title}: {score}. It returned None: is the return statement missing?"
        return (
            f"{subject.title}: {score}. Not written yet: fill in your solution, then run the check again. "
            f"hint({report.exercise!r}) has a first step."
        )
    if any(verdict.status == "error" for verdict in report.verdicts):
        return f"{subject.title}: {score}. The grader failed here, not you: show this to your instructor."
    failed = sum(verdict.status == "fail" for verdict in report.verdicts)
    noun = "requirement is" if failed == 1 else "requirements are"
    return f"{subject.title}: {score}. {failed} {noun} not met yet."


def again(report: Report) -> str:
    """The call that repeats an examination with the same inputs."""
    return f"{find(report.exercise).call[:-1]}, seed={report.seed})"


def as_text(report: Report) -> str:
    """The whole report as text, ending without a newline."""
    lines = _wrap(summary(report), "")
    if is_unwritten(report):
        return "\n".join(lines)  # nothing has been judged, so there is nothing to read
    for verdict in report.verdicts:
        lines += _verdict_lines(verdict)
    for slug in report.misconceptions:
        known = find(report.exercise).mistakes[slug]
        lines += ["", *_wrap(f"Likely mistake ({slug}): {known.what} {known.why}", "  ")]
        lines += _wrap(f"Hint: {known.hint}", "  ")
    if report.printed.strip() and not report.passed:
        lines += ["", "  Your code printed (the beginning):", *_wrap_lines(report.printed, "    ")]
    lines += ["", *_wrap(f"To repeat exactly this check: {again(report)}", "  ")]
    return "\n".join(lines)


def _verdict_lines(verdict: Verdict) -> list[str]:
    score = f"{points_text(verdict.points)}/{points_text(verdict.max_points)}"
    head = f"{STATUS[verdict.status]:5} {verdict.property:15} {score:>7}  "
    lines = textwrap.wrap(
        verdict.sentence, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=True
    )
    parts = (
        ("called", verdict.called),
        ("came back", verdict.returned),
        ("expected", verdict.expected),
        ("look at", "" if verdict.misconception else verdict.hint),
    )
    for label, part in parts:
        if part and verdict.status == "blocked":
            lines += _wrap(part, " " * 6)
        elif part:
            lines += _wrap(f"{label:9} {part}", " " * 6, " " * 16)
    return lines


def _wrap(text: str, indent: str, more: str | None = None) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent if more is None else more)


def _wrap_lines(text: str, indent: str) -> list[str]:
    return [line for raw in text.splitlines()[:8] for line in (_wrap(raw[:200], indent) or [""])]

"""A report as a piece of HTML, for JupyterLab's light and dark themes and nbgrader's feedback."""

from autograder.catalogue import find
from autograder.exercise import Misconception
from autograder.report import Report, Verdict
from autograder.show.note import FONT, LINE, QUIET, TEXT, escape
from autograder.show.pictures import Undrawable, alternative_text, draw
from autograder.show.text import STATUS, again, is_unwritten, points_text, summary

_CELL = f"text-align:left;vertical-align:top;padding:4px 10px 4px 0;border-bottom:1px solid {LINE}"
_MARK = {"pass": "✓", "fail": "✗", "blocked": "…", "error": "!"}


#: What is shown where a picture could not be drawn.
NO_PICTURE = "The picture that belongs here could not be drawn; everything above holds without it."


def as_html(report: Report) -> str:
    """The whole report as one HTML element with inline styles; everything from outside is escaped."""
    parts = [f'<p style="font-weight:600;margin:0 0 6px">{escape(summary(report))}</p>']
    if is_unwritten(report):
        return _framed(parts)  # nothing has been judged, so there is nothing to show
    mistakes = find(report.exercise).mistakes
    rows = "".join(_row(verdict) for verdict in report.verdicts)
    # JupyterLab gives all columns of a table the same width unless told otherwise.
    layout = "table-layout:auto;border-collapse:collapse;width:100%;margin:0"
    parts.append(f'<table style="{layout}">{_HEAD}{rows}</table>')
    parts += [_explanation(slug, mistakes[slug]) for slug in report.misconceptions]
    if report.printed.strip() and not report.passed:
        shown = escape("\n".join(report.printed.splitlines()[:8])[:600])
        parts.append('<p style="margin:8px 0 0">Your code printed (the beginning):</p>')
        parts.append(f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{shown}</pre>')
    try:
        picture = draw(report.charts)
    except Undrawable:
        picture = ""
        parts.append(f'<p style="margin:8px 0 0">{NO_PICTURE}</p>')
    if picture:
        parts.append(
            f'<img alt="{escape(alternative_text(report.charts))}" '
            f'style="max-width:100%;height:auto;margin-top:10px" src="data:image/png;base64,{picture}">'
        )
    parts.append(
        f'<p style="color:{QUIET};font-size:12px;margin:6px 0 0">To repeat exactly this check: '
        f"<code>{escape(again(report))}</code></p>"
    )
    return _framed(parts)


def _framed(parts: list[str]) -> str:
    return f'<div style="color:{TEXT};{FONT};max-width:860px">{"".join(parts)}</div>'


_HEAD = (
    "<thead><tr>"
    + "".join(
        f'<th scope="col" style="{_CELL};font-weight:600;background:none">{name}</th>'
        for name in ("Result", "Points", "Property", "What it means")
    )
    + "</tr></thead>"
)


def _row(verdict: Verdict) -> str:
    weight = "600" if verdict.status in ("fail", "error") else "400"
    score = f"{points_text(verdict.points)}/{points_text(verdict.max_points)}"
    told = "".join(
        # Isolated, so that letters written from right to left reorder nothing but themselves.
        f'<div style="margin-top:2px;overflow-wrap:anywhere"><span style="color:{QUIET}">{label}</span>'
        f'<span style="unicode-bidi:isolate">{escape(part)}</span></div>'
        for label, part in (
            ("Called: ", verdict.called),
            ("" if verdict.status == "blocked" else "Came back: ", verdict.returned),
            ("Expected: ", verdict.expected),
            ("Look at: ", "" if verdict.misconception else verdict.hint),
        )
        if part
    )
    status = f'<span aria-hidden="true">{_MARK[verdict.status]}</span>&nbsp;{STATUS[verdict.status]}'
    return (
        '<tr style="background:none">'
        f'<td style="{_CELL};font-weight:{weight};white-space:nowrap">{status}</td>'
        f'<td style="{_CELL};white-space:nowrap">{score}</td>'
        f'<td style="{_CELL};white-space:nowrap"><code>{verdict.property}</code></td>'
        f'<td style="{_CELL}">{escape(verdict.sentence)}{told}</td></tr>'
    )


def _explanation(slug: str, known: Misconception) -> str:
    return (
        f'<div style="border-left:4px solid #E69F00;padding:2px 0 2px 12px;margin:10px 0 0">'
        f'<p style="margin:0"><strong>{escape(known.what)}</strong> <code>{slug}</code></p>'
        f'<p style="margin:4px 0 0">{escape(known.why)}</p>'
        f'<p style="margin:4px 0 0"><strong>Hint:</strong> {escape(known.hint)}</p></div>'
    )

"""A report as a piece of HTML, for JupyterLab's light and dark themes and nbgrader's feedback."""

import html

from autograder.misconceptions import MISCONCEPTIONS
from autograder.report import Report, Verdict
from autograder.show.pictures import Undrawable, alternative_text, draw
from autograder.show.text import STATUS, again, is_unwritten, points_text, summary

# JupyterLab's own colours, which follow its theme; elsewhere the values after the comma.
_TEXT = "var(--jp-ui-font-color1, #212121)"
_QUIET = "var(--jp-ui-font-color2, #555555)"
_LINE = "var(--jp-border-color1, #bdbdbd)"
_FONT = "font-family:var(--jp-ui-font-family, sans-serif);font-size:14px;line-height:1.45"
_CELL = f"text-align:left;vertical-align:top;padding:4px 10px 4px 0;border-bottom:1px solid {_LINE}"
_MARK = {"pass": "✓", "fail": "✗", "blocked": "…", "error": "!"}


#: What stands where a picture could not be drawn.
NO_PICTURE = "The picture that belongs here could not be drawn; everything that is said above holds without it."


def as_html(report: Report) -> str:
    """The whole report as one HTML element with inline styles; everything from outside is escaped."""
    parts = [f'<p style="font-weight:600;margin:0 0 6px">{_escape(summary(report))}</p>']
    if is_unwritten(report):
        return _framed(parts)  # nothing has been judged, so there is nothing to show
    rows = "".join(_row(verdict) for verdict in report.verdicts)
    # JupyterLab gives all columns of a table the same width unless told otherwise.
    layout = "table-layout:auto;border-collapse:collapse;width:100%;margin:0"
    parts.append(f'<table style="{layout}">{_HEAD}{rows}</table>')
    parts += [_explanation(slug) for slug in report.misconceptions]
    if report.printed.strip() and not report.passed:
        shown = _escape("\n".join(report.printed.splitlines()[:8])[:600])
        parts.append('<p style="margin:8px 0 0">Your code printed (beginning):</p>')
        parts.append(f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{shown}</pre>')
    try:
        picture = draw(report.charts)
    except Undrawable:
        picture = ""
        parts.append(f'<p style="margin:8px 0 0">{NO_PICTURE}</p>')
    if picture:
        parts.append(
            f'<img alt="{_escape(alternative_text(report.charts))}" '
            f'style="max-width:100%;height:auto;margin-top:10px" src="data:image/png;base64,{picture}">'
        )
    parts.append(
        f'<p style="color:{_QUIET};font-size:12px;margin:6px 0 0">To repeat this very check: '
        f"<code>{_escape(again(report))}</code></p>"
    )
    return _framed(parts)


def _framed(parts: list[str]) -> str:
    return f'<div style="color:{_TEXT};{_FONT};max-width:860px">{"".join(parts)}</div>'


def as_note(sentence: str) -> str:
    """A sentence of the grader's own as a piece of HTML, with a heading that says whose it is."""
    style = f"color:{_TEXT};{_FONT};max-width:860px;border:1px solid {_LINE};padding:4px 12px;margin:6px 0"
    return f'<div style="{style}"><strong>{NOTE_HEADING}</strong> {_escape(sentence)}</div>'


#: What stands before the grader's own sentences. Nothing that a student's code shows is HTML: none looks like it.
NOTE_HEADING = "The grader says:"


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
        f'<div style="margin-top:2px;overflow-wrap:anywhere"><span style="color:{_QUIET}">{label}</span>'
        f'<span style="unicode-bidi:isolate">{_escape(part)}</span></div>'
        for label, part in (
            ("Called: ", verdict.called),
            ("" if verdict.status == "blocked" else "Came back: ", verdict.returned),
            ("Expected: ", verdict.expected),
        )
        if part
    )
    status = f'<span aria-hidden="true">{_MARK[verdict.status]}</span>&nbsp;{STATUS[verdict.status]}'
    return (
        '<tr style="background:none">'
        f'<td style="{_CELL};font-weight:{weight};white-space:nowrap">{status}</td>'
        f'<td style="{_CELL};white-space:nowrap">{score}</td>'
        f'<td style="{_CELL};white-space:nowrap"><code>{verdict.property}</code></td>'
        f'<td style="{_CELL}">{_escape(verdict.sentence)}{told}</td></tr>'
    )


def _explanation(slug: str) -> str:
    known = MISCONCEPTIONS[slug]
    return (
        f'<div style="border-left:4px solid #E69F00;padding:2px 0 2px 12px;margin:10px 0 0">'
        f'<p style="margin:0"><strong>{_escape(known.what)}</strong> <code>{slug}</code></p>'
        f'<p style="margin:4px 0 0">{_escape(known.why)}</p>'
        f'<p style="margin:4px 0 0"><strong>Try this:</strong> {_escape(known.hint)}</p></div>'
    )


def _escape(text: str) -> str:
    return html.escape(text, quote=True)

"""The grader's own sentences as pieces of HTML, and how all its pieces look; what draws pictures is not needed."""

import html

# JupyterLab's own colours, which follow its theme; elsewhere the values after the comma.
TEXT = "var(--jp-ui-font-color1, #212121)"
QUIET = "var(--jp-ui-font-color2, #555555)"
LINE = "var(--jp-border-color1, #bdbdbd)"
FONT = "font-family:var(--jp-ui-font-family, sans-serif);font-size:14px;line-height:1.45"

#: What comes before the grader's own sentences. Nothing that a student's code shows is HTML: none looks like it.
NOTE_HEADING = "The grader says:"


def as_note(sentence: str) -> str:
    """A sentence of the grader's own as a piece of HTML, with a heading that says whose it is."""
    style = f"color:{TEXT};{FONT};max-width:860px;border:1px solid {LINE};padding:4px 12px;margin:6px 0"
    return f'<div style="{style}"><strong>{NOTE_HEADING}</strong> {escape(sentence)}</div>'


def escape(text: str) -> str:
    """A text made safe for HTML."""
    return html.escape(text, quote=True)

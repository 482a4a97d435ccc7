"""Text from outside, made such that terminals, pages, pictures, lists and tables can show it."""

import unicodedata

_MARK = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    r"""A name or a sentence from outside, in one line, with everything made visible that could hide or move it.

    Control characters (so also ESC), bidirectional and zero-width ones, separators of lines, lone surrogates (which
    stand for undecodable bytes of a file's name) and what Unicode has not assigned become escapes such as \x1b.
    Letters of all scripts, and spaces of all widths, stay.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else ascii(char)[1:-1] for char in text)


def _is_seen(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def showable(text: str, limit: int) -> str:
    """The first `limit` characters of a student's text, without what does not show, moves or reorders what is read.

    Control characters, bidirectional and zero-width ones, lone surrogates and what Unicode has not assigned become
    replacement characters; line breaks, tabs and no-break spaces stay. A text that was cut ends with "…".
    """
    cut = len(text) > limit
    text = text[: limit - 1] if cut else text
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char in "\n\t\xa0" else _MARK for char in text)
    return f"{text}…" if cut else text

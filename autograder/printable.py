"""Text from outside as it may stand in a terminal, a log, a list or a table."""

import unicodedata


def printable(text: str) -> str:
    r"""The text with everything made visible that could hide, move or reorder what is read.

    Control characters (so also ESC), bidirectional and zero-width ones, separators of lines, lone surrogates (which
    stand for undecodable bytes of a file's name) and what Unicode has not assigned become escapes such as \x1b.
    Letters of all scripts, and spaces of all widths, stay.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else ascii(char)[1:-1] for char in text)


def _is_seen(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"

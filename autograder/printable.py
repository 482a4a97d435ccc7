"""Text from outside as it may stand in a terminal, a log or a list."""


def printable(text: str) -> str:
    r"""The text with everything visible that could hide, move or reorder what is read.

    Control characters (so also ESC), bidirectional and zero-width ones, separators of lines, lone surrogates (which
    stand for undecodable bytes of a file's name) and what Unicode has not assigned become escapes such as \x1b.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)

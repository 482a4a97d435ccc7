"""Text that came from a student's code, made such that terminals, pages and pictures can show it."""

_MARK = "\N{REPLACEMENT CHARACTER}"


def showable(text: str, limit: int) -> str:
    """The first `limit` characters of a text, without what does not show, moves or reorders what is read.

    Control characters, bidirectional and zero-width ones, lone surrogates and what Unicode has not assigned become
    replacement characters; line breaks, tabs and no-break spaces stay. A text that was cut ends with "…".
    """
    cut = len(text) > limit
    text = text[: limit - 1] if cut else text
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t\xa0" else _MARK for c in text)
    return f"{text}…" if cut else text

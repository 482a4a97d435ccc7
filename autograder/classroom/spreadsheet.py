"""Tables as CSV that a spreadsheet program can open without running anything.

What programs take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable

from autograder.printable import printable

#: With these a spreadsheet takes a cell for a formula, in some places also in their wide forms.
_FORMULA = "=+-@"
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?|-")


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, with an apostrophe before it if need be, and in which nothing
    is hidden: see `printable`.
    """
    seen = printable(cell)
    begins = unicodedata.normalize("NFKC", cell.lstrip(_BLANK)[:1])
    if _NUMBER.fullmatch(cell) or not (begins[:1] and begins[0] in _FORMULA or cell[:1] in _TURNS):
        return seen
    return "'" + seen


#: What some programs drop at the beginning of a cell, so that a formula behind it begins it.
_TURNS = ("\t", "\r", "\n")
_BLANK = (
    "".join(
        char
        for char in map(chr, range(0x3001))
        if char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Zs")
    )
    + "\ufeff'"
)


def as_csv(rows: Iterable[Iterable[str]], marked: bool = True) -> bytes:
    """Rows as CSV in UTF-8, every cell safe. marked: with the byte-order mark that tells Excel the encoding."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if marked else "utf-8")

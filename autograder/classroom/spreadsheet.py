"""Tables as CSV that a spreadsheet program can open without running anything."""

import csv
import io
import re
from collections.abc import Iterable

#: With these a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?|-")


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: with an apostrophe before it if need be."""
    if not cell.lstrip(" ").startswith(_FORMULA) or _NUMBER.fullmatch(cell):
        return cell
    return "'" + cell


def as_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV in UTF-8, every cell safe. The byte-order mark tells Excel the encoding."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")

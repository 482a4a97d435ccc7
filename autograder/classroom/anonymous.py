"""A student's code as it may be shown to the whole class: what it does, without a trace of who wrote it.

The code is parsed and written anew, so that comments and layout are gone. Text in quotes stays only if it consists
of words of the course ("float32", "val_loss"). Names of students in what is left are replaced.
"""

import ast
import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

#: Longer code is neither read nor shown, characters; of what is shown, the first lines.
READ_LIMIT = 6_000
LINES = 40

#: What stands where a name was.
SOMEBODY = "somebody"

# Parts of a name in code: max_Ada2, adaMask and ADA each contain the word ada.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")

#: Words that tell nothing of who uses them.
_EVERYBODYS = {*keyword.kwlist, *dir(builtins), *dir(np), *dir(np.ndarray), *dir(np.random.Generator)}


@dataclass(frozen=True)
class Anonymous:
    """Code to show. replaced: how many words were names. words: all it consists of."""

    text: str
    replaced: int
    words: frozenset[str]


def words(text: str) -> set[str]:
    """The words that a text, a name or code consists of, in lower case."""
    return {word.casefold() for word in _WORD.findall(text)}


def name_words(names: Iterable[str], public: set[str]) -> set[str]:
    """The words by which students can be recognised.

    names: their ids, names and addresses. public: words of the course, which tell nothing of who uses them.
    """
    found: set[str] = set()
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # José also writes Jose
        found |= words(name) | words(plain)
    known = public | {part for word in _EVERYBODYS for part in words(word)}
    return {word for word in found if len(word) > (2 if word.isdigit() else 1)} - known


def anonymised(code: str, own: set[str], others: set[str], public: set[str]) -> Anonymous | None:
    """The code as it may be shown; None for what cannot be parsed, is empty or too long.

    own, others: as `name_words` gives them, of its author and of the whole class. Its author's longer ones are
    found inside other words, too. public: words that may stand in quotes.
    """
    if len(code) > READ_LIMIT:
        return None
    try:
        tree = ast.parse(code)
        text = ast.unparse(ast.fix_missing_locations(_Bare(public).visit(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    long = [name for name in own if len(name) >= 4]
    replaced = 0

    def name_or_word(match: re.Match) -> str:
        nonlocal replaced
        word = match[0].casefold()
        if word in own or word in others or (word not in public and any(name in word for name in long)):
            replaced += 1
            return SOMEBODY
        return match[0]

    lines = _WORD.sub(name_or_word, text).splitlines()
    if not lines:
        return None
    shown = "\n".join(lines[:LINES] + ["…"] * (len(lines) > LINES))
    return Anonymous(shown, replaced, frozenset(words(shown)))


class _Bare(ast.NodeTransformer):
    """Takes texts that stand alone out of code, and empties quoted texts that are not words of the course."""

    def __init__(self, public: set[str]):
        self._public = public

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | bytes):
            return None
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and not words(node.value) <= self._public:
            return ast.Constant("…")
        return ast.Constant(b"...") if isinstance(node.value, bytes) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        visited = super().generic_visit(node)
        if getattr(visited, "body", None) == [] and not isinstance(visited, ast.Module):
            setattr(visited, "body", [ast.Pass()])  # noqa: B010 - not every node has one
        return visited

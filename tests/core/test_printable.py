"""What can hide, move or reorder text is visible in every line, list and table."""

import os
import shutil
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.course import Course
from autograder.classroom.spreadsheet import as_csv, safe
from autograder.classroom.strays import strays
from autograder.classroom.telling import tell, tell_now
from autograder.printable import printable
from tests.conftest import ROOT

ANYTHING = st.text(st.characters(), max_size=30)
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = ["\x1b[31m", "\r", "\n", "\t", "\x00", "\x7f", "\x9b1m", "\u2028", "\u2029", "\u0085", "\u200b",
          "\u200d", "\u2060", "\ufeff", "\ud800", os.fsdecode(b"\xff"), "\U000e0041", *BIDI]  # fmt: skip


@given(ANYTHING)
def test_nothing_hidden_is_left_and_it_can_be_written_anywhere(text):
    told = printable(text)
    told.encode()
    assert all(unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029" for char in told)
    assert printable(told) == told and len(told.splitlines()) <= 1


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_what_is_hidden_becomes_an_escape(hidden):
    told = printable(f"a{hidden}b")
    assert told.startswith("a\\") and told.endswith("b") and told.isprintable()


@pytest.mark.parametrize(
    "name", ["ada", "José", "अदिति", "สมชาย", "O'Brien", "李", "Jose\u0301", "Gal·la", "Ada\u00a0L", "عادل", "🙂"]
)
def test_names_of_all_scripts_stay(name):
    assert printable(name) == name and safe(name) == name


@given(ANYTHING)
def test_no_cell_begins_like_a_formula(text):
    cell = safe(text)
    assert (
        cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
        or cell == text
        and text.strip("+-0123456789.,") == ""
    )
    as_csv([[text]])


@given(ANYTHING)
def test_a_line_that_is_told_is_one_line(text):
    import contextlib
    import io

    for way, stream in ((tell, contextlib.redirect_stdout), (tell_now, contextlib.redirect_stderr)):
        with stream(io.StringIO()) as told:
            way(f"submitted/{text} is no name")
        assert told.getvalue().count("\n") == 1 and told.getvalue()[:-1] == printable(told.getvalue()[:-1])


def test_strays_with_any_name_are_named_in_a_line_each(tmp_path):
    for name in ("=cmd|' /C calc'!A0", "\x1b[2Jx", "\u202egnp.x", "a\nb", os.fsdecode(b"\xff\xfe")):
        (tmp_path / "submitted" / name).mkdir(parents=True)
    (tmp_path / "solutions").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    told = strays(Course(tmp_path))
    assert len(told) == 5 and all(printable(each) == each for each in told)

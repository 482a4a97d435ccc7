"""Reports: what they say, how wide they are, and that they read without colours or pictures."""

import base64
import html
import re
from dataclasses import replace

import pytest
from matplotlib import rcParams, style

from autograder import examine, hint
from autograder.notebook import MIME, Shown
from autograder.show.page import as_html
from autograder.show.pictures import draw
from autograder.show.text import WIDTH, as_text
from tests.banks import cross_validation as bank_cross_validation
from tests.banks import overfitting as bank_overfitting
from tests.banks.masks import CORRECT, MISTAKEN
from tests.judging import one_by_one

SAMPLE = [
    entry
    for entry in MISTAKEN
    if entry.name
    in {
        "mask-swapped", "mask-exact_count", "mask-pairs", "mask-redrawn_when_all_are_dropped", "mask-stub",
        "mask-first_unit_never_dropped", "mask-new_generator_each_time", "mask-nan_for_dropped",
        "inverted-formula-not-scaled-0", "inverted-one_row_tiled", "classic-inverted_here", "layer-AlwaysDrops",
        "layer-Identity",
    }
]  # fmt: skip
SAMPLE += [
    entry
    for entry in bank_cross_validation.MISTAKEN
    if entry.name
    in {
        "plain_k_fold_in_file_order", "scaled_before_splitting", "raw_test_rows", "fitted_on_everything", "robust",
        "remainder_in_no_part", "dictionary_of_scores", "refuses_some-0", "rows_instead_of_columns", "mean",
    }
]  # fmt: skip
SAMPLE += [
    entry
    for entry in bank_overfitting.MISTAKEN
    if entry.name
    in {
        "gap-formula-gap-reversed-0", "gap-formula-gap-in-percent-1", "gap-bare_lookup", "gap-stub", "gap-infinite",
        "gap-formula-None-10", "gap-lists_only", "best_epoch-choice-nan-wins-0", "best_epoch-choice-last-of-ties-1",
        "best_epoch-choice-None-6", "best_epoch-lowest_loss", "best_epoch-in_words", "best_epoch-one_for_nothing",
    }
]  # fmt: skip
SAMPLE += [entry for entry in bank_overfitting.CORRECT if entry.name in {"gap-plain", "best_epoch-loop"}]


@pytest.mark.parametrize("entry", one_by_one([*SAMPLE, CORRECT[0], CORRECT[-1]], kind=lambda entry: entry.exercise))
def test_report_fits_a_terminal_and_says_the_same_as_html(entry):
    report = examine(entry.exercise, *entry.objects(), seed=3)
    text, page = as_text(report), as_html(report)
    assert max(map(len, text.splitlines())) <= WIDTH
    visible = html.unescape(re.sub(r"<[^>]+>", " ", page))
    if entry.mistake != "not-implemented":
        for verdict in report.verdicts:
            assert verdict.property in text and verdict.property in visible
            for part in (verdict.called, verdict.returned, verdict.expected):
                assert part in visible
    if report.charts:
        (alt,) = re.findall(r'<img alt="([^"]+)"', page)
        assert all(html.escape(chart.title) in alt for chart in report.charts)
        assert base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]).startswith(b"\x89PNG")


def test_a_failure_says_what_was_called_what_came_back_and_what_was_expected():
    report = examine("mask", lambda shape, rate, rng: rng.random(shape) < rate, seed=5)
    (failed,) = [v for v in report.verdicts if v.property == "keep-rate"]
    assert failed.called.startswith("dropout_mask((") and "were kept" in failed.returned
    assert "% kept, that is, " in failed.expected
    assert failed.message.count(":") >= 3 and failed.hint and failed.misconception == "keep-drop-swapped"


def test_what_depends_on_a_failure_waits_instead_of_failing_too():
    report = examine("mask", lambda shape, rate, rng: rng.random(shape) < rate, seed=5)
    status = {v.property: v.status for v in report.verdicts}
    assert status["rate-0"] == status["rate-1"] == "blocked" and status["independent"] == "pass"


def test_student_text_cannot_become_html():
    def nasty(shape, rate, rng):
        print("<script>alert(1)</script>")
        raise KeyError("<img src=x onerror=alert(1)>")

    report = examine("mask", nasty, seed=1)
    page = as_html(report)
    assert "<script>" not in page and "onerror=alert(1)>" not in html.unescape(page).replace(
        "KeyError: '<img src=x onerror=alert(1)>'", ""
    )


def test_same_seed_same_report():
    def draw(shape, rate, rng):
        return rng.random(shape) < rate

    assert examine("mask", draw, seed=9) == examine("mask", draw, seed=9)
    assert as_text(examine("mask", draw, seed=9)) == as_text(examine("mask", draw, seed=9))
    assert examine("mask", draw).seed != examine("mask", draw).seed


def test_the_picture_is_the_same_whatever_style_the_notebook_has_set(recwarn):
    entry = CORRECT[0]
    charts = examine(entry.exercise, *entry.objects(), seed=3).charts
    default = draw(charts)
    with style.context(["dark_background", {"font.size": 30, "figure.constrained_layout.use": True}]):
        assert draw(charts) == default
        assert rcParams["font.size"] == 30, "the notebook keeps its own"
    assert not recwarn.list


def test_bundle_carries_text_html_and_points():
    bundle = Shown(examine("mask", None, seed=1))._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME}
    assert bundle[MIME] == {"exercise": "mask", "points": 0.0, "max_points": 10.0}


def test_a_grader_fault_is_said_to_be_one():
    report = examine("mask", None, seed=1)
    broken = replace(
        report, verdicts=tuple(replace(v, status="error", misconception=None) for v in report.verdicts)
    )
    assert "not you" in as_text(broken)


def test_hints_climb_and_stay_on_the_last_rung(capsys):
    for number in (1, 2, 3, 3):
        hint("classic")
        assert capsys.readouterr().out.startswith(f"Hint {number} of 3")
    with pytest.raises(ValueError, match="Did you mean 'mask'"):
        hint("msak")

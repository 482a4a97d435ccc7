"""The page on what a class got wrong: true counts, nobody's name, nothing that runs, readable everywhere."""

import csv
import html.parser
import io
import json
import re
import shutil
from dataclasses import replace

import pytest

from autograder import cli
from autograder.catalogue import exercises, misconceptions
from autograder.classroom.anonymous import LINES, READ_LIMIT, anonymised, name_words, words
from autograder.classroom.class_page import SHADES, as_html, histogram, shade
from autograder.classroom.results import collect_results
from autograder.classroom.spreadsheet import as_csv, safe
from autograder.printable import printable
from tests.classroom.stored_class import ASSIGNMENT, course_folder, graded, hand_in, in_gradebook
from tests.course.test_lab import contrast

GOOD = "def inverted_dropout(x, rate, rng):\n    return x * (rng.random(x.shape) >= rate) / (1 - rate)\n"
CLASSIC = "def classic_dropout(x, rate, rng, training):\n    return x\n"
SWAPPED = "def inverted_dropout(x, rate, rng):\n    return x * (rng.random(x.shape) < rate) / (1 - rate)\n"
FAILS = {"inverted": {"keep-rate": "keep-drop-swapped", "rate-0": "blocked", "rate-1": "blocked"}}


@pytest.fixture
def course(tmp_path):
    """Two right, two swapped, one with a fault of the grader, one unreadable and one not graded."""
    made = course_folder(tmp_path)
    for student in ("ada", "ben"):
        graded(made, student, {"inverted": GOOD, "classic": CLASSIC})
    for student in ("dmitri", "emeka"):
        graded(made, student, {"inverted": SWAPPED, "classic": CLASSIC}, FAILS)
    faults = {"inverted": {"rng": "error"}, "classic": {"scale": None, "eval": None}}
    graded(made, "goran", {"inverted": GOOD, "classic": CLASSIC}, faults, isolated=False, notes=("Twice.",))
    blocked = {name: {p.slug: "blocked" for p in exercises()[name].properties} for name in ("inverted", "classic")}
    unjudged = {name: slugs | {"shape": None} for name, slugs in blocked.items()}
    graded(made, "ivan", {}, unjudged, problem="The file is empty.")
    path = made.root / "submitted" / "ivan" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.write_text("")
    hand_in(made, "hana", {"inverted": GOOD, "classic": CLASSIC})
    return made


def report(course, capsys, monkeypatch, assignment=ASSIGNMENT):
    """Run the command in the course's folder: its exit code and what it printed."""
    monkeypatch.chdir(course.root)
    code = cli.main(["report", assignment])
    said = capsys.readouterr()
    return code, said.out, said.err.strip()


def files(course):
    return sorted(path.name for path in (course.root / "build").glob("reports/*"))


def table(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def test_counts_are_those_of_the_stored_results(course):
    results = collect_results(course, ASSIGNMENT)
    assert (results.handed_in, results.graded, results.unreadable, results.isolated) == (7, 6, 1, 5)
    assert results.points == (0.0, 24.0, 28.0, 28.0, 31.0, 31.0) and results.max_points == 31
    inverted, classic = results.exercises
    tallies = {t.property: (t.passed, t.failed, t.waiting, t.broken) for t in inverted.properties}
    assert tallies["keep-rate"] == (3, 2, 0, 0) and tallies["rate-0"] == (3, 0, 2, 0)
    assert tallies["rng"] == (4, 0, 0, 1) and tallies["shape"] == (5, 0, 0, 0), "an unreadable file is no mistake"
    assert (inverted.mistakes, inverted.unnamed) == ({"keep-drop-swapped": 2}, 0)
    assert (classic.mistakes, classic.unnamed) == ({}, 1)
    (mistake,) = results.mistakes
    assert (mistake.slug, mistake.students, mistake.exercise) == ("keep-drop-swapped", 2, "inverted")
    assert "rng.random(x.shape) < rate" in mistake.example


def test_what_needs_a_person_is_named_and_the_graders_faults_come_first(course):
    found = [(each.student, each.kind) for each in collect_results(course, ASSIGNMENT).look_at]
    assert found == [
        ("goran", "grader failed"),
        ("ivan", "unreadable"),
        ("hana", "not graded"),
        ("goran", "not isolated"),
        ("goran", "note"),
    ]


def test_a_changed_and_a_removed_submission_are_noticed(course):
    hand_in(course, "ada", {"inverted": SWAPPED, "classic": CLASSIC})
    shutil.rmtree(course.root / "submitted" / "ben")
    kinds = {each.kind: each.student for each in collect_results(course, ASSIGNMENT).look_at}
    assert kinds["changed"] == "ada" and kinds["gone"] == "ben"


def test_points_are_the_gradebooks_with_late_penalties_and_what_a_person_changed(course):
    own = {
        "ada": (14, 17),
        "ben": (14, 17),
        "dmitri": (11, 17),
        "emeka": (11, 17),
        "goran": (13, 11),
        "ivan": (0, 0),
    }
    for student, (inverted, classic) in own.items():
        in_gradebook(course, student, {"inverted": inverted, "classic": classic}, penalty=4.0 * (student == "ben"))
    in_gradebook(course, "emeka", {"inverted": 12.5, "classic": 17}, by_hand=True)
    results = collect_results(course, ASSIGNMENT)
    assert results.points == (0.0, 24.0, 27.0, 28.0, 29.5, 31.0)
    assert results.from_gradebook and results.changed == 2
    page = as_html(results)
    assert "nbgrader's gradebook" in page.replace("&#39;", "'") and "2 of them differ" in page


def test_the_command_writes_page_table_and_list_and_says_where(course, capsys, monkeypatch):
    code, out, err = report(course, capsys, monkeypatch)
    assert (code, err) == (0, "")
    names = [f"{ASSIGNMENT}.csv", f"{ASSIGNMENT}.html", f"{ASSIGNMENT}_look_at.csv"]
    assert files(course) == names and all(str(course.root / "build" / "reports" / name) in out for name in names)
    assert "3 submissions need a person" in out
    folder = course.root / "build" / "reports"
    rows = table(folder / names[0])
    (swapped,) = [r for r in rows if r["part"] == "mistakes by exercise" and r["students"] == "2"]
    assert (swapped["exercise"], swapped["name"], swapped["of"]) == ("inverted", "keep-drop-swapped", "5")
    assert sum(int(r["students"]) for r in rows if r["part"] == "grades") == 6
    people = table(folder / names[2])
    assert {row["student"] for row in people} == {"goran", "ivan", "hana"}
    before = {name: (folder / name).read_bytes() for name in names}
    assert report(course, capsys, monkeypatch)[0] == 0
    assert {name: (folder / name).read_bytes() for name in names} == before


class _Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def having(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_reads_without_eyes(course):
    page = _Page(as_html(collect_results(course, ASSIGNMENT)))
    assert page.having("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert len(page.having("table")) == len(page.having("caption")) == 4
    assert all(th.get("scope") in ("row", "col") for th in page.having("th"))
    assert all(svg.get("aria-hidden") == "true" for svg in page.having("svg")), "their numbers stand beside them"
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for a in page.having("a")} <= set(ids)
    assert all(a.get("aria-labelledby", ids[0]) in ids for _, a in page.elements)


def test_headings_are_answers_that_are_computed(course):
    page = as_html(collect_results(course, ASSIGNMENT))
    headings = [re.sub("<[^>]+>", "", h) for h in re.findall(r"<h[23][^>]*>(.*?)</h[23]>", page)]
    assert "Half of the class has 28 of 31 points or more; 2 of 6 have full marks" in headings
    assert "Most frequent, 2 of 5: “rate is used as the probability of keeping”" in headings
    assert "inverted_dropout: keep-rate fails most often, for 2 of 5" in headings
    assert "3 submissions need a person to look at them" in headings


HOSTILE = "<script>alert(1)</script>"
NASTY = f"""def inverted_dropout(x, rate, rng):
    '''{HOSTILE}'''
    return x if '<img src=x onerror=alert(2)>' else rate
"""


def test_nothing_a_student_wrote_runs_or_breaks_out(tmp_path, capsys, monkeypatch):
    course = course_folder(tmp_path)
    breakout = "def inverted_dropout(x, rate, rng):\n    return x < script > alert </ pre\n"
    notes = (f"</style></pre>{HOSTILE}", "=cmd|' /C calc'!A0")
    graded(course, "=HYPERLINK(1)", {"inverted": NASTY, "classic": CLASSIC}, FAILS, notes=notes)
    graded(course, "scriptalert(1)", {"inverted": breakout, "classic": CLASSIC}, problem=HOSTILE)
    in_gradebook(course, "=HYPERLINK(1)", {"inverted": 1, "classic": 1}, first_name=HOSTILE, last_name="</title>")
    assert report(course, capsys, monkeypatch)[0] == 0
    folder = course.root / "build" / "reports"
    raw = (folder / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")
    page = _Page(raw)
    assert not page.having("script") and not page.having("img") and len(page.having("style")) == 1
    assert not any(name.startswith("on") or name in ("src", "style") for _, a in page.elements for name in a)
    assert "alert" not in raw and "HYPERLINK" not in raw
    (policy,) = [m["content"] for m in page.having("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    people = table(folder / f"{ASSIGNMENT}_look_at.csv")
    assert {"'=HYPERLINK(1)", "scriptalert(1)"} == {row["student"] for row in people}
    assert "'=cmd|' /C calc'!A0" in {row["what"] for row in people}


def test_whatever_gets_into_the_results_is_escaped_on_the_page(course):
    results = collect_results(course, ASSIGNMENT)
    nasty = f"</code></pre>{HOSTILE}"
    tally = replace(results.exercises[0].properties[0], sentence=nasty)
    exercise = replace(results.exercises[0], exercise=nasty, title=nasty, properties=(tally,))
    mistake = replace(results.mistakes[0], example=nasty, exercise=nasty)
    page = as_html(replace(results, assignment=nasty, exercises=(exercise,), mistakes=(mistake,)))
    assert not _Page(page).having("script") and HOSTILE not in page and page.count("&lt;script&gt;") > 5


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+A1", "-A1", "@SUM(1)", "\tx", "\r=1", " =1", "-2+3", "\n=1", "\u00a0=1", "\u200b=1", "\ufeff@x",
     "\uff1d1", "\u202e=1", "\x1b=1", "\uff0bA1", "'=1", "\x00-A1"],
)  # fmt: skip
def test_no_cell_is_a_formula(cell):
    assert safe(cell) == "'" + printable(cell)
    (row,) = csv.reader(io.StringIO(as_csv([[cell, "x"]]).decode("utf-8-sig"), newline=""))
    assert row == [safe(cell), "x"]


@pytest.mark.parametrize("cell", ["", "3", "-3", "-2.5", "+4912345", "-", "ada", "0 to under 5 points", "a=b"])
def test_numbers_and_words_stay_as_they_are(cell):
    assert safe(cell) == cell


PUBLIC = words("def dropout_mask(shape, rate, rng) float32 val_loss rate must be between")


def shown(code: str, own=(), others=()):
    return anonymised(code, name_words(own, PUBLIC), name_words([*own, *others], PUBLIC), PUBLIC)


def test_an_example_names_nobody():
    code = (
        '"""By Ada Lovelace, 4711."""\n# ada@uni.example\n'
        "def dropout_mask(shape, rate, rng):\n"
        '    """Ada did this."""\n'
        "    ada_mask = lovelaces2 = adaMask = m4711 = JOSE = bens = ben_s = 1  # with Ben\n"
        '    print("thanks, Ben", f"{rate} by ada", b"ada", "float32", "rate must be between")\n'
        "    class Ada:\n        'only this'\n"
        "    return rng.random(shape) < rate\n"
    )
    told = shown(code, ["al4711", "Ada", "Lovelace", "ada@uni.example"], ["José", "Ben"])
    text = told.text.casefold()
    for name in ("ada", "lovelace", "4711", "jose", "ben_", "thanks", "uni.example", "did this", "only"):
        assert name not in text, told.text
    assert told.replaced >= 7
    for kept in ("'float32'", "'rate must be between'", "rng.random(shape) < rate", "dropout_mask"):
        assert kept in told.text
    compile(told.text, "example", "exec")


def test_words_that_everybody_uses_are_nobodys_name():
    code = "def dropout_mask(shape, rate, rng):\n    return np.max(rng.random(shape)) < rate\n"
    told = shown(code, ["Max", "Rand", "Rate"])
    assert told.replaced == 0 and "np.max" in told.text


@pytest.mark.parametrize("code", ["", "# ada\n", "def f(:\n", "%timeit 1", "x = 1\0", "a" * (READ_LIMIT + 1)])
def test_what_cannot_be_parsed_is_not_shown(code):
    assert anonymised(code, set(), set(), set()) is None


def test_a_long_example_is_cut():
    told = anonymised("x = 1\n" * 200, set(), set(), set())
    assert told.text.count("\n") == LINES and told.text.endswith("…")


def test_the_example_is_typical_and_from_somebody_whose_name_is_not_in_it(tmp_path):
    course = course_folder(tmp_path)
    named = "def inverted_dropout(x, rate, rng):\n    zora = rate\n    return x < zora\n"
    unusual = "def inverted_dropout(x, rate, rng):\n    q7 = w3 = rate\n    return x < q7\n"
    several = {"inverted": {"keep-rate": "keep-drop-swapped", "scale": "not-scaled"}}
    short = "def inverted_dropout(x, rate, rng):\n    return x < 1\n"
    graded(course, "zora", {"inverted": named, "classic": CLASSIC}, FAILS)
    graded(course, "olga", {"inverted": unusual, "classic": CLASSIC}, FAILS)
    graded(course, "abel", {"inverted": short, "classic": CLASSIC}, several)
    for student in ("cleo", "finn"):
        graded(course, student, {"inverted": SWAPPED, "classic": CLASSIC}, FAILS)
    first = collect_results(course, ASSIGNMENT).mistakes[0]
    assert (first.slug, first.students) == ("keep-drop-swapped", 5)
    assert "rng.random(x.shape) < rate" in first.example


def test_no_page_names_a_student(course):
    for student in ("ada", "ben", "dmitri", "emeka", "goran"):
        in_gradebook(
            course, student, {"inverted": 1, "classic": 1},
            first_name=f"F{student}", last_name=f"L{student}", email=f"{student}@uni.example",
        )  # fmt: skip
    page = as_html(collect_results(course, ASSIGNMENT))
    found = words(page)
    for student in ("ada", "ben", "dmitri", "emeka", "goran", "ivan", "hana"):
        assert not {student, f"f{student}", f"l{student}"} & found
    assert "uni.example" not in page


@pytest.mark.parametrize("top", [0.5, 1, 3, 10, 14, 31, 37.5, 100, 250, 12345])
def test_the_histogram_counts_everybody_once(top):
    points = tuple(top * k / 64 for k in range(65))
    bars = histogram(points, top)
    assert sum(bar.count for bar in bars) == 65 and 2 <= len(bars) <= 12
    assert bars[-1].count == 1 and max(bar.share for bar in bars) == 1
    ends = [re.findall(r"[\d.]+", bar.label) for bar in bars[:-1]]
    assert all(before[1] == after[0] for before, after in zip(ends, ends[1:], strict=False))
    for low, high in ends:
        bar = next(bar for bar in bars if bar.label == f"{low} to under {high}")
        assert bar.count == sum(float(low) <= p < float(high) for p in points)


def test_a_point_too_many_is_a_full_mark_or_more():
    assert histogram((11.0, 10.0), 10)[-1].label == "10 or more" and histogram((11.0, 10.0), 10)[-1].count == 2


def test_shades_climb_and_zero_is_none():
    assert [shade(count, 100) for count in (0, 1, 10, 11, 25, 26, 50, 51, 100)] == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert len(SHADES) == 5


def damage_store(course):
    path = min((course.root / "build" / "grades").rglob("*.json"))
    path.write_bytes(path.read_bytes()[:-9])


SPOILT = {
    "nothing graded": (lambda c: shutil.rmtree(c.root / "build"), "is graded yet"),
    "notes damaged": (lambda c: (c.root / f"build/written/{ASSIGNMENT}.json").write_text("[1]"), "is damaged"),
    "notes empty": (
        lambda c: (c.root / f"build/written/{ASSIGNMENT}.json").write_text('{"released": "", "students": {}}'),
        "is graded yet",
    ),
    "a result damaged": (damage_store, "is damaged or missing"),
    "results gone": (lambda c: shutil.rmtree(c.root / "build" / "grades"), "and of 5 others is damaged or missing"),
    "gradebook damaged": (lambda c: (c.root / "gradebook.db").write_bytes(b"x" * 5000), "is damaged"),
    "no template": (lambda c: (c.root / f"solutions/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").unlink(), "not a notebook"),
    "no course": (lambda c: (c.root / "nbgrader_config.py").unlink(), "is not a course folder"),
    "no solutions": (lambda c: shutil.rmtree(c.root / "solutions"), "is not a course folder"),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_cannot_be_reported_on_is_one_sentence_and_writes_nothing(spoil, course, capsys, monkeypatch):
    way, said = SPOILT[spoil]
    way(course)
    code, out, err = report(course, capsys, monkeypatch)
    assert code == 2 and said in err and "\n" not in err and out == ""
    assert files(course) == []


def test_an_unknown_assignment_is_named_with_those_there_are(course, capsys, monkeypatch):
    code, _, err = report(course, capsys, monkeypatch, "09_none")
    assert code == 2 and "no assignment '09_none'" in err and ASSIGNMENT in err


def test_a_result_of_another_shape_is_damaged_too(course, capsys, monkeypatch):
    notes = course.root / "build" / "written" / f"{ASSIGNMENT}.json"
    told = json.loads(notes.read_bytes())
    told["students"]["zoe"] = None
    notes.write_text(json.dumps(told))
    assert "zoe's" in report(course, capsys, monkeypatch)[2]


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed (apt-get install chromium), so the page is not opened.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


CONTRASTS = """() => [
    ...document.querySelectorAll('h1, h2, p, caption, code, a, td.number, th, li')
].map(element => {
    let behind = element;
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
    return [element.outerHTML.slice(0, 80), getComputedStyle(element).color,
            getComputedStyle(behind || document.body).backgroundColor];
})"""


@pytest.fixture(scope="module")
def large_page(tmp_path_factory):
    """The page of a class in which every mistake occurs, in code with very long lines."""
    course = course_folder(tmp_path_factory.mktemp("large"))
    long = "def inverted_dropout(x, rate, rng):\n    return " + " + ".join(["rng.random(x.shape)"] * 30) + "\n"
    for number, slug in enumerate(misconceptions()):
        other = list(misconceptions())[number // 9]
        failing = {"inverted": {"scale": slug}, "classic": {"scale": other, "eval": "error"}}
        graded(course, f"student-{number}", {"inverted": long, "classic": CLASSIC}, failing)
    path = course.root / "page.html"
    path.write_text(as_html(collect_results(course, ASSIGNMENT)), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_on_any_screen_and_asks_for_nothing(large_page, browser, scheme):
    page = browser.new_page(color_scheme=scheme)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(large_page.as_uri())
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [large_page.as_uri()] and complaints == []
    assert "sans-serif" in page.evaluate("getComputedStyle(document.body).fontFamily"), "the style is let in"
    for element, text, back in page.evaluate(CONTRASTS):
        assert contrast(text, back) >= 4.5, (element, text, back)
    page.close()

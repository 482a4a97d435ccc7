"""What a class made of an assignment, counted from stored results; nothing is graded here.

The page that draws it is `class_page`. Only what `look_at` says names students.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from autograder.catalogue import exercises, misconceptions
from autograder.classroom.anonymous import READ_LIMIT, Anonymous, anonymised, name_words, words
from autograder.classroom.gradebook import Book, Person, read_gradebook
from autograder.classroom.notes import Notes
from autograder.classroom.stock import Course
from autograder.exercise import Exercise
from autograder.grading.store import Store
from autograder.grading.template import MISSING, Template, load_template, read_submission

#: Of how many students' code, the shortest first, an example is chosen.
_CANDIDATES = 100


class NoResults(ValueError):
    """There is nothing to report on, or not all of it is there; the message is one sentence with the way out."""


@dataclass(frozen=True)
class Tally:
    """How many students' code has a property. waiting: nothing was to be said, since another one failed.

    broken: the grader itself failed.
    """

    property: str
    sentence: str
    passed: int
    failed: int
    waiting: int
    broken: int


@dataclass(frozen=True)
class ExerciseResults:
    """One exercise. mistakes: students by misconception, each student once in each.

    unnamed: students with something that fails, and no misconception recognised.
    """

    exercise: str
    title: str
    properties: tuple[Tally, ...]
    mistakes: dict[str, int]
    unnamed: int


@dataclass(frozen=True)
class Mistake:
    """A misconception that occurred. students: how many have it, in any exercise.

    example: one student's code with it, anonymous, "" where none can be shown. exercise: the example's.
    """

    slug: str
    students: int
    example: str = ""
    exercise: str = ""


@dataclass(frozen=True)
class LookAt:
    """Something for a person to look at. kind: a key of `KINDS`."""

    student: str
    kind: str
    what: str


#: Why a person should look at a submission; these sentences name nobody.
KINDS = {
    "grader failed": "The grader itself failed on a property. Never held against the student: grade it by hand.",
    "unreadable": "The file is no notebook that can be graded.",
    "not graded": "It was handed in and is not graded.",
    "changed": "The file has changed since it was graded.",
    "gone": "It is graded, and what was handed in is no longer there.",
    "by hand": "Something in it still has to be graded by hand.",
    "not isolated": "It was graded without isolation: its code could have reached everything.",
    "note": "The grader noticed something.",
}


@dataclass(frozen=True)
class ClassResults:
    """What a class made of an assignment.

    handed_in, graded, unreadable, isolated: submissions. points: one for each graded, the lowest first.
    from_gradebook: whether they are nbgrader's. changed: how many of them differ from the judge's, by hand or for
    lateness. exercises, mistakes: of the readable ones; the most frequent mistake first.
    """

    assignment: str
    handed_in: int
    graded: int
    unreadable: int
    isolated: int
    points: tuple[float, ...]
    max_points: float
    from_gradebook: bool
    changed: int
    exercises: tuple[ExerciseResults, ...]
    mistakes: tuple[Mistake, ...]
    look_at: tuple[LookAt, ...]

    @property
    def judged(self) -> int:
        """The submissions that could be read: those that the exercises' numbers are about."""
        return self.graded - self.unreadable


@dataclass(frozen=True)
class _Result:
    """One student's stored result. texts: of the solution cells, by grade_id. codes: by exercise."""

    student: str
    summary: dict
    texts: dict[str, str]
    codes: dict[str, str] = field(default_factory=dict)

    @property
    def mistakes(self) -> dict[str, set[str]]:
        """The misconceptions, by exercise."""
        return {
            e["exercise"]: {v["misconception"] for v in e["verdicts"]} & set(misconceptions())
            for e in self.summary["exercises"]
        }


def collect_results(course: Course, assignment: str) -> ClassResults:
    """Count what is stored of an assignment.

    Raises NoResults when nothing is graded or a stored result is damaged, UnreadableGradebook, UnusableTemplate.
    """
    path = course.root / "solutions" / assignment / f"{assignment}.ipynb"
    template = load_template(path)
    results = _stored(course, assignment)
    book = read_gradebook(course.root)
    scores = book.scores.get(assignment, {})
    own = {r.student: r.summary["points"] for r in results}
    points = {student: scores[student].points if student in scores else own[student] for student in own}
    readable = [r for r in results if not r.summary["problem"]]
    exercises = tuple(_exercise(check.exercise, readable) for check in template.checks)
    public = words("\n".join("".join(cell["source"]) for cell in json.loads(path.read_bytes())["cells"]))
    handed_in = course.submissions(assignment)
    return ClassResults(
        assignment=assignment,
        handed_in=len(handed_in),
        graded=len(results),
        unreadable=len(results) - len(readable),
        isolated=sum(r.summary["isolated"] for r in results),
        points=tuple(sorted(points.values())),
        max_points=max([r.summary["max_points"] for r in results] + [s.max_points for s in scores.values()]),
        from_gradebook=all(student in scores for student in own),
        changed=sum(abs(points[student] - own[student]) > 1e-6 for student in own),
        exercises=exercises,
        mistakes=_mistakes(readable, exercises, _Names(book, [*handed_in, *own], public)),
        look_at=tuple(_look_at(course, assignment, template, results, handed_in, book)),
    )


def _stored(course: Course, assignment: str) -> list[_Result]:
    """The results of everyone who is graded. Raises NoResults."""
    again = f"Run autograder grade {assignment}"
    try:
        written = Notes.read(course.root, assignment).students
    except FileNotFoundError as error:
        raise NoResults(f"Nothing of {assignment} is graded yet. {again} first.") from error
    except (OSError, ValueError) as error:
        where = f"build/written/{assignment}.json"
        raise NoResults(f"{where} is damaged. {again}, which writes it anew.") from error
    store = Store(course.root / "build" / "grades")
    results, damaged = [], []
    for student, key in sorted(written.items()):
        try:
            results.append(_result(student, store.get(key)))
        except (KeyError, TypeError, IndexError, AttributeError, ValueError):
            damaged.append(student)
    if damaged:
        others = f" and of {len(damaged) - 1} others" if len(damaged) > 1 else ""
        raise NoResults(
            f"The stored result of {damaged[0]}'s {assignment}{others} is damaged or missing. {again}, which makes "
            "it again."
        )
    if not results:
        raise NoResults(f"Nothing of {assignment} is graded yet. {again} first.")
    return results


def _result(student: str, stored: dict) -> _Result:
    """What is needed of a stored result; the rest of its notebook is large."""
    texts, codes, pending = {}, {}, []
    exercises = iter(stored["summary"]["exercises"])
    for cell in stored["notebook"]["cells"]:
        settings = cell["metadata"].get("nbgrader", {})
        if settings.get("solution"):
            texts[settings["grade_id"]] = cell["source"]
            pending.append(cell["source"])
        elif settings.get("grade") and cell["cell_type"] == "code":
            code = "\n\n".join(pending)
            codes[next(exercises)["exercise"]] = code if len(code) <= READ_LIMIT else ""
            pending = []
    return _Result(student, stored["summary"], texts, codes)


def _exercise(name: str, results: list[_Result]) -> ExerciseResults:
    """Count one exercise."""
    exercise = exercises()[name]
    counts = {p.slug: Counter() for p in exercise.properties}
    mistakes, unnamed = Counter(), 0
    for result in results:
        verdicts = [v for e in result.summary["exercises"] if e["exercise"] == name for v in e["verdicts"]]
        for verdict in verdicts:
            counts.setdefault(verdict["property"], Counter())[verdict["status"]] += 1
        named = result.mistakes.get(name, set())
        mistakes.update(named)
        unnamed += not named and any(v["status"] == "fail" for v in verdicts)
    return ExerciseResults(
        name,
        exercise.title,
        tuple(_tally(exercise, slug, count) for slug, count in counts.items()),
        {slug: mistakes[slug] for slug in misconceptions() if mistakes[slug]},
        unnamed,
    )


def _tally(exercise: Exercise, slug: str, count: Counter) -> Tally:
    sentence = next((p.sentence for p in exercise.properties if p.slug == slug), "")
    return Tally(slug, sentence, count["pass"], count["fail"], count["blocked"], count["error"])


class _Names:
    """Which words name somebody. public: words of the course."""

    def __init__(self, book: Book, students: list[str], public: set[str]):
        self.public = public
        people = {**{student: Person(student) for student in students}, **book.people}
        self._own = {
            who: name_words((p.id, p.first_name, p.last_name, p.email, p.lms_id), public)
            for who, p in people.items()
        }
        self._all = set().union(*self._own.values())

    def without(self, code: str, student: str) -> Anonymous | None:
        """A student's code without names."""
        return anonymised(code, self._own[student], self._all, self.public)


def _mistakes(results: list[_Result], exercises: tuple[ExerciseResults, ...], names: _Names) -> tuple[Mistake, ...]:
    """The misconceptions that occurred, the most frequent first, each with an example."""
    students = Counter(slug for r in results for slug in set().union(*r.mistakes.values()))
    found = []
    for slug in misconceptions():
        if not students[slug]:
            continue
        at = max(exercises, key=lambda e: e.mistakes.get(slug, 0)).exercise
        found.append(Mistake(slug, students[slug], _example(slug, at, results, names), at))
    return tuple(sorted(found, key=lambda mistake: -mistake.students))


def _example(slug: str, exercise: str, results: list[_Result], names: _Names) -> str:
    """The most typical code with a misconception: nothing else wrong, no name or word of its own in it, short."""
    having = [r for r in results if slug in r.mistakes.get(exercise, ()) and r.codes.get(exercise, "").strip()]
    having.sort(key=lambda r: (len(r.mistakes[exercise]), len(r.codes[exercise]), r.codes[exercise]))
    usual = Counter(word for r in results for word in words(r.codes.get(exercise, "")))
    best = None
    for result in having[:_CANDIDATES]:
        shown = names.without(result.codes[exercise], result.student)
        if shown is None:
            continue
        unusual = sum(usual[word] < 2 for word in shown.words - names.public)
        rank = (len(result.mistakes[exercise]), shown.replaced, unusual, len(shown.text), shown.text)
        best = rank if best is None else min(best, rank)
    return best[-1] if best else ""


def _look_at(
    course: Course,
    assignment: str,
    template: Template,
    results: list[_Result],
    handed_in: list[str],
    book: Book,
) -> list[LookAt]:
    """Everything a person should look at, the grader's own failures first."""
    found = []
    for result in results:
        student, summary = result.student, result.summary
        found += [
            LookAt(student, "grader failed", f"{v['property']} of {e['exercise']}, seed {e['seed']}")
            for e in summary["exercises"]
            for v in e["verdicts"]
            if v["status"] == "error"
        ]
        if summary["problem"]:
            found.append(LookAt(student, "unreadable", summary["problem"]))
        found += [LookAt(student, "note", note) for note in summary["notes"]]
        if not summary["isolated"]:
            found.append(LookAt(student, "not isolated", KINDS["not isolated"]))
        score = book.scores.get(assignment, {}).get(student)
        if score is not None and score.unfinished:
            found.append(LookAt(student, "by hand", KINDS["by hand"]))
        found += _since(course.root, assignment, template, result)
    missing = sorted(set(handed_in) - {result.student for result in results})
    told = f"Run autograder grade {assignment}; if it cannot be graded, that says why."
    found += [LookAt(student, "not graded", told) for student in missing]
    order = list(KINDS)
    return sorted(found, key=lambda each: order.index(each.kind))


def _since(root: Path, assignment: str, template: Template, result: _Result) -> list[LookAt]:
    """Whether what lies in submitted/ is still what was graded."""
    path = root / "submitted" / result.student / assignment / f"{assignment}.ipynb"
    if not os.path.lexists(path):
        return [LookAt(result.student, "gone", f"There is no {path.relative_to(root)}.")]
    now = read_submission(path, template)
    texts = {grade_id: now.texts.get(grade_id, MISSING) for grade_id in template.solutions}
    if texts == result.texts and now.problem == result.summary["problem"]:
        return []
    return [LookAt(result.student, "changed", f"Run autograder grade {assignment}.")]

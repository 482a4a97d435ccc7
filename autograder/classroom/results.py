"""What a class made of an assignment, counted from stored results; nothing is graded here.

The page that draws it is `class_page`. Only what `look_at` says names students.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, replace

from autograder.catalogue import exercises, misconceptions
from autograder.classroom.anonymous import READ_LIMIT, Anonymous, anonymised, name_words, words
from autograder.classroom.course import Course
from autograder.classroom.gradebook import Book, Person, read_gradebook
from autograder.classroom.notes import Notes
from autograder.classroom.telling import CannotGoOn
from autograder.exercise import Exercise
from autograder.grading.stored import StoredResult
from autograder.grading.template import MISSING, Template, load_template, read_submission

#: Of how many students' code, the shortest first, an example is chosen.
_CANDIDATES = 100


class NoResults(CannotGoOn):
    """There is nothing to report on, or not all of it is there."""


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
    "unreadable": "The file is not a notebook that can be graded.",
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
class _Graded:
    """One student's stored result. texts: of the solution cells, by grade_id. codes: by exercise."""

    student: str
    result: StoredResult
    texts: dict[str, str]
    codes: dict[str, str]

    @property
    def mistakes(self) -> dict[str, set[str]]:
        """The misconceptions, by exercise."""
        return {
            each.exercise: {v.misconception for v in each.verdicts if v.misconception in misconceptions()}
            for each in self.result.exercises
        }


def collect_results(course: Course, assignment: str) -> ClassResults:
    """Count what is stored of an assignment.

    Raises NoResults when nothing is graded or a stored result is damaged, UnreadableGradebook, UnusableTemplate.
    """
    path = course.solution(assignment)
    template = load_template(path)
    graded = _stored(course, assignment)
    book = read_gradebook(course)
    scores = book.scores.get(assignment, {})
    own = {each.student: each.result.points for each in graded}
    points = {student: scores[student].points if student in scores else own[student] for student in own}
    readable = [each for each in graded if not each.result.problem]
    exercises = tuple(_exercise(check.exercise, readable) for check in template.checks)
    public = words("\n".join("".join(cell["source"]) for cell in json.loads(path.read_bytes())["cells"]))
    handed_in = course.submissions(assignment)
    return ClassResults(
        assignment=assignment,
        handed_in=len(handed_in),
        graded=len(graded),
        unreadable=len(graded) - len(readable),
        isolated=sum(each.result.isolated for each in graded),
        points=tuple(sorted(points.values())),
        max_points=max([g.result.max_points for g in graded] + [score.max_points for score in scores.values()]),
        from_gradebook=all(student in scores for student in own),
        changed=sum(abs(points[student] - own[student]) > 1e-6 for student in own),
        exercises=exercises,
        mistakes=_mistakes(readable, exercises, _Names(book, [*handed_in, *own], public)),
        look_at=tuple(_look_at(course, assignment, template, graded, handed_in, book)),
    )


def _stored(course: Course, assignment: str) -> list[_Graded]:
    """The results of everyone who is graded. Raises NoResults."""
    again = f"Run autograder grade {assignment}"
    try:
        written = Notes.read(course.written(assignment)).students
    except FileNotFoundError as error:
        raise NoResults(f"Nothing of {assignment} is graded yet. {again} first.") from error
    except (OSError, ValueError) as error:
        where = course.within(course.written(assignment))
        raise NoResults(f"{where} is damaged. {again}, which writes it anew.") from error
    store = course.store
    found = {student: store.get(key) for student, key in sorted(written.items())}
    damaged = [student for student, result in found.items() if result is None]
    if damaged:
        others = f" and of {len(damaged) - 1} others" if len(damaged) > 1 else ""
        raise NoResults(
            f"The stored result of {damaged[0]}'s {assignment}{others} is damaged or missing. {again}, which makes "
            "it again."
        )
    if not found:
        raise NoResults(f"Nothing of {assignment} is graded yet. {again} first.")
    return [_read(student, result) for student, result in found.items() if result is not None]


def _read(student: str, result: StoredResult) -> _Graded:
    """What is needed of a stored result; the rest of its notebook is large, and is let go."""
    texts: dict[str, str] = {}
    codes: list[str] = []
    above: list[str] = []
    for cell in result.notebook["cells"]:
        settings = cell["metadata"].get("nbgrader", {})
        if settings.get("solution"):
            texts[settings["grade_id"]] = cell["source"]
            above.append(cell["source"])
        elif settings.get("grade") and cell["cell_type"] == "code":
            code = "\n\n".join(above)
            codes.append(code if len(code) <= READ_LIMIT else "")
            above = []
    names = (each.exercise for each in result.exercises)
    return _Graded(student, replace(result, notebook={}), texts, dict(zip(names, codes, strict=True)))


def _exercise(name: str, graded: list[_Graded]) -> ExerciseResults:
    """Count one exercise."""
    exercise = exercises()[name]
    counts: dict[str, Counter[str]] = {p.slug: Counter() for p in exercise.properties}
    mistakes: Counter[str] = Counter()
    unnamed = 0
    for each in graded:
        verdicts = [v for stored in each.result.exercises if stored.exercise == name for v in stored.verdicts]
        for verdict in verdicts:
            counts.setdefault(verdict.property, Counter())[verdict.status] += 1
        named = each.mistakes.get(name, set())
        mistakes.update(named)
        unnamed += not named and any(verdict.status == "fail" for verdict in verdicts)
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


def _mistakes(graded: list[_Graded], exercises: tuple[ExerciseResults, ...], names: _Names) -> tuple[Mistake, ...]:
    """The misconceptions that occurred, the most frequent first, each with an example."""
    students = Counter(slug for each in graded for slug in set().union(*each.mistakes.values()))
    found = []
    for slug in misconceptions():
        if not students[slug]:
            continue
        at = max(exercises, key=lambda e: e.mistakes.get(slug, 0)).exercise
        found.append(Mistake(slug, students[slug], _example(slug, at, graded, names), at))
    return tuple(sorted(found, key=lambda mistake: -mistake.students))


def _example(slug: str, exercise: str, graded: list[_Graded], names: _Names) -> str:
    """The most typical code with a misconception: nothing else wrong, no name or word of its own in it, short."""
    having = [g for g in graded if slug in g.mistakes.get(exercise, ()) and g.codes.get(exercise, "").strip()]
    having.sort(key=lambda g: (len(g.mistakes[exercise]), len(g.codes[exercise]), g.codes[exercise]))
    usual = Counter(word for g in graded for word in words(g.codes.get(exercise, "")))
    best = None
    for each in having[:_CANDIDATES]:
        shown = names.without(each.codes[exercise], each.student)
        if shown is None:
            continue
        unusual = sum(usual[word] < 2 for word in shown.words - names.public)
        rank = (len(each.mistakes[exercise]), shown.replaced, unusual, len(shown.text), shown.text)
        best = rank if best is None else min(best, rank)
    return best[-1] if best else ""


def _look_at(
    course: Course,
    assignment: str,
    template: Template,
    graded: list[_Graded],
    handed_in: list[str],
    book: Book,
) -> list[LookAt]:
    """Everything a person should look at, the grader's own failures first."""
    found = []
    for each in graded:
        student, result = each.student, each.result
        found += [
            LookAt(student, "grader failed", f"{verdict.property} of {stored.exercise}, seed {stored.seed}")
            for stored in result.exercises
            for verdict in stored.verdicts
            if verdict.status == "error"
        ]
        if result.problem:
            found.append(LookAt(student, "unreadable", result.problem))
        found += [LookAt(student, "note", note) for note in result.notes]
        if not result.isolated:
            found.append(LookAt(student, "not isolated", KINDS["not isolated"]))
        score = book.scores.get(assignment, {}).get(student)
        if score is not None and score.unfinished:
            found.append(LookAt(student, "by hand", KINDS["by hand"]))
        found += _since(course, assignment, template, each)
    missing = sorted(set(handed_in) - {each.student for each in graded})
    told = f"Run autograder grade {assignment}; if it cannot be graded, that says why."
    found += [LookAt(student, "not graded", told) for student in missing]
    order = list(KINDS)
    return sorted(found, key=lambda each: order.index(each.kind))


def _since(course: Course, assignment: str, template: Template, graded: _Graded) -> list[LookAt]:
    """Whether what lies in submitted/ is still what was graded."""
    path = course.handed_in(graded.student, assignment)
    if not os.path.lexists(path):
        return [LookAt(graded.student, "gone", f"There is no {course.within(path)}.")]
    now = read_submission(path, template)
    texts = {grade_id: now.texts.get(grade_id, MISSING) for grade_id in template.solutions}
    if texts == graded.texts and now.problem == graded.result.problem:
        return []
    return [LookAt(graded.student, "changed", f"Run autograder grade {assignment}.")]

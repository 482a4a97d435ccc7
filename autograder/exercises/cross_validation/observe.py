"""How exercise cross_validation is watched: by models that train nothing and write down what they are given.

The models behave like scikit-learn's where that is needed: in a Pipeline, in `clone`, in `cross_val_score`.
scikit-learn itself is not imported here, unless it asks for its own tags.
"""

import importlib
import random
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from weakref import WeakKeyDictionary

import numpy as np

from autograder.exercises.cross_validation.cases import EVENT, FOLD_EVENTS, FOLD_NUMBERS, SCORES, FoldCase
from autograder.observations import TEXT_LIMIT, Record, Trouble
from autograder.observe.calls import Student, Unusable, Watch, shared_state, trouble_of, type_name

#: Numbers in one call of fit or score, and in all calls before one: a correct answer needs a fifth of it.
NUMBER_LIMIT = FOLD_NUMBERS // 2
LABEL_LIMIT = 40  # different labels

_PLAIN = (bool, int, float, complex, str, bytes)
_NUMPY_SCALARS = frozenset(
    np.dtype(code).type for code in np.typecodes["AllInteger"] + np.typecodes["Float"] + "?SU"
)


@dataclass
class _Past:
    """What is known of a model. fits: how often it was fitted. fit: the number of the latest among all events."""

    number: int
    fits: int = 0
    fit: int = -1


@dataclass
class _Recorder:
    """What the models of one call were given. scores: what they return, one after the other, all different.

    pasts: by model. They are kept here, where nobody sets them back by mistake.
    """

    columns: int
    scores: Iterator[float]
    events: list[tuple] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    seen_labels: dict = field(default_factory=dict)
    pasts: WeakKeyDictionary[object, _Past] = field(default_factory=WeakKeyDictionary)
    models: int = 0
    unreadable: str = ""

    def fit(self, past: _Past, x: object, y: object) -> None:
        """A model with this past is fitted."""
        number = len(self.events)
        self._add(False, np.nan, replace(past, fit=number), x, y)
        past.fits, past.fit = past.fits + 1, number

    def score(self, past: _Past, x: object, y: object) -> float:
        """A model with this past is scored; returns the score."""
        if not past.fits:
            raise AttributeError("This model has not been fitted: call fit before score.")
        value = next(self.scores)
        self._add(True, value, past, x, y)
        return value

    def _add(self, is_score: bool, value: float, past: _Past, x: object, y: object) -> None:
        """Write down one fit or score. Raises Unusable when there have been too many."""
        row = sum(map(len, self.rows))
        if len(self.events) >= FOLD_EVENTS or max(row * self.columns, len(self.labels)) > NUMBER_LIMIT:
            raise Unusable("too-much", "")
        table, labels = self._table(x), self._codes(y)
        label = len(self.labels)
        if table is not None:
            self.rows.append(table)
        self.labels += labels or []
        sizes = [-1 if part is None else len(part) for part in (table, labels)]
        self.events.append((is_score, value, past.number, past.fits, past.fit, row, sizes[0], label, sizes[1]))

    def _table(self, x: object) -> np.ndarray | None:
        """A copy of the features as float64 (rows, columns); None if they are not such a table."""
        try:
            plain = np.asarray(x)
            shape = f"of shape {plain.shape}"
            if plain.ndim == 2 and plain.shape[1] == self.columns and plain.size <= NUMBER_LIMIT:
                return np.array(plain, dtype=np.float64, subok=False)
        except Exception:  # whatever a strange object raises when it is read
            shape = "of no known shape"
        self.unreadable = self.unreadable or f"{type_name(type(x))} {shape}"[:TEXT_LIMIT]
        return None

    def _codes(self, y: object) -> list[int] | None:
        """The labels as numbers, equal ones alike, -1 for what is none; None if they are not a single column."""
        try:
            plain = np.asarray(y)
            if plain.size > NUMBER_LIMIT or plain.ndim not in (1, 2) or plain.ndim == 2 and plain.shape[1] != 1:
                return None
            return [self._code(label) for label in plain.ravel().tolist()]
        except Exception:
            return None

    def _code(self, label: Student) -> int:
        if type(label) in _NUMPY_SCALARS:  # from an array of objects
            label = label.item()
        if type(label) not in _PLAIN:  # anything else may do what it likes when it is compared
            return -1
        if label not in self.seen_labels and len(self.seen_labels) >= LABEL_LIMIT:
            return -1
        return self.seen_labels.setdefault(label, len(self.seen_labels))

    def records(self, name: str) -> dict[str, Record]:
        """All that was written down, as records of parts of the case `name`."""
        rows = np.concatenate(self.rows) if self.rows else np.empty((0, self.columns))
        parts = {
            "events": np.array(self.events, dtype=EVENT),
            "rows": rows,
            "labels": np.array(self.labels, dtype=np.int16),
            "unreadable": np.array(self.unreadable),
        }
        return {f"{name}.{part}": Record(values=values) for part, values in parts.items()}


class _Classifier:
    """What scikit-learn asks of a classifier beside fit and score: it has no settings, and nothing is sent away."""

    _estimator_type = "classifier"  # how scikit-learn before 1.6 asked

    def get_params(self, deep=True):
        """Settings by name: there are none."""
        return {}

    def set_params(self, **params):
        """Set settings by name, of which there are none. Raises ValueError for any."""
        if params:
            raise ValueError(f"This model has no parameter {next(iter(params))!r}.")
        return self

    def __sklearn_tags__(self):
        tags = importlib.import_module("sklearn.utils")
        return tags.Tags(
            estimator_type="classifier",
            target_tags=tags.TargetTags(required=True),
            classifier_tags=tags.ClassifierTags(),
        )

    def __reduce_ex__(self, protocol):
        raise TypeError("This model cannot be sent to another process: leave n_jobs out.")

    def __repr__(self):
        return "Model()"


def _model_maker(recorder: _Recorder) -> Callable[[], object]:
    """A `build_model` whose models write into `recorder`. Its class is its own: whoever patches it harms nobody."""

    class Model(_Classifier):
        """A classifier with scikit-learn's fit and score. It learns nothing, and its scores are made up."""

        __qualname__ = "Model"  # what an exception calls it

        def __init__(self):
            recorder.pasts[self] = _Past(recorder.models)
            recorder.models += 1

        def fit(self, X, y, sample_weight=None):
            """Train on features X, (rows, columns), and labels y, (rows,); returns the model."""
            recorder.fit(recorder.pasts[self], X, y)
            return self

        def score(self, X, y, sample_weight=None):
            """The accuracy on features X and labels y, a float."""
            return recorder.score(recorder.pasts[self], X, y)

        def __sklearn_clone__(self):
            return Model()

        def __sklearn_is_fitted__(self):
            return recorder.pasts[self].fits > 0

        def __copy__(self):
            copied, past = Model(), recorder.pasts[self]
            recorder.pasts[copied] = replace(past, number=recorder.pasts[copied].number)  # as trained as this one
            return copied

        def __deepcopy__(self, memo):
            return self.__copy__()

    def build_model():
        """A new model, not trained yet."""
        return Model()

    return build_model


def record(objects: tuple[Student, ...], case: FoldCase) -> dict[str, Record]:
    """Call `cross_validate` once and record what came back and what its models were given.

    What came back is recorded under the case's name, numbers of any shape; the models' events under
    "case.events" (see EVENT), their features and labels under "case.rows" and "case.labels", and what was
    no table under "case.unreadable".
    """
    (student,) = objects
    watch = Watch()
    x, y = watch(case.x()), watch(case.y())
    # No two scores are near each other, so that the returned ones are told apart after any rounding to float32.
    scores = np.random.default_rng([case.data_seed, case.seed]).permutation(np.linspace(0.4, 0.99, FOLD_EVENTS + 1))
    recorder = _Recorder(case.columns, iter(scores.tolist()))
    # Whoever sets the global states to the same in every call shall be seen, too.
    random.random(), np.random.random()  # noqa: NPY002
    before = shared_state()
    values: np.ndarray | None = None
    trouble: Trouble = {}
    try:
        values = _numbers(student(_model_maker(recorder), x, y, case.n_splits, case.seed))
    except BaseException as error:  # SystemExit, GeneratorExit and homemade ones are answers too
        trouble = trouble_of(error) | {"problem_call": 0}
    changed, moved = watch.changed(), before != shared_state()
    whole = Record(values=values, input_changed=changed, global_moved=moved, **trouble)
    return {case.name: whole} | recorder.records(case.name)


def _numbers(result: Student) -> np.ndarray:
    """What came back as an array of numbers of any shape. Raises Unusable for anything else."""
    if result is None:
        raise Unusable("none", "")
    kind = type(result)  # not isinstance: a result may lie about its __class__
    if issubclass(kind, (list, tuple, deque, array)):
        result = list(islice(result, SCORES + 1))  # a class of the student's own may never come to an end
        odd = next((type(item) for item in result if not _is_number(type(item))), None)
        if odd is not None:
            raise Unusable("not-scores", f"{type_name(kind)} with values of type {type_name(odd)} in it")
        if len(result) > SCORES:
            raise Unusable("not-scores", f"{type_name(kind)} of more than {SCORES:,} items")
    elif not (_is_number(kind) or issubclass(kind, np.ndarray)) or issubclass(kind, np.ma.MaskedArray):
        raise Unusable("not-scores", type_name(kind))
    try:
        plain = np.array(result, copy=None, subok=False)
    except ValueError as error:  # arrays of several shapes
        raise Unusable("not-scores", f"{type_name(kind)} of arrays that do not fit together") from error
    if plain.dtype.kind not in "iuf" or plain.size > SCORES:
        raise Unusable("not-scores", f"{type_name(kind)} of {plain.size:,} times {plain.dtype}")
    return np.array(plain, dtype=np.float64)


def _is_number(kind: type) -> bool:
    """Whether a single value of this type may be a score: a Python or NumPy number, or an array of no axes."""
    return kind in (float, int) or issubclass(kind, (np.floating, np.integer, np.ndarray))

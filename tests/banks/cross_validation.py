"""Cross-validations to judge: correct ones as unlike each other as possible, and mistaken ones with their names."""

import random
from array import array
from collections import Counter, defaultdict, deque
from copy import deepcopy
from functools import partial
from itertools import cycle

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_score,
)
from sklearn.model_selection import cross_validate as sklearn_cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, MinMaxScaler, RobustScaler, StandardScaler, scale

from tests.banks.masks import Entry, enters

CORRECT: list[Entry] = []
MISTAKEN: list[Entry] = []

correct = enters(CORRECT, "cross_validation")
wrong = partial(enters, MISTAKEN, "cross_validation")


def checked(x, y, n_splits):
    if len(x) != len(y):
        raise ValueError("x and y have different lengths")
    if n_splits < 2:
        raise ValueError("at least two folds")
    if not np.isfinite(x).all():
        raise ValueError("x contains NaN or infinity")
    counts = Counter(np.asarray(y).tolist())
    if len(counts) < 2 or min(counts.values()) < n_splits:
        raise ValueError("every class needs a member in every fold")


def splits(x, y, n_splits, seed):
    """Stratified, shuffled folds: pairs of positions, training and test."""
    return StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(x, y)


def standardised(x, train, test):
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    return (x[train] - mean) / deviation, (x[test] - mean) / deviation


def one_fold(build_model, x, y, train, test):
    """The score of one fold, as it should be."""
    x_train, x_test = standardised(x, train, test)
    return build_model().fit(x_train, y[train]).score(x_test, y[test])


def with_splits(make_splits):
    """A cross-validation that is right but for its folds."""

    def cross_validate(build_model, x, y, n_splits, seed):
        checked(x, y, n_splits)
        return [one_fold(build_model, x, y, train, test) for train, test in make_splits(x, y, n_splits, seed)]

    return cross_validate


def with_fold(fold):
    """A cross-validation that is right but for what it does in a fold: fold(build_model, x, y, train, test)."""

    def cross_validate(build_model, x, y, n_splits, seed):
        checked(x, y, n_splits)
        return [fold(build_model, x, y, train, test) for train, test in splits(x, y, n_splits, seed)]

    return cross_validate


def with_scaling(scaling):
    """A cross-validation that is right but for its scaling: scaling(x, train, test) -> both parts."""

    def fold(build_model, x, y, train, test):
        x_train, x_test = scaling(x, train, test)
        return build_model().fit(x_train, y[train]).score(x_test, y[test])

    return with_fold(fold)


right = with_splits(splits)


def of_numbers(numbers):
    """Splits from the fold number of every row."""
    for fold in np.unique(numbers):
        yield np.flatnonzero(numbers != fold), np.flatnonzero(numbers == fold)


# ---------------------------------------------------------------- correct


@correct
def stratified_k_fold_and_scaler(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    scores = []
    for train, test in splits(x, y, n_splits, seed):
        scaler = StandardScaler()
        model = build_model()
        model.fit(scaler.fit_transform(x[train]), y[train])
        scores.append(model.score(scaler.transform(x[test]), y[test]))
    return scores


@correct
def pipeline_and_cross_val_score(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return cross_val_score(make_pipeline(StandardScaler(), build_model()), x, y, cv=folds)


@correct
def sklearns_cross_validate(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=np.random.RandomState(seed))
    steps = Pipeline([("scale", StandardScaler()), ("model", build_model())])
    return sklearn_cross_validate(steps, x, y, cv=folds, return_train_score=True)["test_score"]


@correct
def dealt_out_per_class(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    rng = np.random.default_rng(seed)
    fold_of = np.empty(len(y), int)
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        fold_of[members] = np.arange(len(members)) % n_splits
    return [one_fold(build_model, x, y, fold_of != k, fold_of == k) for k in range(n_splits)]


@correct
def array_split_per_class(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    rng = np.random.default_rng(seed)
    parts = [np.array_split(rng.permutation(np.where(y == label)[0]), n_splits) for label in np.unique(y)]
    scores = np.zeros(n_splits)
    for k in range(n_splits):
        test = np.concatenate([part[k] for part in parts])
        train = np.setdiff1d(np.arange(len(y)), test)
        scores[k] = one_fold(build_model, x, y, train, test)
    return scores


@correct
def dictionary_of_lists(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    by_class = defaultdict(list)
    for row, label in enumerate(y.tolist()):
        by_class[label].append(row)
    shuffler = random.Random(seed)
    folds = [[] for _ in range(n_splits)]
    place = cycle(range(n_splits))  # goes on where the last class stopped, so that sizes stay even
    for rows in by_class.values():
        shuffler.shuffle(rows)
        for row in rows:
            folds[next(place)].append(row)
    scores = []
    for test in folds:
        train = [row for fold in folds if fold is not test for row in fold]
        scores.append(one_fold(build_model, x, y, train, test))
    return tuple(scores)


@correct
def masks_after_a_shuffle_of_everything(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    order = np.random.RandomState(seed).permutation(len(y))
    x, y = x[order], y[order]
    ranks = np.zeros(len(y), int)
    for label in np.unique(y):
        ranks[y == label] = range((y == label).sum())
    masks = [ranks % n_splits == k for k in range(n_splits)]
    return [one_fold(build_model, x, y, ~mask, mask) for mask in masks]


@correct
def sample_deviation(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        mean, deviation = np.mean(x[train], 0), np.std(x[train], 0, ddof=1)
        return (x[train] - mean) / (deviation + 1e-8), (x[test] - mean) / (deviation + 1e-8)

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@correct
def float32_all_the_way(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    scores = [one_fold(build_model, x.astype(np.float32), y, a, b) for a, b in splits(x, y, n_splits, seed)]
    return np.array(scores, dtype=np.float32)


@correct
def list_of_a_generator(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)

    def scores():
        for train, test in splits(x, y, n_splits, seed):
            yield np.float64(one_fold(build_model, x, y, train, test))

    return list(scores())


@correct
def all_models_first(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = list(splits(x, y, n_splits, seed))
    models = [build_model() for _ in folds]
    for model, (train, test) in zip(models, folds, strict=True):
        model.fit(standardised(x, train, test)[0], y[train])
    return [
        model.score(standardised(x, train, test)[1], y[test])
        for model, (train, test) in zip(models, folds, strict=True)
    ]


@correct
def clones_of_one_model(build_model, x, y, n_splits, seed):
    pattern = build_model()

    def fold(build_model, x, y, train, test):
        return one_fold(lambda: clone(pattern), x, y, train, test)

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@correct
def copies_of_an_untrained_model(build_model, x, y, n_splits, seed):
    pattern = build_model()
    return with_fold(lambda b, *rest: one_fold(lambda: deepcopy(pattern), *rest))(build_model, x, y, n_splits, seed)


@correct
def lists_instead_of_arrays(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    scores = []
    for train, test in splits(x, y, n_splits, seed):
        x_train, x_test = standardised(x, train, test)
        model = build_model().fit(X=x_train.tolist(), y=y[train].tolist())
        scores.append(model.score(X=x_test.tolist(), y=list(y[test])))
    return scores


@correct
def encoded_labels(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return with_splits(splits)(build_model, x, LabelEncoder().fit_transform(y), n_splits, seed)


@correct
def standardised_once_more_per_fold(build_model, x, y, n_splits, seed):
    """Scaling everything first is harmless when each fold is standardised again."""
    checked(x, y, n_splits)
    return with_splits(splits)(build_model, scale(x), y, n_splits, seed)


@correct
def loops_over_columns(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        out = np.array(x, dtype=float)
        for column in range(x.shape[1]):
            values = out[train, column]
            mean = sum(values) / len(values)
            deviation = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
            for row in range(len(out)):
                out[row, column] = (out[row, column] - mean) / deviation if deviation > 0 else 0.0
        return out[train], out[test]

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@correct
def training_score_too(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    scores = {"train": [], "test": []}
    for train, test in splits(x, y, n_splits, seed):
        parts = dict(zip(("train", "test"), standardised(x, train, test), strict=True))
        model = build_model().fit(parts["train"], y[train])
        scores["train"].append(model.score(parts["train"], y[train]))
        scores["test"].append(model.score(parts["test"], y[test]))
    return scores["test"]


@correct
def last_fold_first(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = list(splits(x, y, n_splits, seed))[::-1]
    return [one_fold(build_model, x, y, train, test) for train, test in folds]


@correct
def random_keys_sorted(build_model, x, y, n_splits, seed):
    """Ranks of random numbers within each class, and a column of labels."""
    checked(x, y, n_splits)
    keys = np.random.Generator(np.random.Philox(seed)).random(len(y))
    rank = np.array([(keys[y == label] < key).sum() for key, label in zip(keys, y, strict=True)])
    scores = []
    for train, test in of_numbers(rank % n_splits):
        x_train, x_test = standardised(x, train, test)
        model = build_model().fit(x_train, y[train][:, None])
        scores.append(float(model.score(x_test, y[test][:, None])))
    return scores


@correct
def a_final_model_on_everything(build_model, x, y, n_splits, seed):
    scores = with_splits(splits)(build_model, x, y, n_splits, seed)
    build_model().fit(scale(x), y)
    return scores


@correct
def dealt_out_in_rounds(build_model, x, y, n_splits, seed):
    """Of each n_splits members of a class that follow each other, every fold gets one."""

    def folds(x, y, n, s):
        numbers, rng = np.zeros(len(y), int), np.random.default_rng(s)
        for label in np.unique(y):
            size = (y == label).sum()
            rounds = [rng.permutation(n) for _ in range(size // n)]
            numbers[y == label] = np.concatenate([*rounds, rng.permutation(n)[: size % n]])
        return of_numbers(numbers)

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@correct
def labels_in_an_array_of_objects(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    labels = np.empty(len(y), dtype=object)
    labels[:] = list(y)
    return [one_fold(build_model, x, labels, train, test) for train, test in splits(x, y, n_splits, seed)]


@correct
def codes_of_each_fold_in_order_of_appearance(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        codes = {label: code for code, label in enumerate(dict.fromkeys(y[train].tolist()))}
        return one_fold(build_model, x, np.array([codes[label] for label in y.tolist()]), train, test)

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@correct
def weights_of_one(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        model = build_model().fit(x_train, y[train], sample_weight=np.ones(len(train)))
        return model.score(x_test, y[test], sample_weight=None)

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@correct
def scores_in_a_deque(*arguments):
    return deque(right(*arguments))


@correct
def scores_in_pythons_array(*arguments):
    return array("d", right(*arguments))


class Scores(list):
    """A list that knows its mean."""

    def mean(self):
        return sum(self) / len(self)


@correct
def scores_in_a_list_of_ones_own(*arguments):
    return Scores(right(*arguments))


# ---------------------------------------------------------------- folds


@wrong("not-stratified")
def plain_k_fold(build_model, x, y, n_splits, seed):
    folds = lambda x, y, n, s: KFold(n, shuffle=True, random_state=s).split(x)
    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("not-stratified")
def permutation_cut_up(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    parts = np.array_split(np.random.default_rng(seed).permutation(len(y)), n_splits)
    scores = []
    for k, test in enumerate(parts):
        train = np.concatenate(parts[:k] + parts[k + 1 :])
        scores.append(one_fold(build_model, x, y, train, test))
    return scores


@wrong("not-stratified")
def a_coin_for_each_row(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(n_splits, size=len(y) - 3 * n_splits)
    numbers = rng.permutation(np.r_[np.arange(3 * n_splits) % n_splits, drawn])
    return with_splits(lambda *_: of_numbers(numbers))(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def stratified_in_file_order(build_model, x, y, n_splits, seed):
    folds = lambda x, y, n, s: StratifiedKFold(n).split(x, y)
    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def dealt_out_in_file_order(build_model, x, y, n_splits, seed):
    return with_splits(lambda x, y, n, s: of_numbers(dealt(x, y, n)))(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def shuffled_within_the_folds_only(build_model, x, y, n_splits, seed):
    rng = np.random.default_rng(seed)

    def folds(x, y, n, s):
        return [(rng.permutation(a), rng.permutation(b)) for a, b in StratifiedKFold(n).split(x, y)]

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def order_of_the_folds_shuffled(build_model, x, y, n_splits, seed):
    folds = list(StratifiedKFold(n_splits).split(x, y)) if len(x) == len(y) and n_splits > 1 else []
    random.Random(seed).shuffle(folds)
    return with_splits(lambda *_: folds)(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def to_and_fro(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    turn = np.r_[np.arange(n_splits), np.arange(n_splits)[::-1]]
    numbers = np.zeros(len(y), int)
    for label in np.unique(y):
        numbers[y == label] = np.resize(turn, (y == label).sum())
    return with_splits(lambda *_: of_numbers(numbers))(build_model, x, y, n_splits, seed)


@wrong("not-shuffled")
def plain_k_fold_in_file_order(build_model, x, y, n_splits, seed):
    return with_splits(lambda x, y, n, s: KFold(n).split(x))(build_model, x, y, n_splits, seed)


@wrong(None)
def blocks_of_three_shuffled(build_model, x, y, n_splits, seed):
    """Rows that follow each other stay together, three at a time."""
    checked(x, y, n_splits)
    rng = np.random.default_rng(seed)
    numbers = np.zeros(len(y), int)
    for label in np.unique(y):
        size = (y == label).sum()
        dealt = np.sort(np.arange(size) % n_splits)
        blocks = np.array_split(dealt, max(size // 3, 1))
        order = rng.permutation(len(blocks))
        numbers[y == label] = np.concatenate([blocks[i] for i in order])
    return with_splits(lambda *_: of_numbers(numbers))(build_model, x, y, n_splits, seed)


def dealt(x, y, n_splits):
    """The fold number of every row, dealt out in file order within each class."""
    numbers = np.zeros(len(y), int)
    for label in np.unique(y):
        numbers[y == label] = np.arange((y == label).sum()) % n_splits
    return numbers


@wrong(None)
def a_few_rows_swapped(build_model, x, y, n_splits, seed):
    def folds(x, y, n, s):
        numbers, rng = dealt(x, y, n), np.random.default_rng(s)
        for label in np.unique(y):
            for _ in range(5):
                pair = rng.choice(np.flatnonzero(y == label), 2, replace=False)
                numbers[pair] = numbers[pair[::-1]]
        return of_numbers(numbers)

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong(None)
def first_half_shuffled(build_model, x, y, n_splits, seed):
    def folds(x, y, n, s):
        numbers, rng = dealt(x, y, n), np.random.default_rng(s)
        for label in np.unique(y):
            half = np.flatnonzero(y == label)[: (y == label).sum() // 2]
            numbers[half] = rng.permutation(numbers[half])
        return of_numbers(numbers)

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("not-stratified")
def plain_k_fold_for_two(build_model, x, y, n_splits, seed):
    def folds(x, y, n, s):
        return KFold(n, shuffle=True, random_state=s).split(x) if n == 2 else splits(x, y, n, s)

    return with_splits(folds)(build_model, x, y, n_splits, seed)


def with_seed(change):
    """A cross-validation that is right but for its seed: change(seed, n_splits, y)."""
    return with_splits(lambda x, y, n, s: splits(x, y, n, change(s, n, y)))


for _name, _change in {
    "none_for_zero": lambda seed, n, y: seed or None,
    "rounded": lambda seed, n, y: int(np.float32(seed)) % 2**32,
    "tenths": lambda seed, n, y: seed // 10,
    "high_bits": lambda seed, n, y: seed >> 16,
    "for_numbers_only": lambda seed, n, y: seed if y.dtype.kind == "i" else 0,
    "for_two_classes_only": lambda seed, n, y: seed if len(np.unique(y)) == 2 else 0,
    "for_few_folds_only": lambda seed, n, y: seed if n < 10 else 0,
    "for_many_folds_only": lambda seed, n, y: seed if n > 2 else 0,
}.items():
    _made = with_seed(_change)
    MISTAKEN.append(Entry(f"seed-{_name}", "cross_validation", lambda f=_made: f, "ignores-seed"))


@wrong("ignores-seed")
def seed_typed_in(build_model, x, y, n_splits, seed):
    return with_splits(lambda x, y, n, s: splits(x, y, n, 42))(build_model, x, y, n_splits, seed)


@wrong("ignores-seed")
def no_seed(build_model, x, y, n_splits, seed):
    return with_splits(lambda x, y, n, s: splits(x, y, n, None))(build_model, x, y, n_splits, seed)


@wrong("ignores-seed")
def generator_without_a_seed(build_model, x, y, n_splits, seed):
    fresh = int(np.random.default_rng().integers(2**31))
    return with_splits(lambda x, y, n, s: splits(x, y, n, fresh))(build_model, x, y, n_splits, seed)


@wrong("ignores-seed")
def one_class_shuffled_by_seed(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    numbers = np.zeros(len(y), int)
    for place, label in enumerate(np.unique(y)):
        rng = np.random.default_rng(seed if place == 0 else 0)
        numbers[y == label] = rng.permutation(np.arange((y == label).sum()) % n_splits)
    return with_splits(lambda *_: of_numbers(numbers))(build_model, x, y, n_splits, seed)


@wrong("ignores-seed")
def only_the_order_of_folds_by_seed(build_model, x, y, n_splits, seed):
    def folds(x, y, n, s):
        found = list(splits(x, y, n, 1))
        random.Random(s).shuffle(found)
        return found

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("global-state")
def global_seed(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    np.random.seed(seed)
    numbers = np.zeros(len(y), int)
    for label in np.unique(y):
        numbers[y == label] = np.random.permutation(np.arange((y == label).sum()) % n_splits)
    return with_splits(lambda *_: of_numbers(numbers))(build_model, x, y, n_splits, seed)


@wrong("global-state")
def pythons_global_seed(build_model, x, y, n_splits, seed):
    random.seed(seed)
    drawn = random.randrange(2**31)
    return with_splits(lambda x, y, n, s: splits(x, y, n, drawn))(build_model, x, y, n_splits, seed)


@wrong("global-state")
def global_states_left_behind(build_model, x, y, n_splits, seed):
    np.random.seed(42)
    random.seed(42)
    return right(build_model, x, y, n_splits, seed)


@wrong("rows-lost")
def remainder_forgotten(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    rng = np.random.default_rng(seed)
    numbers = np.full(len(y), -1)
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        size = len(members) // n_splits
        for k in range(n_splits):
            numbers[members[k * size : (k + 1) * size]] = k
    return [one_fold(build_model, x, y, numbers != k, numbers == k) for k in range(n_splits)]


@wrong("rows-lost")
def last_row_left_out(build_model, x, y, n_splits, seed):
    def folds(x, y, n, s):
        last = len(y) - 1
        return [(np.r_[a[a != last], last], b[b != last]) for a, b in splits(x, y, n, s)]

    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("rows-lost")
def remainder_in_no_part(build_model, x, y, n_splits, seed):
    """What does not divide is dropped first, from training too."""
    checked(x, y, n_splits)
    keep = np.random.default_rng(seed).permutation(len(y))[: len(y) // n_splits * n_splits]
    return with_splits(splits)(build_model, x[keep], y[keep], n_splits, seed)


@wrong(None)
def independent_draws(build_model, x, y, n_splits, seed):
    folds = lambda x, y, n, s: StratifiedShuffleSplit(n, test_size=1 / n, random_state=s).split(x, y)
    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong(None)
def parts_swapped(build_model, x, y, n_splits, seed):
    return with_splits(lambda *a: [(b, a) for a, b in splits(*a)])(build_model, x, y, n_splits, seed)


@wrong(None)
def training_rows_repeated(build_model, x, y, n_splits, seed):
    return with_splits(lambda *a: [(np.r_[a, a[:5]], b) for a, b in splits(*a)])(build_model, x, y, n_splits, seed)


@wrong(None)
def training_on_half_of_the_rest(build_model, x, y, n_splits, seed):
    return with_splits(lambda *a: [(a[::2], b) for a, b in splits(*a)])(build_model, x, y, n_splits, seed)


@wrong(None)
def bootstrap(build_model, x, y, n_splits, seed):
    rng = np.random.default_rng(seed)
    return with_splits(lambda *a: [(rng.choice(a, len(a)), b) for a, b in splits(*a)])(
        build_model, x, y, n_splits, seed
    )


@wrong(None)
def always_five_folds(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return with_splits(splits)(build_model, x, y, 5, seed)


@wrong(None)
def repeated(build_model, x, y, n_splits, seed):
    folds = lambda x, y, n, s: RepeatedStratifiedKFold(n_splits=n, n_repeats=2, random_state=s).split(x, y)
    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong("not-stratified")
def very_unequal_folds(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    numbers = np.minimum(np.arange(len(y)) // 3, n_splits - 1)
    shuffled = np.random.default_rng(seed).permutation(numbers)
    return with_splits(lambda *_: of_numbers(shuffled))(build_model, x, y, n_splits, seed)


@wrong("trained-on-test")
def fitted_on_everything(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    everyone = np.arange(len(y))
    return [one_fold(build_model, x, y, everyone, test) for _, test in splits(x, y, n_splits, seed)]


@wrong("trained-on-test")
def some_test_rows_in_training(build_model, x, y, n_splits, seed):
    return with_splits(lambda *a: [(np.r_[a, b[:2]], b) for a, b in splits(*a)])(build_model, x, y, n_splits, seed)


@wrong("trained-on-test")
def scored_on_everything(build_model, x, y, n_splits, seed):
    everyone = lambda *a: [(a, np.arange(len(a) + len(b))) for a, b in splits(*a)]
    return with_splits(everyone)(build_model, x, y, n_splits, seed)


# ---------------------------------------------------------------- scaling


@wrong("leak-scaler")
def scaled_before_splitting(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    x = StandardScaler().fit_transform(x)
    return with_scaling(lambda x, train, test: (x[train], x[test]))(build_model, x, y, n_splits, seed)


@wrong("leak-scaler")
def statistics_of_everything(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        mean, deviation = x.mean(0), x.std(0, ddof=1)
        return (x[train] - mean) / deviation, (x[test] - mean) / deviation

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("leak-scaler")
def pipeline_after_the_scaler(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return cross_val_score(build_model(), scale(x), y, cv=folds)


@wrong("test-not-scaled")
def raw_test_rows(build_model, x, y, n_splits, seed):
    scaling = lambda x, train, test: (standardised(x, train, test)[0], x[test])
    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("test-not-scaled")
def scaler_only_in_fit(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        model = build_model()
        model.fit(StandardScaler().fit_transform(x[train]), y[train])
        return model.score(x[test], y[test])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong("scaler-refitted")
def fit_transform_twice(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        scaler = StandardScaler()
        return scaler.fit_transform(x[train]), scaler.fit_transform(x[test])

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("scaler-refitted")
def each_part_by_itself(build_model, x, y, n_splits, seed):
    scaling = lambda x, *parts: [(x[p] - x[p].mean(0)) / x[p].std(0, ddof=1) for p in parts]
    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("not-standardised")
def raw_everywhere(build_model, x, y, n_splits, seed):
    return with_scaling(lambda x, train, test: (x[train], x[test]))(build_model, x, y, n_splits, seed)


@wrong("not-standardised")
def cross_val_score_of_the_bare_model(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return cross_val_score(build_model(), x, y, cv=StratifiedKFold(n_splits, shuffle=True, random_state=seed))


@wrong("axis-forgotten")
def one_mean_for_all_columns(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        mean, deviation = x[train].mean(), x[train].std()
        return (x[train] - mean) / deviation, (x[test] - mean) / deviation

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("axis-forgotten")
def one_mean_of_everything(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    x = (x - np.mean(x)) / np.std(x)
    return with_scaling(lambda x, train, test: (x[train], x[test]))(build_model, x, y, n_splits, seed)


def by(centre, spread):
    """Scaling by other statistics of the training part."""

    def scaling(x, train, test):
        middle, width = centre(x[train]), spread(x[train])
        return (x[train] - middle) / width, (x[test] - middle) / width

    return with_scaling(scaling)


@wrong(None)
def only_centred(*arguments):
    return by(lambda x: x.mean(0), lambda x: 1.0)(*arguments)


@wrong(None)
def only_divided(*arguments):
    return by(lambda x: 0.0, lambda x: x.std(0))(*arguments)


@wrong(None)
def divided_by_the_variance(*arguments):
    return by(lambda x: x.mean(0), lambda x: x.var(0))(*arguments)


@wrong(None)
def median_and_deviation(*arguments):
    return by(lambda x: np.median(x, 0), lambda x: x.std(0))(*arguments)


@wrong(None)
def one_deviation_for_all_columns(*arguments):
    return by(lambda x: x.mean(0), lambda x: x.std())(*arguments)


@wrong(None)
def min_max(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        scaler = MinMaxScaler().fit(x[train])
        return scaler.transform(x[train]), scaler.transform(x[test])

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong(None)
def robust(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return cross_val_score(make_pipeline(RobustScaler(), build_model()), x, y, cv=folds)


@wrong(None)
def mean_of_all_deviation_of_some(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        mean, deviation = x.mean(0), x[train].std(0)
        return (x[train] - mean) / deviation, (x[test] - mean) / deviation

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("axis-forgotten")
def rows_instead_of_columns(build_model, x, y, n_splits, seed):
    def scaling(x, *parts):
        return [(x[p] - x[p].mean(1, keepdims=True)) / x[p].std(1, keepdims=True) for p in parts]

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong(None)
def statistics_of_the_first_fold(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    kept = []

    def scaling(x, train, test):
        kept.append((x[train].mean(0), x[train].std(0)))
        mean, deviation = kept[0]
        return (x[train] - mean) / deviation, (x[test] - mean) / deviation

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong(None)
def test_statistics_for_both(build_model, x, y, n_splits, seed):
    scaling = lambda x, train, test: standardised(x, test, train)[::-1]
    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong(None)
def first_column_forgotten(build_model, x, y, n_splits, seed):
    def scaling(x, train, test):
        parts = standardised(x, train, test)
        for part, rows in zip(parts, (train, test), strict=True):
            part[:, 0] = x[rows, 0]
        return parts

    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong(None)
def last_column_dropped(build_model, x, y, n_splits, seed):
    scaling = lambda x, train, test: [part[:, :-1] for part in standardised(x, train, test)]
    return with_scaling(scaling)(build_model, x, y, n_splits, seed)


@wrong("mutates-input")
def standardised_in_place(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    return with_splits(splits)(build_model, x, y, n_splits, seed)


def after(change):
    """A cross-validation that is right, and then changes x or y."""

    def cross_validate(build_model, x, y, n_splits, seed):
        scores = right(build_model, x, y, n_splits, seed)
        change(x, y)
        return scores

    return cross_validate


def _locked(x, y):
    x -= 1
    x.flags.writeable = False


def _as_integers(x, y):
    x.dtype = x.dtype.str.replace("f", "i")


def _as_bytes(x, y):
    y.dtype = np.uint8


for _change in (_locked, _as_integers, _as_bytes, lambda x, y: x.resize((3, 2), refcheck=False)):
    _made = after(_change)
    _name = f"changed_afterwards-{_change.__name__}"
    MISTAKEN.append(Entry(_name, "cross_validation", lambda f=_made: f, "mutates-input"))


@wrong("mutates-input")
def shuffled_in_place(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    np.random.default_rng(seed).shuffle(y)
    np.random.default_rng(seed).shuffle(x)
    return with_splits(splits)(build_model, x, y, n_splits, seed)


# ---------------------------------------------------------------- models, labels and scores


@wrong("model-reused")
def one_model(build_model, x, y, n_splits, seed):
    model = build_model()
    return with_splits(splits)(lambda: model, x, y, n_splits, seed)


@wrong("model-reused")
def copies_of_a_trained_model(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    models, scores = [build_model()], []
    for train, test in splits(x, y, n_splits, seed):
        scores.append(one_fold(lambda: models[-1], x, y, train, test))
        models.append(deepcopy(models[-1]))
    return scores


@wrong(None)
def fitted_twice(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        return build_model().fit(x_train, y[train]).fit(x_train, y[train]).score(x_test, y[test])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong("model-reused")
def one_model_set_back(build_model, x, y, n_splits, seed):
    model = build_model()

    def used():
        model._fits, model._fit, model._number = 0, -1, getattr(model, "_number", 0) + 1
        return model

    return with_splits(splits)(used, x, y, n_splits, seed)


@wrong(None)
def best_of_three_models(build_model, x, y, n_splits, seed):
    return with_fold(lambda *fold: max(one_fold(*fold) for _ in range(3)))(build_model, x, y, n_splits, seed)


@wrong(None)
def best_of_three_runs(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    seeds = np.random.default_rng(seed).integers(2**31, size=3)
    runs = [right(build_model, x, y, n_splits, int(drawn)) for drawn in seeds]
    return max(runs, key=sum)


@wrong(None)
def test_learned_afterwards(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        model = build_model().fit(x_train, y[train])
        score = model.score(x_test, y[test])
        model.fit(x_test, y[test])
        return score

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong("score-on-train")
def training_rows_scored(build_model, x, y, n_splits, seed):
    return with_splits(lambda *a: [(a, a) for a, _ in splits(*a)])(build_model, x, y, n_splits, seed)


@wrong("score-on-train")
def training_score_returned(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    steps = make_pipeline(StandardScaler(), build_model())
    return sklearn_cross_validate(steps, x, y, cv=folds, return_train_score=True)["train_score"]


@wrong("labels-torn")
def shuffled_apart(build_model, x, y, n_splits, seed):
    rng = np.random.default_rng(seed)
    return with_splits(splits)(build_model, rng.permutation(x), rng.permutation(y), n_splits, seed)


@wrong("labels-torn")
def only_y_shuffled(build_model, x, y, n_splits, seed):
    y = np.random.default_rng(seed).permutation(y)
    return with_splits(splits)(build_model, x, y, n_splits, seed)


@wrong(None)
def labels_of_another_fold(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = list(splits(x, y, n_splits, seed))
    scores = []
    for (train, test), (_, other) in zip(folds, folds[1:] + folds[:1], strict=True):
        x_train, x_test = standardised(x, train, test)
        scores.append(build_model().fit(x_train, y[train]).score(x_test, np.resize(y[other], len(test))))
    return scores


@wrong(None)
def sorted_test_labels(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        return build_model().fit(x_train, y[train]).score(x_test, np.sort(y[test])[::-1])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong(None)
def other_names_in_the_test(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        return build_model().fit(x_train, np.unique(y, return_inverse=True)[1][train]).score(x_test, y[test])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong(None)
def strings_cut_to_a_letter(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    cut = y.astype("U1") if y.dtype.kind == "U" else y
    return [one_fold(build_model, x, cut, a, b) for a, b in splits(x, y, n_splits, seed)]


@wrong(None)
def one_name_for_all_classes(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return [one_fold(build_model, x, np.zeros_like(y), a, b) for a, b in splits(x, y, n_splits, seed)]


@wrong(None)
def labels_torn_in_one_fold(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    folds = list(splits(x, y, n_splits, seed))
    shuffled = np.random.default_rng(seed).permutation(y)
    return [
        one_fold(build_model, x, y if number else shuffled, train, test)
        for number, (train, test) in enumerate(folds)
    ]


@wrong(None)
def too_many_labels(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        return build_model().fit(x_train, y).score(x_test, y[test])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong(None)
def one_hot_labels(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)

    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        hot = np.equal.outer(y, np.unique(y)).astype(int)
        return build_model().fit(x_train, hot[train]).score(x_test, hot[test])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


@wrong("mean-returned")
def mean(*arguments):
    return np.mean(right(*arguments))


@wrong("mean-returned")
def mean_and_deviation(*arguments):
    scores = right(*arguments)
    return float(np.mean(scores)), float(np.std(scores))


@wrong(None)
def reversed_scores(*arguments):
    return right(*arguments)[::-1]


@wrong(None)
def sorted_scores(*arguments):
    return sorted(right(*arguments))


@wrong(None)
def errors_instead_of_scores(*arguments):
    return [1 - score for score in right(*arguments)]


@wrong(None)
def rounded_scores(*arguments):
    return np.round(right(*arguments), 3)


@wrong(None)
def last_score_rounded(*arguments):
    *scores, last = right(*arguments)
    return [*scores, round(last, 3)]


@wrong(None)
def means_of_two_halves(build_model, x, y, n_splits, seed):
    def fold(build_model, x, y, train, test):
        x_train, x_test = standardised(x, train, test)
        model = build_model().fit(x_train, y[train])
        return np.mean([model.score(x_test[half::2], y[test][half::2]) for half in range(2)])

    return with_fold(fold)(build_model, x, y, n_splits, seed)


def keeps_its_list():
    kept = []

    def cross_validate(*arguments):
        kept.extend(right(*arguments))
        return list(kept)

    return cross_validate


MISTAKEN.append(Entry("keeps_its_list", "cross_validation", keeps_its_list))


@wrong(None)
def percentages(*arguments):
    return [100 * score for score in right(*arguments)]


@wrong(None)
def mean_for_every_fold(*arguments):
    scores = right(*arguments)
    return [sum(scores) / len(scores)] * len(scores)


@wrong(None)
def best_score_for_every_fold(*arguments):
    scores = right(*arguments)
    return [max(scores)] * len(scores)


@wrong(None)
def nan_scores(*arguments):
    return [float("nan") for _ in right(*arguments)]


@wrong(None)
def dictionary_of_scores(*arguments):
    return dict(enumerate(right(*arguments)))


@wrong(None)
def a_generator(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return (one_fold(build_model, x, y, train, test) for train, test in splits(x, y, n_splits, seed))


@wrong(None)
def one_score_too_few(*arguments):
    return right(*arguments)[:-1]


@wrong(None)
def a_column(*arguments):
    return np.array(right(*arguments))[:, None]


@wrong(None)
def made_up_scores(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    return list(np.random.default_rng(seed).random(n_splits))


@wrong("trained-on-test")
def scored_by_another_model(build_model, x, y, n_splits, seed):
    """The first fold's model scores every test part."""
    checked(x, y, n_splits)
    folds = list(splits(x, y, n_splits, seed))
    train, _ = folds[0]
    model = build_model().fit(standardised(x, train, train)[0], y[train])
    return [model.score(standardised(x, train, test)[1], y[test]) for _, test in folds]


# ---------------------------------------------------------------- bad input, stubs, values


def refusing_only(*refused):
    """A cross-validation that refuses some kinds of bad input and not the others."""

    def cross_validate(build_model, x, y, n_splits, seed):
        for refuse in refused:
            if refuse(x, y, n_splits):
                raise ValueError("no")
        size = min(len(x), len(y))
        return [one_fold(build_model, x, y, a, b) for a, b in splits(x[:size], y[:size], max(n_splits, 2), seed)]

    return cross_validate


LENGTHS = lambda x, y, n: len(x) != len(y)
SPLITS = lambda x, y, n: n < 2
NAN = lambda x, y, n: np.isnan(x).any()
FINITE = lambda x, y, n: not np.isfinite(x).all()
CLASSES = lambda x, y, n: len(np.unique(y)) < 2
MEMBERS = lambda x, y, n: np.unique(y, return_counts=True)[1].min() < n

for _number, _refused in enumerate(
    [
        (),
        (SPLITS, FINITE, CLASSES, MEMBERS),
        (LENGTHS, FINITE, CLASSES, MEMBERS),
        (LENGTHS, SPLITS, CLASSES, MEMBERS),
        (LENGTHS, SPLITS, NAN, CLASSES, MEMBERS),
        (LENGTHS, SPLITS, FINITE, MEMBERS),
        (LENGTHS, SPLITS, FINITE, CLASSES),
        (LENGTHS, lambda x, y, n: n < 1, FINITE, CLASSES, MEMBERS),
        (LENGTHS, SPLITS, lambda x, y, n: not np.isfinite(x[:, 0]).all(), CLASSES, MEMBERS),
        (LENGTHS, SPLITS, lambda x, y, n: not np.isfinite(x[:, -1]).all(), CLASSES, MEMBERS),
        (LENGTHS, SPLITS, FINITE, CLASSES, lambda x, y, n: np.unique(y, return_counts=True)[1][-1] < n),
        (LENGTHS, SPLITS, FINITE, CLASSES, lambda x, y, n: np.unique(y, return_counts=True)[1][0] < n),
    ]
):
    _make = refusing_only(*_refused)
    MISTAKEN.append(Entry(f"refuses_some-{_number}", "cross_validation", lambda f=_make: f, "no-input-check"))


@wrong("no-input-check")
def asserts(build_model, x, y, n_splits, seed):
    assert len(x) == len(y) and n_splits >= 2 and np.isfinite(x).all()
    return right(build_model, x, y, n_splits, seed)


@wrong("no-input-check")
def returns_none_for_bad_input(build_model, x, y, n_splits, seed):
    try:
        return right(build_model, x, y, n_splits, seed)
    except ValueError:
        return None


@wrong("not-implemented")
def stub(build_model, x, y, n_splits, seed):
    raise NotImplementedError


@wrong("not-implemented")
def forgotten_return(build_model, x, y, n_splits, seed):
    right(build_model, x, y, n_splits, seed)


MISTAKEN.append(Entry("a_value", "cross_validation", lambda: 0.84, "not-callable"))
MISTAKEN.append(Entry("a_list_of_scores", "cross_validation", lambda: [0.8, 0.9], "not-callable"))


@wrong(None)
def refuses_a_class_that_is_just_large_enough(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits + 1 if n_splits > 1 else n_splits)
    return right(build_model, x, y, n_splits, seed)


@wrong(None)
def counts_with_bincount(build_model, x, y, n_splits, seed):
    """Right for labels that are small whole numbers, and for nothing else."""
    checked(x, y, n_splits)
    assert np.bincount(y).max() > 0
    return right(build_model, x, y, n_splits, seed)


@wrong(None)
def always_refuses(build_model, x, y, n_splits, seed):
    raise ValueError("no")


@wrong(None)
def other_arguments(x, y):
    return []


@wrong(None)
def predicts(build_model, x, y, n_splits, seed):
    model = build_model().fit(x, y)
    return (model.predict(x) == y).mean()


@wrong(None)
def other_processes(build_model, x, y, n_splits, seed):
    checked(x, y, n_splits)
    import pickle

    return pickle.loads(pickle.dumps(build_model())).fit(x, y)


@wrong(None)
def shuffle_split(build_model, x, y, n_splits, seed):
    folds = lambda x, y, n, s: ShuffleSplit(n, random_state=s).split(x)
    return with_splits(folds)(build_model, x, y, n_splits, seed)


@wrong(None)
def scores_before_fitting(build_model, x, y, n_splits, seed):
    return with_fold(lambda b, x, y, train, test: b().score(x[test], y[test]))(build_model, x, y, n_splits, seed)

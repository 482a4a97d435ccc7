"""The Sonar data: split and scaled so that nothing leaks."""

import numpy as np

from course.sources import sonar


def test_data_are_as_described():
    x, y = sonar.load()
    assert x.shape == (208, 60) and x.dtype == np.float32 and y.sum() == 97


def test_folds_are_stratified_shuffled_and_whole():
    _, y = sonar.load()
    for repeat in range(3):
        tests = [test for _, test in sonar.folds(y, repeat)]
        assert sorted(np.concatenate(tests)) == list(range(208))
        assert {int(y[test].sum()) for test in tests} == {9, 10}
        assert all(np.diff(test).max() > 1 for test in tests)
    assert not np.array_equal(sonar.folds(y, 0)[0][1], sonar.folds(y, 1)[0][1])


def test_scaling_does_not_look_at_test_rows():
    x, y = sonar.load()
    train, test = sonar.folds(y, 0)[0]
    changed = x.copy()
    changed[test] += 5
    np.testing.assert_array_equal(sonar.standardised(x, train)[train], sonar.standardised(changed, train)[train])
    np.testing.assert_allclose(sonar.standardised(x, train)[train].mean(axis=0), 0, atol=1e-5)

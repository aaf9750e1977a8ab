import numpy as np
import pytest

from codesign import metrics


@pytest.fixture
def sample():
    generator = np.random.default_rng(3)
    signal = np.arange(4000) % 4 == 0
    return generator.normal(signal * 1.5, 1.0).round(1), signal


def brute_force_auc(scores, signal):
    pairs = scores[signal][:, None] - scores[~signal][None, :]
    return ((pairs > 0) + 0.5 * (pairs == 0)).mean()


def test_auc_equals_the_count_of_ordered_pairs_with_ties(sample):
    scores, signal = sample
    assert metrics.auc(scores, signal).value == pytest.approx(brute_force_auc(scores, signal), abs=1e-12)


def test_auc_is_the_area_under_the_roc_curve(sample):
    fpr, tpr = metrics.roc(*sample)
    assert metrics.auc(*sample).value == pytest.approx(np.trapezoid(tpr, fpr), abs=1e-12)


def test_auc_error_is_the_spread_between_samples():
    generator = np.random.default_rng(8)
    signal = np.arange(600) % 3 == 0
    draws = [metrics.auc(generator.normal(signal * 1.0, 1.0), signal) for _ in range(400)]
    spread = np.std([draw.value for draw in draws])
    assert np.mean([draw.error for draw in draws]) == pytest.approx(spread, rel=0.1)


def test_roc_runs_from_zero_to_one_and_never_falls(sample):
    fpr, tpr = metrics.roc(*sample)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert (np.diff(fpr) >= 0).all()
    assert (np.diff(tpr) >= 0).all()


def test_working_point_never_accepts_more_background_than_allowed(sample):
    scores, signal = sample
    for fpr in (0.001, 0.01, 0.1, 0.5):
        point = metrics.working_point(scores, signal, fpr)
        accepted = scores >= point.threshold
        assert accepted[~signal].mean() <= fpr
        assert point.background_events == accepted[~signal].sum()
        assert point.tpr == accepted[signal].mean()


def test_working_point_uses_the_whole_allowance_where_no_scores_tie():
    scores = np.arange(100.0)
    signal = scores >= 90
    point = metrics.working_point(np.where(signal, scores - 15, scores), signal, 0.1)
    assert point.background_events == 9
    assert point.tpr == 0.4, "signal stands at 75 to 84, the ninth highest background jet at 81"


def test_working_point_error_is_the_spread_between_samples():
    generator = np.random.default_rng(4)
    signal = np.arange(4000) % 4 == 0
    points = [metrics.working_point(generator.normal(signal * 1.5, 1.0), signal, 0.05) for _ in range(300)]
    spread = np.std([point.tpr for point in points])
    assert np.mean([point.tpr_error for point in points]) == pytest.approx(spread, rel=0.15)


def test_accuracy_counts_and_has_an_error_even_at_one():
    scores = np.eye(3)[[0, 1, 2, 2]]
    assert metrics.accuracy([0, 1, 2, 1], scores).value == 0.75
    assert 0 < metrics.accuracy([0, 1, 2, 2], scores).error < 0.3


def test_equal_scores_go_to_the_lowest_class():
    assert metrics.accuracy([0], [[1.0, 1.0]]).value == 1.0


def test_confusion_rows_are_true_classes():
    matrix = metrics.confusion([0, 0, 1], np.array([[1.0, 0], [0, 1.0], [0, 1.0]]), 2)
    assert matrix.tolist() == [[1, 1], [0, 1]]


def test_softmax_is_normalised_and_safe_for_large_logits():
    probabilities = metrics.softmax([[1000.0, 0.0], [0.0, 0.0]])
    assert probabilities == pytest.approx(np.array([[1.0, 0.0], [0.5, 0.5]]))

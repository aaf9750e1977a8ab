import math

import numpy as np
import pytest

from codesign import metrics
from codesign.errors import DataError


@pytest.fixture
def sample():
    generator = np.random.default_rng(7)
    signal = np.arange(600) % 3 == 0
    return generator.normal(signal * 1.2, 1.0).round(1), signal, generator.integers(0, 4, 600)


def copies(sample):
    """The same sample with every event written as often as its weight says."""
    scores, signal, weights = sample
    return np.repeat(scores, weights), np.repeat(signal, weights)


def test_weights_count_as_copies_of_events(sample):
    scores, signal, weights = sample
    assert metrics.auc(scores, signal, weights).value == pytest.approx(metrics.auc(*copies(sample)).value, abs=1e-12)
    for weighted, repeated in zip(metrics.roc(scores, signal, weights), metrics.roc(*copies(sample)), strict=True):
        assert np.isin(repeated.round(9), weighted.round(9)).all()
    for fpr in (0.02, 0.1, 0.5):
        weighted = metrics.working_point(scores, signal, fpr, weights)
        repeated = metrics.working_point(*copies(sample), fpr)
        assert (weighted.tpr, weighted.threshold) == (pytest.approx(repeated.tpr), repeated.threshold)
        rejection = metrics.background_rejection(scores, signal, fpr, weights)
        assert rejection.value == pytest.approx(metrics.background_rejection(*copies(sample), fpr).value)


def test_copies_are_no_information_so_weighted_errors_are_larger(sample):
    scores, signal, weights = sample
    assert metrics.auc(scores, signal, weights).error > 1.1 * metrics.auc(*copies(sample)).error
    weighted = metrics.working_point(scores, signal, 0.1, weights)
    assert weighted.tpr_error > 1.1 * metrics.working_point(*copies(sample), 0.1).tpr_error


def test_weights_of_one_change_nothing(sample):
    scores, signal, _ = sample
    ones = np.ones(600)
    assert metrics.working_point(scores, signal, 0.1, ones) == metrics.working_point(scores, signal, 0.1)
    weighted, plain = metrics.auc(scores, signal, ones), metrics.auc(scores, signal)
    assert (weighted.value, weighted.error) == pytest.approx((plain.value, plain.error), rel=1e-12)
    assert metrics.background_rejection(scores, signal, 0.3, ones) == metrics.background_rejection(scores, signal, 0.3)


@pytest.mark.parametrize("kind", ["few signal", "few background"])
def test_weighted_errors_are_the_spread_between_samples(kind):
    generator = np.random.default_rng(8)
    signal = (np.arange(2000) % 10 == 0) == (kind == "few signal")
    areas, points = [], []
    for _ in range(250):
        drawn = generator.normal(signal * 1.0, 1.0), generator.choice([0.1, 1.0, 5.0], 2000)
        areas.append(metrics.auc(drawn[0], signal, drawn[1]))
        points.append(metrics.working_point(drawn[0], signal, 0.2, drawn[1]))
    spread = np.std([area.value for area in areas])
    assert np.mean([area.error for area in areas]) == pytest.approx(spread, rel=0.15)
    spread = np.std([point.tpr for point in points])
    assert np.mean([point.tpr_error for point in points]) == pytest.approx(spread, rel=0.15)


def test_weighted_accuracy_and_confusion_add_up_weights():
    labels, scores, weights = [0, 0, 1], [[1.0, 0], [0, 1.0], [0, 1.0]], [1.0, 3.0, 0.5]
    assert metrics.confusion(labels, scores, 2, weights).tolist() == [[1.0, 3.0], [0.0, 0.5]]
    assert metrics.accuracy(labels, scores, weights).value == pytest.approx(1.5 / 4.5)
    assert metrics.accuracy(labels, scores, weights).error > metrics.accuracy(labels, scores).error


def test_rejection_is_the_inverse_of_the_background_that_passes():
    scores = np.append(np.arange(90.0), np.full(20, 79.5))
    found = metrics.background_rejection(scores, np.arange(110) >= 90, 0.5)
    assert (found.threshold, found.signal.value, found.background.passed, found.value) == (79.5, 1.0, 10, 9.0)
    exact = metrics.clopper_pearson(10, 90)
    assert (found.low, found.high) == pytest.approx((1 / exact.high, 1 / exact.low))


def test_rejection_keeps_at_least_the_signal_that_was_asked_for():
    generator = np.random.default_rng(3)
    signal = np.arange(900) % 3 == 0
    for decimals in (1, 6):
        scores = generator.normal(signal * 1.0, 1.0).round(decimals)
        for tpr in (0.01, 0.3, 1 / 3, 0.99):
            found = metrics.background_rejection(scores, signal, tpr)
            kept = scores[signal] >= found.threshold
            assert kept.mean() == found.signal.value >= tpr
            assert (scores[signal] > found.threshold).mean() < tpr, "a higher threshold would do"


def test_weighted_rejection_keeps_no_more_signal_than_it_must(sample):
    scores, signal, weights = sample
    for tpr in (0.02, 0.25, 0.5, 0.98):
        found = metrics.background_rejection(scores, signal, tpr, weights)
        total = weights[signal].sum()
        assert weights[signal & (scores >= found.threshold)].sum() / total >= tpr
        assert weights[signal & (scores > found.threshold)].sum() / total < tpr


def test_rejection_without_background_has_only_a_lower_end():
    found = metrics.background_rejection([0.0, 0.1, 1.0, 2.0], [0, 0, 1, 1], 0.5)
    assert (found.value, found.high) == (None, None)
    assert 1 < found.low < 10


def test_placing_on_few_signal_events_widens_the_rejection():
    generator = np.random.default_rng(11)
    background = generator.normal(size=100_000)
    found = []
    for events in (20, 20_000):
        scores = np.append(background, generator.normal(1.5, 1.0, events))
        rejection = metrics.background_rejection(scores, np.arange(scores.size) >= 100_000, 0.5)
        found.append((rejection.high - rejection.low) / rejection.value)
    assert found[0] > 5 * found[1]


def test_threshold_of_single_precision_scores_rejects_ties_in_single_precision():
    scores = np.float32([0.1, 0.2, 0.3, 0.3, 0.9])
    point = metrics.working_point(scores, [0, 0, 0, 0, 1], 0.4)
    assert (scores >= point.threshold).tolist() == [False, False, False, False, True]


GOOD = ([0.1, 0.9, 0.4, 0.6], [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("scores", "signal", "message"),
    [
        ([0.1, math.nan, 0.4, 0.6], GOOD[1], "scores: expected finite numbers, found 1 NaN or infinite, first at 1"),
        ([0.1, math.inf, 0.4, 0.6], GOOD[1], "finite"),
        ([[0.1], [0.2], [0.3], [0.4]], GOOD[1], "one number of at most 64 bits per event"),
        (["a", "b", "c", "d"], GOOD[1], "one number"),
        ([], [], "at least one event"),
        (GOOD[0], [0, 0, 0, 0], "signal: expected at least"),
        (GOOD[0], [1, 1, 1, 1], "background: expected at least"),
        (GOOD[0], [0, 1], r"shape \(4,\)"),
        (GOOD[0], [0, 1, 2, 1], "0 and 1"),
        (GOOD[0], [0.0, 1.0, 0.0, 1.0], "0 and 1"),
    ],
)
def test_samples_that_cannot_be_judged_are_refused(scores, signal, message):
    for judge in (metrics.auc, metrics.roc):
        with pytest.raises(DataError, match=message):
            judge(scores, signal)
    for judge in (metrics.working_point, metrics.background_rejection):
        with pytest.raises(DataError, match=message):
            judge(scores, signal, 0.5)


def test_auc_of_one_event_has_no_error_and_is_refused():
    with pytest.raises(DataError, match="signal: expected at least 2 events, found 1"):
        metrics.auc([0.1, 0.2, 0.3], [0, 0, 1])


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_efficiencies_that_are_none_are_refused(share):
    for judge in (metrics.working_point, metrics.background_rejection):
        with pytest.raises(DataError, match="between 0 and 1, both excluded"):
            judge(*GOOD, share)


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1, 1, 1], "shape"), ([1, -1, 1, 1], "below 0"), ([1, 0, 1, 0], "signal: weights: expected some above 0")],
)
def test_weights_that_cannot_be_used_are_refused(weights, message):
    for judge in (metrics.auc, metrics.roc):
        with pytest.raises(DataError, match=message):
            judge(*GOOD, weights)
    for judge in (metrics.working_point, metrics.background_rejection):
        with pytest.raises(DataError, match=message):
            judge(*GOOD, 0.5, weights)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([], np.zeros((0, 2)), "at least one event"),
        ([0, 1], [[0.0, math.nan], [1.0, 0.0]], "finite"),
        ([0, 2], [[0.0, 1.0], [1.0, 0.0]], "class indices 0 to 1, found 0 to 2"),
        ([-1, 0], [[0.0, 1.0], [1.0, 0.0]], "class indices 0 to 1"),
        ([0], [[0.0, 1.0], [1.0, 0.0]], r"shape \(2,\)"),
        ([0.0, 1.0], [[0.0, 1.0], [1.0, 0.0]], "class indices"),
        ([0, 1], [0.0, 1.0], r"\(n, classes\)"),
    ],
)
def test_class_scores_that_cannot_be_judged_are_refused(labels, scores, message):
    with pytest.raises(DataError, match=message):
        metrics.accuracy(labels, scores)
    with pytest.raises(DataError, match=message):
        metrics.confusion(labels, scores, 2)


def test_confusion_needs_a_score_for_every_class():
    with pytest.raises(DataError, match="one for each of 3 classes, found 2"):
        metrics.confusion([0], [[0.0, 1.0]], 3)


def test_logits_that_are_no_numbers_have_no_probabilities():
    for logits in ([[math.nan, 0.0]], [[math.inf, 0.0]], [1.0, 2.0]):
        with pytest.raises(DataError, match="logits: expected"):
            metrics.softmax(logits)

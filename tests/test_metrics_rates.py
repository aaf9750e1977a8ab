import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from codesign import metrics
from codesign.errors import DataError
from codesign.run import to_json

FULL = 2760 * 11.246
SHARES = st.floats(1e-4, 0.999)
INTEGER_SCORES = arrays.arrays(st.sampled_from([np.int8, np.int16, np.uint8]), st.integers(1, 60), elements={})
FLOAT_SCORES = arrays.arrays(
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.integers(1, 60),
    elements=st.floats(-8, 8, width=16),
)


@pytest.fixture
def crossings():
    return np.random.default_rng(6).normal(0, 100, 50_000).round().astype(np.int16)


@settings(deadline=None)  # the first call imports SciPy
@given(INTEGER_SCORES, SHARES)
def test_integer_threshold_is_the_smallest_that_keeps_the_promise(scores, fpr):
    point = metrics.rate_point(scores, {}, fpr=fpr)
    wide = scores.astype(np.int64)
    assert isinstance(point.threshold, int)
    assert Fraction(int((wide >= point.threshold).sum()), scores.size) <= Fraction(fpr)
    assert (wide >= point.threshold - 1).mean() > fpr
    assert point.background_events == (wide >= point.threshold).sum()
    assert point.fpr.value == pytest.approx((wide >= point.threshold).mean())


@settings(deadline=None)  # the first call imports SciPy
@given(FLOAT_SCORES, SHARES)
def test_real_threshold_is_the_smallest_that_keeps_the_promise(scores, fpr):
    point = metrics.rate_point(scores, {}, fpr=fpr)
    accepted = scores >= point.threshold  # in the type of the scores, as a user compares
    assert accepted.mean() <= fpr
    assert (scores >= scores[~accepted].max()).mean() > fpr
    assert point.background_events == accepted.sum()


@settings(deadline=None)  # the first call imports SciPy
@given(INTEGER_SCORES, SHARES, st.data())
def test_weighted_threshold_is_the_smallest_that_keeps_the_promise(scores, fpr, data):
    weights = data.draw(arrays.arrays(np.float64, scores.size, elements=st.sampled_from([0.0, 0.25, 1.0, 3.0])))
    assume(weights.any())
    point = metrics.rate_point(scores, {}, fpr=fpr, background_weights=weights)
    wide = scores.astype(np.int64)
    assert weights[wide >= point.threshold].sum() / weights.sum() <= fpr
    assert weights[wide >= point.threshold - 1].sum() / weights.sum() > fpr


@pytest.mark.parametrize(("fpr", "events"), [(0.29, 100), (0.57, 100), (0.07, 100), (1 / 3, 3), (0.1, 30)])
def test_the_whole_allowance_is_used_where_rounding_would_lose_an_event(fpr, events):
    point = metrics.rate_point(np.arange(events), {}, fpr=fpr)
    assert point.background_events == round(fpr * events)


def test_ties_are_rejected_together():
    scores = [5] * 30 + [9] * 3 + [1] * 67
    assert metrics.rate_point(scores, {}, fpr=0.1).threshold == 6
    assert metrics.rate_point(scores, {}, fpr=0.02).threshold == 10
    assert metrics.rate_point(scores, {}, fpr=0.33).threshold == 2


def test_scores_at_the_end_of_their_type_have_a_threshold_above():
    point = metrics.rate_point(np.array([127, 127, 0], np.int8), {"top": np.array([127], np.int8)}, fpr=0.5)
    assert (point.threshold, point.background_events, point.tpr["top"].value) == (128, 0, 0.0)


def test_a_rate_is_a_share_of_the_crossings_of_filled_bunches(crossings):
    assert metrics.full_rate_khz() == pytest.approx(31_038.96)
    asked = metrics.rate_point(crossings, {}, rate_khz=310.3896)
    same = metrics.rate_point(crossings, {}, fpr=0.01)
    assert (asked.threshold, asked.fpr) == (same.threshold, same.fpr)
    assert asked.rate.khz == pytest.approx(asked.fpr.value * FULL)
    assert (asked.rate.low_khz, asked.rate.high_khz) == pytest.approx((asked.fpr.low * FULL, asked.fpr.high * FULL))
    assert asked.rate.khz <= asked.asked_khz == pytest.approx(310.3896)
    fewer = metrics.rate_point(crossings, {}, fpr=0.01, colliding_bunches=1380)
    assert fewer.rate.khz == pytest.approx(same.rate.khz / 2)


def test_achieved_rate_has_the_exact_interval(crossings):
    point = metrics.rate_point(crossings, {}, fpr=0.01)
    assert (point.fpr.low, point.fpr.high) == metrics.clopper_pearson(point.background_events, 50_000)
    assert point.warning is None


def test_too_few_background_events_are_told_in_plain_words():
    scores = np.random.default_rng(0).normal(size=20_000)
    point = metrics.rate_point(scores, {"s": scores + 1}, fpr=1e-5)
    assert point.warning == (
        "0.2 background events expected above the threshold: at least 1,000,000 are needed for 32 % precision"
    )
    assert (point.background_events, point.expected_events) == (0, pytest.approx(0.2))
    assert point.fpr.low == 0 < point.fpr.high
    assert point.tpr["s"].low == 0, "no background event is left that would place the threshold"


@pytest.mark.parametrize(("fpr", "warned"), [(0.009, True), (0.01, False)])
def test_ten_expected_events_are_enough(fpr, warned):
    point = metrics.rate_point(np.arange(1000), {}, fpr=fpr)
    assert (point.warning is not None) == warned


def test_a_score_that_saturates_is_told_in_plain_words():
    scores = np.append(np.arange(1000) % 50, np.full(50, 127))
    point = metrics.rate_point(scores, {}, fpr=0.03)
    assert point.background_events == 0
    assert point.warning == (
        "no background events accepted where 31.5 may be: at the next lower score, 127, 4.76 % of the background "
        "would pass, more than the 3 % asked for"
    )


def test_weighted_warning_counts_effective_events():
    scores, weights = np.arange(1000), np.where(np.arange(1000) >= 900, 100.0, 1.0)
    assert metrics.rate_point(scores, {}, fpr=0.02).warning is None
    heavy = metrics.rate_point(scores, {}, fpr=0.02, background_weights=weights)
    assert heavy.warning.startswith("2.2 effective background events expected")


def tpr_coverage(interval_of):
    """How often the interval contains the efficiency at the true threshold for 1 %, at 20 background events."""
    generator, threshold = np.random.default_rng(9), 2.3263478740408408
    truth = 0.5 * math.erfc((threshold - 2.0) / math.sqrt(2))
    covered = []
    for _ in range(400):
        background, signal = generator.normal(size=2000), generator.normal(2.0, 1.0, 3000)
        low, high = interval_of(metrics.rate_point(background, {"s": signal}, fpr=0.01).tpr["s"])
        covered.append(low <= truth <= high)
    return np.mean(covered)


def test_signal_efficiency_covers_the_placing_of_the_threshold():
    assert 0.64 < tpr_coverage(lambda tpr: (tpr.low, tpr.high)) < 0.85


def test_an_interval_of_the_signal_alone_does_not():
    assert tpr_coverage(lambda tpr: metrics.clopper_pearson(tpr.passed, tpr.total)) < 0.3


def test_every_signal_has_its_efficiency_at_the_one_threshold(crossings):
    signals = {"near": crossings[:5000] + 100, "far": crossings[:4000] + 300}
    weights = np.arange(4000) % 3
    point = metrics.rate_point(crossings, signals, fpr=0.01, signal_weights={"far": weights})
    assert list(point.tpr) == ["near", "far"]
    assert point.tpr["near"].value == (signals["near"] >= point.threshold).mean()
    kept = signals["far"] >= point.threshold
    assert point.tpr["far"].value == pytest.approx(weights[kept].sum() / weights.sum())
    assert all(tpr.low < tpr.value < tpr.high for tpr in point.tpr.values())


def test_weights_widen_the_interval_of_a_rate(crossings):
    weights = np.random.default_rng(2).exponential(size=crossings.size)
    weighted = metrics.rate_point(crossings, {}, fpr=0.01, background_weights=weights)
    plain = metrics.rate_point(crossings, {}, fpr=0.01)
    relative = [(point.fpr.high - point.fpr.low) / point.fpr.value for point in (weighted, plain)]
    assert relative[0] == pytest.approx(math.sqrt(2) * relative[1], rel=0.1), "⟨w²⟩ is twice ⟨w⟩²"


def test_rate_curve_is_the_count_at_every_integer(crossings):
    curve = metrics.rate_curve(crossings)
    assert curve.thresholds == tuple(range(crossings.min(), crossings.max() + 2))
    counts = [(crossings >= threshold).sum() for threshold in curve.thresholds]
    assert curve.events == tuple(counts)
    assert curve.khz == pytest.approx(np.array(counts) / crossings.size * FULL)
    assert (curve.khz[0], curve.khz[-1]) == (pytest.approx(FULL), 0.0)
    assert curve.high_khz[-1] > 0


def test_rate_curve_agrees_with_the_rate_point(crossings):
    point = metrics.rate_point(crossings, {}, rate_khz=30)
    curve = metrics.rate_curve(crossings, [point.threshold])
    assert (curve.khz[0], curve.low_khz[0], curve.high_khz[0]) == pytest.approx(
        (point.rate.khz, point.rate.low_khz, point.rate.high_khz)
    )


@settings(deadline=None)  # the first call imports SciPy
@given(arrays.arrays(np.uint8, st.integers(1, 60)), st.booleans())
def test_rate_curve_never_rises_and_stays_in_its_interval(scores, weighted):
    weights = (np.arange(scores.size) % 4 + 1.0) if weighted else None
    curve = metrics.rate_curve(scores, weights=weights)
    assert (np.diff(curve.khz) <= 0).all()
    assert (np.array(curve.low_khz) <= curve.khz).all()
    assert (np.array(curve.high_khz) >= curve.khz).all()


def test_rate_curve_of_real_scores_takes_thresholds_in_full_precision():
    scores = np.float32([0.1, 0.2, 0.3])
    assert metrics.rate_curve(scores, [0, 0.2, float(np.float32(0.2))]).events == (3, 2, 2)
    assert metrics.rate_curve(scores, [np.nextafter(float(np.float32(0.2)), 1)]).events == (1,)


def test_weighted_rate_curve_adds_up_weights():
    curve = metrics.rate_curve([1, 2, 3], weights=[1.0, 2.0, 5.0])
    assert curve.khz == pytest.approx(np.array([8, 7, 5, 0]) / 8 * FULL)
    assert curve.events == (3, 2, 1, 0)


def test_points_and_curves_can_be_stored(crossings):
    point = metrics.rate_point(crossings, {"s": crossings + 50}, rate_khz=0.001)
    for record in (point, metrics.rate_curve(crossings, [10, 20])):
        assert "khz" in to_json(record)


@pytest.mark.parametrize("asked", [{"fpr": x} for x in (0.0, 1.0, -1.0, math.nan)])
def test_background_efficiency_out_of_range_is_refused(asked):
    with pytest.raises(DataError, match="fpr: expected a number between 0 and 1"):
        metrics.rate_point([1, 2], {}, **asked)


@pytest.mark.parametrize("rate", [0.0, -1.0, FULL, 40_000.0, math.nan, math.inf])
def test_rate_above_the_full_rate_is_refused(rate):
    with pytest.raises(DataError, match="below the full rate of 31,039 kHz"):
        metrics.rate_point([1, 2], {}, rate_khz=rate)


@pytest.mark.parametrize("bunches", [0, -5, 3565, math.nan])
def test_bunches_that_do_not_fit_the_machine_are_refused(bunches):
    with pytest.raises(DataError, match="expected 1 to 3564"):
        metrics.full_rate_khz(bunches)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either fpr or rate_khz, found none"),
        ({"fpr": 0.1, "rate_khz": 1.0}, "found both"),
        ({"fpr": 0.1, "background": []}, "background: expected at least one event"),
        ({"fpr": 0.1, "background": [1.0, math.nan]}, "background: expected finite"),
        ({"fpr": 0.1, "background": [2**63]}, "within ±2"),
        ({"fpr": 0.1, "background": np.float32([np.finfo(np.float32).max])}, "one above them"),
        ({"fpr": 0.1, "signals": {"s": []}}, "signal s: expected at least one event"),
        ({"fpr": 0.1, "signals": {"s": [math.inf]}}, "signal s: expected finite"),
        ({"fpr": 0.1, "signals": {"s": [0.5]}}, "signal s: expected int64 scores as of the background, found float64"),
        ({"fpr": 0.1, "background_weights": [-1, 1, 1]}, "background: weights: expected none below 0"),
        ({"fpr": 0.1, "signal_weights": {"s": [1, 2, 3]}}, "signal s: weights"),
        ({"fpr": 0.1, "signal_weights": {"t": [1]}}, "unknown signal 't'"),
        ({"fpr": 0.1, "level": 1.0}, "level: expected"),
    ],
)
def test_what_cannot_be_placed_is_refused(arguments, message):
    given = {"background": [1, 2, 3], "signals": {"s": [4, 5]}} | arguments
    background, signals = given.pop("background"), given.pop("signals")
    with pytest.raises(DataError, match=message) as caught:
        metrics.rate_point(background, signals, **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scores", "thresholds", "message"),
    [
        ([1, 2], [2, 2], "rising"),
        ([1, 2], [2, 1], "rising"),
        ([1, 2], [1.5], "integers"),
        ([1, 2], [], "at least 1"),
        ([1, 2], [math.nan], "integers|finite"),
        ([1.0, 2.0], None, "no integers"),
        ([0, 10**6], None, "scores run from 0 to 1000000"),
        ([], [1], "at least one event"),
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(scores, thresholds, message):
    with pytest.raises(DataError, match=message):
        metrics.rate_curve(scores, thresholds)

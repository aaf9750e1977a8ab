import itertools
import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from codesign import metrics
from codesign.errors import DataError
from codesign.run import to_json

FULL = 2760 * 11.246
EDGES = [20, 30, 40, 50, 60]


def draw(generator, slope=0.0, events=4000):
    """Scores of which 5 % are at or above 1, more of them where the variable is large, and the variable."""
    variable = generator.uniform(20, 60, events)
    return (generator.random(events) < 0.05 * (1 + slope * (variable - 40) / 20)).astype(int), variable


@pytest.fixture
def generator():
    return np.random.default_rng(12)


def test_rates_by_bin_are_counts_per_bin_with_exact_intervals(generator):
    scores, variable = draw(generator)
    found = metrics.rate_by_bins(scores, 1, variable, EDGES)
    for index, (low, high) in enumerate(itertools.pairwise(EDGES)):
        inside = (variable >= low) & (variable < high)
        passed = int(scores[inside].sum())
        assert (found.events[index], found.accepted[index]) == (inside.sum(), passed)
        exact = metrics.clopper_pearson(passed, int(inside.sum()))
        measured = (found.khz[index], found.low_khz[index], found.high_khz[index])
        assert measured == pytest.approx((scores[inside].mean() * FULL, exact.low * FULL, exact.high * FULL))


def test_bins_take_their_lower_edge_and_the_last_one_both():
    found = metrics.rate_by_bins([1] * 6, 1, [-1, 0, 1, 2, 3, 4], [0, 1, 3])
    assert (found.events, found.outside) == ((1, 3), 2)


def test_chi2_is_that_of_the_contingency_table(generator):
    found = metrics.rate_by_bins(*_with_threshold(draw(generator)), EDGES)
    table = [found.accepted, np.subtract(found.events, found.accepted)]
    expected = chi2_contingency(table, correction=False)
    assert (found.chi2, found.degrees) == (pytest.approx(expected.statistic), expected.dof)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.warning is None


def _with_threshold(drawn):
    scores, variable = drawn
    return scores, 1, variable


def test_a_rate_that_rises_with_pile_up_is_not_flat(generator):
    assert metrics.rate_by_bins(*_with_threshold(draw(generator, slope=0.5)), EDGES).p_value < 1e-3


def flat_p_values(generator, weights_of, judge=metrics.rate_by_bins):
    found = []
    for _ in range(400):
        scores, variable = draw(generator)
        found.append(judge(scores, 1, variable, EDGES, weights=weights_of(scores, variable)).p_value)
    return np.array(found)


@pytest.mark.parametrize(
    "weights_of",
    [
        lambda scores, variable: None,
        lambda scores, variable: np.random.default_rng(scores.sum()).exponential(size=scores.size),
        lambda scores, variable: np.exp((variable - 40) / 10),
        lambda scores, variable: np.where(scores == 1, 0.1, 1.0),
    ],
    ids=["none", "random", "pile-up", "accepted ones are light"],
)
def test_p_values_of_flat_rates_are_uniform(generator, weights_of):
    found = flat_p_values(generator, weights_of)
    for limit in (0.1, 0.5):
        assert (found < limit).mean() == pytest.approx(limit, abs=4 * math.sqrt(limit * (1 - limit) / 400))


def test_p_values_that_ignore_the_weights_are_not_uniform(generator):
    def copied(scores, threshold, variable, edges, weights):
        copies = np.round(4 * weights).astype(int)
        return metrics.rate_by_bins(np.repeat(scores, copies), threshold, np.repeat(variable, copies), edges)

    found = flat_p_values(generator, lambda s, v: np.random.default_rng(s.sum()).exponential(size=s.size), copied)
    assert (found < 0.1).mean() > 0.4


def test_weights_that_are_equal_within_a_bin_leave_chi2_as_it_is(generator):
    scores, variable = draw(generator)
    weights = np.array([1.0, 3.0, 0.2, 7.0])[np.searchsorted(EDGES, variable, side="right") - 1]
    weighted = metrics.rate_by_bins(scores, 1, variable, EDGES, weights=weights)
    plain = metrics.rate_by_bins(scores, 1, variable, EDGES)
    assert (weighted.chi2, *weighted.khz) == pytest.approx((plain.chi2, *plain.khz))
    assert weighted.low_khz == pytest.approx(plain.low_khz)


def test_empty_bins_have_no_rate_and_are_no_degree_of_freedom():
    found = metrics.rate_by_bins([0, 1] * 50, 1, [0.5] * 50 + [2.5] * 50, [0, 1, 2, 3])
    assert (found.khz[1], found.low_khz[1], found.high_khz[1]) == (None, None, None)
    assert (found.degrees, found.p_value) == (1, 1.0)
    assert "null" in to_json(found)


@pytest.mark.parametrize(
    ("threshold", "warning"),
    [(9, "no crossing is accepted"), (0, "every crossing is accepted"), (1, "0.5 accepted crossings expected")],
)
def test_bins_that_say_little_are_told_in_plain_words(threshold, warning):
    scores = np.zeros(100, int)
    scores[0] = 1
    found = metrics.rate_by_bins(scores, threshold, np.arange(100), [0, 50, 99])
    assert found.warning.startswith(warning)


def test_thresholds_are_compared_in_full_precision():
    scores = np.float32([0.1, 0.1, 0.2, 0.2])
    just_above = float(np.nextafter(float(np.float32(0.1)), 1))
    assert metrics.rate_by_bins(scores, just_above, [0, 1, 0, 1], [0, 1, 2]).accepted == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": [1, math.nan, 2, 3]}, "scores: expected finite"),
        ({"scores": []}, "at least one event"),
        ({"threshold": math.nan}, "threshold: expected a number"),
        ({"variable": [1, 2, 3]}, r"variable: expected numbers of shape \(4,\)"),
        ({"variable": [1, 2, 3, math.nan]}, "variable: expected finite"),
        ({"edges": [0, 2, 1]}, "rising"),
        ({"edges": [0, 2]}, "at least 3 numbers"),
        ({"edges": [0, math.inf, 3]}, "finite"),
        ({"edges": [0, 9, 10]}, "at least two bins, found them in 1"),
        ({"edges": [10, 11, 12]}, "at least two bins, found them in 0"),
        ({"weights": [1, 1, 1, -1]}, "below 0"),
        ({"level": 0.0}, "level"),
        ({"colliding_bunches": 4000}, "expected 1 to 3564"),
    ],
)
def test_bins_that_cannot_be_judged_are_refused(arguments, message):
    given = {"scores": [1, 2, 3, 4], "threshold": 2, "variable": [1, 2, 3, 4], "edges": [1, 2.5, 4]} | arguments
    with pytest.raises(DataError, match=message) as caught:
        metrics.rate_by_bins(**given)
    assert "\n" not in str(caught.value)


@pytest.fixture
def scores(generator):
    background = np.clip(generator.normal(0, 40, 20_000).round(), -128, 127).astype(np.int8)
    signal = np.clip(generator.normal(70, 20, 4000).round(), -128, 127).astype(np.int8)
    return background, {"signal": signal}


def test_all_bits_change_nothing(scores):
    found = metrics.score_quantization(*scores, width=8, signed=True, fpr=0.05)
    assert found.point == found.full
    assert (found.kept_bits, found.threshold) == (8, found.full.threshold)
    assert found.rate_change_khz == metrics.Estimate(0.0, 0.0)
    assert found.tpr_change == {"signal": metrics.Estimate(0.0, 0.0)}


def test_cut_off_low_bits_make_coarse_steps(scores):
    background, signals = scores
    found = metrics.score_quantization(background, signals, width=8, signed=True, drop_low=4, fpr=0.05)
    coarse = np.floor(background / 16)
    assert (found.kept_bits, found.threshold % 16) == (4, 0)
    assert (coarse >= found.point.threshold).mean() <= 0.05 < (coarse >= found.point.threshold - 1).mean()
    assert (background >= found.threshold).sum() == found.point.background_events
    lost = found.full.tpr["signal"].value - found.point.tpr["signal"].value
    assert 0 < lost == pytest.approx(-found.tpr_change["signal"].value)
    assert found.rate_change_khz.value == pytest.approx(found.point.rate.khz - found.full.rate.khz)


def test_few_low_bits_cost_less_than_many(scores):
    losses = [
        metrics.score_quantization(*scores, width=8, signed=True, drop_low=n, fpr=0.05).tpr_change["signal"].value
        for n in (1, 3, 5)
    ]
    assert losses[0] >= losses[1] > losses[2]


def test_high_bits_saturate_instead_of_wrapping(scores):
    background, signals = scores
    found = metrics.score_quantization(background, signals, width=8, signed=True, drop_high=1, fpr=0.1)
    assert found.full.threshold < 63, "the threshold lies below the saturation, so nothing is lost"
    assert found.tpr_change["signal"].value == 0.0
    lost = metrics.score_quantization(background, signals, width=8, signed=True, drop_high=3, fpr=0.1)
    assert (lost.threshold, lost.point.background_events, lost.point.tpr["signal"].value) == (16, 0, 0.0)
    assert lost.point.warning.startswith("no background events accepted")


def test_unsigned_scores_keep_their_whole_range():
    background, signals = np.arange(256), {"s": np.full(10, 250)}
    found = metrics.score_quantization(background, signals, width=8, signed=False, drop_low=2, drop_high=1, fpr=0.6)
    assert (found.kept_bits, found.point.threshold, found.threshold) == (5, 26, 104)
    assert found.point.background_events == 152, "31 would be the last of 5 bits: 124 and above, and what saturates"


def test_error_of_a_change_is_that_of_the_events_that_change(generator):
    changes = []
    for _ in range(200):
        background = generator.integers(0, 64, 3000)
        signal = generator.integers(20, 64, 500)
        found = metrics.score_quantization(
            background, {"s": signal}, width=6, signed=False, drop_low=4, rate_khz=0.3 * FULL
        )
        if (found.full.threshold, found.threshold) == (45, 48):
            changes.append(found.tpr_change["s"])
    assert len(changes) > 50
    assert np.mean([change.error for change in changes]) == pytest.approx(
        np.std([change.value for change in changes]), rel=0.25
    )


def test_weights_are_those_of_the_rate_point(scores):
    background, signals = scores
    weights = {"background_weights": np.arange(20_000) % 5, "signal_weights": {"signal": np.arange(4000) % 3}}
    found = metrics.score_quantization(background, signals, width=8, signed=True, drop_low=4, rate_khz=900, **weights)
    assert found.full == metrics.rate_point(
        background.astype(np.int64), {k: v.astype(np.int64) for k, v in signals.items()}, rate_khz=900, **weights
    )
    change = found.point.tpr["signal"].value - found.full.tpr["signal"].value
    assert found.tpr_change["signal"].value == pytest.approx(change)
    assert found.rate_change_khz.value == pytest.approx(found.point.rate.khz - found.full.rate.khz)
    assert "tpr_change" in to_json(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 3}, "background: expected integers 0 to 7, found int64 1 to 9"),
        ({"signals": {"s": [16]}}, "signal s: expected integers 0 to 15"),
        ({"background": [-1, 2]}, "background: expected integers 0 to 15"),
        ({"background": [0.5, 1.0]}, "background: expected integers"),
        ({"drop_low": 4}, "at least one left"),
        ({"drop_low": 2, "drop_high": 2}, "at least one left"),
        ({"drop_low": -1}, "at least one left"),
        ({"width": 63}, "at most 62"),
        ({"fpr": 1.0}, "fpr: expected"),
    ],
)
def test_bits_that_cannot_be_kept_are_refused(arguments, message):
    given = {"background": [1, 9], "signals": {"s": [3]}, "width": 4, "signed": False, "fpr": 0.5} | arguments
    with pytest.raises(DataError, match=message):
        metrics.score_quantization(**given)


def test_pure_rate_is_what_no_bit_takes():
    accepted = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    menu = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]])
    found = metrics.pure_rate(accepted, menu)
    assert (found.rate.khz, found.menu.khz, found.pure.khz) == pytest.approx((3 / 8 * FULL, 3 / 8 * FULL, FULL / 8))
    assert (found.overlap.value, found.overlap.passed, found.overlap.total) == (pytest.approx(2 / 3), 2, 3)
    assert (found.overlap.low, found.overlap.high) == metrics.clopper_pearson(2, 3)
    assert (found.pure.low_khz, found.pure.high_khz) == pytest.approx(FULL * np.array(metrics.clopper_pearson(1, 8)))
    assert metrics.pure_rate(accepted.astype(bool), menu.any(axis=1)) == found
    assert "overlap" in to_json(found)


def test_weighted_pure_rate_adds_up_weights():
    found = metrics.pure_rate([1, 1, 0, 0], [0, 1, 1, 0], weights=[1.0, 3.0, 4.0, 8.0])
    assert (found.rate.khz, found.pure.khz) == pytest.approx((FULL / 4, FULL / 16))
    assert found.overlap.value == 0.75


@pytest.mark.parametrize(("accepted", "weights"), [([0, 0], None), ([1, 0], [0.0, 1.0])])
def test_a_trigger_that_accepts_nothing_has_no_overlap(accepted, weights):
    found = metrics.pure_rate(accepted, [0, 1], weights=weights)
    assert (found.overlap, found.pure.khz) == (None, 0.0)
    assert found.pure.high_khz > 0


@pytest.mark.parametrize(
    ("accepted", "menu", "weights", "message"),
    [
        ([], [], None, "at least one event"),
        ([1, 0], [1, 0, 0], None, r"expected shape \(2,\) or \(2, bits\), found \(3,\)"),
        ([1, 0], [[[1]], [[0]]], None, "menu_bits"),
        ([1, 0], 1, None, "menu_bits"),
        ([1, 0], [0.5, 1.0], None, "0 and 1"),
        ([1, 5], [0, 1], None, "accepted: expected true and false"),
        ([1, 0], [0, 1], [1, -1], "below 0"),
    ],
)
def test_menus_that_do_not_fit_are_refused(accepted, menu, weights, message):
    with pytest.raises(DataError, match=message):
        metrics.pure_rate(accepted, menu, weights=weights)

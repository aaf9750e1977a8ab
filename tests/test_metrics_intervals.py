import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesign import metrics
from codesign.errors import DataError
from codesign.metrics.intervals import wilson_error


def exact_interval(passed, total):
    return metrics.clopper_pearson(passed, total)


def normal_interval(passed, total):
    half = math.sqrt(passed * (total - passed) / total) / total
    return passed / total - half, passed / total + half


def lowest_coverage(interval, total, level=0.68):
    """Smallest probability, over true fractions, that the interval contains the truth."""
    ends = [interval(passed, total) for passed in range(total + 1)]
    return min(
        sum(
            math.comb(total, k) * p**k * (1 - p) ** (total - k)
            for k, (low, high) in enumerate(ends)
            if low <= p <= high
        )
        for p in np.linspace(0.01, 0.99, 99)
    )


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(0, 10, 0.0, 0.3085), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1.0), (1, 100, 0.000253, 0.05446)],
)
def test_exact_interval_has_the_tabulated_ends(passed, total, low, high):
    found = metrics.clopper_pearson(passed, total, level=0.95)
    assert found == pytest.approx((low, high), abs=5e-5)
    assert found.low == found[0]
    assert found.high == found[1]


@pytest.mark.parametrize("total", [3, 10, 40])
def test_exact_interval_contains_every_truth_at_its_level(total):
    assert lowest_coverage(exact_interval, total) >= 0.68


def test_a_naive_interval_fails_the_same_check():
    assert lowest_coverage(normal_interval, 40) < 0.5


def test_interval_covers_in_toy_experiments_of_a_rare_background():
    draws = np.random.default_rng(2).binomial(20_000, 2e-4, size=3000)
    ends = {int(k): metrics.clopper_pearson(int(k), 20_000) for k in np.unique(draws)}
    covered = [ends[int(k)].low <= 2e-4 <= ends[int(k)].high for k in draws]
    assert 0.68 <= np.mean(covered) < 0.85


@settings(deadline=None)  # the first call imports SciPy
@given(st.integers(1, 10**7), st.floats(0, 1), st.floats(0.01, 0.99))
def test_interval_contains_the_measured_fraction(total, share, level):
    passed = round(share * total)
    low, high = metrics.clopper_pearson(passed, total, level)
    assert 0 <= low <= passed / total <= high <= 1
    assert low < high


def test_more_events_make_a_narrower_interval():
    widths = [np.ptp(metrics.clopper_pearson(n / 10, n)) for n in (10, 100, 1000, 10**6)]
    assert (np.diff(widths) < 0).all()


@pytest.mark.parametrize(
    ("passed", "total", "level"),
    [(-1, 3, 0.68), (4, 3, 0.68), (0, 0, 0.68), (math.nan, 3, 0.68), (1, math.inf, 0.68), (1, 3, 1.0), (1, 3, 0.0)],
)
def test_impossible_counts_and_levels_are_refused(passed, total, level):
    with pytest.raises(DataError, match="expected"):
        metrics.clopper_pearson(passed, total, level)


def test_efficiency_without_weights_is_exact():
    accepted = np.arange(50) < 7
    found = metrics.efficiency(accepted)
    assert (found.value, found.passed, found.total, found.effective_total) == (0.14, 7, 50, 50.0)
    assert (found.low, found.high) == metrics.clopper_pearson(7, 50)


def test_weights_of_one_change_nothing():
    accepted = np.arange(50) < 7
    assert metrics.efficiency(accepted, np.ones(50)) == metrics.efficiency(accepted)


def test_the_unit_of_weights_does_not_matter():
    accepted = np.arange(50) % 3 == 0
    weights = np.random.default_rng(1).exponential(size=50)
    first, second = (metrics.efficiency(accepted, scale * weights) for scale in (1.0, 1e-6))
    assert (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high), rel=1e-9)
    assert metrics.efficiency(accepted, np.full(50, 3.0)).effective_total == pytest.approx(50)


def test_events_without_weight_do_not_count():
    accepted = np.array([True] * 5 + [False] * 20 + [True] * 30)
    weights = np.array([1.0] * 25 + [0.0] * 30)
    found = metrics.efficiency(accepted, weights)
    assert (found.value, found.effective_total) == (0.2, pytest.approx(25))
    assert (found.low, found.high) == pytest.approx(metrics.clopper_pearson(5, 25))


@pytest.mark.parametrize("accepted", [np.zeros(8, bool), np.ones(8, bool)])
def test_without_spread_the_effective_number_is_that_of_kish(accepted):
    weights = np.array([1.0, 1, 1, 1, 2, 2, 2, 2])
    found = metrics.efficiency(accepted, weights)
    assert found.effective_total == pytest.approx(12**2 / 20)
    assert (found.low == 0) == (not accepted.any())
    assert (found.high == 1) == accepted.all()


# Half of the events has another weight and another chance to be accepted: a sample in which a few events weigh much,
# and one with slices of transverse momentum, where what is accepted weighs little.
HEAVY = {"weight": 100.0, "chance": 0.05, "other_chance": 0.05}
SLICES = {"weight": 0.01, "chance": 0.1, "other_chance": 0.0}


def coverage_and_width(interval_of, weight, chance, other_chance):
    """Coverage of the true fraction in 600 toy experiments, and the mean width of the interval."""
    generator, covered, widths = np.random.default_rng(5), [], []
    truth = (weight * chance + other_chance) / (weight + 1)
    for _ in range(600):
        special = generator.random(2000) < 0.5
        accepted = generator.random(2000) < np.where(special, chance, other_chance)
        low, high = interval_of(accepted, np.where(special, weight, 1.0))
        covered.append(low <= truth <= high)
        widths.append(high - low)
    return np.mean(covered), np.mean(widths)


def weighted_interval(accepted, weights):
    found = metrics.efficiency(accepted, weights)
    return found.low, found.high


def interval_of_n_events(accepted, weights, events):
    return metrics.clopper_pearson(weights[accepted].sum() / weights.sum() * events, events)


@pytest.mark.parametrize("toy", [HEAVY, SLICES])
def test_weighted_interval_covers_about_its_level(toy):
    assert 0.66 < coverage_and_width(weighted_interval, **toy)[0] < 0.82


def test_an_interval_that_counts_weighted_events_as_one_each_does_not_cover():
    def careless(accepted, weights):
        return interval_of_n_events(accepted, weights, accepted.size)

    assert coverage_and_width(careless, **HEAVY)[0] < 0.6


def test_an_effective_number_that_ignores_which_events_pass_is_far_too_wide():
    def of_kish(accepted, weights):
        return interval_of_n_events(accepted, weights, weights.sum() ** 2 / (weights**2).sum())

    assert coverage_and_width(of_kish, **SLICES)[1] > 5 * coverage_and_width(weighted_interval, **SLICES)[1]


@settings(deadline=None)  # the first call imports SciPy
@given(st.lists(st.tuples(st.booleans(), st.floats(1e-9, 1e9)), min_size=1, max_size=30))
def test_weighted_interval_contains_the_measured_fraction(events):
    accepted, weights = (np.array(column) for column in zip(*events, strict=True))
    found = metrics.efficiency(accepted, weights)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.effective_total > 0


@pytest.mark.parametrize(
    ("accepted", "weights", "message"),
    [
        ([], None, "at least one event"),
        ([[True]], None, "one value per event"),
        ([0.5, 1.0], None, "true and false"),
        ([0, 2], None, "true and false"),
        (["a"], None, "true and false"),
        ([[1], [0, 1]], None, "array of numbers"),
        ([True, False], [1.0], "shape"),
        ([True, False], [1.0, -1.0], "none below 0, found -1 at event 1"),
        ([True, False], [1.0, math.nan], "1 NaN or infinite, first at 1"),
        ([True, False], [1.0, math.inf], "NaN or infinite"),
        ([True, False], [0.0, 0.0], "only zeros"),
        ([True, False], ["1", "2"], "numbers"),
    ],
)
def test_events_and_weights_that_are_none_are_refused(accepted, weights, message):
    with pytest.raises(DataError, match=message) as caught:
        metrics.efficiency(accepted, weights)
    assert "\n" not in str(caught.value)


def test_error_of_no_events_is_total_ignorance():
    assert wilson_error(0.5, 0) == 1.0
    assert 0 < wilson_error(1.0, 10) < 0.1


def test_metrics_import_without_scipy():
    code = "import sys; sys.modules['scipy'] = None; from codesign import metrics; metrics.full_rate_khz()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr

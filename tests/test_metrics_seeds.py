import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from codesign import metrics
from codesign.errors import DataError
from codesign.metrics import Estimate


def test_spread_is_mean_and_sample_standard_deviation():
    found = metrics.spread([0.70, 0.72, 0.77])
    assert (found.mean, found.std, found.n) == pytest.approx((0.73, np.std([0.70, 0.72, 0.77], ddof=1), 3))
    assert found.test_error == 0.0


def test_one_training_has_no_spread():
    assert metrics.spread([0.7]) == metrics.Spread(0.7, None, 1, 0.0)


def test_test_errors_are_common_to_all_trainings():
    found = metrics.spread([Estimate(0.7, 0.003), Estimate(0.8, 0.004)])
    assert found.test_error == pytest.approx(math.sqrt(12.5e-6))
    assert found.mean == pytest.approx(0.75)


@pytest.mark.parametrize("values", [[], [0.7, math.nan], [math.inf], [Estimate(0.7, math.nan)]])
def test_values_without_a_mean_are_refused(values):
    with pytest.raises(DataError, match="one finite number per training"):
        metrics.spread(values)


def test_p_value_is_that_of_welch():
    first, second = [0.70, 0.72, 0.77, 0.71], [0.75, 0.79, 0.86]
    found = metrics.better(metrics.spread(first), metrics.spread(second))
    expected = ttest_ind(first, second, equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.difference / found.error == pytest.approx(expected.statistic)


def test_a_clear_gain_is_named_in_its_direction():
    low, high = metrics.spread([0.70, 0.71, 0.72]), metrics.spread([0.80, 0.81, 0.82])
    assert metrics.better(high, low).verdict == "higher"
    assert metrics.better(low, high).verdict == "lower"


def test_a_difference_within_the_seeds_is_no_gain():
    found = metrics.better(metrics.spread([0.70, 0.74, 0.72]), metrics.spread([0.71, 0.75, 0.73]))
    assert found.verdict == "not distinguishable"
    assert found.p_value > 0.05


def test_a_significant_difference_below_the_combined_spread_is_no_gain():
    noise = np.tile([-1.0, 1.0], 50)
    found = metrics.better(metrics.spread(noise + 1.0), metrics.spread(noise))
    assert found.p_value < 1e-6
    assert found.verdict == "not distinguishable"
    assert metrics.better(metrics.spread(noise + 1.5), metrics.spread(noise)).verdict == "higher"


def test_a_difference_within_the_test_sample_is_no_gain():
    values, others = [0.700, 0.701, 0.702], [0.710, 0.711, 0.712]
    sharp = metrics.better(metrics.spread(others), metrics.spread(values))
    blunt = metrics.better(*(metrics.spread([Estimate(v, 0.01) for v in of]) for of in (others, values)))
    assert (sharp.verdict, blunt.verdict) == ("higher", "not distinguishable")


def test_one_training_is_never_distinguishable():
    one, many = metrics.spread([0.9]), metrics.spread([0.1, 0.1001, 0.1002])
    for pair in ((one, many), (many, one), (one, one)):
        found = metrics.better(*pair)
        assert (found.verdict, found.p_value, found.error) == ("not distinguishable", None, None)


def test_trainings_without_any_spread_are_compared_as_they_are():
    same, other = metrics.spread([0.75, 0.75]), metrics.spread([0.5, 0.5])
    assert metrics.better(same, same).verdict == "not distinguishable"
    assert metrics.better(same, other).verdict == "higher"
    assert metrics.better(metrics.spread([Estimate(0.75, 0.01)] * 2), other).verdict == "higher"


def test_equal_networks_are_called_different_at_most_at_the_level():
    generator = np.random.default_rng(21)
    for trainings in (2, 3, 8):
        draws = generator.normal(size=(800, 2, trainings))
        verdicts = [metrics.better(metrics.spread(a), metrics.spread(b)).verdict for a, b in draws]
        assert np.mean([verdict != "not distinguishable" for verdict in verdicts]) < 0.065

import math

import numpy as np
import pytest

from codesign.data.inspection.binning import Range, choose_edges


def edges_of(values, bins=50, counted=True):
    exact = np.sort(np.asarray(values, np.float32).astype(np.float64))
    whole = bool((exact == np.rint(exact)).all())
    return choose_edges(Range(exact, exact[0], exact[-1], whole, counted), bins)


def test_a_wide_range_of_whole_numbers_gets_equal_bins_of_several():
    scale, edges = edges_of(np.arange(3, 1003))
    assert scale == "integer"
    assert set(np.diff(edges)) == {20.0}
    assert edges[0] == 2.5
    assert edges[-1] >= 1002.5


def test_steep_positive_values_get_logarithmic_bins_and_others_do_not():
    random = np.random.default_rng(2)
    scale, edges = edges_of(20 * random.pareto(2, 20_000) + 5)
    assert scale == "log"
    np.testing.assert_allclose(np.diff(np.log(edges)), np.log(edges[1] / edges[0]), rtol=1e-6)
    assert edges_of(random.normal(100, 10, 20_000))[0] == "linear"
    assert edges_of(random.exponential(1, 20_000) - 1)[0] == "linear"


def test_steps_of_a_digital_scale_make_no_comb():
    random = np.random.default_rng(3)
    _, edges = edges_of(0.0435 * random.integers(-55, 56, 50_000))
    width = np.diff(edges) / 0.0435
    np.testing.assert_allclose(width, 3, rtol=1e-4)  # 111 values into at most 50 bins
    steps = (edges[0] / 0.0435) % 1
    assert steps == pytest.approx(0.5, abs=0.01)


def test_logarithmic_bins_of_a_digital_scale_lie_between_its_values():
    random = np.random.default_rng(4)
    values = 0.5 * np.ceil(2 * (4 + 10 * random.pareto(1.5, 50_000)).clip(max=1000))
    scale, edges = edges_of(values)
    assert scale == "log"
    np.testing.assert_allclose((edges * 2) % 1, 0.5)
    assert (np.histogram(values, edges)[0][:10] > 0).all()


def test_whole_gev_may_be_logarithmic_but_counts_may_not():
    values = np.ceil(4 + 10 * np.random.default_rng(5).pareto(1.5, 50_000)).clip(max=1000)
    assert edges_of(values, counted=False)[0] == "log"
    assert edges_of(values, counted=True)[0] == "integer"


def test_an_azimuth_gets_the_full_circle():
    _, edges = edges_of(np.random.default_rng(6).uniform(-math.pi, math.pi, 5000))
    assert edges[0] == pytest.approx(-math.pi)
    assert edges[-1] == pytest.approx(math.pi)


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, -2e-30, 3e38])
def test_a_constant_has_one_bin_around_it(value):
    _, edges = edges_of([value] * 5)
    assert edges.size == 2
    assert edges[0] < np.float32(value) < edges[1]

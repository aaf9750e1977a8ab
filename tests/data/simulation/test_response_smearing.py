import numpy as np
import pytest

from codesign.data.simulation.response import Efficiency, Resolution
from codesign.data.simulation.smearing import deviation, passes, probability, smear

REGIONS = (
    Resolution(eta_max=1.0, noise=0.4, stochastic=0.5, constant=0.01),
    Resolution(eta_max=2.0, constant=0.02, linear=1e-3, eta_polynomial=(1.0, 0.0, 0.5)),
)
TABLE = Efficiency(eta=(0.0, 1.5, 2.5), pt=(10.0, 50.0), values=((0.2, 0.9), (0.1, 0.5)))


def test_terms_of_the_resolution_add_in_quadrature_per_region():
    sigma = deviation(REGIONS, np.array([100.0, 100.0, 100.0]), np.array([-0.5, 1.5, 2.5]))
    assert sigma[0] == pytest.approx(np.sqrt(0.4**2 + 0.5**2 * 100.0 + 1.0))
    assert sigma[1] == pytest.approx((1.0 + 0.5 * 1.5**2) * np.sqrt(2.0**2 + 10.0**2))
    assert sigma[2] == 0.0


@pytest.mark.parametrize("relative", [0.01, 0.2, 1.0])
def test_smearing_has_the_wanted_mean_and_width_and_stays_positive(rng, relative):
    value = np.full(200_000, 40.0)
    measured = smear(rng, value, relative * value)
    assert measured.mean() == pytest.approx(40.0, rel=5 * relative / np.sqrt(200_000) + 1e-12)
    assert measured.std() == pytest.approx(40.0 * relative, rel=0.03)
    assert (measured > 0).all()


def test_without_deviation_nothing_changes(rng):
    np.testing.assert_array_equal(smear(rng, np.array([3.0, 50.0]), np.zeros(2)), [3.0, 50.0])


def test_probabilities_are_looked_up_in_their_bins():
    pt = np.array([9.9, 10.0, 49.0, 50.0, 1e4, 60.0, 60.0])
    eta = np.array([0.0, 0.0, -1.0, 1.6, -2.4, 2.5, 1.5])
    np.testing.assert_array_equal(probability(TABLE, pt, eta), [0.0, 0.2, 0.2, 0.5, 0.5, 0.0, 0.5])
    np.testing.assert_array_equal(probability(None, pt, eta), 1.0)


def test_the_fraction_that_passes_is_the_probability(rng):
    chance = np.repeat([0.0, 0.3, 1.0], 50_000)
    fractions = passes(rng, chance).reshape(3, -1).mean(axis=1)
    assert fractions[0] == 0.0
    assert fractions[1] == pytest.approx(0.3, abs=0.01)
    assert fractions[2] == 1.0

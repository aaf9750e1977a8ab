import numpy as np
import pytest

from codesign.features.kinematics import (
    azimuth,
    delta_phi,
    invariant_mass,
    pseudorapidity,
    rapidity,
    transverse_momentum,
)


def test_known_vector():
    momentum = np.array([3.0, 4.0, 12.0, 14.0])  # mass² = 196 − 169
    assert transverse_momentum(momentum) == 5.0
    assert invariant_mass(momentum) == pytest.approx(np.sqrt(27.0))
    assert azimuth(momentum) == pytest.approx(np.arctan2(4, 3))
    assert rapidity(momentum) == pytest.approx(0.5 * np.log(26 / 2))
    assert pseudorapidity(momentum) == pytest.approx(-np.log(np.tan(0.5 * np.arccos(12 / 13))))


def test_massless_particles_have_equal_rapidity_and_pseudorapidity(particles):
    y = [-4.9, -1.0, 0.0, 2.5, 4.9]
    momenta = particles([1.0] * 5, y, [0.1] * 5)
    np.testing.assert_allclose(rapidity(momenta), y, atol=1e-12)
    np.testing.assert_allclose(pseudorapidity(momenta), y, atol=1e-12)


def test_a_boost_along_the_beam_shifts_the_rapidity():
    momentum = np.array([3.0, 4.0, 12.0, 14.0])
    gamma, beta_gamma = np.cosh(0.7), np.sinh(0.7)
    boosted = momentum.copy()
    boosted[2] = gamma * momentum[2] + beta_gamma * momentum[3]
    boosted[3] = gamma * momentum[3] + beta_gamma * momentum[2]
    assert rapidity(boosted) - rapidity(momentum) == pytest.approx(0.7)
    assert invariant_mass(boosted) == pytest.approx(invariant_mass(momentum))


def test_a_mass_squared_below_zero_is_zero():
    momentum = np.array([3.0, 4.0, 12.0, np.nextafter(13.0, 0.0)])
    assert invariant_mass(momentum) == 0.0
    assert np.isfinite(rapidity(momentum))


def test_angles_are_wrapped():
    phi = np.array([3.1, -3.1, 0.2, np.pi])
    np.testing.assert_allclose(delta_phi(phi, -3.1), [6.2 - 2 * np.pi, 0.0, 3.3 - 2 * np.pi, 3.1 - np.pi], atol=1e-12)

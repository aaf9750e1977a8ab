import numpy as np
import pytest

from codesign.features.correlators import Correlators, energy_correlators
from codesign.features.kinematics import azimuth, rapidity, transverse_momentum
from codesign.features.substructure import c1, c2, d2, m2, n2, zlogz, zlogz_of_jets

KNOWN = Correlators(
    e2={0: 0.4, 1: 0.2, 2: 0.1},
    e3_one={0: 0.1, 1: 0.03, 2: 0.02},
    e3_two={0: 0.1, 1: 0.012, 2: 0.004},
    e3={0: 0.1, 1: 0.004, 2: 0.0002},
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (c1(KNOWN, 0), 0.4),
        (c1(KNOWN, 2), 0.1),
        (c2(KNOWN, 1), 0.004 / 0.04),
        (c2(KNOWN, 2), 0.0002 / 0.01),
        (d2(KNOWN, 1, 1), 0.004 / 0.008),
        (d2(KNOWN, 2, 2), 0.0002 / 0.001),
        (d2(KNOWN, 1, 2), 0.004 / 0.1**1.5),
        (m2(KNOWN, 1), 0.03 / 0.2),
        (m2(KNOWN, 2), 0.02 / 0.1),
        (n2(KNOWN, 1), 0.012 / 0.04),
        (n2(KNOWN, 2), 0.004 / 0.01),
    ],
)
def test_definitions(value, expected):
    assert value == pytest.approx(expected)


def test_vanishing_denominators_give_zero():
    nothing = {0: 0.0, 1: 0.0, 2: 0.0}
    empty = Correlators(nothing, nothing, nothing, nothing)
    assert [c2(empty, 1), d2(empty, 2, 2), d2(empty, 1, 2), m2(empty, 1), n2(empty, 2)] == [0.0] * 5


def test_many_jets_at_once():
    many = Correlators(*({beta: np.array([value, 0.0]) for beta, value in moments.items()} for moments in KNOWN))
    np.testing.assert_allclose(n2(many, 1), [0.3, 0.0])
    np.testing.assert_allclose(d2(many, 1, 2), [0.004 / 0.1**1.5, 0.0])
    pt = np.array([3.0, 1.0, 5.0, 2.0, 2.0])
    np.testing.assert_allclose(zlogz_of_jets(pt, [2, 1, 2]), [zlogz(pt[:2]), 0.0, -np.log(2)])


def test_two_prongs_are_told_from_one_and_three(particles):
    def jet(rapidities, phis):
        soft = np.random.default_rng(0).normal(0, 0.02, (2, len(rapidities)))
        momenta = particles([100.0] * len(phis), rapidities + soft[0], phis + soft[1])
        return energy_correlators(transverse_momentum(momenta), rapidity(momenta), azimuth(momenta))

    two = jet(np.repeat([0.0, 0.4], 6), np.zeros(12))
    three = jet(np.repeat([0.0, 0.4, 0.2], 4), np.repeat([0.0, 0.0, 0.35], 4))
    assert n2(two, 1) < 0.3 * n2(three, 1)
    assert d2(two, 1, 1) < 0.5 * d2(three, 1, 1)


def test_zlogz_of_equal_sharing_is_minus_the_logarithm():
    assert zlogz(np.full(8, 3.0)) == pytest.approx(-np.log(8))
    assert zlogz(np.array([5.0])) == 0.0
    assert zlogz(np.array([3.0, 1.0])) == pytest.approx(0.75 * np.log(0.75) + 0.25 * np.log(0.25))

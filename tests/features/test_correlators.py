from itertools import combinations

import numpy as np
import pytest

from codesign.features.correlators import BETAS, energy_correlators, energy_correlators_of_jets
from codesign.features.kinematics import azimuth, rapidity, transverse_momentum


def correlators(momenta):
    return energy_correlators(transverse_momentum(momenta), rapidity(momenta), azimuth(momenta))


def straightforward(pt, y, phi, beta):
    """The definition, one triple after the other."""
    z = pt / pt.sum()

    def angle(i, j):
        return np.hypot(y[i] - y[j], (phi[i] - phi[j] + np.pi) % (2 * np.pi) - np.pi)

    pairs = list(combinations(range(len(z)), 2))
    triples = list(combinations(range(len(z)), 3))
    sorted_angles = [sorted([angle(i, j), angle(i, k), angle(j, k)]) for i, j, k in triples]
    weights = [z[i] * z[j] * z[k] for i, j, k in triples]
    three = [sum(w * np.prod(a[:v]) ** beta for w, a in zip(weights, sorted_angles, strict=True)) for v in (1, 2, 3)]
    return (sum(z[i] * z[j] * angle(i, j) ** beta for i, j in pairs), *three)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 20, 21, 22])
@pytest.mark.parametrize("beta", BETAS)
def test_agreement_with_the_definition(random_jet, count, beta):
    momenta = random_jet(count)
    found = correlators(momenta)
    expected = straightforward(transverse_momentum(momenta), rapidity(momenta), azimuth(momenta), beta)
    assert [moments[beta] for moments in found] == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_two_prongs(particles):
    found = correlators(particles([300.0, 100.0], [0.0, 0.3], [1.0, 1.4]))
    assert found.e2 == pytest.approx({0: 0.1875, 1: 0.1875 * 0.5, 2: 0.1875 * 0.25})
    assert found.e3_one == found.e3_two == found.e3 == {0: 0.0, 1: 0.0, 2: 0.0}


def test_three_prongs_on_a_right_triangle(particles):
    # Angles 0.3, 0.4 and 0.5; equal momenta, so z_i z_j z_k = 1/27.
    found = correlators(particles([50.0, 50.0, 50.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.4]))
    assert found.e2[1] == pytest.approx((0.3 + 0.4 + 0.5) / 9)
    assert found.e3_one[1] == pytest.approx(0.3 / 27)
    assert found.e3_two[1] == pytest.approx(0.3 * 0.4 / 27)
    assert found.e3[1] == pytest.approx(0.3 * 0.4 * 0.5 / 27)
    assert found.e3[2] == pytest.approx((0.3 * 0.4 * 0.5) ** 2 / 27)


def test_invariance_under_rotation_boost_scale_and_order(random_jet):
    momenta = random_jet(30)
    pt, y, phi = transverse_momentum(momenta), rapidity(momenta), azimuth(momenta)
    reference = np.array([list(moments.values()) for moments in energy_correlators(pt, y, phi)])
    order = np.random.default_rng(1).permutation(30)
    for changed in (
        (pt, y, (phi + 2.0) % (2 * np.pi)),
        (pt, y + 1.3, phi),
        (7 * pt, y, phi),
        (pt[order], y[order], phi[order]),
        (pt, -y, -phi),
    ):
        found = np.array([list(moments.values()) for moments in energy_correlators(*changed)])
        np.testing.assert_allclose(found, reference, rtol=1e-10)


def test_a_large_jet(random_jet):
    # ₃e₃(β=1) is the trace of a matrix product, which needs no enumeration of triples.
    momenta = random_jet(100)
    pt, y, phi = transverse_momentum(momenta), rapidity(momenta), azimuth(momenta)
    z = pt / pt.sum()
    angles = np.hypot(y[:, None] - y, (phi[:, None] - phi + np.pi) % (2 * np.pi) - np.pi)
    weighted = angles * z
    assert energy_correlators(pt, y, phi).e3[1] == pytest.approx(np.trace(weighted @ weighted @ weighted) / 6)


def test_many_jets_at_once_are_the_jets_one_by_one(random_jet):
    sizes = [2, 40, 1, 3, 90, 41, 39, *[12] * 60, 150, 600]
    jets = [random_jet(size) for size in sizes]
    together = np.concatenate(jets)
    pt, y, phi = transverse_momentum(together), rapidity(together), azimuth(together)
    found = energy_correlators_of_jets(pt, y, phi, sizes)
    for place, jet in enumerate(jets[:-1]):
        for many, one in zip(found, correlators(jet), strict=True):
            assert {beta: values[place] for beta, values in many.items()} == pytest.approx(one, rel=1e-12)
    assert 0 < found.e3[1][-1] < found.e3_two[1][-1] < found.e3_one[1][-1]


def test_azimuths_on_both_sides_of_pi_are_near(particles):
    found = correlators(particles([100.0, 100.0], [0.0, 0.0], [np.pi - 0.1, -np.pi + 0.1]))
    assert found.e2[1] == pytest.approx(0.25 * 0.2)

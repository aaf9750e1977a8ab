import numpy as np
import pytest

from codesign.data.simulation.jets import (
    N_CONSTITUENTS,
    find_jets,
    jet_nsubjettiness,
    leading_constituents,
    mass_drop,
)


def particle(pt, eta, phi, pdg=211, status=1):
    return {
        "id": pdg,
        "status": status,
        "p": {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "e": pt * np.cosh(eta)},
    }


# Two back-to-back gluons of 1 TeV.
GLUONS = [particle(1000.0, 0.5, 0.0, 21, -23), particle(1000.0, -0.5, np.pi, 21, -23)]
LEADING = [particle(700.0, 0.5, 0.1), particle(350.0, 0.5, -0.1)]
SECOND = [particle(900.0, -0.5, 3.1), particle(50.0, -0.5, -3.1)]


def find(*events, particle_ids=(21,), pt_gev=1000.0):
    ak = pytest.importorskip("awkward")
    pytest.importorskip("fastjet")
    return find_jets(ak.Array([{"prt": list(event)} for event in events]), particle_ids, pt_gev)


@pytest.mark.simulation
class TestFindJets:
    def pt(self, jet):
        return float(np.hypot(*jet.constituents.sum(axis=0)[:2]))

    def test_the_two_leading_jets_come_in_order(self):
        jets = find([*GLUONS, *SECOND, *LEADING])
        assert [round(self.pt(jet)) for jet in jets] == [1045, 950]
        assert sorted(np.round(np.hypot(*jets[0].constituents[:, :2].T))) == [350, 700]

    def test_events_are_kept_apart(self):
        jets = find([*GLUONS, *LEADING], [*GLUONS], [*GLUONS, *SECOND], [*GLUONS, *SECOND, *LEADING])
        assert [round(self.pt(jet)) for jet in jets] == [1045, 950, 1045, 950]

    def test_neutrinos_intermediate_and_forward_particles_are_not_seen(self):
        unseen = [
            particle(90.0, 0.5, 0.0, 12),
            particle(90.0, 0.5, 0.0, -14),
            particle(90.0, 0.5, 0.0, 16),
            particle(90.0, 0.5, 0.0, 211, -91),
            particle(300.0, 5.1, 0.0),
            particle(0.0, 0.0, 0.0, 2212) | {"p": {"px": 0.0, "py": 0.0, "pz": 6000.0, "e": 6000.0}},
        ]
        (jet,) = find([*GLUONS, *LEADING, *unseen])
        assert len(jet.constituents) == 2

    @pytest.mark.parametrize(
        "event",
        [
            [],
            [particle(300.0, 0.5, 0.0)],  # far below 1 TeV
            [particle(1300.0, 0.5, 0.0)],  # far above
            [particle(1000.0, 2.6, 0.0)],  # outside |η| < 2.5
            [particle(1000.0, 0.5, 1.5)],  # no gluon near
        ],
    )
    def test_other_jets_are_not_kept(self, event):
        assert find([*GLUONS, particle(1000.0, 2.6, 0.0, 21, -23), *event]) == []

    def test_the_matched_particle_must_be_of_the_hard_process_and_of_the_class(self):
        assert find([particle(1000.0, 0.5, 0.0, 21, -43), *LEADING]) == []
        assert find([particle(1000.0, 0.5, 0.0, 3, -23), *LEADING]) == []
        assert len(find([particle(1000.0, 0.5, 0.0, -3, -23), *LEADING], particle_ids=(3,))) == 1

    def test_mass_drop_removes_soft_wide_angle_particles(self):
        soft = [particle(40.0, 1.1, 0.0), particle(40.0, 0.5, 0.6)]
        (jet,) = find([*GLUONS, *LEADING, *soft])
        assert len(jet.constituents) == 4
        np.testing.assert_allclose(sorted(np.hypot(*jet.groomed[:, :2].T)), [350.0, 700.0])

    def test_mass_drop_keeps_two_hard_prongs_with_what_is_soft_inside(self):
        inside = [particle(20.0, 0.52, 0.3)]
        (jet,) = find([*GLUONS, particle(600.0, 0.5, 0.3), particle(400.0, 0.5, -0.3), *inside])
        assert len(jet.groomed) == 3


def test_leading_constituents_are_relative_to_the_axis_in_decreasing_pt():
    def momentum(pt, eta, phi):
        return np.array([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])

    jet = np.array([momentum(100.0, 0.3, np.pi - 0.1), momentum(200.0, 0.3, -np.pi + 0.2), momentum(100.0, 0.3, 3.0)])
    (leading,) = leading_constituents([jet])
    assert leading.shape == (N_CONSTITUENTS, 3)
    np.testing.assert_allclose(leading[:3, 0], [200.0, 100.0, 100.0])
    axis_phi = np.arctan2(*jet.sum(axis=0)[1::-1])
    expected = [(phi - axis_phi + np.pi) % (2 * np.pi) - np.pi for phi in (-np.pi + 0.2, np.pi - 0.1, 3.0)]
    np.testing.assert_allclose(leading[:3, 2], expected, atol=1e-12)
    # The three lie at η = 0.3, the axis a little further out because it has a mass.
    np.testing.assert_allclose(leading[:3, 1], leading[0, 1])
    np.testing.assert_array_equal(leading[3:], 0.0)


def test_of_many_constituents_the_hardest_are_kept():
    pt = np.arange(1.0, 31.0)
    jet = np.stack([pt, np.zeros(30), np.zeros(30), pt], axis=1)
    many = leading_constituents([jet[:3], jet, jet[4:5]])
    np.testing.assert_array_equal(many[1, :, 0], np.arange(30, 14, -1))
    np.testing.assert_array_equal(many[0, :4, 0], [3.0, 2.0, 1.0, 0.0])
    np.testing.assert_array_equal(many[2, :, 0], [5.0, *[0.0] * 15])
    assert leading_constituents([]).shape == (0, N_CONSTITUENTS, 3)


def momenta(pt, eta, phi):
    pt, eta, phi = np.array(pt), np.array(eta), np.array(phi)
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], axis=1)


@pytest.mark.simulation
class TestMassDrop:
    @pytest.fixture(autouse=True)
    def _needs_fastjet(self):
        pytest.importorskip("fastjet")

    def walked(self, jet):
        """The constituents left when FastJet is asked for the parents of each node."""
        import fastjet

        particles = [fastjet.PseudoJet(*particle) for particle in jet.tolist()]
        for index, particle in enumerate(particles):
            particle.set_user_index(index)
        sequence = fastjet.ClusterSequence(particles, fastjet.JetDefinition(fastjet.cambridge_algorithm, 10.0))
        node, first, second = sequence.exclusive_jets(1)[0], fastjet.PseudoJet(), fastjet.PseudoJet()
        steps = 0
        while node.has_parents(first, second):
            if min(first.perp(), second.perp()) > 0.1 * (first.perp() + second.perp()):
                break
            node = fastjet.PseudoJet(first if first.perp() >= second.perp() else second)
            steps += 1
        return jet[sorted(particle.user_index() for particle in node.constituents())], steps

    def test_it_is_the_walk_through_the_tree_of_fastjet(self):
        rng = np.random.default_rng(3)
        jets = []
        for size in [1, 2, 3, *rng.integers(4, 90, 60)]:
            pt = rng.dirichlet(np.full(size, 0.2)) * 1000 + 0.05
            jets.append(momenta(pt, rng.normal(0.4, 0.2, size), rng.normal(3.0, 0.2, size)))
        expected, steps = zip(*(self.walked(jet) for jet in jets), strict=True)
        assert max(steps) >= 5
        for found, kept in zip(mass_drop(jets), expected, strict=True):
            np.testing.assert_array_equal(found, kept)

    def test_no_jets_give_none(self):
        assert mass_drop([]) == []


@pytest.mark.simulation
class TestNSubjettiness:
    @pytest.fixture(autouse=True)
    def _needs_fastjet(self):
        pytest.importorskip("fastjet")

    def test_values_of_a_jet_of_three_hard_prongs_and_a_soft_particle(self):
        pt, eta, phi = [100.0, 80.0, 60.0, 10.0], [0.0, 0.3, -0.2, 0.05], [0.0, 0.1, -0.3, 0.02]
        (tau,) = jet_nsubjettiness([momenta(pt, eta, phi)])
        weight = np.array(pt) / (0.8 * sum(pt))
        # The axes are the hardest prongs: one, two, three of them.
        distance = np.hypot(np.subtract.outer(eta, eta[:3]), np.subtract.outer(phi, phi[:3]))
        assert tau[0] == pytest.approx((weight * distance[:, 0]).sum())
        assert tau[2] == pytest.approx((weight * distance.min(axis=1)).sum())
        assert tau[2] < tau[1] < tau[0]
        np.testing.assert_allclose(tau[3:], [tau[1] / tau[0], tau[2] / tau[1]])

    def test_undefined_values_are_zero(self):
        jets = [momenta([100.0], [0.1], [0.2]), momenta([100.0, 50.0], [0.0, 0.1], [0.0, 0.1])]
        tau = jet_nsubjettiness([*jets, momenta([1.0] * 5, [0.3] * 5, [0.1] * 5)])
        np.testing.assert_array_equal(tau[0], 0.0)
        assert tau[1, 0] == pytest.approx(50.0 * np.hypot(0.1, 0.1) / (150.0 * 0.8))
        np.testing.assert_array_equal(tau[1, 1:], 0.0)
        # All in one direction: zero but for rounding, and finite.
        assert np.isfinite(tau).all()
        assert tau[2, 0] < 1e-6

    def test_no_jets_give_no_rows(self):
        assert jet_nsubjettiness([]).shape == (0, 5)

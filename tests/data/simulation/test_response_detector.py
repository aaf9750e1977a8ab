import numpy as np
import pytest

from codesign.data.simulation.detector import (
    View,
    find_jets,
    find_leptons,
    isolated,
    missing_momentum,
    scalar_sums,
    tag_taus,
    view_of,
)
from codesign.data.simulation.particles import charges, hadronic_taus, join, leading, places, visible_particles
from codesign.data.simulation.response import Isolation, read_response

PLAIN = read_response("particle-level")
DELPHES = read_response("cms-delphes")
TRIGGER = read_response("l1-run3")
NONE = np.zeros(0, np.intp)
CONE = Isolation(source="x", radius=0.3, pt_min=0.5, ratio_max=0.45)


@pytest.mark.simulation
class TestEventRecord:
    def test_only_visible_particles_of_the_final_state_are_seen(self, batch):
        found = visible_particles(
            batch(
                [(211, 1, 3.0, 4.0, 0.0, 0, 0), (12, 1, 9.0, 0.0, 0.0, 0, 0), (-16, 1, 9.0, 0.0, 0.0, 0, 0)],
                [(24, -22, 9.0, 0.0, 0.0, 0, 0), (13, 83, -2.0, 0.0, 1.0, 0, 0), (2212, 63, 0.0, 0.0, 6e3, 0, 0)],
            )
        )
        assert found.event.tolist() == [0, 1]
        assert found.pdg.tolist() == [211, 13]
        assert found.pt.tolist() == [5.0, 2.0]
        assert found.eta == pytest.approx([0.0, np.arcsinh(0.5)])
        assert found.phi == pytest.approx([np.arctan2(4, 3), np.pi])

    def test_hadronic_taus_are_those_without_a_charged_lepton_or_copy(self, batch):
        copy, hadronic = (15, -23, 0.0, 20.0, 0.0, 1, 1), (15, -52, 0.0, 20.0, 20.0, 2, 3)
        leptonic = (-15, -52, 9.0, 0.0, 0.0, 1, 2)
        event, eta, phi = hadronic_taus(
            batch(
                [leptonic, (-11, 1, 1.0, 0.0, 0.0, 0, 0), (-16, 1, 1.0, 0.0, 0.0, 0, 0)],
                [copy, hadronic, (16, 1, 0.0, 5.0, 0.0, 0, 0), (-211, 1, 0.0, 5.0, 0.0, 0, 0)],
            )
        )
        assert event.tolist() == [1]
        assert (eta[0], phi[0]) == pytest.approx((np.arcsinh(1.0), np.pi / 2))


class TestLists:
    def test_joining_keeps_events_together_and_the_order_of_the_arguments(self, particles):
        first = particles((0, 1, 1.0, 0, 0), (2, 2, 1.0, 0, 0), (2, 3, 1.0, 0, 0))
        second = particles((1, 4, 1.0, 0, 0), (2, 5, 1.0, 0, 0))
        joined = join(first, particles(), second)
        assert joined.event.tolist() == [0, 1, 2, 2, 2]
        assert joined.pdg.tolist() == [1, 4, 2, 3, 5]
        assert [place.tolist() for place in places(first, second)] == [[0, 2, 3], [1, 4]]

    def test_slots_are_filled_in_decreasing_pt(self, particles):
        found = particles((0, 0, 5.0, 0.1, 1.0), (2, 0, 3.0, 0.2, 2.0), (2, 0, 9.0, 0.3, 3.0), (2, 0, 4.0, 0.4, -1.0))
        slots = leading(found, 3, 2)
        assert slots.shape == (3, 2, 3)
        np.testing.assert_allclose(slots[2], [[9.0, 0.3, 3.0], [4.0, 0.4, -1.0]], rtol=1e-6)
        np.testing.assert_allclose(slots[0], [[5.0, 0.1, 1.0], [0.0, 0.0, 0.0]], rtol=1e-6)
        np.testing.assert_array_equal(slots[1], 0.0)

    def test_charges(self):
        assert charges(np.array([11, -11, 211, -211, 22, 2112, 2212, -3312])).tolist() == [-1, 1, 1, -1, 0, 0, 1, 1]


class TestLeptons:
    def test_without_a_detector_those_in_the_acceptance_are_found_exactly(self, rng, particles):
        event = particles(
            (0, 11, 12.0, 2.4, 0.0), (0, -11, 9.9, 0.0, 0.0), (1, 11, 50.0, 2.6, 0.0), (1, 13, 50.0, 0.0, 0.0)
        )
        found = find_leptons(rng, event, "electrons", PLAIN)
        assert found.origin.tolist() == [0]
        assert found.measured.pt.tolist() == [12.0]
        assert find_leptons(rng, event, "muons", PLAIN).origin.tolist() == [3]

    def test_those_of_other_collisions_do_not_count(self, rng, particles):
        assert len(find_leptons(rng, particles((0, 11, 50.0, 0.0, 0.0), pileup=True), "electrons", PLAIN).origin) == 0

    def test_efficiency_and_resolution_are_those_of_the_response(self, rng, particles):
        event = particles(*[(e, 13, 50.0, 1.0, 0.0) for e in range(20_000)])
        found = find_leptons(rng, event, "muons", DELPHES)
        assert len(found.origin) / 20_000 == pytest.approx(0.9405, abs=0.006)
        assert found.measured.pt.mean() == pytest.approx(50.0, rel=1e-3)
        assert found.measured.pt.std() == pytest.approx(50.0 * np.hypot(0.015, 1.5e-4 * 50.0), rel=0.03)
        np.testing.assert_allclose(found.measured.energy, found.measured.pt * np.cosh(1.0))

    def test_a_response_without_photons_finds_none(self, rng, particles):
        assert len(find_leptons(rng, particles((0, 22, 50.0, 0.0, 0.0)), "photons", TRIGGER).origin) == 0

    def test_isolation_counts_the_others_in_the_cone_of_the_event(self, particles):
        lepton = particles((0, 13, 20.0, 0.0, 3.1), (1, 13, 20.0, 0.0, 0.0), (2, 13, 20.0, 0.0, 0.0))
        around = particles(
            (0, 211, 10.0, 0.1, -3.1),  # across φ = π
            (1, 211, 10.0, 0.4, 0.0),
            *[(1, 22, 0.4, 0.0, 0.1)] * 50,  # each too soft to count
            (2, 211, 8.0, 0.1, 0.0),
        )
        everything = join(lepton, around)
        assert isolated(lepton, everything, None, CONE).tolist() == [False, True, True]
        assert isolated(lepton, everything, None, None).tolist() == [True, True, True]
        # 2 GeV of the 10 are expected of other collisions.
        density = np.full((3, 10), 2.0 / (np.pi * 0.09))
        assert isolated(lepton, everything, density, CONE).tolist() == [True, True, True]


class TestView:
    def test_without_a_detector_everything_is_seen(self, rng, particles):
        event = particles((0, 211, 3.0, 0.0, 0.0), (0, 11, 30.0, 1.0, 1.0))
        candidates = {"electrons": find_leptons(rng, event, "electrons", PLAIN)}
        view = view_of(rng, event, candidates, 1, PLAIN, subtract=False)
        assert view.others.pdg.tolist() == [211]
        assert view.density is None

    def test_tracks_replace_deposits_and_those_of_other_collisions_are_dropped(self, rng, particles):
        hard = particles(*[(0, 211, 20.0, 0.1, phi) for phi in np.linspace(-3, 3, 200)])
        other = hard._replace(pileup=np.ones(200, np.bool_))
        seen = view_of(rng, hard, {}, 1, DELPHES, subtract=False).others
        tracks = seen.of(211)
        assert 180 <= tracks.sum() <= 198  # 95 %
        assert seen.pt[tracks].mean() == pytest.approx(20.0, rel=0.01)
        assert seen.pt.sum() == pytest.approx(200 * 20.0, rel=0.1)
        left = view_of(rng, other, {}, 1, DELPHES, subtract=True)
        assert left.others.of(211).sum() == 0
        assert 180 <= len(left.removed.pt) <= 198
        assert left.others.pt.sum() < 0.2 * 200 * 20.0
        assert left.density.shape == (1, 10)

    def test_a_trigger_sees_towers_only(self, rng, particles):
        event = particles((0, 11, 30.0, 1.0, 1.0), (0, 211, 30.0, -1.0, 1.0), (0, 13, 30.0, 0.0, 0.0))
        seen = view_of(
            rng, event, {"electrons": find_leptons(rng, event, "electrons", TRIGGER)}, 1, TRIGGER, subtract=False
        )
        assert set(seen.others.pdg) == {0}
        assert seen.others.pt.sum() == pytest.approx(60.0, rel=0.5)
        np.testing.assert_allclose(seen.others.pt % 0.5 % 0.5, 0.0, atol=1e-9)


class TestSums:
    def test_missing_momentum_balances_what_is_seen(self, particles):
        seen = particles((0, 211, 30.0, 0.0, 0.0), (1, 13, 40.0, 1.0, np.pi / 2), (1, 22, 30.0, 1.0, 0.0))
        met = missing_momentum(seen, 3, PLAIN)
        assert (met[0, 0], np.cos(met[0, 1])) == pytest.approx((30.0, -1.0))
        assert met[1] == pytest.approx([50.0, np.arctan2(-40.0, -30.0)], rel=1e-6)
        assert met[2, 0] == 0.0
        # A trigger does not see the muon.
        trigger = missing_momentum(seen, 3, TRIGGER)[1]
        assert (trigger[0], np.cos(trigger[1])) == pytest.approx((30.0, -1.0))

    def test_sums_count_what_is_in_their_acceptance(self, particles):
        seen = particles((0, 211, 30.0, 0.0, 0.0), (0, 22, 10.0, 3.1, 0.0), (0, 13, 40.0, 0.0, 0.0))
        jets = particles((0, 0, 31.0, 0.0, 0.0), (0, 0, 29.0, 0.0, 0.0), (0, 0, 50.0, 2.6, 0.0))
        np.testing.assert_allclose(scalar_sums(seen, jets, 2, PLAIN), [[30.0, 31.0], [0.0, 0.0]])


def test_taus_are_tagged_with_efficiency_and_fake_rate(rng, particles):
    jets = particles(*[row for e in range(2000) for row in ((e, 0, 40.0, 1.0, 3.1), (e, 0, 40.0, -1.0, 0.0))])
    # One tau per event, near the first jet across φ = π.
    taus = (np.arange(2000), np.full(2000, 1.1), np.full(2000, -3.1))
    tagged = tag_taus(rng, jets, taus, DELPHES)
    assert (tagged.eta > 0).sum() / 2000 == pytest.approx(0.6, abs=0.04)
    assert (tagged.eta < 0).sum() / 2000 == pytest.approx(0.01, abs=0.008)


@pytest.mark.simulation
class TestJets:
    @pytest.fixture(autouse=True)
    def _needs_fastjet(self):
        pytest.importorskip("fastjet")

    def test_jets_are_found_across_the_end_of_the_azimuth(self, particles):
        seen = particles(
            (1, 211, 30.0, 0.0, 3.1), (1, 22, 30.0, 0.0, -3.1), (1, 22, 19.0, 2.0, 0.0), (1, 22, 30.0, 5.1, 0.0)
        )
        jets = find_jets(seen, View(seen, None, seen.select(NONE)), 3, PLAIN)
        assert jets.event.tolist() == [1]
        assert jets.pt == pytest.approx([60.0], rel=0.01)
        assert abs(jets.phi[0]) == pytest.approx(np.pi, abs=0.01)

    def test_nothing_seen_gives_no_jets(self, particles):
        assert len(find_jets(particles(), View(particles(), None, particles()), 2, PLAIN).pt) == 0

    def test_a_flat_background_is_taken_off_before_jets_are_counted(self, particles):
        step = 2 * np.pi / 63
        places = [(eta, phi) for eta in np.arange(-4.95, 5.0, 0.1) for phi in np.arange(-3.1, 3.1, step)]
        density = 30.0
        background = particles(*[(0, 22, density * 0.1 * step, *place) for place in places])
        seen = join(background, particles((0, 22, 50.0, 0.51, 0.01)))
        assert len(find_jets(seen, View(seen, None, seen.select(NONE)), 1, PLAIN).pt) > 20
        found = find_jets(seen, View(seen, np.full((1, 10), density), seen.select(NONE)), 1, PLAIN)
        assert found.pt == pytest.approx([50.0], rel=0.1)

    def test_the_scale_is_corrected(self, particles):
        seen = particles((0, 22, 40.0, 1.0, 0.0))
        found = find_jets(seen, View(seen, None, seen.select(NONE)), 1, DELPHES)
        assert found.pt == pytest.approx([40.0 * np.sqrt((2.5 - 0.15) ** 2 / 40.0 + 1.0)])

import numpy as np
import pytest

from codesign.data.simulation.calorimeter import grid_of
from codesign.data.simulation.parts import Chunk, store_chunk
from codesign.data.simulation.pileup import Library, draw_pileup, load_library, make_collisions, plan_library
from codesign.data.simulation.response import read_response
from codesign.data.simulation.subtraction import densities, density_at, donuts
from codesign.errors import DataError


@pytest.fixture
def library(particles):
    """Three collisions: of one particle, none, and two."""
    made = particles((0, 211, 1.0, 1.5, 0.5), (2, 22, 2.0, -2.0, 0.0), (2, 211, 3.0, -2.5, 1.0), pileup=True)
    return Library(np.array([1, 0, 2]), made)


class TestDrawing:
    def test_the_number_of_collisions_is_poisson(self, rng, library):
        drawn = draw_pileup(rng, library, 4000, 9.0)
        # Each collision has on average one particle.
        assert len(drawn.pt) / 4000 == pytest.approx(9.0, rel=0.03)
        assert drawn.pileup.all()
        assert (np.diff(drawn.event) >= 0).all()

    def test_collisions_are_turned_as_a_whole(self, rng, library):
        drawn = draw_pileup(rng, library, 500, 1.0)
        first = np.flatnonzero(drawn.pdg == 22)
        np.testing.assert_array_equal(drawn.pdg[first + 1], 211)
        turned = (drawn.phi[first + 1] - drawn.phi[first]) % (2 * np.pi)
        np.testing.assert_allclose(turned, 1.0)
        assert np.histogram(drawn.phi, 4, (-np.pi, np.pi))[0].min() > 0.15 * len(drawn.phi)
        assert (np.abs(drawn.phi) <= np.pi).all()

    def test_half_of_the_collisions_are_mirrored_as_a_whole(self, rng, library):
        drawn = draw_pileup(rng, library, 2000, 1.0)
        first = np.flatnonzero(drawn.pdg == 22)
        np.testing.assert_allclose(drawn.eta[first + 1] / drawn.eta[first], 1.25)
        assert (drawn.eta[first] > 0).mean() == pytest.approx(0.5, abs=0.06)

    def test_no_events_and_no_collisions_are_fine(self, rng, library):
        assert len(draw_pileup(rng, library, 0, 60.0).pt) == 0
        assert len(draw_pileup(rng, library, 5, 0.0).pt) == 0


def flat(particles, density, events=1):
    """Towers of 0.1 x 2π/64 with the given transverse momentum per area."""
    step = 2 * np.pi / 64
    eta, phi = np.meshgrid(np.arange(-4.95, 5.0, 0.1), np.arange(-np.pi + step / 2, np.pi, step), indexing="ij")
    pt = density * 0.1 * step
    return particles(*[(e, 0, pt, *place) for e in range(events) for place in zip(eta.flat, phi.flat, strict=True)])


class TestSubtraction:
    def test_the_density_of_a_flat_background_is_found(self, particles):
        assert densities(flat(particles, 12.0, events=2), 2) == pytest.approx(np.full((2, 10), 12.0), rel=0.1)

    def test_a_jet_does_not_change_the_density(self, particles):
        background = flat(particles, 12.0)
        with_jet = background._replace(
            pt=background.pt + np.where((abs(background.eta) < 0.3) & (abs(background.phi) < 0.3), 50, 0)
        )
        np.testing.assert_array_equal(densities(with_jet, 1), densities(background, 1))

    def test_the_ring_of_a_place_is_used(self):
        density = np.arange(20.0).reshape(2, 10)
        found = density_at(density, np.array([0, 1, 1, 0]), np.array([-4.9, 0.0, 4.99, 5.1]))
        assert found.tolist() == [0.0, 15.0, 19.0, 9.0]

    def test_the_donut_of_a_flat_background_is_that_of_the_jet(self, particles):
        response = read_response("l1-run3")
        grid = grid_of(response.em.towers)
        eta, phi = grid.centres
        towers = particles(*[(0, 0, 0.5, *place) for place in zip(eta, phi, strict=True)])
        # Across φ = π, in the barrel; and near the end of the forward calorimeter, where a strip is missing.
        jets = particles((0, 0, 50.0, 0.5, np.pi - 0.01), (0, 0, 50.0, -4.8, 0.0))
        taken = donuts(towers, jets, 1, response)
        assert taken[0] == pytest.approx(81 * 0.5)
        assert taken[1] < 81 * 0.5

    def test_the_donut_does_not_depend_on_the_azimuth(self, particles):
        response = read_response("l1-run3")
        eta, phi = grid_of(response.em.towers).centres
        pt = 1.0 + np.abs(phi)  # largest across φ = π
        turned = np.where(phi < 0, phi + np.pi, phi - np.pi)
        towers = particles(
            *[(0, 0, *row) for row in zip(pt, eta, phi, strict=True)],
            *[(1, 0, *row) for row in zip(pt, eta, turned, strict=True)],
        )
        jets = particles((0, 0, 50.0, 0.5, 0.01 - np.pi), (1, 0, 50.0, 0.5, 0.01))
        taken = donuts(towers, jets, 2, response)
        assert taken[0] == pytest.approx(taken[1])

    def test_the_strip_with_another_jet_does_not_count(self, particles):
        response = read_response("l1-run3")
        jet = particles((0, 0, 50.0, 0.04, 0.04))
        beside = particles((0, 0, 300.0, 0.04, 0.04 + 6 * 2 * np.pi / 72))
        assert donuts(beside, jet, 1, response).tolist() == [0.0]


class TestLibrary:
    def test_what_is_stored_comes_back(self, tmp_path):
        chunks = tuple(plan_library(3))
        lists = {"pdg": np.array([22, 211, 11], np.int32)}
        lists |= {name: np.array([1.0, 2.0, 3.0], np.float32) for name in ("pt", "eta", "phi", "energy")}
        store_chunk(tmp_path, chunks[0], {"count": np.array([1, 0, 2]), **lists})
        library = load_library(tmp_path, chunks)
        assert library.particles.event.tolist() == [0, 2, 2]
        assert library.particles.pt.dtype == np.float64

    def test_lists_that_do_not_fit_are_refused(self, tmp_path):
        chunks = tuple(plan_library(2))
        lists = dict.fromkeys(("pdg", "pt", "eta", "phi", "energy"), np.zeros(4))
        store_chunk(tmp_path, chunks[0], {"count": np.array([1, 2]), **lists})
        with pytest.raises(DataError, match=r"pileup-00000.npz: damaged, delete it"):
            load_library(tmp_path, chunks)

    @pytest.mark.simulation
    def test_minimum_bias_collisions_are_soft_and_uniform_in_azimuth(self):
        pytest.importorskip("pythia8mc")
        (chunk,) = plan_library(100)
        made = make_collisions(chunk, seed=3)
        assert made["count"].shape == (100,)
        assert made["count"].sum() == len(made["pt"])
        assert 50 < made["count"].mean() < 300
        assert made["pt"].mean() < 1.0
        assert (np.abs(made["eta"]) < 5.2).all()
        assert np.abs(np.exp(1j * made["phi"]).mean()) < 0.05
        assert not np.isin(np.abs(made["pdg"]), (12, 14, 16)).any()

    @pytest.mark.simulation
    def test_the_pieces_of_the_library_differ(self):
        pytest.importorskip("pythia8mc")
        first, second = (make_collisions(Chunk("pileup", index, 2), seed=3) for index in range(2))
        assert first["pt"].tolist() != second["pt"].tolist()

import numpy as np
import pytest

from codesign.data.simulation.calorimeter import Grid, impact, read_out, sum_cells
from codesign.data.simulation.response import Solenoid, TowerRegion, read_response

REGIONS = (TowerRegion(edges=(0.0, 1.0), divide=4, phi=8), TowerRegion(edges=(1.0, 1.5, 3.0), phi=4))
SOLENOID = Solenoid(source="x", bz_t=3.8, radius_m=1.29, half_length_m=3.0)


def exact(name):
    """A shipped response whose calorimeters measure exactly."""
    response = read_response(name)
    free = {"resolution": (), "energy_min": 0.0, "significance_min": 0.0}
    return response.model_copy(
        update={"em": response.em.model_copy(update=free), "had": response.had.model_copy(update=free), "field": None}
    )


class TestGrid:
    def test_rings_are_symmetric(self):
        grid = Grid(REGIONS)
        np.testing.assert_allclose(grid.edges, -grid.edges[::-1])
        assert grid.edges.tolist() == [-3.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 3.0]
        assert grid.phi.tolist() == [4, 4, *[8] * 8, 4, 4]
        assert grid.first[-1] == 80

    def test_every_tower_is_hit_at_its_centre(self):
        grid = Grid(REGIONS)
        np.testing.assert_array_equal(grid.towers(*grid.centres), np.arange(80))

    def test_azimuth_is_periodic(self):
        grid = Grid(REGIONS)
        phi = np.array([np.pi - 1e-9, np.pi, -np.pi, 3 * np.pi, -np.pi - 1e-9])
        first = grid.first[10]
        assert (grid.towers(np.full(5, 1.2), phi) - first).tolist() == [3, 0, 0, 0, 3]

    def test_outside_is_no_tower(self):
        assert Grid(REGIONS).towers(np.array([-3.1, 3.0, 9.0]), np.zeros(3)).tolist() == [-1, -1, -1]


class TestImpact:
    def test_neutral_particles_and_no_field_are_straight(self, particles):
        flying = particles((0, 22, 1.0, 0.7, 1.0), (0, 211, 5.0, 0.7, 1.0))
        eta, phi = impact(flying, SOLENOID)
        assert (eta[0], phi[0]) == (0.7, pytest.approx(1.0))
        eta, phi = impact(flying, None)
        assert (eta[1], phi[1]) == (0.7, 1.0)

    def test_a_charged_particle_turns_by_the_angle_of_its_circle(self, particles):
        # Half of the turning angle is asin(R / 2r); positive particles turn to smaller azimuth.
        half = np.arcsin(1.29 / (2 * 5.0 / (0.299792458 * 3.8)))
        eta, phi = impact(particles((0, 211, 5.0, 0.7, 1.0), (0, -211, 5.0, 0.7, 1.0)), SOLENOID)
        np.testing.assert_allclose(phi, [1.0 - half, 1.0 + half])
        assert eta[0] == pytest.approx(0.7, abs=0.01)

    def test_a_particle_that_cannot_reach_the_barrel_ends_in_the_endcap(self, particles):
        eta, _ = impact(particles((0, 211, 0.5, 0.5, 0.0)), SOLENOID)
        radius = 0.5 / (0.299792458 * 3.8)
        half = 3.0 / (np.sinh(0.5) * 2 * radius)
        assert eta[0] == pytest.approx(np.arcsinh(3.0 / abs(2 * radius * np.sin(half))))

    def test_azimuth_stays_in_range(self, particles):
        _, phi = impact(particles((0, -211, 1.0, 0.0, 3.1), (0, 211, 1.0, 0.0, -3.1)), SOLENOID)
        assert (np.abs(phi) <= np.pi).all()
        assert np.sign(phi).tolist() == [-1.0, 1.0]


class TestReadOut:
    def test_towers_conserve_energy(self, particles, rng):
        generator = np.random.default_rng(1)
        rows = [(e, 22, *generator.uniform([1, -2.9, -3.1], [20, 2.9, 3.1])) for e in range(5) for _ in range(100)]
        deposits = particles(*rows)
        towers = read_out(rng, deposits, exact("cms-delphes"))
        assert towers.energy.sum() == pytest.approx(deposits.energy.sum())
        np.testing.assert_allclose(
            np.bincount(towers.event, weights=towers.energy), np.bincount(deposits.event, weights=deposits.energy)
        )
        assert (np.diff(towers.event) >= 0).all()
        assert len(towers.pt) <= 500

    def test_particles_in_one_tower_are_one_tower(self, particles, rng):
        hits = particles((0, 130, 5.0, 0.04, 0.04), (0, 2112, 7.0, 0.05, 0.05), (1, 130, 5.0, 0.04, 0.04))
        towers = read_out(rng, hits, exact("cms-delphes"))
        assert towers.event.tolist() == [0, 1]
        assert towers.energy == pytest.approx([hits.energy[:2].sum(), hits.energy[2]])
        np.testing.assert_allclose(towers.eta, 0.087 / 2)

    def test_muons_leave_nothing(self, particles, rng):
        assert len(read_out(rng, particles((0, 13, 50.0, 0.5, 0.5)), exact("cms-delphes")).pt) == 0

    def test_no_particles_give_no_towers(self, particles, rng):
        for name in ("cms-delphes", "l1-run3"):
            assert len(read_out(rng, particles(), read_response(name)).pt) == 0

    def test_trigger_towers_add_the_calorimeters_in_whole_steps(self, particles, rng):
        hits = particles((0, 22, 1.3, 0.04, 0.04), (0, 130, 2.1, 0.04, 0.04), (0, 22, 0.4, 1.0, 1.0))
        towers = read_out(rng, hits, exact("l1-run3"))
        # 3.4 GeV at a slightly smaller η than the centre of the tower is 3.0 in steps of 0.5 GeV; 0.4 is lost.
        assert towers.pt == pytest.approx([3.0])

    def test_towers_below_threshold_are_empty(self, particles, rng):
        response = exact("cms-delphes")
        response = response.model_copy(update={"had": response.had.model_copy(update={"energy_min": 1.0})})
        towers = read_out(rng, particles((0, 130, 0.9, 0.0, 0.0), (0, 130, 1.1, 0.0, 2.0)), response)
        assert towers.pt == pytest.approx([1.1], rel=0.01)

    def test_the_width_of_the_measurement_is_that_of_the_response(self, particles, rng):
        response = read_response("cms-delphes")
        hits = particles(*[(e, 130, 40.0, 0.0435, 0.04) for e in range(4000)])
        energy = read_out(rng, hits, response).energy
        true = 40.0 * np.cosh(0.0435)
        assert energy.mean() == pytest.approx(true, rel=0.02)
        assert energy.std() == pytest.approx(np.sqrt(1.5**2 * true + (0.05 * true) ** 2), rel=0.05)


@pytest.mark.parametrize("cell", [[3, 1, 3, 2], [3_000_000, 1, 3_000_000, 2], []])
def test_cells_are_summed_in_order(cell):
    cells, energy = sum_cells(np.array(cell, np.intp), np.array([1.0, 2.0, 4.0, 8.0][: len(cell)]))
    assert cells.tolist() == sorted(set(cell))
    assert energy.tolist() == ([2.0, 8.0, 5.0] if cell else [])

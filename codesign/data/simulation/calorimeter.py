"""Calorimeter towers: where particles arrive, what they deposit, what is read out."""

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.particles import Particles, charges, join
from codesign.data.simulation.response import Calorimeter, Response, Solenoid, TowerRegion
from codesign.data.simulation.smearing import deviation, smear
from codesign.features.kinematics import Array

_CURVATURE = 0.299792458  # pT in GeV of a charge e on a circle of 1 m in 1 T
_ELECTROMAGNETIC = (11, 22)
_TURN = 2.0 * np.pi
_DENSE_CELLS_PER_DEPOSIT = 10


class Grid:
    """Towers as rings in η, each divided evenly in φ; a tower is a number from 0.

    Attributes:
        edges: edges of the rings in η, increasing, symmetric.
        phi: number of towers of each ring.
        first: number of the first tower of each ring, and the number of all towers.
    """

    def __init__(self, regions: tuple[TowerRegion, ...]) -> None:
        """Lay the regions out on both sides."""
        edges, phi = [0.0], []
        for region in regions:
            for low, high in zip(region.edges, region.edges[1:], strict=False):
                edges += list(np.linspace(low, high, region.divide + 1)[1:])
                phi += [region.phi] * region.divide
        self.edges = np.array([-edge for edge in reversed(edges[1:])] + edges)
        self.phi = np.array(phi[::-1] + phi)
        self.first = np.concatenate([[0], np.cumsum(self.phi)])

    @cached_property
    def centres(self) -> tuple[Array, Array]:
        """η and φ of the centre of each tower."""
        eta = np.repeat((self.edges[1:] + self.edges[:-1]) / 2.0, self.phi)
        step = np.arange(self.first[-1]) - np.repeat(self.first[:-1], self.phi)
        return eta, (step + 0.5) * _TURN / np.repeat(self.phi, self.phi) - np.pi

    def towers(self, eta: Array, phi: Array) -> NDArray[np.intp]:
        """Return the tower hit in each direction, −1 outside of the grid; any φ is wrapped."""
        ring = np.searchsorted(self.edges, eta, side="right") - 1
        outside = (ring < 0) | (ring >= len(self.phi))
        ring = np.where(outside, 0, ring)
        step = np.floor((phi + np.pi) % _TURN / _TURN * self.phi[ring]).astype(np.intp)
        return np.where(outside, -1, self.first[ring] + np.minimum(step, self.phi[ring] - 1))


@lru_cache(maxsize=8)
def grid_of(regions: tuple[TowerRegion, ...]) -> Grid:
    """Make the grid of a calorimeter; the same object for the same regions."""
    return Grid(regions)


def impact(particles: Particles, solenoid: Solenoid | None) -> tuple[Array, Array]:
    """Find where particles from the centre reach the calorimeter.

    Charged particles follow a helix until they leave the cylinder of the field; a particle that
    cannot reach the barrel goes on to an endcap.

    Args:
        particles: What flies.
        solenoid: The field, or ``None`` for straight lines.

    Returns:
        η and φ of the point of arrival, seen from the centre.
    """
    charge = charges(particles.pdg)
    bent = np.flatnonzero(charge)
    if solenoid is None or bent.size == 0:
        return particles.eta, particles.phi
    pt, slope = particles.pt[bent], np.sinh(particles.eta[bent])  # slope = pz / pT
    radius = pt / (_CURVATURE * solenoid.bz_t)
    reach = np.minimum(solenoid.radius_m / (2.0 * radius), 1.0)
    half_turn = np.where(reach < 1.0, np.arcsin(reach), np.pi / 2)  # half of the angle turned at the barrel
    to_endcap = solenoid.half_length_m / np.maximum(np.abs(slope) * 2.0 * radius, 1e-12)
    # A looper turns until it reaches the endcap; one without any slope never does and stays at its largest distance.
    half_turn = np.where(reach < 1.0, np.minimum(half_turn, to_endcap), np.minimum(to_endcap, 1e6))
    distance = np.maximum(np.abs(2.0 * radius * np.sin(half_turn)), 1e-3)
    eta, phi = particles.eta.copy(), particles.phi.copy()
    eta[bent] = np.arcsinh(slope * 2.0 * radius * half_turn / distance)
    phi[bent] = particles.phi[bent] - charge[bent] * half_turn
    return eta, (phi + np.pi) % _TURN - np.pi


def read_out(rng: np.random.Generator, deposits: Particles, response: Response) -> Particles:
    """Deposit particles in the towers and measure these.

    Electrons and photons deposit in the electromagnetic calorimeter, all others but muons in the
    hadronic one.

    Args:
        rng: Source of randomness of the measurement.
        deposits: The particles.
        response: With calorimeters.

    Returns:
        Massless towers above threshold, PDG code 0, ordered by event.
    """
    assert response.em is not None
    assert response.had is not None
    eta, phi = impact(deposits, response.field)
    electromagnetic = np.isin(np.abs(deposits.pdg), _ELECTROMAGNETIC)
    found = []
    for calorimeter, mask in ((response.em, electromagnetic), (response.had, ~electromagnetic & ~deposits.of(13))):
        grid = grid_of(calorimeter.towers)
        hit = grid.towers(eta[mask], phi[mask])
        inside = hit >= 0
        cell = deposits.event[mask][inside] * grid.first[-1] + hit[inside]
        cells, energy = sum_cells(cell, deposits.energy[mask][inside])
        found.append(_measure(rng, calorimeter, grid, cells, energy))
    if response.trigger_towers is not None:
        return _trigger_towers(grid_of(response.em.towers), found, response.trigger_towers.et_step)
    towers = [_as_particles(grid_of(c.towers), *f) for c, f in zip((response.em, response.had), found, strict=True)]
    return join(*towers)


def sum_cells(cell: NDArray[np.intp], energy: Array) -> tuple[NDArray[np.intp], Array]:
    """Add energies, all above zero, that belong to the same cell; return the cells in order and their sums."""
    size = int(cell.max()) + 1 if len(cell) else 0
    if size < _DENSE_CELLS_PER_DEPOSIT * len(cell):
        # Counting is faster than sorting while the cells are not many more than what they hold.
        total = np.bincount(cell, weights=energy).astype(np.float64, copy=False)
        cells = np.flatnonzero(total)
        return cells, total[cells]
    cells, place = np.unique(cell, return_inverse=True)
    return cells, np.bincount(place, weights=energy, minlength=len(cells)).astype(np.float64, copy=False)


def _measure(
    rng: np.random.Generator, calorimeter: Calorimeter, grid: Grid, cells: NDArray[np.intp], energy: Array
) -> tuple[NDArray[np.intp], Array]:
    """Smear the energies of towers and drop those below threshold; return the cells and energies left."""
    eta = grid.centres[0][cells % grid.first[-1]]
    measured = smear(rng, energy, deviation(calorimeter.resolution, energy, eta))
    noise = calorimeter.significance_min * deviation(calorimeter.resolution, measured, eta)
    seen = (measured >= calorimeter.energy_min) & (measured >= noise)
    return cells[seen], measured[seen]


def _trigger_towers(grid: Grid, found: list[tuple[NDArray[np.intp], Array]], step: float) -> Particles:
    """Add the calorimeters tower by tower and count the transverse energy in whole steps."""
    cells, energy = sum_cells(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    cosh_eta = np.cosh(grid.centres[0][cells % grid.first[-1]])
    counted = np.floor(energy / cosh_eta / step) * step
    seen = counted > 0.0
    return _as_particles(grid, cells[seen], (counted * cosh_eta)[seen])


def _as_particles(grid: Grid, cells: NDArray[np.intp], energy: Array) -> Particles:
    eta, phi = (centre[cells % grid.first[-1]] for centre in grid.centres)
    none = np.zeros(len(cells), np.bool_)
    return Particles(
        cells // grid.first[-1], np.zeros(len(cells), np.int32), energy / np.cosh(eta), eta, phi, energy, none
    )

"""How much transverse momentum other collisions bring into a jet, estimated event by event."""

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.calorimeter import grid_of
from codesign.data.simulation.particles import Particles
from codesign.data.simulation.response import Response
from codesign.features.kinematics import Array

# Patches of about 0.5 x 0.5, a good deal larger than a hard jet's core and small enough that most have no jet.
_RING_EDGES = np.arange(-5.0, 5.5, 1.0)
_PATCHES_ETA, _PATCHES_PHI = 2, 12
_PATCH_AREA = (1.0 / _PATCHES_ETA) * (2.0 * np.pi / _PATCHES_PHI)

# Chunky donut: strips of 3 x 9 towers around the 9 x 9 of the jet (CMS, arXiv:2006.10165).
_HALF, _STRIPS = 4, 3


def densities(seen: Particles, events: int) -> Array:
    """Estimate the density of transverse momentum, the median of patches in each ring of η.

    Cacciari, Salam, arXiv:0707.1378, with a fixed grid of patches (FastJet, arXiv:1111.6097, section
    on background estimation); rings one unit of η wide follow the dependence on η.

    Args:
        seen: Tracks and towers.
        events: Number of events in the batch.

    Returns:
        GeV per unit of η–φ area, shape (events, 10), rings from η = −5 to 5.
    """
    rings = len(_RING_EDGES) - 1
    eta_patch = np.floor((seen.eta - _RING_EDGES[0]) * _PATCHES_ETA).astype(np.intp)
    phi_patch = np.floor((seen.phi + np.pi) / (2.0 * np.pi) * _PATCHES_PHI).astype(np.intp) % _PATCHES_PHI
    inside = (eta_patch >= 0) & (eta_patch < rings * _PATCHES_ETA)
    cell = (seen.event * rings * _PATCHES_ETA + eta_patch) * _PATCHES_PHI + phi_patch
    patches = _PATCHES_ETA * _PATCHES_PHI
    summed = np.bincount(cell[inside], weights=seen.pt[inside], minlength=events * rings * patches)
    medians: Array = np.median(summed.reshape(events, rings, patches), axis=-1) / _PATCH_AREA
    return medians


def density_at(density: Array, event: NDArray[np.intp], eta: Array) -> Array:
    """Look up the density of `densities` at places in events."""
    ring = np.clip(np.searchsorted(_RING_EDGES, eta, side="right") - 1, 0, density.shape[1] - 1)
    found: Array = density[event, ring]
    return found


def donuts(towers: Particles, jets: Particles, events: int, response: Response) -> Array:
    """Estimate the pile-up under jets from the towers around each: the chunky donut of the CMS trigger.

    Of four strips of 3 × 9 towers on the four sides of the 9 × 9 towers around the jet axis the
    three lowest count (CMS, JINST 15 (2020) P10017, arXiv:2006.10165); together they have the size
    of the jet. A strip beyond the last ring is empty, as in the trigger.

    Args:
        towers: Trigger towers.
        jets: Jets made of them.
        events: Number of events in the batch.
        response: With trigger towers that are evenly divided around the beam.

    Returns:
        GeV to take off each jet.
    """
    assert response.em is not None
    grid = grid_of(response.em.towers)
    phi, rings = int(grid.phi[0]), len(grid.phi)
    margin = _HALF + _STRIPS
    cell = towers.event * grid.first[-1] + grid.towers(towers.eta, towers.phi)
    image = np.bincount(cell, weights=towers.pt, minlength=events * rings * phi).reshape(events, rings, phi)
    image = np.pad(image, ((0, 0), (margin, margin), (0, 0)))
    ring, step = np.divmod(grid.towers(jets.eta, jets.phi), phi)
    across = np.arange(-_HALF, _HALF + 1)
    outward = np.arange(_HALF + 1, margin + 1)
    strips = []
    for along_eta, along_phi in ((outward, across), (-outward, across), (across, outward), (across, -outward)):
        rows = ring[:, None, None] + margin + along_eta[:, None]
        columns = (step[:, None, None] + along_phi[None, :]) % phi
        strips.append(image[jets.event[:, None, None], rows, columns].sum(axis=(1, 2)))
    lowest: Array = np.sort(np.array(strips), axis=0)[:-1].sum(axis=0)
    return lowest

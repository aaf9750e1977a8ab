"""What a detector and its trigger make of the particles of a batch of events."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.calorimeter import read_out
from codesign.data.simulation.clustering import cluster
from codesign.data.simulation.particles import Particles, charges, join
from codesign.data.simulation.response import Isolation, Lepton, Response
from codesign.data.simulation.smearing import deviation, passes, probability, smear
from codesign.data.simulation.subtraction import densities, density_at, donuts
from codesign.features.kinematics import Array, delta_phi

LEPTON_CODES = {"electrons": 11, "muons": 13, "photons": 22}


class Candidates(NamedTuple):
    """Electrons, muons or photons before isolation.

    Attributes:
        measured: As measured.
        origin: Index of the particle each comes from.
    """

    measured: Particles
    origin: NDArray[np.intp]


class View(NamedTuple):
    """All that is seen of a batch of events.

    Attributes:
        others: Tracks, towers or particles that are not candidates.
        density: Transverse momentum per area (`densities`), or ``None`` if nothing is to be subtracted.
        removed: Tracks recognised as of other collisions; they count in the missing momentum only.
    """

    others: Particles
    density: Array | None
    removed: Particles


def find_leptons(rng: np.random.Generator, particles: Particles, kind: str, response: Response) -> Candidates:
    """Find electrons, muons or photons, isolated or not; those of other collisions do not count.

    Args:
        rng: Source of randomness.
        particles: Visible particles.
        kind: A key of `LEPTON_CODES`.
        response: The detector; without [photons] there are none.
    """
    lepton: Lepton | None = getattr(response, kind)
    if lepton is None:
        return Candidates(particles.select(np.zeros(0, np.intp)), np.zeros(0, np.intp))
    near = (np.abs(particles.eta) < lepton.eta_max) & (particles.pt > 0.5 * lepton.pt_min) & ~particles.pileup
    origin = np.flatnonzero(particles.of(LEPTON_CODES[kind]) & near)
    true = particles.select(origin)
    quantity = true.energy if lepton.measured == "energy" else true.pt
    factor = smear(rng, quantity, deviation(lepton.resolution, quantity, true.eta)) / quantity
    measured = true._replace(pt=true.pt * factor, energy=true.energy * factor)
    found = passes(rng, probability(lepton.efficiency, measured.pt, measured.eta)) & (measured.pt >= lepton.pt_min)
    return Candidates(measured.select(found), origin[found])


def view_of(
    rng: np.random.Generator,
    particles: Particles,
    candidates: dict[str, Candidates],
    events: int,
    response: Response,
    *,
    subtract: bool,
) -> View:
    """Measure what is not a candidate with tracker and calorimeters.

    Args:
        rng: Source of randomness.
        particles: Visible particles, those of other collisions included.
        candidates: Per kind of `LEPTON_CODES`; their ``origin`` counts in ``particles``.
        events: Number of events in the batch.
        response: The detector.
        subtract: Whether the density of other collisions is needed.
    """
    left = np.ones(len(particles.pt), np.bool_)
    if response.has_particle_flow:
        for found in candidates.values():
            left[found.origin] = False
    remaining = particles.select(left)
    removed = particles.select(np.zeros(0, np.intp))
    if response.em is None:
        others = remaining
    elif response.tracks is None:
        others = read_out(rng, remaining, response)
    else:
        tracks, invisible = _track(rng, remaining, response)
        if response.pileup.charged_removed:
            removed, tracks = tracks.select(tracks.pileup), tracks.select(~tracks.pileup)
        others = join(tracks, read_out(rng, remaining.select(invisible), response))
    return View(others, densities(others, events) if subtract else None, removed)


def _track(rng: np.random.Generator, particles: Particles, response: Response) -> tuple[Particles, NDArray[np.bool_]]:
    """Measure charged hadrons and unidentified muons; also return which particles are left for the calorimeters."""
    assert response.tracks is not None
    charged = np.flatnonzero((charges(particles.pdg) != 0) & ~particles.of(11))
    tracks = particles.select(charged)
    found = passes(rng, probability(response.tracks.efficiency, tracks.pt, tracks.eta))
    left = np.ones(len(particles.pt), np.bool_)
    left[charged[found]] = False
    tracks = tracks.select(found)
    pt = smear(rng, tracks.pt, deviation(response.tracks.resolution, tracks.pt, tracks.eta))
    return tracks._replace(pt=pt, energy=tracks.energy * pt / tracks.pt), left


def isolated(
    candidates: Particles, everything: Particles, density: Array | None, isolation: Isolation | None
) -> NDArray[np.bool_]:
    """Return which candidates are isolated.

    Args:
        candidates: The candidates.
        everything: What counts around them, the candidates included.
        density: To be subtracted from the cone, or ``None``.
        isolation: The requirement, or ``None``.
    """
    if isolation is None:
        return np.ones(len(candidates.pt), np.bool_)
    counted = everything.select(everything.pt >= isolation.pt_min)
    start = np.searchsorted(counted.event, candidates.event, side="left")
    size = np.searchsorted(counted.event, candidates.event, side="right") - start
    owner = np.repeat(np.arange(len(size)), size)
    other = np.arange(size.sum()) + np.repeat(start - (np.cumsum(size) - size), size)
    distance2 = (counted.eta[other] - candidates.eta[owner]) ** 2
    distance2 += delta_phi(counted.phi[other], candidates.phi[owner]) ** 2
    inside = distance2 < isolation.radius**2
    around = np.bincount(owner[inside], weights=counted.pt[other][inside], minlength=len(size)) - candidates.pt
    if density is not None:
        around -= np.pi * isolation.radius**2 * density_at(density, candidates.event, candidates.eta)
    return around <= isolation.ratio_max * candidates.pt


def find_jets(seen: Particles, view: View, events: int, response: Response) -> Particles:
    """Find jets, take off what other collisions bring, correct the scale and apply the acceptance.

    Args:
        seen: What jets are made of.
        view: With the density where it is to be subtracted.
        events: Number of events in the batch.
        response: The detector.
    """
    jets = cluster(seen, events, response.jets.radius, 0.5 * response.jets.pt_min)
    jets = jets.select(np.abs(jets.eta) < response.jets.eta_max)
    pt = jets.pt
    if view.density is not None and response.pileup.method == "median":
        pt = pt - response.jet_area * density_at(view.density, jets.event, jets.eta)
    elif view.density is not None:
        pt = pt - donuts(view.others, jets, events, response)
    if response.jets.scale is not None:
        a, b = response.jets.scale
        pt = pt * np.sqrt((a - b * np.abs(jets.eta)) ** 2 / np.maximum(pt, 1e-3) + 1.0)
    return jets._replace(pt=pt).select(pt >= response.jets.pt_min)


def missing_momentum(seen: Particles, events: int, response: Response) -> NDArray[np.float32]:
    """Return pT and φ of the missing transverse momentum, shape (events, 2)."""
    kept = np.abs(seen.eta) < response.met.eta_max
    if not response.met.muons:
        kept &= ~seen.of(13)
    x, y = (
        -np.bincount(seen.event[kept], weights=(seen.pt * direction(seen.phi))[kept], minlength=events)
        for direction in (np.cos, np.sin)
    )
    return np.stack([np.hypot(x, y), np.arctan2(y, x)], axis=1).astype(np.float32)


def scalar_sums(seen: Particles, jets: Particles, events: int, response: Response) -> NDArray[np.float32]:
    """Return the sums of pT of tracks and towers, and of jets, shape (events, 2)."""
    of_jets = (jets.pt >= response.sums.ht_pt_min) & (np.abs(jets.eta) < response.sums.ht_eta_max)
    of_seen = (np.abs(seen.eta) < response.sums.et_eta_max) & ~seen.of(13)
    et, ht = (
        np.bincount(objects.event[mask], weights=objects.pt[mask], minlength=events)
        for objects, mask in ((seen, of_seen), (jets, of_jets))
    )
    return np.stack([et, ht], axis=1).astype(np.float32)


def tag_taus(
    rng: np.random.Generator, jets: Particles, taus: tuple[NDArray[np.intp], Array, Array], response: Response
) -> Particles:
    """Tag jets as hadronic taus: real ones with the efficiency, others with the fake rate.

    Args:
        rng: Source of randomness.
        jets: The jets.
        taus: Event, η and φ of the taus of the simulation (`hadronic_taus`).
        response: With [taus].
    """
    assert response.taus is not None
    jets = jets.select(np.abs(jets.eta) < response.taus.eta_max)
    event, eta, phi = taus
    distance2 = (jets.eta[:, None] - eta) ** 2 + delta_phi(jets.phi[:, None], phi) ** 2
    real = ((jets.event[:, None] == event) & (distance2 < response.taus.radius**2)).any(axis=1)
    return jets.select(passes(rng, np.where(real, response.taus.efficiency, response.taus.fake_rate)))

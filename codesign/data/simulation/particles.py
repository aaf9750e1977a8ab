"""Particles of a batch of events as flat arrays, and the lists of objects found in them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.features.kinematics import Array

MAX_ETA = 5.2  # nothing beyond is seen by any response
_NEUTRINOS = (12, 14, 16)
# Stable charged particles at Pythia's default lifetimes; the sign is that of the positive code.
_CHARGES = {11: -1, 13: -1, 211: 1, 321: 1, 2212: 1, 3112: -1, 3222: 1, 3312: -1, 3334: -1}


class Particles(NamedTuple):
    """Visible particles, or what a detector made of them; one entry each, ordered by event.

    Attributes:
        event: number of the event in the batch.
        pdg: PDG code; 0 for a tower.
        pt: GeV.
        eta: pseudorapidity.
        phi: azimuth in rad.
        energy: GeV.
        pileup: whether it comes from another collision of the crossing.
    """

    event: NDArray[np.intp]
    pdg: NDArray[np.int32]
    pt: Array
    eta: Array
    phi: Array
    energy: Array
    pileup: NDArray[np.bool_]

    def select(self, mask: NDArray[Any]) -> "Particles":
        """Return those of a mask or index."""
        return Particles(*(values[mask] for values in self))

    def of(self, pdg: int) -> NDArray[np.bool_]:
        """Return which are of a kind, particle or antiparticle."""
        mask: NDArray[np.bool_] = np.abs(self.pdg) == pdg
        return mask


def join(*parts: Particles) -> Particles:
    """Put lists together, ordered by event; within an event in the order of the arguments."""
    size = sum(len(part.event) for part in parts)
    where = places(*parts)
    columns = []
    for values in zip(*parts, strict=True):
        column = np.empty(size, values[0].dtype)
        for place, given in zip(where, values, strict=True):
            column[place] = given
        columns.append(column)
    return Particles(*columns)


def places(*parts: Particles) -> list[NDArray[np.intp]]:
    """Return where `join` puts the entries of each list."""
    events = max((int(part.event[-1]) + 1 for part in parts if len(part.event)), default=0)
    sizes = np.array([np.bincount(part.event, minlength=events) for part in parts])
    # An event begins behind all lists of the earlier ones; within it, a list begins behind the earlier lists.
    begin = (np.cumsum(sizes.sum(axis=0)) - sizes.sum(axis=0)) + np.cumsum(sizes, axis=0) - sizes
    shift = begin - (np.cumsum(sizes, axis=1) - sizes)
    return [np.arange(len(part.event)) + shift[i][part.event] for i, part in enumerate(parts)]


def visible_particles(batch: Any) -> Particles:
    """Collect the visible particles of the final state within |η| < 5.2.

    Args:
        batch: Events from `codesign.data.simulation.generator.event_batches`.
    """
    import awkward as ak

    counts = np.asarray(ak.num(batch.prt))
    flat = ak.flatten(batch.prt)
    pdg, status = np.asarray(flat.id), np.asarray(flat.status)
    seen = np.flatnonzero((status > 0) & ~np.isin(np.abs(pdg), _NEUTRINOS))
    px, py, pz, energy = (np.asarray(flat.p[name])[seen] for name in ("px", "py", "pz", "e"))
    pt = np.hypot(px, py)
    # |η| < c is |pz| < pT sinh(c), which needs no logarithm of a vanishing pT.
    inside = np.abs(pz) < pt * np.sinh(MAX_ETA)
    seen, px, py, pz, pt, energy = (values[inside] for values in (seen, px, py, pz, pt, energy))
    event = np.repeat(np.arange(len(counts)), counts)[seen]
    return Particles(
        event, pdg[seen], pt, np.arcsinh(pz / pt), np.arctan2(py, px), energy, np.zeros(len(seen), np.bool_)
    )


def charges(pdg: NDArray[np.int32]) -> NDArray[np.int8]:
    """Return the electric charges, −1, 0 or 1, of stable particles."""
    result = np.zeros(len(pdg), np.int8)
    for code, charge in _CHARGES.items():
        result[pdg == code] = charge
        result[pdg == -code] = -charge
    return result


def hadronic_taus(batch: Any) -> tuple[NDArray[np.intp], Array, Array]:
    """Find the taus of the event record that decay to hadrons.

    Returns:
        Event number, η and φ of each tau.
    """
    import awkward as ak

    counts = np.asarray(ak.num(batch.prt))
    flat = ak.flatten(batch.prt)
    pdg = np.abs(np.asarray(flat.id))
    start = np.repeat(np.cumsum(counts) - counts, counts)
    first, last = (np.asarray(flat[name]) + start for name in ("daughter1", "daughter2"))
    decayed = np.flatnonzero((pdg == 15) & (np.asarray(flat.status) < 0))
    hadronic = [i for i in decayed if not np.isin(pdg[first[i] : last[i] + 1], (11, 13, 15)).any()]
    px, py, pz = (np.asarray(flat.p[name])[hadronic] for name in ("px", "py", "pz"))
    event = np.repeat(np.arange(len(counts)), counts)[hadronic]
    return event, np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)


def leading(particles: Particles, events: int, slots: int) -> NDArray[np.float32]:
    """Arrange objects in slots per event.

    Args:
        particles: The objects.
        events: Number of events in the batch.
        slots: Number of slots.

    Returns:
        pT, η, φ of shape (events, slots, 3) in decreasing pT, zero where there is none.
    """
    order = np.lexsort((-particles.pt, particles.event))
    event = particles.event[order]
    rank = np.arange(len(event)) - np.searchsorted(event, event)
    kept = order[rank < slots]
    result = np.zeros((events, slots, 3), np.float32)
    place = particles.event[kept], rank[rank < slots]
    for column, values in enumerate((particles.pt, particles.eta, particles.phi)):
        result[(*place, column)] = values[kept]
    return result

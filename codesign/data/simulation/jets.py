"""Jets in simulated events: anti-kT clustering, matching to the hard process, mass-drop grooming."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codesign.features.kinematics import (
    Array,
    azimuth,
    delta_phi,
    pseudorapidity,
    transverse_momentum,
)

JET_RADIUS = 0.8
MASS_DROP_CUT = 0.1
MAX_PARTICLE_ETA = 5.0
MAX_JET_ETA = 2.5
PT_WINDOW = 0.2  # a jet has its pT within this fraction of the wanted one
N_CONSTITUENTS = 16
N_SUBJETS = (1, 2, 3)

_COMPONENTS = ("px", "py", "pz", "E")
_NEUTRINOS = (12, 14, 16)
_HARD_PROCESS_STATUS = (22, 23)  # intermediate and outgoing particles of the hard process (Pythia 8 manual)
_RECLUSTERING_RADIUS = 10.0  # larger than any jet, so that reclustering cannot split one


class Jet(NamedTuple):
    """A jet as the four-vectors (px, py, pz, E) in GeV of its particles.

    Attributes:
        constituents: All particles, shape (n, 4).
        groomed: Those left after modified mass drop, shape (m, 4).
    """

    constituents: Array
    groomed: Array


def find_jets(events: Any, particle_ids: tuple[int, ...], pt_gev: float) -> list[Jet]:
    """Find the leading jets that come from the wanted particles.

    Visible final-state particles with |η| < 5 are clustered with anti-kT, R = 0.8 (Cacciari, Salam,
    Soyez, arXiv:0802.1189). Of the two leading jets of an event those are kept that have |η| < 2.5,
    a pT within 20 % of the wanted one, and a wanted particle of the hard process within ΔR < 0.8.

    Args:
        events: Batch from `codesign.data.simulation.generator.event_batches`.
        particle_ids: Absolute PDG codes of the wanted particles.
        pt_gev: Wanted jet pT in GeV.

    Returns:
        The jets in the order of the events, leading jet first.
    """
    jets, events_of_jets = _leading_jets(_visible(events), (1.0 - PT_WINDOW) * pt_gev)
    partons = _partons(events, particle_ids)
    return [
        Jet(jet, _groom(jet))
        for jet, event in zip(jets, events_of_jets, strict=True)
        if _is_wanted(jet, partons[event], pt_gev)
    ]


def leading_constituents(constituents: Array) -> Array:
    """Describe the particles of highest pT relative to the jet axis.

    Args:
        constituents: Four-vectors in GeV, shape (n, 4).

    Returns:
        pT in GeV, Δη and Δφ (rad), shape (16, 3), in decreasing pT, zero where the jet has fewer.
    """
    axis = constituents.sum(axis=0)
    pt = transverse_momentum(constituents)
    order = np.argsort(-pt, kind="stable")[:N_CONSTITUENTS]
    chosen = constituents[order]
    result = np.zeros((N_CONSTITUENTS, 3))
    result[: len(order), 0] = pt[order]
    result[: len(order), 1] = pseudorapidity(chosen) - pseudorapidity(axis)
    result[: len(order), 2] = delta_phi(azimuth(chosen), azimuth(axis))
    return result


def jet_nsubjettiness(jets: list[Array]) -> Array:
    """Compute N-subjettiness (Thaler, Van Tilburg, arXiv:1011.2268) with β = 1 and R₀ = 0.8.

    The axes are those of exclusive kT jets with winner-take-all recombination (arXiv:1401.2158), not
    moved afterwards, as in the FastJet contrib package; all constituents, ungroomed.

    Args:
        jets: Four-vectors in GeV of the constituents, one array of shape (n, 4) per jet.

    Returns:
        τ₁, τ₂, τ₃, τ₂/τ₁, τ₃/τ₂, shape (jets, 5), always finite: τ_N is zero for a jet of at most N
        constituents, a ratio is zero where its denominator is.
    """
    import fastjet

    if not jets:
        return np.zeros((0, 5))
    sizes = np.array([len(jet) for jet in jets])
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, _RECLUSTERING_RADIUS)
    sequence = fastjet.ClusterSequence(_records(np.concatenate(jets), sizes), definition)
    found = sequence.njettiness("NormalizedMeasure", "WTA_KT_Axes", list(N_SUBJETS), 1.0, JET_RADIUS)
    tau = np.where(sizes[:, np.newaxis] > np.array(N_SUBJETS), np.asarray(found, np.float64), 0.0)
    ratio = np.divide(tau[:, 1:], tau[:, :-1], out=np.zeros_like(tau[:, 1:]), where=tau[:, :-1] > 0.0)
    return np.concatenate([tau, ratio], axis=1)


def _visible(events: Any) -> Any:
    """Return px, py, pz, E of the final-state particles that a detector could see."""
    import awkward as ak

    particles = events.prt
    pdg = abs(particles.id)
    visible = particles.status > 0
    for neutrino in _NEUTRINOS:
        visible = visible & (pdg != neutrino)
    momentum = particles.p
    # |η| < c is |pz| < pT sinh(c), which needs no logarithm of a vanishing pT.
    visible = visible & (abs(momentum.pz) < np.hypot(momentum.px, momentum.py) * np.sinh(MAX_PARTICLE_ETA))
    seen = momentum[visible]
    return ak.zip({"px": seen.px, "py": seen.py, "pz": seen.pz, "E": seen.e})


def _leading_jets(particles: Any, min_pt: float) -> tuple[list[Array], NDArray[np.intp]]:
    """Return the constituents of the at most two leading jets per event above ``min_pt`` GeV, and their events."""
    import awkward as ak
    import fastjet

    sequence = fastjet.ClusterSequence(particles, fastjet.JetDefinition(fastjet.antikt_algorithm, JET_RADIUS))
    jets = sequence.inclusive_jets(min_pt=min_pt)
    order = ak.argsort(np.hypot(jets.px, jets.py), ascending=False, stable=True)[:, :2]
    leading = sequence.constituents(min_pt=min_pt)[order]
    events = np.repeat(np.arange(len(leading)), np.asarray(ak.num(leading)))
    return _momenta(ak.flatten(leading, axis=1)), events


def _groom(constituents: Array) -> Array:
    """Return the constituents after modified mass drop (Dasgupta et al., arXiv:1307.0007).

    This is soft drop with β = 0 (Larkoski et al., arXiv:1402.2657) on the Cambridge/Aachen tree. The
    tree is walked here, along the harder branch: the batch function of FastJet's Python package
    needs twice the time.
    """
    import fastjet

    particles = []
    for index, momentum in enumerate(constituents.tolist()):
        particle = fastjet.PseudoJet(*momentum)
        particle.set_user_index(index)
        particles.append(particle)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, _RECLUSTERING_RADIUS)
    sequence = fastjet.ClusterSequence(particles, definition)
    jet = sequence.exclusive_jets(1)[0]
    while True:
        first, second = fastjet.PseudoJet(), fastjet.PseudoJet()
        if not jet.has_parents(first, second):
            break
        pt, other = first.perp(), second.perp()
        if min(pt, other) > MASS_DROP_CUT * (pt + other):
            break
        jet = first if pt >= other else second
    return constituents[sorted(particle.user_index() for particle in jet.constituents())]


def _partons(events: Any, particle_ids: tuple[int, ...]) -> list[Array]:
    """Return, per event, the four-vectors of the wanted particles of the hard process."""
    import awkward as ak

    particles = events.prt
    status, pdg = abs(particles.status), abs(particles.id)
    hard = (status == _HARD_PROCESS_STATUS[0]) | (status == _HARD_PROCESS_STATUS[1])
    wanted = ak.zeros_like(pdg, dtype=bool)
    for code in particle_ids:
        wanted = wanted | (pdg == code)
    momentum = particles.p[hard & wanted]
    return _momenta(ak.zip({"px": momentum.px, "py": momentum.py, "pz": momentum.pz, "E": momentum.e}))


def _is_wanted(constituents: Array, partons: Array, pt_gev: float) -> bool:
    axis = constituents.sum(axis=0)
    if abs(transverse_momentum(axis) - pt_gev) > PT_WINDOW * pt_gev or abs(pseudorapidity(axis)) > MAX_JET_ETA:
        return False
    delta_eta = pseudorapidity(partons) - pseudorapidity(axis)
    distance = np.hypot(delta_eta, delta_phi(azimuth(partons), azimuth(axis)))
    return bool((distance < JET_RADIUS).any())


def _momenta(records: Any) -> list[Array]:
    """Convert lists of Awkward records with px, py, pz, E to one array of shape (n, 4) per list."""
    import awkward as ak

    flat = ak.flatten(records, axis=1)
    momenta = np.stack([np.asarray(flat[name], np.float64) for name in _COMPONENTS], axis=1)
    ends = np.cumsum(np.asarray(ak.num(records)))
    return [momenta[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _records(momenta: Array, sizes: ArrayLike) -> Any:
    """Convert four-vectors of shape (n, 4) to lists of Awkward records of the given lengths."""
    import awkward as ak

    return ak.unflatten(ak.zip({name: momenta[:, i] for i, name in enumerate(_COMPONENTS)}), np.asarray(sizes))

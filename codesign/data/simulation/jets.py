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
    jets, events_of_jets = _leading_jets(*_visible(events), (1.0 - PT_WINDOW) * pt_gev)
    partons = _partons(events, particle_ids)
    wanted = [jets[i] for i in _wanted(jets, [partons[event] for event in events_of_jets], pt_gev)]
    return [Jet(*both) for both in zip(wanted, mass_drop(wanted), strict=True)]


def mass_drop(jets: list[Array]) -> list[Array]:
    """Groom jets with modified mass drop, z_cut = 0.1 (Dasgupta et al., arXiv:1307.0007).

    This is soft drop with β = 0 (Larkoski et al., arXiv:1402.2657) on the Cambridge/Aachen tree,
    followed along the harder branch. All trees are made in one call and walked here together: FastJet's
    own function for this needs several times longer.

    Args:
        jets: Four-vectors in GeV of the constituents, one array of shape (n, 4), n ≥ 1, per jet.

    Returns:
        The constituents that are left of each, in the order they came in, shape (m, 4), m ≥ 1.
    """
    import awkward as ak

    if not jets:
        return []
    sizes = np.array([len(jet) for jet in jets])
    sequence = _cambridge_aachen(jets)
    nodes = sequence.jets()
    pt = np.hypot(np.asarray(ak.flatten(nodes.px)), np.asarray(ak.flatten(nodes.py)))
    trees = np.asarray(ak.flatten(sequence.unique_history_order()))
    # A tree of n particles has n − 1 mergers, and its history one step more: the end of the last jet.
    kept, of_jet = _survivors(np.delete(trees, np.cumsum(2 * sizes) - 1), pt, sizes)
    particles = np.sort((np.cumsum(sizes) - sizes)[of_jet] + kept)
    return _split(np.concatenate(jets)[particles], np.bincount(of_jet, minlength=len(jets)))


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
    if not jets:
        return np.zeros((0, 5))
    sizes = np.array([len(jet) for jet in jets])
    found = _cambridge_aachen(jets).njettiness("NormalizedMeasure", "WTA_KT_Axes", list(N_SUBJETS), 1.0, JET_RADIUS)
    tau = np.where(sizes[:, np.newaxis] > np.array(N_SUBJETS), np.asarray(found, np.float64), 0.0)
    ratio = np.divide(tau[:, 1:], tau[:, :-1], out=np.zeros_like(tau[:, 1:]), where=tau[:, :-1] > 0.0)
    return np.concatenate([tau, ratio], axis=1)


def _visible(events: Any) -> tuple[Array, NDArray[np.intp]]:
    """Return px, py, pz, E of the final-state particles that a detector could see, and their number per event."""
    import awkward as ak

    particles = ak.flatten(events.prt)
    final = np.flatnonzero(np.asarray(particles.status) > 0)
    momenta = _momenta(particles.p, final)
    # |η| < c is |pz| < pT sinh(c), which needs no logarithm of a vanishing pT.
    seen = np.abs(momenta[:, 2]) < np.hypot(momenta[:, 0], momenta[:, 1]) * np.sinh(MAX_PARTICLE_ETA)
    seen &= ~np.isin(np.abs(np.asarray(particles.id)[final]), _NEUTRINOS)
    return momenta[seen], np.bincount(_event_of_particle(events)[final[seen]], minlength=len(events))


def _leading_jets(momenta: Array, sizes: NDArray[np.intp], min_pt: float) -> tuple[list[Array], NDArray[np.intp]]:
    """Return the constituents of the at most two leading jets per event above ``min_pt`` GeV, and their events."""
    import awkward as ak
    import fastjet

    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, JET_RADIUS)
    sequence = fastjet.ClusterSequence(_records(momenta, sizes), definition)
    jets = sequence.inclusive_jets(min_pt=min_pt)
    order = ak.argsort(np.hypot(jets.px, jets.py), ascending=False, stable=True)[:, :2]
    leading = sequence.constituent_index(min_pt=min_pt)[order]
    events = np.repeat(np.arange(len(leading)), np.asarray(ak.num(leading)))
    of_jets = ak.flatten(leading, axis=1)
    sizes_of_jets = np.asarray(ak.num(of_jets))
    first = np.repeat((np.cumsum(sizes) - sizes)[events], sizes_of_jets)
    return _split(momenta[first + np.asarray(ak.flatten(of_jets))], sizes_of_jets), events


def _cambridge_aachen(jets: list[Array]) -> Any:
    """Return FastJet's Cambridge/Aachen clustering of each jet."""
    import fastjet

    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, _RECLUSTERING_RADIUS)
    return fastjet.ClusterSequence(_records(np.concatenate(jets), [len(jet) for jet in jets]), definition)


def _survivors(
    trees: NDArray[np.int32], pt: Array, sizes: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Follow the harder branch of each tree down to the first balanced splitting.

    Args:
        trees: Node numbers in postorder (both branches, then their merger), 2n − 1 for each jet; its
            particles are 0 … n − 1.
        pt: pT of each node in GeV, by its number, jet after jet.
        sizes: Number of particles n of each jet.

    Returns:
        The particles below these splittings, and the jet of each.
    """
    lengths = 2 * sizes - 1
    begin, end = np.cumsum(lengths) - lengths, np.cumsum(lengths) - 1
    jet, place = np.repeat(np.arange(len(sizes)), lengths), np.arange(len(trees))
    is_leaf, pt = trees < sizes[jet], pt[begin[jet] + trees]
    starts = _branch_starts(is_leaf)
    active = np.flatnonzero(~is_leaf[end])
    while len(active):
        second = end[active] - 1  # the second branch of a merger ends just before it, the first before the second
        first = starts[second] - 1
        first_pt, second_pt = pt[first], pt[second]
        soft = np.minimum(first_pt, second_pt) <= MASS_DROP_CUT * (first_pt + second_pt)
        into_first = first_pt >= second_pt
        begin[active] = np.where(soft & ~into_first, first + 1, begin[active])
        end[active] = np.where(soft, np.where(into_first, first, second), end[active])
        active = active[soft & ~is_leaf[end[active]]]
    kept = is_leaf & (place >= begin[jet]) & (place <= end[jet])
    return trees[kept], jet[kept]


def _branch_starts(is_leaf: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return where the subtree begins that ends at each place of trees in postorder."""
    place = np.arange(len(is_leaf))
    # How many subtrees are open after a step; one begins behind the last place where one less was.
    is_open = np.cumsum(np.where(is_leaf, 1, -1))
    by_level = np.sort(is_open * len(place) + place)
    wanted = (is_open - 1) * len(place) + place
    last = by_level[np.searchsorted(by_level, wanted) - 1]
    return np.where(last // len(place) == is_open - 1, last % len(place) + 1, 0)


def _partons(events: Any, particle_ids: tuple[int, ...]) -> list[Array]:
    """Return, per event, the four-vectors of the wanted particles of the hard process."""
    import awkward as ak

    particles = ak.flatten(events.prt)
    hard = np.flatnonzero(np.isin(np.abs(np.asarray(particles.status)), _HARD_PROCESS_STATUS))
    wanted = hard[np.isin(np.abs(np.asarray(particles.id)[hard]), particle_ids)]
    sizes = np.bincount(_event_of_particle(events)[wanted], minlength=len(events))
    return _split(_momenta(particles.p, wanted), sizes)


def _wanted(jets: list[Array], partons: list[Array], pt_gev: float) -> list[int]:
    """Return which jets have the wanted pT and a wanted particle nearby."""
    axes = np.array([jet.sum(axis=0) for jet in jets]).reshape(-1, 4)
    eta, phi = pseudorapidity(axes), azimuth(axes)
    inside = (np.abs(transverse_momentum(axes) - pt_gev) <= PT_WINDOW * pt_gev) & (np.abs(eta) <= MAX_JET_ETA)
    sizes = np.array([len(found) for found in partons], np.intp) * inside
    jet = np.repeat(np.arange(len(jets)), sizes)
    near = np.concatenate([np.zeros((0, 4)), *(found for found, keep in zip(partons, inside, strict=True) if keep)])
    distance = np.hypot(pseudorapidity(near) - eta[jet], delta_phi(azimuth(near), phi[jet]))
    return [int(i) for i in np.unique(jet[distance < JET_RADIUS])]


def _event_of_particle(events: Any) -> NDArray[np.intp]:
    """Return the number of the event of each entry of the flattened event records."""
    import awkward as ak

    return np.repeat(np.arange(len(events)), np.asarray(ak.num(events.prt)))


def _momenta(momenta: Any, chosen: NDArray[np.intp]) -> Array:
    """Return px, py, pz, E of some entries of Pythia's flattened four-vectors, shape (n, 4)."""
    return np.stack([np.asarray(momenta[name], np.float64)[chosen] for name in ("px", "py", "pz", "e")], axis=1)


def _split(values: NDArray[Any], sizes: NDArray[np.intp]) -> list[NDArray[Any]]:
    """Cut an array into pieces of the given lengths."""
    ends = np.cumsum(sizes)
    return [values[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _records(momenta: Array, sizes: ArrayLike) -> Any:
    """Convert four-vectors of shape (n, 4) to lists of Awkward records of the given lengths."""
    import awkward as ak

    return ak.unflatten(ak.zip({name: momenta[:, i] for i, name in enumerate(_COMPONENTS)}), np.asarray(sizes))

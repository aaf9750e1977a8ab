"""Anti-kT clustering of a batch of events with FastJet."""

import numpy as np

from codesign.data.simulation.particles import Particles


def cluster(seen: Particles, events: int, radius: float, pt_min: float) -> Particles:
    """Cluster with anti-kT (Cacciari, Salam, Soyez, arXiv:0802.1189; FastJet, arXiv:1111.6097).

    Args:
        seen: Tracks, towers and particles, ordered by event.
        events: Number of events in the batch.
        radius: R.
        pt_min: Smallest pT of a jet in GeV.

    Returns:
        Jets (PDG code 0), ordered by event.
    """
    import awkward as ak
    import fastjet

    if len(seen.pt) == 0:
        return seen
    record = {
        "px": seen.pt * np.cos(seen.phi),
        "py": seen.pt * np.sin(seen.phi),
        "pz": seen.pt * np.sinh(seen.eta),
        "E": seen.energy,
    }
    lists = ak.unflatten(ak.zip(record), np.bincount(seen.event, minlength=events))
    found = fastjet.ClusterSequence(lists, fastjet.JetDefinition(fastjet.antikt_algorithm, radius)).inclusive_jets(
        min_pt=pt_min
    )
    counts = np.asarray(ak.num(found))
    flat = ak.flatten(found)
    px, py, pz, energy = (np.asarray(flat[name], np.float64) for name in ("px", "py", "pz", "E"))
    pt = np.hypot(px, py)
    return Particles(
        np.repeat(np.arange(events), counts),
        np.zeros(len(pt), np.int32),
        pt,
        np.arcsinh(pz / pt),
        np.arctan2(py, px),
        energy,
        np.zeros(len(pt), np.bool_),
    )

"""The pieces of a jet production: what each has, its seed, and how it is made."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.generator import event_batches
from codesign.data.simulation.jets import find_jets, jet_nsubjettiness, leading_constituents
from codesign.data.simulation.parts import Chunk, plan_chunks
from codesign.data.simulation.processes import process_named
from codesign.data.simulation.seeds import pythia_seed
from codesign.errors import CodesignError
from codesign.features.high_level import high_level_features_of_jets
from codesign.features.kinematics import Array

__all__ = ["JETS_PER_CHUNK", "Chunk", "JetArrays", "chunk_seed", "make_jets", "plan_jets", "simulate_chunk"]

JETS_PER_CHUNK = 500  # a few seconds: little is lost when a production is stopped
_MAX_EVENTS_PER_JET = 200


class JetArrays(NamedTuple):
    """Jets as stored.

    Attributes:
        high_level: Features in the order of `HIGH_LEVEL_FEATURES`, float32 (n, 16).
        constituents: pT in GeV, Δη, Δφ of the leading particles, float32 (n, 16, 3).
        nsubjettiness: In the order of `NSUBJETTINESS`, float32 (n, 5); without columns unless asked for.
    """

    high_level: NDArray[np.float32]
    constituents: NDArray[np.float32]
    nsubjettiness: NDArray[np.float32]


def plan_jets(jets: int, classes: Sequence[str]) -> list[Chunk]:
    """Divide a production of jets into pieces, equal numbers per class up to one jet.

    Args:
        jets: Number of jets in all.
        classes: Class names.

    Returns:
        The pieces, classes in turn.
    """
    shares = {name: jets // len(classes) + (i < jets % len(classes)) for i, name in enumerate(classes)}
    return plan_chunks(shares, dict.fromkeys(classes, JETS_PER_CHUNK))


def chunk_seed(seed: int, chunk: Chunk) -> int:
    """Derive Pythia's seed, 1 to 900,000,000, of a piece from the seed of the production.

    It depends on the class and the number of the piece only: not on the number of processes, of
    jets, or on the other classes.
    """
    return pythia_seed(seed, process_named(chunk.class_name).number, chunk.index)


def simulate_chunk(chunk: Chunk, *, seed: int, pt_gev: float, nsubjettiness: bool = False) -> JetArrays:
    """Generate the jets of a piece.

    Args:
        chunk: Which piece.
        seed: Seed of the whole production.
        pt_gev: Wanted jet pT in GeV.
        nsubjettiness: Whether to compute N-subjettiness too.

    Returns:
        Exactly ``chunk.size`` jets.

    Raises:
        CodesignError: The generator fails, or hardly any event has a wanted jet.
    """
    process = process_named(chunk.class_name)
    features: list[Array] = []
    constituents: list[Array] = []
    subjets: list[Array] = []
    events = 0
    settings = process.pythia_settings(pt_gev, chunk_seed(seed, chunk))
    for batch in event_batches(process.name, settings, hint=f"for jets of {pt_gev:g} GeV"):
        jets = find_jets(batch, process.particle_ids, pt_gev)
        features.extend(high_level_features_of_jets(jets))
        constituents.extend(leading_constituents([jet.constituents for jet in jets]))
        if nsubjettiness:
            subjets.append(jet_nsubjettiness([jet.constituents for jet in jets]))
        events += len(batch)
        if len(features) >= chunk.size:
            break
        if events > _MAX_EVENTS_PER_JET * max(len(features), 10):
            raise CodesignError(
                f"process {process.name}: {events} events gave only {len(features)} jets near {pt_gev:g} GeV; "
                "choose another pt_gev"
            )
    taus = np.concatenate(subjets) if nsubjettiness else np.zeros((len(features), 0))
    return JetArrays(*(np.array(values[: chunk.size], np.float32) for values in (features, constituents, taus)))


def make_jets(chunk: Chunk, *, seed: int, pt_gev: float, nsubjettiness: bool) -> dict[str, NDArray[np.float32]]:
    """Generate the jets of a piece as arrays by name, for the production engine."""
    return simulate_chunk(chunk, seed=seed, pt_gev=pt_gev, nsubjettiness=nsubjettiness)._asdict()

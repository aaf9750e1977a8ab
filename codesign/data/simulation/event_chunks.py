"""The pieces of an event production: what is kept, and how a piece is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.detector import (
    Candidates,
    find_jets,
    find_leptons,
    isolated,
    missing_momentum,
    scalar_sums,
    tag_taus,
    view_of,
)
from codesign.data.simulation.event_processes import EventProcess
from codesign.data.simulation.generator import event_batches
from codesign.data.simulation.particles import Particles, hadronic_taus, join, leading, places, visible_particles
from codesign.data.simulation.parts import Chunk
from codesign.data.simulation.pileup import draw_pileup, load_library
from codesign.data.simulation.redecay import HeavyDecays, one_per_collision
from codesign.data.simulation.response import Response
from codesign.data.simulation.seeds import DECAY_KEY, DETECTOR_KEY, pythia_seed, stream
from codesign.errors import CodesignError

# The cuts of arXiv:2107.02157 as its authors' code has them: threshold and jets in github.com/toa-p/l1_anomaly_ae,
# dnn/functions.py, prepare_data_forZenodo; electrons and muons where that file maps the output of a network to |eta|.
TRIGGER_PT = 23.0  # GeV, of at least one electron or muon
# Acceptance of the objects in the data set; that of the response may be smaller.
MAX_ETA = {"electrons": 3.0, "muons": 2.1, "jets": 4.0, "taus": 4.0, "photons": 3.0}
SLOTS = {"electrons": 4, "muons": 4, "jets": 10, "taus": 4, "photons": 4}
_MAX_GENERATED_PER_KEPT = 5000
_MARGIN = 0.75  # no detector measures a lepton of less pT than this above the threshold

Blocks = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class EventRecipe:
    """What makes the events of a production, apart from which piece it is.

    Attributes:
        seed: Seed of the production.
        response: Detector and trigger.
        extra_objects: Blocks beside the standard ones.
        processes: Known processes by name.
        pileup: Mean number of other collisions.
        parts: Work directory, where the library of collisions lies.
        library: Pieces of the library; empty without pile-up.
    """

    seed: int
    response: Response
    extra_objects: tuple[str, ...]
    processes: Mapping[str, EventProcess]
    pileup: float
    parts: Path
    library: tuple[Chunk, ...]

    @property
    def subtracts(self) -> bool:
        """Whether the density of other collisions is taken off."""
        treatment = self.response.pileup
        return treatment.method != "none" and (self.pileup > 0.0 or treatment.always)


def make_events(chunk: Chunk, *, recipe: EventRecipe) -> Blocks:
    """Generate the events of a piece, for the production engine.

    Args:
        chunk: Which piece; the class name is that of a process.
        recipe: How.

    Returns:
        The blocks of exactly ``chunk.size`` events, ``generated``: how many collisions had been
        generated when each was kept, and ``weight``, relative to the others of its process.

    Raises:
        CodesignError: The generator fails, or hardly any event is kept.
    """
    process = recipe.processes[chunk.class_name]
    settings = process.pythia_settings(pythia_seed(recipe.seed, process.number, chunk.index))
    decays = heavy_decays(process, pythia_seed(recipe.seed, process.number, chunk.index, DECAY_KEY))
    rng = stream(recipe.seed, process.number, chunk.index, DETECTOR_KEY)
    found: list[Blocks] = []
    kept = generated = 0
    for batch in event_batches(process.name, settings):
        blocks = keep_events(rng, batch, recipe, decays)
        blocks["generated"] += generated + 1
        found.append(blocks)
        generated += len(batch)
        kept += len(blocks["generated"])
        if kept >= chunk.size:
            break
        if generated > _MAX_GENERATED_PER_KEPT * max(kept, 5):
            raise CodesignError(
                f"process {process.name}: only {kept} of {generated:,} generated events have an electron or muon above "
                f"{TRIGGER_PT:g} GeV; such a process cannot be produced with this selection"
            )
    return {name: np.concatenate([blocks[name] for blocks in found])[: chunk.size] for name in found[0]}


def heavy_decays(process: EventProcess, seed: int) -> HeavyDecays | None:
    """Return what decays the heavy hadrons of a process, or ``None`` if its collisions have their decays."""
    if process.decays == 1:
        return None
    return HeavyDecays(process.name, seed, process.decays, _MARGIN * TRIGGER_PT)


def keep_events(rng: np.random.Generator, batch: Any, recipe: EventRecipe, decays: HeavyDecays | None) -> Blocks:
    """Do what `simulate_batch` does, with one event at most of each collision, and its ``weight``."""
    if decays is None:
        blocks = simulate_batch(rng, batch, recipe)
        return {**blocks, "weight": np.ones(len(blocks["generated"]))}
    versions = decays.versions(batch)
    blocks = simulate_batch(rng, versions.batch, recipe)
    blocks["generated"] = versions.origin[blocks["generated"]]
    chosen, weight = one_per_collision(rng, blocks["generated"])
    return {**{name: values[chosen] for name, values in blocks.items()}, "weight": weight}


def simulate_batch(rng: np.random.Generator, batch: Any, recipe: EventRecipe) -> Blocks:
    """Pass a batch of events through detector and selection.

    Most events of most processes have no lepton that could pass; the costly parts, calorimeters and
    jets, are done for the others only.

    Args:
        rng: Source of randomness of detector and pile-up.
        batch: Events from `codesign.data.simulation.generator.event_batches`.
        recipe: How.

    Returns:
        The blocks of the events that pass, and ``generated``, their numbers in the batch.
    """
    particles = visible_particles(batch)
    leptons = {kind: find_leptons(rng, particles, kind, recipe.response) for kind in ("electrons", "muons")}
    chosen = _with_trigger_lepton({kind: found.measured for kind, found in leptons.items()})
    keep = np.isin(particles.event, chosen)
    position = np.cumsum(keep) - 1
    particles = _renumber(particles.select(keep), chosen)
    candidates = {
        kind: _choose(found, np.isin(found.measured.event, chosen), chosen, position) for kind, found in leptons.items()
    }
    candidates["photons"] = find_leptons(rng, particles, "photons", recipe.response)
    if recipe.pileup > 0.0:
        library = load_library(recipe.parts, recipe.library)
        other = draw_pileup(rng, library, len(chosen), recipe.pileup)
        place, _ = places(particles, other)
        candidates = {kind: Candidates(found.measured, place[found.origin]) for kind, found in candidates.items()}
        particles = join(particles, other)
    taus = hadronic_taus(batch[chosen]) if "taus" in recipe.extra_objects else None
    blocks, passed = _reconstruct(rng, particles, candidates, taus, len(chosen), recipe)
    return {**{name: values[passed] for name, values in blocks.items()}, "generated": chosen[passed]}


def _reconstruct(
    rng: np.random.Generator,
    particles: Particles,
    candidates: dict[str, Candidates],
    taus: Any,
    events: int,
    recipe: EventRecipe,
) -> tuple[Blocks, NDArray[np.intp]]:
    """Build all objects; return the blocks, and which events have an isolated lepton above the trigger threshold."""
    response = recipe.response
    view = view_of(rng, particles, candidates, events, response, subtract=recipe.subtracts)
    added = [found.measured for found in candidates.values()] if response.has_particle_flow else []
    seen = join(view.others, *added)
    objects, rejected = {}, []
    for kind, found in candidates.items():
        lepton = getattr(response, kind)
        alone = isolated(found.measured, seen, view.density, lepton.isolation if lepton else None)
        objects[kind] = found.measured.select(alone)
        rejected.append(found.measured.select(~alone))
    passed = _with_trigger_lepton(objects)
    jet_input = seen.select(~seen.of(13)) if response.jets.with_leptons else join(view.others, *rejected)
    wanted = np.isin(jet_input.event, passed)  # jets of the others would be thrown away
    objects["jets"] = find_jets(jet_input.select(wanted), view, events, response)
    if taus is not None:
        objects["taus"] = tag_taus(rng, objects["jets"], taus, response)
    # A collision is balanced as a whole: without its tracks its neutral particles would not be.
    blocks = {"met": missing_momentum(join(seen, view.removed), events, response)}
    for kind in ("electrons", "muons", "jets", *recipe.extra_objects):
        if kind == "sums":
            blocks[kind] = scalar_sums(seen, objects["jets"], events, response)
        else:
            inside = objects[kind].select(np.abs(objects[kind].eta) < MAX_ETA[kind])
            blocks[kind] = leading(inside, events, SLOTS[kind])
    return blocks, passed


def _with_trigger_lepton(leptons: Mapping[str, Particles]) -> NDArray[np.intp]:
    """Return the events, in order, with an electron or muon above the threshold within the acceptance."""
    return np.unique(
        np.concatenate(
            [
                leptons[kind].event[(leptons[kind].pt > TRIGGER_PT) & (np.abs(leptons[kind].eta) < MAX_ETA[kind])]
                for kind in ("electrons", "muons")
            ]
        )
    )


def _renumber(particles: Particles, chosen: NDArray[np.intp]) -> Particles:
    return particles._replace(event=np.searchsorted(chosen, particles.event))


def _choose(
    found: Candidates, mask: NDArray[np.bool_], chosen: NDArray[np.intp], position: NDArray[np.intp]
) -> Candidates:
    """Keep the candidates of the chosen events, with their numbers there."""
    return Candidates(_renumber(found.measured.select(mask), chosen), position[found.origin[mask]])

"""Pile-up: a library of minimum-bias collisions, and their overlay on events."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.event_processes import MINIMUM_BIAS
from codesign.data.simulation.generator import event_batches
from codesign.data.simulation.particles import Particles, visible_particles
from codesign.data.simulation.parts import Chunk, load_chunk, plan_chunks
from codesign.data.simulation.seeds import PILEUP_KEY, pythia_seed
from codesign.errors import DataError

COLLISIONS = 2000  # of the library; rotations and mirror images make many more
_COLLISIONS_PER_CHUNK = 250
_PER_PARTICLE = ("pdg", "pt", "eta", "phi", "energy")


class Library(NamedTuple):
    """Minimum-bias collisions.

    Attributes:
        sizes: Visible particles of each collision.
        particles: All of them, in order; ``event`` is the number of the collision.
    """

    sizes: NDArray[np.int64]
    particles: Particles


def plan_library(collisions: int) -> list[Chunk]:
    """Divide the library into pieces."""
    return plan_chunks({MINIMUM_BIAS.name: collisions}, {MINIMUM_BIAS.name: _COLLISIONS_PER_CHUNK})


def make_collisions(chunk: Chunk, *, seed: int) -> dict[str, NDArray[Any]]:
    """Generate the collisions of a piece, for the production engine.

    Args:
        chunk: Which piece.
        seed: Seed of the production.

    Returns:
        ``count`` per collision, and per particle its PDG code, pT, η, φ and energy (float32).

    Raises:
        CodesignError: The generator fails.
    """
    settings = MINIMUM_BIAS.pythia_settings(pythia_seed(seed, PILEUP_KEY, chunk.index))
    counts, found = [], []
    collisions = 0
    for batch in event_batches(MINIMUM_BIAS.name, settings):
        wanted = batch[: chunk.size - collisions]
        particles = visible_particles(wanted)
        counts.append(np.bincount(particles.event, minlength=len(wanted)))
        found.append(particles)
        collisions += len(wanted)
        if collisions == chunk.size:
            break
    lists = {name: np.concatenate([getattr(p, name) for p in found]) for name in _PER_PARTICLE}
    lists |= {name: lists[name].astype(np.float32) for name in _PER_PARTICLE[1:]}
    return {"count": np.concatenate(counts), **lists}


@lru_cache(maxsize=1)
def load_library(parts: Path, chunks: Sequence[Chunk]) -> Library:
    """Read the library; kept in the memory of a worker.

    Args:
        parts: Work directory of the production.
        chunks: Pieces from `plan_library`, as a tuple.

    Raises:
        DataError: A piece is missing or damaged.
    """
    pieces = [load_chunk(parts, chunk, ("count",), _PER_PARTICLE) for chunk in chunks]
    for chunk, piece in zip(chunks, pieces, strict=True):
        if any(len(piece[name]) != piece["count"].sum() for name in _PER_PARTICLE):
            raise DataError(f"{parts / chunk.file_name}: damaged, delete it and start again to make this piece anew")
    count = np.concatenate([piece["count"] for piece in pieces])
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in _PER_PARTICLE}
    columns |= {name: columns[name].astype(np.float64) for name in _PER_PARTICLE[1:]}
    event = np.repeat(np.arange(len(count)), count)
    return Library(count, Particles(event=event, pileup=np.ones(len(event), np.bool_), **columns))


def draw_pileup(rng: np.random.Generator, library: Library, events: int, mean: float) -> Particles:
    """Draw the other collisions of each event.

    Their number is Poisson distributed; each is a collision of the library turned around the beam by
    a random angle, and mirrored in η half of the time. All come from the centre: the spread along
    the beam and in time is not simulated.

    Args:
        rng: Source of randomness.
        library: Minimum-bias collisions.
        events: Number of events.
        mean: Mean number of other collisions.

    Returns:
        Their particles, ordered by event.
    """
    number = rng.poisson(mean, events)
    total = int(number.sum())
    chosen = rng.integers(0, len(library.sizes), total)
    turn = rng.uniform(-np.pi, np.pi, total)
    mirror = rng.choice([-1.0, 1.0], total)
    size = library.sizes[chosen]
    collision = np.repeat(np.arange(total), size)
    start = (np.cumsum(library.sizes) - library.sizes)[chosen]
    index = np.arange(len(collision)) + np.repeat(start - (np.cumsum(size) - size), size)
    drawn = library.particles.select(index)
    return drawn._replace(
        event=np.repeat(np.arange(events), number)[collision],
        eta=drawn.eta * mirror[collision],
        phi=(drawn.phi + turn[collision] + np.pi) % (2.0 * np.pi) - np.pi,
    )

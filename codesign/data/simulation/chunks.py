"""A production as many small pieces: each has its own seed and its own file in the work directory."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesign.data.simulation.generator import event_batches
from codesign.data.simulation.jets import find_jets, leading_constituents
from codesign.data.simulation.processes import process_named
from codesign.errors import CodesignError, DataError
from codesign.features.high_level import high_level_features

JETS_PER_CHUNK = 500  # a few seconds: little is lost when a production is stopped
_MAX_EVENTS_PER_JET = 200
_PYTHIA_SEEDS = 900_000_000
_SETTINGS = "settings.json"
_DRAFT_SUFFIX = ".tmp"


@dataclass(frozen=True)
class Chunk:
    """A piece of a production.

    Attributes:
        class_name: Process to simulate.
        index: Number of the piece within its class.
        jets: How many jets it has.
    """

    class_name: str
    index: int
    jets: int

    @property
    def file_name(self) -> str:
        """Name of the file in the work directory."""
        return f"{self.class_name}-{self.index:05d}.npz"


class JetArrays(NamedTuple):
    """Jets as stored.

    Attributes:
        high_level: Features in the order of `HIGH_LEVEL_FEATURES`, float32 (n, 16).
        constituents: pT in GeV, Δη, Δφ of the leading particles, float32 (n, 16, 3).
    """

    high_level: NDArray[np.float32]
    constituents: NDArray[np.float32]


def plan_chunks(jets: int, classes: Sequence[str]) -> list[Chunk]:
    """Divide a production into pieces, equal numbers per class up to one jet.

    Args:
        jets: Number of jets in all.
        classes: Class names.

    Returns:
        The pieces, classes in turn, so that a class that is slow does not come last as a whole.
    """
    chunks = []
    for position, name in enumerate(classes):
        share = jets // len(classes) + (position < jets % len(classes))
        starts = range(0, share, JETS_PER_CHUNK)
        chunks += [Chunk(name, i, min(JETS_PER_CHUNK, share - start)) for i, start in enumerate(starts)]
    return sorted(chunks, key=lambda chunk: chunk.index)


def chunk_seed(seed: int, chunk: Chunk) -> int:
    """Derive Pythia's seed, 1 to 900,000,000, of a piece from the seed of the production.

    It depends on the class and the number of the piece only: not on the number of processes, of
    jets, or on the other classes.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(process_named(chunk.class_name).number, chunk.index))
    return int(sequence.generate_state(1)[0]) % _PYTHIA_SEEDS + 1


def simulate_chunk(chunk: Chunk, *, seed: int, pt_gev: float) -> JetArrays:
    """Generate the jets of a piece.

    Args:
        chunk: Which piece.
        seed: Seed of the whole production.
        pt_gev: Wanted jet pT in GeV.

    Returns:
        Exactly ``chunk.jets`` jets.

    Raises:
        CodesignError: The generator fails, or hardly any event has a wanted jet.
    """
    process = process_named(chunk.class_name)
    features, constituents = [], []
    events = 0
    for batch in event_batches(process, pt_gev=pt_gev, seed=chunk_seed(seed, chunk)):
        for jet in find_jets(batch, process.particle_ids, pt_gev):
            features.append(high_level_features(jet.constituents, jet.groomed))
            constituents.append(leading_constituents(jet.constituents))
        events += len(batch)
        if len(features) >= chunk.jets:
            break
        if events > _MAX_EVENTS_PER_JET * max(len(features), 10):
            raise CodesignError(
                f"process {process.name}: {events} events gave only {len(features)} jets near {pt_gev:g} GeV; "
                "choose another pt_gev"
            )
    return JetArrays(np.array(features[: chunk.jets], np.float32), np.array(constituents[: chunk.jets], np.float32))


def open_parts(parts: Path, settings: Mapping[str, Any]) -> None:
    """Make the work directory, or check that the one that is there belongs to the same production.

    Raises:
        DataError: It belongs to a production with other settings, or cannot be made.
    """
    settings_file = parts / _SETTINGS
    wanted = json.loads(json.dumps(settings))
    try:
        parts.mkdir(parents=True, exist_ok=True)
        if settings_file.exists():
            _require_same(parts, json.loads(settings_file.read_text()), wanted)
        elif any(parts.iterdir()):
            raise DataError(f"{parts}: expected the work directory of a production, found other files; delete it")
        else:
            _replace(settings_file, lambda draft: draft.write_text(json.dumps(wanted, indent=1)))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(
            f"{parts}: the work directory cannot be used, delete it or choose another output: {error}"
        ) from None


def store_chunk(parts: Path, chunk: Chunk, arrays: JetArrays) -> None:
    """Write the result of a piece, complete or not at all."""

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez(file, **arrays._asdict())

    _replace(parts / chunk.file_name, write)


def load_chunk(parts: Path, chunk: Chunk) -> JetArrays:
    """Read the result of a piece.

    Raises:
        DataError: The file is damaged or has another number of jets.
    """
    path = parts / chunk.file_name
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = JetArrays(stored["high_level"], stored["constituents"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged, delete it and start again to make this piece anew ({error})") from None
    if not len(arrays.high_level) == len(arrays.constituents) == chunk.jets:
        raise DataError(
            f"{path}: expected {chunk.jets} jets, found {len(arrays.high_level)}; delete it and start again"
        )
    return arrays


def remove_parts(parts: Path, chunks: Sequence[Chunk]) -> None:
    """Remove the work directory of a finished production and nothing else that may lie in it."""
    drafts = parts.glob(f".*{_DRAFT_SUFFIX}")  # of workers that were killed
    for path in [parts / _SETTINGS, *drafts, *(parts / chunk.file_name for chunk in chunks)]:
        path.unlink(missing_ok=True)
    if not any(parts.iterdir()):
        parts.rmdir()


def _require_same(parts: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    changed = [
        f"{key} was {found.get(key)!r}, now {wanted.get(key)!r}"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if changed:
        raise DataError(
            f"{parts}: an unfinished production with other settings lies here ({'; '.join(changed)}); "
            "delete this directory to start anew, or repeat the old settings to resume"
        )


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}{_DRAFT_SUFFIX}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

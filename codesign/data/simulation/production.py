"""Production of a jet sample."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codesign
from codesign.data.simulation.chunks import JetArrays, chunk_seed, make_jets, plan_jets
from codesign.data.simulation.columns import (
    CONSTITUENT_COLUMNS,
    HIGH_LEVEL_COLUMNS,
    NSUBJETTINESS_COLUMNS,
    ROUNDING,
    round_constituents,
    round_high_level,
)
from codesign.data.simulation.engine import check_workers, make_chunks, parts_of
from codesign.data.simulation.generator import require_simulation
from codesign.data.simulation.jets import (
    JET_RADIUS,
    MASS_DROP_CUT,
    MAX_JET_ETA,
    MAX_PARTICLE_ETA,
    N_CONSTITUENTS,
    PT_WINDOW,
)
from codesign.data.simulation.parts import Chunk, load_chunk, open_parts, remove_parts
from codesign.data.simulation.processes import PROCESSES, process_named
from codesign.data.simulation.seeds import SHUFFLE_KEY, stream
from codesign.data.writing import write_dataset
from codesign.errors import ConfigError
from codesign.progress import Progress, silent

MIN_PT_GEV, MAX_PT_GEV = 300.0, 3000.0
MIN_JETS_PER_CLASS = 5  # so that each split has jets of each class


def simulate_jets(
    output: Path,
    *,
    jets: int,
    seed: int,
    classes: Sequence[str] = ("g", "q", "W", "Z", "t"),
    pt_gev: float = 1000.0,
    nsubjettiness: bool = False,
    workers: int | None = None,
    progress: Progress = silent,
) -> Path:
    """Simulate jets of several origins in 13 TeV proton collisions and write them as a data set.

    The blocks are ``high_level`` (n, 16), the features of `codesign.features.high_level`, and
    ``constituents`` (n, 16, 3), the leading particles. Each class is split 60/20/20 in the order of
    generation, so that the two jets of an event stay together (but for those on a boundary), and
    then all rows are shuffled. Same arguments and package versions give the same bytes, for any
    number of workers.

    Pieces that are finished lie in ``<output>.parts`` until the end: a production that was stopped
    continues when it is called again with the same arguments. The work runs in fresh processes,
    which import the main module: call it from a module or the command line, below
    ``if __name__ == "__main__"``.

    Args:
        output: HDF5 file to write; replaced if it exists.
        jets: Number of jets in all, equal per class up to one.
        seed: Any integer ≥ 0.
        classes: Names from `PROCESSES`, in the order of the labels.
        pt_gev: Transverse momentum of the jets in GeV, 300 to 3000; they lie within 20 % of it.
        nsubjettiness: Whether to add the block ``nsubjettiness`` (n, 5); costs time.
        workers: Number of processes, or ``None`` for one per available core.
        progress: Called at the start and after each piece, amounts in jets.

    Returns:
        ``output``.

    Raises:
        ConfigError: An argument is out of range, or a class is unknown.
        DataError: The work directory belongs to other settings or is damaged; a file cannot be written.
        CodesignError: The extra ``simulation`` is not installed, the generator failed, or a worker
            was killed.
    """
    output, classes = Path(output), tuple(classes)
    _check_arguments(jets, seed, classes, pt_gev, workers)
    settings: dict[str, Any] = {"jets": jets, "seed": seed, "classes": list(classes), "pt_gev": float(pt_gev)}
    if nsubjettiness:
        settings["nsubjettiness"] = True
    settings["versions"] = {"codesign": codesign.__version__, "numpy": np.__version__, **require_simulation()}
    parts = parts_of(output)
    open_parts(parts, settings)
    chunks = plan_jets(jets, classes)
    make = partial(make_jets, seed=seed, pt_gev=pt_gev, nsubjettiness=nsubjettiness)
    make_chunks(parts, chunks, make, workers=workers, unit="jets", progress=progress)
    _assemble(output, parts, chunks, settings)
    remove_parts(parts, chunks)
    return output


def _check_arguments(jets: int, seed: int, classes: tuple[str, ...], pt_gev: float, workers: int | None) -> None:
    for name in classes:
        process_named(name)
    if not classes or len(set(classes)) != len(classes):
        raise ConfigError(f"classes: expected different names out of {', '.join(PROCESSES)}, found {classes}")
    if jets < MIN_JETS_PER_CLASS * len(classes):
        least = MIN_JETS_PER_CLASS * len(classes)
        raise ConfigError(f"jets: expected at least {least} ({MIN_JETS_PER_CLASS} per class), found {jets}")
    if seed < 0:
        raise ConfigError(f"seed: expected an integer from 0, found {seed}")
    if not MIN_PT_GEV <= pt_gev <= MAX_PT_GEV:
        raise ConfigError(f"pt_gev: expected {MIN_PT_GEV:g} to {MAX_PT_GEV:g} GeV, found {pt_gev:g}")
    check_workers(workers)


def _assemble(output: Path, parts: Path, chunks: Sequence[Chunk], settings: dict[str, Any]) -> None:
    """Join the pieces, class by class, split and shuffle them, and write the data set."""
    classes, seed = settings["classes"], settings["seed"]
    ordered = sorted(chunks, key=lambda chunk: (classes.index(chunk.class_name), chunk.index))
    pieces = [load_chunk(parts, chunk, JetArrays._fields) for chunk in ordered]
    label = np.repeat([classes.index(chunk.class_name) for chunk in ordered], [chunk.size for chunk in ordered])
    split = np.concatenate([split_in_order(int(n)) for n in np.bincount(label)])
    order = stream(seed, SHUFFLE_KEY).permutation(len(label))

    def shuffled(name: str) -> NDArray[np.float32]:
        return np.concatenate([piece[name] for piece in pieces])[order]

    inputs = {
        "high_level": (round_high_level(shuffled("high_level")), HIGH_LEVEL_COLUMNS),
        "constituents": (round_constituents(shuffled("constituents")), CONSTITUENT_COLUMNS),
    }
    if settings.get("nsubjettiness"):
        inputs["nsubjettiness"] = (round_high_level(shuffled("nsubjettiness")), NSUBJETTINESS_COLUMNS)
    write_dataset(
        output,
        name="LHC jets: " + ", ".join(classes),
        inputs=inputs,
        label=label[order],
        classes=classes,
        split=split[order],
        provenance=_provenance(ordered, settings),
    )


def split_in_order(count: int) -> NDArray[np.int64]:
    """Return the split of the rows of one class, in order: the first 60 % train, then 20 % validation, 20 % test."""
    return np.digitize(np.arange(count), [count * 3 // 5, count * 4 // 5])


def _provenance(chunks: Sequence[Chunk], settings: dict[str, Any]) -> dict[str, Any]:
    """Describe how the content was made, without times and places."""
    arguments = ", ".join(f"{key}={value!r}" for key, value in settings.items() if key != "versions")
    processes = [process_named(name) for name in settings["classes"]]
    seeds: dict[str, list[int]] = {process.name: [] for process in processes}
    for chunk in chunks:
        seeds[chunk.class_name].append(chunk_seed(settings["seed"], chunk))
    blocks = ["high_level", "constituents"] + ["nsubjettiness"] * settings.get("nsubjettiness", False)
    return {
        "command": f"codesign.data.simulation.simulate_jets(output, {arguments})",
        **settings,
        "generator": "Pythia 8 (arXiv:2203.11601), default tune, with multiple parton interactions, no pile-up",
        "processes": {
            process.name: {
                "description": process.description,
                # The seed differs per piece: see pythia_seeds.
                "pythia_settings": [
                    line for line in process.pythia_settings(settings["pt_gev"], 0) if "Random:seed" not in line
                ],
                "matched_pdg_ids": list(process.particle_ids),
                "pythia_seeds": seeds[process.name],
            }
            for process in processes
        },
        "jets_found": {
            "particles": f"all visible final-state particles with |eta| < {MAX_PARTICLE_ETA:g}, no detector simulation",
            "clustering": f"anti-kT, R = {JET_RADIUS} (FastJet, arXiv:1111.6097)",
            "selection": (
                f"of the two leading jets those with pT within {PT_WINDOW:.0%} of pt_gev, |eta| < {MAX_JET_ETA:g}, and "
                f"a matched particle of the hard process within Delta R < {JET_RADIUS}"
            ),
            "grooming": f"modified mass drop: soft drop with beta = 0, z_cut = {MASS_DROP_CUT} on the C/A tree",
            "constituents": f"the {N_CONSTITUENTS} of highest pT",
        },
        "split": "per class in the order of generation: 60 % train, 20 % validation, 20 % test; then rows shuffled",
        "rounding": {block: ROUNDING[block] for block in blocks},
    }

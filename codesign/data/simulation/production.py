"""Production of a jet sample: one process per core, resumable, independent of the number of cores."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for_exit
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codesign
from codesign.data.simulation.chunks import (
    Chunk,
    chunk_seed,
    load_chunk,
    open_parts,
    plan_chunks,
    remove_parts,
    simulate_chunk,
    store_chunk,
)
from codesign.data.simulation.columns import (
    CONSTITUENT_COLUMNS,
    HIGH_LEVEL_COLUMNS,
    ROUNDING,
    round_constituents,
    round_high_level,
)
from codesign.data.simulation.generator import require_simulation
from codesign.data.simulation.jets import (
    JET_RADIUS,
    MASS_DROP_CUT,
    MAX_JET_ETA,
    MAX_PARTICLE_ETA,
    N_CONSTITUENTS,
    PT_WINDOW,
)
from codesign.data.simulation.processes import PROCESSES, process_named
from codesign.data.writing import write_dataset
from codesign.errors import CodesignError, ConfigError, DataError
from codesign.progress import Progress, silent

logger = logging.getLogger(__name__)

MIN_PT_GEV, MAX_PT_GEV = 300.0, 3000.0
MIN_JETS_PER_CLASS = 5  # so that each split has jets of each class
_SHUFFLE_KEY = 1_000_000  # apart from the numbers of the processes


def simulate_jets(
    output: Path,
    *,
    jets: int,
    seed: int,
    classes: Sequence[str] = ("g", "q", "W", "Z", "t"),
    pt_gev: float = 1000.0,
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
    settings = {
        "jets": jets,
        "seed": seed,
        "classes": list(classes),
        "pt_gev": float(pt_gev),
        "versions": {"codesign": codesign.__version__, "numpy": np.__version__, **require_simulation()},
    }
    if output.is_dir():
        raise DataError(f"{output}: expected the name of a file to write, found a directory")
    parts = output.with_name(output.name + ".parts")
    open_parts(parts, settings)
    chunks = plan_chunks(jets, classes)
    _simulate(parts, chunks, seed=seed, pt_gev=pt_gev, workers=workers or _available_cores(), progress=progress)
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
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1, found {workers}")


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _simulate(
    parts: Path, chunks: Sequence[Chunk], *, seed: int, pt_gev: float, workers: int, progress: Progress
) -> None:
    """Make the missing pieces, at most one per worker in flight."""
    total = sum(chunk.jets for chunk in chunks)
    missing = [chunk for chunk in chunks if not (parts / chunk.file_name).exists()]
    done = total - sum(chunk.jets for chunk in missing)
    logger.info("%d of %d jets are there, %d pieces to make on %d cores", done, total, len(missing), workers)
    progress(f"{done:,} of {total:,} jets", done, total)
    if not missing:
        return
    # Fresh processes: forking a parent that runs threads (TensorFlow, JAX) can deadlock.
    context = multiprocessing.get_context("spawn")
    waiting = iter(missing)
    active: dict[Future[None], Chunk] = {}
    try:
        with ProcessPoolExecutor(min(workers, len(missing)), context, _set_up_worker) as pool:
            for chunk in islice(waiting, workers):
                active[pool.submit(_make_chunk, parts, chunk, seed, pt_gev)] = chunk
            try:
                while active:
                    for future in wait(active, return_when=FIRST_COMPLETED).done:
                        future.result()
                        done += active.pop(future).jets
                        progress(f"{done:,} of {total:,} jets", done, total)
                        for chunk in islice(waiting, 1):
                            active[pool.submit(_make_chunk, parts, chunk, seed, pt_gev)] = chunk
            except KeyboardInterrupt:
                logger.warning("stopping when the pieces at work are finished, a few seconds; %s is kept", parts)
                raise
    except BrokenProcessPool:
        raise CodesignError(
            "a simulation process died (killed, or out of memory); the finished pieces are kept in "
            f"{parts}: repeat the command to resume, with fewer workers if memory was short"
        ) from None


def _set_up_worker() -> None:
    """Keep a worker silent, deaf to Ctrl-C, and never alive without its parent.

    FastJet prints a banner to the standard output, which may carry JSON. Ctrl-C reaches the parent,
    which lets the pieces in flight finish.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave_with_parent() -> None:
        wait_for_exit([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()


def _make_chunk(parts: Path, chunk: Chunk, seed: int, pt_gev: float) -> None:
    store_chunk(parts, chunk, simulate_chunk(chunk, seed=seed, pt_gev=pt_gev))


def _assemble(output: Path, parts: Path, chunks: Sequence[Chunk], settings: dict[str, Any]) -> None:
    """Join the pieces, class by class, split and shuffle them, and write the data set."""
    classes, seed = settings["classes"], settings["seed"]
    ordered = sorted(chunks, key=lambda chunk: (classes.index(chunk.class_name), chunk.index))
    pieces = [load_chunk(parts, chunk) for chunk in ordered]
    label = np.repeat([classes.index(chunk.class_name) for chunk in ordered], [chunk.jets for chunk in ordered])
    split = np.concatenate([_split_in_order(int(n)) for n in np.bincount(label)])
    order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SHUFFLE_KEY,))).permutation(len(label))
    high_level = round_high_level(np.concatenate([piece.high_level for piece in pieces]))
    constituents = round_constituents(np.concatenate([piece.constituents for piece in pieces]))
    write_dataset(
        output,
        name="LHC jets: " + ", ".join(classes),
        inputs={
            "high_level": (high_level[order], HIGH_LEVEL_COLUMNS),
            "constituents": (constituents[order], CONSTITUENT_COLUMNS),
        },
        label=label[order],
        classes=classes,
        split=split[order],
        provenance=_provenance(ordered, settings),
    )


def _split_in_order(count: int) -> NDArray[np.int64]:
    """Return the split of the jets of one class: the first 60 % train, then 20 % validation, 20 % test."""
    return np.digitize(np.arange(count), [count * 3 // 5, count * 4 // 5])


def _provenance(chunks: Sequence[Chunk], settings: dict[str, Any]) -> dict[str, Any]:
    """Describe how the content was made, without times and places."""
    arguments = ", ".join(f"{key}={settings[key]!r}" for key in ("jets", "seed", "classes", "pt_gev"))
    processes = [process_named(name) for name in settings["classes"]]
    seeds: dict[str, list[int]] = {process.name: [] for process in processes}
    for chunk in chunks:
        seeds[chunk.class_name].append(chunk_seed(settings["seed"], chunk))
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
        "rounding": ROUNDING,
    }

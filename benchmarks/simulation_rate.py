"""Rate of the simulation per core: bare Pythia + FastJet against the full chain, for each process.

    python benchmarks/simulation_rate.py                      # needs: pip install 'codesign[simulation]'
    python benchmarks/simulation_rate.py --batches 20 g t w_to_lnu qcd

Bare: events from Pythia's batch interface, the visible particles to FastJet, jets back. Full: the same events through
everything the package does (jets: matching, grooming, sixteen features, constituents; events: detector, selection,
objects, with and without pile-up). Both run in this process on the same events, in turn, batch by batch, so that a
change of the machine's speed hits both.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers of a production; read when NumPy is imported

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PT_GEV = 1000.0
PILEUP = 60.0
LIBRARY = 500
SEED = 1


def bare_clustering(radius: float, min_pt: float) -> Callable[[Any], object]:
    """Cluster the visible particles, nothing else."""
    import awkward as ak
    import fastjet

    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)

    def run(batch: Any) -> object:
        code = abs(batch.prt.id)
        visible = (batch.prt.status > 0) & (code != 12) & (code != 14) & (code != 16)
        momenta = batch.prt.p[visible]
        records = ak.zip({"px": momenta.px, "py": momenta.py, "pz": momenta.pz, "E": momenta.e})
        return ak.num(fastjet.ClusterSequence(records, definition).inclusive_jets(min_pt=min_pt))

    return run


def jet_chain(name: str) -> tuple[tuple[str, ...], Callable[[Any], int]]:
    """Return the Pythia settings of a jet class, and the full chain, which returns how many jets it kept."""
    from codesign.data.simulation import PROCESSES
    from codesign.data.simulation.jets import find_jets, leading_constituents
    from codesign.features import high_level_features_of_jets

    process = PROCESSES[name]

    def run(batch: Any) -> int:
        jets = find_jets(batch, process.particle_ids, PT_GEV)
        high_level_features_of_jets(jets)
        for jet in jets:
            leading_constituents(jet.constituents)
        return len(jets)

    return process.pythia_settings(PT_GEV, SEED), run


def event_chain(name: str, response: str, pileup: float, parts: Path) -> tuple[tuple[str, ...], Callable[[Any], int]]:
    """Return the Pythia settings of an event process, and the full chain, which returns how many events it kept."""
    from codesign.data.simulation import EVENT_PROCESSES, read_response
    from codesign.data.simulation.event_chunks import EventRecipe, heavy_decays, keep_events
    from codesign.data.simulation.parts import store_chunk
    from codesign.data.simulation.pileup import load_library, make_collisions, plan_library
    from codesign.data.simulation.seeds import stream

    library = tuple(plan_library(LIBRARY)) if pileup > 0.0 else ()
    for chunk in library:
        if not (parts / chunk.file_name).exists():
            store_chunk(parts, chunk, make_collisions(chunk, seed=SEED))
    if library:
        load_library(parts, library)
    recipe = EventRecipe(SEED, read_response(response), (), EVENT_PROCESSES, pileup, parts, library)
    process, rng = EVENT_PROCESSES[name], stream(SEED, 0)
    decays = heavy_decays(process, SEED)
    return process.pythia_settings(SEED), lambda batch: len(keep_events(rng, batch, recipe, decays)["met"])


def measure(
    name: str,
    settings: tuple[str, ...],
    bare: Callable[[Any], object],
    chains: dict[str, Callable[[Any], int]],
    batches: int,
) -> None:
    """Time bare clustering and all chains on the same events and print a line for each."""
    from codesign.data.simulation.generator import event_batches

    source = event_batches(name, settings)
    warm_up = next(source)
    for run in (bare, *chains.values()):
        run(warm_up)
    spent = dict.fromkeys(("generate", "bare", *chains), 0.0)
    kept = dict.fromkeys(chains, 0)
    events = 0
    for _ in range(batches):
        start = time.perf_counter()
        batch = next(source)
        spent["generate"] += time.perf_counter() - start
        start = time.perf_counter()
        bare(batch)
        spent["bare"] += time.perf_counter() - start
        for label, run in chains.items():
            start = time.perf_counter()
            kept[label] += run(batch)
            spent[label] += time.perf_counter() - start
        events += len(batch)
    bare_rate = events / (spent["generate"] + spent["bare"])
    for label in chains:
        seconds = spent["generate"] + spent[label]
        rate = events / seconds
        print(
            f"{name:<13} {label:<24} {bare_rate:7.1f} {rate:7.1f} {rate / bare_rate:6.2f} {kept[label] / seconds:8.2f} "
            f"{events / max(kept[label], 1):9.1f}",
            flush=True,
        )


def silence_banner() -> None:
    """Keep the banner of FastJet, written by its C++ code, off the table."""
    import fastjet

    saved, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    fastjet.ClusterSequence([fastjet.PseudoJet(1.0, 0.0, 0.0, 1.0)], fastjet.JetDefinition(fastjet.kt_algorithm, 1.0))
    os.dup2(saved, 1)
    os.close(null)
    os.close(saved)


def main() -> None:
    """Measure every process and print the table."""
    from codesign.data.simulation import EVENT_PROCESSES, PROCESSES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*PROCESSES, *EVENT_PROCESSES], metavar="PROCESS")
    parser.add_argument("--batches", type=int, default=12, help="batches of 64 events per process")
    parser.add_argument("--response", default="cms-delphes")
    arguments = parser.parse_args()
    print(
        f"{'process':<13} {'full chain':<24} {'bare/s':>7} {'full/s':>7} {'ratio':>6} {'kept/s':>8} {'gen/kept':>9}"
        "   (events per second and core)"
    )
    silence_banner()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names:
            if name in PROCESSES:
                settings, run = jet_chain(name)
                measure(name, settings, bare_clustering(0.8, 200.0), {"jets": run}, arguments.batches)
                continue
            chains = {}
            for pileup in (0.0, PILEUP):
                settings, run = event_chain(name, arguments.response, pileup, Path(folder))
                chains[f"{arguments.response} mu={pileup:g}"] = run
            measure(name, settings, bare_clustering(0.4, 20.0), chains, arguments.batches)


if __name__ == "__main__":
    main()

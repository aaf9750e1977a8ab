"""Production of an event sample for the trigger: Standard Model mixture, signals, processes of the user.

An event is kept when it has an electron or muon above 23 GeV (|η| < 3 and 2.1), as in the public data set for
unsupervised searches at 40 MHz (arXiv:2107.02157). The blocks are ``met`` (n, 2): pT, φ; ``electrons`` and ``muons``
(n, 4, 3), ``jets`` (n, 10, 3): pT, η, φ in decreasing pT; further objects if asked for; and ``process`` (n, 1), the
process an event comes from.

The class ``background`` is a mixture of Standard Model processes in fixed proportions
(`codesign.data.simulation.event_processes.BACKGROUND_FRACTIONS`). Each of its processes is split 60/20/20 in the order
of generation; signals and processes of the user are entirely in the split ``test``, because an anomaly detector may
neither learn from them nor choose its formats on them.

Events of ``qcd`` have weights (`codesign.data.simulation.redecay`), which add up to the number of events asked for;
those of the other processes have weight one.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codesign
from codesign.data.simulation.engine import check_workers, make_chunks, parts_of
from codesign.data.simulation.event_chunks import MAX_ETA, TRIGGER_PT, EventRecipe, make_events
from codesign.data.simulation.event_columns import (
    EVENT_COLUMNS,
    EXTRA_BLOCKS,
    ROUNDING,
    STANDARD_BLOCKS,
    process_column,
    round_block,
)
from codesign.data.simulation.event_processes import (
    BACKGROUND,
    EVENT_PROCESSES,
    MINIMUM_BIAS,
    EventProcess,
    check_classes,
    mixture,
)
from codesign.data.simulation.generator import require_simulation
from codesign.data.simulation.parts import Chunk, load_chunk, open_parts, plan_chunks, remove_parts
from codesign.data.simulation.pileup import COLLISIONS, make_collisions, plan_library
from codesign.data.simulation.production import split_in_order
from codesign.data.simulation.response import Response, read_response
from codesign.data.simulation.seeds import PILEUP_KEY, SHUFFLE_KEY, pythia_seed, stream
from codesign.data.simulation.user_processes import read_user_processes
from codesign.data.writing import write_dataset
from codesign.errors import ConfigError
from codesign.naming import unknown_name
from codesign.progress import Progress, silent

MAX_PILEUP = 300.0
PRESCALED = "qcd"
_TEST = 2  # number of the split


def simulate_events(
    output: Path,
    *,
    events: Mapping[str, int],
    seed: int,
    response: str | Path = "cms-delphes",
    pileup: float = 0.0,
    scales: str | None = None,
    extra_objects: Sequence[str] = (),
    user_processes: Path | None = None,
    qcd_prescale: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> Path:
    """Simulate 13 TeV proton collisions as a trigger sees them and write them as a data set.

    Same arguments and package versions give the same bytes, for any number of workers. Finished
    pieces lie in ``<output>.parts`` until the end; the same call continues a production that was
    stopped. Fresh processes import the main module: call it below ``if __name__ == "__main__"``.

    Args:
        output: HDF5 file to write; replaced if it exists.
        events: Class name → number of kept events. Names are ``background``, those of
            `EVENT_PROCESSES` and those of ``user_processes``; the order is that of the labels.
        seed: Any integer ≥ 0.
        response: Name of a shipped detector response, or path of a TOML file.
        pileup: Mean number of other collisions in the same crossing, 0 to 300.
        scales: Integer scales of a trigger (`codesign.presets`) to which every value is rounded.
        extra_objects: Any of ``taus``, ``photons`` (n, 4, 3) and ``sums`` (n, 2).
        user_processes: TOML file with further processes.
        qcd_prescale: One of so many ``qcd`` events of the background is made, and has their weight,
            because some 23 must be generated for one with a lepton.
        workers: Number of processes, or ``None`` for one per available core.
        progress: Called at the start and after each piece, amounts in events.

    Returns:
        ``output``.

    Raises:
        ConfigError: An argument or a file of the user is wrong.
        DataError: The work directory is of other settings or damaged; a file cannot be written.
        CodesignError: No extra ``simulation``, the generator failed, or a worker was killed.
    """
    output, events, extra_objects = Path(output), dict(events), tuple(extra_objects)
    processes = EVENT_PROCESSES | (read_user_processes(Path(user_processes)) if user_processes is not None else {})
    detector = read_response(response)
    check_workers(workers)
    _check_arguments(events, processes, seed, pileup, qcd_prescale)
    _check_blocks(extra_objects, detector, response, scales)
    settings = _settings(events, processes, seed, detector, pileup, scales, extra_objects, qcd_prescale)
    parts = parts_of(output)
    library = tuple(plan_library(COLLISIONS)) if pileup > 0.0 else ()
    recipe = EventRecipe(seed, detector, extra_objects, processes, float(pileup), parts, library)
    sizes = _sizes(events, qcd_prescale)
    chunks = plan_chunks(sizes, {name: processes[name].events_per_chunk for name in sizes})
    open_parts(parts, settings)
    _produce(recipe, chunks, workers, progress)
    _assemble(output, chunks, recipe, settings)
    remove_parts(parts, [*library, *chunks])
    return output


def _produce(recipe: EventRecipe, chunks: Sequence[Chunk], workers: int | None, progress: Progress) -> None:
    """Make the pieces that are missing, those of the pile-up library first."""
    if recipe.library:
        collisions = partial(make_collisions, seed=recipe.seed)
        unit = "pile-up collisions"
        make_chunks(recipe.parts, recipe.library, collisions, workers=workers, unit=unit, progress=progress)
    events = partial(make_events, recipe=recipe)
    make_chunks(recipe.parts, chunks, events, workers=workers, unit="events", progress=progress)


def _sizes(events: Mapping[str, int], qcd_prescale: int) -> dict[str, int]:
    """Return how many events of each process are made."""
    sizes: dict[str, int] = {}
    for name, count in events.items():
        parts = mixture(name, count)
        if name == BACKGROUND:
            parts[PRESCALED] = math.ceil(parts[PRESCALED] / qcd_prescale)
        sizes |= parts
    return sizes


def _check_arguments(
    events: Mapping[str, int], processes: Mapping[str, EventProcess], seed: int, pileup: float, qcd_prescale: int
) -> None:
    check_classes(events, processes)
    if not events or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in events.values()):
        raise ConfigError(f"events: expected a number of events from 1 for at least one process, found {dict(events)}")
    if seed < 0:
        raise ConfigError(f"seed: expected an integer from 0, found {seed}")
    if qcd_prescale < 1:
        raise ConfigError(f"qcd_prescale: expected an integer from 1, found {qcd_prescale}")
    if not 0.0 <= pileup <= MAX_PILEUP:
        raise ConfigError(f"pileup: expected a mean number of collisions from 0 to {MAX_PILEUP:g}, found {pileup}")


def _check_blocks(extra_objects: Sequence[str], detector: Response, name: str | Path, scales: str | None) -> None:
    """Refuse blocks that are unknown, or that the response or the scales do not have."""
    for block in extra_objects:
        if block not in EXTRA_BLOCKS:
            raise ConfigError(f"extra_objects: {unknown_name('objects', block, EXTRA_BLOCKS)}")
        if getattr(detector, block) is None:
            raise ConfigError(f"extra_objects: the response {name} has no {block}; leave them out")
    if len(set(extra_objects)) != len(extra_objects):
        raise ConfigError(f"extra_objects: expected different names, found {tuple(extra_objects)}")
    if scales is not None:
        for block in (*STANDARD_BLOCKS, *extra_objects):
            shape = (1, 2) if len(EVENT_COLUMNS[block]) == 2 else (1, 1, 3)
            _digitised(scales, block, np.zeros(shape, np.float32))


def _digitised(scales: str, block: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    from codesign.presets import digitise

    return digitise(scales, block, values, tuple(column.name for column in EVENT_COLUMNS[block]))


def _settings(
    events: Mapping[str, int],
    processes: Mapping[str, EventProcess],
    seed: int,
    detector: Response,
    pileup: float,
    scales: str | None,
    extra_objects: Sequence[str],
    qcd_prescale: int,
) -> dict[str, Any]:
    """Collect what the content depends on, as it is compared on resumption and stored in the provenance."""
    used = [process for name, count in events.items() for process in mixture(name, count)]
    return {
        "events": dict(events),
        "seed": seed,
        "pileup": float(pileup),
        "scales": scales,
        "extra_objects": list(extra_objects),
        "qcd_prescale": qcd_prescale,
        "response": detector.model_dump(mode="json", exclude_none=True),
        "processes": {
            name: {
                "description": processes[name].description,
                "decays": processes[name].decays,
                # The seed differs per piece: see pythia_seeds.
                "pythia_settings": [
                    line for line in processes[name].pythia_settings(0) if not line.startswith("Random:seed")
                ],
            }
            for name in used
        },
        "versions": {"codesign": codesign.__version__, "numpy": np.__version__, **require_simulation()},
    }


def _assemble(output: Path, chunks: Sequence[Chunk], recipe: EventRecipe, settings: dict[str, Any]) -> None:
    """Join the pieces, process by process, split and shuffle them, and write the data set."""
    classes, names = list(settings["events"]), list(settings["processes"])
    ordered = sorted(chunks, key=lambda chunk: (names.index(chunk.class_name), chunk.index))
    blocks = (*STANDARD_BLOCKS, *recipe.extra_objects)
    pieces = [load_chunk(recipe.parts, chunk, (*blocks, "generated", "weight")) for chunk in ordered]
    process = np.repeat([names.index(chunk.class_name) for chunk in ordered], [chunk.size for chunk in ordered])
    # An empty share of the mixture has no events and no piece.
    counts = np.bincount(process, minlength=len(names))
    split = np.concatenate(
        [
            split_in_order(int(n)) if recipe.processes[name].is_background else np.full(n, _TEST)
            for name, n in zip(names, counts, strict=True)
        ]
    )
    label = np.array([classes.index(name if name in classes else BACKGROUND) for name in names])[process]
    weight = _weights(np.concatenate([piece["weight"] for piece in pieces]), process, _wanted(settings["events"]))
    order = stream(recipe.seed, SHUFFLE_KEY).permutation(len(label))
    inputs = {}
    for block in blocks:
        values = np.concatenate([piece[block] for piece in pieces])[order]
        scales = settings["scales"]
        stored = _digitised(scales, block, values) if scales is not None else round_block(block, values)
        inputs[block] = (stored, EVENT_COLUMNS[block])
    inputs["process"] = (process[order, np.newaxis].astype(np.float32), (process_column(names),))
    write_dataset(
        output,
        name="LHC events: " + ", ".join(classes),
        inputs=inputs,
        label=label[order],
        classes=classes,
        split=split[order],
        weight=weight[order] if (weight != 1.0).any() else None,
        provenance=_provenance(ordered, pieces, recipe, settings),
    )


def _wanted(events: Mapping[str, int]) -> dict[str, int]:
    """Return how many events of each process the sample stands for."""
    return {process: n for name, count in events.items() for process, n in mixture(name, count).items()}


def _weights(
    relative: NDArray[np.float64], process: NDArray[np.intp], wanted: Mapping[str, int]
) -> NDArray[np.float64]:
    """Scale the weights within each process so that they add up to the number of events it stands for.

    Args:
        relative: Weights within a process, shape (events,).
        process: Number of the process of each.
        wanted: Process → number of events, in the order of these numbers.
    """
    totals = np.bincount(process, weights=relative, minlength=len(wanted))
    scale = np.array(list(wanted.values())) / np.where(totals > 0.0, totals, 1.0)
    result: NDArray[np.float64] = relative * scale[process]
    return result


def _provenance(
    chunks: Sequence[Chunk], pieces: Sequence[Mapping[str, NDArray[Any]]], recipe: EventRecipe, settings: dict[str, Any]
) -> dict[str, Any]:
    """Describe how the content was made, without times and places."""
    seeds: dict[str, list[int]] = {name: [] for name in settings["processes"]}
    generated = dict.fromkeys(settings["processes"], 0)
    for chunk, piece in zip(chunks, pieces, strict=True):
        seeds[chunk.class_name].append(pythia_seed(recipe.seed, recipe.processes[chunk.class_name].number, chunk.index))
        generated[chunk.class_name] += int(piece["generated"][-1])
    library = [pythia_seed(recipe.seed, PILEUP_KEY, chunk.index) for chunk in recipe.library]
    scales = f", scales {settings['scales']}" if settings["scales"] else ""
    return {
        "origin": f"codesign events: {recipe.response.description}, pile-up {recipe.pileup:g}{scales}",
        "command": "codesign.data.simulation.simulate_events(output, ...) with the settings given here",
        **settings,
        "generator": "Pythia 8 (arXiv:2203.11601), default tune, with multiple parton interactions",
        "processes": {
            name: {**entry, "generated_events": generated[name], "pythia_seeds": seeds[name]}
            for name, entry in settings["processes"].items()
        },
        "process_names": list(settings["processes"]),  # in the order of the block
        "selection": (
            f"an electron or muon with pT > {TRIGGER_PT:g} GeV, |eta| < {MAX_ETA['electrons']:g} or "
            f"{MAX_ETA['muons']:g}; jets with |eta| < {MAX_ETA['jets']:g} (arXiv:2107.02157)"
        ),
        "pileup_library": {
            "collisions": sum(chunk.size for chunk in recipe.library),
            "pythia_settings": list(MINIMUM_BIAS.settings),
            "pythia_seeds": library,
        },
        "weight": "of qcd: how many decays of a collision passed, scaled to the number of events that qcd stands for",
        "split": (
            "Standard Model processes, each in the order of generation: 60 % train, 20 % validation, 20 % test; "
            "all others: test; then rows shuffled"
        ),
        "rounding": ROUNDING if settings["scales"] is None else f"integer scales of {settings['scales']}",
    }

"""Test vectors of a run and what every software implementation answers, kept in ``vectors/``.

They are made once per network, where the machine-learning stack is. A host without it, and a second verification after
an edit of the Verilog, read them back.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.errors import RunError
from codesign.files import write_whole
from codesign.fixed_point import FixedPoint
from codesign.imported import is_imported
from codesign.progress import Progress
from codesign.run import Run, digest, digest_files
from codesign.source_presets import source_unpacker
from codesign.unpacking import Unpacker
from codesign.verify.float_rounding import network_scores
from codesign.verify.reach import Inside, reaching
from codesign.verify.source_vectors import make_source_vectors, word_source
from codesign.verify.vectors import Search, Vectors, make_vectors
from codesign.witnesses import kept_witnesses, witnesses_digest

REFERENCE = "trained network"
Responses = dict[str, NDArray[np.int64]]


def vectors_and_responses(
    run: Run, contract: InputContract, firmware: dict[str, Any], progress: Progress
) -> tuple[Vectors, Responses, int]:
    """The test vectors, and the score integers of every software implementation for them.

    Returns:
        vectors; by implementation int64 of shape (n, classes), where the trained network, the reference, comes first;
        and the number of its scores that float32 cannot hold.

    Raises:
        ModelError: they must be made and the machine-learning stack is not installed.
        FirmwareError: an implementation is missing or does not compile.
        RunError: the index of the kept responses is damaged.
    """
    folder = run.path / "vectors"
    index = folder / "index.json"
    wanted = _digest(run, contract, firmware)
    if index.is_file() and (kept := _read_index(index))["digest"] == wanted:
        responses = {name: np.load(folder / file)["scores"] for name, file in kept["responses"].items()}
        return Vectors.load(folder / "stimulus.npz"), responses, kept["float32_rounded"]
    index.unlink(missing_ok=True)
    folder.mkdir(exist_ok=True)
    events = _events(run, contract)
    count, unpacker = run.config.verification.vectors, source_unpacker(run.config.firmware.source, contract)
    search = _search(run, contract, firmware, unpacker, progress)
    if unpacker is None:
        vectors = make_vectors(contract, events, count, run.config.seed, search)
        integers = vectors.inputs
    else:
        vectors, integers = make_source_vectors(unpacker, contract, events, count, run.config.seed, search)
    responses, rounded = _respond(run, contract, firmware, integers, progress)
    vectors.save(folder / "stimulus.npz")
    files = {name: f"response_{name.replace(' ', '_')}.npz" for name in responses}
    for name, scores in responses.items():
        np.savez_compressed(folder / files[name], scores=scores)
    write_whole(index, json.dumps({"digest": wanted, "responses": files, "float32_rounded": rounded}, indent=2))
    return vectors, responses, rounded


def _search(
    run: Run, contract: InputContract, firmware: dict[str, Any], unpacker: Unpacker | None, progress: Progress
) -> Search:
    """Looks for vectors with inner values that others do not have; first come those that once showed a fault."""
    from codesign.firmware.rtl import IntegerModel

    graph = IntegerModel.load(run.path / "firmware" / firmware["rtl_project"], contract).graph
    inside = Inside(graph, contract, None if unpacker is None else word_source(unpacker))
    kept = kept_witnesses(run, firmware)

    def search(given: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        known = kept[:most].reshape(-1, given.shape[1])
        given = np.concatenate([given, known])
        found, reach = reaching(inside, given, most - len(known), run.config.seed)
        progress(
            f"{len(found)} vectors show {reach.reached} instead of {reach.given} of {reach.wanted} inner bits", 0, 5
        )
        return np.concatenate([known, found])

    return search


def _events(run: Run, contract: InputContract) -> NDArray[np.int64]:
    """Hardware integers of the test split; of no event where the network was imported without any."""
    if is_imported(run.config):
        return np.empty((0, len(contract.inputs)), np.int64)
    with Dataset.open(run.data_file()) as dataset:
        return contract.to_hardware(read_inputs(dataset, input_blocks(dataset, run.config.data), "test"))


def _read_index(index: Path) -> dict[str, Any]:
    try:
        kept = json.loads(index.read_text())
        # Responses of before float32 was looked at have another digest.
        return {
            "digest": kept["digest"],
            "responses": dict(kept["responses"]),
            "float32_rounded": kept.get("float32_rounded"),
        }
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{index}: damaged ({error}); delete it, the responses are then made again") from None


def _respond(
    run: Run, contract: InputContract, firmware: dict[str, Any], inputs: NDArray[np.int64], progress: Progress
) -> tuple[Responses, int]:
    """Evaluate the implementations; the machine-learning stack is imported only here."""
    from codesign.firmware.emulator import Emulator
    from codesign.firmware.generate import HLS_FIRMWARE
    from codesign.firmware.rtl import IntegerModel
    from codesign.models.store import load_model, outputs

    score_format, directory = FixedPoint.parse(firmware["score_format"]), run.path / "firmware"
    progress(f"{REFERENCE}: {len(inputs)} vectors", 0, 5)
    values = outputs(load_model(run.path / "model.keras"), contract.to_network(inputs))
    progress("integer model", 1, 5)
    integer_model = IntegerModel.load(directory / firmware["rtl_project"], contract).predict(inputs)
    network = network_scores(values, integer_model, score_format)
    progress("C-simulation", 2, 5)
    generator, csim = firmware["hls_generator"], {}
    if not firmware.get("hls_simulation_needs"):
        project = HLS_FIRMWARE[generator](directory / firmware["hls_project"], contract, score_format)
        csim = {f"{generator} C-simulation": project.predict(inputs)}
    progress("emulator", 3, 5)
    emulator = Emulator(directory / firmware["emulator_project"], contract, score_format).predict(inputs)
    responses = {
        REFERENCE: network.integers,
        "integer model": integer_model,
        **csim,
        "emulator": emulator,
    }
    return responses, network.rounded


def _digest(run: Run, contract: InputContract, firmware: dict[str, Any]) -> str:
    """Everything the responses depend on; the Verilog is not among it."""
    root = run.path / "firmware"
    hls = (root / firmware["hls_project"]).rglob("*")
    sources = [path for path in hls if path.suffix in {".cpp", ".h", ".txt"}]
    emulator = (root / firmware["emulator_project"]).rglob("*")
    sources += [path for path in emulator if path.suffix in {".cpp", ".h", ".json"}]
    graph = (root / firmware["rtl_project"] / "model").glob("*.gz")
    return digest(
        "float32_rounded, reaching of words",
        run.config.verification.vectors,
        run.config.seed,
        run.config.firmware.source,
        contract.to_json(),
        witnesses_digest(run),
        digest_files([run.path / "model.keras"], run.path),
        digest_files([*sources, *graph], root),
    )

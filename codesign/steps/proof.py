"""The proof that all forms of a network compute the same integers."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesign.contract import InputContract
from codesign.progress import Progress
from codesign.reload_responses import reload_and_responses
from codesign.responses import vectors_and_responses
from codesign.run import Run
from codesign.source_presets import source_unpacker
from codesign.steps.checks import check_folder
from codesign.steps.settings import FULL, firmware_files, main_board, read_contract
from codesign.tools import require_tool
from codesign.witnesses import keep_witnesses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codesign.synth.boards import Family
    from codesign.synth.design import Design
    from codesign.verify.cosim import Stimulus
    from codesign.verify.result import VerifyResult
    from codesign.verify.step import FirmwareUnderTest


METHOD = 6  # one more whenever a verification finds more than before, so that older ones are repeated
# A full verification searches vectors that show what the others missed, and begins again with them; at most so often.
ROUNDS = 3


def verify_inputs(run: Run) -> object:
    """Verification section, seed, and the firmware files as they are now: hand-edited RTL is verified again."""
    return [
        METHOD,
        run.config.verification,
        wants_full(run),
        run.config.seed,
        firmware_files(run),
    ]


def verify(run: Run, progress: Progress) -> dict[str, Any]:
    """Prove that network, integer model, C-simulation and RTL compute the same integers."""
    check_folder(run)
    for name in ("ghdl", "yosys") if wants_full(run) else ():
        require_tool(name)
    firmware = run.record("firmware")
    for _ in range(ROUNDS):
        result = _verified(run, firmware, progress)
        kept = _keep_witnesses(run, firmware, result)
        if not kept:
            break
        progress(f"{kept} new vectors show planted faults that the others did not: verifying again", 0, 1)
    changed = [path for path, sha in firmware_files(run).items() if firmware["files"].get(path) != sha]
    return {**dataclasses.asdict(result), "modified_files": changed}


def _verified(run: Run, firmware: dict[str, Any], progress: Progress) -> "VerifyResult":
    """One verification, quick or full."""
    from codesign.synth.dispatch import firmware_design
    from codesign.verify.counterexample import explain_failure
    from codesign.verify.full import FullOptions, verify_fully
    from codesign.verify.step import FirmwareUnderTest, Given, verify_firmware

    section, contract = run.config.verification, read_contract(run)
    vectors, responses, rounded = vectors_and_responses(run, contract, firmware, progress)
    result = verify_firmware(
        run.path / "firmware",
        firmware,
        vectors,
        responses,
        run.path / "verify",
        simulator=section.simulator,
        x_vectors=section.x_vectors,
        seed=run.config.seed,
        reload=reload_and_responses(run, contract, firmware, vectors.inputs) if firmware.get("reloadable") else None,
        progress=progress,
    )
    under_test = FirmwareUnderTest(run.path / "firmware", firmware)
    result = explain_failure(under_test, contract, result, run.path / "verify")
    if wants_full(run):
        reference = next(iter(responses.values()))
        given = Given(under_test, vectors, reference, run.path / "verify", run.config.seed)
        design = firmware_design(run.path / "firmware", firmware)
        netlist = partial(simulable_netlist, design, main_board(run).family, run.path / "synth" / "yosys")
        searched = {} if under_test.machine is None else _searched(run, contract, under_test)
        options = FullOptions(netlist, section.simulator, section.mutants, section.proof_seconds, **searched)
        result = verify_fully(given, result, options, progress)
    return dataclasses.replace(result, float32_rounded=rounded)


def _searched(run: Run, contract: InputContract, under_test: "FirmwareUnderTest") -> dict[str, Any]:
    """What is known of the inputs of the network, and who looks among them; options of the full verification."""
    from codesign.firmware.rtl import IntegerModel
    from codesign.verify.feed import Feed
    from codesign.verify.mutation.hunt import Hunter
    from codesign.verify.reach import Source
    from codesign.verify.source_vectors import word_source
    from codesign.verify.word_encoding import words_of

    model = IntegerModel.load(under_test.directory / under_test.record["rtl_project"], contract)
    unpacker = source_unpacker(run.config.firmware.source, contract)
    source = Source.of(contract) if unpacker is None else word_source(unpacker)

    def vectors_of(word: int) -> "NDArray[np.int64]":
        rows = model.hardware_integers([word])
        return rows if unpacker is None else words_of(unpacker, contract, rows, model.unused_bits)

    def stimulus(vectors: "NDArray[np.int64]") -> "Stimulus":
        return under_test.stimulus(vectors, model.predict(source.integers(vectors)), run.config.seed)

    feed = None if unpacker is None else Feed(unpacker, contract, model.input_bits)
    return {"feed": feed, "hunter": Hunter(source, vectors_of, stimulus, run.config.seed)}


def _keep_witnesses(run: Run, firmware: dict[str, Any], result: "VerifyResult") -> int:
    """Keep the vectors that show faults which the others did not, and say how many are new."""
    import numpy as np

    survivors = () if result.mutation is None else result.mutation.survivors
    shown = [survivor.shown_by for survivor in survivors if survivor.shown_by]
    return keep_witnesses(run, firmware, np.array(shown, np.int64)) if shown else 0


def remember_full(run: Run, full: bool | None) -> None:
    """Ask for the full verification of this run from now on, or no longer; None changes nothing."""
    marker = run.path / FULL
    if full:
        marker.touch()
    elif full is not None:
        marker.unlink(missing_ok=True)


def wants_full(run: Run) -> bool:
    """Whether the configuration or an earlier ``--full`` asks for the full verification."""
    return run.config.verification.full or (run.path / FULL).is_file()


def simulable_netlist(design: "Design", family: "Family", folder: Path) -> tuple[Path, str]:
    """Folder and fabric of a netlist that can be simulated, made where it is not up to date.

    What is compared is the logic, so one fabric may stand for another: for one that Yosys does not know, and for one
    whose multipliers it has no model of (DSP48E2; that of the 7 series it has).

    Args:
        design: what is synthesised.
        family: fabric of the board.
        folder: receives a folder for each fabric.

    Raises:
        ToolError: Yosys is missing or failed.
    """
    from codesign.synth.yosys import FAMILIES, synthesise

    fabrics: tuple[Family, ...] = (family if family in FAMILIES else "ultrascale_plus", "7series")
    for fabric in fabrics:
        sources, include_dirs = design.sources, design.include_dirs
        used = synthesise(sources, include_dirs=include_dirs, top=design.top, family=fabric, work_dir=folder / fabric)
        if used.dsp == 0:
            break
    return folder / fabric, fabric

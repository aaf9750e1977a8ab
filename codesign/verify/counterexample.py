"""What went wrong in a vector that the RTL got wrong: replayed alone, with a waveform and the first wrong register."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import FirmwareError, ToolError
from codesign.files import write_whole
from codesign.verify import cosim
from codesign.verify.compare import Comparison
from codesign.verify.result import VerifyResult
from codesign.verify.step import FirmwareUnderTest
from codesign.verify.words import pack_words, unpack_words


@dataclass(frozen=True)
class Stage:
    """A register of the pipeline and what it must hold.

    Attributes:
        register: its name.
        widths: bits of the numbers in it, from the lowest.
        expected: their bits as unsigned integers, shape (n, numbers).
    """

    register: str
    widths: tuple[int, ...]
    expected: NDArray[np.int64]


def pipeline_stages(
    under_test: FirmwareUnderTest, contract: InputContract, inputs: NDArray[np.int64]
) -> tuple[Stage, ...]:
    """What every register of the network must hold for these inputs, by the exact integer model.

    Raises:
        FirmwareError: the generated project holds no state machine.
    """
    machine = under_test.machine
    if machine is None:  # the waveform is all there is
        return ()
    values = contract.to_network(inputs).astype(np.float64)
    combs = list(machine.logic.values())
    registers = [conn.dst.name for conn in machine.reg_conns]
    stages = [_stage(registers[0], combs[0].inp_kifs, values)]
    for register, comb in zip(registers[1:], combs, strict=True):
        values = comb.predict(values)
        stages.append(_stage(register, comb.out_kifs, values))
    return tuple(stages)


def _stage(register: str, kifs: NDArray[np.int64], values: NDArray[np.float64]) -> Stage:
    """Numbers of no bits are not in the register."""
    widths = kifs.sum(axis=0).astype(int)
    kept = widths > 0
    scaled = np.floor(values[:, kept] * 2.0 ** kifs[2][kept]).astype(np.int64)
    return Stage(register, tuple(int(width) for width in widths[kept]), scaled & ((1 << widths[kept]) - 1))


def explain_failure(
    under_test: FirmwareUnderTest, contract: InputContract, result: VerifyResult, work_dir: Path
) -> VerifyResult:
    """Add the cause to the first failed comparison of the Verilog, if there is one.

    A tool that cannot replay it is named as the cause; the failure itself stands whatever happens here.
    """
    failed = [part for part in result.comparisons if part.implementation.startswith("RTL (") and part.samples]
    if not failed:
        return result
    try:
        explained = explain(under_test, contract, failed[0], work_dir / "replay")
    except (ToolError, FirmwareError) as error:
        explained = replace(failed[0], cause=f"not replayed: {str(error).splitlines()[0]}")
    comparisons = tuple(explained if part is failed[0] else part for part in result.comparisons)
    return replace(result, comparisons=comparisons)


def explain(under_test: FirmwareUnderTest, contract: InputContract, failed: Comparison, folder: Path) -> Comparison:
    """Replay the samples of a failed comparison in Icarus Verilog and complete its counter-example file.

    Leaves the waveform in ``folder``. The file receives the first wrong register, the waveform and the command that
    replays it.

    Args:
        under_test: the firmware.
        contract: formats of its inputs.
        failed: a comparison with samples and a counter-example file.
        folder: receives build, vectors, waveform and logs.

    Raises:
        ToolError: Icarus Verilog is missing, or cannot run the design.
        FirmwareError: the generated project holds no state machine.
    """
    inputs = np.array([sample.inputs for sample in failed.samples], dtype=np.int64)
    expected = np.array([sample.expected for sample in failed.samples], dtype=np.int64)
    stages = pipeline_stages(under_test, contract, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registers.json").write_text(json.dumps([stage.register for stage in stages]))
    (folder / "replay.json").unlink(missing_ok=True)
    cosim.replay(under_test.design, under_test.stimulus(inputs, expected, 1), folder, "bench_replay")
    seen = json.loads((folder / "replay.json").read_text())
    words = pack_words(expected, under_test.output_widths)
    found = next(filter(None, (_first_wrong(stages, row, entry, words[row]) for row, entry in enumerate(seen))), None)
    cause = found or "alone, each of these vectors gives the right scores: the fault needs those before it"
    waveform = next(folder.rglob("*.fst"), None)
    command = f"{Path(sys.executable).name} -m codesign.verify.worker {folder / 'job.json'} test"
    _complete(failed, {"cause": cause, "waveform": str(waveform) if waveform else None, "replay": command})
    return replace(failed, cause=cause, replay=command)


def _first_wrong(stages: Sequence[Stage], row: int, entry: dict[str, object], expected: int) -> str | None:
    """The first register on the way that holds something else than the integer model says."""
    registers = entry["registers"]
    assert isinstance(registers, dict)
    for stage in stages:
        if stage.register in registers:
            wrong = next(_differences(stage, row, str(registers[stage.register])), None)
            if wrong:
                return wrong
    output = str(entry["output"])
    if set(output) - {"0", "1"}:
        return f"the registers of the network are right; unknown bits at the output: {output}"
    if int(output, 2) != expected:
        return f"the registers of the network are right; the output word is {int(output, 2):#x}, expected {expected:#x}"
    return None


def _differences(stage: Stage, row: int, found: str) -> Iterator[str]:
    if set(found) - {"0", "1"}:
        yield f"register {stage.register} has unknown bits: {found}"
        return
    numbers = unpack_words([int(found, 2)], stage.widths, signed=False)[0]
    for place in np.flatnonzero(numbers != stage.expected[row]):
        low = sum(stage.widths[:place])
        bits = f"[{low + stage.widths[place] - 1}:{low}]"
        yield f"register {stage.register}{bits} is {numbers[place]:#x}, expected {stage.expected[row, place]:#x}"


def _complete(failed: Comparison, found: dict[str, str | None]) -> None:
    if failed.counterexample is not None:
        path = Path(failed.counterexample)
        write_whole(path, json.dumps(json.loads(path.read_text()) | found, indent=2) + "\n")

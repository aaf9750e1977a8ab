"""Events per second of the software emulator against the other bit-exact implementations of the same network.

python benchmarks/emulator.py runs/jet_tagging
python benchmarks/emulator.py runs/jet_tagging --events 500000 --csim-events 20000 --repeats 5

Measured in one process on uniform hardware integers; the best of the repeats counts, and all scores must be equal. The
first three rows take and give NumPy integers, as a user calls them; the others leave out the conversion around the
compiled code, which for hls4ml and alkaid is one to floating point. A single event per call pays for the call from
Python and for a whole block of events. Everything runs in one thread.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

os.environ["DA_DEFAULT_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from codesign.contract import InputContract
from codesign.firmware.emulator import Emulator, emulator_name, write_emulator
from codesign.firmware.generate import HLS_FIRMWARE
from codesign.firmware.rtl import IntegerModel
from codesign.fixed_point import FixedPoint

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Way:
    """One way to the scores: what is called, for how many events, and the integers that it must give (None: any)."""

    name: str
    call: Callable[[], object]
    events: int
    expected: Integers | None = None


def best_seconds(way: Way, repeats: int) -> float:
    """Shortest time of a call, whose integers are checked."""
    seconds = []
    for _ in range(repeats + 1):  # the first one warms the caches
        start = time.perf_counter()
        found = way.call()
        seconds.append(time.perf_counter() - start)
        if way.expected is not None and not np.array_equal(found, way.expected):
            raise SystemExit(f"{way.name}: other integers than the integer model")
    return min(seconds[1:])


def ways(run: Path, folder: Path, events: int, csim_events: int) -> list[Way]:
    """Everything that is compared; the emulator is written and compiled anew."""
    contract = InputContract.from_json((run / "contract.json").read_text())
    firmware = json.loads((run / "firmware.json").read_text())
    score_format, generator = FixedPoint.parse(firmware["score_format"]), firmware["hls_generator"]
    network = IntegerModel.load(run / "firmware" / firmware["rtl_project"], contract)

    start = time.perf_counter()
    project = write_emulator(folder, network, contract, firmware["classes"], emulator_name(run.resolve().name))
    written = time.perf_counter()
    emulator = Emulator(folder, contract, score_format)
    emulator.compile()
    print(
        f"{project.name}: {project.operations} statements, {project.table_entries} table entries; written in "
        f"{written - start:.1f} s, compiled in {time.perf_counter() - written:.1f} s"
    )
    csim = HLS_FIRMWARE[generator](run / "firmware" / firmware["hls_project"], contract, score_format)
    csim.compile()

    low, high = contract.extremes()
    integers = np.random.default_rng(1).integers(low, high, (events, len(low)), endpoint=True)
    few, values = integers[:csim_events], contract.to_network(integers).astype(np.float64)
    expected, scores = network.predict(integers), np.empty((events, len(firmware["classes"])), np.int64)

    def one_by_one() -> Integers:
        for event in range(1000):
            emulator._call("predict", integers[event : event + 1], scores[event : event + 1])
        return scores[:1000]

    def compiled_only() -> Integers:
        emulator._call("predict", integers, scores)
        return scores

    return [
        Way("emulator", lambda: emulator.predict(integers), events, expected),
        Way("alkaid's interpreter", lambda: network.predict(integers), events, expected),
        Way(f"{generator} C-simulation", lambda: csim.predict(few), len(few), expected[: len(few)]),
        Way("emulator, compiled code", compiled_only, events, expected),
        Way("alkaid's interpreter, compiled code", lambda: network.graph.predict(values), events),
        *_bare_csim(csim, contract.to_network(few)),
        Way("emulator, one event per call", one_by_one, 1000, expected[:1000]),
    ]


def _bare_csim(csim: object, values: NDArray[np.float32]) -> list[Way]:
    """The compiled code of hls4ml alone; conifer's is called through the same bridge as always."""
    project = getattr(csim, "_project", None)
    if project is None:
        return []
    contiguous = np.ascontiguousarray(values)
    return [Way("hls4ml C-simulation, compiled code", lambda: project.predict(contiguous), len(values))]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run directory with generated firmware")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--csim-events", type=int, default=20_000, help="events of the slow C-simulation")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compared = ways(arguments.run, Path(folder) / "emulator", arguments.events, arguments.csim_events)
        rates = {way.name: way.events / best_seconds(way, arguments.repeats) for way in compared}
    print(f"{'':<36} {'events/s':>14} {'emulator / this':>16}")
    for name, rate in rates.items():
        base = rates["emulator, compiled code" if "compiled code" in name else "emulator"]
        print(f"{name:<36} {rate:14,.0f} {base / rate:16.1f}")


if __name__ == "__main__":
    main()

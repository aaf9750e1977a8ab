"""RTL simulation under cocotb: builds a design once, runs the bench of ``hw_tests/``, reads what it found."""

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from codesign.assets import PACKAGE
from codesign.errors import ToolError
from codesign.tools import run_tool
from codesign.verify.bench_results import BenchTest, read_found, read_measured, read_results
from codesign.verify.benches import find_bench
from codesign.verify.simulators import Simulator, find_simulator

log = logging.getLogger(__name__)

OUTPUTS = ("found.hex", "measured.json", "results.xml")


@dataclass(frozen=True)
class Design:
    """Verilog, or VHDL for GHDL, to simulate.

    Attributes:
        top: top module, a key of ``BENCHES``.
        sources: files in reading order.
        include_directories: folders of included headers.
        defines: preprocessor macros.
        parameters: parameters of the top module that are not as in the sources.
    """

    top: str
    sources: tuple[Path, ...]
    include_directories: tuple[Path, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reload:
    """Other weights for a design with weights in registers.

    Attributes:
        registers: contents of all registers in the order of the addresses, with the trained weights, then the others.
        responses: packed output words expected for the stimulus with the others.
    """

    registers: Sequence[int]
    responses: Sequence[int]


@dataclass(frozen=True)
class Stimulus:
    """What the bench applies and expects.

    Attributes:
        inputs: packed input words.
        responses: packed output words expected for them.
        input_bits: width of the input word.
        output_bits: width of the output word.
        latency_cycles: promised latency.
        seed: seed of the bench's own random choices.
        settings: what the bench of a decision knows besides (`codesign.verify.decision_model.DecisionSettings`).
        tmr: the registers of the decision stand there three times.
        reload: other weights to write, for a design that has a port for them.
    """

    inputs: Sequence[int]
    responses: Sequence[int]
    input_bits: int
    output_bits: int
    latency_cycles: int
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    tmr: bool = False
    reload: Reload | None = None


@dataclass(frozen=True)
class BenchResult:
    """What one run of the bench gave.

    Attributes:
        top: module that was tested.
        simulator: name of the simulator.
        version: its version.
        tests: one entry per test of the bench.
        found: output words in order of arrival; None for a word with X or Z bits.
        latency_cycles: measured latency of the data; None when no response was seen.
        valid_latency_cycles: measured latency of valid; None when none was seen.
        initiation_interval: measured clocks per event; None when it could not be seen.
        build_s: seconds the build took, 0 when it was still good.
        run_s: seconds the simulator ran, its start included.
        vectors_per_second: events per second of the back-to-back test.
    """

    top: str
    simulator: str
    version: str
    tests: tuple[BenchTest, ...]
    found: tuple[int | None, ...]
    latency_cycles: int | None
    valid_latency_cycles: int | None
    initiation_interval: int | None
    build_s: float
    run_s: float
    vectors_per_second: float

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return bool(self.tests) and all(test.passed for test in self.tests)


def simulate(
    design: Design,
    stimulus: Stimulus,
    work_dir: Path,
    *,
    simulator: str,
    build_timeout_s: float = 1800.0,
    run_timeout_s: float = 3600.0,
) -> BenchResult:
    """Build the design, unless an equal build stands there already, and run the bench.

    Args:
        design: Verilog.
        stimulus: vectors and promises.
        work_dir: receives the build, the bench's files and the logs.
        simulator: a name of ``SIMULATORS``.
        build_timeout_s: limit of the build, seconds.
        run_timeout_s: limit of the run, seconds.

    Raises:
        ToolError: the simulator is missing or too old, the Verilog does not compile, or the bench crashed.
    """
    chosen, version = find_simulator(simulator)
    work_dir = work_dir.resolve()
    bench = find_bench(design.top)
    tests = bench.chosen(four_state=chosen.four_state, tmr=stimulus.tmr)
    job = _job(design, stimulus, work_dir, chosen, bench.module, tests)
    build_s, run_s = run_job(job, design, stimulus, work_dir, version, build_timeout_s, run_timeout_s)
    measured = read_measured(work_dir / "measured.json")
    timing, throughput = measured.get("latency", {}), measured.get("back_to_back", {})
    return BenchResult(
        top=design.top,
        simulator=simulator,
        version=version,
        tests=read_results(work_dir / "results.xml", tests, measured),
        found=read_found(work_dir / "found.hex"),
        latency_cycles=timing.get("latency_cycles"),
        valid_latency_cycles=timing.get("valid_latency_cycles"),
        initiation_interval=timing.get("initiation_interval"),
        build_s=build_s,
        run_s=run_s,
        vectors_per_second=throughput["vectors"] / throughput["seconds"] if throughput else 0.0,
    )


def replay(design: Design, stimulus: Stimulus, work_dir: Path, module: str) -> None:
    """Run another module of ``hw_tests/`` on the design in Icarus Verilog, with a waveform of every signal.

    Raises:
        ToolError: as ``simulate``.
    """
    chosen, version = find_simulator("icarus")
    work_dir = work_dir.resolve()
    job = {**_job(design, stimulus, work_dir, chosen, module, None), "waves": True}
    run_job(job, design, stimulus, work_dir, version, 1800.0, 3600.0)


def run_job(
    job: Mapping[str, Any],
    design: Design,
    stimulus: Stimulus,
    work_dir: Path,
    version: str,
    build_timeout_s: float,
    run_timeout_s: float,
) -> tuple[float, float]:
    """Build if needed, run, and return the seconds both took; results that stand there afterwards are of this run."""
    work_dir.mkdir(parents=True, exist_ok=True)
    (work_dir / "job.json").write_text(json.dumps(job, indent=2) + "\n")
    started = time.monotonic()
    built = _build(job, design, work_dir, version, build_timeout_s)
    build_s = time.monotonic() - started if built else 0.0
    _write_stimulus(stimulus, work_dir)
    for path in [*(work_dir / name for name in OUTPUTS), *work_dir.glob("clocks_*.txt")]:
        path.unlink(missing_ok=True)
    started = time.monotonic()
    _worker(work_dir, "test", run_timeout_s)
    return build_s, time.monotonic() - started


def _job(
    design: Design, stimulus: Stimulus, work_dir: Path, simulator: Simulator, module: str, tests: Sequence[str] | None
) -> dict[str, Any]:
    return {
        "simulator": simulator.name,
        "top": design.top,
        "sources": [str(source.resolve()) for source in design.sources],
        "include_directories": [str(folder.resolve()) for folder in design.include_directories],
        "defines": dict(design.defines),
        "parameters": dict(design.parameters),
        "language": simulator.language,
        "build_args": list(simulator.build_args),
        "run_args": list(simulator.run_args),
        "build_directory": str(work_dir / "build"),
        "bench_directory": str(work_dir),
        "test_module": module,
        "tests": None if tests is None else list(tests),
        "results": str(work_dir / "results.xml"),
        "waves": False,
        "seed": stimulus.seed,
    }


def _write_stimulus(stimulus: Stimulus, work_dir: Path) -> None:
    promises = {
        "input_bits": stimulus.input_bits,
        "output_bits": stimulus.output_bits,
        "latency_cycles": stimulus.latency_cycles,
        "seed": stimulus.seed,
        "settings": dict(stimulus.settings),
    }
    (work_dir / "bench.json").write_text(json.dumps(promises, indent=2) + "\n")
    for name, words in (("stimulus.hex", stimulus.inputs), ("response.hex", stimulus.responses)):
        (work_dir / name).write_text(_hexadecimal(words))
    if stimulus.reload is not None:
        (work_dir / "registers.hex").write_text(_hexadecimal(stimulus.reload.registers))
        (work_dir / "response_reloaded.hex").write_text(_hexadecimal(stimulus.reload.responses))


def _hexadecimal(words: Sequence[int]) -> str:
    return "".join(f"{word:x}\n" for word in words)


def _build(job: Mapping[str, Any], design: Design, work_dir: Path, version: str, timeout_s: float) -> bool:
    """Build if anything that determines the result has changed; says whether it did."""
    digest, stamp = _digest(job, design, version), work_dir / "build" / "digest"
    if stamp.is_file() and stamp.read_text() == digest:
        log.info("%s: the build in %s is unchanged", job["simulator"], work_dir)
        return False
    stamp.unlink(missing_ok=True)
    _worker(work_dir, "build", timeout_s)
    stamp.write_text(digest)
    return True


def _digest(job: Mapping[str, Any], design: Design, version: str) -> str:
    """Digest of the sources, the headers, the arguments and the versions."""
    digest = hashlib.sha256()
    options = [job[key] for key in ("simulator", "top", "defines", "parameters", "build_args")]
    # The compiled model links against the libraries of this very cocotb.
    libraries = [metadata.version("cocotb"), sys.prefix]
    digest.update(json.dumps([version, *libraries, *options]).encode())
    headers = [file for folder in design.include_directories for file in sorted(folder.glob("*.*v*"))]
    for file in (*design.sources, *headers):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ToolError(f"Verilog source {file} cannot be read: {error.strerror}") from error
        digest.update(f"\0{file.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _worker(work_dir: Path, part: str, timeout_s: float) -> None:
    """Run one part of the job in a process of its own; its output goes to ``<part>.log``."""
    search = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    run_tool(
        [sys.executable, "-m", "codesign.verify.worker", work_dir / "job.json", part],
        cwd=work_dir,
        timeout_s=timeout_s,
        log=work_dir / f"{part}.log",
        environment={"PYTHONPATH": os.pathsep.join(search)},
    )

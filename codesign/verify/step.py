"""The verification step: every implementation of a network against the trained model, and the RTL in simulation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import FirmwareError
from codesign.fixed_point import FixedPoint
from codesign.progress import Progress, silent
from codesign.run import digest_files
from codesign.verify.compare import Comparison, compare
from codesign.verify.cosim import BenchResult, Design, Reload, Stimulus, simulate
from codesign.verify.coverage import Coverage, Field, coverage
from codesign.verify.interface import NETWORK_TOP, promised_latency, simulate_around
from codesign.verify.result import BenchOutcome, VerifyResult
from codesign.verify.trace import read_tests
from codesign.verify.vectors import Vectors
from codesign.verify.words import pack_words, unpack_words

Scores = NDArray[np.int64]

X_SIMULATOR = "icarus"  # the four-state simulator of the additional run
STATE_MACHINE = "model/fsm.json.gz"  # where alkaid saves the stages inside its project
RELOAD_VECTORS = 300  # through the firmware with weights in registers, with each set of weights


@dataclass(frozen=True)
class OtherWeights:
    """Other weights for the firmware with weights in registers.

    Attributes:
        registers: contents of all registers in the order of the addresses, with the trained weights, then the others.
        scores: scores of the network with the others, in the format of that firmware, shape (n, classes).
    """

    registers: Sequence[int]
    scores: Scores


@dataclass(frozen=True)
class FirmwareUnderTest:
    """The parts of ``firmware.json`` that the proof needs.

    Attributes:
        directory: the firmware directory.
        record: the parsed ``firmware.json``.
    """

    directory: Path
    record: Mapping[str, Any]

    @cached_property
    def whole(self) -> Design:
        """The Verilog with all that stands around the network."""
        return Design(
            top=self.record["top"],
            sources=tuple(self.directory / source for source in self.record["rtl_sources"]),
            include_directories=tuple(self.directory / folder for folder in self.record["include_directories"]),
        )

    @cached_property
    def design(self) -> Design:
        """The Verilog of the network, whose top module stands behind all that it uses."""
        if self.record["top"] == NETWORK_TOP:
            return self.whole
        declared = re.compile(rf"^\s*module\s+{NETWORK_TOP}\b", re.MULTILINE)
        last = next(n for n, source in enumerate(self.whole.sources) if declared.search(source.read_text()))
        return replace(self.whole, top=NETWORK_TOP, sources=self.whole.sources[: last + 1])

    @cached_property
    def vhdl(self) -> Design:
        """The same in VHDL."""
        return Design(NETWORK_TOP, tuple(self.directory / source for source in self.record["vhdl_sources"]))

    @cached_property
    def machine(self) -> Any | None:
        """State machine of the network as alkaid keeps it, with the arithmetic of every stage; None without alkaid.

        Raises:
            FirmwareError: the generated project holds none.
        """
        try:
            from alkaid.stateful.fsm import FSM
        except ModuleNotFoundError:  # a host without the machine-learning stack
            return None
        path = self.directory / self.record["rtl_project"] / STATE_MACHINE
        if not path.is_file():
            raise FirmwareError(f"{path}: is missing; generate the firmware again")
        return FSM.load(path)

    @cached_property
    def is_as_generated(self) -> bool:
        """Whether the network's Verilog is the generator's; what the state machine says holds for no other."""
        written = self.record.get("files", {})
        machine = self.directory / self.record["rtl_project"] / STATE_MACHINE
        found = digest_files([*self.design.sources, machine], self.directory)
        return all(written.get(path) == sha for path, sha in found.items())

    @cached_property
    def input_widths(self) -> tuple[int, ...]:
        """Bits of every input."""
        return tuple(entry["width"] for entry in self.record["inputs"]["fields"])

    @cached_property
    def output_widths(self) -> tuple[int, ...]:
        """Bits of every score."""
        return tuple(entry["width"] for entry in self.record["outputs"]["fields"])

    @cached_property
    def score_format(self) -> FixedPoint:
        """Common format of the scores."""
        return FixedPoint.parse(self.record["score_format"])

    def stimulus(self, inputs: Scores, reference: Scores, seed: int) -> Stimulus:
        """Words for the bench."""
        return Stimulus(
            inputs=pack_words(inputs, self.input_widths),
            responses=pack_words(reference, self.output_widths),
            input_bits=self.record["inputs"]["bits"],
            output_bits=self.record["outputs"]["bits"],
            latency_cycles=promised_latency(self.record, NETWORK_TOP),
            seed=seed,
        )

    def scores(self, found: Sequence[int | None]) -> tuple[Scores, NDArray[np.bool_]]:
        """Score integers of output words, and which words had X or Z bits (their integers are 0)."""
        signed = [entry["signed"] for entry in self.record["outputs"]["fields"]]
        known = unpack_words([word or 0 for word in found], self.output_widths, signed)
        return known, np.array([word is None for word in found], dtype=bool)


def verify_firmware(
    firmware_dir: Path,
    firmware: Mapping[str, Any],
    vectors: Vectors,
    responses: Mapping[str, Scores],
    work_dir: Path,
    *,
    simulator: str,
    x_vectors: int,
    seed: int,
    reload: OtherWeights | None = None,
    progress: Progress = silent,
) -> VerifyResult:
    """Compare all implementations with the trained model and run the bench on the RTL.

    A mismatch anywhere gives a failed result, not an exception.

    Args:
        firmware_dir: the firmware directory.
        firmware: the parsed ``firmware.json``.
        vectors: inputs.
        responses: score integers per implementation, int64, shape (n, classes); the first is the trained model.
        work_dir: receives the builds, logs and counter-examples.
        simulator: simulator of the long run.
        x_vectors: vectors of the additional four-state run; none is made when ``simulator`` has four states itself.
        seed: seed of the bench's random choices.
        reload: other weights for the firmware with weights in registers, where there is one.
        progress: called with (what, done, total).

    Raises:
        FirmwareError: the trained model's responses or the inputs do not fit the firmware's ports.
        ToolError: a simulator is missing or too old, the RTL does not compile, or the bench crashed.
    """
    under_test = FirmwareUnderTest(firmware_dir, firmware)
    reference = next(iter(responses.values()))
    _check_ports(under_test, vectors, reference)
    runs = [(simulator, np.arange(len(vectors)))]
    if simulator != X_SIMULATOR:
        runs.append((X_SIMULATOR, vectors.spread(x_vectors)))
    steps = len(responses) - 1 + len(runs)
    comparisons, results = [], []
    given = Given(under_test, vectors, reference, work_dir, seed)
    for done, (name, other) in enumerate(list(responses.items())[1:]):
        progress(f"comparing {name}", done, steps)
        comparisons.append(_compare(under_test, name, vectors.inputs, reference, np.asarray(other), work_dir))
    for done, (name, rows) in enumerate(runs, start=len(comparisons)):
        progress(f"simulating {len(rows)} vectors in {name}", done, steps)
        result, comparison = run_bench(given, under_test.design, rows, simulator=name, label=f"RTL ({name})")
        results.append(result)
        comparisons.append(comparison)
    for name, rows in runs if firmware.get("decision") else ():
        progress(f"simulating {len(rows)} vectors through {firmware['top']} in {name}", steps - 1, steps)
        result, comparison = run_around(given, under_test.whole, rows, simulator=name)
        results.append(result)
        comparisons.append(comparison)
    if reload is not None:
        progress(f"reloading weights in {X_SIMULATOR}", steps, steps)
        result, comparison = _run_reloadable(given, reload)
        results.append(result)
        comparisons.append(comparison)
    progress("verified", steps, steps)
    return _result(given, tuple(comparisons), results)


@dataclass(frozen=True)
class Given:
    """What every run of the bench has in common.

    Attributes:
        under_test: the firmware.
        vectors: inputs.
        reference: score integers of the trained model, int64, shape (n, classes).
        work_dir: receives a folder per run, and the counter-examples.
        seed: seed of the bench's random choices.
    """

    under_test: FirmwareUnderTest
    vectors: Vectors
    reference: Scores
    work_dir: Path
    seed: int

    def stimulus(self, rows: NDArray[np.int64]) -> Stimulus:
        """Words of the vectors at these positions for the bench."""
        return self.under_test.stimulus(self.vectors.inputs[rows], self.reference[rows], self.seed)


def run_bench(
    given: Given, design: Design, rows: NDArray[np.int64], *, simulator: str, label: str, folder: str | None = None
) -> tuple[BenchResult, Comparison]:
    """Run the bench on one form of the design and compare its scores.

    Args:
        given: firmware and vectors.
        design: sources in the language of the simulator.
        rows: vectors to run, as positions.
        simulator: name of the simulator.
        label: what the implementation is called.
        folder: name of the folder for the run; default the simulator's.

    Raises:
        ToolError: the simulator is missing or too old, the design does not compile, or the bench crashed.
    """
    stimulus = given.stimulus(rows)
    result = simulate(design, stimulus, given.work_dir / (folder or simulator), simulator=simulator)
    return result, _compare_found(given, result, rows, label)


def run_around(
    given: Given, design: Design, rows: NDArray[np.int64], *, simulator: str, label: str | None = None
) -> tuple[BenchResult, Comparison]:
    """The same for what stands around the network; the firmware has a decision.

    Args:
        given: firmware and vectors.
        design: sources that hold the firmware's top module.
        rows: vectors to run, as positions.
        simulator: name of the simulator.
        label: what the implementation is called; default top module and simulator.
    """
    result = simulate_around(given.under_test.record, design, given.stimulus(rows), given.work_dir, simulator)
    return result, _compare_found(given, result, rows, label or f"{given.under_test.record['top']} ({simulator})")


def _compare_found(given: Given, result: BenchResult, rows: NDArray[np.int64], label: str) -> Comparison:
    found, unknown = given.under_test.scores(result.found)
    inputs, expected = given.vectors.inputs[rows], given.reference[rows]
    return _compare(given.under_test, label, inputs, expected, found, given.work_dir, unknown, rows)


def _run_reloadable(given: Given, reload: OtherWeights) -> tuple[BenchResult, Comparison]:
    """The bench on the firmware with weights in registers; its scores may have finer steps than the others'."""
    under_test, rows = given.under_test, given.vectors.spread(RELOAD_VECTORS)
    part = under_test.record["reloadable"]
    fixed = FixedPoint.parse(part["score_format"])
    widths = [fixed.width] * given.reference.shape[1]
    expected = given.reference[rows] << fixed.fractional - under_test.score_format.fractional
    stimulus = replace(
        given.stimulus(rows),
        responses=pack_words(expected, widths),
        output_bits=part["output_bits"],
        latency_cycles=part["latency_cycles"],
        reload=Reload(reload.registers, pack_words(reload.scores[rows], widths)),
    )
    folders = tuple(under_test.directory / folder for folder in part["include_directories"])
    design = Design(part["top"], tuple(under_test.directory / source for source in part["sources"]), folders)
    result = simulate(design, stimulus, given.work_dir / "reloadable", simulator=X_SIMULATOR)
    found = unpack_words([word or 0 for word in result.found], widths, signed=True)
    unknown = np.array([word is None for word in result.found], dtype=bool)
    label = f"RTL with weights in registers ({X_SIMULATOR})"
    inputs = given.vectors.inputs[rows]
    return result, _compare(under_test, label, inputs, expected, found, given.work_dir, unknown, rows)


def timing_faults(under_test: FirmwareUnderTest, result: BenchResult) -> list[str]:
    """Where the timing seen in simulation is not the promised one."""
    latency, interval = promised_latency(under_test.record, result.top), under_test.record["initiation_interval"]
    faults = []
    if result.latency_cycles != latency:
        faults.append(f"{result.simulator}: latency is {result.latency_cycles} cycles, promised {latency}")
    if result.initiation_interval != interval:
        faults.append(f"{result.simulator}: initiation interval is {result.initiation_interval}, promised {interval}")
    return faults


def _check_ports(under_test: FirmwareUnderTest, vectors: Vectors, reference: Scores) -> None:
    fmt = under_test.score_format
    expected = (len(vectors), len(under_test.output_widths))
    if reference.shape != expected or reference.dtype != np.int64:
        raise FirmwareError(
            f"trained model: expected int64 scores of shape {expected}, got {reference.dtype} {reference.shape}"
        )
    if vectors.inputs.shape[1] != len(under_test.input_widths):
        raise FirmwareError(
            f"test vectors have {vectors.inputs.shape[1]} inputs, the firmware has {len(under_test.input_widths)}"
        )
    if len(reference) and (reference.min() < fmt.min_int or reference.max() > fmt.max_int):
        raise FirmwareError(
            f"trained model: scores reach {reference.min()} to {reference.max()}, the firmware's score format "
            f"{fmt} holds {fmt.min_int} to {fmt.max_int}"
        )


def _compare(
    under_test: FirmwareUnderTest,
    name: str,
    inputs: Scores,
    reference: Scores,
    other: NDArray[Any],
    work_dir: Path,
    unknown: NDArray[np.bool_] | None = None,
    positions: NDArray[np.int64] | None = None,
) -> Comparison:
    file = "".join(letter if letter.isalnum() else "_" for letter in name.lower()).strip("_")
    return compare(
        name,
        reference,
        other,
        inputs=inputs,
        input_widths=under_test.input_widths,
        score_lsb=under_test.score_format.lsb,
        counterexample=work_dir / f"counterexample_{file}.json",
        unknown=unknown,
        positions=positions,
    )


def bench_outcomes(result: BenchResult) -> tuple[BenchOutcome, ...]:
    """Every test of one run of the bench."""
    return tuple(
        BenchOutcome(result.simulator, result.version, test.name, test.passed, test.message, test.vectors, result.top)
        for test in result.tests
    )


def _result(given: Given, comparisons: tuple[Comparison, ...], results: Sequence[BenchResult]) -> VerifyResult:
    under_test, vectors, folder = given.under_test, given.vectors, given.work_dir / results[0].simulator
    benches = tuple(outcome for result in results for outcome in bench_outcomes(result))
    parts: tuple[Comparison | BenchOutcome, ...] = (*comparisons, *benches)
    faults = [str(part).splitlines()[0] for part in parts if not part.passed]
    whole = next(result for result in results if result.top == under_test.record["top"])
    faults += [fault for result in results for fault in timing_faults(under_test, result)]
    return VerifyResult(
        passed=not faults,
        vectors=len(vectors),
        categories=vectors.counts,
        comparisons=comparisons,
        benches=benches,
        latency_cycles_promised=promised_latency(under_test.record, whole.top),
        latency_cycles_measured=whole.latency_cycles,
        initiation_interval_measured=whole.initiation_interval,
        seed=given.seed,
        vectors_per_second=results[0].vectors_per_second,
        build_s=sum(result.build_s for result in results),
        fault=faults[0] if faults else "",
        coverage=_coverage(under_test, vectors, given.reference, folder),
    )


def _coverage(under_test: FirmwareUnderTest, vectors: Vectors, reference: Scores, folder: Path) -> Coverage:
    inputs, scores = (
        [Field(entry["name"], entry["width"], entry["signed"]) for entry in under_test.record[port]["fields"]]
        for port in ("inputs", "outputs")
    )
    latency = promised_latency(under_test.record, NETWORK_TOP)
    return coverage(vectors.inputs, reference, inputs, scores, read_tests(folder), latency)

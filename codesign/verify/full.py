"""The full verification: besides the quick one the VHDL, the synthesised netlist, planted faults and proofs."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codesign.pipeline_stages import stages_of
from codesign.progress import Progress, silent
from codesign.verify.compare import Comparison
from codesign.verify.cosim import BenchResult, Design
from codesign.verify.feed import Feed
from codesign.verify.formal import formal_checks
from codesign.verify.interface import NETWORK_TOP, promised_latency, top_ports
from codesign.verify.mutation.hunt import Hunter
from codesign.verify.mutation.score import Knowledge, MutationResult, mutation_score
from codesign.verify.netlist import netlist_design
from codesign.verify.ranges import Ranges
from codesign.verify.result import BenchOutcome, VerifyResult
from codesign.verify.sat import PROOF_S
from codesign.verify.step import Given, bench_outcomes, run_around, run_bench, timing_faults
from codesign.verify.trace import Ports, read_tests, write_trace

VHDL_VECTORS = 300  # GHDL takes some 245 a second
NETLIST_VECTORS = 1000  # some thousands of cells are some hundreds of vectors a second
VHDL_LABEL = "RTL (ghdl, VHDL)"


@dataclass(frozen=True)
class FullOptions:
    """What the full verification needs besides the quick one.

    Attributes:
        synthesise: makes the netlist, or finds it up to date, and returns its folder and its fabric.
        simulator: simulator of the long run, whose recorded clocks are played against the planted faults.
        mutants: faults to plant.
        proof_s: limit of each proof, seconds.
        feed: what can come to the inputs of the network; None: anything.
        hunter: looks for vectors that show planted faults which the others do not.
    """

    synthesise: Callable[[], tuple[Path, str]]
    simulator: str
    mutants: int
    proof_s: int = PROOF_S
    feed: Feed | None = None
    hunter: Hunter | None = None


def verify_fully(given: Given, quick: VerifyResult, options: FullOptions, progress: Progress = silent) -> VerifyResult:
    """Add everything that takes minutes to a quick verification.

    When the quick one failed, its result is returned as it is: planted faults mean nothing in a wrong design.

    Raises:
        FirmwareError: the netlist lost a port.
        ToolError: a tool is missing or failed.
    """
    if not quick.passed:
        return quick
    record = given.under_test.record
    ports = Ports(record["inputs"]["bits"], record["outputs"]["bits"])
    vhdl = partial(run_bench, simulator="ghdl", label=VHDL_LABEL, folder="ghdl")
    result = _simulated(given, quick, given.under_test.vhdl, vhdl, VHDL_LABEL, VHDL_VECTORS, progress)
    if record.get("decision"):
        label = f"{record['top']} (ghdl, VHDL)"
        whole = partial(run_around, simulator="ghdl", label=label)
        result = _simulated(given, result, given.under_test.vhdl, whole, label, VHDL_VECTORS, progress)
    progress("synthesising the netlist", 0, 1)
    folder, fabric = options.synthesise()
    label = f"netlist for {fabric} (verilator)"
    netlist = netlist_design(record["top"], folder, top_ports(record))
    # The folder of a run is named by its top, so the netlist of what stands around the network has one of its own.
    around = dataclasses.replace(given, work_dir=given.work_dir / "netlist")
    simulated = partial(run_around if record.get("decision") else run_bench, simulator="verilator", label=label)
    result = _simulated(around, result, netlist, simulated, label, NETLIST_VECTORS, progress)
    mutation = _planted_faults(given, options, ports, progress)
    formal = formal_checks(given.under_test, given.work_dir / "formal", options.proof_s, progress)
    faults = [mutation.fault, *(str(check) for check in formal if not check.passed)]
    return _with_faults(dataclasses.replace(result, mutation=mutation, formal=formal), faults)


def _planted_faults(given: Given, options: FullOptions, ports: Ports, progress: Progress) -> MutationResult:
    """Play the clocks of the long run against planted faults."""
    trace, latency = given.work_dir / "clocks.bin", promised_latency(given.under_test.record, NETWORK_TOP)
    clocks = write_trace(trace, read_tests(given.work_dir / options.simulator), ports, latency)
    # Ranges of values hold for Verilog that nobody has changed.
    machine = given.under_test.machine if given.under_test.is_as_generated else None
    known = Knowledge(
        ranges=None if machine is None else Ranges(stages_of(machine), options.feed),
        legal=() if options.feed is None else options.feed.conditions(),
        hunter=options.hunter,
        proof_s=options.proof_s,
    )
    return mutation_score(
        given.under_test.design,
        ports,
        trace,
        clocks,
        given.work_dir / "mutation",
        count=options.mutants,
        seed=given.seed,
        known=known,
        progress=progress,
    )


def _simulated(
    given: Given,
    result: VerifyResult,
    design: Design,
    run: Callable[..., tuple[BenchResult, Comparison]],
    label: str,
    count: int,
    progress: Progress,
) -> VerifyResult:
    rows = given.vectors.spread(count)
    progress(f"simulating {len(rows)} vectors: {label}", 0, 1)
    bench, comparison = run(given, design, rows)
    outcomes = tuple(dataclasses.replace(test, simulator=label) for test in bench_outcomes(bench))
    found = dataclasses.replace(
        result,
        comparisons=(*result.comparisons, comparison),
        benches=(*result.benches, *outcomes),
        build_s=result.build_s + bench.build_s,
        speeds={**result.speeds, label: bench.vectors_per_second},
    )
    parts: tuple[Comparison | BenchOutcome, ...] = (comparison, *outcomes)
    faults = [str(part).splitlines()[0] for part in parts if not part.passed]
    return _with_faults(found, [*faults, *(f"{label}: {fault}" for fault in timing_faults(given.under_test, bench))])


def _with_faults(result: VerifyResult, faults: list[str]) -> VerifyResult:
    fault = next(filter(None, [result.fault, *faults]), "")
    return dataclasses.replace(result, passed=not fault, fault=fault)

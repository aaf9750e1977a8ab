"""Writes the whole firmware of a trained network: HLS project, Verilog, trigger wrapper, and the record of it all."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesign.bunch_clock import BUNCH_CLOCK_MHZ, bunch_crossings
from codesign.contract import InputContract
from codesign.firmware import conifer, hls, rtl, wrapper
from codesign.firmware.compiled import CompiledProject
from codesign.firmware.cost_terms import CostTerms
from codesign.firmware.decision import (
    Decision,
    DecisionRequest,
    NetworkIdentity,
    clocks_per_crossing,
    write_decision,
    write_vhdl_decision,
)
from codesign.firmware.emulator import emulator_name, write_emulator
from codesign.firmware.hls_backends import HLS_BACKENDS
from codesign.firmware.layer_costs import LayerCost
from codesign.firmware.ports import Port, input_port, score_port
from codesign.firmware.reloadable import ReloadableResult, Stage, stages_of, write_reloadable
from codesign.firmware.unpacking import UnpackingResult, describe_unpacking, source_port
from codesign.unpacking import Unpacker


@dataclass(frozen=True)
class FirmwareTarget:
    """What the firmware is made for.

    Attributes:
        board: name of the board.
        part: its device.
        clock_mhz: algorithm clock.
        latency_cutoff: adder levels between two registers.
        hls_backend: hls4ml back end.
        reuse_factor: hls4ml reuse factor.
        hls_io: "io_parallel" or "io_stream".
        strategy: hls4ml strategy.
        layers: reuse factor and strategy of single layers, by name, where they differ.
        weights: "hard-wired", or "registers" for a second firmware with weights in registers.
        multipliers: what the multipliers of the latter are built of, "dsp" or "lut".
    """

    board: str
    part: str
    clock_mhz: float
    latency_cutoff: float
    hls_backend: str
    reuse_factor: int
    hls_io: str = "io_parallel"
    strategy: str = "latency"
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    weights: str = "hard-wired"
    multipliers: str = "dsp"


@dataclass(frozen=True, kw_only=True)
class FirmwareResult:
    """What was generated; all paths are relative to the firmware directory.

    Attributes:
        top: top module of the RTL.
        target: board, part and clock.
        classes: class names in port order.
        inputs: packed input word: the integers of the input contract, or the words of the links.
        outputs: packed output word; every score in ``score_format``.
        score_format: ``ap_fixed`` text of the score integers.
        latency_cycles: rising edges from the one that samples an event to the one that samples its scores.
        latency_ns: the same at the algorithm clock.
        latency_bunch_crossings: the same in bunch crossings, rounded up.
        initiation_interval: clocks between two events (1: a new event every clock).
        lut_estimate: cost of the adder graph as the compiler counts it, without wrapper and registers.
        register_bits: pipeline registers of the network.
        cost_terms: what resources are estimated from, besides the cost.
        rtl_sources: Verilog files in reading order.
        include_directories: folders of included headers.
        vhdl_sources: the same design in VHDL-2008, in reading order.
        hls_project: the HLS project.
        hls_generator: what wrote it, a key of ``HLS_FIRMWARE``.
        rtl_project: the alkaid project, which also holds the integer model.
        emulator_project: the software emulator in C++, for the experiment's simulation.
        emulator_version: its version, which depends on all that it computes.
        clock: clock port of the top module.
        decision: what stands around the network; None where the top gives scores only.
        layers: the compiler's cost by layer.
        unpacking: what makes contract integers from words of the links; ``None`` where there is nothing to unpack.
        network: module of the network inside the wrapper.
        reloadable: the firmware with weights in registers; ``None`` where none was asked for.
        hls_simulation_needs: what its C-simulation needs that is not here; empty where it is compiled and compared.
    """

    top: str
    target: FirmwareTarget
    classes: tuple[str, ...]
    inputs: Port
    outputs: Port
    score_format: str
    latency_cycles: int
    latency_ns: float
    latency_bunch_crossings: int
    initiation_interval: int = 1
    lut_estimate: float
    register_bits: int
    cost_terms: CostTerms
    rtl_sources: tuple[str, ...]
    include_directories: tuple[str, ...] = ("wrapper",)
    vhdl_sources: tuple[str, ...]
    hls_project: str = "hls"
    hls_generator: str
    rtl_project: str = "rtl"
    emulator_project: str = "emulator"
    emulator_version: str
    clock: str = wrapper.CLOCK
    decision: Decision | None = None
    layers: tuple[LayerCost, ...] = ()
    unpacking: UnpackingResult | None = None
    hls_simulation_needs: str = ""
    network: str = rtl.TOP
    reloadable: ReloadableResult | None = None


# The C-simulation of what each generator writes; networks go through hls4ml, trees through conifer.
HLS_FIRMWARE: dict[str, type[CompiledProject]] = {
    "hls4ml": hls.HlsFirmware,
    "conifer": conifer.ConiferFirmware,
}


def generate(
    model: Any,
    contract: InputContract,
    classes: Sequence[str],
    target: FirmwareTarget,
    path: Path,
    name: str,
    request: DecisionRequest | None = None,
    unpacker: Unpacker | None = None,
) -> FirmwareResult:
    """Write the firmware of a trained network into an empty directory.

    Args:
        model: Keras model of HGQ2 layers.
        contract: formats of the inputs.
        classes: class names, in the order of the network's outputs.
        target: board, clock and generator options.
        path: firmware directory; what stands there is replaced.
        name: what the emulator is called in C++, made a valid name there.
        request: the decision behind the network; None for scores only.
        unpacker: what the RTL does with the words of the links; HLS and emulator take the contract's integers.

    Raises:
        FirmwareError: a generator's result does not hold what it must (dropped layer, no pipeline, constant score).
    """
    shutil.rmtree(path, ignore_errors=True)
    period_ns = 1000.0 / target.clock_mhz
    stages = stages_of(model, contract, unpacked=unpacker is not None) if target.weights == "registers" else ()
    integer_model = rtl.trace(model, contract)
    project = _write_rtl(integer_model, path / "rtl", target, period_ns)
    hls_generator = _write_hls(model, contract, path / "hls", target, period_ns)
    emulator = write_emulator(path / "emulator", integer_model, contract, classes, emulator_name(name))
    inputs, outputs = input_port(contract), score_port(classes, integer_model.score_format)
    words = None if unpacker is None else (unpacker, source_port(unpacker))
    latency_cycles = project.latency_cycles + (unpacker.latency_cycles if unpacker else 0)
    timing = wrapper.Timing(target.clock_mhz, latency_cycles, target.part)
    sources = wrapper.write_wrapper(path / "wrapper", inputs, outputs, integer_model, timing, words)
    decision: Decision | None = None
    if request is not None:
        network = NetworkIdentity(int(emulator.version[:8], 16), latency_cycles)
        decision, more = _write_decision(path / "wrapper", request, outputs, integer_model, network, timing)
        latency_cycles = decision.latency_cycles
        sources = tuple(dict.fromkeys((*sources, *more)))  # both parts delay words
    vhdl = _write_vhdl(path / "vhdl", target, decision, inputs, outputs, integer_model, timing.latency_cycles, words)
    return FirmwareResult(
        top=wrapper.TOP if decision is None else decision.top,
        clock=wrapper.CLOCK if decision is None else decision.clock_port,
        target=target,
        classes=tuple(classes),
        inputs=words[1] if words else inputs,
        outputs=outputs,
        score_format=str(integer_model.score_format),
        latency_cycles=latency_cycles,
        latency_ns=latency_cycles * period_ns,
        latency_bunch_crossings=bunch_crossings(latency_cycles * period_ns),
        lut_estimate=project.lut_estimate,
        register_bits=project.register_bits,
        cost_terms=project.terms,
        rtl_sources=tuple(str(source.relative_to(path)) for source in (*project.sources, *sources)),
        vhdl_sources=tuple(str(source.relative_to(path)) for source in vhdl),
        hls_generator=hls_generator,
        hls_simulation_needs="" if hls_generator == "conifer" else HLS_BACKENDS[target.hls_backend].needs,
        emulator_version=emulator.version,
        decision=decision,
        layers=integer_model.layers,
        reloadable=_write_reloadable(path, stages, contract, target) if stages else None,
        unpacking=None if unpacker is None else describe_unpacking(unpacker),
    )


def _write_reloadable(
    path: Path, stages: Sequence[Stage], contract: InputContract, target: FirmwareTarget
) -> ReloadableResult:
    return write_reloadable(path / "reloadable", stages, contract, path, target.multipliers)


def _write_rtl(integer_model: rtl.IntegerModel, path: Path, target: FirmwareTarget, period_ns: float) -> rtl.RtlProject:
    part, cutoff = target.part, target.latency_cutoff
    return rtl.write_verilog(integer_model, path, part=part, clock_period_ns=period_ns, latency_cutoff=cutoff)


def _write_decision(
    path: Path,
    request: DecisionRequest,
    outputs: Port,
    integer_model: rtl.IntegerModel,
    network: NetworkIdentity,
    timing: wrapper.Timing,
) -> tuple[Decision, tuple[Path, ...]]:
    """Write what stands around the network, and the constraints of its top module."""
    clocks = clocks_per_crossing(timing.clock_mhz, BUNCH_CLOCK_MHZ) if request.interface == "l1_algo" else None
    decision, sources = write_decision(path, request, outputs, integer_model.score_format, network, clocks)
    wrapper.write_constraints(path, decision.top, decision.clock_port, timing)
    return decision, sources


def _write_vhdl(
    path: Path,
    target: FirmwareTarget,
    decision: Decision | None,
    inputs: Port,
    outputs: Port,
    integer_model: rtl.IntegerModel,
    latency_cycles: int,
    words: tuple[Unpacker, Port] | None,
) -> tuple[Path, ...]:
    """Write the same design in VHDL and return its files in reading order."""
    period_ns, cutoff = 1000.0 / target.clock_mhz, target.latency_cutoff
    sources = rtl.write_vhdl(integer_model, path, part=target.part, clock_period_ns=period_ns, latency_cutoff=cutoff)
    sources += wrapper.write_vhdl_wrapper(path, inputs, outputs, integer_model, latency_cycles, words)
    more = () if decision is None else write_vhdl_decision(path, decision, outputs)
    return tuple(dict.fromkeys((*sources, *more)))  # both parts delay words


def _write_hls(model: Any, contract: InputContract, path: Path, target: FirmwareTarget, period_ns: float) -> str:
    """Write the HLS project and return the name of its generator."""
    if conifer.is_trees(model):
        hls.require_plain(target.hls_backend, target.hls_io, target.strategy, target.layers)
        conifer.write_conifer(model, contract, path, part=target.part, clock_period_ns=period_ns)
        return "conifer"
    hls.write_hls(
        model,
        contract,
        path,
        backend=target.hls_backend,
        part=target.part,
        clock_period_ns=period_ns,
        reuse_factor=target.reuse_factor,
        io_type=target.hls_io,
        strategy=target.strategy,
        layers=target.layers,
    )
    return "hls4ml"

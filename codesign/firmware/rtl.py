"""RTL: a trained network as a pipelined adder graph in Verilog or VHDL, made by alkaid."""

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.firmware.cost_terms import CostTerms, cost_terms
from codesign.firmware.layer_costs import LayerCost, layer_costs
from codesign.fixed_point import FixedPoint

log = logging.getLogger(__name__)

TOP = "network"


def _constant_products(matrix: NDArray[np.floating], values: Any) -> NDArray[np.bool_] | None:
    """Which products alkaid shall write out itself: all of a matrix that meets nothing but constants.

    Its solver would reduce them to plain numbers, on which alkaid 0.8.2 stops with a StopIteration. Patches of a
    convolution whose activations were pruned away are such a case.
    """
    constant = np.array([value.low == value.high for value in np.ravel(values)])
    return None if np.any(matrix[~constant]) else matrix != 0


# Options of alkaid's constant-matrix solver. ``hard_dc`` bounds the adder depth a multiplication may gain for fewer
# adders. ``binary_lut`` is off since alkaid 0.8.2 stops with an assertion when it meets a signed one-bit value.
SOLVER_OPTIONS = {"hard_dc": 2, "binary_lut": False, "offload_fn": _constant_products}
LAYERS = "layers"  # folder of the graphs up to each layer
INTEGER_MODEL = "model/comb.json.gz"  # where alkaid saves the graph inside its project


@dataclass(frozen=True)
class InputBits:
    """Which bits of a hardware integer the network looks at; the compiler leaves out those that change nothing.

    Attributes:
        low: position of the lowest such bit in the hardware integer.
        width: number of bits from there; 0 when the network does not use the input at all.
    """

    low: int
    width: int


@dataclass(frozen=True)
class ScoreBits:
    """Where one score lies in the network's raw output, and its own format (kif as alkaid counts)."""

    low: int
    width: int
    signed: bool
    integer: int
    fractional: int


class IntegerModel:
    """The adder graph as exact integer arithmetic, evaluated in vectorised C++ by alkaid.

    Attributes:
        contract: formats of the inputs.
        graph: alkaid's ``CombLogic``.
        layers: cost by layer; empty for a graph that was read back.
        up_to: the graph that ends with each of these layers.
    """

    def __init__(
        self,
        graph: Any,
        contract: InputContract,
        layers: tuple[LayerCost, ...] = (),
        up_to: tuple[Any, ...] = (),
    ) -> None:
        self.graph = graph
        self.contract = contract
        self.layers = layers
        self.up_to = up_to

    @classmethod
    def load(cls, project: Path, contract: InputContract) -> "IntegerModel":
        """Read the graph back from a generated project.

        Raises:
            FirmwareError: the project holds none.
        """
        from alkaid.types import CombLogic

        path = project / INTEGER_MODEL
        if not path.is_file():
            raise FirmwareError(f"{path}: the integer model is missing; generate the firmware again")
        return cls(CombLogic.load(path), contract)

    def predict(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Scores as integers of ``score_format``.

        Args:
            integers: hardware integers, shape (n, inputs).

        Returns:
            shape (n, classes).
        """
        values = self.contract.to_network(integers).astype(np.float64)
        return self.score_format.exact_int(self.graph.predict(values))

    @cached_property
    def input_bits(self) -> tuple[InputBits, ...]:
        """Layout of the raw input word of the generated Verilog, input 0 in the least significant bits.

        Raises:
            FirmwareError: the graph wants bits that the contract does not have.
        """
        found = []
        for entry, given, interval in zip(
            self.contract.inputs, self.contract.network_formats, self.graph.inp_qint, strict=True
        ):
            signed, integer, fractional = interval.kif
            bits = InputBits(given.fractional - fractional, max(0, int(signed) + integer + fractional))
            if bits.width and (bits.low < 0 or bits.low + bits.width > given.width):
                raise FirmwareError(f"input {entry.name!r}: the network wants {interval}, the contract gives {given}")
            found.append(bits)
        return tuple(found)

    def hardware_integers(self, words: Sequence[int]) -> NDArray[np.int64]:
        """Hardware integers that give raw input words; what the network does not look at is zero.

        Args:
            words: values of the input port of the generated Verilog.

        Returns:
            shape (words, inputs).
        """
        low, _ = self.contract.extremes()
        rows = np.zeros((len(words), len(low)), np.int64)
        for row, word in zip(rows, words, strict=True):
            position = 0
            for column, bits in enumerate(self.input_bits):
                row[column] = ((word >> position) & ((1 << bits.width) - 1)) << bits.low
                position += bits.width
        widths = np.array([given.width for given in self.contract.network_formats])
        return np.where((low < 0) & (rows >> (widths - 1) == 1), rows - (1 << widths), rows)

    @cached_property
    def unused_bits(self) -> NDArray[np.int64]:
        """The bits of each input that do not reach the input port of the generated Verilog, as masks."""
        widths = [given.width for given in self.contract.network_formats]
        known = [((1 << bits.width) - 1) << max(0, bits.low) for bits in self.input_bits]
        return np.array([((1 << width) - 1) & ~bits for width, bits in zip(widths, known, strict=True)])

    @cached_property
    def score_bits(self) -> tuple[ScoreBits, ...]:
        """Layout of the raw output word of the generated Verilog.

        Raises:
            FirmwareError: a score is constant, so it would have no bits.
        """
        position, scores = 0, []
        for index, interval in enumerate(self.graph.out_qint):
            signed, integer, fractional = interval.kif
            width = int(signed) + integer + fractional
            if width <= 0 or interval.min == interval.max:
                raise FirmwareError(
                    f"score {index} is constant ({interval.min:g}): the network collapsed; "
                    "raise quantization.target_ebops or train longer"
                )
            scores.append(ScoreBits(position, width, bool(signed), integer, fractional))
            position += width
        return tuple(scores)

    @cached_property
    def score_format(self) -> FixedPoint:
        """The smallest signed format that holds every score exactly."""
        integer = max(score.integer for score in self.score_bits)
        fractional = max(score.fractional for score in self.score_bits)
        return FixedPoint.from_kif(True, integer, fractional)


def trace(model: Any, contract: InputContract) -> IntegerModel:
    """Turn a Keras model of HGQ2 layers into an adder graph over the contract's hardware integers."""
    from alkaid.converter import trace_model
    from alkaid.trace import FVArray
    from alkaid.trace import trace as trace_graph

    from codesign.firmware import rtl_layers, rtl_trees  # noqa: F401  register layers

    kif = np.array([fmt.kif for fmt in contract.network_formats]).T[:, None]  # with an axis for the batch
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2], solver_options=SOLVER_OPTIONS)
    traced = trace_model(model, inputs=inputs, dump=True)
    outputs = np.concatenate([np.ravel(output) for output in traced["final"]])
    layers = layer_costs(traced, lambda values: trace_graph(np.ravel(inputs), values))
    return IntegerModel(trace_graph(np.ravel(inputs), outputs), contract, *layers)


@dataclass(frozen=True)
class RtlProject:
    """Generated Verilog of the network.

    Attributes:
        path: project directory.
        sources: Verilog files in reading order.
        latency_cycles: rising edges from the one that samples the input to the one after which the output is valid;
            the generator's own count, which the simulation measures again.
        lut_estimate: the compiler's cost.
        register_bits: pipeline registers.
        terms: what resources are estimated from, besides the cost.
    """

    path: Path
    sources: tuple[Path, ...]
    latency_cycles: int
    lut_estimate: float
    register_bits: int
    terms: CostTerms


def write_verilog(
    integer_model: IntegerModel, path: Path, *, part: str, clock_period_ns: float, latency_cutoff: float
) -> RtlProject:
    """Write the pipelined Verilog.

    Args:
        integer_model: the traced network.
        path: project directory.
        part: target part, for the project's own scripts.
        clock_period_ns: target period, for the project's own constraints.
        latency_cutoff: adder levels between two registers.

    Raises:
        FirmwareError: the generated pipeline has no register, or an implausible size.
    """
    project, size = _pipeline(integer_model, path, "verilog", part, clock_period_ns, latency_cutoff)
    project.write()
    (path / LAYERS).mkdir(exist_ok=True)
    for index, graph in enumerate(integer_model.up_to):
        graph.save(path / LAYERS / f"{index}.json.gz")
    for archive in (*path.glob("model/*.gz"), *path.glob(f"{LAYERS}/*.gz")):
        _forget_time(archive)
    source = path / "src"
    _require_port_widths(source / f"{TOP}.v", integer_model)
    return RtlProject(
        path, _sources(source, "v"), size.latency_cycles, size.lut_estimate, size.register_bits, size.terms
    )


def write_layers(project: Path, folder: Path) -> tuple[tuple[Path, ...], ...]:
    """Write the network up to each of its layers as Verilog without registers, for counting what a layer takes.

    Args:
        project: what ``write_verilog`` made.
        folder: gets one folder for each layer.

    Returns:
        Files in reading order, by layer as in `IntegerModel.layers`.
    """
    from alkaid.codegen import RTLModel
    from alkaid.types import CombLogic

    found = []
    for index in range(len(list(project.glob(f"{LAYERS}/*.json.gz")))):
        path = folder / f"{index}"
        graph = CombLogic.load(project / LAYERS / f"{index}.json.gz")
        RTLModel(graph, path, prj_name=TOP, flavor="verilog").write()
        found.append(_sources(path / "src", "v"))
    return tuple(found)


def write_vhdl(
    integer_model: IntegerModel, path: Path, *, part: str, clock_period_ns: float, latency_cutoff: float
) -> tuple[Path, ...]:
    """Write the same pipeline in VHDL-2008, and return its files in reading order; arguments of ``write_verilog``."""
    _pipeline(integer_model, path, "vhdl", part, clock_period_ns, latency_cutoff)[0].write()
    shutil.rmtree(path / "model")  # the integer model stands in the Verilog project
    return _sources(path / "src", "vhd")


@dataclass(frozen=True)
class PipelineSize:
    """What the pipelined network costs, as the compiler counts it, without the wrapper.

    Attributes:
        latency_cycles: as in `RtlProject`.
        lut_estimate: the compiler's cost.
        register_bits: pipeline registers.
        terms: as in `RtlProject`.
    """

    latency_cycles: int
    lut_estimate: float
    register_bits: int
    terms: CostTerms


def pipeline_size(
    integer_model: IntegerModel, *, part: str, clock_period_ns: float, latency_cutoff: float
) -> PipelineSize:
    """What ``write_verilog`` would give, without writing anything.

    Raises:
        FirmwareError: as there.
    """
    return _pipeline(integer_model, Path(TOP), "verilog", part, clock_period_ns, latency_cutoff)[1]


def _pipeline(
    integer_model: IntegerModel, path: Path, flavor: str, part: str, clock_period_ns: float, latency_cutoff: float
) -> tuple[Any, PipelineSize]:
    """The project of alkaid, not written yet, and its size."""
    from alkaid.codegen import RTLModel

    project = RTLModel(
        integer_model.graph,
        path,
        prj_name=TOP,
        flavor=flavor,
        latency_cutoff=latency_cutoff,
        part_name=part,
        clock_period=clock_period_ns,
    )
    latency = max(int(signal.schedule.bias) for signal in project.fsm.out_signals)
    cost = float(integer_model.graph.cost)
    if latency <= 0 or project.reg_bits <= 0:
        raise FirmwareError(f"{path}: the generated pipeline has {latency} stages and {project.reg_bits} register bits")
    if not cost > 0:
        raise FirmwareError(f"{path}: the compiler's cost is {cost:g} LUT: the network computes nothing")
    return project, PipelineSize(latency, cost, int(project.reg_bits), cost_terms(project.fsm))


def _sources(folder: Path, suffix: str) -> tuple[Path, ...]:
    """Files in reading order: what is used stands before what uses it."""
    parts = sorted(folder.glob(f"static/*.{suffix}"))
    tables = [path for path in (folder / f"{TOP}_tables.{suffix}",) if path.is_file()]
    logic = sorted(folder.glob(f"logic*.{suffix}"), key=_logic_number)
    return (*parts, *tables, *logic, folder / f"{TOP}.{suffix}")


def _require_port_widths(verilog: Path, integer_model: IntegerModel) -> None:
    """Refuse Verilog whose ports are not the ones the wrapper will connect: a simulator would only warn."""
    text = verilog.read_text()
    for port, bits in (("model_inp", integer_model.input_bits), ("model_out", integer_model.score_bits)):
        expected = sum(entry.width for entry in bits)
        match = re.search(rf"\[(\d+):0\] {port}\b", text)
        found = int(match.group(1)) + 1 if match else None
        if found != expected:
            raise FirmwareError(f"{verilog}: port {port} has {found} bits, expected {expected}")


def _forget_time(archive: Path) -> None:
    """Zero the time stamp in a gzip header (RFC 1952, bytes 4 to 7), so that equal networks give equal files."""
    with archive.open("r+b") as file:
        file.seek(4)
        file.write(bytes(4))


def _logic_number(path: Path) -> int:
    return int(path.stem.removeprefix("logic"))

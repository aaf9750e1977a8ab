"""Firmware with weights in registers: dense layers and ReLU of fixed formats, reloaded without a rebuild.

Widths depend on the formats alone, never on the trained numbers, so any weights of the same formats can be written. A
network of other layers is refused, with the name of the layer.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from codesign.assets import asset
from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.fixed_point import FixedPoint

Integers = NDArray[np.int64]

TOP = "reloadable_algorithm"
STATIC = ("requantize.v", "dense_registers.v")
ROUNDINGS, OVERFLOWS = ("TRN", "RND", "RND_CONV"), ("WRAP", "SAT", "SAT_SYM")  # as requantize.v counts them
REFUSED = "weights in registers are for dense layers with ReLU and one fixed format per layer"


def register_bits(fixed: FixedPoint) -> int:
    """Width of a register, which is two's complement for unsigned numbers too."""
    return fixed.width + (0 if fixed.signed else 1)


@dataclass(frozen=True)
class DenseStage:
    """A layer with weights.

    Attributes:
        name: name of the layer.
        given: format of its inputs.
        weights: format of the weights.
        biases: format of the biases.
        kernel: stored integers of the weights, shape (inputs, outputs).
        bias: stored integers of the biases, shape (outputs,).
        first_address: address of weight (0, 0).
    """

    name: str
    given: FixedPoint
    weights: FixedPoint
    biases: FixedPoint
    kernel: Integers
    bias: Integers
    first_address: int

    @property
    def made(self) -> FixedPoint:
        """Format that holds every sum, whatever the weights are."""
        fractional = self.given.fractional + self.weights.fractional
        product = self.given.width + 1 + register_bits(self.weights)
        bias = register_bits(self.biases) + self.bias_shift
        width = max(product, bias) + int(np.ceil(np.log2(len(self.kernel) + 1)))
        return FixedPoint(True, width, width - fractional)

    @property
    def bias_shift(self) -> int:
        """Bits from the LSB of the biases to that of the sums."""
        return self.given.fractional + self.weights.fractional - self.biases.fractional

    @property
    def latency_cycles(self) -> int:
        """Products, and the levels of the adder tree."""
        return 1 + int(np.ceil(np.log2(len(self.kernel) + 1)))

    @property
    def registers(self) -> int:
        """Number of addresses."""
        return self.kernel.size + self.bias.size

    def words(self) -> Integers:
        """Contents of the registers in the order of the addresses: per output its weights, then its bias."""
        return np.concatenate([self.kernel, self.bias[None]]).T.ravel()


@dataclass(frozen=True)
class FormatStage:
    """A ReLU or a change of format.

    Attributes:
        name: name of the layer.
        given: format of its inputs.
        made: format of its outputs.
        size: number of values.
        relu: whether negative values become zero first.
    """

    name: str
    given: FixedPoint
    made: FixedPoint
    size: int
    relu: bool

    latency_cycles = 1


Stage = DenseStage | FormatStage


@dataclass(frozen=True)
class ReloadableResult:
    """The firmware with weights in registers.

    Attributes:
        top: its top module, with the ports of ``trigger_algorithm`` and a write port.
        sources: Verilog files in reading order, relative to the firmware directory.
        include_directories: folders of included headers, likewise.
        latency_cycles: rising edges from the one that samples an event to the one that samples its scores.
        score_format: ``ap_fixed`` text of the scores.
        output_bits: width of the output word.
        address_bits: width of write_address.
        data_bits: width of write_data.
        layers: per layer its first address, numbers of inputs and outputs, and formats: output o has its weights at
            ``first_address + o * (inputs + 1) + i`` and its bias behind them.
    """

    top: str
    sources: tuple[str, ...]
    include_directories: tuple[str, ...]
    latency_cycles: int
    score_format: str
    output_bits: int
    address_bits: int
    data_bits: int
    layers: tuple[dict[str, Any], ...]


def stages_of(model: Any, contract: InputContract, *, unpacked: bool = False) -> tuple[Stage, ...]:
    """The network as stages of the pipeline.

    Args:
        model: Keras model.
        contract: formats of the inputs.
        unpacked: whether firmware makes the inputs from words, which is not built here.

    Raises:
        FirmwareError: a layer is of another kind or has no common format; the message names it.
    """
    if unpacked:
        raise FirmwareError(
            'firmware.weights = "registers" takes the integers of the contract; leave firmware.source out'
        )
    fixed, size, address = common_input(contract), len(contract.inputs), 0
    stages: list[Stage] = []
    relu = False
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        if kind == "Quantizer":
            made = _fixed(layer.name, layer.quantizer)
            if stages or made != replace(fixed, rounding=made.rounding, overflow=made.overflow):
                stages.append(FormatStage(layer.name, fixed, made, size, relu))
            fixed, relu = made, False
        elif kind == "Activation" and layer.activation.__name__ == "relu":
            relu = True
        elif kind == "QDense" and not relu:
            stage = _dense(layer, fixed, size, address)
            stages.append(stage)
            address += stage.registers
            fixed, size, relu = stage.made, stage.kernel.shape[1], layer.activation.__name__ == "relu"
        else:
            what = "a ReLU without a format behind it" if kind == "QDense" else kind
            raise FirmwareError(f"layer {layer.name!r} ({what}): {REFUSED}")
    if relu or not stages or not isinstance(stages[-1], DenseStage):
        raise FirmwareError(f"layer {model.layers[-1].name!r}: {REFUSED}, and the last layer gives the sums")
    return tuple(stages)


def common_input(contract: InputContract) -> FixedPoint:
    """The smallest format that holds every network value of a contract."""
    signed, integer, fractional = (int(part) for part in np.max([f.kif for f in contract.network_formats], axis=0))
    return FixedPoint.from_kif(bool(signed), integer, fractional)


def _fixed(name: str, quantizer: Any) -> FixedPoint:
    """The one format of a quantiser."""
    if not hasattr(quantizer, "kif"):
        raise FirmwareError(f"layer {name!r}: {REFUSED}")
    parts = [np.unique(np.asarray(part, dtype=np.int64)) for part in quantizer.kif]
    if any(len(part) != 1 for part in parts):
        raise FirmwareError(f"layer {name!r}: its format differs from value to value; {REFUSED}")
    keep, integer, fractional = (int(part[0]) for part in parts)
    return FixedPoint(
        bool(keep), keep + integer + fractional, keep + integer, quantizer.round_mode, quantizer.overflow_mode
    )


def _dense(layer: Any, given: FixedPoint, inputs: int, address: int) -> DenseStage:
    if layer.enable_iq or layer.enable_oq:
        raise FirmwareError(f"layer {layer.name!r}: its quantisers of inputs or outputs stand in it; {REFUSED}")
    weights, biases = _fixed(layer.name, layer.kq.quantizer), _fixed(layer.name, layer.bq.quantizer)
    if len(layer.kernel.shape) != 2 or layer.kernel.shape[0] != inputs:
        raise FirmwareError(f"layer {layer.name!r}: {REFUSED}")
    kernel, bias = np.asarray(layer.qkernel, np.float64), np.asarray(layer.qbias, np.float64)
    if biases.fractional > given.fractional + weights.fractional:
        raise FirmwareError(f"layer {layer.name!r}: its biases have finer steps than its products; {REFUSED}")
    return DenseStage(layer.name, given, weights, biases, weights.exact_int(kernel), biases.exact_int(bias), address)


def write_reloadable(
    path: Path, stages: Sequence[Stage], contract: InputContract, root: Path, multipliers: str = "dsp"
) -> ReloadableResult:
    """Write the Verilog into a folder.

    Args:
        path: folder to write into.
        stages: the network.
        contract: formats of the inputs.
        root: firmware directory, from which the paths of the result start.
        multipliers: "dsp" or "lut", what they are built of.
    """
    path.mkdir(parents=True, exist_ok=True)
    dense = [stage for stage in stages if isinstance(stage, DenseStage)]
    data_bits = max(register_bits(fixed) for stage in dense for fixed in (stage.weights, stage.biases))
    address_bits = max(1, int(np.ceil(np.log2(sum(stage.registers for stage in dense)))))
    scores, size = stages[-1].made, dense[-1].kernel.shape[1]
    latency = sum(stage.latency_cycles for stage in stages)
    templates = asset("firmware_templates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    (path / "reloadable_network.v").write_text(
        environment.get_template("reloadable_network.v.j2").render(
            address_bits=address_bits,
            data_bits=data_bits,
            dsp=int(multipliers == "dsp"),
            input_bits=contract.word_bits,
            output_bits=scores.width * size,
            first={"width": stages[0].given.width, "signed": int(stages[0].given.signed)},
            inputs=_inputs(contract, stages[0].given),
            stages=[_described(stage, data_bits) for stage in stages],
        )
    )
    (path / "reloadable_parameters.vh").write_text(
        "// Generated by codesign: widths of the words and latency in clocks.\n"
        f"parameter INPUT_BITS = {contract.word_bits},\nparameter OUTPUT_BITS = {scores.width * size},\n"
        f"parameter ADDRESS_BITS = {address_bits},\nparameter DATA_BITS = {data_bits},\nparameter LATENCY = {latency}\n"
    )
    for name in (*STATIC, f"{TOP}.v"):
        shutil.copyfile(templates / name, path / name)
    sources = (*(path / name for name in STATIC), path / "reloadable_network.v", path / f"{TOP}.v")
    return ReloadableResult(
        top=TOP,
        sources=tuple(str(source.relative_to(root)) for source in sources),
        include_directories=(str(path.relative_to(root)),),
        latency_cycles=latency,
        score_format=str(scores),
        output_bits=scores.width * size,
        address_bits=address_bits,
        data_bits=data_bits,
        layers=tuple(
            {
                "name": stage.name,
                "first_address": stage.first_address,
                "inputs": len(stage.kernel),
                "outputs": len(stage.bias),
                "weights": str(stage.weights),
                "biases": str(stage.biases),
            }
            for stage in dense
        ),
    )


def _inputs(contract: InputContract, common: FixedPoint) -> list[dict[str, object]]:
    low, found = 0, []
    for entry, fixed in zip(contract.inputs, contract.network_formats, strict=True):
        up = common.fractional - fixed.fractional
        found.append({"name": entry.name, "low": low, "width": entry.width, "signed": int(entry.signed), "up": up})
        low += entry.width
    return found


def _described(stage: Stage, data_bits: int) -> dict[str, object]:
    shared = {"name": stage.name, "input_width": stage.given.width, "input_signed": int(stage.given.signed)}
    if isinstance(stage, FormatStage):
        shift = stage.given.fractional - stage.made.fractional
        return {
            **shared,
            "kind": "format",
            "size": stage.size,
            "width": stage.made.width,
            "signed": int(stage.made.signed),
            "up": max(-shift, 0),
            "down": max(shift, 0),
            "relu": int(stage.relu),
            "rounding": ROUNDINGS.index(stage.made.rounding),
            "overflow": OVERFLOWS.index(stage.made.overflow),
        }
    words = stage.words()
    initial = sum((int(word) & ((1 << data_bits) - 1)) << (data_bits * index) for index, word in enumerate(words))
    return {
        **shared,
        "kind": "dense",
        "inputs": len(stage.kernel),
        "size": len(stage.bias),
        "width": stage.made.width,
        "weight_width": register_bits(stage.weights),
        "bias_width": register_bits(stage.biases),
        "bias_shift": stage.bias_shift,
        "first_address": stage.first_address,
        "initial": f"{data_bits * len(words)}'h{initial:x}",
    }


def register_words(stages: Sequence[Stage], data_bits: int) -> list[int]:
    """Contents of all registers in the order of the addresses, as unsigned words of ``data_bits``."""
    words = np.concatenate([stage.words() for stage in stages if isinstance(stage, DenseStage)])
    return [int(word) & ((1 << data_bits) - 1) for word in words]


def other_weights(stages: Sequence[Stage], seed: int) -> tuple[Stage, ...]:
    """The same network with random weights of the same formats, to be loaded in the trained ones' place."""
    random = np.random.default_rng(seed)

    def drawn(fixed: FixedPoint, shape: tuple[int, ...]) -> Integers:
        return random.integers(fixed.min_int, fixed.max_int, size=shape, endpoint=True)

    return tuple(
        replace(
            stage,
            kernel=drawn(stage.weights, stage.kernel.shape),
            bias=drawn(stage.biases, stage.bias.shape),
        )
        if isinstance(stage, DenseStage)
        else stage
        for stage in stages
    )


def with_words(model: Any, stages: Sequence[Stage]) -> Any:
    """A copy of a Keras model with the weights of the stages."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for stage in stages:
        if isinstance(stage, DenseStage):
            layer = copy.get_layer(stage.name)
            layer.kernel.assign(stage.weights.from_int(stage.kernel))
            layer.bias.assign(stage.biases.from_int(stage.bias))
    return copy

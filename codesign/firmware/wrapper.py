"""The trigger algorithm around the network: clock, reset, packed input word, aligned valid, class scores."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import jinja2

from codesign.assets import asset
from codesign.firmware.ports import Port
from codesign.firmware.rtl import TOP as NETWORK
from codesign.firmware.rtl import IntegerModel, ScoreBits
from codesign.firmware.unpacking import write_unpacking
from codesign.fixed_point import FixedPoint
from codesign.unpacking import Unpacker

TOP = "trigger_algorithm"
CLOCK = "clk"


@dataclass(frozen=True)
class Timing:
    """Clock and pipeline of the algorithm.

    Attributes:
        clock_mhz: algorithm clock.
        latency_cycles: rising edges from the one that samples the input to the one that samples the output.
        part: device; the name of its clock buffers stands in the constraints.
    """

    clock_mhz: float
    latency_cycles: int
    part: str

    @property
    def clock_period_ns(self) -> float:
        """Period of the clock."""
        return 1000.0 / self.clock_mhz


def write_wrapper(
    path: Path,
    inputs: Port,
    outputs: Port,
    network: IntegerModel,
    timing: Timing,
    unpacking: tuple[Unpacker, Port] | None = None,
) -> tuple[Path, ...]:
    """Write the wrapper and its constraints.

    Args:
        path: directory to write into.
        inputs: packed integers of the input contract.
        outputs: packed output word.
        network: tells which input bits the network takes, and where and in which format its scores lie.
        timing: clock and latency.
        unpacking: what makes those integers from the words of the links, and the port of the words; ``None`` where
            the integers themselves come in.

    Returns:
        The Verilog sources in reading order, the top module last.
    """
    path.mkdir(parents=True, exist_ok=True)
    sources = () if unpacking is None else write_unpacking(path, unpacking[0], templates(), ".v")
    values = _port_values(inputs, outputs, network, unpacking)
    ports = templates().get_template("network_ports.v.j2").render(values)
    (path / "network_ports.v").write_text(ports)
    write_constraints(path, TOP, CLOCK, timing)
    bits = inputs.bits if unpacking is None else unpacking[1].bits
    (path / "trigger_parameters.vh").write_text(_parameters(bits, outputs.bits, timing.latency_cycles))
    shutil.copyfile(asset("firmware_templates") / f"{TOP}.v", path / f"{TOP}.v")
    return *sources, path / "network_ports.v", path / f"{TOP}.v"


def write_vhdl_wrapper(
    path: Path,
    inputs: Port,
    outputs: Port,
    network: IntegerModel,
    latency_cycles: int,
    unpacking: tuple[Unpacker, Port] | None = None,
) -> tuple[Path, ...]:
    """Write the same wrapper in VHDL-2008, and return its files in reading order; arguments of ``write_wrapper``."""
    path.mkdir(parents=True, exist_ok=True)
    sources = () if unpacking is None else write_unpacking(path, unpacking[0], templates(), ".vhd")
    values = {**_port_values(inputs, outputs, network, unpacking), "latency_cycles": latency_cycles}
    for name in ("trigger_parameters.vhd", "network_ports.vhd"):
        (path / name).write_text(templates().get_template(f"{name}.j2").render(values))
    shutil.copyfile(asset("firmware_templates") / f"{TOP}.vhd", path / f"{TOP}.vhd")
    return *sources, path / "trigger_parameters.vhd", path / "network_ports.vhd", path / f"{TOP}.vhd"


def write_constraints(path: Path, top: str, clock: str, timing: Timing) -> None:
    """Write the out-of-context constraints of a top module with one clock."""
    constraints = (
        templates()
        .get_template("algorithm.xdc.j2")
        .render(
            top=top,
            clock=clock,
            clock_mhz=timing.clock_mhz,
            clock_period_ns=timing.clock_period_ns,
            io_delay_ns=0.2 * timing.clock_period_ns,
            clock_buffer="BUFGCTRL_X0Y0" if timing.part.startswith("xc7") else "BUFGCE_X0Y0",
        )
    )
    (path / f"{top}.xdc").write_text(constraints)


def templates() -> jinja2.Environment:
    """The text templates; an unknown name in one is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(asset("firmware_templates")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _port_values(
    inputs: Port, outputs: Port, network: IntegerModel, unpacking: tuple[Unpacker, Port] | None
) -> dict[str, object]:
    """What the templates of the port adapter say."""
    return {
        "network": NETWORK,
        "score_format": network.score_format,
        "input_bits": inputs.bits if unpacking is None else unpacking[1].bits,
        "unpacked_bits": 0 if unpacking is None else inputs.bits,
        "output_bits": outputs.bits,
        "raw_input_bits": sum(bits.width for bits in network.input_bits),
        "raw_output_bits": sum(score.width for score in network.score_bits),
        "inputs": [
            {"name": field.name, "low": field.lsb + bits.low, "high": field.lsb + bits.low + bits.width - 1}
            for field, bits in zip(inputs.fields, network.input_bits, strict=True)
            if bits.width
        ],
        "scores": [
            _placement(field.name, field.lsb, field.width, score, network.score_format)
            for field, score in zip(outputs.fields, network.score_bits, strict=True)
        ],
    }


def _parameters(input_bits: int, output_bits: int, latency_cycles: int) -> str:
    """The header that the static wrapper includes."""
    return (
        "// Generated by codesign: widths of the packed words and latency in clocks.\n"
        f"parameter INPUT_BITS = {input_bits},\n"
        f"parameter OUTPUT_BITS = {output_bits},\n"
        f"parameter LATENCY = {latency_cycles}\n"
    )


def _placement(name: str, lsb: int, width: int, score: ScoreBits, target: FixedPoint) -> dict[str, object]:
    """How one raw score is sign-extended to the left and zero-padded to the right."""
    padding = target.fractional - score.fractional
    high = score.low + score.width - 1
    return {
        "name": name,
        "lsb": lsb,
        "width": width,
        "low": score.low,
        "high": high,
        "padding": padding,
        "extension": width - score.width - padding,
        "sign_bit": f"raw_scores[{high}]" if score.signed else "1'b0",
        "vhdl_sign_bit": f"raw_scores({high})" if score.signed else "'0'",
    }

"""The README of a firmware directory: what a firmware engineer needs to place the algorithm."""

import dataclasses
from pathlib import Path

from codesign import __version__
from codesign.firmware.decision import Decision
from codesign.firmware.generate import FirmwareResult
from codesign.firmware.wrapper import templates
from codesign.fixed_point import FixedPoint

Row = tuple[str, str, str, str]  # port, direction, bits, meaning


def write_readme(path: Path, result: FirmwareResult, name: str) -> None:
    """Write ``README.md`` into a firmware directory.

    Args:
        path: the directory.
        result: the firmware in it.
        name: name of the run.
    """
    target = result.target
    text = (
        templates()
        .get_template("README.md.j2")
        .render(
            {
                **dataclasses.asdict(result),
                "name": name,
                "version": __version__,
                "board": target.board,
                "part": target.part,
                "clock_mhz": target.clock_mhz,
                "score_lsb": FixedPoint.parse(result.score_format).lsb,
                "ports": ports(result),
                "sources": result.rtl_sources,
                "yosys_family": "xc7" if target.part.startswith("xc7") else "xcup",
            }
        )
    )
    (path / "README.md").write_text(text)


def ports(result: FirmwareResult) -> tuple[Row, ...]:
    """Ports of the top module."""
    inputs, outputs = str(result.inputs.bits), str(result.outputs.bits)
    if result.decision is not None and result.decision.interface == "axi_stream":
        return _stream_ports(result.inputs.bits, result.outputs.bits)
    parallel = (
        ("clk", "in", "1", "algorithm clock"),
        ("reset", "in", "1", "synchronous, active high; events in flight are dropped"),
        ("in_valid", "in", "1", "in_data carries an event"),
        ("in_data", "in", inputs, "the input word"),
        ("out_valid", "out", "1", f"{result.latency_cycles} clocks after in_valid"),
        ("out_data", "out", outputs, "the scores"),
    )
    return parallel if result.decision is None else (*parallel, *_decision_ports(result.decision, len(result.classes)))


def _decision_ports(decision: Decision, classes: int) -> tuple[Row, ...]:
    return (
        ("in_bx0", "in", "1", "first clock of bunch crossing 0, with or without an event"),
        ("out_trigger", "out", str(len(decision.working_points)), "one bit per working point; 0 without an event"),
        ("out_class", "out", str(max(1, (classes - 1).bit_length())), "class of the largest score"),
        ("out_bx", "out", "12", "bunch crossing of the event"),
        ("reg_address", "in", "12", "byte address of a register"),
        ("reg_write, reg_read", "in", "1", "high for one clock, never both"),
        ("reg_write_data", "in", "32", "word to write"),
        ("reg_read_data", "out", "32", "word that was read, beside reg_done"),
        ("reg_done, reg_error", "out", "1", "one clock later: answered; refused"),
    )


def _stream_ports(input_bits: int, output_bits: int) -> tuple[Row, ...]:
    whole_input, whole_output = (8 * -(-bits // 8) for bits in (input_bits, output_bits))
    return (
        ("aclk", "in", "1", "clock of all interfaces"),
        ("aresetn", "in", "1", "synchronous, active low; events in flight are dropped"),
        ("s_axis_tdata", "in", str(whole_input), "the input word in the low bits"),
        ("s_axis_tvalid, s_axis_tready", "in, out", "1", "handshake of the input"),
        ("s_axis_tlast", "in", "1", "comes out again with its event"),
        ("s_axis_tuser", "in", "1", "first crossing of an orbit"),
        (
            "m_axis_tdata",
            "out",
            str(64 + whole_output),
            "15:0 trigger bits, 27:16 crossing, 39:32 class, scores from bit 64 on",
        ),
        ("m_axis_tvalid, m_axis_tready, m_axis_tlast", "out, in, out", "1", "handshake of the output"),
        ("s_axi_*", "", "", "AXI4-Lite slave, 12 address bits, 32 data bits, same clock"),
    )

"""The README of a firmware directory names the ports and registers that its Verilog has."""

import dataclasses
import re
from types import SimpleNamespace

import pytest

from codesign.assets import asset
from codesign.config_firmware import WorkingPointSection
from codesign.firmware.cost_terms import CostTerms
from codesign.firmware.decision import DecisionRequest, NetworkIdentity, write_decision
from codesign.firmware.generate import FirmwareResult, FirmwareTarget
from codesign.firmware.ports import pack
from codesign.firmware.readme import ports, write_readme
from codesign.fixed_point import FixedPoint
from codesign.report.sections.firmware import firmware


def result(path, interface):
    outputs, decision = pack([("g", 9, True), ("q", 9, True)]), None
    if interface != "scores":
        point = WorkingPointSection.model_validate({"class": "q", "threshold": 7})
        request = DecisionRequest(interface, {"tight": point}, {}, True)
        clocks = 9 if interface == "l1_algo" else None
        decision, _ = write_decision(path, request, outputs, FixedPoint(True, 9, 4), NetworkIdentity(1, 10), clocks)
    return FirmwareResult(
        top=decision.top if decision else "trigger_algorithm",
        clock=decision.clock_port if decision else "clk",
        target=FirmwareTarget("serenity-vu13p", "xcvu13p-flga2577-2-e", 360.71, 2.0, "Vitis", 1),
        classes=("g", "q"),
        inputs=pack([("mass", 8, True), ("tau", 6, False)]),
        outputs=outputs,
        score_format="ap_fixed<9,4,RND,SAT>",
        latency_cycles=decision.latency_cycles if decision else 10,
        latency_ns=27.7,
        latency_bunch_crossings=2,
        lut_estimate=100.0,
        register_bits=50,
        cost_terms=CostTerms(0, 0, 0, 0),
        vhdl_sources=("vhdl/trigger_algorithm.vhd",),
        rtl_sources=("rtl/src/network.v", "wrapper/trigger_algorithm.v"),
        hls_generator="hls4ml",
        emulator_version="0123456789abcdef",
        decision=decision,
    )


@pytest.mark.parametrize("interface", ["scores", "l1_algo", "axi_stream"])
def test_every_port_of_the_verilog_is_described(tmp_path, interface):
    found = result(tmp_path, interface)
    verilog = (asset("firmware_templates") / f"{found.top}.v").read_text()
    there = set(re.findall(r"^ +(?:input|output) +(?:wire|reg) +(?:\[.*\])? *(\w+),?$", verilog, re.MULTILINE))
    named = {name for row in ports(found) for name in row[0].split(", ")}
    lite = {name for name in there if name.startswith("s_axi_")}
    assert named - {"s_axi_*"} == there - lite
    assert bool(lite) == ("s_axi_*" in named)


@pytest.mark.parametrize("interface", ["scores", "l1_algo", "axi_stream"])
def test_the_readme_holds_what_an_engineer_needs(tmp_path, interface):
    found = result(tmp_path, interface)
    write_readme(tmp_path, found, "tagger")
    text = (tmp_path / "README.md").read_text()
    assert f"top module **`{found.top}`**" in text
    assert "| 13:8 | tau | unsigned |" in text
    assert 'SOURCES="rtl/src/network.v wrapper/trigger_algorithm.v"' in text
    if found.decision is None:
        assert "## Registers" not in text
    for register in found.decision.registers if found.decision else ():
        assert f"| 0x{register.address:03x} | {register.name} | {register.access} |" in text


def test_the_report_lists_working_points_and_registers(tmp_path):
    record = dataclasses.asdict(result(tmp_path, "l1_algo"))
    records = SimpleNamespace(firmware=record, task=SimpleNamespace(kind="classification"))
    tables = {block.caption: block for block in firmware(records).blocks}
    (caption,) = (name for name in tables if name.startswith("Working points behind l1_algo"))
    assert "tight" in str(tables[caption].rows)
    assert len(tables["Registers"].rows) == len(record["decision"]["registers"])

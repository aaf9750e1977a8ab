"""Place and route on other devices against stand-ins; the real tools once each, in a design of some LUTs."""

import json
import stat
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from codesign.synth.boards import get_board
from codesign.synth.design import Design
from codesign.synth.place_and_route import DEVICES, ON_BOARD, PROXY, Routed, place_and_route
from codesign.tools import find_tool

ALGORITHM = """\
module trigger_algorithm #(
`include "trigger_parameters.vh"
) (input clk, input reset, input in_valid, input [7:0] in_data, output reg out_valid, output reg [3:0] out_data);
always @(posedge clk) begin
    out_valid <= in_valid & ~reset;
    out_data <= in_data[7:4] + in_data[3:0];
end
endmodule
"""
REPORT = {
    "fmax": {"algorithm.clk": {"achieved": 151.5, "constraint": 360.0}},
    "utilization": {"TRELLIS_COMB": {"used": 30, "available": 83640}, "TRELLIS_FF": {"used": 20, "available": 83640}},
}
TOOL = """\
#!{python}
import sys
from pathlib import Path
if sys.argv[1:] in (["-V"], ["--version"]):
    sys.exit(print("tool 0.1"))
Path({calls!r}).open("a").write(Path(sys.argv[0]).name + "\\n")
report = {report!r}
if "--report" in sys.argv and report:
    Path(sys.argv[sys.argv.index("--report") + 1]).write_text(report)
"""


@pytest.fixture
def design(tmp_path: Path) -> Design:
    source = tmp_path / "rtl" / "trigger_algorithm.v"
    source.parent.mkdir()
    source.write_text(ALGORITHM)
    parameters = "parameter INPUT_BITS = 8,\nparameter OUTPUT_BITS = 4,\nparameter LATENCY = 1\n"
    (source.parent / "trigger_parameters.vh").write_text(parameters)
    return Design((source,), (source.parent,), "trigger_algorithm")


def route(design: Design, tmp_path: Path, lut: int | None = 9, device: str = "ecp5") -> Routed:
    return place_and_route(design, 360.0, tmp_path / "pnr", device=device, lut=lut, max_lut=100)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str) -> Path:
    """Stand-ins of both tools; the file with their calls."""
    calls = tmp_path / "calls"
    for name, variable in (("yosys", "CODESIGN_YOSYS"), ("nextpnr-ecp5", "CODESIGN_NEXTPNR_ECP5")):
        path = tmp_path / name
        path.write_text(TOOL.format(python=sys.executable, calls=str(calls), report=report))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv(variable, str(path))
    return calls


def test_the_routed_clock_is_labelled_and_taken_up_again(design, tmp_path, monkeypatch) -> None:
    calls = install(tmp_path, monkeypatch, json.dumps(REPORT))
    found = route(design, tmp_path)
    assert (found.fmax_mhz, found.logic_cells, found.ff, found.asked_mhz, found.failed) == (151.5, 30, 20, 360.0, None)
    assert found.estimate_class == PROXY
    assert "not the target" in PROXY
    assert route(design, tmp_path) == found
    assert calls.read_text().split() == ["yosys", "nextpnr-ecp5"]
    design.sources[0].write_text(ALGORITHM + "// changed\n")
    route(design, tmp_path)
    assert len(calls.read_text().split()) == 4
    assert json.loads(json.dumps(asdict(found)))["fmax_mhz"] == 151.5


def test_a_board_that_carries_the_device_is_named(design, tmp_path, monkeypatch) -> None:
    install(tmp_path, monkeypatch, json.dumps(REPORT))
    boards = [get_board("alveo-u250"), replace(get_board("pynq-z2"), name="mine", part=DEVICES["ecp5"].part)]
    found = place_and_route(design, 360.0, tmp_path / "pnr", device="ecp5", boards=boards, lut=9, max_lut=100)
    assert (found.board, found.estimate_class) == ("mine", ON_BOARD.format(board="mine"))
    assert get_board("pynq-z2").part == DEVICES["xc7z020"].part


@pytest.mark.parametrize(
    ("report", "reason"),
    [("", "report: "), (json.dumps(REPORT)[:60], "report: "), (json.dumps({**REPORT, "fmax": {}}), "report: ")],
    ids=["none", "cut", "no clock"],
)
def test_a_report_that_is_missing_cut_or_empty_gives_no_number(design, tmp_path, monkeypatch, report, reason) -> None:
    install(tmp_path, monkeypatch, json.dumps(REPORT))
    route(design, tmp_path)  # a number that must not come back
    design.sources[0].write_text(ALGORITHM + "// changed\n")
    install(tmp_path, monkeypatch, report)
    found = route(design, tmp_path)
    assert found.failed is not None
    assert found.failed.startswith(reason)
    assert (found.fmax_mhz, found.logic_cells) == (None, None)


@pytest.mark.parametrize(("lut", "reason"), [(101, "size: not tried: 101 LUT"), (None, "size: synthesis did not say")])
def test_a_large_or_unknown_design_is_not_tried(design, tmp_path, lut, reason) -> None:
    found = route(design, tmp_path, lut)
    assert found.failed is not None
    assert found.failed.startswith(reason)
    assert not (tmp_path / "pnr").exists()


def test_a_missing_tool_is_a_state(design, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CODESIGN_NEXTPNR_ECP5", str(tmp_path / "nothing"))
    found = route(design, tmp_path)
    assert found.failed is not None
    assert found.failed.startswith("missing: ")


@pytest.mark.yosys
@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_the_real_tools(design, tmp_path, device) -> None:
    if find_tool(DEVICES[device].tool) is None:
        pytest.skip(f"{DEVICES[device].tool} is not installed")
    found = route(design, tmp_path, device=device)
    assert found.failed is None
    assert found.fmax_mhz is not None
    assert found.fmax_mhz > 100
    assert found.ff is not None
    assert found.ff >= 10 + 5 + 1 + 5  # inputs, outputs and load of the harness, outputs of the algorithm

import errno
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from fake_yosys import FakeYosys

from codesign.errors import ConfigError
from codesign.synth.boards import get_board
from codesign.synth.design import Design
from codesign.synth.netlist import NetlistResources
from codesign.synth.result import BoardUse
from codesign.synth.step import synthesise_boards

RESOURCES = NetlistResources(
    lut=10640,
    lut_low=5320,
    lut_primitives=9000,
    lut_memory=100,
    lut_route_through=500,
    ff=26600,
    dsp=11,
    carry4=40,
    carry8=20,
    bram_18k=14,
    uram=0,
)


class TestBoardUse:
    def test_shares_of_a_board_with_one_die(self) -> None:
        use = BoardUse.of(get_board("pynq-z2"), RESOURCES, tool="yosys", tool_version="0.23")
        assert (use.lut_share, use.lut_share_slr, use.ff_share) == (0.2, 0.2, 0.25)
        assert (use.dsp_share, use.bram_share) == (0.05, 0.05)

    def test_share_of_one_die_of_four(self) -> None:
        use = BoardUse.of(get_board("serenity-vu13p"), RESOURCES, tool="yosys", tool_version="0.23")
        assert use.lut_share == 10640 / 1728000
        assert use.lut_share_slr == 10640 / 432000

    @pytest.mark.parametrize(("name", "carry8"), [("pynq-z2", None), ("mp7", None), ("zcu102", 20)])
    def test_carry8_exists_on_ultrascale_only(self, name: str, carry8: int | None) -> None:
        use = BoardUse.of(get_board(name), RESOURCES, tool="yosys", tool_version="0.23")
        assert use.carry8 == carry8
        assert use.carry4 == 40

    def test_says_how_the_numbers_were_obtained(self) -> None:
        use = BoardUse.of(get_board("mp7"), RESOURCES, tool="yosys", tool_version="0.23")
        assert (use.tool, use.tool_version) == ("yosys", "0.23")
        assert use.estimate_class == "open synthesis (Yosys), not placed or routed"


@pytest.fixture
def yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeYosys:
    home = tmp_path / "tool"
    home.mkdir()
    fake = FakeYosys(home)
    monkeypatch.setenv("CODESIGN_YOSYS", str(fake.path))
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "src" / "top.v"
    path.parent.mkdir()
    path.write_text("// line\n" * 5)
    return path


class TestStep:
    names = ("alveo-u250", "pynq-z2", "serenity-vu13p", "mp7")

    def test_one_run_for_each_fabric(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        boards = [get_board(name) for name in self.names]
        result = synthesise_boards(Design((source,), (), "top"), boards, tmp_path / "synth")
        assert [use.board for use in result.boards] == list(self.names)
        assert [use.ff for use in result.boards] == [5] * 4
        assert sorted(yosys.runs()) == ["7series", "ultrascale_plus"]
        assert (tmp_path / "synth" / "yosys" / "7series" / "netlist.v").is_file()

    def test_a_board_added_later_costs_no_run(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        for names in (["mp7"], ["mp7", "pynq-z2"]):
            synthesise_boards(Design((source,), (), "top"), [get_board(name) for name in names], tmp_path / "synth")
        assert len(yosys.runs()) == 1

    def test_becomes_json(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        result = synthesise_boards(Design((source,), (), "top"), [get_board("mp7")], tmp_path / "synth")
        record = json.loads(json.dumps(asdict(result)))
        assert record["boards"][0]["part"] == "xc7vx690tffg1927-2"
        assert record["boards"][0]["tool_version"] == "0.23"

    def test_progress(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        seen: list[tuple[str, int, int]] = []
        boards = [get_board(name) for name in self.names]
        synthesise_boards(Design((source,), (), "top"), boards, tmp_path / "synth", lambda *step: seen.append(step))
        assert [(done, total) for _, done, total in seen] == [(0, 2), (1, 2), (2, 2)]
        assert {message.split()[-1] for message, _, _ in seen[1:]} == {"ultrascale_plus", "7series"}

    def test_a_failure_in_one_fabric_leaves_the_other(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        boards = [get_board("mp7"), get_board("zcu102")]
        synthesise_boards(Design((source,), (), "top"), boards, tmp_path / "synth")  # numbers that must not come back
        source.write_text("// other\n")
        yosys.fault("fail@7series")
        result = synthesise_boards(Design((source,), (), "top"), boards, tmp_path / "synth")
        lost, found = result.boards
        assert (lost.lut, lost.ff, lost.lut_share) == (None, None, None)
        assert lost.failed is not None
        assert lost.failed.startswith("tool: yosys failed with exit status 1")
        assert "planted" in lost.failed
        assert (found.ff, found.failed) == (1, None)
        assert result.failed == (f"mp7 with yosys: {lost.failed}",)

    def test_a_missing_tool_is_a_state(self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CODESIGN_YOSYS", str(tmp_path / "nothing"))
        (use,) = synthesise_boards(Design((source,), (), "top"), [get_board("mp7")], tmp_path / "synth").boards
        assert use.failed is not None
        assert use.failed.startswith("missing: CODESIGN_YOSYS=")
        assert (use.lut, use.tool_version) == (None, "unknown")

    def test_a_netlist_that_is_cut_is_a_state(self, yosys: FakeYosys, source: Path, tmp_path: Path) -> None:
        yosys.fault("silent")
        (use,) = synthesise_boards(Design((source,), (), "top"), [get_board("mp7")], tmp_path / "synth").boards
        assert use.failed is not None
        assert use.failed.startswith("report: ")

    def test_a_full_disk_is_a_state(
        self, yosys: FakeYosys, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_args: object, **_kwargs: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "write_text", full)
        (use,) = synthesise_boards(Design((source,), (), "top"), [get_board("mp7")], tmp_path / "synth").boards
        assert use.failed is not None
        assert use.failed.startswith("disk: yosys: the disk is full")

    def test_no_board(self, source: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="at least one board"):
            synthesise_boards(Design((source,), (), "top"), [], tmp_path / "synth")


@pytest.mark.yosys
@pytest.mark.slow
def test_two_fabrics_at_once_with_the_real_tool(tmp_path: Path) -> None:
    source = tmp_path / "top.v"
    source.write_text(
        "module top(input clk, input [3:0] a, b, output reg [3:0] y); always @(posedge clk) y <= a & b; endmodule\n"
    )
    result = synthesise_boards(
        Design((source,), (), "top"), [get_board("zcu104"), get_board("pynq-z2")], tmp_path / "synth"
    )
    assert [(use.board, use.lut, use.ff) for use in result.boards] == [("zcu104", 2, 4), ("pynq-z2", 2, 4)]

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fake_yosys import FakeYosys

from codesign.errors import ConfigError, ReportError, ToolError
from codesign.synth.netlist import NetlistResources
from codesign.synth.yosys import FAMILIES, synthesise
from codesign.tools import require_tool, run_tool

Synthesise = Callable[[], NetlistResources]


@pytest.fixture
def yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeYosys:
    home = tmp_path / "tool"
    home.mkdir()
    fake = FakeYosys(home)
    monkeypatch.setenv("CODESIGN_YOSYS", str(fake.path))
    return fake


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "src"
    folder.mkdir()
    for name, lines in (("a.v", 3), ("b.v", 4)):
        (folder / name).write_text("// line\n" * lines)
    return [folder / "a.v", folder / "b.v"]


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    return tmp_path / "synth" / "yosys" / "7series"


@pytest.fixture
def run(sources: list[Path], work_dir: Path) -> Synthesise:
    return partial(synthesise, sources, include_dirs=[], top="top", family="7series", work_dir=work_dir)


class TestReuse:
    def test_an_unchanged_design_is_not_synthesised_again(self, yosys: FakeYosys, run: Synthesise) -> None:
        assert run() == run()
        assert run().ff == 7
        assert len(yosys.runs()) == 1

    def test_an_edited_source_is_synthesised_again(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path]
    ) -> None:
        run()
        sources[0].write_text("// line\n" * 10)
        assert run().ff == 14
        assert len(yosys.runs()) == 2

    def test_a_line_that_moves_to_the_next_file_is_a_change(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path]
    ) -> None:
        run()
        sources[0].write_text("// line\n" * 2)
        sources[1].write_text("// line\n" * 5)
        run()
        assert len(yosys.runs()) == 2

    def test_a_new_table_beside_the_sources_is_a_change(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path]
    ) -> None:
        (sources[0].parent / "weights.mem").write_text("00\n")
        run()
        (sources[0].parent / "weights.mem").write_text("01\n")
        run()
        assert len(yosys.runs()) == 2

    def test_an_edited_include_file_is_a_change(
        self, yosys: FakeYosys, sources: list[Path], work_dir: Path, tmp_path: Path
    ) -> None:
        header = tmp_path / "include" / "deep" / "widths.vh"
        header.parent.mkdir(parents=True)
        for text in ("`define W 8\n", "`define W 9\n", "`define W 9\n"):
            header.write_text(text)
            synthesise(sources, include_dirs=[tmp_path / "include"], top="top", family="7series", work_dir=work_dir)
        assert len(yosys.runs()) == 2

    def test_results_inside_an_include_folder_are_not_its_input(
        self, yosys: FakeYosys, sources: list[Path], work_dir: Path, tmp_path: Path
    ) -> None:
        for _ in range(2):
            synthesise(sources, include_dirs=[tmp_path / "synth"], top="top", family="7series", work_dir=work_dir)
        assert len(yosys.runs()) == 1

    def test_another_yosys_is_a_change(self, yosys: FakeYosys, run: Synthesise) -> None:
        run()
        yosys.set_version("0.66")
        run()
        assert len(yosys.runs()) == 2

    def test_another_family_is_a_change(self, yosys: FakeYosys, sources: list[Path], work_dir: Path) -> None:
        for family in ("7series", "ultrascale_plus"):
            synthesise(sources, include_dirs=[], top="top", family=family, work_dir=work_dir)
        assert len(yosys.runs()) == 2

    @pytest.mark.parametrize("name", ["digest.txt", "netlist.json", "netlist.v"])
    def test_a_missing_result_is_made_again(self, yosys: FakeYosys, run: Synthesise, work_dir: Path, name: str) -> None:
        run()
        (work_dir / name).unlink()
        assert run().ff == 7
        assert len(yosys.runs()) == 2

    @pytest.mark.parametrize("name", ["digest.txt", "netlist.json", "netlist.v"])
    def test_an_edited_result_is_made_again(self, yosys: FakeYosys, run: Synthesise, work_dir: Path, name: str) -> None:
        run()
        (work_dir / name).write_text("{}")
        assert run().ff == 7
        assert len(yosys.runs()) == 2

    def test_a_run_folder_that_moved_keeps_its_result(self, yosys: FakeYosys, run: Synthesise, tmp_path: Path) -> None:
        run()
        for name in ("src", "synth"):
            shutil.move(tmp_path / name, tmp_path / "moved" / name)
        moved = tmp_path / "moved"
        synthesise(
            [moved / "src" / "a.v", moved / "src" / "b.v"],
            include_dirs=[],
            top="top",
            family="7series",
            work_dir=moved / "synth" / "yosys" / "7series",
        )
        assert len(yosys.runs()) == 1


class TestFailure:
    @pytest.mark.parametrize("fault", ["fail", "killed"])
    def test_a_failed_run_leaves_nothing_that_passes_for_a_result(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path], work_dir: Path, fault: str
    ) -> None:
        run()
        sources[0].write_text("// edited\n")
        yosys.fault(fault)
        for _ in range(2):
            with pytest.raises(ToolError, match=r"yosys failed with exit status .*yosys\.log"):
                run()
        assert not (work_dir / "digest.txt").exists()
        yosys.fault("")
        assert run().ff == 5
        assert len(yosys.runs()) == 4

    def test_a_run_that_hangs_is_stopped_and_not_taken_for_a_result(
        self, yosys: FakeYosys, sources: list[Path], work_dir: Path
    ) -> None:
        call = partial(synthesise, sources, include_dirs=[], top="top", family="7series", work_dir=work_dir)
        yosys.fault("hang")
        with pytest.raises(ToolError, match="did not finish within 1 s"):
            call(timeout_s=1)
        yosys.fault("")
        assert call().ff == 7

    def test_success_without_a_netlist_is_refused(self, yosys: FakeYosys, run: Synthesise) -> None:
        yosys.fault("silent")
        with pytest.raises(ReportError, match=r"netlist\.json: Yosys ended without an error but did not write it"):
            run()

    def test_a_netlist_that_cannot_be_counted_is_refused_every_time(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path]
    ) -> None:
        for path in sources:
            path.write_text("")
        for _ in range(2):
            with pytest.raises(ReportError, match="no cells at all"):
                run()

    def test_yosys_is_missing(self, run: Synthesise, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("CODESIGN_YOSYS", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # without the Python package beside it
        with pytest.raises(ToolError, match=r"'yosys' is needed for synthesis .* CODESIGN_YOSYS"):
            run()


class TestRequest:
    def test_script_can_be_read_and_run_by_hand(
        self, yosys: FakeYosys, run: Synthesise, sources: list[Path], work_dir: Path
    ) -> None:
        run()
        script = (work_dir / "synth.ys").read_text()
        assert "read_verilog -sv -defer ../../../src/a.v\nread_verilog -sv -defer ../../../src/b.v\n" in script
        assert "synth_xilinx -family xc7 -top top " in script
        assert "-nowidelut" in script
        assert "-nodsp" not in script

    def test_a_path_with_a_space_is_one_word(self, yosys: FakeYosys, work_dir: Path, tmp_path: Path) -> None:
        source = tmp_path / "my src" / "a.v"
        source.parent.mkdir()
        source.write_text("// line\n")
        with pytest.raises(ToolError):  # the stand-in splits at spaces
            synthesise([source], include_dirs=[], top="top", family="7series", work_dir=work_dir)
        assert '"../../../my src/a.v"' in (work_dir / "synth.ys").read_text()

    def test_include_folder_that_yosys_cannot_be_told(
        self, sources: list[Path], work_dir: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "my headers"
        folder.mkdir()
        with pytest.raises(ConfigError, match=r"include folder .*my headers"):
            synthesise(sources, include_dirs=[folder], top="top", family="7series", work_dir=work_dir)

    def test_no_sources(self, work_dir: Path) -> None:
        with pytest.raises(ConfigError, match="at least one Verilog source"):
            synthesise([], include_dirs=[], top="top", family="7series", work_dir=work_dir)

    def test_missing_source(self, sources: list[Path], work_dir: Path) -> None:
        sources.append(sources[0].with_name("c.v"))
        with pytest.raises(ConfigError, match=r"c\.v is not a file"):
            synthesise(sources, include_dirs=[], top="top", family="7series", work_dir=work_dir)

    def test_unknown_family(self, sources: list[Path], work_dir: Path) -> None:
        with pytest.raises(ConfigError, match=r"unknown FPGA family '7serie'; did you mean '7series'\?"):
            synthesise(sources, include_dirs=[], top="top", family="7serie", work_dir=work_dir)

    @pytest.mark.parametrize("top", ["", "top; shell ls", "1st", "a b"])
    def test_top_that_is_no_identifier(self, sources: list[Path], work_dir: Path, top: str) -> None:
        with pytest.raises(ConfigError, match="name of a Verilog module"):
            synthesise(sources, include_dirs=[], top=top, family="7series", work_dir=work_dir)
        assert not work_dir.exists()


DESIGN = """\
`include "width.vh"
module adder(input clk, input [`W-1:0] a, b, output reg [`W:0] sum, output reg delayed, output reg [2*`W-1:0] product);
  reg [2:0] line;
  always @(posedge clk) begin
    sum <= a + b;
    product <= a * b;
    line <= {line[1:0], a[0]};
    delayed <= line[2];
  end
endmodule
module unused; missing_module inside(); endmodule
"""


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NetlistResources]:
    """Folder and counts of ``DESIGN``, synthesised once for each family."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "include").mkdir()
    (folder / "include" / "width.vh").write_text("`define W 8\n")
    source = folder / "de sign.v"
    source.write_text(DESIGN)
    work_dir = folder / "work"
    found = synthesise(
        [source], include_dirs=[folder / "include"], top="adder", family=request.param, work_dir=work_dir
    )
    return work_dir, found


@pytest.mark.yosys
class TestRealYosys:
    def test_counts_of_a_design_with_a_known_answer(self, result: tuple[Path, NetlistResources]) -> None:
        found = result[1]
        # Nine bits of sum, eight of them through the adder's LUTs; the four delays of one bit fill one shift register.
        # The register of the product goes inside the DSP slice on the 7 series only.
        inside = "DSP48E1" in (result[0] / "netlist.v").read_text()
        assert found.ff == 9 + (0 if inside else 16)
        assert found.lut_memory == 1
        assert found.lut == 8 + 1
        assert (found.dsp, found.bram_18k, found.uram) == (1, 0, 0)
        assert (found.carry4, found.carry8) == (3, 2)

    def test_leaves_the_mapped_netlist(self, result: tuple[Path, NetlistResources]) -> None:
        text = (result[0] / "netlist.v").read_text()
        assert "module adder(" in text
        assert "FDRE" in text
        assert "(*" not in text
        assert "Yosys" in (result[0] / "yosys.log").read_text()

    def test_the_mapped_netlist_can_be_read_back(self, result: tuple[Path, NetlistResources]) -> None:
        library = "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v"
        script = f"{library}; read_verilog netlist.v; hierarchy -check -top adder"
        run_tool([require_tool("yosys"), "-q", "-p", script], cwd=result[0], timeout_s=120)


@pytest.mark.yosys
@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("module top(input a output b); endmodule", ToolError, "syntax error"),
        ("module other(input a, output b); assign b = a; endmodule", ToolError, "top"),
        ("module top(input a, output b); nowhere u(.a(a), .b(b)); endmodule", ToolError, "nowhere"),
        ("module top(input a, output b); assign b = 1'b1; endmodule", ReportError, "no cells at all"),
    ],
)
def test_real_yosys_refuses_a_broken_design(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    source = tmp_path / "top.v"
    source.write_text(text)
    with pytest.raises(error, match=message):
        synthesise([source], include_dirs=[], top="top", family="7series", work_dir=tmp_path / "work")

"""The network synthesised stage by stage, against the flat synthesis of a small design."""

import pytest
import tiny

from codesign.errors import ReportError
from codesign.synth.design import Design
from codesign.synth.stages import synthesise_stages
from codesign.synth.yosys import synthesise
from codesign.tools import find_tool


@pytest.fixture
def network(tmp_path) -> Design:
    design = tiny.write_firmware(tmp_path / "firmware").design
    return Design(tuple(design.sources), tuple(design.include_directories), "network")


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")
def test_the_sum_of_the_stages_is_the_flat_design(network, tmp_path) -> None:
    stages = synthesise_stages(network, "7series", tmp_path / "stages")
    assert [stage.stage for stage in stages] == ["logic0", "logic1"]
    flat = synthesise(
        network.sources, include_dirs=network.include_dirs, top="network", family="7series", work_dir=tmp_path / "flat"
    )
    assert sum(stage.used.lut for stage in stages) == pytest.approx(flat.lut, abs=2)
    assert max(stage.used.logic_levels or 0 for stage in stages) == flat.logic_levels
    # The flat design has the registers in front of the first stage too: 5 + 5 + 4 bits.
    assert sum(stage.used.ff for stage in stages) == flat.ff - 14


def test_a_stage_of_another_make_is_refused(network, tmp_path) -> None:
    stage = next(path for path in network.sources if path.name == "logic1.v")
    stage.write_text(stage.read_text().replace("model_out", "result"))
    with pytest.raises(ReportError, match=r"logic1\.v: expected a stage with the ports model_inp and model_out"):
        synthesise_stages(network, "7series", tmp_path / "stages")

"""The network synthesised layer by layer, against the whole of a small design."""

import numpy as np
import pytest
import tiny
from alkaid.trace import FVArray, trace

from codesign.firmware import rtl
from codesign.firmware.layer_costs import LayerCost
from codesign.synth.design import Design
from codesign.synth.layers import LayerUse, lut_to_synthesise, synthesise_layers
from codesign.synth.yosys import synthesise
from codesign.tools import find_tool


@pytest.mark.yosys
@pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")
def test_the_layers_add_up_to_the_network_without_registers(tmp_path) -> None:
    kif = np.array([fmt.kif for fmt in tiny.CONTRACT.network_formats]).T
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2], solver_options=rtl.SOLVER_OPTIONS)
    first, scores = tiny.hidden(inputs), tiny.network(inputs)
    whole, up_to = trace(inputs, scores), (trace(inputs, first), trace(inputs, np.concatenate([first, scores])))
    layers = tuple(LayerCost(name, 1.0) for name in ("hidden", "scores"))
    model = rtl.IntegerModel(whole, tiny.CONTRACT, layers, up_to)
    rtl.write_verilog(model, tmp_path / "rtl", part="xc7z020clg400-1", clock_period_ns=5.0, latency_cutoff=2.0)

    written = rtl.write_layers(tmp_path / "rtl", tmp_path / "layers")
    designs = [Design(sources, (sources[-1].parent,), "network") for sources in written]
    found = synthesise_layers(designs, ("hidden", "scores"), "7series", tmp_path / "layers")
    alone = _count(up_to[0], tmp_path / "first")
    assert found[0] == LayerUse("hidden", alone.lut, alone.carry4, 0, 0)
    flat = _count(whole, tmp_path / "whole")
    assert sum(use.lut for use in found) == pytest.approx(flat.lut, abs=2)
    assert sum(use.carry4 for use in found) == flat.carry4
    assert found[1].lut > 10


def _count(graph, folder):
    from alkaid.codegen import RTLModel

    RTLModel(graph, folder, prj_name="network", flavor="verilog").write()
    sources = [
        *sorted(folder.glob("src/static/*.v")),
        *sorted(folder.glob("src/logic*.v")),
        folder / "src" / "network.v",
    ]
    return synthesise(
        sources, include_dirs=(folder / "src",), top="network", family="7series", work_dir=folder / "synth"
    )


def test_the_work_grows_with_every_layer_in_front() -> None:
    assert lut_to_synthesise([100.0, 50.0, 10.0]) == 100 + 150 + 160

"""The back ends of hls4ml: equal integers where g++ can compile, a whole project elsewhere, and what is refused."""

import shutil
from pathlib import Path

import pytest

from codesign.errors import FirmwareError
from codesign.firmware.hls import HlsFirmware, require_plain, write_hls
from codesign.firmware.hls_backends import HLS_BACKENDS, require_complete
from codesign.firmware.rtl import trace
from codesign.models.importers import import_weights, read_weights_file, weights_contract

pytestmark = pytest.mark.hls

EXAMPLE = Path(__file__).parents[2] / "examples" / "imports" / "tagger.toml"
LAYERS = {"hidden_1": {"reuse_factor": 4, "strategy": "resource"}, "scores": {"reuse_factor": 2}}


@pytest.fixture(scope="module")
def network():
    """(model, contract) of three dense layers."""
    file = read_weights_file(EXAMPLE)
    return import_weights(file).model, weights_contract(file)


def written(network, path, backend="Vitis", **options):
    model, contract = network
    options = {"reuse_factor": 1, "part": "xc7z020clg400-1", "clock_period_ns": 5.0, **options}
    write_hls(model, contract, path, backend=backend, **options)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "io_type", "layers"),
    [("Catapult", "io_parallel", {}), ("Vivado", "io_stream", LAYERS), ("Vitis", "io_parallel", LAYERS)],
)
def test_the_c_simulation_gives_the_integers_of_the_network(network, tmp_path, backend, io_type, layers):
    written(network, tmp_path / "hls", backend, io_type=io_type, layers=layers)
    moved = (tmp_path / "hls").rename(tmp_path / "moved")
    model = trace(*network)
    integers = network[1].random_integers(2000, 5)
    firmware = HlsFirmware(moved, network[1], model.score_format)
    assert (firmware.predict(integers) == model.predict(integers)).all()


@pytest.mark.parametrize("backend", [name for name, entry in HLS_BACKENDS.items() if entry.needs])
def test_a_project_that_cannot_be_simulated_here_is_written_whole(network, tmp_path, backend):
    before = written(network, tmp_path / "before")  # hls4ml keeps where it wrote: nothing may go there again
    shutil.rmtree(before)
    path = written(network, tmp_path / "hls", backend)
    sources = {file.name for file in path.rglob("*") if file.suffix in (".cpp", ".h")}
    assert {"network.cpp", "parameters.h", "defines.h"} <= sources
    require_complete(path)


def test_the_project_for_vitis_is_complete_and_a_hole_in_it_is_found(network, tmp_path):
    path = written(network, tmp_path / "hls", layers=LAYERS)
    require_complete(path)
    weights = next((path / "firmware" / "weights").glob("w*.txt"))
    content = weights.read_text()
    weights.unlink()
    with pytest.raises(FirmwareError, match=rf"weights/{weights.name} is missing"):
        require_complete(path)
    weights.write_text(content)
    (path / "project.tcl").write_text(f"set place {path.resolve()}\n")
    with pytest.raises(FirmwareError, match=r"project\.tcl: holds the path"):
        require_complete(path)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"hiden_1": {"reuse_factor": 2}}, "unknown layer with weights 'hiden_1'; did you mean 'hidden_1'"),
        (
            {"hidden_1": {"reuse_factor": 3, "strategy": "resource"}},
            r"layers\.hidden_1\.reuse_factor: .*possible are 1,2",
        ),
        ({"hidden_2": {"reuse_factor": 2, "strategy": "distributed_arithmetic"}}, "hidden_2"),
    ],
)
def test_what_a_layer_cannot_do_is_refused_with_its_name(network, tmp_path, layers, message):
    with pytest.raises(FirmwareError, match=message):
        written(network, tmp_path / "hls", layers=layers)


def test_boosted_trees_take_no_options_of_hls4ml():
    require_plain("Vitis", "io_parallel", "latency", {})
    with pytest.raises(FirmwareError, match="boosted trees become a conifer project"):
        require_plain("Vivado", "io_parallel", "latency", {})

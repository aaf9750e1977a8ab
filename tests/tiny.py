"""A generated firmware of a few adders, without a trained network: what the long checks are tried on."""

import dataclasses
from pathlib import Path

import numpy as np

from codesign.contract import InputContract, InputFormat
from codesign.firmware import rtl, wrapper
from codesign.firmware.ports import input_port, score_port
from codesign.run import digest_files
from codesign.verify.step import FirmwareUnderTest, Given
from codesign.verify.vectors import make_vectors

CONTRACT = InputContract(
    tuple(InputFormat(name, "", 0.0, 1.0, width) for name, width in (("a", 5), ("b", 5), ("c", 4)))
)
CLASSES = ("sum", "difference")


def hidden(x):
    """The first layer."""
    return np.maximum(np.stack([x[0] + 3 * x[1] - 5, x[1] - x[2], 2 * x[2] - x[0]]), 0)


def network(x):
    """Two layers with a rectifier, like the real thing."""
    a, b, c = hidden(x)
    return np.stack([a + 2 * b - c + 3, a - 4 * b])


def write_firmware(path: Path) -> FirmwareUnderTest:
    """Write Verilog and VHDL of the network and its wrapper."""
    from alkaid.trace import FVArray, trace

    kif = np.array([fmt.kif for fmt in CONTRACT.network_formats]).T
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2], solver_options=rtl.SOLVER_OPTIONS)
    model = rtl.IntegerModel(trace(inputs, network(inputs)), CONTRACT)
    target = {"part": "xc7z020clg400-1", "clock_period_ns": 5.0, "latency_cutoff": 2.0}
    project = rtl.write_verilog(model, path / "rtl", **target)
    vhdl = rtl.write_vhdl(model, path / "vhdl", **target)
    ports = input_port(CONTRACT), score_port(CLASSES, model.score_format)
    timing = wrapper.Timing(200.0, project.latency_cycles, target["part"])
    sources = (*project.sources, *wrapper.write_wrapper(path / "wrapper", *ports, model, timing))
    vhdl += wrapper.write_vhdl_wrapper(path / "vhdl", *ports, model, project.latency_cycles)
    record = {
        "top": wrapper.TOP,
        "inputs": dataclasses.asdict(ports[0]),
        "outputs": dataclasses.asdict(ports[1]),
        "score_format": str(model.score_format),
        "latency_cycles": project.latency_cycles,
        "initiation_interval": 1,
        "classes": list(CLASSES),
        "rtl_sources": [str(source.relative_to(path)) for source in sources],
        "include_directories": ["wrapper"],
        "vhdl_sources": [str(source.relative_to(path)) for source in vhdl],
        "rtl_project": "rtl",
        "files": digest_files((found for found in path.rglob("*") if found.is_file()), path),
    }
    return FirmwareUnderTest(path, record)


def given(path: Path, count: int = 300) -> Given:
    """The firmware with vectors and the integers that are due."""
    under_test = write_firmware(path / "firmware")
    vectors = make_vectors(CONTRACT, np.zeros((0, 3), dtype=np.int64), count, seed=1)
    reference = rtl.IntegerModel.load(path / "firmware" / "rtl", CONTRACT).predict(vectors.inputs)
    return Given(under_test, vectors, reference, path / "verify", seed=1)

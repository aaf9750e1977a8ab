import json

import numpy as np
import pytest

from codesign.assets import asset
from codesign.contract import InputContract, InputFormat
from codesign.errors import FirmwareError
from codesign.tools import find_tool
from codesign.verify import make_vectors, verify_firmware

CONTRACT = InputContract((InputFormat("a", "GeV", 0.0, 1.0, 4), InputFormat("b", "GeV", 0.0, 1.0, 5)))
SCORE = {"width": 8, "signed": True}
INPUTS = [{"name": "a", "width": 4, "signed": True}, {"name": "b", "width": 5, "signed": True}]
FIRMWARE = {
    "top": "trigger_algorithm",
    "inputs": {
        "bits": 9,
        "fields": [{"name": "a", "width": 4, "signed": True}, {"name": "b", "width": 5, "signed": True}],
    },
    "outputs": {"bits": 16, "fields": [{"name": "sum", **SCORE}, {"name": "difference", **SCORE}]},
    "score_format": "ap_fixed<8,8,RND,SAT>",
    "latency_cycles": 3,
    "initiation_interval": 1,
    "rtl_sources": ["linear_pair.v"],
    "include_directories": [],
}
NEEDS_ICARUS = [
    pytest.mark.rtl,
    pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed"),
]


def vectors():
    return make_vectors(CONTRACT, np.zeros((0, 2), dtype=np.int64), 80, seed=1)


def scores(inputs):
    a, b = inputs.T
    return np.stack([3 * a + b + 5, 3 * a - b], axis=1)


def verify(tmp_path, responses, firmware=FIRMWARE, **arguments):
    return verify_firmware(
        asset("hw_tests") / "designs", firmware, vectors(), responses, tmp_path,
        simulator="icarus", x_vectors=20, seed=1, **arguments,
    )  # fmt: skip


class TestWithIcarus:
    pytestmark = NEEDS_ICARUS

    def test_right_firmware_is_verified(self, tmp_path):
        said = []
        reference = scores(vectors().inputs)
        responses = {"trained model": reference, "integer model": reference.copy()}
        result = verify(tmp_path, responses, progress=lambda *step: said.append(step))
        assert result.passed, str(result)
        assert result.fault == ""
        assert [part.implementation for part in result.comparisons] == ["integer model", "RTL (icarus)"]
        assert (result.latency_cycles_promised, result.latency_cycles_measured) == (3, 3)
        assert result.initiation_interval_measured == 1
        assert result.vectors == sum(result.categories.values()) == 80
        assert result.vectors_per_second > 0
        assert [done for _, done, _ in said] == [0, 1, 2]
        assert "RTL (icarus): 80 vectors equal" in str(result)
        assert not list(tmp_path.glob("counterexample_*"))

    def test_one_wrong_integer_in_software_fails(self, tmp_path):
        reference = scores(vectors().inputs)
        wrong = reference.copy()
        wrong[5, 0] += 1
        result = verify(tmp_path, {"trained model": reference, "hls4ml C-simulation": wrong})
        assert not result.passed
        assert result.fault == "hls4ml C-simulation: 1 of 80 vectors differ, by up to 1 LSB"
        record = json.loads((tmp_path / "counterexample_hls4ml_c_simulation.json").read_text())
        assert record["samples"][0]["index"] == 5

    def test_rtl_that_computes_something_else_fails(self, tmp_path):
        reference = scores(vectors().inputs) + np.array([0, 1])
        result = verify(tmp_path, {"trained model": reference}, {**FIRMWARE, "latency_cycles": 4})
        assert not result.passed
        assert result.latency_cycles_measured == 3
        assert result.fault == "RTL (icarus): 80 of 80 vectors differ, by up to 1 LSB"
        assert {bench.test for bench in result.benches if not bench.passed} >= {"back_to_back", "latency", "gaps"}
        assert "NOT verified" in str(result)
        assert (tmp_path / "counterexample_rtl__icarus.json").is_file()


def test_a_reference_that_does_not_fit_the_ports_is_refused(tmp_path):
    reference = scores(vectors().inputs)
    with pytest.raises(FirmwareError, match=r"expected int64 scores of shape \(80, 2\), got int64 \(79, 2\)"):
        verify(tmp_path, {"trained model": reference[1:]})
    with pytest.raises(FirmwareError, match=r"ap_fixed<8,8,RND,SAT> holds -128 to 127"):
        verify(tmp_path, {"trained model": reference * 9})

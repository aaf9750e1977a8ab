"""The bench on a design of a few lines: it passes on the right one, and finds every planted fault."""

import json
from pathlib import Path

import numpy as np
import pytest
from bench_io import Bench

from codesign.tools import find_tool
from codesign.verify.cosim import BenchResult, Design, Stimulus, simulate
from codesign.verify.words import pack_words

HERE = Path(__file__).parent
LATENCY = 3

pytestmark = pytest.mark.rtl
needs_icarus = pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed")

# Macro of designs/linear_pair.v -> tests that must fail and what they must say; they may not be the only ones.
FAULTS = {
    "FAULT_CONSTANT": {
        "back_to_back": "120 of 125 clocks are wrong (seed 11): clock 3: out_data is 0x",
        "gaps": "out_data is",
        "reset_in_flight": "out_data is",
        "no_x": "out_data is",
    },
    "FAULT_EXTRA_STAGE": {
        "back_to_back": "out_data is",
        "latency": "one event's scores stand at the output [4] clocks after it, promised [3]",
        "gaps": "out_data is",
    },
    "FAULT_VALID_EARLY": {
        "back_to_back": "clock 2: out_valid is 1, expected 0",
        "latency": "out_valid is high [2] clocks after in_valid, promised [3]",
        "gaps": "out_valid is",
        "reset_in_flight": "out_valid is",
    },
    "FAULT_VALID_LATE": {
        "back_to_back": "clock 3: out_valid is 0, expected 1",
        "latency": "out_valid is high [4] clocks after in_valid, promised [3]",
        "gaps": "out_valid is",
        "reset_in_flight": "out_valid is",
    },
    "FAULT_NO_RESET": {"reset_in_flight": "out_valid is 1, expected 0", "no_x": "out_valid is X, expected 0"},
    "FAULT_UNKNOWN_BIT": {"no_x": "X, expected 0x", "back_to_back": "X, expected 0x"},
    "FAULT_STICKY_UNKNOWN": {"no_x": "X, expected 0x"},
    "FAULT_EVERY_SECOND": {"back_to_back": "out_data is", "latency": "promised"},
}


def linear_pair(inputs: np.ndarray) -> np.ndarray:
    """The golden model of designs/linear_pair.v."""
    a, b = inputs.T
    return np.stack([3 * a + b + 5, 3 * a - b], axis=1)


def stimulus(count: int, latency: int = LATENCY) -> Stimulus:
    rng = np.random.default_rng(7)
    inputs = rng.integers([-8, -16], [7, 15], size=(count, 2), endpoint=True)
    words, responses = pack_words(inputs, (4, 5)), pack_words(linear_pair(inputs), (8, 8))
    return Stimulus(words, responses, input_bits=9, output_bits=16, latency_cycles=latency, seed=11)


def run(work_dir: Path, *faults: str, simulator: str = "icarus", count: int = 120, latency: int = 3) -> BenchResult:
    design = Design("trigger_algorithm", (HERE / "designs" / "linear_pair.v",), defines=dict.fromkeys(faults, "1"))
    return simulate(design, stimulus(count, latency), work_dir, simulator=simulator)


def failed(result: BenchResult) -> set[str]:
    return {test.name for test in result.tests if not test.passed}


@needs_icarus
def test_the_right_design_passes_in_icarus(tmp_path):
    result = run(tmp_path)
    assert not failed(result), result.tests
    assert {test.name for test in result.tests} == {"no_x", "back_to_back", "latency", "gaps", "reset_in_flight"}
    assert result.latency_cycles == result.valid_latency_cycles == LATENCY
    assert result.initiation_interval == 1
    assert list(result.found) == list(stimulus(120).responses)
    assert all(test.vectors > 0 for test in result.tests)


@pytest.mark.slow
def test_the_right_design_passes_in_verilator(tmp_path):
    result = run(tmp_path, simulator="verilator", count=3000)
    assert not failed(result), result.tests
    assert (result.latency_cycles, result.initiation_interval) == (LATENCY, 1)
    assert list(result.found) == list(stimulus(3000).responses)
    again = run(tmp_path, simulator="verilator", count=100, latency=LATENCY + 1)
    assert again.build_s == 0.0, "an unchanged design was built again"
    assert {"back_to_back", "latency", "gaps", "reset_in_flight"} == failed(again)


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(tmp_path, fault):
    result = run(tmp_path, fault)
    messages = {test.name: test.message for test in result.tests if not test.passed}
    assert set(messages) >= set(FAULTS[fault]), messages
    for test, words in FAULTS[fault].items():
        assert words in messages[test]
    if fault == "FAULT_UNKNOWN_BIT":
        assert set(result.found) == {None}, "a word with unknown bits was taken for a number"


@needs_icarus
def test_the_latency_is_measured_whatever_is_promised(tmp_path):
    result = run(tmp_path, latency=5)
    assert (result.latency_cycles, result.valid_latency_cycles) == (LATENCY, LATENCY)
    assert "latency" in failed(result)


def test_random_choices_depend_on_the_seed_and_the_test_only(tmp_path):
    (tmp_path / "stimulus.hex").write_text("0\n1ff\n")
    (tmp_path / "response.hex").write_text("0\nffff\n")
    choices = {}
    for seed, test in [(1, "gaps"), (1, "gaps"), (2, "gaps"), (1, "latency")]:
        promises = {"input_bits": 9, "output_bits": 16, "latency_cycles": 3, "seed": seed}
        (tmp_path / "bench.json").write_text(json.dumps(promises))
        choices.setdefault((seed, test), set()).add(Bench(tmp_path, test).random.random())
    assert all(len(values) == 1 for values in choices.values())
    assert len(set.union(*choices.values())) == 3

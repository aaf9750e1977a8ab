"""Weights in registers: the same scores as the hard-wired network, other weights, and what is refused."""

import itertools
import subprocess
from pathlib import Path

import numpy as np
import pytest

from codesign.assets import asset
from codesign.errors import FirmwareError
from codesign.firmware.reloadable import (
    OVERFLOWS,
    ROUNDINGS,
    DenseStage,
    other_weights,
    register_words,
    stages_of,
    with_words,
    write_reloadable,
)
from codesign.firmware.rtl import trace
from codesign.fixed_point import FixedPoint
from codesign.models.importers import import_weights, read_weights_file, weights_contract
from codesign.tools import find_tool, require_tool
from codesign.verify.cosim import Design, Reload, Stimulus, simulate
from codesign.verify.words import pack_words

EXAMPLE = Path(__file__).parents[2] / "examples" / "imports" / "tagger.toml"
DOUBLE = '\nformat = "ap_fixed<12,6,TRN,WRAP>"'  # two formats in a row take a layer that is refused


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """(model, contract) of three dense layers with a format between two of them."""
    folder = tmp_path_factory.mktemp("network")
    text = EXAMPLE.read_text()
    assert DOUBLE in text
    (folder / "tagger.toml").write_text(text.replace(DOUBLE, ""))
    (folder / "tagger.npz").write_bytes(EXAMPLE.with_suffix(".npz").read_bytes())
    file = read_weights_file(folder / "tagger.toml")
    return import_weights(file).model, weights_contract(file)


def responses(model, contract, integers, fixed):
    """Output words of the integer model in a format."""
    found = trace(model, contract)
    scores = fixed.exact_int(found.score_format.from_int(found.predict(integers)))
    return pack_words(scores, [fixed.width] * scores.shape[1])


def run(network, path, damage=None, multipliers="dsp", count=150):
    """The bench on the design, with a reload to random weights of the same formats."""
    model, contract = network
    stages = stages_of(model, contract)
    result = write_reloadable(path / "made", stages, contract, path, multipliers)
    if damage:
        file = path / "made" / damage[0]
        assert file.read_text().count(damage[1]) == 1
        file.write_text(file.read_text().replace(*damage[1:]))
    others = other_weights(stages, 9)
    integers, fixed = contract.random_integers(count, 4), FixedPoint.parse(result.score_format)
    stimulus = Stimulus(
        pack_words(integers, contract.widths),
        responses(model, contract, integers, fixed),
        contract.word_bits,
        result.output_bits,
        result.latency_cycles,
        3,
        reload=Reload(
            [*register_words(stages, result.data_bits), *register_words(others, result.data_bits)],
            responses(with_words(model, others), contract, integers, fixed),
        ),
    )
    design = Design(result.top, tuple(path / source for source in result.sources), (path / "made",))
    return simulate(design, stimulus, path / "work", simulator="icarus"), result


@pytest.mark.rtl
@pytest.mark.slow
@pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize(
    ("damage", "multipliers", "failing"),
    [
        (None, "dsp", set()),
        (None, "lut", set()),
        (("dense_registers.v", "write_address == BIAS_ADDRESS", "write_address == 0"), "dsp", {"reload"}),
        (
            ("dense_registers.v", "if (write_enable && write_address == ADDRESS)", "if (write_address == ADDRESS)"),
            "dsp",
            {"reload"},
        ),
    ],
)
def test_the_scores_are_those_of_the_weights_in_the_registers(network, tmp_path, damage, multipliers, failing):
    result, made = run(network, tmp_path, damage, multipliers)
    assert {test.name for test in result.tests if not test.passed} == failing, result.tests
    assert result.latency_cycles == made.latency_cycles == (1 + 3 + 1) + (1 + 4 + 1) + (1 + 3)
    assert result.initiation_interval == 1


REQUANTIZE = """
module bench;
    reg [7:0] given;
    integer code;
{instances}
    initial for (code = 0; code < 256; code = code + 1) begin given = code; #1 $display("{format}", {values}); end
endmodule
"""


@pytest.mark.rtl
@pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("out_signed", [False, True])
@pytest.mark.parametrize("in_signed", [False, True])
def test_every_rounding_and_overflow_is_that_of_fixed_point(tmp_path, in_signed, out_signed):
    """All codes of eight bits through every combination, in one simulation."""
    cases = list(itertools.product(ROUNDINGS, OVERFLOWS, (0, 1), [(0, 3), (0, 0), (2, 0)]))
    instances, values = "", []
    for index, (rounding, overflow, relu, (up, down)) in enumerate(cases):
        instances += (
            f"    wire [5:0] made_{index}; requantize #(.IN_WIDTH(8), .IN_SIGNED({int(in_signed)}), .OUT_WIDTH(6), "
            f".OUT_SIGNED({int(out_signed)}), .UP({up}), .DOWN({down}), .RELU({relu}), "
            f".ROUNDING({ROUNDINGS.index(rounding)}), .OVERFLOW({OVERFLOWS.index(overflow)})) "
            f"dut_{index} (.given(given), .made(made_{index}));\n"
        )
        values.append(f"made_{index}")
    text = REQUANTIZE.format(instances=instances, format="%0d " * len(cases), values=", ".join(values))
    (tmp_path / "bench.v").write_text(text)
    source = str(asset("firmware_templates") / "requantize.v")
    compiled = [require_tool("iverilog"), "-g2012", "-o", "bench.vvp", "-s", "bench", "bench.v", source]
    subprocess.run(compiled, cwd=tmp_path, check=True)
    printed = subprocess.run(
        ["vvp", "-n", "bench.vvp"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    found = np.array([line.split() for line in printed.splitlines()], dtype=np.int64)
    codes = np.arange(256)
    numbers = np.where(codes > 127, codes - 256, codes) if in_signed else codes
    for index, (rounding, overflow, relu, (up, down)) in enumerate(cases):
        fixed = FixedPoint(out_signed, 6, 6, rounding, overflow)
        expected = fixed.to_int((np.maximum(numbers, 0) if relu else numbers) * 2.0 ** (up - down))
        assert (found[:, index] == expected % 64).all(), (rounding, overflow, relu, up, down)


def test_the_registers_have_room_for_every_weight_of_the_format(network):
    stages = stages_of(*network)
    dense = [stage for stage in stages if isinstance(stage, DenseStage)]
    assert [str(stage.weights)[:13] for stage in dense] == ["ap_fixed<6,1,", "ap_fixed<5,1,", "ap_fixed<6,2,"]
    assert [stage.first_address for stage in dense] == [0, 5 * 8, 5 * 8 + 9 * 6]
    # No sum of any such weights leaves its format.
    for stage in dense:
        worst = stage.given.max_int * -stage.weights.min_int * len(stage.kernel)
        assert worst + (-stage.biases.min_int << stage.bias_shift) <= stage.made.max_int


def test_a_layer_of_another_kind_is_refused_with_its_name():
    file = read_weights_file(EXAMPLE)
    with pytest.raises(FirmwareError, match=r"layer 'relu_2_double' \(QBatchNormalization\): weights in registers are"):
        stages_of(import_weights(file).model, weights_contract(file))

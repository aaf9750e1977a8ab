"""Given widths are the ones asked for, layer by layer, before and after the training and in the firmware."""

import numpy as np
import pytest

from codesign.errors import ConfigError
from codesign.firmware import hls, rtl
from codesign.fixed_point import FixedPoint
from codesign.models.quantizers import given_format
from codesign.models.store import outputs
from codesign.training.fixed_widths import fix_widths
from codesign.training.widths import widths
from codesign.verify.vectors import make_vectors

FIXED = """
[quantization]
method = "fixed"
weights = "quantized_bits(6,0,alpha=1)"
biases = "quantized_bits(8,2,alpha=1)"
activations = "quantized_relu(5,2)"
inputs = "quantized_bits(9,3)"
[quantization.layers.scores]
weights = "quantized_bits(4,1)"
"""
# (layer, place): signed, integer, fractional
ASKED = {
    ("dense_1", "weight"): (1, 0, 5),
    ("dense_1", "bias"): (1, 2, 5),
    ("dense_1", "datalane"): (1, 3, 5),
    ("scores", "weight"): (1, 1, 2),
    ("scores", "bias"): (1, 2, 5),
    ("scores", "datalane"): (0, 2, 3),
}


def found_widths(network):
    from keras import ops

    found = {}
    for width in widths(network):
        numbers = [np.unique(ops.convert_to_numpy(part)).tolist() for part in width.quantizer.kif]
        assert all(len(part) == 1 for part in numbers), "one format for the whole tensor"
        found[width.layer.name, width.place] = tuple(part[0] for part in numbers)
    return found


def fixed(problem, text=FIXED):
    config = problem.config(text)
    network = problem.network(config)
    fix_widths(network, config.quantization)
    return network


def test_every_layer_has_the_widths_that_were_asked_for(problem):
    assert found_widths(fixed(problem)) == ASKED


def test_no_width_is_trained(problem):
    names = {variable.name for variable in fixed(problem).trained.trainable_variables}
    assert names == {"kernel", "bias"}
    freed = fixed(problem)
    next(width for width in widths(freed) if width.place == "weight").quantizer._b.trainable = True
    assert {variable.name for variable in freed.trained.trainable_variables} != names, "the test sees a free width"


@pytest.mark.parametrize("text", ["quantized_bits(6,0,alpha=1)", "quantized_bits(5,1,1)"])
def test_weights_take_the_values_that_the_format_has(problem, text):
    network = fixed(problem, f'[quantization]\nmethod = "fixed"\nweights = "{text}"\n')
    layer = network.deployed.get_layer("dense_1")
    values = np.random.default_rng(1).normal(0, 2, layer.kernel.shape).astype(np.float32)
    values.flat[:5] = [-100, 100, 0.5 * 2.0**-5, 1.5 * 2.0**-5, -(2.0**-4)]
    layer.kernel.assign(values)
    assert (layer.qkernel.__array__() == given_format(text, "here").quantize(values)).all()


def test_qkeras_quantisers_are_read_as_formats():
    assert given_format("quantized_bits(6,0,alpha=1)", "k") == FixedPoint(True, 6, 1, "RND_CONV", "SAT")
    assert given_format("quantized_bits(8,3,1)", "k") == FixedPoint(True, 8, 4, "RND_CONV", "SAT_SYM")
    assert given_format("quantized_relu(6,3)", "k").kif == (0, 3, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("weights = \"quantized_bits(6,0,alpha='auto')\"", "quantization.weights: .*alpha"),
        ('weights = "ternary()"', r"quantization.weights: expected quantized_bits\(bits,integer\)"),
        ('activations = "quantised_relu(6,3)"', "did you mean 'quantized_relu'"),
        ("activations = \"__import__('os').getcwd()\"", "quantization.activations: expected"),
        ('weights = "quantized_relu(6,0)"', "must all be quantized_bits"),
        (
            '[quantization.layers.dense_2]\nweights = "quantized_bits(4,0)"',
            "unknown layer 'dense_2'; did you mean 'dense_1'",
        ),
        ('[quantization.layers.scores]\nweights = "quantized_bits(4,0,1)"', "one setting of symmetric"),
        ("[quantization.layers.scores]\nweight_bits = 4", "method 'fixed' does not read it"),
    ],
)
def test_what_is_no_fixed_width_is_refused_in_one_line(problem, change, message):
    with pytest.raises(ConfigError, match=message) as refused:
        fixed(problem, f'[quantization]\nmethod = "fixed"\n{change}\n')
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.hls
def test_after_a_training_the_widths_are_the_same_and_all_firmware_agrees(problem, tmp_path):
    network, result = problem.fit(problem.config(FIXED))
    assert found_widths(network) == ASKED
    assert result.target_ebops is None
    assert result.ebops == result.history["ebops"][0] > 0, "nothing changes the cost of given widths"
    best = max(result.history["val_accuracy"])
    assert result.chosen.quality == pytest.approx(best), "the best checkpoint of all"

    stimulus = make_vectors(problem.contract, problem.integers, 2000, seed=1).inputs
    integer_model = rtl.trace(network.deployed, problem.contract)
    logits = outputs(network.deployed, problem.contract.to_network(stimulus))
    expected = integer_model.score_format.exact_int(logits)
    assert (integer_model.predict(stimulus) == expected).all()
    hls.write_hls(
        network.deployed,
        problem.contract,
        tmp_path / "hls",
        backend="Vitis",
        part="xc7z020clg400-1",
        clock_period_ns=5.0,
        reuse_factor=1,
    )
    assert (
        hls.HlsFirmware(tmp_path / "hls", problem.contract, integer_model.score_format).predict(stimulus) == expected
    ).all()
    network.deployed.get_layer("scores").kernel.assign(-network.deployed.get_layer("scores").kernel)
    changed = outputs(network.deployed, problem.contract.to_network(stimulus))
    assert (changed != logits).any(), "the comparison sees another network"

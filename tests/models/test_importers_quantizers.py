"""Quantisers of QKeras, against what the real QKeras 0.9 computed with them (``qkeras/quantizers.npz``)."""

import numpy as np
import pytest
from keras2_builder import FOLDER

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint
from codesign.models.importers.activations import add_activation
from codesign.models.importers.graph import Builder
from codesign.models.importers.quantizer_specs import SIGNATURES, read_quantizer
from codesign.models.importers.ranges import ValueRange, format_of, fraction_of, round_weights, sum_range
from codesign.models.importers.weight_quantizers import WEIGHT_QUANTIZERS, quantize_weights
from codesign.models.store import outputs

with np.load(FOLDER / "quantizers.npz") as file:
    REAL = dict(file)
WEIGHTS = [key for key in REAL if key.startswith(("matrix:", "vector:"))]
ACTIVATIONS = [key.removeprefix("x:") for key in REAL if key.startswith("x:")]


def quantized(values, source, **options):
    return quantize_weights(np.asarray(values, np.float32), read_quantizer(source, "w"), "w", **options)


@pytest.mark.parametrize("key", WEIGHTS)
def test_weights_are_those_of_the_real_qkeras(key):
    which, text = key.split(":", 1)
    found = quantized(REAL[which], text)
    # The mean of a column rounds by the order of the sum; all else is exact.
    assert np.abs(found - REAL[key]).max() <= (2.0**-25 if "'auto')" in text else 0.0)
    assert len(np.unique(found)) > 1


def test_the_fixture_covers_every_quantizer_of_weights():
    tested = {key.split(":")[1].split("(")[0] for key in WEIGHTS}
    assert tested == set(WEIGHT_QUANTIZERS) - {"quantized_linear"}, "quantized_linear is younger than QKeras 0.9"


def activated(text, x, name="activation"):
    """Outputs of a network of one activation."""
    builder = Builder()
    value = builder.start(x.shape[1], ValueRange(float(x.min()), float(x.max()), 5))
    return outputs(builder.network(add_activation(builder, value, read_quantizer(text, "a"), name, "a")), x)


@pytest.mark.parametrize("text", ACTIVATIONS)
def test_activations_are_those_of_the_real_qkeras(text):
    expected = REAL[f"x:{text}"]
    assert (activated(text, REAL["x"]) == expected).all()
    assert len(np.unique(expected)) > 1


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("quantized_linear(6,2,0)", "quantized_bits(6,2)"),
        ("quantized_linear(6,2)", "quantized_bits(6,2,1)"),
        ("quantized_linear(6,3,0,alpha=0.5)", "quantized_bits(6,2)"),
        ("quantized_linear(1,1)", "quantized_bits(1,0)"),
    ],
)
def test_quantized_linear_scales_its_steps(text, same):
    assert (quantized(REAL["matrix"] * 5, text) == quantized(REAL["matrix"] * 5, same)).all()
    assert (activated(text, REAL["x"]) == activated(same, REAL["x"])).all()


def test_a_fitted_scale_reaches_the_largest_weight_of_each_channel():
    matrix = REAL["matrix"]
    found = quantized(matrix, "quantized_linear(5,0,alpha='auto')")
    assert np.allclose(np.abs(found).max(axis=0), np.abs(matrix).max(axis=0), rtol=1e-6)
    power = quantized(matrix, "quantized_linear(5,0,alpha='auto_po2')")
    assert np.abs(power - matrix).max() < 0.2
    assert fraction_of(power) < 12


def test_kernels_without_scale_get_a_fitted_one_and_biases_do_not():
    bare, fitted = "quantized_bits(4,0)", "quantized_bits(4,0,alpha='auto_po2')"
    assert (quantized(REAL["matrix"], bare, kernel=True) == quantized(REAL["matrix"], fitted)).all()
    assert (quantized(REAL["vector"], bare) != quantized(REAL["vector"], fitted)).any()


def test_one_scale_per_channel_may_be_given_as_a_list_or_an_array():
    scales = [1.0, 0.5, 2.0, 0.25, 1.0]
    array = {"class_name": "__numpy__", "config": {"value": scales, "dtype": "float32"}}
    plain = quantized(REAL["matrix"], "quantized_bits(6,0,alpha=1)")
    for alpha in (scales, array):
        source = {"class_name": "quantized_bits", "config": {"bits": 6, "alpha": alpha}}
        assert (quantized(REAL["matrix"], source) == plain * np.float32(scales)).all()
    with pytest.raises(ModelError, match=r"alpha of .* does not fit weights of shape \(7, 5\)"):
        quantized(REAL["matrix"], {"class_name": "quantized_bits", "config": {"alpha": [1.0, 2.0]}})


def test_text_and_dictionary_name_the_same_quantizer():
    config = {"bits": 4, "integer": 1, "alpha": "auto", "keep_negative": False}
    read = read_quantizer("quantized_bits(4,1,keep_negative=False,alpha='auto')", "w")
    assert read == read_quantizer({"class_name": "quantized_bits", "config": config}, "w")
    assert str(read) == "quantized_bits(4,1,keep_negative=False,alpha='auto')"
    assert read_quantizer("binary", "w").parameters == SIGNATURES["binary"]
    assert read_quantizer("linear", "w") is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("quantised_bits(4)", r"unknown quantizer or activation 'quantised_bits'; did you mean 'quantized_bits'\?"),
        ("bernoulli()", "unknown quantizer or activation 'bernoulli'"),
        ("quantized_bits(4,intiger=1)", r"unknown parameter 'intiger'; did you mean 'integer'\?"),
        ("quantized_bits(0)", "expected 1 to 32 bits"),
        ("quantized_bits(4.5)", "expected 1 to 32 bits"),
        ("quantized_bits(4,0,alpha='best')", "expected alpha to be a number, None, 'auto' or 'auto_po2', found 'best'"),
        ("quantized_bits(4,0,qnoise_factor=0.5)", "only partly quantised"),
        ("quantized_bits(4,0,scale_axis=0)", "one scale per output channel"),
        ("quantized_bits(" + "1," * 20 + ")", "takes at most"),
        ("ternary(threshold='auto')", "expected threshold to be a number"),
        ("ternary(alpha='auto',number_of_unrolls=0)", "number_of_unrolls to be 1 or more"),
        ("__import__('os').abort()", "expected a quantiser such as"),
        ("quantized_bits(__import__('os').abort())", "expected a quantiser such as"),
        ("quantized_bits(4", "expected a quantiser such as"),
        (17, "expected a quantiser such as"),
    ],
)
def test_other_texts_are_refused_and_never_evaluated(source, message):
    with pytest.raises(ModelError, match=rf"layer 'a': .*{message}"):
        read_quantizer(source, "layer 'a'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tanh", "unknown activation 'tanh'.*a float activation has no firmware"),
        ("quantized_po2(4)", "unknown activation 'quantized_po2'"),
        ("quantized_relu(4,1,negative_slope=0.25)", "use_sigmoid and negative_slope are not supported"),
        ("quantized_tanh(4,use_real_tanh=True)", "use_real_tanh is not supported"),
        ("quantized_sigmoid(1)", "expected at least 2 bits"),
        ("quantized_bits(4,0,alpha='auto')", "expected one number or None as alpha"),
        ("quantized_linear(4,0,alpha=0.3)", "steps that are no power of two"),
        ("quantized_bits(4,0,alpha=0.3)", "more than float32 holds exactly"),
        ("quantized_bits(30,0)", "expected at most 24 bits"),
        ("ternary(threshold=-1)", "expected a positive threshold"),
    ],
)
def test_activations_without_exact_firmware_are_refused(text, message):
    with pytest.raises(ModelError, match=message):
        activated(text, REAL["x"])


def test_formats_are_the_narrowest_exact_ones():
    values = np.float32([-1.0, 0.375, 0.0])
    assert fraction_of(values) == 3
    assert format_of(values) == FixedPoint(True, 4, 1)
    assert format_of(np.float32([0.25])) == FixedPoint(False, 1, -1)
    assert format_of(np.float32([0.0])).width == 1
    with pytest.raises(ModelError, match="53 are possible"):
        format_of(np.float32([2.0**-40, 2.0**20]))


@pytest.mark.parametrize("fractional", [5, 6])
def test_float_weights_are_rounded_as_far_as_sums_stay_exact(fractional):
    random = np.random.default_rng(2)
    kernel, bias = random.normal(size=(20, 6)).astype(np.float32), random.normal(size=6).astype(np.float32)
    inputs = ValueRange(-8.0, 8.0, fractional)
    rounded, shift, note = round_weights(kernel, bias, inputs, "layer 'a'")
    fraction = fraction_of(rounded)
    assert note == f"layer 'a': weights rounded to {fraction} fractional bits; a narrower input format leaves more"
    assert np.abs(rounded - kernel).max() <= 2.0 ** -(fraction + 1)
    assert sum_range(rounded, shift, inputs).bits <= 24
    finer = np.rint(kernel * 2.0 ** (fraction + 1)) * 2.0 ** -(fraction + 1)
    assert sum_range(finer.astype(np.float32), shift, inputs).bits > 24
    with pytest.raises(ModelError, match="give a narrower input format"):
        round_weights(kernel, bias, ValueRange(-2048.0, 2048.0, 10), "layer 'a'")


def test_weights_of_few_bits_are_never_changed():
    kernel, bias = quantized(REAL["matrix"], "quantized_bits(6,0,alpha=1)"), np.zeros(5, np.float32)
    same, _, note = round_weights(kernel, bias, ValueRange(-2048.0, 2048.0, 10), "layer 'a'")
    assert (same == kernel).all()
    assert "more than float32 holds exactly" in note

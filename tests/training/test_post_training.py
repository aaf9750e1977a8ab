"""Post-training quantisation: the widths asked for, ranges from the rows, and a loss that falls with the bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from codesign.errors import ConfigError
from codesign.firmware import rtl
from codesign.fixed_point import FixedPoint
from codesign.models.store import outputs
from codesign.training.calibration import calibrate
from codesign.training.post_training import prepare_wide, round_widths, smallest_integer
from codesign.training.widths import set_format, widths
from codesign.verify.vectors import make_vectors


def ptq(problem, weight_bits, activation_bits, more=""):
    """A network with random wide weights and the same one rounded."""
    text = f'[quantization]\nmethod = "ptq"\nweight_bits = {weight_bits}\nactivation_bits = {activation_bits}\n{more}'
    config = problem.config(text)
    network = problem.network(config)
    prepare_wide(network, config.quantization)
    calibrate(network, problem.train)
    before = outputs(network.deployed, problem.validation.values)
    round_widths(network, problem.train, config.quantization)
    return network, before


def bits_of(network):
    """(layer, place) to the set of total widths, sign included, of values that have any."""
    found = {}
    for width in widths(network):
        k, i, f = (ops.convert_to_numpy(part) for part in width.quantizer.kif)
        total = k + i + f
        found[width.layer.name, width.place] = set(total[total > 0].astype(int).tolist())
    return found


def test_every_width_is_the_one_asked_for(problem):
    network, _ = ptq(problem, 5, 7, "[quantization.layers.scores]\nweight_bits = 3\nactivation_bits = 4\n")
    found = bits_of(network)
    assert found["dense_1", "weight"] == found["dense_1", "bias"] == {5}
    assert found["scores", "weight"] == {3}
    assert max(found["dense_1", "datalane"]) == 7
    assert max(found["scores", "datalane"]) == 4


def test_no_training_row_leaves_the_range_of_an_activation(problem):
    network, _ = ptq(problem, 4, 3)
    import keras

    def outside(fractional_change):
        wrong = 0
        for layer in network.deployed.layers[1:]:
            given_values = ops.convert_to_numpy(keras.Model(network.deployed.input, layer.input)(problem.train.values))
            k, i, f = (ops.convert_to_numpy(part) for part in layer.iq.quantizer.kif)
            rounded = np.floor(given_values * 2.0**f + 0.5) / 2.0**f
            high = 2.0 ** (i - fractional_change) - 2.0**-f
            low = -k * 2.0 ** (i - fractional_change)
            wrong += int(((rounded > high) | (rounded < low))[:, (k + i + f > 0)[0]].sum())
        return wrong

    assert outside(0) == 0
    assert outside(1) > 0, "with a bit less the test finds values beyond the range"


def test_the_outputs_differ_the_less_the_more_bits_there_are(problem):
    errors = []
    for bits in (3, 5, 8, 12):
        network, before = ptq(problem, bits, bits)
        errors.append(float(np.abs(outputs(network.deployed, problem.validation.values) - before).mean()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02 * errors[0]


def test_a_wrong_binary_point_of_a_weight_would_be_seen(problem):
    network, before = ptq(problem, 10, 12)
    close = np.abs(outputs(network.deployed, problem.validation.values) - before).mean()
    width = next(width for width in widths(network) if width.place == "weight")
    k, i, f = (ops.convert_to_numpy(part) for part in width.quantizer.kif)
    set_format(width.quantizer, k, i - 2, f + 2)
    assert np.abs(outputs(network.deployed, problem.validation.values) - before).mean() > 5 * close


def test_the_integer_model_of_the_rounded_network_agrees(problem):
    network, _ = ptq(problem, 4, 6)
    stimulus = make_vectors(problem.contract, problem.integers, 1000, seed=1).inputs
    integer_model = rtl.trace(network.deployed, problem.contract)
    found = outputs(network.deployed, problem.contract.to_network(stimulus))
    expected = integer_model.score_format.exact_int(found)
    assert (integer_model.predict(stimulus) == expected).all()


@given(st.floats(1e-3, 30.0), st.integers(1, 15))
def test_the_binary_point_is_the_finest_that_holds_the_largest_weight(largest, bits):
    integer = int(smallest_integer(np.array(largest), bits))
    half_step = 2.0 ** (integer - bits) / 2
    fmt = FixedPoint(True, bits + 1, integer + 1, "RND_CONV", "SAT_SYM")
    assert abs(fmt.quantize(largest) - largest) <= half_step * (1 + 1e-9)
    finer = FixedPoint(True, bits + 1, integer, "RND_CONV", "SAT_SYM")
    assert abs(finer.quantize(largest) - largest) >= half_step / 2 * (1 - 1e-9), "a finer one would cut it"


@pytest.mark.parametrize(
    ("method", "key", "message"),
    [
        (
            "ptq",
            'weights = "quantized_bits(4,0)"',
            "'ptq' does not read it; it reads weight_bits, activation_bits",
        ),
        ("float", "weight_bits = 4", "method 'float' does not read it; it has no settings"),
    ],
)
def test_settings_of_another_method_are_refused(problem, method, key, message):
    config = problem.config(f'[quantization]\nmethod = "{method}"\n[quantization.layers.scores]\n{key}\n')
    with pytest.raises(ConfigError, match=message):
        prepare_wide(problem.network(config), config.quantization)


@pytest.mark.slow
def test_the_record_says_what_the_rounding_cost(problem):
    network, result = problem.fit(
        problem.config('[quantization]\nmethod = "ptq"\nweight_bits = 2\nactivation_bits = 2\n')
    )
    found = outputs(network.deployed, problem.validation.values).argmax(axis=1) == problem.validation.targets
    assert result.rounding.quality == pytest.approx(found.mean(), abs=1e-6)
    assert result.rounding.wide_quality == pytest.approx(result.chosen.quality, abs=0.01)
    assert result.rounding.quality < result.rounding.wide_quality, "two bits are too few"
    assert result.ebops == result.rounding.ebops < 0.2 * result.rounding.wide_ebops

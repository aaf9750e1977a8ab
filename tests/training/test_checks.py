"""The checks that find what no loss shows, each on a network with the planted fault."""

import numpy as np
import pytest

from codesign.errors import ModelError
from codesign.models import build_network
from codesign.training.checks import layer_health, require_healthy
from codesign.training.fit import calibrate
from codesign.training.sample import Sample


@pytest.fixture
def calibrated(small_config, contract):
    """(network, network values) of an untrained network with ranges for its rows."""
    counts = np.random.default_rng(5).integers(-100, 100, (500, len(contract.inputs)))
    values = contract.to_network(counts)
    network = build_network(small_config, contract, 5)
    calibrate(network, Sample(values, np.zeros(500, np.uint8), np.ones(500, np.float32)))
    return network, values


def test_a_sound_network_passes(calibrated):
    network, values = calibrated
    health = layer_health(network.deployed, values)
    assert [layer.name for layer in health] == ["dense_1", "scores"]
    assert all(layer.beyond == 0 and not layer.constant for layer in health)
    require_healthy(health)


def test_a_layer_whose_widths_have_collapsed_is_refused(calibrated):
    network, values = calibrated
    bits = next(weight for weight in network.deployed.get_layer("dense_1").kq.weights if weight.name.endswith("b"))
    bits.assign(np.zeros(bits.shape))
    health = layer_health(network.deployed, values)
    assert [layer.constant for layer in health] == [True, True]
    with pytest.raises(ModelError, match="layer 'dense_1' gives the same output for every event"):
        require_healthy(health)


def test_values_that_wrap_are_counted_and_refused(calibrated):
    network, values = calibrated
    beyond = values.copy()
    beyond[:50, 0] = 16 * np.abs(values).max()
    health = layer_health(network.deployed, beyond)
    assert health[0].overflow == "WRAP"
    assert health[0].beyond == pytest.approx(50 / 500)
    with pytest.raises(ModelError, match=r"layer 'dense_1' values of 10\.00% of the test events wrap around"):
        require_healthy(health)


def test_a_variance_below_the_table_is_a_fault_of_the_divergence_alone():
    """1/σ is bounded by design."""
    import keras

    from codesign.models.scores import LOG_VARIANCE, kl, rz

    inputs = keras.Input((4,))
    parts = {"mean": inputs[:, :2], "log_variance": inputs[:, 2:]}
    rows = np.tile(np.array([1, 1, 0, -2 * LOG_VARIANCE.largest], np.float32), (50, 1))
    rows[:10, 3] = 0
    found = {}
    for score in (kl, rz):
        found |= {layer.name: layer.beyond for layer in layer_health(keras.Model(inputs, score(parts, None)), rows)}
    assert found["kl_excess"] == pytest.approx(40 / 50)
    assert found["rz_inverse"] == 0

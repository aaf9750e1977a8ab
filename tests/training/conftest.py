"""A problem small enough to train on in a second once Keras has compiled it."""

from dataclasses import dataclass

import numpy as np
import pytest

from codesign.config import Config
from codesign.contract import InputContract
from codesign.models.backend import import_keras
from codesign.models.registry import build_network
from codesign.training import Sample, fit, with_saturated_rows

BASE = """
name = "toy"
[data]
file = "unused.h5"
[model]
hidden = [6]
[training]
epochs = 6
batch_size = 200
learning_rate = 2e-2
"""


@dataclass(frozen=True)
class Problem:
    """Jets, and how to make networks for them."""

    contract: InputContract
    integers: np.ndarray
    train: Sample
    validation: Sample

    def config(self, text="", base=BASE):
        return Config.parse(base + text, "toy.toml")

    def network(self, config, seed=1):
        import_keras().utils.set_random_seed(seed)
        return build_network(config, self.contract, 5)

    def fit(self, config, **arguments):
        network = self.network(config)
        return network, fit(network, self.train, self.validation, config, **arguments)


@pytest.fixture
def problem(jets, contract):
    values, labels, names = jets
    integers = contract.to_hardware(values[:900, [names.index(name) for name in contract.names]])
    sample = Sample(contract.to_network(integers), labels[:900], np.ones(900, np.float32))
    parts = [
        Sample(sample.values[rows], sample.targets[rows], sample.weights[rows])
        for rows in (slice(600), slice(600, 900))
    ]
    return Problem(contract, integers, with_saturated_rows(parts[0], contract, seed=1), parts[1])


@pytest.fixture
def weights_of():
    """``weights_of(network)`` → copies of all its weights."""
    return lambda network: [np.array(weight.numpy()) for weight in network.trained.weights]

"""Pruned weights are exactly zero, stay so during the training, and cost nothing."""

import numpy as np
import pytest

from codesign.config import PruningSection
from codesign.errors import ConfigError
from codesign.models.store import load_model, outputs, save_model
from codesign.training.pruning import (
    MaskedAdam,
    Pruning,
    apply_mask,
    masked_variables,
    prunable_layers,
    pruning_epochs,
    smallest_neurons,
    smallest_weights,
)
from codesign.training.pruning_by_rows import rarely_active, weight_times_input
from codesign.training.pruning_methods import pruning_method

HALF = "[pruning]\nsparsity = 0.5\nstart_fraction = 0.0\nend_fraction = 0.5\n"


def layers_of(problem):
    network = problem.network(problem.config())
    return network, prunable_layers(network)


def test_the_sparsity_rises_as_in_the_paper():
    callback = Pruning([], smallest_weights, PruningSection(sparsity=0.8, start_fraction=0.1, end_fraction=0.6), 100)
    assert (callback.start, callback.end) == (10, 60)
    assert [callback.sparsity(epoch) for epoch in (0, 10, 35, 60, 99)] == pytest.approx([0, 0, 0.8 * 7 / 8, 0.8, 0.8])


def test_a_pruning_without_epochs_is_refused():
    with pytest.raises(ConfigError, match="found epochs 1 to 1 of 2"):
        pruning_epochs(PruningSection(start_fraction=0.4, end_fraction=0.5), 2)


def test_the_smallest_weights_are_masked(problem):
    _, (first, _) = layers_of(problem)
    mask, size = smallest_weights(first, 0.25), np.abs(first.kernel)
    assert (mask == 0).sum() == first.kernel.size // 4
    assert size[mask == 0].max() <= size[mask == 1].min()


def test_neurons_are_masked_as_a_whole_and_never_those_of_the_last_layer(problem):
    _, (first, last) = layers_of(problem)
    first.layer.kernel.assign(first.kernel * np.array([1, 1e-3, 1, 1, 1e-3, 1], np.float32))
    assert smallest_neurons(first, 0.34).all(axis=0).tolist() == [True, False, True, True, False, True]
    assert (not first.last, last.last) == (True, True)
    assert smallest_neurons(last, 0.9).all()


def test_a_weight_of_an_unused_input_is_the_first_to_go(problem):
    network, (first, _) = layers_of(problem)
    rows = problem.train
    rows.values[:, 2] = 0
    mask = weight_times_input(network, rows)(first, 1 / 6)
    assert (mask == 0).sum(axis=0).tolist() == [1] * 6, "one of each output"
    assert (mask[2] == 0).all()


def test_a_neuron_that_never_fires_is_masked(problem):
    network, (first, last) = layers_of(problem)
    first.layer.bias.assign([0, 0, -50, 0, 0, 0])
    rule = rarely_active(network, problem.train, 0.01)
    assert rule(first, 0.5).all(axis=0).tolist() == [True, True, False, True, True, True]
    assert rule(last, 0.5).all()
    first.layer.bias.assign([-50] * 6)
    assert rarely_active(network, problem.train, 0.01)(first, 0.5).any(), "a layer keeps a neuron"


def test_the_optimiser_keeps_masked_weights_at_zero(problem):
    network, layers = layers_of(problem)
    for masked, zeros in ((masked_variables(layers), True), ([], False)):
        optimizer = MaskedAdam(1e-2, 100, masked)
        optimizer.build(network.trained.trainable_variables)
        apply_mask(optimizer, layers[0], smallest_weights(layers[0], 0.5))
        before = layers[0].kernel == 0
        assert before.sum() == 18
        optimizer.apply([np.ones(v.shape, np.float32) for v in network.trained.trainable_variables])
        assert (layers[0].kernel[before] == 0).all() == zeros


def test_a_pruned_weight_has_no_width(problem):
    network, layers = layers_of(problem)
    optimizer = MaskedAdam(1e-2, 100, masked_variables(layers))
    optimizer.build(network.trained.trainable_variables)
    mask = smallest_weights(layers[0], 0.5)
    apply_mask(optimizer, layers[0], mask)
    bits = (
        layers[0].layer.kq.bits.numpy()
        if hasattr(layers[0].layer.kq.bits, "numpy")
        else np.asarray(layers[0].layer.kq.bits)
    )
    assert ((bits == 0) == (mask == 0)).all()


def test_structure_is_only_for_the_methods_that_know_it(problem):
    config = problem.config('[pruning]\nmethod = "wanda"\nstructured = "neurons"\n')
    with pytest.raises(ConfigError, match="method 'wanda' prunes single weights"):
        pruning_method(problem.network(config), problem.train, config)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["magnitude", "wanda", "pdp", "cs"])
def test_the_zeros_are_in_the_network_that_is_kept(problem, tmp_path, method):
    text = f'{HALF}method = "{method}"\n' if method != "cs" else f'{HALF}method = "cs"\ndecay = 1e-2\n'
    network, result = problem.fit(problem.config(f'[quantization]\nmethod = "fixed"\n{text}'))
    kernels = [variable.numpy() for variable in network.deployed.weights if variable.name == "kernel"]
    zeros = [int((kernel == 0).sum()) for kernel in kernels]
    if method == "cs":
        assert sum(zeros) > 0
    else:
        assert zeros == [18, 15]
    assert [layer.zero_weights for layer in result.layers] >= zeros
    assert all(point.epoch >= 3 for point in result.front), "no checkpoint from before the last pruning"
    assert result.history["ebops"][-1] < result.history["ebops"][0]
    save_model(network.deployed, tmp_path / "m.keras")
    reloaded = load_model(tmp_path / "m.keras")
    values = problem.validation.values
    assert (outputs(reloaded, values) == outputs(network.deployed, values)).all()
    assert [int((v.numpy() == 0).sum()) for v in reloaded.weights if v.name == "kernel"] == zeros
    assert len(reloaded.weights) == len(
        problem.network(problem.config('[quantization]\nmethod = "fixed"\n')).deployed.weights
    )

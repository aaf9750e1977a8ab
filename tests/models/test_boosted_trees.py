"""Boosted trees: what XGBoost learned, on a grid, in the network, in the integer model and in HLS C++."""

import dataclasses
import sys

import keras
import numpy as np
import pytest

from codesign.config import Config, ModelSection
from codesign.contract import InputContract, InputFormat
from codesign.errors import ConfigError, FirmwareError, ModelError
from codesign.firmware import (
    rtl,
    rtl_trees,  # noqa: F401  registers the layer
)
from codesign.firmware.conifer import ConiferFirmware, write_conifer
from codesign.input_formats import InputBlock, make_contract
from codesign.models.boosted_trees import BOOSTED_TREES, Options
from codesign.models.network import Request
from codesign.models.reload import require_identical_reload
from codesign.models.store import load_model, outputs, save_model
from codesign.models.tree_layers import BoostedTrees
from codesign.models.trees import NEVER, Trees, lsb_of
from codesign.sections import validate_section
from codesign.training import Sample
from codesign.training.boosting import _boost, _matrix, _priors, _weighted, fit_trees
from codesign.training.xgboost_trees import read_trees, require_margins
from codesign.verify.vectors import make_vectors

ROUNDS = 6


def with_trees(config, target=1e6, **options):
    """The configuration with boosted trees as its model."""
    model = ModelSection(architecture="boosted_trees", **{"rounds": ROUNDS, **options})
    quantization = config.quantization.model_copy(update={"target_ebops": target})
    return config.model_copy(update={"model": model, "quantization": quantization})


def network_of(config, contract, classes):
    options = validate_section(Options, config.model.options, "model")
    return BOOSTED_TREES.build(Request(options, contract, classes, "", config.quantization))


def trees_of(network):
    return network.deployed.layers[-1].trees


@pytest.fixture(scope="module")
def small(small_text):
    return with_trees(Config.parse(small_text, "small.toml"))


@pytest.fixture(scope="module")
def jet_contract(jets, small):
    values, _, names = jets
    columns = small.data.blocks["high_level"].columns
    chosen = values[:, [names.index(name) for name in columns]]
    block = InputBlock("high_level", columns, ("",) * len(columns), prefixed=False)
    given = {"multiplicity": {"offset": 0.0, "lsb": 1.0, "width": 8, "signed": False}}
    return make_contract([block], chosen, width=10, network_integer=None, coverage=0.99, given=given)


@pytest.fixture(scope="module")
def events(jets, jet_contract):
    """Hardware integers of the jets."""
    values, _, names = jets
    return jet_contract.to_hardware(values[:, [names.index(name) for name in jet_contract.names]])


@pytest.fixture(scope="module")
def sample(jets, jet_contract, events):
    return Sample(jet_contract.to_network(events), jets[1], np.linspace(0.5, 2.0, len(events), dtype=np.float32))


@pytest.fixture(scope="module")
def trained(small, jet_contract, sample):
    """(network, result) of a small training."""
    network = network_of(small, jet_contract, 5)
    return network, fit_trees(network, sample, sample, small)


@pytest.fixture(scope="module")
def stimulus(jet_contract, events):
    return make_vectors(jet_contract, events, 2000, seed=1).inputs


@pytest.fixture(scope="module")
def grown(small, jet_contract, sample):
    """(booster, trees with the leaves of XGBoost, rows) of the same training."""
    layer = network_of(small, jet_contract, 5).deployed.layers[-1]
    rows = _weighted(sample, layer, "train")
    base = _priors(rows, 5)
    booster, _ = _boost(rows, rows, base, Options(rounds=ROUNDS), small, lambda *_: None)
    return booster, read_trees(booster, base, 3), rows


def test_the_trees_learn(trained):
    _, result = trained
    assert result.chosen.quality > 0.6
    assert result.history["loss"][-1] < result.history["loss"][0]
    assert result.epochs == len(result.history["ebops"]) == ROUNDS
    (layer,) = result.layers
    assert layer.weight_bits_max == 6
    assert 0 < layer.weights <= ROUNDS * 5 * 8
    assert layer.ebops == result.ebops == trees_of(trained[0]).bit_operations([10] * 5 + [8])


def test_logits_are_the_margins_of_xgboost_up_to_rounded_leaves(trained, grown, small):
    (network, result), (booster, trees, rows) = trained, grown
    kept = result.chosen.epoch + 1
    margins = booster.predict(_matrix(rows.values, trees.base), output_margin=True, iteration_range=(0, kept))
    found = trees_of(network).logits(rows.values.astype(np.int64))
    lsb = lsb_of(trees_of(network).leaf)
    assert 0 < np.abs(found - margins).max() <= lsb * (kept + 1)
    assert np.abs(trees.leaf).max() < lsb * 2**5, "six bits hold the largest leaf"


def test_the_sum_of_the_leaves_is_what_xgboost_predicts_and_a_moved_threshold_is_seen(grown):
    booster, trees, rows = grown
    integers = rows.values.astype(np.int64)
    margins = booster.predict(_matrix(rows.values, trees.base), output_margin=True)
    require_margins(trees, integers, margins)
    threshold = trees.threshold.copy()
    threshold[0, 0, 0] += 1
    with pytest.raises(ModelError, match="differ from the sum of its leaves"):
        require_margins(dataclasses.replace(trees, threshold=threshold), integers, margins)


def test_a_base_score_that_xgboost_adds_itself_is_refused(grown):
    import xgboost

    rows = grown[2]
    matrix = xgboost.DMatrix(rows.values, label=rows.targets, weight=rows.weights)
    parameters = {"objective": "multi:softprob", "num_class": 5, "max_depth": 3, "nthread": 1}
    booster = xgboost.train(parameters, matrix, 2)
    unaware = read_trees(booster, np.zeros(5, np.float32), 3)
    with pytest.raises(ModelError, match="adds a base score of its own"):
        require_margins(unaware, rows.values.astype(np.int64), booster.predict(matrix, output_margin=True))


def test_network_and_integer_model_give_the_integers_of_numpy(trained, jet_contract, stimulus):
    network, trees = trained[0], trees_of(trained[0])
    expected = trees.logits(stimulus)
    assert (outputs(network.deployed, jet_contract.to_network(stimulus)) == expected).all()
    integer_model = rtl.trace(network.deployed, jet_contract)
    found = integer_model.predict(stimulus)
    assert (found == integer_model.score_format.exact_int(expected)).all()
    assert integer_model.graph.cost < trees.bit_operations(jet_contract.widths)

    threshold = trees.threshold.copy()
    threshold[0, 0, 0] += 1
    moved = dataclasses.replace(trees, threshold=threshold).logits(stimulus)
    assert (found != integer_model.score_format.exact_int(moved)).any(), "a threshold off by one must show"


def test_the_rtl_is_pipelined(trained, jet_contract, tmp_path):
    integer_model = rtl.trace(trained[0].deployed, jet_contract)
    project = rtl.write_verilog(
        integer_model, tmp_path, part="xc7z020clg400-1", clock_period_ns=5.0, latency_cutoff=2.0
    )
    assert 2 <= project.latency_cycles <= 10
    assert project.register_bits > 0


@pytest.mark.parametrize(("width", "signed"), [(2, False), (6, True), (7, False), (8, True)])
def test_every_threshold_is_compared_exactly_in_firmware(width, signed):
    contract = InputContract((InputFormat("a", "", 0.0, 1.0, width, signed),))
    low, high = (int(end[0]) for end in contract.extremes())
    thresholds = np.arange(low + 1, high + 1, dtype=np.float32).reshape(-1, 1, 1)
    inputs = keras.Input((1,))
    layer = BoostedTrees(len(thresholds), 1, 1, [contract.network_formats[0].lsb], [width])
    model = keras.Model(inputs, layer(inputs))
    leaf = np.tile(np.array([0.0, 1.0], np.float32), (len(thresholds), 1, 1))
    layer.assign(Trees(np.zeros(thresholds.shape, np.int32), thresholds, leaf, np.zeros(1, np.float32)))
    integers = np.arange(low, high + 1)[:, None]
    assert (rtl.trace(model, contract).predict(integers) == integers - low).all()
    assert (outputs(model, contract.to_network(integers)) == integers - low).all()


def test_a_reloaded_network_is_the_same_without_xgboost(trained, sample, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    save_model(trained[0].deployed, tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert (outputs(again, sample.values) == outputs(trained[0].deployed, sample.values)).all()


@pytest.mark.slow
def test_a_new_process_loads_the_same_network(trained, sample, tmp_path):
    save_model(trained[0].deployed, tmp_path / "model.keras")
    scores = outputs(trained[0].deployed, sample.values)
    require_identical_reload(tmp_path / "model.keras", sample.values, scores)
    scores[3, 2] += 2.0**-10
    with pytest.raises(ModelError, match="differs on 1 of 3000 rows"):
        require_identical_reload(tmp_path / "model.keras", sample.values, scores)


def test_classes_keep_their_order(small, jet_contract, events):
    borders = np.quantile(events[:, 0], [0.2, 0.5])
    labels = np.searchsorted(borders, events[:, 0], side="right")
    labels = np.array([2, 0, 1])[labels]
    rows = Sample(jet_contract.to_network(events), labels, np.ones(len(labels), np.float32))
    network = network_of(small, jet_contract, 3)
    fit_trees(network, rows, rows, small)
    found = outputs(network.deployed, rows.values).argmax(axis=1)
    assert (found == labels).mean() > 0.99
    assert (np.roll(outputs(network.deployed, rows.values), 1, axis=1).argmax(axis=1) == labels).mean() < 0.1


def test_only_rows_with_a_weight_and_no_scale_of_the_weights_count(trained, small, jet_contract, sample):
    junk = Sample(sample.values[:500], np.zeros(500, np.uint8), np.zeros(500, np.float32))
    more = Sample(*(np.concatenate(pair) for pair in zip(vars(sample).values(), vars(junk).values(), strict=True)))
    heavier = dataclasses.replace(more, weights=1024 * more.weights)
    network = network_of(small, jet_contract, 5)
    fit_trees(network, heavier, sample, small)
    for found, expected in zip(vars(trees_of(network)).values(), vars(trees_of(trained[0])).values(), strict=True):
        assert (found == expected).all()
    halved = dataclasses.replace(sample, weights=np.where(sample.targets == 1, 0.1, 1.0).astype(np.float32))
    fit_trees(network, halved, sample, small)
    assert (trees_of(network).leaf != trees_of(trained[0]).leaf).any(), "weights must matter"


def test_rows_it_cannot_learn_from_are_refused(small, jet_contract, sample):
    network = network_of(small, jet_contract, 5)
    negative = dataclasses.replace(sample, weights=np.where(np.arange(3000) < 7, -1, 1).astype(np.float32))
    with pytest.raises(ModelError, match="7 rows of train have negative ones"):
        fit_trees(network, negative, sample, small)
    absent = dataclasses.replace(sample, weights=(sample.targets != 4).astype(np.float32))
    with pytest.raises(ModelError, match="class 4 has no row"):
        fit_trees(network, absent, sample, small)
    nothing = dataclasses.replace(sample, weights=np.zeros(3000, np.float32))
    with pytest.raises(ModelError, match="found none"):
        fit_trees(network, sample, nothing, small)


def test_missing_xgboost_says_what_to_install(small, jet_contract, sample, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ModelError, match=r"pip install 'codesign\[trees\]'"):
        fit_trees(network_of(small, jet_contract, 5), sample, sample, small)


def test_missing_conifer_says_what_to_install(trained, jet_contract, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "conifer.backends.xilinxhls", None)
    with pytest.raises(FirmwareError, match=r"pip install 'codesign\[trees\]'"):
        write_conifer(trained[0].deployed, jet_contract, tmp_path, part="xc7z020clg400-1", clock_period_ns=5.0)


def test_the_number_of_rounds_follows_target_and_patience(trained, small, jet_contract, sample):
    costs = trained[1].history["ebops"]
    network = network_of(small, jet_contract, 5)
    result = fit_trees(network, sample, sample, with_trees(small, target=costs[2]))
    assert result.chosen.epoch <= 2
    assert result.ebops <= 1.05 * costs[2]
    assert not trees_of(network).leaf[result.chosen.epoch + 1 :].any()
    with pytest.raises(ModelError, match="one round of trees takes"):
        fit_trees(network, sample, sample, with_trees(small, target=costs[0] / 2))

    shuffled = dataclasses.replace(sample, targets=np.random.default_rng(1).permutation(sample.targets))
    patient = with_trees(small).model_copy(update={"training": small.training.model_copy(update={"patience": 1})})
    assert fit_trees(network, sample, shuffled, patient).epochs < ROUNDS


def test_what_trees_do_not_have_is_refused(small, jet_contract, sample):
    network = network_of(small, jet_contract, 5)
    fixed = small.model_copy(update={"quantization": small.quantization.model_copy(update={"method": "ptq"})})
    with pytest.raises(ConfigError, match=r"quantization.method: boosted trees know no 'ptq'"):
        fit_trees(network, sample, sample, fixed)
    pruned = small.model_copy(update={"pruning": object()})
    with pytest.raises(ConfigError, match="pruning: boosted trees have none"):
        fit_trees(network, sample, sample, pruned)


def hand_made():
    """One round, one class, depth 2: below 5 of input 0 the leaf -4; from there on 1, or 3 from 8 of input 1 on."""
    return Trees(
        feature=np.array([[[0, 0, 1]]], np.int32),
        threshold=np.array([[[5, NEVER, 8]]], np.float32),
        leaf=np.array([[[-4, -4, 1, 3]]], np.float32),
        base=np.array([0.5], np.float32),
    )


def test_a_tree_by_hand():
    trees = hand_made()
    integers = np.array([[4, 9], [5, 7], [5, 8]])
    assert trees.logits(integers)[:, 0].tolist() == [-3.5, 1.5, 3.5]
    assert trees.leaves[0, 0].tolist() == [True, False, True, True]
    assert trees.leaf_bits()[0, 0].tolist() == [3, 3, 2, 3]
    # Inputs of 6 and 7 bits are compared, three leaves of 3 bits selected and added.
    assert trees.bit_operations([6, 7]) == 6 + 7 + 3 * 3
    assert trees.padded(4).bit_operations([6, 7]) == trees.bit_operations([6, 7])
    assert (trees.padded(4).logits(integers) == trees.logits(integers)).all()


def test_comparisons_of_leaves_that_round_alike_are_left_out():
    coarse = hand_made().on_grid(2)
    assert coarse.leaf[0, 0].tolist() == [-4, -4, 0, 4]
    same = dataclasses.replace(hand_made(), leaf=np.array([[[-4, -4, 1, 1.2]]], np.float32)).on_grid(4)
    assert same.decides[0, 0].tolist() == [True, False, False]
    assert same.leaf[0, 0].tolist() == [-4, -4, 1, 1]
    assert lsb_of(np.array([0.75, -6.0], np.float32)) == 0.25
    assert lsb_of(np.zeros(3, np.float32)) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 5])
def test_the_csimulation_of_conifer_gives_equal_integers(classes, small, jet_contract, sample, stimulus, tmp_path):
    config = with_trees(small, rounds=2, depth=2)
    rows = dataclasses.replace(sample, targets=np.minimum(sample.targets, classes - 1))
    network = network_of(config, jet_contract, classes)
    fit_trees(network, rows, rows, config)
    integer_model = rtl.trace(network.deployed, jet_contract)
    expected = integer_model.predict(stimulus)
    write_conifer(network.deployed, jet_contract, tmp_path, part="xc7z020clg400-1", clock_period_ns=5.0)
    assert not list(tmp_path.glob("*.json")), "it names user and host"
    assert (ConiferFirmware(tmp_path, jet_contract, integer_model.score_format).predict(stimulus) == expected).all()

    parameters = tmp_path / "firmware" / "parameters.h"
    text = parameters.read_text()
    parameters.write_text(text.replace('splitting_convention = "<"', 'splitting_convention = "<="'))
    assert parameters.read_text() != text
    changed = ConiferFirmware(tmp_path, jet_contract, integer_model.score_format).predict(stimulus)
    assert (changed != expected).any(), "an unchanged C-simulation would not be compiled again"


def test_a_missing_hls_project_is_refused(trained, jet_contract, tmp_path):
    score_format = rtl.trace(trained[0].deployed, jet_contract).score_format
    with pytest.raises(FirmwareError, match="generate the firmware again"):
        ConiferFirmware(tmp_path, jet_contract, score_format).compile()

"""Every architecture: trains, reloads bit-identically, and gives equal integers in all its firmware forms."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from anomaly_cases import ANOMALY_BLOCKS, ANOMALY_CASES
from jet_cases import JET_CASES

from codesign.config import Config
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.errors import ConfigError, FirmwareError, ModelError
from codesign.firmware import hls, rtl
from codesign.input_formats import make_contract
from codesign.models import MODELS, build_network, load_model, save_model
from codesign.models.registry import require_architecture
from codesign.models.reload import require_identical_reload
from codesign.models.store import outputs
from codesign.presets import get_preset
from codesign.training import Sample, fit, with_saturated_rows
from codesign.training.checks import layer_health
from codesign.verify.vectors import make_vectors

DATA = Path(__file__).parents[2] / "examples" / "data"
ROWS, VALIDATION_ROWS, VECTORS = 3000, 1000, 1000
TRAINING = {"epochs": 30, "batch_size": 256, "learning_rate": 2e-2}
SLACK = 2.5  # thirty epochs do not reach the targets of the cases


def case(name):
    """(configuration, contract, training integers, labels) of a small instance on a part of a shipped sample."""
    if name in JET_CASES:
        file, preset = "jets.h5", None
        model, blocks, quantization = JET_CASES[name]
        quantization = {"target_ebops": SLACK * quantization["target_ebops"]}
        task = {"kind": "classification"}
    else:
        file, preset = "events.h5", get_preset("cms-run3-ugt")
        (model, task), blocks, quantization = ANOMALY_CASES[name], ANOMALY_BLOCKS, {"target_ebops": 50_000.0}
    tables = {"name": name, "seed": 3, "data": {"file": str(DATA / file), "blocks": blocks}}
    tables |= {"model": model, "task": task, "quantization": quantization, "training": TRAINING}
    config = Config.parse(as_toml(tables), name)
    with Dataset.open(DATA / file) as dataset:
        chosen = input_blocks(dataset, config.data)
        labels = dataset.labels("train")
        rows = read_inputs(dataset, chosen, "train")[labels == 0] if preset else read_inputs(dataset, chosen, "train")
    order = np.random.default_rng(3).permutation(len(rows))[: ROWS + VALIDATION_ROWS]
    contract = make_contract(chosen, rows[order], width=10, network_integer=None, coverage=0.99, preset=preset)
    return config, contract, contract.to_hardware(rows[order]), labels[order]


def as_toml(tables):
    """TOML of nested tables with plain values; JSON values are TOML, tables are inline."""

    def value(entry):
        if isinstance(entry, dict):
            return "{" + ", ".join(f"{key} = {value(item)}" for key, item in entry.items()) + "}"
        return json.dumps(entry)

    text = "\n".join(f"{key} = {value(entry)}" for key, entry in tables.items())
    assert tomllib.loads(text) == tables
    return text


def samples(config, contract, integers, labels):
    values = contract.to_network(integers)
    targets = labels if config.task.kind == "classification" else values
    weights = np.ones(len(values), np.float32)
    parts = (slice(0, ROWS), slice(ROWS, None))
    return [Sample(values[part], targets[part], weights[part]) for part in parts]


@pytest.mark.slow
@pytest.mark.hls
@pytest.mark.parametrize("name", [*JET_CASES, *ANOMALY_CASES])
class TestArchitecture:
    def test_trains_reloads_and_becomes_equal_firmware(self, name, tmp_path):
        config, contract, integers, labels = case(name)
        train, validation = samples(config, contract, integers, labels)
        network = build_network(config, contract, 5 if config.task.kind == "classification" else 1)
        before = [np.array(weight) for weight in network.trained.trainable_weights]

        result = fit(network, with_saturated_rows(train, contract, 3), validation, config)

        if config.task.kind == "classification":
            assert result.chosen.quality > 0.3, "little better than guessing among five classes"
        changed = [(np.array(w) != b).any() for w, b in zip(network.trained.trainable_weights, before, strict=True)]
        assert np.mean(changed) > 0.9
        model, values = network.deployed, train.values
        found = outputs(model, values)
        assert len(np.unique(found[:, 0])) > 5
        # After so short a training a score may still saturate, but no layer has collapsed.
        assert not [layer.name for layer in layer_health(model, train.values) if layer.constant]

        save_model(model, tmp_path / "model.keras")
        require_identical_reload(tmp_path / "model.keras", values, found)

        stimulus = make_vectors(contract, integers, VECTORS, seed=1).inputs
        integer_model = rtl.trace(model, contract)
        expected = integer_model.score_format.exact_int(outputs(model, contract.to_network(stimulus)))
        assert (integer_model.predict(stimulus) == expected).all()
        assert (csim(model, contract, integer_model.score_format, tmp_path).predict(stimulus) == expected).all()


def csim(model, contract, score_format, folder):
    hls.write_hls(
        model,
        contract,
        folder / "hls",
        backend="Vitis",
        part="xc7z020clg400-1",
        clock_period_ns=5.0,
        reuse_factor=1,
    )
    return hls.HlsFirmware(folder / "hls", contract, score_format)


def test_every_architecture_has_a_case():
    covered = {JET_CASES[name][0]["architecture"] for name in JET_CASES}
    covered |= {ANOMALY_CASES[name][0]["architecture"] for name in ANOMALY_CASES}
    elsewhere = {"boosted_trees", "hypermodel", "imported", "score_mlp"}  # in tests of their own
    assert covered | elsewhere == set(MODELS)


def test_unknown_architecture_lists_the_known_ones(small_config):
    model = small_config.model.model_copy(update={"architecture": "mpl"})
    with pytest.raises(ConfigError, match=r"model.architecture: unknown architecture 'mpl'; did you mean 'mlp'\?"):
        require_architecture(small_config.model_copy(update={"model": model}))


def test_missing_and_damaged_model_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="found no file: train first"):
        load_model(tmp_path / "model.keras")
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(ModelError, match="not a Keras model"):
        load_model(tmp_path / "model.keras")


def test_a_changed_network_is_found_after_reload(small_config, contract, tmp_path):
    model = build_network(small_config, contract, 5).deployed
    values = contract.to_network(np.random.default_rng(4).integers(-100, 100, (300, len(contract.inputs))))
    changed = outputs(model, values)
    changed[7, 0] += 2.0**-10
    save_model(model, tmp_path / "model.keras")
    with pytest.raises(ModelError, match="differs on 1 of 300 rows"):
        require_identical_reload(tmp_path / "model.keras", values, changed)


def test_a_network_without_output_is_refused_as_firmware(small_config, contract):
    model = build_network(small_config, contract, 5).deployed
    for weight in model.weights:
        if weight.name in ("kernel", "bias"):
            weight.assign(np.zeros(weight.shape))
    with pytest.raises(FirmwareError, match="score 0 is constant"):
        _ = rtl.trace(model, contract).score_format

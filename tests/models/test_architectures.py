"""Every architecture: trains, reloads bit-identically, and gives equal integers in all its firmware forms."""

import numpy as np
import pytest

from codesign.errors import ConfigError, FirmwareError, ModelError
from codesign.firmware import hls, rtl
from codesign.models import MODELS, build_model, load_model, save_model
from codesign.models.registry import require_architecture
from codesign.models.reload import require_identical_reload
from codesign.models.store import logits
from codesign.training import Sample, fit
from codesign.verify.vectors import make_vectors


def with_architecture(config, name):
    model = config.model.model_copy(update={"architecture": name})
    training = config.training.model_copy(update={"batch_size": 128})  # as many steps as on the whole sample
    return config.model_copy(update={"model": model, "training": training})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MODELS))
class TestArchitecture:
    def test_trains_reloads_and_becomes_equal_firmware(self, name, jets, small_config, contract, tmp_path):
        values, labels, names = jets
        config = with_architecture(small_config, name)
        chosen = values[:, [names.index(entry) for entry in contract.names]]
        integers = contract.to_hardware(chosen)
        sample = Sample(contract.to_network(integers), labels, np.ones(len(labels), np.float32))
        model = build_model(config, contract, 5)
        before = [weight.numpy() for weight in model.trainable_weights]

        result = fit(model, sample, sample, config)

        assert result.ebops <= 1.2 * config.quantization.target_ebops
        assert result.chosen.validation_accuracy > 0.45, "no better than guessing among five classes"
        assert all((w.numpy() != b).any() for w, b in zip(model.trainable_weights, before, strict=True))

        outputs = logits(model, sample.values)
        save_model(model, tmp_path / "model.keras")
        require_identical_reload(tmp_path / "model.keras", sample.values, outputs)
        changed = outputs.copy()
        changed[7, 0] += 2.0**-10
        with pytest.raises(ModelError, match="differs on 1 of 3000 rows"):
            require_identical_reload(tmp_path / "model.keras", sample.values, changed)

        stimulus = make_vectors(contract, integers, 2000, seed=1).inputs
        integer_model = rtl.trace(model, contract)
        expected = integer_model.score_format.exact_int(logits(model, contract.to_network(stimulus)))
        assert (integer_model.predict(stimulus) == expected).all()
        hls.write_hls(
            model,
            contract,
            tmp_path / "hls",
            backend="Vitis",
            part="xc7z020clg400-1",
            clock_period_ns=5.0,
            reuse_factor=1,
        )
        csim = hls.HlsFirmware(tmp_path / "hls", contract, integer_model.score_format)
        assert (csim.predict(stimulus) == expected).all()


def test_unknown_architecture_lists_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"model.architecture: unknown architecture 'mpl'; did you mean 'mlp'\? known: mlp"
    ):
        require_architecture("mpl")


def test_missing_and_damaged_model_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="found no file: train first"):
        load_model(tmp_path / "model.keras")
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(ModelError, match="not a Keras model"):
        load_model(tmp_path / "model.keras")


def test_a_network_without_output_is_refused_as_firmware(small_config, contract):
    model = build_model(small_config, contract, 5)
    for weight in model.weights:
        if weight.name in ("kernel", "bias"):
            weight.assign(np.zeros(weight.shape))
    with pytest.raises(FirmwareError, match="score 0 is constant"):
        _ = rtl.trace(model, contract).score_format

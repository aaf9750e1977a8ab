"""The architectures by name."""

from codesign.config import Config
from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models import (
    autoencoder,
    boosted_trees,
    cnn1d,
    cnn2d,
    cnn_autoencoder,
    cnn_vae,
    contrastive,
    deep_sets,
    hypermodel,
    imported,
    interaction,
    lut_dense,
    mixer,
    mlp,
    score_mlp,
    transformer,
    vae,
)
from codesign.models.network import Architecture, Network, Request
from codesign.naming import unknown_name
from codesign.sections import Section, validate_section

MODELS: dict[str, Architecture] = {
    "boosted_trees": boosted_trees.BOOSTED_TREES,
    "cnn1d": cnn1d.CNN1D,
    "cnn2d": cnn2d.CNN2D,
    "deep_sets": deep_sets.DEEP_SETS,
    "hypermodel": hypermodel.HYPERMODEL,
    "imported": imported.IMPORTED,
    "interaction": interaction.INTERACTION,
    "lut_dense": lut_dense.LUT_DENSE,
    "mixer": mixer.MIXER,
    "mlp": mlp.MLP,
    "transformer": transformer.TRANSFORMER,
    "autoencoder": autoencoder.AUTOENCODER,
    "cnn_autoencoder": cnn_autoencoder.CNN_AUTOENCODER,
    "cnn_vae": cnn_vae.CNN_VAE,
    "contrastive": contrastive.CONTRASTIVE,
    "score_mlp": score_mlp.SCORE_MLP,
    "vae": vae.VAE,
}


def require_architecture(config: Config) -> tuple[Architecture, Section]:
    """The configured architecture and its options.

    Raises:
        ConfigError: the architecture is unknown or made for the other task, or one of its options is wrong.
    """
    name = config.model.architecture
    if name not in MODELS:
        raise ConfigError(f"model.architecture: {unknown_name('architecture', name, MODELS)}")
    architecture = MODELS[name]
    if architecture.task != config.task.kind:
        fitting = sorted(name for name, entry in MODELS.items() if entry.task == config.task.kind)
        raise ConfigError(
            f"model.architecture: {name!r} is made for {architecture.task}, task.kind is {config.task.kind!r}; "
            f"choose one of {', '.join(fitting)}"
        )
    return architecture, validate_section(architecture.options, config.model.options, "model")


def build_network(config: Config, contract: InputContract, outputs: int) -> Network:
    """Build the configured network.

    Args:
        config: the configuration.
        contract: formats of the inputs.
        outputs: number of classes, 1 for an anomaly detector.

    Raises:
        ConfigError: the architecture is unknown, or does not fit the task or the inputs.
    """
    architecture, options = require_architecture(config)
    score = config.task.score if config.task.kind == "anomaly" else ""
    return architecture.build(Request(options, contract, outputs, score, config.quantization))

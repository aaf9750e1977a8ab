"""The architectures by name."""

from collections.abc import Callable
from typing import Any

from codesign.config import Config
from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models import mlp
from codesign.naming import unknown_name

MODELS: dict[str, Callable[[Config, InputContract, int], Any]] = {"mlp": mlp.build}


def require_architecture(name: str) -> Callable[[Config, InputContract, int], Any]:
    """The build function of an architecture.

    Raises:
        ConfigError: the name is not in ``MODELS``; the message lists those that are.
    """
    if name not in MODELS:
        raise ConfigError(f"model.architecture: {unknown_name('architecture', name, MODELS)}")
    return MODELS[name]


def build_model(config: Config, contract: InputContract, outputs: int) -> Any:
    """Build the configured network.

    Args:
        config: the configuration.
        contract: formats of the inputs.
        outputs: number of classes.

    Returns:
        ``keras.Model`` from network values, shape (n, inputs), to logits, shape (n, outputs).

    Raises:
        ConfigError: the architecture is unknown.
    """
    return require_architecture(config.model.architecture)(config, contract, outputs)

"""The architectures by name."""

import difflib
from collections.abc import Callable
from typing import Any

from codesign.config import Config
from codesign.contract import InputContract
from codesign.errors import ConfigError
from codesign.models import mlp

MODELS: dict[str, Callable[[Config, InputContract, int], Any]] = {"mlp": mlp.build}


def require_architecture(name: str) -> Callable[[Config, InputContract, int], Any]:
    """The build function of an architecture.

    Raises:
        ConfigError: the name is not in ``MODELS``; the message lists those that are.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"model.architecture: unknown {name!r}; {hint}known: {', '.join(MODELS)}")
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

"""Networks: one file per architecture, each with its options and ``build(request) -> Network``."""

from codesign.models.registry import MODELS, build_network
from codesign.models.store import load_model, save_model

__all__ = ["MODELS", "build_network", "load_model", "save_model"]

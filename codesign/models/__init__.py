"""Networks: one file per architecture, each with ``build(config, contract, outputs) -> keras.Model``."""

from codesign.models.registry import MODELS, build_model
from codesign.models.store import load_model, save_model

__all__ = ["MODELS", "build_model", "load_model", "save_model"]

"""Physics observables as pure functions on arrays."""

from codesign.features.high_level import HIGH_LEVEL_FEATURES, high_level_features

__all__ = ["HIGH_LEVEL_FEATURES", "high_level_features"]

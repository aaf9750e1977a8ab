"""Physics observables as pure functions on arrays."""

from codesign.features.high_level import HIGH_LEVEL_FEATURES, high_level_features, high_level_features_of_jets

__all__ = ["HIGH_LEVEL_FEATURES", "high_level_features", "high_level_features_of_jets"]

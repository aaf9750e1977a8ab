"""Small instances of the jet taggers for the test that trains, reloads and converts every architecture."""

PARTICLES = {"constituents": {"slots": 6}}
FEATURES = {"high_level": {"columns": ["zlogz", "c1_b1_mmdt", "n2_b1_mmdt", "mass_mmdt", "multiplicity"]}}

# Name of the case: keys of the model table, the data.blocks table of examples/data/jets.h5, and of the quantization
# table. The targets leave every case above chance; none is tuned.
JET_CASES = {
    "mlp": ({"architecture": "mlp", "hidden": [8]}, FEATURES, {"target_ebops": 1200}),
    "lut_dense": ({"architecture": "lut_dense", "hidden": [5], "table_hidden": 4}, FEATURES, {"target_ebops": 800}),
    "deep_sets": (
        {"architecture": "deep_sets", "particle": [8, 8], "jet": [8]},
        PARTICLES,
        {"target_ebops": 15000},
    ),
    "deep_sets_per_particle": (
        {"architecture": "deep_sets", "particle": [8], "jet": [8], "pooling": "sum", "widths": "per_particle"},
        PARTICLES,
        {"target_ebops": 8000},
    ),
    "interaction": (
        {"architecture": "interaction", "embedding": [6], "interaction": 8, "particle": [6], "jet": [8]},
        PARTICLES,
        {"target_ebops": 15000},
    ),
    "interaction_per_particle": (
        {"architecture": "interaction", "embedding": [], "interaction": 8, "particle": [6], "jet": []}
        | {"widths": "per_particle"},
        PARTICLES,
        {"target_ebops": 10000},
    ),
    "cnn1d": (
        {"architecture": "cnn1d", "filters": [6, 6], "kernel": [2, 2], "strides": [1, 2], "dense": [8]},
        PARTICLES,
        {"target_ebops": 10000},
    ),
    "cnn2d": (
        {"architecture": "cnn2d", "filters": [4, 4], "kernel": [[2, 3], [2, 1]], "strides": [[1, 1], [2, 1]]}
        | {"dense": [8]},
        PARTICLES,
        {"target_ebops": 8000},
    ),
    "mixer": (
        {"architecture": "mixer", "features": 6, "particle_hidden": 4, "feature_hidden": 6, "jet": [8]},
        PARTICLES,
        {"target_ebops": 15000},
    ),
    "transformer": (
        {"architecture": "transformer", "features": 6, "heads": 1, "key": 3, "projected": 2, "hidden": 6, "jet": [8]},
        PARTICLES,
        {"target_ebops": 20000},
    ),
    "transformer_full": (
        {"architecture": "transformer", "features": 6, "heads": 2, "key": 2, "hidden": 6, "jet": []}
        | {"attention": "full"},
        {"constituents": {"slots": 4}},
        {"target_ebops": 20000},
    ),
}

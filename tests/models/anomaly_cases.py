"""Small instances of the anomaly detectors for the test that trains, reloads and converts every architecture."""

# Name of the case: keys of the model table and of the task table.
ANOMALY_CASES = {
    "autoencoder": (
        {"architecture": "autoencoder", "hidden": [6], "latent": 3, "decoder": [6]},
        {"kind": "anomaly", "score": "reconstruction"},
    ),
    "cnn_autoencoder": (
        {"architecture": "cnn_autoencoder", "filters": [2], "latent": 3, "decoder_filters": 1},
        {"kind": "anomaly", "score": "reconstruction"},
    ),
    "vae_mu2": (
        {"architecture": "vae", "hidden": [8], "latent": 3, "decoder": [16]},
        {"kind": "anomaly", "score": "mu2"},
    ),
    "vae_kl": (
        {"architecture": "vae", "hidden": [8], "latent": 3, "decoder": [16]},
        {"kind": "anomaly", "score": "kl"},
    ),
    "vae_rz": (
        {"architecture": "vae", "hidden": [8], "latent": 3, "decoder": [16]},
        {"kind": "anomaly", "score": "rz"},
    ),
    "vae_reconstruction": (
        {"architecture": "vae", "hidden": [6], "latent": 3, "decoder": [6]},
        {"kind": "anomaly", "score": "reconstruction"},
    ),
    "cnn_vae": (
        {"architecture": "cnn_vae", "filters": [3], "latent": 3, "decoder_filters": 2},
        {"kind": "anomaly", "score": "kl"},
    ),
    "contrastive": (
        {"architecture": "contrastive", "hidden": [8], "embedding": 4, "autoencoder": [2], "projector": 8},
        {"kind": "anomaly", "score": "embedding"},
    ),
}

# Blocks of examples/data/events.h5 that keep the networks small: 2 + 3 x (1 + 1 + 3) inputs.
ANOMALY_BLOCKS = {"met": {}, "electrons": {"slots": 1}, "muons": {"slots": 1}, "jets": {"slots": 3}}

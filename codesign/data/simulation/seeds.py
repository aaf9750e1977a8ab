"""Seeds of the pieces of a production: independent streams derived from one number."""

import numpy as np

_PYTHIA_SEEDS = 900_000_000

# First entry of the key of a stream. Processes have their own small numbers (`Process.number`).
SHUFFLE_KEY = 1_000_000
PILEUP_KEY = 2_000_000
USER_PROCESS_KEY = 1 << 32  # plus a number made of the name
# Last entry: what a piece has beside its generator.
DETECTOR_KEY = 1
DECAY_KEY = 2


def pythia_seed(seed: int, *key: int) -> int:
    """Derive a seed of Pythia, 1 to 900,000,000.

    Args:
        seed: Seed of the production.
        key: Which stream: number of the process, number of the piece.
    """
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0]) % _PYTHIA_SEEDS + 1


def stream(seed: int, *key: int) -> np.random.Generator:
    """Make the random generator of a stream.

    Args:
        seed: Seed of the production.
        key: Which stream.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

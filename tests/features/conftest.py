"""Jets with a few massless particles near the transverse plane."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray


def massless(pt: list[float], rapidity: list[float], phi: list[float]) -> NDArray[np.float64]:
    """Four-vectors (px, py, pz, E) of massless particles, shape (n, 4)."""
    transverse, y, azimuth = (np.asarray(values, np.float64) for values in (pt, rapidity, phi))
    return np.stack(
        [
            transverse * np.cos(azimuth),
            transverse * np.sin(azimuth),
            transverse * np.sinh(y),
            transverse * np.cosh(y),
        ],
        axis=1,
    )


@pytest.fixture
def particles() -> Callable[..., NDArray[np.float64]]:
    """The function ``particles(pt, rapidity, phi)`` that makes massless four-vectors."""
    return massless


@pytest.fixture
def random_jet() -> Callable[..., NDArray[np.float64]]:
    """The function ``random_jet(n)`` that makes a jet of n particles with pT of about 1 TeV in all."""

    def make(count: int) -> NDArray[np.float64]:
        rng = np.random.default_rng(count)
        pt = rng.dirichlet(np.full(count, 0.3)) * 1000 + 0.1
        return massless(list(pt), list(rng.normal(0.4, 0.2, count)), list(rng.normal(3.0, 0.2, count)))

    return make

"""Particles and events made by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from codesign.data.simulation.particles import Particles


def make_particles(*rows: tuple[float, ...], pileup: bool = False) -> Particles:
    """Massless particles from rows (event, PDG code, pT, η, φ), which must be ordered by event."""
    event, pdg, pt, eta, phi = np.array(rows, np.float64).reshape(-1, 5).T
    energy = pt * np.cosh(eta)
    return Particles(
        event.astype(np.intp), pdg.astype(np.int32), pt, eta, phi, energy, np.full(len(pt), pileup, np.bool_)
    )


def make_batch(*events: list[tuple[float, ...]]) -> Any:
    """Event records of Pythia from rows (id, status, px, py, pz, first daughter, last daughter)."""
    ak = pytest.importorskip("awkward")
    return ak.Array(
        [
            {
                "prt": [
                    {
                        "id": pdg,
                        "status": status,
                        "daughter1": first,
                        "daughter2": last,
                        "p": {"px": px, "py": py, "pz": pz, "e": float(np.sqrt(px**2 + py**2 + pz**2))},
                    }
                    for pdg, status, px, py, pz, first, last in event
                ]
            }
            for event in events
        ]
    )


@pytest.fixture
def batch() -> Callable[..., Any]:
    """The function `make_batch`."""
    return make_batch


@pytest.fixture
def particles() -> Callable[..., Particles]:
    """The function `make_particles`."""
    return make_particles


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(7)

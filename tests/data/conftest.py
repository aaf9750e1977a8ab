"""A small data set with a known content."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesign.data import Column, write_dataset


def numbered(rows: int = 40) -> dict[str, Any]:
    """Arguments of `write_dataset`: every value is different and tells its place."""
    high_level = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
    constituents = -np.arange(rows * 4 * 2, dtype=np.float32).reshape(rows, 4, 2)
    return {
        "name": "numbered",
        "inputs": {
            "high_level": (
                high_level,
                [Column("mass", "GeV", "m"), Column("multiplicity", "", "n"), Column("zlogz", "", "Σ z ln z")],
            ),
            "constituents": (constituents, [Column("pt", "GeV", "pT"), Column("delta_eta", "", "Δη")]),
        },
        "label": np.arange(rows) % 2,
        "classes": ["q", "W"],
        "split": np.arange(rows) % 5 // 2,
        "provenance": {"generator": "arange", "seed": 1},
    }


@pytest.fixture
def content() -> Callable[..., dict[str, Any]]:
    """The function ``content(rows=40)`` that makes the arguments of `write_dataset`."""
    return numbered


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Path of a data set of 40 rows with that content."""
    path = tmp_path / "sample.h5"
    write_dataset(path, **numbered())
    return path

"""Rounding of float32 is told from a difference, and never hides one."""

import numpy as np
import pytest

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint
from codesign.verify.float_rounding import network_scores

WIDE = FixedPoint(True, 40, 20)


def as_float32(integers):
    return (np.asarray(integers) * WIDE.lsb).astype(np.float32)


@pytest.mark.parametrize(("exact", "rounded"), [(5, 0), ((1 << 24) - 1, 0), ((1 << 24) + 1, 1), ((1 << 36) + 12345, 1)])
def test_a_score_that_float32_cannot_hold_is_reported_as_such(exact, rounded):
    scores = np.array([[exact, 7]])
    found = network_scores(as_float32(scores), scores, WIDE)
    assert found.integers.tolist() == scores.tolist()
    assert found.rounded == rounded


@pytest.mark.parametrize("network", [6, (1 << 24) + 4, (1 << 24) - 1])
def test_a_real_difference_stays_one(network):
    exact = np.array([[(1 << 24) + 1]])
    found = network_scores(as_float32([[network]]), exact, WIDE)
    assert (found.integers[0, 0], found.rounded) == (network, 0)


def test_a_value_off_the_grid_differs_from_every_exact_score():
    found = network_scores(np.array([[0.3 * WIDE.lsb]], dtype=np.float32), np.array([[1]]), WIDE)
    assert found.integers.tolist() == [[0]]


def test_not_a_number_is_refused():
    with pytest.raises(ModelError, match="for vector 1, expected finite numbers"):
        network_scores(np.array([[0.0], [np.nan]], dtype=np.float32), np.zeros((2, 1), dtype=np.int64), WIDE)

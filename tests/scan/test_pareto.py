"""The front, what it covers, and what cannot be told apart."""

import numpy as np
import pytest

from codesign.scan.pareto import groups, hypervolume, near_front, non_dominated, spread_along

WAYS = {"accuracy": "maximize", "lut": "minimize"}


def test_the_front_is_what_nothing_beats():
    costs = [[1, 5], [2, 3], [2, 4], [3, 3], [5, 1], [2, 3]]
    assert list(non_dominated(costs)) == [True, True, False, False, True, False]


def test_hypervolume_of_two_and_three_objectives():
    assert hypervolume([[1, 3], [2, 1], [3, 3]], [4, 4]) == pytest.approx(1 * 1 + 2 * 3)
    assert hypervolume([[5, 5]], [4, 4]) == 0.0
    rng = np.random.default_rng(1)
    points, samples = rng.random((6, 3)), rng.random((200_000, 3))
    inside = (samples[:, None, :] >= points[None]).all(axis=2).any(axis=1).mean()
    assert hypervolume(points, [1, 1, 1]) == pytest.approx(inside, abs=0.005)


def test_near_the_front_allows_for_the_error_of_the_physics_and_a_tenth_of_the_cost():
    front = [{"accuracy": 0.70, "lut": 1000}]
    assert near_front({"accuracy": 0.695, "lut": 1200}, {"accuracy": 0.004}, front, WAYS)
    assert not near_front({"accuracy": 0.690, "lut": 1200}, {"accuracy": 0.004}, front, WAYS)
    assert near_front({"accuracy": 0.690, "lut": 1050}, {"accuracy": 0.004}, front, WAYS)
    assert near_front({"accuracy": 0.5, "lut": 1e6}, {}, [], WAYS)


def test_points_within_each_others_error_are_one_group():
    assert groups([0.720, 0.717, 0.700, 0.699], [0.003] * 4, "maximize") == [0, 0, 1, 1]
    assert groups([3.0, 1.0, 1.1], [0.1, 0.1, 0.1], "minimize") == [1, 0, 0]


def test_candidates_are_spread_and_hold_both_ends():
    costs = np.array([[3, 0], [1, 2], [2, 1], [4, -1], [5, -2]])
    assert spread_along(costs, 3) == [1, 0, 4]
    assert spread_along(costs[:2], 5) == [1, 0]

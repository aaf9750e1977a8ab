"""Points that nothing beats, how much they cover, and which of them can be told apart."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Direction = Literal["maximize", "minimize"]
Directions = Mapping[str, Direction]

NEAR_ERRORS = 2.0  # statistical errors by which a point may miss the front and still be near it
NEAR_COST = 0.1  # share of its cost likewise


def oriented(values: Mapping[str, float], directions: Directions) -> NDArray[np.float64]:
    """The objectives as costs: smaller is better, shape (objectives,)."""
    return np.array([values[name] * (-1.0 if way == "maximize" else 1.0) for name, way in directions.items()])


def non_dominated(costs: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other point beats in one respect without losing in another; the first of equal points.

    Args:
        costs: smaller is better, shape (n, objectives).
    """
    points = np.asarray(costs, np.float64)
    kept = np.zeros(len(points), bool)
    for index, point in enumerate(points):
        as_good = (points <= point).all(axis=1)
        better = as_good & (points < point).any(axis=1)
        equal_before = as_good[:index] & (points[:index] == point).all(axis=1)
        kept[index] = not better.any() and not equal_before.any()
    return kept


def hypervolume(costs: ArrayLike, reference: ArrayLike) -> float:
    """Volume between points and a reference that is worse than all of them (Zitzler and Thiele 1999).

    Args:
        costs: smaller is better, shape (n, objectives); points beyond the reference count for nothing.
        reference: shape (objectives,).
    """
    worst = np.asarray(reference, np.float64)
    points = np.asarray(costs, np.float64).reshape(-1, len(worst))
    points = points[(points < worst).all(axis=1)]
    if not len(points):
        return 0.0
    points = points[non_dominated(points)]
    points = points[np.argsort(points[:, -1])]
    if len(worst) == 1:
        return float(worst[0] - points[0, 0])
    # Slices along the last objective: each has the volume of the points below it in the others.
    ends = np.append(points[1:, -1], worst[-1])
    heights = ends - points[:, -1]
    return float(sum(h * hypervolume(points[: i + 1, :-1], worst[:-1]) for i, h in enumerate(heights) if h > 0))


def near_front(
    values: Mapping[str, float],
    errors: Mapping[str, float],
    front: Sequence[Mapping[str, float]],
    directions: Directions,
) -> bool:
    """Whether a point could still be on the front: as good as `NEAR_ERRORS` and `NEAR_COST` allow, nothing beats it."""
    granted = {
        name: value + (1.0 if directions[name] == "maximize" else -1.0) * _slack(value, errors.get(name, 0.0))
        for name, value in values.items()
        if name in directions
    }
    best = oriented(granted, directions)
    return not any((oriented(other, directions) <= best).all() for other in front)


def _slack(value: float, error: float) -> float:
    return NEAR_ERRORS * error if error > 0 else NEAR_COST * abs(value)


def groups(values: Sequence[float], errors: Sequence[float], direction: Direction) -> list[int]:
    """Group of each point: all within the error of the best one that has no group yet, beginning with 0.

    Args:
        values: one physics quantity.
        errors: its errors; two points are told apart where they differ by more than the root of the squared sum.
        direction: which end is best.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    group = [-1] * len(values)
    for number, leader in enumerate(sorted(range(len(values)), key=lambda i: -sign * values[i])):
        if group[leader] >= 0:
            continue
        for index, value in enumerate(values):
            same = abs(value - values[leader]) <= math.hypot(errors[index], errors[leader])
            if group[index] < 0 and same:
                group[index] = number
    order = sorted(set(group))
    return [order.index(number) for number in group]


def spread_along(costs: ArrayLike, count: int) -> list[int]:
    """At most ``count`` points spread along the first axis of a front: both ends and the nearest to even places."""
    points = np.asarray(costs, np.float64)
    order = np.argsort(points[:, 0], kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order)))
    return [int(order[place]) for place in dict.fromkeys(round(float(place)) for place in places)]

"""Mixed-integer linear programmes that grow by variables and constraints, and are solved by HiGHS where they matter.

A programme describes a whole pipeline, but a question about one of its values concerns few variables: those that the
value is made of, and what constrains these. Only they go to the solver.
"""

import contextlib
import ctypes
import math
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

TIME_LIMIT_S = 10.0  # for a bound
WORD_LIMIT_S = 60.0  # for values that meet a condition, which often decide a fault
INFEASIBLE = 2  # status of scipy's milp
LOCK = threading.RLock()  # of the standard output, and of a programme that grows


class Kind(IntEnum):
    """Variables, by how much it costs that they are integers."""

    REAL = 0
    CHOICE = 1  # of a branch, or how often a word wraps
    WORD = 2  # an integer in a word of many bits


class Linear(NamedTuple):
    """A sum of variables: {number: coefficient} and a constant."""

    terms: dict[int, float]
    constant: float

    def plus(self, other: "Linear", factor: float = 1.0) -> "Linear":
        """This and another one, taken so many times."""
        terms = dict(self.terms)
        for variable, coefficient in other.terms.items():
            terms[variable] = terms.get(variable, 0.0) + factor * coefficient
        return Linear({key: value for key, value in terms.items() if value}, self.constant + factor * other.constant)

    def times(self, factor: float) -> "Linear":
        """This taken so many times."""
        return Linear({}, 0.0).plus(self, factor)


class Interval(NamedTuple):
    """As alkaid's ``QInterval``: ends and step."""

    low: float
    high: float
    step: float


@dataclass
class Programme:
    """Variables with their ends, and the linear constraints that each brings with it."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    constraints: list[tuple[Linear, float, float]] = field(default_factory=list)
    brought_by: dict[int, list[int]] = field(default_factory=dict)

    def variable(self, low: float, high: float, kind: Kind = Kind.REAL) -> Linear:
        """A new variable between two ends."""
        self.low.append(low)
        self.high.append(high)
        self.kinds.append(kind)
        return Linear({len(self.low) - 1: 1.0}, 0.0)

    def constrain(self, owner: Linear, expression: Linear, low: float = -math.inf, high: float = math.inf) -> None:
        """Require ``low <= expression <= high`` wherever the one variable of ``owner`` plays a part."""
        (variable,) = owner.terms
        self.brought_by.setdefault(variable, []).append(len(self.constraints))
        self.constraints.append((expression, low, high))

    def smallest(self, objective: Linear, integers: Kind) -> float:
        """A lower bound that HiGHS proves; minus infinity if it finds none in time.

        Args:
            objective: of this sum.
            integers: variables up to this kind are integers; others may be anything between their ends. The fewer are,
                the less is found, and the faster: milliseconds without any.
        """
        if not objective.terms:
            return objective.constant
        found, variables = self._solve(objective, integers)
        linear = not any(Kind.REAL < self.kinds[variable] <= integers for variable in variables)
        bound = found.fun if linear else found.mip_dual_bound  # the best found is no bound of the best there is
        return -math.inf if bound is None else float(bound) + objective.constant

    def where(self, condition: Linear, low: float, high: float) -> dict[int, float] | None:
        """Values of variables for which a sum lies between two ends; empty if there are none, None if not decided."""
        if not condition.terms:
            return None if low <= condition.constant <= high else {}
        found, variables = self._solve(condition, Kind.WORD, (condition, low, high))
        if found.x is not None:
            return dict(zip(variables, map(float, found.x), strict=True))
        return {} if found.status == INFEASIBLE else None

    def _solve(
        self, objective: Linear, integers: Kind, condition: tuple[Linear, float, float] | None = None
    ) -> tuple[Any, list[int]]:
        """What HiGHS finds for the smallest value of a sum, or, with a condition, for any that meets it."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        variables, rows = self._cone(objective)
        place = {variable: index for index, variable in enumerate(variables)}
        costs = np.zeros(len(variables))
        for variable, coefficient in objective.terms.items() if condition is None else ():
            costs[place[variable]] = coefficient
        chosen = [self.constraints[row] for row in rows] + ([] if condition is None else [condition])
        entries = [(row, place[v], c) for row, (sums, _, _) in enumerate(chosen) for v, c in sums.terms.items()]
        across, down, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((values, (across, down)), shape=(len(chosen), len(variables)))
        lows = [low - sums.constant for sums, low, _ in chosen]
        highs = [high - sums.constant for sums, _, high in chosen]
        with _silent_library():
            found = milp(
                costs,
                integrality=np.array([Kind.REAL < self.kinds[v] <= integers for v in variables], dtype=int),
                bounds=Bounds([self.low[v] for v in variables], [self.high[v] for v in variables]),
                constraints=LinearConstraint(matrix, lows, highs) if chosen else None,
                options={"time_limit": TIME_LIMIT_S if condition is None else WORD_LIMIT_S},
            )
        return found, variables

    def _cone(self, objective: Linear) -> tuple[list[int], list[int]]:
        """Variables and constraints that have a say."""
        waiting, variables, rows = list(objective.terms), set(objective.terms), set()
        while waiting:
            for row in self.brought_by.get(waiting.pop(), ()):
                rows.add(row)
                new = self.constraints[row][0].terms.keys() - variables
                variables |= new
                waiting += new
        return sorted(variables), sorted(rows)


@contextlib.contextmanager
def _silent_library() -> Iterator[None]:
    """HiGHS prints some warnings to the standard output of the process, whatever its options say."""
    with LOCK:
        sys.stdout.flush()
        kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        try:
            yield
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nowhere)

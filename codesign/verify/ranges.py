"""Which values the numbers inside a network can take, over all inputs of its ports: proven, not sampled.

The compiler knows an interval for every value, but takes its operands as independent. Here a pipeline is written as a
mixed-integer linear programme, as in arXiv:1711.07356: sums are exact, a rectifier or a selection is a binary variable,
inputs and what is left after rounding are integers, and what a narrow word wraps away is an integer multiple of its
period. The largest and the smallest of one value are then searched by HiGHS, and its bound holds for every input,
whether or not the search came to its end. Products, tables and bitwise operations are only known by the compiler's
interval.
"""

import contextlib
import ctypes
import math
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple

import numpy as np

TIME_LIMIT_S = 10.0  # for an end of a range
WORD_LIMIT_S = 60.0  # for a word, which often decides a fault
INFEASIBLE = 2  # status of scipy's milp
MARGIN = 0.02  # of a step: far above what the solver's tolerances of 1e-6 do to words of 14 bits
STANDARD_OUTPUT = threading.RLock()


class Code(IntEnum):
    """Codes by which alkaid knows the operations that are linear, or nearly so."""

    NEGATE = -2
    INPUT = -1
    ADD = 0
    SUBTRACT = 1
    RECTIFY = 2
    QUANTISE = 3
    ADD_CONSTANT = 4
    CONSTANT = 5
    SELECT = 6
    SUM = 11


class Kind(IntEnum):
    """Variables, by how much it costs that they are integers."""

    REAL = 0
    CHOICE = 1  # of a branch, or how often a word wraps
    WORD = 2  # an integer in a word of many bits


class Range(NamedTuple):
    """What a value is proven to be, in units of its last bit; both ends included."""

    low: int
    high: int


@contextlib.contextmanager
def _silent_library() -> Iterator[None]:
    """HiGHS prints some warnings to the standard output of the process, whatever its options say."""
    with STANDARD_OUTPUT:
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


class Numbers(NamedTuple):
    """Numbers from ``low`` to ``high``, both included, and again after every so many if ``every`` is not 0."""

    low: int
    high: int
    every: int = 0


NEVER = -1  # in the place of a word that does not exist


class _Linear(NamedTuple):
    """A sum of variables: {number: coefficient} and a constant."""

    terms: dict[int, float]
    constant: float

    def plus(self, other: "_Linear", factor: float = 1.0) -> "_Linear":
        """This and another one, taken so many times."""
        terms = dict(self.terms)
        for variable, coefficient in other.terms.items():
            terms[variable] = terms.get(variable, 0.0) + factor * coefficient
        return _Linear({key: value for key, value in terms.items() if value}, self.constant + factor * other.constant)

    def times(self, factor: float) -> "_Linear":
        return _Linear({}, 0.0).plus(self, factor)


class _Interval(NamedTuple):
    """As alkaid's ``QInterval``: ends and step."""

    low: float
    high: float
    step: float


@dataclass
class _Programme:
    """Variables with their ends, and the linear constraints that each brings with it."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    constraints: list[tuple[_Linear, float, float]] = field(default_factory=list)
    brought_by: dict[int, list[int]] = field(default_factory=dict)

    def variable(self, low: float, high: float, kind: Kind = Kind.REAL) -> _Linear:
        self.low.append(low)
        self.high.append(high)
        self.kinds.append(kind)
        return _Linear({len(self.low) - 1: 1.0}, 0.0)

    def constrain(self, owner: _Linear, expression: _Linear, low: float = -math.inf, high: float = math.inf) -> None:
        """Require ``low <= expression <= high`` wherever the one variable of ``owner`` plays a part."""
        (variable,) = owner.terms
        self.brought_by.setdefault(variable, []).append(len(self.constraints))
        self.constraints.append((expression, low, high))

    def smallest(self, objective: _Linear, integers: Kind) -> float:
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

    def where(self, condition: _Linear, low: float, high: float) -> dict[int, float] | None:
        """Values of variables for which a sum lies between two ends; empty if there are none, None if not decided."""
        if not condition.terms:
            return None if low <= condition.constant <= high else {}
        found, variables = self._solve(condition, Kind.WORD, (condition, low, high))
        if found.x is not None:
            return dict(zip(variables, map(float, found.x), strict=True))
        return {} if found.status == INFEASIBLE else None

    def _solve(
        self, objective: _Linear, integers: Kind, condition: tuple[_Linear, float, float] | None = None
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

    def _cone(self, objective: _Linear) -> tuple[list[int], list[int]]:
        """Variables and constraints that have a say."""
        waiting, variables, rows = list(objective.terms), set(objective.terms), set()
        while waiting:
            for row in self.brought_by.get(waiting.pop(), ()):
                rows.add(row)
                new = self.constraints[row][0].terms.keys() - variables
                variables |= new
                waiting += new
        return sorted(variables), sorted(rows)


class Ranges:
    """Proven ranges of the values of a pipeline, each computed when it is asked for."""

    def __init__(self, stages: Sequence[Any]) -> None:
        """Write the pipeline as a linear programme.

        Args:
            stages: alkaid's ``CombLogic`` of every stage; the outputs of one are the inputs of the next.
        """
        self._programme = _Programme()
        self._values: list[list[_Linear]] = []
        self._intervals = [[_Interval(*op.qint) for op in stage.ops] for stage in stages]
        self.bits = [[tuple(int(part) for part in op.qint.kif) for op in stage.ops] for stage in stages]
        given: list[_Linear] | None = None
        for stage, intervals in zip(stages, self._intervals, strict=True):
            values: list[_Linear] = []
            for op, interval in zip(stage.ops, intervals, strict=True):
                values.append(self._value(op, interval, values, intervals, given))
            self._values.append(values)
            outputs = zip(stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True)
            given = [
                _Linear({}, 0.0) if index < 0 else values[index].times((-1.0 if negative else 1.0) * 2.0**shift)
                for index, shift, negative in outputs
            ]
        first = stages[0]
        places = {
            op.data[0]: value for value, op in zip(self._values[0], first.ops, strict=True) if op.opcode == Code.INPUT
        }
        self._inputs = [places.get(place, _Linear({}, 0.0)) for place in range(first.shape[0])]
        self._input_bits = [tuple(int(part) for part in interval.kif) for interval in first.inp_qint]
        self.of = cache(self._range)

    def word_with(self, stage: int, value: int, numbers: Numbers) -> int | None:
        """A word at the input of the network for which a value is one of some numbers.

        Args:
            stage: number of a stage.
            value: number of a value in it.
            numbers: which it shall be, in units of its last bit.

        Returns:
            the word, ``NEVER`` if it is proven that there is none, None if that is not decided in time. Behind
            products, tables and bitwise operations, which may be anything here, the word need not give what was asked
            for.
        """
        step, expression = 2.0 ** -self.bits[stage][value][2], self._values[stage][value]
        with STANDARD_OUTPUT:  # two threads must not add variables at once
            if numbers.every:
                interval = self._intervals[stage][value]
                least, most = (math.floor(end / step / numbers.every) for end in (interval.low, interval.high))
                turn = self._programme.variable(least, most, Kind.CHOICE)
                expression = expression.plus(turn, -numbers.every * step)
            found = self._programme.where(expression, (numbers.low - MARGIN) * step, (numbers.high + MARGIN) * step)
        if not found:
            return None if found is None else NEVER
        word, position = 0, 0
        for index, linear in enumerate(self._inputs):
            signed, integer, fractional = self._input_bits[index]
            width = signed + integer + fractional
            exact = linear.constant + sum(found.get(v, 0.0) * factor for v, factor in linear.terms.items())
            word |= (round(exact * 2.0**fractional) & ((1 << width) - 1)) << position if width > 0 else 0
            position += max(0, width)
        return word

    def _within(self, value: _Linear, interval: _Interval) -> _Interval:
        """An interval that may be narrower: what the programme gives without integers, rounded outwards to the step.

        The narrower the operands of a rectifier or a selection, the faster is the search.
        """
        low, high, step = interval
        least = self._programme.smallest(value, Kind.REAL) / step - MARGIN
        most = -self._programme.smallest(value.times(-1.0), Kind.REAL) / step + MARGIN
        narrow = (
            (step * math.ceil(least) if least > low / step else low),
            (step * math.floor(most) if most < high / step else high),
        )
        return _Interval(*narrow, step)

    def _range(self, stage: int, value: int) -> Range:
        """Range of a value, in units of the last bit of its word (2 ** -fractional bits)."""
        interval, expression = self._intervals[stage][value], self._values[stage][value]
        step = 2.0 ** -self.bits[stage][value][2]
        negative, kinds = expression.times(-1.0), (Kind.CHOICE, Kind.WORD)  # the second may not come to its end
        low = max(interval.low, *(self._programme.smallest(expression, kind) for kind in kinds))
        high = min(interval.high, *(-self._programme.smallest(negative, kind) for kind in kinds))
        return Range(math.ceil(low / step - MARGIN), math.floor(high / step + MARGIN))

    def _value(
        self,
        op: Any,
        interval: _Interval,
        values: Sequence[_Linear],
        intervals: Sequence[_Interval],
        given: Sequence[_Linear] | None,
    ) -> _Linear:
        operands: list[_Linear] = [values[address] for address in op.addr]
        match op.opcode:
            case Code.INPUT:
                return self._word(interval) if given is None else given[op.data[0]]
            case Code.NEGATE:
                return operands[0].times(-1.0)
            case Code.ADD | Code.SUBTRACT:
                return operands[0].plus(operands[1], (1.0 if op.opcode == Code.ADD else -1.0) * 2.0 ** op.data[0])
            case Code.SUM:
                total = _Linear({}, 0.0)
                for index, operand in enumerate(operands):
                    positive, shift = op.data[2 * index], op.data[2 * index + 1]
                    total = total.plus(operand, (1.0 if positive else -1.0) * 2.0**shift)
                return total
            case Code.ADD_CONSTANT:
                return operands[0].plus(_Linear({}, op.data[0] * 2.0 ** -op.data[1]))
            case Code.CONSTANT:
                return _Linear({}, op.data[0] * interval.step)
            case Code.RECTIFY:
                source = self._within(operands[0], intervals[op.addr[0]])
                positive = self._rectified(operands[0], source)
                return self._quantised(
                    positive, _Interval(max(0.0, source.low), source.high, source.step), op, interval
                )
            case Code.QUANTISE:
                source, factor = self._within(operands[0], intervals[op.addr[0]]), 2.0 ** op.data[0]
                scaled = _Interval(*(factor * part for part in source))
                return self._quantised(operands[0].times(factor), scaled, op, interval)
            case Code.SELECT if intervals[op.addr[2]].low < 0:
                return self._selected(op, operands, intervals, interval)
            case _:
                return self._word(interval)

    def _word(self, interval: _Interval) -> _Linear:
        """Any multiple of the step of an interval."""
        low, high, step = interval
        return self._programme.variable(low / step, high / step, Kind.WORD).times(step)

    def _rectified(self, value: _Linear, source: _Interval) -> _Linear:
        """max(0, value)."""
        if source.low >= 0:
            return value
        if source.high <= 0:
            return _Linear({}, 0.0)
        programme = self._programme
        result, active = programme.variable(0.0, source.high), programme.variable(0.0, 1.0, Kind.CHOICE)
        programme.constrain(result, result.plus(value, -1.0), low=0.0)
        programme.constrain(result, result.plus(value, -1.0).plus(active, -source.low), high=-source.low)
        programme.constrain(result, result.plus(active, -source.high), high=0.0)
        return result

    def _quantised(self, value: _Linear, source: _Interval, op: Any, interval: _Interval) -> _Linear:
        """Rounded down to the step of the operation's word, and wrapped around its ends."""
        signed, integer, fractional = (int(part) for part in op.qint.kif)
        step, period = 2.0**-fractional, 2.0 ** (integer + signed)
        lowest = -(2.0**integer) if signed else 0.0
        cut = max(0.0, step - source.step)
        wraps = [math.floor((end - lowest) / period) for end in (source.low, source.high)]
        if not cut and wraps == [0, 0]:
            return value
        programme = self._programme
        result = self._word(interval)
        lost = value.plus(result, -1.0)
        if wraps == [0, 0]:
            programme.constrain(result, lost, 0.0, cut)
        else:
            turns = programme.variable(wraps[0], wraps[1], Kind.CHOICE)
            programme.constrain(result, lost.plus(turns, -period), 0.0, cut)
        return result

    def _selected(
        self, op: Any, operands: Sequence[_Linear], intervals: Sequence[_Interval], interval: _Interval
    ) -> _Linear:
        """The first operand where the third is negative, else the second, shifted."""
        programme, factor = self._programme, 2.0 ** op.data[0]
        known = [self._within(value, intervals[address]) for value, address in zip(operands, op.addr, strict=True)]
        second = _Interval(*(factor * part for part in known[1]))
        parts = [(operands[0], known[0]), (operands[1].times(factor), second)]
        condition, decides = operands[2], known[2]
        if decides.high < 0:
            return self._quantised(*parts[0], op, interval)
        low, high = min(part.low for _, part in parts), max(part.high for _, part in parts)
        result, negative = programme.variable(low, high), programme.variable(0.0, 1.0, Kind.CHOICE)
        # negative = 1 where the condition is below zero, which for a multiple of its step is at most minus one step.
        programme.constrain(result, condition.plus(negative, decides.high + decides.step), high=decides.high)
        programme.constrain(result, condition.plus(negative, -decides.low), low=0.0)
        width = high - low
        for (value, _), active in zip(parts, (negative, _Linear({}, 1.0).plus(negative, -1.0)), strict=True):
            difference = result.plus(value, -1.0)
            programme.constrain(result, difference.plus(active, width), high=width)
            programme.constrain(result, difference.plus(active, -width), low=-width)
        step = min(part.step for _, part in parts)
        return self._quantised(result, _Interval(low, high, step), op, interval)

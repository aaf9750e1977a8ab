"""Which values the numbers inside a network can take, over all inputs that it can get: proven, not sampled.

The compiler knows an interval for every value, but takes its operands as independent. Here a pipeline is written as a
mixed-integer linear programme, as in arXiv:1711.07356: sums are exact, a rectifier or a selection is a binary variable,
inputs and what is left after rounding are integers, and what a narrow word wraps away is an integer multiple of its
period. The largest and the smallest of one value are then searched by HiGHS, and its bound holds for every input,
whether or not the search came to its end. Products, tables and bitwise operations are only known by the compiler's
interval.
"""

import math
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple

from codesign.verify.programme import LOCK, Interval, Kind, Linear, Programme

MARGIN = 0.02  # of a step: far above what the solver's tolerances of 1e-6 do to words of 14 bits
# Adds to a programme what comes to the inputs of a network: of each input the values, and what is known of them alone.
Inputs = Callable[[Programme], Sequence[tuple[Linear, Interval]]]


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


class Range(NamedTuple):
    """What a value is proven to be, in units of its last bit; both ends included."""

    low: int
    high: int


class Numbers(NamedTuple):
    """Numbers from ``low`` to ``high``, both included, and again after every so many if ``every`` is not 0."""

    low: int
    high: int
    every: int = 0


NEVER = -1  # in the place of a word that does not exist


class Ranges:
    """Proven ranges of the values of a pipeline, each computed when it is asked for."""

    def __init__(self, stages: Sequence[Any], inputs: Inputs | None = None) -> None:
        """Write the pipeline as a linear programme.

        Args:
            stages: alkaid's ``CombLogic`` of every stage; the outputs of one are the inputs of the next.
            inputs: what they can be, finer or wider than the network looks at them; None: any word.
        """
        self._programme = Programme()
        self._values: list[list[Linear]] = []
        self._intervals = [[Interval(*op.qint) for op in stage.ops] for stage in stages]
        self.bits = [[tuple(int(part) for part in op.qint.kif) for op in stage.ops] for stage in stages]
        given = None if inputs is None else list(inputs(self._programme))
        for stage, intervals in zip(stages, self._intervals, strict=True):
            values: list[Linear] = []
            for op, interval in zip(stage.ops, intervals, strict=True):
                values.append(self._value(op, interval, values, intervals, given))
            self._values.append(values)
            outputs = zip(stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True)
            scaled = [
                Linear({}, 0.0) if index < 0 else values[index].times((-1.0 if negative else 1.0) * 2.0**shift)
                for index, shift, negative in outputs
            ]
            given = [(value, Interval(*known)) for value, known in zip(scaled, stage.out_qint, strict=True)]
        first = stages[0]
        places = {
            op.data[0]: value for value, op in zip(self._values[0], first.ops, strict=True) if op.opcode == Code.INPUT
        }
        self._inputs = [places.get(place, Linear({}, 0.0)) for place in range(first.shape[0])]
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
        interval = self._intervals[stage][value]
        low, high, runs = _runs(numbers, math.floor(interval.low / step), math.ceil(interval.high / step))
        if not runs:
            return NEVER
        with LOCK:  # two threads must not add variables at once
            if runs > 1:
                run = self._programme.variable(0, runs - 1, Kind.CHOICE)
                expression = expression.plus(run, -numbers.every * step)
            found = self._programme.where(expression, (low - MARGIN) * step, (high + MARGIN) * step)
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

    def _within(self, value: Linear, interval: Interval) -> Interval:
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
        return Interval(*narrow, step)

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
        interval: Interval,
        values: Sequence[Linear],
        intervals: Sequence[Interval],
        given: Sequence[tuple[Linear, Interval]] | None,
    ) -> Linear:
        operands: list[Linear] = [values[address] for address in op.addr]
        match op.opcode:
            case Code.INPUT:
                if given is None:
                    return self._word(interval)
                value, source = given[op.data[0]]
                return self._quantised(value, source, op, interval)
            case Code.NEGATE:
                return operands[0].times(-1.0)
            case Code.ADD | Code.SUBTRACT:
                return operands[0].plus(operands[1], (1.0 if op.opcode == Code.ADD else -1.0) * 2.0 ** op.data[0])
            case Code.SUM:
                total = Linear({}, 0.0)
                for index, operand in enumerate(operands):
                    positive, shift = op.data[2 * index], op.data[2 * index + 1]
                    total = total.plus(operand, (1.0 if positive else -1.0) * 2.0**shift)
                return total
            case Code.ADD_CONSTANT:
                return operands[0].plus(Linear({}, op.data[0] * 2.0 ** -op.data[1]))
            case Code.CONSTANT:
                return Linear({}, op.data[0] * interval.step)
            case Code.RECTIFY:
                source = self._within(operands[0], intervals[op.addr[0]])
                positive = self._rectified(operands[0], source)
                return self._quantised(positive, Interval(max(0.0, source.low), source.high, source.step), op, interval)
            case Code.QUANTISE:
                source, factor = self._within(operands[0], intervals[op.addr[0]]), 2.0 ** op.data[0]
                scaled = Interval(*(factor * part for part in source))
                return self._quantised(operands[0].times(factor), scaled, op, interval)
            case Code.SELECT if intervals[op.addr[2]].low < 0:
                return self._selected(op, operands, intervals, interval)
            case _:
                return self._word(interval)

    def _word(self, interval: Interval) -> Linear:
        """Any multiple of the step of an interval."""
        low, high, step = interval
        return self._programme.variable(low / step, high / step, Kind.WORD).times(step)

    def _rectified(self, value: Linear, source: Interval) -> Linear:
        """max(0, value)."""
        if source.low >= 0:
            return value
        if source.high <= 0:
            return Linear({}, 0.0)
        programme = self._programme
        result, active = programme.variable(0.0, source.high), programme.variable(0.0, 1.0, Kind.CHOICE)
        programme.constrain(result, result.plus(value, -1.0), low=0.0)
        programme.constrain(result, result.plus(value, -1.0).plus(active, -source.low), high=-source.low)
        programme.constrain(result, result.plus(active, -source.high), high=0.0)
        return result

    def _quantised(self, value: Linear, source: Interval, op: Any, interval: Interval) -> Linear:
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
        self, op: Any, operands: Sequence[Linear], intervals: Sequence[Interval], interval: Interval
    ) -> Linear:
        """The first operand where the third is negative, else the second, shifted."""
        programme, factor = self._programme, 2.0 ** op.data[0]
        known = [self._within(value, intervals[address]) for value, address in zip(operands, op.addr, strict=True)]
        second = Interval(*(factor * part for part in known[1]))
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
        for (value, _), active in zip(parts, (negative, Linear({}, 1.0).plus(negative, -1.0)), strict=True):
            difference = result.plus(value, -1.0)
            programme.constrain(result, difference.plus(active, width), high=width)
            programme.constrain(result, difference.plus(active, -width), low=-width)
        step = min(part.step for _, part in parts)
        return self._quantised(result, Interval(low, high, step), op, interval)


def _runs(numbers: Numbers, least: int, most: int) -> tuple[int, int, int]:
    """Ends of the lowest run of some numbers that meets an interval, and how many runs do.

    A programme without the choice between runs is decided faster, and often there is but one: the numbers below zero.
    """
    if not numbers.every:
        return numbers.low, numbers.high, int(numbers.low <= most and numbers.high >= least)
    first = math.ceil((least - numbers.high) / numbers.every)
    last = math.floor((most - numbers.low) / numbers.every)
    return numbers.low + first * numbers.every, numbers.high + first * numbers.every, max(0, last - first + 1)

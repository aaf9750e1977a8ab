"""What the compiler's cost leaves out, and what registers become: terms from which resources are estimated."""

from dataclasses import dataclass
from typing import Any

from codesign.pipeline_stages import stages_of

ADD_CONSTANT, MULTIPLY, INPUT = 4, 7, -1  # alkaid's codes of operations
SHIFT_REGISTER = 3  # registers in a row from which synthesis takes a shift register


@dataclass(frozen=True)
class CostTerms:
    """Sizes of a pipeline.

    Attributes:
        constant_adder_bits: bits of all sums of which one term is a constant, which the compiler's cost takes for free.
        multiplier_bits: products of the widths of both factors, summed over multiplications of two variables.
        plain_register_bits: registers that stay flip-flops.
        shift_register_bits: bits that only wait for three clocks or more; each becomes a shift register.
    """

    constant_adder_bits: int
    multiplier_bits: int
    plain_register_bits: int
    shift_register_bits: int


def cost_terms(pipeline: Any) -> CostTerms:
    """Count the terms of a pipeline.

    Args:
        pipeline: alkaid's ``FSM`` of a graph, one combinational block per stage.
    """
    stages = stages_of(pipeline)
    waits = _waits(stages)
    return CostTerms(
        constant_adder_bits=sum(_width(op.qint) for stage in stages for op in stage.ops if op.opcode == ADD_CONSTANT),
        multiplier_bits=sum(_product(stage, op) for stage in stages for op in stage.ops if op.opcode == MULTIPLY),
        plain_register_bits=sum(width * clocks for width, clocks in waits if clocks < SHIFT_REGISTER),
        shift_register_bits=sum(width for width, clocks in waits if clocks >= SHIFT_REGISTER),
    )


def _product(stage: Any, multiplication: Any) -> int:
    first, second = (_width(stage.ops[address].qint) for address in multiplication.addr)
    return first * second


def _waits(stages: list[Any]) -> list[tuple[int, int]]:
    """(bits, clocks) of every value that waits in registers, from the one that takes it to its last use.

    Before each stage, and behind the last one, stands a register for every value; one that a stage passes on unchanged
    is the same value, a clock later.
    """
    waiting = [(_width(interval), 1) for interval in stages[0].inp_qint]
    ended: list[tuple[int, int]] = []
    for stage in stages:
        following, passed = [], set()
        for index, negative, interval in zip(stage.out_idxs, stage.out_negs, stage.out_qint, strict=True):
            source = stage.ops[index] if index >= 0 else None
            if source is not None and source.opcode == INPUT and not negative:
                passed.add(source.data[0])
                following.append((_width(interval), waiting[source.data[0]][1] + 1))
            else:
                following.append((_width(interval), 1))
        ended += [value for position, value in enumerate(waiting) if position not in passed]
        waiting = following
    return ended + waiting


def _width(interval: Any) -> int:
    return sum(int(part) for part in interval.kif)

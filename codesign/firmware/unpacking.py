"""Verilog or VHDL in front of the network that makes its inputs from the words of an experiment's links."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import jinja2

from codesign.assets import asset
from codesign.firmware.ports import Port, pack
from codesign.unpacking import BlockPlan, Unpacker

TOP = "unpack_inputs"
STATIC = ("scale_saturate", "zero_suppress", "sort_objects", "delay_line")


@dataclass(frozen=True)
class UnpackingResult:
    """The firmware between words and network.

    Attributes:
        top: its module.
        latency_cycles: its share of the latency.
        word_bits: width of the packed words.
        sorted_objects: objects that are sorted, by block.
        comparators: comparators of the sorting networks, by block, before synthesis removes those that decide nothing.
    """

    top: str
    latency_cycles: int
    word_bits: int
    sorted_objects: dict[str, int]
    comparators: dict[str, int]


def describe_unpacking(unpacker: Unpacker) -> UnpackingResult:
    """What `write_unpacking` builds."""
    sorts = [plan for plan in unpacker.blocks if plan.source.unsorted]
    return UnpackingResult(
        TOP,
        unpacker.latency_cycles,
        unpacker.word_bits,
        {plan.source.name: plan.source.objects for plan in sorts},
        {plan.source.name: comparators(plan.source.objects) for plan in sorts},
    )


def comparators(objects: int) -> int:
    """Comparators of a merge exchange network (Knuth, algorithm 5.2.2M), as `sort_objects.v` builds it."""
    steps, count = math.ceil(math.log2(objects)), 0
    for step in range(steps):
        p = 1 << (steps - 1 - step)
        for number in range(step + 1):
            r, d = (0, p) if number == 0 else (p, (1 << (steps - number)) - p)
            count += sum(i & p == r for i in range(objects - d))
    return count


def source_port(unpacker: Unpacker) -> Port:
    """The words side by side as an input port; bits that belong to no quantity are fields of their own."""
    return pack(
        (f"{_object(plan, index)}.{field.name}", field.width, field.signed)
        for plan in unpacker.blocks
        for index in range(plan.source.objects)
        for field in plan.word_fields
    )


def _object(plan: BlockPlan, index: int) -> str:
    return f"{plan.source.name}[{index}]" if plan.source.objects > 1 else plan.source.name


def write_unpacking(path: Path, unpacker: Unpacker, environment: jinja2.Environment, suffix: str) -> tuple[Path, ...]:
    """Write Verilog (``.v``) or VHDL (``.vhd``) into an existing folder and return its sources in reading order."""
    text = environment.get_template(f"{TOP}{suffix}.j2").render(
        latency_cycles=unpacker.latency_cycles,
        word_bits=unpacker.word_bits,
        input_bits=sum(plan.slots * plan.item_bits for plan in unpacker.blocks),
        layers_per_clock=unpacker.layers_per_clock,
        blocks=_blocks(unpacker),
    )
    for name in STATIC:
        shutil.copyfile(asset("firmware_templates") / f"{name}{suffix}", path / f"{name}{suffix}")
    (path / f"{TOP}{suffix}").write_text(text)
    return tuple(path / f"{name}{suffix}" for name in (*STATIC, TOP))


def _blocks(unpacker: Unpacker) -> list[dict[str, object]]:
    """What the template says about each block: where its bits lie, and for how long it waits for the slowest."""
    low = input_low = 0
    blocks: list[dict[str, object]] = []
    for index, plan in enumerate(unpacker.blocks):
        source, fields = plan.source, _fields(plan)
        order = None if plan.order is None else fields[plan.order]
        sorting_cycles = math.ceil(plan.sorting_layers / unpacker.layers_per_clock)
        blocks.append(
            {
                "index": index,
                "name": source.name,
                "objects": source.objects,
                "bits": source.bits,
                "low": low,
                "item": plan.item_bits,
                "slots": plan.slots,
                "input_low": input_low,
                "fields": fields,
                "order": order,
                "empty_at_most": plan.empty_at_most,
                "sorted_by": f"sorted here by {order['name']}" if order and source.unsorted else "",
                "delay": unpacker.latency_cycles - 1 - sorting_cycles,
            }
        )
        low += source.bits * source.objects
        input_low += plan.slots * plan.item_bits
    return blocks


def _fields(plan: BlockPlan) -> list[dict[str, object]]:
    low, fields = 0, []
    for field, scaling in zip(plan.source.fields, plan.scalings, strict=True):
        fields.append(
            {
                "name": field.name,
                "raw_low": field.low,
                "raw_high": field.low + field.width - 1,
                "raw_width": field.width,
                "raw_signed": int(field.signed),
                "up": scaling.up,
                "offset": scaling.offset,
                "down": scaling.down,
                "width": scaling.width,
                "signed": int(scaling.signed),
                "period": scaling.period or 0,
                "low": low,
                "high": low + scaling.width - 1,
            }
        )
        low += scaling.width
    return fields

"""From hardware integers back to the words of an experiment that give them."""

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.unpacking import BlockPlan, RawField, Unpacker

Integers = NDArray[np.int64]


def words_of(unpacker: Unpacker, contract: InputContract, events: Integers, free: Integers) -> Integers:
    """Words that give events, shape (m, word fields); events that no words give are left out.

    Args:
        unpacker: the plan of the firmware.
        contract: formats of the network's inputs.
        events: hardware integers, shape (n, inputs).
        free: the bits of each input that may be anything, as masks, shape (inputs,).
    """
    fields = sum(plan.source.objects * len(plan.word_fields) for plan in unpacker.blocks)
    words, completed = np.zeros((len(events), fields), np.int64), events.copy()
    first = 0
    for plan in unpacker.blocks:
        part = slice(first, first + plan.slots * len(plan.scalings))
        shape = (-1, plan.slots, len(plan.scalings))
        _complete(plan, completed[:, part].reshape(shape), free[part].reshape(shape[1:]))
        first = part.stop
    encode(unpacker, contract, completed, words, None)
    given = ((unpacker.unpack(words) ^ events) & ~free == 0).all(axis=1)
    return np.asarray(words[given])


def _complete(plan: BlockPlan, integers: Integers, free: Integers) -> None:
    """Give objects that are there an order by the bits that may be anything, in place.

    Args:
        plan: plan of the block.
        integers: of its inputs, shape (n, slots, fields).
        free: masks, shape (slots, fields).
    """
    if plan.order is None:
        return
    there = np.asarray((integers & ~free).any(axis=2))
    if plan.source.unsorted:  # no empty slot stands before an object
        there = np.logical_or.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    above = np.full(len(integers), np.iinfo(np.int64).max)
    for slot in range(plan.slots):
        largest = integers[:, slot, plan.order] | free[slot, plan.order]
        order = np.minimum(largest, above)
        integers[:, slot, plan.order] = np.where(there[:, slot], order, integers[:, slot, plan.order])
        above = order if plan.source.unsorted else above


def encode(
    unpacker: Unpacker, contract: InputContract, events: Integers, words: Integers, random: np.random.Generator | None
) -> None:
    """Write events into words that hold anything, in place.

    Args:
        unpacker: the plan of the firmware.
        contract: formats of the network's inputs.
        events: hardware integers, shape (n, inputs).
        words: word fields, shape (n, word fields).
        random: source of the order of unsorted objects, and of what means "empty"; None keeps the order, which decides
            between equal ones.
    """
    first = 0
    for plan, own in zip(unpacker.blocks, unpacker.split(words), strict=True):
        size = plan.slots * len(plan.scalings)
        _encode_block(plan, contract, first, events[:, first : first + size], own, random)
        first += size


def _encode_block(
    plan: BlockPlan,
    contract: InputContract,
    first: int,
    rows: Integers,
    words: Integers,
    random: np.random.Generator | None,
) -> None:
    """Write events into words that hold anything.

    Args:
        plan: plan of the block.
        contract: formats of the inputs.
        first: index of the block's first input.
        rows: hardware integers of the block's inputs, shape (n, slots · fields).
        words: word fields of the block, shape (n, objects, word fields); changed in place.
        random: as for `encode`.
    """
    integers = rows.reshape(len(rows), plan.slots, -1)
    places = [plan.word_fields.index(field) for field in plan.source.fields]
    objects = words[:, :, places]
    objects[:, : plan.slots] = np.stack(
        [
            _raw(field, contract, first + column, integers[..., column])
            for column, field in enumerate(plan.source.fields)
        ],
        axis=2,
    )
    if plan.order is not None:
        empty = objects[..., plan.order] <= plan.empty_at_most
        empty[:, plan.slots :] = True
        lowest = plan.source.fields[plan.order].range[0]
        garbage = words[:, :, places]
        garbage[..., plan.order] = lowest
        if random is not None:
            garbage[..., plan.order] = random.integers(lowest, plan.empty_at_most, size=empty.shape, endpoint=True)
        objects = np.where(empty[..., None], garbage, objects)
    if plan.source.unsorted and random is not None:
        objects = _permuted(objects, random)
    words[:, :, places] = objects


def _permuted(objects: Integers, random: np.random.Generator) -> Integers:
    """Objects of shape (n, objects, fields), those of each event in random order."""
    order = random.permuted(np.tile(np.arange(objects.shape[1]), (len(objects), 1)), axis=1)
    return np.take_along_axis(objects, order[..., None], axis=1)


def _raw(field: RawField, contract: InputContract, index: int, integers: Integers) -> Integers:
    """The nearest integers of a field."""
    entry = contract.inputs[index]
    raw = np.rint((integers * entry.lsb + entry.offset - field.offset) / field.lsb).astype(np.int64)
    if entry.period is not None:
        turn = round(entry.period * entry.lsb / field.lsb)
        lowest = -(turn // 2) if field.signed else 0
        raw = (raw - lowest) % turn + lowest
    return np.asarray(np.clip(raw, *field.range))

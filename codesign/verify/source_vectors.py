"""Test vectors for firmware that unpacks words: every bit of the words moves, whatever it means."""

import numpy as np
from numpy.typing import NDArray

from codesign.contract import SATURATED_SHARE, InputContract
from codesign.errors import DataError
from codesign.unpacking import BlockPlan, RawField, Unpacker
from codesign.verify.reach import Source
from codesign.verify.vectors import (
    CATEGORIES,
    REACHING,
    REACHING_SHARE,
    SATURATING_SHARE,
    TOGGLING_VECTORS,
    UNIFORM_SHARE,
    ZERO_VECTORS,
    Search,
    Vectors,
    extreme_rows,
    shuffled,
)

Integers = NDArray[np.int64]

SOURCE_CATEGORIES = (*CATEGORIES, "ties")
TIES_SHARE = 0.15
TIED_VALUES = 3  # different values of the order field among the objects of an event


def word_source(unpacker: Unpacker) -> Source:
    """Vectors are the integers of all word fields."""
    fields = _fields(unpacker)
    low, high = np.array([field.range for field in fields], dtype=np.int64).T
    return Source(low, high, unpacker.unpack)


def _fields(unpacker: Unpacker) -> list[RawField]:
    return [field for plan in unpacker.blocks for _ in range(plan.source.objects) for field in plan.word_fields]


def make_source_vectors(
    unpacker: Unpacker,
    contract: InputContract,
    events: Integers,
    count: int,
    seed: int,
    search: Search | None = None,
) -> tuple[Vectors, Integers]:
    """Choose the words.

    The categories are those of `make_vectors`, over all bits of the words, used or not, and ``ties``: events in which
    the field that orders the objects has few values, so that many are equal, some only after the rounding. In ``real
    events`` the objects of unsorted blocks are shuffled, with empty slots in between, and the fields of an empty slot
    and the unused bits hold anything.

    Args:
        unpacker: the plan of the firmware.
        contract: formats of the network's inputs.
        events: hardware integers of real events, int64, shape (m, inputs); m may be 0.
        count: vectors wanted in all.
        seed: the same seed and events give the same vectors.
        search: finds vectors that show more of the network (`codesign.verify.reach`); None: there are none.

    Returns:
        the vectors, whose inputs are the integers of all word fields, and the contract's integers that firmware makes
        of them, shape (count, inputs).

    Raises:
        DataError: ``count`` has no room for the fixed categories.
    """
    fields, source = _fields(unpacker), word_source(unpacker)
    low, high = source.low, source.high
    random = np.random.default_rng(seed)
    extremes = extreme_rows(low, high)
    free = count - len(extremes) - ZERO_VECTORS - TOGGLING_VECTORS
    if free < 0:
        raise DataError(f"test vectors: expected at least {count - free} for {len(low)} word fields, got {count}")
    n_reaching = 0 if search is None else int(free * REACHING_SHARE)
    free -= n_reaching
    n_ties, n_saturating = int(free * TIES_SHARE), int(free * SATURATING_SHARE)
    n_real = min(free - n_ties - n_saturating - int(free * UNIFORM_SHARE), len(events))
    n_uniform = free - n_ties - n_saturating - n_real

    def uniform(rows: int) -> Integers:
        return random.integers(low, high, size=(rows, len(low)), endpoint=True)

    saturating = uniform(n_saturating)
    if len(events):
        _encode(unpacker, contract, events[random.integers(0, len(events), size=n_saturating)], saturating, random)
    saturating = _some_at_their_ends(saturating, source, random)
    real, ties = uniform(n_real), uniform(n_ties)
    _encode(unpacker, contract, events[random.permutation(len(events))[:n_real]], real, random)
    for plan, own in zip(unpacker.blocks, unpacker.split(ties), strict=True):
        _tie(plan, own, random)
    blocks = {
        "real events": real,
        "saturating": saturating,
        "extremes": extremes,
        "uniform": uniform(n_uniform),
        "zero": np.zeros((ZERO_VECTORS, len(low)), dtype=np.int64),
        "ties": ties,
    }
    toggling = np.where(np.arange(TOGGLING_VECTORS)[:, None] % 2, *_toggled(fields))
    if search is not None:
        found = search(np.concatenate([*blocks.values(), toggling]), n_reaching)
        blocks |= {REACHING: found, "uniform": np.concatenate([blocks["uniform"], uniform(n_reaching - len(found))])}
    categories = SOURCE_CATEGORIES if search is None else (*SOURCE_CATEGORIES, REACHING)
    vectors = shuffled(blocks, toggling, random, categories)
    return vectors, unpacker.unpack(vectors.inputs)


def _some_at_their_ends(words: Integers, source: Source, random: np.random.Generator) -> Integers:
    forced = random.random(words.shape) < SATURATED_SHARE
    ends = np.where(random.random(words.shape) < 0.5, source.low, source.high)
    return np.where(forced, ends, words)


def _toggled(fields: list[RawField]) -> tuple[Integers, Integers]:
    """All bits one, and all bits zero."""
    ones = [-1 if field.signed else field.range[1] for field in fields]
    return np.array(ones, dtype=np.int64), np.zeros(len(fields), dtype=np.int64)


def words_of(unpacker: Unpacker, contract: InputContract, events: Integers, free: Integers) -> Integers:
    """Words that give events, shape (n, word fields).

    An event that no words give gets some near to it.

    Args:
        unpacker: the plan of the firmware.
        contract: formats of the network's inputs.
        events: hardware integers, shape (n, inputs).
        free: the bits of each input that may be anything, as masks, shape (inputs,).
    """
    words, completed = np.zeros((len(events), len(word_source(unpacker).low)), np.int64), events.copy()
    first = 0
    for plan in unpacker.blocks:
        part = slice(first, first + plan.slots * len(plan.scalings))
        shape = (-1, plan.slots, len(plan.scalings))
        _complete(plan, completed[:, part].reshape(shape), free[part].reshape(shape[1:]))
        first = part.stop
    _encode(unpacker, contract, completed, words, None)
    return words


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


def _encode(
    unpacker: Unpacker, contract: InputContract, events: Integers, words: Integers, random: np.random.Generator | None
) -> None:
    """Write events, shape (n, inputs), into words that hold anything, shape (n, word fields), in place."""
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
        random: source of the order of unsorted objects, and of what means "empty"; None keeps the order, which decides
            between equal ones.
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


def _tie(plan: BlockPlan, words: Integers, random: np.random.Generator) -> None:
    """Give the objects of each event few values of the field that orders them, in place."""
    if plan.order is None:
        return
    field, scaling = plan.source.fields[plan.order], plan.scalings[plan.order]
    values = random.integers(*field.range, size=(len(words), TIED_VALUES), endpoint=True)
    chosen = np.take_along_axis(values, random.integers(0, TIED_VALUES, size=words.shape[:2]), axis=1)
    chosen += random.integers(0, 1 << max(scaling.down - scaling.up, 0), size=chosen.shape)
    words[:, :, plan.word_fields.index(field)] = np.minimum(chosen, field.range[1])

"""Test vectors for firmware that unpacks words: every bit of the words moves, whatever it means."""

from typing import NamedTuple

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
from codesign.verify.word_encoding import encode

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
    rows = _rows(free, len(events), searched=search is not None)

    def uniform(number: int) -> Integers:
        return random.integers(low, high, size=(number, len(low)), endpoint=True)

    saturating = uniform(rows.saturating)
    if len(events):
        encode(unpacker, contract, events[random.integers(0, len(events), size=rows.saturating)], saturating, random)
    saturating = _some_at_their_ends(saturating, source, random)
    real, ties = uniform(rows.real), uniform(rows.ties)
    encode(unpacker, contract, events[random.permutation(len(events))[: rows.real]], real, random)
    for plan, own in zip(unpacker.blocks, unpacker.split(ties), strict=True):
        _tie(plan, own, random)
    blocks = {
        "real events": real,
        "saturating": saturating,
        "extremes": extremes,
        "uniform": uniform(rows.uniform),
        "zero": np.zeros((ZERO_VECTORS, len(low)), dtype=np.int64),
        "ties": ties,
    }
    toggling = np.where(np.arange(TOGGLING_VECTORS)[:, None] % 2, *_toggled(fields))
    if search is not None:
        found = search(np.concatenate([*blocks.values(), toggling]), rows.reaching)
        more = uniform(rows.reaching - len(found))
        blocks |= {REACHING: found, "uniform": np.concatenate([blocks["uniform"], more])}
    categories = SOURCE_CATEGORIES if search is None else (*SOURCE_CATEGORIES, REACHING)
    vectors = shuffled(blocks, toggling, random, categories)
    return vectors, unpacker.unpack(vectors.inputs)


class _Rows(NamedTuple):
    """How many vectors of each category."""

    reaching: int
    ties: int
    saturating: int
    real: int
    uniform: int


def _rows(free: int, events: int, *, searched: bool) -> _Rows:
    """Share what the fixed categories leave free; there are only so many real events."""
    reaching = int(free * REACHING_SHARE) if searched else 0
    free -= reaching
    ties, saturating = int(free * TIES_SHARE), int(free * SATURATING_SHARE)
    real = min(free - ties - saturating - int(free * UNIFORM_SHARE), events)
    return _Rows(reaching, ties, saturating, real, free - ties - saturating - real)


def _some_at_their_ends(words: Integers, source: Source, random: np.random.Generator) -> Integers:
    forced = random.random(words.shape) < SATURATED_SHARE
    ends = np.where(random.random(words.shape) < 0.5, source.low, source.high)
    return np.where(forced, ends, words)


def _toggled(fields: list[RawField]) -> tuple[Integers, Integers]:
    """All bits one, and all bits zero."""
    ones = [-1 if field.signed else field.range[1] for field in fields]
    return np.array(ones, dtype=np.int64), np.zeros(len(fields), dtype=np.int64)


def _tie(plan: BlockPlan, words: Integers, random: np.random.Generator) -> None:
    """Give the objects of each event few values of the field that orders them, in place."""
    if plan.order is None:
        return
    field, scaling = plan.source.fields[plan.order], plan.scalings[plan.order]
    values = random.integers(*field.range, size=(len(words), TIED_VALUES), endpoint=True)
    chosen = np.take_along_axis(values, random.integers(0, TIED_VALUES, size=words.shape[:2]), axis=1)
    chosen += random.integers(0, 1 << max(scaling.down - scaling.up, 0), size=chosen.shape)
    words[:, :, plan.word_fields.index(field)] = np.minimum(chosen, field.range[1])

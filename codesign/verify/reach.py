"""Vectors that take the values inside a network to where events and random inputs do not bring them.

Top bits, signs, saturations and rare entries of a table are reached by few inputs. For every inner value of the adder
graph of which a bit never was 0 or never was 1, or which as an address left entries of a table out, inputs are searched
that change it: a climb towards its largest and its smallest value by random changes of the best inputs so far. Every
vector met on the way that shows something new is kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract

LOOKUP = 8  # alkaid's code of the operation
HELD = 4_000_000  # inner values held at once
PARENTS, CHILDREN, GENERATIONS = 8, 64, 32
MOST_CLIMBS, MOST_WORK = 300, 400_000  # climbs, and climbs times inner values
WIDEST_TABLE = 1024  # entries of which each one counts
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """What vectors show of the inner values of a graph.

    Attributes:
        wanted: every bit of every value once as 0 and once as 1, and every entry of every table.
        given: shown by the vectors that were there.
        reached: shown together with the vectors that were found.
    """

    wanted: int
    given: int
    reached: int


@dataclass(frozen=True)
class Source:
    """What a vector is made of.

    Attributes:
        low, high: smallest and largest of each number, shape (numbers,).
        integers: the network's hardware integers for vectors of shape (n, numbers), shape (n, inputs).
    """

    low: Integers
    high: Integers
    integers: Callable[[Integers], Integers]

    @classmethod
    def of(cls, contract: InputContract) -> Self:
        """The hardware integers themselves."""
        low, high = contract.extremes()
        return cls(low, high, lambda vectors: vectors)

    def changed(self, vectors: Integers, random: np.random.Generator) -> Integers:
        """Vectors, shape (..., numbers), with one to eight of their numbers at an end or anywhere, on average."""
        ends = np.where(random.random(vectors.shape) < 0.5, self.low, self.high)
        anything = random.integers(self.low, self.high, vectors.shape, endpoint=True)
        drawn = np.where(random.random(vectors.shape) < 0.5, ends, anything)
        share = random.choice([1, 2, 4, 8], (*vectors.shape[:-1], 1)) / vectors.shape[-1]
        return np.where(random.random(vectors.shape) < share, drawn, vectors)


class Inside:
    """The inner values of an adder graph as integers.

    Attributes:
        source: of its inputs.
        low, high: ranges of the values as the compiler knows them.
        bits: width of each; 0 for a constant.
        addresses: those that select entries of a table.
    """

    def __init__(self, graph: Any, contract: InputContract, source: Source | None = None) -> None:
        """Read what the compiler knows of every value.

        Args:
            graph: alkaid's ``CombLogic``.
            contract: formats of its inputs.
            source: where these come from; None: they are what is chosen.
        """
        count = len(graph.ops)
        # Every operation as an output of its own.
        self._graph = graph._replace(
            shape=(graph.shape[0], count), out_idxs=[*range(count)], out_shifts=[0] * count, out_negs=[False] * count
        )
        self._contract = contract
        self.source = source or Source.of(contract)
        intervals = [operation.qint for operation in graph.ops]
        self._step = np.array([interval.step for interval in intervals], float)
        self.low = np.rint(np.array([interval.min for interval in intervals], float) / self._step).astype(np.int64)
        self.high = np.rint(np.array([interval.max for interval in intervals], float) / self._step).astype(np.int64)
        magnitudes = np.maximum(self.high, -self.low - 1)
        widths = [int(largest).bit_length() for largest in magnitudes]
        self.bits = np.where(self.low == self.high, 0, np.array(widths) + (self.low < 0))
        self.addresses = sorted({operation.addr[0] for operation in graph.ops if operation.opcode == LOOKUP})

    def __len__(self) -> int:
        return len(self._step)

    def values(self, vectors: Integers) -> Integers:
        """All inner values, shape (n, values), for vectors of the source."""
        integers = self.source.integers(vectors)
        found = self._graph.predict(self._contract.to_network(integers).astype(np.float64))
        return np.asarray(np.rint(found / self._step), dtype=np.int64)


class Shown:
    """Which bits were 0 and 1, and which entries were selected."""

    def __init__(self, inside: Inside) -> None:
        """Nothing was."""
        self._places = np.arange(int(inside.bits.max(initial=1)))
        exists = self._places[None] < inside.bits[:, None]
        self.missing = np.stack([exists, exists])  # as 0 and as 1; (2, values, bits)
        self._low = inside.low
        small = [a for a in inside.addresses if inside.high[a] - inside.low[a] < WIDEST_TABLE]
        self.entries = {a: np.ones(inside.high[a] - inside.low[a] + 1, bool) for a in small}

    @property
    def count_missing(self) -> int:
        """How much was not shown."""
        return int(self.missing.sum()) + sum(int(entries.sum()) for entries in self.entries.values())

    def add(self, values: Integers) -> None:
        """Take note of some rows."""
        # Of all rows together: the bits that were 0 somewhere, and those that were 1.
        for side, some in enumerate((~values, values)):
            bits = np.bitwise_or.reduce(some, axis=0)
            self.missing[side] &= (bits[:, None] >> self._places) & 1 == 0
        for address, entries in self.entries.items():
            entries[values[:, address] - self._low[address]] = False

    def add_fresh(self, values: Integers, most: int) -> Integers:
        """Take note of rows that show something new, one after the other up to so many; their positions."""
        fresh: list[int] = []
        for row in np.flatnonzero(self._may_show(values)):
            if len(fresh) == most:
                break
            before = self.count_missing
            self.add(values[row : row + 1])
            if self.count_missing < before:
                fresh.append(int(row))
        return np.array(fresh, dtype=np.int64)

    def _may_show(self, values: Integers) -> NDArray[np.bool_]:
        """Which rows show something that was not shown before any of them."""
        new = np.zeros(len(values), bool)
        for side, value, place in np.argwhere(self.missing):
            new |= (values[:, value] >> place) & 1 == side
        for address, entries in self.entries.items():
            new |= entries[values[:, address] - self._low[address]]
        return new

    def open_ends(self) -> Iterator[int]:
        """Values that could still show something new, addresses of tables first."""
        tables = [address for address, entries in self.entries.items() if entries.any()]
        yield from tables
        yield from (int(value) for value in np.flatnonzero(self.missing.any(axis=(0, 2))) if value not in tables)


def reaching(inside: Inside, given: Integers, most: int, seed: int) -> tuple[Integers, Reach]:
    """Search vectors that show of inner values what others do not.

    Args:
        inside: the network.
        given: vectors that there are already, int64, shape (n, numbers of the source), n at least 1.
        most: vectors wanted at most.
        seed: the same seed gives the same vectors.

    Returns:
        The vectors found, shape (m, numbers of the source), and what is shown.
    """
    random = np.random.default_rng(seed)
    shown, ends = Shown(inside), _Ends(len(inside))
    wanted, rows = shown.count_missing, max(1, HELD // len(inside))
    for start in range(0, len(given), rows):
        values = inside.values(given[start : start + rows])
        shown.add(values)
        ends.add(values, start)
    before = shown.count_missing
    found: list[Integers] = []
    open_ends = list(shown.open_ends())[: min(MOST_CLIMBS, MOST_WORK // len(inside) + 1) // 2]
    if open_ends:
        climbs = _Climbs(inside, np.repeat(open_ends, 2), np.tile([1, -1], len(open_ends)), given, ends)
        for _ in range(GENERATIONS):
            children, values = climbs.step(random)
            found += list(children[shown.add_fresh(values, most - len(found))])
    vectors = np.array(found, dtype=np.int64).reshape(-1, given.shape[1])
    return vectors, Reach(wanted, wanted - before, wanted - shown.count_missing)


class _Ends:
    """The rows with the largest and the smallest values."""

    def __init__(self, count: int) -> None:
        self._best = {sign: np.empty((0, count), np.int64) for sign in (1, -1)}
        self._rows = {sign: np.empty((0, count), np.int64) for sign in (1, -1)}

    def add(self, values: Integers, start: int) -> None:
        """Look at some rows, shape (n, values), the first of which has the number ``start``."""
        for sign in (1, -1):
            scores, most = sign * values, min(PARENTS, len(values))
            top = np.argpartition(scores, len(values) - most, axis=0)[len(values) - most :]
            best = np.concatenate([self._best[sign], np.take_along_axis(scores, top, axis=0)])
            rows = np.concatenate([self._rows[sign], top + start])
            order = np.argsort(-best, axis=0, kind="stable")[:PARENTS]
            self._best[sign] = np.take_along_axis(best, order, axis=0)
            self._rows[sign] = np.take_along_axis(rows, order, axis=0)

    def rows(self, value: int, sign: int) -> Integers:
        """Numbers of the rows with the largest of one value, or for ``sign`` -1 the smallest."""
        return self._rows[sign][:, value]


class _Climbs:
    """Searches side by side, each for the largest or the smallest of one inner value."""

    def __init__(self, inside: Inside, values: Integers, signs: Integers, given: Integers, ends: _Ends) -> None:
        self._inside, self._values, self._signs = inside, values, signs
        found = [ends.rows(value, sign) for value, sign in zip(values, signs, strict=True)]
        self._parents = given[np.array(found, dtype=np.int64).reshape(len(values), -1)]  # (climbs, parents, inputs)
        self._scores = self._score(inside.values(self._parents.reshape(-1, given.shape[1])))

    def _score(self, inner: Integers) -> Integers:
        """What each search wants to grow, of its own rows; shape (climbs, rows)."""
        by_climb = inner.reshape(len(self._values), -1, inner.shape[1])
        return self._signs[:, None] * by_climb[np.arange(len(self._values)), :, self._values]

    def step(self, random: np.random.Generator) -> tuple[Integers, Integers]:
        """A generation: the children of all searches, shape (n, inputs), and their inner values."""
        chosen = random.integers(0, self._parents.shape[1], (len(self._values), CHILDREN))
        children = np.take_along_axis(self._parents, chosen[:, :, None], axis=1)
        children = self._inside.source.changed(children, random)
        rows = children.reshape(-1, children.shape[2])
        inner = self._inside.values(rows)
        pool = np.concatenate([self._parents, children], axis=1)
        scores = np.concatenate([self._scores, self._score(inner)], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :PARENTS]
        self._parents = np.take_along_axis(pool, best[:, :, None], axis=1)
        self._scores = np.take_along_axis(scores, best, axis=1)
        return rows, inner

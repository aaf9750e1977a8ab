"""Test vectors: hardware integers that reach the corners of the input space as well as its physics."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import DataError
from codesign.files import write_whole

CATEGORIES = ("real events", "saturating", "extremes", "uniform", "zero", "toggling")
REACHING = "reaching"
ZERO_VECTORS = 4
TOGGLING_VECTORS = 16
SATURATING_SHARE = 0.15
UNIFORM_SHARE = 0.10
REACHING_SHARE = 0.05  # at most
# Vectors of shape (n, inputs) and a number -> so many more at most, which show what those do not.
Search = Callable[[NDArray[np.int64], int], NDArray[np.int64]]


@dataclass(frozen=True)
class Vectors:
    """Inputs of one verification.

    Attributes:
        inputs: hardware integers, int64, shape (n, inputs).
        category: index into ``categories``, uint8, shape (n,).
        categories: what the vectors exercise.
    """

    inputs: NDArray[np.int64]
    category: NDArray[np.uint8]
    categories: tuple[str, ...] = CATEGORIES

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def counts(self) -> dict[str, int]:
        """Number of vectors in every category."""
        numbers = np.bincount(self.category, minlength=len(self.categories))
        return {name: int(number) for name, number in zip(self.categories, numbers, strict=True)}

    def spread(self, count: int) -> NDArray[np.int64]:
        """Positions, in rising order, of ``count`` vectors that take the same number from every category.

        A category with fewer vectors than its share is taken whole. All positions when there are no more than that.
        """
        if count >= len(self):
            return np.arange(len(self))
        # The n-th vector of each category comes before the (n+1)-th of any.
        rank = np.empty(len(self), dtype=np.int64)
        for index in range(len(self.categories)):
            members = self.category == index
            rank[members] = np.arange(members.sum())
        return np.sort(np.argsort(rank, kind="stable")[:count])

    def save(self, path: Path) -> None:
        """Write an npz file in one piece; equal vectors give equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, inputs=self.inputs, category=self.category, categories=np.array(self.categories))
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file that ``save`` wrote.

        Raises:
            DataError: it is missing or is not such a file.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
                return cls(data["inputs"], data["category"], tuple(str(name) for name in data["categories"]))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: expected test vectors written by codesign, got {error}") from error


def make_vectors(
    contract: InputContract, events: NDArray[np.int64], count: int, seed: int, search: Search | None = None
) -> Vectors:
    """Choose the test vectors.

    The categories are: ``real events``; ``saturating``, real events with a quarter of their inputs forced to an end of
    the range; ``extremes``, every single input at its minimum and maximum while the others are zero, and all inputs at
    their ends, alike and alternating; ``uniform`` over the whole range of every input; ``zero``; ``toggling``, a block
    in which every input bit flips on every clock; with a ``search`` ``reaching``, what it finds. No real event is used
    twice as such: when fewer are given than asked for, uniform vectors take their place. The order is random except
    inside the toggling block.

    Args:
        contract: formats of the inputs.
        events: hardware integers of real events, int64, shape (m, inputs); m may be 0.
        count: vectors wanted in all.
        seed: the same seed and events give the same vectors.
        search: finds vectors that show more of the network (`codesign.verify.reach`); None: there are none.

    Raises:
        DataError: the events do not fit the contract, or ``count`` has no room for the fixed categories.
    """
    low, high = contract.extremes()
    real = _checked_events(np.asarray(events), low, high)
    extremes = extreme_rows(low, high)
    free = count - len(extremes) - ZERO_VECTORS - TOGGLING_VECTORS
    if free < 0:
        raise DataError(f"test vectors: expected at least {count - free} for {len(low)} inputs, got {count}")
    random = np.random.default_rng(seed)
    n_reaching = 0 if search is None else int(free * REACHING_SHARE)
    n_saturating = int(free * SATURATING_SHARE)
    free -= n_reaching
    n_real = min(free - n_saturating - int(free * UNIFORM_SHARE), len(real))
    uniform = random.integers(low, high, size=(free - n_saturating - n_real, len(low)), endpoint=True)
    source = real if len(real) else random.integers(low, high, size=(n_saturating, len(low)), endpoint=True)
    blocks = {
        "real events": real[random.permutation(len(real))[:n_real]],
        "saturating": contract.saturate_some(source, n_saturating, random),
        "extremes": extremes,
        "uniform": uniform,
        "zero": np.zeros((ZERO_VECTORS, len(low)), dtype=np.int64),
    }
    toggling = np.where(np.arange(TOGGLING_VECTORS)[:, None] % 2, high, low)
    if search is not None:
        found = search(np.concatenate([*blocks.values(), toggling]), n_reaching)
        more = random.integers(low, high, size=(n_reaching - len(found), len(low)), endpoint=True)
        blocks |= {REACHING: found, "uniform": np.concatenate([uniform, more])}
    categories = CATEGORIES if search is None else (*CATEGORIES, REACHING)
    return shuffled(blocks, toggling, random, categories)


def _checked_events(events: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    if events.ndim != 2 or events.shape[1] != len(low) or events.dtype != np.int64:
        raise DataError(
            f"test vectors: expected int64 events of shape (m, {len(low)}), got {events.dtype} {events.shape}"
        )
    wrong = (events < low) | (events > high)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"test vectors: event {row}, input {column} is {events[row, column]}, "
            f"expected {low[column]} to {high[column]}"
        )
    return events


def extreme_rows(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows with every single input at each end of its range, the others zero; all at their ends, alike and mixed."""
    odd = np.arange(len(low)) % 2 == 1
    together = np.stack([low, high, np.where(odd, low, high), np.where(odd, high, low)])
    return np.concatenate([np.diag(low), np.diag(high), together])


def shuffled(
    blocks: dict[str, NDArray[np.int64]],
    toggling: NDArray[np.int64],
    random: np.random.Generator,
    categories: tuple[str, ...],
) -> Vectors:
    """Mix the rows of all categories and put the toggling ones, in one piece, at a random place."""
    inputs = np.concatenate(list(blocks.values()))
    category = np.concatenate([_labels(categories.index(name), len(rows)) for name, rows in blocks.items()])
    order = random.permutation(len(inputs))
    place = int(random.integers(0, len(inputs) + 1))
    before, after = order[:place], order[place:]
    return Vectors(
        np.concatenate([inputs[before], toggling, inputs[after]]).astype(np.int64),
        np.concatenate([category[before], _labels(categories.index("toggling"), len(toggling)), category[after]]),
        categories,
    )


def _labels(index: int, count: int) -> NDArray[np.uint8]:
    return np.full(count, index, dtype=np.uint8)

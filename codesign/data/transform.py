"""Data sets from data sets: another split, or several files in one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.convert import check_fractions
from codesign.data.dataset import Dataset
from codesign.data.reading import TEST
from codesign.data.schema import Block
from codesign.data.writing import FASTEST, DatasetWriter
from codesign.errors import ConfigError, DataError
from codesign.naming import unknown_name
from codesign.progress import Progress, silent

ROWS_AT_A_TIME = 8192


def split_dataset(
    source: Path,
    output: Path,
    *,
    fractions: Sequence[float],
    seed: int,
    test_only: Sequence[str] = (),
    progress: Progress = silent,
) -> None:
    """Write a data set again with another division into train, validation and test.

    Each class is divided by itself, so that the shares hold for every class up to one row.

    Args:
        source: data set to read.
        output: data set to write; replaced if it exists.
        fractions: shares of train, validation and test.
        seed: seed of the choice.
        test_only: classes that go to the test split as a whole, as the signals of an anomaly detector must.
        progress: called with rows done and in all.

    Raises:
        ConfigError: the fractions are no shares, or a class is unknown.
        DataError: the input is damaged, or the output cannot be written.
    """
    shares = check_fractions(fractions)
    with Dataset.open(source) as dataset:
        for name in test_only:
            if name not in dataset.classes:
                raise ConfigError(f"test_only: {unknown_name('class', name, dataset.classes)}")
        split = _divide(dataset, shares, seed, test_only)
        provenance = {
            **dataset.provenance,
            "split": f"each class divided {shares} with seed {seed}; test only: {list(test_only)}",
        }
        _copy([dataset], output, dataset.name, dataset.classes, [split], provenance, progress)


def merge_datasets(sources: Sequence[Path], output: Path, *, progress: Progress = silent) -> None:
    """Write several data sets of one origin as one; rows stay in order, classes of the same name become one.

    Args:
        sources: data sets to read, at least two.
        output: data set to write; replaced if it exists.
        progress: called with rows done and in all.

    Raises:
        DataError: the inputs have different origins, blocks or columns, one is given twice, or one is damaged.
    """
    if len(sources) < 2:
        raise DataError(f"merge: expected at least two data sets, found {len(sources)}")
    if output.resolve() in {source.resolve() for source in sources}:
        raise DataError(f"{output}: the output is also an input; choose another name")
    opened: list[Dataset] = []
    try:
        for source in sources:
            opened.append(Dataset.open(source))
        _require_alike(opened)
        classes = tuple(dict.fromkeys(name for dataset in opened for name in dataset.classes))
        splits = [dataset.splits() for dataset in opened]
        name = " + ".join(dict.fromkeys(dataset.name for dataset in opened))
        provenance = {
            "origin": opened[0].origin,
            "merged": [
                {"file": dataset.path.name, "digest": dataset.digest, "provenance": dataset.provenance}
                for dataset in opened
            ],
        }
        _copy(opened, output, name, classes, splits, provenance, progress)
    finally:
        for dataset in opened:
            dataset.close()


def _divide(
    dataset: Dataset, shares: tuple[float, float, float], seed: int, test_only: Sequence[str]
) -> NDArray[np.uint8]:
    """Return the new split of each row, uint8 of shape (n,)."""
    label = dataset.labels()
    split = np.full(len(label), TEST, np.uint8)
    for index, name in enumerate(dataset.classes):
        rows = np.flatnonzero(label == index)
        if name not in test_only:
            # Its own generator per class: another class more or less changes nothing here.
            order = np.random.default_rng([seed, index]).permutation(rows)
            ends = np.round(np.cumsum(shares)[:-1] * len(rows)).astype(int)
            for number, part in enumerate(np.split(order, ends)):
                split[part] = number
    return split


def _require_alike(datasets: Sequence[Dataset]) -> None:
    """Refuse inputs that must not stand in one table."""
    first = datasets[0]
    digests: dict[str, Path] = {}
    for dataset in datasets:
        if dataset.digest in digests:
            raise DataError(f"{dataset.path}: has the same content as {digests[dataset.digest]}; name each once")
        digests[dataset.digest] = dataset.path
        if dataset.origin != first.origin:
            raise DataError(
                f"{dataset.path}: origin {dataset.origin!r}, but {first.path} has {first.origin!r}; rows of different "
                "data sets differ in how they were made, and a network would learn that"
            )
        if (found := _layout(dataset)) != (expected := _layout(first)):
            raise DataError(f"{dataset.path}: has the blocks {found}, but {first.path} has {expected}")


def _layout(dataset: Dataset) -> dict[str, str]:
    """Return shape, names and units of every block, readable and comparable."""
    return {
        block: f"{dataset.row_shape(block)} " + ", ".join(f"{c.name} [{c.unit}]" for c in dataset.columns(block))
        for block in sorted(dataset.blocks)
    }


def _copy(
    datasets: Sequence[Dataset],
    output: Path,
    name: str,
    classes: tuple[str, ...],
    splits: Sequence[NDArray[np.uint8]],
    provenance: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Write the rows of some data sets, piece by piece, with new labels and splits."""
    first, total, done = datasets[0], sum(len(dataset) for dataset in datasets), 0
    weighted = any(dataset.weighted for dataset in datasets)
    blocks = {block: _block(first, block) for block in first.blocks}
    writer = DatasetWriter(output, name=name, blocks=blocks, classes=classes, weighted=weighted, compression=FASTEST)
    with writer:
        for dataset, split in zip(datasets, splits, strict=True):
            label = np.array([classes.index(known) for known in dataset.classes])[dataset.labels()]
            weight = dataset.weights() if weighted else None
            for start in range(0, len(dataset), ROWS_AT_A_TIME):
                rows = slice(start, min(start + ROWS_AT_A_TIME, len(dataset)))
                inputs = {block: dataset.read_rows(block, rows) for block in blocks}
                writer.append(inputs, label[rows], split[rows], None if weight is None else weight[rows])
                done += rows.stop - rows.start
                progress(f"{done:,} of {total:,} rows", done, total)
        writer.finish(provenance)


def _block(dataset: Dataset, name: str) -> Block:
    shape = dataset.row_shape(name)
    return Block(dataset.columns(name), shape[0] if len(shape) == 2 else None)

"""Classes of rows: from a column, from one-hot flags, or from the file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.reading import Source
from codesign.errors import DataError
from codesign.naming import unknown_name

Lookup = Mapping[Any, int]


def lookup_of(classes: Mapping[str, int]) -> Lookup:
    """Return class index by value as it is found in files: text, bytes, or a number written as text."""
    found: dict[Any, int] = {}
    for text, index in classes.items():
        found[text] = found[text.encode()] = index
        if text in ("True", "False"):
            found[float(text == "True")] = index
        try:
            found[float(text)] = index  # equal to, and so found by, the integer and the truth value
        except ValueError:
            continue
    return found


def value_text(value: Any) -> str:
    """Return a value of a label column as the user writes it in a map of classes."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def class_indices(
    values: NDArray[Any], lookup: Lookup, what: str, known: Sequence[str], path: Path, first_row: int
) -> NDArray[np.uint8]:
    """Translate the values of a label column.

    Args:
        values: the values, shape (n,).
        lookup: class index by value.
        what: name of the column for the message.
        known: values for the message.
        path: file name for the message.
        first_row: rows of the file before these.

    Returns:
        class index per row, shape (n,).

    Raises:
        DataError: a value has no class.
    """
    found = _look_up(values, lookup)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        row = int(unknown[0])
        shown = value_text(values[row : row + 1].tolist()[0])
        raise DataError(f"{path}: row {first_row + row}: {what}: {unknown_name('class', shown, known)}")
    return found.astype(np.uint8)


def _look_up(values: NDArray[Any], lookup: Lookup) -> NDArray[np.int16]:
    """Return the class index of each value, -1 where there is none."""
    if values.dtype.kind not in "fiub":
        return np.array([lookup.get(value, -1) for value in values.tolist()], np.int16)
    found = np.full(len(values), -1, np.int16)
    for value, index in lookup.items():
        if isinstance(value, float):
            found[values == value] = index
    return found


def one_hot_indices(flags: NDArray[Any], names: Sequence[str], path: Path, first_row: int) -> NDArray[np.uint8]:
    """Translate flags, shape (n, classes), of which exactly one is set.

    Returns:
        class index per row, shape (n,).

    Raises:
        DataError: a row has no class, several, or something else than 0 and 1.
    """
    good = ((flags == 0) | (flags == 1)).all(axis=1) & (flags.sum(axis=1) == 1)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise DataError(
            f"{path}: row {first_row + row}: expected exactly one of the flags {', '.join(names)} to be 1, "
            f"found {', '.join(f'{flag:g}' for flag in flags[row])}"
        )
    indices: NDArray[np.uint8] = np.argmax(flags, axis=1).astype(np.uint8)
    return indices


def refuse_class_names(sources: Sequence[Source], what: str) -> None:
    """Check that no source has a class from the command line.

    Raises:
        DataError: one has, although files of this format tell the class of each row.
    """
    for source in sources:
        if source.class_name is not None:
            raise DataError(
                f"{source.path}: the class {source.class_name!r} was given, but {what} files tell the class of each "
                "row; give the file alone"
            )


def file_classes(
    sources: Sequence[Source], by_stem: Mapping[str, str], order: Sequence[str], *, others: bool = False
) -> tuple[tuple[str, ...], list[int]]:
    """Return the class of each file, which holds one class only.

    Args:
        sources: the files, with or without a class from the command line.
        by_stem: beginning of a file name (any case) → class, for files whose class was not given.
        order: the classes of the format in their usual order.
        others: whether names that are not in ``order`` may be given.

    Returns:
        the classes that occur (those of the format in their order, then others as given), and their index per file.

    Raises:
        DataError: a class is unknown, or a file name tells none.
    """
    names = [_file_class(source, by_stem, order, others) for source in sources]
    classes = [name for name in order if name in names]
    classes += [name for name in dict.fromkeys(names) if name not in classes]
    return tuple(classes), [classes.index(name) for name in names]


def _file_class(source: Source, by_stem: Mapping[str, str], order: Sequence[str], others: bool) -> str:
    if source.class_name is not None:
        if not others and source.class_name not in order:
            raise DataError(f"{source.path}: {unknown_name('class', source.class_name, order)}")
        return source.class_name
    for beginning, name in by_stem.items():
        if source.path.name.lower().startswith(beginning.lower()):
            return name
    raise DataError(
        f"{source.path}: the file does not tell its class and its name begins with none of {', '.join(by_stem)}; "
        f"write CLASS={source.path.name} with one of {', '.join(order)}"
    )

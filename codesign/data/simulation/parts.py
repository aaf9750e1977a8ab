"""The work directory of a production: one file per finished piece, and the settings they belong to."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError

Arrays = Mapping[str, NDArray[Any]]

_SETTINGS = "settings.json"
_DRAFT_SUFFIX = ".tmp"


@dataclass(frozen=True)
class Chunk:
    """A piece of a production.

    Attributes:
        class_name: What to simulate.
        index: Number of the piece within its class.
        size: How many rows (jets, events) it has.
    """

    class_name: str
    index: int
    size: int

    @property
    def file_name(self) -> str:
        """Name of the file in the work directory."""
        return f"{self.class_name}-{self.index:05d}.npz"


def plan_chunks(sizes: Mapping[str, int], rows_per_chunk: Mapping[str, int]) -> list[Chunk]:
    """Divide a production into pieces.

    Args:
        sizes: Class name → rows wanted.
        rows_per_chunk: Class name → rows of a full piece; part of what makes the output, because
            each piece has its own seed.

    Returns:
        The pieces, classes in turn, so that a class that is slow does not come last as a whole.
    """
    chunks = []
    for name, size in sizes.items():
        full = rows_per_chunk[name]
        chunks += [Chunk(name, i, min(full, size - start)) for i, start in enumerate(range(0, size, full))]
    return sorted(chunks, key=lambda chunk: chunk.index)


def open_parts(parts: Path, settings: Mapping[str, Any]) -> None:
    """Make the work directory, or check that the one that is there belongs to the same production.

    Raises:
        DataError: It belongs to a production with other settings, or cannot be made.
    """
    settings_file = parts / _SETTINGS
    wanted = json.loads(json.dumps(settings))
    try:
        parts.mkdir(parents=True, exist_ok=True)
        if settings_file.exists():
            _require_same(parts, json.loads(settings_file.read_text()), wanted)
        elif any(parts.iterdir()):
            raise DataError(f"{parts}: expected the work directory of a production, found other files; delete it")
        else:
            _replace(settings_file, lambda draft: draft.write_text(json.dumps(wanted, indent=1)))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(
            f"{parts}: the work directory cannot be used, delete it or choose another output: {error}"
        ) from None


def store_chunk(parts: Path, chunk: Chunk, arrays: Arrays) -> None:
    """Write the result of a piece, complete or not at all."""

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    _replace(parts / chunk.file_name, write)


def load_chunk(parts: Path, chunk: Chunk, names: Sequence[str], lists: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Read the result of a piece.

    Args:
        parts: The work directory.
        chunk: Which piece.
        names: Arrays to read that have ``chunk.size`` rows.
        lists: Arrays to read that have another length.

    Returns:
        The arrays by name.

    Raises:
        DataError: The file is damaged or has another number of rows.
    """
    path = parts / chunk.file_name
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = {name: stored[name] for name in (*names, *lists)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged, delete it and start again to make this piece anew ({error})") from None
    for name in names:
        array = arrays[name]
        if array.ndim == 0 or len(array) != chunk.size:
            raise DataError(
                f"{path}: expected {chunk.size} rows of {name}, found shape {array.shape}; delete it and start again"
            )
    return arrays


def remove_parts(parts: Path, chunks: Sequence[Chunk]) -> None:
    """Remove the work directory of a finished production and nothing else that may lie in it."""
    drafts = parts.glob(f".*{_DRAFT_SUFFIX}")  # of workers that were killed
    for path in [parts / _SETTINGS, *drafts, *(parts / chunk.file_name for chunk in chunks)]:
        path.unlink(missing_ok=True)
    if not any(parts.iterdir()):
        parts.rmdir()


def _require_same(parts: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    changed = [
        f"{key} was {found.get(key)!r}, now {wanted.get(key)!r}"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if changed:
        raise DataError(
            f"{parts}: an unfinished production with other settings lies here ({'; '.join(changed)}); "
            "delete this directory to start anew, or repeat the old settings to resume"
        )


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}{_DRAFT_SUFFIX}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

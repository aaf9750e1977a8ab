"""Conversion of small files, and everything that came out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesign.data import Column, Dataset
from codesign.data.convert import convert
from codesign.data.reading import Format, Source
from codesign.sections import validate_section


@dataclass(frozen=True)
class Outcome:
    """A data set as read back; class and split by name."""

    blocks: dict[str, np.ndarray]
    columns: dict[str, tuple[Column, ...]]
    classes: tuple[str, ...]
    labels: list[str]
    splits: list[str]
    weights: np.ndarray
    provenance: dict[str, Any]
    repairs: dict[str, int]
    content: bytes


@pytest.fixture
def converted(tmp_path: Path) -> Callable[..., Outcome]:
    """The function ``converted(format, *files, options={}, drop_bad_rows=False)``; a file may be (class, path)."""

    def run(
        file_format: Format,
        *files: Path | tuple[str, Path],
        options: dict[str, Any] | None = None,
        drop_bad_rows: bool = False,
    ) -> Outcome:
        output = tmp_path / "converted" / "data.h5"
        sources = [Source(file) if isinstance(file, Path) else Source(file[1], file[0]) for file in files]
        chosen = validate_section(file_format.options, options or {}, "options")
        convert(sources, output, file_format, chosen, drop_bad_rows=drop_bad_rows)
        with Dataset.open(output) as data:
            return Outcome(
                {block: data.read(block) for block in data.blocks},
                {block: data.columns(block) for block in data.blocks},
                data.classes,
                [data.classes[index] for index in data.labels()],
                [("train", "validation", "test")[index] for index in data._split],
                data.weights(),
                data.provenance,
                data.provenance["repairs"],
                output.read_bytes(),
            )

    return run


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The function ``small_batches()``, after which readers hand over a few rows at a time."""

    def run() -> None:
        monkeypatch.setattr("codesign.data.reading.BATCH_BYTES", 1)

    return run

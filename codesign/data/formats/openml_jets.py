"""Sixteen high-level features per jet: the OpenML set `hls4ml_lhc_jets_hlf`, and the other set on CERNBox."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.labels import class_indices, lookup_of, one_hot_indices, refuse_class_names
from codesign.data.formats.tabular import Table, read_pieces, total_rows
from codesign.data.formats.tabular_open import open_table
from codesign.data.reading import Batch, Format, NoOptions, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.features.high_level import HIGH_LEVEL_FEATURES

FEATURES = tuple(HIGH_LEVEL_FEATURES)
CLASSES = ("g", "q", "W", "Z", "t")
LABELS = ("class", "jet_type")  # as on OpenML; as in a Parquet copy of it
CERNBOX_FEATURES = tuple(f"j_{name}" for name in FEATURES)
CERNBOX_FLAGS = ("j_g", "j_q", "j_w", "j_z", "j_t")
NO_CLASS = "j_undef"
# What the public values are; conventions for jets with few constituents are those of the authors, not ours.
COLUMNS = tuple(Column(name, unit, text.split("; 0 below")[0]) for name, (unit, text) in HIGH_LEVEL_FEATURES.items())
BLOCKS = {"high_level": Block(COLUMNS)}
FURTHER_PARTICLE = "rows left out: further particle of a jet taken before"
WITHOUT_CLASS = "rows left out: no class (j_undef)"
NOT_MIXED = "the two sets differ in selection and difficulty, and their rows must not be mixed"


def read_openml(sources: Sequence[Source], _options: NoOptions) -> Reading:
    """Open files of OpenML 42468: ARFF, Parquet, CSV or HDF5 with one column per feature and one for the class.

    Raises:
        DataError: a file is not of this set.
    """
    refuse_class_names(sources, OPENML.name)
    tables = [open_table(source.path) for source in sources]
    for table in tables:
        if "j_zlogz" in table.fields:
            raise DataError(
                f"{table.path}: expected the OpenML columns zlogz, …, found j_zlogz, … of the CERNBox set; "
                f"use format {CERNBOX.name}: {NOT_MIXED}"
            )
        table.require_columns(FEATURES)
    label = next((name for name in LABELS if name in tables[0].fields), LABELS[0])
    for table in tables:
        table.require(label, numeric=False)
    batches = _openml_batches(tables, label)
    return Reading("openml_jets", "openml-42468", BLOCKS, CLASSES, batches, rows=total_rows(tables))


def _openml_batches(tables: Sequence[Table], label: str) -> Iterator[Batch]:
    names = {name.lower(): index for index, name in enumerate(CLASSES)}
    lookup = lookup_of(names | {f"b'{name}'": index for name, index in names.items()})  # bytes written as text
    rows = batch_rows(2 * (len(FEATURES) + 1))  # text is read in double precision
    for table, first_row, values, consumed in read_pieces(tables, [*FEATURES, label], rows):
        indices = class_indices(values[label], lookup, label, tuple(names), table.path, first_row)
        features = np.stack([values[name] for name in FEATURES], axis=1)
        yield Batch({"high_level": features}, indices, consumed_bytes=consumed)


def read_cernbox(sources: Sequence[Source], _options: NoOptions) -> Reading:
    """Open the HDF5 table of the CERNBox set, in which a jet has a row for each of its particles.

    A jet is taken once, where it first occurs, as all published work with this set does: rows that agree in all
    features and flags are one jet. Rows with the flag ``j_undef`` have no class and are left out. Both are counted.

    Raises:
        DataError: a file is not of this set.
    """
    refuse_class_names(sources, CERNBOX.name)
    tables = [open_table(source.path) for source in sources]
    for table in tables:
        if "zlogz" in table.fields:
            raise DataError(
                f"{table.path}: expected the CERNBox columns j_zlogz, …, found zlogz, … of the OpenML set; "
                f"use format {OPENML.name}: {NOT_MIXED}"
            )
        table.require_columns([*CERNBOX_FEATURES, *CERNBOX_FLAGS])
    repairs: Counter[str] = Counter()
    batches = _cernbox_batches(tables, repairs)
    return Reading("cernbox_jets", "cernbox-lhc-jets", BLOCKS, CLASSES, batches, repairs=repairs)


def _cernbox_batches(tables: Sequence[Table], repairs: Counter[str]) -> Iterator[Batch]:
    undefined = [NO_CLASS] if all(NO_CLASS in table.fields for table in tables) else []
    names = [*CERNBOX_FEATURES, *CERNBOX_FLAGS, *undefined]
    seen = np.empty(0, np.uint64)
    for table, first_row, values, consumed in read_pieces(tables, names, batch_rows(4 * len(names))):
        with np.errstate(over="ignore"):  # what becomes infinite is reported by the check of the rows
            columns = np.stack([values[name].astype(np.float32) for name in names], axis=1)
        features, flags = columns[:, : len(FEATURES)], columns[:, len(FEATURES) :]
        has_class = flags[:, len(CLASSES) :].sum(axis=1) == 0
        flags = np.where(has_class[:, None], flags[:, : len(CLASSES)], np.eye(len(CLASSES))[0])
        indices = one_hot_indices(flags, CERNBOX_FLAGS, table.path, first_row)
        new, seen = _first_occurrences(row_hashes(columns), seen)
        for reason, rows in ((FURTHER_PARTICLE, ~new), (WITHOUT_CLASS, new & ~has_class)):
            if rows.any():
                repairs[reason] += int(rows.sum())
        kept = new & has_class
        if kept.any():
            yield Batch({"high_level": features[kept]}, indices[kept], consumed_bytes=consumed)


def row_hashes(values: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return 64 bits per row, shape (n,); of a million different rows two agree with probability 3e-8."""
    hashes = np.full(len(values), 0x9E3779B97F4A7C15, np.uint64)
    for column in np.ascontiguousarray(values.T).view(np.uint32):
        hashes = (hashes ^ column) * np.uint64(0xBF58476D1CE4E5B9)  # splitmix64: multiply, then fold the upper half
        hashes ^= hashes >> np.uint64(29)
    return hashes


def _first_occurrences(
    hashes: NDArray[np.uint64], seen: NDArray[np.uint64]
) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
    """Return which rows are new, and all hashes seen so far in ascending order."""
    unique, first = np.unique(hashes, return_index=True)
    fresh = ~np.isin(unique, seen, assume_unique=True)
    new = np.zeros(len(hashes), np.bool_)
    new[first[fresh]] = True
    return new, np.union1d(seen, unique[fresh])


OPENML = Format(
    name="openml-jets",
    summary="16 features of g, q, W, Z, t jets: OpenML 42468, hls4ml_lhc_jets_hlf (ARFF, Parquet, CSV, HDF5)",
    citation="https://www.openml.org/d/42468; Duarte et al., JINST 13 (2018) P07027, arXiv:1804.06913",
    read=read_openml,
)
CERNBOX = Format(
    name="cernbox-jets",
    summary="the same 16 features of another, harder selection: the table t_allpar_new on CERNBox (HDF5, suffix .z)",
    citation="https://cernbox.cern.ch/index.php/s/jvFd5MoWhGs1l5v; Duarte et al., JINST 13 (2018) P07027",
    read=read_cernbox,
)

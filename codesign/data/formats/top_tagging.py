"""Top and QCD jets as four-vectors of up to 200 particles: the top tagging reference set."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import DELTA_ETA, DELTA_PHI, PT, leading_indices, take_leading, wrapped
from codesign.data.formats.labels import class_indices, lookup_of, refuse_class_names
from codesign.data.formats.tabular import Table, read_pieces, total_rows
from codesign.data.formats.tabular_open import open_table
from codesign.data.reading import TEST, TRAIN, VALIDATION, Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

SLOTS = 200
MOMENTUM = ("E", "PX", "PY", "PZ")
NAMES = [f"{component}_{slot}" for slot in range(SLOTS) for component in MOMENTUM]
LABEL, SPLIT = "is_signal_new", "ttv"
CLASSES = ("qcd", "top")
BY_TTV = {0: TRAIN, 1: TEST, 2: VALIDATION}
BY_NAME = {"train": TRAIN, "val": VALIDATION, "test": TEST}
AXIS = "; jet axis: sum of all particles"
COLUMNS = {
    "pt": PT,
    "delta_eta": Column("delta_eta", "", DELTA_ETA.description + AXIS),
    "delta_phi": Column("delta_phi", "rad", DELTA_PHI.description + AXIS),
    "energy": Column("energy", "GeV", "energy of the particle"),
}


class TopTaggingOptions(Section):
    """What to take from the files.

    Attributes:
        constituents: number of particles, those with the highest pT.
        particle_features: their columns.
    """

    constituents: int = Field(16, ge=1, le=SLOTS)
    particle_features: tuple[Literal["pt", "delta_eta", "delta_phi", "energy"], ...] = Field(
        ("pt", "delta_eta", "delta_phi"), min_length=1
    )


def read_top_tagging(sources: Sequence[Source], options: TopTaggingOptions) -> Reading:
    """Open the HDF5 files (or Parquet copies of them).

    The split is that of the record: what the files train, val and test hold; in a file of another name the column
    ``ttv`` tells (0 train, 1 test, 2 validation).

    Raises:
        DataError: a file lacks a column.
    """
    refuse_class_names(sources, TOP_TAGGING.name)
    tables = [open_table(source.path) for source in sources]
    for table in tables:
        table.require_columns([*NAMES, LABEL, SPLIT])
    columns = tuple(COLUMNS[name] for name in options.particle_features)
    repairs: Counter[str] = Counter()
    return Reading(
        "top_tagging",
        "zenodo-2603256",
        {"constituents": Block(columns, options.constituents, "pt" if "pt" in options.particle_features else None)},
        CLASSES,
        _batches(tables, options, repairs),
        rows=total_rows(tables),
        repairs=repairs,
    )


def _batches(tables: Sequence[Table], options: TopTaggingOptions, repairs: Counter[str]) -> Iterator[Batch]:
    lookup = lookup_of({"0": 0, "1": 1})
    rows = batch_rows(4 * len(NAMES))  # read, put in order, and worked on
    for table, first_row, values, consumed in read_pieces(tables, [*NAMES, LABEL, SPLIT], rows):
        label = class_indices(values[LABEL], lookup, LABEL, ("0", "1"), table.path, first_row)
        split = _split(values[SPLIT], table.path, first_row)
        particles = constituents(_four_vectors(values), options, repairs)
        yield Batch({"constituents": particles}, label, split=split, consumed_bytes=consumed)


@np.errstate(over="ignore")
def _four_vectors(values: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Return E, px, py, pz, shape (4, n, slots)."""
    vectors = np.empty((len(MOMENTUM), len(values[LABEL]), SLOTS), np.float32)
    for index, component in enumerate(MOMENTUM):
        for slot in range(SLOTS):
            vectors[index, :, slot] = values[f"{component}_{slot}"]
    return vectors


@np.errstate(all="ignore")  # what is not finite is reported by the check of the rows
def constituents(
    vectors: NDArray[np.float32], options: TopTaggingOptions, repairs: Counter[str]
) -> NDArray[np.float32]:
    """Compute the features of the leading particles.

    Args:
        vectors: E, px, py, pz in GeV, shape (4, n, slots), zero where there is none.
        options: number of particles and features.
        repairs: counter of repairs, which is added to.

    Returns:
        shape (n, particles, features).
    """
    axis = vectors[1:].sum(axis=2, dtype=np.float64)
    pt = np.hypot(vectors[1], vectors[2])
    indices = leading_indices(pt, options.constituents, "constituents", repairs)
    energy, px, py, pz = (take_leading(vector, indices, options.constituents) for vector in vectors)
    kept = take_leading(pt, indices, options.constituents)
    jet_eta, jet_phi = pseudorapidity(*axis)[:, None], np.arctan2(axis[1], axis[0])[:, None]
    available = {
        "pt": kept,
        "delta_eta": pseudorapidity(px, py, pz) - jet_eta,
        "delta_phi": wrapped(np.arctan2(py, px) - jet_phi),
        "energy": energy,
    }
    features = np.stack([available[name] for name in options.particle_features], axis=-1)
    return np.where((kept == 0)[..., None], 0, features).astype(np.float32)


def pseudorapidity(px: NDArray[Any], py: NDArray[Any], pz: NDArray[Any]) -> NDArray[np.float64]:
    """Return η = asinh(pz / pT), 0 for pT = 0."""
    pt = np.hypot(px, py, dtype=np.float64)
    eta: NDArray[np.float64] = np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pt), where=pt != 0))
    return eta


def _split(ttv: NDArray[Any], path: Path, first_row: int) -> NDArray[np.uint8]:
    name = path.name.split(".")[0].lower()
    if name in BY_NAME:
        if (ttv != ttv[0]).any():
            row = int(np.flatnonzero(ttv != ttv[0])[0])
            raise DataError(
                f"{path}: row {first_row + row}: {SPLIT}: expected {ttv[0]} as in all other rows of the file {name}, "
                f"found {ttv[row]}; rename the file if the column is to tell the split"
            )
        return np.full(len(ttv), BY_NAME[name], np.uint8)
    bad = ~np.isin(ttv, list(BY_TTV))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{path}: row {first_row + row}: {SPLIT}: expected 0 train, 1 test, 2 validation, found {ttv[row]}"
        )
    return np.array([BY_TTV[code] for code in sorted(BY_TTV)], np.uint8)[ttv.astype(np.intp)]


TOP_TAGGING = Format(
    name="top-tagging",
    summary="top and QCD jets with up to 200 particles: top tagging reference set, Zenodo 2603256 (HDF5)",
    citation="https://doi.org/10.5281/zenodo.2603256; Kasieczka et al., SciPost Phys. 7 (2019) 014, arXiv:1902.09914",
    read=read_top_tagging,
    options=TopTaggingOptions,
)

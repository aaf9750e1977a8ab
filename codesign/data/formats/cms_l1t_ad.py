"""CMS Level-1 Trigger objects of zero-bias collisions and simulated signals, Zenodo 21787779 (Parquet).

One file per sample and split, ``<sample>/<split>-NNNNN-of-NNNNN.parquet``, one row per bunch crossing. Columns are
``<collection>_<branch>`` with lists of hardware integers on the scales of the Global Trigger; energy sums are lists of
length one. Rows with ``order`` -1 are those that the authors leave out because something saturates.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.cms_ugt_objects import (
    CALORIMETER_ETA_LSB,
    CALORIMETER_PHI_COUNT,
    ENERGY_LSB,
    MUON_ETA_LSB,
    MUON_PHI_COUNT,
    wrapped_phi,
)
from codesign.data.reading import TEST, TRAIN, VALIDATION, Batch, Format, Reading, Source, require_package
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.naming import unknown_name
from codesign.objects import arrange
from codesign.sections import Section

ORIGIN = "cms-l1t-ad-2025"
ZERO_BIAS = "zero_bias"
SPLITS = {"train": TRAIN, "valid": VALIDATION, "test": TEST}
REMOVED = -1
ROWS_AT_A_TIME = 32_768
# collection → slots, branches of transverse energy, η and φ, LSB of η, counts per turn of φ
OBJECTS = {
    "muons": (8, ("muonIEt", "muonIEtaAtVtx", "muonIPhiAtVtx"), MUON_ETA_LSB, MUON_PHI_COUNT),
    "egammas": (12, ("egIEt", "egIEta", "egIPhi"), CALORIMETER_ETA_LSB, CALORIMETER_PHI_COUNT),
    "taus": (12, ("tauIEt", "tauIEta", "tauIPhi"), CALORIMETER_ETA_LSB, CALORIMETER_PHI_COUNT),
    "jets": (12, ("jetIEt", "jetIEta", "jetIPhi"), CALORIMETER_ETA_LSB, CALORIMETER_PHI_COUNT),
}
OBJECT_COLUMNS = (
    Column("pt", "GeV", "transverse energy (momentum of muons), 0.5 GeV steps, zero where there is no object"),
    Column("eta", "", "pseudorapidity at the vertex, steps of 0.0435 (muons 0.010875)"),
    Column("phi", "rad", "azimuth at the vertex in [-π, π), steps of 2π/144 (muons 2π/576)"),
)
BLOCKS = {
    "met": Block((Column("pt", "GeV", "missing transverse energy"), Column("phi", "rad", "its azimuth, in [-π, π)"))),
    **{name: Block(OBJECT_COLUMNS, slots, "pt") for name, (slots, *_) in OBJECTS.items()},
    "sums": Block((Column("et", "GeV", "scalar sum of E_T"), Column("ht", "GeV", "scalar sum of jet E_T"))),
    "trigger": Block((Column("l1_bit", "", "1 if the Level-1 menu of the time accepted the crossing"),)),
}
SUMS = {("met", 0): "MET_Et", ("met", 1): "MET_phi", ("sums", 0): "ET_Et", ("sums", 1): "HT_Et"}


class CmsL1tAdOptions(Section):
    """Options.

    Attributes:
        saturated: ``"keep"`` also takes the crossings that the authors leave out because something saturates;
            ``"drop"`` leaves them out and counts them.
    """

    saturated: Literal["keep", "drop"] = "drop"


def read(sources: Sequence[Source], options: CmsL1tAdOptions) -> Reading:
    """Open files of one or more samples.

    Args:
        sources: Parquet files; the class is that given, else the name of the folder, all zero-bias runs being one.
        options: what to keep.
    """
    import pyarrow
    import pyarrow.parquet

    splits = [_split(source) for source in sources]
    names = [source.class_name or _sample(source) for source in sources]
    classes = tuple(dict.fromkeys(sorted(names, key=lambda name: name != ZERO_BIAS)))
    files = []
    for source in sources:
        require_package("pyarrow", source.path)
        try:
            files.append(pyarrow.parquet.ParquetFile(source.path))
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{source.path}: not a Parquet file, or truncated; copy it again ({error})") from None
        _require_columns(files[-1], source)
    repairs: Counter[str] = Counter()
    labels = [classes.index(name) for name in names]
    return Reading(
        name="CMS Level-1 Trigger objects: " + ", ".join(classes),
        origin=ORIGIN,
        blocks=BLOCKS,
        classes=classes,
        batches=_batches(sources, files, labels, splits, options.saturated == "drop", repairs),
        rows=sum(file.metadata.num_rows for file in files) if options.saturated == "keep" else None,
        repairs=repairs,
    )


def _sample(source: Source) -> str:
    folder = source.path.resolve().parent.name
    return ZERO_BIAS if folder.startswith("ZB_run") else folder


def _split(source: Source) -> int:
    beginning = source.path.name.split("-")[0]
    if beginning not in SPLITS:
        raise DataError(
            f"{source.path}: expected a name that begins with {', '.join(SPLITS)}, as in the record "
            "(train-00000-of-00010.parquet)"
        )
    return SPLITS[beginning]


def _columns() -> list[str]:
    objects = [f"{name}_{branch}" for name, (_, branches, *_) in OBJECTS.items() for branch in branches]
    return [*objects, *SUMS.values(), "L1bit", "order"]


def _require_columns(file: Any, source: Source) -> None:
    known = file.schema_arrow.names
    for column in _columns():
        if column not in known:
            raise DataError(f"{source.path}: {unknown_name('column', column, known)}")


def _batches(
    sources: Sequence[Source],
    files: Sequence[Any],
    labels: Sequence[int],
    splits: Sequence[int],
    drop_saturated: bool,
    repairs: Counter[str],
) -> Iterator[Batch]:
    import pyarrow

    before = 0
    for source, file, label, split in zip(sources, files, labels, splits, strict=True):
        size, done = source.path.stat().st_size, 0
        try:
            for part in file.iter_batches(ROWS_AT_A_TIME, columns=_columns()):
                table = {name: part.column(name) for name in _columns()}
                done += part.num_rows
                kept = np.ones(part.num_rows, np.bool_)
                if drop_saturated:
                    kept = table["order"].to_numpy(zero_copy_only=False) != REMOVED
                    if not kept.all():
                        repairs["crossings left out as the authors do: something saturates"] += int((~kept).sum())
                inputs = {name: values[kept] for name, values in _inputs(table, source).items()}
                consumed = before + int(size * done / max(file.metadata.num_rows, 1))
                rows = int(kept.sum())
                yield Batch(inputs, np.full(rows, label), None, np.full(rows, split, np.uint8), consumed)
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{source.path}: the file is damaged; copy it again ({error})") from None
        before += size


def _inputs(table: Mapping[str, Any], source: Source) -> dict[str, NDArray[np.float64]]:
    """Return the blocks of some rows in physical units."""
    inputs = {name: _objects(table, name, source) for name in OBJECTS}
    rows = len(table["L1bit"])
    for name in ("met", "sums"):
        inputs[name] = np.zeros((rows, 2))
    for (block, index), column in SUMS.items():
        hardware = _padded(table[column], source, column)
        if hardware.shape[1] != 1:
            raise DataError(f"{source.path}: {column}: expected lists of length one, found {hardware.shape[1]}")
        is_angle = column.endswith("_phi")
        inputs[block][:, index] = (
            wrapped_phi(hardware[:, 0], CALORIMETER_PHI_COUNT) if is_angle else hardware[:, 0] * ENERGY_LSB
        )
    inputs["trigger"] = table["L1bit"].to_numpy(zero_copy_only=False).astype(np.float64)[:, None]
    return inputs


def _objects(table: Mapping[str, Any], name: str, source: Source) -> NDArray[np.float64]:
    """Return pt, eta, phi of the objects of one kind, shape (n, slots, 3)."""
    slots, branches, eta_lsb, phi_count = OBJECTS[name]
    energy, eta, phi = (_padded(table[f"{name}_{branch}"], source, f"{name}_{branch}") for branch in branches)
    if not energy.shape == eta.shape == phi.shape:
        raise DataError(f"{source.path}: {name}: the lists of {', '.join(branches)} differ in length")
    # The integer of a muon is one more than its lower edge, because 0 means no muon.
    pt = np.maximum(energy - (name == "muons"), 0) * ENERGY_LSB
    objects = np.stack([pt, eta * eta_lsb, wrapped_phi(phi, phi_count)], axis=-1)
    return arrange(objects, 0, slots)


def _padded(lists: Any, source: Source, column: str) -> NDArray[np.int64]:
    """Return lists of integers as an array, shape (n, longest), zero behind the end of a list."""
    try:
        lengths = np.diff(lists.offsets.to_numpy())
        values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    except (AttributeError, ValueError) as error:
        raise DataError(f"{source.path}: {column}: expected lists of integers, found {lists.type} ({error})") from None
    if lists.null_count or len(values) != lengths.sum():
        raise DataError(f"{source.path}: {column}: expected lists of integers, found {lists.null_count} missing")
    padded = np.zeros((len(lengths), max(int(lengths.max(initial=0)), 1)), np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = values
    return padded


CMS_L1T_AD = Format(
    name="cms-l1t-ad",
    summary="CMS Level-1 Trigger objects, zero-bias collisions 2025 and 20 signals: Zenodo 21787779 (Parquet)",
    citation=(
        "CMS Collaboration, Trigger Anomaly Detection for New Physics at the Large Hadron Collider, Zenodo (2026), "
        "doi:10.5281/zenodo.21787779"
    ),
    read=read,
    options=CmsL1tAdOptions,
)

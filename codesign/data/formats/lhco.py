"""LHC Olympics 2020: dijet events as jet features or as up to 700 particles."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import leading_indices, take_leading
from codesign.data.formats.labels import class_indices, file_classes, lookup_of, refuse_class_names
from codesign.data.formats.tabular import Table, read_pieces, total_rows
from codesign.data.formats.tabular_open import open_table
from codesign.data.reading import Batch, Format, NoOptions, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

CLASSES = ("background", "signal")
BLACK_BOX = "blackbox"
LABEL = "label"
SLOTS, COLUMNS = 700, 3  # columns of the particles: pt, eta, phi
JETS = {"j1": "leading jet", "j2": "second jet"}
MEANING = {
    "px": "momentum along x",
    "py": "momentum along y",
    "pz": "momentum along the beam",
    "m": "mass",
    "tau1": "1-subjettiness, not divided by pT",
    "tau2": "2-subjettiness, not divided by pT",
    "tau3": "3-subjettiness, not divided by pT",
}
FEATURES = {
    f"{name}{jet}": Column(f"{name}{jet}", "GeV", f"{text} of the {which} (anti-kT, R = 1)")
    for jet, which in JETS.items()
    for name, text in MEANING.items()
}
PARTICLE_COLUMNS = (
    Column("pt", "GeV", "transverse momentum of the particle; in decreasing order, zero where there is none"),
    Column("eta", "", "pseudorapidity of the particle"),
    Column("phi", "rad", "azimuth of the particle, in [-π, π)"),
)


class ParticlesOptions(Section):
    """What to take from the files.

    Attributes:
        particles: number of particles, those with the highest pT.
    """

    particles: int = Field(SLOTS, ge=1, le=SLOTS)


def read_features(sources: Sequence[Source], _options: NoOptions) -> Reading:
    """Open the files of jet features; one without the column ``label`` has one class, given as CLASS=FILE.

    Raises:
        DataError: a file lacks a column, or its class is not known.
    """
    tables = [open_table(source.path) for source in sources]
    for table in tables:
        table.require_columns(tuple(FEATURES))
    labelled = [LABEL in table.fields for table in tables]
    classes, indices = _classes(sources, labelled)
    return Reading(
        "lhco_features",
        "lhco2020",
        {"high_level": Block(tuple(FEATURES.values()))},
        classes,
        _feature_batches(tables, labelled, indices),
        rows=total_rows(tables),
    )


def _feature_batches(tables: Sequence[Table], labelled: Sequence[bool], indices: Sequence[int]) -> Iterator[Batch]:
    for table, has_label, index in zip(tables, labelled, indices, strict=True):
        names = [*FEATURES, LABEL] if has_label else list(FEATURES)
        for _, first_row, values, _ in read_pieces([table], names, batch_rows(4 * len(names))):
            features = np.stack([values[name] for name in FEATURES], axis=1)
            label = values[LABEL] if has_label else None
            yield Batch({"high_level": features}, _label(label, index, len(features), table, first_row))


def read_particles(sources: Sequence[Source], options: ParticlesOptions) -> Reading:
    """Open the files of particles: 2100 columns and the label; one without label has one class (CLASS=FILE).

    Raises:
        DataError: a file has another number of columns, or its class is not known.
    """
    tables = [open_table(source.path) for source in sources]
    names = [_particle_names(table) for table in tables]
    labelled = [len(columns) == SLOTS * COLUMNS + 1 for columns in names]
    classes, indices = _classes(sources, labelled)
    repairs: Counter[str] = Counter()
    return Reading(
        "lhco_particles",
        "lhco2020",
        {"particles": Block(PARTICLE_COLUMNS, options.particles, "pt")},
        classes,
        _particle_batches(tables, names, indices, options.particles, repairs),
        rows=total_rows(tables),
        repairs=repairs,
    )


def _particle_names(table: Table) -> list[str]:
    names = list(table.fields)
    if len(names) not in (SLOTS * COLUMNS, SLOTS * COLUMNS + 1):
        raise DataError(
            f"{table.path}: expected a pandas frame of {SLOTS * COLUMNS} columns (pt, eta, phi of {SLOTS} particles), "
            f"with or without a label after them, found {len(names)} columns"
        )
    table.require_columns(names)
    return names


def _particle_batches(
    tables: Sequence[Table],
    names: Sequence[Sequence[str]],
    indices: Sequence[int],
    count: int,
    repairs: Counter[str],
) -> Iterator[Batch]:
    rows = batch_rows(4 * SLOTS * COLUMNS)  # read in double precision, put in order, and cut
    for table, columns, index in zip(tables, names, indices, strict=True):
        for _, first_row, values, _ in read_pieces([table], columns, rows):
            particles = _particles(values, columns)
            label = values[columns[-1]] if len(columns) > SLOTS * COLUMNS else None
            leading = take_leading(particles, leading_indices(particles[..., 0], count, "particles", repairs), count)
            yield Batch({"particles": leading}, _label(label, index, len(particles), table, first_row))


@np.errstate(over="ignore")  # what is not finite is reported by the check of the rows
def _particles(values: Mapping[str, NDArray[Any]], columns: Sequence[str]) -> NDArray[np.float32]:
    flat = np.empty((len(values[columns[0]]), SLOTS * COLUMNS), np.float32)
    for position, name in enumerate(columns[: SLOTS * COLUMNS]):
        flat[:, position] = values[name]
    return flat.reshape(len(flat), SLOTS, COLUMNS)


def _classes(sources: Sequence[Source], labelled: Sequence[bool]) -> tuple[tuple[str, ...], list[int]]:
    """Return all classes, and the class of each file without labels (0 for the others)."""
    with_label = [source for source, has_label in zip(sources, labelled, strict=True) if has_label]
    without = [source for source, has_label in zip(sources, labelled, strict=True) if not has_label]
    refuse_class_names(with_label, "labelled LHC Olympics")
    order = (*CLASSES, BLACK_BOX)
    given, indices = file_classes(without, {"events_LHCO2020_BlackBox": BLACK_BOX}, order, others=True)
    classes = (*CLASSES, *(name for name in given if name not in CLASSES)) if with_label or not given else given
    by_file = iter(indices)
    return classes, [0 if has_label else classes.index(given[next(by_file)]) for has_label in labelled]


def _label(values: NDArray[Any] | None, index: int, rows: int, table: Table, first_row: int) -> NDArray[np.uint8]:
    if values is None:
        return np.full(rows, index, np.uint8)
    return class_indices(values, lookup_of({"0": 0, "1": 1}), LABEL, ("0", "1"), table.path, first_row)


CITATION = (
    "https://doi.org/10.5281/zenodo.6466204; Kasieczka et al., Rep. Prog. Phys. 84 (2021) 124201, arXiv:2101.08320"
)
LHCO_FEATURES = Format(
    name="lhco-features",
    summary="two jets per event, 14 features: LHC Olympics 2020, Zenodo 6466204 (HDF5)",
    citation=CITATION,
    read=read_features,
)
LHCO_PARTICLES = Format(
    name="lhco-particles",
    summary="up to 700 particles per event, and black boxes: LHC Olympics 2020, Zenodo 6466204, 4536624 (HDF5)",
    citation=CITATION,
    read=read_particles,
    options=ParticlesOptions,
)

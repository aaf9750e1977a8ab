"""Quark and gluon jets of EnergyFlow: particles as (pT, y, φ, PDG id)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import DELTA_PHI, PT, leading_indices, take_leading, wrapped
from codesign.data.formats.labels import class_indices, lookup_of, refuse_class_names
from codesign.data.formats.tabular import Table, read_pieces, total_rows
from codesign.data.formats.tabular_open import open_table
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

PARTICLES, LABEL = "X", "y"
CLASSES = ("g", "q")  # y = 0 gluon, 1 quark
AXIS = "; jet axis: mean of all particles weighted with pT"
COLUMNS = {
    "pt": PT,
    "delta_rapidity": Column("delta_rapidity", "", "rapidity of the particle minus that of the jet" + AXIS),
    "delta_phi": Column("delta_phi", "rad", DELTA_PHI.description + AXIS),
    "pdgid": Column("pdgid", "", "PDG code of the particle, 0 where there is none"),
}


class QuarkGluonOptions(Section):
    """What to take from the files.

    Attributes:
        constituents: number of particles, those with the highest pT.
        particle_features: their columns.
    """

    constituents: int = Field(16, ge=1)
    particle_features: tuple[Literal["pt", "delta_rapidity", "delta_phi", "pdgid"], ...] = Field(
        ("pt", "delta_rapidity", "delta_phi"), min_length=1
    )


def read_quark_gluon(sources: Sequence[Source], options: QuarkGluonOptions) -> Reading:
    """Open the npz files.

    Raises:
        DataError: a file lacks X or y, or they have other shapes.
    """
    refuse_class_names(sources, QUARK_GLUON.name)
    tables = [open_table(source.path) for source in sources]
    for table in tables:
        shape = table.require(PARTICLES).row_shape
        if len(shape) != 2 or shape[1] != 4:
            raise DataError(f"{table.path}: {PARTICLES}: expected shape (jets, particles, 4), found (jets, *{shape})")
        table.require_columns([LABEL])
    columns = tuple(COLUMNS[name] for name in options.particle_features)
    repairs: Counter[str] = Counter()
    return Reading(
        "quark_gluon",
        "energyflow-qg-jets",
        {"constituents": Block(columns, options.constituents, "pt" if "pt" in options.particle_features else None)},
        CLASSES,
        _batches(tables, options, repairs),
        rows=total_rows(tables),
        repairs=repairs,
    )


def _batches(tables: Sequence[Table], options: QuarkGluonOptions, repairs: Counter[str]) -> Iterator[Batch]:
    lookup = lookup_of({"0": 0, "1": 1})
    slots = max(table.fields[PARTICLES].row_shape[0] for table in tables)
    for table, first_row, values, consumed in read_pieces(tables, [PARTICLES, LABEL], batch_rows(4 * 4 * slots)):
        label = class_indices(values[LABEL], lookup, LABEL, ("0", "1"), table.path, first_row)
        particles = constituents(values[PARTICLES], options, repairs)
        yield Batch({"constituents": particles}, label, consumed_bytes=consumed)


@np.errstate(all="ignore")  # what is not finite is reported by the check of the rows
def constituents(particles: NDArray[Any], options: QuarkGluonOptions, repairs: Counter[str]) -> NDArray[np.float32]:
    """Compute the features of the leading particles.

    Args:
        particles: pT in GeV, rapidity, φ, PDG code, shape (n, slots, 4), zero where there is none. φ is within π of
            the jet, so that a mean makes sense.
        options: number of particles and features.
        repairs: counter of repairs, which is added to.

    Returns:
        shape (n, particles, features).
    """
    pt = particles[..., 0]
    total = pt.sum(axis=1)
    scale = np.divide(1, total, out=np.zeros_like(total, np.float64), where=total > 0)
    y_jet, phi_jet = ((pt * particles[..., column]).sum(axis=1) * scale for column in (1, 2))
    indices = leading_indices(pt, options.constituents, "constituents", repairs)
    kept = take_leading(particles, indices, options.constituents)
    available = {
        "pt": kept[..., 0],
        "delta_rapidity": kept[..., 1] - y_jet[:, None],
        "delta_phi": wrapped(kept[..., 2] - phi_jet[:, None]),
        "pdgid": kept[..., 3],
    }
    features = np.stack([available[name] for name in options.particle_features], axis=-1)
    return np.where((kept[..., 0] == 0)[..., None], 0, features).astype(np.float32)


QUARK_GLUON = Format(
    name="quark-gluon",
    summary="quark and gluon jets with particle identities: EnergyFlow, Zenodo 3164691 and 3066475 (npz)",
    citation="https://doi.org/10.5281/zenodo.3164691; Komiske, Metodiev, Thaler, JHEP 01 (2019) 121, arXiv:1810.05165",
    read=read_quark_gluon,
    options=QuarkGluonOptions,
)

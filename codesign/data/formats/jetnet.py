"""JetNet: g, q, W, Z, t jets of about 1 TeV with their 30 or 150 leading particles."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import DELTA_ETA, DELTA_PHI, PT, leading_indices, take_leading
from codesign.data.formats.hdf5_arrays import array_pieces, require_arrays
from codesign.data.formats.labels import file_classes
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.sections import Section

PARTICLES, JETS = "particle_features", "jet_features"
ETA_REL, PHI_REL, PT_REL, MASK = range(4)
CLASSES = ("g", "q", "W", "Z", "t")
# Files are called g.hdf5 (30 particles) or g150.hdf5; the suffix keeps other names that begin with g away.
BY_STEM = {f"{name.lower()}{size}.": name for name in CLASSES for size in ("", "150")}
COLUMNS = {
    "pt": Column("pt", "GeV", PT.description + "; relative pT times the pT of the jet"),
    "pt_rel": Column("pt_rel", "", "pT of the particle divided by that of the jet"),
    "delta_eta": DELTA_ETA,
    "delta_phi": DELTA_PHI,
}
JET_COLUMNS = (
    Column("pt", "GeV", "transverse momentum of the jet"),
    Column("eta", "", "pseudorapidity of the jet"),
    Column("mass", "GeV", "mass of the jet"),
    Column("num_particles", "", "number of particles stored, at most 30 or 150"),
)


class JetNetOptions(Section):
    """What to take from the files.

    Attributes:
        constituents: number of particles, those with the highest pT.
        particle_features: their columns.
    """

    constituents: int = Field(16, ge=1)
    particle_features: tuple[Literal["pt", "pt_rel", "delta_eta", "delta_phi"], ...] = Field(
        ("pt", "delta_eta", "delta_phi"), min_length=1
    )


def read_jetnet(sources: Sequence[Source], options: JetNetOptions) -> Reading:
    """Open the HDF5 files; each holds one class, which its name or the command line tells.

    Raises:
        DataError: a file is not of this layout, or its class is not known.
    """
    classes, indices = file_classes(sources, BY_STEM, CLASSES)
    found = [require_arrays(source.path, {PARTICLES: (None, None, 4), JETS: (None, 4)}) for source in sources]
    columns = tuple(COLUMNS[name] for name in options.particle_features)
    order = next((name for name in ("pt", "pt_rel") if name in options.particle_features), None)
    repairs: Counter[str] = Counter()
    slots = max(shapes[PARTICLES][1] for shapes in found)
    return Reading(
        "jetnet",
        "jetnet",
        {"constituents": Block(columns, options.constituents, order), "jet": Block(JET_COLUMNS)},
        classes,
        _batches(sources, indices, options, slots, repairs),
        rows=sum(shapes[PARTICLES][0] for shapes in found),
        repairs=repairs,
    )


def _batches(
    sources: Sequence[Source], indices: Sequence[int], options: JetNetOptions, slots: int, repairs: Counter[str]
) -> Iterator[Batch]:
    for source, index in zip(sources, indices, strict=True):
        for _, arrays in array_pieces(source.path, [PARTICLES, JETS], batch_rows(4 * 4 * slots)):
            jets = arrays[JETS]
            particles = constituents(arrays[PARTICLES], jets[:, 0], options, repairs)
            yield Batch({"constituents": particles, "jet": jets}, np.full(len(jets), index, np.uint8))


@np.errstate(all="ignore")  # what is not finite is reported by the check of the rows
def constituents(
    particles: NDArray[Any], jet_pt: NDArray[Any], options: JetNetOptions, repairs: Counter[str]
) -> NDArray[Any]:
    """Compute the features of the leading particles.

    Args:
        particles: relative η, φ and pT, and mask, shape (n, slots, 4).
        jet_pt: pT of the jets in GeV, shape (n,).
        options: number of particles and features.
        repairs: counter of repairs, which is added to.

    Returns:
        shape (n, particles, features), zero where the mask says that there is no particle.
    """
    present = np.where((particles[..., MASK] == 0)[..., None], 0, particles)
    indices = leading_indices(present[..., PT_REL], options.constituents, "constituents", repairs)
    kept = take_leading(present, indices, options.constituents)
    available = {
        "pt": kept[..., PT_REL] * jet_pt[:, None],
        "pt_rel": kept[..., PT_REL],
        "delta_eta": kept[..., ETA_REL],
        "delta_phi": kept[..., PHI_REL],
    }
    return np.stack([available[name] for name in options.particle_features], axis=-1)


JETNET = Format(
    name="jetnet",
    summary="g, q, W, Z, t jets with 30 or 150 particles: JetNet, Zenodo 6975118 and 6975117 (HDF5)",
    citation="https://doi.org/10.5281/zenodo.6975118; Kansal et al., NeurIPS 2021, arXiv:2106.11535",
    read=read_jetnet,
    options=JetNetOptions,
)

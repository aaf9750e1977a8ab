"""Jets with up to 150 particles, features and images: Zenodo 3602260, hls4ml LHC jets."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import DELTA_ETA, DELTA_PHI, PT, leading_indices, take_leading
from codesign.data.formats.hdf5_arrays import array_pieces, read_names, require_arrays
from codesign.data.formats.labels import one_hot_indices, refuse_class_names
from codesign.data.formats.splits import SplitChoice, chosen_split
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.features.high_level import HIGH_LEVEL_FEATURES
from codesign.naming import unknown_name
from codesign.sections import Section

CLASSES = ("g", "q", "W", "Z", "t")
FLAGS = ("j_g", "j_q", "j_w", "j_z", "j_t")
PARTICLES, JETS, IMAGE = "jetConstituentList", "jets", "jetImage"
PARTICLE_NAMES, JET_NAMES = "particleFeatureNames", "jetFeatureNames"
# Our name → name in the file without j1_, for those that differ.
RENAMED = {"delta_eta": "etarel", "delta_phi": "phirel", "pt_rel": "ptrel", "e_rel": "erel"}
KNOWN = {column.name: column for column in (PT, DELTA_ETA, DELTA_PHI)} | {
    name: Column(name, "GeV", f"{name} of the particle") for name in ("px", "py", "pz", "e")
}


class LhcJetsOptions(Section):
    """What to take from the files.

    Attributes:
        blocks: which of constituents, high_level and image.
        constituents: number of particles, those with the highest pT.
        particle_features: columns of the particles: the names of the file without ``j1_``, but delta_eta, delta_phi,
            pt_rel, e_rel for etarel, phirel, ptrel, erel.
        jet_features: columns of high_level: the names of the file without ``j_``.
        split: where the rows belong; the record's train and val archives are separate files.
    """

    blocks: tuple[Literal["constituents", "high_level", "image"], ...] = Field(
        ("constituents", "high_level"), min_length=1
    )
    constituents: int = Field(16, ge=1)
    particle_features: tuple[str, ...] = Field(("pt", "delta_eta", "delta_phi"), min_length=1)
    jet_features: tuple[str, ...] = Field(tuple(HIGH_LEVEL_FEATURES), min_length=1)
    split: SplitChoice = "draw"


class _File(NamedTuple):
    """Where the wanted columns lie in one file."""

    path: Path
    rows: int
    arrays: tuple[str, ...]
    values_per_row: int
    particles: list[int]
    pt: int
    jets: list[int]
    flags: list[int]
    pixels: int


def read_lhc_jets(sources: Sequence[Source], options: LhcJetsOptions) -> Reading:
    """Open the HDF5 files.

    Raises:
        DataError: a file lacks an array or a feature, or has another shape.
    """
    refuse_class_names(sources, LHC_JETS.name)
    files = [_inspect(source.path, options) for source in sources]
    if len({file.pixels for file in files}) > 1:
        raise DataError(f"expected images of one size, found {sorted({file.pixels for file in files})} pixels")
    repairs: Counter[str] = Counter()
    return Reading(
        "lhc_jets",
        "zenodo-3602260",
        _blocks(options, files[0].pixels),
        CLASSES,
        _batches(files, options, repairs),
        rows=sum(file.rows for file in files),
        repairs=repairs,
    )


def _inspect(path: Path, options: LhcJetsOptions) -> _File:
    shapes: dict[str, tuple[int | None, ...]] = {JETS: (None, None)}
    if "constituents" in options.blocks:
        shapes[PARTICLES] = (None, None, None)
    if "image" in options.blocks:
        shapes[IMAGE] = (None, None, None)
    found = require_arrays(path, shapes)
    jets = _positions(path, JET_NAMES, "j_", found[JETS][-1])
    particles: dict[str, int] = {}
    if PARTICLES in found:
        # The names have one more entry, j1_pdgid, than the array has columns.
        particles = _positions(path, PARTICLE_NAMES, "j1_", found[PARTICLES][-1])
    return _File(
        path,
        found[JETS][0],
        tuple(found),
        sum(math.prod(shape[1:]) for shape in found.values()),
        [_position(particles, name, path) for name in options.particle_features] if particles else [],
        _position(particles, "pt", path) if particles else 0,
        [_position(jets, name, path) for name in options.jet_features],
        [_position(jets, flag.removeprefix("j_"), path) for flag in FLAGS],
        math.prod(found[IMAGE][1:]) if IMAGE in found else 0,
    )


def _positions(path: Path, array: str, prefix: str, columns: int) -> dict[str, int]:
    names = read_names(path, array)
    if len(names) < columns:
        raise DataError(f"{path}: {array}: expected {columns} names, one for each column, found {len(names)}")
    return {name.removeprefix(prefix): index for index, name in enumerate(names[:columns])}


def _position(positions: Mapping[str, int], name: str, path: Path) -> int:
    stored = RENAMED.get(name, name)
    if stored not in positions:
        ours = {theirs: mine for mine, theirs in RENAMED.items()}
        raise DataError(f"{path}: {unknown_name('feature', name, [ours.get(known, known) for known in positions])}")
    return positions[stored]


def _blocks(options: LhcJetsOptions, pixels: int) -> dict[str, Block]:
    particles = tuple(_particle_column(name) for name in options.particle_features)
    order = next((name for name in ("pt", "pt_rel") if name in options.particle_features), None)
    available = {
        "constituents": Block(particles, options.constituents, order),
        "high_level": Block(tuple(_jet_column(name) for name in options.jet_features)),
        "image": Block((Column("intensity", "", "pixel of jetImage, row by row"),), pixels),
    }
    return {name: available[name] for name in options.blocks}


def _particle_column(name: str) -> Column:
    return KNOWN.get(name, Column(name, "", f"j1_{RENAMED.get(name, name)} of the file"))


def _jet_column(name: str) -> Column:
    if name in HIGH_LEVEL_FEATURES:
        unit, text = HIGH_LEVEL_FEATURES[name]
        return Column(name, unit, text.split("; 0 below")[0])
    return Column(name, "GeV" if name.startswith(("mass", "pt")) and name != "ptfrac" else "", f"j_{name} of the file")


def _batches(files: Sequence[_File], options: LhcJetsOptions, repairs: Counter[str]) -> Iterator[Batch]:
    for file in files:
        rows = batch_rows(2 * file.values_per_row)  # the file is in double precision
        for first_row, arrays in array_pieces(file.path, file.arrays, rows):
            yield _batch(file, arrays, first_row, options, repairs)


def _batch(
    file: _File, arrays: Mapping[str, NDArray[Any]], first_row: int, options: LhcJetsOptions, repairs: Counter[str]
) -> Batch:
    jets = arrays[JETS]
    label = one_hot_indices(jets[:, file.flags], FLAGS, file.path, first_row)
    inputs: dict[str, NDArray[Any]] = {}
    if "constituents" in options.blocks:
        inputs["constituents"] = _constituents(arrays[PARTICLES], file, options.constituents, repairs)
    if "high_level" in options.blocks:
        inputs["high_level"] = jets[:, file.jets]
    if "image" in options.blocks:
        inputs["image"] = arrays[IMAGE].reshape(len(jets), file.pixels, 1)
    return Batch(inputs, label, split=chosen_split(options.split, len(jets)))


def _constituents(particles: NDArray[Any], file: _File, count: int, repairs: Counter[str]) -> NDArray[Any]:
    indices = leading_indices(particles[..., file.pt], count, "constituents", repairs)
    return np.stack([take_leading(particles[..., column], indices, count) for column in file.particles], axis=-1)


LHC_JETS = Format(
    name="lhc-jets",
    summary="g, q, W, Z, t jets with up to 150 particles, features, images: Zenodo 3602260, hls4ml LHC jets (HDF5)",
    citation="https://doi.org/10.5281/zenodo.3602260; Moreno et al., Eur. Phys. J. C 80 (2020) 58, arXiv:1908.05318",
    read=read_lhc_jets,
    options=LhcJetsOptions,
)

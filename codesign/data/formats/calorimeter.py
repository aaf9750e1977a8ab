"""Showers of single particles in calorimeters: the CaloChallenge and CaloGAN sets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.hdf5_arrays import Shape, array_pieces, require_arrays
from codesign.data.formats.labels import file_classes
from codesign.data.formats.splits import SplitChoice, chosen_split
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

PARTICLES = ("photon", "electron", "positron", "pion")
ENERGIES, SHOWERS = "incident_energies", "showers"
CHALLENGE_STEMS = {
    "dataset_1_photons": "photon",
    "dataset_1_pions": "pion",
    "dataset_2": "electron",
    "dataset_3": "electron",
}
GAN_STEMS = {"gamma": "photon", "eplus": "positron", "piplus": "pion"}
GAN_LAYERS = {"layer_0": (3, 96), "layer_1": (12, 12), "layer_2": (12, 6)}
GAN_SHAPES: dict[str, Shape] = {name: (None, *shape) for name, shape in GAN_LAYERS.items()} | {
    "energy": (None, 1),
    "overflow": (None, 3),
}
GAN_BLOCKS = {
    "incident": Block((Column("energy", "GeV", "energy of the incoming particle"),)),
    "overflow": Block(
        tuple(Column(f"energy_{layer}", "MeV", f"energy beside the cells of layer {layer}") for layer in range(3))
    ),
    "showers": Block(
        (Column("energy", "MeV", "energy in a cell; layers 0 (3×96), 1 (12×12), 2 (12×6), each row by row"),),
        sum(rows * columns for rows, columns in GAN_LAYERS.values()),
    ),
}


class ShowerOptions(Section):
    """Where the showers belong.

    Attributes:
        split: "draw", or the split of all of them; training and reference files of the challenge are separate.
    """

    split: SplitChoice = "draw"


def read_calo_challenge(sources: Sequence[Source], options: ShowerOptions) -> Reading:
    """Open CaloChallenge files; each holds one kind of particle, which its name or the command line tells.

    Raises:
        DataError: a file is not of this layout, its particle is not known, or the numbers of voxels differ.
    """
    classes, indices = file_classes(sources, CHALLENGE_STEMS, PARTICLES, others=True)
    found = [require_arrays(source.path, {ENERGIES: (None, 1), SHOWERS: (None, None)}) for source in sources]
    voxels = {shapes[SHOWERS][1] for shapes in found}
    if len(voxels) > 1:
        raise DataError(f"expected showers in one geometry, found {', '.join(map(str, sorted(voxels)))} voxels")
    count = voxels.pop()
    text = "energy in a voxel; radial bins, then angular bins, then layers"
    return Reading(
        "calo_challenge",
        f"calochallenge-{count}-voxels",
        {
            "incident": Block((Column("energy", "MeV", "energy of the incoming particle"),)),
            "showers": Block((Column("energy", "MeV", text),), count),
        },
        classes,
        _challenge_batches(sources, indices, options, count),
        rows=sum(shapes[SHOWERS][0] for shapes in found),
    )


def _challenge_batches(
    sources: Sequence[Source], indices: Sequence[int], options: ShowerOptions, voxels: int
) -> Iterator[Batch]:
    for source, index in zip(sources, indices, strict=True):
        for _, arrays in array_pieces(source.path, [ENERGIES, SHOWERS], batch_rows(2 * voxels)):
            inputs = {"incident": arrays[ENERGIES], "showers": arrays[SHOWERS][..., None]}
            yield _batch(inputs, index, options)


def read_calogan(sources: Sequence[Source], options: ShowerOptions) -> Reading:
    """Open CaloGAN files; each holds one kind of particle, which its name or the command line tells.

    Raises:
        DataError: a file is not of this layout, or its particle is not known.
    """
    classes, indices = file_classes(sources, GAN_STEMS, PARTICLES, others=True)
    rows = sum(require_arrays(source.path, GAN_SHAPES)["energy"][0] for source in sources)
    return Reading("calogan", "calogan", GAN_BLOCKS, classes, _gan_batches(sources, indices, options), rows=rows)


def _gan_batches(sources: Sequence[Source], indices: Sequence[int], options: ShowerOptions) -> Iterator[Batch]:
    values = 2 * sum(rows * columns for rows, columns in GAN_LAYERS.values())
    for source, index in zip(sources, indices, strict=True):
        for _, arrays in array_pieces(source.path, list(GAN_SHAPES), batch_rows(values)):
            cells = [arrays[name].reshape(len(arrays[name]), -1) for name in GAN_LAYERS]
            inputs = {
                "incident": arrays["energy"],
                "overflow": arrays["overflow"],
                "showers": np.concatenate(cells, axis=1)[..., None],
            }
            yield _batch(inputs, index, options)


def _batch(inputs: Mapping[str, NDArray[Any]], index: int, options: ShowerOptions) -> Batch:
    rows = len(inputs["showers"])
    return Batch(inputs, np.full(rows, index, np.uint8), split=chosen_split(options.split, rows))


CALO_CHALLENGE = Format(
    name="calo-challenge",
    summary="calorimeter showers in 368 to 40,500 voxels: CaloChallenge, Zenodo 6234054, 6366270, 6366323 (HDF5)",
    citation="https://calochallenge.github.io; Krause et al., arXiv:2410.21611",
    read=read_calo_challenge,
    options=ShowerOptions,
)
CALOGAN = Format(
    name="calogan",
    summary="calorimeter showers in three layers: CaloGAN, Mendeley Data pvn3xc3wy5 (HDF5)",
    citation="https://doi.org/10.17632/pvn3xc3wy5.1; Paganini, de Oliveira, Nachman, PRD 97 (2018) 014021",
    read=read_calogan,
    options=ShowerOptions,
)

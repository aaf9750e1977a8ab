"""Events for anomaly detection at 40 MHz: MET, electrons, muons and jets of the ADC2021 challenge."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.data.formats.hdf5_arrays import array_pieces, require_arrays
from codesign.data.formats.labels import file_classes
from codesign.data.reading import DRAW, TEST, Batch, Format, NoOptions, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError

PARTICLES = "Particles"
SLOTS, COLUMNS = 19, 4  # columns: pt, eta, phi, id
ID = 3
# What the slots hold, first and last + 1, and the id of an object in them; an empty slot has id 0.
OBJECTS = {"met": (0, 1, 1), "electrons": (1, 5, 2), "muons": (5, 9, 3), "jets": (9, 19, 4)}
BACKGROUND = "background"
BY_STEM = {
    "background": BACKGROUND,
    "Ato4l": "a_to_4l",
    "leptoquark": "lq_to_btau",
    "hToTauTau": "h0_to_tautau",
    "hChToTauNu": "h_to_taunu",
    "BlackBox": "blackbox",
}
CLASSES = tuple(BY_STEM.values())


def _object_columns(singular: str) -> tuple[Column, ...]:
    return (
        Column("pt", "GeV", f"transverse momentum of the {singular}; in decreasing order, zero where there is none"),
        Column("eta", "", f"pseudorapidity of the {singular}"),
        Column("phi", "rad", f"azimuth of the {singular}, in [-π, π)"),
    )


BLOCKS = {
    "met": Block(
        (
            Column("pt", "GeV", "missing transverse momentum"),
            Column("phi", "rad", "azimuth of the missing transverse momentum, in [-π, π)"),
        )
    ),
    "electrons": Block(_object_columns("electron"), 4, "pt"),
    "muons": Block(_object_columns("muon"), 4, "pt"),
    "jets": Block(_object_columns("jet"), 10, "pt"),
}


def read_adc(sources: Sequence[Source], _options: NoOptions) -> Reading:
    """Open the HDF5 files; each holds one process, which its name or the command line tells.

    Background is drawn into train, validation and test. Everything else is test: a detector of anomalies must not
    have seen them, nor may its number formats be chosen on them.

    Raises:
        DataError: a file is not of this layout, or its process is not known.
    """
    classes, indices = file_classes(sources, BY_STEM, CLASSES, others=True)
    shapes = [require_arrays(source.path, {PARTICLES: (None, SLOTS, COLUMNS)}) for source in sources]
    return Reading(
        "adc_40mhz",
        "adc2021-40mhz",
        BLOCKS,
        classes,
        _batches(sources, classes, indices),
        rows=sum(shape[PARTICLES][0] for shape in shapes),
    )


def _batches(sources: Sequence[Source], classes: Sequence[str], indices: Sequence[int]) -> Iterator[Batch]:
    rows = batch_rows(2 * SLOTS * COLUMNS)  # double precision on disk
    for source, index in zip(sources, indices, strict=True):
        split = DRAW if classes[index] == BACKGROUND else TEST
        for first_row, arrays in array_pieces(source.path, [PARTICLES], rows):
            particles = arrays[PARTICLES]
            _check_slots(particles, source.path, first_row)
            inputs = {name: particles[:, first:last, :ID] for name, (first, last, _) in OBJECTS.items()}
            inputs["met"] = inputs["met"][:, 0, [0, 2]]
            count = len(particles)
            yield Batch(inputs, np.full(count, index, np.uint8), split=np.full(count, split, np.uint8))


def _check_slots(particles: NDArray[Any], path: Path, first_row: int) -> None:
    """Check that each slot holds an object of its kind or nothing, for shape (n, 19, 4)."""
    ids = particles[..., ID]
    expected = np.empty(SLOTS)
    for first, last, number in OBJECTS.values():
        expected[first:last] = number
    bad = (ids != expected) & (ids != 0)
    if bad.any():
        row, slot = (int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{path}: row {first_row + row}, slot {slot}: expected the object id {expected[slot]:g} or 0 (empty), "
            f"found {ids[row, slot]:g}"
        )
    filled = (ids == 0) & (particles[..., :ID] != 0).any(axis=-1)
    if filled.any():
        row, slot = (int(i) for i in np.argwhere(filled)[0])
        raise DataError(
            f"{path}: row {first_row + row}, slot {slot}: expected zeros, since the object id is 0 (empty), "
            f"found pt {particles[row, slot, 0]:g}"
        )


ADC_40MHZ = Format(
    name="adc-40mhz",
    summary="MET, 4 electrons, 4 muons, 10 jets per event, background and new physics: ADC2021, Zenodo 5046389 (HDF5)",
    citation="https://doi.org/10.5281/zenodo.5046389; Govorkova et al., Sci. Data 9 (2022) 118, arXiv:2107.02157",
    read=read_adc,
)

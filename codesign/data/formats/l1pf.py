"""Dumps of the CMS Phase-2 Level-1 particle-flow inputs: tracks, clusters and muons of the barrel, per event.

Layout and scales: p2l1pfp/GlobalCorrelator_HLS, DiscretePFInputs.h and utils/DiscretePFInputs_IO.h, with six numbers
after the regions (vertex, true vertex, four of PUPPI). An event is a list of regions with angles relative to the centre
of the region; here the regions of an event are joined, with angles of the detector.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Annotated, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from codesign.data.formats.constituents import wrapped
from codesign.data.formats.slots import Account, fill_slots
from codesign.data.reading import Batch, Format, Reading, Source, batch_rows
from codesign.data.schema import Block, Column
from codesign.errors import DataError
from codesign.sections import Section

NAME = "l1pf-dump"
DEFAULT_CLASS = "data"

PT_LSB = 0.25  # GeV
VERTEX_ETA_LSB, VERTEX_PHI_LSB = 1e-5, 2.5e-6  # of tracks at the vertex
Z0_LSB = 0.05  # cm
MOST_REGIONS, MOST_OBJECTS = 1000, 10_000  # more than any detector has: the bytes are no dump

CLUSTER = np.dtype(
    [
        ("pt", "<i2"),
        ("em_pt", "<i2"),
        ("pt_error", "<i2"),
        ("eta", "<i2"),
        ("phi", "<i2"),
        ("flags", "<u2"),
        ("is_em", "u1"),
    ]
)
TRACK = np.dtype(
    [
        ("inverse_pt", "<u2"),
        ("vertex_eta", "<i4"),
        ("vertex_phi", "<i4"),
        ("positive", "u1"),
        ("z0", "<i2"),
        ("chi2", "<u2"),
        ("stubs", "<u2"),
        ("flags", "<u2"),
        ("pt", "<i2"),
        ("pt_error", "<i2"),
        ("calo_pt_error", "<i2"),
        ("eta", "<i2"),
        ("phi", "<i2"),
    ]
)
MUON = np.dtype([("pt", "<i2"), ("eta", "<i2"), ("phi", "<i2"), ("flags", "<u2"), ("positive", "u1")])
OBJECTS = {"clusters": CLUSTER, "em_clusters": CLUSTER, "tracks": TRACK, "muons": MUON}  # in the order of the file
HEADER, REGION, TRAILER = struct.Struct("<IIQI"), struct.Struct("<7f"), struct.Struct("<6f")
COUNT = struct.Struct("<I")

_CALORIMETER = "at the calorimeter surface"
_COMMON = (
    Column("pt", "GeV", "transverse momentum, 0.25 GeV steps"),
    Column("eta", "", f"pseudorapidity {_CALORIMETER}"),
    Column("phi", "rad", f"azimuth {_CALORIMETER}, in [-π, π)"),
)
_CLUSTER = (
    *_COMMON,
    Column("em_pt", "GeV", "transverse momentum in the electromagnetic calorimeter"),
    Column("pt_error", "GeV", "resolution of the transverse momentum"),
    Column("is_em", "", "1 if identified as electromagnetic"),
)
_CHARGE = Column("charge", "", "+1 or -1")
COLUMNS = {
    "clusters": _CLUSTER,
    "em_clusters": _CLUSTER,
    "tracks": (
        *_COMMON,
        Column("vertex_eta", "", "pseudorapidity at the vertex"),
        Column("vertex_phi", "rad", "azimuth at the vertex, in [-π, π)"),
        _CHARGE,
        Column("z0", "cm", "position of the closest approach to the beam line"),
        Column("stubs", "", "number of stubs"),
        Column("chi2", "", "χ² of the track, hardware integer"),
    ),
    "muons": (*_COMMON, _CHARGE),
}
VERTEX = (
    Column("z0", "cm", "position of the reconstructed vertex"),
    Column("true_z0", "cm", "position of the simulated vertex"),
)


class L1pfOptions(Section):
    """Options of particle-flow dumps.

    Attributes:
        tracks: slots for tracks; 125 are in the busiest of 250 tt̄ events with 140 interactions per crossing.
        clusters: slots for calorimeter clusters.
        em_clusters: slots for clusters of the electromagnetic calorimeter.
        muons: slots for muons.
        angle_steps_per_degree: the scale of angles at the calorimeter; 4, or 3 in later versions of the format.
    """

    tracks: Annotated[int, Field(ge=1)] = 128
    clusters: Annotated[int, Field(ge=1)] = 128
    em_clusters: Annotated[int, Field(ge=1)] = 64
    muons: Annotated[int, Field(ge=1)] = 4
    angle_steps_per_degree: Annotated[int, Field(ge=1)] = 4

    @property
    def slots(self) -> dict[str, int]:
        """Slots of each block."""
        return {
            "clusters": self.clusters,
            "em_clusters": self.em_clusters,
            "tracks": self.tracks,
            "muons": self.muons,
        }


class Event(NamedTuple):
    """One event.

    Attributes:
        objects: block → values of the objects of all regions in the order of the file, shape (k, columns).
        vertex: positions of the reconstructed and the true vertex in cm.
    """

    objects: dict[str, NDArray[np.float64]]
    vertex: tuple[float, float]


def read(sources: Sequence[Source], options: L1pfOptions) -> Reading:
    """Open particle-flow dumps; several files follow one another.

    Args:
        sources: files; the class of a row is that of its file, by default "data".
        options: slots and scale.
    """
    classes = tuple(dict.fromkeys(source.class_name or DEFAULT_CLASS for source in sources))
    blocks = {name: Block(COLUMNS[name], slots, "pt") for name, slots in options.slots.items()}
    blocks["vertex"] = Block(VERTEX)
    account = Account()
    return Reading(
        name=NAME,
        origin=NAME,
        blocks=blocks,
        classes=classes,
        batches=_batches(sources, classes, options, account),
        repairs=account.repairs,
        notes={"rows_with_more_objects": account.longer},
    )


def read_events(source: Source, file: BinaryIO, angle_lsb: float) -> Iterator[Event]:
    """Read events one after the other.

    Args:
        source: the file, for messages.
        file: the same, open.
        angle_lsb: step of angles at the calorimeter in rad.

    Raises:
        DataError: the file is truncated, or no such dump.
    """
    size = source.path.stat().st_size
    while file.tell() < size:
        *_, regions = HEADER.unpack(_bytes(source, file, HEADER.size))
        _require_few(source, file, "regions", regions, MOST_REGIONS)
        pieces: dict[str, list[NDArray[np.float64]]] = {name: [] for name in OBJECTS}
        for _ in range(regions):
            region = REGION.unpack(_bytes(source, file, REGION.size))
            for name, dtype in OBJECTS.items():
                (count,) = COUNT.unpack(_bytes(source, file, COUNT.size))
                _require_few(source, file, name.replace("_", " "), count, MOST_OBJECTS)
                words = np.frombuffer(_bytes(source, file, count * dtype.itemsize), dtype)
                pieces[name].append(_physical(name, words, region[0], region[3], angle_lsb))
        z0, true_z0, *_ = TRAILER.unpack(_bytes(source, file, TRAILER.size))
        objects = {
            name: np.concatenate([np.zeros((0, len(COLUMNS[name]))), *values]) for name, values in pieces.items()
        }
        yield Event(objects, (z0, true_z0))


def _physical(
    name: str, words: NDArray[np.void], eta_center: float, phi_center: float, angle_lsb: float
) -> NDArray[np.float64]:
    """Return the columns of the objects of a region, shape (k, columns), with angles of the detector."""
    values = {
        "pt": words["pt"] * PT_LSB,
        "eta": words["eta"] * angle_lsb + eta_center,
        "phi": wrapped(words["phi"] * angle_lsb + phi_center),
    }
    if name in ("tracks", "muons"):
        values["charge"] = np.where(words["positive"] != 0, 1.0, -1.0)
    if name == "tracks":
        values["vertex_eta"] = words["vertex_eta"] * VERTEX_ETA_LSB + eta_center
        values["vertex_phi"] = wrapped(words["vertex_phi"] * VERTEX_PHI_LSB + phi_center)
        values |= {"z0": words["z0"] * Z0_LSB, "stubs": words["stubs"], "chi2": words["chi2"]}
    if words.dtype == CLUSTER:
        values |= {
            "em_pt": words["em_pt"] * PT_LSB,
            "pt_error": words["pt_error"] * PT_LSB,
            "is_em": words["is_em"] != 0,
        }
    return np.stack([np.asarray(values[column.name], np.float64) for column in COLUMNS[name]], axis=-1)


def _batches(
    sources: Sequence[Source], classes: Sequence[str], options: L1pfOptions, account: Account
) -> Iterator[Batch]:
    angle_lsb = np.pi / 180 / options.angle_steps_per_degree
    rows = batch_rows(sum(slots * len(COLUMNS[name]) for name, slots in options.slots.items()))
    bytes_before = 0
    for source in sources:
        label = classes.index(source.class_name or DEFAULT_CLASS)
        with source.path.open("rb") as file:
            waiting: list[Event] = []
            for event in read_events(source, file, angle_lsb):
                waiting.append(event)
                if len(waiting) == rows:
                    yield _batch(waiting, label, options, account, bytes_before + file.tell())
                    waiting = []
            if waiting:
                yield _batch(waiting, label, options, account, bytes_before + file.tell())
        bytes_before += source.path.stat().st_size


def _batch(events: Sequence[Event], label: int, options: L1pfOptions, account: Account, consumed_bytes: int) -> Batch:
    inputs: dict[str, NDArray[np.float64]] = {}
    for name, slots in options.slots.items():
        counts = np.array([len(event.objects[name]) for event in events], np.int64)
        values = np.concatenate([event.objects[name] for event in events])
        # Joining regions makes a new order, which is no repair of the file's.
        inputs[name], _ = fill_slots(values, counts, 0, slots)
        if (counts > slots).any():
            account.longer[name] += int((counts > slots).sum())
    inputs["vertex"] = np.array([event.vertex for event in events])
    return Batch(inputs, np.full(len(events), label), consumed_bytes=consumed_bytes)


def _bytes(source: Source, file: BinaryIO, count: int) -> bytes:
    """Read exactly ``count`` bytes."""
    place = file.tell()
    data = file.read(count)
    if len(data) != count:
        raise DataError(
            f"{source.path}: byte {place}: expected {count} more bytes of an event, found {len(data)}; "
            "the file is truncated, or no particle-flow dump"
        )
    return data


def _require_few(source: Source, file: BinaryIO, what: str, count: int, most: int) -> None:
    if count > most:
        raise DataError(
            f"{source.path}: byte {file.tell() - COUNT.size}: expected at most {most} {what}, found {count}; "
            "the file is damaged, or no particle-flow dump"
        )


FORMAT = Format(
    name="l1pf-dump",
    summary="CMS Phase-2 Level-1 particle-flow inputs (binary dump): tracks, clusters, muons, vertex per event",
    citation="CMS-TDR-021; repository p2l1pfp/GlobalCorrelator_HLS",
    read=read,
    options=L1pfOptions,
)

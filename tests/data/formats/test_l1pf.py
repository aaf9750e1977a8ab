import math
import re
import struct

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.convert import convert
from codesign.data.formats.l1pf import CLUSTER, FORMAT, MUON, TRACK, L1pfOptions
from codesign.data.reading import Source
from codesign.errors import DataError

DEGREE = math.pi / 180
# By hand: 2.5 GeV at η = -4 steps, φ = +8 steps; positive track of 5 GeV, 1 cm; muon of 10 GeV, negative.
CLUSTERS = [struct.pack("<hhhhhHB", 10, 6, 2, -4, 8, 0, 1), struct.pack("<hhhhhHB", 40, 0, 9, 0, 0, 0, 0)]
TRACKS = [struct.pack("<HiiBhHHHhhhhh", 4000, 1000, -4000, 1, 20, 77, 6, 0, 20, 1, 2, 12, -16)]
MUONS = [struct.pack("<hhhHB", 40, 4, 4, 0, 0)]
EM = [struct.pack("<hhhhhHB", 4, 4, 1, 0, 0, 0, 1)]
LISTS = (CLUSTERS, EM, TRACKS, MUONS)
NOTHING = ([], [], [], [])


def region(phi_center, lists=LISTS, eta_center=0.0):
    data = struct.pack("<7f", eta_center, -1.5, 1.5, phi_center, math.pi / 12, 0, 0)
    for objects in lists:
        data += struct.pack("<I", len(objects)) + b"".join(objects)
    return data


def event(*regions, z0=1.5, true_z0=1.25):
    return struct.pack("<IIQI", 1, 2, 3, len(regions)) + b"".join(regions) + struct.pack("<6f", z0, true_z0, 1, 2, 3, 4)


def write(tmp_path, data, name="a.dump"):
    path = tmp_path / name
    path.write_bytes(data)
    return Source(path)


def converted(*sources, **options):
    output = sources[0].path.with_suffix(".h5")
    convert(sources, output, FORMAT, L1pfOptions(**options))
    return Dataset.open(output)


def test_the_layout_has_no_gaps():
    assert (CLUSTER.itemsize, TRACK.itemsize, MUON.itemsize) == (13, 29, 9)


def test_an_event_has_the_objects_of_its_regions_at_their_place_in_the_detector(tmp_path):
    with converted(write(tmp_path, event(region(0.5), region(3.1, ([], [], TRACKS, [])), region(1, NOTHING)))) as data:
        read = {name: data.read(name)[0] for name in data.blocks}
    assert read["clusters"][0] == pytest.approx([10, 0, 0.5, 0, 2.25, 0], rel=1e-6)
    assert read["clusters"][1] == pytest.approx([2.5, -DEGREE, 0.5 + 2 * DEGREE, 1.5, 0.5, 1], rel=1e-6)
    assert not read["clusters"][2:].any()
    track = [5, 3 * DEGREE, 0.5 - 4 * DEGREE, 0.01, 0.49, 1, 1.0, 6, 77]
    assert read["tracks"][0] == pytest.approx(track, rel=1e-5)
    assert read["tracks"][1, 2] == pytest.approx(3.1 - 4 * DEGREE, rel=1e-6)
    assert read["muons"][0] == pytest.approx([10, DEGREE, 0.5 + DEGREE, -1], rel=1e-6)
    assert read["em_clusters"][0, 0] == 1
    assert read["vertex"].tolist() == [1.5, 1.25]


def test_azimuths_are_wrapped_across_the_seam(tmp_path):
    with converted(write(tmp_path, event(region(3.14, (CLUSTERS, [], [], []))))) as data:
        assert data.read("clusters")[0, 1, 2] == pytest.approx(3.14 + 2 * DEGREE - 2 * math.pi, rel=1e-5)


def test_pseudorapidities_are_relative_to_the_region(tmp_path):
    with converted(write(tmp_path, event(region(0, eta_center=1.0)))) as data:
        assert data.read("clusters")[0, 1, 1] == pytest.approx(1 - DEGREE, rel=1e-6)
        assert data.read("tracks")[0, 0, [1, 3]] == pytest.approx([1 + 3 * DEGREE, 1.01], rel=1e-6)


def test_later_versions_have_another_scale_of_angles(tmp_path):
    with converted(write(tmp_path, event(region(0))), angle_steps_per_degree=2) as data:
        assert data.read("muons")[0, 0, 1] == pytest.approx(2 * DEGREE, rel=1e-6)


def test_the_softest_objects_are_cut_and_the_rows_counted(tmp_path):
    with converted(write(tmp_path, event(region(0)) + event(region(0, NOTHING))), clusters=1) as data:
        assert data.read("clusters")[:, 0, 0].tolist() == [10, 0]
        assert data.provenance["rows_with_more_objects"] == {"clusters": 1}


def test_files_follow_one_another_and_carry_their_class(tmp_path):
    first = write(tmp_path, event(region(0)) * 3, "a.dump")
    second = write(tmp_path, event(region(0), z0=-2), "b.dump")
    with converted(Source(first.path, "ttbar"), second) as data:
        assert data.classes == ("ttbar", "data")
        assert data.labels().tolist() == [0, 0, 0, 1]
        assert data.read("vertex")[:, 0].tolist() == [1.5, 1.5, 1.5, -2]


def test_progress_reaches_the_size_of_the_files(tmp_path):
    sources = [write(tmp_path, event(region(0)) * 2, name) for name in ("a.dump", "b.dump")]
    batches = list(FORMAT.read(sources, L1pfOptions()).batches)
    assert [batch.consumed_bytes for batch in batches] == [sources[0].path.stat().st_size * n for n in (1, 2)]


def test_every_truncation_is_refused(tmp_path):
    good = event(region(0.5))
    for length in range(1, len(good)):
        source = write(tmp_path, good[:length])
        with pytest.raises(DataError, match=r"byte \d+: expected \d+ more bytes of an event, found \d+"):
            converted(source)
    assert list(tmp_path.iterdir()) == [source.path]


BAD = {
    "regions": (struct.pack("<IIQI", 1, 2, 3, 5000), "byte 16: expected at most 1000 regions, found 5000"),
    "objects": (
        struct.pack("<IIQI", 1, 2, 3, 1) + struct.pack("<7fI", *np.zeros(7), 2**31),
        "byte 48: expected at most 10000 clusters, found 2147483648",
    ),
    "text": (b"Event with 5 candidates, 0 jets", "expected at most 1000 regions"),
    "empty": (b"", "expected at least one row, found none"),
    "other version": (event(region(0))[:-4] * 2, "expected"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_other_files_are_refused(tmp_path, data, message):
    with pytest.raises(DataError, match=re.escape(message)):
        converted(write(tmp_path, data))

import gzip
import re

import h5py
import numpy as np
import pandas as pd
import pytest

from codesign.data.formats.openml_jets import CERNBOX, CERNBOX_FEATURES, CERNBOX_FLAGS, FEATURES, OPENML, row_hashes
from codesign.data.reading import NoOptions, Source
from codesign.errors import DataError
from codesign.features.high_level import HIGH_LEVEL_FEATURES


def jets(rows=40):
    random = np.random.default_rng(3)
    frame = pd.DataFrame({name: random.normal(size=rows).round(6) for name in FEATURES})
    frame["class"] = random.choice(list("gqtwz"), rows)
    return frame


def write_arff(path, frame, classes="{g, q, t, w, z}"):
    header = ["% a comment that doesn't matter", "@RELATION hls4ml_lhc_jets_hlf", ""]
    header += [f"@ATTRIBUTE {name} REAL" for name in FEATURES] + [f"@ATTRIBUTE 'class' {classes}", "", "@DATA"]
    path.write_text("\n".join(header) + "\n" + frame.to_csv(header=False, index=False))
    return path


def write(path, frame):
    kind = path.suffix
    if kind == ".arff":
        write_arff(path, frame)
    elif kind == ".csv":
        frame.to_csv(path, index=False)
    elif kind == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    elif kind == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_hdf(path, key="jets", format="table")
    return path


def write_cernbox(path, frame, flags, particles):
    """A structured table with one row per particle, as on CERNBox."""
    kinds = [(name, "<f4") for name in (*CERNBOX_FEATURES, "j1_pt")] + [(name, "<i4") for name in flags]
    table = np.zeros(len(particles), kinds)
    for theirs, ours in zip(CERNBOX_FEATURES, FEATURES, strict=True):
        table[theirs] = frame[ours].to_numpy()[particles]
    for name, values in flags.items():
        table[name] = np.asarray(values)[particles]
    table["j1_pt"] = np.arange(len(particles))
    with h5py.File(path, "w") as file:
        file.create_dataset("t_allpar_new", data=table, compression="gzip", chunks=(min(7, len(particles)),))
    return path


@pytest.mark.parametrize("name", ["jets.arff", "jets.csv", "jets.csv.gz", "jets.parquet", "jets.h5"])
def test_every_copy_of_the_set_gives_the_published_values(tmp_path, converted, name):
    frame = jets()
    out = converted(OPENML, write(tmp_path / name, frame))
    np.testing.assert_allclose(out.blocks["high_level"], frame[list(FEATURES)].to_numpy(), rtol=1e-7)
    assert out.classes == ("g", "q", "W", "Z", "t")
    assert out.labels == [{"w": "W", "z": "Z"}.get(name, name) for name in frame["class"]]
    assert [column.name for column in out.columns["high_level"]] == list(HIGH_LEVEL_FEATURES)
    assert out.columns["high_level"][14].unit == "GeV"
    assert out.provenance["origin"] == "openml-42468"
    assert set(out.splits) == {"train", "validation", "test"}


def test_classes_may_be_quoted_or_bytes_written_as_text(tmp_path, converted):
    frame = jets(4)
    frame["class"] = ["'g'", "b'q'", "'w'", "t"]
    out = converted(OPENML, write_arff(tmp_path / "jets.arff", frame))
    assert out.labels == ["g", "q", "W", "t"]


@pytest.mark.parametrize("name", ["jets.arff", "jets.parquet", "jets.h5"])
def test_the_size_of_the_batches_does_not_matter(tmp_path, converted, small_batches, name):
    path = write(tmp_path / name, jets())
    whole = converted(OPENML, path).content
    small_batches()
    assert converted(OPENML, path).content == whole


def test_several_files_are_read_one_after_the_other(tmp_path, converted):
    frame = jets(30)
    one, other = write(tmp_path / "a.arff", frame[:10]), write(tmp_path / "b.csv", frame[10:])
    out = converted(OPENML, one, other)
    np.testing.assert_allclose(out.blocks["high_level"], frame[list(FEATURES)].to_numpy(), rtol=1e-7)
    batches = OPENML.read([Source(one), Source(other)], NoOptions()).batches
    assert [batch.consumed_bytes for batch in batches] == [
        one.stat().st_size,
        one.stat().st_size + other.stat().st_size,
    ]


def broken(tmp_path, change):
    frame = jets(5)
    return change(tmp_path / "jets.arff", frame)


def renamed_feature(path, frame):
    write_arff(path, frame)
    path.write_text(path.read_text().replace("@ATTRIBUTE zlogz", "@ATTRIBUTE zlog"))
    return path


def unknown_class(path, frame):
    frame.loc[3, "class"] = "b"
    return write_arff(path, frame)


def cut(path, frame):
    text = write_arff(path, frame).read_text()
    path.write_text(text[: text.rindex(",") - 3])
    return path


def no_data(path, frame):
    path.write_text(write_arff(path, frame).read_text().split("@DATA")[0])
    return path


def missing_value(path, frame):
    text = write_arff(path, frame).read_text()
    head, data = text.split("@DATA\n")
    path.write_text(head + "@DATA\n?" + data[data.index(",") :])
    return path


def additional_field(path, frame):
    path.write_text(write_arff(path, frame).read_text() + "1,2,3\n" + ",".join(["1"] * 19) + "\n")
    return path


BROKEN = {
    "feature": (renamed_feature, "unknown column 'zlogz'; did you mean 'zlog'?"),
    "class": (unknown_class, "row 3: class: unknown class 'b'; known: g, q, w, z, t"),
    "truncated": (cut, "row 4: class: unknown class 'nan'"),
    "no data": (no_data, "expected a line @DATA, found none"),
    "missing value": (missing_value, "row 0: high_level.zlogz: expected a finite number, found nan"),
    "fields": (additional_field, "Expected 17 fields in line 29, saw 19"),
    "text": (lambda path, frame: write_arff(path, frame.assign(zlogz="x")), "could not convert string to float"),
    "empty": (lambda path, frame: write_arff(path, frame[:0]), "expected at least one row, found none"),
    "not text": (lambda path, _: path.write_bytes(b"\xff\xfe\x00\x01") and path, "cannot be read as a table of text"),
    "other header": (lambda path, _: path.write_text("zlogz,class\n1,g\n") and path, "line 1: expected @RELATION"),
}


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_with_one_line(tmp_path, converted, change, message):
    path = broken(tmp_path, change)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        converted(OPENML, path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "converted" / "data.h5").exists()


def test_a_class_on_the_command_line_is_refused(tmp_path, converted):
    path = write(tmp_path / "jets.csv", jets(3))
    with pytest.raises(DataError, match="tell the class of each row; give the file alone"):
        converted(OPENML, ("g", path))


def flags_of(*classes):
    return {flag: [int(flag == f"j_{name}") for name in classes] for flag in (*CERNBOX_FLAGS, "j_undef")}


def test_a_jet_of_the_cernbox_set_is_taken_once_and_one_without_class_not_at_all(tmp_path, converted, small_batches):
    frame = jets(4)
    particles = [0, 0, 0, 1, 1, 2, 3, 3, 0, 2]
    path = write_cernbox(tmp_path / "jets.z", frame, flags_of("t", "w", "undef", "g"), particles)
    whole = converted(CERNBOX, path)
    np.testing.assert_allclose(
        whole.blocks["high_level"], frame[list(FEATURES)].to_numpy()[[0, 1, 3]].astype(np.float32), rtol=1e-7
    )
    assert whole.labels == ["t", "W", "g"]
    assert whole.classes == ("g", "q", "W", "Z", "t")
    assert whole.provenance["origin"] == "cernbox-lhc-jets"
    assert whole.repairs == {
        "rows left out: further particle of a jet taken before": 6,
        "rows left out: no class (j_undef)": 1,
    }
    small_batches()
    assert converted(CERNBOX, path).content == whole.content


def test_a_cernbox_jet_with_two_classes_is_refused(tmp_path, converted):
    flags = flags_of("t", "w") | {"j_g": [0, 1]}
    path = write_cernbox(tmp_path / "jets.z", jets(2), flags, [0, 1])
    with pytest.raises(DataError, match="row 1: expected exactly one of the flags j_g, j_q, j_w, j_z, j_t to be 1"):
        converted(CERNBOX, path)


def test_the_two_sets_refuse_each_other(tmp_path, converted):
    cernbox = write_cernbox(tmp_path / "jets.z", jets(2), flags_of("t", "w"), [0, 1])
    with pytest.raises(DataError, match=r"use format cernbox-jets: the two sets differ .* must not be mixed"):
        converted(OPENML, cernbox)
    with pytest.raises(DataError, match=r"use format openml-jets: the two sets differ .* must not be mixed"):
        converted(CERNBOX, write(tmp_path / "jets.csv", jets(2)))


def test_rows_that_differ_in_one_bit_have_different_hashes():
    rows = np.zeros((97, 3), np.float32)
    bits = rows.view(np.uint32)
    for place in range(96):
        bits[place, place // 32] = 1 << (place % 32)
    assert len(np.unique(row_hashes(rows))) == 97
    np.testing.assert_array_equal(row_hashes(rows), row_hashes(rows.copy()))

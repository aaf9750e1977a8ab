import gzip
import io
import re
import tomllib
import zipfile
from inspect import cleandoc
from itertools import takewhile

import h5py
import numpy as np
import pandas as pd
import pytest

from codesign.data.formats.table import TABLE, TableOptions
from codesign.data.reading import Source
from codesign.errors import ConfigError, DataError

RANDOM = np.random.default_rng(11)


def jets(rows=40):
    random = np.random.default_rng(12)
    frame = pd.DataFrame({name: random.exponential(30, rows).round(4) for name in ("pt1", "pt2", "mass")})
    frame["eta1"], frame["eta2"] = random.normal(size=(2, rows)).round(4)
    frame["kind"] = random.integers(0, 2, rows)
    frame["w"] = random.uniform(0.5, 2, rows).round(4)
    return frame


def write(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".h5":
        frame.to_hdf(path, key="events", format="table")
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{name: frame[name].to_numpy() for name in frame})
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    else:
        frame.to_csv(path, index=False)
    return path


def examples():
    """The examples in the documentation of the options."""
    texts = cleandoc(TableOptions.__doc__).split("::\n\n")[1:]
    lines = [takewhile(lambda line: not line or line.startswith("    "), text.split("\n")) for text in texts]
    return [tomllib.loads("\n".join(line.strip() for line in block)) for block in lines]


EVERY_FORMAT = pytest.mark.parametrize("name", ["jets.csv", "jets.csv.gz", "jets.parquet", "jets.h5", "jets.npz"])


@EVERY_FORMAT
def test_without_options_the_columns_of_numbers_become_one_block(tmp_path, converted, name):
    frame = jets()
    out = converted(TABLE, write(tmp_path / name, frame))
    assert sorted(column.name for column in out.columns["high_level"]) == sorted(frame)
    order = [column.name for column in out.columns["high_level"]]
    np.testing.assert_array_equal(out.blocks["high_level"], frame[order].astype(np.float32))
    assert out.classes == ("data",)
    assert out.provenance["origin"] == "table:jets"


@EVERY_FORMAT
def test_the_documented_map_gives_objects_classes_and_weights(tmp_path, converted, small_batches, name):
    frame = jets()
    options = examples()[0]
    out = converted(TABLE, write(tmp_path / name, frame), options=options)
    pt, eta = frame[["pt1", "pt2"]].to_numpy(), frame[["eta1", "eta2"]].to_numpy()
    order = np.argsort(-pt, axis=1)
    expected = np.stack([np.take_along_axis(pt, order, 1), np.take_along_axis(eta, order, 1)], axis=-1)
    np.testing.assert_array_equal(out.blocks["jets"], expected.astype(np.float32))
    np.testing.assert_array_equal(out.blocks["high_level"][:, 0], frame["mass"].astype(np.float32))
    assert [column.unit for column in out.columns["jets"]] == ["GeV", ""]
    assert out.labels == [("background", "signal")[kind] for kind in frame["kind"]]
    np.testing.assert_array_equal(out.weights, frame["w"].astype(np.float32))
    assert out.repairs == {"rows reordered: jets by decreasing pt": int((pt[:, 1] > pt[:, 0]).sum())}
    small_batches()
    assert converted(TABLE, tmp_path / name, options=options).content == out.content


def constituents(rows=30):
    random = np.random.default_rng(13)
    values = random.normal(size=(rows, 20, 3))
    values[..., 0] = -np.sort(-random.exponential(20, (rows, 20)), axis=1)
    return {"x": values, "y": random.integers(0, 2, rows)}


def write_arrays(path, content):
    if path.suffix == ".npz":
        np.savez(path, **content)
    else:
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                file[name] = values
    return path


@pytest.mark.parametrize("name", ["jets.npz", "jets.h5"])
def test_the_documented_map_of_an_array_gives_the_leading_objects(tmp_path, converted, small_batches, name):
    content = constituents()
    out = converted(TABLE, write_arrays(tmp_path / name, content), options=examples()[1])
    np.testing.assert_array_equal(out.blocks["constituents"], content["x"][:, :16].astype(np.float32))
    assert [column.name for column in out.columns["constituents"]] == ["pt", "eta", "phi"]
    assert out.labels == [("g", "q")[label] for label in content["y"]]
    small_batches()
    assert converted(TABLE, tmp_path / name, options=examples()[1]).content == out.content


@pytest.mark.parametrize("name", ["jets.npz", "jets.h5"])
def test_without_options_every_array_becomes_a_block(tmp_path, converted, name):
    content = constituents() | {"features": RANDOM.normal(size=(30, 4)), "text": np.full(30, "a", "S")}
    out = converted(TABLE, write_arrays(tmp_path / name, content))
    np.testing.assert_array_equal(out.blocks["x"], content["x"].astype(np.float32))
    np.testing.assert_array_equal(out.blocks["features"], content["features"].astype(np.float32))
    np.testing.assert_array_equal(out.blocks["high_level"][:, 0], content["y"])
    assert [column.name for column in out.columns["features"]] == ["f0", "f1", "f2", "f3"]
    assert out.provenance["left_out"] == ["text"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_columns_of_a_bare_array_can_be_named(tmp_path, converted, small_batches, order):
    values = np.column_stack([RANDOM.normal(size=(20, 2)), np.arange(20) % 2])
    np.save(tmp_path / "set.npy", np.asarray(values, order=order))
    options = {"label": "label", "classes": ["b", "s"], "names": {"array": ["mjj", "tau", "label"]}}
    out = converted(TABLE, tmp_path / "set.npy", options=options)
    assert [column.name for column in out.columns["high_level"]] == ["mjj", "tau"]
    np.testing.assert_array_equal(out.blocks["high_level"], values[:, :2].astype(np.float32))
    assert out.labels == ["b", "s"] * 10
    small_batches()
    assert converted(TABLE, tmp_path / "set.npy", options=options).content == out.content
    indexed = {"label": "array[2]", "classes": ["b", "s"], "blocks": {"high_level": {"columns": {"m": "array[0]"}}}}
    np.testing.assert_array_equal(
        converted(TABLE, tmp_path / "set.npy", options=indexed).blocks["high_level"], values[:, :1].astype(np.float32)
    )


def test_text_truth_values_and_flags_can_be_labels(tmp_path, converted):
    frame = jets(4).assign(
        text=["W", "q", "q", "W"], truth=[True, False, False, True], is_q=[0, 1, 1, 0], is_w=[1, 0, 0, 1]
    )
    expected = ["W", "q", "q", "W"]
    ways = [
        {"label": "text", "classes": ["q", "W"]},
        {"label": "text", "classes": {"W": "W", "q": "q"}},
        {"label": "truth", "classes": {"False": "q", "True": "W"}},
        {"label": ["is_q", "is_w"], "classes": ["q", "W"]},
    ]
    for name in ("jets.csv", "jets.parquet"):
        path = write(tmp_path / name, frame)
        for way in ways:
            assert converted(TABLE, path, options=way | {"blocks": {"high_level": {"columns": ["mass"]}}}).labels == (
                expected
            )
    flags = write_arrays(tmp_path / "f.h5", {"x": np.ones((4, 2)), "y": frame[["is_q", "is_w"]].to_numpy()})
    out = converted(TABLE, flags, options={"label": "y", "classes": ["q", "W"]})
    assert out.labels == expected
    assert list(out.blocks) == ["x"]


def test_truth_values_in_arrays_can_be_labels(tmp_path, converted):
    path = write_arrays(tmp_path / "a.npz", {"x": np.ones((3, 2)), "y": np.array([True, False, True])})
    for classes in ({"False": "b", "True": "s"}, {"0": "b", "1": "s"}, ["b", "s"]):
        assert converted(TABLE, path, options={"label": "y", "classes": classes}).labels == ["s", "b", "s"]


def test_each_file_can_be_a_class(tmp_path, converted):
    one, other = write(tmp_path / "a.csv", jets(5)), write(tmp_path / "b.csv", jets(3))
    out = converted(TABLE, ("signal", one), ("background", other), options={"name": "toy", "split": "test"})
    assert out.classes == ("signal", "background")
    assert out.labels == ["signal"] * 5 + ["background"] * 3
    assert set(out.splits) == {"test"}
    assert out.provenance["origin"] == "table:toy"
    with pytest.raises(DataError, match=r"b\.csv: expected a class for every file \(CLASS=FILE\) or for none"):
        converted(TABLE, ("signal", one), other)


def test_a_file_with_a_header_only_adds_nothing(tmp_path, converted):
    whole, empty = write(tmp_path / "a.csv", jets(5)), write(tmp_path / "b.csv", jets(0))
    assert len(converted(TABLE, empty, whole).labels) == 5
    with pytest.raises(DataError, match="expected at least one row, found none"):
        converted(TABLE, empty)


def test_the_progress_ends_at_the_size_of_all_files(tmp_path, small_batches):
    small_batches()
    paths = [write(tmp_path / name, jets(9)) for name in ("a.csv", "b.parquet", "c.csv.gz")]
    batches = list(TABLE.read([Source(path) for path in paths], TableOptions()).batches)
    consumed = [batch.consumed_bytes for batch in batches]
    assert consumed == sorted(consumed)
    assert consumed[8] == paths[0].stat().st_size
    assert consumed[-1] == sum(path.stat().st_size for path in paths)


def test_only_the_label_is_left_out_of_arrays(tmp_path, converted):
    content = {"x": np.ones((4, 3)), "meta": np.column_stack([[0, 1, 1, 0], np.full(4, 7)])}
    options = {"label": "meta[0]", "classes": ["b", "s"], "names": {"meta": ["kind", "run"]}}
    out = converted(TABLE, write_arrays(tmp_path / "a.npz", content), options=options)
    assert [column.name for column in out.columns["x"]] == ["f0", "f1", "f2"]
    assert [column.name for column in out.columns["meta"]] == ["run"]
    with pytest.raises(DataError, match=r"unknown column 'meta\[2\]'"):
        converted(TABLE, tmp_path / "a.npz", options=options | {"label": "meta[2]"})


def test_event_numbers_that_lose_digits_are_counted(tmp_path, converted):
    frame = jets(3).assign(event=[2**24, 2**24 + 1, 3])
    assert converted(TABLE, write(tmp_path / "a.csv", frame)).repairs == {
        "rows rounded: whole numbers above 2^24 in high_level": 1
    }


WRONG = {
    "column": ({"blocks": {"jets": {"columns": {"pt": "pt3"}}}}, DataError, "unknown column 'pt3'; did you mean 'pt"),
    "label": ({"label": "knd", "classes": ["a", "b"]}, DataError, "unknown column 'knd'; did you mean 'kind'?"),
    "weight": ({"weight": "weight"}, DataError, "unknown column 'weight'"),
    "text": ({"blocks": {"b": {"columns": ["text"]}}}, DataError, "column text: expected numbers, found text"),
    "array": ({"blocks": {"b": {"array": "x"}}}, DataError, "unknown column 'x'"),
    "not an array": ({"blocks": {"b": {"array": "w"}}}, DataError, "w: expected two or three axes, rows included"),
    "no classes": ({"label": "kind"}, ConfigError, 'for example {"0" = "NAME", "1" = "NAME"}, found none'),
    "no label": ({"classes": ["a"]}, ConfigError, "classes: expected the option label beside it"),
    "few classes": ({"label": "kind", "classes": {"1": "s"}}, DataError, "kind: unknown class '0'; known: 1"),
    "flags": ({"label": ["kind", "w"]}, DataError, "expected exactly one of the flags kind, w to be 1"),
    "flag names": ({"label": ["kind", "w"], "classes": ["a"]}, ConfigError, "expected a list of 2 names"),
    "ragged": ({"blocks": {"j": {"columns": {"pt": ["pt1", "pt2"], "eta": ["eta1"]}}}}, ConfigError, "as many columns"),
    "mixed": ({"blocks": {"j": {"columns": {"pt": ["pt1"], "m": "mass"}}}}, ConfigError, "as many columns"),
    "unit": ({"blocks": {"j": {"columns": ["mass"], "units": {"pt": "GeV"}}}}, ConfigError, "unknown column 'pt'"),
    "order": ({"blocks": {"j": {"columns": ["mass"], "order_by": "mass"}}}, ConfigError, "need several objects"),
    "nothing": ({"blocks": {"j": {}}}, ConfigError, "blocks.j: expected array or columns, found neither"),
    "key": ({"blocks": {"j": {"column": ["mass"]}}}, ConfigError, "unknown key 'column'; did you mean 'columns'?"),
}


@pytest.mark.parametrize(("options", "error", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_map_is_refused(tmp_path, converted, options, error, message):
    path = write(tmp_path / "jets.csv", jets().assign(text="a", kind=[0, 1] * 20))
    with pytest.raises(error, match=re.escape(message)):
        converted(TABLE, path, options=options)
    assert not (tmp_path / "converted" / "data.h5").exists()


BROKEN = {
    "fields": ("a,b\n1,2\n3,4,5\n", "Expected 2 fields in line 3, saw 3"),
    "first row": ("a,b\n1,2,3\n4,5,6\n", "cannot be read as a table of text: Length of header or names does not match"),
    "missing": ("a,b\n1,2\n3\n", "row 1: high_level.b: expected a finite number, found nan"),
    "no header": ("1.5,2\n3,4\n", "expected a header line of column names, found the numbers 1.5, 2"),
    "twice": ("a,a\n1,2\n", "expected different column names, found a, a"),
    "nothing": ("", "expected a header line of column names, found an empty file"),
    "only text": ("a\nx\n", "expected columns of numbers besides label and weight, found none"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_text_is_refused(tmp_path, converted, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        converted(TABLE, tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


def test_text_among_numbers_far_below_is_refused(tmp_path, converted):
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 3000 + "x\n")
    with pytest.raises(DataError, match="could not convert string to float"):
        converted(TABLE, tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet", "a.h5", "a.npz", "a.npy"])
def test_truncated_files_are_refused(tmp_path, converted, name):
    path = tmp_path / name
    np.save(path, np.ones((50, 3))) if path.suffix == ".npy" else write(path, jets())
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"damaged|truncated|Compressed file ended"):
        converted(TABLE, path)


def test_an_array_with_fewer_values_than_it_says_is_refused(tmp_path, converted):
    path = tmp_path / "a.npz"
    content = io.BytesIO()
    np.save(content, np.ones((5, 2)))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content.getvalue()[:-8])
    with pytest.raises(DataError, match="array x is truncated"):
        converted(TABLE, path)


def test_arrays_of_different_length_and_files_of_different_columns_are_refused(tmp_path, converted):
    path = write_arrays(tmp_path / "a.npz", {"x": np.ones((3, 2)), "y": np.ones((4, 2))})
    with pytest.raises(DataError, match="expected as many rows of y as of x, 3, found"):
        converted(TABLE, path)
    path = write_arrays(tmp_path / "a.h5", {"x": np.ones((3, 2)), "y": np.ones((4, 2))})
    with pytest.raises(DataError, match="y: expected 3 rows as x has, found 4"):
        converted(TABLE, path)
    one, other = write(tmp_path / "a.csv", jets(5)), write(tmp_path / "b.csv", jets(5)[["mass", "w"]])
    with pytest.raises(DataError, match=r"b\.csv: expected the same columns as in .*a\.csv, found others"):
        converted(TABLE, one, other)


def test_an_unknown_suffix_is_refused(tmp_path, converted):
    (tmp_path / "a.pkl").write_bytes(b"x")
    with pytest.raises(DataError, match=r"unknown suffix '\.pkl'.* known: \.csv"):
        converted(TABLE, tmp_path / "a.pkl")


@pytest.mark.parametrize("kind", [np.bytes_(b"Vframe_table\np0\n."), "frame_table"])
def test_a_frame_written_by_an_old_or_another_program_is_read(tmp_path, converted, kind):
    path = write(tmp_path / "a.h5", jets(3))
    with h5py.File(path, "r+") as file:
        file["events"].attrs["pandas_type"] = kind
    assert len(converted(TABLE, path).columns["high_level"]) == 7


def test_a_pickle_hidden_in_a_frame_is_not_run(tmp_path, converted):
    path = write(tmp_path / "a.h5", jets(3))
    with h5py.File(path, "r+") as file:
        table = file["events/table"]
        (member,) = [name for name in table.attrs if name == "values_block_0_kind"]
        names = bytes(table.attrs[member])
        table.attrs[member] = np.bytes_(b"cos\nmkdir\n(V" + str(tmp_path / "run").encode() + b"\ntR" + names)
    with pytest.raises(DataError):
        converted(TABLE, path)
    assert not (tmp_path / "run").exists()

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from codesign.data import SPLITS, Dataset, write_dataset
from codesign.errors import DataError


def test_open_gives_what_was_written(sample, content):
    with Dataset.open(sample) as data:
        assert data.name == "numbered"
        assert data.classes == ("q", "W")
        assert data.provenance == {"generator": "arange", "seed": 1}
        assert len(data) == 40
        assert sorted(data.blocks) == ["constituents", "high_level"]
        assert [column.name for column in data.columns("high_level")] == ["mass", "multiplicity", "zlogz"]
        assert data.columns("high_level")[0].unit == "GeV"
        assert data.columns("high_level")[2].description == "Σ z ln z"
        np.testing.assert_array_equal(data.read("high_level"), content()["inputs"]["high_level"][0])
        np.testing.assert_array_equal(data.read("constituents"), content()["inputs"]["constituents"][0])
        np.testing.assert_array_equal(data.labels(), np.arange(40) % 2)
        data.verify_digest()


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_has_its_rows_in_the_order_of_the_file(sample, split, content):
    rows = np.flatnonzero(content()["split"] == SPLITS.index(split))
    with Dataset.open(sample) as data:
        np.testing.assert_array_equal(data.read("high_level", split)[:, 0], 3 * rows)
        np.testing.assert_array_equal(data.read("constituents", split)[:, 0, 0], -8 * rows)
        np.testing.assert_array_equal(data.labels(split), rows % 2)
        assert data.weights(split).shape == rows.shape


def test_columns_come_in_the_order_asked_for(sample, content):
    with Dataset.open(sample) as data:
        two = data.read("high_level", columns=["zlogz", "mass"])
        one = data.read("constituents", "test", ["delta_eta"])
    np.testing.assert_array_equal(two, content()["inputs"]["high_level"][0][:, [2, 0]])
    assert two.dtype == np.float32
    assert one.shape == (8, 4, 1)


def test_rows_are_joined_correctly_across_chunks(tmp_path, content):
    given = content(20_001)
    write_dataset(tmp_path / "long.h5", **given)
    with Dataset.open(tmp_path / "long.h5") as data:
        for split, name in enumerate(SPLITS):
            for block, (values, _) in given["inputs"].items():
                np.testing.assert_array_equal(data.read(block, name), values[given["split"] == split])
        data.verify_digest()


def test_counts(sample):
    with Dataset.open(sample) as data:
        assert data.counts() == {
            "train": {"q": 8, "W": 8},
            "validation": {"q": 8, "W": 8},
            "test": {"q": 4, "W": 4},
        }


def test_weights_are_one_unless_given(tmp_path, sample, content):
    with Dataset.open(sample) as data:
        np.testing.assert_array_equal(data.weights(), np.ones(40, np.float32))
    write_dataset(tmp_path / "weighted.h5", **content(), weight=np.arange(40) / 4)
    with Dataset.open(tmp_path / "weighted.h5") as data:
        np.testing.assert_array_equal(data.weights("test"), np.arange(4, 40, 5) / 4)


def test_the_file_is_closed_at_the_end_of_the_with_statement(sample):
    with Dataset.open(sample) as data:
        pass
    assert "numbered" in repr(data)
    with h5py.File(sample, "r+"):
        pass


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: data.read("high_levle"), "unknown input block 'high_levle'; did you mean 'high_level'?"),
        (lambda data: data.columns("jets"), "unknown input block 'jets'"),
        (lambda data: data.read("high_level", "training"), "unknown split 'training'; did you mean 'train'?"),
        (lambda data: data.labels("all"), "unknown split 'all'; known: train, validation, test"),
        (
            lambda data: data.read("high_level", columns=["mass", "multiplicty"]),
            "/inputs/high_level: unknown column 'multiplicty'; did you mean 'multiplicity'? known: mass, multiplicity",
        ),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_known(sample, call, message):
    with Dataset.open(sample) as data, pytest.raises(DataError, match=re.escape(message)):
        call(data)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(sample, value):
    with h5py.File(sample, "r+") as file:
        file["inputs/high_level"][[7, 11], 1] = value  # a row of the validation split and one of the training split
    with Dataset.open(sample) as data:
        with pytest.raises(DataError, match=r"found 2 NaN or infinite; first in column 'multiplicity' at row 7;"):
            data.read("high_level")
        with pytest.raises(DataError, match=r"found 1 NaN or infinite; first in column 'multiplicity' at row 11;"):
            data.read("high_level", "train")
        assert data.read("high_level", columns=["mass"]).shape == (40, 1)
        assert data.read("high_level", "test").shape == (8, 3)


def test_not_finite_constituents_and_weights_are_refused(tmp_path, content):
    weight = np.ones(40)
    weight[3] = np.nan
    write_dataset(tmp_path / "bad.h5", **content(), weight=weight)
    with h5py.File(tmp_path / "bad.h5", "r+") as file:
        file["inputs/constituents"][5, 2, 1] = np.nan
    with Dataset.open(tmp_path / "bad.h5") as data:
        with pytest.raises(DataError, match="found 1 NaN or infinite; first in column 'delta_eta' at row 5"):
            data.read("constituents")
        with pytest.raises(DataError, match="/weight: expected finite values, found 1"):
            data.weights()


def test_changed_content_fails_the_digest(sample):
    with h5py.File(sample, "r+") as file:
        file["label"][0] = 1
    with Dataset.open(sample) as data, pytest.raises(DataError, match="content was changed"):
        data.verify_digest()


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.h5: expected an HDF5 file, found no file"):
        Dataset.open(tmp_path / "nowhere.h5")
    with pytest.raises(DataError, match="found a directory"):
        Dataset.open(tmp_path)


def test_a_text_file_is_not_hdf5(tmp_path):
    path = tmp_path / "table.h5"
    path.write_text("mass,multiplicity\n1,2\n")
    with pytest.raises(DataError, match="not an HDF5 file, or truncated"):
        Dataset.open(path)


def test_truncation_is_always_noticed(sample):
    whole = sample.read_bytes()
    for length in range(0, len(whole), 1499):
        sample.write_bytes(whole[:length])
        with pytest.raises(DataError, match="truncated"):
            Dataset.open(sample)


def test_a_flipped_byte_is_a_data_error_or_harmless(sample):
    whole = sample.read_bytes()
    seen = set()
    for position in range(0, len(whole), 307):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        sample.write_bytes(damaged)
        try:
            with Dataset.open(sample) as data:
                data.verify_digest()
                for block in data.blocks:
                    data.read(block)
            seen.add("harmless")
        except DataError:
            seen.add("refused")
    assert seen == {"harmless", "refused"}


def _edit(change):
    def edit(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return edit


def _replace(file, name, value):
    attributes = dict(file[name].attrs)
    del file[name]
    file[name] = value
    file[name].attrs.update(attributes)


MALFORMED = {
    "no schema version": (lambda f: f.attrs.__delitem__("schema_version"), "was not written as a codesign data set"),
    "later schema": (lambda f: f.attrs.__setitem__("schema_version", 2), "expected schema_version 1, found 2; update"),
    "no name": (lambda f: f.attrs.__delitem__("name"), "expected the text attribute 'name' at the root, found None"),
    "digest a number": (lambda f: f.attrs.__setitem__("digest", 7), "expected the text attribute 'digest'"),
    "no provenance": (lambda f: f.attrs.__delitem__("provenance"), "expected the JSON attribute 'provenance' at /"),
    "provenance not JSON": (
        lambda f: f.attrs.__setitem__("provenance", "{"),
        "attribute 'provenance' at / is not JSON",
    ),
    "provenance a list": (lambda f: f.attrs.__setitem__("provenance", "[]"), "'provenance' must be a JSON object"),
    "no label": (lambda f: f.__delitem__("label"), "expected the data set /label, found ['inputs', 'split']"),
    "no split": (lambda f: f.__delitem__("split"), "expected the data set /split"),
    "no inputs": (lambda f: f.__delitem__("inputs"), "expected at least one data set /inputs/<block>"),
    "empty inputs": (lambda f: f["inputs"].clear(), "expected at least one data set /inputs/<block>"),
    "label float": (
        lambda f: _replace(f, "label", np.zeros(40)),
        "/label: expected uint8 of shape (n,), found float64",
    ),
    "short split": (
        lambda f: _replace(f, "split", np.zeros(39, np.uint8)),
        "/split: expected uint8 of shape (40,), found uint8 (39,)",
    ),
    "weight per class": (
        lambda f: f.create_dataset("weight", data=np.ones((40, 2), np.float32)),
        "/weight: expected float32 of shape (40,)",
    ),
    "double inputs": (
        lambda f: _replace(f, "inputs/high_level", np.zeros((40, 3))),
        "/inputs/high_level: expected float32 with two or three axes",
    ),
    "short inputs": (
        lambda f: _replace(f, "inputs/high_level", np.zeros((39, 3), np.float32)),
        "/inputs/high_level: expected 40 rows (labels) and 3 columns (its attribute), found shape (39, 3)",
    ),
    "a column more": (
        lambda f: _replace(f, "inputs/high_level", np.zeros((40, 4), np.float32)),
        "40 rows (labels) and 3 columns (its attribute), found shape (40, 4)",
    ),
    "no column names": (
        lambda f: f["inputs/high_level"].attrs.__delitem__("columns"),
        "expected the JSON attribute 'columns' at /inputs/high_level",
    ),
    "column names only": (
        lambda f: f["inputs/high_level"].attrs.__setitem__("columns", '["a", "b", "c"]'),
        "expected a JSON list of {name, unit, description}",
    ),
    "same column twice": (
        lambda f: f["inputs/constituents"].attrs.__setitem__(
            "columns", '[{"name": "pt", "unit": "", "description": ""}, {"name": "pt", "unit": "", "description": ""}]'
        ),
        "column names must differ, found ['pt', 'pt']",
    ),
    "classes a number": (lambda f: f["label"].attrs.__setitem__("classes", "2"), "expected a list of different names"),
    "same class twice": (
        lambda f: f["label"].attrs.__setitem__("classes", '["q", "q"]'),
        "expected a list of different names, found ['q', 'q']",
    ),
    "label outside": (
        lambda f: f["label"].__setitem__([4, 9], 2),
        "/label: expected values 0 to 1 (the classes are q, W), found 2 at row 4 (2 such rows)",
    ),
    "split outside": (
        lambda f: f["split"].__setitem__(6, 3),
        "/split: expected values 0 to 2 (0 train, 1 validation, 2 test), found 3 at row 6 (1 such rows)",
    ),
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED)
def test_files_that_are_not_in_the_layout_are_refused(sample, change, message):
    _edit(change)(sample)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        Dataset.open(sample)
    assert str(sample) in str(caught.value)

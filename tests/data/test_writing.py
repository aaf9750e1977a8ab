import re

import h5py
import numpy as np
import pytest

from codesign.data import Column, Dataset, write_dataset
from codesign.errors import DataError


def test_the_same_content_gives_the_same_bytes(tmp_path, content):
    write_dataset(tmp_path / "one.h5", **content(10_000))
    write_dataset(tmp_path / "deep" / "other.h5", **content(10_000))
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "deep" / "other.h5").read_bytes()


def test_the_digest_follows_values_and_names_but_not_the_provenance(tmp_path, content):
    def digest(**changes):
        write_dataset(tmp_path / "data.h5", **(content() | changes))
        with Dataset.open(tmp_path / "data.h5") as data:
            return data.digest

    plain = digest()
    values, columns = content()["inputs"]["high_level"]
    assert digest(provenance={"seed": 2}) == plain
    assert digest(classes=["q", "Z"]) != plain
    assert digest(inputs={**content()["inputs"], "high_level": (values + 1, columns)}) != plain
    assert digest(weight=np.ones(40)) != plain
    renamed = [Column("m", "GeV", "m"), *columns[1:]]
    assert digest(inputs={**content()["inputs"], "high_level": (values, renamed)}) != plain


def test_arrays_are_compressed_in_columns(sample):
    with h5py.File(sample) as file:
        block = file["inputs/constituents"]
        assert block.compression == "gzip"
        assert block.shuffle
        assert block.chunks == (8192, 1, 1)


WRONG = {
    "rows": ({"label": np.zeros(39, int)}, "expected 39 rows, found shape (40,"),
    "no rows": (
        {
            "inputs": {"high_level": (np.zeros((0, 1)), [Column("a", "", "")])},
            "label": np.zeros(0, int),
            "split": np.zeros(0, int),
        },
        "expected at least one row",
    ),
    "label too large": ({"label": np.full(40, 2)}, "/label: expected values 0 to 1, found 2 to 2"),
    "label that would wrap": ({"label": np.full(40, 256)}, "/label: expected values 0 to 1, found 256 to 256"),
    "negative split": ({"split": np.full(40, -1)}, "/split: expected values 0 to 2, found -1 to -1"),
    "label one-hot": (
        {"label": np.zeros((40, 2), int)},
        "/label: expected integers of shape (n,), found int64 (40, 2)",
    ),
    "label float": ({"label": np.zeros(40)}, "/label: expected integers of shape (n,), found float64"),
    "no classes": ({"classes": []}, "expected 1 to 256 classes, found 0"),
    "weight": ({"weight": 1.0}, "/weight: expected 40 rows, found shape ()"),
    "columns": (
        {"inputs": {"high_level": (np.zeros((40, 2)), [Column("a", "", "")])}},
        "/inputs/high_level: expected shape (40, 1), found shape (40, 2)",
    ),
    "one axis": (
        {"inputs": {"high_level": (np.zeros(40), [Column("a", "", "")])}},
        "/inputs/high_level: expected shape (40, 1), found shape (40,)",
    ),
    "block name": ({"inputs": {"a/b": (np.zeros((40, 1)), [Column("a", "", "")])}}, "a block name without '/'"),
    "no inputs": ({"inputs": {}}, "expected at least one data set /inputs/<block>"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_leave_nothing_behind(tmp_path, changes, message, content):
    with pytest.raises(DataError, match=re.escape(message)):
        write_dataset(tmp_path / "data.h5", **(content() | changes))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(sample, monkeypatch, content):
    before = sample.read_bytes()

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_dataset", full_disk)
    with pytest.raises(DataError, match=r"cannot be written: .*No space left on device"):
        write_dataset(sample, **content(50))
    assert sample.read_bytes() == before
    assert list(sample.parent.iterdir()) == [sample]


def test_the_place_must_be_a_directory(tmp_path, content):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_dataset(tmp_path / "file" / "data.h5", **content())

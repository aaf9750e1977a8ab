import numpy as np
import pytest

from codesign.data.dataset import Dataset
from codesign.data.schema import Column
from codesign.data.transform import merge_datasets, split_dataset
from codesign.data.writing import write_dataset
from codesign.errors import ConfigError, DataError


def write(path, *, seed, classes, rows=500, origin="here", columns=("pt", "eta"), unit="GeV", weight=False):
    random = np.random.default_rng(seed)
    write_dataset(
        path,
        name="events",
        inputs={
            "high_level": (random.exponential(30, (rows, 2)), [Column(name, unit, "") for name in columns]),
            "jets": (random.random((rows, 2, 1)), [Column("pt", "GeV", "")]),
        },
        label=random.integers(0, len(classes), rows),
        classes=classes,
        split=random.integers(0, 3, rows),
        provenance={"origin": origin},
        weight=random.random(rows) if weight else None,
    )
    return path


def test_every_class_is_divided_by_itself(tmp_path):
    source = write(tmp_path / "a.h5", seed=1, classes=["x", "y", "z"])
    split_dataset(source, tmp_path / "b.h5", fractions=(0.5, 0.3, 0.2), seed=4, test_only=["z"])
    with Dataset.open(source) as before, Dataset.open(tmp_path / "b.h5") as after:
        assert (after.read("high_level") == before.read("high_level")).all()
        assert (after.read("jets") == before.read("jets")).all()
        assert (after.labels() == before.labels()).all()
        counts = after.counts()
        for name in ("x", "y"):
            total = sum(counts[split][name] for split in counts)
            assert [counts[split][name] for split in counts] == pytest.approx(np.array([0.5, 0.3, 0.2]) * total, abs=1)
        assert (counts["train"]["z"], counts["validation"]["z"]) == (0, 0)
        assert after.origin == "here"
        assert "test only: ['z']" in after.provenance["split"]


def test_the_same_seed_gives_the_same_bytes_and_another_one_not(tmp_path):
    source = write(tmp_path / "a.h5", seed=1, classes=["x"])
    contents = []
    for seed in (1, 1, 2):
        split_dataset(source, tmp_path / "b.h5", fractions=(0.6, 0.2, 0.2), seed=seed)
        contents.append((tmp_path / "b.h5").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_an_unknown_class_is_named(tmp_path):
    source = write(tmp_path / "a.h5", seed=1, classes=["signal", "background"])
    with pytest.raises(ConfigError, match=r"unknown class 'sgnal'.*signal"):
        split_dataset(source, tmp_path / "b.h5", fractions=(0.6, 0.2, 0.2), seed=1, test_only=["sgnal"])


def test_merging_joins_rows_and_classes_by_name(tmp_path):
    first = write(tmp_path / "a.h5", seed=1, classes=["background", "signal"])
    second = write(tmp_path / "b.h5", seed=2, classes=["other", "background"], weight=True)
    merge_datasets([first, second], tmp_path / "c.h5")
    with Dataset.open(first) as a, Dataset.open(second) as b, Dataset.open(tmp_path / "c.h5") as c:
        assert c.classes == ("background", "signal", "other")
        names = [d.classes[label] for d in (a, b) for label in d.labels()]
        assert [c.classes[label] for label in c.labels()] == names
        assert (c.splits() == np.concatenate([a.splits(), b.splits()])).all()
        assert (c.weights() == np.concatenate([np.ones(500), b.weights()])).all()
        assert (c.read("jets") == np.concatenate([a.read("jets"), b.read("jets")])).all()
        assert [entry["digest"] for entry in c.provenance["merged"]] == [a.digest, b.digest]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origin": "elsewhere"}, "origin 'elsewhere', but .* has 'here'"),
        ({"columns": ("pt", "phi")}, r"has the blocks .*phi \[GeV\].*, but .* has .*eta \[GeV\]"),
        ({"unit": "MeV"}, r"pt \[MeV\]"),
        ({"seed": 1}, "has the same content as"),
    ],
)
def test_data_sets_that_differ_are_never_mixed(tmp_path, changes, message):
    first = write(tmp_path / "a.h5", seed=1, classes=["x"])
    second = write(tmp_path / "b.h5", **({"seed": 2, "classes": ["x"]} | changes))
    with pytest.raises(DataError, match=message):
        merge_datasets([first, second], tmp_path / "c.h5")
    assert not (tmp_path / "c.h5").exists()


def test_one_input_and_the_output_as_input_are_refused(tmp_path):
    source = write(tmp_path / "a.h5", seed=1, classes=["x"])
    with pytest.raises(DataError, match="at least two data sets, found 1"):
        merge_datasets([source], tmp_path / "b.h5")
    with pytest.raises(DataError, match="the output is also an input"):
        merge_datasets([source, tmp_path / "b.h5"], tmp_path / "b.h5")

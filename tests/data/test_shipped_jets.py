from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.simulation.chunks import Chunk, simulate_chunk
from codesign.data.simulation.columns import round_high_level
from codesign.features import HIGH_LEVEL_FEATURES

SAMPLE = Path(__file__).parents[2] / "examples" / "data" / "jets.h5"


@pytest.fixture(scope="module")
def data():
    with Dataset.open(SAMPLE) as opened:
        yield opened


def test_the_content_is_the_one_that_was_written(data):
    data.verify_digest()
    assert SAMPLE.stat().st_size <= 8_000_000


def test_size_classes_and_splits(data):
    assert data.classes == ("g", "q", "W", "Z", "t")
    assert data.counts() == {
        "train": dict.fromkeys(data.classes, 7500),
        "validation": dict.fromkeys(data.classes, 2500),
        "test": dict.fromkeys(data.classes, 2500),
    }
    assert data.read("constituents", "test").shape == (12_500, 16, 3)


def test_every_column_is_defined(data):
    assert [column.name for column in data.columns("high_level")] == list(HIGH_LEVEL_FEATURES)
    assert [column.name for column in data.columns("constituents")] == ["pt", "delta_eta", "delta_phi"]
    assert all(column.description for block in data.blocks for column in data.columns(block))
    assert data.provenance["seed"] == 1


def test_masses_peak_where_they_should(data):
    mass, label = data.read("high_level", columns=["mass_mmdt"])[:, 0], data.labels()
    for name, expected, half_width, fraction in (("W", 80.4, 10, 0.7), ("Z", 91.2, 10, 0.7), ("t", 172.5, 25, 0.45)):
        of_class = mass[label == data.classes.index(name)]
        counts, edges = np.histogram(of_class, bins=np.arange(0, 300, 4))
        assert abs(edges[counts.argmax()] + 2 - expected) < 5
        assert np.mean(np.abs(of_class - expected) < half_width) > fraction


def test_gluons_radiate_more_than_quarks(data):
    multiplicity, label = data.read("high_level", columns=["multiplicity"])[:, 0], data.labels()
    gluon, quark = (multiplicity[label == data.classes.index(name)].mean() for name in "gq")
    # Between 1 and the ratio of colour factors, 9/4.
    assert 1.3 < gluon / quark < 2.25


def test_every_split_has_the_same_distributions(data):
    train, test = data.read("high_level", "train"), data.read("high_level", "test")
    error = test.std(axis=0) * np.sqrt(1 / len(test) + 1 / len(train))
    assert (np.abs(test.mean(axis=0) - train.mean(axis=0)) < 5 * error).all()


@pytest.mark.simulation
def test_the_code_still_makes_the_shipped_jets(data):
    made_with = data.provenance["versions"]["pythia8mc"]
    pytest.importorskip("pythia8mc")
    if version("pythia8mc") != made_with:
        pytest.skip(f"the sample was made with pythia8mc {made_with}")
    made = round_high_level(simulate_chunk(Chunk("W", 0, 5), seed=1, pt_gev=1000.0).high_level)
    shipped = data.read("high_level")[data.labels() == data.classes.index("W")]
    for jet in made:
        # One unit in the last stored place: other processors may round the last digit differently.
        assert np.isclose(shipped, jet, rtol=2.0**-9).all(axis=1).any()

import re

import h5py
import numpy as np
import pytest

from codesign.data.formats.calorimeter import CALO_CHALLENGE, CALOGAN
from codesign.errors import ConfigError, DataError


def challenge(rows=20, voxels=368):
    random = np.random.default_rng(9)
    showers = random.exponential(10, (rows, voxels)) * (random.random((rows, voxels)) < 0.2)
    return {"incident_energies": 2.0 ** random.integers(8, 22, (rows, 1)), "showers": showers}


def calogan(rows=20):
    random = np.random.default_rng(10)
    layers = {"layer_0": (3, 96), "layer_1": (12, 12), "layer_2": (12, 6)}
    content = {name: random.exponential(5, (rows, *shape)) for name, shape in layers.items()}
    return content | {"energy": random.uniform(1, 100, (rows, 1)), "overflow": random.exponential(5, (rows, 3))}


def write(path, content):
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file.create_dataset(name, data=values, compression="gzip")
    return path


def test_challenge_showers_keep_the_order_of_the_voxels(tmp_path, converted):
    content = challenge()
    out = converted(CALO_CHALLENGE, write(tmp_path / "dataset_1_photons_1.hdf5", content))
    np.testing.assert_array_equal(out.blocks["showers"][..., 0], content["showers"].astype(np.float32))
    np.testing.assert_array_equal(out.blocks["incident"], content["incident_energies"].astype(np.float32))
    assert out.columns["showers"][0].unit == out.columns["incident"][0].unit == "MeV"
    assert out.labels == ["photon"] * 20
    assert out.repairs == {}
    assert out.provenance["origin"] == "calochallenge-368-voxels"


@pytest.mark.parametrize(
    ("name", "particle"),
    [("dataset_1_pions_1.hdf5", "pion"), ("dataset_2_1.hdf5", "electron"), ("dataset_3_4.hdf5", "electron")],
)
def test_the_file_name_tells_the_particle(tmp_path, converted, name, particle):
    assert converted(CALO_CHALLENGE, write(tmp_path / name, challenge())).classes == (particle,)


def test_calogan_showers_are_the_three_layers_one_after_the_other(tmp_path, converted):
    content = calogan()
    out = converted(CALOGAN, write(tmp_path / "piplus.hdf5", content))
    showers = out.blocks["showers"]
    assert showers.shape == (20, 504, 1)
    np.testing.assert_array_equal(showers[:, :288, 0].reshape(20, 3, 96), content["layer_0"].astype(np.float32))
    np.testing.assert_array_equal(showers[:, 288:432, 0].reshape(20, 12, 12), content["layer_1"].astype(np.float32))
    np.testing.assert_array_equal(showers[:, 432:, 0].reshape(20, 12, 6), content["layer_2"].astype(np.float32))
    np.testing.assert_array_equal(out.blocks["overflow"], content["overflow"].astype(np.float32))
    assert (out.columns["incident"][0].unit, out.columns["showers"][0].unit) == ("GeV", "MeV")
    assert out.labels == ["pion"] * 20


def test_class_and_split_can_be_given(tmp_path, converted):
    files = [("gamma", write(tmp_path / "a.h5", calogan(3))), ("photon", write(tmp_path / "b.h5", calogan(2)))]
    out = converted(CALOGAN, *files, options={"split": "validation"})
    assert out.classes == ("photon", "gamma")
    assert out.labels == ["gamma"] * 3 + ["photon"] * 2
    assert set(out.splits) == {"validation"}
    with pytest.raises(ConfigError, match="split"):
        converted(CALOGAN, *files, options={"split": "val"})


@pytest.mark.parametrize(("file_format", "make"), [(CALO_CHALLENGE, challenge), (CALOGAN, calogan)])
def test_the_size_of_the_batches_does_not_matter(tmp_path, converted, small_batches, file_format, make):
    path = write(tmp_path / "a.h5", make(300))
    whole = converted(file_format, ("photon", path)).content
    small_batches()
    assert converted(file_format, ("photon", path)).content == whole


WRONG = {
    "array": (CALO_CHALLENGE, lambda: {"showers": challenge()["showers"]}, "unknown array 'incident_energies'"),
    "shape": (
        CALO_CHALLENGE,
        lambda: challenge() | {"incident_energies": np.zeros(20)},
        "incident_energies: expected numbers of shape (any, 1), found float64 (20,)",
    ),
    "negative": (
        CALO_CHALLENGE,
        lambda: challenge() | {"showers": challenge()["showers"] - 1e-3},
        "showers.energy: expected a finite number ≥ 0, found -0.001",
    ),
    "layer": (
        CALOGAN,
        lambda: calogan() | {"layer_1": np.zeros((20, 12, 11))},
        "layer_1: expected numbers of shape (any, 12, 12), found float64 (20, 12, 11)",
    ),
    "missing": (
        CALOGAN,
        lambda: {name: values for name, values in calogan().items() if name != "layer_2"},
        "unknown array 'layer_2'; did you mean 'layer_1'?",
    ),
    "nan": (
        CALOGAN,
        lambda: calogan() | {"energy": np.full((20, 1), np.nan)},
        "row 0: incident.energy: expected a finite number, found nan",
    ),
    "empty": (
        CALOGAN,
        lambda: {name: values[:0] for name, values in calogan().items()},
        "expected at least one row, found none",
    ),
}


@pytest.mark.parametrize(("file_format", "make", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content_is_refused(tmp_path, converted, file_format, make, message):
    content = make()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in content.items():
            file[name] = values
    with pytest.raises(DataError, match=re.escape(message)):
        converted(file_format, ("photon", tmp_path / "a.h5"))


def test_unknown_particles_and_mixed_geometries_are_refused(tmp_path, converted):
    path = write(tmp_path / "muons.hdf5", challenge())
    with pytest.raises(DataError, match=r"write CLASS=muons\.hdf5 with one of photon, electron, positron, pion"):
        converted(CALO_CHALLENGE, path)
    other = write(tmp_path / "b.hdf5", challenge(voxels=533))
    with pytest.raises(DataError, match="expected showers in one geometry, found 368, 533 voxels"):
        converted(CALO_CHALLENGE, ("muon", path), ("pion", other))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="truncated"):
        converted(CALO_CHALLENGE, ("muon", path))

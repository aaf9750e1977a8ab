import re

import numpy as np
import pandas as pd
import pytest

from codesign.data.formats.top_tagging import NAMES, TOP_TAGGING
from codesign.errors import ConfigError, DataError


def jets(rows=12, ttv=0):
    random = np.random.default_rng(2)
    vectors = np.zeros((rows, 200, 4), np.float32)
    for row, count in enumerate(random.integers(3, 40, rows)):
        pt = -np.sort(-random.exponential(20, count))
        eta, phi = random.normal(0.5, 0.2, count), random.normal(3.1, 0.2, count)  # beyond π
        momentum = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
        vectors[row, :count] = momentum
    frame = pd.DataFrame(vectors.reshape(rows, 800), columns=NAMES)
    for name in ("truthE", "truthPX", "truthPY", "truthPZ"):
        frame[name] = np.float32(0)
    frame["ttv"] = ttv
    frame["is_signal_new"] = np.arange(rows) % 2
    return frame


def write(path, frame, **how):
    frame.to_hdf(path, key="table", mode="w", format="table", **how)
    return path


def expected(frame, count):
    """pT, Δη, Δφ of the leading particles in double precision, from four-vectors and their sum."""
    vectors = frame[NAMES].to_numpy(np.float64).reshape(len(frame), 200, 4)
    _, px, py, pz = np.moveaxis(vectors, -1, 0)
    pt, jet = np.hypot(px, py), vectors.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        eta = np.arctanh(pz / np.sqrt(px**2 + py**2 + pz**2))
    jet_eta = np.arctanh(jet[:, 3] / np.sqrt((jet[:, 1:] ** 2).sum(axis=1)))
    turned = (px + 1j * py) * np.exp(-1j * np.arctan2(jet[:, 2], jet[:, 1]))[:, None]
    features = np.stack([pt, eta - jet_eta[:, None], np.angle(turned)], axis=-1)
    return np.where((pt > 0)[..., None], features, 0)[:, :count]


def test_particles_are_placed_relative_to_the_jet(tmp_path, converted):
    frame = jets()
    out = converted(TOP_TAGGING, write(tmp_path / "train.h5", frame))
    np.testing.assert_allclose(out.blocks["constituents"], expected(frame, 16), rtol=1e-5, atol=1e-5)
    assert np.abs(out.blocks["constituents"][..., 2]).max() < 1.5
    assert out.classes == ("qcd", "top")
    assert out.labels == ["qcd", "top"] * 6
    assert set(out.splits) == {"train"}
    assert out.provenance["origin"] == "zenodo-2603256"


def test_features_and_number_of_particles_can_be_chosen(tmp_path, converted):
    frame = jets()
    options = {"constituents": 200, "particle_features": ["pt", "energy"]}
    out = converted(TOP_TAGGING, write(tmp_path / "train.h5", frame), options=options)
    np.testing.assert_array_equal(out.blocks["constituents"][..., 1], frame[[f"E_{i}" for i in range(200)]])
    with pytest.raises(ConfigError, match="constituents"):
        converted(TOP_TAGGING, tmp_path / "train.h5", options={"constituents": 201})


@pytest.mark.parametrize(("name", "split"), [("train", "train"), ("val", "validation"), ("test", "test")])
def test_the_file_tells_the_split(tmp_path, converted, name, split):
    out = converted(TOP_TAGGING, write(tmp_path / f"{name}.h5", jets(ttv=2)))
    assert set(out.splits) == {split}


def test_in_a_file_of_another_name_the_column_tells_the_split(tmp_path, converted):
    out = converted(TOP_TAGGING, write(tmp_path / "all.h5", jets(ttv=np.arange(12) % 3)))
    assert out.splits == ["train", "test", "validation"] * 4


@pytest.mark.parametrize("how", [{}, {"complib": "blosc", "complevel": 5}], ids=["plain", "blosc"])
def test_compressed_and_fixed_frames_and_parquet_give_the_same(tmp_path, converted, small_batches, how):
    frame = jets()
    out = converted(TOP_TAGGING, write(tmp_path / "train.h5", frame, **how))
    np.testing.assert_allclose(out.blocks["constituents"], expected(frame, 16), rtol=1e-5, atol=1e-5)
    frame.to_hdf(tmp_path / "val.h5", key="table", format="fixed")
    frame.to_parquet(tmp_path / "test.parquet")
    for copy in ("val.h5", "test.parquet"):
        np.testing.assert_array_equal(
            converted(TOP_TAGGING, tmp_path / copy).blocks["constituents"], out.blocks["constituents"]
        )
    small_batches()
    assert converted(TOP_TAGGING, tmp_path / "train.h5").content == out.content


def test_particles_out_of_order_are_ordered_before_the_cut(tmp_path, converted):
    frame = jets(4)
    swapped = frame.copy()
    for name in ("E", "PX", "PY", "PZ"):
        swapped[f"{name}_0"], swapped[f"{name}_2"] = frame[f"{name}_2"], frame[f"{name}_0"]
    out = converted(TOP_TAGGING, write(tmp_path / "train.h5", swapped), options={"constituents": 2})
    np.testing.assert_allclose(out.blocks["constituents"], expected(frame, 2), rtol=1e-5, atol=1e-5)
    assert out.repairs == {"rows reordered: constituents by decreasing pt": 4}


WRONG = {
    "column": (lambda f: f.rename(columns={"E_7": "energy_7"}), "unknown column 'E_7'; did you mean"),
    "class": (lambda f: f.assign(is_signal_new=2), "row 0: is_signal_new: unknown class '2'; known: 0, 1"),
    "split": (lambda f: f.assign(ttv=3), "row 0: ttv: expected 0 train, 1 test, 2 validation, found 3"),
    "nan": (lambda f: f.assign(PX_150=np.nan), "row 0, object 0: constituents.pt: expected a finite number"),
    "infinite": (lambda f: f.assign(PZ_3=np.inf), "row 0, object 0: constituents.delta_eta: expected a finite number"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content_is_refused(tmp_path, converted, change, message):
    with pytest.raises(DataError, match=re.escape(message)):
        converted(TOP_TAGGING, write(tmp_path / "jets.h5", change(jets())))


def test_a_file_called_train_with_rows_of_other_splits_is_refused(tmp_path, converted):
    path = write(tmp_path / "train.h5", jets(ttv=np.arange(12) // 8))
    with pytest.raises(DataError, match="row 8: ttv: expected 0 as in all other rows of the file train, found 1"):
        converted(TOP_TAGGING, path)


def test_an_empty_file_is_refused(tmp_path, converted):
    jets()[:0].to_hdf(tmp_path / "train.h5", key="table")
    with pytest.raises(DataError, match="expected at least one row, found none"):
        converted(TOP_TAGGING, tmp_path / "train.h5")


def test_a_truncated_file_is_refused(tmp_path, converted):
    path = write(tmp_path / "train.h5", jets())
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataError, match="truncated"):
        converted(TOP_TAGGING, path)

import re

import numpy as np
import pytest

from codesign.data.formats.quark_gluon import QUARK_GLUON
from codesign.errors import DataError


def jets(rows=20, slots=25):
    random = np.random.default_rng(4)
    particles = np.zeros((rows, slots, 4))
    particles[..., 0] = -np.sort(-random.exponential(20, (rows, slots)), axis=1)
    particles[..., 1] = random.normal(0.8, 0.1, (rows, slots))
    particles[..., 2] = random.normal(6.2, 0.1, (rows, slots))  # beyond π, as in the files
    particles[..., 3] = random.choice([211, -211, 22, 130, 2212], (rows, slots))
    particles[np.arange(slots) >= random.integers(5, slots, rows)[:, None]] = 0
    return {"X": particles, "y": np.arange(rows) % 2 * 1.0}


def write(path, content, save=np.savez_compressed):
    save(path, **content)
    return path


def expected(particles, count):
    axis = [np.average(jet[:, 1:3], axis=0, weights=jet[:, 0]) for jet in particles]
    relative = particles[..., 1:3] - np.array(axis)[:, None]
    features = np.concatenate([particles[..., :1], relative, particles[..., 3:]], axis=-1)
    return np.where(particles[..., :1] > 0, features, 0)[:, :count]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
def test_particles_are_placed_relative_to_the_jet(tmp_path, converted, save):
    content = jets()
    out = converted(QUARK_GLUON, write(tmp_path / "QG_jets.npz", content, save))
    np.testing.assert_allclose(out.blocks["constituents"], expected(content["X"], 16)[..., :3], rtol=1e-5, atol=1e-6)
    assert [column.name for column in out.columns["constituents"]] == ["pt", "delta_rapidity", "delta_phi"]
    assert out.classes == ("g", "q")
    assert out.labels == ["g", "q"] * 10
    assert out.provenance["origin"] == "energyflow-qg-jets"
    assert set(out.splits) == {"train", "validation", "test"}


def test_the_identity_can_be_asked_for(tmp_path, converted):
    content = jets()
    options = {"particle_features": ["pt", "pdgid"], "constituents": 30}
    out = converted(QUARK_GLUON, write(tmp_path / "QG_jets.npz", content), options=options)
    np.testing.assert_array_equal(out.blocks["constituents"][:, :25, 1], content["X"][..., 3])
    np.testing.assert_array_equal(out.blocks["constituents"][:, 25:], 0)


def test_files_of_different_width_and_any_size_of_batches_give_the_same(tmp_path, converted, small_batches):
    content = jets(20)
    whole = converted(QUARK_GLUON, write(tmp_path / "a.npz", content))
    small_batches()
    assert converted(QUARK_GLUON, tmp_path / "a.npz").content == whole.content
    wider = {"X": np.pad(content["X"][8:], ((0, 0), (0, 9), (0, 0))), "y": content["y"][8:]}
    one = write(tmp_path / "b.npz", {key: values[:8] for key, values in content.items()})
    parts = converted(QUARK_GLUON, one, write(tmp_path / "c.npz", wider))
    np.testing.assert_array_equal(parts.blocks["constituents"], whole.blocks["constituents"])
    assert parts.labels == whole.labels


def test_particles_out_of_order_are_ordered_before_the_cut(tmp_path, converted):
    content = jets(6)
    expectation = expected(content["X"], 3)[..., :3]
    content["X"][2] = content["X"][2, ::-1]
    out = converted(QUARK_GLUON, write(tmp_path / "a.npz", content), options={"constituents": 3})
    np.testing.assert_allclose(out.blocks["constituents"], expectation, rtol=1e-5, atol=1e-6)
    assert out.repairs == {"rows reordered: constituents by decreasing pt": 1}


WRONG = {
    "array": (lambda c: {"x": c["X"], "y": c["y"]}, "unknown column 'X'"),
    "shape": (lambda c: c | {"X": c["X"][..., :3]}, "X: expected shape (jets, particles, 4), found (jets, *(25, 3))"),
    "rows": (lambda c: c | {"y": c["y"][:-1]}, "expected as many rows of y as of X"),
    "label": (lambda c: c | {"y": c["y"] + 1}, "row 1: y: unknown class '2'; known: 0, 1"),
    "objects": (lambda c: c | {"X": c["X"].astype(object)}, "column X: expected numbers, found text or objects"),
    "columns": (lambda c: c | {"X": np.asfortranarray(c["X"])}, "array X is stored column by column"),
    "nan": (lambda c: c | {"X": c["X"] * np.nan}, "row 0, object 0: constituents.pt: expected a finite number"),
    "negative": (lambda c: c | {"X": -c["X"]}, "row 0, object 0: constituents.pt: expected a finite number ≥ 0"),
    "empty": (lambda c: {key: values[:0] for key, values in c.items()}, "expected at least one row, found none"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content_is_refused(tmp_path, converted, change, message):
    path = write(tmp_path / "a.npz", change(jets()))
    with pytest.raises(DataError, match=re.escape(message)):
        converted(QUARK_GLUON, path)
    assert not (tmp_path / "converted" / "data.h5").exists()


def test_a_damaged_file_is_refused(tmp_path, converted):
    path = write(tmp_path / "a.npz", jets())
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.raises(DataError, match="not a NumPy file, or damaged"):
        converted(QUARK_GLUON, path)
    path.write_bytes(content[:2000] + bytes(500) + content[2500:])
    with pytest.raises(DataError, match="not a NumPy file, or damaged"):
        converted(QUARK_GLUON, path)

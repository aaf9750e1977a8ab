import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesign.contract import InputContract, InputFormat
from codesign.errors import DataError
from codesign.verify.vectors import CATEGORIES, Vectors, make_vectors


def contract(formats):
    return InputContract(tuple(InputFormat(f"x{i}", "", 0.0, 2.0**-3, w, s) for i, (w, s) in enumerate(formats)))


MIXED = contract([(8, True), (5, False), (12, True)])


def events(count, of=MIXED):
    low, high = of.extremes()
    return np.random.default_rng(1).integers(low // 2, high // 2, size=(count, len(low)), endpoint=True)


def rows(vectors, name):
    return vectors.inputs[vectors.category == CATEGORIES.index(name)]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=9), st.integers(0, 300))
def test_every_width_and_sign_gives_vectors_in_range(formats, n_events):
    chosen = contract(formats)
    vectors = make_vectors(chosen, events(n_events, chosen), 200, seed=4)
    low, high = chosen.extremes()
    assert vectors.inputs.shape == (200, len(formats))
    assert vectors.inputs.dtype == np.int64
    assert vectors.category.dtype == np.uint8
    assert ((vectors.inputs >= low) & (vectors.inputs <= high)).all()
    assert sum(vectors.counts.values()) == 200


def test_categories_hold_what_they_say():
    real = events(5000)
    vectors = make_vectors(MIXED, real, 2000, seed=4)
    low, high = MIXED.extremes()
    assert vectors.counts["real events"] > 1400
    assert {tuple(row) for row in rows(vectors, "real events")} <= {tuple(row) for row in real}
    saturating = rows(vectors, "saturating")
    assert ((saturating == low) | (saturating == high)).any(axis=1).all()
    assert not rows(vectors, "zero").any()
    extremes = {tuple(int(i) for i in row) for row in rows(vectors, "extremes")}
    assert {(-128, 0, 0), (127, 0, 0), (0, 31, 0), (0, 0, -2048), (0, 0, 2047)} <= extremes
    assert {tuple(low), tuple(high), (-128, 31, -2048), (127, 0, 2047)} <= extremes


def test_the_toggling_block_flips_every_bit_on_every_clock():
    vectors = make_vectors(MIXED, events(500), 500, seed=4)
    places = np.flatnonzero(vectors.category == CATEGORIES.index("toggling"))
    assert (np.diff(places) == 1).all()
    block = vectors.inputs[places]
    widths = np.array(MIXED.widths)
    assert ((block[:-1] ^ block[1:]) & ((1 << widths) - 1) == (1 << widths) - 1).all()


def test_uniform_vectors_replace_missing_real_events():
    vectors = make_vectors(MIXED, events(10), 1000, seed=4)
    assert vectors.counts["real events"] == 10
    assert vectors.counts["uniform"] > 700
    assert make_vectors(MIXED, np.empty((0, 3), dtype=np.int64), 100, seed=4).counts["real events"] == 0


def test_the_seed_decides(tmp_path):
    first, again, other = (make_vectors(MIXED, events(900), 900, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert (first.inputs != other.inputs).any()
    first.save(tmp_path / "a.npz")
    again.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = Vectors.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded.inputs, first.inputs)
    assert loaded.counts == first.counts


def test_a_spread_reaches_every_category():
    vectors = make_vectors(MIXED, events(900), 900, seed=1)
    places = vectors.spread(60)
    assert len(places) == 60
    assert (np.diff(places) > 0).all()
    counts = np.bincount(vectors.category[places], minlength=len(CATEGORIES))
    assert (counts >= 4).all()
    assert len(vectors.spread(10_000)) == 900


def test_bad_input_is_named(tmp_path):
    with pytest.raises(DataError, match=r"expected at least 30 for 3 inputs, got 20"):
        make_vectors(MIXED, events(10), 20, seed=1)
    with pytest.raises(DataError, match=r"expected int64 events of shape \(m, 3\), got float64 \(10, 3\)"):
        make_vectors(MIXED, events(10).astype(float), 200, seed=1)
    with pytest.raises(DataError, match=r"event 0, input 1 is 32, expected 0 to 31"):
        make_vectors(MIXED, np.array([[0, 32, 0]]), 200, seed=1)
    with pytest.raises(DataError, match=r"missing\.npz: expected test vectors"):
        Vectors.load(tmp_path / "missing.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(DataError, match=r"torn\.npz: expected test vectors"):
        Vectors.load(tmp_path / "torn.npz")

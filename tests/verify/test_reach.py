"""Vectors that are searched for what others do not show of a network's inside."""

import numpy as np
import pytest

from codesign.contract import InputContract, InputFormat
from codesign.verify.reach import Inside, Shown, Source, reaching
from codesign.verify.vectors import REACHING, make_vectors

CONTRACT = InputContract(tuple(InputFormat(name, "", 0.0, 1.0, 8) for name in "abcdefgh"))


@pytest.fixture(scope="module")
def graph():
    """A sum of differences that is large for few inputs, and a table that it selects from."""
    from alkaid.trace import FVArray, trace

    kif = np.array([fmt.kif for fmt in CONTRACT.network_formats]).T
    inputs = FVArray.from_kif(kif[0].astype(bool), kif[1], kif[2])
    total = inputs[0] + inputs[1] - inputs[2] + inputs[3] - inputs[4] + inputs[5] - inputs[6] - inputs[7]
    positive = np.maximum(FVArray(np.array([total - 20])), 0)  # the network's values are counts / 32
    return trace(inputs, np.concatenate([[total], np.sin(positive.quantize(0, 4, 2)).quantize(1, 1, 6)]))


@pytest.fixture(scope="module")
def given():
    low, high = CONTRACT.extremes()
    return np.random.default_rng(3).integers(low, high, (2000, 8), endpoint=True)


def test_inner_values_keep_the_ranges_of_the_compiler(graph, given):
    inside = Inside(graph, CONTRACT)
    values = inside.values(given)
    assert values.shape == (2000, len(inside))
    assert ((values >= inside.low) & (values <= inside.high)).all()
    assert inside.bits[inside.low == inside.high].sum() == 0
    assert len(inside.addresses) == 1


def test_a_search_shows_more_with_few_vectors_and_repeats(graph, given):
    low, high = CONTRACT.extremes()
    found, reach = reaching(Inside(graph, CONTRACT), given, 100, seed=1)
    assert reach.given < reach.reached <= reach.wanted
    assert 0 < len(found) <= 100
    assert ((found >= low) & (found <= high)).all()
    again, _ = reaching(Inside(graph, CONTRACT), given, 100, seed=1)
    assert (again == found).all()
    inside = Inside(graph, CONTRACT)
    (address,) = inside.addresses
    assert inside.values(found)[:, address].max() > inside.values(given)[:, address].max()
    few, some = reaching(Inside(graph, CONTRACT), given, 3, seed=1)
    assert (few == found[:3]).all()
    assert reach.given < some.reached < reach.reached, "what is not kept does not count"


def test_rows_count_one_after_the_other(graph):
    shown = Shown(Inside(graph, CONTRACT))
    values = Inside(graph, CONTRACT).values(np.zeros((3, 8), np.int64))
    assert shown.add_fresh(values, 3).tolist() == [0], "the second row shows what the first did"
    missing = shown.count_missing
    shown.add(values)
    assert shown.count_missing == missing


def test_vectors_of_a_search_are_a_category_and_the_count_is_kept(graph):
    calls = []

    def search(rows, most):
        calls.append((len(rows), most))
        return rows[:2]

    vectors = make_vectors(CONTRACT, np.empty((0, 8), np.int64), 400, 1, search)
    ((rows, most),) = calls
    assert len(vectors) == 400 == rows + most
    assert vectors.counts[REACHING] == 2
    assert REACHING not in make_vectors(CONTRACT, np.empty((0, 8), np.int64), 400, 1).counts


def test_a_search_in_words_stays_in_their_ranges_and_shows_what_they_become(graph):
    """Words of ten bits, of which the lowest two are rounded away, in another order than the inputs."""
    low, high = np.full(8, -512), np.full(8, 511)
    words = Source(low, high, lambda vectors: vectors[:, ::-1] >> 2)
    given = np.random.default_rng(3).integers(low, high, (2000, 8), endpoint=True)
    inside = Inside(graph, CONTRACT, words)
    assert (inside.values(given) == Inside(graph, CONTRACT).values(given[:, ::-1] >> 2)).all()
    found, reach = reaching(inside, given, 100, seed=1)
    assert reach.given < reach.reached
    assert ((found >= low) & (found <= high)).all()
    assert (found > 127).any(), "only integers of the contract were tried"
    (address,) = inside.addresses
    assert inside.values(found)[:, address].max() > inside.values(given)[:, address].max()

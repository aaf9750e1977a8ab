import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.errors import DataError
from codesign.verify.words import pack_words, unpack_words

fields = st.lists(st.tuples(st.integers(1, 53), st.booleans()), min_size=1, max_size=20)


def limits(width, signed):
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)


@given(fields, st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_words_unpack_to_what_was_packed(formats, seed, rows):
    widths, signed = [width for width, _ in formats], [sign for _, sign in formats]
    low, high = np.array([limits(*entry) for entry in formats]).T
    integers = np.random.default_rng(seed).integers(low, high, size=(rows, len(formats)), endpoint=True)
    words = pack_words(integers, widths)
    assert all(0 <= word < 1 << sum(widths) for word in words)
    np.testing.assert_array_equal(unpack_words(words, widths, signed), integers)


@given(fields)
def test_the_ends_of_every_range_survive(formats):
    widths, signed = [width for width, _ in formats], [sign for _, sign in formats]
    ends = np.array([limits(*entry) for entry in formats]).T
    np.testing.assert_array_equal(unpack_words(pack_words(ends, widths), widths, signed), ends)


def test_the_first_field_sits_in_the_least_significant_bits():
    assert pack_words(np.array([[1, -1, 2]]), [4, 3, 8]) == [(2 << 7) | (0b111 << 4) | 1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"row 1, field 1: 8 does not fit 3 bits"):
        pack_words(np.array([[0, 0], [0, 8]]), [4, 3])
    with pytest.raises(DataError, match=r"expected integers of shape \(n, 2\), got \(1, 3\)"):
        pack_words(np.array([[0, 0, 0]]), [4, 3])
    with pytest.raises(DataError, match=r"word 1: 0x80 does not fit 7 bits"):
        unpack_words([0, 128], [4, 3], True)

import numpy as np
import pytest

from codesign.data.rounding import round_mantissa, round_to_step


def test_known_values():
    # With two explicit mantissa bits the numbers between 1 and 2 are 1, 1.25, 1.5, 1.75.
    given = [0.0, 1.0, 1.1, 1.125, 1.375, 1.9, -1.1, 3.9, 1000.0]
    np.testing.assert_array_equal(round_mantissa(given, 2), [0.0, 1.0, 1.0, 1.0, 1.5, 2.0, -1.0, 4.0, 1024.0])


@pytest.mark.parametrize("bits", [1, 9, 10, 22])
def test_relative_error_is_at_most_half_a_unit(bits):
    values = np.random.default_rng(0).lognormal(0, 5, 10_000).astype(np.float32)
    rounded = round_mantissa(values, bits)
    assert np.max(np.abs(rounded / values - 1)) <= 2.0 ** -(bits + 1)
    np.testing.assert_array_equal(round_mantissa(rounded, bits), rounded)
    assert not np.any(rounded.view(np.uint32) & ((1 << (23 - bits)) - 1))


def test_small_integers_stay_exact_and_the_argument_is_not_changed():
    values = np.arange(2048, dtype=np.float32)
    np.testing.assert_array_equal(round_mantissa(values, 10), np.arange(2048))
    round_mantissa(values, 3)
    np.testing.assert_array_equal(values, np.arange(2048))


def test_steps():
    given = [0.0, 0.24, 0.26, -0.1, -0.3, 0.75, 1.25]
    rounded = round_to_step(given, 0.5)
    np.testing.assert_array_equal(rounded, [0.0, 0.0, 0.5, 0.0, -0.5, 1.0, 1.0])
    assert not np.signbit(rounded[3])

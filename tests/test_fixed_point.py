import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.errors import ConfigError
from codesign.fixed_point import FixedPoint

FORMATS = st.builds(
    FixedPoint,
    st.booleans(),
    st.integers(2, 24),
    st.integers(-8, 30),
    st.sampled_from(["TRN", "RND", "RND_CONV"]),
    st.sampled_from(["WRAP", "SAT", "SAT_SYM"]),
)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("TRN", [-2, -2, -1, 0, 0, 1]), ("RND", [-1, -1, 0, 1, 1, 2]), ("RND_CONV", [-2, -1, 0, 0, 1, 2])],
)
def test_rounding_of_halves_and_near_halves(rounding, expected):
    values = [-1.5, -1.25, -0.5, 0.5, 0.75, 1.5]
    assert FixedPoint(True, 8, 8, rounding, "SAT").to_int(values).tolist() == expected


def test_rounding_to_nearest_is_exact_just_below_a_half():
    # 0.49999999999999994 + 0.5 is 1.0 in double precision.
    assert FixedPoint(True, 8, 8, "RND", "SAT").to_int(0.49999999999999994) == 0


@pytest.mark.parametrize(
    ("overflow", "expected"),
    [("WRAP", [-128, 127, 0]), ("SAT", [127, -128, 127]), ("SAT_SYM", [127, -127, 127])],
)
def test_overflow(overflow, expected):
    assert FixedPoint(True, 8, 8, "TRN", overflow).to_int([128, -129, 256]).tolist() == expected


def test_unsigned_range_and_wrap():
    fmt = FixedPoint(False, 4, 4, "TRN", "WRAP")
    assert (fmt.min_int, fmt.max_int) == (0, 15)
    assert fmt.to_int([-1, 16, 15.9]).tolist() == [15, 0, 15]


@given(FORMATS, st.floats(-1e9, 1e9))
def test_result_is_always_in_range_and_survives_a_round_trip(fmt, value):
    integer = fmt.to_int(value)
    assert fmt.min_int <= integer <= fmt.max_int
    assert fmt.to_int(fmt.from_int(integer)) == integer
    assert fmt.exact_int(fmt.from_int(integer)) == integer


@given(FORMATS)
def test_text_and_kif_round_trip(fmt):
    assert FixedPoint.parse(str(fmt)) == fmt
    same_bits = FixedPoint.from_kif(*fmt.kif)
    assert (same_bits.signed, same_bits.width, same_bits.integer) == (fmt.signed, fmt.width, fmt.integer)


def test_parse_takes_the_defaults_of_vitis_hls():
    assert FixedPoint.parse("ap_ufixed< 6 , 2 >") == FixedPoint(False, 6, 2, "TRN", "WRAP")
    assert FixedPoint.parse("ap_fixed<12,3,AP_RND_CONV,AP_SAT_SYM,0>") == FixedPoint(True, 12, 3, "RND_CONV", "SAT_SYM")


def test_exact_int_names_the_first_value_off_the_grid():
    with pytest.raises(ValueError, match=r"1 of 3 values are not exact ap_fixed<8,8,RND,SAT>; first at \(1,\)"):
        FixedPoint(True, 8, 8).exact_int([1.0, 1.5, 2.0])
    with pytest.raises(ValueError, match="not exact"):
        FixedPoint(True, 8, 8).exact_int(np.nan)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((True, 0, 0), "expected 1 to 53 bits, got 0"),
        ((True, 8, 8, "UP"), "rounding: expected one of"),
        ((True, 8, 8, "TRN", "CLIP"), "overflow: expected one of"),
    ],
)
def test_impossible_formats_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        FixedPoint(*arguments)


def test_text_that_is_no_type_is_refused():
    with pytest.raises(ConfigError, match="got 'float'"):
        FixedPoint.parse("float")

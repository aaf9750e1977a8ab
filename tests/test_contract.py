import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError, DataError

LSBS = st.one_of(st.integers(-10, 2).map(lambda e: 2.0**e), st.sampled_from([0.0435, 0.010875, 0.1, 2 * math.pi / 144]))
INPUTS = st.builds(
    lambda counts, lsb, width, signed: InputFormat("x", "GeV", counts * lsb, lsb, width, signed),
    st.integers(-400, 400),
    LSBS,
    st.integers(1, 16),
    st.booleans(),
)
ANGLES = st.builds(
    lambda period, spare, signed: InputFormat(
        "phi", "rad", 0.0, 2 * math.pi / period, (period - 1).bit_length() + spare, signed, period
    ),
    st.integers(2, 2000),
    st.integers(0, 2),
    st.booleans(),
)
SLOTS, COLUMNS = 3, 3


def objects_contract(pt_offset=0.0):
    """Three slots of (phi, pt, quality), ordered by pt, after one single value."""
    columns = (
        ("phi", "rad", 0.0, 2 * math.pi / 144, 8, False, 144),
        ("pt", "GeV", pt_offset, 0.5, 6, False),
        ("quality", "", 0.0, 1.0, 4, True),
    )
    slots = tuple(InputFormat(f"jets[{i}].{name}", *rest) for i in range(SLOTS) for name, *rest in columns)
    return InputContract(
        (InputFormat("met.pt", "GeV", 0.0, 0.5, 8, False), *slots), (ObjectSlots("jets", 1, SLOTS, COLUMNS, 1),)
    )


EVENTS = st.lists(
    st.lists(
        st.tuples(
            st.floats(-10, 10), st.one_of(st.just(0.0), st.floats(0, 50), st.floats(1e3, 1e30)), st.floats(-20, 20)
        ),
        min_size=SLOTS,
        max_size=SLOTS,
    ),
    min_size=1,
    max_size=5,
).map(lambda events: np.array([[7.0, *(number for jet in event for number in jet)] for event in events]))


@given(INPUTS)
def test_every_hardware_integer_round_trips_through_its_physical_value(entry):
    contract = InputContract((entry,))
    low, high = (int(end[0]) for end in contract.extremes())
    integers = np.unique(np.linspace(low, high, 50).astype(np.int64))[:, None]
    assert (contract.to_hardware(contract.to_physical(integers)) == integers).all()


@given(INPUTS, st.floats(-1e6, 1e6))
def test_values_saturate_at_the_extremes_and_nowhere_else(entry, value):
    contract = InputContract((entry,))
    (integer,) = contract.to_hardware([[value]])[0]
    low, high = (int(end[0]) for end in contract.extremes())
    exact = (value - entry.offset) / entry.lsb
    assert integer == max(low, min(high, int(np.floor(exact + 0.5))))


@given(INPUTS, st.sampled_from([-1.7e308, -1e300, 1e300, 1.7e308]))
def test_the_largest_numbers_saturate(entry, value):
    low, high = (int(end[0]) for end in InputContract((entry,)).extremes())
    assert InputContract((entry,)).to_hardware([[value]])[0, 0] == (high if value > 0 else low)


@given(INPUTS)
def test_network_values_are_exact_in_float32(entry):
    contract = InputContract((entry,))
    integers = np.stack(contract.extremes())
    fmt = contract.network_formats[0]
    assert (fmt.exact_int(contract.to_network(integers)) == integers).all()


@given(ANGLES)
def test_every_count_of_an_angle_round_trips_and_one_turn_more_is_the_same(entry):
    contract = InputContract((entry,))
    low = -(entry.period // 2) if entry.signed else 0
    integers = np.arange(low, low + entry.period)[:, None]
    physical = contract.to_physical(integers)
    for turns in (-1, 0, 1):
        assert (contract.to_hardware(physical + turns * 2 * math.pi) == integers).all()


@given(ANGLES, st.floats(-1e3, 1e3))
def test_an_angle_is_never_more_than_half_a_count_away(entry, phi):
    contract = InputContract((entry,))
    back = contract.to_physical(contract.to_hardware([[phi]]))[0, 0]
    distance = (back - phi + math.pi) % (2 * math.pi) - math.pi
    assert abs(distance) <= entry.lsb / 2 * (1 + 1e-9) + 1e-12


def test_the_last_half_count_of_a_turn_is_zero():
    angle = InputFormat("phi", "rad", 0.0, 2 * math.pi / 144, 8, False, 144)
    hardware = InputContract((angle,)).to_hardware([[-0.01], [2 * math.pi - 0.01], [-0.03], [math.pi]])
    assert hardware.ravel().tolist() == [0, 0, 143, 72]


@given(EVENTS)
def test_objects_come_out_ordered_padded_and_complete(values):
    contract = objects_contract()
    hardware = contract.to_hardware(values)
    slots = contract.objects[0].of(hardware)
    pt = slots[..., 1]
    assert (np.diff(pt, axis=1) <= 0).all()
    assert (slots[pt == 0] == 0).all(), "an empty slot is zero in every column"
    given_pt = contract.objects[0].of(values)[..., 1]
    assert (np.sort(pt) == np.sort(np.minimum(np.floor(given_pt / 0.5 + 0.5), 63))).all(), "no object is lost"
    assert (hardware[:, 0] == 14).all(), "the other inputs stay where they are"


@given(EVENTS)
def test_hardware_objects_round_trip_exactly(values):
    contract = objects_contract(pt_offset=-0.5)
    hardware = contract.to_hardware(values)
    assert (contract.to_hardware(contract.to_physical(hardware)) == hardware).all()


def test_an_object_keeps_its_columns_together_and_equal_ones_keep_their_order():
    rows = [[0.0, 0.0, 3.0, 1.0, 1.0, 9.0, 2.0, 2.0, 3.1, 3.0]]
    slots = objects_contract().objects[0].of(objects_contract().to_hardware(rows))[0]
    assert slots[:, 1].tolist() == [18, 6, 6]
    assert slots[:, 2].tolist() == [2, 1, 3]


def test_with_an_offset_an_absent_muon_is_still_zero_and_one_that_rounds_to_nothing_too():
    contract = objects_contract(pt_offset=-0.5)
    hardware = contract.to_hardware([[0.0, 1.0, 0.3, 5.0, 2.0, 0.0, 5.0, 3.0, 0.1, 5.0]])
    slots = contract.objects[0].of(hardware)[0]
    assert slots[0].tolist() == [23, 2, 5]
    assert (slots[1:] == 0).all()
    assert contract.to_physical(hardware)[0, 5] == 0.0, "no muon is zero, not -0.5 GeV"


def test_saturated_fraction_counts_the_values_that_change():
    values = np.random.default_rng(5).normal([80.0, -0.3], [20.0, 0.1], (4000, 2))
    contract = InputContract((InputFormat("a", "", 80.0, 1.0, 5), InputFormat("b", "", -0.3125, 2.0**-6, 4)))
    low, high = contract.extremes()
    unlimited = np.floor((values - [80.0, -0.3125]) / [1.0, 2.0**-6] + 0.5)
    expected = ((unlimited < low) | (unlimited > high)).mean(axis=0)
    assert contract.saturated_fraction(values) == pytest.approx(expected)
    assert (expected > 0.1).all()


def test_empty_slots_and_angles_never_count_as_saturated():
    contract = objects_contract(pt_offset=-0.5)
    values = np.array([[1.0, -3.0, 0.0, 99.0, 5.0, 40.0, 99.0, 0.0, 0.0, 0.0]])
    saturated = dict(zip(contract.names, contract.saturated_fraction(values), strict=True))
    assert {name for name, fraction in saturated.items() if fraction} == {"jets[1].pt", "jets[1].quality"}


def test_contract_survives_json():
    contract = objects_contract()
    assert InputContract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("text", ["", "{}", '{"inputs": [{"name": "x"}], "objects": 3}'])
def test_json_that_is_no_contract_is_refused(text):
    with pytest.raises(ConfigError, match="expected the JSON written by codesign"):
        InputContract.from_json(text)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(bad):
    values = np.zeros((9, 10))
    values[7, 2] = bad
    with pytest.raises(DataError, match=r"input 'jets\[0\]\.pt': row 7 is"):
        objects_contract().to_hardware(values)


def test_a_wrong_shape_is_refused():
    with pytest.raises(DataError, match=r"expected shape \(n, 10\), got \(4, 2\)"):
        objects_contract().to_hardware(np.zeros((4, 2)))


def test_names_must_be_unique():
    entry = InputFormat("x", "", 0.0, 1.0, 8)
    with pytest.raises(ConfigError, match=r"\['x'\] occur more than once"):
        InputContract((entry, entry))
    with pytest.raises(ConfigError, match="at least one input"):
        InputContract(())


@pytest.mark.parametrize("lsb", [0.0, -1.0, math.nan, math.inf])
def test_an_lsb_must_be_positive(lsb):
    with pytest.raises(ConfigError, match="input 'x': expected an LSB above 0"):
        InputFormat("x", "", 0.0, lsb, 8)


def test_a_turn_must_fit_the_width():
    with pytest.raises(ConfigError, match="144 counts per turn do not fit 7 bits"):
        InputFormat("phi", "rad", 0.0, 2 * math.pi / 144, 7, False, 144)


def test_slots_must_be_inputs_and_their_order_column_zero_where_empty():
    contract = objects_contract()
    with pytest.raises(ConfigError, match="the slots of 'jets' are not among the 10 inputs"):
        dataclasses.replace(contract, objects=(ObjectSlots("jets", 2, SLOTS, COLUMNS, 1),))
    with pytest.raises(ConfigError, match=r"'jets\[0\]\.quality': expected unsigned with offset ≤ 0.*got signed"):
        dataclasses.replace(contract, objects=(ObjectSlots("jets", 1, SLOTS, COLUMNS, 2),))

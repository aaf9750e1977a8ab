import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.contract import InputContract, InputFormat, derive_contract
from codesign.errors import ConfigError, DataError

INPUTS = st.builds(
    InputFormat,
    st.just("x"),
    st.just("GeV"),
    st.floats(-100, 100).map(lambda x: round(x * 4) / 4),
    st.integers(-10, -2),
    st.integers(2, 16),
    st.booleans(),
)


def derive(values, **options):
    settings = {"width": 10, "network_integer": 3, "coverage": 0.99} | options
    names = [f"x{i}" for i in range(values.shape[1])]
    return derive_contract(values, names, ["GeV"] * len(names), **settings)


@pytest.fixture
def values():
    generator = np.random.default_rng(5)
    return generator.normal([80.0, -0.3, 1e-4], [20.0, 0.1, 3e-5], (4000, 3))


@given(INPUTS)
def test_every_hardware_integer_round_trips_through_its_physical_value(entry):
    contract = InputContract((entry,), 4)
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


@given(INPUTS)
def test_network_values_are_exact_in_float32(entry):
    contract = InputContract((entry,), 5)
    integers = np.stack(contract.extremes())
    fmt = contract.network_formats[0]
    assert (fmt.exact_int(contract.to_network(integers)) == integers).all()


def test_derived_formats_cover_what_was_asked_with_the_finest_power_of_two(values):
    contract = derive(values)
    saturated = contract.saturated_fraction(values)
    assert (saturated <= 0.01).all()
    for i, entry in enumerate(contract.inputs):
        low, high = np.quantile(values[:, i], [0.005, 0.995])
        assert (high - low) / (entry.lsb / 2) > 2**entry.width - 3, "half the LSB would have been enough"
        assert entry.offset / entry.lsb == round(entry.offset / entry.lsb)


def test_saturated_fraction_counts_the_values_that_change(values):
    contract = derive(values, coverage=0.5)
    low, high = contract.extremes()
    unlimited = np.floor((values - [e.offset for e in contract.inputs]) / [e.lsb for e in contract.inputs] + 0.5)
    expected = ((unlimited < low) | (unlimited > high)).mean(axis=0)
    assert contract.saturated_fraction(values) == pytest.approx(expected)
    assert (expected > 0.1).all()


def test_given_parts_are_kept_and_the_rest_is_derived(values):
    contract = derive(values, given={"x0": {"offset": 0.0, "lsb_exponent": -1, "width": 9, "signed": False}})
    assert contract.inputs[0] == InputFormat("x0", "GeV", 0.0, -1, 9, False)
    assert contract.widths == (9, 10, 10)
    assert contract.word_bits == 29


def test_contract_survives_json(values):
    contract = derive(values)
    assert InputContract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("text", ["", "{}", '{"inputs": [{"name": "x"}], "network_integer": 3}'])
def test_json_that_is_no_contract_is_refused(text):
    with pytest.raises(ConfigError, match="expected the JSON written by codesign"):
        InputContract.from_json(text)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(values, bad):
    contract = derive(values)
    values[7, 1] = bad
    with pytest.raises(DataError, match="input 'x1': row 7 is"):
        contract.to_hardware(values)
    with pytest.raises(DataError, match="input 'x1': the training set holds NaN"):
        derive(values)


def test_wrong_shape_constant_input_and_unknown_name_are_refused(values):
    with pytest.raises(DataError, match=r"expected shape \(n, 3\), got \(4000, 2\)"):
        derive(values).to_hardware(values[:, :2])
    with pytest.raises(ConfigError, match=r"contract\.inputs: unknown input 'mass'; known: x0, x1, x2"):
        derive(values, given={"mass": {"width": 4}})
    values[:, 2] = 1.0
    with pytest.raises(DataError, match="input 'x2': constant"):
        derive(values)


def test_names_must_be_unique():
    entry = InputFormat("x", "", 0.0, 0, 8)
    with pytest.raises(ConfigError, match=r"\['x'\] occur more than once"):
        InputContract((entry, entry))
    with pytest.raises(ConfigError, match="at least one input"):
        InputContract(())

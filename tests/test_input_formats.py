import numpy as np
import pytest

from codesign.contract import InputFormat
from codesign.errors import ConfigError, DataError
from codesign.input_formats import InputBlock, make_contract
from codesign.presets import get_preset

BARE = InputBlock("high_level", ("x0", "x1", "x2"), ("GeV", "GeV", "GeV"), prefixed=False)
MET = InputBlock("met", ("pt", "phi"), ("GeV", "rad"))
JETS = InputBlock("jets", ("pt", "eta", "phi"), ("GeV", "", "rad"), 4, "pt")
SETTINGS = {"width": 10, "network_integer": 3, "coverage": 0.99}


def derive(values, blocks=(BARE,), **options):
    return make_contract(blocks, values, **(SETTINGS | options))


@pytest.fixture
def values():
    generator = np.random.default_rng(5)
    return generator.normal([80.0, -0.3, 1e-4], [20.0, 0.1, 3e-5], (4000, 3))


@pytest.fixture
def events():
    """(n, 14) rows of MET and four jets, half of the jet slots empty."""
    generator = np.random.default_rng(6)
    size = (500, 4)
    pt, eta, phi = generator.exponential(40, size) + 20, generator.normal(0, 2, size), generator.uniform(-3, 3, size)
    jets = np.stack([pt, eta, phi], axis=2)
    jets[:, 2:] = 0
    met = np.stack([generator.exponential(30, 500), generator.uniform(-3, 3, 500)], axis=1)
    return np.concatenate([met, jets.reshape(500, 12)], axis=1)


def test_derived_formats_cover_what_was_asked_with_the_finest_power_of_two(values):
    contract = derive(values)
    assert (contract.saturated_fraction(values) <= 0.01).all()
    for i, entry in enumerate(contract.inputs):
        low, high = np.quantile(values[:, i], [0.005, 0.995])
        assert (high - low) / (entry.lsb / 2) > 2**entry.width - 3, "half the LSB would have been enough"
        assert np.frexp(entry.lsb)[0] == 0.5
        assert entry.offset / entry.lsb == round(entry.offset / entry.lsb)


def test_given_parts_are_kept_and_the_rest_is_derived(values):
    contract = derive(values, given={"x0": {"offset": 0.0, "lsb": 0.5, "width": 9, "signed": False}})
    assert contract.inputs[0] == InputFormat("x0", "GeV", 0.0, 0.5, 9, False)
    assert contract.widths == (9, 10, 10)
    assert contract.word_bits == 29


def test_slots_share_the_format_of_the_filled_ones(events):
    contract = derive(events, (MET, JETS))
    assert contract.names[:5] == ("met.pt", "met.phi", "jets[0].pt", "jets[0].eta", "jets[0].phi")
    for name in JETS.columns:
        assert len({(e.lsb, e.offset, e.width) for e in contract.inputs if e.name.endswith(f"].{name}")}) == 1
    filled = events[:, 2:].reshape(-1, 3)
    filled = filled[filled[:, 0] > 0]
    low, high = np.quantile(filled[:, 1], [0.005, 0.995])
    assert contract.inputs[3].lsb == 2.0 ** np.ceil(np.log2((high - low) / 1021)), "padding would have made it smaller"


def test_the_order_column_is_unsigned_from_zero_so_that_zero_is_an_empty_slot(events):
    contract = derive(events, (MET, JETS))
    entry = contract.inputs[2]
    assert (entry.signed, entry.offset) == (False, 0.0)
    slots = contract.objects[0].of(contract.to_hardware(events))
    assert (slots[:, 2:] == 0).all()
    assert (slots[:, :2, 0] > 0).all()


def test_a_preset_gives_the_scales_of_the_links(events):
    contract = make_contract((MET, JETS), events, preset=get_preset("cms-run3-ugt"), **SETTINGS)
    by_name = {entry.name: entry for entry in contract.inputs}
    assert (by_name["met.pt"].lsb, by_name["met.pt"].width) == (0.5, 12)
    assert (by_name["jets[3].pt"].lsb, by_name["jets[3].pt"].width) == (0.5, 11)
    eta = by_name["jets[0].eta"]
    assert (eta.lsb, eta.width, eta.signed) == (0.0435, 8, True)
    assert by_name["jets[0].phi"].period == 144
    assert contract.word_bits == 12 + 8 + 4 * (11 + 8 + 8)


def test_a_column_that_the_preset_lacks_must_be_left_out_or_described(events):
    block = InputBlock("jets", ("pt", "mass", "phi"), ("GeV", "GeV", "rad"), 4, "pt")
    preset = get_preset("cms-run3-ugt")
    with pytest.raises(ConfigError, match=r"cms-run3-ugt has no scale for jets\.mass, only pt, eta, phi, displaced"):
        make_contract((MET, block), events, preset=preset, **SETTINGS)
    contract = make_contract((MET, block), events, preset=preset, given={"jets.mass": {"width": 7}}, **SETTINGS)
    assert contract.inputs[3].width == 7


def test_values_that_are_not_finite_are_refused(values):
    values[3, 1] = np.nan
    with pytest.raises(DataError, match="input 'x1': the training set holds NaN"):
        derive(values)


def test_constant_and_empty_inputs_and_unknown_names_are_refused(values, events):
    with pytest.raises(ConfigError, match=r"contract\.inputs: unknown input 'mass'; known: x0, x1, x2"):
        derive(values, given={"mass": {"width": 4}})
    values[:, 2] = 1.0
    with pytest.raises(DataError, match="input 'x2': constant"):
        derive(values)
    events[:, 2:] = 0
    with pytest.raises(DataError, match=r"input 'jets\.pt': every slot is empty in the training split"):
        derive(events, (MET, JETS))


def test_the_binary_point_gives_network_values_a_spread_of_one(events):
    settings = SETTINGS | {"network_integer": None}
    contract = make_contract((MET, JETS), events, preset=get_preset("cms-run3-ugt"), **settings)
    rows = contract.to_network(contract.to_hardware(events))
    spread = {name: rows[:, i].std() for i, name in enumerate(contract.names)}
    assert 0.6 < spread["met.pt"] < 1.5
    leading = contract.names.index("jets[0].phi")
    assert 0.6 < rows[:, leading].std() < 1.5
    one_count = contract.to_network(np.ones((1, len(contract.inputs)), int))
    assert (one_count == [entry.lsb for entry in contract.network_formats]).all()
    fixed = make_contract((MET, JETS), events, preset=get_preset("cms-run3-ugt"), **SETTINGS)
    assert {entry.integer for entry in fixed.inputs} == {3}

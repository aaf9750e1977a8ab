import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codesign.contract import InputContract, InputFormat
from codesign.errors import ConfigError, DataError
from codesign.presets import Scale, digitise, get_preset, load_presets

COLUMNS = ("pt", "eta", "phi")


@pytest.mark.parametrize("name", load_presets())
def test_every_scale_of_every_preset_fits_its_bits(name):
    preset = get_preset(name)
    for columns in preset.blocks.values():
        for scale in columns.values():
            assert scale.counts_per_turn is None or scale.counts_per_turn <= 1 << scale.width
    assert all(target in preset.blocks for target in preset.alike.values())
    assert preset.source


EVERY_SCALE = {
    f"{name}.{block}.{column}": scale
    for name, preset in load_presets().items()
    for block, columns in preset.blocks.items()
    for column, scale in columns.items()
}


@pytest.mark.parametrize("scale", EVERY_SCALE.values(), ids=EVERY_SCALE)
def test_every_integer_of_every_scale_round_trips_and_its_ends_saturate_or_wrap(scale):
    entry = InputFormat("x", "", scale.offset, scale.lsb, scale.width, scale.signed, scale.counts_per_turn)
    contract = InputContract((entry,))
    first, last = (round((end - scale.offset) / scale.lsb) for end in entry.range)
    integers = np.unique(np.linspace(first, last, 5000).astype(np.int64))[:, None]
    assert (contract.to_hardware(contract.to_physical(integers)) == integers).all()
    beyond = contract.to_hardware(np.array([[entry.range[1] + 0.6 * scale.lsb], [entry.range[0] - 0.6 * scale.lsb]]))
    assert beyond.ravel().tolist() == ([last, first] if scale.counts_per_turn is None else [first, last])


def test_known_integers_of_the_global_trigger():
    """A 30 GeV jet at η = 1.2, φ = -π/2, and a 12.5 GeV muon at η = -0.8, φ = 1."""
    jet = digitise("cms-run3-ugt", "jets", np.array([[[30.2, 1.2, -math.pi / 2]]]), COLUMNS)[0, 0]
    assert jet == pytest.approx([30.0, 28 * 0.0435, -math.pi / 2])
    muon = digitise("cms-run3-ugt", "muons", np.array([[[12.6, -0.8, 1.0]]]), COLUMNS)[0, 0]
    assert muon == pytest.approx([12.5, -74 * 0.010875, 92 * 2 * math.pi / 576])


@given(st.floats(0.5, 3000), st.floats(-5, 5), st.floats(-math.pi, math.pi), st.sampled_from(sorted(load_presets())))
def test_digitising_twice_changes_nothing(pt, eta, phi, preset):
    once = digitise(preset, "jets", np.array([[[pt, eta, phi]]]), COLUMNS)
    assert (digitise(preset, "jets", once, COLUMNS) == once).all()
    assert -math.pi - 1e-6 <= once[0, 0, 2] <= math.pi + 1e-6


def test_objects_below_half_a_count_vanish_and_the_others_move_up():
    values = np.array([[[0.2, 1.0, 1.0], [8.0, 0.5, 0.5], [0.0, 0.0, 0.0]]])
    found = digitise("cms-run3-ugt", "egammas", values, COLUMNS)[0]
    assert found[:, 0].tolist() == [8.0, 0.0, 0.0]
    assert (found[1:] == 0).all()


def test_a_block_of_single_values_is_digitised_too():
    met = digitise("cms-run3-ugt", "met", np.array([[41.3, 3.14]]), ("pt", "phi"))
    assert met[0, 0] == 41.5


def test_unknown_preset_and_column_and_bad_values_are_refused():
    with pytest.raises(ConfigError, match=r"unknown preset 'cms-run3'.*cms-run3-ugt"):
        get_preset("cms-run3")
    with pytest.raises(ConfigError, match=r"no scale for jets\.mass; it has pt, eta, phi, displaced"):
        digitise("cms-run3-ugt", "jets", np.zeros((1, 1, 2)), ("pt", "mass"))
    with pytest.raises(DataError, match="expected a finite number"):
        digitise("cms-run3-ugt", "jets", np.full((1, 1, 3), np.nan), COLUMNS)


@pytest.mark.parametrize("fields", [{"width": 8}, {"width": 8, "step": 0.5, "counts_per_turn": 144}])
def test_a_scale_is_a_step_or_a_turn(fields):
    with pytest.raises(ValidationError, match="either step or counts_per_turn"):
        Scale(**fields)


def test_the_phase_2_preset_has_the_words_of_the_correlator():
    # DataFormats/L1TParticleFlow/interface/datatypes.h and sums.h of cms-sw/cmssw.
    expected = {
        ("candidates", "pt"): (14, False, 0.25),
        ("candidates", "eta"): (12, True, math.pi / 720),
        ("candidates", "phi"): (11, True, math.pi / 720),
        ("candidates", "z0"): (10, True, 0.05),
        ("met", "pt"): (14, False, 0.25),
        ("met", "phi"): (11, True, math.pi / 720),
        ("sums", "ht"): (14, False, 0.25),
        ("sums", "et"): (14, False, 0.25),
    }
    preset = get_preset("phase2-correlator")
    for (block, column), (width, signed, step) in expected.items():
        scale = preset.blocks[preset.alike.get(block, block)][column]
        assert (scale.width, scale.signed, scale.lsb) == (width, signed, pytest.approx(step))

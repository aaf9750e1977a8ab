"""Inputs near to one that meets a planted fault, played against it."""

import dataclasses

import numpy as np
import pytest
import tiny

from codesign.firmware.rtl import IntegerModel
from codesign.verify.mutation import hunt
from codesign.verify.mutation.design import MutableDesign
from codesign.verify.mutation.hunt import Hunter
from codesign.verify.player import build_player
from codesign.verify.reach import Source
from codesign.verify.trace import Ports


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """(firmware, its model, all its faults, the design with them)."""
    folder = tmp_path_factory.mktemp("planted")
    under_test = tiny.write_firmware(folder / "firmware")
    mutable = MutableDesign.read(under_test.design.sources)
    numbers = frozenset(mutant.number for mutant in mutable.mutants)
    design = dataclasses.replace(under_test.design, sources=mutable.write(folder / "planted", numbers))
    ports = Ports(under_test.record["inputs"]["bits"], under_test.record["outputs"]["bits"])
    model = IntegerModel.load(under_test.directory / "rtl", tiny.CONTRACT)
    return under_test, model, mutable.mutants, build_player(design, ports, folder / "player")


def hunter(under_test, model, vectors):
    """From these vectors, whatever the word."""

    def stimulus(rows):
        return under_test.stimulus(rows, model.predict(rows), 1)

    return Hunter(Source.of(tiny.CONTRACT), lambda word: np.array(vectors[word]), stimulus, 7)


@pytest.mark.rtl
def test_an_input_is_found_that_shows_a_fault_alone(planted, tmp_path, monkeypatch):
    under_test, model, mutants, player = planted
    found = {}
    for mutant in mutants:
        if mutant.module in {"logic0", "logic1"}:
            shown = hunter(under_test, model, {3: [[0, 0, 0]]}).showing(player, mutant.number, [3], tmp_path)
            found[mutant.number] = shown
    seen = {number: shown for number, shown in found.items() if shown}
    assert len(seen) > 50
    assert len(set(seen.values())) > 3
    assert any(not shown for shown in found.values()), "some faults change nothing"
    monkeypatch.setattr(hunt, "CANDIDATES", 1)
    for number, shown in [*seen.items()][::7]:
        assert hunter(under_test, model, {0: [shown]}).showing(player, number, [0], tmp_path) == shown


@pytest.mark.rtl
def test_a_sound_design_shows_nothing_and_a_word_of_no_event_is_left_out(planted, tmp_path):
    under_test, model, mutants, player = planted
    sound = 0
    assert hunter(under_test, model, {1: [[3, -2, 1]]}).showing(player, sound, [1], tmp_path) == ()
    nothing = hunter(under_test, model, {1: np.empty((0, 3), int)})
    assert nothing.showing(player, mutants[0].number, [1], tmp_path) == ()
    assert nothing.showing(player, mutants[0].number, [], tmp_path) == ()


def test_candidates_lie_within_the_ranges_and_are_the_same_for_the_same_seed(planted):
    under_test, model, _, _ = planted
    made = [hunter(under_test, model, {0: [[15, -16, 7]]}).candidates([0]) for _ in range(2)]
    assert (made[0] == made[1]).all()
    low, high = tiny.CONTRACT.extremes()
    assert ((made[0] >= low) & (made[0] <= high)).all()
    assert made[0][0].tolist() == [15, -16, 7]
    assert (made[0].min(axis=0) == low).all()
    assert (made[0].max(axis=0) == high).all()

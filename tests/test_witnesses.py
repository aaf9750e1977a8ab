"""Inputs that show what the vectors of a verification did not, kept for the next one."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from codesign.config_firmware import FirmwareSection
from codesign.config_source import SourceSection
from codesign.contract import InputContract, InputFormat
from codesign.errors import RunError
from codesign.firmware.rtl import INTEGER_MODEL, IntegerModel
from codesign.verify.mutation.score import MutationResult, Survivor
from codesign.verify.result import VerifyResult
from codesign.witnesses import WITNESSES, keep_witnesses, kept_witnesses, witnesses_digest

CONTRACT = InputContract(
    (
        InputFormat("a", "", 0.0, 1.0, 8),
        InputFormat("b", "", 0.0, 1.0, 6, signed=False),
        InputFormat("c", "", 0.0, 1.0, 5),
    )
)
FIRMWARE = {"rtl_project": "rtl"}
SURVIVOR = Survivor(1, "sign", "operand 0 taken as signed", "logic0.v:1", "", "different", "simulation")
MUTATION = MutationResult(9, 9, 9, 0, 1.0, {}, (), 100, 1, 0.0, 0.0, 0.0)
RESULT = VerifyResult(True, 1, {}, (), (), 1, 1, 1, 1, 1.0, 0.0, "")


def network(step=2):
    """A sum that does not look at the lowest bits of a, and not at all at c."""
    from alkaid.trace import FVArray, trace

    signed, integer, fractional = np.array([given.kif for given in CONTRACT.network_formats]).T
    a, b, _ = inputs = FVArray.from_kif(signed.astype(bool), integer, fractional - [step, 0, 0])
    return trace(inputs, np.array([a + b]))


@pytest.fixture
def run(tmp_path):
    save(tmp_path, network())
    (tmp_path / "vectors").mkdir()
    return SimpleNamespace(path=tmp_path, config=SimpleNamespace(firmware=FirmwareSection()))


def save(folder, graph):
    path = folder / "firmware" / "rtl" / INTEGER_MODEL
    path.parent.mkdir(parents=True, exist_ok=True)
    graph.save(path)


def test_words_become_the_integers_that_give_them():
    model = IntegerModel(network(), CONTRACT)
    bits = model.input_bits
    assert [(entry.low, entry.width) for entry in bits] == [(2, 6), (0, 6), (2, 0)]
    word = (0b100001) | (0b110000 << 6)
    assert model.hardware_integers([word, 0]).tolist() == [[-124, 48, 0], [0, 0, 0]]


def test_inputs_are_kept_once_and_belong_to_their_network(run):
    nothing = witnesses_digest(run)
    assert kept_witnesses(run, FIRMWARE).size == 0
    assert keep_witnesses(run, FIRMWARE, np.array([[20, 0, 0], [36, 0, 0]])) == 2
    assert keep_witnesses(run, FIRMWARE, np.array([[36, 0, 0], [-4, 0, 0]])) == 1
    assert kept_witnesses(run, FIRMWARE).tolist() == [[-4, 0, 0], [20, 0, 0], [36, 0, 0]]
    assert witnesses_digest(run) != nothing
    save(run.path, network(step=3))
    assert kept_witnesses(run, FIRMWARE).size == 0


@pytest.mark.parametrize(
    ("found", "rounds"),
    [
        ([[]], 1),
        ([[(20, 0, 0)], []], 2),
        ([[(20, 0, 0)], [(20, 0, 0)]], 2),  # nothing new
        ([[(20, 0, 0)], [(36, 0, 0)], [(-4, 0, 0)]], 3),  # and no more
    ],
)
def test_a_verification_begins_again_with_the_vectors_that_it_found(run, monkeypatch, found, rounds):
    from codesign.steps import proof

    made = []

    def verified(run, firmware, progress):
        """What a round finds, without its simulations."""
        shown = [dataclasses.replace(SURVIVOR, shown_by=vector) for vector in found[len(made)]]
        made.append(dataclasses.replace(RESULT, mutation=dataclasses.replace(MUTATION, survivors=tuple(shown))))
        return made[-1]

    monkeypatch.setattr(proof, "_verified", verified)
    run.config.verification = SimpleNamespace(full=False)
    run.record = lambda name: {**FIRMWARE, "files": {}}
    record = proof.verify(run, lambda *progress: None)
    assert len(made) == rounds
    assert record["mutation"] == dataclasses.asdict(made[-1].mutation)
    assert len(kept_witnesses(run, FIRMWARE)) == len({vector for vectors in found for vector in vectors})


def test_a_damaged_file_is_named(run):
    (run.path / WITNESSES).write_bytes(b"no archive")
    with pytest.raises(RunError, match=r"witnesses\.npz: damaged"):
        kept_witnesses(run, FIRMWARE)


def test_vectors_belong_to_the_words_that_they_are_made_of(run):
    assert keep_witnesses(run, FIRMWARE, np.array([[1, 48, 0]])) == 1
    run.config.firmware = FirmwareSection(source=SourceSection(format="cms-ugt"))
    assert kept_witnesses(run, FIRMWARE).size == 0

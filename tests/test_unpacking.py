"""Words of an experiment as contract integers: the golden model against the contract, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesign.config_source import SourceSection
from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.data.formats import cms_ugt_words
from codesign.errors import ConfigError
from codesign.input_formats import InputBlock, make_contract
from codesign.objects import arrange
from codesign.presets import get_preset
from codesign.sections import validate_section
from codesign.source_presets import source_unpacker
from codesign.unpacking import RawField, SourceBlock
from codesign.unpacking_plan import make_unpacker

TURN = 2 * math.pi


@st.composite
def fields(draw):
    """A field of a word and the contract's format of the same quantity."""
    raw = RawField(
        "pt",
        draw(st.integers(0, 3)),
        draw(st.integers(1, 9)),
        draw(st.booleans()),
        2.0 ** draw(st.integers(-3, 3)),
        draw(st.integers(-40, 40)) / 8,
    )
    offset, lsb = draw(st.integers(-40, 40)) / 8, 2.0 ** draw(st.integers(-3, 3))
    return raw, InputFormat("met.pt", "", offset, lsb, draw(st.integers(1, 9)), draw(st.booleans()))


@given(fields())
def test_every_code_becomes_the_integer_of_the_contract(drawn):
    raw, entry = drawn
    contract = InputContract((entry,))
    unpacker = make_unpacker(contract, {"met": SourceBlock("met", 12, 1, (raw,))}, 1)
    codes = np.arange(raw.range[0], raw.range[1] + 1)
    rows = np.zeros((len(codes), len(unpacker.blocks[0].word_fields)), np.int64)
    rows[:, unpacker.blocks[0].word_fields.index(raw)] = codes
    expected = contract.to_hardware((codes * raw.lsb + raw.offset)[:, None])
    assert (unpacker.unpack(rows) == expected).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("turn", [36, 72, 144])
def test_angles_wrap_around(signed, turn):
    entry = InputFormat("met.phi", "rad", 0.0, TURN / 144, 8, signed, 144)
    raw = RawField("phi", 0, 10, True, TURN / turn)
    unpacker = make_unpacker(InputContract((entry,)), {"met": SourceBlock("met", 10, 1, (raw,))}, 1)
    codes = np.arange(-512, 512)
    assert (unpacker.unpack(codes[:, None])[:, 0] == entry.to_int(codes * raw.lsb)).all()


def jets(slots: int) -> InputContract:
    pt = {"unit": "GeV", "offset": -0.5, "lsb": 1.0, "width": 4, "signed": False}
    eta = {"unit": "", "offset": 0.0, "lsb": 0.5, "width": 4, "signed": True}
    inputs = [InputFormat(f"jets[{s}].{n}", **f) for s in range(slots) for n, f in (("pt", pt), ("eta", eta))]
    return InputContract(tuple(inputs), (ObjectSlots("jets", 0, slots, 2, 0),))


JET = (RawField("eta", 0, 5, True, 0.25), RawField("pt", 6, 6, False, 0.5))


@given(st.lists(st.tuples(st.integers(-16, 15), st.integers(0, 63)), min_size=5, max_size=5))
def test_objects_are_sorted_and_suppressed_like_the_contract_does(objects):
    words = np.array(objects, np.int64)[None]  # eta, pt of five jets
    everything = jets(5).to_hardware((words[..., ::-1] * [0.5, 0.25]).reshape(1, -1)).reshape(1, 5, 2)
    for slots in (5, 3):
        unpacker = make_unpacker(jets(slots), {"jets": SourceBlock("jets", 12, 5, JET, unsorted=True)}, 1)
        rows = np.zeros((1, 5, 3), np.int64)
        rows[..., [0, 2]] = words
        rows[..., 1] = 1  # a bit that belongs to nothing
        assert (unpacker.unpack(rows.reshape(1, -1)) == arrange(everything, 0, slots).reshape(1, -1)).all()


def test_sorted_objects_keep_their_places_but_empty_ones_are_zero():
    unpacker = make_unpacker(jets(2), {"jets": SourceBlock("jets", 12, 2, JET)}, 1)
    assert unpacker.latency_cycles == 1
    assert unpacker.unpack(np.array([[3, 1, 0, -3, 0, 8]])).tolist() == [[0, 0, 5, -1]]


@pytest.mark.parametrize(("objects", "layers", "clocks"), [(2, 1, 1), (4, 1, 3), (5, 1, 6), (5, 2, 3), (12, 2, 5)])
def test_latency_is_one_clock_and_the_layers_of_the_network(objects, layers, clocks):
    source = {"jets": SourceBlock("jets", 12, objects, JET, unsorted=True)}
    assert make_unpacker(jets(2), source, layers).latency_cycles == 1 + clocks


def ugt_contract(**blocks: tuple[tuple[str, ...], int | None]) -> InputContract:
    found = [
        InputBlock(name, columns, ("",) * len(columns), slots, "pt" if slots else None)
        for name, (columns, slots) in blocks.items()
    ]
    values = np.random.default_rng(1).uniform(1, 3, (20, sum(block.inputs for block in found)))
    preset = get_preset("cms-run3-ugt")
    return make_contract(found, values, width=8, network_integer=3, coverage=1.0, preset=preset)


def test_words_of_the_global_trigger_are_read_as_the_data_format_encodes_them():
    contract = ugt_contract(met=(("pt", "phi"), None), muons=(("pt", "eta", "phi"), 2), electrons=(("pt", "eta"), 3))
    unpacker = source_unpacker(SourceSection(format="cms-ugt", unsorted=("muons",)), contract)
    assert [plan.source.name for plan in unpacker.blocks] == ["met", "muons", "electrons"]
    assert unpacker.word_bits == 32 + 8 * 64 + 12 * 32
    random = np.random.default_rng(2)
    words = {}
    for name, fields_, objects in (
        ("met", cms_ugt_words.SUMS["etmhf"], 1),
        ("muons", cms_ugt_words.MUON, 8),
        ("electrons", cms_ugt_words.EGAMMA, 12),
    ):
        values = {f.name: random.integers(*f.range, (50, objects), endpoint=True) for f in fields_}
        words[name] = values, cms_ugt_words.encode(values, fields_)
    parts = []
    for plan in unpacker.blocks:
        bits = words[plan.source.name][1][..., None] >> np.array([f.low for f in plan.word_fields], np.uint64)
        masks = np.array([(1 << f.width) - 1 for f in plan.word_fields], np.uint64)
        raw = (bits & masks).astype(np.int64)
        for index, field in enumerate(plan.word_fields):
            raw[..., index] -= (raw[..., index] > field.range[1]).astype(np.int64) << field.width
        parts.append(raw.reshape(50, -1))
    found = unpacker.unpack(np.concatenate(parts, axis=1))
    met, muons, electrons = (words[name][0] for name in ("met", "muons", "electrons"))
    assert (found[:, 0] == met["etmhf"][:, 0]).all()
    assert (found[:, 1] == met["etmhf_phi"][:, 0] % 144).all()
    hard = np.argsort(-np.where(muons["pt"] > 1, muons["pt"], 0), axis=1, kind="stable")[:, :2]
    assert (found[:, [2, 5]] == np.take_along_axis(muons["pt"], hard, 1)).all()
    assert (found[:, [3, 6]] == np.take_along_axis(muons["eta"], hard, 1)).all()
    assert (found[:, 8:14:2] == electrons["et"][:, :3]).all()


WORDS = {"format": "words", "blocks": {"jets": {"bits": 12, "objects": 5, "fields": {}}}}
ETA, PT = {"low": 0, "width": 5, "signed": True, "lsb": 0.25}, {"low": 6, "width": 6, "lsb": 0.5}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"fields": {"pt": PT}}, "no field for the column 'eta', only pt"),
        ({"fields": {"pt": PT, "eta": {**ETA, "low": 3}}}, "takes the bits 11:6, which belong to another field"),
        ({"fields": {"pt": {**PT, "low": 8}, "eta": ETA}}, "bits 13:8, which a word of 12 bits does not have"),
        ({"fields": {"pt": {**PT, "lsb": 0.3}, "eta": ETA}}, "expected a power of two between them"),
        ({"fields": {"pt": {**PT, "offset": 0.1}, "eta": ETA}}, "expected a multiple of 0.5/4096 between them"),
        ({"fields": {"pt": {**PT, "offset": 2.0}, "eta": ETA}}, "no integer of 'pt' stands for an empty slot"),
        ({"objects": 1, "fields": {"pt": PT, "eta": ETA}}, "1 objects in the words, 2 slots in the network"),
    ],
)
def test_words_that_do_not_fit_the_network_are_refused(source, message):
    section = validate_section(SourceSection, {**WORDS, "blocks": {"jets": {**WORDS["blocks"]["jets"], **source}}}, "")
    with pytest.raises(ConfigError) as error:
        source_unpacker(section, jets(2))
    assert message in str(error.value)


def test_an_integer_that_would_differ_from_the_contract_is_refused():
    # Halves of a count, between decimals: 0.3 / 0.6 is a little below 1/2 in one place and not in the other.
    entry, raw = InputFormat("met.pt", "", 0.0, 0.6, 8, False), RawField("pt", 0, 8, False, 0.3)
    with pytest.raises(ConfigError, match=r"in the input contract and would be \d+ in firmware"):
        make_unpacker(InputContract((entry,)), {"met": SourceBlock("met", 8, 1, (raw,))}, 1)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"format": "cms-utg"}, "did you mean 'cms-ugt'"),
        ({"unsorted": ["jets"]}, 'its format is "none"'),
        ({"format": "cms-ugt", "unsorted": ["jet"]}, "did you mean 'jets'"),
        ({"format": "cms-ugt", "unsorted": ["taus"]}, "unknown block of the network 'taus'"),
    ],
)
def test_unknown_names_are_refused(section, message):
    with pytest.raises(ConfigError, match=r"firmware\.source") as error:
        source_unpacker(validate_section(SourceSection, section, ""), ugt_contract(jets=(("pt", "eta"), 2)))
    assert message in str(error.value)

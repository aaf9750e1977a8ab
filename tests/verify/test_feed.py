"""What a linear programme knows of the inputs behind an unpacking, against all words tried one by one."""

import itertools
import re

import numpy as np
import pytest

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.firmware.rtl import IntegerModel
from codesign.unpacking import RawField, SourceBlock
from codesign.unpacking_plan import make_unpacker
from codesign.verify.feed import Feed
from codesign.verify.ranges import NEVER, Numbers, Ranges
from codesign.verify.word_encoding import words_of

SLOTS = 2
MET = (InputFormat("met.pt", "GeV", 1.0, 1.0, 4, signed=False), InputFormat("met.phi", "rad", 0.0, 0.25, 4, True, 12))
JET = (
    ("pt", InputFormat("", "GeV", 0.0, 1.0, 3, signed=False)),
    ("eta", InputFormat("", "", 0.0, 0.25, 3, signed=True)),
)
JETS = tuple(
    InputFormat(f"jets[{slot}].{name}", entry.unit, entry.offset, entry.lsb, entry.width, entry.signed)
    for slot in range(SLOTS)
    for name, entry in JET
)
CONTRACT = InputContract(MET + JETS, (ObjectSlots("jets", 2, SLOTS, 2, 0),))
# Steps of two counts in pT of MET, of both angles, and of three jets of which two are used; pT of jets is rounded.
FIELDS = {
    "met": SourceBlock("met", 6, 1, (RawField("pt", 0, 3, False, 2.0, 1.0), RawField("phi", 3, 3, True, 0.5))),
    "jets": SourceBlock("jets", 5, 2, (RawField("pt", 0, 3, False, 0.5), RawField("eta", 3, 2, True, 0.5))),
}


def unpacker_of(*, unsorted):
    jets = FIELDS["jets"]
    jets = SourceBlock(jets.name, jets.bits, jets.objects, jets.fields, unsorted)
    return make_unpacker(CONTRACT, FIELDS | {"jets": jets}, 1)


def everything(unpacker):
    """The integers of the contract for all words."""
    fields = [field for plan in unpacker.blocks for _ in range(plan.source.objects) for field in plan.word_fields]
    words = np.array(list(itertools.product(*(range(field.range[0], field.range[1] + 1) for field in fields))))
    return {tuple(row) for row in unpacker.unpack(words).tolist()}


def numbered(row):
    """One number of all integers."""
    return sum(value << 4 * place for place, value in enumerate(row))


def network(drop=0):
    """A graph whose output is that number, of inputs without their lowest bits."""
    from alkaid.trace import FVArray, trace

    signed, integer, fractional = np.array([given.kif for given in CONTRACT.network_formats]).T
    inputs = FVArray.from_kif(signed.astype(bool), integer, fractional - drop)
    steps = [given.lsb for given in CONTRACT.network_formats]
    terms = [given * (2.0 ** (4 * place) / step) for place, (given, step) in enumerate(zip(inputs, steps, strict=True))]
    return trace(inputs, np.array([sum(terms[1:], terms[0])]))


def feed_of(graph, unpacker):
    return Feed(unpacker, CONTRACT, IntegerModel(graph, CONTRACT).input_bits)


def answers(graph, unpacker, rows):
    """For each row whether the programme says that some words give it."""
    known = Ranges([graph], feed_of(graph, unpacker))
    value, scale = graph.out_idxs[0], 2.0 ** -graph.out_shifts[0]
    last = known.bits[0][value][2]
    numbers = [int(numbered(row) * scale * 2.0**last) for row in rows]
    words = [known.word_with(0, value, Numbers(number, number)) for number in numbers]
    assert None not in words
    return [word != NEVER for word in words]


@pytest.fixture(scope="module")
def rows():
    """Some integers of the contract, most of which no words give."""
    low, high = CONTRACT.extremes()
    return np.random.default_rng(3).integers(low, high, (150, len(low)), endpoint=True)


@pytest.mark.parametrize("unsorted", [False, True])
def test_all_that_words_give_is_possible_and_nothing_else(rows, unsorted):
    unpacker = unpacker_of(unsorted=unsorted)
    given = everything(unpacker)
    some = [*sorted(given)[:: len(given) // 100], *map(tuple, rows.tolist())]
    # Two jets in the wrong order, and one behind an empty slot, with all the rest as it can be.
    possible = sorted(given)[-1]
    some += [(*possible[:2], 1, 0, 3, 0), (*possible[:2], 0, 0, 3, 0), (*possible[:2], 0, 2, 0, 0)]
    expected = [row in given for row in some]
    assert answers(network(), unpacker, some) == expected
    assert expected[-3:] == ([False] * 3 if unsorted else [True, True, False])
    assert 100 <= sum(expected) < len(some) - 100


def test_bits_that_the_network_leaves_out_may_be_anything():
    """Both angles have steps of two counts: without the lowest bit all of theirs is possible."""
    unpacker = unpacker_of(unsorted=True)
    given = {tuple(row) for row in (np.array(sorted(everything(unpacker))) & ~1).tolist()}
    low, high = CONTRACT.extremes()
    rows = {tuple(row) for row in (np.random.default_rng(5).integers(low, high, (100, len(low))) & ~1).tolist()}
    some = [*sorted(given)[:: len(given) // 60], *sorted(rows)]
    expected = [row in given for row in some]
    assert answers(network(drop=1), unpacker, some) == expected
    assert 60 <= sum(expected) < len(some) - 60


def holding(graph, unpacker, rows):
    """For each row whether the Verilog conditions hold."""
    bits = IntegerModel(graph, CONTRACT).input_bits
    low, masks = np.array([(entry.low, (1 << entry.width) - 1) for entry in bits]).T
    looked = (np.array(rows) >> low) & masks
    text = " && ".join(feed_of(graph, unpacker).conditions()) or "True"
    ends = np.cumsum([0, *(entry.width for entry in bits)])
    for place in range(len(bits)):
        text = text.replace(f"model_inp[{ends[place + 1] - 1}:{ends[place]}]", f"row[{place}]")
    assert "model_inp" not in text
    text = re.sub(r"{(.*?)}", r"any([\1])", text).replace("||", "or").replace("&&", "and")
    return [bool(eval(text, {"row": row})) for row in looked.tolist()]


@pytest.mark.parametrize("unsorted", [False, True])
def test_conditions_hold_for_all_that_words_give(rows, unsorted):
    unpacker = unpacker_of(unsorted=unsorted)
    given = everything(unpacker)
    assert all(holding(network(), unpacker, sorted(given)))
    met, *jets = 3, 0, 1, 1, 3, 0
    wrong = [(met, *jets), (met, 0, 0, 1, 0, 0), (met, 0, 3, 0, 0, 1)]
    assert holding(network(), unpacker, wrong) == ([False] * 3 if unsorted else [True, False, False])
    # Without its lowest bit pT may be zero in an object that is there.
    assert all(holding(network(drop=1), unpacker, sorted(given)))
    assert holding(network(drop=1), unpacker, wrong) == ([False, True, True] if unsorted else [True] * 3)


@pytest.mark.parametrize("unsorted", [False, True])
def test_words_of_what_words_give(unsorted):
    unpacker = unpacker_of(unsorted=unsorted)
    rows = np.array(sorted(everything(unpacker)))
    assert (unpacker.unpack(words_of(unpacker, CONTRACT, rows, np.zeros(6, int))) == rows).all()
    free = np.array([1, 0, 7, 1, 7, 1])  # all bits of pT of jets: objects that are there get one
    again = unpacker.unpack(words_of(unpacker, CONTRACT, rows & ~free, free))
    assert (again & ~free == rows & ~free).all()
    wrong = np.array([[3, 0, 0, 1, 0, 0], rows[-1]])
    assert unpacker.unpack(words_of(unpacker, CONTRACT, wrong, np.zeros(6, int))).tolist() == [rows[-1].tolist()]

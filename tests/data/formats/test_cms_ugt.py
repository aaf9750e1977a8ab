import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from codesign.data import Dataset
from codesign.data.convert import convert
from codesign.data.formats import cms_ugt
from codesign.data.formats.cms_ugt_objects import CmsUgtOptions
from codesign.data.formats.cms_ugt_words import (
    CROSSING,
    DIGITS,
    EGAMMA,
    JET,
    MUON,
    ORBIT,
    SUMS,
    decode,
    encode,
    format_lines,
    pack_bits,
    parse_line,
    unpack_bits,
)
from codesign.data.reading import Source
from codesign.errors import DataError

WORDS = {64: (MUON,), 32: (EGAMMA, JET, *SUMS.values())}


def line(bx=0, *, muons=(), egammas=(), taus=(), jets=(), sums=(), external="0", algorithms="0", final_or="1"):
    """A line of a test vector from literal hexadecimal words."""
    fields = [f"{bx:04d}"]
    for words, count, digits in ((muons, 8, 16), (egammas, 12, 8), (taus, 12, 8), (jets, 12, 8), (sums, 12, 8)):
        fields += [*words, *["0" * digits] * (count - len(words))]
    return " ".join([*fields, external.zfill(64), algorithms.zfill(128), final_or]) + "\n"


LITERAL = line(
    7,
    # 01 0 00000110 0000000000 0000000 1 1 01 | 111111110 1100 000010101 0110110000: impact 1, unconstrained pT 6,
    # valid, negative, isolation 1, eta -2, quality 12, pT 21, phi 432
    muons=["40c0000dff6055b0"],
    egammas=["02ff0014", "07000010"],
    jets=["08848028"],
    sums=["f0064190", "10003078", "00090020", "00000000", "20048040"],
    external="f0",
    algorithms="8" + "0" * 126 + "5",
)


GOOD = [line(0), line(1), line(2)]


def crossings(count, seed=1):
    """Random words of every kind."""
    random = np.random.default_rng(seed)
    return np.frombuffer(random.bytes(count * CROSSING.itemsize), CROSSING)


def write(tmp_path, *lines, name="vector.txt"):
    path = tmp_path / name
    path.write_text("".join(lines))
    return path


def converted(path, class_name=None, **options):
    output = path.with_suffix(".h5")
    sources = [Source(path, class_name)]
    result = convert(sources, output, cms_ugt.FORMAT, CmsUgtOptions(**options))
    return result, Dataset.open(output)


@pytest.mark.parametrize(("width", "fields"), [(w, f) for w, tables in WORDS.items() for f in tables])
def test_bit_tables_cover_every_bit_once(width, fields):
    bits = [bit for field in fields for bit in range(field.low, field.low + field.width)]
    assert sorted(bits) == list(range(width))
    assert len({field.name for field in fields}) == len(fields)


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.uint64, 5, elements=st.integers(0, 2**64 - 1)))
def test_muon_words_survive_decoding_and_encoding(words):
    assert (encode(decode(words, MUON), MUON) == words).all()


@pytest.mark.parametrize("fields", WORDS[32])
@settings(max_examples=20, deadline=None)
@given(words=arrays.arrays(np.uint32, 5, elements=st.integers(0, 2**32 - 1)))
def test_calorimeter_words_survive_decoding_and_encoding(fields, words):
    assert (encode(decode(words, fields), fields) == words).all()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_hardware_integers_survive_encoding_and_decoding(data):
    values = {field.name: np.array([data.draw(st.integers(*field.range))]) for field in MUON}
    assert decode(encode(values, MUON), MUON) == values


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(DataError, match="eta: expected -256 to 255, found 256 to 256"):
        encode({"eta": np.array([256])}, MUON)


def test_algorithm_0_is_the_last_bit_of_the_text():
    _, words, _ = parse_line(LITERAL.encode(), "here")
    bits = unpack_bits(np.frombuffer(words, CROSSING)["algorithms"])
    assert np.flatnonzero(bits[0]).tolist() == [0, 2, 511]
    assert (unpack_bits(pack_bits(bits)) == bits).all()


def test_lines_survive_writing_and_reading(tmp_path):
    words = crossings(ORBIT + 3)
    path = write(tmp_path, format_lines(words, 3560))
    pieces = list(cms_ugt.read_crossings(Source(path), partial_orbit=True))
    assert (np.concatenate([piece.words for piece in pieces]) == words).all()
    assert np.concatenate([piece.bx for piece in pieces])[:5].tolist() == [3560, 3561, 3562, 3563, 0]
    assert pieces[-1].bytes_read == path.stat().st_size
    assert tuple(map(len, path.read_text().splitlines()[0].split())) == DIGITS


def test_a_literal_line_has_its_known_physical_values(tmp_path):
    _, data = converted(write(tmp_path, LITERAL), partial_orbit=True, menu_bits=True)
    with data:
        read = {block: data.read(block)[0] for block in data.blocks}
        names = [column.name for column in data.columns("sums")]
    muon = [10, -2 * 0.087 / 8, -math.pi / 2, 12, 1, -1, 5, 1]
    assert read["muons"][0] == pytest.approx(muon, rel=1e-6)
    assert not read["muons"][1:].any()
    # 02ff0014: et 20, eta -128, phi 127, iso 1; 07000010: et 16, eta 0, phi 128, iso 3
    assert read["egammas"][0] == pytest.approx([10, -128 * 0.0435, (127 - 144) * math.pi / 72, 1], rel=1e-6)
    assert read["egammas"][1] == pytest.approx([8, 0, (128 - 144) * math.pi / 72, 3], rel=1e-6)
    assert read["jets"][0] == pytest.approx([20, -112 * 0.0435, 16 * math.pi / 72, 1], rel=1e-6)
    sums = dict(zip(names, read["sums"].tolist(), strict=True))
    assert sums["ett"] == 200
    assert sums["ett_ecal"] == 50
    assert sums["minbias_hfp0"] == 15
    assert sums["htt"] == 60
    assert sums["tower_count"] == 3
    assert sums["etm_phi"] == 0
    assert read["met"] == pytest.approx([32, (72 - 144) * math.pi / 72], rel=1e-6)
    assert read["crossing"].tolist() == [7, 1]
    assert np.flatnonzero(read["menu"]).tolist() == [0, 2, 511]


def test_unsorted_objects_are_sorted_and_counted_and_empty_slots_are_zero(tmp_path):
    path = write(tmp_path, line(jets=["00080010", "00000000", "00080030", "00080020"]), line(1))
    result, data = converted(path, partial_orbit=True)
    with data:
        jets = data.read("jets")
    assert jets[0, :, 0].tolist() == [24, 16, 8, *[0] * 9]
    assert not jets[0, 3:].any()
    assert result.repairs == {"rows reordered: jets by decreasing pt": 1}


def test_muons_below_half_a_gev_are_counted(tmp_path):
    path = write(tmp_path, line(muons=[f"{(3 << 23) | (1 << 10) | 5:016x}"]), line(1))
    result, data = converted(path, partial_orbit=True)
    with data:
        assert not data.read("muons").any()
    assert result.repairs == {"rows with muons left out: pT below 0.5 GeV": 1}


def test_run_2_muons_have_no_displacement(tmp_path):
    _, data = converted(write(tmp_path, LITERAL), partial_orbit=True, muon_word="run2")
    with data:
        assert [column.name for column in data.columns("muons")][-1] == "charge"


def test_the_missing_energy_is_the_one_asked_for(tmp_path):
    _, data = converted(write(tmp_path, LITERAL), partial_orbit=True, met="etm")
    with data:
        assert data.read("met")[0, 0] == 16


def test_files_follow_one_another_and_carry_their_class(tmp_path):
    first = write(tmp_path, format_lines(crossings(ORBIT)), name="a.txt")
    second = write(tmp_path, LITERAL.replace("0007 ", "0000 ", 1), line(1), name="b.txt")
    output = tmp_path / "both.h5"
    options = CmsUgtOptions(partial_orbit=True)
    convert([Source(first, "collisions"), Source(second)], output, cms_ugt.FORMAT, options)
    with Dataset.open(output) as data:
        assert data.classes == ("collisions", "data")
        assert data.labels().tolist() == [0] * ORBIT + [1, 1]
        assert data.read("crossing")[ORBIT - 1 :, 0].tolist() == [3563, 0, 1]
        assert data.provenance["files_without_energy_sums"] == []


def test_progress_reaches_the_size_of_the_files(tmp_path):
    sources = [Source(write(tmp_path, *GOOD, name=name)) for name in ("a.txt", "b.txt")]
    batches = list(cms_ugt.FORMAT.read(sources, CmsUgtOptions(partial_orbit=True)).batches)
    assert [batch.consumed_bytes for batch in batches] == [sources[0].path.stat().st_size * n for n in (1, 2)]


def test_files_without_energy_sums_are_named_in_the_provenance(tmp_path):
    _, data = converted(write(tmp_path, line(jets=["00080010"])), partial_orbit=True)
    with data:
        assert data.provenance["files_without_energy_sums"] == ["vector.txt"]


def test_empty_crossings_are_left_out_only_when_asked_and_counted(tmp_path):
    path = write(tmp_path, line(), LITERAL.replace("0007 ", "0001 ", 1), line(2))
    kept, data = converted(path, partial_orbit=True)
    data.close()
    dropped, data = converted(path, partial_orbit=True, empty_crossings="drop")
    with data:
        assert data.read("crossing")[:, 0].tolist() == [1]
    assert kept.rows == 3
    assert dropped.repairs == {"crossings left out: neither objects nor sums": 2}


BAD = {
    "truncated line": ([*GOOD[:2], GOOD[2][:400]], "line 3: expected 60 fields of a µGT test vector"),
    "word too long": ([line(0, jets=["0000000001"])], "line 1, field 34: expected 8 digits, found '0000000001'"),
    "no hexadecimal": ([line(0, jets=["0000g001"])], "line 1, field 34: expected hexadecimal digits, found '0000g001'"),
    "no bunch crossing": (["abcd" + line(0)[4:]], "line 1, field 1: expected a bunch crossing in decimal digits"),
    "underscore": (["0_00" + line(0)[4:]], "line 1, field 1: expected a bunch crossing in decimal digits"),
    "final OR": ([line(0, final_or="2")], "line 1, field 60: expected the final OR 0 or 1, found '2'"),
    "missing line": ([GOOD[0], GOOD[2]], "line 2: expected bunch crossing 1, found 2"),
    "beyond the orbit": ([line(3564)], "line 1: expected bunch crossing 0 to 3563, found 3564"),
    "binary": (["\x00\x01" * 5000], "line 1: expected 60 fields"),
    "empty": ([""], "expected at least one row, found none"),
}


@pytest.mark.parametrize(("lines", "message"), BAD.values(), ids=BAD)
def test_damaged_files_are_refused_and_leave_nothing(tmp_path, lines, message):
    path = write(tmp_path, *lines)
    with pytest.raises(DataError, match=re.escape(message)):
        converted(path, partial_orbit=True)
    assert list(tmp_path.iterdir()) == [path]


def test_an_incomplete_orbit_needs_consent(tmp_path):
    path = write(tmp_path, *GOOD)
    with pytest.raises(DataError, match=r"expected 3564 lines \(one orbit\) or a multiple, found 3; .*partial_orbit"):
        converted(path)
    result, data = converted(path, partial_orbit=True)
    data.close()
    assert result.rows == 3


def test_whole_orbits_begin_with_bunch_crossing_0(tmp_path):
    path = write(tmp_path, line(1), line(2))
    with pytest.raises(DataError, match="line 1: expected bunch crossing 0, found 1"):
        converted(path)


@pytest.mark.parametrize("ending", ["\r\n", "\n\n"])
def test_other_line_endings_are_read(tmp_path, ending):
    path = tmp_path / "vector.txt"
    path.write_bytes("".join(GOOD).replace("\n", ending).encode())
    result, data = converted(path, partial_orbit=True)
    data.close()
    assert result.rows == 3

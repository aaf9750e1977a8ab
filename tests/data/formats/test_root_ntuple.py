import re

import numpy as np
import pytest

from codesign.data import Dataset
from codesign.data.convert import convert
from codesign.data.formats import root_ntuple
from codesign.data.formats.root_map import BranchMap, load_map, shipped_maps
from codesign.data.formats.root_ntuple import FORMAT, RootOptions
from codesign.data.formats.slots import fill_slots
from codesign.data.reading import Source
from codesign.errors import CodesignError, ConfigError, DataError

ak = pytest.importorskip("awkward")
uproot = pytest.importorskip("uproot")

EVENTS = {
    "Jet_pt": [[20.0, 50.0, 30.0], [], [10.0]],
    "Jet_eta": [[0.1, 0.2, 0.3], [], [0.4]],
    "Jet_phi": [[-3.0, 1.0, 2.0], [], [3.0]],
    "Jet_bx": [[0, 0, 1], [], [0]],
    "Sum_pt": [[7.0, 5.0], [6.0, 8.0], [9.0]],
    "Sum_type": [[1, 2], [2, 1], [1]],
    "MET_pt": [11.0, 12.0, 13.0],
    "MET_phi": [0.5, -0.5, 0.0],
    "kind": [4, 5, 4],
    "weight": [1.0, -2.0, 0.5],
    "L1_a": [True, False, True],
    "L1_b": [False, False, True],
    "L1_count": [1, 2, 3],
    "is_sig": [0, 1, 0],
    "is_bkg": [1, 0, 1],
}
HEAD = 'tree = "Events"\nname = "mine"\n'
MAP = (
    HEAD
    + """
[blocks.met]
columns = { pt = "MET_pt", phi = "MET_phi" }
[blocks.jets]
objects = 2
columns = { pt = "Jet_pt", eta = "Jet_eta", phi = "Jet_phi" }
"""
)


def array_of(name, values):
    """The branch as an Awkward or NumPy array of the type that such branches have."""
    if isinstance(values[0], list):
        integer = name.endswith(("bx", "type"))
        return ak.values_astype(ak.Array(values), np.int32 if integer else np.float32)
    return np.array(values)


def write_root(path, events=EVENTS, *, kind="tree", name="Events"):
    arrays = {key: array_of(key, values) for key, values in events.items()}
    with uproot.recreate(path) as file:
        if kind == "tree":
            types = {key: array.type if isinstance(array, ak.Array) else array.dtype for key, array in arrays.items()}
            tree = file.mktree(name, {k: t.content if hasattr(t, "content") else t for k, t in types.items()})
            tree.extend(arrays)
        else:
            file.mkrntuple(name, arrays)
    return path


def converted(tmp_path, text, *sources, blocks=(), **options):
    branch_map = tmp_path / "map.toml"
    branch_map.write_text(text)
    output = tmp_path / "out.h5"
    result = convert(sources, output, FORMAT, RootOptions(map=str(branch_map), blocks=blocks), **options)
    return result, Dataset.open(output)


@pytest.mark.parametrize("kind", ["tree", "rntuple"])
def test_jagged_branches_become_slots_in_decreasing_pt(tmp_path, kind):
    path = write_root(tmp_path / "a.root", kind=kind)
    result, data = converted(tmp_path, MAP, Source(path))
    with data:
        jets, met = data.read("jets"), data.read("met")
        assert [column.unit for column in data.columns("jets")] == ["GeV", "", "rad"]
        assert data.classes == ("data",)
        assert data.name == "mine"
        assert data.provenance["rows_with_more_objects"] == {"jets": 1}
    expected = [[[50, 0.2, 1], [30, 0.3, 2]], [[0, 0, 0], [0, 0, 0]], [[10, 0.4, 3], [0, 0, 0]]]
    assert jets == pytest.approx(np.array(expected), rel=1e-6)
    assert met == pytest.approx(np.array([[11, 0.5], [12, -0.5], [13, 0]]))
    assert result.repairs == {"rows reordered: jets by decreasing pt": 1}


def test_objects_are_selected_by_value_and_minimum(tmp_path):
    path = write_root(tmp_path / "a.root")
    selection = MAP + "where = { Jet_bx = 0 }\nminimum = { pt = 15.0 }\n"
    _, data = converted(tmp_path, selection, Source(path))
    with data:
        assert data.read("jets")[..., 0].tolist() == [[50, 20], [0, 0], [0, 0]]


def test_the_order_of_the_file_stays_without_a_column_of_order(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + '[blocks.j]\nobjects = 2\ncolumns = { momentum = "Jet_pt" }\n'
    result, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.read("j")[..., 0].tolist() == [[20, 50], [0, 0], [10, 0]]
    assert result.repairs == {}


def test_another_column_of_order_may_be_chosen(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + '[blocks.j]\nobjects = 2\norder_by = "eta"\ncolumns = { pt = "Jet_pt", eta = "Jet_eta" }\n'
    _, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.read("j")[0, :, 0].tolist() == [30, 50]


def test_a_single_object_becomes_a_row_without_slots(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + '[blocks.met]\nsingle = true\ncolumns = { pt = "Sum_pt" }\nwhere = { Sum_type = 2 }\n'
    _, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.read("met").tolist() == [[5], [6], [0]]


def test_a_single_object_may_be_stored_without_a_list(tmp_path):
    path = write_root(tmp_path / "a.root")
    _, data = converted(tmp_path, HEAD + '[blocks.met]\nsingle = true\ncolumns = { pt = "MET_pt" }\n', Source(path))
    with data:
        assert data.read("met").tolist() == [[11], [12], [13]]


def test_a_pair_of_branches_is_the_transverse_momentum(tmp_path):
    events = EVENTS | {"px": [[3.0], [], [6.0, 1.0]], "py": [[-4.0], [], [8.0, 0.0]]}
    path = write_root(tmp_path / "a.root", events)
    text = HEAD + '[blocks.p]\nobjects = 2\ncolumns = { pt = ["px", "py"] }\n'
    _, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.read("p")[..., 0].tolist() == [[5, 0], [0, 0], [10, 1]]


def test_booleans_become_one_column_each(tmp_path):
    path = write_root(tmp_path / "a.root")
    _, data = converted(tmp_path, HEAD + '[blocks.seeds]\nbits = "L1_"\n', Source(path))
    with data:
        assert [column.name for column in data.columns("seeds")] == ["L1_a", "L1_b"]
        assert data.read("seeds").tolist() == [[1, 0], [0, 0], [1, 1]]


def test_classes_come_from_a_branch_of_labels_and_weights_from_theirs(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + 'label = "kind"\nweight = "weight"\nclasses = { z = 5, qcd = 4 }\n' + MAP.removeprefix(HEAD)
    _, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.classes == ("z", "qcd")
        assert data.labels().tolist() == [1, 0, 1]
        assert data.weights().tolist() == [1, -2, 0.5]


def test_classes_come_from_flags(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + 'classes = { sig = "is_sig", bkg = "is_bkg" }\n' + MAP.removeprefix(HEAD)
    _, data = converted(tmp_path, text, Source(path))
    with data:
        assert data.labels().tolist() == [1, 0, 1]


def test_classes_come_from_files_which_follow_one_another(tmp_path):
    first, second = write_root(tmp_path / "a.root"), write_root(tmp_path / "b.root")
    result, data = converted(tmp_path, MAP, Source(first, "qcd"), Source(second, "top"))
    with data:
        assert data.classes == ("qcd", "top")
        assert data.labels().tolist() == [0, 0, 0, 1, 1, 1]
        assert data.read("met")[:, 0].tolist() == [11, 12, 13, 11, 12, 13]
    assert result.rows == 6


def test_only_the_blocks_asked_for_are_written(tmp_path):
    path = write_root(tmp_path / "a.root")
    _, data = converted(tmp_path, MAP, Source(path), blocks=("met",))
    with data:
        assert data.blocks == ("met",)


def test_small_batches_give_the_same_rows(tmp_path, monkeypatch):
    path = write_root(tmp_path / "a.root")
    _, whole = converted(tmp_path, MAP, Source(path))
    with whole:
        digest = whole.digest
    monkeypatch.setattr(root_ntuple, "batch_rows", lambda _: 2)
    _, pieces = converted(tmp_path, MAP, Source(path))
    with pieces:
        assert pieces.digest == digest


def test_nan_is_found_even_where_the_slots_are_full(tmp_path):
    events = EVENTS | {"Jet_pt": [[20.0, float("nan"), 30.0], [], [10.0]]}
    path = write_root(tmp_path / "a.root", events)
    with pytest.raises(DataError, match=r"row 0, object 0: jets\.pt: expected a finite number, found nan"):
        converted(tmp_path, MAP, Source(path))
    result, data = converted(tmp_path, MAP, Source(path), drop_bad_rows=True)
    data.close()
    assert (result.rows_read, result.rows) == (3, 2)


def test_negative_momenta_are_not_cut_away_as_the_softest():
    values, counts = np.array([[5.0], [-1.0], [7.0]]), np.array([3])
    assert fill_slots(values, counts, 0, 2)[0][0, :, 0].tolist() == [-1, 7]


@pytest.mark.parametrize("name", shipped_maps())
def test_shipped_maps_are_valid(name):
    branch_map = load_map(name)
    assert branch_map.blocks
    for block in branch_map.blocks.values():
        assert block.bits or all(column.unit or column.name not in ("pt", "phi") for column in block.block().columns)


def test_the_shipped_map_of_l1_nano_reads_a_file_of_its_branches(tmp_path):
    branch_map = load_map("l1nano")
    branches = {name for block in branch_map.blocks.values() for name in block.branches}
    lengths = {"L1EtSum": 4, "L1EG": 2, "L1Mu": 2, "L1Tau": 1, "L1Jet": 3}
    events = {name: [np.arange(1.0, lengths[name.split("_")[0]] + 1).tolist()] for name in sorted(branches)}
    events |= {name: [[0.0] * len(values[0])] for name, values in events.items() if name.endswith("_bx")}
    events["L1EtSum_etSumType"] = [[0.0, 1.0, 2.0, 8.0]]
    events["L1Mu_bx"] = [[0.0, 1.0]]
    path = write_root(tmp_path / "a.root", events)
    output = tmp_path / "out.h5"
    convert([Source(path)], output, FORMAT, RootOptions(map="l1nano"))
    with Dataset.open(output) as data:
        assert data.read("met").tolist() == [[4, 4]]
        assert data.read("sums").tolist() == [[2]]
        assert data.read("muons")[0, :2, 0].tolist() == [1, 0]
        assert data.read("jets")[0, :4, 0].tolist() == [3, 2, 1, 0]


def block(text):
    return HEAD + "[blocks.b]\n" + text


BAD_CONTENT = {
    "tree": (MAP.replace("Events", "Event"), "unknown tree 'Event'; did you mean 'Events'? known: Events"),
    "branch": (block('columns = { pt = "MET_pT" }'), "unknown branch 'MET_pT'; did you mean 'MET_pt'?"),
    "list as number": (block('columns = { pt = "Jet_pt" }'), "branch Jet_pt: expected one number per event, found var"),
    "number as list": (block('objects = 2\ncolumns = { pt = "MET_pt" }'), "branch MET_pt: expected a list of numbers"),
    "multiplicity": (
        block('objects = 2\ncolumns = { pt = "Jet_pt", phi = "Sum_pt" }'),
        "row 0: block b: expected as many objects in each branch, found 3 in Jet_pt and 2 in Sum_pt",
    ),
    "several": (block('single = true\ncolumns = { pt = "Sum_pt" }'), "row 0: block b: expected at most one object"),
    "no bits": (block('bits = "HLT_"'), "expected branches of booleans whose name begins with HLT_, found none"),
    "label": (
        HEAD + 'label = "kind"\nclasses = { qcd = 4 }\n' + MAP.removeprefix(HEAD),
        "row 1: kind: expected 4 (qcd), found 5",
    ),
    "flags": (
        HEAD + 'classes = { a = "is_sig", b = "L1_b" }\n' + MAP.removeprefix(HEAD),
        "row 0: expected exactly one of the flags is_sig, L1_b to be 1, found 0, 0",
    ),
    "weight": (HEAD + 'weight = "Jet_pt"\n' + MAP.removeprefix(HEAD), "branch Jet_pt: expected one number per event"),
}


@pytest.mark.parametrize(("text", "message"), BAD_CONTENT.values(), ids=BAD_CONTENT)
def test_what_the_file_does_not_hold_is_one_line(tmp_path, text, message):
    path = write_root(tmp_path / "a.root")
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        converted(tmp_path, text, Source(path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.h5").exists()


BAD_MAPS = {
    "neither": (block(""), "expected a block with either columns or bits"),
    "both": (block('bits = "L1_"\ncolumns = { pt = "MET_pt" }'), "expected a block with either columns or bits"),
    "order": (block('objects = 2\norder_by = "et"\ncolumns = { pt = "Jet_pt" }'), "unknown column 'et'"),
    "slots": (block('objects = 0\ncolumns = { pt = "Jet_pt" }'), "greater than or equal to 1"),
    "where": (block('where = { MET_pt = 1 }\ncolumns = { pt = "MET_pt" }'), "where and minimum only in a block with"),
    "label": (HEAD + 'label = "kind"\n' + MAP.removeprefix(HEAD), "classes with the value of each class"),
    "key": (HEAD + "object = 3\n" + MAP.removeprefix(HEAD), "unknown key 'object'"),
    "same value": (
        HEAD + 'label = "kind"\nclasses = { a = 1, b = 1 }\n' + MAP.removeprefix(HEAD),
        "a different value for each class",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_MAPS.values(), ids=BAD_MAPS)
def test_wrong_maps_are_explained(tmp_path, text, message):
    path = write_root(tmp_path / "a.root")
    with pytest.raises(ConfigError, match=re.escape(message)):
        converted(tmp_path, text, Source(path))


def test_unknown_maps_and_blocks_are_named(tmp_path):
    path = write_root(tmp_path / "a.root")
    with pytest.raises(ConfigError, match="unknown branch map 'nanoad'; did you mean 'nanoaod'"):
        convert([Source(path)], tmp_path / "out.h5", FORMAT, RootOptions(map="nanoad"))
    with pytest.raises(ConfigError, match="unknown block 'jet'; did you mean 'jets'"):
        converted(tmp_path, MAP, Source(path), blocks=("jet",))


def test_text_branches_are_refused(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("Events", {"MET_pt": ak.Array(["a", "b"])})
    with pytest.raises(DataError, match="branch MET_pt: expected numbers or lists of numbers, found string"):
        converted(tmp_path, block('columns = { pt = "MET_pt" }'), Source(path))


def test_files_with_other_bits_are_refused(tmp_path):
    first = write_root(tmp_path / "a.root")
    second = write_root(tmp_path / "b.root", {key: value for key, value in EVENTS.items() if key != "L1_b"})
    with pytest.raises(DataError, match=r"b\.root: block seeds: .*found L1_b in only one of them"):
        converted(tmp_path, HEAD + '[blocks.seeds]\nbits = "L1_"\n', Source(first), Source(second))


def test_a_class_of_the_file_is_refused_where_branches_tell_it(tmp_path):
    path = write_root(tmp_path / "a.root")
    text = HEAD + 'classes = { sig = "is_sig", bkg = "is_bkg" }\n' + MAP.removeprefix(HEAD)
    with pytest.raises(DataError, match="the class 'top' was given"):
        converted(tmp_path, text, Source(path, "top"))


@pytest.mark.parametrize("content", [b"", b"no ROOT file at all"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "a.root"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no ROOT file, or damaged") as caught:
        converted(tmp_path, MAP, Source(path))
    assert "\n" not in str(caught.value)


def test_truncated_and_damaged_files_never_give_another_error(tmp_path):
    good = write_root(tmp_path / "good.root").read_bytes()
    path, refused = tmp_path / "a.root", 0
    for length in range(0, len(good), max(1, len(good) // 25)):
        path.write_bytes(good[:length])
        try:
            converted(tmp_path, MAP, Source(path))[1].close()
        except CodesignError:
            refused += 1
    random = np.random.default_rng(1)
    for place in random.integers(0, len(good), 25):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :])
        try:
            converted(tmp_path, MAP, Source(path))[1].close()
        except CodesignError:
            refused += 1
    assert refused > 20


def test_a_map_made_in_python_reads_like_one_from_a_file():
    with pytest.raises(ValueError, match="at least one block"):
        BranchMap(tree="t", name="n", blocks={})

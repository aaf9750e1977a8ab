import numpy as np
import pytest

from codesign.config import BlockSection, DataSection
from codesign.data.dataset import Dataset
from codesign.data.inputs import input_blocks, read_inputs
from codesign.data.schema import Column
from codesign.data.writing import write_dataset
from codesign.errors import ConfigError, DataError

JETS = np.array([[[9, 1, 5], [7, 2, 8], [5, 3, 9]], [[4, 1, 2], [0, 0, 0], [0, 0, 0]]], np.float32)
MET = np.array([[30, 1], [20, -1]], np.float32)


@pytest.fixture
def dataset(tmp_path):
    jets = [Column("pt", "GeV", ""), Column("eta", "", ""), Column("mass", "GeV", "")]
    write_dataset(
        tmp_path / "events.h5",
        name="events",
        inputs={
            "met": (MET, [Column("pt", "GeV", ""), Column("phi", "rad", "")]),
            "jets": (JETS, jets),
            "image": (JETS[..., :1], [Column("pixel", "GeV", "")]),
        },
        label=[0, 0],
        classes=["x"],
        split=[0, 2],
        provenance={},
    )
    with Dataset.open(tmp_path / "events.h5") as opened:
        yield opened


def section(**blocks):
    return DataSection(file="events.h5", blocks={name: BlockSection(**block) for name, block in blocks.items()})


def test_blocks_follow_each_other_as_the_configuration_says(dataset):
    blocks = input_blocks(dataset, section(jets={"columns": ("pt", "eta"), "slots": 2}, met={}))
    assert [name for block in blocks for column in block.columns for name in block.input_names(column)] == [
        "jets[0].pt",
        "jets[1].pt",
        "jets[0].eta",
        "jets[1].eta",
        "met.pt",
        "met.phi",
    ]
    assert read_inputs(dataset, blocks, None).tolist() == [[9, 1, 7, 2, 30, 1], [4, 1, 0, 0, 20, -1]]
    assert read_inputs(dataset, blocks, "test").tolist() == [[4, 1, 0, 0, 20, -1]]


def test_objects_can_be_ordered_by_another_column(dataset):
    blocks = input_blocks(dataset, section(jets={"columns": ("mass", "eta"), "slots": 2, "order_by": "mass"}))
    assert read_inputs(dataset, blocks, "train").tolist() == [[9, 3, 8, 2]]


def test_a_block_without_order_is_taken_whole(dataset):
    (block,) = input_blocks(dataset, section(image={}))
    assert (block.slots, block.order_by) == (3, None)
    assert read_inputs(dataset, (block,), "train").tolist() == [[9, 7, 5]]


def test_names_are_bare_where_there_is_one_block_of_single_values(dataset):
    (block,) = input_blocks(dataset, section(met={}))
    assert block.input_names("phi") == ["phi"]


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({}, r"has the blocks image, jets, met; choose one or more, e\.g\. \[data\.blocks\.image\]"),
        ({"jets": {"columns": ("pt", "eat")}}, r"data\.blocks\.jets\.columns: unknown column 'eat'.*eta"),
        ({"jets": {"columns": ("eta",)}}, "the objects are ordered by 'pt', which is not among the columns eta"),
        ({"jets": {"slots": 4}}, "the data set has 3 objects per row, got 4"),
        ({"met": {"slots": 1}}, "slots and order_by are for blocks of objects"),
        ({"image": {"slots": 2}}, "fewer than 3 objects need order_by"),
    ],
)
def test_a_choice_that_does_not_fit_is_explained(dataset, blocks, message):
    with pytest.raises(ConfigError, match=message):
        input_blocks(dataset, section(**blocks))


def test_an_unknown_block_is_named(dataset):
    with pytest.raises(DataError, match=r"unknown input block 'jet'.*jets"):
        input_blocks(dataset, section(jet={}))

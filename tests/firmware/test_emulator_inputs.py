"""Physical values become the same hardware integers in the emulator's C++ as in the input contract."""

import dataclasses

import numpy as np
import pytest
from emulator_helpers import graph_of, project_of, slots
from hypothesis import given
from hypothesis import strategies as st

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import DataError
from codesign.firmware.emulator import Emulator

# Every way of a format: signs, offsets, scales that are no power of two, full turns, one bit; and two kinds of objects,
# one with the column of order in the middle and an offset.
LEPTONS = [
    InputFormat(f"leptons[{slot}].{name}", "", offset, lsb, 7, signed=name == "z")
    for slot in range(5)
    for name, offset, lsb in (("z", 1.5, 0.1), ("pt", -0.7, 0.35))
]
CONTRACT = InputContract(
    (
        InputFormat("mass", "GeV", 80.0, 0.25, 10),
        InputFormat('odd "quoted" \\ Σμ²', "µ", -3.3, 0.3, 9, signed=False),
        InputFormat("fine", "", 0.0, 2.0**-40, 12),
        InputFormat("bit", "", 0.0, 1.0, 1, signed=False),
        InputFormat("angle", "rad", 0.1, 2 * np.pi / 144, 9, period=144),
        InputFormat("odd turn", "rad", 0.0, 2 * np.pi / 77, 7, signed=False, period=77),
        *slots("jets", 4),
        *LEPTONS,
    ),
    (ObjectSlots("jets", 6, 4, 3, 0), ObjectSlots("leptons", 18, 5, 2, 1)),
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    network = graph_of(lambda x: x[:2] + x[4:6], CONTRACT)
    project = project_of(network, tmp_path_factory.mktemp("emulator"), classes=['a "?" \\ b', "Σμ²"])
    return Emulator(project.path, CONTRACT, network.score_format)


def values(entry, is_order):
    """Physical values of one input: anything, near its range, on and beside the edges between two integers."""
    low, high = entry.range
    lowest = 0.0 if is_order else -1e300
    near = st.floats(max(lowest, low - 5 * entry.lsb), high + 5 * entry.lsb)
    edge = st.integers(int(low / entry.lsb) - 3, int(high / entry.lsb) + 3).map(lambda n: (n + 0.5) * entry.lsb)
    beside = edge.flatmap(lambda x: st.sampled_from([x, np.nextafter(x, -np.inf), np.nextafter(x, np.inf)]))
    return st.one_of(st.just(0.0), near, beside.map(lambda x: max(lowest, float(x))), st.floats(lowest, 1e300))


ORDERS = {group.first + slot * group.columns + group.order for group in CONTRACT.objects for slot in range(group.slots)}
ROWS = st.tuples(*(values(entry, index in ORDERS) for index, entry in enumerate(CONTRACT.inputs)))


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_any_physical_value_becomes_the_integer_of_the_contract(emulator, rows):
    physical = np.array(rows)
    assert (emulator.to_hardware(physical) == CONTRACT.to_hardware(physical)).all()


def test_random_events_become_the_integers_of_the_contract(emulator):
    random = np.random.default_rng(1)
    low, high = np.array([entry.range for entry in CONTRACT.inputs]).T
    physical = random.uniform(low - (high - low) / 4, high + (high - low) / 4, (20_000, len(low)))
    for index in ORDERS:
        physical[:, index] = np.maximum(0.0, physical[:, index]) * random.integers(0, 2, len(physical))
    expected = CONTRACT.to_hardware(physical)
    assert (emulator.to_hardware(physical) == expected).all()
    assert all(len(np.unique(column)) > 1 for column in expected.T)


def test_equal_objects_keep_their_order_and_empty_slots_go_last(emulator):
    physical = np.zeros((1, len(CONTRACT.inputs)))
    jets = physical[:, 6:18].reshape(4, 3)
    jets[:] = [[20.0, 1.0, 0.1], [0.0, 2.0, 0.2], [30.0, 0.5, 0.3], [20.1, -1.0, 0.4]]
    found = emulator.to_hardware(physical)[0, 6:18].reshape(4, 3)
    assert found[:, 0].tolist() == [60, 40, 40, 0]
    assert found[:, 1].tolist() == [11, 23, -23, 0]
    assert (found[3] == 0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_row(emulator, wrong):
    physical = np.ones((7, len(CONTRACT.inputs)))
    physical[4, 2] = wrong
    with pytest.raises(DataError, match="row 4 holds a value that is not finite"):
        emulator.to_hardware(physical)
    with pytest.raises(DataError, match="row 4"):
        CONTRACT.to_hardware(physical)


def test_a_wrong_number_of_columns_is_refused(emulator):
    with pytest.raises(DataError, match=r"expected shape \(n, 28\), got \(3, 2\)"):
        emulator.to_hardware(np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("index", "change"), [(0, {"offset": 80.25}), (2, {"lsb": 2.0**-39}), (5, {"period": 76}), (7, {"lsb": 0.0436})]
)
def test_another_format_is_seen(emulator, index, change):
    inputs = list(CONTRACT.inputs)
    inputs[index] = dataclasses.replace(inputs[index], **change)
    changed = InputContract(tuple(inputs), CONTRACT.objects)
    low, high = np.array([entry.range for entry in CONTRACT.inputs]).T
    physical = np.random.default_rng(2).uniform(low, high, (500, len(low)))
    physical[:, sorted(ORDERS)] = np.abs(physical[:, sorted(ORDERS)]) + 1.0
    assert (emulator.to_hardware(physical) != changed.to_hardware(physical)).any()

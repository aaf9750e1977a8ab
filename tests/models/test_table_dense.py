"""The layer of tables: its entries are the same in every implementation, its cost is that of LUTs."""

import numpy as np
import pytest
from hgq.utils import trace_minmax

from codesign.models.backend import import_keras
from codesign.models.element_formats import addresses
from codesign.models.store import outputs
from codesign.models.table_dense import MARGIN, TableDense, shift_off_edges


def distance_to_edge(values):
    turned = np.mod(np.asarray(values) - 0.5, 1.0)
    return np.minimum(turned, 1.0 - turned).min()


@pytest.fixture(scope="module")
def traced():
    """(model, layer, rows) of a layer of 3 inputs and 2 units whose ranges are traced."""
    keras = import_keras()
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3,))
    layer = TableDense(2, name="tables")
    model = keras.Model(inputs, layer(inputs))
    rows = np.random.default_rng(4).integers(-64, 64, (400, 3)).astype(np.float32) / 8
    trace_minmax(model, rows)
    return model, layer, rows


def looked_up(layer, rows):
    tables = layer.tables()
    found = np.zeros((len(rows), layer.units))
    for index, fmt in enumerate(layer.addresses()):
        column, unit = divmod(index, layer.units)
        value = np.zeros(len(rows)) if fmt is None else fmt.quantize(rows[:, column])
        found[:, unit] += tables[index][addresses(fmt, value)]
    return found


def test_the_network_is_the_sum_of_its_tables(traced):
    model, layer, rows = traced
    assert (outputs(model, rows) == looked_up(layer, rows)).all()
    assert np.ptp(outputs(model, rows)) > 0.5, "the tables are not flat"


def test_after_tracing_no_entry_is_near_an_edge(traced):
    _, layer, _ = traced
    from codesign.models.element_formats import element_formats

    for raw, fmt in zip(layer._raw_tables(), element_formats(layer.toq, (3, 2)), strict=True):
        assert distance_to_edge(raw / fmt.lsb) > 0.9 * MARGIN


def test_an_entry_on_an_edge_is_moved_and_its_rounding_becomes_safe(traced):
    _, layer, _ = traced
    before = layer.offset.numpy().copy()
    raw, step = layer._raw_tables()[0], 2.0 ** -int(np.asarray(layer.toq.quantizer.f).ravel()[0])
    planted = before.copy()
    planted[0, 0] += (np.floor(raw[5] / step) + 0.5) * step - raw[5]  # entry 5 exactly between two roundings
    layer.offset.assign(planted)
    assert distance_to_edge(layer._raw_tables()[0] / step) < 1e-4
    layer.settle()
    assert distance_to_edge(layer._raw_tables()[0] / step) > 0.9 * MARGIN
    layer.offset.assign(before)


@pytest.mark.parametrize("count", [1, 7, 300])
def test_the_shift_off_the_edges_is_small_and_leaves_the_margin(count):
    values = np.random.default_rng(count).normal(size=count) * 5
    values[0] = 2.5
    shift = shift_off_edges(values)
    assert distance_to_edge(values + shift) >= MARGIN * 0.999
    assert abs(shift) < 0.05


def test_values_off_the_edges_are_not_shifted():
    assert shift_off_edges(np.array([0.1, 1.2, -3.3])) == 0.0


def test_where_there_is_no_room_the_largest_gap_is_taken():
    values = np.arange(2000) / 2000 + np.where(np.arange(2000) >= 700, 0.0004, 0.0)
    shift = shift_off_edges(values)
    assert distance_to_edge(values + shift) == pytest.approx(0.00045, rel=0.01)


def test_the_cost_counts_luts(traced):
    _, layer, _ = traced
    cost = float(layer._compute_ebops((1, 3)))
    inputs = np.asarray(layer.iq.fbits_((1, 3, 2)))
    entries = np.asarray(layer.toq.fbits_((1, 3, 2)))
    assert (inputs >= 6).all()
    assert cost == pytest.approx((2.0 ** (inputs - 6) * entries + entries).sum())

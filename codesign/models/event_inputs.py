"""What the inputs of an event stand for: which slots hold an object, which values are angles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract, InputFormat, ObjectSlots
from codesign.errors import ConfigError

Tensor = Any


@dataclass(frozen=True)
class EventInputs:
    """The inputs of a contract by their role, as arrays; ``slots`` counts the slots of all kinds of objects.

    Attributes:
        order: index of the input that orders each slot and says whether it is filled, shape (slots,).
        empty_counts: largest hardware integer of that input at which the slot is empty, shape (slots,).
        order_lsb: one count of that input as network value, shape (slots,).
        slot_inputs: 1 where an input belongs to a slot, shape (slots, inputs).
        lone: 1 for the inputs that are no slots of objects and always count, shape (inputs,).
        period: full turn of an angle as network value, 0 for other inputs, shape (inputs,).
    """

    order: NDArray[np.int64]
    empty_counts: NDArray[np.float32]
    order_lsb: NDArray[np.float32]
    slot_inputs: NDArray[np.float32]
    lone: NDArray[np.float32]
    period: NDArray[np.float32]

    @property
    def periods(self) -> tuple[float, ...]:
        """The full turns that occur, in rising order."""
        return tuple(float(period) for period in np.unique(self.period) if period > 0)

    def filled(self, values: Tensor) -> Tensor:
        """1 where an input belongs to an object that is there or to none, 0 in an empty slot.

        Args:
            values: network values, shape (n, inputs).

        Returns:
            float32 of the same shape.
        """
        import keras

        if not self.order.size:
            return keras.ops.ones_like(values)
        threshold = (self.empty_counts + 0.5) * self.order_lsb
        there = keras.ops.cast(keras.ops.take(values, self.order, axis=1) > threshold, "float32")
        return keras.ops.matmul(there, self.slot_inputs) + self.lone

    def difference(self, targets: Tensor, found: Tensor) -> Tensor:
        """``found - targets``, angles the shorter way around the circle, shape (n, inputs)."""
        import keras

        plain = found - targets
        turn = np.where(self.period > 0, self.period, 1.0).astype(np.float32)
        turns = keras.ops.stop_gradient(keras.ops.round(plain / turn)) * (self.period > 0)
        return plain - turn * turns


def event_inputs(contract: InputContract) -> EventInputs:
    """The roles of a contract's inputs."""
    inputs = len(contract.inputs)
    slots = [(group, slot) for group in contract.objects for slot in range(group.slots)]
    order = np.array([group.first + slot * group.columns + group.order for group, slot in slots], dtype=np.int64)
    slot_inputs = np.zeros((len(slots), inputs), dtype=np.float32)
    for index, (group, slot) in enumerate(slots):
        first = group.first + slot * group.columns
        slot_inputs[index, first : first + group.columns] = 1.0
    lsb = np.array([fmt.lsb for fmt in contract.network_formats])
    return EventInputs(
        order,
        np.array([_empty_counts(contract.inputs[index]) for index in order], dtype=np.float32),
        lsb[order].astype(np.float32),
        slot_inputs,
        1.0 - slot_inputs.sum(axis=0),
        np.array([(entry.period or 0) * step for entry, step in zip(contract.inputs, lsb, strict=True)], np.float32),
    )


def _empty_counts(order: InputFormat) -> int:
    """The largest hardware integer of an order column that stands for no object, by the contract's own rule."""
    counts = np.arange(order.integer_format.max_int + 1)[:, None]
    return int(ObjectSlots("", 0, 1, 1, 0).empty(counts, (order,)).sum()) - 1


@dataclass(frozen=True)
class ObjectMap:
    """The event as a map: one row for every slot of objects and every other block, one column for every quantity.

    Attributes:
        rows: rows.
        columns: names of the quantities.
        places: where each input stands in the flattened map, 1 at its place, shape (inputs, rows * columns).
    """

    rows: int
    columns: tuple[str, ...]
    places: NDArray[np.float32]


def object_map(contract: InputContract, architecture: str) -> ObjectMap:
    """The map of a contract; a block that lacks a quantity, as missing momentum lacks eta, is zero there.

    Raises:
        ConfigError: there are no objects, or the blocks do not share their quantities.
    """
    entries = [entry.name.rpartition(".") for entry in contract.inputs]
    first = next(iter(contract.objects), None)
    columns = () if first is None else tuple(name for _, _, name in entries[first.first : first.first + first.columns])
    rows = list(dict.fromkeys(row for row, _, _ in entries))
    strangers = sorted({name for _, _, name in entries} - set(columns))
    if first is None or strangers:
        raise ConfigError(
            f"model.architecture: {architecture!r} works on blocks of objects that share their columns, got "
            + (f"columns {', '.join(strangers)} beside {', '.join(columns)}" if columns else "no block of objects")
            + "; choose blocks and columns in [data.blocks]"
        )
    places = np.zeros((len(entries), len(rows) * len(columns)), dtype=np.float32)
    for index, (row, _, name) in enumerate(entries):
        places[index, rows.index(row) * len(columns) + columns.index(name)] = 1.0
    return ObjectMap(len(rows), columns, places)

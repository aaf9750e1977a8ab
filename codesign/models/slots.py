"""What the networks on objects share: slots as a tensor, layers applied to every slot, pooling, the dense head.

The slots of one block of objects (particles of a jet) come in decreasing order of one column. An empty slot is all
zeros; a layer turns it into the same constant for all jets, so to a sum or a mean over the fixed number of slots it is
one more thing that can be learned, the number of particles, and no mask is needed in firmware.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import Field

from codesign.config import QuantizationSection
from codesign.contract import InputContract, ObjectSlots
from codesign.errors import ConfigError

Tensor = Any
# "shared": one width for a feature of all particles, the network treats them alike; "per_particle": each slot has its
# own, so that the training spends bits on the hard particles. The slots must then be ordered, which the contract does.
Widths = Literal["shared", "per_particle"]
Sizes = tuple[Annotated[int, Field(ge=1, le=1024)], ...]
Pooling = Literal["mean", "sum"]


def object_slots(contract: InputContract, architecture: str) -> ObjectSlots:
    """The block of objects that makes up all inputs.

    Raises:
        ConfigError: there is no such block, or there are other inputs beside it.
    """
    if len(contract.objects) == 1:
        slots = contract.objects[0]
        if slots.slots * slots.columns == len(contract.inputs):
            return slots
    found = ", ".join(f"{entry.name} ({entry.slots} slots of {entry.columns})" for entry in contract.objects)
    beside = len(contract.inputs) - sum(entry.slots * entry.columns for entry in contract.objects)
    raise ConfigError(
        f"model.architecture: {architecture!r} works on the slots of one block of objects and nothing else, got "
        f"{found or 'no block of objects'} and {beside} other inputs; name that one block alone in [data.blocks], "
        "e.g. [data.blocks.constituents]"
    )


def require_trained_widths(quantization: QuantizationSection, architecture: str) -> None:
    """Refuse a method that gives all values the same wide format, for networks of tables.

    Raises:
        ConfigError: the widths are not trained.
    """
    if quantization.method != "hgq":
        raise ConfigError(
            f"quantization.method: {architecture!r} holds tables, whose addresses must be short and are trained; "
            f"expected 'hgq', got {quantization.method!r}"
        )


def as_slots(inputs: Tensor, slots: ObjectSlots) -> Tensor:
    """The flat inputs, shape (n, inputs), as (n, slots, columns); costs nothing in firmware."""
    import keras

    return keras.layers.Reshape((slots.slots, slots.columns), name="slots")(inputs)


@contextmanager
def activation_widths(widths: Widths, axes: int = 1) -> Iterator[None]:
    """Within the scope, activations have widths by feature, or by slot and feature.

    Args:
        widths: which of the two.
        axes: axes of the activations between the batch and the features: 1 for slots, 2 for an image.
    """
    from hgq.config import QuantizerConfigScope

    shared = tuple(range(axes + 1)) if widths == "shared" else (0,)
    with QuantizerConfigScope(place="datalane", homogeneous_axis=shared):
        yield


def per_slot(tensor: Tensor, size: int, name: str, activation: str | None = "relu") -> Tensor:
    """One dense layer for every slot alike: shape (n, slots, features) to (n, slots, size)."""
    from hgq.layers import QEinsumDense

    shape = (tensor.shape[1], size)
    return QEinsumDense("bnc,cd->bnd", shape, bias_axes="d", activation=activation, name=name)(tensor)


def over_slots(tensor: Tensor, size: int, name: str, activation: str | None = "relu") -> Tensor:
    """One dense layer over the slots, for every feature alike: shape (n, slots, features) to (n, size, features)."""
    from hgq.layers import QEinsumDense

    shape = (size, tensor.shape[2])
    return QEinsumDense("bnc,nm->bmc", shape, bias_axes="m", activation=activation, name=name)(tensor)


def pool(tensor: Tensor, pooling: Pooling, name: str) -> Tensor:
    """Sum over the slots, or the sum times the power of two nearest to 1 / slots: shape (n, slots, f) to (n, f)."""
    from hgq.layers import QMeanPow2, QSum

    return (QMeanPow2(axes=1, name=name) if pooling == "mean" else QSum(axes=1, name=name))(tensor)


def head(tensor: Tensor, sizes: Sequence[int], outputs: int) -> Tensor:
    """Dense layers to the logits: shape (n, features) to (n, outputs)."""
    from hgq.layers import QDense

    for index, size in enumerate(sizes, start=1):
        tensor = QDense(size, activation="relu", name=f"dense_{index}")(tensor)
    return QDense(outputs, name="scores")(tensor)

"""Rows as the fit sees them, and their order in every epoch."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract

SATURATED_ROWS = 0.1  # rows with saturated inputs, as a fraction of the training split


@dataclass(frozen=True)
class Sample:
    """Rows of one split as the network sees them.

    Attributes:
        values: network values, float32, shape (n, inputs).
        targets: class indices, shape (n,); with a teacher the class index and the teacher's logits, shape
            (n, 1 + classes). For an anomaly detector the network values themselves; with a teacher its score, (n, 1).
        weights: event weights, shape (n,).
    """

    values: NDArray[np.float32]
    targets: NDArray[Any]
    weights: NDArray[np.float32]


def label_of(targets: Any) -> Any:
    """Class indices, shape (n,), of a classifier's targets."""
    columns = keras.ops.reshape(targets, (keras.ops.shape(targets)[0], -1))
    return keras.ops.cast(columns[:, 0], "int32")


def with_saturated_rows(sample: Sample, contract: InputContract, seed: int) -> Sample:
    """Append rows with saturated inputs and weight zero, a tenth of the sample.

    They add nothing to the loss, but the activations learn ranges that hold them: a jet beyond the contract's range
    must not wrap inside the network and come out as a confident other class.

    Args:
        sample: training split.
        contract: formats of the inputs.
        seed: of the choice of rows.
    """
    lsb = np.array([fmt.lsb for fmt in contract.network_formats])
    events = np.rint(sample.values / lsb).astype(np.int64)
    count = math.ceil(SATURATED_ROWS * len(events))
    extra = contract.to_network(contract.saturate_some(events, count, np.random.default_rng(seed)))
    reconstructed = sample.targets.ndim == 2
    targets = extra if reconstructed else np.zeros(count, sample.targets.dtype)
    return Sample(
        np.concatenate([sample.values, extra]),
        np.concatenate([sample.targets, targets]),
        np.concatenate([sample.weights, np.zeros(count, sample.weights.dtype)]),
    )


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of a sample in an order that depends on the seed and the epoch alone.

    Keras shuffles by global random state, which a resumed training could not get back.
    """

    def __init__(self, sample: Sample, batch_size: int, seed: int) -> None:
        super().__init__()
        self.sample = sample
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle(0)

    def shuffle(self, epoch: int) -> None:
        """Bring the rows into the order of an epoch."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.sample.values))
        self._rows = (self.sample.values[order], self.sample.targets[order], self.sample.weights[order])

    def __len__(self) -> int:
        """Number of batches."""
        return math.ceil(len(self.sample.values) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Values, targets and weights of one batch."""
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return tuple(part[rows] for part in self._rows)

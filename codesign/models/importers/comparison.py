"""An imported network against the outputs that its original computed."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.errors import DataError
from codesign.fixed_point import FixedPoint
from codesign.models.importers.network import ImportedNetwork
from codesign.models.store import outputs

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """How far a network is from its original.

    Attributes:
        rows: compared rows.
        outputs: compared outputs, all rows together.
        differing_outputs: outputs that are not the same number.
        differing_rows: rows with such an output.
        largest_difference: largest absolute difference.
        inexact_inputs: inputs that the network's input format rounds or saturates; 0 if it states none.
    """

    rows: int
    outputs: int
    differing_outputs: int
    differing_rows: int
    largest_difference: float
    inexact_inputs: int


def read_arrays(path: Path) -> tuple[Values, Values]:
    """Read the arrays ``x`` (inputs of the original) and ``y`` (its outputs) of an npz file.

    Raises:
        DataError: the file is no npz, lacks an array, or the arrays do not go together.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ("x", "y") if name not in file]
            if missing:
                raise DataError(f"{path}: expected the arrays x and y, found {', '.join(file.files) or 'none'}")
            x, y = (np.asarray(file[name], dtype=np.float32) for name in ("x", "y"))
    except (OSError, ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected an npz file with arrays x and y of numbers ({error})") from error
    if x.ndim < 2 or y.ndim < 2 or len(x) != len(y) or len(x) == 0:
        raise DataError(f"{path}: expected as many rows in x as in y, found shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError(f"{path}: x and y must hold finite numbers")
    return x.reshape(len(x), -1), y.reshape(len(y), -1)


def compare(network: ImportedNetwork, x: Values, y: Values) -> Comparison:
    """Compare a network with known outputs, number by number.

    Args:
        network: the network.
        x: inputs, shape (n, inputs).
        y: outputs of the original, shape (n, outputs).

    Raises:
        DataError: the arrays do not have the network's numbers of inputs and outputs.
    """
    if (x.shape[1], y.shape[1]) != (network.inputs, network.outputs):
        raise DataError(
            f"comparison: the network has {network.inputs} inputs and {network.outputs} outputs, "
            f"the arrays have {x.shape[1]} and {y.shape[1]}"
        )
    difference = np.abs(outputs(network.model, x).astype(np.float64) - y)
    wrong = difference != 0
    fixed = None if network.input_format is None else FixedPoint.parse(network.input_format)
    return Comparison(
        rows=len(x),
        outputs=y.size,
        differing_outputs=int(wrong.sum()),
        differing_rows=int(wrong.any(axis=1).sum()),
        largest_difference=float(difference.max()),
        inexact_inputs=0 if fixed is None else int((fixed.quantize(x) != x).sum()),
    )

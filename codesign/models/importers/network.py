"""Import: read the file by its kind, convert, and save the network so that it provably reloads."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.fixed_point import FixedPoint
from codesign.models.backend import import_keras
from codesign.models.importers.conversion import convert
from codesign.models.importers.hgq_file import load_hgq
from codesign.models.importers.keras2_file import read_keras2
from codesign.models.importers.summary import LayerSummary, summarize
from codesign.models.reload import require_identical_reload
from codesign.models.store import outputs, save_model

INPUT_FORMAT = "ap_fixed<16,6,RND,SAT>"
KERAS2_SUFFIXES = (".h5", ".hdf5")
RELOAD_ROWS = 256
RELOAD_SEED = 20


@dataclass(frozen=True)
class ImportedNetwork:
    """A network made from a file of another tool.

    Attributes:
        model: ``keras.Model`` of HGQ2 layers from network values, shape (n, inputs), to scores, shape (n, outputs).
        source: what the file is.
        inputs: number of inputs.
        outputs: number of outputs.
        input_format: format to which the network rounds its inputs; ``None`` where the file's own quantisers do.
        layers: its layers.
        notes: what is not as in the file, one sentence each.
    """

    model: Any
    source: str
    inputs: int
    outputs: int
    input_format: str | None
    layers: tuple[LayerSummary, ...]
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """All but the model, for JSON."""
        fields = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.name != "model"}
        return {**fields, "layers": [dataclasses.asdict(layer) for layer in self.layers]}


def import_network(path: Path, inputs: FixedPoint | None = None) -> ImportedNetwork:
    """Make a network of our own from a QKeras (Keras 2) ``.h5`` or an HGQ2 (Keras 3) ``.keras`` file.

    Args:
        path: the file.
        inputs: format of the network values of an ``.h5`` model, which states none; default ``INPUT_FORMAT``.

    Raises:
        ModelError: the file cannot be read, or something in it is not supported; the message names it.
    """
    if not path.is_file():
        raise ModelError(f"{path}: expected a file, found {'a folder' if path.is_dir() else 'nothing'}")
    import_keras()
    if path.suffix in KERAS2_SUFFIXES:
        inputs = inputs or FixedPoint.parse(INPUT_FORMAT)
        model, notes = convert(read_keras2(path), inputs)
        source = "QKeras model (Keras 2 HDF5)"
    elif path.suffix == ".keras":
        if inputs is not None:
            raise ModelError(
                f"{path}: a .keras network has quantisers at its input already; an input format is for .h5"
            )
        model, notes = load_hgq(path)
        source = "HGQ2 network (Keras 3)"
    else:
        raise ModelError(f"{path}: expected a model file .h5 (QKeras, Keras 2) or .keras (HGQ2, Keras 3)")
    sizes = int(model.inputs[0].shape[1]), int(np.prod(model.outputs[0].shape[1:]))
    text = None if inputs is None else str(inputs)
    return ImportedNetwork(model, source, *sizes, text, summarize(model), notes)


def require_keras_name(path: Path) -> None:
    """Refuse the name of a file that Keras would not read.

    Raises:
        ModelError: it does not end with ``.keras``.
    """
    if path.suffix != ".keras":
        raise ModelError(f"{path}: expected a name that ends with .keras")


def write_network(network: ImportedNetwork, path: Path, x: NDArray[np.float32] | None = None) -> None:
    """Save a network in Keras format after proving that a new process loads it with bit-identical outputs.

    Args:
        network: the network.
        path: the new file, ``.keras``; it appears only if the proof succeeds.
        x: rows of the proof, shape (n, inputs); by default random ones on a grid of 1/64 within ±8.

    Raises:
        ModelError: the name is not one of a Keras file, or the reloaded network differs.
    """
    require_keras_name(path)
    if x is None:
        random = np.random.default_rng(RELOAD_SEED)
        x = (random.integers(-512, 512, (RELOAD_ROWS, network.inputs)) / 64).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.stem}.import.keras")
    try:
        save_model(network.model, trial)
        require_identical_reload(trial, x, outputs(network.model, x))
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)

"""The proof that a saved network, loaded in a new process, is the one that was trained."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.errors import ModelError
from codesign.models.store import load_model, outputs
from codesign.tools import run_tool


def require_identical_reload(path: Path, values: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Load a saved network in a new process and require bit-identical outputs.

    Args:
        path: saved network.
        values: network values, shape (n, inputs).
        expected: what the network in this process gives for them, shape (n, outputs).

    Raises:
        ModelError: an output differs.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "values.npy", Path(folder) / "outputs.npy"
        np.save(source, values)
        command: list[str | Path] = [sys.executable, "-m", "codesign.models.reload", path.resolve(), source, target]
        run_tool(command, cwd=Path.cwd(), timeout_s=600, environment={"PYTHONPATH": os.pathsep.join(sys.path)})
        found = np.load(target)
    if found.tobytes() != expected.tobytes():
        differing = int((found != expected).any(axis=1).sum()) if found.shape == expected.shape else len(expected)
        raise ModelError(
            f"{path}: reloaded in a new process, the network differs on {differing} of {len(expected)} rows "
            "from the one that was trained; do not use it"
        )


if __name__ == "__main__":
    model_file, values_file, outputs_file = (Path(argument) for argument in sys.argv[1:])
    np.save(outputs_file, outputs(load_model(model_file), np.load(values_file)))

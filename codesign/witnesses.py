"""Vectors that showed planted faults which the vectors of a verification did not: its next one has them, too."""

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.errors import RunError
from codesign.files import write_whole
from codesign.run import Run, digest, digest_files

WITNESSES = "vectors/witnesses.npz"


def keep_witnesses(run: Run, firmware: dict[str, Any], vectors: NDArray[np.int64]) -> int:
    """Keep vectors in ``vectors/`` and return how many were not kept before.

    Args:
        run: the run.
        firmware: parsed ``firmware.json``.
        vectors: as `Vectors.inputs`, shape (n, numbers).
    """
    before = kept_witnesses(run, firmware)
    every = np.unique(np.concatenate([before.reshape(-1, vectors.shape[1]), vectors]), axis=0)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, inputs=every, network=np.array(_network_digest(run, firmware)))
    write_whole(run.path / WITNESSES, buffer.getvalue())
    return len(every) - len(before)


def witnesses_digest(run: Run) -> str:
    """Digest of the kept inputs; that of nothing where there are none."""
    path = run.path / WITNESSES
    return digest(digest_files([path] if path.is_file() else [], run.path))


def kept_witnesses(run: Run, firmware: dict[str, Any]) -> NDArray[np.int64]:
    """The kept vectors as `Vectors.inputs`; none if they were found with another network, or for other words.

    Raises:
        RunError: their file is damaged.
    """
    path = run.path / WITNESSES
    if not path.is_file():
        return np.empty((0, 0), np.int64)
    try:
        with np.load(path, allow_pickle=False) as kept:
            inputs, network = kept["inputs"], str(kept["network"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: damaged ({error}); delete it, and verify with --full again") from None
    return inputs if network == _network_digest(run, firmware) else np.empty((0, 0), np.int64)


def _network_digest(run: Run, firmware: dict[str, Any]) -> str:
    root = run.path / "firmware"
    return digest(
        run.config.firmware.source, digest_files((root / firmware["rtl_project"] / "model").glob("*.gz"), root)
    )

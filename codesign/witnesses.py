"""Inputs that showed planted faults which the vectors of a verification did not: its next one has them, too."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesign.contract import InputContract
from codesign.errors import RunError
from codesign.files import write_whole
from codesign.run import Run, digest, digest_files
from codesign.source_presets import source_unpacker
from codesign.verify.word_encoding import words_of

WITNESSES = "vectors/witnesses.npz"


def keep_witnesses(run: Run, contract: InputContract, firmware: dict[str, Any], words: Sequence[int]) -> int:
    """Keep inputs of the network.

    Args:
        run: it keeps them in ``vectors/``.
        contract: formats of the inputs.
        firmware: parsed ``firmware.json``.
        words: raw input words of the network.

    Returns:
        how many are kept that were not before; behind unpacking only such as the words of some event give.
    """
    from codesign.firmware.rtl import IntegerModel

    before = kept_witnesses(run, firmware)
    model = IntegerModel.load(run.path / "firmware" / firmware["rtl_project"], contract)
    rows = model.hardware_integers(words)
    unpacker = source_unpacker(run.config.firmware.source, contract)
    if unpacker is not None:
        vectors = words_of(unpacker, contract, rows, model.unused_bits)
        same = model.looked_at(unpacker.unpack(vectors)) == model.looked_at(rows)
        rows = vectors[same.all(axis=1)]
    every = np.unique(np.concatenate([before.reshape(-1, rows.shape[1]), rows]), axis=0)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, inputs=every, network=np.array(_network_digest(run, firmware)))
    write_whole(run.path / WITNESSES, buffer.getvalue())
    return len(every) - len(before)


def witnesses_digest(run: Run) -> str:
    """Digest of the kept inputs; that of nothing where there are none."""
    path = run.path / WITNESSES
    return digest(digest_files([path] if path.is_file() else [], run.path))


def kept_witnesses(run: Run, firmware: dict[str, Any]) -> NDArray[np.int64]:
    """The kept inputs as `Vectors.inputs`; none if they were found with another network, or for other words.

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

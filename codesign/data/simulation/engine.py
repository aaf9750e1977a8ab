"""The production engine: pieces made by one process per core, resumable, independent of the number of cores."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for_exit
from pathlib import Path

from codesign.data.simulation.parts import Arrays, Chunk, remove_parts, store_chunk
from codesign.errors import CodesignError, ConfigError, DataError
from codesign.progress import Progress
from codesign.tools import available_cores

logger = logging.getLogger(__name__)

Maker = Callable[[Chunk], Arrays]

# One process per core: threads inside of each are in the way of the others. Read when NumPy is imported.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def check_workers(workers: int | None) -> None:
    """Refuse a number of processes below one.

    Raises:
        ConfigError: It is.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1, found {workers}")


def parts_of(output: Path) -> Path:
    """Name the work directory of an output file.

    Raises:
        DataError: The output is a directory.
    """
    if output.is_dir():
        raise DataError(f"{output}: expected the name of a file to write, found a directory")
    return output.with_name(output.name + ".parts")


def make_chunks(
    parts: Path, chunks: Sequence[Chunk], make: Maker, *, workers: int | None, unit: str, progress: Progress
) -> None:
    """Make the pieces that are missing, at most one per worker in flight.

    Args:
        parts: Work directory, opened by `codesign.data.simulation.parts.open_parts`.
        chunks: All pieces; those whose file exists are not made again.
        make: Makes the arrays of one piece; must be picklable.
        workers: Number of processes, or ``None`` for one per available core.
        unit: What the pieces are counted in, for the progress.
        progress: Called at the start and after each piece.

    Raises:
        CodesignError: The generator failed, or a worker was killed.
    """
    total = sum(chunk.size for chunk in chunks)
    missing = [chunk for chunk in chunks if not (parts / chunk.file_name).exists()]
    done = total - sum(chunk.size for chunk in missing)
    workers = min(workers or available_cores(), len(missing))
    logger.info("%d of %d %s are there, %d pieces to make on %d cores", done, total, unit, len(missing), workers)
    progress(f"{done:,} of {total:,} {unit}", done, total)
    if not missing:
        return
    # Fresh processes: forking a parent that runs threads (TensorFlow, JAX) can deadlock.
    context = multiprocessing.get_context("spawn")
    waiting = iter(missing)
    active: dict[Future[None], Chunk] = {}
    try:
        with _environment(_ONE_THREAD), ProcessPoolExecutor(workers, context, _set_up_worker) as pool:
            for chunk in islice(waiting, workers):
                active[pool.submit(_make_chunk, parts, chunk, make)] = chunk
            try:
                while active:
                    for future in wait(active, return_when=FIRST_COMPLETED).done:
                        future.result()
                        done += active.pop(future).size
                        progress(f"{done:,} of {total:,} {unit}", done, total)
                        for chunk in islice(waiting, 1):
                            active[pool.submit(_make_chunk, parts, chunk, make)] = chunk
            except KeyboardInterrupt:
                logger.warning("stopping when the pieces at work are finished, a few seconds; %s is kept", parts)
                raise
    except BrokenProcessPool:
        raise CodesignError(
            "a simulation process died (killed, or out of memory); the finished pieces are kept in "
            f"{parts}: repeat the command to resume, with fewer workers if memory was short"
        ) from None
    except CodesignError:
        # Settings that cannot be simulated leave nothing behind that would block the corrected ones.
        if not any(parts.glob("*.npz")):
            remove_parts(parts, [])
        raise


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, which new processes inherit, for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _set_up_worker() -> None:
    """Keep a worker silent, deaf to Ctrl-C, and never alive without its parent.

    FastJet prints a banner to the standard output, which may carry JSON. Ctrl-C reaches the parent,
    which lets the pieces in flight finish.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave_with_parent() -> None:
        wait_for_exit([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()


def _make_chunk(parts: Path, chunk: Chunk, make: Maker) -> None:
    store_chunk(parts, chunk, make(chunk))

"""Files that are either whole or absent, written beside their place and moved there; work that one process does."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codesign.errors import RunError

LOCK_POLL_S = 0.5


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one piece, text as UTF-8: a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def locked(lock: Path, busy: str | None = None) -> Iterator[None]:
    """Do something that one process at a time may do; a process that dies gives its lock back.

    Args:
        lock: file of the lock.
        busy: what to say if another process holds it; absent waits until none does.

    Raises:
        RunError: another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if busy is not None:
                    raise RunError(busy) from None
                time.sleep(LOCK_POLL_S)
        yield

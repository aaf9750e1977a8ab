"""Dask workers that try configurations: one trial at a time in each, with cores, memory and time of its own."""

import contextlib
import heapq
import itertools
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from codesign.errors import RunError
from codesign.scan.evaluate import evaluate

if TYPE_CHECKING:
    import distributed

log = logging.getLogger(__name__)

RECONNECT_S = 600.0  # that a scheduler may be away
RETRY_S = 1.0
IGNORE_INTERRUPTS = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"
# task -> result; a task has ``number``, ``time_limit_s``, ``kept()``, the result that an attempt left, and
# ``failed(reason, wall_time_s)``, which gives the result of one that could not be done.
Evaluate = Callable[[Any], Any]


@dataclass(frozen=True)
class Place:
    """Where trials run.

    Attributes:
        scheduler: address of a Dask scheduler; None starts workers on this machine.
        workers: processes on this machine; more than there are cores gain nothing.
        memory_gb: memory of each of them; None an equal share.
        cache: folder in which compiled graphs are kept for all workers and all later scans of this folder.
    """

    scheduler: str | None
    workers: int
    memory_gb: float | None
    cache: Path


class DaskWorkers:
    """Workers under a Dask scheduler; use as a context manager.

    A worker that dies takes its trial with it, which is then tried again up to ``attempts`` times in all; it goes on
    where its training was last written. If the scheduler goes away, it is waited for, and the trials are handed out
    again: those that ended meanwhile are not repeated, since each leaves its result in its folder.
    """

    def __init__(self, place: Place, attempts: int, evaluate_with: Evaluate = evaluate) -> None:
        self.place = place
        self.attempts = attempts
        self.evaluate_with = evaluate_with
        self._running: dict[Any, Any] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tries = itertools.count()
        self._waiting: list[tuple[int, int, Any]] = []  # a heap

    def __enter__(self) -> Self:
        import dask
        import distributed  # noqa: F401  sets up its own logging when it is imported

        dask.config.set({"distributed.scheduler.allowed-failures": self.attempts - 1})
        # A ctrl-C reaches every process of the terminal; what it means is the driver's decision.
        dask.config.set({"distributed.worker.preload": [IGNORE_INTERRUPTS]})
        dask.config.set({"distributed.worker.memory.spill": False, "distributed.worker.memory.target": False})
        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._cluster = self._start() if self.place.scheduler is None else None
        self._client = self._connect()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all local workers at once, with what they are doing."""
        with contextlib.suppress(TimeoutError):
            self._client.close(timeout=2)  # type: ignore[no-untyped-call]
        if self._cluster is not None:
            with contextlib.suppress(TimeoutError):
                self._cluster.close(timeout=30)

    def submit(self, task: Any) -> None:
        """Begin a trial as soon as a worker is free, earlier ones first.

        No worker is given a second task: when one dies, Dask blames every task that it held.
        """
        heapq.heappush(self._waiting, (task.number, next(self._tries), task))
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and len(self._running) < self._capacity():
            number, attempt, task = heapq.heappop(self._waiting)
            future = self._client.submit(
                run_trial, self.evaluate_with, task, key=f"trial-{number}-{attempt}", pure=False
            )
            self._running[future] = task
            future.add_done_callback(self._done.put)  # type: ignore[no-untyped-call]

    def _capacity(self) -> int:
        """Workers there are now; those of this machine also while one of them starts anew."""
        if self._cluster is not None:
            return self.place.workers
        return max(1, len(self._client.nthreads()))  # type: ignore[no-untyped-call]

    def results(self) -> Iterator[Any]:
        """The next results, at least one; waits for it."""
        while True:
            try:
                future = self._done.get(timeout=1.0)
            except queue.Empty:
                if self._client.status != "running":
                    self._reconnect()
                continue
            if future not in self._running:
                continue  # of a scheduler that is gone
            if future.status in ("cancelled", "lost"):
                self._reconnect()
                continue
            yield self._result(future)
            if self._done.empty():
                return

    def _result(self, future: Any) -> Any:
        from distributed.scheduler import KilledWorker

        task = self._running.pop(future)
        self._hand_out()
        try:
            return future.result()
        except KilledWorker:
            limit = f", or needed more than {self.place.memory_gb:.1f} GB" if self.place.memory_gb else ""
            return task.kept() or task.failed(f"its worker died {self.attempts} times: it was killed{limit}")

    def _start(self) -> Any:
        import distributed

        return distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=self.place.workers,
            threads_per_worker=1,
            processes=True,
            silence_logs=logging.ERROR,  # a second ctrl-C is no reason to warn
            memory_limit=f"{self.place.memory_gb}GB" if self.place.memory_gb else "auto",
            dashboard_address="127.0.0.1:0",
            local_directory=str(self.place.cache.parent / "dask"),
            env=worker_environment(self.place.cache),
        )

    def _connect(self) -> "distributed.Client":
        import distributed

        try:
            client = distributed.Client(  # type: ignore[no-untyped-call]
                self._cluster or self.place.scheduler, timeout=30, set_as_default=False
            )
        except (OSError, TimeoutError) as error:
            raise RunError(f"{self.place.scheduler}: no Dask scheduler answers there ({error})") from None
        cores = sorted(os.sched_getaffinity(0))
        if self._cluster is not None and len(cores) >= self.place.workers:
            addresses = sorted(client.scheduler_info(n_workers=-1)["workers"])
            for index, address in enumerate(addresses):
                client.run(os.sched_setaffinity, 0, cores[index :: len(addresses)], workers=[address])
        return client

    def _reconnect(self) -> None:
        """Wait for the scheduler and hand out again what it had."""
        log.warning("the scheduler is away; waiting for it")
        waiting, until = list(self._running.values()), time.monotonic() + RECONNECT_S
        self._running = {}
        self._client.close(timeout=2)  # type: ignore[no-untyped-call]
        while True:
            try:
                self._client = self._connect()
                break
            except RunError:
                if time.monotonic() > until:
                    raise
                time.sleep(RETRY_S)
        for task in waiting:
            self.submit(task)


def worker_environment(cache: Path) -> dict[str, str]:
    """Environment of a worker: one core's worth of threads, and one cache of compiled graphs for all."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(cache.resolve()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip(),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


def run_trial(evaluate_with: Evaluate, task: Any) -> Any:
    """What a worker does: the trial, and its own end if the trial takes too long."""
    if _threads() > 1:
        raise RunError("a Dask worker with several threads cannot train; start it with: dask worker --nthreads 1")
    timer = threading.Timer(task.time_limit_s, _give_up, [task])
    timer.daemon = True
    timer.start()
    try:
        return evaluate_with(task)
    finally:
        timer.cancel()


def _threads() -> int:
    from distributed import get_worker

    return int(get_worker().state.nthreads)


def _give_up(task: Any) -> None:
    """Fail the trial and end this process, which nothing else can stop; its nanny starts another."""
    import psutil  # type: ignore[import-untyped]  # Dask brings it

    reason = f"not finished within search.time_limit_s = {task.time_limit_s:g} s"
    task.failed(reason, task.time_limit_s)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)

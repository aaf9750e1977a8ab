"""What a scan survives, with real worker processes where the fault is about processes."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from codesign.errors import RunError
from codesign.scan import study as study_module
from codesign.scan.driver import search
from codesign.scan.session import locked, open_scan, start_scan


@pytest.fixture
def begun(scan_toml, tmp_path):
    return start_scan(scan_toml(("trials = 12", "trials = 5")), tmp_path / "run")


def test_a_worker_killed_in_a_trial_takes_nothing_with_it(begun, pool, objective):
    search(begun, pool(objective.killed_once))
    assert (begun.folder / "trials" / "killed").exists()
    assert [result.reason for result in begun.results.values()] == [None] * 5


def test_a_trial_that_kills_time_or_memory_fails_alone(begun, pool, objective):
    workers = pool(objective.hungry, memory_gb=0.6)
    search(begun, workers)
    assert "needed more than 0.6 GB" in begun.results[1].reason
    assert [number for number, result in begun.results.items() if result.reason] == [1]


def test_a_trial_beyond_its_time_limit_fails_alone(scan_toml, tmp_path, pool, objective):
    file = scan_toml(("trials = 12", "trials = 5\ntime_limit_s = 2.0"))
    scan = start_scan(file, tmp_path / "run")
    search(scan, pool(objective.too_long))
    assert "time_limit_s = 2" in scan.results[1].reason
    assert [number for number, result in scan.results.items() if result.reason] == [1]


def test_a_full_disk_ends_the_scan_which_then_goes_on(begun, pool, objective):
    workers = pool(objective.disk_full)
    with pytest.raises(OSError, match="No space left on device"):
        search(begun, workers)
    workers.evaluate_with = objective.quick
    again = start_scan(begun.folder)
    search(again, objective.InProcess(objective.quick))
    assert [result.reason for result in again.results.values()] == [None] * 5


def test_a_corrupt_study_is_named_and_can_be_moved_away(scanned, objective):
    scan = scanned(objective.counted)
    first = [trial.params for trial in scan.study.get_trials()]
    scan.study._storage._backend.engine.dispose()
    (scan.folder / "study.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(RunError, match=r"study.db: file is not a database: damaged; move it away"):
        start_scan(scan.folder)
    (scan.folder / "study.db").unlink()
    again = start_scan(scan.folder)
    search(again, objective.InProcess(objective.counted))
    assert [trial.params for trial in again.study.get_trials()] == first


def test_a_locked_study_is_waited_for_and_then_named(begun, objective, monkeypatch):
    monkeypatch.setattr(study_module, "BUSY_S", 0.2)
    again = start_scan(begun.folder)
    with sqlite3.connect(begun.folder / "study.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunError, match=r"database is locked: another program has held it"):
            search(again, objective.InProcess(objective.quick))
        other.execute("ROLLBACK")
    other.close()


def test_a_second_scan_in_the_same_directory_is_kept_out(begun):
    with (begun.folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another codesign process scans here"), locked(begun.folder):
            pass


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_waited_for(begun, pool, objective, monkeypatch):
    monkeypatch.setattr("codesign.scan.workers.RETRY_S", 0.2)
    port = 18787 + os.getpid() % 1000

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def cluster():
        address = f"tcp://127.0.0.1:{port}"
        return [
            start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"),
            start("worker", address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "60"),
        ]

    def end(processes):
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    processes = cluster()
    try:
        workers = pool(objective.counted, scheduler=f"tcp://127.0.0.1:{port}")
        (begun.folder / "trials").mkdir()
        (begun.folder / "trials" / "slow1").touch()
        handed_on = workers.results

        def results():
            nonlocal processes
            if begun.results and (begun.folder / "trials" / "slow1").exists():
                time.sleep(0.5)
                end(processes)
                (begun.folder / "trials" / "slow1").unlink()
                processes = cluster()
            yield from handed_on()

        workers.results = results
        search(begun, workers)
    finally:
        end(processes)
    assert [result.reason for result in begun.results.values()] == [None] * 5
    assert len((begun.folder / "trials" / "0001" / "begun").read_text()) == 2  # the one that was lost, and no other
    assert len((begun.folder / "trials" / "0000" / "begun").read_text()) == 1


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import objective
from codesign.scan import workers
from codesign.cli import main
init = workers.DaskWorkers.__init__
workers.DaskWorkers.__init__ = lambda self, place, attempts: init(self, place, attempts, objective.counted)
sys.argv = ["codesign", "scan", {file!r}, "--output", {run!r}, "--workers", "2", "--search-only"]
main()
"""


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once_and_the_same_command_goes_on(scan_toml, tmp_path, objective):
    file, run = scan_toml(), tmp_path / "run"
    code = RUN.format(folder=str(os.path.dirname(objective.__file__)), file=str(file), run=str(run))  # noqa: PTH120
    (run / "trials").mkdir(parents=True)
    (run / "scan.toml").write_text(file.read_text())
    (run / "trials" / "slow4").touch()
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 300
    while not (run / "trials" / "0004" / "begun").exists():
        assert time.monotonic() < until
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    time.sleep(1.5)
    assert process.poll() is None  # it waits for the running trial
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "interrupted; the same command goes on" in error
    assert "Traceback" not in error
    (run / "trials" / "slow4").unlink()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    scan = open_scan(run)
    assert [result.reason for result in scan.results.values()] == [None] * 12
    begun = [len((folder / "begun").read_text()) for folder in sorted((run / "trials").glob("0*"))]
    assert begun == [1, 1, 1, 1, 2, *begun[5:]]
    assert set(begun[5:]) <= {1, 2}

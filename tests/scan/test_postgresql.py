"""The study in a PostgreSQL server of the test's own, on a socket of the loopback interface, where one is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from codesign.errors import RunError
from codesign.scan.driver import search
from codesign.scan.session import open_scan, start_scan

SERVER = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(SERVER is None, reason="PostgreSQL is not installed")]


@pytest.fixture
def server():
    """``(url, stop)`` of a server; PostgreSQL refuses to run as root, so root hands it to the package's user."""
    binaries = Path(SERVER).parent
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-", dir="/tmp") as folder:
        data = Path(folder) / "data"
        if as_user:
            shutil.chown(folder, "postgres")

        def call(program, *arguments):
            command = [*as_user, str(binaries / program), *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=120)

        def stop():
            call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")

        call("initdb", "-D", str(data), "-U", "scanner", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", str(data), "-o", options, "-l", f"{folder}/log", "-w", "start")
        yield f"postgresql://scanner@127.0.0.1:{port}/postgres", stop
        if (data / "postmaster.pid").exists():
            stop()


def test_a_study_in_postgresql_is_the_study_in_a_file(server, scan_toml, scanned, objective, tmp_path):
    url, stop = server
    in_file = scanned(objective.quick, folder="file")
    scan = start_scan(scan_toml(("trials = 12", "trials = 5")), tmp_path / "server", url)
    search(scan, objective.InProcess(objective.quick))
    scan = start_scan(scan_toml(), tmp_path / "server")  # goes on, in the same database
    search(scan, objective.InProcess(objective.quick))
    assert open_scan(tmp_path / "server").results == in_file.results
    assert not (tmp_path / "server" / "study.db").exists()
    with pytest.raises(RunError, match="belongs to the scan in"):
        start_scan(scan_toml(), tmp_path / "other", url)
    with pytest.raises(RunError, match=r"nosuchdatabase.*: expected the URL of a database"):
        start_scan(scan_toml(), tmp_path / "foreign", "nosuchdatabase://host/name")
    stop()
    with pytest.raises(RunError, match=r"postgresql://.*: check that the database can be reached"):
        start_scan(scan_toml(), tmp_path / "server")

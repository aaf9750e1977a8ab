"""A build host: another machine, reached by ssh, on which a vendor tool runs.

The files of a run are sent there, the tool is started so that it outlives the connection, its output is followed, and
the results come back. A run that is still going on there, or has ended since, is found again by its name.
"""

import re
import shlex
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from codesign.errors import ConfigError
from codesign.synth.vendor_log import VendorError
from codesign.tools import Tool, require_tool, version_in

# Asks for nothing, and notices within a minute that the other side is gone.
SSH_OPTIONS = (
    "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3",
)  # fmt: skip
SSH_FAILED = 255  # exit status that ssh keeps for itself
SHORT_S, LONG_S = 120.0, 3600.0  # a question, a transfer
GONE = 3  # exit status of a look at a folder that is not there

# The scripts stand in the folder of the run, so that what the login shell of the host has to read stays simple.
# The exit status, with the seconds it took, appears last and in one piece.
_RUN = """\
( {setup}
{environment}
exec {command} ) > tool.log 2>&1 < /dev/null
echo "$? $SECONDS" > status.part
mv status.part status
"""
# The run belongs to no terminal; it is the head of a session of its own, so that all of it can be stopped.
_START = """\
test -e pid && exit 0
: > tool.log
nohup setsid bash run.sh > /dev/null 2>&1 < /dev/null &
echo $! > pid
"""
# First the state, then the output from the byte that is asked for: output that came between is not missed.
_LOOK = """\
alive=no
kill -0 "$(cat pid)" 2> /dev/null && alive=yes
if [ -e status ]; then echo "ended $(cat status)"; elif [ $alive = yes ]; then echo running; else echo lost; fi
tail -c "+$1" tool.log
"""


@dataclass(frozen=True)
class BuildHost:
    """A machine on which vendor tools run.

    Attributes:
        host: as ``ssh`` takes it: a name of ``~/.ssh/config``, or ``user@machine``. Keys must work without a password.
        folder: folder on that machine in which runs get folders of their own.
        settings: file sourced before the tool starts, the vendor's ``settings64.sh``; empty: the tool is on PATH.
        poll_s: seconds between two looks at a running tool.
        patience: looks in a row that may fail before the host counts as gone.
    """

    host: str
    folder: str
    settings: str = ""
    poll_s: float = 5.0
    patience: int = 5

    def __post_init__(self) -> None:
        if not self.host or self.host.startswith("-") or any(sign.isspace() for sign in self.host):
            raise ConfigError(f"build host: expected a name such as user@machine, got {self.host!r}")
        if not self.folder.strip("/. ~"):
            raise ConfigError(f"build host {self.host}: expected a folder for the runs there, got {self.folder!r}")

    def tool_version(self, tool: Tool) -> str:
        """Version that a tool reports on the host, ``unknown`` if it prints none.

        Raises:
            VendorError: the host cannot be reached, or the tool is not there.
        """
        found = f"command -v {shlex.quote(tool.program)} > /dev/null || exit 127"
        status, text = self._ask(f"{self._setup()}{found}; {shlex.join([tool.program, tool.version_argument])}")
        if status == 127:
            hint = f"after {self.settings}" if self.settings else "name its settings64.sh in the configuration"
            raise VendorError("missing", f"{tool.program!r} is not on PATH of the build host {self.host} ({hint})")
        if status != 0:
            raise VendorError("missing", f"{tool.program} on the build host {self.host}: {_last_line(text)}")
        return version_in(text)

    def run(
        self,
        name: str,
        staged: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        out: str,
        on_line: Callable[[str], None],
        timeout_s: float,
    ) -> tuple[int, float]:
        """Run a command there on a copy of a local folder, or take up the run of that name.

        When the user interrupts or the host vanishes, the run goes on there; the same call later finds it again.

        Args:
            name: name of the run; the same for the same inputs and no others.
            staged: local folder that is sent, and into which the results come back.
            command: program and arguments, run inside the copy.
            environment: variables it needs.
            log: local file that receives its output.
            out: folder inside the copy that comes back.
            on_line: called with each line of its output.
            timeout_s: seconds after which it is stopped, counted from this call.

        Returns:
            The exit status of the command and the seconds it took there.

        Raises:
            VendorError: the host vanished, the run was lost there, or it ran too long.
        """
        remote = f"{self.folder.rstrip('/')}/{name}"
        if self._ask(f"test -d {_path(remote)}")[0] != 0:
            self._write_scripts(staged, command, environment)
            self._send(staged, remote)
        status, text = self._ask(f"cd {_path(remote)} && bash start.sh")
        if status != 0:
            raise self._error(f"the run could not be started: {_last_line(text)}")
        ended = self._follow(remote, log, on_line, time.monotonic() + timeout_s)
        self._fetch(remote, out, staged)
        self._ask(f"rm -rf -- {_path(remote)}")
        return ended

    def _setup(self) -> str:
        return f". {_path(self.settings)} > /dev/null || exit 126; " if self.settings else ""

    def _write_scripts(self, staged: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
        exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in environment.items())
        run = _RUN.format(setup=self._setup(), environment=exports, command=shlex.join(command))
        for name, text in (("run.sh", run), ("start.sh", _START), ("look.sh", _LOOK)):
            (staged / name).write_text(text)

    def _send(self, staged: Path, remote: str) -> None:
        """Send the folder; it gets its name there only when all of it has arrived."""
        archive, part = staged.with_name(f"{staged.name}.tar"), f"{remote}.part"
        with tarfile.open(archive, "w") as files:
            files.add(staged, arcname=".")
        receive = f"mkdir -p {_path(part)} && tar -xf - -C {_path(part)} && mv {_path(part)} {_path(remote)}"
        with archive.open("rb") as stream:
            done = self._ssh(f"rm -rf -- {_path(part)} && {receive}", LONG_S, stdin=stream)
        archive.unlink()
        self._require(done, f"the files could not be sent to {remote}")

    def _follow(self, remote: str, record: Path, on_line: Callable[[str], None], deadline: float) -> tuple[int, float]:
        """Copy the output until the run has ended; return its exit status and duration in s."""
        seen, failures, pending = 0, 0, b""
        with record.open("wb") as stream:
            while True:
                state, text = self._look(remote, seen)
                failures = failures + 1 if state == "silence" else 0
                if failures > self.patience:
                    raise self._error(f"does not answer any more; the run may go on there in {remote}: {_TAKE_UP}")
                stream.write(text)
                stream.flush()
                seen += len(text)
                *lines, pending = (pending + text).split(b"\n")
                for line in lines:
                    on_line(line.decode(errors="replace").rstrip())
                if state.startswith("ended"):
                    status, seconds = state.split()[1:]
                    return int(status), float(seconds)
                self._require_running(remote, state, deadline)
                time.sleep(self.poll_s)

    def _require_running(self, remote: str, state: str, deadline: float) -> None:
        """Refuse a run that has gone without a status, and stop one that takes too long."""
        if state == "lost":
            self._ask(f"rm -rf -- {_path(remote)}")
            raise self._error(
                "the run ended without a status: it was killed, or the host restarted; repeat the command"
            )
        if time.monotonic() > deadline:
            self._ask(f'( cd {_path(remote)} && kill -9 -- "-$(cat pid)" ); sleep 1; rm -rf -- {_path(remote)}')
            raise VendorError("time", f"build host {self.host}: the run did not finish in time and was stopped")

    def _look(self, remote: str, seen: int) -> tuple[str, bytes]:
        """State of the run and what it has printed since; "silence" when the host does not answer."""
        done = self._ssh(f"cd {_path(remote)} || exit {GONE}; bash look.sh {seen + 1}", SHORT_S)
        if done.returncode == SSH_FAILED:
            return "silence", b""
        if done.returncode == GONE:
            raise self._error(f"{remote} was removed there; repeat the command")
        state, _, text = done.stdout.partition(b"\n")
        if not re.fullmatch(rb"running|lost|ended \d+ \d+", state):
            hint = "does a start-up file of the shell print something there?"
            raise self._error(f"expected the state of the run, found {_last_line(state)!r}; {hint}")
        return state.decode(), text

    def _fetch(self, remote: str, out: str, staged: Path) -> None:
        """Bring the results back; an archive that is cut is refused by ssh or by tar."""
        archive = staged / "results.tar"
        shutil.rmtree(staged / out, ignore_errors=True)
        pack = f"if [ -d {shlex.quote(out)} ]; then tar -cf - {shlex.quote(out)}; fi"
        with archive.open("wb") as stream:
            done = self._ssh(f"cd {_path(remote)} && {pack}", LONG_S, stdout=stream)
        self._require(done, f"the results could not be fetched, they are still there in {remote}: {_TAKE_UP}")
        if archive.stat().st_size:
            unpack = [str(require_tool("tar")), "-xf", str(archive), "-C", str(staged)]
            unpacked = subprocess.run(unpack, capture_output=True, text=True, check=False)
            if unpacked.returncode != 0:
                raise self._error(f"the results arrived damaged: {_last_line(unpacked.stderr)}")
        archive.unlink()

    def _ssh(
        self, command: str, timeout_s: float, *, stdin: BinaryIO | int = subprocess.DEVNULL,
        stdout: BinaryIO | int = subprocess.PIPE,
    ) -> "subprocess.CompletedProcess[bytes]":  # fmt: skip
        arguments = [str(require_tool("ssh")), *SSH_OPTIONS, "--", self.host, f"bash -c {shlex.quote(command)}"]
        try:
            return subprocess.run(
                arguments, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(arguments, SSH_FAILED, b"", b"no answer within %d s" % timeout_s)

    def _ask(self, command: str) -> tuple[int, str]:
        """Exit status and output of a short command.

        Raises:
            VendorError: the host cannot be reached.
        """
        done = self._ssh(command, SHORT_S)
        if done.returncode == SSH_FAILED:
            raise self._error(f"cannot be reached: {_last_line(done.stderr)}")
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def _require(self, done: "subprocess.CompletedProcess[bytes]", what: str) -> None:
        if done.returncode != 0:
            raise self._error(f"{what} ({_last_line(done.stderr)})")

    def _error(self, what: str) -> VendorError:
        return VendorError("host", f"build host {self.host}: {what}")


_TAKE_UP = "repeat the command to take it up again"


def _path(path: str) -> str:
    """A path for the shell of the host; a leading ``~/`` keeps its meaning."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)


def _last_line(text: str | bytes) -> str:
    lines = (text.decode(errors="replace") if isinstance(text, bytes) else text).strip().splitlines()
    return lines[-1] if lines else "it said nothing"

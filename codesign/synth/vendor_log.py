"""Why a run of a vendor tool failed, read from its log: one state and one line that can be told to the user."""

import errno
import re
from typing import Literal

from codesign.errors import ToolError

State = Literal["missing", "version", "licence", "part", "disk", "memory", "crash", "design", "host", "time", "request"]

_OUT_OF_MEMORY = "ran out of memory: use a machine with more of it, or fewer threads"
DISK_FULL = "the disk is full: make room and repeat the command"

# In this order: what explains the others comes first. The identifiers are those of Vivado and Vitis HLS themselves.
_CAUSES: tuple[tuple[State, str, str], ...] = (
    ("licence", r"\[Common 17-345\]|\[Common 17-348\]", "no licence for this device or feature"),
    ("licence", r"bitstream generation is not permitted", "no licence to write this bitstream"),
    ("part", r"\[Common 17-69\] Command failed: Part '.*' not found", "the installation does not know this part"),
    ("part", r"\[Coretcl 2-106\]|\[Device 21-436\]", "the installation does not know this part"),
    ("part", r"\[HLS 200-1023\]", "the installation does not know this part"),
    ("disk", r"(?i)no space left on device|disk quota exceeded", DISK_FULL),
    ("memory", r'Killed\s+"\$RDI_PROG"', _OUT_OF_MEMORY),
    ("memory", r"(?i)cannot allocate memory|std::bad_alloc|out of memory", _OUT_OF_MEMORY),
    ("crash", r"Abnormal program termination|An unexpected error has occurred \(\d+\)", "the tool crashed"),
    ("request", r"^ERROR: \[codesign\]", "the script refused its options or its input"),
)

_SUMMARY = re.compile(r"^ERROR: \[Common 17-(69|39)\]")  # "Command failed": says that, not why
_KILLED = frozenset({-9, 137})


class VendorError(ToolError):
    """A vendor tool gave no result.

    Attributes:
        state: what kind of failure it was, for programs; the message says it to people.
    """

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state: State = state


def explain_failure(tool: str, log: str, status: int) -> VendorError:
    """The failure of a run, from its log and exit status.

    Args:
        tool: name of the program, for the message.
        log: everything it printed.
        status: exit status; negative: the signal that ended it; 0 where it ended well and left no result.

    Returns:
        An error with a message of one line: what happened, and the tool's own words.
    """
    # A script that is echoed into the log starts its lines with "#".
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("#")]
    for state, pattern, meaning in _CAUSES:
        line = next((line for line in lines if re.search(pattern, line)), None)
        if line is not None:
            return VendorError(state, f"{tool}: {meaning} ({_shortened(line)})")
    if status in _KILLED:
        return VendorError("memory", f"{tool}: was killed by the system, most likely for lack of memory")
    errors = [line for line in lines if line.startswith("ERROR")]
    if errors:
        cause = next((line for line in errors if not _SUMMARY.match(line)), errors[0])
        return VendorError("design", f"{tool}: {_shortened(cause)}")
    last = f"; its last line: {_shortened(lines[-1])}" if lines else "; it printed nothing"
    return VendorError("crash", f"{tool}: ended with status {status} and without a complete result{last}")


def explain_system_error(tool: str, error: OSError) -> VendorError:
    """The failure of this program to write or read what belongs to a run."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return VendorError("disk", f"{tool}: {DISK_FULL} ({error})")
    return VendorError("request", f"{tool}: {error}")


def _shortened(line: str, limit: int = 300) -> str:
    return line if len(line) <= limit else f"{line[:limit]}..."

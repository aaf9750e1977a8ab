"""Attempts with a tool: what comes out of one is a result or the reason why there is none, never a number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from codesign.errors import ReportError, ToolError
from codesign.synth.vendor_log import VendorError, explain_system_error
from codesign.tools import require_tool

T = TypeVar("T")

LONGEST = 600  # characters of a reason; the log has the rest


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What became of a run of a tool.

    Attributes:
        result: what the tool found; None where it failed.
        failed: why, as ``state: message``; None where it did not.
    """

    result: T | None
    failed: str | None = None


def attempt(tool: str, work: Callable[[], T], program: str | None = None) -> Attempt[T]:
    """Run a tool; a missing tool, licence, report, disk or host becomes the reason of a failure.

    Args:
        tool: its name, for the message.
        work: runs it. A ``ConfigError`` of it is the user's and goes through.
        program: key of ``codesign.tools.TOOLS`` that must be installed here; None: ``work`` looks for itself.
    """
    try:
        if program is not None:
            require_tool(program)
    except ToolError as error:
        return _failed("missing", error)
    try:
        return Attempt(work())
    except VendorError as error:
        return _failed(error.state, error)
    except ToolError as error:
        return _failed("tool", error)
    except ReportError as error:
        return _failed("report", error)
    except OSError as error:
        explained = explain_system_error(tool, error)
        return _failed(explained.state, explained)


def _failed(state: str, error: Exception) -> Attempt[T]:
    reason = " ".join(f"{state}: {error}".split())
    return Attempt(None, reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}…")

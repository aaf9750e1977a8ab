"""What a terminal shows while a scan runs: how far it is, what failed, and the front so far."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from codesign.scan.driver import Scan, front
from codesign.scan.front import quantity
from codesign.scan.trial import TrialResult

ROWS = 12  # of the front that a terminal shows


class LiveFront:
    """Shows progress and front on stderr, or a line per trial where there is no terminal; use as a context manager."""

    def __init__(self, scan: Scan, console: Console | None = None) -> None:
        self.scan = scan
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.started = time.monotonic()
        self.message = ""
        self._live: Live | None = None
        self._before = 0

    def __enter__(self) -> Self:
        self._before = len(self.scan.results)
        if self.console.is_terminal:
            self._live = Live(get_renderable=self._view, console=self.console, refresh_per_second=1, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, message: str) -> None:
        """Show a message."""
        self.message = message
        if self._live is None:
            self.console.print(message)

    def __call__(self, result: TrialResult) -> None:
        """Show that a trial has ended."""
        if self._live is None:
            self.console.print(f"trial {result.number:4d}  {self._outcome(result)}")

    def _outcome(self, result: TrialResult) -> str:
        if result.reason is not None:
            return f"failed: {result.reason.splitlines()[0]}"
        chosen = result.points[0]
        shown = ", ".join(
            f"{name} {quantity(chosen.values[name], chosen.errors.get(name))}" for name in self.scan.directions
        )
        missed = "" if chosen.feasible else "  (misses a limit)"
        return f"{shown}{missed}  {len(result.points)} points, {result.epochs} epochs, {result.wall_time_s:.0f} s"

    def _view(self) -> Group:
        results, wanted = self.scan.results, self.scan.settings.search.trials
        failed = sum(result.reason is not None for result in results.values())
        elapsed = time.monotonic() - self.started
        new = len(results) - self._before
        left = f", about {elapsed / new * (wanted - len(results)) / 60:.0f} min left" if new else ""
        head = f"{self.scan.settings.name}: {len(results)} of {wanted} trials, {failed} failed, {elapsed:.0f} s{left}"
        entries = front(results, self.scan.directions)
        shown = Table(box=None, header_style="bold")
        for name in ("trial", *self.scan.directions):
            shown.add_column(name, justify="right")
        for entry in entries[:ROWS]:
            values, errors = entry.point.values, entry.point.errors
            shown.add_row(
                str(entry.trial), *(quantity(values[name], errors.get(name)) for name in self.scan.directions)
            )
        more = Text(f"and {len(entries) - ROWS} more" if len(entries) > ROWS else "")
        return Group(Text(head), shown, more, Text(self.message, style="yellow"))

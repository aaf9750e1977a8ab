"""What the command line shows: progress that is visible on a terminal and in a log file, and result lines."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LOG_INTERVAL_S = 5.0  # between two progress lines where there is no terminal


class StepProgress:
    """Shows the progress of one step on stderr: a bar on a terminal, a line every few seconds elsewhere.

    Use as a context manager; the object is the progress callback that the steps take.
    """

    def __init__(self, title: str, console: Console | None = None) -> None:
        self.title = title
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._started = self._last_line = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            columns = (
                TextColumn("{task.fields[title]:<14}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task("", total=None, title=self.title)
            self._bar.start()
        else:
            self.console.print(f"{self.title} ...")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` is finished; a total of 0 means that it is not known."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total or None)
            return
        now = time.monotonic()
        if now - self._last_line >= LOG_INTERVAL_S:
            self._last_line = now
            share = f"{100 * done / total:3.0f} %  " if total else ""
            self.console.print(f"  {now - self._started:4.0f} s  {share}{what}")


def print_lines(lines: list[str], *, error: bool = False) -> None:
    """Print plain lines, without colour codes or wrapping, so that they can be searched and piped."""
    stream = sys.stderr if error else sys.stdout
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()

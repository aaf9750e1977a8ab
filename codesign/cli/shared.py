"""What all commands share: options, exit statuses, opening of a run, printing."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from codesign.console import StepProgress, print_lines

FAILED = 1  # a missed budget or a mismatch
WRONG = 2  # input that cannot be used
INTERRUPTED = 130

RUN_ARGUMENT = click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
JSON_OPTION = click.option("as_json", "--json", is_flag=True, help="Print the result as JSON on stdout.")
FORCE_OPTION = click.option("--force", is_flag=True, help="Repeat the step even if nothing it depends on has changed.")
OUTPUT_OPTION = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Run directory of a configuration file.  [default: runs/<name>]",
)


def example(*command_lines: str) -> str:
    """Epilogue of a help text; the first line keeps click from joining the others."""
    title = "Example" if len(command_lines) == 1 else "Examples"
    return "\n".join(["\b", f"{title}:", *(f"  {line}" for line in command_lines)])


class PipelineGroup(click.Group):
    """A group that lists its commands in the order of definition, which is that of the work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of definition."""
        return list(self.commands)


def step_command(name: str, help_text: str, example_text: str) -> click.Command:
    """Make the command of a step; all of them look alike."""

    @click.command(name, help=help_text, epilog=example(example_text))
    @RUN_ARGUMENT
    @OUTPUT_OPTION
    @FORCE_OPTION
    @JSON_OPTION
    def step(run: Path, output: Path | None, force: bool, as_json: bool) -> None:
        run_step(open_run(run, output), name, force=force, as_json=as_json)

    return step


def open_run(path: Path, output: Path | None) -> Any:
    """Open a run directory, or that of a configuration file, and refuse unknown names in it."""
    from codesign.errors import RunError
    from codesign.run import Run
    from codesign.steps import check_names

    if path.is_dir() and output is not None:
        raise RunError(f"--output goes with a configuration file; {path} is a run directory already")
    opened = Run.open(path) if path.is_dir() else Run.start(path, output)
    check_names(opened)
    return opened


def run_step(
    opened: Any, name: str, *, force: bool, as_json: bool, remember: Callable[[Any], None] = lambda opened: None
) -> None:
    """Execute a step, print its result, and leave with status 1 if it failed.

    ``remember`` writes into the run directory what was asked for, once no other process works there.
    """
    from codesign.summary import failures, step_lines

    with opened.lock():
        remember(opened)
        outcome = execute_step(opened, name, force=force)
    if as_json:
        print_json(outcome.record)
    else:
        print_lines(step_lines(opened, name))
    leave(failures(opened, name))


def execute_step(opened: Any, name: str, *, force: bool) -> Any:
    """Execute a step under a progress bar and return its outcome."""
    from codesign.pipeline import STEPS, execute

    with StepProgress(STEPS[name].title) as progress:
        outcome = execute(opened, name, progress, force=force)
    state = f"{outcome.wall_time_s:6.1f} s" if outcome.repeated else "unchanged"
    print_lines([f"{STEPS[name].title:<24} {state}"], error=True)
    return outcome


def leave(failed: list[str]) -> None:
    """Leave with status 1 if something failed."""
    if failed:
        print_lines([f"FAILED: {line}" for line in failed], error=True)
        sys.exit(FAILED)


def print_json(content: object) -> None:
    """Print the result for machines."""
    print_lines([json.dumps(content, indent=2)])

"""The command line: parses, calls the library, prints; nothing else."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import click

from codesign import __version__
from codesign.console import StepProgress, print_lines
from codesign.errors import CodesignError

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


def _example(command_line: str) -> str:
    """Epilogue of a help text; the first line keeps click from joining the others."""
    return f"\b\nExample:\n  {command_line}"


class PipelineGroup(click.Group):
    """A group that lists its commands in the order of the pipeline, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of definition."""
        return list(self.commands)


@click.group(
    cls=PipelineGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_example("codesign run examples/jet_tagging.toml"),
)
@click.version_option(__version__, prog_name="codesign")
@click.option("-v", "--verbose", is_flag=True, help="Show the library's log messages on stderr.")
def command(verbose: bool) -> None:
    """From physics data to verified trigger firmware.

    RUN is a run directory, or a configuration file whose run directory is made or taken up again.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(name)s: %(message)s")


@command.command(epilog=_example("codesign run examples/jet_tagging.toml"))
@RUN_ARGUMENT
@OUTPUT_OPTION
@JSON_OPTION
def run(run: Path, output: Path | None, as_json: bool) -> None:
    """Do everything, from data to report.

    Steps whose configuration and input have not changed are not repeated, so an interrupted run goes on where it
    stopped. Exit status 1 means a missed budget or a mismatch, 2 a wrong input.
    """
    from codesign.pipeline import STEPS
    from codesign.steps import check_tools
    from codesign.summary import failures, summary_lines

    opened = _open(run, output)
    check_tools()
    with opened.lock():
        for name in STEPS:
            _execute(opened, name, force=False)
    bad = failures(opened)
    if as_json:
        _print_json({name: opened.record(step.record) for name, step in STEPS.items()})
    else:
        print_lines(summary_lines(opened))
    _exit(bad)


@command.group(epilog=_example("codesign data inspect examples/data/jets.h5"))
def data() -> None:
    """Make, inspect and prepare data sets."""


@data.group(epilog=_example("codesign data simulate jets --events 10000 --seed 7 jets.h5"))
def simulate() -> None:
    """Simulate proton collisions with Pythia 8."""


@simulate.command(epilog=_example("codesign data simulate jets --events 60000 --seed 2 more_jets.h5"))
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--events", type=click.IntRange(min=1), default=10_000, show_default=True, help="Number of jets.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=1, show_default=True)
@click.option("--classes", default="g,q,W,Z,t", show_default=True, help="Jet classes, separated by commas.")
@click.option("--pt", "pt_gev", type=float, default=1000.0, show_default=True, help="Transverse momentum in GeV.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one per core]")
@JSON_OPTION
def jets(output: Path, events: int, seed: int, classes: str, pt_gev: float, workers: int | None, as_json: bool) -> None:
    """Simulate jets (anti-kT R=0.8, 13 TeV) with substructure features and constituents into OUTPUT.

    The result depends on the seed, not on the number of processes. An interrupted production goes on when the same
    command is repeated.
    """
    from codesign.data.simulation import simulate_jets

    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    with StepProgress("simulation") as progress:
        path = simulate_jets(
            output,
            jets=events,
            seed=seed,
            classes=names,
            pt_gev=pt_gev,
            workers=workers,
            progress=progress,
        )
    _show_dataset(path, as_json)


@data.command(epilog=_example("codesign data inspect examples/data/jets.h5"))
@click.argument("file", type=click.Path(path_type=Path))
@JSON_OPTION
def inspect(file: Path, as_json: bool) -> None:
    """Show what a data set holds."""
    _show_dataset(file, as_json)


def _step_command(name: str, group: click.Group, help_text: str, example: str) -> None:
    """Register the subcommand of a step; all of them look alike."""

    @group.command(name, help=help_text, epilog=_example(example))
    @RUN_ARGUMENT
    @OUTPUT_OPTION
    @FORCE_OPTION
    @JSON_OPTION
    def step(run: Path, output: Path | None, force: bool, as_json: bool) -> None:
        _run_step(_open(run, output), name, force=force, as_json=as_json)


_step_command(
    "prepare",
    data,
    "Check the data and derive the contract.\n\nThe contract is the hardware integer format of every input.",
    "codesign data prepare examples/jet_tagging.toml",
)
_step_command(
    "train",
    command,
    "Train the quantised network.\n\nBit widths are learned under the EBOPs target; the test split judges the result.",
    "codesign train runs/jet_tagging",
)
_step_command(
    "generate",
    command,
    "Write HLS, Verilog and wrapper.\n\nThe C-simulation of the HLS project is compiled too.",
    "codesign generate runs/jet_tagging",
)
_step_command(
    "verify",
    command,
    "Prove that all compute the same integers.\n\nTrained network, integer model, C-simulation and RTL are compared. "
    "Hand-edited Verilog in the run directory is verified as it stands.",
    "codesign verify runs/jet_tagging",
)


@command.command(epilog=_example("codesign synth runs/jet_tagging --board pynq-z2"))
@RUN_ARGUMENT
@click.option("--board", "boards", multiple=True, help="Also report this board (see 'codesign boards'); repeatable.")
@OUTPUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def synth(run: Path, boards: tuple[str, ...], output: Path | None, force: bool, as_json: bool) -> None:
    """Synthesise for the boards.

    Yosys maps the trigger wrapper; LUT, FF, DSP and BRAM are related to each board.
    Boards given here are remembered in the run directory and appear in the report.
    """
    from codesign.steps import remember_boards

    opened = _open(run, output)
    remember_boards(opened, boards)
    _run_step(opened, "synth", force=force, as_json=as_json)


_step_command(
    "report",
    command,
    "Check the budget, write the report.",
    "codesign report runs/jet_tagging",
)


@command.command(epilog=_example("codesign boards"))
@JSON_OPTION
def boards(as_json: bool) -> None:
    """List the known boards."""
    from dataclasses import asdict

    from codesign.synth.boards import load_boards

    known = load_boards()
    if as_json:
        _print_json({name: asdict(board) for name, board in known.items()})
        return
    rows = [
        f"{name:<16} {board.part:<26} {board.lut:>9,} LUT {board.dsp:>6,} DSP {board.clock_mhz:>7.1f} MHz  "
        f"{board.description}"
        for name, board in known.items()
    ]
    print_lines(rows)


def main() -> None:
    """Entry point: user errors become one readable message and exit status 2, never a traceback."""
    try:
        command(standalone_mode=False)
    except click.exceptions.Abort:
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG)
    except (CodesignError, OSError) as error:
        # An OSError is a path that cannot be made, read or written, or a full disk: the system's words say which.
        print_lines(f"error: {error}".splitlines(), error=True)
        sys.exit(WRONG)


def _interrupted() -> None:
    print_lines(["interrupted; the same command goes on with what is finished"], error=True)
    sys.exit(INTERRUPTED)


def _open(path: Path, output: Path | None) -> Any:
    from codesign.errors import RunError
    from codesign.run import Run
    from codesign.steps import check_names

    if path.is_dir() and output is not None:
        raise RunError(f"--output goes with a configuration file; {path} is a run directory already")
    opened = Run.open(path) if path.is_dir() else Run.start(path, output)
    check_names(opened)
    return opened


def _run_step(opened: Any, name: str, *, force: bool, as_json: bool) -> None:
    from codesign.summary import failures, step_lines

    with opened.lock():
        outcome = _execute(opened, name, force=force)
    if as_json:
        _print_json(outcome.record)
    else:
        print_lines(step_lines(opened, name))
    _exit(failures(opened, name))


def _execute(opened: Any, name: str, *, force: bool) -> Any:
    from codesign.pipeline import STEPS, execute

    with StepProgress(STEPS[name].title) as progress:
        outcome = execute(opened, name, progress, force=force)
    state = f"{outcome.wall_time_s:6.1f} s" if outcome.repeated else "unchanged"
    print_lines([f"{STEPS[name].title:<24} {state}"], error=True)
    return outcome


def _exit(failed: list[str]) -> None:
    if failed:
        print_lines([f"FAILED: {line}" for line in failed], error=True)
        sys.exit(FAILED)


def _show_dataset(path: Path, as_json: bool) -> None:
    from codesign.data.dataset import Dataset

    with Dataset.open(path) as dataset:
        content: dict[str, Any] = {
            "file": str(path),
            "name": dataset.name,
            "rows": len(dataset),
            "classes": list(dataset.classes),
            "counts": dataset.counts(),
            "blocks": {
                block: [f"{c.name} [{c.unit}]" if c.unit else c.name for c in dataset.columns(block)]
                for block in dataset.blocks
            },
            "digest": dataset.digest,
            "provenance": dataset.provenance,
        }
    if as_json:
        _print_json(content)
        return
    lines = [f"{path}: {content['name']}, {content['rows']:,} rows"]
    for split, counts in content["counts"].items():
        lines.append(f"  {split:<11} " + "  ".join(f"{name} {count:,}" for name, count in counts.items()))
    lines += [f"  {block}: {', '.join(columns)}" for block, columns in content["blocks"].items()]
    print_lines(lines)


def _print_json(content: object) -> None:
    print_lines([json.dumps(content, indent=2)])

"""The commands of the pipeline after the data: run, train, generate, verify, synth, report, boards."""

from functools import partial
from pathlib import Path

import click

from codesign.cli.shared import (
    FORCE_OPTION,
    JSON_OPTION,
    OUTPUT_OPTION,
    RUN_ARGUMENT,
    example,
    execute_step,
    leave,
    open_run,
    print_json,
    run_step,
    step_command,
)
from codesign.console import print_lines


@click.command(epilog=example("codesign run examples/jet_tagging.toml"))
@RUN_ARGUMENT
@OUTPUT_OPTION
@JSON_OPTION
def run(run: Path, output: Path | None, as_json: bool) -> None:
    """Do everything, from data to report.

    Steps whose configuration and input have not changed are not repeated, so an interrupted run goes on where it
    stopped. Exit status 1 means a missed budget or a mismatch, 2 a wrong input.
    """
    from codesign.pipeline import STEPS, steps_of
    from codesign.steps import check_tools
    from codesign.summary import failures, summary_lines

    opened = open_run(run, output)
    check_tools(opened)
    with opened.lock():
        for name in steps_of(opened):
            execute_step(opened, name, force=False)
    bad = failures(opened)
    if as_json:
        print_json({name: opened.record(STEPS[name].record) for name in steps_of(opened)})
    else:
        print_lines(summary_lines(opened))
    leave(bad)


train = step_command(
    "train",
    "Train the quantised network.\n\nBit widths are learned under the EBOPs target; the test split judges the result.",
    "codesign train runs/jet_tagging",
)
evaluate = step_command(
    "evaluate",
    "Judge the network on the test split.\n\nOnly the kept scores are read: other working points need no new training.",
    "codesign evaluate runs/jet_tagging",
)
generate = step_command(
    "generate",
    "Write HLS, Verilog and wrapper.\n\nThe C-simulation of the HLS project is compiled too.",
    "codesign generate runs/jet_tagging",
)


@click.command(epilog=example("codesign verify runs/jet_tagging", "codesign verify runs/jet_tagging --full"))
@RUN_ARGUMENT
@click.option(
    "--full/--quick",
    default=None,
    help="Also VHDL, synthesised netlist, planted faults and proofs; remembered in the run directory.",
)
@OUTPUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def verify(run: Path, full: bool | None, output: Path | None, force: bool, as_json: bool) -> None:
    """Prove that all compute the same integers.

    Trained network, integer model, C-simulation and RTL are compared.
    Hand-edited Verilog in the run directory is verified as it stands.
    """
    from codesign.steps import remember_full

    remember = partial(remember_full, full=full)
    run_step(open_run(run, output), "verify", force=force, as_json=as_json, remember=remember)


@click.command(epilog=example("codesign synth runs/jet_tagging --board pynq-z2"))
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

    remember = partial(remember_boards, names=boards)
    run_step(open_run(run, output), "synth", force=force, as_json=as_json, remember=remember)


@click.command(
    epilog=example("codesign report runs/jet_tagging", "codesign report runs/first runs/second --output comparison")
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--anchors", is_flag=True, help="Several runs: also published figures, each convention by itself.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Run directory of a configuration file; of several runs, folder of the comparison.  [default: comparison]",
)
@FORCE_OPTION
@JSON_OPTION
def report(runs: tuple[Path, ...], anchors: bool, output: Path | None, force: bool, as_json: bool) -> None:
    """Check the budget, write the report; or compare several runs.

    With several runs: one table and front as HTML, Markdown, CSV and JSON. Runs of different data, inputs, estimates or
    fabrics get tables of their own.
    """
    if len(runs) == 1 and not anchors:
        run_step(open_run(runs[0], output), "report", force=force, as_json=as_json)
        return
    from codesign.report.comparison import write_comparison

    result = write_comparison([open_run(path, None) for path in runs], output or Path("comparison"), anchors=anchors)
    if as_json:
        print_json(result)
    else:
        fronts = [f"front: {', '.join(group['front'])}" for group in result["groups"] if group["front"]]
        print_lines([*fronts, *(f"written: {path}" for path in result["files"])])


@click.command(epilog=example("codesign diff runs/first runs/second"))
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@JSON_OPTION
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Show what changed from run A to run B.

    Configuration, versions, physics, resources, latency, mismatches. A difference of measured numbers within twice its
    error is said to be none.
    """
    from dataclasses import asdict

    from codesign.report.difference import compare_runs, difference_lines

    found = compare_runs(open_run(before, None), open_run(after, None))
    if as_json:
        print_json(asdict(found))
    else:
        print_lines(difference_lines(found))


@click.command(epilog=example("codesign boards"))
@click.argument("names", metavar="[BOARD]...", nargs=-1)
@JSON_OPTION
def boards(names: tuple[str, ...], as_json: bool) -> None:
    """List the known boards, or show some with every number and its source.

    BOARD is the name of a known board, or the TOML file of a board of your own, which is checked.
    """
    from dataclasses import asdict

    from codesign.synth.boards import get_board, load_boards

    chosen = [get_board(name) for name in names] or list(load_boards().values())
    if as_json:
        print_json({board.name: asdict(board) for board in chosen})
    elif names:
        known = [(key, value) for board in chosen for key, value in asdict(board).items() if value is not None]
        print_lines(
            [f"{key:<12} {value:,}" if isinstance(value, int) else f"{key:<12} {value}" for key, value in known]
        )
    else:
        rows = [
            f"{board.name:<16} {board.part:<26} {board.lut:>9,} LUT {board.dsp:>6,} DSP {board.clock_mhz:>7.1f} MHz  "
            f"{board.description}"
            for board in chosen
        ]
        print_lines(rows)

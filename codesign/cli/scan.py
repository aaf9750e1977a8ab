"""The commands around a scan: scan, status, front, best, export."""

import signal
import textwrap
from pathlib import Path
from typing import Any

import click

from codesign.cli.arguments import assignment
from codesign.cli.shared import JSON_OPTION, PipelineGroup, example, print_json
from codesign.console import StepProgress, print_lines
from codesign.summary import LINE
from codesign.tools import available_cores

SCAN_ARGUMENT = click.argument("scan", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))


class ScanGroup(PipelineGroup):
    """``codesign scan FILE`` is ``codesign scan run FILE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the default command where none is given."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ScanGroup, epilog=example("codesign scan examples/scan_jet_tagging.toml"))
def scan() -> None:
    """Search configurations for the front of physics and cost.

    'codesign scan FILE' begins a scan, or goes on with it after an interruption.
    """


@scan.command(
    epilog=example(
        "codesign scan examples/scan_jet_tagging.toml",
        "codesign scan examples/scan_jet_tagging.toml --scheduler tcp://host:8786 --study postgresql://user@host/scans",
    )
)
@click.argument("scan", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Directory.  [default: runs/<name of the scan>]"
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine.  [default: one per core]")
@click.option("--scheduler", help="Address of a Dask scheduler whose workers do the work.")
@click.option("--study", help="Database of the study (SQLAlchemy URL).  [default: study.db in the directory]")
@click.option("--hypermodel", metavar="FILE.py:NAME", help="Scan a keras_tuner.HyperModel of your own.")
@click.option("--search-only", is_flag=True, help="Leave out the final trainings, verification and synthesis.")
@JSON_OPTION
def run(
    scan: Path,
    output: Path | None,
    workers: int | None,
    scheduler: str | None,
    study: str | None,
    hypermodel: str | None,
    search_only: bool,
    as_json: bool,
) -> None:
    """Scan, or go on with a scan.

    FILE is a scan configuration, or the directory of a scan. The first ctrl-C lets running trials end, the second one
    ends them; the same command goes on with what is finished.
    """
    from codesign.scan.session import locked, start_scan

    opened = start_scan(scan, output, study, hypermodel)
    with locked(opened.folder):
        finished = _scan(opened, workers, scheduler, search_only)
    if as_json:
        print_json(finished)
    else:
        print_lines(_lines(opened))


def _quantity(record: dict[str, Any], name: str) -> str:
    """A value of a record with its error."""
    from codesign.scan.front import quantity

    return quantity(record["values"][name], record["errors"].get(name))


def _scan(opened: Any, workers: int | None, scheduler: str | None, search_only: bool) -> Any:
    """Search and final stage under a live view."""
    from codesign.scan.driver import search
    from codesign.scan.final import final_stage, finalise
    from codesign.scan.live import LiveFront
    from codesign.scan.page import PageWriter, write_page
    from codesign.scan.workers import DaskWorkers, Place

    place = Place(
        scheduler,
        workers or available_cores(),
        opened.settings.search.memory_gb,
        opened.folder / ".jax",
    )
    with LiveFront(opened) as view, DaskWorkers(place, opened.settings.search.attempts) as pool:

        def interrupted(_number: int, _frame: object) -> None:
            if opened.stopping:
                raise KeyboardInterrupt
            opened.stopping = True
            view.say("waiting for the running trials; ctrl-C again ends them (nothing finished is lost)")

        written = PageWriter(opened)

        def on_result(result: Any) -> None:
            view(result)
            written()

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            search(opened, pool, on_result)
            if opened.stopping:
                raise KeyboardInterrupt
            if not search_only:
                view.say("candidates: proof, synthesis, trainings with other seeds")
                pool.evaluate_with = finalise
                final_stage(opened, pool, view.say)
        finally:
            signal.signal(signal.SIGINT, before)
            write_page(opened, running=False)
    return _record(opened)


def _record(opened: Any) -> dict[str, Any]:
    """Front of the search and judged candidates for machines."""
    from codesign.scan.final import read_final
    from codesign.scan.final_table import final_records
    from codesign.scan.front import front_records

    judged = final_records(read_final(opened.folder), opened.directions)
    return {"front": front_records(opened), "candidates": judged}


def _lines(opened: Any) -> list[str]:
    """The candidates where they have been judged, else the front of the search."""
    from codesign.scan.final import read_final
    from codesign.scan.final_table import final_records, final_table
    from codesign.scan.front import front_records, front_table, text_table

    judged = final_records(read_final(opened.folder), opened.directions)
    shown = final_table(judged, opened.directions) if judged else front_table(opened, front_records(opened))
    return [*text_table(shown), "", *textwrap.wrap(shown.note, LINE), f"scan          {opened.folder}"]


@scan.command(epilog=example("codesign scan status runs/scan_jet_tagging"))
@SCAN_ARGUMENT
@JSON_OPTION
def status(scan: Path, as_json: bool) -> None:
    """How far a scan is, and what failed."""
    from codesign.scan.session import open_scan

    opened = open_scan(scan)
    failed = {number: result.reason for number, result in opened.results.items() if result.reason is not None}
    record = {
        "finished": len(opened.results),
        "trials": opened.settings.search.trials,
        "points": sum(len(result.points) for result in opened.results.values()),
        "failed": failed,
    }
    if as_json:
        print_json(record)
        return
    print_lines(
        [
            f"{opened.settings.name}: {record['finished']} of {record['trials']} trials, {record['points']} points, "
            f"{len(failed)} failed",
            *(f"trial {number:4d}  {reason}" for number, reason in failed.items()),
        ]
    )


@scan.command(epilog=example("codesign scan front runs/scan_jet_tagging"))
@SCAN_ARGUMENT
@JSON_OPTION
def front(scan: Path, as_json: bool) -> None:
    """The front so far, and the candidates where they have been judged."""
    from codesign.scan.session import open_scan

    opened = open_scan(scan)
    if as_json:
        print_json(_record(opened))
    else:
        print_lines(_lines(opened))


@scan.command(epilog=example("codesign scan best runs/scan_jet_tagging --limit lut=2000 --limit latency_ns=25"))
@SCAN_ARGUMENT
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help="Limit besides those of the scan.")
@JSON_OPTION
def best(scan: Path, limits: tuple[str, ...], as_json: bool) -> None:
    """The point to take: the cheapest of those that cannot be told apart from the best physics within the limits.

    Judged candidates count where there are some, else the front of the search.
    """
    from codesign.scan.choice import best_record
    from codesign.scan.session import open_scan

    record = best_record(open_scan(scan), dict(assignment(limit) for limit in limits))
    if as_json:
        print_json(record)
        return
    shown = {name: value for name, value in record.items() if not isinstance(value, dict)}
    print_lines(
        [
            *(f"{name:<24} {value}" for name, value in shown.items()),
            *(f"{name:<24} {_quantity(record, name)}" for name in record["values"]),
        ]
    )


@scan.command(
    epilog=example(
        "codesign scan export runs/scan_jet_tagging", "codesign scan export runs/scan_jet_tagging --trial 17"
    )
)
@SCAN_ARGUMENT
@click.option("--trial", type=click.IntRange(min=0), help="Only the points of this trial.")
@JSON_OPTION
def export(scan: Path, trial: int | None, as_json: bool) -> None:
    """Make a run directory with firmware for every point of the front, ready for 'codesign synth'.

    The trainings are not repeated: each point is a checkpoint that its trial kept.
    """
    from codesign.scan.choice import export_front
    from codesign.scan.session import locked, open_scan

    opened = open_scan(scan)
    with locked(opened.folder), StepProgress("export") as progress:
        folders = export_front(opened, trial, progress)
    if as_json:
        print_json([str(folder) for folder in folders])
    else:
        print_lines([f"codesign synth {folder}" for folder in folders])

"""The commands around data sets: list, fetch, convert, simulate, inspect, split, merge, prepare."""

import inspect as introspection
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from codesign.cli.arguments import names_of, numbers_of, options_of, source_of
from codesign.cli.shared import JSON_OPTION, PipelineGroup, example, print_json, step_command
from codesign.console import StepProgress, print_lines

INPUT_FILE = click.Path(path_type=Path)
OUTPUT_FILE = click.Path(path_type=Path, dir_okay=False)
SEED_OPTION = click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=1, show_default=True)
FRACTIONS_OPTION = click.option(
    "--fractions", default="0.6,0.2,0.2", show_default=True, help="Shares of train, validation and test."
)
WORKERS_OPTION = click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one per core]")


@click.group(cls=PipelineGroup, epilog=example("codesign data inspect examples/data/jets.h5"))
def data() -> None:
    """Get, make, look at and prepare data sets."""


@data.command("list", epilog=example("codesign data list", "codesign data list root"))
@click.argument("name", required=False)
@JSON_OPTION
def list_(name: str | None, as_json: bool) -> None:
    """List formats, public data sets, simulated processes and scales.

    With NAME: what this format or public data set is, its options, and what to cite.
    """
    from codesign.data.catalogue import catalogue, describe, list_lines

    if as_json:
        print_json(catalogue() if name is None else describe(name))
        return
    print_lines(list_lines() if name is None else _details(describe(name)))


@data.command(epilog=example("codesign data fetch openml-jets --folder downloads"))
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default=True)
@click.option("--file", "files", multiple=True, help="Only this file of the data set; repeatable.")
@JSON_OPTION
def fetch(name: str, folder: Path, files: tuple[str, ...], as_json: bool) -> None:
    """Download a public data set (see 'codesign data list').

    Checksums come from the repository's own index. A broken download is continued by the same command.
    """
    from codesign.data.fetch import fetch as fetch_files
    from codesign.data.fetch import load_sources

    with StepProgress("download") as progress:
        paths = fetch_files(name, folder, files=files, progress=progress)
    source = load_sources()[name]
    if as_json:
        print_json({"files": [str(path) for path in paths], "format": source.format, "citation": source.citation})
        return
    inputs = " ".join(str(path) for path in paths[:3]) + (" ..." if len(paths) > 3 else "")
    print_lines(
        [
            *(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, checksum is right" for path in paths),
            f"please cite: {source.citation}",
            f"next: codesign data convert --format {source.format} {inputs} {name}.h5",
        ]
    )


@data.command(
    epilog=example(
        "codesign data convert --format openml-jets hls4ml_lhc_jets_hlf.arff jets.h5",
        "codesign data convert --format root --option map=nanoaod background=qcd.root ttbar=tt.root events.h5",
    )
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.argument("output", type=OUTPUT_FILE, metavar="OUT")
@click.option("--format", "format_name", required=True, help="Format of the input (see 'codesign data list').")
@click.option("--option", "assignments", multiple=True, metavar="KEY=VALUE", help="Option of the format; repeatable.")
@click.option("--options", "options_file", type=INPUT_FILE, help="Options of the format as a TOML file.")
@FRACTIONS_OPTION
@SEED_OPTION
@click.option("--drop-bad-rows", is_flag=True, help="Leave out and count rows with NaN, inf or negative momenta.")
@JSON_OPTION
def convert(
    inputs: tuple[str, ...],
    output: Path,
    format_name: str,
    assignments: tuple[str, ...],
    options_file: Path | None,
    fractions: str,
    seed: int,
    drop_bad_rows: bool,
    as_json: bool,
) -> None:
    """Convert files of a public format to a data set.

    IN is a file, or CLASS=FILE where the format does not tell the class. Rows keep their order; those that the format
    does not assign to a split are drawn. Memory stays bounded whatever the size of the files.
    """
    from dataclasses import asdict

    from codesign.data.convert import convert as convert_files
    from codesign.data.formats.registry import get_format

    file_format = get_format(format_name)
    options = options_of(file_format.options, assignments, options_file, f"options of {format_name}")
    with StepProgress("conversion") as progress:
        done = convert_files(
            [source_of(text) for text in inputs],
            output,
            file_format,
            options,
            fractions=numbers_of(fractions),
            seed=seed,
            drop_bad_rows=drop_bad_rows,
            progress=progress,
        )
    if as_json:
        print_json(asdict(done) | {"path": str(done.path)})
        return
    speed = done.source_mb / max(done.wall_time_s, 1e-3)
    print_lines(
        [
            f"{done.rows:,} of {done.rows_read:,} rows, {done.source_mb:,.1f} MB in {done.wall_time_s:.1f} s "
            f"({speed:,.0f} MB/s)",
            *(f"repaired: {what}: {count:,}" for what, count in done.repairs.items()),
        ]
    )
    _show_dataset(done.path, as_json=False)
    if file_format.citation:
        print_lines([f"please cite: {file_format.citation}"])


@data.group(cls=PipelineGroup, epilog=example("codesign data simulate jets --events 10000 --seed 7 jets.h5"))
def simulate() -> None:
    """Simulate proton collisions with Pythia 8.

    The result depends on the seed, not on the number of processes. An interrupted production goes on when the same
    command is repeated.
    """


@simulate.command(epilog=example("codesign data simulate jets --events 60000 --seed 2 more_jets.h5"))
@click.argument("output", type=OUTPUT_FILE)
@click.option("--events", type=click.IntRange(min=1), default=10_000, show_default=True, help="Number of jets.")
@SEED_OPTION
@click.option("--classes", default="g,q,W,Z,t", show_default=True, help="Jet classes, separated by commas.")
@click.option("--pt", "pt_gev", type=float, default=1000.0, show_default=True, help="Transverse momentum in GeV.")
@click.option("--nsubjettiness", is_flag=True, help="Add a block with N-subjettiness.")
@WORKERS_OPTION
@JSON_OPTION
def jets(
    output: Path,
    events: int,
    seed: int,
    classes: str,
    pt_gev: float,
    nsubjettiness: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """Simulate jets (anti-kT R=0.8, 13 TeV) with substructure and constituents.

    At particle level: no detector, no pile-up.
    """
    from codesign.data.simulation import simulate_jets

    with StepProgress("simulation") as progress:
        path = simulate_jets(
            output,
            jets=events,
            seed=seed,
            classes=names_of(classes),
            pt_gev=pt_gev,
            nsubjettiness=nsubjettiness,
            workers=workers,
            progress=progress,
        )
    _show_dataset(path, as_json)


@simulate.command(
    epilog=example(
        "codesign data simulate events --background 20000 --signals 2000 events.h5",
        "codesign data simulate events --response l1-run3 --pileup 60 --scales cms-run3-ugt l1_events.h5",
    )
)
@click.argument("output", type=OUTPUT_FILE)
@click.option("--background", type=click.IntRange(min=0), default=10_000, show_default=True, help="Kept events.")
@click.option("--signals", type=click.IntRange(min=0), default=1_000, show_default=True, help="Kept events per signal.")
@click.option(
    "--processes", default="a_to_4l,lq_to_btau,h0_to_tautau,h_to_taunu", show_default=True, help="Signals, by commas."
)
@click.option(
    "--qcd-prescale",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Make one of so many QCD events of the background, with their weight; each costs ten others.",
)
@click.option(
    "--user-processes",
    type=INPUT_FILE,
    help="Your own processes too (a TOML file, see examples/simulation/user_processes.toml).",
)
@SEED_OPTION
@click.option("--response", default="cms-delphes", show_default=True, help="Detector response: a name or a TOML file.")
@click.option("--pileup", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Mean other collisions.")
@click.option("--scales", help="Round to the integer scales of a trigger, e.g. cms-run3-ugt.")
@click.option("--extra", default="", help="More object types, by commas: taus, photons, sums.")
@WORKERS_OPTION
@JSON_OPTION
def events(
    output: Path,
    background: int,
    signals: int,
    processes: str,
    qcd_prescale: int,
    user_processes: Path | None,
    seed: int,
    response: str,
    pileup: float,
    scales: str | None,
    extra: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Simulate events with a lepton as a 40 MHz trigger sees them.

    MET, 4 electrons, 4 muons, 10 jets; the background is the standard-model mixture of arXiv:2107.02157. Signals go to
    the test split as a whole.
    """
    from codesign.data.simulation import simulate_events
    from codesign.data.simulation.user_processes import read_user_processes

    wanted = {"background": background} if background else {}
    if signals:
        own = read_user_processes(user_processes) if user_processes is not None else {}
        wanted |= dict.fromkeys((*names_of(processes), *own), signals)
    with StepProgress("simulation") as progress:
        path = simulate_events(
            output,
            events=wanted,
            seed=seed,
            response=Path(response) if response.endswith(".toml") else response,
            pileup=pileup,
            scales=scales,
            extra_objects=names_of(extra),
            user_processes=user_processes,
            qcd_prescale=qcd_prescale,
            workers=workers,
            progress=progress,
        )
    _show_dataset(path, as_json)


@data.command(
    epilog=example("codesign data inspect examples/data/jets.h5", "codesign data inspect jets.h5 --html jets.html")
)
@click.argument("file", type=INPUT_FILE)
@click.option("--html", "page", type=OUTPUT_FILE, help="Also write a page with histograms of every column.")
@click.option("--split", help="Only this split: train, validation or test.")
@JSON_OPTION
def inspect(file: Path, page: Path | None, split: str | None, as_json: bool) -> None:
    """Show what a data set holds, column by column."""
    from codesign.data.dataset import Dataset
    from codesign.data.inspection import inspect_dataset, text_lines

    with Dataset.open(file) as dataset, StepProgress("reading") as progress:
        record = inspect_dataset(dataset, split=split, progress=progress)
    if page is not None:
        from codesign.report.dataset_page import write_dataset_page

        write_dataset_page(record, page)
    if as_json:
        print_json(record)
        return
    print_lines(text_lines(record))
    if page is not None:
        print_lines([f"page: {page}"])


@data.command(epilog=example("codesign data split --fractions 0.8,0.1,0.1 --test-only a_to_4l events.h5 new.h5"))
@click.argument("file", type=INPUT_FILE)
@click.argument("output", type=OUTPUT_FILE)
@FRACTIONS_OPTION
@SEED_OPTION
@click.option("--test-only", default="", help="Classes that go to the test split as a whole, by commas.")
@JSON_OPTION
def split(file: Path, output: Path, fractions: str, seed: int, test_only: str, as_json: bool) -> None:
    """Divide a data set anew into train, validation and test."""
    from codesign.data.transform import split_dataset

    with StepProgress("split") as progress:
        split_dataset(
            file, output, fractions=numbers_of(fractions), seed=seed, test_only=names_of(test_only), progress=progress
        )
    _show_dataset(output, as_json)


@data.command(epilog=example("codesign data merge background.h5 signal.h5 all.h5"))
@click.argument("files", nargs=-1, required=True, type=INPUT_FILE, metavar="FILE...")
@click.argument("output", type=OUTPUT_FILE)
@JSON_OPTION
def merge(files: tuple[Path, ...], output: Path, as_json: bool) -> None:
    """Join data sets of one origin.

    Classes of the same name become one.
    """
    from codesign.data.transform import merge_datasets

    with StepProgress("merge") as progress:
        merge_datasets(files, output, progress=progress)
    _show_dataset(output, as_json)


data.add_command(
    step_command(
        "prepare",
        "Check the data and derive the contract.\n\nThe contract is the hardware integer format of every input.",
        "codesign data prepare examples/jet_tagging.toml",
    )
)


def _details(entry: Mapping[str, Any]) -> list[str]:
    """Lines about one format or public data set."""
    lines = [f"{key:<12} {value}" for key, value in entry.items() if key != "options" and value]
    if options := entry.get("options"):
        text = introspection.cleandoc(options).replace("Attributes:", "As --option KEY=VALUE, or in a TOML file:")
        lines += ["", *text.splitlines()]
    return lines


def _show_dataset(path: Path, as_json: bool) -> None:
    """Print what a new data set holds, in a few lines; ``inspect`` tells more."""
    from codesign.data.dataset import Dataset

    with Dataset.open(path) as dataset:
        content: dict[str, Any] = {
            "file": str(path),
            "name": dataset.name,
            "origin": dataset.origin,
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
        print_json(content)
        return
    lines = [f"{path}: {content['name']}, {content['rows']:,} rows"]
    for part, counts in content["counts"].items():
        lines.append(f"  {part:<11} " + "  ".join(f"{name} {count:,}" for name, count in counts.items()))
    for block, columns in content["blocks"].items():
        shown = ", ".join(columns[:16]) + (f", ... ({len(columns)} columns)" if len(columns) > 16 else "")
        lines.append(f"  {block}: {shown}")
    print_lines(lines)

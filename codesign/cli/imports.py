"""The commands that make networks of other tools networks of our own."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign.cli.import_weights import weights
from codesign.cli.shared import JSON_OPTION, PipelineGroup, example, leave, print_json
from codesign.console import StepProgress, print_lines

if TYPE_CHECKING:
    from codesign.fixed_point import FixedPoint
    from codesign.models.importers import Comparison, ImportedNetwork

HEADER = ("layer", "type", "weights", "zero", "activations")


class ImportGroup(PipelineGroup):
    """Imports a model file unless the first argument names another command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the default command in front."""
        own = [*self.commands, "-h", "--help"]
        return super().parse_args(ctx, args if not args or args[0] in own else [network.name or "", *args])


@click.group(
    "import",
    cls=ImportGroup,
    no_args_is_help=True,
    epilog=example(
        "codesign import tagger.h5 tagger.keras --input-format 'ap_fixed<12,6>'",
        "codesign import weights examples/imports/tagger.toml imported",
    ),
)
def import_() -> None:
    """Import a network of another tool.

    The name of a model file can stand in place of a command: codesign import MODEL OUTPUT.
    """


@click.command(
    "network",
    epilog=example(
        "codesign import tagger.h5 tagger.keras --input-format 'ap_fixed<12,6>'",
        "codesign import tagger.h5 tagger.keras --check tagger_outputs.npz",
    ),
)
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUTPUT")
@click.option(
    "--input-format",
    metavar="TYPE",
    help="Format of the network values, for .h5; rounds and saturates.  [default: ap_fixed<16,6>]",
)
@click.option("--check", "check_file", type=click.Path(path_type=Path), help="npz file with inputs x and outputs y.")
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@JSON_OPTION
def network(
    model: Path, output: Path, input_format: str | None, check_file: Path | None, force: bool, as_json: bool
) -> None:
    """Import a QKeras (.h5) or HGQ2 (.keras) network.

    MODEL is read without executing anything in it. OUTPUT is a network of HGQ2 layers with frozen quantisers that gives
    the same numbers, wherever these are fixed-point numbers in MODEL; what is not is listed. With --check, outputs that
    differ from y are counted, and any gives exit status 1; y stands before a final softmax.
    """
    from codesign.errors import ModelError
    from codesign.models.importers import compare, import_network, read_arrays, require_keras_name, write_network

    if output.exists() and not force:
        raise ModelError(f"{output}: exists already; --force replaces it")
    arrays = None if check_file is None else read_arrays(check_file)
    imported = import_network(model, None if input_format is None else _format(input_format))
    comparison = None if arrays is None else compare(imported, *arrays)
    require_keras_name(output)
    with StepProgress("proof that a new process loads it alike"):
        write_network(imported, output, None if arrays is None else arrays[0])
    if as_json:
        check = None if comparison is None else asdict(comparison)
        print_json({"output": str(output), **imported.record(), "check": check})
    else:
        print_lines([*network_lines(imported), *_check_lines(comparison), f"written: {output}"])
    wrong = comparison is not None and comparison.differing_outputs > 0
    leave([f"{check_file}: {_difference(comparison)}"] if comparison is not None and wrong else [])


def _format(text: str) -> "FixedPoint":
    """The format of the inputs; one without modes rounds and saturates."""
    from codesign.fixed_point import FixedPoint

    parsed = FixedPoint.parse(text)
    return replace(parsed, rounding="RND", overflow="SAT") if text.count(",") == 1 else parsed


def network_lines(network: "ImportedNetwork") -> list[str]:
    """What an imported network consists of, for a reader."""
    rows = [HEADER, *(_row(layer) for layer in network.layers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    size = f"{network.source}: {network.inputs} inputs, {network.outputs} outputs"
    return [size, "", *table, "", *(f"note: {note}" for note in network.notes)]


def _row(layer: Any) -> tuple[str, ...]:
    zeros = "" if layer.weights is None else f"{layer.zero_weights:,} of {layer.weights:,}"
    return layer.name, layer.kind, layer.weight_format or "", zeros, layer.activation_format or ""


def _check_lines(comparison: "Comparison | None") -> list[str]:
    if comparison is None:
        return []
    cut = f"check: the input format rounds or cuts {comparison.inexact_inputs:,} numbers of x; see --input-format"
    return [*([cut] if comparison.inexact_inputs else []), f"check: {_difference(comparison)}"]


def _difference(comparison: "Comparison") -> str:
    if comparison.differing_outputs == 0:
        return f"all {comparison.outputs:,} outputs of {comparison.rows:,} rows are the same numbers"
    return (
        f"{comparison.differing_outputs:,} of {comparison.outputs:,} outputs differ, in "
        f"{comparison.differing_rows:,} of {comparison.rows:,} rows; "
        f"largest difference {comparison.largest_difference:g}"
    )


for subcommand in (network, weights):
    import_.add_command(subcommand)

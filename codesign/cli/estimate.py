"""The command that says in seconds what a network will take."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesign.cli.shared import JSON_OPTION, example, print_json
from codesign.console import print_lines

if TYPE_CHECKING:
    from codesign.synth.estimate import Interval, ResourceEstimate


@click.command(
    epilog=example(
        "codesign estimate runs/jet_tagging",
        "codesign estimate runs/jet_tagging --board pynq-z2",
        "codesign estimate tagger.keras --input-format 'ap_fixed<12,4>' --latency-cutoff 1",
    )
)
@click.argument("target", metavar="MODEL|RUN|CONFIG", type=click.Path(path_type=Path))
@click.option("--board", "board_name", help="Board.  [default: that of the run; serenity-vu13p for a model]")
@click.option("--latency-cutoff", type=click.FloatRange(min=0.5), help="Adder levels between two registers.")
@click.option(
    "--input-format",
    default="ap_fixed<16,6>",
    show_default=True,
    help="Format of the inputs of a model without a contract.json beside it.",
)
@click.option("--architecture", help="Of a model that is not named after it (see 'model.architecture').")
@JSON_OPTION
def estimate(
    target: Path,
    board_name: str | None,
    latency_cutoff: float | None,
    input_format: str,
    architecture: str | None,
    as_json: bool,
) -> None:
    """Estimate LUT, FF and latency in seconds.

    TARGET is a run, its configuration file, or a saved network (.keras). Nothing is synthesised: the cost model of the
    RTL compiler was calibrated on synthesised designs, and networks unlike those are refused. What is estimated is the
    whole trigger algorithm, as Yosys would count it.
    """
    from codesign.estimation import estimate_target

    found = estimate_target(target, board_name, latency_cutoff, input_format, architecture)
    if as_json:
        print_json(asdict(found))
        return
    print_lines(
        [
            f"{found.name} on {found.resources.board}, {found.clock_mhz:.2f} MHz, "
            f"{found.features.latency_cutoff:g} adder levels between two registers",
            f"LUT           {_interval(found.resources.lut)}; {found.resources.lut_share:.2%} of the board",
            *_decision(found.resources),
            f"FF            {_interval(found.resources.ff)}",
            f"DSP           {found.resources.dsp}",
            f"latency       {found.latency_cycles} cycles = {found.latency_ns:.1f} ns = "
            f"{found.latency_bunch_crossings} BX, II = 1; as the generator states it, exact",
            *_basis(found.resources),
            *(f"note: {note}" for note in found.notes),
        ]
    )


def _interval(found: "Interval") -> str:
    return f"{found.value:,} ({found.low:,} … {found.high:,})"


def _decision(found: "ResourceEstimate") -> list[str]:
    return (
        [] if found.decision_lut is None else [f"              of these the decision {_interval(found.decision_lut)}"]
    )


def _basis(found: "ResourceEstimate") -> list[str]:
    errors: dict[str, Any] = {"LUT": found.lut.mean_error, "FF": found.ff.mean_error}
    shown = ", ".join(f"{name} {error:.1%}" for name, error in errors.items())
    return [
        f"basis         {found.obtained}",
        f"              {found.designs} networks, {found.rows} syntheses; mean error on networks left out: {shown}",
    ]

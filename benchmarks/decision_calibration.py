"""Decisions of many sizes through Yosys: the table from which `codesign estimate` knows what they take.

python benchmarks/decision_calibration.py             all, then codesign/synth/decision_calibration.csv and its errors
python benchmarks/decision_calibration.py --errors    only the errors of the table that is there

Around every decision stands a network of wires, whose registers are not counted. Each has a folder under --output, so
an interrupted benchmark goes on where it stood.
"""

import argparse
from dataclasses import asdict, fields
from itertools import product
from pathlib import Path

from codesign.config_firmware import WorkingPointSection
from codesign.files import write_whole
from codesign.firmware.decision import DecisionRequest, NetworkIdentity, decision_cycles, write_decision
from codesign.firmware.ports import score_port
from codesign.fixed_point import FixedPoint
from codesign.report.numbers import to_csv
from codesign.synth.calibration import COVERAGE
from codesign.synth.decision_cost import TABLE, DecisionSize, SynthesisedDecision, fit_decisions, read_decisions
from codesign.synth.yosys import FAMILIES, synthesise
from codesign.tools import tool_version

PATH = Path(__file__).parent.parent / "codesign" / "synth" / TABLE
# (working points, classes, bits of a score, latency of the network)
SIZES = (
    (1, 1, 8, 8), (1, 1, 24, 30), (2, 1, 14, 3), (4, 1, 18, 20), (8, 1, 10, 12), (16, 1, 16, 8), (1, 2, 12, 6),
    (2, 3, 10, 12), (3, 3, 16, 28), (5, 5, 8, 8), (5, 5, 13, 16), (5, 5, 18, 40), (1, 5, 16, 10), (10, 5, 12, 50),
    (8, 8, 12, 14), (16, 4, 10, 24), (2, 10, 14, 10), (12, 2, 20, 60),
)  # fmt: skip
WIRES = """\
module trigger_algorithm #(`include "trigger_parameters.vh"
) (input clk, input reset, input in_valid, input [INPUT_BITS-1:0] in_data, output reg out_valid,
   output reg [OUTPUT_BITS-1:0] out_data);
always @(posedge clk) begin
    out_valid <= in_valid & ~reset;
    out_data <= in_data;
end
endmodule
"""


def measure(interface: str, size: tuple[int, int, int, int], output: Path) -> list[SynthesisedDecision]:
    """Rows of one decision, one for each fabric."""
    points, classes, bits, latency = size
    folder = output / f"{interface}_{points}_{classes}_{bits}_{latency}"
    folder.mkdir(parents=True, exist_ok=True)
    word = classes * bits
    (folder / "trigger_parameters.vh").write_text(
        f"parameter INPUT_BITS = {word},\nparameter OUTPUT_BITS = {word},\nparameter LATENCY = {latency}\n"
    )
    (folder / "trigger_algorithm.v").write_text(WIRES)
    names, fmt = [f"class_{index}" for index in range(classes)], FixedPoint(True, bits, bits)
    chosen = {
        f"point_{index}": WorkingPointSection.model_validate({"threshold": index, "class": names[index % classes]})
        for index in range(points)
    }
    decision, sources = write_decision(
        folder, DecisionRequest(interface, chosen, {}, False), score_port(names, fmt), fmt,
        NetworkIdentity(0x1234ABCD, latency), 9 if interface == "l1_algo" else None,
    )  # fmt: skip
    found = DecisionSize(interface, points, classes, min(points, classes), bits, latency + decision_cycles(classes))
    rows = []
    for family in FAMILIES:
        used = synthesise(
            (folder / "trigger_algorithm.v", *sources), include_dirs=(folder,), top=decision.top,
            family=family, work_dir=folder / family,
        )  # fmt: skip
        counted = {"lut": used.lut, "ff": used.ff - word - 1}
        rows.append(
            SynthesisedDecision(**asdict(found), tool=f"yosys {tool_version('yosys')}", family=family, **counted)
        )
        print(f"{folder.name}, {family}: {rows[-1].lut:,} LUT, {rows[-1].ff:,} FF", flush=True)
    return rows


def print_errors(table: tuple[SynthesisedDecision, ...]) -> None:
    """Coefficients and errors on decisions that were left out of the fit."""
    for family, interface in dict.fromkeys((row.family, row.interface) for row in table):
        rows = [row for row in table if (row.family, row.interface) == (family, interface)]
        for name, fit in zip(("LUT", "FF"), fit_decisions(rows), strict=True):
            coefficients = ", ".join(f"{value:.2f}" for value in fit.coefficients)
            print(f"{family}, {interface}, {name}: {len(rows)} decisions, mean error {fit.mean_error:.1%}, "
                  f"{COVERAGE:.0%} within {fit.half_width:.1%}  ({coefficients})")  # fmt: skip
            print("   ", " ".join(f"{error:+.1%}" for error in fit.errors))


def main() -> None:
    """Bring the decisions up to date, write the table, print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("decision_calibration"))
    parser.add_argument("--errors", action="store_true", help="only print the errors of the table")
    chosen = parser.parse_args()
    if not chosen.errors:
        rows = [
            row
            for interface, size in product(("l1_algo", "axi_stream"), SIZES)
            for row in measure(interface, size, chosen.output)
        ]
        write_whole(PATH, to_csv(rows, [entry.name for entry in fields(SynthesisedDecision)]))
        read_decisions.cache_clear()
    print_errors(read_decisions())


if __name__ == "__main__":
    main()

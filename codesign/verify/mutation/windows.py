"""Some stages of a pipeline in a row, as one combinational module: enough to prove that a fault dies out on the way.

A fault that changes nothing at the end of three stages, whatever their inputs are, changes nothing at all. Such a proof
takes seconds where the whole network, with its products and tables, takes minutes or is not decided. If three stages
differ, that says nothing yet: such inputs may never come, and what differs may be rounded away later.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PORTS = re.compile(r"wire \[(\d+):0\] INTERNAL_logic(\d+)_(inp|outp);")
STAGE = re.compile(r"logic(\d+)")
REACHES = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 3))  # stages before and behind the one with the fault


@dataclass(frozen=True)
class Window:
    """Stages in a row.

    Attributes:
        name: of the module.
        text: its Verilog, which uses the stages.
    """

    name: str
    text: str


def windows(network: str, stage: str, watch: str | None = None) -> Iterator[Window]:
    """Windows around a stage, from the smallest to the largest; none that hold all stages, and none of other modules.

    Args:
        network: Verilog of the module that strings the stages together.
        stage: name of the stage's module.
        watch: module that says of which inputs of the stage the network can give it; others count as equal. Then the
            stage alone is a window, too.
    """
    widths: dict[int, dict[str, int]] = {}
    for high, number, side in PORTS.findall(network):
        widths.setdefault(int(number), {})[side] = int(high) + 1
    match, last = STAGE.fullmatch(stage), len(widths) - 1
    if match is None or int(match[1]) not in widths or sorted(widths) != list(range(last + 1)):
        return
    center = int(match[1])
    seen = {(0, last)} | ({(center, center)} if watch is None else set())
    for before, behind in REACHES:
        first, final = max(0, center - before), min(last, center + behind)
        if (first, final) in seen:
            continue
        seen.add((first, final))
        name = f"logic{first}_to_{final}" + ("" if watch is None else f"_{watch}")
        yield Window(name, _chain(name, widths, range(first, final + 1), (center, watch)))


def _chain(name: str, widths: dict[int, dict[str, int]], stages: range, watched: tuple[int, str | None]) -> str:
    first, final = stages[0], stages[-1]
    lines = [f"module {name} (input [{widths[first]['inp'] - 1}:0] model_inp,",
             f"    output [{widths[final]['outp'] - 1}:0] model_out);"]  # fmt: skip
    given, result = "model_inp", f"after_{final}"
    for number in stages:
        if watched[1] is not None and number == watched[0]:
            lines += ["    wire legal;", f"    {watched[1]} watch (.model_inp({given}), .model_out(), .legal(legal));"]
            result = f"legal ? after_{final} : 0"
        lines.append(f"    wire [{widths[number]['outp'] - 1}:0] after_{number};")
        lines.append(f"    logic{number} stage_{number} (.model_inp({given}), .model_out(after_{number}));")
        given = f"after_{number}"
    return "\n".join([*lines, f"    assign model_out = {result};", "endmodule", ""])

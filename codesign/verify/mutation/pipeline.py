"""Faults in the pipeline between the stages of the adder graph: registers that are missing, double, or never load."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from codesign.verify.mutation.sites import Fault, Mutant, Site, choose_value

STAGE = re.compile(r"assign INTERNAL_(?P<stage>\w+)_inp\[(?P<high>\d+):0\] = (?P<register>\w+)\[(?P=high):0\];")
LOAD = re.compile(r"(?P<register>\w+)(?P<range>\[\d+:0\]) <= (?P<value>\w+\[\d+:0\]);")
OPERAND = re.compile(r"= model_inp\[(\d+):(\d+)\];")
ONE_BIT = re.compile(r"\w+\[(?P<bit>\d+):(?P=bit)\] (?:left out|doubled)")


def pipeline_sites(text: str, stages: Mapping[str, str]) -> list[Site]:
    """Sites of the module that strings the stages together; none in any other text.

    Args:
        text: the module.
        stages: text of every module, by its name; says which operands lie in which bits of a register.
    """
    loads = {match["register"]: match["value"].partition("[")[0] for match in LOAD.finditer(text)}
    sites = []
    for match in STAGE.finditer(text):
        register, width = match["register"], int(match["high"]) + 1
        if register in loads and match["stage"] in stages:
            operands = [(int(high), int(low)) for high, low in OPERAND.findall(stages[match["stage"]])]
            faults = tuple(_stage_faults(register, loads[register], width, operands))
            sites.append(Site(match.start(), match.end(), faults, partial(_stage, match[0], register, width)))
    if sites:
        sites += [_load(match) for match in LOAD.finditer(text)]
    return sorted(sites, key=lambda site: site.start)


def lone_bit(mutant: Mutant) -> tuple[str, int] | None:
    """Stage, and bit of its input, at which a fault brings one bit of another event; None of other faults."""
    stage, bit = STAGE.match(mutant.text), ONE_BIT.fullmatch(mutant.what)
    return None if stage is None or bit is None else (stage["stage"], int(bit["bit"]))


def _stage_faults(register: str, value: str, width: int, operands: Sequence[tuple[int, int]]) -> Iterator[Fault]:
    late = f"{register}_late"
    yield Fault("pipeline register", f"{register} left out", value)
    yield Fault("pipeline register", f"{register} doubled", late)
    for high, low in operands:
        if high - low + 1 < width:
            for what, source in (("left out", value), ("doubled", late)):
                parts = [f"{register}[{width - 1}:{high + 1}]"] if high < width - 1 else []
                parts.append(f"{source}[{high}:{low}]")
                parts += [f"{register}[{low - 1}:0]"] if low else []
                yield Fault("pipeline register", f"{register}[{high}:{low}] {what}", f"{{{', '.join(parts)}}}")


def _stage(statement: str, register: str, width: int, faults: Sequence[tuple[int, Fault]]) -> str:
    target, _, value = statement.rstrip(";").partition(" = ")
    late = f"{register}_late"
    delayed = f"reg [{width - 1}:0] {late}; always @(posedge clk) {late} <= {register}; "
    return f"{delayed}{target} = {choose_value(value, faults)};"


def _load(match: re.Match[str]) -> Site:
    held = f"{match['register']}{match['range']}"
    fault = Fault("register", f"{match['register']} holds its value", held)
    return Site(match.start("value"), match.end("value"), (fault,), partial(choose_value, match["value"]))

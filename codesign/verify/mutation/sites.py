"""Places where a fault can be planted, and the Verilog in which a run-time number says which fault is there.

All faults are planted at once, each behind a comparison of its number with the macro ``MUTANT``: a simulation compiles
the design once and every fault is a run of the same program; a proof reads the same files with a constant.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SELECT = "MUTANT"
MODULE = re.compile(r"^\s*module\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    Attributes:
        kind: group in the table of results.
        what: the difference in words.
        code: Verilog of the faulty form, as its site's ``render`` takes it.
    """

    kind: str
    what: str
    code: str


@dataclass(frozen=True)
class Site:
    """A piece of Verilog that can be replaced.

    Attributes:
        start: first character.
        end: one past the last.
        faults: ways in which it can be wrong.
        render: the Verilog that takes its place, from (number, fault) of the faults that were chosen.
    """

    start: int
    end: int
    faults: tuple[Fault, ...]
    render: Callable[[Sequence[tuple[int, Fault]]], str]


@dataclass(frozen=True)
class Mutant:
    """A planted fault.

    Attributes:
        number: selects it; the same sources give the same numbers.
        kind: group in the table of results.
        what: the difference in words.
        file: source it is in.
        module: module it is in; a source may hold several.
        line: line of the source, from 1.
        text: the line as it is without the fault.
    """

    number: int
    kind: str
    what: str
    file: str
    module: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"#{self.number} {self.kind}: {self.what} ({self.file}:{self.line})"


def selected(number: int) -> str:
    """Condition under which a fault is there."""
    return f"(`{SELECT} == 32'd{number})"


def choose_value(original: str, faults: Sequence[tuple[int, Fault]]) -> str:
    """An expression that is ``original`` unless a fault is selected, whose code is an expression."""
    choice = f"({original})"
    for number, fault in faults:
        choice = f"({selected(number)} ? ({fault.code}) : {choice})"
    return choice


def number_mutants(texts: Mapping[Path, str], sites: Mapping[Path, Sequence[Site]]) -> list[Mutant]:
    """Every fault of every site, numbered from 1 in the order of files and places."""
    mutants: list[Mutant] = []
    for path, found in sites.items():
        lines = texts[path].splitlines()
        for site in found:
            line = texts[path].count("\n", 0, site.start)
            module = MODULE.findall(texts[path], 0, site.start)[-1]
            for fault in site.faults:
                number = len(mutants) + 1
                mutants.append(Mutant(number, fault.kind, fault.what, path.name, module, line + 1, lines[line].strip()))
    return mutants


def plant(text: str, sites: Sequence[Site], first: int, chosen: frozenset[int]) -> str:
    """The text with the chosen faults planted.

    Args:
        text: a source.
        sites: its sites, which do not overlap.
        first: number of its first fault.
        chosen: numbers to plant.
    """
    pieces, position, number = [], 0, first
    for site in sites:
        numbered = [(number + index, fault) for index, fault in enumerate(site.faults)]
        number += len(site.faults)
        faults = [(index, fault) for index, fault in numbered if index in chosen]
        if faults:
            pieces += [text[position : site.start], site.render(faults)]
            position = site.end
    return "".join([*pieces, text[position:]])

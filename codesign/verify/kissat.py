"""Inputs for which a combinational circuit gives 1, or the proof that there are none: the SAT solver Kissat.

The circuit is a graph of AND gates and inverters in AIGER's text format (Biere, FMV report 07/1); its clauses are those
of Tseitin, three for each gate. A solver cannot be interrupted from Python, so the file is run as a program of its own,
which answers in the format of the SAT competitions:

    python codesign/verify/kissat.py CIRCUIT.aag [SECONDS]

After so many seconds of processor time the system ends it, with the signal SIGXCPU.
"""

import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNSATISFIABLE, SATISFIABLE = "s UNSATISFIABLE", "s SATISFIABLE"


@dataclass(frozen=True)
class Circuit:
    """A circuit with one output and no registers.

    Attributes:
        inputs: literals of the inputs, by name.
        output: literal of the output.
        gates: literals of output and operands of every AND gate.

    A literal is 2 v for a variable v and 2 v + 1 for its inverse; 0 is false and 1 is true.
    """

    inputs: dict[str, int]
    output: int
    gates: list[tuple[int, int, int]]

    @classmethod
    def parse(cls, text: str) -> "Circuit":
        """Read AIGER's text format.

        Raises:
            ValueError: it is another format, or not a circuit of one output without registers.
        """
        lines = text.splitlines()
        kind, *counts = lines[0].split()
        _, inputs, latches, outputs, gates = (int(count) for count in counts[:5])
        if kind != "aag" or latches or outputs != 1:
            raise ValueError(f"expected an 'aag' circuit of one output without registers, found {lines[0]!r}")
        first = 1 + inputs + 1
        names = dict(line[1:].split(" ", 1) for line in lines[first + gates :] if line.startswith("i"))
        return cls(
            {names[str(place)]: int(lines[1 + place]) for place in range(inputs)},
            int(lines[1 + inputs]),
            [_three(line) for line in lines[first : first + gates]],
        )

    def clauses(self) -> Iterator[list[int]]:
        """That every gate does its work and the output is 1; variable v of the circuit is v + 1 here, 1 is false."""
        yield [-1]
        for gate, left, right in self.gates:
            made, *operands = (_signed(literal) for literal in (gate, left, right))
            yield from ([-made, operand] for operand in operands)
            yield [made, *(-operand for operand in operands)]
        yield [_signed(self.output)]


def solve(circuit: Circuit) -> dict[str, int] | None:
    """A value for each input with which the output is 1; None if there is none."""
    from pysat.solvers import Solver

    with Solver(name="kissat404", bootstrap_with=circuit.clauses()) as solver:
        if not solver.solve():
            return None
        true = {literal for literal in solver.get_model() if literal > 0}
    return {name: int(_signed(literal) in true) for name, literal in circuit.inputs.items()}


def _three(line: str) -> tuple[int, int, int]:
    gate, left, right = (int(literal) for literal in line.split())
    return gate, left, right


def _signed(literal: int) -> int:
    """Literal of AIGER as one of the clauses."""
    variable = literal // 2 + 1
    return -variable if literal % 2 else variable


def _main() -> None:
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # megabytes of memory that nobody wants to see
        resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), resource.RLIM_INFINITY))
    found = solve(Circuit.parse(Path(sys.argv[1]).read_text()))
    lines = [UNSATISFIABLE] if found is None else [SATISFIABLE, *(f"v {name} {bit}" for name, bit in found.items())]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    _main()

"""The circuit that a proof hands to the solver, and what comes back."""

import itertools
import subprocess
import sys
from functools import reduce

import pytest

from codesign.verify import kissat
from codesign.verify.kissat import Circuit, solve

# a & ~b, and c, which nothing looks at.
ONE = """\
aag 4 3 0 1 1
2
4
6
8
8 2 5
i0 in_a[1]
i1 in_b
i2 in_c
c
a comment
"""
NEVER = ONE.replace("8 2 5", "8 2 3")
# The majority of three inputs.
MAJORITY = """\
aag 8 3 0 1 5
2
4
6
17
8 2 4
10 2 6
12 4 6
14 9 11
16 14 13
i0 a
i1 b
i2 c
"""


def test_the_inputs_that_make_it_true_are_found():
    assert solve(Circuit.parse(ONE)) == {"in_a[1]": 1, "in_b": 0, "in_c": 0}
    assert solve(Circuit.parse(NEVER)) is None


@pytest.mark.parametrize(("output", "always"), [("0", None), ("1", {"in_a[1]": 0, "in_b": 0, "in_c": 0})])
def test_a_circuit_may_be_a_constant(output, always):
    text = f"aag 3 3 0 1 0\n2\n4\n6\n{output}\ni0 in_a[1]\ni1 in_b\ni2 in_c\n"
    assert solve(Circuit.parse(text)) == always


def test_clauses_hold_exactly_where_the_gates_do():
    """All values of all variables of a majority, against its clauses."""
    circuit = Circuit.parse(MAJORITY)
    clauses, true = list(circuit.clauses()), 0
    for values in itertools.product([False, True], repeat=9):
        bits = {variable + 1: value for variable, value in enumerate(values)}
        true += all(any(bits[abs(literal)] == (literal > 0) for literal in clause) for clause in clauses)
    assert true == 4, "one value of the gates for each of the four inputs with two or three ones"


@pytest.mark.parametrize(
    "text", [ONE.replace("3 0 1 1", "3 1 1 1"), ONE.replace("3 0 1 1", "3 0 2 1"), "aig 0 0 0 1 0"]
)
def test_other_circuits_are_refused(text):
    with pytest.raises(ValueError, match="expected an 'aag' circuit of one output without registers"):
        Circuit.parse(text)


@pytest.mark.parametrize(("text", "answer"), [(ONE, "s SATISFIABLE\nv in_a[1] 1\nv in_b 0\nv in_c 0\n"),
                                              (NEVER, "s UNSATISFIABLE\n")])  # fmt: skip
def test_it_runs_as_a_program(tmp_path, text, answer):
    (tmp_path / "circuit.aag").write_text(text)
    command = [sys.executable, "-P", kissat.__file__, tmp_path / "circuit.aag"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == answer


def test_it_ends_at_its_limit_of_processor_time(tmp_path):
    """More pigeons than holes: of these clauses every proof by resolution is exponentially long (Haken, 1985)."""
    from codesign.errors import ToolTimeoutError
    from codesign.tools import run_tool

    (tmp_path / "circuit.aag").write_text(pigeons(14))
    command = [sys.executable, "-P", kissat.__file__, "circuit.aag", "2"]
    with pytest.raises(ToolTimeoutError, match="reached its limit of processor time"):
        run_tool(command, cwd=tmp_path, timeout_s=60)
    assert not [path for path in tmp_path.iterdir() if path.name != "circuit.aag"], "no memory of the process"


def pigeons(holes):
    """A circuit that is 1 where one pigeon more than there are holes have a hole each."""
    first, gates = holes * (holes + 1), []
    sits = [[2 * (1 + pigeon * holes + hole) for hole in range(holes)] for pigeon in range(holes + 1)]

    def both(left, right):
        gates.append((2 * (first + 1 + len(gates)), left, right))
        return gates[-1][0]

    somewhere = [reduce(both, [place ^ 1 for place in places]) ^ 1 for places in sits]
    alone = [both(*pair) ^ 1 for places in zip(*sits, strict=True) for pair in itertools.combinations(places, 2)]
    output = reduce(both, [*somewhere, *alone])
    lines = [f"aag {first + len(gates)} {first} 0 1 {len(gates)}", *range(2, 2 * first + 1, 2), output]
    lines += [" ".join(map(str, gate)) for gate in gates] + [f"i{number} in{number}" for number in range(first)]
    return "\n".join(map(str, lines)) + "\n"

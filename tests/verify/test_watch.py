"""Faults that no input of the network reaches, in a pipeline that the network compiler wrote."""

import re

import numpy as np
import pytest

from codesign.tools import find_tool
from codesign.verify.mutation.design import MutableDesign
from codesign.verify.mutation.equivalence import bodies_of, prove_equivalent
from codesign.verify.mutation.watch import Watcher
from codesign.verify.ranges import NEVER, Ranges

LARGEST = 15  # of the distance between two inputs of four bits
needs_yosys = pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A table that is looked up at the distance of two inputs, which the compiler takes for up to twice as large."""
    from alkaid.trace import FVArray, trace

    a, b = inputs = FVArray.from_kif(np.ones(2, bool), np.full(2, 3), np.zeros(2, int))
    distance = (a - b).relu() + (b - a).relu()
    found = np.sin(FVArray(np.array([distance])) / 8).quantize(1, 0, 6)
    return compiled(trace(inputs, np.concatenate([found, [distance + 3 * a]])), tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def clamps(tmp_path_factory):
    """The distance of two inputs, clamped at what it reaches and at what only the compiler thinks it does."""
    from alkaid.trace import FVArray, trace

    a, b = inputs = FVArray.from_kif(np.ones(2, bool), np.full(2, 3), np.zeros(2, int))
    distance = FVArray(np.array([(a - b).relu() + (b - a).relu()]))
    found = [np.minimum(distance, float(most)) for most in (12, LARGEST - 1, LARGEST, 17)]
    return compiled(trace(inputs, np.concatenate(found)), tmp_path_factory.mktemp("clamps"))


def compiled(graph, path):
    """A pipeline as a design with faults, and its stages."""
    from alkaid.codegen import RTLModel

    project = RTLModel(graph, path, prj_name="network", flavor="verilog", latency_cutoff=2.5)
    project.write()
    machine = project.fsm
    stages = [machine.logic[f"logic{number}"] for number in range(len(machine.logic))]
    tables = sorted((path / "src").glob("network_tables.v"))
    names = [*(f"logic{number}.v" for number in range(len(stages))), "network.v"]
    sources = [*sorted((path / "src" / "static").glob("*.v")), *tables, *(path / "src" / name for name in names)]
    return MutableDesign.read(sources), stages


@pytest.fixture
def proof(network, tmp_path):
    """Proof about a planted fault, with or without what is known of the values."""
    design, stages = network

    def prove(mutant, *, known=True, legal=()):
        watcher = Watcher(bodies_of(design.texts.values()), Ranges(stages), legal) if known else None
        return prove_equivalent(design, (), mutant, tmp_path / "proofs", watcher=watcher)

    return prove


def entries(design, distance):
    """Faults in the entry of a distance."""
    return [m for m in design.mutants if re.match(rf"\d+'h{distance:02X}: out", m.text)]


def test_the_compiler_thinks_more_entries_can_be_selected(network):
    design, stages = network
    assert len(stages) > 1
    assert entries(design, LARGEST)
    assert entries(design, LARGEST + 1)


@pytest.mark.yosys
@needs_yosys
def test_entries_that_no_input_selects_are_proven_without_sat(network, proof):
    design, _ = network
    mutant = entries(design, LARGEST + 1)[0]
    within = proof(mutant)
    assert within.verdict == "equivalent"
    assert within.scope == "integer programme"
    assert proof(mutant, known=False).scope == "network", "it takes the whole network to see that otherwise"


@pytest.mark.yosys
@needs_yosys
@pytest.mark.parametrize(
    ("what", "scope"),
    [
        ("operand 2 taken as signed", "integer programme"),  # without SAT
        ("v4 loses its top bit", "logic1_to_1_logic1_watch_{number}"),  # the stage alone
    ],
)
def test_a_top_bit_that_no_input_sets_is_proven_with_what_is_known(network, proof, what, scope):
    """The distance takes the top bit of its word at more than 15 only."""
    design, _ = network
    (mutant,) = [m for m in design.mutants if (m.module, m.what) == ("logic1", what)]
    assert (proof(mutant).verdict, proof(mutant).scope) == ("equivalent", scope.format(number=mutant.number))
    assert proof(mutant, known=False).scope == "network"


def test_inputs_that_meet_a_wrong_sign_set_the_top_bit_of_the_operand(network):
    design, stages = network
    bodies = bodies_of(design.texts.values())
    watcher = Watcher(bodies, Ranges(stages))
    signs = [m for m in design.mutants if m.module == "logic0" and re.match("operand . taken as unsigned", m.what)]
    assert len(signs) == 4
    for mutant in signs:
        operand = re.search(r"\((v\d)\[3:0\],(v\d)\[3:0\]", mutant.text)[1 + int(mutant.what[8])]
        top = int(re.search(rf"assign {operand}\[3:0\] = model_inp\[(\d):", bodies["logic0"])[1])
        assert watcher.word_that_meets(mutant) >> top & 1


@pytest.mark.yosys
@needs_yosys
@pytest.mark.parametrize("distance", [0, 7, LARGEST])
def test_entries_that_an_input_selects_are_never_proven_away(network, proof, distance):
    design, _ = network
    assert [proof(mutant).verdict for mutant in entries(design, distance)] == ["different"] * 2


@pytest.mark.rtl
@pytest.mark.yosys
@needs_yosys
def test_what_is_proven_of_any_fault_is_true(network, proof, tmp_path):
    """Every thirteenth fault against all 256 pairs of inputs, which Icarus Verilog plays with and without it."""
    design, stages = network
    without = played(design, tmp_path / "without", stages, 0)
    assert len(set(without)) > 50
    chosen = [m for m in design.mutants if m.kind not in {"register", "pipeline register"}][::13]
    verdicts = {}
    for mutant in chosen:
        seen = played(design, tmp_path / f"fault_{mutant.number}", stages, mutant.number) != without
        for known in (True, False):
            verdicts[str(mutant), known] = proof(mutant, known=known).verdict
            assert verdicts[str(mutant), known] == ("different" if seen else "equivalent"), (str(mutant), known)
    assert set(verdicts.values()) == {"different", "equivalent"}


@pytest.mark.rtl
@pytest.mark.yosys
@needs_yosys
def test_constants_that_are_never_selected_or_reached_are_proven_without_sat(clamps, tmp_path):
    """Every fault in a constant of a clamp, as is seen at all 256 pairs of inputs."""
    design, stages = clamps
    watcher = Watcher(bodies_of(design.texts.values()), Ranges(stages))
    without = played(design, tmp_path / "without", stages, 0)
    verdicts = {}
    for mutant in design.mutants:
        selected = re.match(r"wire \[\d:0\] v\d+; assign v\d+\[\d:0\] = 'b", mutant.text) and "stuck" in mutant.what
        if selected or mutant.what.endswith("of a constant"):
            seen = played(design, tmp_path / f"fault_{mutant.number}", stages, mutant.number) != without
            word = watcher.word_that_meets(mutant)
            verdicts[str(mutant)] = (bool(selected), seen, word == NEVER)
            assert seen <= (word not in {None, NEVER}), str(mutant)
            assert selected or word == NEVER or on_the_other_side(mutant, word), str(mutant)
    for selected in (True, False):
        found = {(seen, never) for kind, seen, never in verdicts.values() if kind == selected}
        assert found >= {(True, False), (False, True)}, verdicts


def on_the_other_side(mutant, word):
    """Whether the distance of two inputs is below the constant of a comparison or the wrong one, but not below both."""
    parameters, digits = re.search(r"#\(([-\d,]+)\).*'b([01]+)", mutant.text).groups()
    constant, shift = int(digits, 2), int(parameters.split(",")[6])
    wrong = constant ^ 1 << int(re.match(r"bit (\d+)", mutant.what)[1])
    return (distance_of(word) < constant << shift) != (distance_of(word) < wrong << shift)


def distance_of(word):
    a, b = (number - 16 * (number > 7) for number in (word & 15, word >> 4))
    return abs(a - b)


def played(design, folder, stages, number):
    """What the network answers to all inputs, one after the other."""
    from codesign.tools import run_tool

    bits, out_bits = (
        sum(int(sum(interval.kif)) for interval in side) for side in (stages[0].inp_qint, stages[-1].out_qint)
    )
    bench = f"""module bench; reg clk = 0; reg [{bits - 1}:0] x = 0; wire [{out_bits - 1}:0] y; integer n;
network dut (.clk(clk), .model_inp(x), .model_out(y));
initial for (n = 0; n < {2**bits + len(stages) + 2}; n = n + 1) begin
    x = n; #1 clk = 1; #1 $display("%h", y); clk = 0; #1;
end
endmodule
"""
    sources = design.write(folder, frozenset({number} - {0}))
    (folder / "bench.v").write_text(bench)
    command = ["iverilog", "-g2012", f"-DMUTANT=32'd{number}", "-s", "bench", "-o", "bench", *sources, "bench.v"]
    run_tool(command, cwd=folder, timeout_s=60)
    return run_tool(["vvp", "bench"], cwd=folder, timeout_s=60).splitlines()


def test_a_watch_says_nothing_of_values_that_fill_their_words(network):
    design, stages = network
    watcher = Watcher(bodies_of(design.texts.values()), Ranges(stages))
    first = next(m for m in design.mutants if m.module == "logic0" and "model_inp" in m.text)
    assert watcher.watch("logic0", first) is None
    assert watcher.watch("network", first) is None


@pytest.mark.rtl
def test_a_watch_holds_for_every_input(network, tmp_path):
    """Simulated in Icarus Verilog behind the stages before it, for all pairs of inputs."""
    from codesign.tools import run_tool

    design, stages = network
    watcher = Watcher(bodies_of(design.texts.values()), Ranges(stages))
    mutant = entries(design, LARGEST + 1)[0]
    number, watch = next((n, w) for n in range(len(stages)) if (w := watcher.watch(f"logic{n}", mutant)) is not None)
    widths = [sum(int(part) for kif in stage.inp_kifs.T for part in kif) for stage in stages]
    chain, given = [], "code"
    for before in range(number):
        chain.append(f"wire [{widths[before + 1] - 1}:0] w{before}; logic{before} s{before} ({given}, w{before});")
        given = f"w{before}"
    bench = "\n".join([
        watch.text,
        f"module bench; reg [{widths[0] - 1}:0] code; wire legal; integer n; integer wrong = 0;",
        *chain,
        f"{watch.name} watch (.model_inp({given}), .model_out(), .legal(legal));",
        f"initial begin for (n = 0; n < {2 ** widths[0]}; n = n + 1) begin",
        "code = n; #1 if (legal !== 1'b1) wrong = wrong + 1; end",
        "$display(\"wrong: %0d of %0d\", wrong, n); end endmodule",
    ])  # fmt: skip
    (tmp_path / "bench.v").write_text(bench)
    sources = [path for path in design.texts if path.name != "network.v"]
    run_tool(["iverilog", "-g2012", "-o", "bench", *sources, "bench.v"], cwd=tmp_path, timeout_s=60)
    assert run_tool(["vvp", "bench"], cwd=tmp_path, timeout_s=60).strip() == "wrong: 0 of 256"


@pytest.mark.yosys
@needs_yosys
def test_inputs_that_show_a_fault_come_with_the_verdict(network, proof):
    design, stages = network
    (fault, _) = entries(design, 11)
    assert distance_of(proof(fault).met_by[0]) == 11
    assert len(stages[0].inp_qint) == 2


@pytest.mark.yosys
@needs_yosys
def test_a_fault_that_only_inputs_show_which_never_come_changes_nothing(network, proof):
    """Of two numbers that are not negative the distance is 7 at most."""
    design, _ = network
    positive = ["model_inp[3:3] == 0", "model_inp[7:7] == 0"]
    for distance, verdict in [(11, "equivalent"), (8, "equivalent"), (7, "different")]:
        (fault, _) = entries(design, distance)
        assert proof(fault).verdict == "different"
        found = proof(fault, legal=positive)
        assert (found.verdict, found.scope) == (verdict, "network_fed"), distance
        assert verdict == "equivalent" or not found.met_by[0] & 0x88


def test_only_the_network_is_fed(network):
    design, stages = network
    bodies = bodies_of(design.texts.values()) | {"unpack": "module unpack (input clk, input [3:0] words); endmodule"}
    assert Watcher(bodies, Ranges(stages), ["model_inp[0:0] == 0"]).fed("unpack") is None
    assert Watcher(bodies, Ranges(stages)).fed("network") is None
    assert (
        "wire legal = model_inp[0:0] == 0;"
        in Watcher(bodies, Ranges(stages), ["model_inp[0:0] == 0"]).fed("network").text
    )

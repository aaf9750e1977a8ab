"""The benches of ``hw_tests/``: which module tests which top, and with which tests."""

from dataclasses import dataclass

from codesign.errors import ToolError
from codesign.naming import unknown_name


@dataclass(frozen=True)
class Bench:
    """A cocotb module and its tests.

    Attributes:
        module: module in ``hw_tests/``, or several with commas between.
        tests: its tests in the order in which they run.
        four_state: those that need a simulator that computes with X and Z.
        redundant: those that upset one copy of a triple register: they need such copies, and a simulator that shows
            the inside of the design, which only the four-state one does.
    """

    module: str
    tests: tuple[str, ...]
    four_state: frozenset[str] = frozenset({"no_x"})
    redundant: frozenset[str] = frozenset()

    def chosen(self, *, four_state: bool, tmr: bool) -> tuple[str, ...]:
        """Tests that a simulator can run on a design with or without triple registers."""
        left_out = frozenset() if four_state else self.four_state | self.redundant
        return tuple(test for test in self.tests if test not in left_out and (tmr or test not in self.redundant))


_SCORES = ("no_x", "back_to_back", "latency", "gaps", "reset_in_flight")
_DECISION = ("thresholds", "prescales", "counters", "orbit", "misplaced_bx0", "registers", "reset_at_every_phase")
_STREAM = ("no_x", "back_to_back", "latency", "stalls", "registers", "decisions", "reset_in_flight")

# By top module.
BENCHES = {
    "trigger_algorithm": Bench("bench_trigger_algorithm", _SCORES),
    "reloadable_algorithm": Bench("bench_trigger_algorithm,bench_reload", (*_SCORES, "reload")),
    "l1_algo": Bench("bench_l1_algo", (*_SCORES, *_DECISION, "upset"), redundant=frozenset({"upset"})),
    "axi_stream_algo": Bench("bench_axi_stream_algo", _STREAM),
}


def find_bench(top: str) -> Bench:
    """The bench of a top module.

    Raises:
        ToolError: there is none.
    """
    if top not in BENCHES:
        raise ToolError(f"no bench: {unknown_name('top module', top, BENCHES)}")
    return BENCHES[top]

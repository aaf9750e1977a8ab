"""Plays clock cycles into the design, and judges what came out by one rule.

Inputs change and outputs are looked at while the clock is low, half a period away from the edge that samples them, so
no simulator's order of events at the edge matters. The output seen just before rising edge k is what the next stage
would sample at edge k: an event that edge i samples is due at edge i + latency.
"""

from typing import NamedTuple

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

PERIOD_NS = 2  # any number: the design has no delays
QUIET = ("in_bx0", "reg_write", "reg_read")  # inputs of larger designs that rest while only events are played


class Cycle(NamedTuple):
    """Inputs of one rising edge.

    Attributes:
        valid: in_valid.
        word: in_data as binary text; None drives unknown bits.
        response: output word due for it, as binary text.
        reset: reset.
    """

    valid: int
    word: str | None
    response: str | None = None
    reset: int = 0


def idle(count):
    """Clocks without an event, data lines unknown."""
    return [Cycle(valid=0, word=None)] * count


def start(dut):
    """Start the clock, low first."""
    for name in QUIET:
        if hasattr(dut, name):
            getattr(dut, name).value = 0
    Clock(dut.clk, PERIOD_NS, unit="ns").start(start_high=False)


async def restart(dut, bench):
    """Start the clock, reset, and wait until nothing is in flight."""
    start(dut)
    await play(dut, [Cycle(valid=0, word=None, reset=1)] * 2 + idle(bench.latency_cycles + 2))


async def play(dut, cycles):
    """Apply one cycle per clock.

    Returns:
        (out_valid, out_data) as text, one pair per cycle, seen just before the edge that samples that cycle's inputs.
    """
    clk, reset, in_valid, in_data = dut.clk, dut.reset, dut.in_valid, dut.in_data
    out_valid, out_data = dut.out_valid, dut.out_data
    low = FallingEdge(clk)
    unknown = "X" * len(in_data)
    last = (None, None)
    observed = []
    for cycle in cycles:
        await low
        observed.append((str(out_valid.value), str(out_data.value)))
        # Writes are what a simulation under Python spends its time on, so only changes are written.
        if last != (cycle.valid, cycle.reset):
            in_valid.value, reset.value = last = (cycle.valid, cycle.reset)
        in_data.value = cycle.word or unknown
    return observed


def due(cycles, latency):
    """What must come out at every clock: the response, or None where out_valid must be low.

    A reset at any edge from the one that samples an event to the one before its scores are sampled drops the event.
    """
    outputs = [None] * len(cycles)
    last_reset = -1
    for edge, cycle in enumerate(cycles):
        if cycle.reset:
            last_reset = edge
        arrival = edge + 1 - latency  # the event that stands at the output after this edge
        if arrival >= 0 and edge + 1 < len(cycles) and cycles[arrival].valid and last_reset < arrival:
            outputs[edge + 1] = cycles[arrival].response
    return outputs


def check(bench, cycles, observed, *, from_power_up=False):
    """Compare what came out with what was due; all differences count, the first are told.

    Args:
        bench: the test's promises.
        cycles: what was applied.
        observed: what ``play`` returned.
        from_power_up: out_valid may be unknown until the first reset.
    """
    outputs = due(cycles, bench.latency_cycles)
    bench.record_clocks(cycles, outputs)
    first = 1 + next(edge for edge, cycle in enumerate(cycles) if cycle.reset) if from_power_up else 0
    wrong = []
    for clock, (response, (valid, data)) in enumerate(zip(outputs, observed, strict=True)):
        if clock < first:
            continue
        if valid != ("0" if response is None else "1"):
            wrong.append(f"clock {clock}: out_valid is {valid}, expected {0 if response is None else 1}")
        elif response is not None and data != response:
            wrong.append(f"clock {clock}: out_data is {_hexadecimal(data)}, expected {_hexadecimal(response)}")
    told = "; ".join(wrong[:3])
    assert not wrong, f"{len(wrong)} of {len(cycles)} clocks are wrong (seed {bench.seed}): {told}"


def _hexadecimal(word):
    return word if set(word) - {"0", "1"} else f"{int(word, 2):#x}"

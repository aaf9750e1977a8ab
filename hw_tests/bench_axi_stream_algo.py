"""cocotb bench of ``axi_stream_algo``: nothing lost, doubled or reordered, whatever the two sides do, and registers.

Every transfer is compared with ``codesign.verify.decision_model``; the rules of AXI4-Stream and AXI4-Lite are checked
on every clock by ``bench_stream_player``. The folder is that of ``bench_l1_algo``.
"""

import itertools
import time

import cocotb
from bench_stream_player import StreamBench
from bench_trigger_algorithm import FOUR_STATE

COMMIT, LATCH, CLEAR, CLEAR_ERRORS = 1, 2, 4, 8
RATES = (1.0, 0.7, 0.3, 0.05)  # shares of the clocks on which a side is willing
STALL_EVENTS = 40


@cocotb.test(skip=not FOUR_STATE)
async def no_x(dut):
    """From unknown registers: after the reset no valid, no ready and nothing beside a valid is unknown."""
    bench = StreamBench(dut, "no_x")
    await bench.restart()
    await bench.stream(bench.events(10), valid=0.5, ready=0.5, accesses=[*map(bench.access, bench.settings.registers)])
    bench.record()


@cocotb.test()
async def back_to_back(dut):
    """A new event on every clock, none refused; every output word is compared."""
    bench = StreamBench(dut, "back_to_back")
    await bench.restart()
    bits, before = bench.settings.score_bits * bench.settings.classes, time.perf_counter()
    try:
        await bench.stream([(vector, int(vector == 0), 0) for vector in range(len(bench.scores))])
    finally:  # wrong scores are compared too, vector by vector
        bench.bench.write_found([data[:-64][-bits:] for _, data, _ in bench.received])
    bench.record(seconds=time.perf_counter() - before)
    assert bench.refused == 0, f"{bench.refused} events were refused although all were taken at the output"


@cocotb.test()
async def latency(dut):
    """Clocks from the transfer of an event to that of its decision, and between two transfers, without stalls."""
    bench = StreamBench(dut, "latency")
    await bench.restart()
    await bench.stream(bench.events(1))
    clocks = bench.received[0][0] - bench.sent[0]
    await bench.stream(bench.events(3 * clocks))
    edges = [edge for edge, *_ in bench.received[1:]]
    interval = max(late - early for early, late in itertools.pairwise(edges))
    bench.record(latency_cycles=clocks, valid_latency_cycles=clocks, initiation_interval=interval)
    assert clocks == bench.bench.latency_cycles, f"latency is {clocks}, promised {bench.bench.latency_cycles}"
    assert interval == 1, f"{interval} clocks between two transfers, promised 1"


@cocotb.test()
async def stalls(dut):
    """Both sides willing at random; a sink that waits for nothing, and one that is never ready until all is full."""
    bench = StreamBench(dut, "stalls")
    await bench.restart()
    for valid in RATES:
        for ready in RATES:
            await bench.stream(bench.events(STALL_EVENTS), valid=valid, ready=ready)
    for _ in range(3):
        taken = await bench.fill(bench.events(4 * bench.bench.latency_cycles))
        assert taken > bench.bench.latency_cycles, f"only {taken} events were taken while the output stood still"
        assert bench._bit("m_axis_tvalid"), "tvalid waits for tready"
        assert not bench._bit("s_axis_tready"), "there is room for any number of events"
        await bench.stream(bench.events(STALL_EVENTS), ready=bench.random.choice(RATES[:3]))
    bench.record(refused=bench.refused)


@cocotb.test()
async def registers(dut):
    """Register accesses during data, with address and data in any order: data and answers are right."""
    bench = StreamBench(dut, "registers")
    await bench.restart()
    names = [name for name in bench.settings.registers if name != "command"]
    for _ in range(4):
        accesses = []
        for name in bench.random.sample(names, min(12, len(names))):
            value = bench.random.choice((None, 0, 1, 5, (1 << 32) - 1, bench.random.getrandbits(32)))
            strobes = bench.random.choice((15, 15, 15, 7, 0))
            accesses.append(bench.access(name, value, strobes=strobes))
        accesses.append(bench.access("identity")._replace(address=bench.random.choice((0x0F0, 0x002, 0xFFC))))
        accesses = [one for one in accesses if not (one.value is None and changing(bench, one))]
        await bench.stream(bench.events(60), valid=0.8, ready=0.8, accesses=accesses)
    bench.record()


def changing(bench, access):
    """Registers whose content depends on the events in flight."""
    return any(access.address == bench.settings.registers[name] for name in ("status", "bx0_misplaced", "bx0_missing"))


@cocotb.test()
async def decisions(dut):
    """Thresholds around a score, prescales, counters, and an orbit of transfers with a BX0 at a wrong place."""
    bench = StreamBench(dut, "decisions")
    await bench.restart()
    low, high = bench.settings.extremes
    for point in range(bench.points):
        event = bench.random.randrange(len(bench.scores))
        value = bench.discriminant(event, point)
        for threshold in (value + 1, value, value - 1):
            await bench.registers(
                bench.access(f"threshold_{point}", min(max(threshold, low), high)),
                bench.access(f"prescale_{point}", bench.random.choice((0, 1, 2, 3))),
                bench.access("command", COMMIT),
            )
            await bench.stream([(event, 0, 1)] * 7, ready=0.6)
    await bench.registers(bench.access("command", LATCH | CLEAR), *map(bench.access, bench.settings.registers))
    orbit = [(vector, int(k % bench.settings.orbit == 0), last) for k, (vector, _, last) in _numbered(bench)]
    await bench.stream(orbit)
    await bench.stream([(0, 1, 0)])
    await bench.registers(bench.access("command", LATCH), *map(bench.access, bench.settings.registers))
    await bench.registers(bench.access("command", CLEAR_ERRORS), bench.access("status"))
    bench.record()


def _numbered(bench):
    return enumerate(bench.events(bench.settings.orbit + 5))


@cocotb.test()
async def reset_in_flight(dut):
    """Reset while events and accesses are in flight: nothing of them comes out, and everything begins anew."""
    bench = StreamBench(dut, "reset_in_flight")
    await bench.restart()
    for phase in range(bench.bench.latency_cycles + 2):
        await bench.registers(bench.access("enable", 0), bench.access("command", COMMIT))
        await bench.fill(bench.events(phase + 1))
        await bench.reset(1 + phase % 2)
        assert not bench._bit("m_axis_tvalid"), "an event from before the reset is offered"
        await bench.stream(bench.events(6), valid=0.7, ready=0.7)
    bench.record()

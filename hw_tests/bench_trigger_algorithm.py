"""cocotb bench of ``trigger_algorithm``: every score, the latency, gaps, reset in flight, and unknown bits.

The bench compares words with words; what the bits of a word mean is known outside the simulator. It reads the folder
that ``CODESIGN_BENCH_DIR`` names:

    bench.json    input_bits, output_bits, latency_cycles (promised), seed
    stimulus.hex  one packed input word per line
    response.hex  the output word the trained network gives for each line of the stimulus

and writes there

    found.hex     the output words found in ``back_to_back``; unknown bits make a line ``x``
    measured.json per test: what was measured and how many events went in
    clocks_*.txt  per test: what was applied at every clock and what was due

``codesign verify`` fills the folder and starts the simulator; ``job.json`` beside these files repeats its last run:

    python -m codesign.verify.worker FOLDER/job.json test

Every random choice comes from the seed in ``bench.json``, which every test prints: the same seed, the same stimulus.
"""

import itertools
import time

import cocotb
from bench_io import load_bench
from bench_player import Cycle, check, idle, play, restart, start

# Four values per bit are needed to see an unknown one; Verilator has two.
FOUR_STATE = not cocotb.SIM_NAME.lower().startswith("verilator")

GAP_EVENTS = 2000  # at most, and a quarter of the vectors at most: a gap costs as many clocks as an event
RESET_ROUNDS = 6
UNKNOWN_EVENTS = 20
CANDIDATES = 50  # pairs of events from which the latency test takes the one with the most different scores


def two_events(bench):
    """Two events whose responses differ in as many bits as can be found."""
    pairs = [bench.some_events(2) for _ in range(CANDIDATES)]
    pair = max(pairs, key=lambda two: sum(a != b for a, b in zip(two[0].response, two[1].response, strict=True)))
    assert pair[0].response != pair[1].response, "all responses are equal: the latency cannot be seen in the data"
    return pair


@cocotb.test(skip=not FOUR_STATE)
async def no_x(dut):
    """From power-up with unknown registers and unknown inputs, no unknown bit comes out beside a valid."""
    bench = load_bench(dut, "no_x")
    start(dut)
    unknown = [Cycle(reset=1, valid=0, word=None)] * 2
    unknown += [Cycle(valid=0, word=None)] * (bench.latency_cycles + 2)
    for index in bench.random.sample(range(len(bench)), min(UNKNOWN_EVENTS, len(bench))):
        unknown += [bench.event(index)] + [Cycle(valid=0, word=None)] * bench.random.randrange(3)
    cycles = unknown + idle(bench.latency_cycles + 2)
    observed = await play(dut, cycles)
    bench.record(vectors=sum(cycle.valid for cycle in cycles))
    check(bench, cycles, observed, from_power_up=True)


@cocotb.test()
async def back_to_back(dut):
    """A new event on every clock (initiation interval 1); every output word is compared."""
    bench = load_bench(dut, "back_to_back")
    await restart(dut, bench)
    cycles = [bench.event(index) for index in range(len(bench))] + idle(bench.latency_cycles + 2)
    before = time.perf_counter()
    observed = await play(dut, cycles)
    seconds = time.perf_counter() - before
    bench.write_found([data for valid, data in observed if valid == "1"])
    bench.record(vectors=len(bench), seconds=seconds)
    check(bench, cycles, observed)


@cocotb.test()
async def latency(dut):
    """The latency of data and of valid, each measured on its own, and the initiation interval."""
    bench = load_bench(dut, "latency")
    await restart(dut, bench)
    steady, marked = two_events(bench)
    hold = 2 * bench.latency_cycles + 4

    # Data: one marked event in a long row of equal ones. Where the scores change tells the latency, whatever
    # out_valid says. Twice, an odd number of clocks apart, so that a design that looks at every other clock is seen.
    data = []
    for extra in (0, 1):
        cycles = [steady] * (hold + extra) + [marked] + [steady] * hold
        words = [word for _, word in await play(dut, cycles)][hold + extra :]
        data.append([clock for clock, word in enumerate(words) if word != words[0]])

    # Valid: a single pulse while the data stand still.
    quiet = Cycle(valid=0, word=steady.word)
    pulse = await play(dut, [quiet] * hold + [marked] + [quiet] * hold)
    valid = [clock - hold for clock, (high, _) in enumerate(pulse) if clock >= hold and high != "0"]

    # Interval: events alternate on every clock, so the scores must change on every clock.
    words = [word for _, word in await play(dut, [steady, marked] * hold)][hold:]
    runs = [len(list(group)) for _, group in itertools.groupby(words)][1:-1]
    interval = max(runs) if runs else None

    bench.record(
        vectors=4 * hold,
        latency_cycles=data[0][0] if data[0] else None,
        valid_latency_cycles=valid[0] if valid else None,
        initiation_interval=interval,
    )
    promised = [bench.latency_cycles]
    for clocks in data:
        assert clocks == promised, (
            f"one event's scores stand at the output {clocks} clocks after it, promised {promised}"
        )
    assert valid == promised, f"out_valid is high {valid} clocks after in_valid, promised {promised}"
    assert interval == 1, f"the scores of alternating events stand for {interval} clocks, promised 1"


@cocotb.test()
async def gaps(dut):
    """Random gaps between the events, with garbage on in_data meanwhile: exactly the events come out, in order."""
    bench = load_bench(dut, "gaps")
    await restart(dut, bench)
    cycles = []
    for index in bench.random.sample(range(len(bench)), min(GAP_EVENTS, 1 + len(bench) // 4)):
        cycles.append(bench.event(index))
        cycles += [bench.garbage() for _ in range(bench.random.choice((0, 0, 0, 1, 1, 2, 3)))]
    # Once the pipeline empties, and fills again.
    cycles += [bench.garbage() for _ in range(bench.latency_cycles + 1)] + bench.some_events(3)
    cycles += idle(bench.latency_cycles + 2)
    observed = await play(dut, cycles)
    bench.record(vectors=sum(cycle.valid for cycle in cycles))
    check(bench, cycles, observed)


@cocotb.test()
async def reset_in_flight(dut):
    """Reset while events are in flight: none of those comes out, and the events after it are right."""
    bench = load_bench(dut, "reset_in_flight")
    await restart(dut, bench)
    cycles = []
    for _ in range(RESET_ROUNDS):
        # A full pipeline, so that every stage of the valid chain has an event to forget; one more arrives in reset.
        cycles += bench.some_events(bench.latency_cycles + bench.random.randrange(3))
        cycles += [cycle._replace(reset=1) for cycle in bench.some_events(bench.random.choice((1, 1, 3)))]
        cycles += [bench.garbage() for _ in range(bench.random.choice((0, 1, bench.latency_cycles + 2)))]
    cycles += bench.some_events(3) + idle(bench.latency_cycles + 2)
    observed = await play(dut, cycles)
    bench.record(vectors=sum(cycle.valid for cycle in cycles))
    check(bench, cycles, observed)

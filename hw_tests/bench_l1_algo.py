"""cocotb bench of ``l1_algo``: the tests of the scores, and decision, registers and crossing numbers on top.

The first five tests are those of ``bench_trigger_algorithm``, on the ports that both designs have and with the latency
of the whole algorithm. All others compare every output at every clock with ``codesign.verify.decision_model``. The
folder is that of ``bench_trigger_algorithm``; ``settings`` in ``bench.json`` describe the decision.
"""

import cocotb
from bench_l1_player import IDLE, L1Bench
from bench_trigger_algorithm import back_to_back, gaps, latency, no_x, reset_in_flight

__all__ = ["back_to_back", "gaps", "latency", "no_x", "reset_in_flight"]

COMMIT, LATCH, CLEAR, CLEAR_ERRORS = 1, 2, 4, 8
THRESHOLD_EVENTS = 3
MOST_PRESCALED = 70  # events through one setting of the prescales
MOST_COUNTED = 300
REGISTER_ROUNDS = 300


@cocotb.test()
async def thresholds(dut):
    """Every working point with its threshold at score - 1, score and score + 1, changed between two events."""
    bench = L1Bench(dut, "thresholds")
    await bench.restart()
    low, high = bench.settings.extremes
    for point in range(bench.points):
        for vector in bench.random.sample(range(len(bench.scores)), min(THRESHOLD_EVENTS, len(bench.scores))):
            value = bench.discriminant(vector, point)
            for threshold in (value + 1, value, value - 1):
                # The same event on every clock while the threshold changes: one event is the last of the old one.
                cycles = [IDLE._replace(vector=vector)] * (2 * bench.bench.latency_cycles)
                cycles[0] = cycles[0]._replace(write=bench.write(f"threshold_{point}", max(threshold, low)).write)
                cycles[5] = cycles[5]._replace(write=bench.write("command", COMMIT).write)
                if threshold <= high:
                    shown = await bench.play(cycles)
                    passed = shown[-1].trigger >> point & 1
                    prescale = bench.settings.points[point].prescale
                    assert passed == (value >= threshold) or prescale != 1, "the golden model itself is wrong"
    await bench.play(bench.drain())
    bench.record()


@cocotb.test()
async def prescales(dut):
    """Off, every event, every second, third and so on; changed between two events; the count goes once around."""
    bench = L1Bench(dut, "prescales")
    lowest = bench.settings.extremes[0]
    largest = (1 << bench.settings.prescale_bits) - 1
    await bench.restart([bench.write(f"threshold_{k}", lowest) for k in range(bench.points)])
    choices = [0, 1, 2, 3, 5, largest]
    for round_number in range(len(choices)):
        cycles = []
        for point in range(bench.points):
            cycles.append(bench.write(f"prescale_{point}", choices[(round_number + point) % len(choices)]))
        cycles += [*bench.events(4), bench.event()._replace(write=bench.write("command", COMMIT).write)]
        for _ in range(min(MOST_PRESCALED, 2 * largest + 3)):
            cycles += [bench.event(), *bench.idle(bench.random.choice((0, 0, 0, 1, 2)))]
        await bench.play(cycles)
    # Off and on again with events on every clock: a prescale that changes beside its threshold is off by one event.
    for prescale in (0, 1) * 4:
        cycles = [bench.write(f"prescale_{k}", prescale)._replace(vector=0) for k in range(bench.points)]
        cycles += [*bench.events(3), bench.event()._replace(write=bench.write("command", COMMIT).write)]
        await bench.play([*cycles, *bench.events(5)])
    await bench.play([*bench.drain(), bench.write("command", LATCH), *bench.read_all(), IDLE, IDLE])
    bench.record()


@cocotb.test()
async def counters(dut):
    """Counters stop at their largest value; latch and clear at any clock lose no event; disabled points stand still."""
    bench = L1Bench(dut, "counters")
    await bench.restart(bench.half_open())
    largest = (1 << bench.settings.counter_bits) - 1
    for count in (min(3 * largest, MOST_COUNTED), 20, 20):
        await bench.play([*bench.events(count), *bench.drain(), bench.write("command", LATCH)])
        await bench.play([*bench.read_all(), bench.write("command", LATCH | CLEAR), IDLE])
    # Read and clear while events come out on every clock: the periods add up.
    await bench.play([bench.write("enable", (1 << bench.points) - 2), bench.write("command", COMMIT)])
    for _ in range(5):
        cycles = bench.events(bench.bench.latency_cycles + bench.random.randrange(8))
        cycles[-1] = cycles[-1]._replace(write=bench.write("command", LATCH | CLEAR).write)
        await bench.play([*cycles, *bench.read_all(), *bench.events(bench.random.randrange(4))])
    await bench.play([*bench.drain(), bench.write("command", LATCH), *bench.read_all(), IDLE, IDLE])
    bench.record(saturated=min(3 * largest, MOST_COUNTED) > largest)


def crossings(bench, count, first=0):
    """Clocks of ``count`` bunch crossings: an event at a random clock of each, BX0 where the orbit begins."""
    cycles = []
    for number in range(first, first + count):
        clocks = [IDLE] * bench.settings.clocks_per_bx
        clocks[bench.random.randrange(len(clocks))] = bench.event()
        if number % bench.settings.orbit == 0:
            clocks[0] = clocks[0]._replace(bx0=1)
        cycles += clocks
    return cycles


@cocotb.test()
async def orbit(dut):
    """A whole orbit and the beginning of the next, an event in every crossing, each with its crossing number."""
    bench = L1Bench(dut, "orbit")
    await bench.restart(bench.half_open())
    # Before the first BX0 no crossing is known.
    shown = await bench.play([*bench.events(3), *crossings(bench, bench.settings.orbit + 5), *bench.drain()])
    numbers = [outputs.crossing for outputs in shown if outputs.scores is not None]
    assert numbers[3:] == [*range(bench.settings.orbit), *range(5)], "the golden model itself is wrong"
    await bench.play([*bench.read_all(), IDLE])
    bench.record(crossings=bench.settings.orbit + 5)


@cocotb.test()
async def misplaced_bx0(dut):
    """BX0 too early, too late, a clock beside its crossing, twice, and missing: flagged, counted, and followed."""
    bench = L1Bench(dut, "misplaced_bx0")
    await bench.restart()
    whole, status = bench.settings.orbit, [bench.read(name) for name in ("status", "bx0_misplaced", "bx0_missing")]
    await bench.play([*crossings(bench, 9), *status])  # the reads move the next BX0 off its place
    for early in (7, 1, 3):
        await bench.play([*crossings(bench, early), *status])
    if bench.settings.clocks_per_bx > 1:
        await bench.play([*crossings(bench, 4)[1:], *crossings(bench, 2), IDLE])
    # Missing, then late: the counter goes on by itself until the late one comes.
    missing = crossings(bench, whole + 3)
    missing[whole * bench.settings.clocks_per_bx] = bench.event()
    await bench.play([*missing, *crossings(bench, 3), *status, bench.write("command", CLEAR_ERRORS), *status])
    # Flags come back after they were cleared, and an error in the clock of the clear is kept.
    error = bench.write("command", CLEAR_ERRORS)._replace(bx0=1)
    await bench.play([*crossings(bench, 2), error, *status, *bench.drain()])
    bench.record()


@cocotb.test()
async def registers(dut):
    """Random reads and writes during data, refused ones among them: data come out as if there were none."""
    bench = L1Bench(dut, "registers")
    await bench.restart(bench.read_all(), bench.half_open())
    names, cycles = list(bench.settings.registers), []
    for _ in range(REGISTER_ROUNDS):
        cycle = bench.event() if bench.random.random() < 0.8 else IDLE
        name = bench.random.choice(names)
        address = bench.settings.registers[name]
        if bench.random.random() < 0.15:  # no such register, or half of one
            address = bench.random.choice((address + 2, address + 1, 0x0F0, 0x100 + 16 * bench.points, 0xFFC))
        action = bench.random.random()
        if action < 0.4:
            cycle = cycle._replace(read=address)
        elif action < 0.8:
            cycle = cycle._replace(write=(address, register_value(bench, name)))
        cycles.append(cycle)
    await bench.play([*cycles, *bench.drain(), bench.write("command", LATCH), *bench.read_all(), IDLE, IDLE])
    bench.record()


def register_value(bench, name):
    """A value to write: small ones of both signs, those at the ends of the range and just outside, and any."""
    low, high = bench.settings.extremes
    largest = (1 << bench.settings.prescale_bits) - 1
    values = [0, 1, 2, 3, low, high, low - 1, high + 1, largest, largest + 1, bench.random.getrandbits(32)]
    if name.startswith("threshold"):
        vector = bench.random.randrange(len(bench.scores))
        values += [bench.discriminant(vector, int(name.rpartition("_")[2])) + off for off in (-1, 0, 1)] * 3
    if name == "command":
        return bench.random.getrandbits(4)
    return bench.random.choice(values) & 0xFFFFFFFF


@cocotb.test()
async def reset_at_every_phase(dut):
    """A reset with an event at every place of the pipeline: none comes out, and everything is as after power-up."""
    bench = L1Bench(dut, "reset_at_every_phase")
    await bench.restart()
    for phase in range(bench.bench.latency_cycles + 2):
        # Settings, orbit, prescale and counters are in the middle of something; the reset ends it all.
        lowest = bench.settings.extremes[0]
        cycles = [bench.write(f"threshold_{k}", lowest) for k in range(bench.points)]
        cycles += [bench.write("prescale_0", 3), bench.write("command", COMMIT)._replace(bx0=1)]
        cycles += [*bench.events(4 + phase), bench.write("command", LATCH), *bench.idle(phase % 3)]
        cycles += [bench.event()._replace(reset=1, read=bench.settings.registers["events"])]
        cycles += [IDLE, *bench.events(3), *bench.read_all(), *bench.drain(), bench.write("command", LATCH)]
        await bench.play([*cycles, *bench.read_all(), IDLE])
    bench.record()


@cocotb.test()
async def upset(dut):
    """One copy of a triple register turned over: nothing of it is seen outside, and it is counted."""
    bench = L1Bench(dut, "upset")
    await bench.restart(bench.half_open())
    for number, path in enumerate(copies(bench)):
        cycles = bench.events(bench.bench.latency_cycles + 3)
        cycles += [bench.event()._replace(flip=f"{path}.triple.copy{number % 3}"), *bench.events(8)]
        await bench.play([*cycles, bench.read("upsets"), bench.read("status")])
    await bench.play([*bench.drain(), bench.write("command", LATCH), *bench.read_all(), IDLE])
    bench.record(upsets=len(list(copies(bench))))


def copies(bench):
    """Triple registers of every kind, by path."""
    last = bench.points - 1
    yield "orbit.state"
    yield "decision.seen.total"
    if bench.settings.classes > 1:
        yield "decision.ranking.rounds[0].contest[0].used.result"
    for part in ("compare", "prescaler", "decision", "before_prescale.total", "after_prescale.total"):
        yield f"decision.point[{last}].decide.{part}"
    yield f"decision.point[{last}].difference"
    yield "decision.valid_chain[1].stage"
    for part in ("new_threshold", "new_prescale", "active_threshold", "active_prescale"):
        yield f"registers.point[{last}].{part}"
    for part in ("new_enable", "active_enables", "commit_late", "errors", "misplaced_bx0.total"):
        yield f"registers.{part}"

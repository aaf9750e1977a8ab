"""Plays clock cycles into ``l1_algo`` and compares everything that comes out, at every clock, with the golden model.

The same rule of time as in ``bench_player``: what is seen just before rising edge k is what stands there after edge
k - 1, and the inputs of edge k are applied after looking.
"""

from typing import NamedTuple

from bench_decision import DecisionBench
from bench_player import start
from cocotb.triggers import FallingEdge

from codesign.verify.decision_model import Clock, Outputs


class Cycle(NamedTuple):
    """Inputs of one rising edge.

    Attributes:
        vector: which vector of the bench comes in as an event; None for no event.
        word: in_data without an event, as binary text; None drives unknown bits.
        bx0: in_bx0.
        reset: reset.
        write: (address, word) of a register write.
        read: address of a register read.
        flip: path of a register copy whose lowest bit an upset turns over before this edge.
    """

    vector: int | None = None
    word: str | None = None
    bx0: int = 0
    reset: int = 0
    write: tuple[int, int] | None = None
    read: int | None = None
    flip: str | None = None


IDLE = Cycle()


class L1Bench(DecisionBench):
    """The bench of one test on ``l1_algo``."""

    def __init__(self, dut, test):
        super().__init__(dut, test)
        self._expected = Outputs()  # after the last edge played
        self._driver = _Driver(dut, self)

    def event(self):
        """A clock with a random event."""
        return Cycle(vector=self.random.randrange(len(self.scores)))

    def events(self, count):
        """``count`` random events, one per clock."""
        return [self.event() for _ in range(count)]

    def idle(self, count):
        """Clocks without anything; the data lines are unknown."""
        return [IDLE] * count

    def drain(self):
        """Long enough for all in flight to come out."""
        return self.idle(self.bench.latency_cycles + 2)

    def write(self, name, value):
        """A clock with a register write."""
        return IDLE._replace(write=(self.settings.registers[name], value & 0xFFFFFFFF))

    def read(self, name):
        """A clock with a register read."""
        return IDLE._replace(read=self.settings.registers[name])

    def read_all(self):
        """Read every register, one per clock."""
        return [self.read(name) for name in self.settings.registers]

    def half_open(self):
        """Registers such that about half of the events pass every working point, and take effect."""
        writes = [self.write(f"threshold_{k}", self.median(k)) for k in range(self.points)]
        writes += [self.write(f"prescale_{k}", 1) for k in range(self.points)]
        return [*writes, self.write("command", 1), *self.idle(3)]

    async def restart(self, *more):
        """Start the clock, reset, and play what else is given."""
        start(self.dut)
        await self.play([IDLE._replace(reset=1)] * 2 + [cycle for part in more for cycle in part], from_power_up=True)

    async def play(self, cycles, *, from_power_up=False):
        """Apply one cycle per clock and compare; all differences count, the first are told.

        Args:
            cycles: the inputs.
            from_power_up: outputs may be unknown until the first reset.

        Returns:
            What the golden model says of every edge; equal to what was seen.
        """
        low, wrong, shown = FallingEdge(self.dut.clk), [], []
        judge = not from_power_up
        upset = [0]  # copies that are wrong at one edge are counted at the next
        for number, cycle in enumerate(cycles):
            await low
            if judge:
                wrong += [f"clock {number}: {text}" for text in self._differences(self._expected)]
            self._driver.apply(cycle)
            judge |= bool(cycle.reset)
            upset.append(int(cycle.flip is not None))
            self._expected = self.model.clock(self._clock(cycle, upset.pop(0)))
            shown.append(self._expected)
        self.played += sum(cycle.vector is not None for cycle in cycles)
        told = "; ".join(wrong[:3])
        assert not wrong, f"{len(wrong)} differences in {len(cycles)} clocks (seed {self.bench.seed}): {told}"
        return shown

    def _clock(self, cycle, upset):
        scores = None if cycle.vector is None else self.scores[cycle.vector]
        return Clock(scores, cycle.bx0, cycle.reset, cycle.write, cycle.read, upset)

    def _differences(self, expected):
        """What is not as it must be at the outputs, in words."""
        dut, event = self.dut, expected.scores is not None
        checks = [("out_valid", int(event)), ("out_trigger", expected.trigger), ("reg_done", expected.done)]
        if event:
            checks += [("out_class", expected.best_class), ("out_bx", expected.crossing)]
            checks.append(("out_data", self.word(expected.scores)))
        if expected.done:
            checks += [("reg_error", expected.error), ("reg_read_data", expected.word)]
        for name, wanted in checks:
            found = str(getattr(dut, name).value)
            if found != f"{wanted:0{len(found)}b}":
                shown = found if set(found) - {"0", "1"} else f"{int(found, 2):#x}"
                yield f"{name} is {shown}, expected {wanted:#x}"


class _Driver:
    """Applies cycles; writes are what a simulation under Python spends its time on, so only changes are written."""

    def __init__(self, dut, bench):
        self.dut, self.bench, self.last = dut, bench, {}
        self.unknown_data = "X" * len(dut.in_data)

    def apply(self, cycle):
        event = cycle.vector is not None
        self._set("in_valid", int(event))
        self._set("in_data", self.bench.bench.stimuli[cycle.vector] if event else cycle.word or self.unknown_data)
        self._set("in_bx0", cycle.bx0)
        self._set("reset", cycle.reset)
        self._set("reg_write", int(cycle.write is not None))
        self._set("reg_read", int(cycle.read is not None))
        address, word = cycle.write or (cycle.read, None)
        self._set("reg_address", "X" * 12 if address is None else f"{address:012b}")
        self._set("reg_write_data", "X" * 32 if word is None else f"{word:032b}")
        if cycle.flip:
            handle = self.dut
            for part in cycle.flip.split("."):
                handle = getattr(handle, part)
            text = str(handle.value)
            handle.value = f"{text[:-1]}{'10'[int(text[-1])]}"

    def _set(self, name, value):
        if self.last.get(name) != value:
            getattr(self.dut, name).value = self.last[name] = value

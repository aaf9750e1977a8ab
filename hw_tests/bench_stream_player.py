"""Drives ``axi_stream_algo`` clock by clock: a source, a sink, an AXI4-Lite master, and the rules of both protocols.

As in ``bench_player`` outputs are looked at while the clock is low, before the inputs of the coming edge are applied;
every valid and ready of the design is a function of registers, so what is seen is what the edge samples.
"""

from typing import NamedTuple

from bench_decision import DecisionBench
from bench_player import PERIOD_NS
from cocotb.clock import Clock as CocotbClock
from cocotb.triggers import FallingEdge, Timer

from codesign.verify.decision_model import Clock

STUCK = 4000  # clocks without an end
OKAY, SLVERR = "00", "10"


class Access(NamedTuple):
    """One register access.

    Attributes:
        address: byte address.
        value: word to write; None for a read.
        strobes: bytes to write.
        delays: clocks that the address, the data, and the readiness for the answer come late.
    """

    address: int
    value: int | None = None
    strobes: int = 15
    delays: tuple[int, int, int] = (0, 0, 0)


class StreamBench(DecisionBench):
    """The bench of one test on ``axi_stream_algo``.

    Attributes:
        clock: number of the coming edge.
        received: (edge, tdata, tlast) of every transfer that came out.
        sent: edge of every transfer that went in.
        refused: clocks on which the design did not take an event that was offered.
    """

    def __init__(self, dut, test):
        super().__init__(dut, test)
        self.clock, self.received, self.sent, self.refused = 0, [], [], 0
        self._due, self._outputs = [], []  # tlast of what went in, and what the golden model gives for it
        self._held = None  # (tdata, tlast) that was offered and not taken
        self._low = FallingEdge(dut.aclk)

    async def restart(self):
        """Start the clock and reset."""
        CocotbClock(self.dut.aclk, PERIOD_NS, unit="ns").start(start_high=False)
        await self.reset()

    async def reset(self, clocks=2):
        """Reset; all that is in flight is gone."""
        self._quiet()
        self.dut.aresetn.value = 0
        for _ in range(clocks):
            await self._tick()
        self.dut.aresetn.value = 1
        self.model.clock(Clock(reset=1))
        self._due, self._outputs, self._held = [], [], None
        await self._tick()

    def _quiet(self):
        names = ("s_axis_tvalid", "m_axis_tready", "s_axi_awvalid", "s_axi_wvalid", "s_axi_bready")
        for name in (*names, "s_axi_arvalid", "s_axi_rready"):
            getattr(self.dut, name).value = 0
        self._offer(None)

    async def _tick(self):
        await self._low
        self.clock += 1

    def events(self, count):
        """``count`` random events as (vector, tuser, tlast)."""
        return [(self.random.randrange(len(self.scores)), 0, self.random.getrandbits(1)) for _ in range(count)]

    async def stream(self, events, *, valid=1.0, ready=1.0, accesses=()):
        """Send events, take what comes out, and access registers, all at the same time, until everything is done.

        Args:
            events: (vector, tuser, tlast), in order.
            valid: probability that the source offers its event on a clock; an offered one stays.
            ready: probability that the sink is ready on a clock.
            accesses: register accesses, one after the other; none of them a command.
        """
        first, number, offered, idle = len(self.received), 0, None, 0
        master = _Master(self, accesses)
        while number < len(events) or offered or idle < self.bench.latency_cycles + 3 or not master.done:
            if offered is None and number < len(events) and self.random.random() < valid:
                offered, number = events[number], number + 1
                self._offer(offered)
            taken = await self._clock(offered, int(self.random.random() < ready), master)
            if taken:
                offered = None
                self._offer(None)
            idle = 0 if offered or number < len(events) or self._waiting(first) else idle + 1
            assert self.clock < STUCK + 20 * self.played, self._failed("the design is stuck")
        self._flush()
        self._compare(first)

    async def fill(self, events):
        """Offer events while the sink is never ready; returns how many were taken."""
        taken, master = 0, _Master(self, ())
        for event in events:
            self._offer(event)
            if not await self._clock(event, 0, master):
                break
            taken += 1
        self._offer(None)
        for _ in range(self.bench.latency_cycles + 2):
            await self._clock(None, 0, master)
        return taken

    def _waiting(self, first):
        return len(self.received) - first < len(self._due)

    async def _clock(self, offered, ready, master):
        """One edge; says whether the offered event was taken."""
        self.dut.m_axis_tready.value = ready
        self.dut.s_axis_tvalid.value = int(offered is not None)
        master.drive()
        await Timer(1, unit="ps")
        seen = self._look(ready)
        can_take = self._bit("s_axis_tready")
        master.look()
        await self._tick()
        edge = self.clock
        if seen is not None and ready:
            self.received.append((edge, *seen))
        if offered is None:
            return False
        if not can_take:
            self.refused += 1
            return False
        vector, bx0, last = offered
        self.sent.append(edge)
        self.played += 1
        self._due.append(last)
        self._expect(Clock(self.scores[vector], bx0))
        return True

    def _look(self, ready):
        """What is offered at the output, checked against the rule that it stays until it is taken."""
        valid = self._bit("m_axis_tvalid")
        offered = (str(self.dut.m_axis_tdata.value), self._bit("m_axis_tlast")) if valid else None
        if self._held is not None:
            assert offered == self._held, self._failed("what was offered and not taken changed")
        assert offered is None or not set(offered[0]) - {"0", "1"}, self._failed(f"unknown bits in {offered}")
        self._held = None if ready else offered
        return offered

    def _bit(self, name):
        value = str(getattr(self.dut, name).value)
        assert value in ("0", "1"), self._failed(f"{name} is {value}")
        return int(value)

    def _offer(self, event):
        """Inputs of an event; without one everything but valid is unknown."""
        dut, bits = self.dut, len(self.dut.s_axis_tdata)
        vector, bx0, last = event or (None, "X", "X")
        dut.s_axis_tvalid.value = int(event is not None)
        dut.s_axis_tdata.value = "X" * bits if vector is None else self.bench.stimuli[vector].zfill(bits)
        dut.s_axis_tuser.value, dut.s_axis_tlast.value = bx0, last

    # --- expectations -------------------------------------------------------------------------------------------------

    def _expect(self, at):
        outputs = self.model.clock(at)
        if outputs.scores is not None:
            self._outputs.append(outputs)
        return outputs

    def _flush(self):
        """Let everything in flight come out of the golden model."""
        for _ in range(self.settings.latency_cycles):
            self._expect(Clock())

    def _compare(self, first):
        found = [(int(data, 2), last) for _, data, last in self.received[first:]]
        expected = [(self._data(outputs), last) for outputs, last in zip(self._outputs, self._due, strict=True)]
        wrong = [place for place, (one, two) in enumerate(zip(found, expected, strict=False)) if one != two]
        self._outputs, self._due = [], []
        assert len(found) == len(expected), self._failed(f"{len(found)} transfers came out for {len(expected)}")
        for place in wrong[:1]:
            text = f"{len(wrong)} of {len(found)} transfers differ, the first is number {place}: "
            raise AssertionError(self._failed(f"{text}{found[place][0]:#x}, expected {expected[place][0]:#x}"))

    def _data(self, outputs):
        fields = outputs.trigger | outputs.crossing << 16 | outputs.best_class << 32
        return fields | self.word(outputs.scores) << 64

    def _failed(self, text):
        return f"clock {self.clock}: {text} (seed {self.bench.seed})"

    # --- registers ----------------------------------------------------------------------------------------------------

    def access(self, name, value=None, **how):
        """Access of a register by name, with random delays."""
        delays = tuple(self.random.choice((0, 0, 1, 3)) for _ in range(3))
        return Access(self.settings.registers[name], value, delays=delays, **how)

    async def registers(self, *accesses):
        """Access registers while no event is in flight; commands are allowed."""
        master = _Master(self, accesses)
        while not master.done:
            await self._clock(None, 1, master)
            assert self.clock < STUCK + 20 * self.played, self._failed("no answer on the register bus")

    def answer(self, access):
        """What the golden model answers: (response, word)."""
        if access.value is None:
            outputs = self._expect(Clock(read=access.address))
        elif access.strobes != 15:
            return SLVERR, 0
        else:
            outputs = self._expect(Clock(write=(access.address, access.value & 0xFFFFFFFF)))
        return SLVERR if outputs.error else OKAY, outputs.word


class _Master:
    """An AXI4-Lite master that makes one access after the other and compares the answers."""

    def __init__(self, bench, accesses):
        self.bench, self.dut, self.accesses = bench, bench.dut, list(accesses)
        self.age, self.sent, self.answered = 0, set(), None

    @property
    def done(self):
        return not self.accesses

    def drive(self):
        """Inputs of the coming edge."""
        dut, access = self.dut, self.accesses[0] if self.accesses else None
        write = access is not None and access.value is not None
        late = access.delays if access else (0, 0, 0)
        address = access is not None and self.age >= late[0] and "address" not in self.sent
        data = write and self.age >= late[1] and "data" not in self.sent
        shown = "X" * 12 if not address else f"{access.address:012b}"
        dut.s_axi_awvalid.value, dut.s_axi_awaddr.value = int(address and write), shown if write else "X" * 12
        dut.s_axi_arvalid.value, dut.s_axi_araddr.value = int(address and not write), "X" * 12 if write else shown
        dut.s_axi_wvalid.value = int(data)
        dut.s_axi_wdata.value = f"{access.value & 0xFFFFFFFF:032b}" if data else "X" * 32
        dut.s_axi_wstrb.value = f"{access.strobes:04b}" if data else "XXXX"
        self.ready = int(access is not None and self.age >= late[2] + 4)
        dut.s_axi_bready.value, dut.s_axi_rready.value = int(write and self.ready), int(not write and self.ready)
        self.driven = (write, address, data)

    def look(self):
        """What the coming edge samples."""
        bench, (write, address, data) = self.bench, self.driven
        valid = {"b": bench._bit("s_axi_bvalid"), "r": bench._bit("s_axi_rvalid")}
        complete = {"address", "data"} <= self.sent if write else "address" in self.sent
        mine, other = ("b", "r") if write else ("r", "b")
        assert not valid[other], bench._failed(f"{other}valid without an access")
        assert not valid[mine] or (self.accesses and complete), bench._failed(f"{mine}valid before its access")
        if address and bench._bit("s_axi_awready" if write else "s_axi_arready"):
            self.sent.add("address")
        if data and bench._bit("s_axi_wready"):
            self.sent.add("data")
        if valid[mine]:
            self._answer(mine)
        self.age += 1

    def _answer(self, channel):
        """Compare an answer, also while it waits; take it when ready."""
        access = self.accesses[0]
        if self.answered is None:
            self.answered = self.bench.answer(access)
        response, word = self.answered
        found = str(getattr(self.dut, f"s_axi_{channel}resp").value)
        where = f"{'read' if access.value is None else 'write'} of {access.address:#05x}"
        assert found == response, self.bench._failed(f"{where}: response {found}, expected {response}")
        if channel == "r":
            read = str(self.dut.s_axi_rdata.value)
            assert read == f"{word:032b}", self.bench._failed(f"{where}: {read}, expected {word:032b}")
        if self.ready:
            self.accesses.pop(0)
            self.age, self.sent, self.answered = 0, set(), None

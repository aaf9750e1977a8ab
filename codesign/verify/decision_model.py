"""The golden model of the trigger decision: what ``l1_algo`` must show after every clock, and hold in its registers.

It is written from the description of the registers and ports, not from the Verilog: events are judged whole, at the
clock at which they come out.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

NO_CROSSING = 0xFFF  # crossing number before the first BX0
COMMIT, LATCH, CLEAR, CLEAR_ERRORS = 1, 2, 4, 8  # bits of the command register


class Clock(NamedTuple):
    """Inputs at one rising edge.

    Attributes:
        scores: class scores of the event that comes in, None without an event.
        bx0: first clock of crossing 0.
        reset: reset.
        write: (byte address, 32-bit word) of a register write.
        read: byte address of a register read.
        upset: the copies of a register were seen to disagree.
    """

    scores: Sequence[int] | None = None
    bx0: int = 0
    reset: int = 0
    write: tuple[int, int] | None = None
    read: int | None = None
    upset: int = 0


class Outputs(NamedTuple):
    """What stands at the outputs after a rising edge.

    Attributes:
        scores: class scores of the event that comes out, None without one.
        trigger: one bit per working point, the first in the least significant one.
        best_class: class of the largest score.
        crossing: bunch crossing of the event.
        done: a register access of the edge before is answered.
        error: it was refused.
        word: what was read.
    """

    scores: Sequence[int] | None = None
    trigger: int = 0
    best_class: int = 0
    crossing: int = 0
    done: int = 0
    error: int = 0
    word: int = 0


@dataclass(frozen=True)
class Point:
    """Settings of one working point.

    Attributes:
        class_index: class whose score is judged.
        threshold: smallest discriminant that passes, in counts of the score.
        prescale: one of so many events that pass triggers; 0: none.
        enabled: whether it counts and triggers at all.
    """

    class_index: int
    threshold: int
    prescale: int
    enabled: bool = True


@dataclass(frozen=True)
class DecisionSettings:
    """What a build fixes.

    Attributes:
        latency_cycles: clocks from the edge that samples an event to the one that samples its decision.
        classes: number of scores.
        score_bits: width of a score.
        points: initial working points.
        registers: byte address by register name.
        constants: content of the registers that never change, by name.
        clocks_per_bx: clocks of one bunch crossing.
        orbit: crossings of one orbit.
        crossing_per_event: every event is a crossing, and nothing else is.
        prescale_bits: width of a prescale.
        counter_bits: width of a counter.
    """

    latency_cycles: int
    classes: int
    score_bits: int
    points: tuple[Point, ...]
    registers: Mapping[str, int]
    constants: Mapping[str, int]
    clocks_per_bx: int
    orbit: int
    crossing_per_event: bool
    prescale_bits: int
    counter_bits: int

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "DecisionSettings":
        """Settings as they stand in the files of a bench."""
        points = tuple(Point(**point) for point in record["points"])
        return cls(**{**record, "points": points})

    @property
    def extremes(self) -> tuple[int, int]:
        """Smallest and largest threshold: a score, or the difference of two, in one bit more than a score."""
        return -(1 << self.score_bits), (1 << self.score_bits) - 1


def discriminant(scores: Sequence[int], class_index: int) -> int:
    """A single score itself; one of several minus the largest of the others."""
    others = [score for index, score in enumerate(scores) if index != class_index]
    return scores[class_index] - max(others) if others else scores[class_index]


class DecisionModel:
    """State of the decision, its registers and its orbit counter, advanced one clock at a time."""

    def __init__(self, settings: DecisionSettings) -> None:
        self.settings = settings
        self._names = {address: name for name, address in settings.registers.items()}
        self._reset()

    def _reset(self) -> None:
        self._in_flight: deque[tuple[Sequence[int], int] | None] = deque([None] * (self.settings.latency_cycles - 1))
        self.waiting = list(self.settings.points)
        self.active = list(self.settings.points)
        self._commits: deque[list[Point] | None] = deque([None, None])
        self._skip = [0] * len(self.active)
        counters = ["events", *(f"{kind}_{k}" for k in range(len(self.active)) for kind in ("accepted", "triggered"))]
        self.counters, self.copy = dict.fromkeys(counters, 0), dict.fromkeys(counters, 0)
        self.errors = {"bx0_misplaced": 0, "bx0_missing": 0, "upsets": 0}
        self.locked = False
        self._place = 0  # of the coming clock, in clocks since crossing 0

    def clock(self, at: Clock) -> Outputs:
        """Advance by one rising edge and say what stands at the outputs after it."""
        if at.reset:
            self._reset()
            return Outputs()
        command = at.write[1] if at.write and self._names.get(at.write[0]) == "command" else 0
        done, error, word = self._access(at)
        if command & LATCH:
            self.copy = dict(self.counters)
        if command & CLEAR:
            self.counters = dict.fromkeys(self.counters, 0)
        if command & CLEAR_ERRORS:
            self.errors = dict.fromkeys(self.errors, 0)
        crossing = self._crossing(at)
        self._count(self.errors, "upsets", at.upset)
        # A commit meets the events that are compared after it; those before it come out in the next two clocks.
        self._commits.append(list(self.waiting) if command & COMMIT else None)
        committed = self._commits.popleft()
        if committed is not None:
            self.active, self._skip = committed, [0] * len(committed)
        self._in_flight.append(None if at.scores is None else (at.scores, crossing))
        arrived = self._in_flight.popleft()
        if arrived is None:
            return Outputs(done=done, error=error, word=word)
        scores, crossing = arrived
        return Outputs(scores, self._decide(scores), scores.index(max(scores)), crossing, done, error, word)

    def _decide(self, scores: Sequence[int]) -> int:
        """Judge one event at every working point, count it, and give the trigger bits."""
        self._count(self.counters, "events")
        trigger = 0
        for k, point in enumerate(self.active):
            if not point.enabled or discriminant(scores, point.class_index) < point.threshold:
                continue
            self._count(self.counters, f"accepted_{k}")
            if point.prescale == 0:
                continue
            if self._skip[k] == 0:
                self._count(self.counters, f"triggered_{k}")
                trigger |= 1 << k
            self._skip[k] = (self._skip[k] or point.prescale) - 1
        return trigger

    def _count(self, counters: dict[str, int], name: str, amount: int = 1) -> None:
        counters[name] = min(counters[name] + amount, (1 << self.settings.counter_bits) - 1)

    def _crossing(self, at: Clock) -> int:
        """Number of this clock's crossing, and the errors of its BX0."""
        per_event = self.settings.crossing_per_event
        clocks = 1 if per_event else self.settings.clocks_per_bx
        if per_event and at.scores is None:
            return NO_CROSSING
        if self.locked and at.bx0 != (self._place == 0):
            self._count(self.errors, "bx0_misplaced" if at.bx0 else "bx0_missing")
        if at.bx0:
            self.locked, self._place = True, 0
        number = self._place // clocks if self.locked else NO_CROSSING
        self._place = (self._place + 1) % (clocks * self.settings.orbit)
        return number

    # --- registers ----------------------------------------------------------------------------------------------------

    def _access(self, at: Clock) -> tuple[int, int, int]:
        """(done, error, word read) of this clock's access; a write that is not refused takes place."""
        if at.write is not None:
            address, value = at.write
            return 1, int(not self._write(self._names.get(address, ""), value)), 0
        if at.read is not None:
            name = self._names.get(at.read)
            return (1, 1, 0) if name is None else (1, 0, self._read(name) & 0xFFFFFFFF)
        return 0, 0, 0

    def _write(self, name: str, value: int) -> bool:
        """Write a register; false where it is refused."""
        kind, _, number = name.rpartition("_")
        if name == "command":
            return True
        if name == "enable":
            if value >> len(self.waiting):
                return False
            self.waiting = [replace(p, enabled=bool(value >> k & 1)) for k, p in enumerate(self.waiting)]
            return True
        low, high = {"threshold": self.settings.extremes, "prescale": (0, (1 << self.settings.prescale_bits) - 1)}.get(
            kind, (1, 0)
        )
        signed = value - (1 << 32) if kind == "threshold" and value >> 31 else value
        if not low <= signed <= high:
            return False
        old = self.waiting[int(number)]
        changed = replace(old, threshold=signed) if kind == "threshold" else replace(old, prescale=signed)
        self.waiting[int(number)] = changed
        return True

    def _read(self, name: str) -> int:
        if name in self.settings.constants:
            return self.settings.constants[name]
        if name in self.copy:
            return self.copy[name]
        if name in self.errors:
            return self.errors[name]
        if name == "enable":
            return sum(point.enabled << k for k, point in enumerate(self.waiting))
        if name == "status":
            flags = (self.locked, *(self.errors[e] for e in ("bx0_misplaced", "bx0_missing", "upsets")))
            return sum(bool(flag) << bit for bit, flag in enumerate(flags))
        if name == "command":
            return 0
        kind, _, number = name.rpartition("_")
        return int(getattr(self.waiting[int(number)], kind))

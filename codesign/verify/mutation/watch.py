"""A copy of a stage that says whether its values lie in the ranges proven of them: what a proof by SAT may assume.

A fault in an entry of a table that no input of the network selects, or in a bit that never changes, is invisible, but a
stage alone does not know which inputs it gets. The copy is never the faulty one, so that what it says holds for both
sides of a comparison.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from codesign.verify.mutation.sites import Mutant
from codesign.verify.mutation.windows import STAGE
from codesign.verify.ranges import NEVER, Numbers, Ranges

PORT = r"\[(\d+):0\] model_{}\b"
VALUE = re.compile(r"\bv(\d+)\b")
STUCK = re.compile(r"v(\d+)\[(\d+)\] stuck at ([01])")
CUT = re.compile(r"v(\d+) loses its top bit")
SIGN = re.compile(r"operand (\d+) taken as (?:un)?signed")
OPERANDS = re.compile(r"(?P<module>\w+) #\([-\d, ]+\) op_\d+ \((?P<ports>.+)\);")
SLICE = re.compile(r"v(\d+)\[(\d+):0\]")
ENTRY = re.compile(r"\d+'h([0-9A-F]+): out = ")


@dataclass(frozen=True)
class Watch:
    """A module around a stage, or around the network, that knows which of its inputs can come.

    Attributes:
        name: of the module.
        text: its Verilog.
    """

    name: str
    text: str


class Watcher:
    """Writes watches for the stages of a network."""

    def __init__(self, bodies: Mapping[str, str], ranges: Ranges, legal: Sequence[str] = ()) -> None:
        """Remember the stages and what is known of them.

        Args:
            bodies: Verilog of every module without a fault, by its name.
            ranges: of the values in the stages.
            legal: what always holds of the input of the network, as Verilog.
        """
        self._bodies = bodies
        self._ranges = ranges
        self._legal = legal

    def fed(self, network: str) -> Watch | None:
        """The network with a constant output for inputs that it never gets.

        Returns:
            None if it may get any, or is another module.
        """
        ports = [re.search(PORT.format(side), self._bodies[network]) for side in ("inp", "out")]
        if not self._legal or None in ports:
            return None
        given, found = (port[1] for port in ports if port is not None)
        name = f"{network}_fed"
        legal = "\n        && ".join(self._legal)
        return Watch(
            name,
            f"module {name} (input [{given}:0] model_inp, output [{found}:0] model_out);\n"
            f"    wire [{found}:0] out;\n"
            f"    {network} network (.clk(1'b0), .model_inp(model_inp), .model_out(out));\n"
            f"    wire legal = {legal};\n"
            "    assign model_out = legal ? out : 0;\nendmodule\n",
        )

    def watch(self, stage: str, mutant: Mutant) -> Watch | None:
        """A watch over the values that meet a fault: those on its line, or on the lines that use its module.

        Returns:
            None if their proven ranges are those of their words.
        """
        match = STAGE.fullmatch(stage)
        if match is None or stage not in self._bodies:
            return None
        lines: Iterable[str] = [mutant.text]
        if mutant.module != stage:
            used = re.compile(rf"\b{re.escape(mutant.module)}\b")
            lines = [line for line in self._bodies[stage].splitlines() if used.search(line)]
        values = sorted({int(value) for line in lines for value in VALUE.findall(line)})
        conditions = list(self._conditions(int(match[1]), values))
        if not conditions:
            return None
        name = f"{stage}_watch_{mutant.number}"
        text = re.sub(rf"\bmodule {stage} \(", f"module {name} (output legal, ", self._bodies[stage])
        legal = "\n        && ".join(conditions)
        return Watch(name, re.sub(r"\bendmodule", f"    assign legal = {legal};\nendmodule\n", text))

    def word_that_meets(self, mutant: Mutant) -> int | None:
        """A word at the input of the network for which the faulty thing is not what it is without the fault.

        That is known of stuck bits, signs and entries of tables. Whether what follows shows it is another question.

        Returns:
            the word, ``NEVER`` if it is proven that there is none, None if it is not decided.
        """
        places = list(self._places(mutant))
        words = [self._ranges.word_with(stage, value, numbers) for stage, value, numbers in places]
        if words and all(word == NEVER for word in words):
            return NEVER
        return next((word for word in words if word not in (None, NEVER)), None)

    def _places(self, mutant: Mutant) -> Iterator[tuple[int, int, Numbers]]:
        """Values, by stage and number, and the numbers of each at which the fault makes a difference."""
        stage, entry = STAGE.fullmatch(mutant.module), ENTRY.match(mutant.text)
        stuck, cut = STUCK.match(mutant.what), CUT.match(mutant.what)
        if stage is not None and stuck is not None:
            yield int(stage[1]), int(stuck[1]), _with_bit(int(stuck[2]), 1 - int(stuck[3]))
        elif stage is not None and cut is not None:
            value = int(cut[1])
            yield int(stage[1]), value, _with_bit(sum(self._ranges.bits[int(stage[1])][value]) - 1, 1)
        elif stage is not None and (operand := _misread(mutant)) is not None:
            yield int(stage[1]), operand[0], _with_bit(operand[1], 1)
        elif entry is not None:
            yield from self._look_ups(mutant.module, int(entry[1], 16))

    def _look_ups(self, table: str, code: int) -> Iterator[tuple[int, int, Numbers]]:
        """Where a table is looked up, with the number at which it gives an entry; nothing if not all uses are known."""
        use = re.compile(rf"\b{re.escape(table)}\s+\w+\s*\((?:v(\d+),)?")
        found = [(STAGE.fullmatch(name), value) for name, body in self._bodies.items() for value in use.findall(body)]
        known = [(int(stage[1]), int(value)) for stage, value in found if stage is not None and value]
        for number, place in known if len(known) == len(found) else ():
            signed, integer, fractional = self._ranges.bits[number][place]
            width = signed + integer + fractional
            entry = code - (1 << width) if signed and code >> (width - 1) else code
            yield number, place, Numbers(entry, entry)

    def _conditions(self, stage: int, values: Sequence[int]) -> Iterator[str]:
        for value in values:
            signed, integer, fractional = self._ranges.bits[stage][value]
            width = signed + integer + fractional
            least, most = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
            low, high = self._ranges.of(stage, value)
            name = f"$signed(v{value})" if signed else f"$signed({{1'b0, v{value}}})"
            if low > least:
                yield f"({name} >= {low})"
            if high < most:
                yield f"({name} <= {high})"


def _misread(mutant: Mutant) -> tuple[int, int] | None:
    """Number and top bit of the value whose sign a fault mistakes; None of other faults, and of constants."""
    fault, instance = SIGN.match(mutant.what), OPERANDS.search(mutant.text)
    if fault is None or instance is None:
        return None
    ports = instance["ports"].split(",")
    first = 1 if instance["module"] == "mux" else 0  # behind the condition
    operand = SLICE.fullmatch(ports[first + int(fault[1])].strip())
    return None if operand is None else (int(operand[1]), int(operand[2]))


def _with_bit(place: int, bit: int) -> Numbers:
    """All numbers in whose two's complement a bit is 0 or 1."""
    half = 1 << place
    return Numbers(half, 2 * half - 1, 2 * half) if bit else Numbers(0, half - 1, 2 * half)

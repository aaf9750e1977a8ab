"""A copy of a stage that says whether its values lie in the ranges proven of them: what a proof by SAT may assume.

A fault in an entry of a table that no input of the network selects, or in a bit that never changes, is invisible, but a
stage alone does not know which inputs it gets. The copy is never the faulty one, so that what it says holds for both
sides of a comparison.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from codesign.verify.mutation.places import places
from codesign.verify.mutation.sites import Mutant
from codesign.verify.mutation.windows import STAGE
from codesign.verify.ranges import NEVER, Ranges

PORT = r"\[(\d+):0\] model_{}\b"
VALUE = re.compile(r"\bv(\d+)\b")


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

        Whether what follows shows it is another question.

        Returns:
            the word, ``NEVER`` if it is proven that there is none, None if it is not decided.
        """
        words = [self._ranges.word_with(*place) for place in places(mutant, self._bodies, self._ranges)]
        if words and all(word == NEVER for word in words):
            return NEVER
        return next((word for word in words if word not in (None, NEVER)), None)

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

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
from codesign.verify.ranges import Ranges

VALUE = re.compile(r"\bv(\d+)\b")


@dataclass(frozen=True)
class Watch:
    """A module with the input of a stage and one output, ``legal``.

    Attributes:
        name: of the module.
        text: its Verilog.
    """

    name: str
    text: str


class Watcher:
    """Writes watches for the stages of a network."""

    def __init__(self, bodies: Mapping[str, str], ranges: Ranges) -> None:
        """Remember the stages and what is known of them.

        Args:
            bodies: Verilog of every module without a fault, by its name.
            ranges: of the values in the stages.
        """
        self._bodies = bodies
        self._ranges = ranges

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

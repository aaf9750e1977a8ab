"""Proof by SAT that a planted fault changes nothing: the same files read twice, with and without it.

First the module with the fault stands alone, for all its inputs. If it differs there, the whole pipeline of the network
is taken as one combinational function, registers as wires, since operands may never take the values that tell the two
apart, or nothing behind may look at the bits that differ.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codesign.verify.mutation.design import MODULE
from codesign.verify.mutation.sites import SELECT, Mutant
from codesign.verify.sat import Form, prove_equal

REGISTERS = re.compile(r"\bposedge\b")
VERDICTS = {"proven": "equivalent", "different": "different", "not decided": "unproven"}


@dataclass(frozen=True)
class Proof:
    """Whether a fault can be seen.

    Attributes:
        verdict: "equivalent", "different", or "unproven" when neither was found within the time.
        scope: module that was compared last.
    """

    verdict: str
    scope: str


def prove_equivalent(
    sources: Sequence[Path], include_directories: Sequence[Path], mutant: Mutant, folder: Path, timeout_s: int = 60
) -> Proof:
    """Decide whether a fault that was not seen can be seen at all; a fault among registers stays unproven.

    Args:
        sources: files in which it is planted.
        include_directories: folders of included headers.
        mutant: the fault.
        folder: receives scripts and logs.
        timeout_s: limit of each of the two proofs, seconds.

    Raises:
        ToolError: Yosys is missing or does not read the design.
    """
    texts = {path: path.read_text() for path in sources}
    names = {path: MODULE.findall(text) for path, text in texts.items()}
    own = next(path for path in sources if path.name == mutant.file)
    module = names[own][0]
    if REGISTERS.search(texts[own]):
        return Proof("unproven", module)
    used = {path for path in sources if any(_uses(texts[own], name) for name in names[path])}
    users = [names[path][0] for path in sources if _uses(texts[path], module)]
    # A module without registers of its own may contain some; only what it uses directly is read for one that does not.
    leaf = not any(REGISTERS.search(texts[path]) for path in used)
    scopes = [(module, [*used, own], False)] if leaf else [(module, list(sources), True)]
    scopes += [(user, list(sources), True) for user in users[:1]]
    proof = Proof("unproven", module)
    for scope, files, wires in scopes:
        gold, gate = (_read(files, include_directories, number) for number in (0, mutant.number))
        script = folder / f"{scope}_{mutant.number}.ys"
        proof = Proof(VERDICTS[prove_equal(gold, gate, scope, script, wires=wires, timeout_s=timeout_s)], scope)
        if proof.verdict == "equivalent":
            break
    return proof


def _uses(text: str, module: str) -> bool:
    """Whether a text instantiates a module."""
    return re.search(rf"\b{module}\s+(#\(.*?\)\s*)?\w+\s*\(", text) is not None


def _read(sources: Sequence[Path], include_directories: Sequence[Path], number: int) -> Form:
    includes = "".join(f" -I {path.resolve()}" for path in include_directories)
    return Form(
        "\n".join(f"read_verilog -sv -defer -D{SELECT}=32'd{number}{includes} {path.resolve()}" for path in sources)
    )

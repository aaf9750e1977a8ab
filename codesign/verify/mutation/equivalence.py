"""Proof by SAT that a planted fault changes nothing: the same files read twice, with and without it.

First the module with the fault stands alone, for all its inputs. If it differs there, it is taken together with what
uses it, and a stage of the pipeline with the stages around it: operands may never take the values that tell the two
apart, or nothing behind may look at the bits that differ. Last comes the whole pipeline as one combinational function,
registers as wires.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesign.files import write_whole
from codesign.verify.mutation.sites import SELECT, Mutant
from codesign.verify.mutation.windows import windows
from codesign.verify.sat import Form, prove_equal

REGISTERS = re.compile(r"\bposedge\b")
BODY = re.compile(r"^\s*module\s+(\w+).*?^\s*endmodule", re.MULTILINE | re.DOTALL)
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
        timeout_s: limit of each proof, seconds.

    Raises:
        ToolError: Yosys is missing or does not read the design.
    """
    texts = {path: path.read_text() for path in sources}
    proof = Proof("unproven", mutant.module)
    for scope in _scopes(texts, mutant.module, folder):
        gold, gate = (_read(scope.files, include_directories, number) for number in (0, mutant.number))
        script = folder / f"{scope.module}_{mutant.number}.ys"
        found = VERDICTS[prove_equal(gold, gate, scope.module, script, wires=scope.wires, timeout_s=timeout_s)]
        if found == "equivalent":
            return Proof(found, scope.module)
        # A part that differs proves nothing of the whole.
        proof = Proof(found if scope.whole else "unproven", scope.module)
    return proof


@dataclass(frozen=True)
class _Scope:
    """What is compared: a module of some files, with or without registers, part of the pipeline or all of it."""

    module: str
    files: Sequence[Path]
    wires: bool
    whole: bool = False


def _scopes(texts: Mapping[Path, str], module: str, folder: Path) -> Iterator[_Scope]:
    """A module, what uses it up to the first module with registers, and windows where one of these is a stage.

    Where several modules use one, only what uses all of them tells whether its fault can be seen.
    """
    bodies = {body[1]: body[0] for text in texts.values() for body in BODY.finditer(text)}
    files = {body[1]: path for path, text in texts.items() for body in BODY.finditer(text)}
    if REGISTERS.search(bodies[module]):
        return
    used = {files[name] for name in bodies if _uses(bodies[module], name)}
    # A module without registers of its own may contain some; only what it uses directly is read for one that does not.
    leaf = not any(REGISTERS.search(texts[path]) for path in used)
    yield _Scope(module, sorted({*used, files[module]}) if leaf else list(texts), wires=not leaf)
    level = [module]
    while not any(REGISTERS.search(bodies[name]) for name in level):
        users = [name for name in bodies if any(_uses(bodies[name], below) for below in level)]
        if not users:
            return
        if len(users) == 1:
            for window in windows(bodies[users[0]], level[0]) if len(level) == 1 else ():
                path = folder / f"{window.name}.v"
                write_whole(path, window.text)  # other proofs may write the same one
                yield _Scope(window.name, [*texts, path], wires=True)
            whole = REGISTERS.search(bodies[users[0]]) is not None
            yield _Scope(users[0], list(texts), wires=True, whole=whole)
        level = users


def _uses(text: str, module: str) -> bool:
    """Whether a text instantiates a module."""
    return re.search(rf"\b{module}\s+(#\(.*?\)\s*)?\w+\s*\(", text) is not None


def _read(sources: Sequence[Path], include_directories: Sequence[Path], number: int) -> Form:
    includes = "".join(f" -I {path.resolve()}" for path in include_directories)
    return Form(
        "\n".join(f"read_verilog -sv -defer -D{SELECT}=32'd{number}{includes} {path.resolve()}" for path in sources)
    )

"""Proof by SAT that a planted fault changes nothing: the design with and without it.

First the module with the fault stands alone, for all its inputs. If it differs there, it is taken together with what
uses it, and a stage of the pipeline with the stages around it: operands may never take the values that tell the two
apart, or nothing behind may look at the bits that differ. Of these operands it may be known which values they take.
Last comes the whole pipeline as one combinational function, registers as wires.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codesign.files import write_whole
from codesign.verify.mutation.design import MutableDesign
from codesign.verify.mutation.pipeline import lone_bit
from codesign.verify.mutation.sites import SELECT, Mutant
from codesign.verify.mutation.watch import Watcher
from codesign.verify.mutation.windows import windows
from codesign.verify.ranges import NEVER
from codesign.verify.sat import PROOF_S, Form, compare_forms

REGISTERS = re.compile(r"\bposedge\b")
BODY = re.compile(r"^\s*module\s+(\w+).*?^\s*endmodule", re.MULTILINE | re.DOTALL)
READ = re.compile(r"(\w+)\[\d+:0\] = model_inp\[(\d+):(\d+)\];")
PORT = "model_inp"  # of the pipeline
PROGRAMME = "integer programme"  # decides by ranges, without SAT
VERDICTS = {"different": "different", "not decided": "unproven"}


@dataclass(frozen=True)
class Proof:
    """Whether a fault can be seen.

    Attributes:
        verdict: "equivalent", "different", or "unproven" when neither was found within the time.
        scope: module that was compared last, or what else decided.
        met_by: words at the input of the network for which the fault can be seen, or the faulty thing at least is not
            what it should be.
    """

    verdict: str
    scope: str
    met_by: tuple[int, ...] = ()


def prove_equivalent(
    design: MutableDesign,
    include_directories: Sequence[Path],
    mutant: Mutant,
    folder: Path,
    *,
    watcher: Watcher | None = None,
    timeout_s: int = PROOF_S,
) -> Proof:
    """Decide whether a fault that was not seen can be seen at all.

    Of faults among registers only those are proven that bring a lone bit of another event: the bit may be 0 or 1.

    Args:
        design: in which it is planted.
        include_directories: folders of included headers.
        mutant: the fault.
        folder: receives the files with the fault, scripts and logs.
        watcher: knows which values meet the fault; None where nothing is known of them.
        timeout_s: limit of each proof, seconds.

    Raises:
        ToolError: Yosys is missing or does not read the design.
    """
    values = _values_of_bit(design, mutant)
    if values:
        proofs = [
            prove_equivalent(design, include_directories, value, folder, watcher=watcher, timeout_s=timeout_s)
            for value in values
        ]
        visible = [proof for proof in proofs if proof.verdict != "equivalent"]
        return replace(visible[0], verdict="unproven") if visible else proofs[0]
    written = design.write(folder / f"planted_{mutant.number}", frozenset({mutant.number}))
    planted = dict(zip(design.texts, written, strict=True))
    proof = Proof("unproven", mutant.module)
    met_by: tuple[int, ...] = ()
    for scope in _scopes(design.texts, mutant, folder, watcher):
        gold = Form(tuple(scope.files), tuple(include_directories))
        faulty = tuple(planted.get(path, path) for path in scope.files)
        gate = replace(gold, sources=faulty, define=f"{SELECT}=32'd{mutant.number}")
        for module in scope.modules:
            script = folder / f"{module}_{mutant.number}.ys"
            found = compare_forms(gold, gate, module, script, wires=scope.wires, timeout_s=timeout_s)
            if found.verdict != "proven":
                break
        else:
            return Proof("equivalent", ", ".join(scope.modules))
        if scope.modules == (mutant.module,) and watcher is not None:
            word = watcher.word_that_meets(mutant)
            if word == NEVER:
                return Proof("equivalent", PROGRAMME)
            met_by = () if word is None else (word,)
        # A part that differs proves nothing of the whole.
        proof = Proof("unproven", module)
        if scope.whole:
            shown = (found.inputs[PORT],) if PORT in found.inputs else ()
            proof = Proof(VERDICTS[found.verdict], module, (*shown, *met_by))
    return proof


def _values_of_bit(design: MutableDesign, mutant: Mutant) -> tuple[Mutant, ...]:
    """The two faults that hold a lone bit at 0 and at 1, for a fault that brings it from another event; else none."""
    place = lone_bit(mutant)
    if place is None:
        return ()
    stage, bit = place
    body = bodies_of(design.texts.values())[stage]
    readers = [name for name, high, low in READ.findall(body) if int(low) <= bit <= int(high)]
    names = tuple(f"{readers[0]}[0] stuck at {value}" for value in (0, 1)) if len(readers) == 1 else ()
    held = tuple(one for one in design.mutants if one.module == stage and one.what in names)
    return held if len(held) == 2 else ()


@dataclass(frozen=True)
class _Scope:
    """What is compared: modules of some files, with or without registers, parts of the pipeline or all of it.

    Nothing changes if each of the modules is equal with and without the fault.
    """

    modules: tuple[str, ...]
    files: Sequence[Path]
    wires: bool
    whole: bool = False


def _scopes(texts: Mapping[Path, str], mutant: Mutant, folder: Path, watcher: Watcher | None) -> Iterator[_Scope]:
    """A module, what uses it up to the first module with registers, and windows where one of these is a stage.

    Where several modules use one, only what uses all of them tells whether its fault can be seen, unless none of them
    sees it.
    """
    module = mutant.module
    bodies = bodies_of(texts.values())
    files = {body[1]: path for path, text in texts.items() for body in BODY.finditer(text)}
    if REGISTERS.search(bodies[module]):
        return
    used = {files[name] for name in bodies if _uses(bodies[module], name)}
    # A module without registers of its own may contain some; only what it uses directly is read for one that does not.
    leaf = not any(REGISTERS.search(texts[path]) for path in used)
    yield _Scope((module,), sorted({*used, files[module]}) if leaf else list(texts), wires=not leaf)
    level = [module]
    while not any(REGISTERS.search(bodies[name]) for name in level):
        users = [name for name in bodies if any(_uses(bodies[name], below) for below in level)]
        if not users:
            return
        if len(users) == 1:
            yield from _stage_scopes(texts, bodies[users[0]], level, mutant, folder, watcher)
            whole = REGISTERS.search(bodies[users[0]]) is not None
            fed = watcher.fed(users[0]) if watcher is not None and whole else None
            more = [] if fed is None else [_written(folder / f"{fed.name}.v", fed.text)]
            yield _Scope((users[0] if fed is None else fed.name,), [*texts, *more], wires=True, whole=whole)
        level = users


def _stage_scopes(
    texts: Mapping[Path, str],
    network: str,
    stages: Sequence[str],
    mutant: Mutant,
    folder: Path,
    watcher: Watcher | None,
) -> Iterator[_Scope]:
    """Stages that see a fault, given what is known of their values: one with others around it, several each alone."""
    watches = [None if watcher is None else watcher.watch(stage, mutant) for stage in stages]
    known = [_written(folder / f"{watch.name}.v", watch.text) for watch in watches if watch is not None]
    if len(stages) > 1 and len(known) < len(stages):
        return
    found = [
        list(windows(network, stage, None if watch is None else watch.name))
        for stage, watch in zip(stages, watches, strict=True)
    ]
    if not all(found):
        return
    for chosen in [[window] for window in found[0]] if len(stages) == 1 else [[some[0] for some in found]]:
        files = [_written(folder / f"{window.name}.v", window.text) for window in chosen]
        yield _Scope(tuple(window.name for window in chosen), [*texts, *known, *files], wires=True)


def _written(path: Path, text: str) -> Path:
    write_whole(path, text)  # other proofs may write the same one
    return path


def bodies_of(texts: Iterable[str]) -> dict[str, str]:
    """Verilog of every module in some texts, by its name."""
    return {body[1]: body[0] for text in texts for body in BODY.finditer(text)}


def _uses(text: str, module: str) -> bool:
    """Whether a text instantiates a module."""
    return re.search(rf"\b{module}\s+(#\(.*?\)\s*)?\w+\s*\(", text) is not None

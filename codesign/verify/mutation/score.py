"""The mutation score: how many planted faults the recorded bench finds, and why it does not find the others."""

import dataclasses
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from codesign.errors import ToolError
from codesign.progress import Progress, silent
from codesign.tools import available_cores
from codesign.verify.cosim import Design
from codesign.verify.mutation.design import MutableDesign
from codesign.verify.mutation.equivalence import bodies_of, prove_equivalent
from codesign.verify.mutation.hunt import Hunter
from codesign.verify.mutation.sites import Mutant
from codesign.verify.mutation.watch import Watcher
from codesign.verify.player import Player, build_player
from codesign.verify.ranges import Ranges
from codesign.verify.sat import PROOF_S
from codesign.verify.trace import Ports

SHOWN = "simulation"  # of an input that was searched
TARGET = 0.99  # share of the faults not proven to change nothing which must be found


@dataclass(frozen=True)
class KindScore:
    """Faults of one kind.

    Attributes:
        planted: faults that were tried.
        killed: faults at which an output differed from what was due.
        equivalent: faults proven to change nothing.
    """

    planted: int
    killed: int
    equivalent: int


@dataclass(frozen=True)
class Survivor:
    """A planted fault that no vector showed.

    Attributes:
        number: selects it.
        kind: group.
        what: the difference in words.
        place: file and line.
        text: the line without the fault.
        verdict: "equivalent", "different" (the vectors have a hole) or "unproven".
        scope: module that was compared by SAT, or what else decided.
        shown_by: a vector, like those of the verification, that shows it; empty where none was found.
    """

    number: int
    kind: str
    what: str
    place: str
    text: str
    verdict: str
    scope: str
    shown_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class MutationResult:
    """What the regression finds.

    Attributes:
        faults: faults that can be planted in the sources.
        planted: faults chosen and tried.
        killed: faults at which an output differed from what was due.
        equivalent: faults proven to change nothing.
        score: killed faults among those not proven equivalent.
        kinds: the same numbers by kind of fault.
        survivors: every fault that was not killed.
        clocks: clocks of the recorded bench, until the first difference.
        seed: seed of the choice.
        build_s: seconds the build of the design with all faults took; 0 when it stood there already.
        seconds_per_mutant: mean time of one fault's run.
        proofs_s: seconds the proofs took.
    """

    faults: int
    planted: int
    killed: int
    equivalent: int
    score: float
    kinds: Mapping[str, KindScore]
    survivors: tuple[Survivor, ...]
    clocks: int
    seed: int
    build_s: float
    seconds_per_mutant: float
    proofs_s: float

    @property
    def fault(self) -> str:
        """Why the score is not enough; empty when it is."""
        if self.score >= TARGET:
            return ""
        missed = self.planted - self.killed - self.equivalent
        return f"mutation score {self.score:.2%}, expected {TARGET:.0%}: {missed} planted faults were not found"


@dataclass(frozen=True)
class Knowledge:
    """What helps to decide about faults that the recorded bench does not find.

    Attributes:
        ranges: of the values in the stages of the network; None where nothing is known of them.
        legal: what always holds of the input of the network, as Verilog.
        hunter: looks for vectors that show a fault; None: nobody does.
        proof_s: limit of each proof, seconds.
    """

    ranges: Ranges | None = None
    legal: Sequence[str] = ()
    hunter: Hunter | None = None
    proof_s: int = PROOF_S


NOTHING_KNOWN = Knowledge()


def mutation_score(
    design: Design,
    ports: Ports,
    trace: Path,
    clocks: int,
    folder: Path,
    *,
    count: int,
    seed: int,
    known: Knowledge = NOTHING_KNOWN,
    progress: Progress = silent,
) -> MutationResult:
    """Plant faults, play the recorded bench against each, and prove what was not found.

    Args:
        design: Verilog with the ports of ``trigger_algorithm``.
        ports: widths of its words.
        trace: the recorded bench.
        clocks: its length.
        folder: receives the changed sources, the build and the proofs.
        count: faults to plant; all when there are no more.
        seed: seed of the choice among all.
        known: helps to decide about the others.
        progress: called with (what, done, total).

    Raises:
        ToolError: a tool is missing, or the design with faults does not compile.
    """
    mutable = MutableDesign.read(design.sources)
    numbers = range(1, len(mutable.mutants) + 1)
    chosen = sorted(random.Random(seed).sample(numbers, min(count, len(numbers))))
    progress(f"compiling {len(chosen)} planted faults", 0, 3)
    planted = dataclasses.replace(design, sources=mutable.write(folder / "planted", frozenset(chosen)))
    player = build_player(planted, ports, folder / "player")
    _require_sound(player.play(trace, [0]))
    progress(f"playing {clocks} clocks against {len(chosen)} planted faults", 1, 3)
    started = time.monotonic()
    found = player.play(trace, chosen)
    played_s = time.monotonic() - started
    started = time.monotonic()
    alive = [mutable.mutants[number - 1] for number in chosen if found[number] is None]
    survivors = _prove(alive, _Prover.of(mutable, design, folder, known, player), progress)
    progress("planted faults", 3, 3)
    tried = [mutable.mutants[number - 1] for number in chosen]
    kinds = _kinds(tried, survivors)
    killed, equivalent = (sum(getattr(kind, name) for kind in kinds.values()) for name in ("killed", "equivalent"))
    return MutationResult(
        faults=len(mutable.mutants),
        planted=len(chosen),
        killed=killed,
        equivalent=equivalent,
        score=killed / max(1, len(chosen) - equivalent),
        kinds=kinds,
        survivors=survivors,
        clocks=clocks,
        seed=seed,
        build_s=player.build_s,
        seconds_per_mutant=played_s / max(1, len(chosen)),
        proofs_s=time.monotonic() - started,
    )


def _require_sound(found: Mapping[int, int | None]) -> None:
    """Refuse a recording that the design without a fault does not reproduce: every fault would seem found.

    Raises:
        ToolError: an output differs.
    """
    if found[0] is not None:
        raise ToolError(
            f"the recorded bench differs from the design without a fault at clock {found[0]}: repeat the verification"
        )


@dataclass(frozen=True)
class _Prover:
    """Decides whether faults that were not found can be seen."""

    mutable: MutableDesign
    include_directories: Sequence[Path]
    folder: Path
    watcher: Watcher | None
    known: Knowledge
    player: Player

    @classmethod
    def of(cls, mutable: MutableDesign, design: Design, folder: Path, known: Knowledge, player: Player) -> "_Prover":
        bodies = bodies_of(mutable.texts.values())
        watcher = None if known.ranges is None else Watcher(bodies, known.ranges, known.legal)
        return cls(mutable, design.include_directories, folder / "proofs", watcher, known, player)

    def survivor(self, mutant: Mutant) -> Survivor:
        """Prove that a fault changes nothing, or look for an input that shows it."""
        proof = prove_equivalent(
            self.mutable,
            self.include_directories,
            mutant,
            self.folder,
            watcher=self.watcher,
            timeout_s=self.known.proof_s,
        )
        verdict, scope = proof.verdict, proof.scope
        shown: tuple[int, ...] = ()
        if self.known.hunter is not None and verdict != "equivalent":
            shown = self.known.hunter.showing(self.player, mutant.number, proof.met_by, self.folder)
        if shown:
            verdict, scope = "different", SHOWN
        place = f"{mutant.file}:{mutant.line}"
        return Survivor(mutant.number, mutant.kind, mutant.what, place, mutant.text, verdict, scope, shown)


def _prove(alive: Sequence[Mutant], prover: _Prover, progress: Progress) -> tuple[Survivor, ...]:
    """Try to prove of each fault that it changes nothing, on all cores: a proof is a process of its own."""
    what = "proving what the vectors did not find"
    survivors: list[Survivor] = []
    with ThreadPoolExecutor(max_workers=available_cores()) as pool:
        for found in pool.map(prover.survivor, alive):
            progress(what, len(survivors), len(alive))
            survivors.append(found)
    return tuple(survivors)


def _kinds(tried: Sequence[Mutant], survivors: Sequence[Survivor]) -> dict[str, KindScore]:
    table = {}
    for kind in sorted({mutant.kind for mutant in tried}):
        planted = sum(mutant.kind == kind for mutant in tried)
        alive = [survivor for survivor in survivors if survivor.kind == kind]
        equivalent = sum(survivor.verdict == "equivalent" for survivor in alive)
        table[kind] = KindScore(planted, planted - len(alive), equivalent)
    return table

"""A search for inputs that show a planted fault, around one that meets it.

For an input that meets a fault, say by selecting the wrong entry of a table, what follows may hide the difference. Many
inputs near to it are played against the fault, and what is seen there needs no other proof.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesign.verify.cosim import Stimulus
from codesign.verify.player import Player
from codesign.verify.reach import Source
from codesign.verify.trace import RESET_CLOCKS, Clock, Ports, Recording, write_trace

CANDIDATES = 4096
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Hunter:
    """Makes inputs near to one that meets a fault.

    Attributes:
        source: of the inputs.
        vectors_of: vectors of the source, shape (n, numbers), n may be 0, for a word at the input of the network.
        stimulus: the words of vectors, and what the design is due to answer.
        seed: the same seed finds the same inputs.
    """

    source: Source
    vectors_of: Callable[[int], Integers]
    stimulus: Callable[[Integers], Stimulus]
    seed: int

    def candidates(self, words: Sequence[int]) -> Integers:
        """Vectors that give the words, and others with some of their numbers changed, shape (n, numbers)."""
        random = np.random.default_rng(self.seed)
        given = [vectors for word in words if len(vectors := self.vectors_of(word))]
        if not given:
            return np.empty((0, len(self.source.low)), np.int64)
        parents = np.concatenate(given)
        children = parents[random.integers(0, len(parents), CANDIDATES - len(parents))]
        return np.concatenate([parents, self.source.changed(children, random)])

    def showing(self, player: Player, number: int, words: Sequence[int], folder: Path) -> tuple[int, ...]:
        """The first of the candidates for which an output differs from what is due; empty if there is none.

        Args:
            player: the design with the fault.
            number: of the fault.
            words: inputs of the network that meet it.
            folder: receives the clocks.
        """
        vectors = self.candidates(words)
        if not len(vectors):
            return ()
        stimulus = self.stimulus(vectors)
        ports, latency = Ports(stimulus.input_bits, stimulus.output_bits), stimulus.latency_cycles
        idle = [None] * latency
        pairs = zip([*stimulus.inputs, *idle], [*idle, *stimulus.responses], strict=True)
        clocks = [Clock(reset=False, valid=word is not None, word=word, due=due) for word, due in pairs]
        folder.mkdir(parents=True, exist_ok=True)
        trace = folder / f"hunt_{number}.bin"
        write_trace(trace, [Recording("hunt", clocks)], ports, latency)
        clock = player.play(trace, [number])[number]
        trace.unlink()
        if clock is None:
            return ()
        return tuple(int(entry) for entry in vectors[clock - (RESET_CLOCKS + latency + 2) - latency])

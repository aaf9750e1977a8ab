"""What goes into and comes out of a bench: the files in the folder that ``CODESIGN_BENCH_DIR`` names."""

import json
import os
import random
from pathlib import Path

from bench_player import Cycle


class Bench:
    """The promises and vectors of one test.

    Attributes:
        test: name of the test.
        seed: seed of all random choices.
        random: generator of this test; depends on the seed and the test's name only, not on the tests before it.
        input_bits: width of in_data.
        latency_cycles: promised latency.
        settings: what is known of the decision; empty for a design that gives scores only.
        responses: expected output words as binary text, the way the simulator shows them.
    """

    def __init__(self, folder, test):
        promises = json.loads((folder / "bench.json").read_text())
        self.folder = folder
        self.test = test
        self.seed = promises["seed"]
        self.random = random.Random(f"{self.seed}/{test}")
        self.input_bits = promises["input_bits"]
        self.latency_cycles = promises["latency_cycles"]
        self.settings = promises.get("settings", {})
        self.stimuli = read_words(folder / "stimulus.hex", self.input_bits)
        self.responses = read_words(folder / "response.hex", promises["output_bits"])
        if len(self.stimuli) != len(self.responses) or not self.stimuli:
            raise ValueError(f"{folder}: {len(self.stimuli)} stimuli for {len(self.responses)} responses")

    def __len__(self):
        return len(self.stimuli)

    def event(self, index):
        """Clock that carries vector ``index``."""
        return Cycle(valid=1, word=self.stimuli[index], response=self.responses[index])

    def some_events(self, count):
        """``count`` random events, one per clock."""
        return [self.event(self.random.randrange(len(self))) for _ in range(count)]

    def garbage(self):
        """Clock without an event while the data lines hold anything."""
        return Cycle(valid=0, word=f"{self.random.getrandbits(self.input_bits):0{self.input_bits}b}")

    def write_found(self, words):
        """Write the output words (binary text) of ``back_to_back``; a word with unknown bits becomes ``x``."""
        lines = ["x" if set(word) - {"0", "1"} else f"{int(word, 2):x}" for word in words]
        (self.folder / "found.hex").write_text("".join(f"{line}\n" for line in lines))

    def record_clocks(self, cycles, outputs):
        """Write what this test applied and what was due: per clock reset, in_valid, in_data, output word or ``-``."""
        lines = [
            f"{cycle.reset} {cycle.valid} {hexadecimal(cycle.word, 'x')} {hexadecimal(output, '-')}"
            for cycle, output in zip(cycles, outputs, strict=True)
        ]
        (self.folder / f"clocks_{self.test}.txt").write_text("".join(f"{line}\n" for line in lines))

    def record(self, **measured):
        """Add what this test measured to ``measured.json``."""
        path = self.folder / "measured.json"
        known = json.loads(path.read_text()) if path.is_file() else {}
        path.write_text(json.dumps({**known, self.test: measured}, indent=2) + "\n")


def load_bench(dut, test):
    """Read the bench folder and say which seed the test uses."""
    bench = Bench(Path(os.environ["CODESIGN_BENCH_DIR"]), test)
    dut._log.info("%s: seed %s, %d vectors, promised latency %d", test, bench.seed, len(bench), bench.latency_cycles)
    return bench


def hexadecimal(word, nothing):
    """Binary text as hexadecimal; ``nothing`` for None."""
    return nothing if word is None else f"{int(word, 2):x}"


def read_words(path, bits):
    """Words of a file with one hexadecimal number per line, as binary text of ``bits`` digits."""
    words = [f"{int(line, 16):0{bits}b}" for line in path.read_text().split()]
    wide = [index for index, word in enumerate(words) if len(word) > bits]
    if wide:
        raise ValueError(f"{path}: word {wide[0]} has more than {bits} bits")
    return words

"""What the benches of designs with a decision share: vectors, scores, golden model, registers by name."""

from bench_io import load_bench

from codesign.verify.decision_model import DecisionModel, DecisionSettings, discriminant
from codesign.verify.words import unpack_words


class DecisionBench:
    """The bench of one test on a design with a decision: vectors with their scores, golden model, registers by name.

    Attributes:
        bench: vectors and promises.
        settings: settings of the decision.
        model: the golden model, in the state of the design.
        scores: class scores of every vector.
        played: events that went through the design.
    """

    def __init__(self, dut, test):
        self.dut = dut
        self.bench = load_bench(dut, test)
        self.random = self.bench.random
        settings = dict(self.bench.settings)
        signed = settings.pop("score_signed")
        self.settings = DecisionSettings.from_record(settings)
        self.model = DecisionModel(self.settings)
        words = [int(word, 2) for word in self.bench.responses]
        rows = unpack_words(words, [self.settings.score_bits] * self.settings.classes, signed)
        self.scores = [tuple(map(int, row)) for row in rows]
        self.played = 0

    @property
    def points(self):
        """Number of working points."""
        return len(self.settings.points)

    def discriminant(self, vector, point):
        """What a working point compares with its threshold."""
        return discriminant(self.scores[vector], self.settings.points[point].class_index)

    def median(self, point):
        """Threshold that lets through about half of the vectors."""
        values = sorted(self.discriminant(vector, point) for vector in range(len(self.scores)))
        return values[len(values) // 2]

    def word(self, scores):
        """Scores as the number that the output word is."""
        mask, bits = (1 << self.settings.score_bits) - 1, self.settings.score_bits
        return sum((score & mask) << (bits * place) for place, score in enumerate(scores))

    def record(self, **measured):
        """Write down how many events were played, and what else was measured."""
        self.bench.record(vectors=self.played, **measured)

"""The record of a verification."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codesign.verify.compare import Comparison
from codesign.verify.coverage import Coverage
from codesign.verify.mutation.score import MutationResult
from codesign.verify.proofs import FormalCheck


@dataclass(frozen=True)
class BenchOutcome:
    """One test of the bench in one simulator.

    Attributes:
        simulator: name of the simulator.
        version: its version.
        test: name of the test.
        passed: it ran to its end and every check held.
        message: why it failed; empty when it passed.
        vectors: events it sent through the design.
        top: module that was tested.
    """

    simulator: str
    version: str
    test: str
    passed: bool
    message: str
    vectors: int
    top: str

    def __str__(self) -> str:
        verdict = f"{self.vectors} events passed" if self.passed else f"failed: {self.message}"
        return f"{self.top}: {self.test} ({self.simulator} {self.version}): {verdict}"


@dataclass(frozen=True)
class VerifyResult:
    """What was proven about a firmware.

    Attributes:
        passed: every comparison and every bench test passed, and the measured timing is the promised one.
        vectors: test vectors through every implementation.
        categories: vectors per category of stimulus.
        comparisons: every implementation against the trained model.
        benches: every test of the bench in every simulator that ran.
        latency_cycles_promised: latency the firmware states, clocks.
        latency_cycles_measured: latency seen in simulation, clocks; None when no response was seen.
        initiation_interval_measured: clocks per event seen in simulation; None when it could not be seen.
        seed: seed of the bench's random choices.
        vectors_per_second: events per second in the long RTL run.
        build_s: seconds the builds of the simulation took; 0 when they stood there already.
        fault: the first failure in one line; empty when all passed.
        coverage: what the vectors and the bench exercised; None when the RTL was not simulated to the end.
        speeds: events per second by implementation, of the simulations of the full verification.
        mutation: planted faults; None in a quick verification.
        formal: proofs of the full verification.
        float32_rounded: scores of the trained network that float32 cannot hold; each is the number nearest to the
            integer model's.
    """

    passed: bool
    vectors: int
    categories: Mapping[str, int]
    comparisons: tuple[Comparison, ...]
    benches: tuple[BenchOutcome, ...]
    latency_cycles_promised: int
    latency_cycles_measured: int | None
    initiation_interval_measured: int | None
    seed: int
    vectors_per_second: float
    build_s: float
    fault: str
    coverage: Coverage | None = None
    speeds: Mapping[str, float] = field(default_factory=dict)
    mutation: MutationResult | None = None
    formal: tuple[FormalCheck, ...] = ()
    float32_rounded: int = 0

    def __str__(self) -> str:
        lines = [str(part) for part in (*self.comparisons, *self.benches)]
        lines.append(
            f"latency {self.latency_cycles_measured} cycles (promised {self.latency_cycles_promised}), "
            f"initiation interval {self.initiation_interval_measured}"
        )
        lines.append("verified" if self.passed else f"NOT verified: {self.fault}")
        return "\n".join(lines)

"""The sections of a configuration that describe the firmware, the decision behind the network, and the proof."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from codesign.config_hls import HlsBackendName, HlsLayerSection, Strategy
from codesign.config_source import SourceSection
from codesign.sections import Section

MAX_POINTS = 16  # the trigger bits of a stream's first word
MAX_PRESCALE = 2**24 - 1


class WorkingPointSection(Section):
    """One working point; exactly one of threshold, fpr and rate_khz. All but the class can be changed at run time.

    Attributes:
        class_name: "class" in the file: the class that it selects; not for an anomaly detector.
        threshold: smallest value that passes, in counts of the score: of the anomaly score, or of the score of the
            class minus the largest of the other scores.
        fpr: the threshold is the one that lets through at most this fraction of the test split's background.
        rate_khz: the same for a trigger rate; only where every background row stands for one bunch crossing.
        prescale: one of so many events that pass triggers; 0 none.
    """

    class_name: Annotated[str | None, Field(alias="class")] = None
    threshold: int | None = None
    fpr: Annotated[float, Field(gt=0, lt=1)] | None = None
    rate_khz: Annotated[float, Field(gt=0)] | None = None
    prescale: Annotated[int, Field(ge=0, le=MAX_PRESCALE)] = 1

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if sum(value is not None for value in (self.threshold, self.fpr, self.rate_khz)) != 1:
            raise ValueError("exactly one of threshold, fpr and rate_khz")
        return self


PointName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class DecisionSection(Section):
    """Working points, prescales and counters behind the network.

    Attributes:
        working_points: by name, in the order of the trigger bits; absent: the background efficiencies of the evaluation
            for an anomaly detector, and for a classifier every class at 1 % of the others.
        tmr: every register of the decision three times, with a majority vote and a counter of upsets.
    """

    working_points: Annotated[dict[PointName, WorkingPointSection], Field(max_length=MAX_POINTS)] = Field(
        default_factory=dict
    )
    tmr: bool = False


class FirmwareSection(Section):
    """The firmware to generate.

    Attributes:
        board: board whose part and clock are the target (`codesign boards`), or the path of a TOML file of one.
        clock_mhz: clock of the algorithm; the board's own when absent.
        latency_cutoff: combinational adder levels between two registers; smaller = faster clock, more cycles.
        hls_backend: hls4ml back end (`codesign.firmware.hls_backends`).
        hls_io: "io_parallel" (the whole event at once) or "io_stream" (value by value through FIFOs).
        strategy: hls4ml's way to build the layers.
        reuse_factor: hls4ml reuse factor.
        interface: "scores" (network only), "l1_algo" (parallel ports at the algorithm clock, with the decision, bunch
            crossing numbers and registers) or "axi_stream" (the same behind AXI4-Stream and AXI4-Lite).
        decision: the decision behind the network, of the last two.
        weights: "hard-wired", or "registers": beside the hard-wired firmware one whose weights can be written.
        multipliers: with weights in registers: of DSP slices or of LUTs.
        layers: strategy and reuse factor of single layers, by name.
        source: words on the links from which firmware makes the network's inputs (`codesign.unpacking`).
    """

    board: str = "serenity-vu13p"
    clock_mhz: Annotated[float, Field(gt=0)] | None = None
    latency_cutoff: Annotated[float, Field(ge=0.5)] = 2.0
    hls_backend: HlsBackendName = "Vitis"
    hls_io: Literal["io_parallel", "io_stream"] = "io_parallel"
    strategy: Strategy = "latency"
    reuse_factor: Annotated[int, Field(ge=1)] = 1
    interface: Literal["scores", "l1_algo", "axi_stream"] = "scores"
    decision: DecisionSection = DecisionSection()
    weights: Literal["hard-wired", "registers"] = "hard-wired"
    multipliers: Literal["dsp", "lut"] = "dsp"
    layers: dict[str, HlsLayerSection] = Field(default_factory=dict)
    source: SourceSection = SourceSection()


class VerificationSection(Section):
    """The proof.

    Attributes:
        vectors: number of input vectors through every implementation, at least 100.
        simulator: simulator for the long run.
        x_vectors: vectors of the additional four-state run in Icarus Verilog (X propagation).
        full: also the VHDL, the synthesised netlist, planted faults and proofs, which take minutes.
        mutants: faults planted in the full verification, drawn at random; what is not found takes a proof of seconds to
            minutes each.
        proof_seconds: processor time of the solver for each proof of the full verification; what takes longer is
            reported as not decided.
    """

    vectors: Annotated[int, Field(ge=100)] = 12_000
    simulator: Literal["verilator", "icarus"] = "verilator"
    x_vectors: Annotated[int, Field(ge=10)] = 60
    full: bool = False
    mutants: Annotated[int, Field(ge=1)] = 400
    proof_seconds: Annotated[int, Field(ge=1)] = 120

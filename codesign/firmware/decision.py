"""The trigger decision behind the network: working points, bunch crossings and registers around the scores."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from codesign.assets import asset
from codesign.config_firmware import WorkingPointSection
from codesign.errors import ConfigError, FirmwareError
from codesign.firmware.ports import Port
from codesign.firmware.registers import Register, register_map
from codesign.fixed_point import FixedPoint

ORBIT = 3564  # bunch crossings, LHC Design Report, CERN-2004-003-V-1
PRESCALE_BITS, COUNTER_BITS = 24, 32
LARGEST_SCORE = 30  # bits; a threshold has one more, and a register 32
LARGEST_CLASSES = 255
CLOCK_TOLERANCE = 0.02  # of a multiple of the bunch clock: 360 MHz stands for 9 × 40.0789 MHz

# What stands around the scores, with the clocks it adds and the port of its clock.
INTERFACES: dict[str, tuple[str, int, str]] = {
    "l1_algo": ("l1_algo", 0, "clk"),
    "axi_stream": ("axi_stream_algo", 1, "aclk"),
}
_DECISION = (
    "voted_register.v",
    "delay_line.v",
    "saturating_counter.v",
    "orbit_counter.v",
    "score_ranking.v",
    "working_point.v",
    "trigger_decision.v",
    "trigger_registers.v",
    "l1_algo.v",
)
SOURCES: dict[str, tuple[str, ...]] = {
    "l1_algo": _DECISION,
    "axi_stream": (*_DECISION, "axi_lite_slave.v", "axi_stream_algo.v"),
}


@dataclass(frozen=True)
class NetworkIdentity:
    """The network that decides.

    Attributes:
        identity: 32 bits of the digest of all that it computes.
        latency_cycles: latency of ``trigger_algorithm``.
    """

    identity: int
    latency_cycles: int


@dataclass(frozen=True)
class DecisionRequest:
    """What is asked for.

    Attributes:
        interface: a key of ``INTERFACES``.
        working_points: in the order of the trigger bits.
        values: threshold of the points that ask for an efficiency or a rate, in units of the score.
        tmr: every register of the decision three times.
    """

    interface: str
    working_points: Mapping[str, WorkingPointSection]
    values: Mapping[str, float]
    tmr: bool


@dataclass(frozen=True)
class WorkingPoint:
    """One working point as it stands after a reset.

    Attributes:
        name: its name.
        class_index: class whose score is judged, position among the scores.
        threshold: smallest value that passes, counts of the score.
        prescale: one of so many events that pass triggers; 0 none.
    """

    name: str
    class_index: int
    threshold: int
    prescale: int


@dataclass(frozen=True)
class Decision:
    """The decision that was generated.

    Attributes:
        interface: a key of ``INTERFACES``.
        working_points: in the order of the trigger bits.
        registers: the register map.
        network_latency_cycles: latency of the network alone (``trigger_algorithm``).
        decision_latency_cycles: latency of ``l1_algo``, from in_valid to out_valid.
        clocks_per_bx: clocks of one bunch crossing; None where every event is a crossing.
        orbit: crossings of one orbit.
        prescale_bits: width of a prescale.
        counter_bits: width of a counter.
        tmr: the registers stand there three times.
        network_id: says which network this is, 32 bits.
    """

    interface: str
    working_points: tuple[WorkingPoint, ...]
    registers: tuple[Register, ...]
    network_latency_cycles: int
    decision_latency_cycles: int
    clocks_per_bx: int | None
    orbit: int
    prescale_bits: int
    counter_bits: int
    tmr: bool
    network_id: int

    @property
    def top(self) -> str:
        """Top module."""
        return INTERFACES[self.interface][0]

    @property
    def clock_port(self) -> str:
        """Its clock."""
        return INTERFACES[self.interface][2]

    @property
    def latency_cycles(self) -> int:
        """Latency of the top module, without back-pressure."""
        return self.decision_latency_cycles + INTERFACES[self.interface][1]


def resolve_points(request: DecisionRequest, names: Sequence[str], fmt: FixedPoint) -> tuple[WorkingPoint, ...]:
    """Working points with integers: a threshold in units of the score becomes the smallest count at or above it.

    Args:
        request: the points asked for.
        names: scores in the order of the output word.
        fmt: their format.

    Raises:
        ConfigError: a threshold that the register cannot hold.
    """
    low, high = -(1 << fmt.width), (1 << fmt.width) - 1
    points = []
    for name, point in request.working_points.items():
        threshold = point.threshold
        if threshold is None:
            threshold = math.ceil(Fraction(request.values[name]) / Fraction(fmt.lsb))
        if not low <= threshold <= high:
            raise ConfigError(
                f"firmware.decision.working_points.{name}: expected a threshold from {low} to {high} for scores "
                f"{fmt}, found {threshold}"
            )
        index = 0 if point.class_name is None else list(names).index(point.class_name)
        points.append(WorkingPoint(name, index, threshold, point.prescale))
    return tuple(points)


def clocks_per_crossing(clock_mhz: float, bunch_clock_mhz: float) -> int:
    """Algorithm clocks of one bunch crossing.

    Raises:
        ConfigError: the clock is no multiple of the bunch clock.
    """
    clocks = max(round(clock_mhz / bunch_clock_mhz), 1)
    if not math.isclose(clock_mhz, clocks * bunch_clock_mhz, rel_tol=CLOCK_TOLERANCE) or clocks > 256:
        raise ConfigError(
            f"firmware.interface = 'l1_algo' counts bunch crossings: expected a clock of a multiple of "
            f"{bunch_clock_mhz} MHz, found {clock_mhz:g} MHz; set firmware.clock_mhz = {clocks * bunch_clock_mhz:g}, "
            "or take interface 'axi_stream'"
        )
    return clocks


def decision_cycles(classes: int) -> int:
    """Clocks from the scores to the trigger bits: a tournament of the scores, difference, comparison, prescale."""
    return (classes - 1).bit_length() + 3


def cycles_around(interface: str, classes: int) -> int:
    """Clocks that an interface adds to the latency of the network; none for "scores"."""
    return decision_cycles(classes) + INTERFACES[interface][1] if interface in INTERFACES else 0


def write_decision(
    path: Path,
    request: DecisionRequest,
    outputs: Port,
    score_format: FixedPoint,
    network: NetworkIdentity,
    clocks_per_bx: int | None,
) -> tuple[Decision, tuple[Path, ...]]:
    """Write the Verilog around ``trigger_algorithm`` into its folder.

    Args:
        path: the wrapper's directory.
        request: what is asked for.
        outputs: the scores of the network.
        score_format: their format.
        network: which network it is.
        clocks_per_bx: clocks of a bunch crossing; None where every event is one.

    Returns:
        The record, and the sources in reading order, the top module last.

    Raises:
        ConfigError: a threshold that the register cannot hold.
        FirmwareError: scores too wide for a register, or too many of them.
    """
    classes, bits = len(outputs.fields), score_format.width
    if bits > LARGEST_SCORE or classes > LARGEST_CLASSES:
        raise FirmwareError(
            f"interface {request.interface!r}: expected at most {LARGEST_CLASSES} scores of {LARGEST_SCORE} bits, "
            f"found {classes} of {bits}"
        )
    points = resolve_points(request, [field.name for field in outputs.fields], score_format)
    latency = network.latency_cycles + decision_cycles(classes)
    features = len(points) | classes << 8 | bits << 16 | int(request.tmr) << 24
    constants = {"network_id": network.identity, "features": features, "latency": latency}
    decision = Decision(
        interface=request.interface,
        working_points=points,
        registers=register_map([(p.name, p.threshold, p.prescale) for p in points], constants),
        network_latency_cycles=network.latency_cycles,
        decision_latency_cycles=latency,
        clocks_per_bx=clocks_per_bx,
        orbit=ORBIT,
        prescale_bits=PRESCALE_BITS,
        counter_bits=COUNTER_BITS,
        tmr=request.tmr,
        network_id=network.identity,
    )
    (path / "decision_parameters.vh").write_text(_parameters(decision, outputs))
    names = SOURCES[request.interface]
    for name in names:
        shutil.copyfile(asset("firmware_templates") / name, path / name)
    return decision, tuple(path / name for name in names)


def _parameters(decision: Decision, outputs: Port) -> str:
    """The header that the static top modules include; the first working point in the least significant bits."""
    points, classes, score = decision.working_points, len(outputs.fields), outputs.fields[0]
    thresholds = ", ".join(f"32'h{point.threshold & 0xFFFFFFFF:08x}" for point in reversed(points))
    prescales = ", ".join(f"32'd{point.prescale}" for point in reversed(points))
    indices = ", ".join(f"8'd{point.class_index}" for point in reversed(points))
    return (
        f"// Generated by codesign: working points {', '.join(point.name for point in points)}.\n"
        f"parameter POINTS = {len(points)},\n"
        f"parameter CLASSES = {classes},\n"
        f"parameter SCORE_BITS = {score.width},\n"
        f"parameter SCORE_SIGNED = {int(score.signed)},\n"
        f"parameter CLASS_BITS = {max(1, (classes - 1).bit_length())},\n"
        f"parameter [8*{len(points)}-1:0] POINT_CLASS = {{{indices}}},\n"
        f"parameter [32*{len(points)}-1:0] INITIAL_THRESHOLD = {{{thresholds}}},\n"
        f"parameter [32*{len(points)}-1:0] INITIAL_PRESCALE = {{{prescales}}},\n"
        f"parameter [31:0] NETWORK_ID = 32'h{decision.network_id:08x},\n"
        f"parameter CLOCKS_PER_BX = {decision.clocks_per_bx or 1},\n"
        f"parameter TMR = {int(decision.tmr)}\n"
    )


def write_vhdl_decision(path: Path, decision: Decision, outputs: Port) -> tuple[Path, ...]:
    """Write the same in VHDL-2008 beside ``trigger_algorithm.vhd``, and return its files in reading order."""
    (path / "decision_parameters.vhd").write_text(_vhdl_parameters(decision, outputs))
    names = [name.replace(".v", ".vhd") for name in SOURCES[decision.interface]]
    for name in names:
        shutil.copyfile(asset("firmware_templates") / name, path / name)
    return tuple(path / name for name in ("decision_parameters.vhd", *names))


def _vhdl_parameters(decision: Decision, outputs: Port) -> str:
    """The package that the static top entities use; the first working point in the least significant bits."""
    points, classes, score = decision.working_points, len(outputs.fields), outputs.fields[0]

    def packed(digits: int, values: Sequence[int]) -> str:
        return "".join(f"{value & (1 << 4 * digits) - 1:0{digits}x}" for value in reversed(values))

    constants = {
        "POINTS : positive": str(len(points)),
        "CLASSES : positive": str(classes),
        "SCORE_BITS : positive": str(score.width),
        "SCORE_SIGNED : natural": str(int(score.signed)),
        "CLASS_BITS : positive": str(max(1, (classes - 1).bit_length())),
        "LEVELS : natural": str((classes - 1).bit_length()),
        f"POINT_CLASS : std_logic_vector({8 * len(points) - 1} downto 0)": (
            f'x"{packed(2, [point.class_index for point in points])}"'
        ),
        f"INITIAL_THRESHOLD : std_logic_vector({32 * len(points) - 1} downto 0)": (
            f'x"{packed(8, [point.threshold for point in points])}"'
        ),
        f"INITIAL_PRESCALE : std_logic_vector({32 * len(points) - 1} downto 0)": (
            f'x"{packed(8, [point.prescale for point in points])}"'
        ),
        "NETWORK_ID : std_logic_vector(31 downto 0)": f'x"{decision.network_id:08x}"',
        "CLOCKS_PER_BX : positive": str(decision.clocks_per_bx or 1),
        "TMR : natural": str(int(decision.tmr)),
    }
    lines = "".join(f"    constant {name} := {value};\n" for name, value in constants.items())
    return (
        f"-- Generated by codesign: working points {', '.join(point.name for point in points)}.\n"
        "library ieee;\nuse ieee.std_logic_1164.all;\n\n"
        f"package decision_parameters is\n{lines}end package decision_parameters;\n"
    )

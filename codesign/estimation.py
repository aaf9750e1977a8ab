"""Estimates of a run, of its configuration file, or of a saved network."""

import json
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codesign.bunch_clock import bunch_crossings
from codesign.config import read_config
from codesign.config_firmware import FirmwareSection
from codesign.contract import InputContract, InputFormat
from codesign.errors import EstimateError, ModelError, RunError
from codesign.fixed_point import FixedPoint
from codesign.run import Run
from codesign.synth.boards import Board, get_board
from codesign.synth.calibration import Features, read_calibration
from codesign.synth.decision_cost import DecisionSize
from codesign.synth.estimate import ResourceEstimate, estimate_resources

DEFAULT_BOARD = "serenity-vu13p"
DEFAULT_CUTOFF = 2.0
MODEL = "model.keras"


@dataclass(frozen=True)
class Estimate:
    """What a network will take, and how long it will need.

    Attributes:
        name: run or file.
        features: what the compiler knows.
        latency_cycles: of the whole trigger algorithm.
        clock_mhz: clock of the algorithm.
        latency_ns: at that clock.
        latency_bunch_crossings: the same, rounded up.
        resources: LUT and FF with intervals.
        notes: what the reader must know besides.
    """

    name: str
    features: Features
    latency_cycles: int
    clock_mhz: float
    latency_ns: float
    latency_bunch_crossings: int
    resources: ResourceEstimate
    notes: tuple[str, ...]


def estimate_target(
    target: Path,
    board_name: str | None = None,
    latency_cutoff: float | None = None,
    input_format: str = "ap_fixed<16,6>",
    architecture: str | None = None,
) -> Estimate:
    """Estimate a run directory, a configuration file with a trained run, or a ``.keras`` file.

    A run with firmware needs no machine-learning stack; everything else compiles the network.

    Args:
        target: what to estimate.
        board_name: board; None: that of the run.
        latency_cutoff: adder levels between two registers; None: those of the run.
        input_format: format of the inputs of a network without a contract beside it.
        architecture: of a network that is not named after it.

    Raises:
        RunError: nothing is trained there yet.
        ModelError: no network of this package.
        EstimateError: outside of the calibration's domain.
    """
    if target.suffix == ".toml":
        target = _run_of(target)
    if target.is_dir():
        return _of_run(Run.open(target), board_name, latency_cutoff)
    named = _architecture_of(target, architecture)
    features = _compile(target, _contract_beside(target), input_format, latency_cutoff or DEFAULT_CUTOFF, named)
    board = get_board(board_name or DEFAULT_BOARD)
    return _estimate(target.name, features, board, board.clock_mhz)


def _run_of(config: Path) -> Path:
    """The run directory of a configuration file."""
    path = Path("runs") / read_config(config).name
    if not (path / MODEL).is_file():
        raise RunError(
            f"{path}: nothing is trained there yet, so there is nothing to estimate: codesign train {config}"
        )
    return path


def _of_run(run: Run, board_name: str | None, latency_cutoff: float | None) -> Estimate:
    section, architecture = run.config.firmware, run.config.model.architecture
    board = get_board(board_name or section.board, run.config_directory)
    clock_mhz = board.clock_mhz if board_name else section.clock_mhz or board.clock_mhz
    cutoff = latency_cutoff or section.latency_cutoff
    firmware = run.record("firmware") if run.has_record("firmware") else None
    notes = _notes(section, firmware)
    if firmware is not None and firmware["target"]["latency_cutoff"] == cutoff:
        features = _recorded(firmware, architecture, run.path)
    else:
        if not (run.path / MODEL).is_file():
            raise RunError(f"{run.path}: nothing is trained there yet: codesign train {run.path}")
        contract = InputContract.from_json((run.path / "contract.json").read_text())
        features = _compile(run.path / MODEL, contract, "", cutoff, architecture)
    around = _Around() if firmware is None else _Around.of(firmware)
    return _estimate(run.config.name, features, board, clock_mhz, around, notes)


def _recorded(firmware: dict[str, Any], architecture: str, path: Path) -> Features:
    if "cost_terms" not in firmware:
        raise RunError(f"{path}: its firmware was made by an older version: codesign generate {path}")
    return Features(
        architecture,
        firmware["target"]["latency_cutoff"],
        firmware["lut_estimate"],
        firmware["latency_cycles"] - _Around.of(firmware).latency_cycles,
        **firmware["cost_terms"],
    )


@dataclass(frozen=True)
class _Around:
    """What stands around the network besides ports and valid."""

    latency_cycles: int = 0
    decision: DecisionSize | None = None

    @classmethod
    def of(cls, firmware: dict[str, Any]) -> "_Around":
        """Read it from ``firmware.json``.

        Raises:
            EstimateError: the decision is there three times.
        """
        decision, unpacking = firmware.get("decision"), firmware.get("unpacking")
        if decision is not None and decision["tmr"]:
            raise EstimateError(
                "no estimate of a decision whose registers are there three times (tmr): calibrated are those without; "
                "synthesise it instead: codesign synth"
            )
        behind = firmware["latency_cycles"] - decision["network_latency_cycles"] if decision else 0
        return cls(behind + (unpacking["latency_cycles"] if unpacking else 0), DecisionSize.of(firmware))


def _notes(section: FirmwareSection, firmware: dict[str, Any] | None) -> tuple[str, ...]:
    """What is not estimated must be said."""
    notes = []
    if firmware is None and (section.interface != "scores" or section.source.format != "none"):
        notes.append(
            f"of the network alone: what stands around it (interface {section.interface!r}) is known when the firmware "
            "was generated: codesign generate"
        )
    if firmware is not None and firmware.get("unpacking"):
        notes.append("the LUT and FF that unpack and sort the words of the links are not in the estimate")
    if section.reuse_factor > 1:
        notes.append(
            "the estimate is of the Verilog, which takes an event on every clock; of the HLS project with reuse factor "
            f"{section.reuse_factor} there is none: only C synthesis knows how it is scheduled (synthesis.tool = "
            '"vitis_hls")'
        )
    return tuple(notes)


def _estimate(
    name: str,
    features: Features,
    board: Board,
    clock_mhz: float,
    around: _Around | None = None,
    notes: tuple[str, ...] = (),
) -> Estimate:
    around = around or _Around()
    cycles = features.latency_cycles + around.latency_cycles
    latency_ns = cycles * 1000.0 / clock_mhz
    resources = estimate_resources(features, board, around.decision)
    return Estimate(name, features, cycles, clock_mhz, latency_ns, bunch_crossings(latency_ns), resources, notes)


def _contract_beside(model: Path) -> InputContract | None:
    path = model.parent / "contract.json"
    return InputContract.from_json(path.read_text()) if path.is_file() else None


def _architecture_of(model: Path, stated: str | None) -> str:
    """The architecture that the user states, or that the network is named after, as classifiers of this package are.

    Raises:
        ModelError: no saved network.
        EstimateError: it is not named so.
    """
    if stated is not None:
        return stated
    try:
        with zipfile.ZipFile(model) as archive:
            name = json.loads(archive.read("config.json"))["config"]["name"]
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{model}: expected a saved Keras network (.keras): {error}") from None
    known = sorted({row.architecture for row in read_calibration()})
    if name not in known:
        raise EstimateError(
            f"{model}: the network is named {name!r}, which does not tell what it is: --architecture, one of "
            f"{', '.join(known)}"
        )
    return str(name)


def _compile(
    model: Path, contract: InputContract | None, input_format: str, latency_cutoff: float, architecture: str
) -> Features:
    """Let the RTL compiler count; its Verilog is thrown away."""
    from codesign.firmware.rtl import trace, write_verilog
    from codesign.models.store import load_model

    network = load_model(model)
    if contract is None:
        contract = _uniform_contract(network.input_shape[-1], input_format)
    with tempfile.TemporaryDirectory() as folder:
        project = write_verilog(
            trace(network, contract),
            Path(folder) / "rtl",
            part=get_board(DEFAULT_BOARD).part,
            clock_period_ns=get_board(DEFAULT_BOARD).clock_period_ns,
            latency_cutoff=latency_cutoff,
        )
    return Features(architecture, latency_cutoff, project.lut_estimate, project.latency_cycles, **asdict(project.terms))


def _uniform_contract(inputs: int, input_format: str) -> InputContract:
    """All inputs alike, as the user states them."""
    stated = FixedPoint.parse(input_format)
    formats = (
        InputFormat(f"input_{index}", "", 0.0, stated.lsb, stated.width, stated.signed, stated.integer)
        for index in range(inputs)
    )
    return InputContract(tuple(formats))

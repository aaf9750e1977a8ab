"""Measures a trained network without writing firmware: physics of the events that choose, costs of the trace."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from codesign.bunch_clock import bunch_crossings
from codesign.config import BudgetSection
from codesign.contract import InputContract
from codesign.evaluation.scores import SplitScores
from codesign.run import Run
from codesign.scan.quantities import Physics, measure, parse_objective
from codesign.scan.samples import selection_sample
from codesign.source_presets import source_unpacker
from codesign.synth.boards import get_board
from codesign.synth.budgets import MINIMA

_MULTIPLICATION = 7  # alkaid's opcode of a product of two variables, the only one that can need a DSP slice


def measure_network(
    run: Run, network: Any, objectives: tuple[str, ...], tpr_fpr: float | None
) -> tuple[dict[str, float | None], dict[str, float]]:
    """Objectives, costs and what limits are set on, with the errors of the physics.

    Args:
        run: the run directory, whose data have been prepared.
        network: the trained network.
        objectives: names of objectives (`parse_objective`).
        tpr_fpr: working point of a limit on ``tpr``, None without one.

    Returns:
        Values, None where only synthesis can tell, and errors (68 %).

    Raises:
        FirmwareError: the network cannot become firmware.
    """
    values = trace_costs(run, network.deployed)
    sample = selection_scores(run, network)
    wanted = {name: parsed for name in objectives if isinstance(parsed := parse_objective(name), Physics)}
    wanted |= limited_physics(run, tpr_fpr)
    data, errors = run.record("data"), {}
    for name, physics in wanted.items():
        found = measure(
            physics, sample, run.config.task, tuple(data["classes"]), run.config.evaluation.colliding_bunches
        )
        values[name], errors[name] = found.value, found.error
    return values, errors


def limited_physics(run: Run, tpr_fpr: float | None) -> dict[str, Physics]:
    """Physics that limits can be set on, by the names of the ``budget`` table."""
    found = {"auc": Physics("auc", "auc")}
    if run.config.task.kind == "classification":
        found["accuracy"] = Physics("accuracy", "accuracy")
    if tpr_fpr is not None:
        found["tpr"] = Physics("tpr", "tpr", fpr=tpr_fpr)
    return found


def selection_scores(run: Run, network: Any) -> SplitScores:
    """Scores of the events that choose, as firmware would give them."""
    from codesign.training.step import scores_of

    contract, data = read_contract(run), run.record("data")

    def read(split: str) -> SplitScores:
        rows = dict(scores_of(run, contract, network, split))
        labels = np.asarray(rows.pop("labels"), np.int64)
        weights = np.asarray(rows.pop("weights"), np.float64)
        logits = np.asarray(rows.pop("logits", np.empty((len(labels), 0))), np.float64)
        scores = {name.removeprefix("score_"): np.asarray(value, np.float64) for name, value in rows.items()}
        return SplitScores(labels, weights, logits, scores)

    return selection_sample(read, run.config.task, data["classes"], data["counts"])


def trace_costs(run: Run, model: Any) -> dict[str, float | None]:
    """Costs that the compiler's trace tells: LUT and FF of the network alone, the latency of the whole firmware."""
    from codesign.firmware.decision import cycles_around
    from codesign.firmware.rtl import pipeline_size, trace

    section = run.config.firmware
    board = get_board(section.board, run.config_directory)
    period_ns = 1000.0 / (section.clock_mhz or board.clock_mhz)
    integer_model = trace(model, read_contract(run))
    size = pipeline_size(
        integer_model, part=board.part, clock_period_ns=period_ns, latency_cutoff=section.latency_cutoff
    )
    multiplies = any(op.opcode == _MULTIPLICATION for op in integer_model.graph.ops)
    unpacker = source_unpacker(section.source, integer_model.contract)
    latency_cycles = size.latency_cycles + cycles_around(section.interface, len(integer_model.score_bits))
    latency_cycles += 0 if unpacker is None else unpacker.latency_cycles
    latency_ns = latency_cycles * period_ns
    return {
        "lut": size.lut_estimate,
        "lut_share": size.lut_estimate / board.lut,
        "ff": float(size.register_bits),
        "dsp": None if multiplies else 0.0,
        "bram_18k": 0.0,
        "initiation_interval": 1.0,
        "latency_cycles": float(latency_cycles),
        "latency_ns": latency_ns,
        "latency_bunch_crossings": float(bunch_crossings(latency_ns)),
    }


def read_contract(run: Run) -> InputContract:
    """The contract of prepared data."""
    return InputContract.from_json((run.path / "contract.json").read_text())


def violations_of(limits: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """By how much each limit is missed, relative to the limit; what was not measured is not judged here."""
    found = {}
    for name, limit in limits.items():
        if name in values:
            over = limit - values[name] if name in MINIMA else values[name] - limit
            found[name] = over / (abs(limit) or 1.0)
    return found


def limits_of(constraints: BudgetSection) -> tuple[dict[str, float], float | None]:
    """Limits by name, and the working point of a limit on ``tpr``."""
    return constraints.limits(), constraints.tpr_fpr

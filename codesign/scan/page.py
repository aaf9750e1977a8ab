"""One page on a scan that loads nothing and shows itself anew while the scan runs."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from codesign.files import write_whole
from codesign.report.blocks import Block, Cell, Paragraph, Plot, Section, table
from codesign.report.plots.style import to_png, to_svg
from codesign.report.rendering import render
from codesign.report.verdict import Tile
from codesign.scan.driver import Scan, front
from codesign.scan.final import read_final
from codesign.scan.final_table import final_records, final_table
from codesign.scan.front import front_table, write_front
from codesign.scan.plots import front_figure, importance_figure, parallel_figure

TEMPLATE = "scan.html.j2"
PAGE = "scan.html"
REFRESH_S = 15
INTERVAL_S = 20.0  # between two writings while a scan runs
FEWEST_TRIALS = 20  # from which importances say something
LOG_RATIO = 10.0  # an axis that spans more is logarithmic


@dataclass(frozen=True)
class ScanPage:
    """The content of the page.

    Attributes:
        name: name of the scan.
        subtitle: what is wanted.
        refresh_s: seconds after which it shows itself anew, 0 once the scan has ended.
        tiles: the key numbers.
        sections: the chapters.
    """

    name: str
    subtitle: str
    refresh_s: int
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]


class PageWriter:
    """Writes front and page of a running scan, not more often than somebody can look at them."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self._written = -INTERVAL_S

    def __call__(self) -> None:
        """Write if the last writing is long enough ago."""
        if time.monotonic() - self._written >= INTERVAL_S:
            write_page(self.scan, running=True)
            self._written = time.monotonic()


def write_page(scan: Scan, *, running: bool) -> None:
    """Write ``scan.html``, ``plots/`` and the tables of the front."""
    page = build_page(scan, running=running)
    plots = [plot for section in page.sections for plot in section.plots]
    images = {plot.name: to_svg(plot.figure) for plot in plots}
    for plot in plots:
        write_whole(scan.folder / "plots" / f"{plot.name}.svg", images[plot.name])
        if not running:
            write_whole(scan.folder / "plots" / f"{plot.name}.png", to_png(plot.figure))
    write_whole(scan.folder / PAGE, render(TEMPLATE, images, page=page))


def build_page(scan: Scan, *, running: bool) -> ScanPage:
    """The content of the page."""
    wanted = ", ".join(f"{way} {name}" for name, way in scan.directions.items())
    limits = ", ".join(f"{name} {value:g}" for name, value in scan.settings.constraints.limits().items())
    return ScanPage(
        scan.settings.name,
        f"{wanted}{f'; limits: {limits}' if limits else ''}",
        REFRESH_S if running else 0,
        _tiles(scan),
        tuple(section for section in (_final(scan), _front(scan), _space(scan), _failures(scan)) if section.blocks),
    )


def _tiles(scan: Scan) -> tuple[Tile, ...]:
    results = scan.results.values()
    failed = sum(result.reason is not None for result in results)
    points = sum(len(result.points) for result in results)
    outside = sum(not point.feasible for result in results for point in result.points)
    spent = sum(result.wall_time_s for result in results)
    return (
        Tile("trials", f"{len(results)}", f"of {scan.settings.search.trials}", "plain"),
        Tile("points", f"{points}", f"{outside} miss a limit", "plain"),
        Tile("front", f"{len(front(scan.results, scan.directions))}", "points that nothing beats", "plain"),
        Tile("failed", f"{failed}", "see below" if failed else "trials", "warn" if failed else "good"),
        Tile("work", f"{spent / 60:.0f} min", "of the workers", "plain"),
    )


def _final(scan: Scan) -> Section:
    records = final_records(read_final(scan.folder), scan.directions)
    return Section(
        "final", "Candidates on untouched events", (final_table(records, scan.directions),) if records else ()
    )


def _front(scan: Scan) -> Section:
    records = write_front(scan)
    names = list(scan.directions)
    if not records:
        return Section("front", "Front", (Paragraph("No trial keeps all limits yet.", "warn"),) if scan.results else ())
    blocks: list[Block] = [front_table(scan, records)]
    for other in names[1:] if len(names) > 1 else ():
        blocks.append(_plot(scan, other, names[0]))
    return Section("front", "Front of the search", tuple(blocks))


def _plot(scan: Scan, horizontal: str, vertical: str) -> Plot:
    points = [point for result in scan.results.values() for point in result.points if point.feasible]
    on_front = {id(entry.point) for entry in front(scan.results, scan.directions)}
    pair = (horizontal, vertical)
    values = np.array([[point.values[name] for name in pair] for point in points])
    errors = np.array([[point.errors.get(name, 0.0) for name in pair] for point in points])
    records = [record for record in final_records(read_final(scan.folder), scan.directions) if record["verified"]]
    # One (value, error) for each axis.
    judged = np.array([[_judged(record, name) for name in pair] for record in records]).reshape(-1, 2, 2)
    log = tuple(bool(v.min() > 0 and v.max() / v.min() > LOG_RATIO) for v in values.T)
    figure = front_figure(
        pair,
        values,
        [id(point) in on_front for point in points],
        errors,
        judged.swapaxes(1, 2).reshape(-1, 4),
        (log[0], log[1]),
    )
    caption = f"{vertical} against {horizontal} of all {len(points)} points that keep the limits."
    return Plot(f"front-{_file(vertical)}-{_file(horizontal)}", caption, figure, wide=True)


def _judged(record: Mapping[str, Any], name: str) -> tuple[float, float]:
    """Value and error of a candidate; LUT as the front has them, of the network as the compiler counts it."""
    traced = record["spread"].get("traced_lut") if name == "lut" else None
    if traced is not None:
        return traced["mean"], traced["std"] or 0.0
    return record["values"][name], record["errors"].get(name) or 0.0


def _file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _space(scan: Scan) -> Section:
    """Parallel coordinates and importances of the trials that gave a point."""
    done = {number: result for number, result in scan.results.items() if result.reason is None}
    if not done:
        return Section("space", "Space", ())
    parameters = {trial.number: trial.params for trial in scan.study.get_trials(deepcopy=False)}
    names = [parameter.name for parameter in scan.space.parameters]
    columns: dict[str, list[Any]] = {name: [parameters[number].get(name) for number in done] for name in names}
    columns |= {name: [result.points[0].values[name] for result in done.values()] for name in scan.directions}
    on_front = {entry.trial for entry in front(scan.results, scan.directions)}
    kept = [number in on_front for number in done]
    blocks: list[Block] = [
        Plot("parallel", "Every trial as one line; those with a point on the front in blue.",
             parallel_figure(columns, kept), wide=True)
    ]  # fmt: skip
    importances = _importances(scan, done) if len(done) >= FEWEST_TRIALS else {}
    if importances:
        caption = "Share of the variation of each objective that a parameter explains (PED-ANOVA)."
        blocks.append(Plot("importance", caption, importance_figure(importances)))
    return Section("space", "Space", tuple(blocks))


def _importances(scan: Scan, done: Mapping[int, Any]) -> dict[str, dict[str, float]]:
    """By objective, how much each parameter that all trials have matters (PED-ANOVA, arXiv:2304.10255)."""
    import optuna

    found = {}
    for index, name in enumerate(scan.directions):
        if len({result.points[0].values[name] for result in done.values()}) < 2:
            continue
        sign = -1.0 if scan.directions[name] == "maximize" else 1.0
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that it looks for low values, which costs are
                found[name] = dict(
                    optuna.importance.get_param_importances(
                        scan.study, evaluator=evaluator, target=partial(_cost, index=index, sign=sign)
                    )
                )
        except (ValueError, RuntimeError):
            continue  # too few different trials to say anything
    return found


def _cost(trial: Any, index: int, sign: float) -> float:
    return sign * float(trial.values[index])


def _failures(scan: Scan) -> Section:
    failed = [(number, result.reason) for number, result in sorted(scan.results.items()) if result.reason is not None]
    rows: Sequence[tuple[str, Cell]] = [(str(number), Cell(reason or "", "bad")) for number, reason in failed]
    return Section("failures", "Failed trials", (table("Failed", ("trial", "why"), "rl", rows),) if rows else ())

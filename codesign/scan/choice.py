"""Takes points from the front of a scan: the one to deploy, or all as run directories."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codesign.errors import ConfigError, RunError
from codesign.naming import unknown_name
from codesign.pipeline import execute
from codesign.progress import Progress, silent
from codesign.run import Run
from codesign.scan.driver import Scan, front
from codesign.scan.final import point_configuration, point_name, read_final, start_point
from codesign.scan.final_table import final_records
from codesign.scan.front import front_records, leading_physics
from codesign.scan.pareto import groups, oriented
from codesign.scan.quantities import PHYSICS
from codesign.scan.toml import to_toml


def best_record(scan: Scan, limits: Mapping[str, float]) -> dict[str, Any]:
    """The cheapest point among those that cannot be told apart from the best physics within the limits.

    Args:
        scan: the scan.
        limits: further limits by the name of a quantity: at most, or at least for physics.

    Raises:
        ConfigError: a limit names no quantity of the points.
        RunError: no point keeps the limits.
    """
    judged = [record for record in final_records(read_final(scan.folder), scan.directions) if record["on_front"]]
    records = [record for record in judged or front_records(scan) if _within(record["values"], limits)]
    if not records:
        raise RunError(
            f"{scan.folder}: no point keeps the limits {dict(limits)}; see: codesign scan front {scan.folder}"
        )
    name = leading_physics(scan.directions)
    if name is not None:
        found = groups(
            [record["values"][name] for record in records],
            [record["errors"][name] for record in records],
            scan.directions[name],
        )
        records = [record for record, group in zip(records, found, strict=True) if group == 0]
    others = {key: way for key, way in scan.directions.items() if key != name} or {"lut": "minimize"}
    return min(records, key=lambda record: tuple(oriented(record["values"], others)))


def _within(values: Mapping[str, float], limits: Mapping[str, float]) -> bool:
    for name in limits:
        if name not in values:
            raise ConfigError(f"--limit: {unknown_name('quantity', name, values)}")
    least = {name for name in limits if name.startswith(tuple(kind.partition("@")[0] for kind in PHYSICS))}
    return all(values[name] >= v if name in least else values[name] <= v for name, v in limits.items())


def export_front(scan: Scan, trial: int | None = None, progress: Progress = silent) -> list[Path]:
    """Make a run directory with firmware for every point of the front, below ``front`` in the scan's directory.

    Args:
        scan: the scan.
        trial: only the points of this trial.
        progress: called before each point.

    Raises:
        RunError: there is no such point.
        CodesignError: a point cannot become firmware.
    """
    entries = [entry for entry in front(scan.results, scan.directions) if trial in (None, entry.trial)]
    if not entries:
        raise RunError(f"{scan.folder}: no point {'' if trial is None else f'of trial {trial} '}is on the front")
    folders = []
    for index, entry in enumerate(entries):
        name = point_name(entry)
        progress(name, index, len(entries))
        source, folder = scan.folder / "trials" / f"{entry.trial:04d}", scan.folder / "front" / name
        if not (folder / "firmware.json").is_file():
            run = start_point(folder, to_toml(point_configuration(source, entry, name)), source, inherit=True)
        else:
            run = Run.open(folder)  # a judged candidate has more than this already
        with run.lock():
            for step in ("prepare", "train", "evaluate", "generate"):
                execute(run, step)
        folders.append(folder)
    return folders

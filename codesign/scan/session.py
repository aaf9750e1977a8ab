"""Opens a scan from its file or its directory, and keeps a second one out."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from codesign import files
from codesign.config import Config
from codesign.data.dataset import Dataset
from codesign.errors import RunError
from codesign.run import digest
from codesign.scan.driver import Scan
from codesign.scan.hyperspace import ARCHITECTURE, read_hyperspace, split_reference
from codesign.scan.quantities import Physics, parse_objective, require_objective
from codesign.scan.settings import ScanConfig, read_scan, require_limits
from codesign.scan.space import Space, valid_config
from codesign.scan.study import open_study, readable_faults, told
from codesign.scan.toml import to_toml

FILE = "scan.toml"
BASE = "base.toml"
URL = "study.url"


def check_scan(path: Path, hypermodel: str | None = None) -> tuple[ScanConfig, Space]:
    """Read the file of a scan and refuse what could not be scanned, before any work is done.

    Args:
        path: the file.
        hypermodel: ``file.py:Name`` of a ``keras_tuner.HyperModel`` that becomes the network and adds its space.

    Raises:
        ConfigError: a key, a value of the space, an objective or a limit is wrong.
        DataError: the data set is missing or damaged.
    """
    settings, base = read_scan(path)
    if hypermodel is not None:
        file, name = split_reference(hypermodel)
        both = {**settings.space, **read_hyperspace(file, name)}
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        base["model"] = {"architecture": ARCHITECTURE, "file": str(file), "name": name, "sha256": sha256}
        settings = settings.model_copy(update={"space": both})
    config = valid_config(base, settings.base)
    space = Space(settings, base)
    space.check()
    require_limits(settings, config)
    _require_objectives(settings, config)
    return settings, space


def _require_objectives(settings: ScanConfig, config: Config) -> None:
    with Dataset.open(Path(config.data.file)) as dataset:
        classes = tuple(dataset.classes)
    for name in settings.objectives:
        parsed = parse_objective(name)
        if isinstance(parsed, Physics):
            require_objective(parsed, config.task, classes)


def start_scan(path: Path, folder: Path | None = None, url: str | None = None, hypermodel: str | None = None) -> Scan:
    """Make the directory of a scan, or take it up again.

    Args:
        path: file of a scan, or its directory.
        folder: directory; default ``runs/<name>`` under the working directory.
        url: database of the study, remembered in the directory; default ``study.db`` there.
        hypermodel: ``file.py:Name`` of a ``keras_tuner.HyperModel`` whose space is added.

    Raises:
        ConfigError: the file is wrong.
        RunError: the directory belongs to another scan, or its study cannot be used.
    """
    if path.is_dir():
        path, folder = _file_in(path), path
    settings, space = check_scan(path, hypermodel)
    folder = folder or Path("runs") / settings.name
    if folder.exists() and any(folder.iterdir()) and not (folder / FILE).is_file():
        raise RunError(f"{folder}: exists and is not the directory of a scan; choose another with --output")
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / URL
    url = url or (kept.read_text().strip() if kept.is_file() else None)
    key = digest(space.base, settings.model_dump(mode="json", include={"space", "objectives", "constraints"}),
                 _determining(settings))  # fmt: skip
    study = open_study(folder, url, settings.name, dict(settings.objectives), key)
    if url is not None:
        files.write_whole(kept, url + "\n")
    files.write_whole(folder / BASE, to_toml(space.base))
    files.write_whole(folder / FILE, to_toml(settings.model_dump(mode="json", exclude_none=True) | {"base": BASE}))
    return Scan(settings, space, folder, study)


def _determining(settings: ScanConfig) -> dict[str, Any]:
    """What of the search decides which trials there are; their number may grow later."""
    return settings.search.model_dump(
        include={"sampler", "seed", "ahead", "population", "points", "look_after", "inherit"}
    )


def open_scan(folder: Path) -> Scan:
    """Open a scan to read its results.

    Raises:
        RunError: there is none.
    """
    scan = start_scan(folder)
    with readable_faults(str(folder)):
        return replace(scan, results={number: trial.result for number, trial in told(scan.study).items()})


def _file_in(folder: Path) -> Path:
    if not (folder / FILE).is_file():
        raise RunError(f"{folder}: expected the directory of a scan (with {FILE}) or a scan configuration")
    return folder / FILE


def locked(folder: Path) -> AbstractContextManager[None]:
    """Keep a second scan out of the directory.

    Raises:
        RunError: another process scans in it.
    """
    return files.locked(folder / ".lock", f"{folder}: another codesign process scans here")

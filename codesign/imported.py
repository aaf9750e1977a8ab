"""The steps of a run whose network was imported: without data, training and physics, and like any other after that."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from codesign.config import Config
from codesign.contract import InputContract
from codesign.errors import ConfigError, ModelError
from codesign.files import write_whole
from codesign.progress import Progress
from codesign.run import Run, digest_files

PROOF_ROWS = 2000
SKIPPED = ("evaluate",)  # steps that need events


def is_imported(config: Config) -> bool:
    """Whether the run's network is given."""
    return config.model.architecture == "imported"


def imported_files(run: Run) -> dict[str, str]:
    """Digests of the files of the network, by the keys that name them."""
    return {key: next(iter(digest_files([path], path.parent).values())) for key, path in _files(run).items()}


def prepare_imported(run: Run) -> dict[str, Any]:
    """Take over the input contract; the record of the step."""
    if run.config.data.file or run.config.data.blocks:
        raise ConfigError("data: an imported network brings its inputs with it; leave the table out")
    contract = InputContract.from_json(_files(run)["contract"].read_text(encoding="utf-8"))
    write_whole(run.path / "contract.json", contract.to_json())
    return {
        "name": f"imported network {run.config.name}",
        "data_digest": None,
        "provenance": {},
        "classes": list(run.config.model.options["scores"]),
        "counts": {},
        "contract": dataclasses.asdict(contract),
        "saturated_fraction": None,
    }


def take_network(run: Run, contract: InputContract, model_file: str, progress: Progress) -> dict[str, Any]:
    """Copy the network into the run and prove that a new process computes the same; the record of the step.

    Raises:
        ModelError: it has another number of inputs or outputs than the configuration says.
    """
    from codesign.models.importers.summary import summarize
    from codesign.models.reload import require_identical_reload
    from codesign.models.store import load_model, outputs

    file = _files(run)["file"]
    model = load_model(file)
    found = int(model.inputs[0].shape[1]), int(model.outputs[0].shape[1])
    expected = len(contract.inputs), len(run.config.model.options["scores"])
    if found != expected:
        raise ModelError(
            f"{file}: expected {expected[0]} inputs and {expected[1]} scores, found {found[0]} and {found[1]}"
        )
    shutil.copyfile(file, run.path / model_file)
    progress("reloading the network in a new process", 1, 1)
    values = contract.to_network(contract.random_integers(PROOF_ROWS, run.config.seed))
    require_identical_reload(run.path / model_file, values, outputs(model, values))
    return {
        "imported": file.name,
        "epochs": 0,
        "ebops": None,
        "layers": [],
        "imported_layers": [dataclasses.asdict(layer) for layer in summarize(model)],
        "reload_identical_rows": PROOF_ROWS,
    }


def _files(run: Run) -> dict[str, Path]:
    files = {key: run.config_directory / str(run.config.model.options.get(key, "")) for key in ("file", "contract")}
    for key, path in files.items():
        if not path.is_file():
            raise ConfigError(f"model.{key}: {path}: no such file; codesign import weights makes it")
    return files

"""The teacher of a distillation: trained once, kept in the run directory, taken up again if it is still the same."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from codesign.config import Config, DistillationSection, ModelSection, QuantizationSection
from codesign.contract import InputContract
from codesign.errors import ModelError
from codesign.files import locked, write_whole
from codesign.models.backend import import_keras
from codesign.models.registry import build_network
from codesign.models.store import load_model, outputs, save_model
from codesign.progress import Progress
from codesign.run import digest
from codesign.sections import validate_section
from codesign.training.fit import fit
from codesign.training.sample import Sample

TEACHER = "teacher.keras"
RECORD = "teacher.json"
STATE = "teacher_state.npz"
SEEDS_APART = 1000  # between student and members


@dataclasses.dataclass(frozen=True)
class TeacherRecord:
    """What became of the teacher.

    Attributes:
        qualities: of each member, on the validation split: accuracy, or minus the loss of an anomaly detector.
        accuracy: of all together on the validation split; None for an anomaly detector.
        trained: whether it was trained now; otherwise it was kept from before.
    """

    qualities: tuple[float, ...]
    accuracy: float | None
    trained: bool


@dataclasses.dataclass(frozen=True)
class TeacherPlace:
    """Where a teacher is kept.

    Attributes:
        folder: takes networks, record, and the state of an unfinished training.
        data_key: digest of all that determines the rows.
        shared: folder of teachers that several runs have in common, one folder for each; the run gets a copy.
    """

    folder: Path
    data_key: str
    shared: Path | None = None


def trained_teacher(
    train: Sample,
    validation: Sample,
    contract: InputContract,
    count: int,
    config: Config,
    place: TeacherPlace,
    progress: Progress,
) -> tuple[Any, TeacherRecord]:
    """The teacher as a network to logits or score, and its record.

    Args:
        train: training rows, with the saturated ones, and the targets of the task.
        validation: validation rows.
        contract: formats of the inputs.
        count: number of outputs.
        config: the configuration of the student.
        place: where it is kept.
        progress: called after each epoch.

    Raises:
        ConfigError: the teacher's ``model`` table is wrong.
        ModelError: its training failed.
    """
    section = config.distillation
    assert section is not None
    asked = _teacher_config(config, section)
    members = section.members
    key = digest(place.data_key, asked.task, asked.model, asked.training, asked.quantization, asked.seed, members)

    def train_missing(folder: Path) -> bool:
        """Train the members that do not lie in a folder; returns whether there were any."""
        qualities = _kept(folder, key, members)
        missing = range(len(qualities), members)
        for member in missing:
            where = (key, member, members)
            qualities += (_train_member(train, validation, contract, count, asked, folder, where, progress),)
            write_whole(folder / RECORD, json.dumps({"key": key, "qualities": qualities}))
        return bool(missing)

    if place.shared is None:
        trained = train_missing(place.folder)
    else:
        trained = _from_shared(place.shared / key[:16], place.folder, members, train_missing)
    qualities = _kept(place.folder, key, members)
    teacher = _together([load_model(place.folder / _file(member, members)) for member in range(members)])
    if trained and members > 1:
        save_model(teacher, place.folder / TEACHER)
    accuracy = None
    if config.task.kind == "classification":
        right = outputs(teacher, validation.values).argmax(axis=1) == validation.targets
        accuracy = float(np.average(right, weights=validation.weights))
    return teacher, TeacherRecord(qualities, accuracy, trained)


def _from_shared(shared: Path, folder: Path, members: int, train_missing: Callable[[Path], bool]) -> bool:
    """Copy a teacher of several runs to one of them, after training it where no other did; returns whether it was."""
    with locked(shared / ".lock"):
        trained = train_missing(shared)
    for name in (RECORD, *(_file(member, members) for member in range(members))):
        shutil.copyfile(shared / name, folder / name)
    return trained


def _teacher_config(config: Config, section: DistillationSection) -> Config:
    """The configuration of the teacher: wide numbers, nothing pruned, no teacher of its own."""
    model = validate_section(ModelSection, section.teacher, "distillation.teacher")
    changed: dict[str, Any] = {"epochs": section.epochs, "learning_rate": section.learning_rate}
    changed = {name: value for name, value in changed.items() if value is not None}
    anomaly = config.task.kind == "anomaly"
    return config.model_copy(
        update={
            "model": model,
            "training": config.training.model_copy(update=changed),
            "task": config.task.model_copy(update={"score": section.score}) if anomaly else config.task,
            "quantization": QuantizationSection(method="float"),
            "pruning": None,
            "distillation": None,
            "seed": config.seed + SEEDS_APART,
        }
    )


def _file(member: int, members: int) -> str:
    return TEACHER if members == 1 else f"teacher_{member + 1}.keras"


def _kept(folder: Path, key: str, members: int) -> tuple[float, ...]:
    """Qualities of the members that lie there and are those that are asked for."""
    try:
        record = json.loads((folder / RECORD).read_text())
        qualities = tuple(float(value) for value in record["qualities"]) if record["key"] == key else ()
        for member in range(len(qualities)):
            load_model(folder / _file(member, members))
    except (OSError, ValueError, KeyError, TypeError, ModelError):
        return ()  # missing, damaged or of another configuration: train anew
    return qualities


def _train_member(
    train: Sample,
    validation: Sample,
    contract: InputContract,
    count: int,
    config: Config,
    folder: Path,
    place: tuple[str, int, int],
    progress: Progress,
) -> float:
    """Train one member and keep it; returns its quality. Its place is key, number and number of members."""
    key, member, members = place
    own = config.model_copy(update={"seed": config.seed + member})
    import_keras().utils.set_random_seed(own.seed)
    network = build_network(own, contract, count)

    def tell(what: str, done: int, total: int) -> None:
        progress(f"teacher {member + 1}: {what}", done, total)

    result = fit(network, train, validation, own, tell, (folder / STATE, digest(key, member)))
    save_model(network.deployed, folder / _file(member, members))
    (folder / STATE).unlink()  # nobody chooses among a teacher's checkpoints
    return result.chosen.quality


def _together(members: list[Any]) -> Any:
    """One network whose output is the mean of all members'."""
    keras = import_keras()
    if len(members) == 1:
        return members[0]
    for number, member in enumerate(members, start=1):
        member.name = f"member_{number}"
    inputs = keras.Input(members[0].input_shape[1:], name="inputs")
    return keras.Model(
        inputs, keras.layers.Average(name="mean")([member(inputs) for member in members]), name="teacher"
    )

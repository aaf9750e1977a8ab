"""What the network is for: which classes it learns from, what its outputs are called, what the data set must hold."""

from collections.abc import Mapping, Sequence

from codesign.config import TaskSection
from codesign.errors import ConfigError, DataError
from codesign.naming import unknown_name


def background_classes(task: TaskSection, classes: Sequence[str]) -> tuple[str, ...]:
    """Classes an anomaly detector learns from: the first one unless the configuration names others.

    Raises:
        ConfigError: the data set has no such class.
    """
    for name in task.background:
        if name not in classes:
            raise ConfigError(f"task.background: {unknown_name('class', name, classes)}")
    return task.background or (classes[0],)


def score_names(task: TaskSection, classes: Sequence[str]) -> tuple[str, ...]:
    """Names of the network's outputs: the classes, or the anomaly score."""
    return (task.score,) if task.kind == "anomaly" else tuple(classes)


def require_rows(
    task: TaskSection, classes: Sequence[str], counts: Mapping[str, Mapping[str, int]], where: str
) -> None:
    """Refuse a data set that lacks rows of a class that the task needs.

    Args:
        task: the task.
        classes: class names.
        counts: rows by split and class.
        where: names the data set in errors.

    Raises:
        DataError: a class has no rows in a split.
        ConfigError: the configured background is no class of the data set.
    """
    anomaly = task.kind == "anomaly"
    needed = background_classes(task, classes) if anomaly else classes
    for split in ("train", "validation", "test"):
        missing = [name for name in needed if counts[split][name] == 0]
        if missing:
            kind = "an anomaly detector needs its background" if anomaly else "a classifier needs every class"
            raise DataError(
                f"{where}: the {split} split has no rows of {', '.join(missing)}; {kind} in every split: "
                "codesign data split divides the data set anew"
            )

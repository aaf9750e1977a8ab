"""Quick objectives that workers run instead of a training."""

import os
import signal
import time
import tomllib
from pathlib import Path

from codesign.scan.trial import Point, TrialResult


def values_of(task):
    """Accuracy that saturates with the cost, and the cost."""
    content = tomllib.loads(task.configuration)
    ebops = content["quantization"]["target_ebops"]
    rate = content["training"]["learning_rate"]
    return 0.72 - 30 / ebops - abs(rate - 0.01), 1.1 * ebops


def quick(task):
    accuracy, lut = values_of(task)
    limits = {"lut": lut / task.limits["lut"] - 1} if "lut" in task.limits else {}
    point = Point(3, lut / 1.1, {"accuracy": accuracy, "lut": lut}, {"accuracy": 0.001}, limits)
    return TrialResult(task.number, None, (point,), None, 4, 0.0, task.donor)


def counted(task):
    """Leaves a mark each time that it begins, and keeps its result as a real trial does."""
    from codesign.scan.trial import read_result, write_result

    folder = Path(task.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if read_result(task) is not None:
        return read_result(task)
    with (folder / "begun").open("a") as file:
        file.write("x")
    if (folder.parent / f"slow{task.number}").exists():
        time.sleep(300)
    result = quick(task)
    write_result(task, result)
    return result


def killed_once(task):
    """The worker dies in trial 1, the first time."""
    mark = Path(task.folder).parent / "killed"
    if task.number == 1 and not mark.exists():
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(task)


def killed_always(task):
    """The worker dies in trial 1, whoever tries it."""
    if task.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(task)


def too_long(task):
    """Trial 1 never ends."""
    from codesign.scan.trial import read_result

    if read_result(task) is not None:
        return read_result(task)
    if task.number == 1:
        time.sleep(300)
    return quick(task)


def hungry(task):
    """Trial 1 takes more and more memory."""
    if task.number == 1:
        kept = []
        while True:
            kept.append(bytearray(b"x" * 20_000_000))
            time.sleep(0.005)
    return quick(task)


def disk_full(task):
    """The disk is full in trial 1."""
    if task.number == 1:
        raise OSError(28, "No space left on device", "training_state.npz")
    return quick(task)


class InProcess:
    """Workers in this process, which finish in the opposite order of what they are given."""

    def __init__(self, evaluate):
        self.evaluate = evaluate
        self.waiting = []

    def submit(self, task):
        self.waiting.append(task)

    def results(self):
        yield self.evaluate(self.waiting.pop())


class InOrder(InProcess):
    """The same, in the order in which they are given."""

    def results(self):
        yield self.evaluate(self.waiting.pop(0))

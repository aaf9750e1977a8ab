"""Time per epoch of quantisation-aware training on each Keras backend, and the ratio between them.

    python benchmarks/training_backends.py                # needs: pip install 'codesign[ml,tensorflow]'

Each backend trains the 16-64-32-32-5 tagger of examples/jet_tagging.toml in a process of its own; the first epoch
(compilation) is shown apart. The median of the later epochs is what the ratio compares.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BACKENDS = ("jax", "tensorflow")


def measure(epochs: int) -> dict[str, float]:
    """Train in this process and return first and median later epoch in seconds."""
    import numpy as np

    from codesign.config import read_config
    from codesign.data.dataset import Dataset
    from codesign.input_formats import InputBlock, make_contract
    from codesign.models import build_network
    from codesign.models.backend import import_keras
    from codesign.training import Sample, fit

    config = read_config(ROOT / "examples" / "jet_tagging.toml")
    training = config.training.model_copy(update={"epochs": epochs})
    # The target is out of the way: this measures the step, not the schedule.
    quantization = config.quantization.model_copy(update={"target_ebops": 1e9})
    config = config.model_copy(update={"training": training, "quantization": quantization})
    with Dataset.open(ROOT / "examples" / "data" / "jets.h5") as dataset:
        values, labels = dataset.read("high_level", "train"), dataset.labels("train")
        names = [column.name for column in dataset.columns("high_level")]
    blocks = [InputBlock("high_level", tuple(names), ("",) * len(names), prefixed=False)]
    contract = make_contract(blocks, values, width=12, network_integer=None, coverage=0.999)
    sample = Sample(contract.to_network(contract.to_hardware(values)), labels, np.ones(len(labels), np.float32))
    import_keras().utils.set_random_seed(1)
    ends = [time.perf_counter()]
    fit(
        build_network(config, contract, 5),
        sample,
        Sample(sample.values[:1024], labels[:1024], sample.weights[:1024]),
        config,
        lambda _what, _done, _total: ends.append(time.perf_counter()),
    )
    spent = [later - earlier for earlier, later in itertools.pairwise(ends)]
    return {"first_s": spent[0], "epoch_s": statistics.median(spent[1:])}


def main() -> None:
    """Measure every backend and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure(arguments.epochs)))
        return
    results = {}
    for backend in BACKENDS:
        command = [sys.executable, __file__, "--worker", "--epochs", str(arguments.epochs)]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{backend:<12} not measured: {done.stderr.strip().splitlines()[-1]}")
            continue
        results[backend] = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"{backend:<12} first epoch {results[backend]['first_s']:6.1f} s, later {results[backend]['epoch_s']:.3f} s"
        )
    if len(results) == len(BACKENDS):
        ratio = results["tensorflow"]["epoch_s"] / results["jax"]["epoch_s"]
        print(f"tensorflow / jax per epoch: {ratio:.1f}")


if __name__ == "__main__":
    main()

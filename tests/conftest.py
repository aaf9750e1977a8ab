"""What several test folders share: the shipped sample, small configurations, a run directory."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from codesign.cli import main
from codesign.config import Config
from codesign.contract import InputContract
from codesign.data.dataset import Dataset
from codesign.input_formats import InputBlock, make_contract

# Deterministic, and no deadline: CI machines are noisy.
settings.register_profile("codesign", deadline=None, derandomize=True)
settings.load_profile("codesign")

ROOT = Path(__file__).parent.parent
# Many tests build networks of the same shapes, and reload them in new processes: compile each shape once.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# Tests train for seconds: what the optimiser of the compiler costs is never won back (142 -> 90 s of processor time for
# the architecture test of the mixer).
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
JETS = ROOT / "examples" / "data" / "jets.h5"

SMALL = """
name = "small"
seed = 3
[data]
file = "{data}"
[data.blocks.high_level]
columns = ["zlogz", "c1_b1_mmdt", "n2_b1_mmdt", "m2_b1_mmdt", "mass_mmdt", "multiplicity"]
[contract]
width = 10
[contract.inputs.multiplicity]
offset = 0.0
lsb = 1.0
width = 8
signed = false
[model]
hidden = [8]
[quantization]
target_ebops = 1200
[training]
epochs = 60
batch_size = 2048
learning_rate = 2e-2
[firmware]
board = "pynq-z2"
[verification]
vectors = 1500
x_vectors = 60
[synthesis]
boards = ["serenity-vu13p"]
[budget]
initiation_interval = 1
dsp = 0
"""


@pytest.fixture(scope="session")
def small_text() -> str:
    """Text of a configuration that trains, builds and verifies a network of one hidden layer within a minute."""
    return SMALL.format(data=JETS)


@pytest.fixture
def small_toml(tmp_path: Path, small_text: str) -> Path:
    """The small configuration as a file."""
    path = tmp_path / "small.toml"
    path.write_text(small_text)
    return path


@pytest.fixture
def small_config(small_text: str) -> Config:
    """The small configuration."""
    return Config.parse(small_text, "small.toml")


@pytest.fixture(scope="session")
def jets() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """(features, labels, feature names) of the first 3,000 training jets of the shipped sample."""
    with Dataset.open(JETS) as dataset:
        names = tuple(column.name for column in dataset.columns("high_level"))
        return dataset.read("high_level", "train")[:3000], dataset.labels("train")[:3000], names


@pytest.fixture
def contract(jets, small_config) -> InputContract:
    """The contract of the small configuration, on 3,000 jets."""
    values, _, names = jets
    chosen = small_config.data.blocks["high_level"].columns
    return make_contract(
        [InputBlock("high_level", chosen, ("",) * len(chosen), prefixed=False)],
        values[:, [names.index(name) for name in chosen]],
        width=10,
        network_integer=3,
        coverage=0.99,
        given={"multiplicity": {"offset": 0.0, "lsb": 1.0, "width": 8, "signed": False}},
    )


@pytest.fixture
def codesign(monkeypatch, capsys, tmp_path):
    """``codesign(*arguments)`` → (exit status, stdout, stderr) of the command line, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["codesign", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run

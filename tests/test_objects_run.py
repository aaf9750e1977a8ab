"""Trigger objects through the whole chain: words of the links in any order, padding, scales, integers in RTL."""

import json
import subprocess
import sys

import numpy as np
import pytest

from codesign.config_source import SourceSection
from codesign.contract import InputContract
from codesign.data.schema import Column
from codesign.data.writing import write_dataset
from codesign.source_presets import source_unpacker
from codesign.verify.vectors import Vectors

pytestmark = [pytest.mark.slow, pytest.mark.rtl, pytest.mark.hls]

CONFIG = """
name = "objects"
[data]
file = "events.h5"
[data.blocks.met]
[data.blocks.jets]
columns = ["pt", "eta", "phi"]
slots = 3
[contract]
preset = "cms-run3-ugt"
[model]
hidden = [6]
[quantization]
target_ebops = 900
[training]
epochs = 120
batch_size = 512
learning_rate = 3e-2
[firmware]
board = "pynq-z2"
[firmware.source]
format = "cms-ugt"
unsorted = ["jets"]
[verification]
vectors = 300
x_vectors = 20
"""

STEPS = """
import sys
from pathlib import Path
from codesign.pipeline import execute
from codesign.run import Run
run = Run.start(Path(sys.argv[1]), None)
for step in ("prepare", "train", "generate", "verify"):
    execute(run, step)
"""


def write_events(path):
    """Two classes that differ in the leading jet; between none and five jets, in no order."""
    random = np.random.default_rng(8)
    rows = 3000
    label = random.integers(0, 2, rows)
    pt = random.exponential(30 + 60 * label[:, None], (rows, 5))
    jets = np.stack([pt, random.normal(0, 2, pt.shape), random.uniform(-np.pi, np.pi, pt.shape)], axis=2)
    jets[np.arange(5) >= random.integers(0, 6, rows)[:, None]] = 0
    met = np.stack([random.exponential(40, rows), random.uniform(-np.pi, np.pi, rows)], axis=1)
    write_dataset(
        path,
        name="events",
        inputs={
            "jets": (jets, [Column("pt", "GeV", ""), Column("eta", "", ""), Column("phi", "rad", "")]),
            "met": (met, [Column("pt", "GeV", ""), Column("phi", "rad", "")]),
        },
        label=label,
        classes=["soft", "hard"],
        split=random.integers(0, 3, rows),
        provenance={"origin": "test"},
    )
    return jets.astype(np.float32), met.astype(np.float32)


def test_objects_on_trigger_scales_give_equal_integers_everywhere(tmp_path):
    jets, met = write_events(tmp_path / "events.h5")
    (tmp_path / "objects.toml").write_text(CONFIG)
    command = [sys.executable, "-c", STEPS, "objects.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "objects"
    verify = json.loads((run / "verify.json").read_text())
    assert verify["passed"]
    assert {entry["mismatches"] for entry in verify["comparisons"]} == {0}
    contract = InputContract.from_json((run / "contract.json").read_text())
    assert contract.names[:4] == ("met.pt", "met.phi", "jets[0].pt", "jets[0].eta")
    assert contract.word_bits == 12 + 8 + 3 * (11 + 8 + 8)
    vectors = Vectors.load(run / "vectors" / "stimulus.npz")
    firmware = json.loads((run / "firmware.json").read_text())
    assert firmware["inputs"]["bits"] == 32 + 12 * 32
    unpacker = source_unpacker(SourceSection(format="cms-ugt", unsorted=("jets",)), contract)
    assert firmware["unpacking"]["latency_cycles"] == unpacker.latency_cycles == 11
    real = unpacker.unpack(vectors.inputs)[vectors.category == vectors.categories.index("real events")]
    # What the trigger could send, computed here in another way.
    pt = np.minimum(np.floor(np.sort(jets[..., 0], axis=1)[:, ::-1][:, :3] / 0.5 + 0.5), 2047)
    possible = {tuple(row) for row in np.column_stack([np.floor(met[:, 0] / 0.5 + 0.5), pt]).astype(int)}
    assert len(real) > 100
    assert all(tuple(row) in possible for row in real[:, [0, 2, 5, 8]])

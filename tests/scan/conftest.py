"""A small scan, and quick objectives in place of trainings."""

import sys
from pathlib import Path

import pytest

from codesign.scan.driver import search
from codesign.scan.session import start_scan
from codesign.scan.workers import DaskWorkers, Place

sys.path.append(str(Path(__file__).parent))
import objective as objectives

SCAN = """
name = "small_scan"
base = "small.toml"
[space]
"quantization.target_ebops" = { low = 300, high = 3000, log = true }
"training.learning_rate" = { low = 0.002, high = 0.02 }
"model.hidden" = { choice = [[8], [4, 4]] }
[objectives]
accuracy = "maximize"
lut = "minimize"
[search]
trials = 12
population = 4
ahead = 3
"""


@pytest.fixture
def scan_toml(tmp_path, small_text):
    """Folder with the file of a small scan; ``write(**replacements)`` returns the file."""

    def write(*replacements):
        text = SCAN
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "small.toml").write_text(small_text)
        (tmp_path / "scan.toml").write_text(text)
        return tmp_path / "scan.toml"

    return write


@pytest.fixture
def scanned(scan_toml, tmp_path):
    """``scanned(evaluate, *replacements)`` → the scan after its search in this process."""

    def run(evaluate, *replacements, folder="run"):
        scan = start_scan(scan_toml(*replacements), tmp_path / folder)
        search(scan, objectives.InProcess(evaluate))
        return scan

    return run


@pytest.fixture
def pool(tmp_path):
    """``pool(evaluate)`` → two real worker processes."""
    made = []

    def start(evaluate, memory_gb=None, scheduler=None):
        workers = DaskWorkers(Place(scheduler, 2, memory_gb, tmp_path / "cache"), 2, evaluate)
        workers.__enter__()
        made.append(workers)
        return workers

    yield start
    for workers in made:
        workers.stop()


@pytest.fixture
def objective():
    """The module of quick objectives."""
    return objectives

"""What a user types wrong: one readable message, exit status 2, no traceback, nothing half-written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesign.cli import command
from codesign.data.dataset import Column, write_dataset
from codesign.run import Run


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 60", "epochz = 60", r"training.epochz: unknown key 'epochz'; did you mean 'epochs'\?"),
        ("epochs = 60", 'epochs = "many"', "key 'training.epochs': expected a valid integer, got 'many'"),
        ('board = "pynq-z2"', 'board = "pinq-z2"', r"unknown board 'pinq-z2'; did you mean 'pynq-z2'\?"),
        ("hidden = [8]", 'hidden = [8]\narchitecture = "mpl"', r"unknown architecture 'mpl'; did you mean 'mlp'\?"),
        (
            "[contract.inputs.multiplicity]",
            "[contract.inputs.mult]",
            r"contract.inputs: unknown input 'mult'; did you mean 'multiplicity'\?",
        ),
        ('"mass_mmdt"', '"mass_mdmt"', r"mass_mdmt.*did you mean 'mass_mmdt'\?"),
    ],
)
def test_mistakes_in_the_configuration(codesign, small_toml, old, new, message):
    edit(small_toml, old, new)
    status, out, err = codesign("data", "prepare", small_toml)
    assert status == 2
    assert re.search(message, err)
    assert "Traceback" not in err
    assert out == ""
    assert not Path("runs/small/data.json").exists()
    assert not Path("runs/small/contract.json").exists()


def test_missing_files_and_wrong_directories(codesign, small_toml, tmp_path):
    assert codesign("run", "none.toml")[::2] == (2, "error: none.toml: no such configuration file\n")
    edit(small_toml, "jets.h5", "jet.h5")
    status, _, err = codesign("data", "prepare", small_toml)
    assert status == 2
    assert "jet.h5: expected an HDF5 file, found no file" in err
    (tmp_path / "empty").mkdir()
    status, _, err = codesign("verify", "empty")
    assert (status, err.startswith("error: empty: expected a run directory")) == (2, True)


def test_a_path_that_cannot_be_made_is_one_line(codesign, small_toml, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = codesign("data", "prepare", small_toml, "--output", tmp_path / "file" / "run")
    assert status == 2
    assert err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in err


def test_a_step_without_the_one_before_it_says_which_to_run(codesign, small_toml):
    status, _, err = codesign("generate", small_toml)
    assert status == 2
    assert "'generate' needs 'train' first: codesign train runs/small" in err


@pytest.mark.parametrize("row", [6, 7, 8], ids=["train", "validation", "test"])
def test_features_that_are_not_numbers_are_refused(codesign, small_toml, tmp_path, row):
    features = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    features[row, 1] = np.nan
    write_dataset(
        tmp_path / "bad.h5",
        name="bad",
        inputs={"high_level": (features, [Column("a", "", "first"), Column("b", "", "second")])},
        label=np.arange(60) % 2,
        classes=["g", "q"],
        split=np.arange(60) % 3,
        provenance={},
    )
    small_toml.write_text('name = "bad"\n[data]\nfile = "bad.h5"\n')
    status, _, err = codesign("data", "prepare", small_toml)
    assert status == 2
    assert "found 1 NaN or infinite; first in column 'b' at row" in err
    assert not Path("runs/bad/data.json").exists()


def test_missing_tools_stop_a_run_before_it_begins(codesign, small_toml, monkeypatch):
    monkeypatch.setenv("CODESIGN_IVERILOG", "/no/such/iverilog")
    status, _, err = codesign("run", small_toml)
    assert status == 2
    assert "CODESIGN_IVERILOG='/no/such/iverilog' is not an executable file" in err
    assert not Path("runs/small/data.json").exists()


@pytest.mark.parametrize(("backend", "extras"), [("jax", "ml"), ("tensorflow", "ml,tensorflow")])
def test_training_without_the_ml_stack_says_what_to_install(codesign, small_toml, tmp_path, backend, extras):
    code = (
        "import sys\n"
        "for name in ('alkaid', 'hgq', 'hls4ml', 'jax', 'keras', 'tensorflow'): sys.modules[name] = None\n"
        "from codesign.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "train", str(small_toml)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert f"pip install 'codesign[{extras}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_board_on_the_command_line(codesign, small_toml):
    codesign("data", "prepare", small_toml)
    status, _, err = codesign("synth", "runs/small", "--board", "alveo-u25")
    assert status == 2
    assert "alveo-u250" in err
    assert not Path("runs/small/boards.json").exists()


def test_a_folder_in_which_no_simulation_can_be_built_is_refused_before_the_work(codesign, small_toml):
    status, out, err = codesign("run", small_toml, "--output", "my runs/first")
    assert (status, out) == (2, "")
    assert "my runs/first: expected a path without spaces" in err
    assert "choose another one with --output" in err
    assert not Path("my runs/first/data.json").exists()


@pytest.mark.parametrize("asked", [("verify", "--full"), ("synth", "--board", "zcu104")])
def test_what_is_asked_of_a_busy_run_is_not_remembered(codesign, small_toml, asked):
    run = Run.start(small_toml, None)
    before = {path.name for path in run.path.iterdir()} | {".lock"}
    step, *options = asked
    with run.lock():
        status, _, err = codesign(step, run.path, *options)
    assert (status, "another codesign process" in err) == (2, True)
    assert {path.name for path in run.path.iterdir()} == before


def test_unknown_command_and_option(codesign):
    assert codesign("trian", "x")[0] == 2
    status, _, err = codesign("train", "--fast", "x")
    assert status == 2
    assert "--fast" in err


def test_prepare_and_inspect_speak_json(codesign, small_toml):
    status, out, _ = codesign("data", "prepare", small_toml, "--json")
    assert status == 0
    record = json.loads(out)
    assert record["counts"]["train"]["g"] == 7500
    assert len(record["contract"]["inputs"]) == 6
    status, out, _ = codesign("boards", "--json")
    assert status == 0
    assert json.loads(out)["pynq-z2"]["lut"] == 53200


def all_commands(group, path=()):
    for name, entry in group.commands.items():
        yield (*path, name)
        if hasattr(entry, "commands"):
            yield from all_commands(entry, (*path, name))


@pytest.mark.parametrize("path", list(all_commands(command)), ids=" ".join)
def test_every_command_has_help_with_an_example(codesign, path):
    status, out, _ = codesign(*path, "--help")
    assert status == 0
    assert f"codesign {path[0]}" in out.split("Example")[1]


def test_help_does_not_load_the_heavy_packages():
    code = (
        "import sys\nfrom codesign.cli import command\n"
        "heavy = {'keras', 'jax', 'tensorflow', 'matplotlib', 'h5py', 'hls4ml'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_whole_run_asks_for_the_tool_that_synthesises_before_it_begins(codesign, small_text, tmp_path, monkeypatch):
    monkeypatch.setenv("CODESIGN_VIVADO", str(tmp_path / "no such file"))
    (tmp_path / "vivado.toml").write_text(small_text.replace("[synthesis]\n", '[synthesis]\ntool = "vivado"\n'))
    status, _, err = codesign("run", "vivado.toml")
    assert (status, "CODESIGN_VIVADO" in err) == (2, True)
    assert not (tmp_path / "runs" / "small" / "train.json").exists()

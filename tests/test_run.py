import json
from pathlib import Path

import pytest

from codesign.errors import ConfigError, RunError
from codesign.files import write_whole
from codesign.run import Run, digest, digest_files, to_json


def test_start_copies_the_configuration_and_open_finds_everything_again(small_toml, tmp_path):
    started = Run.start(small_toml, tmp_path / "r")
    opened = Run.open(tmp_path / "r")
    assert opened.config == started.config
    assert opened.data_file() == started.data_file()
    assert (tmp_path / "r" / "config.toml").read_text() == small_toml.read_text()
    provenance = json.loads((tmp_path / "r" / "provenance.json").read_text())
    assert {"codesign", "python", "packages", "config_file"} <= set(provenance)
    assert "numpy" in provenance["packages"]


def test_default_directory_is_named_after_the_run(small_toml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Run.start(small_toml).path == Path("runs/small")


def test_a_directory_of_something_else_is_not_touched(small_toml, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="exists and is not a run directory"):
        Run.start(small_toml, tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_a_copied_configuration_with_the_same_name_does_not_replace_the_first(small_toml, tmp_path):
    Run.start(small_toml, tmp_path / "r")
    copied = tmp_path / "copied.toml"
    copied.write_text(small_toml.read_text())
    with pytest.raises(RunError, match=r"belongs to .*small\.toml; change 'name' in .*copied\.toml"):
        Run.start(copied, tmp_path / "r")
    small_toml.unlink()  # renamed, not copied: then it is the same run
    assert Run.start(copied, tmp_path / "r").path == tmp_path / "r"


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_missing_or_damaged_provenance_is_explained(small_toml, tmp_path, text):
    path = Run.start(small_toml, tmp_path / "r").path
    (path / "provenance.json").unlink()
    if text is not None:
        (path / "provenance.json").write_text(text)
    with pytest.raises(RunError, match=r"provenance\.json: missing or damaged .* delete it"):
        Run.open(path)


def test_a_wrong_configuration_leaves_no_directory(tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "x"\nnam = 1\n[data]\nfile = "a"')
    with pytest.raises(ConfigError):
        Run.start(wrong, tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_open_wants_a_run_directory(tmp_path):
    with pytest.raises(RunError, match="expected a run directory"):
        Run.open(tmp_path)


def test_missing_and_damaged_records_are_explained(small_toml, tmp_path):
    run = Run.start(small_toml, tmp_path / "r")
    with pytest.raises(RunError, match=r"train\.json is missing"):
        run.record("train")
    (run.path / "train.json").write_text('{"epochs": 3')
    with pytest.raises(RunError, match=r"damaged .* delete it and repeat the step"):
        run.record("train")


def test_two_processes_cannot_work_in_one_directory(small_toml, tmp_path):
    run = Run.start(small_toml, tmp_path / "r")
    other = Run.open(tmp_path / "r")
    with run.lock(), pytest.raises(RunError, match="another codesign process"), other.lock():
        pass
    with other.lock():
        pass


def test_atomic_writing_keeps_the_old_file_when_it_fails(tmp_path):
    target = tmp_path / "a.json"
    write_whole(target, "old")
    with pytest.raises(TypeError):
        write_whole(target, 3)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_nan_never_enters_a_record():
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json({"a": float("nan")})


def test_digests_depend_on_content_only(tmp_path):
    (tmp_path / "a").write_text("1")
    first = digest_files(tmp_path.iterdir(), tmp_path)
    (tmp_path / "a").write_text("2")
    assert digest_files(tmp_path.iterdir(), tmp_path) != first
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})

import subprocess
import sys
import zipfile

import pytest

from codesign.assets import asset

FOLDERS = ("firmware_templates", "hw_tests", "vivado_scripts")


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_are_found_in_the_checkout(name):
    assert any(asset(name).iterdir())


def test_a_folder_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match="'no_such_folder' stands neither in"):
        asset("no_such_folder")


@pytest.mark.slow
def test_the_wheel_holds_the_folders_and_finds_them(tmp_path):
    root = asset("firmware_templates").parent
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    found = subprocess.run(
        [sys.executable, "-c", f"from codesign.assets import asset; print(*(asset(n) for n in {FOLDERS!r}))"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.split() == [str(tmp_path / "site" / "codesign" / name) for name in FOLDERS]
    assert (tmp_path / "site" / "codesign" / "synth" / "boards.toml").is_file()

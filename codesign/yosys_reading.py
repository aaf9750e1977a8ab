"""How a Yosys script reads a design: as seen from its folder, so that a run folder that moves keeps its results."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from codesign.errors import ConfigError

_PLAIN = re.compile(r"[\w./+-]+")


def read_commands(sources: Iterable[Path], include_dirs: Iterable[Path], work_dir: Path, *options: str) -> str:
    """Lines of a Yosys script that read a design, as seen from the working folder.

    Args:
        sources: Verilog, in reading order.
        include_dirs: folders of included headers.
        work_dir: folder in which the script runs.
        options: of ``read_verilog``, besides ``-sv -defer``.

    Raises:
        ConfigError: an include folder that Yosys cannot be told.
    """
    includes = [f"-I {_include(folder, work_dir)}" for folder in include_dirs]
    command = " ".join(["read_verilog -sv -defer", *options, *includes])
    return "\n".join(f"{command} {_word(path, work_dir)}" for path in sources)


def _word(path: Path, work_dir: Path) -> str:
    """Path seen from the working folder, as one word of a Yosys script."""
    text = _seen_from(work_dir, path)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def _include(folder: Path, work_dir: Path) -> str:
    """Include folder seen from the working folder; Yosys takes quotes off file names only, not off this option."""
    text = _seen_from(work_dir, folder)
    if not _PLAIN.fullmatch(text):
        raise ConfigError(f"include folder {folder}: Yosys needs a path of letters, digits and ._/+- only")
    return text


def _seen_from(work_dir: Path, path: Path) -> str:
    return os.path.relpath(path.resolve(), work_dir.resolve())

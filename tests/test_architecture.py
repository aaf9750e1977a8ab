"""The rules of the house that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "codesign"
FILES = sorted(PACKAGE.rglob("*.py"))
# A host that only simulates and synthesises installs the package without these.
ML = {"alkaid", "hgq", "hls4ml", "jax", "keras", "tensorflow"}
# Folders and files that must import without the machine-learning stack.
LIGHT = [
    "fixed_point",
    "contract",
    "input_formats",
    "presets",
    "metrics",
    "evaluation",
    "task",
    "data",
    "verify",
    "synth",
    "report",
    "pipeline",
    "cli",
    "summary",
    "estimation",
    "scan",
]
# Who may import whom inside the package, by first folder or file (DESIGN: left may import right).
FOUNDATION = {"errors", "files", "tools", "assets", "fixed_point", "naming", "objects", "progress", "run", "config"}
FOUNDATION |= {"config_firmware", "config_synthesis", "config_source", "bunch_clock"}
FOUNDATION |= {"sections", "task", "__version__", "pipeline_stages", "yosys_reading"}
CONTRACT = {"contract", "input_formats", "presets", "unpacking"}
ALLOWED = {
    "data": FOUNDATION | CONTRACT | {"data", "features", "codesign"},
    "features": FOUNDATION | {"features"},
    "contract": FOUNDATION,
    "input_formats": FOUNDATION | CONTRACT,
    "presets": FOUNDATION | CONTRACT,
    "models": FOUNDATION | {"contract", "models"},
    "training": FOUNDATION | {"contract", "models", "metrics", "data", "training"},
    "evaluation": FOUNDATION | {"data", "metrics", "evaluation"},
    "firmware": FOUNDATION | {"contract", "unpacking", "models", "firmware"},
    "verify": FOUNDATION | {"contract", "unpacking", "verify"},
    "synth": FOUNDATION | {"synth"},
    "scan": FOUNDATION
    | CONTRACT
    | {"models", "training", "evaluation", "data", "metrics", "firmware", "verify", "synth", "report", "scan"}
    | {"pipeline", "steps", "summary", "source_presets"},
    "report": FOUNDATION | {"metrics", "evaluation", "summary", "synth", "report"},
}


def imports(path):
    """(module, line) of every codesign import in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "codesign":
            names = [alias.name for alias in node.names] if node.module == "codesign" else [node.module.split(".")[1]]
            yield from ((name, node.lineno) for name in names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "codesign":
                    yield [*alias.name.split("."), "codesign"][1], node.lineno


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_imports_go_one_way(folder):
    files = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in (folder, f"{folder}.py")]
    assert files
    wrong = [
        f"{p.name}:{line} imports {name}" for p in files for name, line in imports(p) if name not in ALLOWED[folder]
    ]
    assert wrong == []


def test_nothing_imports_the_command_line():
    outside = [path for path in FILES if path.relative_to(PACKAGE).parts[0] != "cli"]
    wrong = [str(p) for p in outside for name, _ in imports(p) if name == "cli"]
    assert wrong == []


@pytest.mark.parametrize("name", LIGHT)
def test_light_modules_import_without_the_ml_stack(name):
    blocked = f"""
import sys, pkgutil, importlib
for name in {sorted(ML)!r}:
    sys.modules[name] = None  # makes 'import name' raise ImportError
module = importlib.import_module('codesign.{name}')
for info in pkgutil.walk_packages(getattr(module, '__path__', []), module.__name__ + '.'):
    importlib.import_module(info.name)
"""
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_packages_only_export():
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        kinds = (ast.ImportFrom, ast.Import, ast.Expr, ast.Assign)
        assert all(isinstance(node, kinds) for node in body), path

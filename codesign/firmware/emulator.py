"""Software emulator: the integers of the firmware in C++17 without dependencies, with a C interface and NumPy binding.

Experiments put the emulation of their trigger into their own software, so the project stands alone: a header with
everything in it, a CMake file, and a self-test. The header is made from the adder graph that also became the Verilog.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from codesign.assets import asset
from codesign.contract import InputContract
from codesign.errors import FirmwareError
from codesign.files import write_whole
from codesign.firmware.emulator_constants import format_fields, slot_fields, text_literal
from codesign.firmware.emulator_library import Emulator
from codesign.firmware.emulator_manifest import MANIFEST, emulator_name, manifest, require_name
from codesign.firmware.emulator_program import Program, make_program
from codesign.firmware.rtl import IntegerModel
from codesign.fixed_point import FixedPoint
from codesign.run import digest

__all__ = ["Emulator", "EmulatorProject", "emulator_name", "write_emulator"]

TEMPLATES = "firmware_templates"
FOLDER = "emulator"  # of the templates
EVENTS_PER_BLOCK = 16  # a vector register of 512 bits; a single event costs as much as a block
SELF_TEST_EVENTS = 32
# Template, and the file it becomes; NAME stands for the emulator's name.
FILES = {
    "emulator.h.j2": "include/codesign/NAME.h",
    "c_api.h.j2": "include/codesign/NAME_c.h",
    "c_api.cpp.j2": "src/c_api.cpp",
    "self_test.cpp.j2": "example/self_test.cpp",
    "CMakeLists.txt.j2": "CMakeLists.txt",
    "README.md.j2": "README.md",
}


@dataclass(frozen=True)
class EmulatorProject:
    """A written emulator.

    Attributes:
        path: project directory.
        name: namespace, and prefix of the C functions.
        version: digest of network, contract and classes.
        files: what was written, relative to ``path``.
        operations: statements of the straight-line code.
        table_entries: entries of all look-up tables.
    """

    path: Path
    name: str
    version: str
    files: tuple[str, ...]
    operations: int
    table_entries: int


def write_emulator(
    path: Path, network: IntegerModel, contract: InputContract, classes: Sequence[str], name: str
) -> EmulatorProject:
    """Write the emulator of a network; equal networks give equal files.

    Args:
        path: project directory; what stands there is replaced.
        network: the traced network.
        contract: formats of the inputs.
        classes: names of the scores.
        name: namespace, and prefix of the C functions (`emulator_name` makes one of any text).

    Raises:
        FirmwareError: the name is no C++ name, the classes are not the network's, an operation of the graph is unknown,
            or a value needs more than 64 bits.
    """
    require_name(name)
    if len(classes) != len(network.score_bits):
        raise FirmwareError(f"emulator: expected {len(network.score_bits)} class names, got {len(classes)}")
    assert len(network.input_bits) == len(contract.inputs), "raises where the graph wants bits that are not there"
    score = network.score_format
    program = make_program(network.graph, [fmt.fractional for fmt in contract.network_formats], score.fractional)
    version = _version(network.graph, contract, classes)
    stimulus = _self_test_events(contract)
    values = {
        **_code(program),
        **_constants(contract, classes, score),
        "name": name,
        "version": version,
        "stimulus": stimulus.tolist(),
        "expected": network.predict(stimulus).tolist(),
    }
    shutil.rmtree(path, ignore_errors=True)
    templates = asset(TEMPLATES)
    loader = jinja2.FileSystemLoader(templates / FOLDER)
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    for template, file in FILES.items():
        write_whole(path / file.replace("NAME", name), environment.get_template(template).render(values))
    write_whole(path / "python" / "emulator.py", (templates / FOLDER / "emulator.py").read_text(encoding="utf-8"))
    record = manifest(name, version, contract, classes, score)
    write_whole(path / MANIFEST, json.dumps(record, indent=2) + "\n")
    files = tuple(sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()))
    entries = sum(len(table.entries) for table in program.tables)
    return EmulatorProject(path, name, version, files, program.statements, entries)


def _version(graph: Any, contract: InputContract, classes: Sequence[str]) -> str:
    """Digest of what the emulator computes; other formatting of the same code has the same one."""
    operations = [[op.opcode, list(op.addr), list(op.data), list(op.qint)] for op in graph.ops]
    tables = [[table.table.tolist(), list(table.spec.out_qint)] for table in graph.lookup_tables or ()]
    outputs = [[int(part) for part in parts] for parts in (graph.out_idxs, graph.out_shifts, graph.out_negs)]
    return digest(operations, tables, outputs, contract.to_json(), list(classes))[:16]


def _self_test_events(contract: InputContract) -> NDArray[np.int64]:
    """Zeros, the ends of all ranges, and numbers in between; the same for the same contract."""
    low, high = contract.extremes()
    odd = np.arange(len(low)) % 2 == 1
    fixed = np.stack([np.zeros_like(low), low, high, np.where(odd, low, high), np.where(odd, high, low)])
    between = np.random.default_rng(0).integers(low, high, (SELF_TEST_EVENTS - len(fixed), len(low)), endpoint=True)
    return np.concatenate([fixed, between])


def _code(program: Program) -> dict[str, Any]:
    """What the templates need of the program."""
    return {
        "block": EVENTS_PER_BLOCK,
        "tables": program.tables,
        "loads": program.loads,
        "parts": program.parts,
        "stores": program.stores,
        "narrow_slots": program.slots["n"],
        "wide_slots": program.slots["w"],
    }


def _constants(contract: InputContract, classes: Sequence[str], score: FixedPoint) -> dict[str, Any]:
    """What the templates need of inputs and scores."""
    return {
        "contract": contract,
        "inputs": len(contract.inputs),
        "outputs": len(classes),
        "formats": [format_fields(entry) for entry in contract.inputs],
        "objects": [slot_fields(group, contract) for group in contract.objects],
        "classes": [text_literal(name) for name in classes],
        "class_names": list(classes),
        "score": score,
        "score_format": str(score),
        "score_lsb": repr(score.lsb),
    }

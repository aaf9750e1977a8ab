"""The back ends of hls4ml: which C-simulation g++ can compile, and what a written project must hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codesign.errors import FirmwareError

SOURCES = (".cpp", ".h", ".hpp", ".tcl", ".txt", ".yml", ".sh")


@dataclass(frozen=True)
class HlsBackend:
    """A back end.

    Attributes:
        needs: what its C-simulation needs besides g++ and the headers that hls4ml ships; empty for nothing.
        part: device of the project where the back end knows none of the boards' makers; empty for the board's.
    """

    needs: str = ""
    part: str = ""


HLS_BACKENDS: Mapping[str, HlsBackend] = {
    "Vitis": HlsBackend(),
    "Vivado": HlsBackend(),
    "Catapult": HlsBackend(),
    "oneAPI": HlsBackend("Intel's oneAPI compiler icpx with its SYCL and ac_types headers", "Agilex7"),
    "Libero": HlsBackend("the headers hls/ap_fixpt.hpp and hls/streaming.hpp of Microchip's SmartHLS", "MPF300"),
}


def make_portable(path: Path, project: str) -> None:
    """Take the place where a project was written out of it; Catapult's bridge then gets it when it is compiled."""
    settings, bridge, script = path / "hls4ml_config.yml", path / f"{project}_bridge.cpp", path / "build_lib.sh"
    path.with_name(f"{path.name}.tar.gz").unlink(missing_ok=True)  # Catapult's writer makes an archive as well
    settings.write_text(settings.read_text().replace(str(path), "."))
    makefile = path / "Makefile.compile"  # of SmartHLS
    if makefile.is_file():
        makefile.write_text(makefile.read_text().replace(str(path.resolve()), "$(CURDIR)"))
    place = f'"{path.resolve()}/firmware/weights"'
    if bridge.is_file() and place in bridge.read_text():
        bridge.write_text(bridge.read_text().replace(place, "WEIGHTS_DIR"))
        compiler, here = "${CC} ${CFLAGS} ", '-D WEIGHTS_DIR="\\"$(pwd)/firmware/weights\\"" '
        script.write_text(script.read_text().replace(compiler, compiler + here))


def require_complete(path: Path) -> None:
    """Refuse a project that another host could not build: a path of this host in it, or weights that are missing.

    Raises:
        FirmwareError: the message names the file.
    """
    place = str(path.resolve())
    folder = next((found.parent for found in path.rglob("firmware/defines.h")), path / "firmware")
    for file in sorted(path.rglob("*")):
        if not (file.suffix in SOURCES or file.name.startswith("Makefile")) or "ap_types" in file.parts:
            continue
        text = file.read_text(errors="replace")
        if place in text:
            raise FirmwareError(f"{file}: holds the path {place}, which another host does not have")
        for name in re.findall(r'#include "(weights/[^"]+)"', text):
            if not (folder / name).is_file():
                raise FirmwareError(f"{file}: {name} is missing in the project; generate the firmware again")
        for name in re.findall(r'load_(?:compressed_|exponent_)?weights_from_txt<[^>]*>\([^,]*, "([^"]+)"', text):
            if not (folder / "weights" / name).is_file():
                raise FirmwareError(f"{file}: weights/{name} is missing in the project; generate the firmware again")

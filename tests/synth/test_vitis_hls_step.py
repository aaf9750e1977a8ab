"""Vitis HLS as the tool of the synthesis step, against the stand-ins."""

import pytest
from test_vitis_hls import project  # noqa: F401  fixture
from vendor_fakes import PART, FakeVendor, needs_tclsh

from codesign.config_synthesis import SynthesisSection, VitisHlsSection
from codesign.synth.boards import get_board
from codesign.synth.dispatch import synthesise_firmware

pytestmark = needs_tclsh

BOARD = get_board("apx-vu9p")
CLOCK_MHZ = 320.0


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    return FakeVendor(tmp_path, monkeypatch)


def synthesise(tmp_path, **options):
    section = SynthesisSection(tool="vitis_hls", vitis_hls=VitisHlsSection(**options))
    firmware = {
        "target": {"clock_mhz": CLOCK_MHZ},
        "rtl_sources": [],
        "include_directories": [],
        "top": "network",
        "clock": "clk",
        "hls_project": "hls",
    }
    return synthesise_firmware(tmp_path / "firmware", firmware, [BOARD], section, tmp_path / "synth")


@pytest.mark.usefixtures("project")
class TestVitisHls:
    def test_estimates_are_called_estimates(self, vendor, tmp_path):
        assert BOARD.part == PART
        (use,) = synthesise(tmp_path).boards
        assert use.failed is None
        assert (use.tool, use.latency_cycles is None, use.fmax_mhz) == ("vitis-run", False, None)
        assert "estimate before any gates" in use.estimate_class
        assert use.lut_share == use.lut / BOARD.lut

    def test_numbers_of_vivado_replace_them(self, vendor, tmp_path):
        (csynth,) = synthesise(tmp_path).boards
        (export,) = synthesise(tmp_path, export=True, flow="impl").boards
        assert export.estimate_class == "Vivado, exported HLS project placed and routed"
        assert export.fmax_mhz is not None
        assert export.lut != csynth.lut

    def test_a_failure_is_a_state(self, vendor, tmp_path):
        vendor.fault("licence")
        result = synthesise(tmp_path)
        assert result.boards[0].lut is None
        assert result.failed[0].startswith("apx-vu9p with vitis_hls: licence: ")

"""Firmware: HLS project, RTL and trigger wrapper generated from one trained network."""

from codesign.firmware.generate import FirmwareResult, FirmwareTarget, generate

__all__ = ["FirmwareResult", "FirmwareTarget", "generate"]

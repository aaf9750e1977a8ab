"""Proof that the firmware computes what the trained network computes, integer by integer."""

from codesign.verify.compare import Comparison, Mismatch, compare
from codesign.verify.result import BenchOutcome, VerifyResult
from codesign.verify.step import verify_firmware
from codesign.verify.vectors import Vectors, make_vectors

__all__ = [
    "BenchOutcome",
    "Comparison",
    "Mismatch",
    "Vectors",
    "VerifyResult",
    "compare",
    "make_vectors",
    "verify_firmware",
]

"""The chapters of the report, in reading order; a new one is one file and one line here."""

from codesign.report.sections.all_numbers import all_numbers
from codesign.report.sections.firmware import firmware
from codesign.report.sections.inputs import inputs
from codesign.report.sections.physics import physics
from codesign.report.sections.precision import precision
from codesign.report.sections.provenance import provenance
from codesign.report.sections.resources import resources
from codesign.report.sections.training import training
from codesign.report.sections.verification import verification

SECTIONS = (physics, training, precision, inputs, firmware, verification, resources, all_numbers, provenance)

__all__ = ["SECTIONS"]

"""The table of synthesised designs, and the fit of what the compiler knows of a design to what synthesis finds.

The compiler's cost takes the addition of a constant for free, since a vendor's tool can often join it to its neighbour;
Yosys maps a carry chain for it, and it does not count values that wait in shift registers. So LUT are a linear function
of the cost and of the sizes of these two, FF one of the registers that stay flip-flops and of the shift registers,
which begin and end in one. Designs that multiply two variables take far more than their cost (up to 1.8 times) and are
a kind of their own, of which there are too few to estimate any.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np

from codesign.errors import ReportError

Row = TypeVar("Row")

TABLE = "calibration.csv"
COVERAGE = 0.9  # of held-out designs that an interval holds
KINDS = {"lut_dense": "tables", "boosted_trees": "trees"}
ADDERS, MULTIPLYING = "adder graph", "adder graph with products of two variables"
FEWEST_DESIGNS = 4  # of one kind, for a fit and its error
LARGEST_ERROR = 0.06  # mean error on left-out networks with which an estimate is worth giving


@dataclass(frozen=True)
class Features:
    """What the compiler knows of a design before synthesis.

    Attributes:
        architecture: name in `codesign.models.MODELS`.
        latency_cutoff: adder levels between two registers.
        lut_estimate: the compiler's cost.
        latency_cycles: clocks from input to output.
        constant_adder_bits, multiplier_bits, plain_register_bits, shift_register_bits: of
            `codesign.firmware.cost_terms.CostTerms`.
    """

    architecture: str
    latency_cutoff: float
    lut_estimate: float
    latency_cycles: int
    constant_adder_bits: int
    multiplier_bits: int
    plain_register_bits: int
    shift_register_bits: int

    @property
    def kind(self) -> str:
        """Designs of one kind are fitted together."""
        return KINDS.get(self.architecture, MULTIPLYING if self.multiplier_bits else ADDERS)


@dataclass(frozen=True)
class Synthesised(Features):
    """A row of the table: a design that was synthesised.

    Attributes:
        design: name of the network; the same network may stand there with several cutoffs and fabrics.
        description: what the network is.
        compiler: compiler and version.
        tool: synthesis tool and version.
        family: fabric.
        lut, lut_low, ff, dsp, carry4, bram_18k: what the tool counted in the whole trigger algorithm.
    """

    design: str
    description: str
    compiler: str
    tool: str
    family: str
    lut: int
    lut_low: int
    ff: int
    dsp: int
    carry4: int
    bram_18k: int


@dataclass(frozen=True)
class Fit:
    """A quantity as a linear function of features, with the errors on designs that it had not seen.

    Attributes:
        coefficients: of the terms.
        errors: relative error of every row when all rows of its network were left out of the fit.
    """

    coefficients: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def mean_error(self) -> float:
        """Mean absolute relative error on left-out networks."""
        return float(np.mean(np.abs(self.errors)))

    @property
    def half_width(self) -> float:
        """Relative half width of an interval that holds a new design with `COVERAGE` (split conformal rank)."""
        ranked = sorted(abs(error) for error in self.errors)
        return ranked[min(math.ceil((len(ranked) + 1) * COVERAGE), len(ranked)) - 1]


@cache
def read_calibration() -> tuple[Synthesised, ...]:
    """The table that comes with the package."""
    return parse_table((files("codesign.synth") / TABLE).read_text(encoding="utf-8"), Synthesised, TABLE)


def parse_table(text: str, row_type: type[Row], name: str) -> tuple[Row, ...]:
    """Rows of a table, whose columns are the fields of a dataclass.

    Raises:
        ReportError: columns are missing, or a value is no number.
    """
    types = {field.name: field.type for field in fields(row_type)}  # type: ignore[arg-type]
    reader = csv.DictReader(io.StringIO(text))
    if set(reader.fieldnames or ()) != set(types):
        raise ReportError(
            f"{name}: expected the columns {', '.join(types)}, found {', '.join(reader.fieldnames or ())}"
        )
    try:
        return tuple(row_type(**{key: types[key](value) for key, value in row.items()}) for row in reader)  # type: ignore[operator]
    except (TypeError, ValueError) as error:
        raise ReportError(f"{name}: {error}") from None


def fit_lut(rows: Sequence[Synthesised]) -> Fit:
    """LUT of the whole trigger algorithm."""
    return fit_relative([lut_terms(row) for row in rows], [row.lut for row in rows], [row.design for row in rows])


def fit_ff(rows: Sequence[Synthesised]) -> Fit:
    """Flip-flops of the whole trigger algorithm."""
    return fit_relative([ff_terms(row) for row in rows], [row.ff for row in rows], [row.design for row in rows])


def lut_terms(design: Features) -> tuple[float, ...]:
    """Terms of the LUT fit; tables and trees hardly add constants."""
    if design.kind not in (ADDERS, MULTIPLYING):
        return (design.lut_estimate, float(design.shift_register_bits))
    return (design.lut_estimate, float(design.constant_adder_bits), float(design.shift_register_bits))


def ff_terms(design: Features) -> tuple[float, ...]:
    """Terms of the flip-flop fit."""
    return (float(design.plain_register_bits), float(design.shift_register_bits))


def predict(fit: Fit, terms: Iterable[float]) -> float:
    """The fitted quantity of a design."""
    return float(np.dot(fit.coefficients, tuple(terms)))


def fit_relative(terms: Sequence[Sequence[float]], found: Sequence[int], networks: Sequence[str]) -> Fit:
    """Least squares of relative deviations; each network is left out once, with all its rows."""
    matrix, values, names = np.array(terms, float), np.array(found, float), np.array(networks)
    errors = np.empty(len(values))
    for name in dict.fromkeys(networks):
        left_out = names == name
        errors[left_out] = matrix[left_out] @ _solve(matrix[~left_out], values[~left_out]) / values[left_out] - 1.0
    return Fit(tuple(map(float, _solve(matrix, values))), tuple(map(float, errors)))


def _solve(matrix: Any, values: Any) -> Any:
    return np.linalg.lstsq(matrix / values[:, None], np.ones(len(values)), rcond=None)[0]

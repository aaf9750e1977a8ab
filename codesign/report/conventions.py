"""Conventions: what a row must share with another one before the two may stand in one column."""

from dataclasses import dataclass, fields
from importlib.resources import files

from codesign.errors import ConfigError
from codesign.report.collect import Record, Records
from codesign.run import digest as digest_of
from codesign.sections import Section, parse_section

FABRICS = {"ultrascale_plus": "UltraScale+", "7series": "7 series", "versal": "Versal"}
NOT_SYNTHESISED = "not synthesised"


@dataclass(frozen=True)
class Convention:
    """What a number is of, and how it was obtained.

    Attributes:
        task: classification or anomaly.
        dataset: data that it was judged on.
        inputs: what the network is given.
        counted: what of the design is counted.
        estimate: how its resources were obtained.
        part: device, or fabric where the device does not matter.
    """

    task: str
    dataset: str
    inputs: str
    counted: str
    estimate: str
    part: str

    def differences(self, other: "Convention") -> tuple[str, ...]:
        """Why two rows may not stand in one column, one reason each."""
        return tuple(
            f"{field.name}: {getattr(self, field.name)} against {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )


@dataclass(frozen=True)
class Row:
    """One row of a comparison.

    Attributes:
        name: run or published design.
        convention: what its numbers mean.
        accuracy, accuracy_error: fraction of right test events, and its statistical error; None where not known.
        auc, auc_error: area under the ROC curve of the worst class or signal; None likewise.
        ebops: effective bit operations.
        lut, ff, dsp: resources.
        latency_ns: latency.
        fmax_mhz: clock that was reached.
        mismatches: vectors that differ from the trained network; None where nothing was compared.
        source: where the row comes from.
    """

    name: str
    convention: Convention
    accuracy: float | None = None
    accuracy_error: float | None = None
    auc: float | None = None
    auc_error: float | None = None
    ebops: float | None = None
    lut: int | None = None
    ff: int | None = None
    dsp: int | None = None
    latency_ns: float | None = None
    fmax_mhz: float | None = None
    mismatches: int | None = None
    source: str = ""


class _Published(Section):
    name: str
    accuracy: float | None = None
    lut: int | None = None
    ff: int | None = None
    dsp: int | None = None
    fmax_mhz: float | None = None
    latency_ns: float | None = None


class _Group(Section):
    task: str
    dataset: str
    inputs: str
    counted: str
    estimate: str
    part: str
    mark: str
    source: str
    rows: tuple[_Published, ...]


class _Anchors(Section):
    group: tuple[_Group, ...]


def read_anchors(task: str | None = None) -> tuple[Row, ...]:
    """The published figures that come with the package, of one task or of all."""
    text = (files("codesign.report") / "anchors.toml").read_text(encoding="utf-8")
    found = []
    for group in parse_section(_Anchors, text, "anchors.toml").group:
        if group.mark not in ("P", "T", "S", "M"):
            raise ConfigError(f"anchors.toml: mark {group.mark!r} of {group.source}: expected P, T, S or M")
        convention = Convention(group.task, group.dataset, group.inputs, group.counted, group.estimate, group.part)
        found += [_row(entry, convention, f"quoted [{group.mark}]: {group.source}") for entry in group.rows]
    return tuple(row for row in found if task in (None, row.convention.task))


def _row(entry: _Published, convention: Convention, source: str) -> Row:
    values = entry.model_dump()
    accuracy = values.pop("accuracy")
    return Row(convention=convention, accuracy=None if accuracy is None else accuracy / 100, source=source, **values)


def row_of(records: Records) -> Row:
    """The row of a run, on the board that its firmware is made for."""
    board, firmware, metrics = records.main_board or {}, records.firmware or {}, records.metrics or {}
    accuracy = metrics.get("accuracy") or {}
    worst = _worst_area(metrics)
    comparisons = (records.verify or {}).get("comparisons") or ()
    return Row(
        name=records.name,
        convention=convention_of(records),
        accuracy=accuracy.get("value"),
        accuracy_error=accuracy.get("error"),
        auc=worst.get("value"),
        auc_error=worst.get("error"),
        ebops=(records.train or {}).get("ebops"),
        lut=board.get("lut"),
        ff=board.get("ff"),
        dsp=board.get("dsp"),
        latency_ns=firmware.get("latency_ns"),
        fmax_mhz=board.get("fmax_mhz"),
        mismatches=max((entry["mismatches"] for entry in comparisons), default=None),
        source="measured in this run",
    )


def convention_of(records: Records) -> Convention:
    """What the numbers of a run mean."""
    data, board = records.data or {}, records.main_board or {}
    digest = str(data.get("data_digest", ""))[:8]
    inputs = [entry["name"] for entry in data.get("contract", {}).get("inputs", ())]
    return Convention(
        task=records.task.kind,
        dataset=f"{data.get('name', 'not prepared')} ({digest})" if digest else "not prepared",
        inputs=f"{len(inputs)} inputs: {', '.join(inputs[:3])}, … ({digest_of(inputs)[:8]})",
        counted="whole trigger algorithm",
        estimate=str(board.get("estimate_class", NOT_SYNTHESISED)),
        part=FABRICS.get(str(board.get("family")), NOT_SYNTHESISED),
    )


def _worst_area(metrics: Record) -> dict[str, float]:
    """The smallest AUC of the classes, or of the signals on the deployed score."""
    scores = metrics.get("scores")
    entries = scores[0]["signals"] if scores else metrics.get("classes", ())
    areas: list[dict[str, float]] = [entry["auc"] for entry in entries]
    return min(areas, key=lambda area: area["value"], default={})

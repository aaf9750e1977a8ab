"""Where every number comes from: versions, seeds, data, settings, time."""

from collections.abc import Iterator, Mapping
from typing import Any

from codesign.report import text
from codesign.report.blocks import Block, Listing, Section, Table, facts, table
from codesign.report.collect import Record, Records

SEEDS_SHOWN = 4


def provenance(records: Records) -> Section:
    """Versions, data set and its generation, wall times, configuration."""
    blocks: list[Block] = [_software(records), _times(records)]
    if records.data is not None:
        blocks += [_data(records.data), _counts(records.data)]
        rows = list(flatten(records.data.get("provenance") or {}))
        if rows:
            blocks.append(facts("How the data set was made, as stored in it", rows))
    blocks.append(Listing("Configuration", records.config_text, "toml"))
    return Section("provenance", "Provenance", tuple(blocks))


def _software(records: Records) -> Table:
    stored = records.provenance or {}
    return facts(
        "Software and state",
        [
            ("codesign", stored.get("codesign") or text.MISSING),
            ("git state of the configuration", stored.get("git") or "not in a git checkout"),
            ("seed", str(records.seed)),
            ("configuration file", stored.get("config_file") or text.MISSING),
            ("Python", stored.get("python") or text.MISSING),
            ("platform", stored.get("platform") or text.MISSING),
            *((name, version) for name, version in sorted((stored.get("packages") or {}).items())),
        ],
        half=True,
    )


def _times(records: Records) -> Table:
    steps: dict[str, Record | None] = {
        "data and input contract": records.data,
        "training": records.train,
        "physics": records.metrics,
        "firmware": records.firmware,
        "verification": records.verify,
        "synthesis": records.synth,
    }
    rows = [
        [name, "not run" if record is None else text.duration(record.get("wall_time_s"))]
        for name, record in steps.items()
    ]
    spent = [record["wall_time_s"] for record in steps.values() if record and "wall_time_s" in record]
    total = text.duration(sum(spent)) if spent else text.MISSING
    return table("Wall time", ("step", "time"), "lr", [*rows, ["sum", total]], half=True)


def _data(record: Record) -> Table:
    digest = record.get("data_digest") or text.MISSING
    return facts("Data set", [("name", record.get("name") or text.MISSING), ("SHA-256 of its content", digest)])


def _counts(record: Record) -> Table:
    counts, classes = record["counts"], record["classes"]
    rows = [
        [split, *(text.count(by_class.get(name)) for name in classes), text.count(sum(by_class.values()))]
        for split, by_class in counts.items()
    ]
    return table("Events by split and class", ("split", *classes, "all"), "l" + "r" * (len(classes) + 1), rows)


def flatten(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested provenance as (dotted key, text) rows; long lists of seeds are cut, with their length."""
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        elif isinstance(value, list):
            shown = value[:SEEDS_SHOWN] if all(isinstance(item, int) for item in value) else value
            more = f", … ({len(value)} in all)" if len(shown) < len(value) else ""
            yield name, ", ".join(str(item) for item in shown) + more
        else:
            yield name, str(value)

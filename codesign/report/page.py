"""Puts the chapters together: one self-contained HTML page, and the same in Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass

from codesign.report.blocks import Cell, Paragraph, Section, Table, table
from codesign.report.collect import Records
from codesign.report.rendering import render
from codesign.report.sections import SECTIONS
from codesign.report.tables import block_to_markdown, escape, section_to_markdown
from codesign.report.verdict import Tile, Verdict, budget_table, judge, tiles

TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class Page:
    """The content of a report.

    Attributes:
        name: name of the run.
        subtitle: what the run is about, in one line.
        verdict: whether it holds what was asked.
        tiles: the key numbers.
        budget: one row per limit; None when no limit is set.
        sections: the chapters.
    """

    name: str
    subtitle: str
    verdict: Verdict
    tiles: tuple[Tile, ...]
    budget: Table | None
    sections: tuple[Section, ...]


def build_page(records: Records) -> Page:
    """The content of the report on these records."""
    return Page(
        name=records.name,
        subtitle=_subtitle(records),
        verdict=judge(records),
        tiles=tiles(records),
        budget=budget_table(records) if records.budget else None,
        sections=tuple(section(records) for section in SECTIONS),
    )


def to_html(page: Page, images: Mapping[str, bytes]) -> str:
    """The page as one HTML file that loads nothing.

    Args:
        page: content.
        images: SVG of every plot, by its name.
    """
    return render(TEMPLATE, images, page=page)


def to_markdown(page: Page) -> str:
    """The same tables as GitHub Markdown; plots are linked."""
    mark = {"good": "good", "bad": "bad"}.get(page.verdict.state, "warn")
    head = [f"# Trigger firmware report: {escape(page.name)}", escape(page.subtitle)]
    reasons = " ".join(page.verdict.reasons)
    head.append(block_to_markdown(Paragraph(f"{page.verdict.headline}. {reasons}", mark)))  # type: ignore[arg-type]
    numbers = [(tile.label, Cell(tile.value, tile.state), tile.detail) for tile in page.tiles]
    head.append(block_to_markdown(table("Key numbers", ("quantity", "value", "remark"), "lrl", numbers)))
    head.append(block_to_markdown(page.budget) if page.budget else "No limit is set in the budget.")
    return "\n\n".join([*head, *(section_to_markdown(section) for section in page.sections)]) + "\n"


def _subtitle(records: Records) -> str:
    parts = []
    if records.data:
        parts.append(records.data["name"])
    if records.firmware:
        target = records.firmware["target"]
        parts.append(f"for {target['board']} ({target['part']})")
    return " · ".join(parts) or "no step has run yet"

"""Blocks as GitHub Markdown."""

import re
from collections.abc import Iterable

from codesign.report.blocks import Block, Cell, Listing, Paragraph, Plot, Section, Table

_MARKS = {"good": "✅ ", "bad": "❌ ", "warn": "⚠️ ", "missing": "", "plain": ""}
_RULES = {"l": ":---", "r": "---:"}


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    one_line = " ".join(text.split())
    escaped = re.sub(r"([\\`*\[\]|#~])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def table_to_markdown(table: Table) -> str:
    """A GitHub table under its caption."""
    lines = [f"**{escape(table.caption)}**", ""]
    lines += [_row(escape(title) for title in table.header), _row(_RULES[letter] for letter in table.align)]
    lines += [_row(_cell(cell) for cell in row) for row in table.rows]
    if table.note:
        lines += ["", f"*{escape(table.note)}*"]
    return "\n".join(lines)


def block_to_markdown(block: Block) -> str:
    """Any block; a plot becomes a link to its PNG."""
    if isinstance(block, Table):
        return table_to_markdown(block)
    if isinstance(block, Plot):
        return f"[Plot: {escape(block.caption)}](plots/{block.name}.png)"
    if isinstance(block, Listing):
        return f"**{escape(block.caption)}**\n\n{_fenced(block)}"
    return paragraph_to_markdown(block)


def paragraph_to_markdown(paragraph: Paragraph) -> str:
    """A paragraph, marked by its state."""
    return _MARKS[paragraph.state] + escape(paragraph.text)


def section_to_markdown(section: Section) -> str:
    """A chapter under its heading."""
    return "\n\n".join([f"## {escape(section.title)}", *(block_to_markdown(block) for block in section.blocks)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return _MARKS[cell.state] + escape(cell.text)


def _fenced(listing: Listing) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", listing.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{listing.language}\n{listing.text.rstrip()}\n{fence}"

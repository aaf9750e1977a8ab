import re

import pytest

from codesign.report.blocks import Cell, Listing, Paragraph, table
from codesign.report.tables import block_to_markdown, escape, table_to_markdown

HOSTILE = "a|b\n<script>alert(1)</script> `code` [x](http://evil) *bold* \\"


def columns(line: str) -> int:
    """Cells of a Markdown table row: bars that are not escaped, less one."""
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


def test_a_table_is_well_formed_whatever_it_holds() -> None:
    shown = table("Counts", ("name", HOSTILE), "lr", [(HOSTILE, "1"), ("plain", Cell("0", "good"))], HOSTILE)
    lines = table_to_markdown(shown).splitlines()
    assert lines[0] == "**Counts**"
    assert lines[3] == "| :--- | ---: |"
    assert [columns(line) for line in lines[2:6]] == [2, 2, 2, 2]
    assert lines[5] == "| plain | ✅ 0 |"


def test_rows_must_fit_the_header() -> None:
    with pytest.raises(AssertionError, match="rows of different lengths"):
        table("Counts", ("a", "b"), "ll", [("only one",)])


def test_escaped_text_is_inert_and_on_one_line() -> None:
    escaped = escape(HOSTILE)
    assert "\n" not in escaped
    assert "<script" not in escaped
    assert not re.search(r"(?<!\\)[`*\[\]|]", escaped)


def test_a_code_fence_is_longer_than_any_in_the_text() -> None:
    shown = block_to_markdown(Listing("Configuration", "x\n````\ny\n", "toml"))
    assert shown.endswith("`````toml\nx\n````\ny\n`````")


def test_a_state_is_visible_without_colour() -> None:
    assert block_to_markdown(Paragraph("broken", "bad")) == "❌ broken"

"""How a page shows the parts of a chapter."""

import jinja2
import pytest

from codesign.report.blocks import LONG, Cell, Table


@pytest.mark.parametrize(
    ("rows", "state", "start"),
    [(LONG, "plain", None), (LONG + 1, "good", "<details><summary>"), (LONG + 1, "warn", "<details open><summary>")],
)
def test_long_tables_are_folded_unless_something_in_them_needs_a_look(rows, state, start):
    cells = tuple((Cell(str(row), state if row == 7 else "plain"),) for row in range(rows))
    blocks = jinja2.Environment(loader=jinja2.PackageLoader("codesign.report")).get_template("blocks.html.j2")
    html = blocks.module.show_table(Table("numbers", ("n",), cells, "r"))
    assert html.count("<td") == rows
    assert html.count("<details") == html.count("</details>") == (start is not None)
    assert start is None or f"{start}{rows} rows" in html

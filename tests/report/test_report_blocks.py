"""How a page shows the parts of a chapter."""

import dataclasses

import jinja2
import pytest

from codesign.report.blocks import LONG, Cell, Table
from codesign.report.sections.verification_depth import depth
from codesign.verify.mutation.score import KindScore, MutationResult, Survivor


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


@pytest.mark.parametrize(
    ("verdict", "scope", "shown_by", "why"),
    [
        ("equivalent", "logic0, logic3", (), "for any input (SAT)"),
        ("equivalent", "integer programme", (), "for any input (integer programme)"),
        ("equivalent", "network_fed", (), "for all that words can give (SAT)"),
        ("equivalent", "logic8_to_9_logic8_watch_84", (), "within proven ranges (SAT)"),
        ("different", "network", (), "the vectors have a hole"),
        ("different", "simulation", (3, 4), "an input that joins the vectors"),
        ("unproven", "network", (), "not decided"),
    ],
)
def test_why_a_planted_fault_was_not_found(verdict, scope, shown_by, why):
    survivor = Survivor(7, "sign", "operand 0 as unsigned", "logic0.v:1", "wire v;", verdict, scope, shown_by)
    kinds = {"sign": KindScore(1, 0, int(verdict == "equivalent"))}
    found = MutationResult(9, 1, 0, int(verdict == "equivalent"), 0.0, kinds, (survivor,), 5, 1, 0.0, 0.0, 0.0)
    *_, table = depth({"mutation": dataclasses.asdict(found)})
    assert why in table.rows[0][-1].text
    assert (table.rows[0][-1].state == "good") == (verdict == "equivalent")

"""Equality of modules by SAT where Yosys turns a table into a memory."""

import pytest

from codesign.errors import ToolError
from codesign.tools import find_tool
from codesign.verify import sat
from codesign.verify.formal import WITHOUT_DEFAULT, with_default
from codesign.verify.sat import Form, compare_forms

pytestmark = [
    pytest.mark.yosys,
    pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed"),
]


SHIPPED_BY_GHDL = """\
  always @*
    case (n3_o)
      2'b10: n4_o <= 1'b1;
      2'b01: n4_o <= 1'bX;
    endcase
endmodule
"""


def table(values):
    cases = "\n".join(f"        6'd{place}: out = 8'd{value};" for place, value in enumerate(values))
    return f"""module table_of_squares (input [5:0] in, output reg [7:0] out);
    always @* case (in)
{cases}
        default: out = 8'bx;
    endcase
endmodule
"""


@pytest.mark.parametrize("fault", [False, True])
def test_tables_of_constants_are_compared(tmp_path, fault):
    squares = [place * place % 251 for place in range(64)]
    (tmp_path / "gold.v").write_text(table(squares))
    (tmp_path / "gate.v").write_text(table([*squares[:40], squares[40] ^ int(fault), *squares[41:]]))
    gold, gate = (Form((tmp_path / f"{name}.v",)) for name in ("gold", "gate"))
    found = compare_forms(gold, gate, "table_of_squares", tmp_path / "proof" / "proof.ys", timeout_s=60)
    assert found.verdict == ("different" if fault else "proven")
    assert found.inputs == ({"in": 40} if fault else {})
    assert "memrd" in (tmp_path / "proof" / "proof.log").read_text(), "else this test does not test what it says"


def test_an_entry_that_nothing_selects_is_the_same_in_both(tmp_path):
    """Both tables leave the same entries out, one by a list and one by comparisons."""
    (tmp_path / "gold.v").write_text(table([place * place % 251 for place in range(40)]))
    squares = " : ".join(f"in == {place} ? 8'd{place * place % 251}" for place in range(40))
    text = f"module table_of_squares (input [5:0] in, output [7:0] out); assign out = {squares} : 8'bx; endmodule\n"
    (tmp_path / "gate.v").write_text(text)
    gold, gate = (Form((tmp_path / f"{name}.v",)) for name in ("gold", "gate"))
    assert (
        compare_forms(gold, gate, "table_of_squares", tmp_path / "proof" / "proof.ys", timeout_s=60).verdict == "proven"
    )


ENTRIES = {place: "xx" if place in (6, 7, 8, 9, 10, 11) else f"{3 - place // 8 * 2:02b}" for place in range(16)}
LISTED = "".join(f"4'd{place}: out = 2'b{value}; " for place, value in ENTRIES.items())
ONE_HOT = "".join(f"16'b{1 << place:016b}: out <= 2'b{value}; " for place, value in ENTRIES.items())


def test_an_entry_without_a_value_is_the_same_as_a_list_and_as_ghdl_writes_it(tmp_path):
    ports = "(input [3:0] in, output reg [1:0] out)"
    (tmp_path / "gold.v").write_text(f"module table_of_two {ports}; always @* case (in) {LISTED} endcase endmodule\n")
    selected = "{" + ", ".join(f"in == 4'd{place}" for place in reversed(ENTRIES)) + "}"
    (tmp_path / "gate.v").write_text(
        f"module table_of_two {ports}; wire [15:0] selected = {selected};\n"
        f"always @* case (selected) {ONE_HOT} default: out <= 'bx; endcase endmodule\n"
    )
    gold, gate = (Form((tmp_path / f"{name}.v",)) for name in ("gold", "gate"))
    assert compare_forms(gold, gate, "table_of_two", tmp_path / "proof" / "proof.ys").verdict == "proven"


def test_what_takes_too_long_is_not_decided(tmp_path, monkeypatch):
    monkeypatch.setattr(sat, "READING_S", 0.001 - sat.PROOF_S)
    (tmp_path / "table.v").write_text(table(range(64)))
    form = Form((tmp_path / "table.v",))
    found = compare_forms(form, form, "table_of_squares", tmp_path / "proof" / "proof.ys", sequences=True)
    assert found.verdict == "not decided"


def test_what_was_decided_is_remembered_and_what_was_not_is_tried_again(tmp_path, monkeypatch):
    path, script = tmp_path / "table.v", tmp_path / "proof" / "proof.ys"
    path.write_text(table(range(64)))
    form = Form((path,))
    assert compare_forms(form, form, "table_of_squares", script, timeout_s=0).verdict == "not decided"
    assert script.with_suffix(".aag").is_file()
    assert not script.with_suffix(".json").exists(), "the machine may have been busy"
    found = compare_forms(form, form, "table_of_squares", script, timeout_s=60)
    assert found.verdict == "proven"
    assert not script.with_suffix(".aag").exists()
    with monkeypatch.context() as changed:
        changed.setattr(sat, "_searched", None)  # nothing is searched
        assert compare_forms(form, form, "table_of_squares", script, timeout_s=60) == found
        (tmp_path / "moved").mkdir()
        path.rename(tmp_path / "moved" / "table.v")
        script.parent.rename(tmp_path / "moved" / "proof")
        form, script = Form((tmp_path / "moved" / "table.v",)), tmp_path / "moved" / "proof" / "proof.ys"
        assert compare_forms(form, form, "table_of_squares", script, timeout_s=600) == found, (
            "more time changes nothing"
        )
    with monkeypatch.context() as changed:
        changed.setattr(sat, "WIRES", "a better way")
        changed.setattr(sat, "_searched", lambda *_: sat.Comparison("different"))
        script.with_suffix(".aag").touch()
        assert compare_forms(form, form, "table_of_squares", script, timeout_s=60).verdict == "different", "asked anew"
    other = tmp_path / "moved" / "other.v"
    other.write_text(table([1, *range(1, 64)]))
    assert compare_forms(form, Form((other,)), "table_of_squares", script, timeout_s=60).inputs == {"in": 0}
    other.write_text(table(range(64)))
    assert compare_forms(form, Form((other,)), "table_of_squares", script, timeout_s=60).verdict == "proven"


def test_a_folder_may_have_a_space_in_its_name(tmp_path):
    folder = tmp_path / "my runs"
    (folder / "headers").mkdir(parents=True)
    (folder / "headers" / "widths.vh").write_text("`define WIDTH 4\n")
    text = '`include "widths.vh"\nmodule parity (input [`WIDTH-1:0] a, output b); assign b = ^a; endmodule\n'
    (folder / "parity.v").write_text(text)
    form = Form((folder / "parity.v",), (folder / "headers",))
    assert compare_forms(form, form, "parity", folder / "proof" / "proof.ys").verdict == "proven"


def test_a_circuit_that_the_solver_cannot_take_is_an_error(tmp_path):
    (tmp_path / "a.v").write_text("module a (input clk, d, output reg q); always @(posedge clk) q <= d; endmodule\n")
    (tmp_path / "b.v").write_text("module a (input clk, d, output reg q); always @(posedge clk) q <= ~d; endmodule\n")
    gold, gate = (Form((tmp_path / f"{name}.v",)) for name in ("a", "b"))
    with pytest.raises(ToolError, match="expected an 'aag' circuit of one output without registers"):
        compare_forms(gold, gate, "a", tmp_path / "proof.ys")


def test_a_selection_of_ghdl_gets_the_default_that_it_lacks():
    """Else Yosys takes it for a latch, which no proof can be made of."""
    mended = WITHOUT_DEFAULT.sub(with_default, SHIPPED_BY_GHDL)
    assert mended == SHIPPED_BY_GHDL.replace("    endcase", "      default: n4_o <= 'bx;\n    endcase")
    assert WITHOUT_DEFAULT.sub(with_default, mended) == mended

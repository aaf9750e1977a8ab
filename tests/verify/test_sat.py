"""Equality of modules by SAT where Yosys turns a table into a memory."""

import pytest

from codesign.tools import find_tool
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
    gold, gate = (Form(f"read_verilog -sv -defer {tmp_path / name}.v") for name in ("gold", "gate"))
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
    gold, gate = (Form(f"read_verilog -sv -defer {tmp_path / name}.v") for name in ("gold", "gate"))
    assert (
        compare_forms(gold, gate, "table_of_squares", tmp_path / "proof" / "proof.ys", timeout_s=60).verdict == "proven"
    )


def test_a_selection_of_ghdl_gets_the_default_that_it_lacks():
    """Else Yosys takes it for a latch, which no proof can be made of."""
    mended = WITHOUT_DEFAULT.sub(with_default, SHIPPED_BY_GHDL)
    assert mended == SHIPPED_BY_GHDL.replace("    endcase", "      default: n4_o <= 'bx;\n    endcase")
    assert WITHOUT_DEFAULT.sub(with_default, mended) == mended

"""Equality of modules by SAT where Yosys turns a table into a memory."""

import pytest

from codesign.tools import find_tool
from codesign.verify.sat import Form, prove_equal

pytestmark = [
    pytest.mark.yosys,
    pytest.mark.skipif(find_tool("yosys") is None, reason="Yosys is not installed"),
]


def table(values):
    cases = "\n".join(f"        6'd{place}: out = 8'd{value};" for place, value in enumerate(values))
    return f"""module table_of_squares (input [5:0] in, output reg [7:0] out);
    always @* case (in)
{cases}
    endcase
endmodule
"""


@pytest.mark.parametrize("fault", [False, True])
def test_tables_of_constants_are_compared(tmp_path, fault):
    squares = [place * place % 251 for place in range(64)]
    (tmp_path / "gold.v").write_text(table(squares))
    (tmp_path / "gate.v").write_text(table([*squares[:40], squares[40] ^ int(fault), *squares[41:]]))
    gold, gate = (Form(f"read_verilog -sv -defer {tmp_path / name}.v") for name in ("gold", "gate"))
    verdict = prove_equal(gold, gate, "table_of_squares", tmp_path / "proof" / "proof.ys", timeout_s=60)
    assert verdict == ("different" if fault else "proven")
    assert "memrd" in (tmp_path / "proof" / "proof.log").read_text(), "else this test does not test what it says"

import pytest
from netlist_builder import NetlistBuilder

from codesign.errors import ReportError
from codesign.synth.depth import logic_levels


def levels(built: NetlistBuilder) -> int:
    return logic_levels(list(built.cells.values()))


def test_luts_between_registers_are_counted() -> None:
    built = NetlistBuilder()
    net = built.ff()
    for _ in range(3):
        out = built.net()
        built.add("LUT2", I0=[net], I1=[built.net()], O=[out])
        net = out
    built.add("FDRE", C=[built.net()], CE=["1"], D=[net], R=["0"], Q=[built.net()])
    built.lut(6)  # another path, of one
    assert levels(built) == 3


def test_a_register_ends_a_path() -> None:
    built = NetlistBuilder()
    middle, end = built.net(), built.net()
    built.add("LUT1", I0=[built.ff()], O=[middle])
    stored = built.net()
    built.add("FDRE", C=[built.net()], CE=["1"], D=[middle], R=["0"], Q=[stored])
    built.add("LUT1", I0=[stored], O=[end])
    assert levels(built) == 1


def test_a_carry_chain_counts_once_however_long_it_is() -> None:
    built = NetlistBuilder()
    first = built.carry4([built.lut(2), "0", "0", "0"])
    second = built.carry4([built.lut(2), "0", "0", "0"], ci=first[3])
    built.carry4([built.net(), "0", "0", "0"], ci=second[3])
    assert levels(built) == 2


def test_a_loop_is_refused() -> None:
    built = NetlistBuilder()
    one, two = built.net(), built.net()
    built.add("LUT1", I0=[one], O=[two])
    built.add("LUT1", I0=[two], O=[one])
    with pytest.raises(ReportError, match="a loop of 2 cells"):
        levels(built)

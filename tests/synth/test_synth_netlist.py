from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists
from netlist_builder import NetlistBuilder

from codesign.errors import ReportError
from codesign.synth.netlist import count_resources, paired_lut
from codesign.synth.primitives import FLIP_FLOPS, MEMORY_SITES
from codesign.tools import require_tool, run_tool

Z = "0"
SIZES = lists(integers(1, 6), max_size=30)


@pytest.fixture
def netlist() -> NetlistBuilder:
    return NetlistBuilder()


class TestPairing:
    @pytest.mark.parametrize(
        ("luts", "sites"),
        [
            ({}, 0),
            ({6: 3}, 3),
            ({1: 1}, 1),
            ({2: 5}, 3),
            ({1: 1, 2: 1}, 1),
            ({5: 2, 1: 3}, 3),  # two LUT1 ride with the LUT5, one is alone
            ({5: 2, 2: 2}, 3),  # a LUT2 does not fit beside a LUT5
            ({4: 3, 1: 1, 2: 4}, 4),  # one LUT1 and two LUT2 ride, two LUT2 share a site
            ({3: 5}, 5),  # two LUT3 share a site only if they share an input: not counted on
            ({3: 2, 2: 3}, 3),
            ({1: 2, 2: 6, 3: 2, 4: 1, 5: 1, 6: 1}, 7),
        ],
    )
    def test_known_answers(self, luts: dict[int, int], sites: int) -> None:
        assert paired_lut(luts) == sites

    @pytest.mark.yosys
    @pytest.mark.parametrize(
        "luts",
        [
            {2: 5},
            {3: 5},
            {4: 3, 1: 1, 2: 4},
            {5: 2, 1: 3, 2: 1},
            {1: 2, 2: 7, 3: 2, 4: 1, 5: 1, 6: 1},
            {3: 2, 2: 3, 1: 1},
        ],
    )
    def test_is_the_estimate_of_yosys(self, luts: dict[int, int], tmp_path: Path) -> None:
        cells = "".join(f"  cell \\LUT{n} \\u{n}_{i}\n  end\n" for n, number in luts.items() for i in range(number))
        (tmp_path / "luts.il").write_text(f"module \\top\n{cells}end\n")
        script = "read_rtlil luts.il; stat -tech xilinx"
        printed = run_tool([require_tool("yosys"), "-p", script], cwd=tmp_path, timeout_s=60)
        assert int(printed.split("Estimated number of LCs:")[1].split()[0]) == paired_lut(luts)


class TestCarrySites:
    def test_every_lut_in_front_of_s_has_its_own_site(self, netlist: NetlistBuilder) -> None:
        netlist.carry4([netlist.lut(2) for _ in range(4)])
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.lut_low, found.lut_primitives, found.lut_route_through) == (4, 2, 4, 0)

    def test_luts_elsewhere_are_paired(self, netlist: NetlistBuilder) -> None:
        netlist.carry4([netlist.lut(2), netlist.lut(2), Z, Z])
        netlist.lut(2, number=4)
        assert count_resources(netlist.json(), "top").lut == 2 + 2

    def test_luts_in_front_of_di_are_paired(self, netlist: NetlistBuilder) -> None:
        netlist.carry4([netlist.lut(2), Z, Z, Z], di=[netlist.lut(2), netlist.lut(2), Z, Z])
        assert count_resources(netlist.json(), "top").lut == 1 + 1

    def test_constant_s_bits_take_nothing(self, netlist: NetlistBuilder) -> None:
        netlist.carry4([Z, "1", "x", netlist.lut(2)])
        assert count_resources(netlist.json(), "top").lut == 1

    def test_register_port_and_carry_pass_through_a_lut(self, netlist: NetlistBuilder) -> None:
        first = netlist.carry4([netlist.lut(2), Z, Z, Z])
        netlist.carry4([netlist.ff(), netlist.net(), first[0], Z])
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.lut_route_through, found.lut_primitives) == (4, 3, 1)

    def test_a_lut_in_front_of_two_s_bits_is_there_twice(self, netlist: NetlistBuilder) -> None:
        sign = netlist.lut(2)
        netlist.carry4([sign, sign, Z, Z])
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.lut_primitives, found.lut_route_through) == (2, 1, 1)

    def test_carry8_is_counted_alike(self, netlist: NetlistBuilder) -> None:
        luts = [netlist.lut(3) for _ in range(8)]
        netlist.add("CARRY8", CI=[Z], S=luts, DI=[Z] * 8, O=[netlist.net() for _ in luts], CO=[Z] * 8)
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.carry4, found.carry8) == (8, 2, 1)

    @pytest.mark.parametrize(("sink", "sites"), [("S", 1), ("DI", 0), ("CYINIT", 1), ("D", 1)])
    def test_an_inverter_costs_a_lut_unless_a_carry_site_absorbs_it(
        self, netlist: NetlistBuilder, sink: str, sites: int
    ) -> None:
        out = netlist.net()
        netlist.add("INV", I=[netlist.ff()], O=[out])
        if sink == "D":
            netlist.add("FDRE", C=[netlist.net()], CE=["1"], D=[out], R=[Z], Q=[netlist.net()])
        else:
            pins = {"S": [Z] * 4, "DI": [Z] * 4, "CYINIT": [Z]} | {sink: [out] + [Z] * (0 if sink == "CYINIT" else 3)}
            netlist.add("CARRY4", CI=[Z], **pins, O=[netlist.net() for _ in range(4)], CO=[Z] * 4)
        assert count_resources(netlist.json(), "top").lut == sites

    @given(driving=SIZES, elsewhere=SIZES)
    def test_the_range_is_never_upside_down(self, driving: list[int], elsewhere: list[int]) -> None:
        netlist = NetlistBuilder()
        netlist.ff()
        for size in elsewhere:
            netlist.lut(size)
        for size in driving:
            netlist.carry4([netlist.lut(size), Z, Z, Z])
        found = count_resources(netlist.json(), "top")
        assert found.lut_low <= found.lut <= found.lut_primitives


class TestOtherResources:
    @pytest.mark.parametrize("kind", sorted(FLIP_FLOPS))
    def test_flip_flops(self, netlist: NetlistBuilder, kind: str) -> None:
        netlist.add(kind, D=[netlist.net()], Q=[netlist.net()])
        assert count_resources(netlist.json(), "top").ff == 1

    def test_a_carry_that_two_chains_continue_is_joined_once(self, netlist: NetlistBuilder) -> None:
        carry = netlist.carry4([netlist.lut(2), Z, Z, Z])[3]
        for _ in range(2):
            netlist.carry4([netlist.lut(2), Z, Z, Z], ci=carry)
        assert count_resources(netlist.json(), "top").carry8 == 2

    @pytest.mark.parametrize(("lengths", "blocks"), [([1], 1), ([2], 1), ([3], 2), ([1, 1], 2), ([3, 4], 4)])
    def test_carry_chains_fill_blocks_of_eight_bits(
        self, netlist: NetlistBuilder, lengths: list[int], blocks: int
    ) -> None:
        for length in lengths:
            carry: int | str = Z
            for _ in range(length):
                carry = netlist.carry4([netlist.lut(2), Z, Z, Z], ci=carry)[3]
        found = count_resources(netlist.json(), "top")
        assert (found.carry4, found.carry8) == (sum(lengths), blocks)

    @pytest.mark.parametrize(("kind", "field", "number"), [
        ("DSP48E1", "dsp", 1),
        ("DSP48E2", "dsp", 1),
        ("RAMB18E1", "bram_18k", 1),
        ("RAMB18E2", "bram_18k", 1),
        ("RAMB36E1", "bram_18k", 2),
        ("RAMB36E2", "bram_18k", 2),
        ("URAM288", "uram", 1),
    ])  # fmt: skip
    def test_blocks(self, netlist: NetlistBuilder, kind: str, field: str, number: int) -> None:
        netlist.lut(6)
        netlist.add(kind, I=[netlist.net()])
        assert getattr(count_resources(netlist.json(), "top"), field) == number

    @pytest.mark.parametrize(("kind", "sites"), sorted(MEMORY_SITES.items()))
    def test_memories_made_of_luts(self, netlist: NetlistBuilder, kind: str, sites: int) -> None:
        netlist.add(kind, D=[netlist.net()], Q=[netlist.net()])
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.lut_low, found.lut_memory, found.lut_primitives) == (sites, sites, sites, 0)

    def test_short_shift_registers_may_share_a_site(self, netlist: NetlistBuilder) -> None:
        for _ in range(5):
            netlist.add("SRL16E", D=[netlist.net()], Q=[netlist.net()])
        found = count_resources(netlist.json(), "top")
        assert (found.lut_low, found.lut) == (3, 5)

    def test_cells_that_cost_nothing(self, netlist: NetlistBuilder) -> None:
        netlist.lut(6)
        for kind in ("MUXF7", "MUXF8", "BUFG", "IBUF", "OBUF", "GND", "VCC", "$scopeinfo"):
            netlist.add(kind, I=[netlist.net()], O=[netlist.net()])
        found = count_resources(netlist.json(), "top")
        assert (found.lut, found.ff, found.dsp, found.bram_18k) == (1, 0, 0, 0)


class TestRefusals:
    def test_not_a_netlist(self) -> None:
        with pytest.raises(ReportError, match="expected the JSON of Yosys' write_json"):
            count_resources({"creator": "Yosys"}, "top")

    def test_other_top(self, netlist: NetlistBuilder) -> None:
        netlist.lut(2)
        with pytest.raises(ReportError, match="no module 'model'"):
            count_resources(netlist.json(), "model")

    def test_no_cells(self, netlist: NetlistBuilder) -> None:
        with pytest.raises(ReportError, match="'top': no cells at all"):
            count_resources(netlist.json(), "top")

    def test_names_without_cells(self, netlist: NetlistBuilder) -> None:
        netlist.add("$scopeinfo")
        with pytest.raises(ReportError, match="no cells at all"):
            count_resources(netlist.json(), "top")

    def test_neither_lut_nor_flip_flop(self, netlist: NetlistBuilder) -> None:
        netlist.add("BUFG", I=[netlist.net()], O=[netlist.net()])
        with pytest.raises(ReportError, match="no LUT, flip-flop, DSP or memory is left"):
            count_resources(netlist.json(), "top")

    def test_multipliers_alone_are_a_design(self, netlist: NetlistBuilder) -> None:
        netlist.add("DSP48E2", A=[netlist.net()])
        assert count_resources(netlist.json(), "top").dsp == 1

    def test_unclassified_cells_are_listed(self, netlist: NetlistBuilder) -> None:
        netlist.lut(2)
        for kind in ("PLLE9", "PLLE9", "ODDRX"):
            netlist.add(kind, I=[netlist.net()])
        with pytest.raises(ReportError, match=r"not classified: ODDRX \(1\), PLLE9 \(2\)"):
            count_resources(netlist.json(), "top")

    @pytest.mark.parametrize("attribute", ["blackbox", "whitebox"])
    def test_black_box(self, netlist: NetlistBuilder, attribute: str) -> None:
        netlist.lut(2)
        netlist.add("my_ip", I=[netlist.net()])
        with pytest.raises(ReportError, match=r"black boxes .* left: my_ip \(1\)"):
            count_resources(netlist.json(my_ip={"attributes": {attribute: f"{1:032b}"}, "cells": {}}), "top")

    def test_hierarchy(self, netlist: NetlistBuilder) -> None:
        netlist.lut(2)
        netlist.add("layer1", I=[netlist.net()])
        with pytest.raises(ReportError, match=r"hierarchy was not flattened: layer1"):
            count_resources(netlist.json(layer1={"attributes": {}, "cells": {}}), "top")

    @pytest.mark.parametrize("kind", ["$add", "$_DFF_P_", "$lut"])
    def test_cells_that_were_not_mapped(self, netlist: NetlistBuilder, kind: str) -> None:
        netlist.lut(2)
        netlist.add(kind, A=[netlist.net()])
        with pytest.raises(ReportError, match="not mapped"):
            count_resources(netlist.json(), "top")

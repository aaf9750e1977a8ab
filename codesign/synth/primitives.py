"""Cells of the AMD 7-series and UltraScale+ fabric that synthesis may leave, by what they occupy.

Numbers of sites: UG474 (7 series) and UG574 (UltraScale) "Configurable Logic Block", UG953 and UG974 (libraries).
"""

LUT = frozenset({"LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "LUT6_2"})

FLIP_FLOPS = frozenset(
    {"FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1", "LDCE", "LDPE"},
)

CARRY = frozenset({"CARRY4", "CARRY8"})

DSP = frozenset({"DSP48E1", "DSP48E2"})

BRAM_18K = {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2}

URAM = frozenset({"URAM288", "URAM288_BASE"})

MEMORY_SITES = {
    "SRL16E": 1,
    "SRLC16E": 1,
    "SRLC32E": 1,
    "CFGLUT5": 1,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1S": 2,
    "RAM128X1D": 4,
    "RAM256X1S": 4,
    "RAM256X1D": 8,
    "RAM512X1S": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM32X16DR8": 8,
    "RAM64X8SW": 8,
}
"""LUT sites of each memory that is built from LUTs."""

HALF_SITE = frozenset({"SRL16E", "SRLC16E"})
"""Two of these fit one site when they share clock, enable and length; a placer need not find the partner."""

FREE = frozenset(
    {"INV", "MUXF7", "MUXF8", "MUXF9", "VCC", "GND", "BUFG", "BUFGCE", "BUFGCTRL", "IBUF", "IBUFG", "OBUF"}
)
"""Cells that take no LUT, FF, DSP or RAM of their own; an inverter is judged by what it drives."""

KNOWN = LUT | FLIP_FLOPS | CARRY | DSP | BRAM_18K.keys() | URAM | MEMORY_SITES.keys() | FREE

"""What the design takes of each board."""

from collections.abc import Callable, Iterator, Sequence

from codesign.report import text
from codesign.report.blocks import Block, Cell, Paragraph, Plot, Section, Table, facts, table
from codesign.report.collect import Record, Records
from codesign.report.plots import share_figure
from codesign.report.sections.missing import not_run

# What is synthesised besides, for comparison.
PARTS = {"network_alone": "network alone", "reloadable": "algorithm with weights in registers"}
HOW = "how"
SHARES = {"LUT": "lut_share", "FF": "ff_share", "DSP": "dsp_share", "BRAM": "bram_share"}

_ROWS: tuple[tuple[str, Callable[[Record], str]], ...] = (
    ("part", lambda use: str(use["part"])),
    ("LUT", lambda use: text.count(use["lut"])),
    ("LUT as memory or shift register", lambda use: text.count(use["lut_memory"])),
    ("LUT, range of the count", lambda use: f"{text.count(use['lut_low'])} … {text.count(use['lut'])}"),
    ("FF", lambda use: text.count(use["ff"])),
    ("DSP", lambda use: text.count(use["dsp"])),
    ("CARRY4", lambda use: text.count(use["carry4"])),
    ("CARRY8", lambda use: text.count(use["carry8"])),
    ("BRAM, 18 kbit", lambda use: text.count(use["bram_18k"])),
    ("URAM", lambda use: text.count(use["uram"])),
    ("logic levels between two registers", lambda use: text.count(use.get("logic_levels"))),
    ("LUT, share of the board", lambda use: text.percent(use["lut_share"])),
    ("LUT, share of one SLR (die)", lambda use: text.percent(use["lut_share_slr"])),
    ("FF, share of the board", lambda use: text.percent(use["ff_share"])),
    ("DSP, share of the board", lambda use: text.percent(use["dsp_share"])),
    ("BRAM, share of the board", lambda use: text.percent(use["bram_share"])),
    ("clock that the slack allows", lambda use: text.number(use.get("fmax_mhz"), "MHz")),
    ("timing met", lambda use: _yes(use.get("timing_met"))),
    ("power, assumed activity", lambda use: text.number(use.get("power_w"), "W", 2)),
    ("latency of the HLS project", lambda use: text.count(use.get("latency_cycles"), "cycles")),
    ("obtained by", lambda use: f"{use['tool']} {use['tool_version']}"),
    (HOW, lambda use: str(use["estimate_class"])),
)


def resources(records: Records) -> Section:
    """Resources and shares per board."""
    boards = (records.synth or {}).get("boards")
    if not boards:
        return not_run("resources", "Resources", "synth")
    known = [use for use in boards if not use.get("failed")]
    lost = [
        Paragraph(f"{use['board']}: no numbers from {use['tool']}: {use['failed']}", "bad")
        for use in boards
        if use.get("failed")
    ]
    routed = list(_routed((records.synth or {}).get("place_and_route")))
    if not known:
        return Section("resources", "Resources", (*lost, *routed))
    ways = "; ".join(dict.fromkeys(use["estimate_class"] for use in known))
    untimed = all(use.get("fmax_mhz") is None for use in known)
    timing = (
        " They count cells after technology mapping; there is no placement, no routing and therefore no statement "
        "about timing."
    )
    claim = Paragraph(
        f"How these numbers were obtained: {ways}.{timing if untimed else ''} The design is the whole trigger "
        "algorithm: network, wrapper, registers.",
        "warn",
    )
    blocks: list[Block] = [
        claim,
        *lost,
        _table(boards),
        *routed,
        *_layers(records),
        *_stages(records),
        _estimate(records, known[0]),
    ]
    return Section("resources", "Resources", (*blocks, _plot(known)))


def _routed(found: Record | None) -> Iterator[Block]:
    """The routed clock, never without saying of which device it is."""
    if found is None:
        return
    if found["failed"]:
        yield Paragraph(f"Place and route on {found['device']}: no clock: {found['failed']}", "warn")
        return
    board = found.get("board")
    harness = (
        "The harness (shift registers at inputs and outputs) is counted too, and LUTs that only lead into a carry "
        "chain."
    )
    worth = (
        "Not the target: another device of an older process. It shows that the pipeline can be routed, and what limits "
        "it there; no open tool times UltraScale+."
        if board is None
        else "The device of the board, with delays that were measured on such devices, not the vendor's sign-off."
    )
    rows = [
        ("device", found["device"]),
        ("highest routed clock", text.number(found["fmax_mhz"], "MHz")),
        ("clock of the algorithm, asked for", text.number(found["asked_mhz"], "MHz")),
        ("logic cells (LUT and carry)", text.count(found["logic_cells"])),
        ("FF", text.count(found["ff"])),
        ("multipliers", text.count(found["dsp"])),
        ("obtained by", f"nextpnr {found['tool_version']} in {text.duration(found['wall_time_s'])}"),
    ]
    title = f"Placed and routed on {'a proxy device' if board is None else f'the device of {board}'}"
    yield facts(title, rows, f"{worth} {harness}", half=True)


def _layers(records: Records) -> Iterator[Block]:
    """Cost by layer, of the compiler and of synthesis; nothing for firmware that was made without it."""
    layers = (records.firmware or {}).get("layers") or ()
    total = sum(layer["lut_estimate"] for layer in layers)
    if not total:
        return
    found = {layer["layer"]: layer for layer in (records.synth or {}).get("layers") or ()}
    counted = ("lut", "carry4", "dsp", "bram_18k") if found else ()
    rows = [
        [
            layer["name"],
            *(text.count(found[layer["name"]][key]) for key in counted),
            text.count(layer["lut_estimate"]),
            text.percent(layer["lut_estimate"] / total, 1),
        ]
        for layer in layers
    ]
    rows.append(
        ["all", *(text.count(sum(use[key] for use in found.values())) for key in counted), text.count(total), ""]
    )
    measured = (
        "The rest is measured with Yosys: by how much the logic grows, without registers, since layers share the "
        "stages of the pipeline; so the sum is not exactly that of the whole network."
    )
    flat = "Synthesis sees one flat pipeline in which layers share registers and logic: nothing is measured by layer."
    note = f"Estimated: by how much the cost of the RTL compiler grows with each layer. {measured if found else flat}"
    header = ("layer", *(("LUT", "CARRY4", "DSP", "BRAM18") if found else ()), "LUT, estimated", "share")
    yield table("Cost by layer", header, "l" + "r" * (len(header) - 1), rows, note, half=not found)


def _stages(records: Records) -> Iterator[Block]:
    """What synthesis finds in each stage of the network's pipeline; nothing where it was not taken apart."""
    stages = (records.synth or {}).get("stages") or ()
    if not stages:
        return
    counted = ("lut", "ff", "carry4", "dsp", "bram_18k")
    rows = [
        [stage["stage"], *(text.count(stage["used"][key]) for key in (*counted, "logic_levels"))] for stage in stages
    ]
    total = [text.count(sum(stage["used"][key] for stage in stages)) for key in counted]
    rows.append(["all", *total, text.count(max(stage["used"]["logic_levels"] or 0 for stage in stages))])
    note = (
        "Yosys on each stage alone, with the registers behind it. The stage with the most logic levels, LUTs and carry "
        "chains in a row, limits the clock."
    )
    header = ("stage", "LUT", "FF", "CARRY4", "DSP", "BRAM18", "logic levels")
    yield table("Network by pipeline stage", header, "l" + 6 * "r", rows, note, half=True)


def _table(boards: Sequence[Record]) -> Table:
    header = ("resource", *(f"{use['board']}{' (target)' if index == 0 else ''}" for index, use in enumerate(boards)))
    alike = len({use["estimate_class"] for use in boards}) == 1  # then it stands above the table
    shown = [(name, read) for name, read in _ROWS if not (alike and name == HOW)]
    rows: list[list[Cell | str]] = [[name, *(_cell(read(use)) for use in boards)] for name, read in shown]
    note = (
        "LUT counts LUT sites with the carry chains considered; the low end of the range is reached if every small LUT "
        "finds a partner in its site. A share above 100 % does not fit. CARRY8 is – on the 7 series, whose carry block "
        "has four bits."
    )
    return table("Resources by board", header, "l" + "r" * len(boards), rows, note)


def _yes(met: bool | None) -> str:
    return text.MISSING if met is None else "yes" if met else "NO"


def _cell(entry: str) -> Cell:
    return Cell(entry, "missing") if entry == text.MISSING else Cell(entry)


def _estimate(records: Records, target: Record) -> Table:
    firmware = records.firmware or {}
    rows = [
        ["EBOPs of the trained network", text.count((records.train or {}).get("ebops")), "network"],
        ["compiler's estimate", text.count(firmware.get("lut_estimate"), "LUT"), "network, without registers"],
        [f"{target['tool']} for {target['board']}", text.count(target["lut"], "LUT"), "whole trigger algorithm"],
        ["compiler's register count", text.count(firmware.get("register_bits"), "FF"), "network"],
        [f"{target['tool']} for {target['board']}", text.count(target["ff"], "FF"), "whole trigger algorithm"],
    ]
    for part, meaning in PARTS.items():
        for use in (records.synth or {}).get(part, ())[:1]:
            what = f"{use['tool']} for {use['board']}"
            rows += [[what, text.count(use[key], key.upper()), meaning] for key in ("lut", "ff", "dsp")]
    return table("Estimates beside synthesis", ("obtained from", "value", "what is counted"), "lrl", rows, half=True)


def _plot(boards: Sequence[Record]) -> Plot:
    """Bars of what is used at all; a resource that no board spends is named in the caption instead."""
    shares = {name: [use[key] for use in boards] for name, key in SHARES.items()}
    unused = [name for name, row in shares.items() if name != "LUT" and not any(row)]
    # lut / lut_share is what the board holds; the low end of the count is the same fraction of it.
    low = [use["lut_share"] * use["lut_low"] / use["lut"] if use["lut"] else 0.0 for use in boards]
    shown = {name: row for name, row in shares.items() if name not in unused}
    caption = "Share of every board; open synthesis, not placed or routed. The line is the range of the LUT count."
    if unused:
        caption += f" Not used: {', '.join(unused)}."
    return Plot("shares", caption, share_figure([use["board"] for use in boards], shown, low))

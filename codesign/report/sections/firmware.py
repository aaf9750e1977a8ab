"""The firmware: ports, score format, latency, files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from codesign.fixed_point import FixedPoint
from codesign.report import text
from codesign.report.blocks import Section, Table, facts, table
from codesign.report.collect import Record, Records
from codesign.report.sections.missing import not_run


def firmware(records: Records) -> Section:
    """Everything a firmware engineer needs to place the algorithm."""
    if records.firmware is None:
        return not_run("firmware", "Firmware", "generate")
    result, anomaly = records.firmware, records.task.kind == "anomaly"
    return Section(
        "firmware",
        "Firmware",
        (
            _timing(result),
            _ports(result, "anomaly score" if anomaly else "class scores"),
            _fields("Input word in_data", result["inputs"]),
            _fields("Output word out_data", result["outputs"], _score_note(result["score_format"], anomaly)),
            *_decision(result),
            _sources(result),
        ),
    )


def _timing(result: Record) -> Table:
    target = result["target"]
    latency = (
        f"{text.count(result.get('latency_cycles'), 'cycles')} = {text.number(result.get('latency_ns'), 'ns', 2)} = "
        f"{text.count(result.get('latency_bunch_crossings'), 'BX')}"
    )
    clock = target.get("clock_mhz")
    period = 1000 / clock if clock else None
    return facts(
        "Timing and target",
        [
            ("latency", latency),
            ("initiation interval (II)", _interval(result.get("initiation_interval"))),
            ("clock", f"{text.number(clock, 'MHz', 3)} (period {text.number(period, 'ns', 4)})"),
            ("board", target.get("board") or text.MISSING),
            ("part", target.get("part") or text.MISSING),
            ("adder levels between two registers", text.compact(target.get("latency_cutoff"))),
            ("pipeline registers of the network", text.count(result.get("register_bits"), "bits")),
            ("compiler's LUT estimate, network only", text.count(result.get("lut_estimate"), "LUT")),
            ("HLS project", _hls(result)),
            *_unpacking(result.get("unpacking")),
            *_reloadable(result.get("reloadable")),
            ("software emulator (C++17), version", result.get("emulator_version") or text.MISSING),
        ],
        "Latency is counted in rising clock edges, from the one that samples in_data to the one at which the next "
        "register samples out_data. It contains the network and its wrapper; links, deserialisation and the formation "
        "of the inputs are outside. Bunch crossings of 24.95 ns, rounded up. The clock is the target, not a routed "
        "result.",
    )


def _hls(result: Record) -> str:
    target = result["target"]
    parts = [
        f"{target.get('hls_backend')} back end",
        target.get("hls_io", "io_parallel"),
        f"strategy {target.get('strategy', 'latency')}",
        f"reuse factor {target.get('reuse_factor')}",
    ]
    for name, layer in (target.get("layers") or {}).items():
        parts.append(f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in layer.items()))
    needs = result.get("hls_simulation_needs")
    return "; ".join([*parts, *([f"NOT simulated, which needs {needs}"] if needs else [])])


def _unpacking(record: Record | None) -> list[tuple[str, str]]:
    """Words on the links: what becomes of them before the network."""
    if record is None:
        return []
    sorts = ", ".join(
        f"{name} ({objects} objects, {text.count(record['comparators'][name])} comparators)"
        for name, objects in record["sorted_objects"].items()
    )
    share = f"{text.count(record['latency_cycles'], 'cycles')} of the latency"
    return [("input unpacking", f"{share}; sorted: {sorts or 'nothing'}")]


def _reloadable(record: Record | None) -> list[tuple[str, str]]:
    """The firmware whose weights can be written."""
    if record is None:
        return []
    layers = "; ".join(
        f"{layer['name']} from address {layer['first_address']}, {layer['inputs']} × {layer['outputs']} weights"
        for layer in record["layers"]
    )
    latency = text.count(record["latency_cycles"], "cycles")
    return [("weights in registers", f"module {record['top']}, latency {latency}; {layers}")]


def _interval(cycles: int | None) -> str:
    if cycles == 1:
        return "1 cycle: a new event on every clock"
    return text.count(cycles, "cycles between two events")


def _ports(result: Record, scores: str) -> Table:
    rows = [
        ["clk", "in", "1", "algorithm clock, rising edge"],
        ["reset", "in", "1", "synchronous, active high; events in flight are dropped"],
        ["in_valid", "in", "1", "in_data carries an event"],
        ["in_data", "in", text.count(result["inputs"]["bits"]), _input_meaning(result)],
        ["out_valid", "out", "1", f"{text.count(_network_latency(result))} cycles after in_valid"],
        ["out_data", "out", text.count(result["outputs"]["bits"]), f"{scores}, {result['score_format']}"],
    ]
    if result.get("decision"):
        caption = f"Ports of trigger_algorithm inside {result['top']}, whose own ports firmware/README.md lists"
        return table(caption, ("port", "direction", "bits", "meaning"), "llrl", rows)
    return table(f"Ports of {result['top']}", ("port", "direction", "bits", "meaning"), "llrl", rows)


def _network_latency(result: Record) -> int | None:
    decision = result.get("decision")
    return decision["network_latency_cycles"] if decision else result.get("latency_cycles")


def _input_meaning(result: Record) -> str:
    return "hardware integers of the input contract" if result.get("unpacking") is None else "words of the links"


def _fields(caption: str, port: Record, note: str = "") -> Table:
    rows = [
        [
            field["name"],
            f"{field['lsb'] + field['width'] - 1}:{field['lsb']}",
            text.count(field["width"]),
            "two's complement" if field["signed"] else "unsigned",
        ]
        for field in port["fields"]
    ]
    return table(
        f"{caption}, {port['bits']:,} bits", ("field", "position", "bits", "sign"), "lrrl", rows, note, half=True
    )


def _score_note(score_format: str, anomaly: bool) -> str:
    """What a score says, and what one count of it is worth."""
    worth = f"One count is {text.power_of_two(-FixedPoint.parse(score_format).fractional)}."
    if anomaly:
        return (
            f"The anomaly score is {score_format}. An event is accepted where its integer is at or above the threshold "
            f"of a working point in the chapter Physics. {worth}"
        )
    return f"Scores are {score_format}, before any softmax: the largest one names the class. {worth}"


def _decision(result: Record) -> Iterator[Table]:
    """Working points and registers of the decision, where there is one."""
    decision = result.get("decision")
    if not decision:
        return
    scores = [field["name"] for field in result["outputs"]["fields"]]
    points = [
        [str(bit), point["name"], scores[point["class_index"]], str(point["threshold"]), text.count(point["prescale"])]
        for bit, point in enumerate(decision["working_points"])
    ]
    judged = "the score of a class minus the largest other score" if len(scores) > 1 else "the score"
    tmr = " Every register of the decision stands there three times, with a majority vote." if decision["tmr"] else ""
    yield table(
        f"Working points behind {decision['interface']}, as they are after a reset",
        ("trigger bit", "working point", "score", "threshold", "prescale"),
        "rllrr",
        points,
        f"An event passes where {judged} is at or above the threshold, in counts of the score. Of {result['top']}'s "
        f"{text.count(result.get('latency_cycles'), 'cycles')} of latency the network takes "
        f"{text.count(decision['network_latency_cycles'])}.{tmr}",
    )
    registers = [
        [f"0x{register['address']:03x}", register["name"], register["access"], register["meaning"]]
        for register in decision["registers"]
    ]
    yield table("Registers", ("address", "register", "access", "meaning"), "llll", registers)


def _sources(result: Record) -> Table:
    digests = result.get("files") or {}
    rows = [[f"firmware/{path}", digests.get(path, text.MISSING)[:16]] for path in result["rtl_sources"]]
    folders = Counter(PurePosixPath(path).parts[0] for path in digests)
    listed = ", ".join(f"{folder} {number}" for folder, number in sorted(folders.items()))
    note = f"All generated files, by folder: {listed}. firmware.json has the SHA-256 of each." if listed else ""
    return table("Verilog sources, in reading order", ("file", "SHA-256, first 16 digits"), "ll", rows, note)

import json
from dataclasses import asdict, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_cases import CASES, GOLDEN, Case, read

from codesign.errors import ReportError
from codesign.synth import reports
from codesign.synth.reports.tables import count, number, time_ns

PARSERS = tuple(dict.fromkeys(case.parse for case in CASES))
BY_FILE = {case.file: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
class TestEveryReport:
    def test_gives_the_numbers_that_a_person_reads(self, case: Case) -> None:
        record = case.parse(case.text())
        found = {path: read(record, path) if path else record for path in case.expected}
        assert found == pytest.approx(case.expected, rel=1e-12) if _numeric(found) else found == case.expected

    def test_cut_after_any_line_is_refused_or_complete(self, case: Case) -> None:
        whole, lines = case.parse(case.text()), case.text().splitlines(keepends=True)
        refused = [_refuses(case, "".join(lines[:end]), whole) for end in range(len(lines))]
        assert all(refused[: len(lines) // 4])

    @settings(deadline=None)  # a loaded machine is no fault
    @given(place=st.floats(0, 1, exclude_max=True))
    def test_cut_at_any_letter_is_refused_or_complete(self, case: Case, place: float) -> None:
        _refuses(case, case.text()[: int(place * len(case.text()))], case.parse(case.text()))

    def test_windows_line_ends_change_nothing(self, case: Case) -> None:
        assert case.parse(case.text().replace("\n", "\r\n")) == case.parse(case.text())

    def test_becomes_json(self, case: Case) -> None:
        record = case.parse(case.text())
        rows = record if isinstance(record, tuple) else (record,)
        assert all(
            json.loads(json.dumps(asdict(row))) for row in rows if is_dataclass(row) and not isinstance(row, type)
        )

    def test_is_refused_by_every_other_parser(self, case: Case) -> None:
        for parse in PARSERS:
            if parse is not case.parse:
                with pytest.raises(ReportError, match="expected"):
                    parse(case.text())


def _numeric(found: dict[str, object]) -> bool:
    return all(isinstance(value, int | float) for value in found.values())


def _refuses(case: Case, text: str, whole: object) -> bool:
    """Whether a cut text is refused; it must not give other numbers than the whole one."""
    try:
        record = case.parse(text)
    except ReportError as error:
        problem = str(error)
    else:
        assert record == whole
        return False
    assert "expected" in problem
    assert "\n" not in problem
    return True


class TestForeignText:
    @pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
    @pytest.mark.parametrize(
        "text", ["", " \n", "ERROR: [Common 17-345] A valid license was not found", "<a/>", "{}", "\0"]
    )
    def test_says_what_was_expected_and_found(self, parse, text: str) -> None:
        with pytest.raises(ReportError, match=r"expected .*found"):
            parse(text)

    def test_names_the_first_line(self) -> None:
        with pytest.raises(ReportError, match=r"power report: expected a line with 'Power Report', found .*'no such"):
            reports.parse_power("\nno such report\n")

    def test_utilization_of_versal_is_refused(self) -> None:
        text = BY_FILE["utilization_ultrascale_2019.rpt"].text().replace("1. CLB Logic\n", "1. Netlist Logic\n")
        with pytest.raises(ReportError, match="expected a section 'CLB Logic' or 'Slice Logic', found Netlist Logic"):
            reports.parse_utilization(text)


FAULTS = [
    # file, what is replaced, by what, what the message says
    ("csynth_2024.xml", "<unit>ns</unit>", "<unit>us</unit>", "expected UserAssignments in 'ns', found 'us'"),
    ("csynth_2024.xml", "<LUT>9090</LUT>", "<LUT>9090</LUT><LUT>9091</LUT>", "expected one .*9090 and 9091"),
    ("csynth_2024.xml", "<LUT>9090</LUT>", "<LUT>many</LUT>", "LUT: expected a whole number, found 'many'"),
    ("csynth_2024.xml", "<LUT>9090</LUT>", "<LUT>?</LUT>", "LUT: expected a whole number, found none"),
    ("csynth_2024.xml", "38.780 ns", "38.780", "expected a time such as '5.00 ns', found '38.780'"),
    ("csynth_2024.xml", "<DSP>13</DSP>", "<DSP>13</DSP><DSP48E>12</DSP48E>", "13 in DSP, 12 in DSP48E"),
    (
        "csynth_2024.rpt",
        "|         0|     13|      3084",
        "|         0|     12|      3084",
        "DSP of the design, found 13 in the total, 12 in the rows above it",
    ),
    ("csynth_2024.rpt", "|dense_1_U0  |", "|dense_9_U0  |", "expected the resources of the instance dense_9_U0"),
    ("csynth_2024.rpt", "38.780 ns", "38.780 ks", "expected a time"),
    (
        "csynth_2024.rpt",
        "|mul_8s_8s                |         0|    1|",
        "|mul_8s_8s                |         0|    2|",
        "found 13 in the summary, 13 in the table of instances, 14 in its rows together",
    ),
    (
        "csynth_2024.rpt",
        "|         0|          2|     -|",
        "|         0|          3|     -|",
        "LUT of the design, found 9090 in the total, 9091 in the rows above it",
    ),
    ("csynth_2024.rpt", "Interval   | Pipeline", "Intervall  | Pipeline", "expected the columns Latency"),
    ("cosim_2024.rpt", "      Pass", "   Unknown", "expected Pass, Fail or NA for VHDL or Verilog, found 'Unknown'"),
    ("cosim_2024.rpt", " 3519|             NA", "   NA|             NA", "latency of a simulation that passed"),
    ("export_impl_2024.xml", "<CP_TARGET>2.500", "<CP_TARGET>2.600", "one number for the target period"),
    ("export_impl_2024.xml", "<CP_FINAL>2.420", "<CP_FINAL>2.421", "one number for the achieved period"),
    ("export_impl_2024.xml", "<TIMING_MET>TRUE", "<TIMING_MET>MAYBE", "found 'MAYBE'"),
    ("export_impl_2024.xml", "<RUN_TYPE>impl", "<RUN_TYPE>other", "expected RUN_TYPE impl or syn, found 'other'"),
    ("export_failed_2022.rpt", "Timing not met", "Timing met", "expected a period within the target"),
    ("export_2023.rpt", "LUT:           5455", "LUT:             5k", "expected a resource such as"),
    (
        "export_impl_2024.rpt",
        "| inst     | 5455",
        "| inst     | 5456",
        "LUT, found 5455 in the summary, 5456 in the table",
    ),
    (
        "utilization_7series_2020.rpt",
        "| Slice LUTs*                | 3505",
        "| Slice LUTs*                | 3605",
        "the share of Slice LUTs in per cent",
    ),
    ("utilization_7series_2020.rpt", "| Block RAM Tile    |  2.5", "| Block RAM Tile    |  3.5", "block RAM, found 7"),
    (
        "utilization_ultrascale_plus_2024.rpt",
        "| CLB LUTs            | 6600",
        "| CLB LUTs            | 6601",
        "lut, found 8005 in the dies together, 8004 in the whole design",
    ),
    (
        "utilization_hierarchical.rpt",
        "|       5100 |",
        "|          - |",
        "Total LUTs of layer_1: expected a whole number",
    ),
    ("timing_met_2024.rpt", "2.772           360.750", "2.772           300.000", "the frequency of clk in MHz"),
    ("timing_met_2024.rpt", "2.772           360.750", "0.000           360.750", "expected a period above zero"),
    ("timing_met_2024.rpt", "2.772           360.750", "0.300           3333.333", "expected a slack below the period"),
    (
        "timing_failed_2019.rpt",
        "Timing constraints are not met.",
        "All user specified timing constraints are met.",
        "expected no negative slack, since all constraints are met; found -1.25 ns",
    ),
    (
        "timing_failed_2019.rpt",
        "           -1.250    -1412.001",
        "           -0.250    -1412.001",
        "found -0.25 in the design, -1.25 in its worst path group",
    ),
    ("timing_met_2024.rpt", "clk    {0.000", "other  {0.000", "expected the clock clk in the clock summary"),
    (
        "power_2023.rpt",
        "| Dynamic (W)              | 0.610",
        "| Dynamic (W)              | 0.620",
        "the power in W, found 3.512",
    ),
    (
        "power_2023.rpt",
        "| Total          |     3.512",
        "| Total          |     3.612",
        "the total power in W, found 3.512",
    ),
    ("power_2023.rpt", "| Low  ", "| Fine ", "expected the confidence Low, Medium or High, found 'Fine'"),
    (
        "utilization_7series_2020.rpt",
        "|   LUT as Logic             | 3473 |     0 |",
        "|   LUT as Logic             | 3473 |",
        "expected a row of 5 cells, found line 31",
    ),
    (
        "timing_met_2024.rpt",
        "   0.412        0.000 ",
        "   0.412      0.000   ",
        "expected numbers under .*, found line",
    ),
    ("nextpnr.log", "finished normally.", "was stopped.", "expected a line 'Info: Program finished normally.'"),
    ("nextpnr.json", '"used": 7564', '"used": 7564.5', "TRELLIS_COMB: expected a whole number 'used', found 7564.5"),
    ("nextpnr.json", '"achieved": 146.69', '"achieved": null', "expected a number 'achieved', found None"),
    ("nextpnr.json", '"fmax"', '"fmin"', "expected the table 'fmax', found critical_paths"),
    ("nextpnr.log", "Info: Router1 time", "Info: Router9 time", "expected a line"),
    ("nextpnr.log", "Warning: Max frequency", "Warning: Least frequency", "once after routing, found 0 frequencies"),
    (
        "nextpnr.log",
        "2 warnings, 0 errors",
        "ERROR: timing",
        "expected a run without error, found line 17: 'ERROR: timing'",
    ),
    ("nextpnr.log", "  7564/83640     9%", "  many/83640     9%", "expected a cell with used, available and per cent"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), FAULTS, ids=lambda text: str(text)[:32].strip())
def test_a_planted_fault_is_found(file: str, old: str, new: str, message: str) -> None:
    text = BY_FILE[file].text()
    assert old in text
    with pytest.raises(ReportError, match=message):
        BY_FILE[file].parse(text.replace(old, new, 1))


def test_a_period_beyond_the_target_means_that_timing_is_not_met() -> None:
    report = reports.parse_export(BY_FILE["export_impl_2024.rpt"].text().replace("2.420", "2.501"))
    assert (report.timing_met, report.clock_achieved_ns) == (False, 2.501)


@pytest.mark.parametrize(
    ("text", "value_ns"),
    [("12 ps", 0.012), ("5.00 ns", 5.0), ("4.753 us", 4753.0), ("0.105 sec", 1.05e8), ("1e3 us", 1e6), ("0 ns", 0.0)],
)
def test_times_are_read_with_their_unit(text: str, value_ns: float) -> None:
    assert time_ns(text, "here") == value_ns


@pytest.mark.parametrize("text", ["", "-", "?", "NA", "N/A", "undef", "inf"])
def test_what_stands_for_no_number_is_none(text: str) -> None:
    assert (time_ns(text, "here"), count(text, "here"), number(text, "here")) == (None, None, None)


@pytest.mark.parametrize("text", ["5 Ns", "five ns", "1_0 ns", "5 ns 6 ns", "nan", "٥", "0x10", "1,000", "--1"])
def test_anything_else_is_no_number(text: str) -> None:
    for read_number in (time_ns, count, number):
        with pytest.raises(ReportError, match="here: expected"):
            read_number(text, "here")


def test_a_time_without_unit_is_no_time() -> None:
    with pytest.raises(ReportError, match=r"expected a time such as '5\.00 ns', found '5'"):
        time_ns("5", "here")


def test_every_golden_report_is_in_the_table() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(BY_FILE)


def test_xml_and_text_of_one_synthesis_agree() -> None:
    xml, rpt = (BY_FILE[f"csynth_2024.{kind}"] for kind in ("xml", "rpt"))
    left, right = (asdict(case.parse(case.text())) for case in (xml, rpt))  # type: ignore[call-overload]
    only_text = ("instances", "available_slr")
    assert {key: left[key] for key in left if key not in only_text} == {
        key: right[key] for key in right if key not in only_text
    }

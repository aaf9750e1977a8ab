"""Reports in the layout that hls4ml reads; no real one with a licence was at hand."""

import json

import pytest

from codesign.errors import ReportError
from codesign.synth.reports import IntelResources, parse_oneapi

SUMMARY = "\n".join(
    json.dumps(row)
    for row in (
        {"name": "Static Partition", "data": [0, 0, 0, 0, 0]},
        {"name": "Total", "data": ["12,345", 23456, 7, 16, 3.0]},
        {"name": "Available", "data": [1866240, 3732480, 11721, 5760, 0]},
    )
)
LOOPS = "\n".join(
    json.dumps(row)
    for row in (
        {"name": "task"},
        {"name": "a", "af": "480.00", "ii": "1", "lt": "37"},
        {"name": "b", "af": 412.5, "ii": "n/a", "lt": 52.0},
    )
)
FITTED = {
    "quartusFitClockSummary": {"nodes": [{"name": "clock", "clock fmax": "501.25"}]},
    "quartusFitResourceUsageSummary": {
        "nodes": [
            {"name": "System", "alm": "9000.5", "alut": 1, "reg": 2, "dsp": 3, "ram": 4, "mlab": 5},
            {"name": "Network", "alm": "4,321.5", "alut": 8000, "reg": "12,000", "dsp": 16, "ram": 7, "mlab": 3},
        ]
    },
}


def test_the_numbers_that_stand_there():
    found = parse_oneapi(SUMMARY, LOOPS)
    assert found.used == IntelResources(alut=12345, ff=23456, ram=7, dsp=16, mlab=3, alm=None)
    assert found.available.dsp == 5760
    assert (found.fmax_estimated_mhz, found.latency_max_cycles, found.interval_max_cycles) == (412.5, 52.0, 1)
    assert (found.placed, found.fmax_mhz) == (None, None)
    fitted = parse_oneapi(SUMMARY, LOOPS, json.dumps(FITTED, indent=1), "Network")
    assert fitted.placed == IntelResources(alut=8000, ff=12000, ram=7, dsp=16, mlab=3, alm=4322)
    assert fitted.fmax_mhz == 501.25


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"Total"', '"Totals"', "expected the row 'Total' with 5 numbers, found None"),
        ('"12,345"', '"N/A"', "Total: alut: expected a number, found 'N/A'"),
        ("16, 3.0]", "16]", "with 5 numbers"),
        ("]}\n", "]\n", "line 1: expected a whole JSON document"),
        (SUMMARY, "", "found an empty text"),
        (SUMMARY, "[1]", "expected a JSON object, found list"),
    ],
)
def test_a_summary_that_is_not_whole_is_refused(old, new, message):
    with pytest.raises(ReportError, match=message):
        parse_oneapi(SUMMARY.replace(old, new), LOOPS)


@pytest.mark.parametrize(
    ("text", "component", "message"),
    [
        (json.dumps(FITTED), None, "expected one component None, found System, Network"),
        (json.dumps(FITTED), "Net", "expected one component 'Net'"),
        (json.dumps(FITTED)[:200], "Network", "expected a whole JSON document"),
        (json.dumps({"nodes": []}), "Network", "expected the list quartusFitResourceUsageSummary.nodes, found nodes"),
        (json.dumps(FITTED).replace("501.25", "inf"), "Network", "clock fmax: expected a number, found 'inf'"),
    ],
)
def test_a_result_of_quartus_that_is_not_whole_is_refused(text, component, message):
    with pytest.raises(ReportError, match=message):
        parse_oneapi(SUMMARY, LOOPS, text, component)


def test_loops_without_numbers_are_refused():
    with pytest.raises(ReportError, match="expected a loop with af, ii and lt, found none"):
        parse_oneapi(SUMMARY, '{"name": "task"}')

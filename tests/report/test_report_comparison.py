"""Several runs side by side, published figures, and the difference of two runs."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codesign.errors import ConfigError
from codesign.report.collect import collect
from codesign.report.comparison import column, group_rows, write_comparison
from codesign.report.conventions import Convention, Row, read_anchors, row_of
from codesign.report.difference import compare_runs, difference_lines
from codesign.run import Run

RunMaker = Callable[..., Run]
OURS = Convention("classification", "toy", "16 inputs", "whole trigger algorithm", "open synthesis", "UltraScale+")


def edit(run: Run, record: str, change: Callable[[dict[str, Any]], None]) -> Run:
    path = run.path / f"{record}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, complete_run: RunMaker, complete_anomaly_run: RunMaker) -> list[Run]:
    """Two runs of one convention, the second smaller and no worse, and a detector."""
    first, second = (complete_run(tmp_path_factory.mktemp(name)) for name in ("first", "second"))
    edit(second, "synth", lambda record: record["boards"][0].update(lut=2000))
    edit(second, "metrics", lambda record: record["accuracy"].update(value=record["accuracy"]["value"] + 0.001))
    edit(second, "provenance", lambda record: record["packages"].update(hls4ml="9.9"))
    second.path.joinpath("config.toml").write_text(
        (second.path / "config.toml").read_text().replace("seed = 7", "seed = 8").replace("toy_tagger", "smaller")
    )
    return [first, Run.open(second.path), complete_anomaly_run(tmp_path_factory.mktemp("detector"))]


class TestConventions:
    @pytest.mark.parametrize("field", ["dataset", "inputs", "counted", "estimate", "part", "task"])
    def test_rows_of_other_conventions_are_refused_in_a_column_and_told_why(self, field: str) -> None:
        rows = [Row("a", OURS, lut=1), Row("b", replace(OURS, **{field: "other"}), lut=2)]
        with pytest.raises(ConfigError, match=f"a and b are of different conventions.*{field}: .* against other"):
            column(rows, "lut")
        assert [group.rows[0].name for group in group_rows(rows)] == ["a", "b"]
        assert column([rows[0], Row("c", OURS, lut=3)], "lut") == [1, 3]

    def test_nothing_published_shares_a_column_with_our_jets(self, runs: list[Run]) -> None:
        ours = row_of(collect(runs[0]))
        assert all(ours.convention.differences(row.convention) for row in read_anchors())

        groups = group_rows([ours, *read_anchors()])
        assert [row.name for row in groups[0].rows] == [ours.name]

    def test_the_two_jet_data_sets_are_two(self) -> None:
        jets = [row for row in read_anchors("classification") if "JSC" in row.convention.dataset]
        assert {row.convention.dataset for row in jets} == {"JSC OpenML (hls4ml_lhc_jets_hlf)", "JSC CERNBox"}
        with_encoder = [row for row in jets if "with encoder" in row.convention.counted]
        assert {row.lut for row in with_encoder if row.name == "DWN lg-2400"} == {7011}

    def test_every_anchor_says_where_it_is_from(self) -> None:
        anchors = read_anchors()
        assert len(anchors) > 40
        assert all(
            row.source.startswith(("quoted [P]: ", "quoted [T]: ", "quoted [S]: ", "quoted [M]: ")) for row in anchors
        )
        assert all(row.lut and (row.accuracy is None or 0.6 < row.accuracy < 0.9) for row in anchors)


class TestComparison:
    def test_page_tables_and_front(self, runs: list[Run], tmp_path: Path) -> None:
        result = write_comparison(runs, tmp_path / "out")
        tagger, detector = result["groups"]
        assert [row["name"] for row in tagger["rows"]] == ["toy_tagger", "smaller"]
        assert tagger["front"] == ["smaller"]
        assert [row["name"] for row in detector["rows"]] == ["toy_detector"]
        html, markdown, table, record = (Path(path).read_text() for path in result["files"])
        assert "Not in one table with toy_tagger, because of task: classification against anomaly" in html
        assert 'data-tip="smaller: accuracy' in html
        assert "http://" not in html.replace("http://www.w3.org", "")
        assert "https://" not in html
        assert "script-src &#39;sha256-" in html or "script-src 'sha256-" in html
        assert "| smaller | " in markdown
        rows = list(csv.DictReader(table.splitlines()))
        assert [row["lut"] for row in rows[:2]] == ["3456", "2000"]
        assert json.loads(record)["groups"] == result["groups"]

    def test_runs_that_cannot_be_told_apart(self, runs: list[Run], tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="different names"):
            write_comparison([runs[0], runs[0]], tmp_path)


class TestDifference:
    def test_what_changed(self, runs: list[Run]) -> None:
        found = compare_runs(runs[0], runs[1])
        assert ("seed", "7", "8") in found.configuration
        assert ("hls4ml", "1.3.0", "9.9") in found.versions
        changes = {change.key: change for change in found.numbers}
        lut = changes["lut [serenity-vu13p]"]
        assert (lut.before, lut.after, lut.difference, lut.verdict) == (3456, 2000, -1456, "less")
        lines = difference_lines(found)
        assert "number        lut [serenity-vu13p]: 3,456 → 2,000 LUT (-1,456, -42.1%)" in lines

    def test_within_the_error_is_none(self, runs: list[Run]) -> None:
        changes = {change.key: change for change in compare_runs(runs[0], runs[1]).numbers}
        accuracy = changes["accuracy"]
        assert accuracy.difference == pytest.approx(0.001)
        assert accuracy.error is not None
        assert accuracy.error > 0.005
        assert accuracy.verdict == "none"

    def test_beyond_the_error_is_not(self, make_run: RunMaker, runs: list[Run]) -> None:
        worse = edit(make_run(), "metrics", lambda record: record["accuracy"].update(value=0.5))
        changes = {change.key: change for change in compare_runs(runs[0], worse).numbers}
        assert changes["accuracy"].verdict == "less"

    def test_physics_of_other_data_is_not_compared(self, make_run: RunMaker, runs: list[Run]) -> None:
        other = edit(make_run(), "data", lambda record: record.update(data_digest="e" * 64))
        found = compare_runs(runs[0], other)
        assert found.conventions[0].startswith("dataset: ")
        assert {change.key: change.verdict for change in found.numbers}["accuracy"] == "not comparable"

    def test_a_tool_that_failed_has_no_number(self, make_run: RunMaker, runs: list[Run]) -> None:
        def fail(record: dict[str, Any]) -> None:
            record["boards"][0].update(lut=None, ff=None, dsp=None, lut_share=None, failed="licence: none")

        lost = edit(make_run(), "synth", fail)
        changes = {change.key: change for change in compare_runs(runs[0], lost).numbers}
        lut = changes["lut [serenity-vu13p]"]
        assert (lut.after, lut.difference, lut.verdict) == (None, None, "only before")
        assert "licence: none" in lut.obtained


def test_the_command_line(codesign, runs: list[Run], tmp_path: Path) -> None:
    status, out, err = codesign("diff", runs[0].path, runs[1].path)
    assert (status, err) == (0, "")
    assert "seed: 7 → 8" in out
    status, out, _ = codesign("report", runs[0].path, runs[1].path, "--output", tmp_path / "both", "--json")
    assert status == 0
    assert json.loads(out)["groups"][0]["front"] == ["smaller"]
    assert (tmp_path / "both" / "comparison.csv").is_file()

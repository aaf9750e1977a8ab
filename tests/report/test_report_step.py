import base64
import csv
import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from codesign.errors import RunError
from codesign.report import write_report
from codesign.report.collect import collect
from codesign.report.page import Page as Content
from codesign.report.page import build_page, to_html, to_markdown
from codesign.report.plots import to_svg
from codesign.run import Run
from codesign.summary import failures, step_lines
from codesign.synth.boards import get_board
from codesign.synth.place_and_route import ON_BOARD, PROXY, Routed
from codesign.synth.result import BoardUse

RunMaker = Callable[..., Run]
HOSTILE = "<script>alert('x')</script> & \"quoted\" | pipe"
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Text and attributes of a page; fails on tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read_back(run: Run, result: dict[str, Any]) -> tuple[Page, str]:
    """Page and Markdown that were written."""
    html, markdown = ((run.path / result[kind]).read_text(encoding="utf-8") for kind in ("html", "markdown"))
    return Page(html), markdown


def draft(run: Run) -> tuple[Content, Page, str]:
    """Content, page and Markdown, without drawing the plots into files, which takes seconds."""
    content = build_page(collect(run))
    images = {plot.name: b"<svg/>" for section in content.sections for plot in section.plots}
    return content, Page(to_html(content, images)), to_markdown(content)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, complete_run: Callable[..., Run]) -> tuple[Any, ...]:
    run = complete_run(tmp_path_factory.mktemp("good"))
    result = write_report(run)
    return run, result, *read_back(run, result)


class TestCompleteRun:
    def test_passes(self, good: tuple[Any, ...]) -> None:
        _, result, page, markdown = good
        assert result["passed"] is True
        assert "✓ All good 12,000 vectors, every integer equal. All 3 limits kept." in page.text
        assert "✅ All good. 12,000 vectors, every integer equal." in markdown

    def test_files_exist_relative_to_the_run(self, good: tuple[Any, ...]) -> None:
        run, result, _, markdown = good
        assert all((run.path / path).stat().st_size > 500 for path in result["plots"])
        linked = re.findall(r"\]\((plots/[^)]+)\)", markdown)
        assert len(linked) == 9
        assert set(linked) <= set(result["plots"])

    @pytest.mark.parametrize(
        "shown",
        [
            "toy jets · for serenity-vu13p (xcvu13p-flga2577-2-e)",  # head
            "4,912", "36.0 ns", "13 cycles = 2 BX", "3,456", "0.20 %", "0 / 12,000",  # key numbers
            "≤ 5.00 %", "≤ 100 ns", "≥ 50.00 %",  # budget
            "background rejection at 30 % signal", "> 330", "603 (173 … 3,460)",  # classes
            "16 (50.0 %)", "22 (39.3 %)",  # zero weights of a layer and of all
            "2⁻³ (0.125)", "-156 … 355.88", "800 2⁻³", "0.040 %",  # input contract
            "21:12", "Output word out_data, 30 bits", "One count is 2⁻⁶.", "trigger_algorithm",  # firmware
            "back to back a new event on every clock", "54,321 vectors/s", "real events",  # verification
            "3,100 … 3,456", "1,640 LUT", "not placed or routed", "pynq-z2",  # resources
            "hls4ml", "processes.q.setting", "… (40 in all)", "d" * 64, "not in a git checkout", "9.0 s",  # provenance
            "# a comment with <angle brackets> & ampersands",  # configuration
        ],
    )  # fmt: skip
    def test_says(self, good: tuple[Any, ...], shown: str) -> None:
        assert shown in good[2].text

    def test_every_number_of_the_page_tables_is_in_the_markdown(self, good: tuple[Any, ...]) -> None:
        _, _, page, markdown = good
        for cell in ("3,456", "3,100 … 3,456", "21:12", "13 cycles = 36.04 ns = 2 BX"):
            assert cell in page.text
            assert cell in markdown

    def test_loads_nothing(self, good: tuple[Any, ...]) -> None:
        page = good[2]
        loaded = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "action", "data")]
        assert loaded
        assert all(value.startswith(("data:", "#")) for value in loaded)
        html = (good[0].path / "report.html").read_text()
        assert not re.search(r"url\((?!#)", html)
        assert "@import" not in html

    def test_the_only_script_is_ours_and_the_policy_knows_no_other(self, good: tuple[Any, ...]) -> None:
        html = (good[0].path / "report.html").read_text()
        (script,) = re.findall(r"<script[^>]*>(.*?)</script>", html, flags=re.DOTALL)
        hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{hashed}'" in html
        assert "innerHTML" not in script
        assert not [name for _, name, _ in good[2].attributes if name.startswith("on")]

    def test_curves_and_checkpoints_say_their_numbers(self, good: tuple[Any, ...]) -> None:
        said = [value for _, name, value in good[2].attributes if name == "data-tip"]
        assert any(re.fullmatch(r"q: signal \d+\.\d%, background \d+\.\d\d%", tip) for tip in said)
        assert any(tip.startswith("epoch 1: 4,000 EBOPs, accuracy 60.00") for tip in said)
        ids = [value for tag, name, value in good[2].attributes if name == "id" and tag != "section"]
        assert all(value.startswith(("roc-", "front-")) for value in ids)

    def test_the_numbers_stand_beside_it(self, good: tuple[Any, ...]) -> None:
        run, result, _, _ = good
        table, record = ((run.path / path).read_text() for path in result["numbers"])
        rows = {(row["name"], row["of"]): row for row in csv.DictReader(table.splitlines())}
        lut = rows["lut", "serenity-vu13p"]
        assert (lut["value"], lut["unit"], lut["error"]) == ("3456", "LUT", "")
        assert lut["obtained"] == "yosys 0.57: open synthesis (Yosys), not placed or routed"
        assert rows["lut_share_slr", "serenity-vu13p"]["value"] == "0.008"
        assert rows["latency_ns", ""]["obtained"].startswith("measured in RTL simulation (verilator 5.048)")
        assert rows["lut_estimate", ""]["obtained"].startswith("estimated: ")
        assert float(rows["accuracy", ""]["error"]) > 0
        assert all(row["obtained"] for row in rows.values())
        assert len(json.loads(record)["numbers"]) == len(rows)

    def test_contents_lead_to_chapters(self, good: tuple[Any, ...]) -> None:
        attributes = good[2].attributes
        targets = {value[1:] for tag, name, value in attributes if tag == "a" and name == "href"}
        assert targets == {value for tag, name, value in attributes if tag == "section" and name == "id"}
        assert len(targets) == 9

    def test_every_image_has_a_description(self, good: tuple[Any, ...]) -> None:
        attributes = good[2].attributes
        assert good[2].tags.count("img") == sum(
            tag == "img" and name == "alt" and value != "" for tag, name, value in attributes
        )

    def test_markdown_tables_are_well_formed(self, good: tuple[Any, ...]) -> None:
        tables = re.findall(r"(?:^\|.*\n)+", good[3], flags=re.MULTILINE)
        assert len(tables) > 15
        for table in tables:
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
            assert re.fullmatch(r"\|( (:---|---:) \|)+", table.splitlines()[1])

    def test_same_records_give_the_same_files_and_no_other(self, good: tuple[Any, ...]) -> None:
        run, result, _, _ = good
        files = [run.path / path for path in ("report.html", "report.md", *result["plots"])]
        before = [path.read_bytes() for path in files]
        (run.path / "plots" / "of_an_earlier_report.png").write_bytes(b"")
        assert write_report(run) == result
        assert [path.read_bytes() for path in files] == before
        assert {f"plots/{path.name}" for path in (run.path / "plots").iterdir()} == set(result["plots"])


class TestFailures:
    def test_a_mismatch(self, make_run: RunMaker, failed_verify: dict[str, Any]) -> None:
        content, page, markdown = draft(make_run(verify=failed_verify))
        assert not content.verdict.passed
        assert content.verdict.reasons == ("Verification: RTL (verilator): 345 of 12000 vectors differ.",)
        assert "✗ Failed Verification: RTL (verilator): 345 of 12000 vectors differ." in page.text
        assert "❌ Failed." in markdown
        assert ("div", "class", "tile bad") in page.attributes
        assert "17 trained network 100 -7 0 17 implementation ✗ 101 -7 0" in page.text
        assert "✗ X or Z" in page.text
        assert "vector 17: 5 -3" in page.text
        assert "In full: verify/counterexample_rtl.json." in page.text
        assert "vector 17: <expected> 100, found 101" in page.text
        assert "latency measured ✗ not seen" in page.text
        assert "verified as they are now: rtl/src/network.v" in page.text

    def test_a_missed_budget(self, make_run: RunMaker) -> None:
        config = 'name = "toy"\n[data]\nfile = "x.h5"\n[budget]\nlut = 3000\naccuracy = 0.99\nlatency_ns = 40\n'
        content, page, markdown = draft(make_run(config))
        assert not content.verdict.passed
        assert len(content.verdict.reasons) == 2
        assert "Budget: LUT is 3,456 LUT, allowed at most 3,000 LUT." in page.text
        assert "LUT 3,456 LUT ≤ 3,000 LUT ✗ FAIL" in page.text
        assert "| LUT | 3,456 LUT | ≤ 3,000 LUT | ❌ FAIL |" in markdown
        assert "allowed at least 99.00 %" in page.text

    def test_no_budget(self, make_run: RunMaker) -> None:
        content, page, markdown = draft(make_run('name = "toy"\n[data]\nfile = "x.h5"\n'))
        assert content.verdict.passed
        assert "No limit was set." in page.text
        assert "No limit is set in the budget." in markdown


STEPS = {
    "data": "data",
    "train": "training, evaluation",  # the metrics of an interrupted training are not shown
    "metrics": "evaluation",
    "firmware": "firmware",
    "verify": "verification",
    "synth": "synthesis",
}


class TestMissing:
    @pytest.mark.parametrize("record", STEPS)
    def test_a_step_that_has_not_run_is_named_and_shown_as_such(self, make_run: RunMaker, record: str) -> None:
        content, page, markdown = draft(make_run(**{record: None}))
        assert not content.verdict.passed
        assert f"Not run: {STEPS[record]}." in page.text
        assert "Incomplete" in markdown
        assert "✗ Failed" not in page.text

    def test_nothing_has_run(self, make_run: RunMaker) -> None:
        run = make_run(**dict.fromkeys(STEPS))
        result = write_report(run)
        page, _ = read_back(run, result)
        assert result["passed"] is False
        assert result["plots"] == []
        assert [(line["name"], line["measured"], line["passed"]) for line in result["budget"]] == [
            ("latency_ns", None, False), ("lut_share", None, False), ("accuracy", None, False),
        ]  # fmt: skip
        assert page.text.count("Not run. To fill this chapter: codesign") == 8
        assert page.text.count("– not run") == 5

    def test_a_failure_outweighs_what_is_missing(self, make_run: RunMaker, failed_verify: dict[str, Any]) -> None:
        _, page, _ = draft(make_run(verify=failed_verify, synth=None))
        assert "✗ Failed" in page.text
        assert "Not run: synthesis." in page.text

    def test_metrics_of_an_interrupted_training_are_not_shown(self, make_run: RunMaker) -> None:
        _, page, _ = draft(make_run(train=None))
        assert "AUC" not in page.text

    def test_missing_evaluation_offers_the_command(self, make_run: RunMaker) -> None:
        _, page, _ = draft(make_run(metrics=None))
        assert "codesign evaluate RUN_DIRECTORY" in page.text
        assert "test accuracy – not run" in page.text

    def test_missing_test_scores(self, make_run: RunMaker) -> None:
        run = make_run()
        (run.path / "scores.npz").unlink()
        content, page, _ = draft(run)
        assert "the test scores (scores.npz) are missing" in page.text
        assert [plot.name for plot in content.sections[0].plots] == ["confusion"]

    def test_damaged_test_scores(self, make_run: RunMaker) -> None:
        run = make_run()
        (run.path / "scores.npz").write_bytes(b"no archive")
        with pytest.raises(RunError, match=r"scores\.npz: missing or damaged"):
            write_report(run)
        assert not (run.path / "report.html").exists()


class TestHostileText:
    def test_is_shown_and_not_obeyed(self, make_run: RunMaker, failed_verify: dict[str, Any]) -> None:
        run = make_run(verify=failed_verify | {"fault": HOSTILE})
        records = collect(run)
        assert records.data is not None
        data = records.data | {"name": HOSTILE, "provenance": {HOSTILE: HOSTILE}}
        content = build_page(dataclasses.replace(records, name=HOSTILE, data=data, config_text=f"{HOSTILE}\n```\n"))
        page = Page(to_html(content, {plot.name: b"" for section in content.sections for plot in section.plots}))
        assert "script" not in page.tags
        assert page.text.count(HOSTILE) >= 6
        assert "<script" not in re.sub(r"````.*?````", "", to_markdown(content), flags=re.DOTALL)

    def test_class_names(self, make_run: RunMaker) -> None:
        run = make_run()
        records = collect(run)
        assert records.metrics is not None
        classes = [entry | {"name": f"{HOSTILE}{index} $x_"} for index, entry in enumerate(records.metrics["classes"])]
        content = build_page(dataclasses.replace(records, metrics=records.metrics | {"classes": classes}))
        images = {plot.name: to_svg(plot.figure) for plot in content.sections[0].plots}
        images |= {plot.name: b"" for section in content.sections[1:] for plot in section.plots}
        page = Page(to_html(content, images))
        assert page.tags.count("script") == 1  # that of the plots
        assert any(
            value.startswith(f"{HOSTILE}0 $x_: signal") for _, name, value in page.attributes if name == "data-tip"
        )


class TestFailedTools:
    def test_a_board_without_numbers_says_why(self, make_run: RunMaker) -> None:
        run = make_run()
        synth = run.record("synth")
        lost = dataclasses.asdict(
            BoardUse.lost(get_board("pynq-z2"), "vivado", "Vivado, placed", "licence: none for it")
        )
        run = make_run(synth=synth | {"boards": [synth["boards"][0], lost], "failed": ["pynq-z2 with vivado: licence"]})
        content, page, markdown = draft(run)
        assert not content.verdict.passed
        assert "Synthesis of pynq-z2 with vivado: licence." in page.text
        assert "pynq-z2: no numbers from vivado: licence: none for it" in page.text
        assert "licence: none for it" in markdown
        assert failures(run, "synth") == ["synthesis of pynq-z2 with vivado: licence"]
        assert step_lines(run, "synth")[1] == "resources     pynq-z2: NOT KNOWN: licence: none for it"

    def test_no_board_at_all(self, make_run: RunMaker) -> None:
        lost = dataclasses.asdict(BoardUse.lost(get_board("pynq-z2"), "yosys", "open synthesis", "missing: yosys"))
        run = make_run(synth={"boards": [lost], "place_and_route": None, "failed": ["pynq-z2 with yosys: missing"]})
        content, page, _ = draft(run)
        assert "yosys failed" in page.text
        assert not content.verdict.passed

    def test_a_clock_that_is_not_met_fails(self, make_run: RunMaker) -> None:
        run = make_run()
        boards = run.record("synth")["boards"]
        timed = [boards[0] | {"timing_met": False, "fmax_mhz": 300.0}, boards[1]]
        run = make_run(synth=run.record("synth") | {"boards": timed})
        assert any("timing not met: the slack allows 300.0 MHz" in line for line in failures(run, "synth"))
        assert not draft(run)[0].verdict.passed

    def test_a_routed_clock_is_called_a_proxy(self, make_run: RunMaker) -> None:
        run = make_run()
        routed = Routed("ECP5", None, PROXY, "0.11.1", None, 147.0, 360.71, 5449, 2013, 0, 93.0)
        run = make_run(synth=run.record("synth") | {"place_and_route": dataclasses.asdict(routed)})
        _, page, _ = draft(run)
        assert "147.0 MHz" in page.text
        assert "Not the target" in page.text
        assert any(line.endswith("[placed and routed by nextpnr on a proxy device, not the target]") for line in
                   step_lines(run, "synth"))  # fmt: skip
        on_board = Routed(
            "Zynq", "pynq-z2", ON_BOARD.format(board="pynq-z2"), "0.8", None, 87.0, 100.0, 900, 800, 0, 9.0
        )
        run = make_run(synth=run.record("synth") | {"place_and_route": dataclasses.asdict(on_board)})
        _, page, _ = draft(run)
        assert "Placed and routed on the device of pynq-z2" in page.text
        assert "Not the target" not in page.text

    def test_what_synthesis_finds_by_layer_stands_beside_the_estimate(self, make_run: RunMaker) -> None:
        run = make_run()
        firmware = run.record("firmware") | {
            "layers": [{"name": "dense_1", "lut_estimate": 840.0}, {"name": "scores", "lut_estimate": 60.0}]
        }
        _, page, _ = draft(make_run(firmware=firmware))
        assert "nothing is measured by layer" in page.text
        uses = [
            {"layer": "dense_1", "lut": 901, "carry4": 77, "dsp": 0, "bram_18k": 0},
            {"layer": "scores", "lut": -2, "carry4": 3, "dsp": 0, "bram_18k": 0},
        ]
        _, page, _ = draft(make_run(firmware=firmware, synth=run.record("synth") | {"layers": uses}))
        assert re.search(r"dense_1\W+901\W+77\W+0\W+0\W+840\W+93\.3", page.text)
        assert re.search(r"scores\W+-2\W+3\W+0\W+0\W+60\W+6\.7", page.text)
        assert re.search(r"all\W+899\W+80\W+0\W+0\W+900\b", page.text)
        assert "measured with Yosys" in page.text

    def test_the_stages_of_the_network_are_a_table(self, make_run: RunMaker) -> None:
        run = make_run()
        used = {"lut": 437, "ff": 302, "carry4": 124, "dsp": 0, "bram_18k": 0, "logic_levels": 7}
        stages = [{"stage": "logic0", "used": used}, {"stage": "logic1", "used": used | {"lut": 9, "logic_levels": 12}}]
        _, page, _ = draft(make_run(synth=run.record("synth") | {"stages": stages}))
        assert "Network by pipeline stage" in page.text
        assert re.search(r"all\W+446\W+604\W+248\W+0\W+0\W+12\b", page.text)


def test_without_the_machine_learning_stack(make_run: RunMaker) -> None:
    run = make_run(**dict.fromkeys(STEPS))
    code = (
        "import sys; from pathlib import Path\n"
        "for name in ('tensorflow', 'keras', 'jax', 'hgq', 'hls4ml', 'alkaid'): sys.modules[name] = None\n"
        "from codesign.report import write_report; from codesign.run import Run\n"
        "write_report(Run.open(Path(sys.argv[1])))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=True, timeout=300)

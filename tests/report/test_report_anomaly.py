"""The report of an anomaly detector, from records of the evaluation itself."""

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from codesign.evaluation.scores import SplitScores
from codesign.metrics import clopper_pearson
from codesign.report import write_report
from codesign.report.blocks import Paragraph, Section, Table
from codesign.report.collect import Records, collect
from codesign.report.detector import Detector, detector_of
from codesign.report.page import build_page, to_html, to_markdown
from codesign.report.plots import to_svg
from codesign.report.sections.anomaly_plots import density, groups, roc_curves, score_edges
from codesign.report.sections.firmware import firmware
from codesign.report.sections.physics import physics
from codesign.report.sections.training import training
from codesign.report.verdict import judge, tiles
from codesign.run import Run

RunMaker = Callable[..., Run]
HOSTILE = "<script>alert('x')</script> | \"q\" $x_ `code`"
RATES = """
name = "toy_detector"
[data]
file = "toy.h5"
[task]
kind = "anomaly"
score = "kl"
[evaluation]
fpr = [1e-2]
rates_khz = [30.0, 500.0]
menu = "l1"
stability = "event.pileup"
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory, complete_anomaly_run: RunMaker) -> Records:
    return collect(complete_anomaly_run(tmp_path_factory.mktemp("fractions")))


@pytest.fixture(scope="module")
def with_rates(tmp_path_factory: pytest.TempPathFactory, complete_anomaly_run: RunMaker) -> Records:
    run = complete_anomaly_run(tmp_path_factory.mktemp("rates"), RATES, menu=True, stability=True)
    return collect(run)


def changed(records: Records, **metrics: Any) -> Records:
    """The same run with another record of the evaluation."""
    assert records.metrics is not None
    return dataclasses.replace(records, metrics=records.metrics | metrics)


def judged(records: Records) -> Detector:
    detector = detector_of(records)
    assert detector is not None
    return detector


def table(section: Section, caption: str) -> list[list[str]]:
    """Header and rows of the table whose caption begins so."""
    (found,) = (block for block in section.blocks if isinstance(block, Table) and block.caption.startswith(caption))
    return [list(found.header), *([cell.text for cell in row] for row in found.rows)]


def column(rows: list[list[str]], title: str) -> list[str]:
    return [row[rows[0].index(title)] for row in rows[1:]]


def warnings(section: Section) -> str:
    return " ".join(b.text for b in section.blocks if isinstance(b, Paragraph) and b.state in ("warn", "bad"))


def captions(section: Section, kind: type) -> list[str]:
    return [block.caption for block in section.blocks if isinstance(block, kind)]


class TestThresholds:
    def test_are_the_integers_that_the_firmware_compares(self, records: Records, toy_scores: SplitScores) -> None:
        rows = table(physics(records), "Working points of kl")
        integers = [int(entry) for entry in column(rows, "firmware: score integer ≥")]
        firmware_scores = toy_scores.scores["kl"][toy_scores.labels == 0] * 16  # ap_ufixed<14,10>: 4 bits behind
        accepted = [f"{(firmware_scores >= integer).sum()} of 6,000" for integer in integers]
        assert column(rows, "events") == accepted
        assert [float(entry) for entry in column(rows, "score ≥")] == [integer / 16 for integer in integers]

    @pytest.mark.parametrize(("score_format", "factor"), [("ap_ufixed<14,10>", 1), ("ap_fixed<20,12,RND,SAT>", 16)])
    def test_are_exact_in_a_finer_format(self, records: Records, score_format: str, factor: int) -> None:
        detector = dataclasses.replace(judged(records), score_format=score_format)
        assert detector.deployed["lsb"] == 2.0**-4
        assert detector.threshold(135) == 135 * factor

    def test_are_refused_where_firmware_and_scores_do_not_belong_together(self, records: Records) -> None:
        assert records.firmware is not None
        coarser = dataclasses.replace(records, firmware=records.firmware | {"score_format": "ap_ufixed<11,10>"})
        section = physics(coarser)
        rows = table(section, "Working points")
        assert set(column(rows, "firmware: score integer ≥")) == {"–"}
        assert (
            "No threshold is given in firmware integers: the score of the firmware, ap_ufixed<11,10>, is coarser"
            in (warnings(section))
        )
        assert not judge(coarser).passed
        assert "they are of different networks" in judge(coarser).reasons[0]

    def test_without_firmware_only_the_score_is_given(self, records: Records) -> None:
        section = physics(dataclasses.replace(records, firmware=None))
        rows = table(section, "Working points")
        assert set(column(rows, "firmware: score integer ≥")) == {"–"}
        assert "–" not in column(rows, "score ≥")
        assert "firmware integers" not in warnings(section)

    def test_that_the_port_cannot_hold_are_told(self, records: Records) -> None:
        assert records.firmware is not None
        narrow = dataclasses.replace(records, firmware=records.firmware | {"score_format": "ap_ufixed<7,3>"})
        said = judged(narrow).deployed["points"][0] | {"warning": "at the next lower score, 7, too much would pass"}
        score = judged(narrow).deployed | {"points": [said]}
        assert "Scores in these remarks" not in warnings(physics(changed(narrow, scores=[score])))
        finer = dataclasses.replace(narrow, firmware=records.firmware | {"score_format": "ap_ufixed<20,10>"})
        assert "Scores in these remarks count 2⁻⁴ (0.0625)" in warnings(physics(changed(finer, scores=[score])))
        assert "135 is more than ap_ufixed<7,3> can hold, so that the firmware would accept nothing" in warnings(
            physics(narrow)
        )
        assert "can hold" not in warnings(physics(records))


class TestWorkingPoints:
    def test_too_few_background_events_are_told_plainly_and_marked(self, records: Records) -> None:
        section = physics(records)
        assert "At 10⁻³: 6 background events expected above the threshold: at least 10,000" in warnings(section)
        assert "At 10⁻⁴: 0.6 background events expected above the threshold: at least 100,000" in warnings(section)
        (points,) = (b for b in section.blocks if isinstance(b, Table) and b.caption.startswith("Working"))
        assert [(row[0].text, row[0].state) for row in points.rows] == [
            ("10⁻²", "plain"), ("10⁻³", "warn"), ("10⁻⁴", "warn"),
        ]  # fmt: skip

    def test_sound_points_raise_no_warning(self, records: Records) -> None:
        assert records.metrics is not None
        scores = [
            score | {"points": [point | {"warning": None} for point in score["points"]]}
            for score in records.metrics["scores"]
        ]
        section = physics(changed(records, scores=scores))
        assert warnings(section) == ""
        rows = [row for block in section.blocks if isinstance(block, Table) for row in block.rows]
        assert {cell.state for row in rows for cell in row} == {"plain"}

    def test_efficiencies_of_every_signal_have_intervals(self, records: Records, toy_scores: SplitScores) -> None:
        rows = table(physics(records), "Signal efficiency (TPR) of kl")
        assert rows[0] == ["signal", "at 10⁻²", "at 10⁻³", "at 10⁻⁴"]
        assert [row[0] for row in rows[1:]] == ["higgs", "stop"]
        threshold = judged(records).deployed["points"][0]["threshold"]
        share = (toy_scores.scores["kl"][toy_scores.labels == 1] * 16 >= threshold).mean()
        assert rows[1][1].startswith(f"{100 * share:.1f} (")
        assert all(re.fullmatch(r"[\d.]+ \([\d.]+ … [\d.]+\) %", entry) for row in rows[1:] for entry in row[1:])

    def test_background_accepted_has_an_exact_interval(self, records: Records) -> None:
        first, _, last = column(table(physics(records), "Working points of kl"), "background accepted")
        point = judged(records).deployed["points"][0]["fpr"]
        low, high = clopper_pearson(point["passed"], 6000)
        assert first == f"{point['passed'] / 6:.1f} ({1e3 * low:.1f} … {1e3 * high:.1f}) · 10⁻³"
        assert last == f"0.0 (0.0 … {1e4 * clopper_pearson(0, 6000).high:.1f}) · 10⁻⁴"

    def test_no_rate_is_claimed_for_a_background_that_is_no_zero_bias(self, records: Records) -> None:
        page = build_page(records)
        said = to_markdown(page)
        assert "no trigger rates; evaluation.rates_khz asks for rates" in said.replace("\\", "")
        assert "kHz" not in re.sub("rates_khz", "", said)

    def test_rates_stand_where_the_configuration_asks_for_them(self, with_rates: Records) -> None:
        section = physics(with_rates)
        rows = table(section, "Working points of kl")
        assert column(rows, "background allowed") == ["10⁻²", "30 kHz", "500 kHz"]
        accepted = [int(entry.split()[0]) for entry in column(rows, "events")]
        for rate, events in zip(column(rows, "rate"), accepted, strict=True):
            assert float(rate.split()[0].replace(",", "")) == pytest.approx(events / 6000 * 2760 * 11.246, rel=0.02)
        assert isinstance(section.blocks[0], Paragraph)
        assert "2,760 colliding bunch pairs (31,039 kHz)" in section.blocks[0].text


class TestTables:
    def test_deployed_score_comes_first(self, records: Records) -> None:
        rows = table(physics(records), "Area under the ROC curve")
        assert rows[0] == ["signal", "events", "kl (in firmware)", "mu2"]
        assert [row[:2] for row in rows[1:]] == [["higgs", "900"], ["stop", "700"]]
        assert records.metrics is not None
        area = records.metrics["scores"][1]["signals"][0]["auc"]
        assert rows[1][3].startswith(f"{area['value']:.4f} ± ")

    def test_every_score_and_signal_at_every_point(self, records: Records) -> None:
        rows = table(physics(records), "Signal efficiency of every score")
        assert [row[:2] for row in rows[1:]] == [["higgs", "kl"], ["higgs", "mu2"], ["stop", "kl"], ["stop", "mu2"]]
        assert records.metrics is not None
        value = records.metrics["scores"][1]["points"][2]["tpr"]["stop"]["value"]
        assert rows[4][4] == f"{100 * value:.2f} %"

    def test_single_score_has_no_table_of_all_scores(self, records: Records) -> None:
        assert records.metrics is not None
        section = physics(changed(records, scores=records.metrics["scores"][:1]))
        assert not any("every score" in caption for caption in captions(section, Table))

    def test_dropped_bits(self, records: Records) -> None:
        rows = table(physics(records), "Fewer bits of kl")
        assert rows[0] == ["", "without 1 low bit", "without 2 low bits", "without 4 low bits"]
        bits = judged(records).deployed["bits"]
        assert rows[1] == ["bits left", *(str(bits - dropped) for dropped in (1, 2, 4))]
        assert rows[2][1:] == ["2⁻³ (0.125)", "2⁻² (0.25)", "2⁰ (1)"]
        change = judged(records).deployed["coarser"][2]["tpr_change"]["stop"]
        assert rows[6][0] == "change of the efficiency for stop"
        assert float(rows[6][3].split()[0].replace("−", "-")) == pytest.approx(100 * change["value"], abs=0.01)

    def test_change_of_a_background_of_which_nothing_passes_is_not_a_number(self, records: Records) -> None:
        assert records.metrics is not None
        score = records.metrics["scores"][0]
        silent = [
            kept | {"full": kept["full"] | {"rate": kept["full"]["rate"] | {"khz": 0.0}}} for kept in score["coarser"]
        ]
        rows = table(physics(changed(records, scores=[score | {"coarser": silent}])), "Fewer bits")  # fmt: skip
        assert rows[4] == ["change of it, relative", "–", "–", "–"]

    def test_menu_and_pure_rate(self, with_rates: Records, records: Records) -> None:
        section = physics(with_rates)
        rows = table(section, "On top of the existing menu")
        assert with_rates.metrics is not None
        pure = with_rates.metrics["pure"][2]
        assert rows[3][0] == "500 kHz"
        assert rows[3][2].startswith(f"{pure['pure']['khz']:,.0f} (")
        assert pure["pure"]["khz"] < pure["rate"]["khz"]
        assert not any("menu" in caption for caption in captions(physics(records), Table))

    def test_stability_gives_its_p_value(self, with_rates: Records, records: Records) -> None:
        (plot,) = (plot for plot in physics(with_rates).plots if plot.name == "stability")
        assert with_rates.metrics is not None
        found = with_rates.metrics["stability"]
        assert f"p = {found['p_value']:.2g}" in plot.caption
        assert "event.pileup" in plot.caption
        assert "stability" not in [plot.name for plot in physics(records).plots]
        warned = changed(with_rates, stability=found | {"warning": "too few", "outside": 3})
        assert "Stability: 3 events in no bin. Stability: too few." in warnings(physics(warned))


class TestPlots:
    def test_roc_curves_go_through_their_working_points(self, records: Records) -> None:
        assert records.scores is not None
        curves = roc_curves(judged(records), records.scores)
        assert [curve.name for curve in curves] == ["higgs", "stop"]
        for curve in curves:
            assert curve.fpr.min() == pytest.approx(1 / 6000)
            assert (np.diff(curve.fpr) > 0).all()
            for background, signal in curve.points:
                at = np.interp(background["value"], curve.fpr, curve.tpr)
                assert at == pytest.approx(signal["value"], abs=0.02)

    def test_densities_have_area_one_and_lose_no_event(self, records: Records) -> None:
        assert records.scores is not None
        known, signals = groups(judged(records), records.scores)
        assert (len(known[0]), [len(values) for values, _ in signals.values()]) == (6000, [900, 700])
        edges, logarithmic = score_edges(known, signals, 2.0**-4)
        assert logarithmic
        for members in (known, *signals.values()):
            assert (density(*members, edges) * np.diff(edges)).sum() == pytest.approx(1.0)
        steps = np.diff(edges) * 16
        assert (steps >= 1).all()  # no bin that the score cannot reach
        assert (steps == np.rint(steps)).all()

    def test_weights_count_in_the_densities(self) -> None:
        shown = density(np.array([0.5, 1.5, 1.5]), np.array([2.0, 1.0, 1.0]), np.array([0.0, 1.0, 2.0]))
        np.testing.assert_allclose(shown, [0.5, 0.5])

    @pytest.mark.parametrize("values", [np.zeros(5), np.array([-3.0, 2.0, 4.0]), np.array([0.0, 0.0, 900.0])])
    def test_any_scores_can_be_binned(self, values: np.ndarray) -> None:
        edges, _ = score_edges((values, np.ones(len(values))), {}, 1.0)
        assert (np.diff(edges) > 0).all()
        assert (density(values, np.ones(len(values)), edges) * np.diff(edges)).sum() == pytest.approx(1.0)

    def test_axis_of_thresholds_is_that_of_the_firmware(self, records: Records) -> None:
        finer = dataclasses.replace(records, firmware=(records.firmware or {}) | {"score_format": "ap_ufixed<18,10>"})
        for shown, factor in ((records, 1), (finer, 16)):
            (plot,) = (plot for plot in physics(shown).plots if plot.name == "thresholds")
            axes = plot.figure.axes[0]
            assert axes.get_xlabel() == "threshold, integer of the firmware"
            highest = max(*judged(shown).deployed["curve"]["thresholds"], 230)
            assert np.max(axes.lines[0].get_xdata()) == highest * factor


class TestTile:
    def test_quotes_worst_and_best_signal_at_the_middle_point(self, records: Records) -> None:
        tile, point = tiles(records)[0], judged(records).middle
        worst, best = (point["tpr"][name]["value"] for name in ("higgs", "stop"))
        assert tile.label == "TPR at FPR 10⁻²"
        assert tile.value == f"{100 * worst:.1f} … {100 * best:.1f} %"
        assert tile.detail.startswith("higgs … stop; AUC 0.824 … 0.978")
        assert tile.state == "plain"

    def test_says_when_the_background_is_too_small(self, records: Records) -> None:
        assert records.metrics is not None
        score = records.metrics["scores"][0]
        tile = tiles(changed(records, scores=[score | {"points": score["points"][1:2]}]))[0]
        assert (tile.label, tile.state) == ("TPR at FPR 10⁻³", "warn")
        assert tile.detail.endswith("few background events")

    def test_before_the_evaluation(self, records: Records) -> None:
        assert tiles(dataclasses.replace(records, metrics=None))[0].label == "TPR"

    @pytest.mark.parametrize("fpr", [[1e-2], [1e-1, 1e-2], [1e-1, 3e-2, 1e-2], [1e-1, 3e-2, 2e-2, 1e-2]])
    def test_middle_point_is_that_of_the_evaluation(
        self, complete_anomaly_run: RunMaker, tmp_path: Any, fpr: list[float]
    ) -> None:
        config = RATES.replace("fpr = [1e-2]\nrates_khz = [30.0, 500.0]", f"fpr = {fpr}")
        detector = judged(collect(complete_anomaly_run(tmp_path, config, stability=True)))
        assert detector.deployed["coarser"][0]["full"]["asked_fpr"] == detector.middle["asked_fpr"]
        assert sum(detector.result["stability"]["accepted"]) == detector.middle["fpr"]["passed"]


def test_firmware_chapter_speaks_of_an_anomaly_score(records: Records) -> None:
    section = firmware(records)
    assert table(section, "Ports of")[6] == ["out_data", "out", "14", "anomaly score, ap_ufixed<14,10>"]
    notes = " ".join(block.note for block in section.blocks if isinstance(block, Table))
    assert "at or above the threshold of a working point in the chapter Physics. One count is 2⁻⁴." in notes
    assert "softmax" not in notes


def test_training_chapter_speaks_of_the_objective(records: Records) -> None:
    section = training(records)
    assert table(section, "Checkpoints on the front") == [
        ["epoch", "EBOPs", "validation objective"],
        ["1", "4,000", "6.25"],
        ["2 (chosen)", "4,900", "5.75"],
    ]
    assert ["interrupted, and taken up again exactly where it was, at epoch", "2"] in table(section, "Fit")
    assert [plot.name for plot in section.plots] == ["training_objective", "training_cost", "front"]
    (front,) = (plot for plot in section.plots if plot.name == "front")
    np.testing.assert_array_equal(front.figure.axes[0].lines[0].get_ydata(), [6.25, 5.75])
    everything = " ".join(captions(section, Table) + [plot.caption for plot in section.plots])
    assert "accuracy" not in everything


class TestMissing:
    def test_scores(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run()
        (run.path / "scores.npz").unlink()
        section = physics(collect(run))
        assert [plot.name for plot in section.plots] == ["thresholds"]
        paragraphs = " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))
        assert "the test scores (scores.npz) are missing" in paragraphs

    def test_signals(self, make_anomaly_run: RunMaker, toy_scores: SplitScores) -> None:
        rows = toy_scores.labels == 0
        kept = {name: values[rows] for name, values in toy_scores.scores.items()}
        split = SplitScores(toy_scores.labels[rows], toy_scores.weights[rows], toy_scores.logits[rows], kept)
        records = collect(make_anomaly_run(split=split))
        section = physics(records)
        assert [caption for caption in captions(section, Table) if "ignal" in caption or "AUC" in caption] == []
        assert [plot.name for plot in section.plots] == ["scores", "thresholds"]
        assert tiles(records)[0].detail == "no signal in the test split"
        assert [(line.name, line.measured) for line in records.budget] == [("auc", None), ("tpr", None)]

    def test_evaluation(self, records: Records) -> None:
        verdict = judge(dataclasses.replace(records, metrics=None))
        assert verdict.reasons[0] == "Not run: evaluation."


class TestWholePage:
    def test_names_are_shown_and_not_obeyed(self, records: Records) -> None:
        assert records.metrics is not None
        assert records.data is not None
        quoted = json.dumps(HOSTILE)
        hostile = json.loads(json.dumps(records.metrics).replace('"higgs"', quoted).replace('"kl"', quoted))
        classes = [HOSTILE if name == "higgs" else name for name in records.classes]
        assert records.scores is not None
        scores = dataclasses.replace(records.scores, scores={HOSTILE: records.scores.scores["kl"]})
        changed_records = dataclasses.replace(
            records, metrics=hostile, data=records.data | {"classes": classes}, scores=scores
        )
        content = build_page(changed_records)
        images = {plot.name: to_svg(plot.figure) for plot in content.sections[0].plots}
        images |= {plot.name: b"" for section in content.sections[1:] for plot in section.plots}
        assert to_html(content, images).count("<script") == 1  # that of the plots
        markdown = to_markdown(content)
        assert "<script" not in markdown
        for rows in re.findall(r"(?:^\|.*\n)+", markdown, flags=re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}) == 1

    def test_is_written_twice_alike(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run(RATES, menu=True, stability=True)
        result = write_report(run)
        files = [run.path / path for path in ("report.html", "report.md", *result["plots"])]
        before = [path.read_bytes() for path in files]
        assert write_report(run) == result
        assert [path.read_bytes() for path in files] == before
        assert {f"plots/{name}.png" for name in ("scores", "roc", "thresholds", "stability")} <= set(result["plots"])
        assert "| ⚠️ 30 kHz |" in (run.path / "report.md").read_text()

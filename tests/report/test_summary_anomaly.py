"""Lines and limits of a run of an anomaly detector."""

import re
from collections.abc import Callable

import pytest

from codesign.config import Config
from codesign.errors import ConfigError
from codesign.run import Run
from codesign.summary import LINE, budget_lines, failures, measured, step_lines, summary_lines
from codesign.synth.budgets import require_measurable

RunMaker = Callable[..., Run]
HEAD = 'name = "toy"\n[data]\nfile = "toy.h5"\n'
ANOMALY = HEAD + '[task]\nkind = "anomaly"\nscore = "kl"\n[evaluation]\nfpr = [1e-2, 1e-3]\nrates_khz = [500.0]\n'
MISSED = ANOMALY + "[budget]\nauc = 0.9\ntpr = 0.5\ntpr_fpr = 1e-2\n"


def checked(text: str) -> None:
    config = Config.parse(text, "toy.toml")
    require_measurable(config.budget, config.task, config.evaluation)


class TestLines:
    def test_one_line_for_each_point_and_its_warning(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run(ANOMALY)
        lines = step_lines(run, "evaluate")
        assert lines[0] == "physics       score kl against 6,000 test events of zero bias"
        assert re.fullmatch(r"AUC {11}higgs 0\.\d{4}±0\.\d{4}  stop 0\.\d{4}±0\.\d{4}", lines[1])
        points = run.record("metrics")["scores"][0]["points"]
        titles = [line[:14].strip() for line in lines[2:]]
        assert titles == ["FPR 0.01", "FPR 0.001", "", "500 kHz"]
        for line, point in zip((lines[2], lines[3], lines[5]), points, strict=True):
            assert f"score ≥ {point['threshold'] / 16:.15g}  accepts {point['fpr']['passed']} of 6,000" in line
            assert f"stop {point['tpr']['stop']['value']:.2%}" in line
        assert lines[4].startswith(" " * 14 + "warning: 6 background events expected")

    def test_no_line_is_too_long_however_many_signals(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run(ANOMALY)
        metrics = run.record("metrics")
        score = metrics["scores"][0]
        names = [f"signal number {index}" for index in range(20)]
        score["signals"] = [score["signals"][0] | {"name": name} for name in names]
        for point in score["points"]:
            point["tpr"] = dict.fromkeys(names, point["tpr"]["higgs"])
        run.write_record("metrics", metrics)
        lines = step_lines(run, "evaluate")
        assert max(map(len, lines)) <= LINE
        assert all(sum(name + " " in line for line in lines) >= 4 for name in names)

    def test_all_steps(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run()
        run.write_record("report", {"html": "report.html"})
        assert any(line.startswith("budget        pass  tpr: measured 0.29") for line in summary_lines(run))


class TestBudget:
    def test_is_judged_by_the_worst_signal_on_the_deployed_score(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run(MISSED)
        score = run.record("metrics")["scores"][0]
        values = measured(run)
        assert values["auc"] == score["signals"][0]["auc"]["value"] < score["signals"][1]["auc"]["value"]
        assert values["tpr"] == score["points"][0]["tpr"]["higgs"]["value"] < score["points"][0]["tpr"]["stop"]["value"]
        assert values["accuracy"] is None
        assert [line.passed for line in budget_lines(run)] == [False, False]
        assert failures(run, "evaluate")[1].endswith("at least 0.5 at FPR 0.01")

    def test_follows_its_point(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run(MISSED.replace("tpr_fpr = 1e-2", "tpr_fpr = 1e-3"))
        (line,) = (line for line in budget_lines(run) if line.name == "tpr")
        assert line.measured == run.record("metrics")["scores"][0]["points"][1]["tpr"]["higgs"]["value"]
        assert line.unit == "at FPR 0.001"

    def test_auc_of_a_classifier_is_that_of_the_worst_class(self, make_run: RunMaker) -> None:
        run = make_run(HEAD + "[budget]\nauc = 0.9\n")
        areas = [entry["auc"]["value"] for entry in run.record("metrics")["classes"]]
        assert [line.measured for line in budget_lines(run)] == [min(areas)]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                ANOMALY + "[budget]\ntpr = 0.1\ntpr_fpr = 2e-3",
                r"budget.tpr_fpr: expected one of evaluation.fpr \(0.01, 0.001\), found 0.002",
            ),
            (
                ANOMALY + "[budget]\naccuracy = 0.1",
                "budget.accuracy: expected task.kind = 'classification', found 'anomaly'",
            ),
            (
                HEAD + "[budget]\ntpr = 0.1\ntpr_fpr = 1e-3",
                "budget.tpr: expected task.kind = 'anomaly', found 'classification'",
            ),
            (ANOMALY + "[budget]\ntpr = 0.1", "key 'budget': expected tpr and tpr_fpr together"),
            (ANOMALY + "[budget]\ntpr_fpr = 0.1", "key 'budget': expected tpr and tpr_fpr together"),
            (ANOMALY + "[budget]\nauc = 1.1", "key 'budget.auc': expected less than or equal to 1, got 1.1"),
        ],
    )
    def test_that_can_never_be_measured_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            checked(text)

    def test_that_can_be_measured_is_taken(self) -> None:
        checked(MISSED)
        checked(HEAD + "[budget]\naccuracy = 0.7\nauc = 0.9")

    def test_is_refused_wherever_it_is_read(self, make_anomaly_run: RunMaker) -> None:
        run = make_anomaly_run()
        budget = run.config.budget.model_copy(update={"tpr_fpr": 0.5})
        other = Run(run.path, run.config.model_copy(update={"budget": budget}), run.config_directory)
        with pytest.raises(ConfigError, match=r"expected one of evaluation\.fpr"):
            budget_lines(other)

    def test_point_is_no_limit_of_its_own(self) -> None:
        assert Config.parse(MISSED, "toy.toml").budget.limits() == {"auc": 0.9, "tpr": 0.5}

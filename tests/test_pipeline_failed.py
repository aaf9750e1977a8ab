"""A tool that failed is tried again, and what follows it is repeated once it succeeds."""

from pathlib import Path
from typing import Any

import pytest

from codesign import pipeline
from codesign.pipeline import Step, execute
from codesign.progress import Progress
from codesign.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "config.toml").write_text('name = "x"\n[data]\nfile = "x.h5"\n')
    (tmp_path / "provenance.json").write_text('{"config_file": "/x.toml"}')
    return Run.open(tmp_path)


def test_a_failed_tool_is_tried_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[dict[str, Any]] = [{"failed": ["board: licence"]}, {"failed": ["board: licence"]}, {"failed": []}]
    reports = []

    def synth(_run: Run, _progress: Progress) -> dict[str, Any]:
        return results.pop(0)

    def report(_run: Run, _progress: Progress) -> dict[str, Any]:
        reports.append(1)
        return {}

    steps = (
        Step("synth", "synth", "synth", "", (), lambda _: 1, synth),
        Step("report", "report", "report", "", ("synth",), lambda _: 2, report),
    )
    monkeypatch.setattr(pipeline, "STEPS", {step.name: step for step in steps})
    assert execute(run, "synth").record["failed"] == ["board: licence"]
    execute(run, "report")
    execute(run, "report")
    assert len(reports) == 1
    assert execute(run, "synth").repeated
    execute(run, "report")
    assert len(reports) == 1, "the same failure changes no report"
    assert execute(run, "synth").record["failed"] == []
    assert execute(run, "report").repeated, "the report of the failure is out of date"
    assert not execute(run, "synth").repeated
    assert len(reports) == 2

"""What becomes of the candidates: groups, verdicts, the one to take."""

import tomllib

import pytest

from codesign.errors import ConfigError, RunError
from codesign.scan.choice import best_record
from codesign.scan.driver import front
from codesign.scan.final import FinalResult, final_tasks
from codesign.scan.final_table import final_records, final_table
from codesign.scan.page import build_page, write_page

WAYS = {"accuracy": "maximize", "lut": "minimize"}


def judged(candidate, accuracy, lut, *, seeds=(), verified=True, violation=-0.1):
    values, errors = {"accuracy": accuracy, "lut": lut}, {"accuracy": 0.002}
    reason = None if verified else "verification failed: 3 of 100 scores differ"
    yield FinalResult(
        candidate, candidate, 10 + candidate, "", False, reason, verified, values, errors, lut, {"lut": violation}
    )
    for index, other in enumerate(seeds):
        seed_values = {"accuracy": other, "lut": 1.1 * lut}
        yield FinalResult(100 + index, candidate, 10 + candidate, "", True, None, None, seed_values, errors, 1.1 * lut)


def test_groups_know_error_and_seed_spread_and_the_cheapest_of_each_is_marked():
    results = [*judged(0, 0.720, 3000, seeds=(0.716, 0.724)), *judged(1, 0.717, 1500), *judged(2, 0.700, 900)]
    records = final_records(results, WAYS)
    assert [record["group"] for record in records] == [0, 0, 1]
    assert [record["recommended"] for record in records] == [False, True, True]
    assert records[0]["spread"]["accuracy"] == pytest.approx({"mean": 0.72, "std": 0.004, "n": 3})
    text = str(final_table(records, WAYS))
    assert "0.7200 ± 0.0020" in text
    assert "0.7200 ± 0.0040 (3)" in text


def test_columns_that_no_candidate_fills_are_left_out():
    first, second = (final_records([*judged(0, 0.72, 900)], WAYS) for _ in range(2))
    second[0]["values"] |= {"routed_mhz": 91.5, "network_lut": 700.0}
    assert "routed" not in str(final_table(first, WAYS))
    shown = final_table([*first, *second], WAYS)
    places = [shown.header.index(title) for title in ("routed [MHz]", "LUT, network")]
    assert [[row[place].text for place in places] for row in shown.rows] == [["–", "–"], ["91.5", "700"]]


def test_nothing_unverified_or_beyond_a_limit_is_on_the_final_front():
    results = [*judged(0, 0.73, 500, verified=False), *judged(1, 0.73, 600, violation=0.2), *judged(2, 0.70, 900)]
    records = final_records(results, WAYS)
    assert [record["on_front"] for record in records] == [False, False, True]
    assert "3 of 100 scores differ" in records[0]["reason"]


def test_a_candidate_that_failed_is_shown_and_harms_no_other():
    failed = FinalResult(0, 0, 10, "", False, "training: layer 'dense_1' has collapsed")
    records = final_records([failed, *judged(1, 0.7, 900)], WAYS)
    assert [record["on_front"] for record in records] == [False, True]
    assert "has collapsed" in str(final_table(records, WAYS))


def test_candidates_have_further_seeds_and_their_checkpoint(scanned, objective):
    scan = scanned(objective.quick, ("[search]", "[final]\ncandidates = 2\nseeds = 2\n[search]"))
    for number in scan.results:
        folder = scan.folder / "trials" / f"{number:04d}"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text('name = "t"\nseed = 5\n[quantization]\ntarget_ebops = 1000\n')
        (folder / "training_state.npz").touch()
    tasks = final_tasks(scan)
    assert [(task.candidate, task.retrained) for task in tasks] == [
        (0, False), (1, False), (0, True), (1, True), (0, True), (1, True)
    ]  # fmt: skip
    assert "seed = 5" in tasks[0].configuration
    assert "seed = 7" in tasks[4].configuration
    assert "checkpoint_ebops" in tasks[0].configuration
    assert len({task.folder for task in tasks}) == 6


def test_candidates_are_trained_longer_than_the_search_where_that_is_wanted(scanned, objective):
    scan = scanned(objective.quick, ("[search]", "[final]\ncandidates = 1\nseeds = 1\nepochs_factor = 2.5\n[search]"))
    for number in scan.results:
        folder = scan.folder / "trials" / f"{number:04d}"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text((scan.folder / "base.toml").read_text())
        (folder / "training_state.npz").touch()
    searched = tomllib.loads((scan.folder / "base.toml").read_text())["training"]["epochs"]
    for task, suffix in zip(final_tasks(scan), ("-full", "-full-seed4"), strict=True):
        assert not task.inherited
        assert task.folder.endswith(suffix)
        content = tomllib.loads(task.configuration)
        assert content["training"]["epochs"] == round(2.5 * searched)
        kept = front(scan.results, scan.directions)[0].point.ebops
        assert content["quantization"]["checkpoint_ebops"] == pytest.approx(1.05 * kept)


def test_candidates_with_inherited_weights_are_trained_anew_and_for_all_epochs(scanned, objective):
    scan = scanned(objective.quick, ("[search]", "[final]\ncandidates = 9\nseeds = 1\n[search]\ninherit = 0.5"))
    full = tomllib.loads((scan.folder / "base.toml").read_text())["training"]["epochs"]
    for number, result in scan.results.items():
        folder = scan.folder / "trials" / f"{number:04d}"
        folder.mkdir(parents=True)
        text = (scan.folder / "base.toml").read_text()
        had = full if result.donor is None else full // 2
        (folder / "config.toml").write_text(text.replace(f"epochs = {full}", f"epochs = {had}"))
    tasks = [task for task in final_tasks(scan) if not task.retrained]
    assert {scan.results[task.trial].donor is None for task in tasks} == {True, False}
    for task in tasks:
        assert task.inherited == (scan.results[task.trial].donor is None)
        assert tomllib.loads(task.configuration)["training"]["epochs"] == full


def test_the_best_is_the_cheapest_that_cannot_be_told_apart_within_the_limits(scanned, objective):
    scan = scanned(objective.quick)
    free = best_record(scan, {})
    cheap = best_record(scan, {"lut": 800})
    assert cheap["values"]["lut"] <= 800 < free["values"]["lut"]
    assert free["values"]["accuracy"] > cheap["values"]["accuracy"]
    with pytest.raises(RunError, match="no point keeps the limits"):
        best_record(scan, {"accuracy": 0.99})
    with pytest.raises(ConfigError, match="unknown quantity 'lutt'; did you mean 'lut'"):
        best_record(scan, {"lutt": 1})


def test_the_page_loads_nothing_and_shows_itself_anew_only_while_the_scan_runs(scanned, objective):
    def some_fail(task):
        return task.failed("<b>NaN</b>") if task.number == 2 else objective.quick(task)

    scan = scanned(some_fail)
    write_page(scan, running=True)
    text = (scan.folder / "scan.html").read_text()
    assert '<meta http-equiv="refresh" content="15">' in text
    assert "&lt;b&gt;NaN&lt;/b&gt;" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text
    write_page(scan, running=False)
    assert 'http-equiv="refresh"' not in (scan.folder / "scan.html").read_text()
    assert {path.name for path in (scan.folder / "plots").glob("*.png")} >= {"front-accuracy-lut.png", "parallel.png"}
    assert [section.identifier for section in build_page(scan, running=False).sections] == [
        "front",
        "space",
        "failures",
    ]
    assert (scan.folder / "front.csv").read_text().startswith("trial,group,checkpoint_ebops,accuracy,lut")

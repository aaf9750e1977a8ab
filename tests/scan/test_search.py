"""The loop of a scan: the same trials whatever finishes first, nothing lost, nothing repeated."""

import json
import shutil
import tomllib

import optuna
import pytest

from codesign.config import Config
from codesign.errors import RunError
from codesign.scan.donors import network_key
from codesign.scan.driver import front, search
from codesign.scan.session import open_scan, start_scan
from codesign.scan.study import SAMPLERS


def parameters(scan):
    return [trial.params for trial in scan.study.get_trials()]


@pytest.mark.parametrize("sampler", ["nsga2", "nsga3", "tpe", "random"])
def test_the_trials_do_not_depend_on_what_finishes_first(scan_toml, tmp_path, objective, sampler):
    file, found = scan_toml(("[search]", f'[search]\nsampler = "{sampler}"')), []
    for name, workers in (("a", objective.InProcess), ("b", objective.InOrder)):
        scan = start_scan(file, tmp_path / name, f"sqlite:///{tmp_path}/{name}.db")
        search(scan, workers(objective.quick))
        found.append(parameters(scan))
    assert found[0] == found[1]
    assert len({json.dumps(entry) for entry in found[0]}) > 6


def test_another_seed_gives_other_trials(scanned, objective):
    first, second = (scanned(objective.quick, ("[search]", f"[search]\nseed = {s}"), folder=str(s)) for s in (1, 2))
    assert parameters(first) != parameters(second)


class StopError(Exception):
    pass


def stopping_after(evaluate, count):
    done = []

    def limited(task):
        if len(done) == count:
            raise StopError
        done.append(task.number)
        return evaluate(task)

    return limited


def test_an_interrupted_scan_goes_on_with_the_same_trials_and_repeats_nothing(scanned, objective, tmp_path):
    whole = scanned(objective.counted, folder="whole")
    with pytest.raises(StopError):
        scanned(stopping_after(objective.counted, 7), folder="cut")
    cut = scanned(objective.counted, folder="cut")
    assert parameters(cut) == parameters(whole)
    assert front(cut.results, cut.directions) == front(whole.results, whole.directions)
    begun = [len((folder / "begun").read_text()) for folder in sorted((tmp_path / "cut" / "trials").glob("0*"))]
    assert begun == [1] * 12


def test_a_lost_study_is_filled_again_from_the_folders_of_the_trials(scanned, objective, tmp_path):
    first = parameters(scanned(objective.counted))
    (tmp_path / "run" / "study.db").unlink()
    assert parameters(scanned(objective.counted)) == first
    assert {len((f / "begun").read_text()) for f in (tmp_path / "run" / "trials").glob("0*")} == {1}


def test_trials_that_other_versions_proposed_are_not_taken_for_ours(scanned, objective, monkeypatch):
    scanned(objective.quick)
    monkeypatch.setitem(SAMPLERS, "nsga2", lambda _search, seed: optuna.samplers.RandomSampler(seed=seed + 1))
    with pytest.raises(RunError, match=r"trial 0 has the values .* another version of codesign or of Optuna"):
        scanned(objective.quick)


def test_a_training_begins_with_the_best_earlier_weights_of_its_network(scan_toml, tmp_path, objective):
    file, found, asked = scan_toml(("[search]", "[search]\ninherit = 0.4")), [], {}

    def recorded(task):
        asked[task.number] = tomllib.loads(task.configuration)
        return objective.quick(task)

    for name, workers in (("a", objective.InProcess), ("b", objective.InOrder), ("a", objective.InOrder)):
        scan = start_scan(file, tmp_path / name)
        search(scan, workers(recorded))
        found.append([result.donor for result in scan.results.values()])
    assert found[0] == found[1] == found[2]
    assert found[0][:3] == [None] * 3, "with ahead = 3 nothing is known of them"
    epochs = tomllib.loads((tmp_path / "small.toml").read_text())["training"]["epochs"]
    for number, donor in enumerate(found[0]):
        hidden, earlier = asked[number]["model"]["hidden"], range(max(0, number - 2))
        same = [other for other in earlier if asked[other]["model"]["hidden"] == hidden]
        best = max(same, key=lambda other: scan.results[other].points[0].values["accuracy"], default=None)
        assert donor == best
        assert asked[number]["training"]["epochs"] == (epochs if donor is None else round(0.4 * epochs))


@pytest.mark.parametrize(
    "change",
    [
        '[quantization]\nmethod = "fixed"\n',
        '[pruning]\nmethod = "pdp"\n',
        "[data.blocks.high_level]\ncolumns = ['c1_b1']\n",
    ],
)
def test_weights_of_another_method_or_of_other_inputs_are_not_inherited(change):
    base = 'name = "a"\n[data]\nfile = "jets.h5"\n'
    same = "[quantization]\ntarget_ebops = 700\n[pruning]\nsparsity = 0.9\n[training]\nlearning_rate = 0.1\n"
    plain = "[pruning]\nsparsity = 0.4\n"
    key, other = (network_key(Config.parse(base + text, "a.toml")) for text in (plain, same))
    assert key == other
    if "[pruning]" not in change:
        change += plain
    assert network_key(Config.parse(base + change, "a.toml")) != key


def test_trees_have_no_weights_to_inherit(scanned, objective):
    space = ("[objectives]", '"model.architecture" = { choice = ["boosted_trees"] }\n[objectives]')
    hidden = ('"model.hidden" = { choice = [[8], [4, 4]] }\n', "")
    scan = scanned(objective.quick, ("[search]", "[search]\ninherit = 0.4"), space, hidden)
    assert {result.donor for result in scan.results.values()} == {None}


def test_more_trials_can_be_asked_for_later(scanned, objective):
    short = parameters(scanned(objective.quick, ("trials = 12", "trials = 6")))
    longer = parameters(scanned(objective.quick))
    assert longer[:6] == short
    assert len(longer) == 12


def test_constraints_reach_the_study_and_keep_points_off_the_front(scanned, objective):
    scan = scanned(objective.quick, ("[search]", "[constraints]\nlut = 1000\n[search]"))
    trials = scan.study.get_trials()
    assert any(trial.constraints["lut"] > 0 for trial in trials)
    assert front(scan.results, scan.directions)
    assert all(entry.point.values["lut"] <= 1000 for entry in front(scan.results, scan.directions))
    ours = {entry.trial for entry in front(scan.results, scan.directions)}
    assert ours <= {trial.number for trial in scan.study.best_trials}  # which holds equal trials too


def test_a_trial_that_raises_or_diverges_is_told_as_failed_and_the_scan_goes_on(scanned, objective):
    def raises(task):
        if task.number in (1, 2):
            return task.failed("training: the loss became NaN in epoch 3")
        return objective.quick(task)

    scan = scanned(raises)
    states = [trial.state for trial in scan.study.get_trials()]
    assert states.count(optuna.trial.TrialState.FAIL) == 2
    assert states.count(optuna.trial.TrialState.COMPLETE) == 10
    assert "NaN" in open_scan(scan.folder).results[1].reason


def test_another_space_is_not_mixed_into_a_study(scanned, objective):
    scanned(objective.quick)
    with pytest.raises(RunError, match="made with another base, space"):
        scanned(objective.quick, ("high = 3000", "high = 4000"))


def test_a_second_directory_cannot_use_the_study_of_the_first(scan_toml, tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    start_scan(scan_toml(), tmp_path / "first", url)
    with pytest.raises(RunError, match=r"belongs to the scan in .*first"):
        start_scan(scan_toml(), tmp_path / "second", url)


def test_a_directory_moves_with_its_results(scanned, objective, tmp_path):
    scan = scanned(objective.quick)
    shutil.copytree(scan.folder, tmp_path / "copy")
    assert open_scan(scan.folder).results == scan.results

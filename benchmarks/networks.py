"""All example networks side by side on the same split: physics with seed spread against EBOPs and LUT.

python benchmarks/networks.py                              every configuration in examples/, seeds 1 2 3
python benchmarks/networks.py --configs examples/jet_*.toml --seeds 1 --epochs-share 0.2
python benchmarks/networks.py --vary 'pid: quantization.schedule="pid"' 'pruned: pruning.sparsity=0.5'

Every training is a run directory under --output, so an interrupted benchmark goes on where it stood. LUT is the
carry-aware count of Yosys. What is measured is added to --page (networks.json, .md and .svg), by network and seed: the
page can grow over several evenings, and ends without a training where all is measured already.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesign.files import write_whole
from codesign.metrics import Estimate, Spread, better, spread
from codesign.report.blocks import table
from codesign.report.tables import table_to_markdown

ROOT = Path(__file__).parent.parent
RECORDS = {"train": "train", "evaluate": "metrics", "generate": "firmware", "synth": "synth"}


@dataclass(frozen=True)
class Variation:
    """Keys of a configuration that are set to other values.

    Attributes:
        label: what is appended to the name of the run.
        values: value by ``section.key``, as TOML text; ``section`` is one of the plain tables.
    """

    label: str
    values: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Variation":
        """Read ``label: section.key=value; section.key=value``; the label may be left out."""
        label, separator, settings = text.partition(": ")
        if not separator or "=" in label:
            label, settings = re.sub(r"[^A-Za-z0-9.]+", "_", text).strip("_"), text
        return cls(label.strip(), dict(_setting(part) for part in settings.split(";")))


def _setting(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or "." not in key:
        raise argparse.ArgumentTypeError(f"expected section.key=value, found {text.strip()!r}")
    return key.strip(), value.strip()


def derive(config: Path, seed: int, share: float, variation: Variation | None, output: Path) -> Path:
    """A configuration with another seed, a share of the epochs and some changed keys, in a folder of its own."""
    text = config.read_text()
    parsed = tomllib.loads(text)
    name = parsed["name"] + ("" if variation is None else f"-{variation.label}")
    data = (config.parent / parsed["data"]["file"]).resolve()
    text = re.sub(r"(?m)^name = .*$", f'name = "{name}"', text)
    text = re.sub(r"(?m)^seed = .*$", f"seed = {seed}", text)
    text = re.sub(r"(?m)^file = .*$", f'file = "{data}"', text)
    # Only the first board is read here.
    text = re.sub(r"(?m)^boards = .*$", "boards = []", text)
    for key, value in ({} if variation is None else variation.values).items():
        text = _changed(text, key, value)
    if "epochs" in tomllib.loads(text).get("training", {}):
        epochs = max(1, round(share * tomllib.loads(text)["training"]["epochs"]))
        text = _changed(text, "training.epochs", str(epochs))
    path = output / "configs" / f"{name}-{seed}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _changed(text: str, key: str, value: str) -> str:
    """Set ``section.key`` in TOML text whose sections are plain tables."""
    section, name = key.rsplit(".", 1)
    header = rf"^\[{re.escape(section)}\][^\n]*\n"
    text = re.sub(rf"(?m)({header}(?:(?!\[).*\n)*?)^{name} = .*\n", r"\1", text)
    if re.search(rf"(?m){header}", text):
        return re.sub(rf"(?m)({header})", lambda found: f"{found[1]}{name} = {value}\n", text, count=1)
    return f"{text}\n[{section}]\n{name} = {value}\n"


def measure(config: Path, seed: int, output: Path) -> dict[str, Any] | None:
    """Bring the run of a configuration up to date in a process of its own; None if it failed."""
    directory = output / "runs" / config.stem
    for step in RECORDS:
        target: list[str | Path] = [config, "--output", directory] if step == "train" else [directory]
        command = [sys.executable, "-c", "from codesign.cli import main; main()", step, *map(str, target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # Status 1 is a missed budget; without a record the step did not get that far.
        if done.returncode == 2 or not (directory / f"{RECORDS[step]}.json").is_file():
            print(f"{config.stem}: {step} failed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            return None
    records = {name: json.loads((directory / f"{name}.json").read_text()) for name in ("train", "metrics", "firmware")}
    synthesis = json.loads((directory / "synth.json").read_text())
    board = synthesis["boards"][0]
    network = synthesis.get("network_alone", [board])[0]
    row = {
        "seed": seed,
        "ebops": records["train"]["ebops"],
        "epochs": records["train"]["epochs"],
        "lut": board["lut"],
        "network_lut": network["lut"],
        "ff": board["ff"],
        "dsp": board["dsp"],
        "latency_ns": records["firmware"]["latency_ns"],
        "physics": physics(records["metrics"]),
        "background_above": background_above(records["metrics"]),
    }
    print(
        f"{config.stem}: {row['ebops']:,.0f} EBOPs, {row['network_lut']:,} LUT, {summary(row['physics'])}", flush=True
    )
    return row


def physics(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What is compared, each with its statistical error."""
    if "accuracy" in metrics:
        areas = {f"AUC {entry['name']}": entry["auc"] for entry in metrics["classes"]}
        return {"accuracy": metrics["accuracy"], **areas}
    found: dict[str, dict[str, float]] = {}
    for score in metrics["scores"]:
        for signal in score["signals"]:
            found[_key(score["name"], "AUC", signal["name"])] = signal["auc"]
        for point in score["points"]:
            for signal, tpr in point["tpr"].items():
                error = (tpr["high"] - tpr["low"]) / 2
                key = _key(score["name"], f"TPR at {point['asked_fpr']:g}", signal)
                found[key] = {"value": tpr["value"], "error": error}
    return found


def background_above(metrics: dict[str, Any]) -> dict[str, float]:
    """Effective background events of the test split above the threshold, by background efficiency."""
    points = metrics["scores"][0]["points"] if "scores" in metrics else []
    return {f"{point['asked_fpr']:g}": point["expected_events"] for point in points}


def summary(found: dict[str, dict[str, float]]) -> str:
    """The first few quantities in one line."""
    first = list(found.items())[:4]
    return ", ".join(f"{name} {value['value']:.4f}±{value['error']:.4f}" for name, value in first)


def page(rows: dict[str, list[dict[str, Any]]]) -> str:
    """Markdown: cost and physics of every network, and which differences are more than seeds and statistics."""
    tasks: dict[bool, list[str]] = defaultdict(list)
    for name, found in rows.items():
        tasks["accuracy" in found[0]["physics"]].append(name)
    parts = ["# Networks side by side", "Command: `python benchmarks/networks.py`"]
    for is_classifier, names in sorted(tasks.items(), reverse=True):
        parts.append(table_to_markdown(_costs(rows, names, "Jet tagging" if is_classifier else "Anomaly detection")))
        parts.append(table_to_markdown(_physics(rows, names, is_classifier)))
        above = rows[names[0]][0]["background_above"]
        if above:
            events = ", ".join(f"{events:.2g} at {fpr}" for fpr, events in above.items())
            parts.append(
                f"Effective background events expected above the threshold: {events}. Ten are the least for 32 % "
                "precision: where fewer are expected, the efficiency of a signal says next to nothing."
            )
    return "\n\n".join(parts) + "\n"


def _costs(rows: dict[str, list[dict[str, Any]]], names: list[str], title: str) -> Any:
    header = ("network", "seeds", "EBOPs", "LUT, network", "LUT, all", "FF", "DSP", "latency [ns]", "epochs")
    keys = ("ebops", "network_lut", "lut", "ff", "dsp", "latency_ns", "epochs")
    lines = [
        [name, str(len(rows[name])), *(_range([row[key] for row in rows[name]]) for key in keys)] for name in names
    ]
    return table(f"{title}: cost", header, "l" + "r" * 8, lines, COST_NOTE)


def _physics(rows: dict[str, list[dict[str, Any]]], names: list[str], is_classifier: bool) -> Any:
    """One line per network and quantity group; seed spread and statistical error apart."""
    if is_classifier:
        quantities = list(rows[names[0]][0]["physics"])
        best = max(names, key=lambda name: _spread(rows[name], "accuracy").mean)
        lines = [
            [
                name,
                *(_text(_spread(rows[name], quantity)) for quantity in quantities),
                "" if name == best else _compared(rows[name], rows[best]),
            ]
            for name in names
        ]
        header = ("network", *quantities, f"accuracy against {best}")
        return table("Jet tagging: physics", header, "l" + "r" * len(quantities) + "l", lines, NOTE)
    signals = list(dict.fromkeys(_parts(key)[2] for name in names for key in rows[name][0]["physics"]))
    groups = dict.fromkeys((name, *_parts(key)[:2]) for name in names for key in rows[name][0]["physics"])
    lines = [
        [name, score, quantity, *(_text(_spread(rows[name], _key(score, quantity, signal))) for signal in signals)]
        for name, score, quantity in groups
    ]
    header = ("network", "score", "quantity", *signals)
    return table("Anomaly detection: physics", header, "lll" + "r" * len(signals), lines, NOTE)


def _compared(found: list[dict[str, Any]], best: list[dict[str, Any]]) -> str:
    if min(len(found), len(best)) < 2:
        return "needs two seeds each"
    return better(_spread(found, "accuracy"), _spread(best, "accuracy")).verdict


def _key(score: str, quantity: str, signal: str) -> str:
    """Name of a quantity: ``kl: AUC a_to_4l``, ``kl: TPR a_to_4l at 0.001``."""
    kind, _, point = quantity.partition(" at ")
    return f"{score}: {kind} {signal}" + (f" at {point}" if point else "")


def _parts(key: str) -> tuple[str, str, str]:
    """Score, quantity and signal of a name that ``_key`` gives."""
    score, _, rest = key.partition(": ")
    kind, _, rest = rest.partition(" ")
    signal, _, point = rest.partition(" at ")
    return score, f"{kind} at {point}" if point else kind, signal


COST_NOTE = (
    "Smallest to largest of the seeds. LUT by Yosys, carry-aware: of the network alone, and with the decision, "
    "registers and counters around it where the configuration has them; FF, DSP and latency are those of all."
)
NOTE = (
    "Mean over seeds ± their standard deviation (± statistical error of one test sample, 68 %). A difference counts "
    "only if it is larger than the combined spread and passes Welch's test at 5 %."
)


def _spread(found: list[dict[str, Any]], quantity: str) -> Spread:
    return spread([Estimate(**row["physics"][quantity]) for row in found if quantity in row["physics"]])


def _text(found: Spread) -> str:
    deviation = "" if found.std is None else f" ± {found.std:.4f}"
    return f"{found.mean:.4f}{deviation} (± {found.test_error:.4f})"


def _range(values: list[float]) -> str:
    low, high = (f"{value:,.0f}" if max(values) >= 100 else f"{value:.4g}" for value in (min(values), max(values)))
    return low if low == high else f"{low}–{high}"


def draw(rows: dict[str, list[dict[str, Any]]]) -> Any:
    """Physics against LUT: accuracy of the taggers, and the lowest AUC of the signals of the detectors."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "networks"  # the same picture is the same file
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    figure, panels = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained")
    for panel, is_classifier in zip(panels, (True, False), strict=True):
        for name, found in rows.items():
            if ("accuracy" in found[0]["physics"]) != is_classifier:
                continue
            values = [_quality(row["physics"]) for row in found]
            luts = [row["network_lut"] for row in found]
            bars = [value["error"] for value in values]
            panel.errorbar(luts, [value["value"] for value in values], yerr=bars, fmt="o", capsize=2, label=name)
        panel.set(xscale="log", xlabel="LUT of the network (Yosys)")
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_ylabel("test accuracy" if is_classifier else "AUC of the worst signal, deployed score")
        panel.grid(alpha=0.3, which="both")
        if panel.has_data():
            panel.legend(fontsize="small")
    return figure


def _quality(found: dict[str, dict[str, float]]) -> dict[str, float]:
    if "accuracy" in found:
        return found["accuracy"]
    deployed = next(iter(found)).split(":")[0]  # evaluation lists the deployed score first
    areas = [value for name, value in found.items() if name.startswith(f"{deployed}: AUC")]
    return min(areas, key=lambda value: value["value"])


def main() -> None:
    """Measure all configurations and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=Path, nargs="+", default=sorted((ROOT / "examples").glob("[aj]*.toml")))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs-share", type=float, default=1.0)
    parser.add_argument(
        "--vary", type=Variation.parse, nargs="*", default=[], help="changed keys: every configuration also with each"
    )
    parser.add_argument("--again", action="store_true", help="measure again what the page has already")
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / "networks")
    parser.add_argument("--page", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    kept = arguments.page / "networks.json"
    rows: dict[str, list[dict[str, Any]]] = json.loads(kept.read_text()) if kept.is_file() else {}
    for config in arguments.configs:
        for variation in (None, *arguments.vary):
            for seed in arguments.seeds:
                derived = derive(config, seed, arguments.epochs_share, variation, arguments.output)
                network = rows.setdefault(derived.stem.rsplit("-", 1)[0], [])
                if any(row["seed"] == seed for row in network) and not arguments.again:
                    continue
                row = measure(derived, seed, arguments.output)
                if row is not None:
                    network[:] = sorted([*(old for old in network if old["seed"] != seed), row], key=_seed)
                    write(rows, arguments.page)
    write(rows, arguments.page)
    print((arguments.page / "networks.md").read_text())


def write(rows: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """The page with its picture and its numbers; networks without a single result are left out."""
    rows = {name: rows[name] for name in sorted(rows) if rows[name]}
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "networks.json", json.dumps(rows, indent=1) + "\n")
    write_whole(folder / "networks.md", page(rows))
    draw(rows).savefig(folder / "networks.svg", metadata={"Date": None})


def _seed(row: dict[str, Any]) -> int:
    return int(row["seed"])


if __name__ == "__main__":
    main()

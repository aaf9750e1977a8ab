"""Networks of many sizes through Yosys: the table from which `codesign estimate` is calibrated, and its errors.

python benchmarks/calibration.py                      all designs, then codesign/synth/calibration.csv and its errors
python benchmarks/calibration.py --only vae_a vae_b   some designs; the table keeps what it has of the others
python benchmarks/calibration.py --errors             only the errors of the table that is there

Some networks are trained for some epochs, most are initialised at random and pruned at random: what counts is how their
adder graphs are mapped. Synthesised is the whole trigger algorithm, by the same functions that a run uses. Each design
has a folder under --output, so an interrupted benchmark goes on where it stood. Large designs are mapped to one fabric.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from networks import Variation, derive

from codesign.contract import InputContract
from codesign.errors import CodesignError
from codesign.files import write_whole
from codesign.pipeline import execute
from codesign.report.numbers import to_csv
from codesign.run import Run
from codesign.synth.boards import get_board
from codesign.synth.calibration import COVERAGE, Synthesised, fit_ff, fit_lut, read_calibration
from codesign.synth.yosys import synthesise
from codesign.tools import tool_version

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "codesign" / "synth" / "calibration.csv"
BOARD = get_board("serenity-vu13p")
BOTH_FABRICS_BELOW = 2500.0  # LUT by the compiler's cost


@dataclass(frozen=True)
class Source:
    """A network, and the latency cutoffs at which it is synthesised.

    Attributes:
        name: of the network.
        config: example that it comes from.
        values: keys that are set to other values, as TOML text.
        cutoffs: adder levels between two registers.
        sparsity: fraction of random weights that is pruned at random; None: the network is trained.
        seed: of everything.
    """

    name: str
    config: str
    values: dict[str, str] = field(default_factory=dict)
    cutoffs: tuple[float, ...] = (2.0,)
    sparsity: float | None = None
    seed: int = 1

    @property
    def description(self) -> str:
        """What the network is, in a few words."""
        keys = ", ".join(f"{key}={value}" for key, value in self.values.items())
        made = "trained" if self.sparsity is None else f"random, {self.sparsity:.0%} pruned"
        return f"{self.config}{': ' if keys else ''}{keys}; {made}, seed {self.seed}".replace('"', "")


def model(**keys: str) -> dict[str, str]:
    """Keys of the ``model`` table."""
    return {f"model.{key}": value for key, value in keys.items()}


def trained(ebops: int, epochs: int, batch: int, **keys: str) -> dict[str, str]:
    """A short training to so many EBOPs."""
    return {
        "quantization.target_ebops": str(ebops),
        "training.epochs": str(epochs),
        "training.batch_size": str(batch),
        **model(**keys),
    }


def distilled(ebops: int, hidden: str) -> dict[str, str]:
    """The same of a teacher that trained for a short time, too."""
    return trained(ebops, 100, 256, hidden=hidden) | {"distillation.epochs": "40"}


def slots(number: int) -> dict[str, str]:
    """So many constituents."""
    return {"data.blocks.constituents.slots": str(number)}


SOURCES = (
    # Jet taggers on high-level features; the first two are the demonstrations as they are.
    Source("demo_jets", "jet_tagging"),
    Source("demo_vae", "anomaly_vae"),
    Source("mlp_1500", "jet_tagging", trained(1500, 60, 4096, hidden="[16, 16]"), (1.0, 2.0, 4.0)),
    Source("mlp_random_a", "jet_tagging", model(hidden="[8]"), (2.0,), 0.5),
    Source("mlp_random_b", "jet_tagging", model(hidden="[16, 8]"), (1.0, 2.0, 3.0), 0.6),
    Source("mlp_random_c", "jet_tagging", model(hidden="[32, 16]"), (2.0,), 0.7),
    Source("mlp_random_d", "jet_tagging", model(hidden="[32, 32]"), (2.0,), 0.5, 2),
    Source("mlp_random_e", "jet_tagging", model(hidden="[4]"), (2.0, 4.0), 0.6, 4),
    Source("mlp_random_f", "jet_tagging", {"contract.width": "8", **model(hidden="[12]")}, (2.0, 4.0), 0.4),
    Source("mlp_random_g", "jet_tagging", model(hidden="[32, 32, 16]"), (1.0, 2.0), 0.8, 5),
    # Jet taggers on constituents.
    Source("deep_sets_a", "jet_deep_sets", slots(6) | model(particle="[8, 8]", jet="[8]"), (2.0,), 0.7),
    # Anomaly detectors.
    Source("vae_a", "anomaly_vae", model(hidden="[16, 8]", latent="3"), (1.0, 2.0), 0.8),
    Source("vae_b", "anomaly_vae", model(hidden="[8]", latent="2"), (1.0, 2.0, 4.0), 0.8, 3),
    Source("vae_c", "anomaly_vae", model(hidden="[28, 15]", latent="8"), (2.0,), 0.9, 4),
    Source("score_a", "anomaly_distilled", distilled(2500, "[16]"), (1.0, 2.0)),
    Source("score_b", "anomaly_distilled", distilled(5000, "[32, 16]"), (2.0,), None, 2),
    Source("score_c", "anomaly_distilled", distilled(7000, "[32]"), (2.0,), None, 3),
    Source("score_d", "anomaly_distilled", distilled(3500, "[16, 16]"), (2.0, 4.0), None, 4),
    Source("autoencoder_a", "anomaly_autoencoder", model(hidden="[8]"), (2.0,), 0.8),
    Source("autoencoder_b", "anomaly_autoencoder", model(hidden="[6]", latent="3", decoder="[6]"), (2.0, 3.0), 0.9, 2),
    # Trees and tables.
    Source("trees_a", "jet_boosted_trees", model(rounds="6"), (1.0, 2.0)),
    Source("trees_b", "jet_boosted_trees", model(rounds="12"), (2.0, 4.0)),
    Source("trees_c", "jet_boosted_trees", model(rounds="20"), (2.0,), None, 2),
    Source("trees_d", "jet_boosted_trees", model(rounds="10", depth="4"), (2.0,)),
    Source("trees_e", "jet_boosted_trees", model(rounds="16"), (1.0,), None, 3),
    Source("trees_f", "jet_boosted_trees", model(rounds="40"), (2.0,), None, 4),
    Source("trees_g", "jet_boosted_trees", {}, (1.0, 2.0)),
    Source("lut_dense_a", "jet_lut_dense", trained(3500, 25, 4096, hidden="[8]"), (1.0, 2.0)),
    Source("lut_dense_b", "jet_lut_dense", trained(6500, 25, 4096), (1.0, 2.0, 4.0)),
    Source("lut_dense_c", "jet_lut_dense", trained(7000, 25, 4096, hidden="[12]"), (1.0, 2.0), None, 2),
    Source("lut_dense_d", "jet_lut_dense", trained(9000, 25, 4096), (2.0,), None, 3),
)


def main() -> None:
    """Bring the designs up to date, write the table, print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("calibration"))
    parser.add_argument("--only", nargs="*", default=[], help="names of designs")
    parser.add_argument("--errors", action="store_true", help="only print the errors of the table")
    chosen = parser.parse_args()
    if not chosen.errors:
        sources = [source for source in SOURCES if not chosen.only or source.name in chosen.only]
        rows = [row for source in sources for row in measure(source, chosen.output / source.name)]
        kept = [row for row in read_calibration() if chosen.only and row.design not in {row.design for row in rows}]
        write_table([*kept, *rows])
    print_errors(read_calibration())


def measure(source: Source, folder: Path) -> list[Synthesised]:
    """Rows of one network; finished ones are taken up, and one that cannot be made is left out."""
    rows: list[dict[str, Any]] = []
    network = None
    for cutoff in source.cutoffs:
        path = folder / f"cutoff_{cutoff:g}" / "rows.json"
        if not path.is_file():
            try:
                network = network or compile_network(source, folder)
                write_whole(path, json.dumps(synthesise_network(source, *network, cutoff, path.parent), indent=1))
            except CodesignError as error:
                print(f"{source.name}: left out: {error}", flush=True)
                return []
        found = json.loads(path.read_text())
        print(f"{source.name} at {cutoff:g}: cost {found[0]['lut_estimate']:,.0f}, {found[0]['lut']:,} LUT", flush=True)
        rows += found
    return [Synthesised(**{entry.name: row[entry.name] for entry in fields(Synthesised)}) for row in rows]


def compile_network(source: Source, folder: Path) -> tuple[Any, list[str], str]:
    """The adder graph of a network, the names of its scores, and its architecture."""
    from codesign.firmware.rtl import trace
    from codesign.models.store import load_model
    from codesign.task import score_names

    variation = Variation(source.name, source.values)
    config = derive(ROOT / "examples" / f"{source.config}.toml", source.seed, 1.0, variation, folder)
    run = Run.start(config, folder / "run")
    execute(run, "prepare")
    contract = InputContract.from_json((run.path / "contract.json").read_text())
    names = list(score_names(run.config.task, run.record("data")["classes"]))
    if source.sparsity is None:
        execute(run, "train")
        network = load_model(run.path / "model.keras")
    else:
        network = random_network(run, contract, len(names), source)
    return trace(network, contract), names, run.config.model.architecture


def random_network(run: Run, contract: InputContract, outputs: int, source: Source) -> Any:
    """A network with random weights, many of them zero, whose activations have the ranges of training rows."""
    from codesign.models.backend import import_keras

    import_keras().utils.set_random_seed(source.seed)
    import numpy as np

    from codesign.data.dataset import Dataset
    from codesign.data.inputs import input_blocks, read_inputs
    from codesign.models.registry import build_network
    from codesign.training.calibration import calibrate
    from codesign.training.pruning import prunable_layers
    from codesign.training.sample import Sample, with_saturated_rows

    network = build_network(run.config, contract, outputs)
    draw = np.random.default_rng(source.seed)
    for entry in prunable_layers(network):
        entry.layer.kernel.assign(entry.kernel * (draw.random(entry.kernel.shape) >= source.sparsity))
    with Dataset.open(run.data_file()) as dataset:
        physical = read_inputs(dataset, input_blocks(dataset, run.config.data), "train")
    values = contract.to_network(contract.to_hardware(physical))
    rows = Sample(values, values, np.ones(len(values), np.float32))
    calibrate(network, with_saturated_rows(rows, contract, source.seed))
    return network.deployed


def synthesise_network(
    source: Source, graph: Any, names: Sequence[str], architecture: str, cutoff: float, folder: Path
) -> list[dict[str, Any]]:
    """Rows of one network at one cutoff, one for each fabric."""
    from codesign.firmware import wrapper
    from codesign.firmware.ports import input_port, score_port
    from codesign.firmware.rtl import write_verilog

    period_ns = BOARD.clock_period_ns
    project = write_verilog(graph, folder / "rtl", part=BOARD.part, clock_period_ns=period_ns, latency_cutoff=cutoff)
    timing = wrapper.Timing(BOARD.clock_mhz, project.latency_cycles, BOARD.part)
    ports = input_port(graph.contract), score_port(names, graph.score_format)
    around = wrapper.write_wrapper(folder / "wrapper", *ports, graph, timing)
    known = {
        "design": source.name,
        "description": source.description,
        "architecture": architecture,
        "latency_cutoff": cutoff,
        "compiler": f"alkaid {version('alkaid')}",
        "tool": f"yosys {tool_version('yosys')}",
        "lut_estimate": project.lut_estimate,
        "latency_cycles": project.latency_cycles,
        **asdict(project.terms),
    }
    families = ("ultrascale_plus", "7series") if project.lut_estimate < BOTH_FABRICS_BELOW else ("ultrascale_plus",)
    rows = []
    for family in families:
        used = synthesise(
            (*project.sources, *around),
            include_dirs=(folder / "wrapper",),
            top=wrapper.TOP,
            family=family,
            work_dir=folder / family,
        )
        rows.append(known | {"family": family} | asdict(used))
    return rows


def write_table(rows: Sequence[Synthesised]) -> None:
    """The table, what a design is before what it takes."""
    first = ["design", "description", "architecture", "latency_cutoff", "compiler", "tool", "family"]
    header = [*first, *(entry.name for entry in fields(Synthesised) if entry.name not in first)]
    write_whole(TABLE, to_csv(rows, header))
    read_calibration.cache_clear()


def print_errors(table: Sequence[Synthesised]) -> None:
    """Coefficients and errors on networks that were left out of the fit, by fabric and kind."""
    for family, kind in dict.fromkeys((row.family, row.kind) for row in table):
        rows = [row for row in table if (row.family, row.kind) == (family, kind)]
        networks = len({row.design for row in rows})
        print(f"{family}, {kind}: {networks} networks, {len(rows)} syntheses, "
              f"{min(row.lut for row in rows):,} … {max(row.lut for row in rows):,} LUT")  # fmt: skip
        if networks < 2:
            continue
        for name, fit in (("LUT", fit_lut(rows)), ("FF", fit_ff(rows))):
            coefficients = ", ".join(f"{value:.3f}" for value in fit.coefficients)
            errors = f"mean error {fit.mean_error:.1%}, {COVERAGE:.0%} within {fit.half_width:.1%}"
            print(f"  {name}: {errors}  ({coefficients})")
        for row, error in zip(rows, fit_lut(rows).errors, strict=True):
            print(f"    {row.design:<16} {row.latency_cutoff:>4g} {row.lut:>7,} LUT {error:+7.1%}")


if __name__ == "__main__":
    main()

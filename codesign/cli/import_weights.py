"""The command that makes a run of a network that is known as fixed-point weights only."""

from pathlib import Path

import click

from codesign.cli.shared import JSON_OPTION, example, print_json
from codesign.console import StepProgress, print_lines

CONFIGURATION = """\
# Made by codesign import weights from {origin}: a network whose weights are given, so there is no training.
# codesign run {name}.toml
name = "{name}"

[model]
architecture = "imported"
file = "{name}.keras"
contract = "{name}.contract.json"
scores = [{scores}]
"""


@click.command("weights", epilog=example("codesign import weights examples/imports/tagger.toml imported"))
@click.argument("description", type=click.Path(path_type=Path), metavar="DESCRIPTION")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@JSON_OPTION
def weights(description: Path, folder: Path, force: bool, as_json: bool) -> None:
    """Import a network given as fixed-point weights.

    DESCRIPTION is a TOML file with the layers and formats, beside an npz file with the numbers. FOLDER gets the
    network, its input contract, and a configuration with which "codesign run" makes firmware, proof and report.
    """
    from codesign.cli.imports import network_lines
    from codesign.errors import ModelError
    from codesign.files import write_whole
    from codesign.models.importers import import_weights, read_weights_file, weights_contract, write_network
    from codesign.models.importers.network import RELOAD_ROWS, RELOAD_SEED

    file = read_weights_file(description)
    name = file.network.name
    paths = [folder / f"{name}.{suffix}" for suffix in ("keras", "contract.json", "toml")]
    found = [path for path in paths if path.exists()]
    if found and not force:
        raise ModelError(f"{found[0]}: exists already; --force replaces it")
    contract, network = weights_contract(file), import_weights(file)
    with StepProgress("proof that a new process loads it alike"):
        write_network(network, paths[0], contract.to_network(contract.random_integers(RELOAD_ROWS, RELOAD_SEED)))
    write_whole(paths[1], contract.to_json() + "\n")
    scores = ", ".join(f'"{score}"' for score in file.network.scores)
    write_whole(paths[2], CONFIGURATION.format(origin=description.name, name=name, scores=scores))
    if as_json:
        print_json({"output": [str(path) for path in paths], **network.record()})
    else:
        print_lines([*network_lines(network), *(f"written: {path}" for path in paths)])

"""What several steps take from a run: names of files, boards, clock, contract, and the firmware as it is now."""

import json
from collections.abc import Sequence

from codesign.contract import InputContract
from codesign.errors import RunError
from codesign.files import write_whole
from codesign.presets import Preset, get_preset
from codesign.run import Run, digest_files
from codesign.synth.boards import Board, board_reference, distinct_boards, get_board

MODEL = "model.keras"
TRAINING_STATE = "training_state.npz"  # of an unfinished training, or the checkpoints of a finished one
SCORES = "scores.npz"
FULL = "verify_full"  # there when the full verification was asked for with --full
BOARDS = "boards.json"  # boards asked for with --board, besides those of the configuration


def read_contract(run: Run) -> InputContract:
    """The input contract that the step `prepare` left.

    Raises:
        RunError: it is missing.
    """
    path = run.path / "contract.json"
    if not path.is_file():
        raise RunError(f"{run.path}: contract.json is missing: codesign data prepare {run.path}")
    return InputContract.from_json(path.read_text())


def run_preset(run: Run) -> Preset | None:
    """The scales that the configuration names, None where the contract is derived."""
    name = run.config.contract.preset
    return None if name is None else get_preset(name)


def main_board(run: Run) -> Board:
    """The board that the firmware is made for."""
    return get_board(run.config.firmware.board, run.config_directory)


def clock_mhz(run: Run) -> float:
    """Clock of the algorithm: the configuration's, or else the board's."""
    return run.config.firmware.clock_mhz or main_board(run).clock_mhz


def run_boards(run: Run) -> list[Board]:
    """The firmware's board first, then those of the configuration and of ``--board``, each once."""
    stated = (run.config.firmware.board, *run.config.synthesis.boards)
    return distinct_boards(
        [*(get_board(name, run.config_directory) for name in stated), *map(get_board, _remembered(run))]
    )


def _remembered(run: Run) -> list[str]:
    """Boards asked for with ``--board``: names, or whole paths of files."""
    asked = run.path / BOARDS
    return json.loads(asked.read_text()) if asked.is_file() else []


def firmware_files(run: Run) -> dict[str, str]:
    """Digests of the sources in the firmware directory, without what compilers leave there."""
    root = run.path / "firmware"
    suffixes = {".v", ".vh", ".vhd", ".xdc", ".cpp", ".h", ".tcl", ".txt", ".gz"}
    return digest_files((path for path in root.rglob("*") if path.suffix in suffixes), root)


def remember_boards(run: Run, names: Sequence[str]) -> None:
    """Add boards to those the synthesis of this run reports.

    Raises:
        ConfigError: a name is unknown.
    """
    if names:
        added = [board_reference(name) for name in names]
        distinct_boards([*run_boards(run), *(get_board(name) for name in added)])
        write_whole(run.path / BOARDS, json.dumps(list(dict.fromkeys((*_remembered(run), *added)))))

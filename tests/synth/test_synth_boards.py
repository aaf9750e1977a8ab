import json
from dataclasses import asdict, fields

import pytest

from codesign.errors import ConfigError
from codesign.synth import boards as boards_module
from codesign.synth.boards import Board, get_board, load_boards

BUNCH_CLOCK_MHZ = 40.0789
TRIGGER_BOARDS = ("serenity-vu13p", "apx-vu9p", "ku115", "mp7")


@pytest.mark.parametrize("board", load_boards().values(), ids=lambda board: board.name)
class TestEveryBoard:
    def test_flip_flops_are_twice_the_luts(self, board: Board) -> None:
        assert board.ff == 2 * board.lut

    def test_is_complete_and_positive(self, board: Board) -> None:
        assert min(board.lut, board.dsp, board.bram_36k, board.slr, board.clock_mhz) > 0
        assert board.description
        assert board.uram >= 0
        assert board.lut % board.slr == 0

    def test_says_where_the_numbers_come_from(self, board: Board) -> None:
        assert board.source.startswith("resources: ")
        assert "clock" in board.source or "general knowledge" in board.source

    def test_family_agrees_with_the_part(self, board: Board) -> None:
        assert board.family == ("7series" if board.part.startswith("xc7") else "ultrascale_plus")
        assert board.family == "ultrascale_plus" or board.uram == 0

    def test_is_found_by_its_name(self, board: Board) -> None:
        assert get_board(board.name) is board

    def test_becomes_json(self, board: Board) -> None:
        assert json.loads(json.dumps(asdict(board))) == asdict(board)


def test_the_boards_asked_for_are_there() -> None:
    parts = [board.part for board in load_boards().values()]
    wanted = ("xcvu13p", "xcvu9p", "xcu250", "xcu200", "xcu50", "xcu55c", "xc7z020", "xczu9eg", "xczu7ev", "xc7vx690t")
    for part in (*wanted, "xcku115"):
        assert any(known.startswith(part) for known in parts), part


@pytest.mark.parametrize(("name", "same_die"), [("alveo-u250", "serenity-vu13p"), ("alveo-u200", "apx-vu9p")])
def test_boards_with_the_same_die_hold_the_same(name: str, same_die: str) -> None:
    for resource in ("lut", "ff", "dsp", "bram_36k", "uram", "slr"):
        assert getattr(get_board(name), resource) == getattr(get_board(same_die), resource)


@pytest.mark.parametrize("name", TRIGGER_BOARDS)
def test_trigger_boards_run_at_a_multiple_of_the_bunch_clock(name: str) -> None:
    multiple = get_board(name).clock_mhz / BUNCH_CLOCK_MHZ
    assert multiple == pytest.approx(round(multiple), abs=1e-4)


def test_clock_period() -> None:
    assert get_board("serenity-vu13p").clock_period_ns == pytest.approx(2.7723, abs=1e-4)


def test_unknown_name_gives_the_nearest_and_the_list() -> None:
    with pytest.raises(ConfigError, match=r"unknown board 'alveo-u251'; did you mean 'alveo-u250'\?") as error:
        get_board("alveo-u251")
    assert all(name in str(error.value) for name in load_boards())


def test_load_boards_gives_a_copy() -> None:
    load_boards().clear()
    assert load_boards()


def _entry(**changes: object) -> dict[str, object]:
    entry = {key: value for key, value in asdict(get_board("mp7")).items() if key != "name"}
    return {key: value for key, value in (entry | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lut": None}, r"missing fields \['lut'\]"),
        ({"lutt": 5}, r"unknown fields \['lutt'\]"),
        ({"lut": "433200"}, "lut: expected a number of type int"),
        ({"lut": 1.5}, "lut: expected a number of type int"),
        ({"dsp": -1}, "dsp: expected a number"),
        ({"slr": True}, "slr: expected a number"),
        ({"part": 690}, "part: expected a text"),
        ({"source": ""}, "source: expected a text"),
        ({"family": "versal"}, "family: expected one of"),
    ],
)
def test_a_damaged_entry_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        boards_module._board("mine", _entry(**changes))


def test_a_sound_entry_is_taken() -> None:
    board = boards_module._board("mine", _entry(clock_mhz=240))
    assert board.clock_mhz == 240
    assert {field.name for field in fields(board)} == {"name", *_entry()}

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from codesign.cli.main import command
from codesign.errors import ConfigError
from codesign.synth import boards as boards_module
from codesign.synth.boards import (
    Board,
    board_reference,
    distinct_boards,
    get_board,
    load_boards,
    require_open_synthesis,
)

BUNCH_CLOCK_MHZ = 40.0789
TRIGGER_BOARDS = ("serenity-vu13p", "serenity-ku15p", "apx-vu9p", "apx-vu13p", "x2o-vu13p", "ku115", "mp7")
OPTIONAL = {"memory", "board_file", "slot", "url"}


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
        assert "clock" in board.source
        assert board.url is None or board.url.startswith("https://")

    def test_family_agrees_with_the_part(self, board: Board) -> None:
        starts = {"7series": "xc7", "versal": "xcvc"}
        assert board.part.startswith(starts.get(board.family, ("xcv", "xck", "xcz", "xcu")))
        assert board.family != "7series" or board.uram == 0

    def test_a_board_file_is_named_without_its_revision(self, board: Board) -> None:
        assert board.board_file is None or board.board_file.endswith(":part0")

    def test_is_found_by_its_name(self, board: Board) -> None:
        assert get_board(board.name) is board

    def test_becomes_json(self, board: Board) -> None:
        assert json.loads(json.dumps(asdict(board))) == asdict(board)


def test_the_boards_asked_for_are_there() -> None:
    parts = [board.part for board in load_boards().values()]
    trigger = ("xcvu13p", "xcvu9p", "xc7vx690t", "xcku115", "xcku15p")
    cards = ("xcu50-", "xcu55c", "xcu200", "xcu250", "xcu280")
    teaching = (
        "xc7z020",
        "xczu9eg",
        "xczu7ev",
        "xczu28dr",
        "xck26",
        "xc7a35t",
        "xc7a100t",
        "xcvc1902",
        "xcvu9p-flga2104-2L",
    )
    for part in (*trigger, *cards, *teaching):
        assert any(known.startswith(part) for known in parts), part


@pytest.mark.parametrize(
    ("name", "same_die"),
    [
        ("alveo-u250", "serenity-vu13p"),
        ("alveo-u200", "apx-vu9p"),
        ("vcu118", "apx-vu9p"),
        ("alveo-u280", "alveo-u55c"),
    ],
)
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


def test_a_fabric_without_open_tool_is_refused_by_name() -> None:
    require_open_synthesis([get_board("mp7"), get_board("alveo-u250")])
    with pytest.raises(ConfigError, match=r"board 'vck190' \(xcvc1902-.*\): expected a fabric that Yosys can map"):
        require_open_synthesis([get_board("mp7"), get_board("vck190")])


def _entry(**changes: object) -> dict[str, object]:
    entry = {key: value for key, value in asdict(get_board("mp7")).items() if key != "name"}
    return {key: value for key, value in (entry | changes).items() if value is not None}


FAULTS = [
    ({"lut": None}, "fields are missing: lut$"),
    ({"lut": None, "ff": None}, "fields are missing: lut, ff$"),
    ({"lutt": 5}, "unknown field 'lutt'; did you mean 'lut'"),
    ({"lut": "433200"}, "lut: expected a number of type int, found '433200'"),
    ({"lut": 1.5}, "lut: expected a number of type int"),
    ({"lut": 0}, "lut: expected a number above 0, found 0"),
    ({"dsp": -1}, "dsp: expected a number above 0"),
    ({"uram": -1}, "uram: expected a number 0 or more"),
    ({"slr": True}, "slr: expected a number"),
    ({"clock_mhz": float("nan")}, "clock_mhz: expected a number above 0, found nan"),
    ({"clock_mhz": float("inf")}, "clock_mhz: expected a number above 0, found inf"),
    ({"part": 690}, "part: expected a text of one line, found 690"),
    ({"part": "xc7vx690t; rm"}, "part: expected a part number such as"),
    ({"source": ""}, "source: expected a text of one line"),
    ({"memory": " "}, "memory: expected a text of one line"),
    ({"slot": "a\nb"}, "slot: expected a text of one line"),
    ({"family": "spartan"}, "family: unknown family 'spartan'; known: ultrascale_plus, 7series, versal"),
    ({"family": "versal"}, "family: expected '7series', the fabric of xc7vx690tffg1927-2; found 'versal'"),
    ({"part": "xcvp1802-lsvc4072-2MP-e-S"}, "family: expected 'versal', the fabric of xcvp1802"),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS)
def test_a_damaged_entry_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^board 'mine': {message}"):
        boards_module._board("mine", _entry(**changes))


def test_a_sound_entry_is_taken() -> None:
    board = boards_module._board("mine", _entry(clock_mhz=240))
    assert board.clock_mhz == 240
    assert {field.name for field in fields(board)} == {"name", *_entry(), *OPTIONAL}


class TestOwnBoard:
    def write(self, path: Path, name: str = "my-board", **changes: object) -> Path:
        entry = "".join(f"{key} = {json.dumps(value)}\n" for key, value in _entry(**changes).items())
        path.write_text(f"[{name}]\n{entry}")
        return path

    def test_is_read_from_its_file(self, tmp_path: Path) -> None:
        board = get_board(str(self.write(tmp_path / "mine.toml", lut=1000, memory="1 GB DDR4")))
        assert (board.name, board.lut, board.memory, board.part) == (
            "my-board",
            1000,
            "1 GB DDR4",
            "xc7vx690tffg1927-2",
        )

    def test_a_relative_path_starts_at_the_folder_given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "sub").mkdir()
        self.write(tmp_path / "sub" / "mine.toml")
        assert get_board("mine.toml", tmp_path / "sub").name == "my-board"
        monkeypatch.chdir(tmp_path)
        assert get_board("sub/mine.toml").name == "my-board"
        with pytest.raises(ConfigError, match=r"mine\.toml: no such board file"):
            get_board("mine.toml")

    def test_a_reference_is_found_again_from_anywhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write(tmp_path / "mine.toml")
        monkeypatch.chdir(tmp_path)
        reference = board_reference("mine.toml")
        monkeypatch.chdir("/")
        assert get_board(reference).name == "my-board"
        assert board_reference("mine.toml", tmp_path) == reference
        assert board_reference("mp7") == "mp7"
        with pytest.raises(ConfigError, match="unknown board 'mp77'"):
            board_reference("mp77")

    def test_two_boards_of_one_name_are_refused(self, tmp_path: Path) -> None:
        one, same, other = (
            get_board(str(self.write(tmp_path / f"{index}.toml", lut=lut))) for index, lut in enumerate((5, 5, 6))
        )
        assert distinct_boards([one, get_board("mp7"), same, get_board("mp7")]) == [one, get_board("mp7")]
        with pytest.raises(ConfigError, match="board 'my-board': expected one board of this name"):
            distinct_boards([one, other])

    def test_a_changed_file_is_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        assert [get_board(str(self.write(path, lut=lut))).lut for lut in (1000, 2000)] == [1000, 2000]

    @pytest.mark.parametrize(
        ("changes", "message"), [({"ff": None}, "fields are missing: ff"), ({"dsp": 0}, "dsp: expect")]
    )
    def test_a_fault_names_file_board_and_field(self, tmp_path: Path, changes: dict[str, object], message: str) -> None:
        path = self.write(tmp_path / "mine.toml", **changes)
        with pytest.raises(ConfigError, match=f"^{path}: board 'my-board': {message}") as error:
            get_board(str(path))
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "expected one table such as .*found nothing"),
            ("lut = 5\n", "expected one table such as .*found lut"),
            ("[a]\nlut = 5\n[b]\nlut = 5\n", "expected one table such as .*found a, b"),
            ("[a\n", "not valid TOML"),
            ('["a b"]\nlut = 5\n', "board 'a b': expected a name of letters"),
        ],
    )
    def test_a_file_that_is_no_board_is_refused(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"^{path}: {message}"):
            get_board(str(path))

    def test_a_name_of_the_package_is_not_taken_over(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "mine.toml", name="mp7", lut=5)
        with pytest.raises(ConfigError, match="board 'mp7': this name belongs to a board of the package"):
            get_board(str(path))


class TestCommand:
    def invoke(self, *arguments: str) -> str:
        result = CliRunner().invoke(command, ["boards", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    def test_lists_every_board_on_a_line(self) -> None:
        lines = self.invoke().splitlines()
        assert [line.split()[0] for line in lines] == list(load_boards())

    def test_shows_an_own_board_with_its_fields(self, tmp_path: Path) -> None:
        path = TestOwnBoard().write(tmp_path / "mine.toml", lut=12345, slot="SLR 1 and 2")
        lines = self.invoke(str(path)).splitlines()
        assert "lut          12,345" in lines
        assert "slot         SLR 1 and 2" in lines
        assert json.loads(self.invoke(str(path), "--json"))["my-board"]["memory"] is None

    def test_an_unknown_board_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="unknown board 'zcu103'; did you mean 'zcu10"):
            self.invoke("zcu103")

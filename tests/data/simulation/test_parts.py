import re

import numpy as np
import pytest

from codesign.data.simulation.parts import Chunk, load_chunk, open_parts, plan_chunks, remove_parts, store_chunk
from codesign.errors import DataError

SETTINGS = {"jets": 100, "seed": 1, "classes": ["g", "q"]}
CHUNK = Chunk("Z", 4, 3)
NAMES = ("high_level", "constituents")


def arrays(rows):
    return {"high_level": np.ones((rows, 16), np.float32), "constituents": np.zeros((rows, 16, 3), np.float32)}


def test_a_plan_divides_each_class_by_its_own_size_of_a_piece():
    chunks = plan_chunks({"w": 5, "qcd": 5, "none": 0}, {"w": 4, "qcd": 2, "none": 2})
    assert [(chunk.class_name, chunk.index, chunk.size) for chunk in chunks] == [
        ("w", 0, 4),
        ("qcd", 0, 2),
        ("w", 1, 1),
        ("qcd", 1, 2),
        ("qcd", 2, 1),
    ]


def test_a_stored_chunk_comes_back(tmp_path):
    store_chunk(tmp_path, CHUNK, arrays(3))
    assert [path.name for path in tmp_path.iterdir()] == ["Z-00004.npz"]
    found = load_chunk(tmp_path, CHUNK, NAMES)
    for name, expected in arrays(3).items():
        np.testing.assert_array_equal(found[name], expected)


def test_lists_may_have_another_length(tmp_path):
    store_chunk(tmp_path, CHUNK, {"count": np.ones(3), "pt": np.ones(50)})
    assert len(load_chunk(tmp_path, CHUNK, ("count",), ("pt",))["pt"]) == 50
    with pytest.raises(DataError, match="expected 3 rows of pt"):
        load_chunk(tmp_path, CHUNK, ("count", "pt"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_a_damaged_chunk_is_named(tmp_path, content):
    path = tmp_path / "Z-00004.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{path}: damaged, delete it")):
        load_chunk(tmp_path, CHUNK, NAMES)


def test_a_truncated_chunk_is_named(tmp_path):
    store_chunk(tmp_path, CHUNK, arrays(3))
    path = tmp_path / CHUNK.file_name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged, delete it"):
        load_chunk(tmp_path, CHUNK, NAMES)


def test_a_chunk_without_one_of_the_arrays_is_refused(tmp_path):
    store_chunk(tmp_path, CHUNK, {"high_level": np.ones((3, 16))})
    with pytest.raises(DataError, match="damaged, delete it"):
        load_chunk(tmp_path, CHUNK, NAMES)


def test_a_chunk_with_another_number_of_rows_is_refused(tmp_path):
    store_chunk(tmp_path, CHUNK, arrays(2))
    with pytest.raises(DataError, match=re.escape("expected 3 rows of high_level, found shape (2, 16)")):
        load_chunk(tmp_path, CHUNK, NAMES)


class TestWorkDirectory:
    def test_the_same_settings_may_go_on(self, tmp_path):
        open_parts(tmp_path / "a.parts", SETTINGS)
        open_parts(tmp_path / "a.parts", SETTINGS | {"classes": ("g", "q")})

    def test_other_settings_are_refused_with_the_difference(self, tmp_path):
        open_parts(tmp_path / "a.parts", SETTINGS)
        with pytest.raises(DataError, match=r"\(seed was 1, now 2\); delete this directory") as caught:
            open_parts(tmp_path / "a.parts", SETTINGS | {"seed": 2})
        assert str(tmp_path / "a.parts") in str(caught.value)

    def test_a_directory_with_other_files_is_refused(self, tmp_path):
        (tmp_path / "a.parts").mkdir()
        (tmp_path / "a.parts" / "thesis.tex").write_text("")
        with pytest.raises(DataError, match="found other files"):
            open_parts(tmp_path / "a.parts", SETTINGS)

    def test_a_file_in_its_place_is_refused(self, tmp_path):
        (tmp_path / "a.parts").write_text("")
        with pytest.raises(DataError, match="the work directory cannot be used"):
            open_parts(tmp_path / "a.parts", SETTINGS)

    def test_damaged_settings_are_refused(self, tmp_path):
        open_parts(tmp_path / "a.parts", SETTINGS)
        (tmp_path / "a.parts" / "settings.json").write_text("{")
        with pytest.raises(DataError, match="the work directory cannot be used, delete it"):
            open_parts(tmp_path / "a.parts", SETTINGS)

    def test_removal_spares_foreign_files(self, tmp_path):
        parts, chunk = tmp_path / "a.parts", Chunk("g", 0, 3)
        open_parts(parts, SETTINGS)
        store_chunk(parts, chunk, arrays(3))
        (parts / ".g-00001.npz.77.tmp").write_text("left by a killed worker")
        (parts / "notes.txt").write_text("")
        remove_parts(parts, [chunk])
        assert [path.name for path in parts.iterdir()] == ["notes.txt"]
        (parts / "notes.txt").unlink()
        remove_parts(parts, [chunk])
        assert not parts.exists()

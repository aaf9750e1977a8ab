import re

import numpy as np
import pytest

from codesign.data.simulation.chunks import (
    JETS_PER_CHUNK,
    Chunk,
    JetArrays,
    chunk_seed,
    load_chunk,
    open_parts,
    plan_chunks,
    remove_parts,
    store_chunk,
)
from codesign.errors import DataError

SETTINGS = {"jets": 100, "seed": 1, "classes": ["g", "q"]}


def arrays(jets):
    return JetArrays(np.ones((jets, 16), np.float32), np.zeros((jets, 16, 3), np.float32))


def test_a_plan_has_every_jet_once_and_balanced_classes():
    chunks = plan_chunks(2 * JETS_PER_CHUNK + 141, ("g", "q"))
    assert [(chunk.class_name, chunk.index, chunk.jets) for chunk in chunks] == [
        ("g", 0, 500),
        ("q", 0, 500),
        ("g", 1, 71),
        ("q", 1, 70),
    ]


def test_seeds_differ_and_depend_on_class_and_number_only():
    chunks = plan_chunks(62_500, ("g", "q", "W", "Z", "t"))
    seeds = [chunk_seed(1, chunk) for chunk in chunks]
    assert len(set(seeds)) == len(chunks) == 125
    assert all(1 <= seed <= 900_000_000 for seed in seeds)
    assert chunk_seed(1, Chunk("W", 3, 7)) == chunk_seed(1, Chunk("W", 3, 500)) != chunk_seed(2, Chunk("W", 3, 7))


def test_seeds_stay_what_they_were():
    # The shipped sample was made with them.
    assert chunk_seed(1, Chunk("g", 0, 500)) == 323998542
    assert chunk_seed(1, Chunk("t", 0, 500)) == 278071049


def test_a_stored_chunk_comes_back(tmp_path):
    chunk = Chunk("Z", 4, 3)
    store_chunk(tmp_path, chunk, arrays(3))
    assert [path.name for path in tmp_path.iterdir()] == ["Z-00004.npz"]
    for found, expected in zip(load_chunk(tmp_path, chunk), arrays(3), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_a_damaged_chunk_is_named(tmp_path, content):
    path = tmp_path / "Z-00004.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{path}: damaged, delete it")):
        load_chunk(tmp_path, Chunk("Z", 4, 3))


def test_a_truncated_chunk_is_named(tmp_path):
    chunk = Chunk("Z", 4, 3)
    store_chunk(tmp_path, chunk, arrays(3))
    path = tmp_path / chunk.file_name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged, delete it"):
        load_chunk(tmp_path, chunk)


def test_a_chunk_with_another_number_of_jets_is_refused(tmp_path):
    store_chunk(tmp_path, Chunk("Z", 4, 3), arrays(2))
    with pytest.raises(DataError, match="expected 3 jets, found 2"):
        load_chunk(tmp_path, Chunk("Z", 4, 3))


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

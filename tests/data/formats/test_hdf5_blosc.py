import re

import h5py
import numpy as np
import pytest
import tables

from codesign.data.formats.hdf5_blosc import check_blosc, is_readable, read_blosc
from codesign.errors import DataError


def write(path, values, library="blosc", chunks=None):
    with tables.open_file(str(path), "w") as file:
        filters = tables.Filters(complevel=5, complib=library)
        file.create_carray("/", "x", obj=values, filters=filters, chunkshape=chunks)
    return path


@pytest.mark.parametrize("library", ["blosc", "blosc:zstd", "blosc:lz4"])
@pytest.mark.parametrize("chunks", [(7, 5), (50, 11), (1, 3)])
def test_any_rows_of_any_chunks_are_as_written(tmp_path, library, chunks):
    values = np.arange(50 * 11, dtype=np.float32).reshape(50, 11)
    with h5py.File(write(tmp_path / "a.h5", values, library, chunks)) as file:
        assert not is_readable(file["x"])
        check_blosc(file["x"], tmp_path / "a.h5")
        for start, stop in ((0, 50), (3, 4), (6, 22), (7, 14), (49, 50), (13, 50)):
            np.testing.assert_array_equal(read_blosc(file["x"], slice(start, stop)), values[start:stop])


def test_chunks_that_could_not_be_compressed_are_read(tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (40, 16), np.uint8)
    with h5py.File(write(tmp_path / "a.h5", values, chunks=(8, 16))) as file:
        np.testing.assert_array_equal(read_blosc(file["x"], slice(0, 40)), values)


def test_a_chunk_of_another_size_is_damage(tmp_path):
    path = write(tmp_path / "a.h5", np.zeros((50, 11)), chunks=(50, 11))
    with h5py.File(path) as file:
        (place, size) = (file["x"].id.get_chunk_info(0).byte_offset, file["x"].id.get_chunk_info(0).size)
    content = bytearray(path.read_bytes())
    content[place + 4] ^= 1  # number of bytes in the header of the buffer
    path.write_bytes(bytes(content))
    with h5py.File(path) as file, pytest.raises(ValueError, match=rf"holds 4401 bytes in {size} instead of 4400"):
        read_blosc(file["x"], slice(0, 50))


def test_other_compressors_are_refused_with_what_to_do(tmp_path):
    path = write(tmp_path / "a.h5", np.zeros((50, 11)), "bzip2")
    with h5py.File(path) as file, pytest.raises(DataError, match=re.escape("save the file again with complib='zlib'")):
        check_blosc(file["x"], path)

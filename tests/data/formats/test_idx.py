import gzip
import hashlib
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.core.errors import AssayError
from assay.data.formats.idx import read_idx

DTYPES = st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64])
VALUES = DTYPES.flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


def refused(path: Path) -> str:
    with pytest.raises(AssayError) as caught:
        read_idx(path)
    assert caught.value.exit_code == 3
    assert str(path) in str(caught.value)
    return caught.value.code


@given(values=VALUES, compressed=st.booleans())
@settings(max_examples=50)
def test_round_trip(values, compressed, idx_bytes, tmp_path_factory):
    """Any array of any IDX type comes back, with the digest of the decoded content."""
    content = idx_bytes(values)
    path = tmp_path_factory.getbasetemp() / "round-trip"
    path.write_bytes(gzip.compress(content) if compressed else content)
    found = read_idx(path)
    np.testing.assert_array_equal(found.values, values)
    assert found.values.dtype == values.dtype
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.compressed == compressed


@pytest.fixture
def good(idx_bytes, labelled) -> bytes:
    return idx_bytes(labelled(40)[0])


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"", "idx-header"),
        (b"\0\0\x08", "idx-header"),
        (b"\1\0\x08\x03", "idx-header"),
        (b"\0\1\x08\x03", "idx-header"),
        (b"\0\0\x07\x03", "idx-header"),
        (b"\0\0\x08\x00", "idx-header"),
        (b"\0\0\x08\x05", "idx-header"),
        (b"\0\0\x08\xff", "idx-header"),
        (b"\0\0\x08\x03\0\0\0\x01", "idx-header"),
        (b"\0\0\x08\x01\0\0\0\x02\x01", "idx-truncated"),
        (b"\0\0\x08\x01\0\0\0\x02\x01\x01\x01", "idx-too-long"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "idx-truncated"),
        (b"\0\0\x0e\x03" + b"\xff" * 12, "idx-too-large"),
        (b"\0\0\x0e\x04" + b"\xff" * 16, "idx-too-large"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_wrong_headers_are_refused_before_anything_is_allocated(start, code, compressed, tmp_path):
    """Wrong magic, type, 0 or 255 dimensions, short header, more or fewer bytes, overflow: exit 3."""
    path = tmp_path / "wrong"
    path.write_bytes(gzip.compress(start) if compressed else start)
    assert refused(path) == code


def test_gzip_cut_anywhere_is_refused(good, tmp_path):
    """A compressed file cut at any byte never gives values."""
    whole = gzip.compress(good)
    path = tmp_path / "cut.gz"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert refused(path) in ("gzip-damaged", "idx-header")


def test_a_flipped_bit_never_changes_values(good, tmp_path):
    """Flip any bit of the compressed file: it is refused, or its decoded content is the same."""
    whole = gzip.compress(good, mtime=0)
    expected = hashlib.sha256(good).hexdigest()
    path = tmp_path / "flipped.gz"
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        try:
            assert read_idx(path).sha256 == expected
        except AssayError as error:
            assert error.exit_code == 3


def test_garbage_behind_the_end_is_refused(good, tmp_path):
    """Bytes behind the compressed content are no part of it: the file was tampered with."""
    path = tmp_path / "trailing.gz"
    path.write_bytes(gzip.compress(good) + b"garbage")
    assert refused(path) == "gzip-damaged"


def test_a_wrong_checksum_is_refused(good, tmp_path):
    """The CRC at the end of a gzip file counts."""
    whole = bytearray(gzip.compress(good))
    whole[-8] ^= 1
    path = tmp_path / "crc.gz"
    path.write_bytes(whole)
    assert refused(path) == "gzip-damaged"


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    """Nothing waits for a pipe without a writer."""
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "nothing") == "file-missing"
    assert refused(tmp_path) == "not-a-file"
    assert refused(tmp_path / "pipe") == "not-a-file"


def run_measured(program: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


MEASURED = """
    import resource, sys
    from pathlib import Path
    from assay.core.errors import AssayError
    from assay.data.formats.idx import read_idx
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read_idx(Path(sys.argv[1]))
    except AssayError as error:
        print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("honest", [True, False])
def test_a_gzip_bomb_is_refused_in_64_megabytes(honest, tmp_path):
    """1 GB of zeros in 1 MB, its header honest about that or not, is refused without being held."""
    count = 1 << 30 if honest else 1 << 20
    zeros = gzip.compress(bytes(64 << 20), 9)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", count)) + 16 * zeros)
    assert path.stat().st_size < 2 << 20
    code, growth = run_measured(MEASURED, str(path))
    assert code == ("gzip-bomb" if honest else "idx-too-long")
    assert int(growth) <= 64 << 10  # ru_maxrss counts kilobytes


def test_an_impossible_header_takes_no_memory(tmp_path):
    """A header that promises 15 GiB which are not there is refused before allocating."""
    path = tmp_path / "promise"
    path.write_bytes(b"\0\0\x08\x02" + struct.pack(">II", 1 << 20, 15 << 10))
    code, growth = run_measured(MEASURED, str(path))
    assert code == "idx-truncated"
    assert int(growth) <= 64 << 10


@pytest.mark.parametrize(
    "sizes", [(0, 2**32 - 1, 2**32 - 1), (2**32 - 1, 2**32 - 1, 0), (0,) + (2**32 - 1,) * 3]
)
def test_an_empty_array_that_is_too_large(sizes: tuple[int, ...], tmp_path: Path) -> None:
    """No bytes are promised, and none are there: but no array has such sides."""
    path = tmp_path / "empty"
    path.write_bytes(bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes))
    refused(path)

"""A set read share by share is the set: every row once, and what the whole decides as for the whole."""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.cache_folder import AUDITS
from assay.core.errors import AssayError
from assay.data.checked_images import joined_images
from assay.data.formats.shard_file import ShardFile, local_shard
from assay.data.load import as_request, read
from assay.data.piece import STEP, Piece, Shard, parse_shard
from assay.data.shards import join, join_splits, read_shard
from assay.data.sources import packed, parquet_files
from assay.data.sources.sharing import image_shards
from assay.data.values import Dataset


@pytest.mark.parametrize("total", [0, 1, STEP - 1, STEP, STEP + 1, 5 * STEP, 7 * STEP + 3])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 40])
def test_every_row_is_of_one_share(total: int, count: int) -> None:
    """Also where there are more shares than images; each begins where a block of the whole does."""
    shares = [Shard(number, count).rows(total) for number in range(1, count + 1)]
    assert [row for rows in shares for row in rows] == list(range(total))
    assert all(rows.start % STEP == 0 for rows in shares if rows)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/4", "a/b", "1/99999999", "1/ 3"])
def test_what_is_no_share_is_refused(text: str) -> None:
    """Counted from 1, and not past the end."""
    with pytest.raises(AssayError, match="bad-value") as caught:
        parse_shard(text)
    assert caught.value.exit_code == 2


def joined(pieces: Sequence[Piece]) -> Dataset:
    """The set from its pieces, whose images still lie where they were decoded."""
    whole = pieces[0].whole
    splits = {}
    for name in whole.counts:
        own = [piece.splits[name] for piece in pieces]
        images = np.concatenate([np.asarray(split.images[:]) for split in own])
        splits[name] = join_splits(own, images)
    return join(pieces, splits)


def in_shares(data: Path, scratch: Path, count: int, **reading: object) -> Dataset:
    """Read by so many processes, as far as the data know."""
    pieces = []
    for number in range(1, count + 1):
        folder = scratch / str(number)
        folder.mkdir(parents=True)
        request = as_request(data, skip_bad=True, **reading)
        pieces.append(read_shard(request, Shard(number, count), folder))
    return joined(pieces)


def picture(rng: np.random.Generator, mode: str, side: int) -> bytes:
    """A random PNG."""
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 4000, (side, side)).astype(np.uint16))
    else:
        shape = (side, side) if mode == "L" else (side, side, 3)
        image = Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


#: What stands somewhere in the second half of the training images, and nowhere else.
STRANGE = {
    "nothing": None,
    "another size": ("L", 9),
    "color among gray": ("RGB", 6),
    "16 bits": ("I;16", 6),
    "damaged": b"\x89PNG\r\n\x1a\n, and no more",
}


@pytest.fixture(scope="module", params=STRANGE)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,100 training images of two classes; one of them is unlike the others."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    strange = STRANGE[request.param]
    for name in ("a", "b"):
        (root / "train" / name).mkdir(parents=True)
        (root / "test" / name).mkdir(parents=True)
        for row in range(550):
            content = picture(rng, "L", 6)
            if name == "b" and row == 400 and strange is not None:
                content = strange if isinstance(strange, bytes) else picture(rng, *strange)
            (root / "train" / name / f"{row:03}.png").write_bytes(content)
        for row in range(4):
            (root / "test" / name / f"{row}.png").write_bytes(picture(rng, "L", 6))
    (root / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("reading", [{}, {"size": "5"}], ids=["as they are", "resized"])
def test_shares_join_to_what_one_process_reads(
    folder: Path, tmp_path: Path, reading: dict[str, object]
) -> None:
    """Working size, channels, scale of 16 bits, notes and what was left out: all as of the whole."""
    whole = read(as_request(folder, skip_bad=True, **reading))
    assert in_shares(folder, tmp_path, 3, **reading) == whole


def test_arrays_and_tables_of_paths_are_cut_too(tmp_path: Path) -> None:
    """A NumPy file is read whole and cut; a table is cut before anything is decoded."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (700, 5, 5), dtype=np.uint8), np.arange(700) % 3
    np.savez(tmp_path / "set.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    whole = read(as_request(tmp_path / "set.npz"))
    assert in_shares(tmp_path / "set.npz", tmp_path, 2) == whole
    lines = ["path,label,owner"]
    for row in range(600):
        (tmp_path / f"{row}.png").write_bytes(picture(rng, "RGB", 5))
        lines.append(f"{row}.png,{'ab'[row % 2]},owner {row % 7}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    for name in "12":
        (tmp_path / name).rmdir()
    assert in_shares(tmp_path / "list.csv", tmp_path, 2) == read(as_request(tmp_path / "list.csv"))


def test_a_bad_image_stops_the_share_that_has_it_where_it_should(tmp_path: Path) -> None:
    """Without --skip-bad an unreadable image is an error, as for the whole."""
    root = tmp_path / "p"
    for name in "ab":
        (root / name).mkdir(parents=True)
        (root / name / "0.png").write_bytes(picture(np.random.default_rng(0), "L", 5))
    (root / "b" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(AssayError, match="image-unreadable"):
        read_shard(as_request(root), Shard(1, 1), tmp_path)


def test_a_test_split_is_not_drawn_by_shards(tmp_path: Path) -> None:
    """No shard sees the whole set that it would be drawn from."""
    with pytest.raises(AssayError, match="assay convert") as caught:
        read_shard(as_request(tmp_path, test_fraction=0.2), Shard(1, 2), tmp_path)
    assert caught.value.code == "bad-value"


def test_joined_images_are_read_in_any_order_and_checked(tmp_path: Path) -> None:
    """Rows of several places, in any order; one that changed is named."""
    from assay.data.checked_images import FilePixels
    from assay.data.digests import image_digests

    images = np.random.default_rng(0).integers(0, 256, (7, 3, 2, 1), dtype=np.uint8)
    files = []
    for number, part in enumerate((images[:3], images[3:3], images[3:])):
        path = tmp_path / f"{number}.raw"
        path.write_bytes(b"head" + part.tobytes())
        files.append(FilePixels(path, part.shape, 4))
    digests = image_digests(images)
    found = joined_images(files, (3, 2, 1), digests)
    rows = np.array([6, 0, 3, 2, 3])
    assert np.array_equal(found[rows], images[rows])
    (tmp_path / "2.raw").write_bytes(b"head" + bytes(4 * 6))
    with pytest.raises(AssayError, match="data-changed"):
        joined_images(files, (3, 2, 1), digests)


def _parquet_shards(root: Path, images: Sequence[bytes], sizes: Sequence[int]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = 0
    for number, size in enumerate(sizes):
        rows = range(start, start + size)
        content = {
            "image": pa.array([images[row] for row in rows], pa.binary()),
            "label": pa.array([row % 2 for row in rows], pa.int64()),
        }
        path = root / f"train-{number:05}-of-{len(sizes):05}.parquet"
        pq.write_table(pa.table(content), path, row_group_size=100)
        start += size


def _tar_shards(root: Path, images: Sequence[bytes], sizes: Sequence[int]) -> None:
    start = 0
    for number, size in enumerate(sizes):
        with tarfile.open(root / f"train-{number:05}.tar", "w") as archive:
            for row in range(start, start + size):
                for ending, content in (("png", images[row]), ("cls", b"%d" % (row % 2))):
                    info = tarfile.TarInfo(f"{row:06}.{ending}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        start += size


@pytest.mark.parametrize("form", ["parquet", "webdataset"])
def test_a_share_opens_only_the_files_that_hold_it(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the first, whose first image tells the channels, unless the machine knows it of another share.

    Images of all others are not touched. The size and the rule are given, so no other image matters. The
    shares join to the whole.
    """
    rng = np.random.default_rng(5)
    images = [picture(rng, "RGB", 5) for _ in range(1100)]
    images[700] = b"no picture"
    data = tmp_path / "data"
    data.mkdir()
    (_parquet_shards if form == "parquet" else _tar_shards)(data, images, [300, 0, 500, 300])
    reading: dict[str, object] = {"size": "4", "resize": "crop"}
    whole = read(as_request(data, skip_bad=True, **reading))
    assert len(whole.train) == 1099
    opened: list[str] = []
    real = local_shard

    def spied(path: Path, root: Path) -> ShardFile:
        file = real(path, root)
        return replace(file, opened=lambda: (opened.append(path.name[6:11]), file.opened())[1])

    for source in (packed.web_dataset, parquet_files):
        monkeypatch.setattr(source, "local_shard", spied)
    own = [["00000", "00002"], ["00002", "00003"], ["00003"]]
    for machines, expected in ((3, [["00000", *files[files[0] == "00000" :]] for files in own]), (1, own)):
        pieces, files = [], []
        for number in (1, 2, 3):
            opened.clear()
            scratch = tmp_path / f"{machines}-{number}"
            scratch.mkdir()
            monkeypatch.setenv(
                "ASSAY_CACHE", str(tmp_path / f"cache-{machines}-{number if machines == 3 else 1}")
            )
            request = as_request(data, skip_bad=True, **reading)
            pieces.append(read_shard(request, Shard(number, 3), scratch))
            files.append(sorted(set(opened)))
        assert files == expected
        assert joined(pieces) == whole


def test_the_working_size_is_looked_for_once_on_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a gray set every header counts: later shares take what the first found; a change begins anew."""
    rng = np.random.default_rng(6)
    data = tmp_path / "data"
    data.mkdir()
    images = [picture(rng, "L", 5) for _ in range(1100)]
    _parquet_shards(data, images, [300, 500, 300])
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    looked: list[int] = []
    real = image_shards.fits_all
    monkeypatch.setattr(image_shards, "fits_all", lambda *given: (looked.append(1), real(*given))[1])
    whole = read(as_request(data))
    assert in_shares(data, tmp_path / "first", 3) == whole
    assert len(looked) == 1
    images[1099] = picture(rng, "RGB", 5)
    _parquet_shards(data, images, [300, 500, 300])
    changed = in_shares(data, tmp_path / "second", 3)
    assert changed.shape[2] == 3  # the last image is in color, and the first share knows it
    assert changed == read(as_request(data))
    assert len(looked) == 2
    for kept in (tmp_path / "cache" / AUDITS).glob("size-*"):
        kept.write_text("0\n[[1, 1, 1], null]")  # no longer what was written
    assert in_shares(data, tmp_path / "third", 3) == changed
    assert len(looked) == 3

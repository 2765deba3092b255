"""A corpus of malformed files, made from a seed: over 500, in every form that Assay reads.

    python tests/corpus/malformed.py FOLDER

Each file is wrong for certain: a reader that accepts it has a fault.
"""

import bz2
import gzip
import io
import json
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from prepared import example, tfrecord

SEED = 20170825

#: A file's name (its first folder says how it is read) and its content.
Case = tuple[str, bytes]


def corpus(seed: int = SEED) -> Iterator[Case]:
    """Names, each once, and contents."""
    random = np.random.default_rng(seed)
    for make in (_images, _other_images, _idx, _npy, _npz, _tables, _zips, _tars, _parquet, _tfds, _hub):
        for number, (name, content) in enumerate(make(random)):
            kind, _, rest = name.partition("/")
            yield f"{kind}/{number:03d}-{rest}", content


def write(folder: Path, seed: int = SEED) -> list[Path]:
    """Write the corpus below a folder; the paths."""
    paths = []
    for name, content in corpus(seed):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def _encoded(random: np.random.Generator, kind: str, **options: object) -> bytes:
    pixels = random.integers(0, 256, (24, 20, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def _cuts(random: np.random.Generator, content: bytes, count: int) -> Iterator[bytes]:
    for length in sorted(random.choice(len(content) - 1, count, replace=False)):
        yield content[:length]


def _flips(random: np.random.Generator, content: bytes, count: int, start: int = 0) -> Iterator[bytes]:
    for place in random.choice(np.arange(start, len(content)), count, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        yield bytes(flipped)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _images(random: np.random.Generator) -> Iterator[Case]:
    """Cut pictures of all formats, and PNG (which has checksums) with a flipped bit."""
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("BMP", "bmp")):
        for cut in _cuts(random, _encoded(random, kind), 35):
            yield f"images/cut.{suffix}", cut
    for flipped in _flips(random, _encoded(random, "PNG"), 60):
        yield "images/flipped.png", flipped


def _other_images(random: np.random.Generator) -> Iterator[Case]:
    """Formats that are not read, bombs, and nonsense behind a right beginning."""
    for kind in ("GIF", "TIFF", "ICO", "PPM", "TGA"):
        yield f"others/{kind.lower()}.png", _encoded(random, kind)
    for start in (
        b"8BPS",
        b"%!PS-Adobe",
        b"<svg/>",
        b"\0\0\0\x18ftypheic",
        b"PK\3\4",
        b"\x7fELF",
        b"#!/bin/sh\n",
    ):
        yield "others/other.jpg", start + random.bytes(200)
    for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\xff\0\0\0WEBPVP8 ", b"BM"):
        for _ in range(8):
            yield "others/nonsense.png", start + random.bytes(int(random.integers(1, 400)))
    for width, height in (
        (50_000, 50_000),
        (1 << 30, 1),
        (0, 5),
        (5, 0),
        (9_000, 9_000),
        (0xFFFFFFFF, 0xFFFFFFFF),
    ):
        header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        yield (
            "others/bomb.png",
            b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(bytes(99))) + _chunk(b"IEND", b""),
        )
    text = _chunk(b"tEXt", b"k\0" + bytes(6 << 20))
    whole = _encoded(random, "PNG")
    yield "others/text.png", whole[:33] + text + whole[33:]
    yield "others/empty.png", b""


def _idx(random: np.random.Generator) -> Iterator[Case]:
    """Image files of a pair whose label file is right."""
    good = b"\0\0\x08\x03" + struct.pack(">III", 20, 6, 5) + random.bytes(600)
    for cut in _cuts(random, good, 20):
        yield "idx/cut", cut
    for cut in _cuts(random, gzip.compress(good, mtime=0), 20):
        yield "idx/cut.gz", cut
    for place in (0, 1, 2, 3, 6, 7, 8, 11, 13, 15):
        wrong = bytearray(good)
        wrong[place] ^= 0x41
        yield "idx/header", bytes(wrong)
        yield "idx/header.gz", gzip.compress(bytes(wrong), mtime=0)
    packed = gzip.compress(good, mtime=0)
    for flipped in _flips(random, packed, 30, start=10):
        yield "idx/flipped.gz", flipped
    yield "idx/longer", good + b"\0"
    yield "idx/garbage.gz", packed + b"garbage"
    yield (
        "idx/bomb.gz",
        gzip.compress(b"\0\0\x08\x03" + struct.pack(">III", 20, 6, 5), mtime=0)
        + gzip.compress(bytes(1 << 25), mtime=0),
    )


def _array(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=True)
    return out.getvalue()


def _npy(random: np.random.Generator) -> Iterator[Case]:
    good = _array(random.integers(0, 256, (20, 6, 5), np.uint8))
    for cut in _cuts(random, good, 30):
        yield "npy/cut.npy", cut
    for old, new in (
        (b"(20", b"(21"),
        (b"6, 5", b"6,-5"),
        (b"|u1", b"|O8"),
        (b"False", b"exit "),
        (b"'descr'", b"'dascr'"),
    ):
        yield "npy/header.npy", good.replace(old, new)
    yield "npy/longer.npy", good + b"\0"
    yield "npy/object.npy", _array(np.array([{}, 1], object))
    yield "npy/text.npy", _array(np.array([["a"] * 3] * 2))


def _npz(random: np.random.Generator) -> Iterator[Case]:
    out = io.BytesIO()
    np.savez(out, images=random.integers(0, 256, (20, 6, 5), np.uint8), labels=np.arange(20) % 4)
    good = out.getvalue()
    for cut in _cuts(random, good, 20):
        yield "npz/cut.npz", cut
    for place in range(200, 700, 25):
        wrong = bytearray(good)
        wrong[place] ^= 0x20
        yield "npz/flipped.npz", bytes(wrong)
    for labels in ([0.5] * 20, [-1] * 20, [10**9] * 20, [0] * 19, [[1, 1]] * 20, [None] * 20):
        out = io.BytesIO()
        np.savez(out, images=np.zeros((20, 6, 5), np.uint8), labels=np.array(labels))
        yield "npz/labels.npz", out.getvalue()


def _tables(random: np.random.Generator) -> Iterator[Case]:
    for text in (
        "",
        "\n",
        "a,b\n",
        "file_name\nx.png\n",
        "file_name,label\nx.png\n",
        "file_name,label\nx.png,a,b\n",
        "file_name,label\n../x.png,a\n",
        "file_name,label\n/etc/hostname,a\n",
        "file_name,label\nmissing.png,a\n",
        "file_name,label\n,a\n",
        "file_name,label\nx.png,\n",
        "file_name,label\nx\0.png,a\n",
        "file_name,label,split\nx.png,a,other\n",
        "file_name,file_name,label\nx,y,a\n",
        'file_name,label\n"x.png,a\n',
        'file_name,label\n"x.png"z,a\n',
        "file_name,label\n" + "x" * 200_000 + ",a\n",
    ):
        yield "tables/table.csv", text.encode()
        yield "tables/table.tsv", text.replace(",", "\t").encode()
    yield "tables/latin.csv", "file_name,label\ncaf\xe9.png,a\n".encode("latin-1")
    yield "tables/wide.csv", "file_name,label\nx.png,a\n".encode("utf-16")
    for line in (
        "[]",
        "1",
        "{",
        '{"file_name": 1',
        '{"label": "a"}',
        '{"file_name": {}, "label": "a"}',
        "[" * 50_000,
        "\0",
    ):
        yield "tables/table.jsonl", f"{line}\n".encode()
    for _ in range(10):
        yield "tables/random.csv", random.bytes(300)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _zips(random: np.random.Generator) -> Iterator[Case]:
    picture = _encoded(random, "PNG")
    good = _zip({"a/1.png": picture, "b/2.png": _encoded(random, "PNG")})
    for cut in _cuts(random, good, 25):
        yield "zips/cut.zip", cut
    for name in ("../x.png", "/x.png", "a/../../x.png", "C:/x.png", "a\\x.png", ".."):
        yield "zips/slip.zip", _zip({"a/1.png": picture, name: picture})
    for files in ({}, {"readme.txt": b"x"}, {"a/x.zip": good}, {"1.png": picture}, {"a/1.png": picture[:50]}):
        yield "zips/nothing.zip", _zip(files)
    yield "zips/bomb.zip", _bomb()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a/1.png"), bytes(80 << 20), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _tar(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _tars(random: np.random.Generator) -> Iterator[Case]:
    picture = _encoded(random, "PNG")
    good = _tar([(tarfile.TarInfo("a/1.png"), picture), (tarfile.TarInfo("b/2.png"), picture)])
    for cut in _cuts(random, good[:4096], 20):
        yield "tars/cut.tar", cut
    for cut in _cuts(random, gzip.compress(good, mtime=0), 20):
        yield "tars/cut.tar.gz", cut
    for cut in _cuts(random, bz2.compress(good), 10):
        yield "tars/cut.tar.bz2", cut
    for flipped in _flips(random, bz2.compress(good), 10):
        yield "tars/flipped.tar.bz2", flipped
    for name in ("../x.png", "/x.png", "a/../../x.png"):
        yield "tars/slip.tar", _tar([(tarfile.TarInfo(name), picture)])
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        link = tarfile.TarInfo("a/1.png")
        link.type, link.linkname = kind, "/etc/hostname"
        yield "tars/link.tar", _tar([(link, b"")])
    yield "tars/random.tar", random.bytes(2048)


def _parquet(random: np.random.Generator) -> Iterator[Case]:
    import pyarrow
    import pyarrow.parquet

    images = [{"bytes": _encoded(random, "PNG"), "path": None} for _ in range(4)]
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"image": images, "label": ["a", "b", "a", "b"]}), out)
    for cut in _cuts(random, out.getvalue(), 30):
        yield "parquet/cut.parquet", cut
    for columns in (
        {"image": images},
        {"label": ["a"]},
        {"image": ["text"], "label": ["a"]},
        {"image": images, "label": [None, "a", "b", "c"]},
        {"image": [None, None], "label": ["a", "b"]},
        {"image": [{"bytes": b"", "path": "x"}], "label": ["a"]},
        {"image": [{"bytes": None, "path": "/etc/hostname"}], "label": ["a"]},
    ):
        wrong = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(columns), wrong)
        yield "parquet/columns.parquet", wrong.getvalue()
    hub = {
        "huggingface": json.dumps({"info": {"features": {"label": {"names": ["a"], "_type": "ClassLabel"}}}})
    }
    table = pyarrow.table({"image": images, "label": [0, 1, 0, -1]}).replace_schema_metadata(hub)
    wrong = io.BytesIO()
    pyarrow.parquet.write_table(table, wrong)
    yield "parquet/labels.parquet", wrong.getvalue()


def _tfds(random: np.random.Generator) -> Iterator[Case]:
    """One file each of a prepared set whose other files are right: four examples of two classes."""
    records = [example({"image": _encoded(random, "PNG"), "label": i % 2}) for i in range(4)]
    good = tfrecord(records)
    for cut in _cuts(random, good, 15):
        yield "tfds/train.tfrecord", cut
    for flipped in _flips(random, good, 15):
        yield "tfds/train.tfrecord", flipped
    for wrong in (
        records[:3],  # fewer than promised
        [*records[:3], b""],
        [*records[:3], records[3][:-5]],
        [*records[:3], random.bytes(50)],
        [*records[:3], example({"image": records[0]})],
        [*records[:3], example({"image": b"no image", "label": 1})],
        [*records[:3], example({"image": _encoded(random, "PNG"), "label": 2})],
    ):
        yield "tfds/train.tfrecord", tfrecord(wrong)
    for content in (b"", b"hello", bytes(1 << 16), random.bytes(1 << 16)):
        yield "tfds/train.array_record", content
    splits = [{"name": "train", "shardLengths": ["4"]}]
    for text in (
        "",
        "{",
        "[]",
        "null",
        "[" * 50_000,
        json.dumps({"name": "tiny", "fileFormat": "tfrecord"}),
        json.dumps({"name": "tiny", "fileFormat": "riegeli", "splits": splits}),
        json.dumps({"name": "../../tiny", "splits": splits}),
        json.dumps({"name": "tiny", "splits": [{"name": "train", "shardLengths": ["x"]}]}),
        json.dumps({"name": "tiny", "splits": [{"name": "train", "shardLengths": ["2", "2"]}]}),
        json.dumps({"name": "tiny", "splits": {"train": 4}}),
    ):
        yield "tfds/dataset_info.json", text.encode()
    for text in (
        "",
        "{}",
        "[]",
        '{"featuresDict": 3}',
        '{"featuresDict": {"features": {"image": {}}}}',
        "\xff",
    ):
        yield "tfds/features.json", text.encode("latin-1")
    yield "tfds/label.labels.txt", b"\xff\xfe\n"
    yield "tfds/label.labels.txt", b"one\n"


def _hub(random: np.random.Generator) -> Iterator[Case]:
    """One file each of a repository's folder data/."""
    for name, content in _parquet(random):
        if "cut" not in name:
            yield "hub/train-00000-of-00001.parquet", content
    for rows in ("", "nonsense\n", '{"file_name": "../x.png", "label": "a"}\n', '{"file_name": "x.png"}\n'):
        yield "hub/metadata.jsonl", rows.encode()
    yield "hub/README.md", b"nothing but words"


if __name__ == "__main__":
    print(f"{len(write(Path(sys.argv[1]))):,} malformed files")  # noqa: T201

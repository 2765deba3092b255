"""Search for contents that crash a parser of data files, guided by the code that they reach (atheris).

    python scripts/fuzz.py PARSER [--seconds N] [--corpus FOLDER] [--crashes FOLDER]
    python scripts/fuzz.py --keep FOLDER

One sitting with all of them, and the record of all sittings: scripts/fuzz_sitting.py.

Whatever it is given, a parser must return or raise AssayError: anything else ends the search, and the content
is kept in the folder of crashes. Where atheris is not installed this says so and does nothing. Contents that
reach new lines are kept in FOLDER/PARSER; `--keep` packs the small ones into tests/corpus/found.zip, which
the tests read again.
"""

import argparse
import hashlib
import io
import json
import shutil
import struct
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np

#: Where contents that crash a parser are kept, whatever folder the search is begun from; git ignores it.
CRASHES: Final = Path(__file__).resolve().parent.parent / ".fuzz-crashes"

#: Names that a file must have for its parser; the others are `file.PARSER`.
NAMES: Final = {
    "manifest": "manifest.json",
    "answers": "predictions.csv",
    "table": "table.csv",
    "pixels": "pixels.csv",
    "decisions": "decisions.csv",
    "arrays": "arrays.npz",
    "webdataset": "shard-000000.tar",
}


def with_coverage() -> dict[str, Callable[[Path, bytes], object]]:
    """The parsers by name, imported so that the search sees which of their lines are reached."""
    import atheris

    with atheris.instrument_imports(include=["assay"]):
        return parsers()


def parsers() -> dict[str, Callable[[Path, bytes], object]]:
    """The parsers by name: each is given a file and its content."""
    # What is used below is imported here, or the search would not see its lines.
    import assay.audits.parts.writing
    import assay.deployment.onnx_content  # noqa: F401
    from assay.data.decisions import read_decisions
    from assay.data.decoding.image import read_image
    from assay.data.formats.archive import unpack
    from assay.data.formats.idx import read_idx
    from assay.data.formats.npy import read_npy, read_npz
    from assay.data.formats.shard_file import local_shard
    from assay.data.formats.text_table import read_table
    from assay.data.formats.tfrecord import parse_example, read_array_records, read_tfrecords
    from assay.data.listing.parquet import list_parquet
    from assay.data.load import as_request, readable_source
    from assay.data.request import Request
    from assay.data.sources import folder as folders
    from assay.data.sources import manifest, numpy_files, pixel_table
    from assay.evaluation.predictions_file import read_answers, read_record
    from assay.training.model_file import _checked_weights, _read_record
    from assay.workflow.recorded.run_record import read_manifest
    from assay.workflow.settings import Settings, read_settings

    def into_empty_folder(path: Path, _: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            unpack(path, Path(folder))

    def table(path: Path, _: bytes) -> None:
        for name in ("a.png", "b.png"):
            (path.parent / name).write_bytes(_PNG)
        manifest.listing(Request(path=path)).make()

    def arrays(path: Path, data: bytes) -> None:
        _zip_of_arrays(path, data)
        numpy_files.read(Request(path=path))

    def web_dataset(path: Path, data: bytes) -> None:
        path.write_bytes(_with_checksums(data))
        request = as_request(path)
        source = readable_source(request)
        (source.read(request) if source.listing is None else source.listing(request).make())

    def tree(path: Path, data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            _tree(Path(folder), data)
            folders.listing(Request(path=Path(folder))).make()

    return {
        "image": lambda _, data: read_image(data),
        "idx": lambda path, _: read_idx(path),
        "npy": lambda path, _: read_npy(path),
        "npz": lambda path, _: read_npz(path),
        "zip": into_empty_folder,
        "tar": into_empty_folder,
        "csv": lambda path, _: read_table(path),
        "jsonl": lambda path, _: read_table(path),
        "tfrecord": lambda path, _: list(read_tfrecords(path)),
        "example": parse_example,
        "array_record": lambda path, _: list(read_array_records(path)),
        "parquet": lambda path, _: list_parquet(Request(), path.parent, [local_shard(path, path.parent)]),
        # Not through `read_model`: its hashes would stop any change at the door.
        "weights": lambda path, data: _checked_weights(path, data, {"w": (1,)}),
        "record": lambda path, _: _read_record(path),
        "config": lambda path, _: Settings.checked(read_settings(path)),
        "manifest": lambda path, _: read_manifest(path.parent),
        "answers": lambda path, _: read_answers(path.parent),
        "json": lambda path, _: read_record(path),
        "table": table,
        "tree": tree,
        "pixels": lambda path, _: pixel_table.read(Request(path=path)),
        "decisions": lambda path, _: read_decisions(path),
        "arrays": arrays,
        "webdataset": web_dataset,
        "part": _part_with_record,
        "tables": _part_with_tables,
        "images": _part_with_images,
        "merge": _merged_record,
        "objects": _objects,
        "onnx": _onnx_with_seal,
    }


def _with_checksums(data: bytes) -> bytes:
    """A tar file whose headers have the checksums that they should have."""
    blocks = [data[start : start + 512] for start in range(0, len(data), 512)]
    for number, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == 512:
            total = sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
            blocks[number] = block[:148] + b"%06o\0 " % total + block[156:]
    return b"".join(blocks)


def _zip_of_arrays(path: Path, data: bytes) -> None:
    """An NPZ with right checksums: from the last NPY header on the labels, before it the images."""
    cut = max(data.rfind(b"\x93NUMPY"), 0)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", data[:cut])
        archive.writestr("labels.npy", data[cut:])


def _tree(folder: Path, data: bytes) -> None:
    """Files of one pixel under the names that the lines of `data` are, some of them."""
    for line in data.split(b"\n")[:_MOST_NAMES]:
        name = line.replace(b"\0", b"")
        parts = [part for part in name.split(b"/") if part not in (b"", b".", b"..")]
        place = Path(folder, *(part.decode("utf-8", "surrogateescape") for part in parts))
        with suppress(OSError):  # too long, or a file where a folder is wanted
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_PNG)


def _part(path: Path) -> Path:
    """A whole part of an audit beside `path`: made once, the same to the byte wherever that is."""
    from assay.workflow.shards import run_shard

    folder = path.parent / "made"
    if not folder.exists():
        images = np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4)
        np.savez(path.parent / "set.npz", x_train=images, y_train=np.arange(6) % 2)
        made = run_shard("1/1", path.parent / "set.npz", out=path.parent / "parts", checks=("identity",))
        shutil.copytree(made.folder, folder)
    return folder


def _sealed_part(folder: Path, content: object) -> None:
    from assay.audits.parts.reading import read_part
    from assay.audits.parts.records import RECORD, as_json, seal

    (folder / RECORD).write_text(as_json({"content": content, "sha256": seal(content)}))  # type: ignore[arg-type]
    read_part(folder)


def _part_with_record(path: Path, data: bytes) -> None:
    """A part whose record was forged, its seal put right."""
    try:
        content = json.loads(data)
        json.dumps(content, allow_nan=False)
    except (ValueError, RecursionError):
        return  # no JSON: the file itself would be refused at its seal
    _sealed_part(_part(path), content)


def _part_with_tables(path: Path, data: bytes) -> None:
    """A part whose tables were forged, their hash and the seal put right."""
    from assay.audits.parts.records import TABLES

    _part_with(path, TABLES, data)


def _part_with_images(path: Path, data: bytes) -> None:
    """A part whose images were forged, their hash and the seal put right; they are read, too."""
    from assay.audits.parts.records import IMAGES

    _part_with(path, IMAGES, data)


def _part_with(path: Path, name: str, data: bytes) -> None:
    from assay.audits.parts.records import RECORD

    folder = _part(path)
    content = json.loads((folder / RECORD).read_bytes())["content"]
    content["files"][name]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / name).write_bytes(data)
    _sealed_part(folder, content)


def _merged_record(path: Path, data: bytes) -> None:
    """The only part of an audit, its record forged and sealed, as far as a merge goes before its checks."""
    from assay.audits.parts.measured import merge_parts
    from assay.audits.parts.reading import read_parts
    from assay.audits.parts.records import RECORD, as_json, seal
    from assay.workflow.planning.command_settings import command_settings

    try:
        content = json.loads(data)
        text = as_json({"content": content, "sha256": seal(content)})
    except (ValueError, RecursionError):
        return
    folder = path.parent / "merged" / "shard-1-of-1"
    if not folder.exists():
        shutil.copytree(_part(path), folder)
    (folder / RECORD).write_text(text)
    stored = read_parts(folder.parent)
    settings = dict(stored[0].settings)
    command_settings("audit", settings["data"], {k: v for k, v in settings.items() if k != "schema"})
    names = stored[0].part.piece.whole.counts
    found = merge_parts([one.part for one in stored], {k: [one.images[k] for one in stored] for k in names})
    for split in found.dataset.splits.values():
        for _ in split.blocks():
            pass


class _Listing:
    """A storage that lists whatever JSON says, and holds a few bytes under each name."""

    def __init__(self, found: dict[str, object]) -> None:
        self._found = found

    def invalidate_cache(self) -> None:
        """Nothing is kept."""

    def exists(self, _: str) -> bool:
        return False

    def find(self, _: str, detail: bool) -> dict[str, object]:
        return self._found if detail else {}

    def info(self, path: str) -> object:
        return self._found[path]

    def open(self, _: str, *__: object, **___: object) -> io.BytesIO:
        return io.BytesIO(b"abc")


def _objects(_: Path, data: bytes) -> None:
    """What a storage says lies in a bucket, as JSON: names, and what is told of each; two are fetched."""
    from assay.core.events import ignore
    from assay.data.storage import objects

    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict) or not all(isinstance(told, dict) for told in found.values()):
        return  # of another type than fsspec promises
    # For this content alone: the tests read what was found in a process that reads other storages too.
    with patch.object(objects, "_opened", lambda _: (_Listing(found), "b")):
        listed = objects.list_objects("memory://b")
        for one in listed.objects[:2]:
            objects.fetch(listed, one, ignore)


def _onnx_with_seal(_: Path, data: bytes) -> None:
    """An exported file that was forged, its seal put right; and as it is."""
    import onnx
    from google.protobuf.message import DecodeError, EncodeError

    from assay.core.errors import AssayError
    from assay.deployment.onnx_content import SEAL, checked_metadata

    with suppress(AssayError):
        checked_metadata(data, "given")
    file = onnx.ModelProto()
    try:
        file.ParseFromString(data)
        for entry in [entry for entry in file.metadata_props if entry.key == SEAL]:
            file.metadata_props.remove(entry)
        digest = hashlib.sha256(file.SerializeToString(deterministic=True)).hexdigest()
    except (DecodeError, EncodeError, ValueError, RecursionError):
        return
    file.metadata_props.add(key=SEAL, value=digest)
    checked_metadata(file.SerializeToString(deterministic=True), "forged")


def _onnx_start(_: Path) -> bytes:
    """What `assay export` writes of a small model."""
    import assay
    from assay.deployment.export.classifier import onnx_bytes

    images = np.arange(24 * 16, dtype=np.uint8).reshape(24, 4, 4)
    labels = np.arange(24) % 2
    data = assay.load(arrays=(images[:16], labels[:16], images[16:], labels[16:]))
    model = assay.train(data, "majority")
    # Without the gate, whose numbers are a thousand times what else there is to change.
    return onnx_bytes(replace(model, limits=replace(model.limits, gate=None)))


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


#: A PNG of one gray pixel.
_PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da6360000000020001e527defc0000000049454e44ae426082"
)

#: A `tf.train.Example` with the label 7 and the image "ab".
_EXAMPLE: Final = b"\n\x21\n\x0e\n\x05label\x12\x05\x1a\x03\n\x01\x07\n\x0f\n\x05image\x12\x06\n\x04\n\x02ab"

#: Files of one `tree`.
_MOST_NAMES: Final = 20

#: What the searches begin with: a whole file of the form, where one is told in a line.
STARTS: Final = {
    "image": _PNG,
    "idx": b"\0\0\x08\x01\0\0\0\x02ab",
    "csv": b"path,label\na.png,cat\n",
    "jsonl": b'{"path": "a.png", "label": "cat"}\n',
    "example": _EXAMPLE,
    "weights": b'\x36\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b"\0" * 4,
    "config": b'seed = 1\ndata = "a"\n[recipe]\nname = "mlp"\n',
    "manifest": b'{"files": {"a": "0"}, "training": {}}',
    "answers": b"split,index,id,digest,label,predicted,probability\ntest,0,a,0,b,b,0.5\n",
    "json": b'{"test": {"n": 1}}',
    "table": b"path,label,split\na.png,cat,train\nb.png,dog,test\n",
    "tree": b"train/cat/a.png\ntrain/dog/b.png\ntest/cat/c.png\ntest/dog/d.png",
    "pixels": b"label" + b",p" * 64 + b"\n0" + b",1" * 64 + b"\n1" + b",255" * 64 + b"\n",
    "decisions": b"digest,label,decision\n" + b"a" * 64 + b",cat,drop\n",
    "objects": b'{"b/x/a.png": {"size": 3, "type": "file", "ETag": "1"}, "b/c.tar": {"size": 3}}',
    "record": b'{"schema": 1, "sha256": "", "classes": ["a"], "recipe": {}}',
}


def _made(parser: str, path: Path) -> None:
    """Write a whole file of the form, where a library makes one; else what `STARTS` has."""
    pixels = np.zeros((1, 2, 2), np.uint8)
    if parser == "npy":
        np.save(path, pixels)
    elif parser == "npz":
        np.savez(path, images=pixels, labels=np.zeros(1, np.int64))
    elif parser == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("cat/a.png", _PNG)
    elif parser == "tar":
        (path.parent / "a.png").write_bytes(_PNG)
        with tarfile.open(path, "w") as files:
            files.add(path.parent / "a.png", "cat/a.png")
    elif parser == "tfrecord":
        from assay.data.formats.tfrecord import masked_crc32c

        length = struct.pack("<Q", len(_EXAMPLE))
        sums = [struct.pack("<I", masked_crc32c(data)) for data in (length, _EXAMPLE)]
        path.write_bytes(length + sums[0] + _EXAMPLE + sums[1])
    elif parser == "parquet":
        import pyarrow.parquet

        table = {"image": [{"bytes": _PNG, "path": "a.png"}], "label": [0]}
        pyarrow.parquet.write_table(pyarrow.table(table), path)
    elif parser == "array_record":
        from array_record.python import array_record_module

        writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
        writer.write(_EXAMPLE)
        writer.close()
    elif parser in _MADE:
        path.write_bytes(_MADE[parser](path))
    else:
        path.write_bytes(STARTS[parser])


def _record_start(path: Path) -> bytes:
    from assay.audits.parts.records import RECORD

    return json.dumps(json.loads((_part(path) / RECORD).read_text())["content"]).encode()


def _tables_start(path: Path) -> bytes:
    from assay.audits.parts.records import TABLES

    return (_part(path) / TABLES).read_bytes()


def _images_start(path: Path) -> bytes:
    from assay.audits.parts.records import IMAGES

    return (_part(path) / IMAGES).read_bytes()


def _web_dataset_start(_: Path) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("0.png", _PNG), ("0.cls", b"0"), ("1.png", _PNG), ("1.json", b'{"label": 1}')):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()[: 512 * 9]


def _arrays_start(_: Path) -> bytes:
    return _npy(np.zeros((1, 2, 2), np.uint8)) + _npy(np.zeros(1, np.int64))


#: What Assay's own code makes the first content of.
_MADE: Final = {
    "part": _record_start,
    "tables": _tables_start,
    "images": _images_start,
    "merge": _record_start,
    "onnx": _onnx_start,
    "arrays": _arrays_start,
    "webdataset": _web_dataset_start,
}


def main() -> None:
    """Search in one parser for so many seconds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parser", nargs="?")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    arguments.add_argument("--crashes", type=Path, default=CRASHES)
    arguments.add_argument("--keep", type=Path)
    given = arguments.parse_args()
    if given.keep is not None:
        keep(given.keep)
        return
    if find_spec("atheris") is None:
        print("atheris is not installed: nothing was searched (pip install atheris)")
        return
    search(given.parser, given.seconds, given.corpus / given.parser, given.crashes.absolute())


#: Bytes of one content, and how many of a parser, that are kept for the tests.
_SMALL: Final = 20_000
_MOST: Final = 150


def keep(corpus: Path) -> None:
    """Pack the smallest contents of each parser."""
    target = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "found.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
            files = sorted(folder.iterdir(), key=lambda path: (path.stat().st_size, path.name))
            for file in [path for path in files if path.stat().st_size <= _SMALL][:_MOST]:
                # One time for all, so that equal contents make equal archives.
                archive.writestr(zipfile.ZipInfo(f"{folder.name}/{file.name}"), file.read_bytes())


def search(parser: str, seconds: int, corpus: Path, crashes: Path) -> None:
    """Search until the time is over or a content does what it must not; ends the process."""
    import atheris

    parse = with_coverage()[parser]
    from assay.core.errors import AssayError

    folder = Path(tempfile.mkdtemp(prefix="assay-fuzz-"))
    starts, path = folder / "starts", folder / NAMES.get(parser, f"file.{parser}")
    starts.mkdir()
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    _made(parser, path)
    path.rename(starts / "first")

    def once(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(AssayError):
            parse(path, data)

    options = [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=60", "-print_final_stats=1"]
    options.append(f"-artifact_prefix={crashes}/")
    atheris.Setup([sys.argv[0], *options, str(corpus), str(starts)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

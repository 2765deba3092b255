"""Object storage, as fsspec's file system in memory: listed, fetched by digest, refused where it changes."""

import errno
import io
import json
import os
import tarfile
from contextlib import contextmanager
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.load import as_request, readable_source
from assay.data.piece import Shard
from assay.data.shards import read_shard
from assay.data.sources.cloud import stored_shards
from assay.data.storage import objects
from assay.workflow.load import load
from assay.workflow.run_commands import run_audit
from encoded import png


@pytest.fixture
def cache(tmp_path_factory, monkeypatch):
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ASSAY_CACHE", str(place))
    return place


@pytest.fixture
def store(cache):
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), np.uint8)


def parquet(count, start=0, seed=0) -> bytes:
    out = io.BytesIO()
    images = [png(image) for image in pictures(count, seed)]
    table = pa.table(
        {"image": pa.array(images, pa.binary()), "label": [(start + i) % 3 for i in range(count)]}
    )
    pq.write_table(table, out, row_group_size=100)
    return out.getvalue()


def tar(count, seed=0) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for row, image in enumerate(pictures(count, seed)):
            for ending, content in (("png", png(image)), ("cls", b"%d" % (row % 3))):
                info = tarfile.TarInfo(f"{row:06}.{ending}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def put(store, files) -> None:
    for name, content in files.items():
        store.pipe_file(f"/bucket/{name}", content)


def refused(address, code, exit_code, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(address, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code), caught.value
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("make", [parquet, tar], ids=["parquet", "webdataset"])
def test_shards_of_a_bucket_are_the_set_that_lies_in_a_folder(store, tmp_path, make):
    """One fingerprint; the second time nothing is fetched; a pattern names some."""
    end = "parquet" if make is parquet else "tar"
    files = {f"set/train-{n:05}.{end}": make(6, seed=n) for n in range(2)}
    files |= {f"set/test-00000.{end}": make(3, seed=5), "set/README.md": b"about"}
    put(store, files)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found, local = load("memory://bucket/set"), load(tmp_path / "set")
    assert found.fingerprints == local.fingerprints
    assert [item.id for item in found.left_out] == ["README.md"]
    assert (found.name, found.location, found.source) == ("set", "memory://bucket/set", "stored shards")
    assert found.train.ids == local.train.ids
    assert load("memory://bucket/set") == found
    assert len(load(f"memory://bucket/set/train-*1.{end}").train) == 6
    assert len(load(f"memory://bucket/set/train-{{00000..00001}}.{end}").train) == 12
    assert len(load(f"memory://bucket/set/train-00001.{end}").train) == 6


def test_a_tree_of_images_an_archive_and_arrays(store, tmp_path):
    """Fetched, and read as they are from a disk; nothing of a tree stays but what the cache holds of all."""
    for number, image in enumerate(pictures(6)):
        put(store, {f"tree/{'ab'[number % 2]}/{number}.png": png(image)})
    np.savez(tmp_path / "set.npz", x_train=pictures(6), y_train=np.arange(6) % 2)
    put(store, {"set.npz": (tmp_path / "set.npz").read_bytes()})
    tree, arrays = load("memory://bucket/tree"), load("memory://bucket/set.npz", classes="a,b")
    assert tree.fingerprint == arrays.fingerprint
    assert (tree.name, tree.location) == ("tree", "memory://bucket/tree")
    assert load("memory://bucket/tree") == tree
    assert "memory://bucket/set.npz" in refused(
        "memory://bucket/set.npz", "label-out-of-range", 3, classes="a"
    )


def test_an_object_that_changes_is_refused(store, monkeypatch):
    """Between listing and reading, and while it is read: exit 4. Nothing of it is kept."""
    put(store, {"set/train-0.tar": tar(6), "set/train-1.tar": tar(6, 1)})
    real = objects._copy

    def changed(*given):
        store.pipe_file("/bucket/set/train-1.tar", tar(6, 2))
        return real(*given)

    monkeypatch.setattr(objects, "_copy", changed)
    assert "train-1.tar: it was changed since" in refused("memory://bucket/set", "data-changed", 4)
    monkeypatch.setattr(objects, "_copy", real)
    store.pipe_file("/bucket/set/train-1.tar", tar(6, 1))
    request = as_request("memory://bucket/set")
    stored_shards.objects_of(request)
    store.rm_file("/bucket/set/train-1.tar")
    with pytest.raises(AssayError, match="removed since") as caught:
        readable_source(request).read(request)
    assert (caught.value.code, caught.value.exit_code) == ("data-changed", 4)


def test_a_damaged_object_in_the_cache_is_fetched_again(store, cache):
    """Its digest is checked at every use; the damaged one is kept apart."""
    put(store, {"set/train-0.tar": tar(6)})
    first = load("memory://bucket/set")
    (content,) = (cache / "objects").glob("*/content/train-0.tar")
    content.write_bytes(content.read_bytes()[:-600] + b"x" * 600)
    told = []
    again = load("memory://bucket/set", size="3", on_event=told.append)
    assert again.train.ids == first.train.ids
    assert any("damaged and is fetched again" in event.figures.get("message", "") for event in told)


def test_a_share_fetches_the_objects_that_hold_it_alone(store, cache, tmp_path):
    """And the first, whose first image tells the channels."""
    for number, count in enumerate((300, 0, 500, 300)):
        put(store, {f"set/train-{number:05}-of-00004.parquet": parquet(count, number, number)})
    for number, expected in ((3, [0, 3]), (1, [0, 2])):
        request = as_request("memory://bucket/set", size="4", resize="crop")
        (tmp_path / str(number)).mkdir()
        read_shard(request, Shard(number, 3), tmp_path / str(number))
        there = sorted((cache / "objects").glob("*/content/*.parquet"))
        assert sorted(int(path.name[6:11]) for path in there) == sorted({0, 3, *expected})


@pytest.mark.parametrize(
    ("address", "code", "exit_code", "told"),
    [
        ("memory://bucket/none", "unknown-data", 2, "no object"),
        ("memory://", "unknown-data", 2, "names no bucket"),
        ("nonsense://a/b", "unknown-data", 2, "no kind of address"),
        ("simplecache::memory://bucket/set", "unknown-data", 2, "of this kind"),
        ("reference://bucket/set", "unknown-data", 2, "of this kind"),
        ("file:///etc", "unknown-data", 2, "file of this machine"),
    ],
)
def test_addresses_that_lead_nowhere(store, address, code, exit_code, told):
    """One line each."""
    assert told in refused(address, code, exit_code)


@pytest.mark.parametrize(
    "address",
    [
        "s3://AKIAKEY:hunter2@bucket/set",
        "https://user:hunter2@example.org/set.tar",
        "https://example.org/set.tar?X-Amz-Signature=hunter2",
        "s3://bucket/set?secret=hunter2",
        "s3://bucket/set#hunter2",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(store, tmp_path, address, capsys):
    """Neither in the message nor in any file."""
    from assay.cli.main import exit_code

    assert "hunter2" not in refused(address, "bad-value", 2)
    for command in ("audit", "inspect", "run"):
        out = [] if command == "inspect" else ["--out", str(tmp_path / command)]
        assert exit_code([command, address, *out]) == 2
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
    assert "AKIAKEY" not in said.out + said.err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]


class _Failing:
    """A storage that fails in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str):
        def fail(*_: object, **__: object):
            raise self.error

        return (lambda: None) if name == "invalidate_cache" else fail


class NoCredentialsError(ValueError):
    """As botocore has one."""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (PermissionError("Access Denied for hunter2"), "data-unavailable", "AWS_PROFILE"),
        (NoCredentialsError("hunter2"), "data-unavailable", "no credentials"),
        (FileNotFoundError("hunter2"), "unknown-data", "no such bucket"),
        (ConnectionRefusedError("hunter2"), "data-unavailable", "ConnectionRefusedError"),
        (TimeoutError("hunter2"), "data-unavailable", "Check the network"),
    ],
)
def test_a_storage_that_refuses_is_told_in_one_line(cache, monkeypatch, error, code, told):
    """With the way on, and without its own text."""
    monkeypatch.setattr(objects, "_opened", lambda _: (_Failing(error), "bucket/set"))
    said = refused("s3://bucket/set", code, 2 if code == "unknown-data" else 5)
    assert told in said
    assert "hunter2" not in said


def test_what_is_missing_is_told_before_any_work(cache, monkeypatch):
    """The extra, by the command that installs it; offline is offline."""
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    assert 'pip install "assay[cloud]"' in refused("s3://bucket/set", "missing-extra", 5)
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    assert 'pip install "assay[cloud]"' in refused("s3://bucket/set", "missing-extra", 5)
    assert "--offline" in refused("memory://bucket/set", "data-unavailable", 5, offline=True)


def test_names_and_sizes_beyond_the_limits_are_refused(store, monkeypatch):
    """Before anything is fetched."""
    put(store, {"set/train-0.tar": tar(6)})
    monkeypatch.setattr(objects, "MOST_IN_ALL", 1000)
    assert "at most 1,000 are" in refused("memory://bucket/set", "archive-too-large", 3)
    monkeypatch.setattr(objects, "MOST_BYTES", 10)
    refused("memory://bucket/set", "archive-too-large", 3)
    monkeypatch.setattr(objects, "MOST_OBJECTS", 0)
    refused("memory://bucket/set", "archive-too-large", 3)
    monkeypatch.undo()
    store.pipe_file("/bucket/bad/a\\..\\..\\b.tar", b"x")
    with pytest.raises(AssayError) as caught:
        objects.list_objects("memory://bucket/bad")
    assert caught.value.code == "archive-refused"


def test_the_run_names_the_address(store, tmp_path: Path):
    """In the manifest, as where the data lie."""
    put(store, {"set/train-0.tar": tar(30)})
    run = run_audit("memory://bucket/set", out=tmp_path / "run")
    told = json.loads((run.path / "manifest.json").read_text())
    assert "memory://bucket/set" in json.dumps(told)


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "disk-full"), (errno.EACCES, "not-writable"), (errno.EIO, "disk-error")],
)
def test_the_own_disk_is_not_taken_for_the_storage(store, monkeypatch, number, code):
    """What the cache's disk refuses while an object is fetched is told of the disk."""
    put(store, {"train-00000-of-00001.parquet": parquet(12)})
    real = objects.durable.create

    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, _):
            raise OSError(number, os.strerror(number))

    @contextmanager
    def full(path, size=0):
        with real(path, size) as file:
            yield Full(file)

    monkeypatch.setattr(objects.durable, "create", full)
    refused("memory://bucket", code, 5)


class _Broken:
    """An open object of a storage that fails when it is read or sought in."""

    def __init__(self, file, error, call):
        self._file, self._error, self._call = file, error, call

    def __getattr__(self, name):
        if name != self._call:
            return getattr(self._file, name)

        def fail(*_):
            raise self._error

        return fail


@pytest.mark.parametrize("call", ["read", "seek"])
@pytest.mark.parametrize("make", [parquet, tar], ids=["parquet", "webdataset"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("hunter2"), "data-unavailable"),
        (RuntimeError("hunter2"), "data-unavailable"),
        (ConnectionResetError("hunter2"), "data-unavailable"),
        (PermissionError("hunter2"), "data-unavailable"),
        (FileNotFoundError("hunter2"), "data-changed"),
    ],
)
def test_a_storage_that_fails_while_it_is_read_is_told(store, tmp_path, monkeypatch, make, call, error, code):
    """Whatever it raises, while an object is looked into or fetched; its own text is not told."""
    put(store, {f"set/train-0.{'parquet' if make is parquet else 'tar'}": make(30)})
    real = store.open
    monkeypatch.setattr(store, "open", lambda *given, **how: _Broken(real(*given, **how), error, call))
    with pytest.raises(AssayError) as caught:
        request = as_request("memory://bucket/set", size="4", resize="crop")
        readable_source(request)
        read_shard(request, Shard(1, 1), tmp_path)
        if call == "seek":  # what is fetched whole is never sought in
            raise AssayError(code, "", "", "")
    assert caught.value.code == code
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("error", [ValueError, RuntimeError, TypeError])
def test_a_fault_of_our_own_is_not_taken_for_the_storage(store, monkeypatch, error):
    """What reads an object may be wrong, too: that is a fault, and must be seen as one."""
    put(store, {"set/train-0.tar": tar(3)})
    listed = objects.list_objects("memory://bucket/set")
    with pytest.raises(error, match="ours"), objects.glance(listed, listed.objects[0]):
        raise error("ours")
    with pytest.raises(error, match="ours"):
        objects.fetch(listed, listed.objects[0], lambda _: (_ for _ in ()).throw(error("ours")))


class _Listing(_Failing):
    """A storage that lists whatever it likes."""

    def __init__(self, found: dict[str, dict[str, object]]) -> None:
        super().__init__(OSError("hunter2"))
        self.found = found

    def exists(self, _: str) -> bool:
        return False

    def find(self, _: str, **__: object) -> dict[str, dict[str, object]]:
        return self.found


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../x.tar", "archive-refused"),
        ("a/../../x.tar", "archive-refused"),
        ("a\\..\\x.tar", "archive-refused"),
        ("a\0b.tar", "archive-refused"),
        ("x" * 1000 + ".tar", "archive-refused"),
        ("a/" * 500 + "x.tar", "archive-refused"),
        ("a//b.png", None),
        ("a\x1b[31m\nb.png", None),
        ("\u202ea.png", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_names_that_a_storage_may_tell(cache, monkeypatch, name, code):
    """What leads elsewhere or fits into no folder is refused unfetched; the rest is shown as text."""
    told = {f"bucket/set/{name}": {"size": 3, "type": "file"}}
    monkeypatch.setattr(objects, "_opened", lambda _: (_Listing(told), "bucket/set"))
    try:
        listed = objects.list_objects("s3://bucket/set")
    except AssayError as error:
        assert (error.code, len(str(error).splitlines())) == (code, 1)
        assert len(str(error)) < 500
    else:
        assert code is None
        shown = listed.where(listed.objects[0])
        assert shown.isprintable() and "\u202e" not in shown


@pytest.mark.parametrize("names", [("a.tar", "a.tar/b"), ("a/b.png", "a//b.png"), ("a/./b.png", "a/b.png")])
def test_names_that_would_be_one_file_are_refused(cache, monkeypatch, names):
    """A storage knows no folders: on a disk one would hide the other."""
    told = {f"bucket/set/{name}": {"size": 3, "type": "file"} for name in names}
    monkeypatch.setattr(objects, "_opened", lambda _: (_Listing(told), "bucket/set"))
    refused("s3://bucket/set", "archive-refused", 3)


@pytest.mark.parametrize("size", ["three", -1, 1.5, [3], 10**30])
def test_a_size_that_is_none(cache, monkeypatch, size):
    """Of a storage that tells nonsense, in one line."""
    told = {"bucket/set/a.png": {"size": size, "type": "file"}}
    monkeypatch.setattr(objects, "_opened", lambda _: (_Listing(told), "bucket/set"))
    code, exit_code = ("archive-too-large", 3) if size == 10**30 else ("data-unavailable", 5)
    refused("s3://bucket/set", code, exit_code)

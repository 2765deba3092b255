"""An audit in shards is the audit; parts that are not of one audit, whole and each once, are refused."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from assay.audits.parts.records import IMAGES, RECORD, TABLES, as_json, read_record, seal
from assay.core import durable
from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError
from assay.workflow.run_commands import run_audit
from assay.workflow.shards import run_engine, run_merge, run_shard

#: What is the same in every run folder of one audit.
FILES = ("audit.json", "issues.csv", "label_quality.csv", "config.toml")


def pictures(count: int, channels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Four classes of patterns with noise; some pictures twice, some mirrored, some labels wrong."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(9).random((4, 6, 6, channels))
    labels = rng.integers(0, 4, count)
    mixed = 0.7 * patterns[labels] + 0.3 * rng.random((count, 6, 6, channels))
    large = np.kron(mixed, np.ones((1, 3, 3, 1))) * 255
    images = np.clip(large + rng.normal(0, 5, large.shape), 0, 255).astype(np.uint8)
    images[20:30] = images[:10]
    images[40:50] = images[60:70, :, ::-1]
    images[-8:] = images[100:108]
    labels[80:86] = (labels[80:86] + 1) % 4
    return images, labels


@pytest.fixture(scope="module")
def gray(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A NumPy file: gray, two splits of which the second shares pictures with the first."""
    x, y = pictures(1300, 1, 0)
    x_test, y_test = pictures(260, 1, 1)
    x_test[:5] = x[:5]
    file = tmp_path_factory.mktemp("gray") / "gray.npz"
    np.savez(file, x_train=x[..., 0], y_train=y, x_test=x_test[..., 0], y_test=y_test)
    return file


@pytest.fixture(scope="module")
def color(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of color PNG files, one damaged early in train, one of another size late."""
    root = tmp_path_factory.mktemp("color") / "photos"
    for split, count, seed in (("train", 1200, 2), ("test", 200, 3)):
        for row, (image, label) in enumerate(zip(*pictures(count, 3, seed), strict=True)):
            file = root / split / f"kind {label}" / f"{row:04}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            whole = Image.fromarray(image)
            (whole.resize((30, 24)) if row == 1111 else whole).save(file)
            if (split, row) == ("train", 77):
                file.write_bytes(file.read_bytes()[:80])
    return root


def fresh_cache(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing that was made before is found again: equal must mean computed equal."""
    monkeypatch.setenv("ASSAY_CACHE", str(folder))


def in_shards(data: Path, folder: Path, count: int, **settings: object) -> Path:
    """Parts of an audit; the last shards first, for the order is nobody's business."""
    for number in range(count, 0, -1):
        run_shard(f"{number}/{count}", data, out=folder, **settings)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize(("data", "counts"), [("gray", (1, 3, 8)), ("color", (3, 8))])
def test_one_three_and_eight_shards_give_the_files_of_one_process(
    data: str,
    counts: tuple[int, ...],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the byte, findings of every check, the report included; the damaged picture is told once."""
    source = request.getfixturevalue(data)
    fresh_cache(monkeypatch, tmp_path / "cache")
    run_audit(source, out=tmp_path / "one")
    whole = contents(tmp_path / "one")
    assert len(whole["issues.csv"].splitlines()) > 20
    page = (tmp_path / "one" / "report.html").read_bytes()
    for count in counts:
        fresh_cache(monkeypatch, tmp_path / f"cache{count}")
        parts = in_shards(source, tmp_path / f"parts{count}", count)
        run_merge(parts, out=tmp_path / f"merged{count}")
        assert contents(tmp_path / f"merged{count}") == whole, count
        assert (tmp_path / f"merged{count}" / "report.html").read_bytes() == page, count
    if data == "color":
        assert whole["issues.csv"].count(b"\nunreadable,") == 1
        assert b"0077.png" in whole["issues.csv"]


COMPARING = ("near-duplicates", "leakage", "drift", "label-errors", "separability", "atypical")


def test_a_set_that_does_not_fit_into_memory_gives_the_files_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features stay in the parts, components in a scratch file: to the bit what they are in memory.

    Copies are sought in passes: those of one process, and of these pictures those of the search in memory."""
    x, y = pictures(700, 1, 7)
    np.savez(
        tmp_path / "set.npz", x_train=x[:600, ..., 0], y_train=y[:600], x_test=x[600:, ..., 0], y_test=y[600:]
    )
    data, settings = tmp_path / "set.npz", {"checks": COMPARING}
    fresh_cache(monkeypatch, tmp_path / "cache")
    run_audit(data, out=tmp_path / "in memory", **settings)
    parts = in_shards(data, tmp_path / "parts", 2, **settings)
    for limit in ("stored_rows.IN_MEMORY", "checked_images.IN_MEMORY"):
        monkeypatch.setattr(f"assay.data.{limit}", 0)
    fresh_cache(monkeypatch, tmp_path / "another")
    run_merge(parts, out=tmp_path / "stored")
    assert contents(tmp_path / "stored") == contents(tmp_path / "in memory")
    monkeypatch.setattr("assay.duplicates.in_passes.IN_MEMORY", 0)
    for name, run in (
        ("in passes", lambda out: run_audit(data, out=out, **settings)),
        ("merged", merge_to(parts)),
    ):
        fresh_cache(monkeypatch, tmp_path / f"cache of {name}")
        run(tmp_path / name)
        assert [p for p in (tmp_path / f"cache of {name}").iterdir() if p.name != "audits"] == []
    assert contents(tmp_path / "merged") == contents(tmp_path / "in passes")
    near = [
        {
            line.split(b",")[5]
            for line in contents(tmp_path / run)["issues.csv"].splitlines()
            if b"near-" in line
        }
        for run in ("in memory", "merged")
    ]
    assert near[0] == near[1] != set()


def merge_to(parts: Path) -> Callable[[Path], object]:
    return lambda out: run_merge(parts, out=out)


CHECKS = ("identity", "exact-duplicates", "quality", "label-balance")


@pytest.fixture(scope="module")
def parts(gray: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parts of an audit of the gray set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        return in_shards(gray, tmp_path_factory.mktemp("parts") / "p", 3, checks=CHECKS)


@pytest.fixture
def copy(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same parts, to be spoiled."""
    fresh_cache(monkeypatch, tmp_path / "cache")
    return Path(shutil.copytree(parts, tmp_path / "parts"))


def refused(parts: Path, code: str, *words: str) -> None:
    """Merging is refused, with exit code 4; nothing is written."""
    out = parts.parent / "merged"
    with pytest.raises(AssayError) as caught:
        run_merge(parts, out=out)
    assert (caught.value.code, caught.value.exit_code) == (code, 4)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not out.exists()


def test_missing_parts_are_named(copy: Path, tmp_path: Path) -> None:
    """By number, with the command that makes one; also where there are none, or no folder."""
    shutil.rmtree(copy / "shard-2-of-3")
    refused(copy, "parts-missing", "1 of 3 shards: 2/3", "--shard 2/3")
    refused(tmp_path / "nowhere", "parts-missing")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "parts-missing", "--shard 1/8")


def test_a_part_that_is_there_twice_is_refused(copy: Path) -> None:
    """Its images would count twice, whatever the copy is called."""
    shutil.copytree(copy / "shard-1-of-3", copy / "backup of the first")
    refused(copy, "part-twice", "1/3", "shard-1-of-3")


def test_parts_of_another_number_of_shards_are_refused(copy: Path, gray: Path) -> None:
    """A half and two thirds are no whole."""
    shutil.rmtree(copy / "shard-3-of-3")
    run_shard("2/2", gray, out=copy, checks=CHECKS)
    refused(copy, "part-foreign", "number of shards")


def other_pixels(gray: Path, folder: Path) -> Path:
    """The same names and labels, one pixel of one image changed."""
    arrays = dict(np.load(gray))
    arrays["x_train"][0, 0, 0] ^= 1
    file = folder / "gray.npz"
    np.savez(file, **arrays)
    return file


def test_parts_of_other_data_are_refused(copy: Path, gray: Path, tmp_path: Path) -> None:
    """One pixel of another image is enough; so are other settings."""
    shutil.rmtree(copy / "shard-3-of-3")
    run_shard("3/3", other_pixels(gray, tmp_path), out=copy, checks=CHECKS)
    refused(copy, "part-foreign", "shard-3-of-3", "images and labels")
    shutil.rmtree(copy / "shard-3-of-3")
    run_shard("3/3", gray, out=copy, checks=CHECKS[:2])
    refused(copy, "part-foreign", "the setting checks")


def test_an_exchanged_file_is_other_data(
    color: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of image files the sizes of all are compared, though each shard reads its own alone."""
    fresh_cache(monkeypatch, tmp_path / "cache")
    data = Path(shutil.copytree(color, tmp_path / "photos"))
    run_shard("1/2", data, out=tmp_path / "parts", checks=CHECKS)
    first = min((data / "train").rglob("*.png"))
    Image.new("RGB", (18, 18)).save(first)
    run_shard("2/2", data, out=tmp_path / "parts", checks=CHECKS)
    refused(tmp_path / "parts", "part-foreign", "images and labels")


def resealed(folder: Path, **changes: object) -> None:
    """The record of a part with other content, and a seal that fits it."""
    content = {**read_record(folder), **changes}
    (folder / RECORD).write_text(as_json({"content": content, "sha256": seal(content)}))


@pytest.mark.parametrize("what", ["assay", "code", "numpy", "pillow", "a library more"])
def test_a_part_of_another_version_is_refused(copy: Path, what: str) -> None:
    """Of Assay, its code, or a library that numbers depend on; the difference is named."""
    folder = copy / "shard-2-of-3"
    resealed(folder, made_by={**read_record(folder)["made_by"], what: "0.0.9"})
    refused(copy, "part-version", "shard-2-of-3", what, "0.0.9")


def test_a_part_of_another_form_is_of_another_version(copy: Path) -> None:
    """A schema that is not known is not guessed at."""
    resealed(copy / "shard-2-of-3", schema=99)
    refused(copy, "part-version", "shard-2-of-3")


@pytest.mark.parametrize("file", [RECORD, TABLES, IMAGES])
@pytest.mark.parametrize("place", [0.01, 0.5, 0.999])
def test_one_changed_byte_is_noticed(copy: Path, file: str, place: float) -> None:
    """Wherever it is; so is a file that is gone or cut short."""
    path = copy / "shard-3-of-3" / file
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    refused(copy, "part-damaged", "shard-3-of-3", file)
    path.write_bytes(content[:-1])
    refused(copy, "part-damaged", "shard-3-of-3", file)
    path.unlink()
    refused(copy, "part-damaged", "shard-3-of-3", file)


@pytest.mark.parametrize("name", [RECORD, TABLES, IMAGES])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_plain_file_is_damaged(copy: Path, name: str, kind: str) -> None:
    """The merge waited for a pipe for ever, and read a device until memory ended."""
    path = copy / "shard-1-of-3" / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    refused(copy, "part-damaged", "shard-1-of-3", name)


def test_strange_records_are_damaged_parts(copy: Path) -> None:
    """Whatever JSON is there, there is no traceback."""
    file = copy / "shard-1-of-3" / RECORD
    for text in ("", "[]", "{}", '{"content": [], "sha256": 3}', "[" * 100_000, '{"content": {}}', "\xff"):
        file.write_bytes(text.encode("latin-1"))
        refused(copy, "part-damaged", RECORD)


@pytest.mark.parametrize(
    "change",
    [
        {"shard": {"number": 5, "count": 3}},
        {"shard": {"number": "1", "count": 3}},
        {"splits": {}},
        {"splits": {"train": 3}},
        {"files": {}},
        {"whole": {}},
        {"levels": 7},
        {"left_out": [1]},
        {"schema": "1"},
        {"settings": {}},
        {"deep": -1},
        {"converted": {"P to RGB": "all"}},
        {"levels": "1234"},
        {"levels": [0, 1, 2, -3]},
    ],
    ids=str,
)
def test_a_record_that_no_shard_wrote_is_refused(copy: Path, change: dict[str, object]) -> None:
    """Also where its seal fits: a part comes from another machine, and may be anybody's."""
    resealed(copy / "shard-1-of-3", **change)
    with pytest.raises(AssayError) as caught:
        run_merge(copy, out=copy.parent / "merged")
    assert caught.value.code in ("part-damaged", "part-foreign")
    assert not (copy.parent / "merged").exists()


#: What stands deeper in a record, and what no shard writes there.
DEEP: dict[str, tuple[tuple[object, ...], object]] = {
    "no recipe": (("settings", "recipe"), 3),
    "a setting of another type": (("settings", "checks"), 3),
    "no splits": (("whole", "counts"), []),
    "more images than there are": (("whole", "counts", 0, 1), 10**30),
    "fewer images than there are": (("whole", "counts", 0, 1), 700),
    "a size of nothing": (("whole", "shape"), [0, 0, 0]),
    "a size that no memory holds": (("whole", "shape"), [10**9, 10**9, 3]),
    "a size in words": (("whole", "shape"), "abc"),
    "classes that are numbers": (("whole", "classes"), [0, 1, 2, 3]),
    "a class twice": (("whole", "classes"), ["0", "0", "2", "3"]),
    "ids that are numbers": (("splits", "train", "ids", 0), 7),
    "ids in one text": (("splits", "train", "ids"), "x" * 512),
    "columns of numbers": (("splits", "train", "columns"), [["a", [1] * 512]]),
    "another resizing": (("splits", "train", "resize"), "zoom"),
}


@pytest.mark.parametrize("case", DEEP)
def test_a_record_of_other_types_or_numbers_is_refused(case: str, copy: Path) -> None:
    """In every part alike, so that none differs from the others; each with a seal that fits."""
    path, value = DEEP[case]
    for folder in copy.iterdir():
        content = read_record(folder)
        place = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        (folder / RECORD).write_text(as_json({"content": content, "sha256": seal(content)}))
    with pytest.raises(AssayError) as caught:
        run_merge(copy, out=copy.parent / "merged")
    assert caught.value.code in ("part-damaged", "bad-value", "unknown-check")
    assert len(str(caught.value)) < 600
    assert not (copy.parent / "merged").exists()


@pytest.mark.parametrize("file", [IMAGES, TABLES])
@pytest.mark.parametrize(
    "header",
    [
        b"\xff" * 8,
        (1 << 26).to_bytes(8, "little"),
        b"[" * 5000,
        b'{"train":{"dtype":"U8","shape":[512,18,18,1],"data_offsets":[0,%s]}}' % (b"9" * 5000),
        b'{"train":{"dtype":"U8","shape":[512,18,18,1],"data_offsets":[-1,165887]}}',
        b'{"train":{"dtype":"U8","shape":[1000000000000,18,18,1],"data_offsets":[0,324000000000000]}}',
        b'{"train":{"dtype":"U8","shape":[512,18,18],"data_offsets":[0,165888]}}',
        b'{"train":{"dtype":"U8","shape":[512,18,18,NaN],"data_offsets":[0,165888]}}',
        b'{"train":{"dtype":["U8"],"shape":[1],"data_offsets":[0,1]}}',
        b'{"train.rows.features":{"dtype":"U8","shape":[1000000000,0],"data_offsets":[0,0]}}',
        b'{"train.rows.features":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}1',
        b'{"train":3}',
        b"{}",
    ],
    ids=lambda header: header[:60].decode("latin-1"),
)
def test_a_header_that_promises_anything_is_refused(copy: Path, file: str, header: bytes) -> None:
    """Hash and seal put right: no memory is taken, and no time, on the promise of a header."""
    folder = copy / "shard-1-of-3"
    content = (
        header if header[:1] == b"\xff" or len(header) == 8 else len(header).to_bytes(8, "little") + header
    )
    (folder / file).write_bytes(content)
    files = read_record(folder)["files"]
    resealed(folder, files={**files, file: {**files[file], "sha256": hashlib.sha256(content).hexdigest()}})
    refused(copy, "part-damaged", "shard-1-of-3")


def test_a_record_without_an_end_is_refused_unread(copy: Path) -> None:
    """A hole of 40 GB on a disk is a few bytes; read, it took all memory."""
    with (copy / "shard-1-of-3" / RECORD).open("r+b") as file:
        file.truncate(40 << 30)
    refused(copy, "part-damaged", "more than")


def test_a_shard_does_not_write_what_no_merge_reads(gray: Path, tmp_path: Path, monkeypatch) -> None:
    """Told where more shards still help, before anything is written."""
    monkeypatch.setattr("assay.audits.parts.writing.LONGEST", 5000)
    with pytest.raises(AssayError, match="Use more shards") as caught:
        run_shard("1/1", gray, out=tmp_path / "parts", checks=("identity",))
    assert caught.value.code == "bad-value"
    assert list((tmp_path / "parts").iterdir()) == []


def _forged_tables(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """The tables of a part with other arrays, hash and seal put right."""
    arrays = dict(safetensors.numpy.load((folder / TABLES).read_bytes()))
    change(arrays)
    _put_tables(folder, safetensors.numpy.save(arrays))


def _put_tables(folder: Path, content: bytes) -> None:
    (folder / TABLES).write_bytes(content)
    files = read_record(folder)["files"]
    resealed(
        folder, files={**files, TABLES: {**files[TABLES], "sha256": hashlib.sha256(content).hexdigest()}}
    )


FORGED: dict[str, Callable[[dict[str, np.ndarray]], object]] = {
    "a label that is no class": lambda a: a["train.labels"].__setitem__(0, 1 << 40),
    "a label below zero": lambda a: a["train.labels"].__setitem__(slice(None), -1),
    "labels of another type": lambda a: a.update({"train.labels": a["train.labels"].astype(np.float32)}),
    "a label too few": lambda a: a.update({"train.labels": a["train.labels"][:-1]}),
    "digests of another type": lambda a: a.update({"train.digests": a["train.digests"].astype(np.int64)}),
    "counts of other images": lambda a: a["train.sums.counts"].__iadd__(1),
    "sums of another size": lambda a: a.update({"train.sums.sums": a["train.sums.sums"][:, :-1].copy()}),
    "sums as floats": lambda a: a.update({"train.sums.sums": a["train.sums.sums"].astype(np.float64)}),
    "a table of other width": lambda a: a.update({"train.rows.stats": a["train.rows.stats"][:, 1:].copy()}),
    "a table of other length": lambda a: a.update({"train.rows.stats": a["train.rows.stats"][1:].copy()}),
    "a table that is missing": lambda a: a.pop("train.rows.stats"),
}


@pytest.mark.parametrize("name", FORGED)
def test_tables_that_no_shard_wrote_are_refused(copy: Path, name: str) -> None:
    """Whatever the arrays are, with a hash and a seal that fit."""
    _forged_tables(copy / "shard-1-of-3", FORGED[name])
    refused(copy, "part-damaged", "shard-1-of-3")


def test_an_unchanged_forgery_is_read(copy: Path, tmp_path: Path) -> None:
    """The forger's seal is right: it is not that which is refused."""
    _forged_tables(copy / "shard-1-of-3", len)
    assert run_merge(copy, out=tmp_path / "merged").path == tmp_path / "merged"


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08" + b"\0" * 7 + b"{}      ", b"\xff" * 64])
def test_tables_that_are_no_arrays_are_refused(copy: Path, content: bytes) -> None:
    """Found by `python scripts/fuzz.py tables`."""
    _put_tables(copy / "shard-1-of-3", content)
    refused(copy, "part-damaged", "shard-1-of-3")


def test_own_features_and_a_merge_that_was_stopped(gray: Path, tmp_path: Path, monkeypatch) -> None:
    """Features of the user's own are read when merging; a stopped merge is finished by the same command."""
    fresh_cache(monkeypatch, tmp_path / "cache")
    with np.load(gray) as data:
        images = np.concatenate([data["x_train"], data["x_test"]]).reshape(1560, -1) / np.float32(255)
    layer = np.random.default_rng(0).normal(size=(images.shape[1], 12))
    np.save(tmp_path / "f.npy", (images @ layer).astype(np.float32))
    settings = {"checks": ("atypical", "drift"), "features": str(tmp_path / "f.npy")}
    run_audit(gray, out=tmp_path / "one", **settings)
    parts = in_shards(gray, tmp_path / "parts", 2, **settings)
    fresh_cache(monkeypatch, tmp_path / "another")

    class Killed(BaseException):
        pass

    def stop(event) -> None:
        if event.event == "finding":
            raise Killed

    with pytest.raises(Killed):
        run_merge(parts, out=tmp_path / "merged", on_event=stop)
    run_merge(parts, out=tmp_path / "merged")
    assert (tmp_path / "merged/audit.json").read_bytes() == (tmp_path / "one/audit.json").read_bytes()


def test_a_shard_run_twice_is_harmless(copy: Path, gray: Path) -> None:
    """The part stays to the byte; of data that changed meanwhile it is refused, and a damaged one is told."""
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    done = run_shard("2/3", gray, out=copy, checks=CHECKS)
    assert not done.new
    assert done.all_there
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    changed = other_pixels(gray, copy.parent)
    with pytest.raises(AssayError, match="part-foreign"):
        run_shard("2/3", changed, out=copy, checks=CHECKS)
    (copy / "shard-2-of-3" / RECORD).write_text("{}")
    with pytest.raises(AssayError, match="part-damaged"):
        run_shard("2/3", gray, out=copy, checks=CHECKS)


def test_a_folder_whose_files_changed_does_not_pass_as_the_part_of_before(
    color: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same names, same sizes, another pixel: the part that lies there is not that of these data."""
    fresh_cache(monkeypatch, tmp_path / "cache")
    data = Path(shutil.copytree(color, tmp_path / "photos"))
    first = min((data / "train").rglob("*.png"))
    Image.new("RGB", (18, 18), (9, 9, 9)).save(first)
    run_shard("1/3", data, out=tmp_path / "parts", checks=CHECKS)
    size = first.stat().st_size
    Image.new("RGB", (18, 18), (9, 9, 8)).save(first)
    assert first.stat().st_size == size
    with pytest.raises(AssayError, match="its images are not those"):
        run_shard("1/3", data, out=tmp_path / "parts", checks=CHECKS)


@contextmanager
def few_files_open() -> Iterator[None]:
    """This process may open 40 files more than it has open now."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = [number for number in range(len(used) + 41) if number not in used]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[40], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_more_shards_than_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty shards are parts as any other, and count nothing; not all parts need be open at once."""
    fresh_cache(monkeypatch, tmp_path / "cache")
    x, y = pictures(120, 1, 5)
    np.savez(tmp_path / "few.npz", x_train=x[:, :6, :6, 0], y_train=y)
    run_audit(tmp_path / "few.npz", out=tmp_path / "one", checks=CHECKS)
    parts = in_shards(tmp_path / "few.npz", tmp_path / "parts", 125, checks=CHECKS)
    with few_files_open():
        run_merge(parts, out=tmp_path / "merged")
    assert (tmp_path / "merged/audit.json").read_bytes() == (tmp_path / "one/audit.json").read_bytes()
    sizes = [len(read_record(folder)["splits"]["train"]["ids"]) for folder in sorted(parts.iterdir())]
    assert sorted(sizes) == [0] * 124 + [120]


KILLED = """
import os, signal, sys
from pathlib import Path
from assay.core import durable
from assay.workflow.shards import run_engine, run_merge, run_shard
left = int(sys.argv[3])
class Killing(durable.Files):
    def _count(self):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def write(self, file, data):
        self._count()
        super().write(file, data)
    def rename(self, source, target):
        self._count()
        super().rename(source, target)
durable.files = Killing()
if sys.argv[4:]:
    run_shard("2/3", Path(sys.argv[1]), out=sys.argv[2], checks=sys.argv[4].split(","))
else:
    run_merge(sys.argv[1], out=sys.argv[2])
"""


def killed(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_a_killed_worker_leaves_no_half_of_a_part(copy: Path, gray: Path, parts: Path) -> None:
    """Wherever SIGKILL comes: the part is missing, and run again it is the same to the byte."""
    place = copy / "shard-2-of-3"
    shutil.rmtree(place)
    kills = 0
    for at in (1, 3, 5, 8, 12, 40):
        done = killed(gray, copy, at, ",".join(CHECKS))
        if done.returncode == 0:
            assert place.is_dir()
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
        assert not place.exists()
        refused(copy, "parts-missing", "2/3")
    assert kills >= 3
    run_shard("2/3", gray, out=copy, checks=CHECKS)
    for file in (RECORD, TABLES, IMAGES):
        assert (place / file).read_bytes() == (parts / place.name / file).read_bytes(), file
    assert list(copy.glob(f"{TEMPORARY}*")) == []  # what the killed ones left is swept
    run_merge(copy, out=copy.parent / "merged")


def test_a_killed_merge_is_finished_by_the_same_command(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever SIGKILL comes: every file is that of an undisturbed merge, and nothing is left over."""
    run_merge(copy, out=tmp_path / "undisturbed")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    for at in (1, 6, 18):
        fresh_cache(monkeypatch, tmp_path / f"cache {at}")
        done = killed(copy, tmp_path / "merged", at)
        assert done.returncode == -signal.SIGKILL, done.stderr
    run_merge(copy, out=tmp_path / "merged")
    found, expected = (
        {
            path.relative_to(tmp_path / run): path.read_bytes()
            for path in (tmp_path / run).rglob("*")
            if path.is_file() and path.name != "manifest.json"
        }
        for run in ("merged", "undisturbed")
    )
    assert found == expected
    assert Path("report.html") in found
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_what_another_machine_is_writing_into_the_parts_stays(copy: Path, gray: Path) -> None:
    """A shard that runs there sweeps what its own machine left, and a merge passes over the rest."""
    theirs = copy / f"{TEMPORARY}1-{'ab' * 16}-0a1b2c3d"
    (theirs / "within").mkdir(parents=True)
    ours = copy / f"{TEMPORARY}{2**22 + 1}-{'cd' * 16}-{durable._where()}"
    ours.mkdir()
    run_shard("2/3", gray, out=copy, checks=CHECKS)
    assert theirs.is_dir()
    assert not ours.exists()
    run_merge(copy, out=copy.parent / "merged")


def test_a_full_disk_while_merging_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 5; the parts are as they were, and with room again the same command does it."""

    class Full(durable.Files):
        def write(self, file, data) -> None:
            if len(data) > 10_000:
                raise OSError(28, "No space left on device")
            super().write(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "files", Full())
        with pytest.raises(AssayError, match="disk-full") as caught:
            run_merge(copy, out=copy.parent / "merged")
    assert caught.value.exit_code == 5
    run_merge(copy, out=copy.parent / "merged")
    assert (copy.parent / "merged" / "report.html").exists()


def test_a_full_disk_is_told_and_leaves_nothing(
    gray: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 5, and the folder of parts is as it was."""
    fresh_cache(monkeypatch, tmp_path / "cache")

    class Full(durable.Files):
        def write(self, file, data) -> None:
            if len(data) > 10_000:
                raise OSError(28, "No space left on device")
            super().write(file, data)

    monkeypatch.setattr(durable, "files", Full())
    with pytest.raises(AssayError, match="disk-full") as caught:
        run_shard("1/3", gray, out=tmp_path / "parts", checks=CHECKS)
    assert caught.value.exit_code == 5
    assert list((tmp_path / "parts").iterdir()) == []


def test_the_manifest_tells_of_the_parts(copy: Path, tmp_path: Path) -> None:
    """How many, and where: in the manifest alone, so that all else is as of one process. What no part is,
    such as a scheduler's log, is passed over."""
    (copy / "slurm-17.out").write_text("a log")
    (copy / "logs").mkdir()
    run_merge(copy, out=tmp_path / "merged")
    manifest = json.loads((tmp_path / "merged" / "manifest.json").read_text())
    assert manifest["parts"] == {"folder": str(copy), "shards": 3}


def test_the_command_refuses_what_one_shard_cannot_tell(gray: Path, tmp_path: Path, capsys) -> None:
    """A gate is of the whole; parts need a folder."""
    from assay.cli.main import exit_code

    shard = ["audit", str(gray), "--shard", "1/2"]
    assert exit_code([*shard, "--out", str(tmp_path / "p"), "--fail-on", "leakage>0"]) == 2
    assert "--fail-on" in capsys.readouterr().err
    assert exit_code(shard) == 2
    assert "--out PARTS" in capsys.readouterr().err
    assert exit_code([*shard[:3], "3/2", "--out", str(tmp_path / "p")]) == 2
    assert exit_code([*shard, "--out", str(tmp_path / "p"), "--test-fraction", "0.2"]) == 2
    assert exit_code(["merge", str(tmp_path / "p")]) == 4


def test_a_backbone_that_does_not_exist_is_refused_before_a_shard_measures(tmp_path: Path) -> None:
    """By shard, engine and audit alike, with the names that there are."""
    nowhere, asked = tmp_path / "nowhere", {"backbone": "nonsense"}
    commands = (
        lambda: run_shard("1/2", nowhere, out=tmp_path / "parts", **asked),
        lambda: run_engine(nowhere, engine="processes", out=tmp_path / "run", **asked),
        lambda: run_audit(nowhere, out=tmp_path / "run", **asked),
    )
    for command in commands:
        with pytest.raises(AssayError) as refused:
            command()
        assert refused.value.code == "bad-value"
        assert "efficientnet-lite0" in refused.value.fix

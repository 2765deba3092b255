"""Archives: the same set as the folder inside, or refused whole with nothing written outside."""

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.durable import TEMPORARY
from assay.core.errors import AssayError
from assay.workflow.load import load


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def png(value: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((4, 3), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


FILES = {
    f"photos/{split}/{label}/{i}.png": png(10 * i + len(label) + len(split))
    for split in ("train", "test")
    for label in ("ant", "be")
    for i in range(3)
}


@pytest.fixture
def expected(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "plain" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return load(tmp_path / "plain" / "photos")


def zipped(path: Path, files=FILES, **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files=FILES) -> Path:
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def refused(path: Path, code: str) -> str:
    with pytest.raises(AssayError) as caught:
        load(path)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz", "set.tgz", "set.tar.bz2"])
def test_an_archive_of_a_folder_is_the_folder(name, tmp_path, expected, cache):
    """The same fingerprint; nothing unpacked is left; a second read comes from the cache."""
    path = (zipped if name.endswith(".zip") else tarred)(tmp_path / name)
    found = load(path)
    assert found.fingerprints == expected.fingerprints
    assert found.classes == expected.classes
    assert (found.name, found.source, found.location) == ("set", "archive", str(path))
    assert load(path) == found
    assert not list(cache.glob(".assay-tmp*"))


def test_an_archive_of_idx_or_numpy_files(tmp_path, idx_folder, labelled):
    """Whatever could lie in a folder may lie in an archive."""
    path = zipped(tmp_path / "idx.zip", {file.name: file.read_bytes() for file in idx_folder.iterdir()})
    assert load(path).fingerprints == load(idx_folder).fingerprints
    np.save(tmp_path / "images.npy", labelled(10)[0])
    np.save(tmp_path / "labels.npy", labelled(10)[1])
    names = ("images.npy", "labels.npy")
    path = tarred(tmp_path / "npy.tar", {name: (tmp_path / name).read_bytes() for name in names})
    np.testing.assert_array_equal(load(path).train.images[..., 0], labelled(10)[0])


def test_unreadable_images_inside(tmp_path):
    """They stop, or are listed, as in a folder."""
    path = zipped(tmp_path / "set.zip", {**FILES, "photos/train/ant/bad.png": b"\x89PNG\r\n\x1a\n"})
    assert "1 image cannot be read: train/ant/bad.png" in refused(path, "image-unreadable")
    found = load(path, skip_bad=True)
    assert [item.id for item in found.left_out] == ["train/ant/bad.png"]


SLIPS = [
    "../out.png",
    "/tmp/out.png",
    "a/../../out.png",
    "C:\\out.png",
    "a\\..\\..\\out.png",
    "c:out.png",
    "..",
]


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_are_refused(kind, name, tmp_path):
    """The whole archive, also the harmless entries before; nothing is written outside (case 18)."""
    files = {**FILES, name: b"x"}
    path = zipped(tmp_path / "set.zip", files) if kind == "zip" else tarred(tmp_path / "set.tar", files)
    before = sorted(file.name for file in tmp_path.iterdir())
    assert "leads out" in refused(path, "archive-refused")
    assert sorted({*before, "cache"}) == sorted(file.name for file in tmp_path.iterdir())
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_name_with_nul_is_refused(tmp_path):
    """Readers cut it at the NUL: "a.png" and "a.png\\0.exe" would be one."""
    path = zipped(tmp_path / "set.zip", {"a/bX.png": png(1)})
    path.write_bytes(path.read_bytes().replace(b"a/bX.png", b"a/b\0.png"))
    refused(path, "archive-refused")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(kind, tmp_path):
    """Symbolic link, hard link, device, pipe."""
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a/link.png")
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    refused(path, "archive-refused")


def test_links_in_a_zip_are_refused(tmp_path):
    """They are files with a special attribute."""
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("a/link.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    refused(path, "archive-refused")


def test_two_files_of_one_name_are_refused(tmp_path):
    """Which one is meant?"""
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(tmp_path / "set.zip", "w") as archive,
    ):
        for _ in range(2):
            archive.writestr("a/x.png", png(1))
    assert "twice" in refused(tmp_path / "set.zip", "archive-refused")


def test_an_encrypted_zip_is_refused(tmp_path):
    """The flag alone is enough."""
    path = zipped(tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refused(path, "archive-refused")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused_before_it_is_unpacked(kind, tmp_path):
    """80 MB of zeros in a few kilobytes (case 15, for archives)."""
    files = {"a/x.png": bytes(80 << 20)}
    if kind == "zip":
        path = zipped(tmp_path / "set.zip", files, compression=zipfile.ZIP_DEFLATED)
    else:
        path = tarred(tmp_path / "set.tar.gz", files)
    refused(path, "archive-too-large")


def test_too_many_files_are_refused_by_the_end_record(tmp_path):
    """A million entries are not even listed (case 19); the 64-bit record counts too."""
    path = tmp_path / "set.zip"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 46 * 10**6, 0)
    path.write_bytes(wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + end)
    refused(path, "archive-too-large")
    path.write_bytes(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 200_000_000, 0, 0))
    refused(path, "archive-too-large")


def test_an_archive_in_an_archive_is_not_unpacked(tmp_path):
    """Nothing that can be read lies in it."""
    inner = zipped(tmp_path / "inner.zip")
    refused(zipped(tmp_path / "outer.zip", {"a/inner.zip": inner.read_bytes()}), "too-few-images")


def test_a_tar_header_that_would_be_swallowed_is_refused(tmp_path):
    """A long-name entry of 10 MB: readers take it into memory whole."""
    path = tmp_path / "set.tar"
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", 10 << 20
    path.write_bytes(info.tobuf() + bytes((10 << 20) + 1024))
    refused(path, "archive-refused")


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz", "set.tar.bz2"])
def test_a_cut_or_changed_archive_is_refused_or_the_same(name, tmp_path, expected):
    """Cut or flip anywhere: an error of one line, or exactly the pictures that were packed."""
    path = (zipped if name.endswith(".zip") else tarred)(tmp_path / name)
    content = path.read_bytes()
    step = max(1, len(content) // 12)
    for place in range(0, len(content), step):
        flipped = bytearray(content)
        flipped[place] ^= 0x55
        for broken in (content[:place], bytes(flipped)):
            path.write_bytes(broken)
            try:
                found = load(path)
                assert found.fingerprints == expected.fingerprints
            except AssayError as error:
                assert error.exit_code in (2, 3)


@pytest.mark.parametrize("shift", [1000, -10, 1 << 30])
def test_entries_that_begin_outside_of_the_file(tmp_path, shift):
    """An end record that lies about the place of the directory moves all entries; no fault of the disk."""
    path = zipped(tmp_path / "set.zip")
    content = path.read_bytes()
    place = struct.unpack_from("<L", content, len(content) - 6)[0]
    path.write_bytes(content[:-6] + struct.pack("<L", place + shift) + content[-2:])
    with pytest.raises(AssayError) as caught:
        load(path)
    assert (caught.value.code, caught.value.exit_code) == ("archive-refused", 3)


def refused_as(path: Path, cache: Path, *words: str) -> None:
    """Exit 3, `archive-refused`, with these words; nothing is left, and the next set is read as ever."""
    with pytest.raises(AssayError) as caught:
        load(path)
    assert (caught.value.code, caught.value.exit_code) == ("archive-refused", 3)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "disk" not in str(caught.value)
    assert not list(cache.glob(f"{TEMPORARY}*"))
    assert len(load(zipped(path.parent / "good.zip")).train) == 6


LAYOUTS = {
    "2,000 folders deep": ([f"{'a/' * 2000}x.png"], "folders deep"),
    "65 folders deep": ([f"{'a/' * 65}x.png"], "folders deep"),
    "a folder of 300 bytes": ([f"{'n' * 300}/x.png"], "300 bytes"),
    "a file of 300 bytes": ([f"c/{'n' * 296}.png"], "300 bytes"),
    "a name of 300 bytes in 100 letters": ([f"c/{chr(0x20AC) * 100}"], "300 bytes"),
    "4,000 bytes in all": (["/".join(["n" * 199] * 20)], "longer than"),
    "a file that is a folder": (["c/x.png", "c/x.png/y.png"], "a file and a folder"),
    "a folder that is a file": (["c/x.png/y.png", "c/x.png"], "a file and a folder"),
    "an empty folder that is a file": (["c/x.png", "c/x.png/"], "a file and a folder"),
    "twice": (["c/x.png", "c/x.png"], "occurs twice"),
    "twice by a dot": (["c/x.png", "./c/x.png"], "occurs twice"),
    "twice by a double stroke": (["c/x.png", "c//x.png"], "occurs twice"),
    "no name but a dot": (["./."], "no name"),
}


@pytest.mark.parametrize("form", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_no_folder_can_hold_is_refused(layout, form, tmp_path, cache):
    """Before anything is unpacked, as the archive's fault and not the disk's."""
    names, words = LAYOUTS[layout]
    path = tmp_path / form
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"" if name.endswith("/") else png(1))
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                info.size = 0 if info.isdir() else len(png(1))
                archive.addfile(info, None if info.isdir() else io.BytesIO(png(1)))
    refused_as(path, cache, words)


def test_a_folder_twice_is_no_harm(tmp_path, expected):
    """Packers name folders as often as they like, also the root."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in (".", "photos", "photos/", "./photos"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, content in FILES.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert load(tmp_path / "a.tar").fingerprint == expected.fingerprint


@pytest.mark.parametrize("form", ["gnu", "pax-0.0", "pax-0.1", "pax-1.0"])
def test_a_sparse_file_is_refused(form, tmp_path, cache):
    """Some bytes that stand for three gigabytes of zeros, in each of the forms that tar knows."""
    huge = 3 << 30
    info = tarfile.TarInfo("c/x.png")
    if form == "gnu":
        info.size = 512
        head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        head[156:157] = b"S"
        head[386:410] = b"%011o\0%011o\0" % (0, 512)
        head[483:495] = b"%011o\0" % huge
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        content = bytes(head) + bytes(512)
    else:
        body = b"1\n0\n512\n".ljust(512, b"\0") + bytes(512) if form == "pax-1.0" else bytes(512)
        info.size = len(body)
        pax = {"GNU.sparse.size": str(huge), "GNU.sparse.numblocks": "1"}
        pax |= {
            "pax-0.0": {"GNU.sparse.offset": "0", "GNU.sparse.numbytes": "512"},
            "pax-0.1": {"GNU.sparse.map": "0,512"},
            "pax-1.0": {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(huge)},
        }[form]
        info.pax_headers = pax
        content = info.tobuf(tarfile.PAX_FORMAT) + body
    (tmp_path / "a.tar").write_bytes(content + bytes(1024))
    refused_as(tmp_path / "a.tar", cache, "sparse")
    assert sum(p.stat().st_blocks * 512 for p in cache.rglob("*") if p.is_file()) < 1 << 20


def test_a_tar_after_a_tar_is_refused(tmp_path):
    """Tools that unpack stop at the end of the first: half of the set was missing without a word."""
    one = tarred(tmp_path / "one.tar").read_bytes()
    (tmp_path / "two.tar").write_bytes(one + one)
    assert "another archive follows" in refused(tmp_path / "two.tar", "archive-refused")
    (tmp_path / "padded.tar").write_bytes(one + b"\0" * 9000 + b"signed")
    load(tmp_path / "padded.tar")

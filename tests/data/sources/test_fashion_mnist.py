"""Fashion-MNIST's way from wherever it lies into the cache, with small files in place of the real ones."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from assay.core import durable
from assay.core.cache_folder import cache_folder
from assay.core.errors import AssayError
from assay.core.files import Files
from assay.data.releases import RELEASES
from assay.data.request import Request
from assay.data.sources import fashion_mnist
from assay.data.storage.cache import QUARANTINE
from assay.data.storage.mirrors import DebianPackage, Folder
from assay.workflow.load import load

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def digests(idx_folder):
    return {
        path.name: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
        for path in idx_folder.iterdir()
    }


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def fetch(idx_folder, digests, cache, heard):
    """Load from some places (the intact folder when none is named)."""

    def fetch_from(*places, offline=False):
        request = Request("fashion-mnist", offline=offline, on_event=heard)
        return fashion_mnist.read_from(places or (Folder(idx_folder),), request, cache, digests)

    return fetch_from


def only_the_entry(cache: Path) -> bool:
    return sorted(path.name for path in cache.iterdir()) == ["fashion-mnist-2"]


def copy(folder: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def damage(path: Path) -> None:
    """Change the decoded content: the last pixel of an otherwise perfect file."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))


def test_the_same_data_whatever_place_served(fetch, idx_folder, cache):
    """Source, name and fingerprint do not tell the place; the location is the cache."""
    first = fetch()
    durable.remove(cache / "fashion-mnist-2")
    drop = copy(idx_folder, fashion_mnist.drop_folder(cache))
    assert fetch(Folder(Path("/nowhere"))) == first
    durable.remove(drop.parent)
    assert first.source == "fashion-mnist"
    assert Path(first.location) == cache / "fashion-mnist-2"
    assert only_the_entry(cache)


def test_a_second_load_asks_no_place(fetch):
    """What is in the cache is used; offline too."""
    first = fetch()
    assert fetch(Folder(Path("/nowhere")), offline=True) == first


def test_a_flipped_bit_in_the_cache_is_noticed_and_mended(fetch, cache, heard):
    """Damage is quarantined, told, and the entry made again (case 6)."""
    good = fetch()
    pixels = cache / "fashion-mnist-2" / "train-images.npy"
    for place in (3, 200, pixels.stat().st_size - 1):
        content = bytearray(pixels.read_bytes())
        content[place] ^= 4
        pixels.write_bytes(content)
        heard.clear()
        assert fetch() == good
        assert "the cache is damaged" in heard.warnings()[0]
        assert len(list((cache / QUARANTINE).iterdir())) == 1


@pytest.mark.parametrize("name", fashion_mnist.SHA256)
def test_changed_content_is_never_used(fetch, idx_folder, name, cache, heard):
    """A wrong digest of any of the four files: the next intact place serves (case 2)."""
    drop = copy(idx_folder, fashion_mnist.drop_folder(cache))
    damage(drop / name)
    good = fetch()
    assert good.fingerprints
    assert any("decoded content has SHA-256" in text for text in heard.warnings())
    assert not (drop / name).exists()
    assert [path.name.startswith(name) for path in (cache / QUARANTINE).iterdir()] == [True]


@pytest.mark.parametrize("name", fashion_mnist.SHA256)
def test_damage_without_an_intact_copy_is_an_integrity_error(fetch, idx_folder, digests, name, cache):
    """Exit 4, with expected and actual digest; nothing is made (case 2)."""
    damage(idx_folder / name)
    actual = hashlib.sha256(gzip.decompress((idx_folder / name).read_bytes())).hexdigest()
    with pytest.raises(AssayError) as caught:
        fetch()
    assert (caught.value.code, caught.value.exit_code) == ("hash-mismatch", 4)
    assert digests[name] in str(caught.value)
    assert actual in str(caught.value)
    assert str(idx_folder / name) in str(caught.value)
    assert (idx_folder / name).exists(), "a file of the user's is never moved"
    assert not (cache / "fashion-mnist-2").exists()


def test_every_cut_and_flip_of_a_file_is_survived(fetch, idx_folder, cache, tmp_path):
    """Cut or flip the training labels anywhere: the drop folder's intact copy is used, or it is refused."""
    good = fetch()
    durable.remove(cache / "fashion-mnist-2")
    path = idx_folder / "train-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 8)
        for broken in (content[:place], bytes(flipped)):
            path.write_bytes(broken)
            try:
                assert fetch() == good
            except AssayError as error:
                assert error.exit_code in (3, 4)
                assert "\n" not in str(error)
            durable.remove(cache / "fashion-mnist-2")


def test_files_are_taken_from_several_places(fetch, idx_folder, tmp_path):
    """One place has the images, another the labels."""
    other = copy(idx_folder, tmp_path / "other")
    for path in idx_folder.iterdir():
        ((idx_folder if "images" in path.name else other) / path.name).unlink()
    assert len(fetch(Folder(idx_folder), Folder(other)).train) == 40


def test_unpacked_files_count_too(fetch, idx_folder):
    """A place may have the files without .gz."""
    for path in list(idx_folder.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert len(fetch().train) == 40


def test_no_place_at_all_names_files_and_folder(fetch, cache, heard):
    """Exit 5 with what is wanted and where to put it; one warning for each place (case 5)."""
    with pytest.raises(AssayError) as caught:
        fetch(Folder(Path("/nowhere")), Folder(Path("/nothing")), offline=True)
    assert caught.value.exit_code == 5
    for name in fashion_mnist.SHA256:
        assert name in caught.value.fix
    assert str(cache / "downloads" / "fashion-mnist") in caught.value.fix
    assert len(heard.warnings()) == 3
    assert [path.name for path in cache.iterdir()] == []


@dataclass(frozen=True)
class Forbidden:
    """A place on the network that must not be asked."""

    network = True

    def describe(self, name=""):  # noqa: ARG002
        return "network"

    def fetch(self, name, scratch, largest, on_event):  # noqa: ARG002
        raise AssertionError("the network was asked")


def test_offline_asks_no_network(fetch, idx_folder, cache):
    """Not even after every folder failed."""
    assert len(fetch(Forbidden(), Folder(idx_folder), offline=True).train) == 40
    durable.remove(cache / "fashion-mnist-2")
    with pytest.raises(AssertionError):
        fetch(Forbidden())


def test_the_drop_folder_comes_first(fetch, idx_folder, cache):
    """Files that the user put there are used before any other place is asked."""
    copy(idx_folder, fashion_mnist.drop_folder(cache))
    assert len(fetch(Forbidden()).train) == 40


PROCESS = """
    import fcntl, sys
    from pathlib import Path
    from assay.data.storage.mirrors import Folder
    from assay.data.request import Request
    from assay.data.sources import fashion_mnist
    import gzip, hashlib
    folder, cache, locks = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if locks == "broken":
        fcntl.flock = lambda *arguments: None
    digests = {p.name: hashlib.sha256(gzip.decompress(p.read_bytes())).hexdigest() for p in folder.iterdir()}
    data = fashion_mnist.read_from((Folder(folder),), Request("fashion-mnist"), cache, digests)
    print(data.fingerprint)
"""


@pytest.mark.parametrize("locks", ["working", "broken"])
def test_eight_processes_on_an_empty_cache(idx_folder, cache, locks):
    """All succeed with one result, also where locks do not work (case 7)."""
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), str(idx_folder), str(cache), locks]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    printed = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 8
    assert len(set(printed)) == 1
    assert only_the_entry(cache)


HOLDER = """
    import sys, time
    from pathlib import Path
    from assay.core import durable
    cache = Path(sys.argv[1])
    with durable.lock(cache / "fashion-mnist-2.lock"):
        with durable.scratch_directory(cache):
            print("held", flush=True)
            time.sleep(600)
"""


def test_a_killed_lock_holder_stops_nobody(fetch, cache):
    """kill -9 of the process that builds: the next one proceeds, and its litter is gone (case 8)."""
    cache.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    assert len(list(cache.iterdir())) == 2
    assert len(fetch().train) == 40
    assert only_the_entry(cache)


class FailingFiles(Files):
    """The operating system, out of space or read-only at its n-th change."""

    def __init__(self, n, number):
        self.left, self.number = n, number

    def _count(self):
        self.left -= 1
        if self.left == 0:
            raise OSError(self.number, os.strerror(self.number))

    def open_new(self, path):
        self._count()
        return super().open_new(path)

    def write(self, file, data):
        self._count()
        super().write(file, data)

    def sync(self, file):
        self._count()
        super().sync(file)

    def rename(self, source, target):
        self._count()
        super().rename(source, target)

    def make_directory(self, path):
        self._count()
        super().make_directory(path)


@pytest.mark.parametrize("number", [28, 30], ids=["full", "read-only"])
def test_a_full_or_read_only_cache_at_every_change(fetch, cache, number, monkeypatch):
    """Exit 5 with bytes needed and free; the cache stays valid and the next run succeeds (case 9)."""
    for n in range(1, 1000):
        with monkeypatch.context() as patched:
            failing = FailingFiles(n, number)
            patched.setattr(durable, "files", failing)
            try:
                fetch()
            except AssayError as error:
                assert error.exit_code == 5
                assert "bytes needed" in error.what
                assert "bytes free" in error.what
        if failing.left > 0:
            break
        assert not (cache / "fashion-mnist-2").exists() or len(fetch().train) == 40
        durable.remove(cache / "fashion-mnist-2") if cache.exists() else None
    assert n > 20
    assert only_the_entry(cache)


def test_the_debian_package_is_unpacked_not_installed(idx_folder, digests, fetch, tmp_path, monkeypatch):
    """`apt-get download` and `dpkg-deb -x`, here stand-ins that hand out the small files."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "apt-get": '#!/bin/sh\nfor last; do :; done\ntouch "${last}_1_all.deb"\n',
        "dpkg-deb": f'#!/bin/sh\nmkdir -p "$3/usr" && cp -r {idx_folder} "$3/usr/files"\n',
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    assert len(fetch(DebianPackage("some-package", "usr/files")).train) == 40


@pytest.mark.parametrize("failing", ["apt-get", "dpkg-deb", "both missing"])
def test_a_package_manager_that_fails_is_one_more_place_that_failed(fetch, tmp_path, monkeypatch, failing):
    """Its last line of complaint is told; nothing crashes."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in () if failing == "both missing" else ("apt-get", "dpkg-deb"):
        (programs / name).write_text(
            f"#!/bin/sh\ntouch p_1_all.deb\necho problem of {name} >&2\nexit {int(name == failing)}\n"
        )
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin" if failing != "both missing" else str(programs))
    with pytest.raises(AssayError) as caught:
        fetch(DebianPackage("p", "usr/files"))
    assert caught.value.code == "data-unavailable"


@pytest.mark.real_data
def test_the_real_set_is_the_published_one():
    """60,000 and 10,000 images, equally many of each class, with the published statistics."""
    try:
        data = load("fashion-mnist", offline=True)
    except AssayError as error:
        pytest.skip(f"Fashion-MNIST is not on this machine ({error.code})")
    assert data.train.counts(10).tolist() == [6000] * 10
    assert data.splits["test"].counts(10).tolist() == [1000] * 10
    assert round(float(data.train.images.mean()), 4) == 72.9404
    assert round(float(np.std(data.train.images)), 4) == 90.0212
    assert round(float(data.splits["test"].images.mean()), 4) == 73.1466
    released = RELEASES["fashion-mnist"].splits
    assert data.fingerprints == {name: split.fingerprint for name, split in released.items()}


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    """`ASSAY_CACHE` moves the cache; empty means not set."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("ASSAY_CACHE", "")
    assert cache_folder().name == "assay"

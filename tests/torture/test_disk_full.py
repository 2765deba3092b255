"""Every command that writes, on a file system that really gets full: a tmpfs of some megabytes.

Where mounting is not allowed these tests are skipped; `test_every_command_on_a_disk_that_gets_full` refuses
the calls instead, and `test_a_full_disk_is_told_also_when_buffers_are_emptied` the bytes.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from torture.conftest import Forker
from torture.test_cache import PLACES
from torture.writing import WRITERS, Writer, copy, do, ends_well, lies_there, make_ready, told

DISK_FULL = 5

#: Bytes of the file system; a page is the least that it gives.
SIZE, PAGE = 48 << 20, 4096

#: How much of what a command writes still fits when it begins.
PARTS = tuple(float(part) for part in os.environ.get("ASSAY_DISK_FULL", "0,0.1,0.4,0.7,0.9").split(","))


@pytest.fixture(scope="module")
def ready(forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands read."""
    return make_ready(forker, tmp_path_factory.mktemp("writers"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of `SIZE` bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "assay-test", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _free(place: Path) -> int:
    return shutil.disk_usage(place).free


@contextmanager
def _only(place: Path, free: int) -> Iterator[None]:
    """Nothing but `free` bytes left there, until the block ends."""
    filling = place / "filling"
    with filling.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, max(_free(place) - free, PAGE))
    try:
        yield
    finally:
        filling.unlink()


def _taken(forker: Forker, ready: Path, disk: Path, writer: Writer) -> tuple[dict[str, str], int]:
    """What an undisturbed command leaves, and the bytes that it takes."""
    place = copy(ready, disk / "place")
    before = _free(disk)
    assert do(forker, place, writer.command) == 0, told(place)
    wanted, taken = lies_there(place), before - _free(disk)
    shutil.rmtree(place)
    return wanted, taken


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_on_a_file_system_that_is_full(
    forker: Forker, ready: Path, disk: Path, name: str, tally: Counter[str]
) -> None:
    """Exit 5 in one line, or 0 where what did not fit only saves time; with space it ends as ever."""
    _starve(forker, ready, disk, WRITERS[name], PARTS, tally)


def test_a_file_system_that_is_full(forker: Forker, ready: Path, disk: Path, tally: Counter[str]) -> None:
    """The same of one command, once."""
    _starve(forker, ready, disk, WRITERS["convert to npz"], (0.4,), tally)


def _starve(
    forker: Forker, ready: Path, disk: Path, writer: Writer, parts: tuple[float, ...], tally: Counter[str]
) -> None:
    wanted, taken = _taken(forker, ready, disk, writer)
    refused = 0
    for part in parts:
        place, free = copy(ready, disk / "place"), int(part * taken) // PAGE * PAGE
        where = f"{free:,} bytes free of {taken:,} that it takes"
        with _only(disk, free):
            # Its words go to another disk, or they would be lost.
            log = disk.parent / "log"
            code = forker.do(job="write", folder=place, arguments=writer.command, log=log)
        said = log.read_text()
        assert "Traceback" not in said, f"{where}: {said}"
        assert "error[bug]" not in said, f"{where}: {said}"
        assert code == 0 or (code == DISK_FULL and said.count("error[disk-full]") == 1), (
            f"{where}: {code} {said}"
        )
        refused += code == DISK_FULL
        ends_well(forker, place, writer, wanted, where)
        shutil.rmtree(place)
        tally["commands on a full file system"] += 1
    assert refused, "nothing was refused"


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_every_command_whose_cache_is_on_a_file_system_that_is_full(
    forker: Forker, ready: Path, disk: Path, tmp_path: Path, name: str, tally: Counter[str]
) -> None:
    """Exit 5 in one line where data do not fit there; else what it ever leaves, for the rest saves time."""
    _starve_cache(forker, ready, disk, tmp_path, WRITERS[name])
    tally["commands whose cache is on a full file system"] += 1


def test_a_merge_whose_cache_is_full(forker: Forker, ready: Path, disk: Path, tmp_path: Path) -> None:
    """It keeps nothing for the next time, says so, and leaves what it ever leaves."""
    code, said = _starve_cache(forker, ready, disk, tmp_path, WRITERS["merge"])
    assert code == 0
    assert "not kept for the next time: no space left" in said


def _starve_cache(forker: Forker, ready: Path, disk: Path, tmp_path: Path, writer: Writer) -> tuple[int, str]:
    """The command with an empty cache on the full disk, and all else where there is space."""
    wanted_place = copy(ready, tmp_path / "wanted")
    assert do(forker, wanted_place, writer.command) == 0, told(wanted_place)
    wanted = lies_there(wanted_place)
    place, cache = copy(ready, tmp_path / "place"), disk / "cache"
    shutil.rmtree(place / "cache", ignore_errors=True)
    cache.mkdir()
    (place / "cache").symlink_to(cache)
    with _only(disk, PAGE):
        code = do(forker, place, writer.command)
    said = told(place)
    assert "Traceback" not in said and "error[bug]" not in said, said
    assert code == 0 or (code == DISK_FULL and said.count("error[disk-full]") == 1), f"{code} {said}"
    if code == 0:
        assert lies_there(place) == wanted
    ends_well(forker, place, writer, wanted, "with space in the cache")
    return code, said


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("part", [0.0, 0.3, 0.8])
def test_reading_into_a_cache_that_is_full(
    forker: Forker, disk: Path, tmp_path: Path, kind: str, part: float, tally: Counter[str]
) -> None:
    """Files fetched from a mirror, or pictures decoded: exit 5 in one line; with space the cache is filled,
    and holds what it would have held, and nothing else."""
    data = PLACES[kind](tmp_path / kind)
    before = _free(disk)
    assert forker.do(job="read", data=data, folder=disk / "whole") == 0
    taken, entry = before - _free(disk), sorted(path.name for path in (disk / "whole").iterdir())
    shutil.rmtree(disk / "whole")
    with _only(disk, int(part * taken) // PAGE * PAGE):
        code = forker.do(job="read", data=data, folder=disk / "cache", log=tmp_path / "log")
    said = (tmp_path / "log").read_text()
    assert code == DISK_FULL, said
    assert said.count("\n") == 1
    assert said.startswith("error[disk-full]")
    assert forker.do(job="read", data=data, folder=disk / "cache") == 0
    assert sorted(path.name for path in (disk / "cache").iterdir()) == entry
    tally["reads into a full cache"] += 1

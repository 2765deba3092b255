"""Google Cloud Storage, as a local server speaks it: needs gcsfs and gcp-storage-emulator."""

import io
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load
from data.sources.cloud.local_server import local_server

gcsfs = pytest.importorskip("gcsfs")
pytest.importorskip("gcp_storage_emulator")

#: A server on a free port, which it tells on its first line, until its input ends.
_SERVER = """
from gcp_storage_emulator.server import create_server
server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="photos-there")
server.start()
print(server._api._httpd.server_port, flush=True)
sys.stdin.read()
server.stop()
"""

#: Packages behind gs:// warn of their own.
pytestmark = pytest.mark.filterwarnings("ignore")

Put = Callable[[str, bytes], None]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server in a process of its own."""
    with local_server(_SERVER) as address:
        yield address


@pytest.fixture
def put(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts an object into the bucket `photos-there`; the environment tells where that is."""
    gcsfs.GCSFileSystem.clear_instance_cache()
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    monkeypatch.setenv("FSSPEC_GS_TOKEN", "anon")

    def upload(name: str, content: bytes) -> None:
        target = f"{server}/upload/storage/v1/b/photos-there/o?uploadType=media&name={name}"
        urllib.request.urlopen(urllib.request.Request(target, content, method="POST")).close()

    return upload


def png(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 5, 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


def parquet(count: int) -> bytes:
    pyarrow, out = pytest.importorskip("pyarrow"), io.BytesIO()
    images = [{"bytes": png(row), "path": f"{row}.png"} for row in range(count)]
    table = pyarrow.table({"image": images, "label": [row % 3 for row in range(count)]})
    pytest.importorskip("pyarrow.parquet").write_table(table, out)
    return out.getvalue()


def test_a_tree_and_a_file_of_a_bucket_are_those_of_a_folder(put: Put, tmp_path: Path) -> None:
    """The same images and labels, of pictures in folders and of Parquet."""
    for row in range(6):
        name = f"class-{row % 2}/{row}.png"
        put(f"tree/{name}", png(row))
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(png(row))
    (tmp_path / "set.parquet").write_bytes(parquet(9))
    put("packed/set.parquet", parquet(9))
    for there, here in (("tree", "tree"), ("packed/set.parquet", "set.parquet")):
        found = load(f"gs://photos-there/{there}")
        assert found.fingerprints == load(tmp_path / here).fingerprints
        assert found.train.ids == load(tmp_path / here).train.ids


def test_an_object_that_is_replaced_is_fetched_again(put: Put) -> None:
    """The cache is not asked for what was there before."""
    put("again/set.parquet", parquet(9))
    assert len(load("gs://photos-there/again").train) == 9
    put("again/set.parquet", parquet(12))
    assert len(load("gs://photos-there/again").train) == 12


def test_what_is_not_there_or_not_reached_is_told_in_one_line(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bucket, nothing below the prefix: unknown data."""
    put("here/set.parquet", parquet(3))
    for address in ("gs://no-such-bucket-there/x", "gs://photos-there/none"):
        with pytest.raises(AssayError, match="unknown-data"):
            load(address)

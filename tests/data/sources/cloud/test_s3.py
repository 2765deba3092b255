"""S3 itself, as a local server speaks it (moto): needs s3fs and moto, which `make torture` installs."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.storage import objects
from assay.workflow.load import load
from data.sources.cloud.local_server import local_server

pytest.importorskip("s3fs")
pytest.importorskip("moto.server", exc_type=ImportError)

#: A server on a free port, which it tells on its first line, until its input ends.
_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""

#: Packages of the server and of S3 warn of their own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server in a process of its own."""
    with local_server(_SERVER) as address:
        yield address


@pytest.fixture
def bucket(server, tmp_path, monkeypatch):
    """An empty bucket, and the environment by which it is reached."""
    import boto3
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"set-{tmp_path.name.replace('_', '-').lower()[-40:]}"
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket=name)
    return client, name


def tar(count: int, seed: int = 0) -> bytes:
    import tarfile

    out = io.BytesIO()
    images = np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), np.uint8)
    with tarfile.open(fileobj=out, mode="w") as archive:
        for row, image in enumerate(images):
            picture = io.BytesIO()
            Image.fromarray(image).save(picture, "PNG")
            for ending, content in (("png", picture.getvalue()), ("cls", b"%d" % (row % 3))):
                info = tarfile.TarInfo(f"{row:06}.{ending}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def refused(address: str, code: str) -> str:
    with pytest.raises(AssayError) as caught:
        load(address)
    assert caught.value.code == code, caught.value
    return str(caught.value)


def test_an_audit_of_shards_in_a_bucket(bucket, tmp_path):
    """By the command line, in two shards and merged: the files of the whole audit; no secret in any."""
    client, name = bucket
    (tmp_path / "photos").mkdir()
    for number in range(3):
        content = tar(300, number)
        client.put_object(Bucket=name, Key=f"photos/train-{number:03}.tar", Body=content)
        (tmp_path / "photos" / f"train-{number:03}.tar").write_bytes(content)
    command = [sys.executable, "-m", "assay", "audit"]
    address, options = f"s3://{name}/photos", ["--size", "6", "--resize", "crop", "-q"]
    steps = [
        [*command, address, *options, "--shard", "1/2", "--out", str(tmp_path / "parts")],
        [*command, address, *options, "--shard", "2/2", "--out", str(tmp_path / "parts")],
        [*command[:-1], "merge", str(tmp_path / "parts"), "--out", str(tmp_path / "merged"), "-q"],
        [*command, address, *options, "--out", str(tmp_path / "whole")],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for file in ("audit.json", "issues.csv"):
        assert (tmp_path / "merged" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    assert address in json.dumps(json.loads((tmp_path / "whole/manifest.json").read_text()))
    assert load(tmp_path / "photos", size="6", resize="crop").fingerprints["train"] in (
        tmp_path / "whole/audit.json"
    ).read_text("utf-8")
    written = (path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".tar")
    assert not [path for path in written if b"hunter2" in path.read_bytes()]


def test_an_object_that_changes_is_told_by_its_etag(bucket, monkeypatch):
    """Of the same size, between listing and reading."""
    client, name = bucket
    client.put_object(Bucket=name, Key="photos/train-0.tar", Body=tar(6))
    real = objects._copy

    def changed(*given):
        client.put_object(Bucket=name, Key="photos/train-0.tar", Body=tar(6)[:-1] + b"\1")
        return real(*given)

    monkeypatch.setattr(objects, "_copy", changed)
    assert "it was changed since it was listed" in refused(f"s3://{name}/photos", "data-changed")


def test_what_is_not_there_or_not_reached(bucket, monkeypatch):
    """No bucket, an empty prefix, no server, no credentials: one line each."""
    import s3fs

    client, name = bucket
    client.put_object(Bucket=name, Key="photos/train-0.tar", Body=tar(3))
    assert "no such bucket" in refused("s3://no-such-bucket-there/x", "unknown-data")
    assert "no object" in refused(f"s3://{name}/none", "unknown-data")
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(Path("/nonexistent")))
    s3fs.S3FileSystem.clear_instance_cache()
    said = refused(f"s3://{name}/photos", "data-unavailable")
    assert "AWS_PROFILE" in said
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3fs.S3FileSystem.clear_instance_cache()
    said = refused(f"s3://{name}/photos", "data-unavailable")
    assert "Check the network" in said
    assert "hunter2" not in said

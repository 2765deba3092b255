"""Requests that no client means well with, as bytes: a status, one line of JSON, and the server lives."""

import io
import json
import shutil
import socket
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from deployment.serving.conftest import Served, running

_HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"
_INFER = b"POST /v2/models/nearest-mean/infer HTTP/1.1\r\n" + _HOST
_PREDICT = b"POST /predict HTTP/1.1\r\n" + _HOST
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def _answer(served: Served, sent: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(sent)
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head, body


def _get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"\r\n"


def _picture(content: bytes) -> bytes:
    return _PREDICT + b"Content-Length: %d\r\n\r\n" % len(content) + content


def _png(width: int, height: int, content: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def _gif(frames: int) -> bytes:
    pictures = [Image.new("RGB", (12, 10), (n % 256, 0, 0)) for n in range(frames)]
    target = io.BytesIO()
    pictures[0].save(target, "GIF", save_all=True, append_images=pictures[1:])
    return target.getvalue()


REFUSED = {
    "a row of 5,000 digits": (404, _get(b"/training/" + b"9" * 5_000 + b".png")),
    "a row of other digits": (404, _get(b"/training/%D9%A3.png")),
    "a negative row": (404, _get(b"/training/-1.png")),
    "no row": (404, _get(b"/training/%00.png")),
    "upwards": (404, _get(b"/page.css/../../service.py")),
    "upwards, escaped": (404, _get(b"/%2e%2e%2f%2e%2e%2fetc/passwd")),
    "another's address": (404, _get(b"http://evil/")),
    "no UTF-8": (404, _get(b"/%ff%fe")),
    "no ASCII": (400, _get(b"/\xff\xfe")),
    "a header by a name": (404, _get(b"/v2/models/%0d%0aX-Evil:%201/ready")),
    "a verb of 5,000 letters": (405, b"A" * 5_000 + _get(b"/v2")[3:]),
    "TRACE": (405, b"TRACE" + _get(b"/v2")[3:]),
    "two lengths": (400, _INFER + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"),
    "a negative length": (400, _INFER + b"Content-Length: -3\r\n\r\n"),
    "a length of 5,000 digits": (400, _INFER + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n"),
    "a length without an end": (413, _INFER + b"Content-Length: 999999999999999\r\n\r\n"),
    "a length and chunks": (400, _INFER + b"Content-Length: 3\r\n" + _CHUNKED + b"0\r\n\r\n" + _get(b"/v2")),
    "a chunk of no size": (400, _INFER + _CHUNKED + b"zz\r\n"),
    "a chunk of 2^120 bytes": (400, _INFER + _CHUNKED + b"f" * 30 + b"\r\n"),
    "chunks, compressed": (400, _INFER + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "a header with NUL": (400, b"GET /v2 HTTP/1.1\r\n" + _HOST + b"X: a\0b\r\n\r\n"),
    "no host": (400, b"GET /v2 HTTP/1.1\r\n\r\n"),
    "HTTP 0.9": (400, b"GET /v2\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200))),
    "60,000 x 60,000 pixels": (413, _picture(_png(60_000, 60_000, zlib.compress(bytes(1_000_000))))),
    "2^31 x 2^31 pixels": (413, _picture(_png(2**31 - 1, 2**31 - 1, b""))),
    "no pixels": (400, _picture(_png(0, 0, b""))),
    "300 frames": (415, _picture(_gif(300))),
    "a drawing": (415, _picture(b'<svg><image href="file:///etc/passwd"/></svg>')),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_meant_ill_is_refused_in_one_line(served: Served, name: str) -> None:
    """Never 500, no header of the client's making, one answer, and the next request is answered."""
    expected, sent = REFUSED[name]
    status, head, body = _answer(served, sent)
    assert status == expected, body
    assert set(json.loads(body)) == {"error"}
    assert b"\n" not in body
    assert b"evil" not in head.lower()
    assert _answer(served, _get(b"/v2/health/live"))[0] == 200
    assert served.service.bodies == 0
    assert served.service.workers.taken == 0


def test_a_model_that_is_removed_is_still_served(file: Path, tmp_path: Path) -> None:
    """It was read when the server began: nothing is looked for on the disk, and nothing fails."""
    folder = tmp_path / "model"
    shutil.copytree(file.parent, folder)
    target = io.BytesIO()
    Image.new("RGB", (10, 12)).save(target, "PNG")
    with running(folder / file.name) as served:
        before = _answer(served, _picture(target.getvalue()))
        shutil.rmtree(folder)
        assert _answer(served, _picture(target.getvalue())) == before
        for path in (b"/", b"/v2", b"/drift", b"/metrics", b"/v2/health/ready"):
            assert _answer(served, _get(path))[0] == 200

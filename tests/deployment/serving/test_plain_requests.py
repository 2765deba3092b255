"""The short way of plain requests: the same answers as by h11, and never a byte that is h11's."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.deployment.serving.access import Access
from assay.deployment.serving.limits import Limits
from deployment.serving.conftest import SHAPE, Served, Start, pictures, running

LINE = b"POST /v2/models/nearest-mean/infer HTTP/1.1\r\n"
SIZE = int(np.prod(SHAPE))


def body_of(image: np.ndarray) -> bytes:
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE], "data": image.ravel().tolist()}
    return json.dumps({"inputs": [tensor]}).encode()


BODY = body_of(pictures(1, 1)[0][0])


def head(*lines: str, line: bytes = LINE, length: int | None = None) -> bytes:
    given = ["Host: localhost", f"Content-Length: {len(BODY) if length is None else length}", *lines]
    return line + "".join(f"{one}\r\n" for one in given).encode() + b"\r\n"


def read_answer(client: socket.socket, before: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """Head and body of one answer, and what came after it."""
    found = before
    while b"\r\n\r\n" not in found:
        part = client.recv(65536)
        assert part, found
        found += part
    text, _, rest = found.partition(b"\r\n\r\n")
    lengths = [one for one in text.lower().split(b"\r\n") if one.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0  # none in a 100
    while len(rest) < length:
        part = client.recv(65536)
        assert part
        rest += part
    return text, rest[:length], rest[length:]


def talk(served: Served, *pieces: bytes, answers: int = 1, pause: float = 0.0) -> list[tuple[bytes, bytes]]:
    """Send the pieces one after the other, and read so many answers."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause)
        found, rest = [], b""
        for _ in range(answers):
            text, body, rest = read_answer(client, rest)
            found.append((text, body))
        assert rest == b""
        return found


def settle(served: Served) -> None:
    """Until every answer that was sent is counted too: the next one is given after that."""
    served.ask("GET", "/v2/health/live")


@pytest.fixture
def quick(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests were answered the short way, on a machine however slow."""
    from assay.deployment.serving.plain_requests import PlainRequests

    monkeypatch.setattr(served.service, "quick", 1000)
    real, count = PlainRequests.answer, [0]

    def counted(self: PlainRequests, data: bytes) -> bytes | None:
        found = real(self, data)
        count[0] += found is not None
        return found

    monkeypatch.setattr(PlainRequests, "answer", counted)
    return count


def _names(text: bytes) -> list[bytes]:
    return sorted(line.partition(b":")[0].lower() for line in text.split(b"\r\n")[1:])


def test_both_ways_give_the_same(served: Served, quick: list[int]) -> None:
    """Status, the set of headers and every byte of the body; counted once each."""
    settle(served)
    before = dict(served.service.metrics.requests)
    images = served.service.metrics.images
    (short,) = talk(served, head() + BODY)
    assert quick == [1]
    (long,) = talk(served, head("Content-Encoding: identity") + BODY)
    assert quick == [1]
    assert short[1] == long[1] and _names(short[0]) == _names(long[0])
    assert short[0].split(b"\r\n")[0] == long[0].split(b"\r\n")[0] == b"HTTP/1.1 200 OK"
    settle(served)
    assert served.service.metrics.requests["infer", 200] - before.get(("infer", 200), 0) == 2
    assert served.service.metrics.images == images + 2


def test_binary_both_ways(served: Served, quick: list[int]) -> None:
    image = pictures(1, 2)[0]
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE]}
    record = {"inputs": [{**tensor, "parameters": {"binary_data_size": SIZE}}],
              "parameters": {"binary_data_output": True}}  # fmt: skip
    text = json.dumps(record).encode()
    extra, size = f"Inference-Header-Content-Length: {len(text)}", len(text) + SIZE
    body = text + image.tobytes()
    (short,) = talk(served, head(extra, length=size) + body)
    (long,) = talk(served, head(extra, "Range: x", length=size) + body)
    assert quick == [1]
    assert short[1] == long[1] and _names(short[0]) == _names(long[0])
    wanted = served.file.run(image)
    assert short[1].endswith(b"".join(one.tobytes() for one in wanted))


def test_in_any_pieces_and_many_on_one_connection(served: Served, quick: list[int]) -> None:
    """Head and body apart, cut anywhere, one after the other, and two at once (which h11 takes)."""
    request = head("Connection: keep-alive") + BODY
    wanted = talk(served, request)[0][1]
    for cut in (1, 30, len(request) - len(BODY) - 1, len(request) - len(BODY), len(request) - 7):
        assert talk(served, request[:cut], request[cut:], pause=0.01)[0][1] == wanted
    assert quick[0] >= 3
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        for _ in range(5):
            client.sendall(request)
            assert read_answer(client)[1:] == (wanted, b"")
    assert [body for _, body in talk(served, request * 3, answers=3)] == [wanted] * 3
    assert [body for _, body in talk(served, request + request[:50], request[50:], answers=2)] == [wanted] * 2


def test_a_body_that_comes_late_is_still_answered(served: Served, quick: list[int]) -> None:
    """Longer than a plain request is waited for: h11 goes on with it."""
    request = head() + BODY
    (text, _), = talk(served, request[:-5], request[-5:], pause=0.3)  # fmt: skip
    assert text.startswith(b"HTTP/1.1 200") and quick == [0]


def test_a_request_that_has_begun_is_answered_before_the_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was held back for its rest when the signal came."""
    monkeypatch.setattr("assay.deployment.serving.connection._PATIENCE", 600.0)
    request = head() + BODY
    with running(file) as served:
        served.service.quick = 1000
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
            client.sendall(request[:-5])
            while not any(one._held for one in list(served.server.server_state.connections)):  # type: ignore[union-attr]
                time.sleep(0.01)
            served.server.should_exit = True
            time.sleep(0.3)
            client.sendall(request[-5:])
            text, body, _ = read_answer(client)
    assert text.startswith(b"HTTP/1.1 200") and json.loads(body)["outputs"]


def test_bytes_of_a_refused_body_are_no_request(start: Start) -> None:
    """A body that goes on after it was refused holds what looks like a request; it is not answered."""
    served = start(limits=Limits(body=2_000_000))
    hidden = head() + BODY
    first = head(line=b"POST /predict HTTP/1.1\r\n", length=3_000_000)
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.sendall(first + b"x" * 10)
        text, _, rest = read_answer(client)
        assert text.startswith(b"HTTP/1.1 413")
        try:
            client.sendall(hidden)
            client.settimeout(0.5)
            rest += client.recv(65536)
        except (TimeoutError, OSError):
            pass
        assert rest == b""
    assert ("infer", 200) not in served.service.metrics.requests


def test_half_a_request_after_a_whole_one_is_h11s(served: Served, quick: list[int]) -> None:
    """The body of a second request that holds a third is one body."""
    inner = head() + BODY
    outer = head(line=b"POST /predict HTTP/1.1\r\n", length=len(inner))
    answers = talk(served, inner + outer, inner, answers=2, pause=0.05)
    assert [text[:12] for text, _ in answers] == [b"HTTP/1.1 200", b"HTTP/1.1 415"]


ODD: dict[str, bytes] = {
    "two lengths": head("Content-Length: 3"),
    "chunks too": head("Transfer-Encoding: chunked"),
    "a space before the colon": head("A : b"),
    "no colon": head("abc"),
    "a bare return": head("A: b\rX: c"),
    "a bare newline": head("A: b\nContent-Length: 3"),
    "two hosts": head("Host: localhost"),
    "a foreign host": head().replace(b"localhost", b"evil.example"),
    "a page of another site": head("Origin: https://evil.example"),
    "a signed length": head().replace(b"Length: ", b"Length: +"),
    "another model": head().replace(b"nearest-mean", b"other"),
    "another version": head().replace(b"mean/infer", b"mean/versions/2/infer"),
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_is_odd_is_refused_as_before(served: Served, quick: list[int], name: str) -> None:
    # A line that is no length of a chunk; without its end the server would wait for it all its 30 seconds.
    end = b"\r\n" if name == "chunks too" else b""
    (text, body), = talk(served, ODD[name] + BODY + end)  # fmt: skip
    assert text.startswith(b"HTTP/1.1 4") and set(json.loads(body)) == {"error"}
    assert quick == [0]


@pytest.mark.parametrize(
    "given",
    [head("A: b\r\n c"), head().replace(b"HTTP/1.1", b"HTTP/1.0"), head("Range: x"),
     head("Accept: " + "x" * 9000), head("Expect: 100-continue"), head("Connection: close")],
)  # fmt: skip
def test_other_ways_of_writing_a_request_are_left_to_h11(
    served: Served, quick: list[int], given: bytes
) -> None:
    wanted = served.infer(BODY)[1]
    quick[0] = 0
    answers = talk(served, given + BODY, answers=2 if b"Expect" in given else 1)
    assert answers[-1][0].startswith(b"HTTP/1.1 200") and json.loads(answers[-1][1]) == wanted


def test_a_token_is_wanted_here_too(start: Start) -> None:
    served = start(access=Access.to("127.0.0.1", "s3cret"))
    served.service.quick = 1000
    statuses = [
        talk(served, head(*lines) + BODY)[0][0][:12]
        for lines in ((), ("Authorization: Bearer s3cre",), ("Authorization: Bearer s3cret",))
    ]
    assert statuses == [b"HTTP/1.1 401", b"HTTP/1.1 401", b"HTTP/1.1 200"]


def test_wrong_requests_are_refused_in_words(served: Served, quick: list[int]) -> None:
    """Of plain form and wrong content: the long way says what is wrong; counted once."""
    wrong: list[Any] = [b"{", b"[]", BODY.replace(b"UINT8", b"FP32"), BODY.replace(b"images", b"others")]
    settle(served)
    before = served.service.metrics.requests["infer", 400]
    for body in wrong:
        (text, answer), = talk(served, head(length=len(body)) + body)  # fmt: skip
        assert text.startswith(b"HTTP/1.1 400") and json.loads(answer)["error"]
    settle(served)
    assert served.service.metrics.requests["infer", 400] == before + len(wrong) and quick == [0]


def test_a_client_that_does_not_read_is_held_up(served: Served, quick: list[int]) -> None:
    """Answers that pile up are h11's: it waits for the client, so nothing grows without end."""
    request = head() + BODY
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(1)
        sent = 0
        try:
            for _ in range(20_000):
                client.sendall(request)
                sent += 1
        except TimeoutError:
            pass
        assert sent < 20_000
    assert served.infer(BODY)[0] == 200

"""Limits that hold: sizes, queue, deadline, slow clients; and what is counted."""

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.deployment.serving import service as serving
from assay.deployment.serving.limits import Limits
from deployment.serving.conftest import SHAPE, Served, Start, pictures
from deployment.serving.test_protocol import MALFORMED, encoded

SIZE = int(np.prod(SHAPE))


def request_of(count: int) -> dict[str, Any]:
    data = [0] * (SIZE * count)
    return {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [count, *SHAPE], "data": data}]}


def test_bodies_that_are_too_large(start: Start) -> None:
    """By what the head says, and by what comes where it says nothing; JSON has a limit of its own."""
    served = start(limits=Limits(body=20_000, json=5_000))
    assert served.ask("POST", "/predict", bytes(20_001))[0] == 413
    chunked = (b"x" * 1000 for _ in range(50))
    assert served.ask("POST", "/predict", chunked)[0] == 413  # type: ignore[arg-type]
    status, record, _ = served.infer(request_of(6))
    assert status == 413 and "binary" in record["error"]
    assert served.infer(request_of(1))[0] == 200
    assert served.service.bodies == 0


def test_all_bodies_together_are_bounded(start: Start) -> None:
    served = start(limits=Limits(bodies=3_000))
    status, _, headers = served.ask("POST", "/predict", bytes(3_001))
    assert status == 429 and headers["retry-after"] == "1"
    assert served.service.bodies == 0


def test_a_batch_that_is_too_large(start: Start) -> None:
    served = start(limits=Limits(batch=4))
    assert served.infer(request_of(4))[0] == 200
    status, record, _ = served.infer(request_of(5))
    assert status == 413 and "at most 4" in record["error"]
    assert (
        served.infer({"inputs": [{**request_of(1)["inputs"][0], "shape": [10**12 // 2, *SHAPE]}]})[0] == 413
    )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Pictures are classified only once the event is set."""
    gate = threading.Event()
    real: Callable[..., Any] = serving.predict

    def slow(*arguments: Any) -> Any:
        assert gate.wait(60)
        return real(*arguments)

    monkeypatch.setattr(serving, "predict", slow)
    return gate


def test_a_full_queue_says_so_at_once_and_when_to_come_back(start: Start, held: threading.Event) -> None:
    served = start(limits=Limits(waiting=2))
    served.service.workers._most = 3
    picture = encoded(pictures(1, 1)[0][0])
    with ThreadPoolExecutor(3) as clients:
        waiting = [clients.submit(served.ask, "POST", "/predict", picture) for _ in range(3)]
        while served.service.workers.taken < 3:
            time.sleep(0.01)
        status, record, headers = served.ask("POST", "/predict", picture)
        assert status == 429 and headers["retry-after"] == "1" and "waiting" in record["error"]
        assert served.ask("GET", "/v2/health/live")[0] == 200
        held.set()
        assert [one.result()[0] for one in waiting] == [200, 200, 200]
    assert served.ask("POST", "/predict", picture)[0] == 200


def test_an_answer_that_is_late_is_a_503(start: Start, held: threading.Event) -> None:
    served = start(limits=Limits(seconds=0.3))
    status, record, headers = served.ask("POST", "/predict", encoded(pictures(1, 1)[0][0]))
    assert status == 503 and "0.3 seconds" in record["error"] and "retry-after" in headers
    held.set()


def _talk(served: Served, sent: bytes) -> bytes:
    """What comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.sendall(sent)
        found = b""
        while part := client.recv(4096):
            found += part
    return found


HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("sent", [b"", b"POST /pre", HEAD + b"A: b\r\n"])
def test_clients_that_never_finish_their_head_are_cut(start: Start, sent: bytes) -> None:
    """The test itself is the proof: without a clock it would wait for ever."""
    served = start(limits=Limits(seconds=0.2, idle=0.4))
    assert _talk(served, sent) == b""


def test_a_body_that_never_ends_is_a_408(start: Start) -> None:
    served = start(limits=Limits(seconds=0.3, idle=0.5))  # idle, since the test waits for the end
    answer = _talk(served, HEAD + b"Content-Length: 100\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408") and b'{"error":' in answer
    assert served.service.bodies == 0


def test_a_client_that_sends_byte_by_byte_gets_no_more_time(start: Start) -> None:
    served = start(limits=Limits(seconds=0.3))
    client = socket.create_connection(("127.0.0.1", served.port), timeout=60)
    with client, pytest.raises(OSError):
        client.sendall(HEAD)
        while True:
            client.sendall(b"A: b\r\n")
            time.sleep(0.05)


def test_what_is_no_http_gets_the_protocols_error(served: Served) -> None:
    for sent in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", HEAD + b"A" * 70_000):
        answer = _talk(served, sent)
        assert answer.startswith(b"HTTP/1.1 400")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_connections_are_bounded(start: Start) -> None:
    served = start(limits=Limits(connections=3))
    clients = [socket.create_connection(("127.0.0.1", served.port), timeout=60) for _ in range(8)]
    closed = 0
    for client in clients:
        client.settimeout(1)
        try:
            closed += client.recv(1) == b""
        except TimeoutError:
            continue
        except OSError:
            closed += 1
    for client in clients:
        client.close()
    assert closed == 5


def test_malformed_bodies_leave_nothing_behind(served: Served) -> None:
    """Memory after thousands of refused and answered requests is what it was after the first hundreds."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    for _ in range(2):
        for body in MALFORMED:
            served.infer(body)
        for _ in range(300):
            served.infer(request_of(1))
        before = resident()
    for _ in range(3):
        for body in MALFORMED:
            assert 400 <= served.infer(body)[0] < 500
    for _ in range(1500):
        assert served.infer(request_of(1))[0] == 200
    assert resident() - before < 12e6


def test_metrics_are_read_by_prometheus_own_parser(start: Start) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    served = start()
    served.infer(request_of(3))
    served.infer(b"{")
    served.ask("POST", "/predict", encoded(pictures(1, 1)[0][0]))
    served.ask("GET", "/nothing-here")
    status, content, headers = served.ask("GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {found.name: found for found in parser.text_string_to_metric_families(content.decode())}
    requests = {tuple(sorted(s.labels.items())): s.value for s in families["assay_requests"].samples}
    assert requests[("route", "infer"), ("status", "200")] == 1
    assert requests[("route", "infer"), ("status", "400")] == 1
    assert requests[("route", "none"), ("status", "404")] == 1
    assert families["assay_images"].samples[0].value == 4
    answered, ood = (families[f"assay_images_{name}"].samples[0].value for name in ("answered", "ood"))
    assert 0 <= answered <= 4 and 0 <= ood <= 4
    assert families["assay_answered_share"].samples[0].value == answered / 4
    histogram = families["assay_request_duration_seconds"]
    assert histogram.type == "histogram"
    buckets = [s.value for s in histogram.samples if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == sum(requests.values())


def test_answers_are_not_held_back(served: Served) -> None:
    """Nagle's waiting for more to send would add 40 ms to every answer."""
    from assay.deployment.serving.server import listening

    with listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # by which asyncio knows to turn it off

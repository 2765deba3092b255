"""What a request costs `assay serve`, beside other servers of the same file: processor, latency, memory.

    python benchmarks/serve.py [--peers PYTHON] [--requests N] [--long]

Trains `mlp` on the sample for a moment (the size of the net is that of Fashion-MNIST), exports it, and asks
each server for one image at a time over connections that are kept. --peers: a Python with litserve or
bentoml, and onnxruntime. --long: 100,000 requests more, to see that memory stays flat. Everything stays on
the loopback.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from measuring import conditions, write_result

HERE = Path(__file__).resolve().parent
SHAPE = (1, 28, 28, 1)
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def http_request(path: str, body: bytes, extra: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def binary_request(name: str, image: np.ndarray) -> bytes:
    tensor = {"name": "images", "datatype": "UINT8", "shape": list(SHAPE)}
    head = json.dumps(
        {
            "inputs": [{**tensor, "parameters": {"binary_data_size": image.size}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    extra = f"Inference-Header-Content-Length: {len(head)}\r\n"
    return http_request(f"/v2/models/{name}/infer", head + image.tobytes(), extra)


def json_request(name: str, image: np.ndarray) -> bytes:
    tensor = {"name": "images", "datatype": "UINT8", "shape": list(SHAPE), "data": image.ravel().tolist()}
    return http_request(f"/v2/models/{name}/infer", json.dumps({"inputs": [tensor]}).encode())


def peer_request(path: str, image: np.ndarray) -> bytes:
    body = json.dumps({"images": image.reshape(SHAPE).tolist()}).encode()
    return http_request(path, body, "Content-Type: application/json\r\n")


def exchange(client: socket.socket, request: bytes) -> int:
    """Send a request and read its whole answer; the status."""
    client.sendall(request)
    found = b""
    while b"\r\n\r\n" not in found:
        part = client.recv(65536)
        if not part:
            raise ConnectionError("closed")
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
    while len(body) < length:
        body += client.recv(65536)
    return int(head[9:12])


def processes_of(pid: int) -> list[int]:
    """The process and all below it."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in task.read_text().split()]
    return [pid, *(p for child in children for p in processes_of(child))]


def processor_seconds(pid: int) -> float:
    total = 0
    for process in processes_of(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_megabytes(pid: int) -> float:
    pages = [int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in processes_of(pid)]
    return round(sum(pages) * PAGE / 1e6, 1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def server(
    command: Sequence[str], port: int, request: bytes, **environment: str
) -> Iterator[tuple[int, float]]:
    """Its process id, and seconds from its start to its first answer; ended by SIGTERM."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                    if exchange(client, request) == 200:
                        break
            except OSError:
                pass
            if process.poll() is not None or time.perf_counter() - started > 120:
                raise RuntimeError(f"{command[0]} does not serve")
            time.sleep(0.01)
        yield process.pid, round(time.perf_counter() - started, 2)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):  # what it started and left behind
            os.killpg(process.pid, signal.SIGKILL)


def latencies(port: int, request: bytes, clients: int, requests: int) -> dict[str, Any]:
    """p50 and p99 in milliseconds over that many clients at once, each asking as fast as it is answered."""
    found: list[float] = []
    refused = 0

    def ask() -> None:
        nonlocal refused
        own, status = [], 0
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            for _ in range(max(requests // clients, 1)):
                before = time.perf_counter()
                status += exchange(client, request) != 200
                own.append(1000 * (time.perf_counter() - before))
        found.extend(own)
        refused += status

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(found, n=100)
    return {
        "requests": len(found),
        "not_200": refused,
        "p50_ms": round(cuts[49], 3),
        "p99_ms": round(cuts[98], 3),
    }


def measured(pid: int, port: int, request: bytes, requests: int) -> dict[str, Any]:
    latencies(port, request, 1, 200)
    before = processor_seconds(pid)
    alone = latencies(port, request, 1, requests)
    cost = 1000 * (processor_seconds(pid) - before) / alone["requests"]
    more = {str(n): latencies(port, request, n, requests) for n in (8, 64)}
    return {"processor_ms_a_request": round(cost, 3), "clients": {"1": alone, **more}}


def of_assay(folder: Path, name: str, image: np.ndarray, requests: int, long: bool) -> dict[str, Any]:
    port = free_port()
    file = folder / "run" / "export" / "model.onnx"
    command = [sys.executable, "-m", "assay", "serve", str(file), "--port", str(port), "-q"]
    found: dict[str, Any] = {}
    asked = {"json": json_request(name, image), "binary": binary_request(name, image)}
    with server(command, port, asked["binary"]) as (pid, seconds):
        found |= {"ready_seconds": seconds, "resident_mb_at_start": resident_megabytes(pid)}
        for kind, request in asked.items():
            found[kind] = measured(pid, port, request, requests)
        found["resident_mb"] = resident_megabytes(pid)
        if long:
            found["resident_mb_every_20000_requests"] = []
            for _ in range(5):
                latencies(port, asked["binary"], 4, 20_000)
                found["resident_mb_every_20000_requests"].append(resident_megabytes(pid))
    return found


def of_peer(python: str, peer: str, folder: Path, image: np.ndarray, requests: int) -> dict[str, Any]:
    port = free_port()
    file = folder / "run" / "export" / "model.onnx"
    script, request = HERE / "peers" / f"serve_{peer}.py", peer_request("/predict", image)
    with server([python, str(script), str(file), str(port)], port, request) as (pid, seconds):
        found = {"ready_seconds": seconds, "json": measured(pid, port, request, requests)}
        version = subprocess.run(
            [python, "-c", f"from importlib.metadata import version; print(version('{peer}'))"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {**found, "resident_mb": resident_megabytes(pid), "version": version.stdout.strip()}


def has(python: str, peer: str) -> bool:
    done = subprocess.run([python, "-c", f"import {peer}"], capture_output=True, check=False)
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--long", action="store_true")
    given = parser.parse_args()
    before = conditions()
    image = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = ["run", "fashion-mnist-sample", "--model", "mlp", "--epochs", "1", "--checks", "pixel-range"]
        for arguments in ([*run, "-q", "--out", str(folder / "run")], ["export", "-q", str(folder / "run")]):
            subprocess.run([sys.executable, "-m", "assay", *arguments], check=True, capture_output=True)
        figures: dict[str, Any] = {"assay": of_assay(folder, "mlp", image, given.requests, given.long)}
        for peer in ("litserve", "bentoml"):
            if given.peers and has(given.peers, peer):
                figures[peer] = of_peer(given.peers, peer, folder, image, given.requests)
                ours = figures["assay"]["json"]["processor_ms_a_request"]
                figures[peer]["times_our_processor_time"] = round(
                    figures[peer]["json"]["processor_ms_a_request"] / ours, 1
                )
    figures["load_average_at_end"] = round(os.getloadavg()[0], 1)
    write_result("serve", "python benchmarks/serve.py --peers PYTHON --long", before, figures)


if __name__ == "__main__":
    main()

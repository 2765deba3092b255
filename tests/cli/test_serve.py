"""`assay serve` as a process: no torch in it, one line for each mistake, an end that loses nothing."""

import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code

pytestmark = pytest.mark.usefixtures("undrawn")

#: Any import of torch fails in the process itself; what it starts is free to.
NO_TORCH = "import sys; sys.modules['torch'] = None; from assay.cli.start import main; main()"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net, trained for a moment on the sample; not exported yet."""
    folder = tmp_path_factory.mktemp("served") / "run"
    assay.run("fashion-mnist-sample", model="linear", epochs=1, checks=["pixel-range"], out=folder)
    return folder


def process(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", NO_TORCH, "serve", "--port", "0", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int, list[str]]]:
    """The process, its port, and what it wrote so far; killed at the end if it is still there."""
    server = process(*arguments)
    lines: list[str] = []
    try:
        assert server.stderr is not None
        for line in server.stderr:
            lines.append(line)
            if line.startswith("Serving "):
                break
        found = re.search(r"http://\S+:(\d+)", lines[-1] if lines else "")
        assert found, lines
        yield server, int(found[1]), lines
    finally:
        server.kill()
        server.wait()
        if server.stderr is not None:
            server.stderr.close()


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content[:1] in (b"{", b"[") else content
    finally:
        connection.close()


def png(image: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def test_a_run_is_exported_once_and_served_without_torch(run: Path) -> None:
    """Similar training images and drift included; the test's twin shows that torch could not be there."""
    twin = subprocess.run(
        [sys.executable, "-c", NO_TORCH.replace("main()", "import torch")], capture_output=True
    )
    assert twin.returncode != 0
    train = assay.load("fashion-mnist-sample").train
    image = next(train.blocks(np.array([5])))[0]
    exported = (run / "export").exists()  # by another test of this file
    with serving(str(run)) as (server, port, lines):
        assert exported or "proved first" in lines[0]
        assert "Serving linear (10 classes)" in lines[-1]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status, record = ask(port, "POST", "/predict?similar=3", png(image[..., 0]))
            assert status == 200
            if "similar" in record["predictions"][0]:
                break
            assert "prepared" in record["similar"], record
        near = record["predictions"][0]["similar"]
        assert near[0]["index"] == 5 and len(near) == 3
        shown = Image.open(io.BytesIO(ask(port, "GET", "/training/5.png")[1]))
        assert np.array_equal(np.asarray(shown), image[..., 0])
        assert ask(port, "GET", f"/training/{len(train)}.png")[0] == 404
        assert ask(port, "GET", "/drift")[1]["seen"] >= 1
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert (run / "export" / "model.reference.safetensors").is_file()
    assert exit_code(["verify", str(run)]) == 0
    with serving(str(run)) as (_, _, lines):
        assert len(lines) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_has_begun_end(run: Path, number: int) -> None:
    """A request whose body is still on its way is answered; nothing new is taken; exit 0."""
    assay_export(run)
    content = png(np.zeros((28, 28), np.uint8))
    with serving(str(run / "export" / "model.onnx"), "--token", "t0k") as (server, port, _):
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t0k\r\n"
        client.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:10])
        assert ask(port, "GET", "/v2/health/ready")[0] == 200
        server.send_signal(number)
        listens_no_more(port)
        client.sendall(content[10:])
        answer = b""
        while part := client.recv(4096):
            answer += part
        client.close()
        assert answer.startswith(b"HTTP/1.1 200") and b'"predictions"' in answer
        assert server.wait(60) == 0


def listens_no_more(port: int) -> None:
    with suppress(OSError):
        while True:
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
            time.sleep(0.02)


def assay_export(run: Path) -> None:
    if not (run / "export").exists():
        assert exit_code(["export", str(run), "-q"]) == 0


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = exit_code(["serve", *arguments])
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and text.startswith("error["), text
    return code, text


def test_mistakes_are_one_line_before_anything_listens(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assay_export(run)
    capsys.readouterr()
    file = run / "export" / "model.onnx"
    (tmp_path / "other.onnx").write_bytes(b"no model at all")
    (tmp_path / "cut.onnx").write_bytes(file.read_bytes()[:-9])
    (tmp_path / "several" / "models" / "mlp-s0" / "model").mkdir(parents=True)
    (tmp_path / "several" / "models" / "mlp-s0" / "model" / "model.json").write_text("{}")
    for arguments, code, words in (
        ([str(tmp_path / "none")], 3, "file-missing"),
        ([str(tmp_path / "other.onnx")], 7, "model-refused"),
        ([str(tmp_path / "cut.onnx")], 7, "model-refused"),
        ([str(tmp_path)], 7, "model-refused"),
        ([str(tmp_path / "several")], 2, "mlp-s0"),
        ([str(file), "--host", "0.0.0.0"], 2, "--token"),
        ([str(file), "--host", "::"], 2, "--public"),
        ([str(file), "--token", ""], 2, "usage"),
        ([str(file), "--token", "a b"], 2, "bad-value"),
        ([str(file), "--host", "no such host!"], 2, "--host"),
        ([str(file), "--port", "70000"], 2, "usage"),
    ):
        found, text = refusal(capsys, *arguments)
        assert found == code and words in text, text


def test_a_port_that_is_taken(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assay_export(run)
    capsys.readouterr()
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, text = refusal(capsys, str(run), "--port", str(other.getsockname()[1]))
    assert code == 5 and "port-in-use" in text and "--port" in text


def test_figures_of_another_model_beside_the_file_are_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assay_export(run)
    capsys.readouterr()
    for name in ("model.onnx", "model.reference.safetensors"):
        (tmp_path / name).write_bytes((run / "export" / name).read_bytes())
    content = bytearray((tmp_path / "model.reference.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.reference.safetensors").write_bytes(content[:-1])
    code, text = refusal(capsys, str(tmp_path / "model.onnx"), "--port", "0")
    assert code == 7 and "reference.safetensors" in text


def test_a_missing_extra_is_named_first(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import assay.deployment.serving.server as server

    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "uvicorn" else object())
    code, text = refusal(capsys, str(run))
    assert code == 5 and "assay[serve]" in text


def test_a_second_signal_leaves_at_once(run: Path) -> None:
    """With a client that never ends its request."""
    assay_export(run)
    with serving(str(run / "export" / "model.onnx")) as (server, port, _):
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        assert ask(port, "GET", "/v2/health/live")[0] == 200
        server.send_signal(signal.SIGTERM)
        listens_no_more(port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0  # drained, it would have waited the 30 seconds of a request
        client.close()

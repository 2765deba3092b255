"""A small model, exported, and a server of it in a thread."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn

import assay
from assay.data.values import Dataset
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.serving.access import Access
from assay.deployment.serving.limits import Limits
from assay.deployment.serving.reference import reference_of, reference_path, write_reference
from assay.deployment.serving.server import listening, server_of
from assay.deployment.serving.service import Service
from assay.training.model.limits import AnswerRule
from assay.workflow.deployed.serve import open_service

CLASSES = ("cat", '<b onmouseover="x">dog</b>', "ü owl")
SHAPE = (12, 10, 3)


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth color patches, a class for each color, uint8 `(n, 12, 10, 3)`."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 90, (count, 3, 5, 3)).repeat(4, axis=1).repeat(2, axis=2)
    images[np.arange(count), :, :, labels] += 110
    return (images + rng.integers(0, 30, images.shape)).astype(np.uint8), labels


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    train, test = pictures(1200, 1), pictures(60, 2)
    return assay.load(arrays=(*train, *test), classes=",".join(CLASSES))


@pytest.fixture(scope="session")
def file(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model with a rule, and the figures of its training images beside it."""
    model = assay.train(dataset, "nearest-mean")
    rule = AnswerRule(0.1, 0.4, "", 200, 100, 5)
    model = replace(model, limits=replace(model.limits, rule=rule, rule_reason=""))
    path = tmp_path_factory.mktemp("served") / "model.onnx"
    path.write_bytes(onnx_bytes(model))
    found = OnnxModel.read(path)
    write_reference(reference_of(dataset.train, 3, found.sha256), reference_path(path))
    return path


@dataclass
class Served:
    """A server in this process."""

    port: int
    service: Service
    file: OnnxModel
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **given: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body (parsed where it is JSON) and headers (lower case) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in given.items()}
        try:
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            content = answer.read()
            headers = {name.lower(): value for name, value in answer.headers.items()}
            is_json = answer.headers.get("Content-Type") == "application/json"
            return answer.status, json.loads(content) if is_json else content, headers
        finally:
            connection.close()

    def infer(self, record: Any, path: str = "/v2/models/nearest-mean/infer", **headers: str) -> Any:
        body = record if isinstance(record, bytes) else json.dumps(record).encode()
        return self.ask("POST", path, body, **headers)


@contextmanager
def running(file: Path, limits: Limits | None = None, access: Access | None = None) -> Iterator[Served]:
    service = open_service(file, access or Access.to("127.0.0.1", None), limits)
    listener = listening("127.0.0.1", 0)
    ready = threading.Event()
    server = server_of(service, ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        assert ready.wait(60)
        yield Served(listener.getsockname()[1], service, OnnxModel.read(file), server)
    finally:
        server.should_exit = True
        thread.join(60)
        service.close()
        listener.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(file: Path) -> Iterator[Served]:
    with running(file) as found:
        yield found


Start = Callable[..., Served]


@pytest.fixture
def start(file: Path) -> Iterator[Start]:
    """Servers with limits or access of their own, ended with the test."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(running(file, **how))

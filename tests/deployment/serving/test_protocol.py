"""Open Inference Protocol v2, by the real client and by hand."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.data.decoding.given import fitted
from assay.deployment.onnx_content import OUTPUTS
from deployment.serving.conftest import CLASSES, SHAPE, Served, pictures

httpclient = pytest.importorskip("tritonclient.http", reason="the client of the protocol")

NAME = "nearest-mean"


def encoded(image: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, kind)
    return out.getvalue()


@pytest.fixture
def client(served: Served) -> Any:
    with httpclient.InferenceServerClient(served.url) as found:
        yield found


def test_health_and_metadata_by_the_real_client(client: Any, served: Served) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(NAME) and client.is_model_ready(NAME, "1")
    assert not client.is_model_ready("other") and not client.is_model_ready(NAME, "2")
    about = client.get_server_metadata()
    assert (about["name"], about["extensions"]) == ("assay", ["binary_tensor_data"])
    assert client.get_model_repository_index()[0]["name"] == NAME
    model = client.get_model_metadata(NAME, "1")
    assert model["inputs"] == [
        {"name": "images", "datatype": "UINT8", "shape": [-1, *SHAPE]},
        {"name": "pictures", "datatype": "BYTES", "shape": [-1]},
    ]
    assert [o["name"] for o in model["outputs"]] == list(OUTPUTS)
    assert model["parameters"]["classes"] == list(CLASSES)
    assert model["parameters"]["sha256"] == served.file.sha256
    assert (model["parameters"]["max_risk"], model["parameters"]["threshold"]) == (0.1, 0.4)


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("count", [1, 7, 128])
def test_answers_are_bitwise_those_of_the_file(
    client: Any, served: Served, binary_in: bool, binary_out: bool, count: int
) -> None:
    images, _ = pictures(count, count)
    given = httpclient.InferInput("images", list(images.shape), "UINT8")
    given.set_data_from_numpy(images, binary_data=binary_in)
    wanted = [httpclient.InferRequestedOutput(name, binary_data=binary_out) for name in OUTPUTS]
    answer = client.infer(NAME, [given], outputs=wanted, request_id="r1", model_version="1")
    assert answer.get_response()["id"] == "r1"
    for name, expected in zip(OUTPUTS, served.file.run(images), strict=True):
        found = answer.as_numpy(name)
        assert found.dtype == expected.dtype and found.shape == expected.shape, name
        assert found.tobytes() == expected.tobytes(), name


def test_pictures_are_read_as_predict_reads_them(client: Any, served: Served) -> None:
    images, _ = pictures(4, 4)
    large = np.repeat(np.repeat(images[3], 5, axis=0), 5, axis=1)
    files = [encoded(images[0]), encoded(images[1], "BMP"), encoded(images[2], "JPEG"), encoded(large)]
    given = httpclient.InferInput("pictures", [4], "BYTES")
    given.set_data_from_numpy(np.array(files, dtype=object))
    answer = client.infer(NAME, [given])
    wanted = served.file.run(np.stack([fitted(one, served.file.preprocessing).image for one in files]))
    assert answer.as_numpy("probabilities").tobytes() == wanted.probabilities.tobytes()
    tensor = {"name": "pictures", "datatype": "BYTES", "shape": [4]}
    data = [base64.b64encode(one).decode() for one in files]
    status, record, _ = served.infer({"inputs": [{**tensor, "data": data}]})
    assert status == 200
    assert record["outputs"][1]["data"] == wanted.label.tolist()


def test_only_the_outputs_asked_for_come(client: Any) -> None:
    images, _ = pictures(2, 5)
    given = httpclient.InferInput("images", list(images.shape), "UINT8")
    given.set_data_from_numpy(images)
    answer = client.infer(NAME, [given], outputs=[httpclient.InferRequestedOutput("label")])
    assert [o["name"] for o in answer.get_response()["outputs"]] == ["label"]
    assert answer.as_numpy("probabilities") is None


def test_a_client_that_asks_for_more_than_there_is(client: Any) -> None:
    """Compressed bodies, classes by the server's extension, sequences: refused in the client's own error."""
    images, _ = pictures(1, 6)
    given = httpclient.InferInput("images", list(images.shape), "UINT8")
    given.set_data_from_numpy(images)
    for wrong in (
        {"request_compression_algorithm": "gzip"},
        {"outputs": [httpclient.InferRequestedOutput("probabilities", class_count=2)]},
        {"sequence_id": 3, "sequence_start": True},
        {"model_version": "7"},
    ):
        with pytest.raises(Exception, match=r"not read|not supported|no version"):
            client.infer(NAME, [given], **wrong)


def _tensor(**changes: Any) -> dict[str, Any]:
    size = int(np.prod(SHAPE))
    return {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE], "data": [0] * size, **changes}


SIZE = int(np.prod(SHAPE))
MALFORMED: list[Any] = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"inputs": ' + b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}",
    {}, {"inputs": None}, {"inputs": []}, {"inputs": [1]}, {"inputs": [_tensor(), _tensor()]},
    {"inputs": [_tensor(name="other")]}, {"inputs": [_tensor(name=3)]}, {"inputs": [_tensor(name=None)]},
    {"inputs": [_tensor(datatype="FP32")]}, {"inputs": [_tensor(datatype="INT8")]},
    {"inputs": [_tensor(shape=[1, 10, 12, 3])]}, {"inputs": [_tensor(shape=list(SHAPE))]},
    {"inputs": [_tensor(shape=[2, *SHAPE])]}, {"inputs": [_tensor(shape=[-1, *SHAPE])]},
    {"inputs": [_tensor(shape=[0, *SHAPE], data=[])]}, {"inputs": [_tensor(shape=[True, *SHAPE])]},
    {"inputs": [_tensor(shape=[1e3, *SHAPE])]}, {"inputs": [_tensor(shape="1")]},
    {"inputs": [_tensor(shape=[])]},
    {"inputs": [_tensor(data=None)]}, {"inputs": [_tensor(data={})]}, {"inputs": [_tensor(data=[])]},
    {"inputs": [_tensor(data=[256] + [0] * (SIZE - 1))]}, {"inputs": [_tensor(data=[-1] * SIZE)]},
    {"inputs": [_tensor(data=[0.5] * SIZE)]}, {"inputs": [_tensor(data=["0"] * SIZE)]},
    {"inputs": [_tensor(data=[None] * SIZE)]}, {"inputs": [_tensor(data=[10**30] * SIZE)]},
    {"inputs": [_tensor(data=[[0] * 3, [0] * 2])]}, {"inputs": [_tensor(data=[True] * SIZE)]},
    {"inputs": [_tensor(parameters=[])]}, {"inputs": [_tensor(parameters={"shared_memory_region": "x"})]},
    {"inputs": [_tensor(parameters={"binary_data_size": SIZE})]},
    {"inputs": [_tensor()], "parameters": {"sequence_id": 1}}, {"inputs": [_tensor()], "parameters": 7},
    {"inputs": [_tensor()], "id": 7}, {"inputs": [_tensor()], "id": "x" * 2000},
    {"inputs": [_tensor()], "outputs": [{"name": "logits"}]}, {"inputs": [_tensor()], "outputs": {"a": 1}},
    {"inputs": [_tensor()], "outputs": [{"name": "label"}, {"name": "label"}]},
    {"inputs": [_tensor()], "outputs": [{"name": ["label"]}]},
    {"inputs": [_tensor()], "outputs": [{"name": "label", "parameters": {"binary_data": "yes"}}]},
    {"inputs": [_tensor()], "outputs": [{"name": "label", "parameters": {"classification": 2}}]},
    {"inputs": [_tensor(name="pictures", datatype="BYTES", shape=[1], data=["no base64!"])]},
    {"inputs": [_tensor(name="pictures", datatype="BYTES", shape=[1], data=["aGVsbG8="])]},
    {"inputs": [_tensor(name="pictures", datatype="BYTES", shape=[2], data=["aGVsbG8="])]},
    {"inputs": [_tensor(name="pictures", datatype="BYTES", shape=[1, 2], data=["aGVsbG8="])]},
    {"inputs": [_tensor(name="pictures", datatype="BYTES", shape=[1], data=[7])]},
]  # fmt: skip


def test_every_malformed_body_is_a_4xx_with_one_line(served: Served) -> None:
    for body in MALFORMED:
        status, record, _ = served.infer(body)
        assert 400 <= status < 500, (status, record, body)
        assert set(record) == {"error"} and "\n" not in record["error"], body


def _binary(tensor: dict[str, Any], tail: bytes, length: str | None = None) -> tuple[bytes, dict[str, str]]:
    head = json.dumps({"inputs": [tensor]}).encode()
    return head + tail, {"Inference_Header_Content_Length": str(len(head)) if length is None else length}


@pytest.mark.parametrize(
    ("size", "tail", "length"),
    [
        (SIZE, SIZE - 1, None), (SIZE, SIZE + 1, None), (SIZE - 1, SIZE - 1, None), (10**15, SIZE, None),
        (-1, SIZE, None), ("7", SIZE, None), (True, 1, None), (None, SIZE, None), (SIZE, SIZE, "99999999999"),
        (SIZE, SIZE, "-3"), (SIZE, SIZE, "abc"), (SIZE, SIZE, "0"), (SIZE, SIZE, "9" * 4000),
        (SIZE, SIZE, "7"),
    ],
)  # fmt: skip
def test_binary_sizes_that_lie_are_refused(served: Served, size: Any, tail: int, length: str | None) -> None:
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE]}
    body, headers = _binary({**tensor, "parameters": {"binary_data_size": size}}, bytes(tail), length)
    status, record, _ = served.infer(body, **headers)
    assert status == 400 and set(record) == {"error"}, record


@pytest.mark.parametrize("tail", [b"\x05\x00\x00\x00abc", b"\xff\xff\xff\xffabc", b"abc", b"\x00" * 8])
def test_byte_strings_that_lie_about_their_length_are_refused(served: Served, tail: bytes) -> None:
    tensor = {"name": "pictures", "datatype": "BYTES", "shape": [1]}
    body, headers = _binary({**tensor, "parameters": {"binary_data_size": len(tail)}}, tail)
    assert served.infer(body, **headers)[0] == 400


def test_a_thousand_bodies_cut_and_changed(served: Served) -> None:
    """No body makes the server fail, and what it counts of bytes in memory goes back to none."""
    rng = np.random.default_rng(0)
    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE]}
    whole, headers = _binary({**tensor, "parameters": {"binary_data_size": SIZE}}, bytes(SIZE))
    json_whole = json.dumps({"inputs": [_tensor()]}).encode()
    for i in range(1000):
        body = bytearray(whole if i % 2 else json_whole)
        if i % 3:
            body = body[: rng.integers(0, len(body))]
        for at in rng.integers(0, max(len(body), 1), 3) if len(body) else ():
            body[at] = rng.integers(0, 256)
        status, _, _ = served.infer(bytes(body), **(headers if i % 2 else {}))
        assert status == 200 or 400 <= status < 500, bytes(body)
    assert served.service.bodies == 0 and served.service.workers.taken == 0
    assert served.infer({"inputs": [_tensor()]})[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404), ("POST", "/v2/models/other/infer", 404), ("GET", "/nothing", 404),
        ("POST", "/v2/models/nearest-mean/versions/2/infer", 404), ("GET", "/training/0.png", 404),
        ("GET", "/training/99999999999999999999.png", 404), ("GET", "/../../etc/passwd", 404),
        ("GET", "/v2/models/nearest-mean/infer", 405), ("DELETE", "/predict", 405), ("GET", "/predict", 405),
        ("OPTIONS", "/predict", 405),
    ],
)  # fmt: skip
def test_what_is_not_there(served: Served, method: str, path: str, status: int) -> None:
    found, record, headers = served.ask(method, path, b"{}" if method == "POST" else None)
    assert found == status and set(record) == {"error"}
    assert not any(name.lower().startswith("access-control") for name in headers)


@pytest.mark.parametrize(
    "spoiled", [True, False, 1.0, 1.5, None, "1", [1], 256, -1, 10**20, float("nan")], ids=repr
)
def test_one_value_that_is_no_number_of_a_pixel(served: Served, spoiled: Any) -> None:
    """Among hundreds that are; and the same values nested, flat and as bytes give the same answer."""
    image = pictures(1, 9)[0]
    flat = image.ravel().tolist()
    status, record, _ = served.infer({"inputs": [_tensor(data=[*flat[:-1], spoiled])]})
    assert status == 400 and set(record) == {"error"}
    answers = [
        served.infer({"inputs": [_tensor(data=data)]})[1]["outputs"] for data in (flat, image.tolist())
    ]
    assert answers[0] == answers[1]

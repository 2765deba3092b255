"""`POST /predict`: picture files, raw or in a form, read as in training."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from assay.data.decoding.given import fitted
from assay.deployment.predict import predict_files
from assay.deployment.serving.limits import Limits, RefusedError
from assay.deployment.serving.multipart import Part, boundary_of, parts_of
from deployment.serving.conftest import Served, Start, pictures
from deployment.serving.test_protocol import encoded


def form(*files: tuple[str, bytes], boundary: str = "xYz") -> tuple[bytes, dict[str, str]]:
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/png\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    body = b"".join([*lines, f"--{boundary}--\r\n".encode()])
    return body, {"Content_Type": f"multipart/form-data; boundary={boundary}"}


def test_a_raw_file_gets_what_the_command_says(served: Served) -> None:
    """Turned by EXIF, of another size and mode: the same answer as `assay predict`."""
    images, _ = pictures(3, 8)
    big = Image.fromarray(np.repeat(np.repeat(images[0], 4, axis=0), 4, axis=1))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    big.save(out, "JPEG", exif=exif, quality=95)
    for content in (out.getvalue(), encoded(images[1]), encoded(images[2][..., 0])):
        status, record, _ = served.ask("POST", "/predict", content, Content_Type="image/jpeg")
        assert status == 200
        (found,), (wanted,) = record["predictions"], predict_files(served.file, [content])
        assert found.pop("file") == "picture"
        assert found == {key: value for key, value in wanted.as_record().items() if key != "file"}


@pytest.mark.parametrize(
    "kind",
    ["", "image/jpeg", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=x"],
)
def test_a_wrong_content_type_changes_no_answer(served: Served, kind: str) -> None:
    """A PNG under any name is answered as that PNG; what is no picture is refused under the name of one."""
    content = encoded(pictures(1, 8)[0][0])
    status, record, _ = served.ask("POST", "/predict", content, Content_Type=kind)
    assert status == 200
    assert record == served.ask("POST", "/predict", content, Content_Type="image/png")[1]
    assert served.ask("POST", "/predict", b'{"image": "x"}', Content_Type=kind or "image/png")[0] == 415


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "WEBP", "BMP"])
def test_what_curl_makes_of_a_file_without_data_binary_is_told(served: Served, suffix: str) -> None:
    """`curl -d @shoe.png` leaves zeros and ends of lines out, `-d shoe.png` sends the name."""
    out = io.BytesIO()
    Image.fromarray(pictures(1, 8)[0][0]).save(out, suffix)
    damaged = out.getvalue().translate(None, b"\0\r\n")
    kind = "application/x-www-form-urlencoded"
    for body in (damaged, f"shoe.{suffix.lower()}".encode()):
        status, record, _ = served.ask("POST", "/predict", body, Content_Type=kind)
        assert status == 400 and "curl --data-binary @FILE" in str(record), record
    assert served.ask("POST", "/predict", out.getvalue(), Content_Type=kind)[0] == 200
    assert "curl" not in str(served.ask("POST", "/predict", damaged, Content_Type="image/png")[1])


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "WEBP"])
def test_json_and_base64_are_told_where_they_go(suffix: str, served: Served) -> None:
    """As other servers take pictures: it was "of an unknown format, a text. Replace or remove the file."."""
    out = io.BytesIO()
    Image.fromarray(pictures(1, 8)[0][0]).save(out, suffix)
    text = base64.b64encode(out.getvalue())
    for body in (text, b"data:image/png;base64," + text, b'{"image": "' + text + b'"}', b'["' + text + b'"]'):
        status, record, _ = served.ask("POST", "/predict", body, Content_Type="application/json")
        assert status == 415
        assert "it is JSON or base64 text, not the bytes of a picture" in record["error"]
        assert "/v2/models/NAME/infer, as the input pictures" in record["error"]


def test_a_form_that_is_not_called_one_is_told(served: Served) -> None:
    """Its pictures are not taken for one picture that cannot be read."""
    body, headers = form(("a.png", encoded(pictures(1, 8)[0][0])))
    assert served.ask("POST", "/predict", body, **headers)[0] == 200
    status, record, _ = served.ask("POST", "/predict", body, Content_Type="image/png")
    assert status == 400
    assert "its Content-Type is not multipart/form-data" in str(record)


def test_a_form_has_an_answer_for_every_file(served: Served) -> None:
    images, _ = pictures(3, 9)
    names = ["a.png", "ü b.png", "x'<b>.png", "bad.png"]
    contents = [*map(encoded, images), b"\x89PNG\r\n\x1a\n cut"]
    body, headers = form(*zip(names, contents, strict=True))
    status, record, _ = served.ask("POST", "/predict", body, **headers)
    assert status == 200
    assert [one["file"] for one in record["predictions"]] == names
    assert record["predictions"][3]["error"].startswith("image-unreadable: bad.png: ")
    run = served.file.run(np.stack([fitted(one, served.file.preprocessing).image for one in contents[:3]]))
    found = [list(one["probabilities"].values()) for one in record["predictions"][:3]]
    assert np.asarray(found, np.float32).tobytes() == run.probabilities.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "PNG of nothing"])
def test_what_of_a_file_was_not_looked_at_is_said(kind: str, served: Served) -> None:
    """Frames after the first, white drawings on nothing: the same words from the server and the command."""
    images, _ = pictures(3, 10)
    still, out = encoded(images[0]), io.BytesIO()
    if kind == "PNG of nothing":
        drawn = np.full((*images[0].shape[:2], 4), 255, np.uint8)
        drawn[::2, :, 3] = 0
        Image.fromarray(drawn).save(out, "PNG")
        wanted = "white on transparent"
    else:
        first, *others = (Image.fromarray(image) for image in images)
        first.save(out, kind, save_all=True, append_images=others, lossless=True)
        wanted = "first of 3 frames"
    content = out.getvalue()
    _, record, _ = served.ask("POST", "/predict", content)
    note = record["predictions"][0]["note"]
    assert note.startswith(wanted)
    assert predict_files(served.file, [content])[0].note == note
    body, headers = form(("a.png", still), ("b.png", content))
    _, record, _ = served.ask("POST", "/predict", body, **headers)
    assert [one.get("note") for one in record["predictions"]] == [None, note]
    given = [base64.b64encode(one).decode() for one in (still, content)]
    tensor = {"name": "pictures", "datatype": "BYTES", "shape": [2], "data": given}
    _, record, _ = served.infer({"inputs": [tensor]})
    assert record["parameters"] == {"note": f"picture 2: {note}"}
    tensor |= {"shape": [1], "data": given[:1]}
    _, record, _ = served.infer({"inputs": [tensor]})
    assert "parameters" not in record


def _bomb() -> bytes:
    """A PNG that says it is 60,000 pixels a side."""
    content = bytearray(encoded(np.zeros((2, 2), np.uint8)))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        (b"", {400}), (b"hello", {415}), (b"GIF89a" + bytes(50), {415}), (b"%PDF-1.7", {415}),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), {400}), (_bomb(), {400, 413}),
        (b"\xff\xd8\xff\xe0" + bytes(99), {400}),
    ],
)  # fmt: skip
def test_one_picture_that_cannot_be_read_is_a_4xx_with_its_code(
    served: Served, content: bytes, statuses: set[int]
) -> None:
    status, record, _ = served.ask("POST", "/predict", content)
    assert status in statuses and set(record) == {"error"} and "\n" not in record["error"]


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(start: Start) -> None:
    served = start(limits=Limits(pixels=5_000))
    assert served.ask("POST", "/predict", encoded(np.zeros((50, 100), np.uint8)))[0] == 200
    status, record, _ = served.ask("POST", "/predict", encoded(np.zeros((51, 100), np.uint8)))
    assert status == 413 and record["error"].startswith("image-too-large")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data", b"--x--", 400), ('multipart/form-data; boundary=""', b"--x--", 400),
        ("multipart/form-data; boundary=" + "x" * 71, b"--x--", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n", 400),
        ("multipart/form-data; boundary=x", b"junk\r\n--x\r\n\r\na\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nabc\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nabc\r\n--x", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nA; name="f"' + b"y" * 9000 + b"\r\n\r\n\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nA; name="f"\r\n\r\n\r\n' * 500 + b"--x--", 413),
    ],
)  # fmt: skip
def test_forms_that_are_none(served: Served, content_type: str, body: bytes, status: int) -> None:
    found, record, _ = served.ask("POST", "/predict", body, Content_Type=content_type)
    assert found == status and set(record) == {"error"}


def test_a_parameter_that_is_none_is_told(served: Served) -> None:
    """`simlar=3` was answered without the similar images that were asked for."""
    status, record, _ = served.ask("POST", "/predict?simlar=3", encoded(pictures(1, 8)[0][0]))
    assert status == 400 and "there is no parameter 'simlar'" in str(record)


@pytest.mark.parametrize("similar", ["-1", "x", "21", "999", "", "%C2%B2"])
def test_similar_is_a_small_number(served: Served, similar: str) -> None:
    assert served.ask("POST", f"/predict?similar={similar}", b"x")[0] == 400


def test_a_file_served_alone_says_why_there_are_no_similar_images(served: Served) -> None:
    images, _ = pictures(1, 3)
    record = served.ask("POST", "/predict?similar=3", encoded(images[0]))[1]
    assert "run folder" in record["similar"] and "similar" not in record["predictions"][0]


def test_content_is_kept_to_the_last_byte() -> None:
    """Line ends, dashes and the boundary's own beginning inside a file are the file's."""
    contents = [b"\r\n", b"--xY", b"\r\n--x", b"a\r\n\r\nb\n", bytes(range(256)), b""]
    body, headers = form(*((f"{i}", content) for i, content in enumerate(contents)))
    found = parts_of(body, boundary_of(headers["Content_Type"]), 10)
    assert found == [Part(str(i), content) for i, content in enumerate(contents)]
    assert boundary_of('multipart/form-data; boundary="a b"; x=1') == b"a b"
    with pytest.raises(RefusedError, match="boundary"):
        boundary_of("multipart/form-data; boundary=ü")


def test_json_of_the_answer_is_strict(served: Served) -> None:
    body = json.dumps(served.ask("GET", "/v2/models/nearest-mean")[1], allow_nan=False)
    assert "NaN" not in body

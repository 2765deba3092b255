"""Open Inference Protocol v2 over HTTP: tensors from requests, responses from tensors.

Source: the protocol's `required API` and its extension for binary tensors. All that comes in is hostile:
every size is compared with what is there before it is used.
"""

import binascii
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.deployment.onnx_content import INPUT, OUTPUTS
from assay.deployment.onnx_model import Answers
from assay.deployment.serving.limits import Limits, RefusedError

#: The input for encoded picture files.
PICTURES: Final = "pictures"

#: Datatypes of the outputs, in the file's order, and as NumPy's in little-endian bytes.
DATATYPES: Final = dict(zip(OUTPUTS, ("FP32", "INT64", "BOOL", "FP32"), strict=True))
_BYTES_OF: Final = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}

EXTENSIONS: Final = ("binary_tensor_data",)

#: Characters of a request's `id`, which is sent back.
_LONGEST_ID: Final = 1024


@dataclass(frozen=True, eq=False)
class InferRequest:
    """One inference request. Of `images` uint8 `(n, h, w, c)` and `pictures`, encoded files, one is None.

    outputs: names wanted, each with whether it is sent as bytes.
    """

    id: str | None
    images: NDArray[np.uint8] | None
    pictures: list[bytes] | None
    outputs: tuple[tuple[str, bool], ...]


def bad(why: str) -> RefusedError:
    """The refusal of a request that is not as the protocol says."""
    return RefusedError(400, why)


def json_of(body: bytes | memoryview) -> dict[str, Any]:
    """The object that a body holds. Raises RefusedError 400."""
    try:
        found = json.loads(bytes(body))
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, numbers of thousands of digits
        raise bad("the body is no JSON that can be read") from error
    if not isinstance(found, dict):
        raise bad("the body is JSON, but no object")
    return found


def read_infer(
    body: bytes, json_length: str | None, shape: tuple[int, int, int], limits: Limits
) -> InferRequest:
    """The request of a body. json_length: the header `Inference-Header-Content-Length`, if it was sent.

    shape: height, width and channels of the model's images. Raises RefusedError 400, and 413 for over
    `limits.batch` images.
    """
    head, binary = body, memoryview(b"")
    if json_length is not None:
        if not (json_length.isascii() and json_length.isdigit() and len(json_length) < 12):
            raise bad("Inference-Header-Content-Length is no number")
        if int(json_length) > len(body):
            raise bad(f"Inference-Header-Content-Length is {json_length}, the body has {len(body)} bytes")
        head, binary = body[: int(json_length)], memoryview(body)[int(json_length) :]
    if len(head) > limits.json:
        raise RefusedError(
            413, f"{len(head):,} bytes of JSON, at most {limits.json:,} are read; send binary data"
        )
    record = json_of(head)
    name, datatype, given_shape, tensor = _input(record)
    content = _content(tensor, binary)
    identity = record.get("id")
    if identity is not None and (not isinstance(identity, str) or len(identity) > _LONGEST_ID):
        raise bad(f'"id" is no text of at most {_LONGEST_ID} characters')
    outputs = _outputs(record)
    if datatype == "BYTES" and name in (PICTURES, INPUT):
        return InferRequest(identity, None, _pictures(content, given_shape, limits), outputs)
    if datatype == "UINT8" and name == INPUT:
        flags = b"true" in head or b"false" in head
        return InferRequest(identity, _images(content, given_shape, shape, limits, flags), None, outputs)
    wanted = f'"{INPUT}" (UINT8) or "{PICTURES}" (BYTES)'
    raise bad(f"the input is called {name!a:.60} and holds {datatype!a:.20}; {wanted} is wanted")


def _input(record: dict[str, Any]) -> tuple[str, str, list[int], dict[str, Any]]:
    """Name, datatype, shape of the one input, and all that is said of it."""
    inputs = record.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise bad('"inputs" must be a list of one tensor')
    tensor: dict[str, Any] = inputs[0]
    name, datatype, shape = (tensor.get(key) for key in ("name", "datatype", "shape"))
    if not isinstance(name, str) or not isinstance(datatype, str):
        raise bad('the input needs "name" and "datatype"')
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape):
        raise bad('"shape" must be a list of whole numbers')
    return name, datatype, shape, tensor


def _parameters(record: dict[str, Any], known: set[str]) -> dict[str, Any]:
    parameters = record.get("parameters", {})
    if not isinstance(parameters, dict):
        raise bad('"parameters" is no object')
    other = parameters.keys() - known
    if other:
        raise bad(f"parameter {min(other)!a:.60} is not supported")
    return parameters


def _content(tensor: dict[str, Any], binary: memoryview) -> Any:
    """The input's bytes where they follow the JSON, else its "data"."""
    size = _parameters(tensor, {"binary_data_size"}).get("binary_data_size")
    if size is None:
        if len(binary):
            raise bad(f"{len(binary)} bytes follow the JSON, and no input says that they are its own")
        if not isinstance(tensor.get("data"), list):
            raise bad('the input has neither "data" nor "binary_data_size"')
        return tensor["data"]
    if "data" in tensor:
        raise bad('the input has both "data" and "binary_data_size"')
    if type(size) is not int or size != len(binary):
        raise bad(f'"binary_data_size" is {size!a:.20}, and {len(binary)} bytes follow the JSON')
    return binary


def _outputs(record: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    binary = _parameters(record, {"binary_data_output"}).get("binary_data_output", False)
    asked = record.get("outputs")
    if asked is None or asked == []:
        return tuple((name, _flag(binary)) for name in OUTPUTS)
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise bad('"outputs" must be a list of objects')
    names = [one.get("name") for one in asked]
    if any(name not in OUTPUTS for name in names) or len(set(names)) != len(names):
        raise bad(f"the outputs are {', '.join(OUTPUTS)}, each at most once")
    flags = [_flag(_parameters(one, {"binary_data"}).get("binary_data", binary)) for one in asked]
    return tuple(zip(names, flags, strict=True))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise bad('"binary_data" and "binary_data_output" are true or false')
    return value


def _check_count(count: int, limits: Limits) -> None:
    if not count:
        raise bad("there is no image in the request")
    if count > limits.batch:
        raise RefusedError(413, f"{count} images in one request, at most {limits.batch} are taken")


def _images(
    content: Any, given: list[int], shape: tuple[int, int, int], limits: Limits, flags: bool
) -> NDArray[np.uint8]:
    """flags: whether there may be true or false among the numbers."""
    if given[1:] != list(shape) or not given:
        wanted = [-1, *shape]
        raise bad(f"the images have the shape {given[:8]}, {wanted} is wanted")
    _check_count(given[0], limits)
    size = given[0] * shape[0] * shape[1] * shape[2]
    if isinstance(content, memoryview):
        if len(content) != size:
            raise bad(f"{len(content)} bytes for {size} values")
        return np.frombuffer(content, np.uint8).reshape(given)
    return _numbers(content, size, flags).reshape(given)


def _numbers(data: list[Any], size: int, flags: bool) -> NDArray[np.uint8]:
    """Whole numbers from 0 to 255, nested or in one list, as uint8 `(size,)`."""
    if len(data) == size and not flags:
        with suppress(TypeError, ValueError):  # other values, or lists: said below what is wrong, or read
            return np.frombuffer(bytes(data), np.uint8)  # a quarter of the time; but takes true for 1
    try:
        found = np.asarray(data)
    except (ValueError, OverflowError, RecursionError) as error:
        raise bad('the lists in "data" have different lengths') from error
    if found.size != size:
        raise bad(f"{found.size} values given, {size} wanted by the shape")
    flagged = flags and any(type(value) is bool for value in np.asarray(data, object).flat)
    if flagged or found.dtype.kind not in "iu" or int(found.min()) < 0 or int(found.max()) > 255:
        raise bad('"data" must hold whole numbers from 0 to 255')
    return found.astype(np.uint8).ravel()


def _pictures(content: Any, given: list[int], limits: Limits) -> list[bytes]:
    if len(given) != 1 and not (len(given) == 2 and given[1] == 1):
        raise bad(f"pictures have the shape {given[:8]}, [-1] is wanted")
    _check_count(given[0], limits)
    found = _strings(content) if isinstance(content, memoryview) else [_base64(one) for one in _flat(content)]
    if len(found) != given[0]:
        raise bad(f"{len(found)} pictures given, the shape says {given[0]}")
    return found


def _flat(data: list[Any]) -> list[Any]:
    return [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]


def _base64(text: Any) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (AttributeError, ValueError) as error:
        raise bad("a picture in JSON must be base64 text; send others as binary data") from error


def _strings(content: memoryview) -> list[bytes]:
    """BYTES elements: each its length, 4 bytes little-endian, and so many bytes."""
    found, at = [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        if at + 4 + length > len(content):
            raise bad("a picture is longer than the bytes that follow it")
        found.append(bytes(content[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def infer_response(
    model: str, version: str, request: InferRequest, answers: Answers, note: str = ""
) -> tuple[bytes, int | None]:
    """The response's body, and how long its JSON is where bytes follow it. note: a parameter, if any."""
    tensors, tails = [], []
    for name, binary in request.outputs:
        values = getattr(answers, name)
        tensor: dict[str, Any] = {"name": name, "datatype": DATATYPES[name], "shape": list(values.shape)}
        if binary:
            tail = values.astype(_BYTES_OF[DATATYPES[name]], copy=False).tobytes()
            tensor["parameters"] = {"binary_data_size": len(tail)}
            tails.append(tail)
        else:
            tensor["data"] = json_values(values.ravel())
        tensors.append(tensor)
    record: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": tensors}
    if note:
        record["parameters"] = {"note": note}
    if request.id is not None:
        record["id"] = request.id
    head = json.dumps(record, allow_nan=False, separators=(",", ":")).encode()
    return (b"".join([head, *tails]), len(head)) if tails else (head, None)


def json_values(values: NDArray[Any]) -> list[Any]:
    """The values as JSON's; what is no number (no gate) as null. Each float32 reads back as itself."""
    found: list[Any] = values.tolist()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [value if np.isfinite(value) else None for value in found]
    return found

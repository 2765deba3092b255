"""What a request asks for and holds: the model it names, its body, the files in it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import Request

from assay.deployment.serving.limits import RefusedError, busy
from assay.deployment.serving.multipart import Part, boundary_of, is_form, parts_of
from assay.deployment.serving.service import VERSION, Service


def service_of(request: Request) -> Service:
    """The service that a request is made to."""
    service: Service = request.app.state.service
    return service


@asynccontextmanager
async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The request's body, counted in what all requests may hold until the block ends. Raises RefusedError."""
    service, limits = service_of(request), service_of(request).limits
    headers = request.headers
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise RefusedError(415, "compressed bodies are not read; send it as it is")
    length = headers.get("content-length", "0")
    if int(length) > limits.body:  # h11 has seen to it that this is a number
        raise RefusedError(413, f"the body has {length[:20]} bytes, at most {limits.body:,} are read")
    parts, size = [], 0
    try:
        async with asyncio.timeout(max(request.scope["until"] - time.monotonic(), 0)):
            async for part in request.stream():
                size += len(part)
                service.bodies += len(part)
                parts.append(part)
                if size > limits.body:
                    raise RefusedError(413, f"the body has more than {limits.body:,} bytes")
                if service.bodies > limits.bodies:
                    raise busy("too many bytes are being received at once")
        yield parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError as error:
        raise RefusedError(408, f"the request was not whole after {limits.seconds:g} seconds") from error
    finally:
        service.bodies -= size


def files_in(body: bytes, content_type: str, most: int) -> list[Part]:
    """The files of a body: one, or a form of at most `most`. Raises RefusedError as `parts_of`, or 400."""
    if not content_type.lower().startswith("multipart/"):
        # What a picture is, its bytes say: `curl --data-binary` calls every file a form.
        if not body:
            raise RefusedError(400, "there is no picture in the request")
        if is_form(body):
            raise RefusedError(400, "the body is a form, and its Content-Type is not multipart/form-data")
        if _is_field_of_form(body, content_type):
            fix = "send the file as it is: curl --data-binary @FILE"
            raise RefusedError(
                400, f"the body is the text of a form, as curl -d makes it, and no picture; {fix}"
            )
        return [Part("picture", body)]
    found = parts_of(body, boundary_of(content_type), most)
    if not found:
        raise RefusedError(400, "there is no picture in the request")
    return found


#: How files begin that are read as pictures.
_SIGNATURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM")

#: The name of a file, in place of its content.
_NAME: Final = re.compile(rb"@?[^\s{}\[\]]{1,500}\.[A-Za-z]{3,4}")


def _is_field_of_form(body: bytes, content_type: str) -> bool:
    """Whether `curl -d` made it: the name of a file (`-d a.png`), or a file (`-d @a.png`) without its zeros
    and ends of lines, which every picture has."""
    if not content_type.lower().startswith("application/x-www-form-urlencoded"):
        return False
    left_out = body.startswith(_SIGNATURES) and not any(byte in body for byte in (b"\0", b"\r", b"\n"))
    return left_out or _NAME.fullmatch(body) is not None


def need_model(request: Request) -> Service:
    """Raise RefusedError 404 where a model or version is named that is not served."""
    service, given = service_of(request), request.path_params
    if given["model"] != service.name:
        raise RefusedError(404, f"there is no model {given['model']!a:.80} here, only {service.name!a}")
    if given.get("version", VERSION) != VERSION:
        raise RefusedError(404, f"there is no version {given['version']!a:.40} of it, only '{VERSION}'")
    return service

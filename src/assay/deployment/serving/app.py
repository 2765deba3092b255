"""The routes of the server. Every answer but the page's files is JSON; every refusal is `{"error": ...}`."""

import json
import time
from importlib.resources import files
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.core.errors import AssayError
from assay.core.version import __version__
from assay.deployment.onnx_content import INPUT
from assay.deployment.serving import metrics as prometheus
from assay.deployment.serving import service as work
from assay.deployment.serving.headers import SECURITY
from assay.deployment.serving.limits import RefusedError
from assay.deployment.serving.pictures import unreadable
from assay.deployment.serving.protocol import DATATYPES, EXTENSIONS, PICTURES
from assay.deployment.serving.request_content import body_of, files_in, need_model, service_of
from assay.deployment.serving.service import VERSION, Service

_PAGE: Final = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css"),
                "/page.js": ("page.js", "text/javascript")}  # fmt: skip

#: Most similar images that may be asked for.
_MOST_SIMILAR: Final = 20

#: A number of a training image has fewer digits; Python refuses to read one of thousands.
_MOST_DIGITS: Final = 20


def _json(record: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps(record, allow_nan=False, separators=(",", ":"))
    return Response(content, status, headers, "application/json")


def _refusal(error: RefusedError) -> Response:
    return _json({"error": error.why}, error.status, error.headers)


class _Guarded:
    """Access, security headers, counts and the clock around every request."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.monotonic(), 499  # where nothing was sent, the client had left
        scope["until"] = started + self.service.limits.seconds

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *SECURITY]
            await send(message)

        try:
            self.service.access.check(scope["method"], scope["path"], scope["headers"])
        except RefusedError as error:
            await _refusal(error)(scope, receive, out)
        else:
            await self.app(scope, receive, out)
        finally:
            endpoint = scope.get("endpoint")
            route = getattr(endpoint, "__name__", "none").lstrip("_")
            self.service.metrics.request(route, status, time.monotonic() - started)


def application(service: Service) -> ASGIApp:
    """The server as an ASGI application."""
    model = "/v2/models/{model}"
    versioned = f"{model}/versions/{{version}}"
    routes = [Route(f"{prefix}/infer", _infer, methods=["POST"]) for prefix in (model, versioned)] + [
        Route("/predict", _predict, methods=["POST"]),
        Route("/v2/health/live", _live),
        Route("/v2/health/ready", _ready),
        Route("/v2", _server),
        Route("/v2/", _server),
        Route("/v2/repository/index", _index, methods=["POST"]),
        *(Route(f"{prefix}/ready", _model_ready) for prefix in (model, versioned)),
        *(Route(prefix, _model) for prefix in (model, versioned)),
        Route("/favicon.ico", _no_icon),
        Route("/metrics", _metrics),
        Route("/drift", _drift),
        Route("/training/{row}.png", _training),
        *(Route(path, _page) for path in _PAGE),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            RefusedError: _refused,
            AssayError: _failed,
            HTTPException: _no_route,
            ClientDisconnect: _left,
            Exception: _fault,
        },
    )
    app.state.service = service
    return _Guarded(app, service)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return _refusal(error)


async def _failed(_request: Request, error: Exception) -> Response:
    """The machine, not the request: memory that is full."""
    assert isinstance(error, AssayError)
    return _json({"error": unreadable(error).why}, 503, {"Retry-After": "5"})


async def _no_route(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    why = "there is nothing at this address" if error.status_code == 404 else error.detail
    return _json({"error": why}, error.status_code, dict(error.headers or {}))


async def _left(_request: Request, _error: Exception) -> Response:
    return _json({"error": "the request was cut off"}, 400)


async def _fault(_request: Request, _error: Exception) -> Response:
    return _json({"error": "a fault of Assay: its log has more, please report it"}, 500)


async def _infer(request: Request) -> Response:
    service, until = need_model(request), request.scope["until"]
    async with body_of(request) as body:
        length = request.headers.get("inference-header-content-length")

        def answer() -> tuple[bytes, int | None, work.Served]:
            return work.infer(service, body, length, until)

        quick = service.is_quick(body) and b'"BYTES"' not in body[:1024]
        found = answer() if quick else await service.workers.run(answer, until, service.limits.seconds)
    content, json_length, served = found
    work.count(service, served)
    if json_length is None:
        return Response(content, media_type="application/json")
    headers = {"Inference-Header-Content-Length": str(json_length)}
    return Response(content, headers=headers, media_type="application/octet-stream")


async def _predict(request: Request) -> Response:
    service, until = service_of(request), request.scope["until"]
    unknown = [name for name in request.query_params if name != "similar"]
    if unknown:
        raise RefusedError(400, f"there is no parameter {unknown[0]!a:.80}; there is similar")
    similar = request.query_params.get("similar", "0")
    if not (similar.isascii() and similar.isdigit() and len(similar) < 3 and int(similar) <= _MOST_SIMILAR):
        raise RefusedError(400, f"similar is a number up to {_MOST_SIMILAR}")
    async with body_of(request) as body:
        sent = files_in(body, request.headers.get("content-type", ""), service.limits.batch)
        record, served = await service.workers.run(
            lambda: work.predict(service, sent, int(similar), until), until, service.limits.seconds
        )
    work.count(service, served)
    return _json(record)


async def _live(_request: Request) -> Response:
    return _json({"live": True})


async def _ready(request: Request) -> Response:
    draining = service_of(request).draining
    return _json({"ready": not draining}, 503 if draining else 200)


async def _model_ready(request: Request) -> Response:
    draining = need_model(request).draining
    record = {"name": need_model(request).name, "ready": not draining}
    return _json(record, 503 if draining else 200)


async def _server(_request: Request) -> Response:
    return _json({"name": "assay", "version": __version__, "extensions": list(EXTENSIONS)})


async def _index(request: Request) -> Response:
    return _json([{"name": service_of(request).name, "version": VERSION, "state": "READY", "reason": ""}])


async def _model(request: Request) -> Response:
    service = need_model(request)
    model, about = service.model, service.model.metadata
    count = len(model.classes)
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, count] if name == "probabilities" else [-1]}
        for name, datatype in DATATYPES.items()
    ]
    return _json(
        {
            "name": service.name,
            "versions": [VERSION],
            "platform": "onnxruntime_onnx",
            "inputs": [
                {"name": INPUT, "datatype": "UINT8", "shape": [-1, *model.preprocessing.shape]},
                {"name": PICTURES, "datatype": "BYTES", "shape": [-1]},
            ],
            "outputs": outputs,
            "parameters": {
                "inputs": f"one of them: {INPUT}, or {PICTURES} (encoded files, in JSON as base64)",
                "classes": list(model.classes),
                "preprocessing": model.preprocessing.as_record(),
                "temperature": about.temperature,
                "max_risk": about.max_risk,
                "threshold": about.threshold,
                "ood_threshold": about.gate,
                "fingerprints": about.fingerprints,
                "sha256": model.sha256,
                "run_sha256": about.run_sha256,
                "assay": about.version,
                "similar": service.training.state,
                "limits": {"body": service.limits.body, "batch": service.limits.batch,
                           "pixels": service.limits.pixels},
            },
        }
    )  # fmt: skip


async def _metrics(request: Request) -> Response:
    service = service_of(request)
    verdict = {"pass": 0.0, "warn": 1.0, "fail": 2.0}.get(service.watch.now.verdict, float("nan"))
    gauges = {
        "requests_waiting": ("Requests that wait for a thread or are at work there.", service.workers.taken),
        "body_bytes": ("Bytes of requests in memory.", service.bodies),
        "drift": ("0 no drift, 1 warned, 2 failed; NaN where it is not evaluated.", verdict),
        "drift_alarms": ("How often drift began.", service.watch.alarms),
        "ood_share": ("Share of images unlike the training images.", _share(service, service.metrics.ood)),
        "answered_share": ("Share of images answered.", _share(service, service.metrics.answered)),
    }
    return Response(service.metrics.text(gauges), headers={"Content-Type": prometheus.CONTENT_TYPE})


def _share(service: Service, count: int) -> float:
    return count / service.metrics.images if service.metrics.images else float("nan")


async def _drift(request: Request) -> Response:
    service = service_of(request)
    await service.workers.run(service.watch.wait, request.scope["until"], service.limits.seconds)
    images, shares = service.metrics.images, {}
    if images:
        shares = {"ood_share": _share(service, service.metrics.ood),
                  "answered_share": _share(service, service.metrics.answered)}  # fmt: skip
    return _json({**service.watch.as_record(), **shares})


async def _training(request: Request) -> Response:
    service, text = service_of(request), request.path_params["row"]
    training = service.training.found
    row = int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else None
    if training is None or row is None or row >= len(training.train):
        raise RefusedError(404, "there is no such training image")
    png = await service.workers.run(lambda: training.png(row), request.scope["until"], service.limits.seconds)
    return Response(png, media_type="image/png")


async def _no_icon(_request: Request) -> Response:
    return Response(status_code=204)


async def _page(request: Request) -> Response:
    name, kind = _PAGE[request.url.path]
    content = (files("assay.deployment.serving") / "page" / name).read_bytes()
    return Response(content, headers={"Content-Type": f"{kind}; charset=utf-8"})

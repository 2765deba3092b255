"""`assay serve RUN|FILE.onnx`: a model for other programs and for people, over HTTP."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from assay.cli import options as o
from assay.core.errors import AssayError

Served = Annotated[
    Path, typer.Argument(metavar="RUN|FILE.onnx", help="The folder of a run, or an exported model.")
]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", metavar="TEXT", envvar="ASSAY_TOKEN", help="What clients must know to be answered."
    ),
]
Public = Annotated[bool, typer.Option("--public", help="Answer everybody who can reach --host.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="Another name of this server, as of a proxy."),
]


def serve(
    run: Served,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token: Token = None,
    public: Public = False,
    allow_host: AllowHost = None,
    quiet: o.Quiet = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Serve a model over HTTP: Open Inference Protocol v2, POST /predict, a page, /metrics, /drift.

    Only this machine can ask, unless --host says otherwise; that needs --token or --public. SIGTERM and
    Ctrl-C end the server once the requests that have begun are answered.
    """
    from assay.deployment.onnx_model import require_extra
    from assay.deployment.serving.access import Access, is_loopback
    from assay.deployment.serving.server import listening, require_serving
    from assay.deployment.serving.server import serve as answer_requests
    from assay.workflow.deployed.serve import begin_training_images, needs_export, open_service

    require_serving()
    require_extra("serve")
    _check_token(token)
    if not is_loopback(host) and token is None and not public:
        what = "everybody who reaches this address could use the model"
        raise AssayError(
            "bad-value", f"--host {host}", what, "Add --token TEXT, or --public if that is meant."
        )
    if needs_export(run):
        _export(run)
    with listening(host, port) as listener:
        service = open_service(run, Access.to(host, token, allow_host or ()))

        def ready() -> None:
            begin_training_images(service)
            if not quiet:
                address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
                classes = f"{len(service.model.classes)} classes"
                sys.stderr.write(f"Serving {service.name} ({classes}) at {address} - stop with Ctrl-C\n")

        answer_requests(service, listener, ready)


def _check_token(token: str | None) -> None:
    if token is not None and not (token and all("!" <= character <= "~" for character in token)):
        what = "it is empty, or has characters that no header can carry"
        raise AssayError("bad-value", "--token", what, "Use letters, digits and signs, without spaces.")


def _export(run: Path) -> None:
    """Export the run in a process of its own: the proof needs torch, which this one never loads."""
    sys.stderr.write("There is no export in the run yet: it is made and proved first (assay export).\n")
    made = subprocess.run([sys.executable, "-m", "assay", "export", "-q", str(run)], stdout=sys.stderr)
    if made.returncode:
        raise typer.Exit(made.returncode)

"""`assay export RUN`: the model as one ONNX file, proved equal."""

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli import options as o
from assay.cli.option_groups import with_options

OutFile = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="The ONNX file. [default: export/model.onnx in the run]"),
]
Format = Annotated[str, typer.Option("--format", metavar="NAME", help="Of the file: onnx, the one there is.")]


@with_options(o.REPORTING)
def export(
    run: o.RunArgument,
    data: o.Data = None,
    file_format: Format = "onnx",
    out: OutFile = None,
    offline: o.Offline = False,
    **given: Any,
) -> None:
    """Write a run's model as one ONNX file.

    Its answers are first compared with the model's, on the test split and 1,000 made-up images. Where they
    differ nothing is written.
    """
    from assay.cli.listeners import listening
    from assay.core.errors import AssayError
    from assay.core.text import one_line
    from assay.workflow.deployed.export import export_run

    if file_format != "onnx":
        raise AssayError("bad-value", f"--format {file_format}", "there is no such format", "Use onnx.")
    output = o.Output.of(given)
    with listening(output) as on_event:
        path, proof = export_run(run, data, out=out, offline=offline, on_event=on_event)
    if given["json"]:
        record = {"event": "exported", "stage": "export", "file": str(path), **proof.as_record()}
        sys.stdout.write(json_text.dumps(record, allow_nan=False) + "\n")
    elif not given["quiet"]:
        same = f"Same class for {proof.images:,} of {proof.images:,} images"
        line = f"{same}; probabilities differ by at most {proof.largest_difference:.1e}. File: {path}"
        sys.stdout.write(one_line(line) + "\n")

"""`assay predict RUN FILE...`: CSV on stdout."""

import json as json_format
import sys
from typing import Annotated

import typer

from assay.cli import options as o


def predict(
    run: o.RunArgument,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Pictures; - reads one from stdin.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of CSV.")] = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Classify pictures with a run's model.

    They are read exactly as in training. CSV on stdout: file, predicted class, probabilities.
    """
    from assay.deployment.predict import predictions_text
    from assay.training.classifier import Model
    from assay.workflow.api import predict as classify

    model = Model.read(run / "model")
    sources = [sys.stdin.buffer.read() if file == "-" else file for file in files]
    predictions = classify(model, sources)
    if json:
        for prediction in predictions:
            sys.stdout.write(json_format.dumps(prediction.as_record(), allow_nan=False) + "\n")
    else:
        sys.stdout.write(predictions_text(predictions, model.classes))

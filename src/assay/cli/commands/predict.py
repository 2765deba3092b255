"""`assay predict RUN FILE...`: CSV on stdout."""

import json as json_format
import sys
from typing import Annotated

import typer

from assay.cli import options as o
from assay.core.errors import AssayError


def predict(
    run: o.RunArgument,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Pictures, and folders of pictures; - reads one from stdin."),
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of CSV.")] = False,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Classify pictures with a run's model.

    They are read exactly as in training. CSV on stdout: file, predicted class, probabilities. Of several
    pictures each has its row; those that cannot be read say why, and the command ends with exit 3.
    """
    from assay.deployment.predict import Unread, pictures_below, predict_each, predictions_text
    from assay.training.classifier import Model

    model = Model.read(run / "model")
    sources = [sys.stdin.buffer.read() if file == "-" else file for file in pictures_below(files)]
    if not sources:
        what = "there is no picture in it"
        raise AssayError("too-few-images", ", ".join(files), what, "Name pictures, or their folder.")
    predictions = list(predict_each(model, sources))
    unread = [found for found in predictions if isinstance(found, Unread)]
    if unread and len(sources) == 1:
        raise unread[0].error
    if json:
        for prediction in predictions:
            sys.stdout.write(json_format.dumps(prediction.as_record(), allow_nan=False) + "\n")
    else:
        sys.stdout.write(predictions_text(predictions, model.classes))
    if unread:
        what = f"{len(unread):,} of {len(sources):,} pictures could not be read; the first: {unread[0].file}"
        raise AssayError(unread[0].error.code, run, what, unread[0].error.fix)

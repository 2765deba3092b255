"""`assay predict RUN|FILE.onnx PATH...`: CSV on stdout, or in a file."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as o
from assay.core.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.deployment.predict import Prediction, Unread
    from assay.deployment.quick import Quick
    from assay.training.classifier import Model

#: Pictures that are classified before a bar would be seen.
_MOMENT = 256

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="Pictures, folders of pictures, and patterns such as '*.jpg'; - reads one from stdin.",
    ),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write there instead of to stdout.")
]


def predict(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FILE.onnx", help="The folder of a run, or an exported model.")
    ],
    paths: Paths,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of CSV.")] = False,
    out: OutFile = None,
    debug: o.Debug = False,  # noqa: ARG001  read from the raw arguments, before parsing can fail
) -> None:
    """Classify pictures with a run's model, or with an exported one.

    They are read exactly as in training. CSV on stdout: file, predicted class, probabilities. Of several
    pictures each has its row; those that cannot be read say why, and the command ends with exit 3. What was
    left out of folders, and pictures that are unlike the training images, are told on stderr.
    """
    from assay.cli.predict_remarks import Remarks
    from assay.deployment.load_model import load_model
    from assay.deployment.onnx_model import OnnxModel
    from assay.deployment.predict import Unread, pictures_below, predict_each
    from assay.deployment.prediction_table import json_lines, table_lines

    if out is not None and out.exists():
        raise AssayError("output-exists", out, "it exists already", "Choose another --out.")
    if paths.count("-") > 1:
        raise AssayError("bad-value", "-", "it is named twice", "Standard input holds one picture.")
    read = load_model(run)
    model = read if isinstance(read, OnnxModel) else _soonest(read)
    told = Remarks()
    named = pictures_below(paths, told.leave_out)
    sources = [sys.stdin.buffer.read() if path == "-" else path for path in named]
    if not sources:
        left = f"; left out: {told.left_out()}" if told.left_out() else ""
        what = f"there is no picture in it{left}"
        raise AssayError("too-few-images", ", ".join(paths), what, "Name pictures, or their folder.")
    first: Unread | None = None
    codes: Counter[str] = Counter()

    def each() -> "Iterator[Prediction | Unread]":
        nonlocal first
        with _progress(len(sources)) as one_more:
            for found in predict_each(model, sources):
                if isinstance(found, Unread):
                    if len(sources) == 1:
                        raise found.error
                    first = first or found
                    codes[found.error.code] += 1
                else:
                    told.answer(found)
                yield found
                one_more()

    _write(out, json_lines(each()) if json else table_lines(each(), model.classes))
    for line in told.lines(run, paths, model.classes):
        sys.stderr.write(f"{line}\n")
    if first is not None:
        reasons = f" ({', '.join(f'{n:,} {code}' for code, n in codes.items())})" if len(codes) > 1 else ""
        share = f"{codes.total():,} of {len(sources):,} pictures"
        what = f"{share} could not be read{reasons}; the first: {first.file}"
        raise AssayError(first.error.code, run, what, first.error.fix)


def _write(out: Path | None, lines: "Iterator[str]") -> None:
    """To standard output, or to a file that appears when it is whole."""
    from assay.core import durable

    if out is None:
        sys.stdout.writelines(lines)
        return
    with durable.create(out) as file:
        for line in lines:
            file.write(line.encode("utf-8", "backslashreplace"))


def _soonest(model: "Model") -> "Model | Quick":
    from assay.deployment.quick import quick  # here: an exported file needs none of it

    return quick(model)


@contextmanager
def _progress(total: int) -> "Iterator[Callable[[], None]]":
    """A bar on standard error, where that is a terminal and there is more than a moment's work."""
    if total <= _MOMENT or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console

    from assay.cli.listeners import progress_bar

    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("predict  ", total=total, unit="pictures")
        yield lambda: bar.advance(task)

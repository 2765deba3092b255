"""Writing a data set in another form: Parquet, NumPy's `.npz`, or a folder of PNG files.

Reading it back gives the same fingerprint.
"""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assay.core import durable
from assay.core.errors import AssayError
from assay.core.events import OnEvent, ignore, progress
from assay.core.text import csv_text, in_unicode
from assay.data.formats.parquet_file import need_pyarrow
from assay.data.listing.names import split_of
from assay.data.values import Dataset, Split

#: Rows of one group of a Parquet file: as the hub has them.
_GROUP: Final = 1000

_LONGEST_NAME: Final = 200


def convert(dataset: Dataset, out: Path, on_event: OnEvent = ignore) -> Path:
    """Write `dataset` to `out`: `NAME.parquet`, `NAME.npz`, or else a folder. Returns `out`.

    A folder has a folder for each split and class or, where a class name cannot be one of a folder, a
    table of labels beside the images of each split. Nothing appears unless all was written.
    Raises AssayError `output-exists`, `missing-extra`, and those of `durable.create`.
    """
    out = Path(out)
    if out.exists():
        raise AssayError("output-exists", out, "it is there already", "Remove it, or choose another name.")
    durable.make_directory(out.absolute().parent)
    if out.suffix == ".parquet":
        _write_parquet(dataset, out, on_event)
    elif out.suffix == ".npz":
        _write_npz(dataset, out)
    else:
        _write_folder(dataset, out, on_event)
    return out


def _write_npz(dataset: Dataset, out: Path) -> None:
    short = {"train": "train", "validation": "val", "test": "test"}
    arrays: dict[str, NDArray[Any]] = {"classes": np.array(dataset.classes)}
    for name, split in dataset.splits.items():
        arrays |= {f"x_{short[name]}": split.images, f"y_{short[name]}": split.labels}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    durable.write_bytes(out, content.getvalue())


def _write_parquet(dataset: Dataset, out: Path, on_event: OnEvent) -> None:
    parquet = need_pyarrow()
    schema = _schema(dataset)
    with durable.create(out) as file, parquet.ParquetWriter(_Sink(file), schema) as writer:
        for name, first, split in _told(dataset, on_event, _GROUP):
            rows = range(first, min(first + _GROUP, len(split)))
            images = split.images[rows.start : rows.stop]
            table = {
                "image": [
                    {"bytes": _png(image), "path": in_unicode(split.ids[row])}
                    for row, image in zip(rows, images, strict=True)
                ],
                "label": split.labels[rows.start : rows.stop],
                "split": [name] * len(rows),
            }
            writer.write_table(_table(table, schema))


class _Sink:
    """What the Parquet writer writes to: it wants to ask more than our durable files answer."""

    closed = False

    def __init__(self, file: Any) -> None:
        self._file, self._position = file, 0

    def write(self, data: Any) -> int:
        written = int(self._file.write(memoryview(data)))
        self._position += written
        return written

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """The durable file is closed by its own block."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _schema(dataset: Dataset) -> Any:
    import pyarrow

    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(dataset.classes), "_type": "ClassLabel"},
        "split": {"dtype": "string", "_type": "Value"},
    }
    fields = [
        ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
        ("label", pyarrow.int64()),
        ("split", pyarrow.string()),
    ]
    return pyarrow.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def _table(columns: dict[str, Any], schema: Any) -> Any:
    import pyarrow

    return pyarrow.table(columns, schema=schema)


def _told(dataset: Dataset, on_event: OnEvent, step: int) -> Iterator[tuple[str, int, Split]]:
    """Every split in steps: its name, the first row of the step, the split."""
    total = sum(len(split) for split in dataset.splits.values())
    done = 0
    for name, split in dataset.splits.items():
        for first in range(0, len(split), step):
            progress(on_event, "convert", done + first, total, "images")
            yield name, first, split
        done += len(split)
    progress(on_event, "convert", total, total, "images")


def _png(image: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(out, "PNG")
    return out.getvalue()


def _write_folder(dataset: Dataset, out: Path, on_event: OnEvent) -> None:
    by_class = _can_be_folders(dataset.classes)
    with durable.create_directory(out) as folder:
        for name, split in dataset.splits.items():
            durable.make_directory(folder / name)
            for label in dataset.classes if by_class else ():
                durable.make_directory(folder / name / label)
            if not by_class:
                durable.write_text(folder / name / "metadata.csv", _metadata(dataset, split))
        for name, first, split in _told(dataset, on_event, 1000):
            for row in range(first, min(first + 1000, len(split))):
                label = dataset.classes[split.labels[row]] if by_class else ""
                with durable.open_scratch(folder / name / label / _file_name(split, row)) as file:
                    file.write(_png(split.images[row]))
        durable.files.sync_all()


def _can_be_folders(classes: Sequence[str]) -> bool:
    """Whether all class names can name folders, told apart also where case does not count."""
    fine = all(
        name == name.strip()
        and not name.startswith(".")
        and not set(name) & set('/\\\0:*?"<>|\n\r\t')
        and len(name.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME
        and split_of(name) is None
        for name in classes
    )
    return fine and len({name.casefold() for name in classes}) == len(classes)


def _metadata(dataset: Dataset, split: Split) -> str:
    rows = [
        (_file_name(split, row), dataset.classes[label]) for row, label in enumerate(split.labels.tolist())
    ]
    return csv_text(("file_name", "label"), rows)


def _file_name(split: Split, row: int) -> str:
    return f"{row:0{len(str(max(len(split) - 1, 0)))}d}.png"

"""One set in every form of docs/data.md: one fingerprint, also after `convert` to each of its forms."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from assay.data.convert import convert
from assay.data.values import Dataset
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("ant", "bee", "cow")
COUNTS = {"train": 12, "test": 6}

Parts = Mapping[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]
Options = dict[str, Any]


def parts_of(channels: int) -> Parts:
    """Images `(n, 8, 8, channels)` with every value from 0 to 255 in reach, and labels."""
    random = np.random.default_rng(channels)
    made = {
        s: (random.integers(0, 256, (n, 8, 8, channels), np.uint8), np.arange(n) % 3)
        for s, n in COUNTS.items()
    }
    made["train"][0][0, 0, :2] = [[0] * channels, [255] * channels]
    return made


def encoded(image: NDArray[Any], kind: str = "PNG", mode: str | None = None) -> bytes:
    out = io.BytesIO()
    plain = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    (plain.convert(mode) if mode else plain).save(out, kind)
    return out.getvalue()


def files(parts: Parts, place: str = "{split}/{label}/{row}.png", **how: Any) -> dict[str, bytes]:
    """Each image as a file under a path of its split, class and row."""
    return {
        place.format(split=split, label=CLASSES[label], row=row): encoded(image, **how)
        for split, (images, labels) in parts.items()
        for row, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    }


def laid(root: Path, contents: Mapping[str, bytes | str]) -> Path:
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def rows_of(parts: Parts) -> list[tuple[str, str, str, int]]:
    """Path, class, split and label of each image in `pool/SPLIT-ROW.png`."""
    return [
        (f"pool/{split}-{row}.png", CLASSES[label], split, label)
        for split, (_, labels) in parts.items()
        for row, label in enumerate(labels.tolist())
    ]


def table(root: Path, parts: Parts, header: str, row: Callable[..., str], name: str = "t.csv") -> Options:
    text = "\n".join([header, *(row(*each) for each in rows_of(parts))]) if header else ""
    text = text or "\n".join(row(*each) for each in rows_of(parts))
    laid(root, files(parts, "pool/{split}-{row}.png"))
    return {"data": laid(root, {name: text}) / name}


def npz(
    root: Path,
    parts: Parts,
    images: Callable[[NDArray[Any]], NDArray[Any]] = lambda x: x,
    labels: Callable[[NDArray[Any]], NDArray[Any]] = lambda y: y,
    **options: Any,
) -> Options:
    arrays = {f"x_{split}": images(x) for split, (x, _) in parts.items()}
    np.savez(root / "set.npz", **arrays, **{f"y_{split}": labels(y) for split, (_, y) in parts.items()})
    return {"data": root / "set.npz", "classes": CLASSES, **options}


def side_by_side(root: Path, parts: Parts) -> Options:
    for split, (x, y) in parts.items():
        np.savez(root / f"kmnist-{split}-imgs.npz", x)
        np.save(root / f"kmnist-{split}-labels.npy", y)
    return {"data": root, "classes": CLASSES}


def pixel_lists(root: Path, parts: Parts) -> Options:
    for split, (x, y) in parts.items():
        shape = x[..., 0] if x.shape[-1] == 1 else x
        pq.write_table(pa.table({"image": shape.tolist(), "label": y}), root / f"{split}-0.parquet")
    return {"data": root, "classes": CLASSES}


def paths_in_parquet(root: Path, parts: Parts) -> Options:
    laid(root, files(parts, "pool/{split}-{row}.png"))
    columns = dict(
        zip(("file_name", "label", "split", "n"), map(list, zip(*rows_of(parts), strict=True)), strict=True)
    )
    pq.write_table(pa.table(columns), root / "set.parquet")
    return {"data": root / "set.parquet"}


def links(root: Path, parts: Parts) -> Options:
    """A split of links into a pool beside it."""
    laid(root, files(parts, "pool/{split}-{row}.png"))
    for path, label, split, _ in rows_of(parts):
        link = root / "set" / split / label / Path(path).name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(root / path)
    return {"data": root / "set", "follow_links": True, "root": root}


def deep(root: Path, parts: Parts) -> Options:
    """12 bits in files of 16: the range of the set says by how much they are divided."""
    return {"data": laid(root, files({s: (x.astype(np.uint16) * 16, y) for s, (x, y) in parts.items()}))}


def zipped(root: Path, parts: Parts, slash: str = "/") -> Options:
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        for name, content in files(parts).items():
            member = zipfile.ZipInfo()
            member.filename = f"set/{name}".replace("/", slash)
            archive.writestr(member, content)
    return {"data": root / "set.zip"}


def tarred(root: Path, parts: Parts) -> Options:
    with tarfile.open(root / "set.tar.gz", "w:gz") as archive:
        for name, content in files(parts).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return {"data": root / "set.tar.gz"}


def pixel_table(root: Path, parts: Parts) -> Options:
    for split, (x, y) in parts.items():
        lines = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(x, y, strict=True)]
        header = ",".join(["label", *(f"pixel{i}" for i in range(x[0].size))])
        (root / f"d_{split}.csv").write_text("\n".join([header, *lines]))
    return {"data": root, "classes": CLASSES}


def metadata(root: Path, parts: Parts, name: str, line: Callable[[int, int], str], header: str) -> Options:
    """A table in the folder of each split, its images beside it."""
    laid(root, files(parts, "{split}/{row}.png"))
    for split, (_, y) in parts.items():
        lines = [header] if header else []
        (root / split / name).write_text("\n".join([*lines, *(line(i, n) for i, n in enumerate(y.tolist()))]))
    return {"data": root}


def frame(root: Path, parts: Parts) -> Options:
    laid(root, files(parts, "pool/{split}-{row}.png"))
    return {"data": pd.DataFrame(rows_of(parts), columns=["path", "label", "split", "n"]), "root": root}


def in_python(_: Path, parts: Parts) -> Options:
    pairs = {
        s: [(x[..., 0] if x.shape[-1] == 1 else x, CLASSES[n]) for x, n in zip(*p, strict=True)]
        for s, p in parts.items()
    }
    return {"data": pairs}


def beside_classes(root: Path, parts: Parts) -> Options:
    names = files(parts)
    lines = "\n".join(["file_name,camera", *(f"{name},A" for name in names)])
    return {"data": laid(root, {**names, "metadata.csv": lines})}


def hot(label: str) -> str:
    return ",".join("1" if label == name else "0" for name in CLASSES)


#: Forms of gray pictures and of colored ones.
BOTH: dict[str, Callable[[Path, Parts], Options]] = {
    "folder": lambda p, s: {"data": laid(p, files(s))},
    "folder, names of splits in names": lambda p, s: {
        "data": laid(p, files(s, "a/seg_{split}/{label}/{row}.png"))
    },
    "folder, classes first": lambda p, s: {"data": laid(p, files(s, "{label}/{split}/{row}.png"))},
    "folder of files named by class": lambda p, s: {"data": laid(p, files(s, "{split}/{label}.{row}.png"))},
    "folder, WebP and BMP": lambda p, s: {"data": laid(p, files(s, kind="BMP"))},
    "links": links,
    "metadata beside classes": beside_classes,
    "metadata.csv": lambda p, s: metadata(
        p, s, "metadata.csv", lambda i, n: f"{i}.png,{CLASSES[n]}", "file_name,label"
    ),
    "metadata.jsonl with a list": lambda p, s: metadata(
        p,
        s,
        "metadata.jsonl",
        lambda i, n: json.dumps({"file_name": f"{i}.png", "label": CLASSES[n], "box": [1]}),
        "",
    ),
    "_classes.csv": lambda p, s: metadata(
        p,
        s,
        "_classes.csv",
        lambda i, n: f"{i}.png, {hot(CLASSES[n])}".replace(",", ", ").replace(",  ", ", "),
        "filename, ant, bee, cow",
    ),
    "table": lambda p, s: table(p, s, "file,label,split", lambda f, c, part, _: f"{f},{c},{part}"),
    "table, semicolons": lambda p, s: table(
        p, s, "sep=;\nfile;label;split", lambda f, c, part, _: f"{f};{c};{part}"
    ),
    "table, one-hot": lambda p, s: table(
        p, s, "file,split,ant,bee,cow", lambda f, c, part, _: f"{f},{part},{hot(c)}"
    ),
    "table beside one folder": lambda p, s: table(
        p, s, "id,label,split", lambda f, c, part, _: f"{Path(f).stem},{c},{part}"
    ),
    "table, backslashes": lambda p, s: table(
        p, s, "file,label,split", lambda f, c, part, _: f"C:\\x\\{f},{c},{part}".replace("/", "\\")
    ),
    "table, whole floats": lambda p, s: {
        **table(p, s, "file,label,split", lambda f, _, part, n: f"{f},{n}.0,{part}"),
        "classes": CLASSES,
    },
    "JSON lines": lambda p, s: table(
        p, s, "", lambda f, c, part, _: json.dumps({"path": f, "label": c, "split": part}), "t.jsonl"
    ),
    "zip": zipped,
    "zip with backslashes": lambda p, s: zipped(p, s, "\\"),
    "tar.gz": tarred,
    "npz": npz,
    "npz, floats 0-255": lambda p, s: npz(p, s, lambda x: x.astype(np.float32)),
    "npz, floats 0-1": lambda p, s: npz(p, s, lambda x: x / 255, floats="0-1"),
    "npz, channels first": lambda p, s: npz(p, s, lambda x: x.transpose(0, 3, 1, 2)),
    "npz, names as labels": lambda p, s: {
        **npz(p, s, labels=lambda y: np.array(CLASSES)[y]),
        "classes": None,
    },
    "npz, one-hot": lambda p, s: npz(p, s, labels=lambda y: np.eye(3)[y]),
    "npz, labels in a column": lambda p, s: npz(p, s, labels=lambda y: y[:, None].astype(np.float32)),
    "arrays side by side": side_by_side,
    "Parquet, lists of pixels": pixel_lists,
    "Parquet, paths": paths_in_parquet,
    "data frame": frame,
    "lists in Python": in_python,
}

GRAY: dict[str, Callable[[Path, Parts], Options]] = {
    "16 bits": deep,
    "table of pixels": pixel_table,
    "npz, flat squares": lambda p, s: npz(p, s, lambda x: x.reshape(len(x), -1)),
}

COLOR: dict[str, Callable[[Path, Parts], Options]] = {
    "folder, RGBA": lambda p, s: {"data": laid(p, files(s, mode="RGBA"))},
    "npz, RGBA": lambda p, s: npz(
        p, s, lambda x: np.concatenate([x, np.full_like(x[..., :1], 255)], axis=-1)
    ),
    "npz, rows, channels last": lambda p, s: npz(p, s, lambda x: x.reshape(len(x), -1), channel_order="last"),
    "npz, rows, channels first": lambda p, s: npz(
        p, s, lambda x: x.transpose(0, 3, 1, 2).reshape(len(x), -1), channel_order="first"
    ),
    "table of pixels, channels last": lambda p, s: {**pixel_table(p, s), "channel_order": "last"},
}

CASES = [
    *((name, channels) for name in BOTH for channels in (1, 3)),
    *((name, 1) for name in GRAY),
    *((name, 3) for name in COLOR),
]


def reference(channels: int) -> Dataset:
    parts = parts_of(channels)
    return load(arrays=(*parts["train"], *parts["test"]), classes=CLASSES)


@pytest.mark.parametrize(("form", "channels"), CASES)
def test_every_form_is_one_set_and_stays_it(form: str, channels: int, tmp_path: Path) -> None:
    """Read as the arrays are; written by `convert` in each of its forms, it is still that set."""
    (tmp_path / "made").mkdir()
    options = (BOTH | GRAY | COLOR)[form](tmp_path / "made", parts_of(channels))
    found = load(**options)
    expected = reference(channels)
    assert (found.classes, found.fingerprints) == (CLASSES, expected.fingerprints)
    # A folder is decoded by processes of its own: for each form once, in one of the two numbers of channels.
    outs = ("a.npz", "a.parquet", "a") if (channels == 1) == (len(form) % 2 == 0) else ("a.npz", "a.parquet")
    for out in outs:
        again = load(convert(found, tmp_path / out))
        assert (again.classes, again.fingerprints) == (CLASSES, expected.fingerprints), out

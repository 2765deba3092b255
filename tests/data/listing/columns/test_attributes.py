"""A column for each class or attribute, of 1 and 0, 1 and -1, or yes and no; and lists of such columns."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.values import Dataset
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 24
NAMES = [f"img_align/{n:06}.png" for n in range(1, COUNT + 1)]
ATTRIBUTES = ("Bald", "Male", "Wearing_Hat")
#: Several an image, or none.
HAS = [(n % 2 == 0, n % 3 == 0, n % 5 == 0) for n in range(COUNT)]
PAIRS = [("1", "0"), ("1", "-1"), ("1.0", "-1.0"), ("True", "False"), ("yes", "no"), ("Y", "N")]


def written(
    path: Path, rows: Sequence[Sequence[bool]], pair: tuple[str, str], name: str = "image_id"
) -> Path:
    lines = (
        ",".join([image, *(pair[not value] for value in row)]) for image, row in zip(NAMES, rows, strict=True)
    )
    path.write_text("\n".join([",".join([name, *ATTRIBUTES]), *lines]) + "\n")
    return path


def labels(data: Dataset) -> dict[str, str]:
    names = zip(data.train.ids, data.train.labels.tolist(), strict=True)
    return {name: data.classes[label] for name, label in names}


@pytest.mark.parametrize("pair", PAIRS)
def test_attributes_are_told_with_the_option_for_one(pair: tuple[str, str], tmp_path: Path) -> None:
    """-1 beside 1, and words, were no columns of classes: nothing said what they are."""
    root = pictures(tmp_path / "set", *NAMES)
    path = written(root / "list_attr.csv", HAS, pair)
    with pytest.raises(AssayError) as caught:
        load(path)
    assert caught.value.code == "several-labels"
    assert f"has {pair[0]} in the columns Bald, Male" in caught.value.what
    _, option, name = shlex.split(caught.value.fix)[caught.value.fix.split().index("--label-column") - 1 :][
        :3
    ]
    assert (option, name.rstrip(";")) == ("--label-column", "Bald")
    found = load(path, label_column="Male")
    plain = [text.removesuffix(".0") for text in pair]
    assert labels(found) == {
        name: plain[not row[1]] for name, row in zip(NAMES, HAS, strict=True)
    }  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
def test_one_class_an_image_is_read_in_any_spelling(pair: tuple[str, str], tmp_path: Path) -> None:
    """The column with the yes is the class, as it is for 1 and 0; a row without one has no label."""
    root = pictures(tmp_path / "set", *NAMES)
    rows = [[n % 3 == place for place in range(3)] for n in range(COUNT)]
    found = load(written(root / "t.csv", rows, pair))
    assert labels(found) == {name: ATTRIBUTES[n % 3] for n, name in enumerate(NAMES)}
    rows[4] = [False] * 3
    with pytest.raises(AssayError, match="1 of 24 rows have no label") as caught:
        load(written(root / "t.csv", rows, pair))
    assert f"{pair[1]} in all of the columns Bald, Male, Wearing_Hat" in caught.value.what


@pytest.mark.parametrize("pair", PAIRS)
def test_metadata_of_one_folder_stop(pair: tuple[str, str], tmp_path: Path) -> None:
    """All images were of one class, the folder. A clean twin tells nothing of classes."""
    root = pictures(tmp_path / "set", *NAMES)
    written(root / "metadata.csv", HAS, pair, "file_name")
    with pytest.raises(AssayError, match="all images are of one class, img_align") as caught:
        load(root)
    assert caught.value.fix == "Name it with --label-column, or say --layout classes."
    assert len(load(root, label_column="Male").classes) == 2
    assert load(root, layout="classes").classes == ("img_align",)
    rows = "".join(f"{name},{n}\n" for n, name in enumerate(NAMES))
    (root / "metadata.csv").write_text(f"file_name,taken\n{rows}")
    assert load(root).classes == ("img_align",)


@pytest.mark.parametrize("first", [f"{COUNT}\n", "", "image "])
@pytest.mark.parametrize("folder", ["", "img_align"])
def test_the_list_of_celeba_comes_with_a_command(first: str, folder: str, tmp_path: Path) -> None:
    """As it is published: a count, the attributes, and rows with several spaces. It was one class."""
    root = pictures(tmp_path / "my set", *NAMES)
    rows = (
        f"{Path(name).name} {' '.join(f'{1 if value else -1:2d}' for value in row)}"
        for name, row in zip(NAMES, HAS, strict=True)
    )
    start = first if first[:1].isdecimal() or not first else ""
    header = f"{'' if start or not first else first}{' '.join(ATTRIBUTES)} "
    (root / "list_attr_celeba.txt").write_text("\n".join([f"{start}{header}", *rows]) + "\n")
    with pytest.raises(AssayError) as caught:
        load(root / folder)
    told = str(caught.value)
    path, option, name = words_after(told)
    assert (option, name) == ("--label-column", "Bald")
    for place, attribute in enumerate(ATTRIBUTES):
        found = labels(load(path, label_column=attribute))
        assert found == {name: "1" if row[place] else "-1" for name, row in zip(NAMES, HAS, strict=True)}


def test_lists_of_other_numbers_are_no_attributes(tmp_path: Path) -> None:
    """Landmarks have a header too; and a list of other images tells nothing."""
    root = pictures(tmp_path / "set", *NAMES)
    rows = [f"{Path(name).name} {n} {n + 3}" for n, name in enumerate(NAMES)]
    (root / "list_landmarks.txt").write_text("\n".join([f"{COUNT}", "lefteye_x lefteye_y", *rows]))
    (root / "list_attr.txt").write_text("\n".join(["a b", *(f"x{n}.png 1 -1" for n in range(COUNT))]))
    assert load(root).classes == ("img_align",)


def test_columns_of_parquet_are_told(tmp_path: Path) -> None:
    root = pictures(tmp_path / "set", *NAMES)
    images = [{"bytes": (root / name).read_bytes(), "path": name} for name in NAMES]
    columns = {name: [2 * int(row[k]) - 1 for row in HAS] for k, name in enumerate(ATTRIBUTES)}
    pq.write_table(pa.table({"image": images, **columns}), root / "t.parquet")
    with pytest.raises(AssayError, match=r"several-labels.*in the columns Bald, Male"):
        load(root / "t.parquet")
    assert len(load(root / "t.parquet", label_column="Male").classes) == 2
    columns = {name: [n % 3 == k for n in range(COUNT)] for k, name in enumerate(ATTRIBUTES)}
    pq.write_table(pa.table({"image": images, **columns}), root / "t.parquet")
    with pytest.raises(AssayError, match="look like one-hot labels") as caught:
        load(root / "t.parquet")
    assert "idxmax" in caught.value.fix


def test_rows_of_one_and_minus_one_in_arrays() -> None:
    """One-hot where each row has one 1; else several labels, and one column can be given."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 6), np.uint8)
    rows = np.where(np.arange(COUNT)[:, None] % 3 == np.arange(3), 1, -1)
    assert load(arrays=(images, rows)).train.labels.tolist() == [n % 3 for n in range(COUNT)]
    with pytest.raises(AssayError, match=r"several-labels.*y\[:, 0\]"):
        load(arrays=(images, np.where(HAS, 1, -1)))
    assert load(arrays=(images, np.where(HAS, 1, -1)[:, 0])).classes == ("-1", "1")

"""Labels of more digits than a number of a class has: exact, or refused in one line, in every form."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core.errors import AssayError
from assay.core.text import whole_number

#: Python converts no text of more than 4,300 digits to a number.
HUGE = "8" * 5000
PIXELS = 64


@pytest.fixture
def pictures(tmp_path: Path) -> list[bytes]:
    """Four pictures, also as files."""
    found = []
    for value in range(4):
        file = io.BytesIO()
        Image.fromarray(np.full((4, 4), 40 * value, np.uint8)).save(file, "PNG")
        found.append(file.getvalue())
        (tmp_path / f"{value}.png").write_bytes(found[-1])
    return found


def _table(folder: Path, _: list[bytes], labels: list[str]) -> Any:
    path = folder / "table.csv"
    path.write_text("path,label\n" + "".join(f"{i}.png,{label}\n" for i, label in enumerate(labels)))
    return path


def _lines(folder: Path, _: list[bytes], labels: list[str]) -> Any:
    path = folder / "table.jsonl"
    rows = [json.dumps({"path": f"{i}.png", "label": label}) for i, label in enumerate(labels)]
    path.write_text("\n".join(rows))
    return path


def _parquet(folder: Path, pictures: list[bytes], labels: list[str]) -> Any:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    images = [{"bytes": content, "path": "a.png"} for content in pictures]
    pq.write_table(pa.table({"image": images, "label": labels}), folder / "table.parquet")
    return folder / "table.parquet"


def _frame(folder: Path, _: list[bytes], labels: list[str]) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"path": [str(folder / f"{i}.png") for i in range(4)], "label": labels})


FORMS = {"CSV": _table, "JSON lines": _lines, "Parquet": _parquet, "data frame": _frame}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sign", ["", "-", "+"])
def test_texts_of_digits_are_names_of_classes(
    tmp_path: Path, pictures: list[bytes], form: str, sign: str
) -> None:
    """However long they are."""
    data = FORMS[form](tmp_path, pictures, ["1", sign + HUGE, "1", sign + HUGE])
    assert set(assay.load(data).classes) == {"1", sign + HUGE}


@pytest.mark.parametrize("form", FORMS)
def test_under_a_list_of_names_they_are_refused(tmp_path: Path, pictures: list[bytes], form: str) -> None:
    data = FORMS[form](tmp_path, pictures, ["0", HUGE, "1", HUGE])
    with pytest.raises(AssayError) as caught:
        assay.load(data, classes="x,y")
    assert caught.value.exit_code == 3


def _pixel_table(folder: Path, labels: list[str]) -> Path:
    path = folder / "pixels.csv"
    rows = [",".join([label, *[str(row)] * PIXELS]) for row, label in enumerate(labels)]
    path.write_text("\n".join([",".join(["label", *["p"] * PIXELS]), *rows]) + "\n")
    return path


@pytest.mark.parametrize("label", ["8" * 19, "8" * 120, HUGE, "9" * 400 + ".0"])
def test_labels_of_a_pixel_table_that_are_too_large(tmp_path: Path, label: str) -> None:
    """Found by `python scripts/fuzz.py pixels`."""
    with pytest.raises(AssayError, match=r"row 2: the label .* is too large") as caught:
        assay.load(_pixel_table(tmp_path, ["0", label, "0", label]))
    assert caught.value.code == "table-value"
    assert len(str(caught.value)) < 600


def test_labels_of_a_pixel_table_are_exact(tmp_path: Path) -> None:
    """By way of floats two labels beyond 2 to the power of 53 would be one."""
    from assay.data.sources.pixel_table import _labels

    near = ["9007199254740992", "9007199254740993", "3.00", " 7 "]
    assert _labels(tmp_path, near).tolist() == [9007199254740992, 9007199254740993, 3, 7]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 2**64 - 1, 0, 1], np.uint64),
        np.array([0, 1e300, 0, 1]),
        np.array([0, np.inf, 0, 1]),
        np.array([0, 2.0**60, 0, 1]),
    ],
    ids=["uint64", "float", "infinite", "not exact"],
)
def test_arrays_of_labels_that_are_too_large(labels: np.ndarray) -> None:
    """With the number that was given, not what int64 makes of it; -1 would be an image without a class."""
    images = np.arange(64, dtype=np.uint8).reshape(4, 4, 4)
    for classes in (None, "x,y"):
        with pytest.raises(AssayError, match="at index 1") as caught:
            assay.load(arrays=(images, labels), classes=classes)
        assert caught.value.code == "label-out-of-range"
        assert "(-" not in str(caught.value)


def test_whole_numbers_by_hand() -> None:
    texts = ("0", "007", "9" * 18, "9" * 19, HUGE, "", "-1", "1.0", "x", "\N{SUPERSCRIPT TWO}")
    assert [whole_number(text) for text in texts] == [0, 7, 10**18 - 1, *[None] * 7]

"""Tables of predictions of any length: nothing is held in memory, and a file appears whole or not at all."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.text import read_csv_text
from assay.deployment import prediction_table
from assay.deployment.predict import Prediction, Unread
from assay.deployment.prediction_table import json_lines, table_lines

CLASSES = ("a,b", "=1", "ü\n")
ERROR = AssayError("image-unreadable", "x", "it is damaged", "Give another.")


def rows(count: int, unread: int = -1, answered: bool | None = None) -> Iterator[Prediction | Unread]:
    for i in range(count):
        name = f"{i}-{'=x' * 40}\udc80.png"
        if i == unread:
            yield Unread(name, ERROR)
        else:
            yield Prediction(name, "=1", 0.5, dict.fromkeys(CLASSES, 1 / 3), None, answered)


@pytest.mark.parametrize("most", [0, 1 << 30])
def test_columns_follow_from_all_rows(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last picture alone could not be read; in memory and from the disk the same."""
    monkeypatch.setattr(prediction_table, "_IN_MEMORY", most)
    first = ["file", "predicted", "probability", *(f"p:{name}" for name in CLASSES)]
    for given, more in (
        (rows(3), []), (rows(3, 2), ["error"]), (rows(3, 0, True), ["answer", "error"]),
        (rows(1, 0), ["error"]), (rows(2, answered=False), ["answer"]), (rows(0), []),
    ):  # fmt: skip
        header, found = read_csv_text("".join(table_lines(given, CLASSES)))
        assert header == first + more
        assert {len(row) for row in found} <= {len(header)}
    _, found = read_csv_text("".join(table_lines(rows(3, 1), CLASSES)))
    assert [row[1] for row in found] == ["=1", "", "=1"]
    assert [row[-1] for row in found] == ["", "image-unreadable: it is damaged", ""]
    assert [float(row[3]) for row in found[::2]] == [1 / 3] * 2


def test_a_note_has_a_column_where_there_is_one() -> None:
    """Between the answer and the error, and empty for pictures that were read whole."""
    noted = Prediction("b.gif", "=1", 0.5, dict.fromkeys(CLASSES, 1 / 3), None, True, "first of 3 frames")
    given = [*rows(2, 1, True), noted]
    header, found = read_csv_text("".join(table_lines(given, CLASSES)))
    assert header[-3:] == ["answer", "note", "error"]
    assert [row[-2] for row in found] == ["", "", "first of 3 frames"]
    assert [row[-1] for row in found] == ["", "image-unreadable: it is damaged", ""]
    assert [json.loads(line).get("note") for line in json_lines(given)] == [None, None, "first of 3 frames"]


def test_memory_does_not_grow_with_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 rows take some 4 MB as text, and 30 as values; 100 KB are held."""

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            taken = sum(map(len, table_lines(rows(count), CLASSES)))
            assert taken > 150 * count
            sum(map(len, json_lines(rows(count))))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    monkeypatch.setattr(prediction_table, "_IN_MEMORY", 1 << 12)
    peak(200)
    assert peak(20_000) < peak(200) + 100_000


def test_a_file_of_the_whole_table_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that fails in the middle leaves no file, and nothing beside it."""
    rng, labels = np.random.default_rng(0), np.arange(30) % 3
    images = rng.integers(0, 255, (30, 8, 8, 1), np.uint8)
    model = assay.train(assay.load(arrays=(images, labels, images, labels)), "nearest-mean")
    model.export(tmp_path / "model.onnx")
    (tmp_path / "new").mkdir()
    for i in range(5):
        Image.fromarray(images[i, ..., 0]).save(tmp_path / "new" / f"{i}.png")
    out, before = tmp_path / "out.csv", sorted(tmp_path.iterdir())
    command = ["predict", str(tmp_path / "model.onnx"), str(tmp_path / "new"), "--out", str(out)]

    def fails(*_: object) -> Iterator[Prediction]:
        yield from rows(2)  # type: ignore[misc]
        raise AssayError("out-of-memory", "memory", "not enough", "Give fewer.")

    with monkeypatch.context() as patch:
        patch.setattr("assay.deployment.predict.predict_each", fails)
        assert exit_code(command) == 5
        assert exit_code([*command, "--json"]) == 5
    assert sorted(tmp_path.iterdir()) == before
    assert exit_code([*command, "--json"]) == 0
    assert len(out.read_text("utf-8").splitlines()) == 5

"""Answers in a table that names its images go by these names: their order was taken for that of the data."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.data.named_rows import rows_by_name

CLASSES = ("cat", "dog")
IDS = tuple(f"test/{name}/{n}.png" for name in CLASSES for n in range(12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, twelve pictures of each in test."""
    folder = tmp_path_factory.mktemp("named") / "set"
    for split in ("train", "test"):
        for label, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for n in range(12):
                seed = [label, n, len(split)]
                pixels = np.random.default_rng(seed).integers(0, 100, (8, 8)) + 100 * label
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / name / f"{n}.png")
    return folder


def _answers() -> np.ndarray:
    """Right but for three images of the second class: 21 of 24."""
    found = np.repeat(np.array([[0.9, 0.1], [0.2, 0.8]]), 12, axis=0)
    found[13:16] = [0.7, 0.3]
    return found


def _table(path: Path, column: str, names: list[str], rows: np.ndarray) -> Path:
    cells = ([name, *row] for name, row in zip(names, rows.tolist(), strict=True))
    path.write_text(csv_text([column, "p:cat", "p:dog"], cells))
    return path


FORMS = {
    "file": lambda name: f"/elsewhere/set/{name}",
    "id": lambda name: name,
    "filename": lambda name: name.removeprefix("test/"),
    "image": lambda name: ".\\" + name.replace("/", "\\"),
    "path": lambda name: name.removesuffix(".png"),
}


@pytest.mark.parametrize("column", list(FORMS))
def test_rows_in_another_order_are_brought_into_that_of_the_data(
    column: str, folder: Path, tmp_path: Path
) -> None:
    """Names sorted as text, shuffled, turned round: the score of the answers, whatever their order."""
    data = assay.load(folder)
    assert tuple(data.splits["test"].ids) == IDS
    orders = [
        sorted(range(24), key=lambda n: IDS[n]),
        np.random.default_rng(0).permutation(24),
        range(24)[::-1],
    ]
    for order in orders:
        names = [FORMS[column](IDS[n]) for n in order]
        table = _table(tmp_path / "a.csv", column, names, _answers()[list(order)])
        score = assay.evaluate(data=data, probabilities=table)
        assert score.accuracy == 21 / 24
        assert np.allclose(score.probabilities, _answers())


def test_the_table_of_predict_is_judged_in_any_order(folder: Path, tmp_path: Path, capfd) -> None:
    """The way from `predict` to `evaluate`, the pictures named in an order of their own."""
    line = ["run", str(folder), "--model", "nearest-mean", "--checks", "identity", "-q"]
    assert exit_code([*line, "--out", str(tmp_path / "run")]) == 0
    files = sorted((str(folder / name) for name in IDS), reverse=True)
    assert exit_code(["predict", str(tmp_path / "run"), *files, "--out", str(tmp_path / "p.csv")]) == 0
    own = assay.evaluate(assay.load_model(tmp_path / "run"), folder)
    score = assay.evaluate(data=folder, probabilities=tmp_path / "p.csv")
    assert np.allclose(score.probabilities, own.probabilities)


def test_names_of_other_images_stop(folder: Path, tmp_path: Path) -> None:
    """One of another set, and one that stands twice; names of another kind leave the order as it is."""
    data = assay.load(folder)
    for names, told in (
        (["test/dog/99.png", *IDS[1:]], r"row 0 is about test/dog/99\.png, which is no image there \(1 such"),
        ([*IDS[:-1], IDS[0]], r"test/cat/0\.png stands in more than one row"),
    ):
        table = _table(tmp_path / "a.csv", "file", names, _answers())
        with pytest.raises(AssayError, match=told):
            assay.evaluate(data=data, probabilities=table)
    table = _table(tmp_path / "a.csv", "id", [f"row {n}" for n in range(24)], _answers())
    assert assay.evaluate(data=data, probabilities=table).accuracy == 21 / 24


def test_a_data_frame_goes_by_its_index(folder: Path) -> None:
    """Where that is names of files; numbers of rows are no names."""
    pandas = pytest.importorskip("pandas")
    data = assay.load(folder)
    order = np.random.default_rng(1).permutation(24)
    frame = pandas.DataFrame(_answers()[order], columns=CLASSES, index=[IDS[n] for n in order])
    assert assay.evaluate(data=data, probabilities=frame).accuracy == 21 / 24
    frame = pandas.DataFrame(_answers(), columns=CLASSES)
    assert assay.evaluate(data=data, probabilities=frame).accuracy == 21 / 24


def test_numbers_that_may_be_those_of_rows_stop() -> None:
    """Images called by numbers, the first of them 5: rows that count from 0 may mean either."""
    ids = ["5.png", "0.png", "1.png", "2.png", "3.png", "4.png"]
    with pytest.raises(AssayError, match="numbered in order, and the images are called by the same numbers"):
        rows_by_name([str(n) for n in range(6)], ids, "o")
    for names, order in ((["0", "1"], [0, 1]), (["1", "0"], [1, 0])):
        found = rows_by_name(names, ["0.png", "1.png"], "o")
        assert found is not None
        assert found.tolist() == order


def test_one_image_and_names_that_are_not_unique() -> None:
    """What all have in common never takes the name itself; images of one name cannot be told apart."""
    assert rows_by_name(["x/a.png"], ["test/a.png"], "o") is not None
    assert rows_by_name([".", ""], ["a.png", "b.png"], "o") is None
    assert rows_by_name(["o\u0308.png", "a.png"], ["ö.png", "a.png"], "o") is not None  # as macOS spells it
    assert rows_by_name(["a", "b"], ["same.png", "same.png"], "o") is None
    found = rows_by_name(["b/1.png", "a/1.png"], ["a/1.png", "b/1.png"], "o")
    assert found is not None
    assert found.tolist() == [1, 0]


@pytest.mark.parametrize("form", ["{name}_{n}", "{name}_{n}.png", "{name}_{n}.jpg"])
def test_names_without_their_folders(form: str) -> None:
    """A table of names alone, beside images in a folder for each class; any ending, or none."""
    ids = [f"test/{name}/{name}_{n}.png" for name in CLASSES for n in range(12)]
    names = [form.format(name=name, n=n) for name in CLASSES for n in range(12)]
    order = np.random.default_rng(0).permutation(len(ids))
    found = rows_by_name([names[row] for row in order], ids, "answers")
    assert found is not None and (order[found] == np.arange(len(ids))).all()

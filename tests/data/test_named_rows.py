"""Answers in a table that names its images go by these names: their order was taken for that of the data."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.data.class_probabilities import read_probabilities
from assay.data.named_rows import rows_by_name
from assay.data.splitting.test_split import with_test_split
from assay.data.values import Dataset
from assay.workflow.own_models.given_probabilities import PRED_PROBS, Given

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
    """One of another set, one that stands twice, names of another kind, numbers of nothing that is known."""
    data = assay.load(folder)
    for names, told in (
        ([f"row {n}" for n in range(24)], r"row 0 is about row 0, and no image .* its first is test/cat/0"),
        ([str(n) for n in range(63, 39, -1)], r"row 0 is about 63, and no image of the data is called so"),
        ([str(n) for n in range(40, 64)], r"row 0 is about 40, and no image of the data is called so"),
        (["test/dog/99.png", *IDS[1:]], r"row 0 is about test/dog/99\.png, which is no image there \(1 such"),
        ([*IDS[:-1], IDS[0]], r"test/cat/0\.png stands in more than one row"),
    ):
        table = _table(tmp_path / "a.csv", "file", names, _answers())
        with pytest.raises(AssayError, match=told):
            assay.evaluate(data=data, probabilities=table)


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_that_count_the_rows_leave_their_order(first: int, folder: Path, tmp_path: Path) -> None:
    """As tables of pandas and of contests have them; a column of file names beside them goes first."""
    data = assay.load(folder)
    numbers = [str(n + first) for n in range(24)]
    table = _table(tmp_path / "a.csv", "id", numbers, _answers())
    assert np.allclose(assay.evaluate(data=data, probabilities=table).probabilities, _answers())
    order = np.random.default_rng(2).permutation(24)
    for column in ("file", "my pictures"):
        rows = zip(numbers, [IDS[n] for n in order], _answers()[order].tolist(), strict=True)
        cells = ([number, name, *row] for number, name, row in rows)
        (tmp_path / "b.csv").write_text(csv_text(["id", column, "p:cat", "p:dog"], cells))
        found = assay.evaluate(data=data, probabilities=tmp_path / "b.csv")
        assert np.allclose(found.probabilities, _answers())


@pytest.mark.parametrize("name", ["ids", "file_names", "paths", "mine"])
def test_arrays_name_their_images(name: str, folder: Path, tmp_path: Path) -> None:
    """In an .npz an array of names beside the probabilities says the order, and labels do not."""
    data = assay.load(folder)
    order = np.random.default_rng(5).permutation(24)
    names = np.array([IDS[n] for n in order])
    labels = data.splits["test"].labels[order]
    beside = {name: names, "labels": labels}
    np.savez(tmp_path / "a.npz", probabilities=_answers()[order], classes=CLASSES, **beside)
    score = assay.evaluate(data=data, probabilities=tmp_path / "a.npz")
    assert np.allclose(score.probabilities, _answers())


@pytest.mark.parametrize("name", ["indices", "indexes", "image_ids"])
def test_arrays_number_their_images(name: str, tmp_path: Path) -> None:
    """What a loader that shuffles says of images without names."""
    order = np.random.default_rng(6).permutation(24)
    np.savez(tmp_path / "a.npz", probabilities=_answers()[order], **{name: order})
    assert np.allclose(
        assay.evaluate(data=_arrays(), probabilities=tmp_path / "a.npz").probabilities, _answers()
    )


def test_a_column_of_classes_names_no_images(folder: Path, tmp_path: Path) -> None:
    """A column `name` may be that of the class."""
    table = _table(tmp_path / "a.csv", "name", ["cat"] * 12 + ["dog"] * 12, _answers())
    assert assay.evaluate(data=assay.load(folder), probabilities=table).accuracy == 21 / 24


def _arrays() -> Dataset:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (24, 8, 8), dtype=np.uint8), np.repeat([0, 1], 12)
    return assay.load(arrays=(images, labels, images[::-1].copy(), labels), classes=CLASSES)


@pytest.mark.parametrize("first", [0, 1])
def test_images_without_names_go_by_their_numbers(first: int, tmp_path: Path) -> None:
    """A loader that shuffles, and writes which image each row is about."""
    order = np.random.default_rng(3).permutation(24)
    table = _table(tmp_path / "a.csv", "Image ID", [str(n + first) for n in order], _answers()[order])
    assert np.allclose(assay.evaluate(data=_arrays(), probabilities=table).probabilities, _answers())
    table = _table(tmp_path / "b.csv", "file", [f"pictures/p{n}.png" for n in order], _answers()[order])
    with pytest.raises(AssayError, match=r"no image of the data is called so; its first is test/00"):
        assay.evaluate(data=_arrays(), probabilities=table)


def test_rows_of_images_whose_test_split_was_drawn(tmp_path: Path) -> None:
    """Numbers and names say where each image went; rows without any may be in either order, and stop."""
    rng = np.random.default_rng(7)
    images, labels = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8), np.arange(60) % 2
    whole = assay.load((images, labels), classes=CLASSES)
    drawn = with_test_split(whole, 0.25, 0)
    answers = np.eye(2)[labels] * 0.8 + 0.1
    ids = [one for split in drawn.splits.values() for one in split.ids]
    assert list(ids) != sorted(ids)
    for names in ([str(n) for n in range(60)], [str(n + 1) for n in range(60)], list(whole.train.ids)):
        answers_there = answers[rows_by_name(names, ids, "o")]
        own = np.concatenate([split.labels for split in drawn.splits.values()])
        assert (answers_there.argmax(axis=1) == own).all()
    with pytest.raises(AssayError, match="the test split was drawn from these images"):
        Given(PRED_PROBS, answers).read(drawn)
    table = _table(tmp_path / "a.csv", "id", [str(n) for n in range(60)], answers)
    found = Given(PRED_PROBS, table).read(drawn)
    assert found is not None
    PRED_PROBS.keep(found, CLASSES, tmp_path)  # the run's own copy, which follows the splits
    kept = Given.of_run(tmp_path, str(table), PRED_PROBS).read(drawn)
    assert kept is not None and kept.digest == found.digest
    assert read_probabilities(answers, whole, "train", "--pred-probs").by_split["train"].shape == (60, 2)


def test_names_that_several_images_bear(folder: Path, tmp_path: Path) -> None:
    """0.png is there twice: in the order of the data no name is doubted, in another it cannot be told."""
    data = assay.load(folder)
    names = [name.rpartition("/")[2] for name in IDS]
    table = _table(tmp_path / "a.csv", "file", names, _answers())
    assert assay.evaluate(data=data, probabilities=table).accuracy == 21 / 24
    table = _table(tmp_path / "a.csv", "file", names[::-1], _answers()[::-1])
    with pytest.raises(AssayError, match=r"0\.png may be test/cat/0\.png and test/dog/0\.png"):
        assay.evaluate(data=data, probabilities=table)


def test_the_index_of_answers(folder: Path) -> None:
    """Class names in a series go by its index too; one that says another order than the rows stops."""
    pandas = pytest.importorskip("pandas")
    data = assay.load(folder)
    order = np.random.default_rng(4).permutation(24)
    answers = np.array(CLASSES)[_answers().argmax(axis=1)]
    named = pandas.Series(answers[order], index=[IDS[n] for n in order])
    assert assay.evaluate(data=data, predictions=named).accuracy == 21 / 24
    shuffled = pandas.Series(answers).iloc[order]
    with pytest.raises(AssayError, match="its index numbers the rows in another order"):
        assay.evaluate(data=data, predictions=shuffled)
    assert assay.evaluate(data=data, predictions=shuffled.sort_index()).accuracy == 21 / 24
    frame = pandas.DataFrame(_answers(), columns=CLASSES).iloc[order]
    with pytest.raises(AssayError, match="its index numbers the rows in another order"):
        assay.evaluate(data=data, probabilities=frame)


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
        assert found.tolist() == order


def test_one_image_and_names_that_are_not_unique() -> None:
    """What all have in common never takes the name itself, and spelling does not count."""
    assert rows_by_name(["x/a.png"], ["test/a.png"], "o").tolist() == [0]
    with pytest.raises(AssayError, match="no image of the data is called so"):
        rows_by_name([".", ""], ["a.png", "b.png"], "o")
    macos = ["o\u0308.png", "a.png"]
    assert rows_by_name(macos[::-1], ["ö.png", "a.png"], "o").tolist() == [1, 0]
    found = rows_by_name(["b/1.png", "a/1.png"], ["a/1.png", "b/1.png"], "o")
    assert found.tolist() == [1, 0]


@pytest.mark.parametrize("form", ["{name}_{n}", "{name}_{n}.png", "{name}_{n}.jpg"])
def test_names_without_their_folders(form: str) -> None:
    """A table of names alone, beside images in a folder for each class; any ending, or none."""
    ids = [f"test/{name}/{name}_{n}.png" for name in CLASSES for n in range(12)]
    names = [form.format(name=name, n=n) for name in CLASSES for n in range(12)]
    order = np.random.default_rng(0).permutation(len(ids))
    found = rows_by_name([names[row] for row in order], ids, "answers")
    assert (order[found] == np.arange(len(ids))).all()

"""Answers in a table that names its images go by these names: their order was taken for that of the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.core.text import csv_text
from assay.data.answers.class_probabilities import read_probabilities
from assay.data.digests import image_digests
from assay.data.formats.text_table import read_table
from assay.data.load import as_request
from assay.data.named_rows import rows_by_name
from assay.data.piece import Piece, Shard
from assay.data.shards import join, join_splits, read_shard
from assay.data.source_order import readings
from assay.data.splitting.test_split import with_test_split
from assay.data.values import Dataset
from assay.workflow.own_models.given_probabilities import PRED_PROBS, Given

pytestmark = pytest.mark.usefixtures("undrawn")

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
    """Numbers and names say where each image went; few rows without any may be in either order, and stop."""
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
    unnamed = Given(PRED_PROBS, answers).read(drawn)
    assert unnamed is not None and (unnamed.array().argmax(axis=1) == own).all()
    few = with_test_split(assay.load((images[:20], labels[:20]), classes=CLASSES), 0.25, 0)
    with pytest.raises(
        AssayError, match="the order may be that of the images before the test split was drawn"
    ):
        Given(PRED_PROBS, answers[:20]).read(few)
    table = _table(tmp_path / "a.csv", "id", [str(n) for n in range(60)], answers)
    found = Given(PRED_PROBS, table).read(drawn)
    assert found is not None
    PRED_PROBS.keep(found, CLASSES, tmp_path)  # the run's own copy, which follows the splits
    kept = Given.of_run(tmp_path, str(table), PRED_PROBS).read(drawn)
    assert kept is not None and kept.digest == found.digest
    assert read_probabilities(answers, whole, "train", "--pred-probs").by_split["train"].shape == (60, 2)


def _drawn(count: int = 300) -> tuple[Dataset, Dataset, np.ndarray]:
    """A set sorted by class, the same with a drawn test split, and the number of each image before."""
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    whole = assay.load((images, np.repeat([0, 1], count // 2)), classes=CLASSES)
    drawn = with_test_split(whole, 0.25, 0)
    ids = [one for split in drawn.splits.values() for one in split.ids]
    return whole, drawn, np.array([whole.train.ids.index(one) for one in ids])


def _four_fifths(labels: np.ndarray) -> np.ndarray:
    """Answers that are right for four of five images, each with a number of its own."""
    rng = np.random.default_rng(8)
    answers = np.where(rng.random(len(labels)) < 0.8, labels, 1 - labels)
    found = rng.uniform(0.6, 0.9, (len(labels), 1))
    return np.where(np.eye(2)[answers] > 0, found, 1 - found)


@pytest.mark.parametrize("order", ["source", "splits"])
@pytest.mark.parametrize("form", ["array", "counted", "Unnamed: 0"])
def test_labels_tell_the_order_of_rows_of_a_drawn_set(order: str, form: str, tmp_path: Path) -> None:
    """That of before and that of the splits: of arrays, and of tables whose numbers only count the rows."""
    whole, drawn, before = _drawn()
    right = _four_fifths(whole.train.labels)
    given = right if order == "source" else right[before]
    table = _table(tmp_path / "a.csv", "id" if form == "counted" else form, [*map(str, range(300))], given)
    if form == "counted":  # images of files: the numbers are no names
        splits = {
            name: replace(own, ids=[f"p/{one}.png" for one in own.ids]) for name, own in drawn.splits.items()
        }
        drawn = replace(drawn, splits=splits)
    found = read_probabilities(given if form == "array" else table, drawn, "train", "o")
    assert np.allclose(found.array(), right[before])


def test_numbers_that_begin_anew_with_each_split_tell_the_order(tmp_path: Path) -> None:
    """As label_quality.csv has them; even answers that say nothing are read in that order."""
    _, drawn, _ = _drawn()
    splits = {
        name: replace(own, ids=[f"p/{one}.png" for one in own.ids]) for name, own in drawn.splits.items()
    }
    drawn = replace(drawn, splits=splits)
    noise = np.random.default_rng(9).dirichlet([1, 1], 300)
    numbers = [str(n) for own in splits.values() for n in range(len(own))]
    found = read_probabilities(_table(tmp_path / "a.csv", "index", numbers, noise), drawn, "train", "o")
    assert np.allclose(found.array(), noise)
    with pytest.raises(AssayError, match="nothing tells which image each row is about"):
        read_probabilities(
            _table(tmp_path / "a.csv", "id", [*map(str, range(300))], noise), drawn, "train", "o"
        )


def test_exchanged_columns_do_not_decide_the_order() -> None:
    """The columns of another order of the classes go worse with the labels in the right order of the rows."""
    whole, drawn, _ = _drawn()
    for labels in (whole.train.labels, np.random.default_rng(1).permutation(whole.train.labels)):
        mixed = replace(whole, splits={"train": replace(whole.train, labels=labels)}, fingerprints={})
        drawn = with_test_split(mixed, 0.25, 0)
        with pytest.raises(AssayError, match="the columns seem to be in another order"):
            read_probabilities(_four_fifths(labels)[:, ::-1], drawn, "train", "o")


@pytest.mark.parametrize("seed", range(12))
def test_answers_by_chance_are_not_told_as_exchanged_columns(seed: int) -> None:
    """Of two classes a quarter of all such answers lean to the other class in either column."""
    whole, _, _ = _drawn()
    noise = np.random.default_rng(seed).dirichlet([1, 1], 300)
    assert read_probabilities(noise, whole, "train", "o").by_split["train"].shape == (300, 2)


def test_the_copy_of_an_audit_serves_the_run_that_draws_a_test_split(tmp_path: Path) -> None:
    """It names its images; the copy of an earlier version does not, and follows the splits of its own run."""
    whole, drawn, before = _drawn()
    noise = np.random.default_rng(9).dirichlet([1, 1], 300)
    audited = Given(PRED_PROBS, noise).read(whole)
    assert audited is not None
    PRED_PROBS.keep(audited, CLASSES, tmp_path)
    PRED_PROBS.keep(audited, CLASSES, tmp_path)  # the same again
    copy = tmp_path / "given_pred_probs.npz"
    found = Given(PRED_PROBS, copy).read(drawn)
    assert found is not None and np.allclose(found.array(), noise[before])
    with pytest.raises(AssayError, match="the unfinished run there has other probabilities"):
        PRED_PROBS.keep(replace(audited, by_split={"train": noise[::-1]}), CLASSES, tmp_path)
    np.savez(copy, probabilities=audited.array(), classes=np.array(CLASSES))
    PRED_PROBS.keep(audited, CLASSES, tmp_path)
    kept = Given.of_run(tmp_path, "p.npy", PRED_PROBS).read(drawn)
    assert kept is not None and np.allclose(kept.array(), noise)
    with pytest.raises(AssayError, match="nothing tells which image each row is about"):
        Given(PRED_PROBS, copy).read(drawn)
    assert Given(PRED_PROBS, kept).read(drawn) is kept


def test_the_copy_of_a_run_whose_files_were_renamed_follows_the_splits(tmp_path: Path) -> None:
    """A fingerprint does not count names, so a run goes on with data that moved."""
    whole, _, _ = _drawn()
    noise = np.random.default_rng(9).dirichlet([1, 1], 300)
    audited = Given(PRED_PROBS, noise).read(whole)
    assert audited is not None
    PRED_PROBS.keep(audited, CLASSES, tmp_path)
    moved = replace(whole, splits={"train": replace(whole.train, ids=[f"p/{n}x.png" for n in range(300)])})
    kept = Given.of_run(tmp_path, "p.npy", PRED_PROBS).read(moved)
    assert kept is not None and np.allclose(kept.array(), noise)
    with pytest.raises(AssayError, match="no image of the data is called so"):
        Given(PRED_PROBS, tmp_path / "given_pred_probs.npz").read(moved)


def test_an_audit_and_the_run_that_it_proposes_take_the_same_files(tmp_path: Path, capfd) -> None:
    """An undivided folder: rows in its order serve both, and the run names them as the audit did."""
    folder, rng = tmp_path / "set", np.random.default_rng(3)
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for n in range(80):
            pixels = rng.integers(0, 100, (8, 8)) + 100 * label
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{n}.png")
    labels = np.repeat([0, 1], 80)
    np.save(tmp_path / "p.npy", _four_fifths(labels))
    np.save(tmp_path / "f.npy", labels[:, None] * 3 + rng.normal(size=(160, 3)))
    more = ["--pred-probs", str(tmp_path / "p.npy"), "--features", str(tmp_path / "f.npy"), "-q", "--out"]
    assert exit_code(["audit", str(folder), "--checks", "label-errors", *more, str(tmp_path / "a")]) == 0
    line = ["run", str(folder), "--model", "nearest-mean", "--checks", "label-errors", *more]
    assert exit_code([*line, str(tmp_path / "b")]) == 0, capfd.readouterr().err
    read = [_p_labels(tmp_path / one / "label_quality.csv") for one in "ab"]
    assert read[0].keys() == read[1].keys()
    assert all(read[0][name] == pytest.approx(read[1][name]) for name in read[0])
    assert exit_code(["verify", str(tmp_path / "b"), "--retrain", "-q"]) == 0, capfd.readouterr().err


def _p_labels(path: Path) -> dict[str, float]:
    """The probability of each label by the picture, wherever it stands."""
    rows = read_table(path)
    return {digest: float(p) for digest, p in zip(rows["digest"], rows["p_label"], strict=True)}


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


def _interleaved(folder: Path) -> tuple[Path, np.ndarray]:
    """A table of 120 pictures whose column says the split of each, in no order; and their labels."""
    rng, lines = np.random.default_rng(11), []
    labels = rng.integers(0, 2, 120)
    splits = np.array(["train", "test"])[(rng.random(120) < 0.4).astype(int)]
    for n, (label, split) in enumerate(zip(labels, splits, strict=True)):
        pixels = rng.integers(0, 100, (8, 8)) + 100 * label
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{n:03d}.png")
        lines.append([f"{n:03d}.png", CLASSES[label], split])
    (folder / "table.csv").write_text(csv_text(["file", "label", "split"], lines))
    return folder / "table.csv", labels


@pytest.mark.parametrize("form", ["table", "shards", "frame", "parquet"])
def test_rows_in_the_order_of_a_table_that_says_the_splits(form: str, tmp_path: Path) -> None:
    """Answers for all rows, one after the other: they were read as train first, then test."""
    file, labels = _interleaved(tmp_path)
    if form == "frame":
        pandas = pytest.importorskip("pandas")
        frame = pandas.read_csv(file)
        frame["file"] = [str(tmp_path / name) for name in frame["file"]]
        data = assay.load(frame)
        moved = assay.load(frame.sort_values("split", ignore_index=True))  # the same splits, in another order
        assert readings(moved)[0].rows[0] == len(moved.splits["test"])  # test stands first in that frame
    elif form == "shards":
        request, scratch = as_request(file), [tmp_path / "first", tmp_path / "second"]
        for folder in scratch:
            folder.mkdir()
        pieces = [read_shard(request, Shard(n, 2), scratch[n - 1]) for n in (1, 2)]
        splits = {
            name: join_splits([piece.splits[name] for piece in pieces], _images_of_all(pieces, name))
            for name in ("train", "test")
        }
        data = join(pieces, splits)
    elif form == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        rows = read_table(file)
        pictures = [(tmp_path / name).read_bytes() for name in rows["file"]]
        own = pyarrow.table({"image": pictures, "label": rows["label"], "split": rows["split"]})
        pytest.importorskip("pyarrow.parquet").write_table(own, tmp_path / "set.parquet")
        data = assay.load(tmp_path / "set.parquet")
    else:
        data = assay.load(file)
    answers = _four_fifths(labels)
    found = read_probabilities(answers, data, "train", "o")
    expected = {_digest(tmp_path / f"{n:03d}.png"): answers[n] for n in range(120)}
    for name, split in data.splits.items():
        for row in range(len(split)):
            assert np.allclose(found.by_split[name][row], expected[split.hex_digest(row)])


def _digest(path: Path) -> str:
    pixels = np.asarray(Image.open(path))[None, :, :, None]
    return bytes(image_digests(pixels)[0]).hex()


def _images_of_all(pieces: list[Piece], name: str) -> np.ndarray:
    """The pixels of one split, from all pieces."""
    parts = [piece.splits[name] for piece in pieces]
    return np.concatenate([np.concatenate([*part.blocks()]) for part in parts if len(part)])

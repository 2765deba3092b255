"""Predictions: an answer is withheld where the model said that it would withhold it."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.core.text import read_csv_text
from assay.data.values import DeepScale
from assay.deployment.export.classifier import onnx_bytes
from assay.deployment.onnx_model import OnnxModel
from assay.deployment.predict import Prediction, Unread, predict_each, predict_files
from assay.deployment.prediction_table import table_lines
from assay.training.classifier import Model
from assay.training.model.limits import AnswerRule

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def model() -> Model:
    return assay.train("fashion-mnist-sample", "linear", epochs=2, threads=1)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    rng = np.random.default_rng(0)
    test = assay.load("fashion-mnist-sample").splits["test"].images[:20, ..., 0]
    noise = rng.integers(0, 256, (28, 28), np.uint8)
    return [_png(image) for image in (*test, noise)]


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _ruled(model: Model, threshold: float | None) -> Model:
    rule = AnswerRule(0.1, threshold, "", 200, 100, 5)
    return replace(model, limits=replace(model.limits, rule=rule, rule_reason=""))


def test_columns_stay_where_no_risk_was_named(model: Model, pictures: list[bytes]) -> None:
    """Without a rule the table has the columns that it always had; JSON tells what is strange."""
    found = predict_files(model, pictures)
    header, _ = read_csv_text("".join(table_lines(found, model.classes)))
    assert header == ["file", "predicted", "probability", *(f"p:{name}" for name in model.classes)]
    assert [p.answered for p in found] == [None] * 21
    assert found[-1].familiar is False
    assert sum(p.familiar is True for p in found[:20]) >= 18


def test_one_picture_need_not_be_in_a_list(model: Model, pictures: list[bytes], tmp_path: Path) -> None:
    """A path, a content, an image: a text was read as the names of its letters, the others were no answer."""
    file = tmp_path / "one.png"
    file.write_bytes(pictures[0])
    [wanted] = predict_files(model, [pictures[0]])
    for one in (file, str(file), pictures[0], Image.open(file)):
        [found] = assay.predict(model, one)
        assert found == replace(wanted, file=found.file)
    for wrong in (None, 3):
        with pytest.raises(assay.AssayError, match="shape-mismatch"):
            assay.predict(model, wrong)  # type: ignore[arg-type]


def test_the_answer_is_empty_where_the_model_does_not_know(model: Model, pictures: list[bytes]) -> None:
    """The last column repeats the class where that may be answered; `predicted` is always there."""
    found = predict_files(_ruled(model, 0.6), pictures)
    header, rows = read_csv_text("".join(table_lines(found, model.classes)))
    assert header[-1] == "answer"
    for p, row in zip(found, rows, strict=True):
        assert p.answered is (p.probability >= 0.6 and p.familiar)
        assert row[-1] == (p.predicted if p.answered else "")
        assert row[1] == p.predicted
    assert found[-1].answered is False
    assert {p.answered for p in found} == {True, False}


def test_a_rule_that_promises_nothing_answers_nothing(model: Model, pictures: list[bytes]) -> None:
    """No confidence suffices: no picture is answered."""
    assert not any(p.answered for p in predict_files(_ruled(model, None), pictures))


def test_the_rule_survives_a_run_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`run --max-risk`, then `evaluate --max-risk` with another: the model answers by the last one."""
    from assay.cli.main import exit_code
    from assay.training.classifier import Model

    out = tmp_path / "run"
    run = ["run", "fashion-mnist-sample", "--model", "linear", "--epochs", "2", "--checks", "leakage", "-q"]
    assert exit_code([*run, "--max-risk", "0.3", "--out", str(out)]) == 0
    first = Model.read(out / "model").limits.rule
    assert exit_code(["evaluate", str(out), "--max-risk", "0.15", "-q"]) == 0
    second = Model.read(out / "model").limits.rule
    assert first is not None
    assert second is not None
    assert (first.max_risk, second.max_risk) == (0.3, 0.15)
    assert exit_code(["run", "fashion-mnist-sample", "--max-risk", "1.5", "--out", str(tmp_path / "x")]) == 2
    assert "--max-risk" in capfd.readouterr().err


def test_a_folder_with_a_damaged_picture(
    model: Model, pictures: list[bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A row for every picture in natural order; the damaged one says why, and the end is exit 3."""
    model.save(tmp_path / "run" / "model")
    folder = tmp_path / "new"
    (folder / "more").mkdir(parents=True)
    for name, content in (("2.png", pictures[0]), ("10.png", pictures[1]), ("more/3.png", pictures[2])):
        (folder / name).write_bytes(content)
    (folder / "bad.png").write_bytes(pictures[3][:200])
    (folder / "notes.txt").write_text("no picture")
    assert exit_code(["predict", str(tmp_path / "run"), str(folder)]) == 3
    out, err = capfd.readouterr()
    header, rows = read_csv_text(out)
    assert [Path(row[0]).relative_to(folder).as_posix() for row in rows] == [
        "2.png",
        "10.png",
        "bad.png",
        "more/3.png",
    ]
    assert header[-1] == "error"
    assert [bool(row[1]) for row in rows] == [not row[-1] for row in rows] == [True, True, False, True]
    assert "1 of 4 pictures could not be read" in err
    (folder / "bad.png").unlink()
    assert exit_code(["predict", str(tmp_path / "run"), str(folder)]) == 0
    header, rows = read_csv_text(capfd.readouterr().out)
    assert (header[-1], len(rows)) == (f"p:{model.classes[-1]}", 3)


def test_a_folder_without_pictures_is_told(model: Model, tmp_path: Path) -> None:
    """No empty table, as if all were well."""
    model.save(tmp_path / "run" / "model")
    (tmp_path / "empty").mkdir()
    assert exit_code(["predict", str(tmp_path / "run"), str(tmp_path / "empty")]) == 3


@pytest.fixture
def deep_folder(tmp_path: Path) -> Path:
    """A folder of pictures of 12 bits in files of 16, the classes told by their brightness."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 60), ("test", 20)):
        for number in range(count):
            path = tmp_path / "deep" / split / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = rng.integers(0, 2000, (12, 12)) + 2095 * (number % 2)
            Image.fromarray(values.astype(np.uint16)).save(path)
    return tmp_path / "deep"


def test_a_model_reads_16_bits_as_its_training_set_did(deep_folder: Path, tmp_path: Path) -> None:
    """The scale of the set is kept in the model and in its file; a picture that leaves it is refused."""
    data = assay.load(deep_folder)
    trained = assay.train(data, "linear", epochs=1, threads=1)
    trained.save(tmp_path / "model")
    again = Model.read(tmp_path / "model")
    assert again.preprocessing.deep == data.train.deep == DeepScale(0, 4)
    assert OnnxModel.of(onnx_bytes(again), "model.onnx").preprocessing == again.preprocessing
    files = [deep_folder / id_ for id_ in data.splits["test"].ids]
    found = predict_files(again, files)
    expected = again.predict_proba(data.splits["test"].images)
    np.testing.assert_allclose([list(p.probabilities.values()) for p in found], expected, atol=1e-6)
    Image.fromarray(np.full((12, 12), 60000, np.uint16)).save(tmp_path / "bright.png")
    (bright,) = predict_each(again, [tmp_path / "bright.png"])
    assert isinstance(bright, Unread)
    assert "0 to 4,095" in bright.error.what


def test_a_picture_of_12_bits_is_no_black_one(model: Model, tmp_path: Path) -> None:
    """In a file of 16 bits its high byte holds 16 levels: no answer, and the reason."""
    values = np.random.default_rng(0).integers(0, 4096, (28, 28)).astype(np.uint16)
    for name, factor in (("low.png", 1), ("full.png", 16)):
        Image.fromarray(values * np.uint16(factor)).save(tmp_path / name)
    low, full = predict_each(model, [tmp_path / "low.png", tmp_path / "full.png"])
    assert isinstance(low, Unread)
    assert low.error.code == "image-format"
    assert isinstance(full, Prediction)

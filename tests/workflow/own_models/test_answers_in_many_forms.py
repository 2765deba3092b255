"""Answers of other models in the forms that tools write: one score, or one line that says why not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
import torch

from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.data.values import Dataset
from assay.workflow.api import evaluate
from assay.workflow.load import load

K, EACH = 3, 10
NAMES = np.array(["cat", "dog", "owl"])
LABELS = np.arange(K * EACH) % K
IMAGES = np.random.default_rng(5).integers(0, 256, (K * EACH, 6, 6), np.uint8)

#: Answers of which 27 are right: the first image of each class is answered as the next one.
ANSWERS = np.where(np.arange(K * EACH) < K, (LABELS + 1) % K, LABELS)
RIGHT = 0.9
SHARES = np.eye(K)[ANSWERS] * 0.7 + 0.1


def data_of(labels: np.ndarray) -> Dataset:
    return load(arrays=(IMAGES, labels, IMAGES, labels), on_event=ignore)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def named() -> Dataset:
    return data_of(NAMES[LABELS])


def accuracy(data: Dataset, **answers: object) -> float:
    return evaluate(data=data, on_event=ignore, **answers).accuracy


PREDICTIONS: dict[str, Callable[[], object]] = {
    "numbers": lambda: ANSWERS,
    "names": lambda: NAMES[ANSWERS],
    "a column": lambda: ANSWERS[:, None],
    "whole floats": lambda: ANSWERS.astype(np.float32),
    "bytes": lambda: NAMES[ANSWERS].astype("S"),
    "a tensor": lambda: torch.tensor(ANSWERS),
    "categories in another order": lambda: pandas.Categorical(NAMES[ANSWERS], categories=NAMES[::-1]),
}


@pytest.mark.parametrize("form", PREDICTIONS)
def test_answers_of_any_type_are_the_same(named: Dataset, form: str) -> None:
    """Names, numbers, and what holds them."""
    assert accuracy(named, predictions=PREDICTIONS[form]()) == pytest.approx(RIGHT)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float64])
def test_numbers_that_only_names_explain_are_names(kind: type) -> None:
    """Classes 1 to 3, as scikit-learn answers them: no number of three classes is 3."""
    data = data_of(LABELS + 1)
    assert data.classes == ("1", "2", "3")
    assert accuracy(data, predictions=(ANSWERS + 1).astype(kind)) == pytest.approx(RIGHT)
    assert accuracy(data, predictions=ANSWERS.astype(kind)) == pytest.approx(RIGHT)


def test_numbers_that_may_be_names_stop_and_both_ways_on_work() -> None:
    """Classes 1 to 3 of which a model never answers 3: its 1 was read as the second class."""
    data = data_of(LABELS + 1)
    weak = np.where(ANSWERS == 2, 0, ANSWERS)
    with pytest.raises(AssayError, match=r"called 2, or number 2 .* called 3") as caught:
        accuracy(data, predictions=weak + 1)
    assert caught.value.code == "bad-arrays"
    expected = (weak == LABELS).mean()
    assert accuracy(data, predictions=np.array(weak + 1).astype(str)) == pytest.approx(expected)
    assert accuracy(data, predictions=np.array(data.classes)[weak]) == pytest.approx(expected)


def test_numbers_that_count_classes_in_another_order_stop(named: Dataset) -> None:
    """The codes of categories in their own order were a score near chance."""
    codes = pandas.Categorical(NAMES[ANSWERS], categories=NAMES[::-1]).codes
    with pytest.raises(AssayError, match=r"number 0 \(cat\) with the label owl") as caught:
        accuracy(named, predictions=codes)
    assert caught.value.code == "class-names"
    anyway = np.array(named.classes)[codes]
    assert accuracy(named, predictions=anyway) == pytest.approx((codes == LABELS).mean())


def test_names_as_a_run_writes_them_come_back(tmp_path: Path) -> None:
    """`predictions.csv` has an apostrophe before names that a spreadsheet would run; they were refused."""
    names = np.array(["'quoted", "-x", "=1+1"])
    data = data_of(names[LABELS])
    evaluate(data=data, probabilities=SHARES, out=tmp_path / "run", on_event=ignore)
    told = pandas.read_csv(tmp_path / "run" / "predictions.csv", dtype=str, keep_default_na=False)
    assert set(told["predicted"]) == {"''quoted", "'-x", "'=1+1"}
    expected = evaluate(data=data, probabilities=SHARES).accuracy
    assert evaluate(data=data, predictions=told["predicted"]).accuracy == expected
    assert evaluate(data=data, predictions=names[LABELS]).accuracy == 1.0


def test_a_tensor_that_has_gradients_is_an_array(named: Dataset) -> None:
    """It ended in a traceback, as images and as answers."""
    assert accuracy(named, probabilities=torch.tensor(SHARES, requires_grad=True)) == pytest.approx(RIGHT)
    images = torch.tensor(IMAGES.astype(np.float32), requires_grad=True)
    found = load(arrays=(images, LABELS), on_event=ignore)
    assert np.array_equal(found.train.images[..., 0], IMAGES)


def written(file: Path, columns: dict[str, object], **how: object) -> Path:
    pandas.DataFrame(columns).to_csv(file, index=False, **how)
    return file


ROWS = np.arange(K * EACH)
FILES = [f"test/{number}" for number in ROWS]
BY_NAME = dict(zip(NAMES, SHARES.T, strict=True))
PERCENT = {f"p:{name}": [f"{share:.2%}" for share in column] for name, column in BY_NAME.items()}


@pytest.mark.parametrize(
    ("columns", "how"),
    [
        (BY_NAME, {}),
        (dict(reversed(BY_NAME.items())), {"sep": "\t"}),
        ({"file": FILES, **BY_NAME}, {}),
        ({"pick": NAMES[ANSWERS], **BY_NAME}, {}),
        (BY_NAME, {"sep": ";", "decimal": ","}),
        (BY_NAME, {"float_format": "%.3e", "encoding": "utf-8-sig"}),
        (PERCENT, {}),
    ],
    ids=["classes", "another order", "with files", "with answers", "decimal commas", "e-1", "percent"],
)
def test_tables_as_tools_write_them(named: Dataset, tmp_path: Path, columns: dict, how: dict) -> None:
    """Columns called as the classes are, and numbers as people write them."""
    columns = {name: ids_of(named) if name == "file" else cells for name, cells in columns.items()}
    file = written(tmp_path / "answers.csv", columns, **how)
    assert accuracy(named, probabilities=str(file)) == pytest.approx(RIGHT)


def ids_of(data: Dataset) -> list[str]:
    return list(data.splits["test"].ids)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_with_names_of_images_go_by_them(named: Dataset, library: str) -> None:
    """Beside the columns of the classes, in any order of rows."""
    order = np.random.default_rng(3).permutation(len(ROWS))
    columns = {"file": np.array(ids_of(named))[order], **{n: c[order] for n, c in BY_NAME.items()}}
    frame = pandas.DataFrame(columns) if library == "pandas" else polars.DataFrame(columns)
    assert accuracy(named, probabilities=frame) == pytest.approx(RIGHT)


@pytest.mark.parametrize("called", ["", "Unnamed: 0"])
def test_an_index_that_pandas_wrote_beside_shuffled_rows_stops(
    named: Dataset, tmp_path: Path, called: str
) -> None:
    """Its rows counted as they stood, and the score was that of chance."""
    order = np.random.default_rng(3).permutation(len(ROWS))
    shuffled = pandas.DataFrame(BY_NAME).iloc[order]
    file = tmp_path / "answers.csv"
    shuffled.to_csv(file, index_label=called)
    with pytest.raises(AssayError, match=r"column without a name .*sort_index") as caught:
        accuracy(named, probabilities=file)
    assert caught.value.code == "bad-arrays"
    shuffled.sort_index().to_csv(file, index_label=called)
    assert accuracy(named, probabilities=file) == pytest.approx(RIGHT)
    shuffled.to_csv(file, index=False)
    assert accuracy(named, probabilities=file) < RIGHT


def test_an_index_of_names_goes_by_them(named: Dataset, tmp_path: Path) -> None:
    """And names of no image stop, as in a column that has a name."""
    order = np.random.default_rng(3).permutation(len(ROWS))
    frame = pandas.DataFrame(BY_NAME, index=ids_of(named)).iloc[order]
    frame.to_csv(tmp_path / "answers.csv")
    assert accuracy(named, probabilities=tmp_path / "answers.csv") == pytest.approx(RIGHT)
    frame.set_axis([f"other/a{n}.png" for n in ROWS]).to_csv(tmp_path / "other.csv")
    with pytest.raises(AssayError, match="no image of the data is called so"):
        accuracy(named, probabilities=tmp_path / "other.csv")


def test_a_table_without_a_column_for_each_class_says_what_it_has(named: Dataset, tmp_path: Path) -> None:
    """Answers alone, or columns under other names."""
    file = written(tmp_path / "answers.csv", {"file": FILES, "predicted": NAMES[ANSWERS]})
    with pytest.raises(AssayError, match="it has file, predicted") as caught:
        accuracy(named, probabilities=file)
    assert caught.value.code == "column-missing"

"""Small contents of a report, made to order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from selenium import webdriver

from assay.audits.registry import audit_dataset, measure_all
from assay.data.preprocessing import fit_preprocessing
from assay.data.values import Dataset, Split, numbered_ids
from assay.evaluation.values import Evaluation
from assay.reports.values import Results, Saliency
from assay.training.model.values import EpochRecord, History, LayerRow, ModelSummary
from reports.chromium import start
from reports.trust_record import TRUST

#: Names that break a page, a picture or a formula where they are not escaped (case 36 and its kin).
HOSTILE = (
    "<script>document.title='fired'</script>",
    '"><img src=x onerror="document.title=\'fired\'">',
    "javascript:document.title='fired'",
    "{{7*7}} {% raw %}",
    "</title></svg></style>",
    "$\\frac{1}{2}$ _hidden ^",
    "line\nbreak \u202e reversed \x07 bell",
    'style="fill: #21252b" data:image/png;base64,AAAA',
    "\u4e2d\u6587 \u0639\u0631\u0628\u064a \U0001f45f",
    "&amp; &lt;b&gt; ]]> <!-- -->",
)


#: One check of each area; the slow ones have their own tests.
QUICK_CHECKS = ("identity", "label-balance", "pixel-range", "class-similarity")


def make_split(name: str, counts: Sequence[int], shape: tuple[int, int, int], seed: int) -> Split:
    """Noise around a brightness of its own for each class: different images, all reproducible."""
    rng = np.random.default_rng([seed, len(name)])
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    base = (labels * 37 % 200)[:, None, None, None]
    images = (base + rng.integers(0, 56, (len(labels), *shape))).astype(np.uint8)
    return Split.from_arrays(images, labels, numbered_ids(name, len(labels)))


def make_dataset(
    classes: Sequence[str] = ("cat", "dog", "owl"),
    train: Sequence[int] | None = None,
    test: Sequence[int] | None = None,
    shape: tuple[int, int, int] = (8, 8, 1),
) -> Dataset:
    train = [6] * len(classes) if train is None else train
    test = [4] * len(classes) if test is None else test
    splits = {"train": make_split("train", train, shape, 1), "test": make_split("test", test, shape, 2)}
    return Dataset("toy", tuple(classes), splits, "arrays in memory")


class FullEvaluation(Evaluation):
    """An evaluation with all later parts of its record, whatever the scores are."""

    def as_record(self) -> dict[str, Any]:
        return {**super().as_record(), **TRUST}


def make_saliency(dataset: Dataset) -> Saliency:
    """Where the made answers' mistakes rest on: a patch in the middle."""
    rows = make_evaluation(dataset).mistakes(3)
    height, width, _ = dataset.shape
    maps = np.zeros((len(rows), height, width))
    maps[:, height // 2, width // 2] = 1.0
    return Saliency(rows, maps)


def make_evaluation(dataset: Dataset, right: float = 0.7) -> Evaluation:
    """Answers that are right for about a share of `right` of the test images."""
    labels, k = dataset.splits["test"].labels, len(dataset.classes)
    rng = np.random.default_rng(3)
    taken = np.where(rng.random(len(labels)) < right, labels, (labels + 1) % k)
    scores = rng.random((len(labels), k)) * 0.2
    scores[np.arange(len(labels)), taken] += 1 + rng.random(len(labels))
    return FullEvaluation(
        dataset.classes,
        labels,
        scores / scores.sum(axis=1, keepdims=True),
        {"recipe": "mlp", "parameters": 10},
        dataset.fingerprints["test"],
    )


def make_history(losses: Sequence[float | None] = (0.9, 0.7, 0.6)) -> History:
    """A history with the validation losses given; training loss falls steadily."""
    return History(
        tuple(
            EpochRecord(n, 0.001, 1 / n, 1 - 0.5 / n, loss, None if loss is None else 0.8)
            for n, loss in enumerate(losses, 1)
        )
    )


LAYERS = ModelSummary(
    (
        LayerRow("flatten", "Flatten", (None, 64), 0, 0, "lays the pixels out in one row"),
        LayerRow("output", "Dense, softmax", (None, 3), 195, 192, "one probability per class"),
    ),
    195,
    195,
    192,
    780,
)


def make_content(dataset: Dataset | None = None, audit_only: bool = False, **changes: object) -> Results:
    dataset = dataset or make_dataset()
    measurements = measure_all(dataset)
    found = audit_dataset(dataset, measurements, QUICK_CHECKS)
    if audit_only:
        return Results(dataset, measurements, found, config={"command": "audit", "data": "/home/me/p"})
    rows = np.arange(len(dataset.train))
    if "evaluation" in changes and "saliency" not in changes:
        changes = {**changes, "saliency": None}
    values: dict[str, object] = {
        "preprocessing": fit_preprocessing("minmax", dataset.train, rows),
        "layers": LAYERS,
        "history": make_history(),
        "evaluation": make_evaluation(dataset),
        "saliency": make_saliency(dataset),
        "recipe": {"name": "mlp", "epochs": 3},
        "seed": 0,
        "config": {"command": "run", "data": "/home/me/pictures", "seed": 0},
        "commands": ("assay run --config config.toml --out AGAIN",),
        **changes,
    }
    return Results(dataset, measurements, found, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def dataset_of() -> Callable[..., Dataset]:
    return make_dataset


@pytest.fixture(scope="session")
def content_of() -> Callable[..., Results]:
    return make_content


@pytest.fixture(scope="session")
def history_of() -> Callable[..., History]:
    return make_history


@pytest.fixture(scope="session")
def evaluation_of() -> Callable[..., Evaluation]:
    return make_evaluation


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    yield from start(tmp_path_factory.mktemp("profile"))

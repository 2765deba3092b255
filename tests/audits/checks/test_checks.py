"""Each check finds its planted fault and is silent on the clean twin."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.class_similarity import (
    ALIKE,
    nearest_mean_accuracy,
    neighbor_correlation,
    similar_pairs,
)
from assay.audits.measures.pixel_statistics import class_mean_correlation
from assay.audits.measures.pixel_sums import measure_block
from assay.audits.registry import CHECKS, audit_dataset, known_checks, measure_all
from assay.audits.values import AREAS, Audit, Finding
from assay.core.errors import AssayError
from assay.core.events import Event
from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load

CLASSES = ("square", "disc", "cross")


def _picture(rng: np.random.Generator, label: int) -> np.ndarray:
    """A noisy 12 x 12 picture of a square, a disc or a cross."""
    y, x = np.mgrid[:12, :12] - 5.5
    shapes = ((abs(x) < 4) & (abs(y) < 4), x**2 + y**2 < 18, (abs(x) < 1.5) | (abs(y) < 1.5))
    picture = np.where(shapes[label], 200, 20) + rng.normal(0, 12, (12, 12))
    return np.clip(picture, 0, 255).astype(np.uint8)[..., None]


def _split(name: str, counts: list[int], seed: int) -> Split:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    images = np.stack([_picture(rng, label) for label in labels])
    images[0, 0, 0], images[0, 0, 1] = 0, 255  # the whole range occurs, as in real pictures
    return Split.from_arrays(images, labels.astype(np.int64), numbered_ids(name, len(labels)))


def clean(train: list[int] | None = None, test: list[int] | None = None, name: str = "shapes") -> Dataset:
    splits = {
        "train": _split("train", train or [40, 40, 40], 0),
        "test": _split("test", test or [20, 20, 20], 1),
    }
    return Dataset(name, CLASSES, splits, "made for a test")


def audited(dataset: Dataset, *checks: str) -> Audit:
    return audit_dataset(dataset, measure_all(dataset), checks or None)


def changed(dataset: Dataset, name: str, images: Callable[[np.ndarray], np.ndarray]) -> Dataset:
    """The data set with the pixels of one split changed."""
    old = dataset.splits[name]
    split = Split.from_arrays(images(old.images.copy()).astype(np.uint8), old.labels, old.ids)
    return Dataset(dataset.name, dataset.classes, {**dataset.splits, name: split}, dataset.source)


@pytest.mark.parametrize("check", ["identity", "label-balance", "pixel-range", "class-similarity"])
def test_basic_checks_are_silent_on_clean_data(check: str) -> None:
    """Three balanced classes of different shapes give no reason to speak."""
    finding = audited(clean(), check).finding(check)
    assert finding.verdict == "pass", finding.summary
    assert finding.fix == ""


def _darker(images: np.ndarray) -> np.ndarray:
    return images // 8


def _padded(images: np.ndarray) -> np.ndarray:
    images[-15:] = 0
    return images


PLANTED: Mapping[str, tuple[Dataset, str, str, str]] = {
    "a class missing in test": (clean(test=[20, 20, 0]), "label-balance", "fail", "cross is missing in test"),
    "a class missing in train": (
        clean(train=[40, 0, 40]),
        "label-balance",
        "fail",
        "disc is missing in train",
    ),
    "only one class": (clean([40, 0, 0], [20, 0, 0]), "label-balance", "fail", "only one class"),
    "a class with twice the images": (clean(train=[80, 40, 40]), "label-balance", "warn", "2 times"),
    "a class with twenty times the images": (clean(train=[200, 10, 50]), "label-balance", "fail", "20 times"),
    "one image in most classes": (
        clean(train=[1, 1, 2]),
        "label-balance",
        "warn",
        "2 of 3 classes have a single training image",
    ),
    "few test images": (clean(test=[20, 20, 3]), "label-balance", "warn", "fewer than 10"),
    "already scaled": (
        changed(changed(clean(), "train", lambda x: x // 255), "test", lambda x: x // 255),
        "pixel-range",
        "fail",
        "already scaled",
    ),
    "only test already scaled": (changed(clean(), "test", lambda x: x // 200), "pixel-range", "fail", "test"),
    "narrow range": (
        changed(changed(clean(), "train", _darker), "test", _darker),
        "pixel-range",
        "warn",
        "span only 0-31",
    ),
    "constant": (changed(clean(), "train", lambda x: x * 0 + 9), "pixel-range", "fail", "nothing to learn"),
    "a test split of another brightness": (
        changed(clean(), "test", lambda x: np.clip(x.astype(int) + 90, 0, 255)),
        "pixel-range",
        "fail",
        "brighter than train",
    ),
    "cut and padded": (changed(clean(), "train", _padded), "identity", "fail", "last 15 train images"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    """The verdict follows from the evidence, says what it is, and how to mend it."""
    dataset, check, verdict, words = PLANTED[fault]
    finding = audited(dataset, check).finding(check)
    assert (finding.verdict, words in finding.summary) == (verdict, True), finding.summary
    assert finding.fix


def test_a_truncated_release_is_not_the_release() -> None:
    """Data under the name of a published set must be that set, image for image and label for label."""
    whole = load("fashion-mnist-sample")
    assert audited(whole, "identity").finding("identity").verdict == "pass"
    train = whole.train
    rows = np.arange(len(train) - 10)
    cut = Split(train.images[rows], train.labels[rows], train.ids[: len(rows)], train.digests[rows])
    flipped = Split(train.images, np.roll(train.labels, 1), train.ids, train.digests)
    for split, words in ((cut, "1,990 train images"), (flipped, "differ from the release")):
        dataset = Dataset(whole.name, whole.classes, {**whole.splits, "train": split}, whole.source)
        finding = audited(dataset, "identity").finding("identity")
        assert (finding.verdict, words in finding.summary) == ("fail", True), finding.summary


def test_a_release_is_known_under_any_name() -> None:
    """Identity is decided on content, so a renamed copy is recognized."""
    whole = load("fashion-mnist-sample")
    renamed = Dataset("mine", whole.classes, whole.splits, whole.source)
    finding = audited(renamed, "identity").finding("identity")
    assert finding.verdict == "pass"
    assert "under other names" in finding.summary


def test_a_release_is_known_with_its_classes_as_numbers() -> None:
    """Files that name no classes give numbers; its own names at other labels are another thing."""
    whole = load("fashion-mnist-sample")
    numbered = Dataset(whole.name, tuple("0123456789"), whole.splits, whole.source)
    finding = audited(numbered, "identity").finding("identity")
    assert finding.verdict == "pass"
    assert "its classes under other names" in finding.summary
    shifted = Dataset(whole.name, (*whole.classes[1:], whole.classes[0]), whole.splits, whole.source)
    assert audited(shifted, "identity").finding("identity").verdict == "fail"


def test_classes_with_the_same_mean_image_are_named() -> None:
    """Two classes that differ only by noise have nearly the same mean image, and the pair is named."""
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1, 2], 60)
    images = np.stack([_picture(rng, min(label, 1)) for label in labels])
    split = Split.from_arrays(images, labels.astype(np.int64), numbered_ids("train", 180))
    finding = audited(Dataset("twins", CLASSES, {"train": split}, ""), "class-similarity").findings[0]
    assert finding.verdict == "warn"
    assert "disc and cross" in finding.summary
    assert finding.evidence["nearest_mean_accuracy"] < 0.9


def test_alike_classes_are_counted_and_listed_as_from_the_table_of_all_pairs() -> None:
    """Taken in blocks of 256 classes, of 600: all pairs over 0.9 are counted, the first 1,000 in order."""
    rng = np.random.default_rng(0)
    sums = measure_block(rng.integers(0, 9, (1200, 2, 3, 1), np.uint8), np.arange(1200) % 600, 603)
    table = class_mean_correlation(sums)
    first, second = np.triu_indices(603, k=1)
    values = table[first, second]
    order = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")[:1000]
    pairs, count = similar_pairs(sums, tuple(map(str, range(603))))
    assert count == np.count_nonzero(values > ALIKE) > 1000
    assert [(p["first"], p["second"]) for p in pairs] == [(str(first[i]), str(second[i])) for i in order]
    np.testing.assert_allclose([p["correlation"] for p in pairs], values[order], rtol=1e-12)


def test_nearest_mean_accuracy_equals_leaving_each_image_out() -> None:
    """The closed form equals the loop that computes the mean anew without each image."""
    dataset = clean([9, 2, 1], [1, 1, 1])
    split = dataset.train
    x = split.images.reshape(len(split), -1).astype(float)
    right = 0
    for i in range(len(split)):
        rest = np.arange(len(split)) != i
        distances = [
            ((x[i] - x[rest & (split.labels == k)].mean(axis=0)) ** 2).sum()
            if (rest & (split.labels == k)).any()
            else np.inf
            for k in range(3)
        ]
        right += int(np.argmin(distances) == split.labels[i])
    assert nearest_mean_accuracy(split, measure_all(dataset)["train"]) == pytest.approx(right / len(split))


def test_neighbors_correlate_in_pictures_and_not_when_shuffled() -> None:
    """Smooth pictures: near 1. The same pixels in an order drawn anew for each image: near 0."""
    rng = np.random.default_rng(0)
    smooth = rng.normal(0, 1, (200, 1, 1, 1)) * np.linspace(-1, 1, 16)[None, None, :, None] * 60 + 128
    smooth = np.broadcast_to(smooth, (200, 16, 16, 1)).clip(0, 255).astype(np.uint8)
    shuffled = rng.permuted(smooth.reshape(200, -1), axis=1).reshape(smooth.shape)
    labels = np.zeros(200, np.int64)
    found = []
    for images in (smooth, shuffled):
        dataset = Dataset(
            "x", ("a",), {"train": Split.from_arrays(images, labels, numbered_ids("t", 200))}, ""
        )
        found.append(neighbor_correlation(dataset.train, measure_all(dataset)["train"]))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] > 0.9
    assert abs(found[1]) < 0.1


def test_decisions_are_argued_from_the_evidence() -> None:
    """Shapes that the mean tells apart need no convolution; raw 8-bit values want x / 255."""
    decisions = audited(clean()).decisions
    assert decisions["normalization"]["decision"] == "minmax"
    assert decisions["convolution"]["decision"] == "not needed"
    dark = changed(clean(), "train", _darker)
    assert audited(dark).decisions["normalization"]["decision"] == "standard"


def test_fashion_mnist_sample_calls_for_convolution() -> None:
    """Clothes have alike silhouettes and strong neighborhoods."""
    decisions = audited(load("fashion-mnist-sample")).decisions
    assert decisions["convolution"]["decision"] == "called for"


TINY = {
    "one image": ([1, 0, 0], [0, 0, 0]),
    "one image a class": ([1, 1, 1], [1, 1, 1]),
    "one class": ([5, 0, 0], [5, 0, 0]),
}


@pytest.mark.parametrize("case", TINY)
@pytest.mark.parametrize("check", CHECKS)
def test_tiny_data_give_a_verdict_and_no_crash(case: str, check: str) -> None:
    """Every check of the table answers on any data: a verdict, or `not evaluated` with its reason."""
    train, test = TINY[case]
    splits = {"train": _split_any("train", train), "test": _split_any("test", test)}
    splits = {name: split for name, split in splits.items() if len(split)}
    finding = audited(Dataset("tiny", CLASSES, splits, ""), check).finding(check)
    assert finding.verdict != "not evaluated" or finding.reason


def _split_any(name: str, counts: list[int]) -> Split:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    images = np.zeros((len(labels), 1, 1, 1), np.uint8)
    return Split.from_arrays(images, labels, numbered_ids(name, len(labels)))


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_in_the_table_of_areas(check: str) -> None:
    """A check's name, its key in the table and its area belong together."""
    finding = audit_dataset(clean(), measure_all(clean()), [check]).findings[0]
    assert finding.check == check
    assert finding.area == CHECKS[check].area in AREAS
    assert finding.threshold
    assert finding.reason


def test_unknown_checks_are_refused_with_the_nearest_name() -> None:
    """A misspelled check is an error, never a check left out."""
    with pytest.raises(AssayError, match=r"unknown-check.*identity"):
        known_checks(["identitty"])
    assert known_checks(["pixel-range", "identity"]) == ["identity", "pixel-range"]


def test_each_finding_is_announced() -> None:
    """Listeners hear of every finding as it is made."""
    heard: list[Event] = []
    dataset = clean()
    found = audit_dataset(dataset, measure_all(dataset), ["identity", "pixel-range"], heard.append)
    assert [e.figures["check"] for e in heard if e.event == "finding"] == [f.check for f in found.findings]


def test_an_area_is_as_good_as_its_worst_check() -> None:
    """One warning outweighs any number of passes."""

    def finding(check: str, area: str, verdict: str) -> Finding:
        return Finding(check, verdict, "", {}, "", "", area=area)  # type: ignore[arg-type]

    found = Audit(
        {}, {}, (finding("identity", "data integrity", "pass"), finding("drift", "data integrity", "warn"))
    )
    assert found.area_verdicts() == {"data integrity": "warn"}
    unknown = finding("leakage", "data integrity", "not evaluated")
    assert replace(found, findings=(*found.findings[:1], unknown)).area_verdicts() == {
        "data integrity": "not evaluated"  # a check that could not be made is no pass
    }


def test_a_finding_belongs_to_an_area() -> None:
    """An area that does not exist is a mistake of ours, found at once."""
    with pytest.raises(ValueError, match="no area"):
        Finding("identity", "pass", "", {}, "", "", area="lable balance")


def test_a_check_speaks_for_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function in the wrong line of the table is found at once."""
    wrong = replace(CHECKS["drift"], run=CHECKS["identity"].run)
    monkeypatch.setitem(CHECKS, "drift", wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'drift' speaks for"):
        audit_dataset(clean(), measure_all(clean()), ["drift"])

"""The ranking of all labels, and a reference that knows its strength."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.audits.audit_cache import cached_audit
from assay.audits.checks.class_balance import check_label_balance
from assay.audits.checks.context import CheckContext
from assay.audits.checks.labels.ambiguous import check_ambiguous_labels
from assay.audits.checks.labels.label_errors import check_label_errors
from assay.audits.checks.separability import check_separability
from assay.audits.measures.cross_validated import CrossValidated
from assay.audits.measures.label_quality import label_quality_lines
from assay.audits.measures.pixel_sums import measure
from assay.audits.measures.reference_strength import reference_strength
from assay.audits.registry import audit_dataset, measure_all
from assay.data.values import Dataset
from assay.estimators.label_quality import QUALITY_COLUMNS, label_quality
from planted import CLASSES, colored, with_images

DATA = colored(train=60, test=20)


def context(dataset: Dataset) -> CheckContext:
    k = len(dataset.classes)
    return CheckContext(dataset, {name: measure(split, k) for name, split in dataset.splits.items()})


def with_probabilities(dataset: Dataset, right: float) -> CheckContext:
    """A context whose reference is right, and sure, for this share of the training labels."""
    found = context(dataset)
    probabilities = {}
    for name, split in dataset.splits.items():
        answers = split.labels.copy()
        wrong = np.arange(len(answers)) >= round(right * len(answers))
        answers[wrong] = (answers[wrong] + 1) % len(dataset.classes)
        probabilities[name] = np.full((len(answers), len(dataset.classes)), 0.01, np.float32)
        probabilities[name][np.arange(len(answers)), answers] = 0.98
    accuracy = dict.fromkeys(dataset.splits, right)
    judged = CrossValidated("", probabilities, found.components, np.arange(3), accuracy)
    found.__dict__["cross_validated"] = judged
    return found


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_image_of_every_split_has_a_row_in_source_order():
    """With the columns of the interface; margin and score follow from the probabilities."""
    groups = {"group": tuple("" if row % 2 else f"p{row}" for row in range(len(DATA.train)))}
    data = replace(DATA, splits={**DATA.splits, "train": replace(DATA.train, columns=groups)})
    audit = audit_dataset(data, measure_all(data), ["label-errors"])
    assert audit.label_quality is not None
    text = "".join(label_quality_lines(audit.label_quality, data))
    rows = rows_of(text)
    assert text.splitlines()[0] == ",".join(QUALITY_COLUMNS)
    assert ",".join(QUALITY_COLUMNS) == (
        "split,index,id,digest,label,p_label,suggested,p_suggested,margin,group,score"
    )
    places = [(row["split"], int(row["index"])) for row in rows]
    assert places == [(name, i) for name, split in data.splits.items() for i in range(len(split))]
    for row in rows:
        own, other = float(row["p_label"]), float(row["p_suggested"])
        assert 0 <= float(row["score"]) <= 1
        assert row["suggested"] in set(CLASSES) - {row["label"]}
        assert float(row["margin"]) == pytest.approx(own - other)
    assert [row["group"] for row in rows if row["split"] == "train"] == list(groups["group"])


@pytest.mark.parametrize("name", ["train", "test"])
def test_planted_errors_rank_first(name: str):
    """Most of the flipped labels stand in a list twice their number."""
    split, flips = DATA.splits[name], np.arange(0, 50, 10)
    labels = split.labels.copy()
    labels[flips] = (labels[flips] + 1) % 3
    data = with_images(DATA, name, split.images, labels)
    audit = audit_dataset(data, measure_all(data), ["label-errors"])
    rows = [
        r
        for r in rows_of("".join(label_quality_lines(audit.label_quality or {}, data)))
        if r["split"] == name
    ]
    first = sorted(rows, key=lambda row: float(row["score"]))[: 2 * len(flips)]
    assert len({int(row["index"]) for row in first} & set(flips.tolist())) >= 4


def test_an_unknown_class_has_no_score():
    """Where the classifier could not learn the label's class, cells are empty: not 0, which is a verdict."""
    quality = label_quality(np.full((3, 3), 1 / 3), np.array([0, 1, 2]), np.array([0, 1]), np.full(3, 0.2))
    assert quality.own[:2] == (pytest.approx(1 / 3),) * 2
    assert quality.right == (0.8, 0.8, None)
    assert (quality.own[2], quality.suggested[2], quality.other[2]) == (None, None, None)


def test_the_cache_keeps_every_figure(tmp_path: Path):
    """The file of an audit from the cache has the same bytes."""
    made = audit_dataset(DATA, measure_all(DATA), ["label-errors"])
    first, kept_first = cached_audit(DATA, {}, lambda: made, folder=tmp_path)
    second, kept = cached_audit(DATA, {}, lambda: made, folder=tmp_path)
    assert (kept_first, kept) == (False, True)
    texts = {"".join(label_quality_lines(audit.label_quality or {}, DATA)) for audit in (made, first, second)}
    assert len(texts) == 1


def test_without_the_check_there_is_no_ranking():
    """`None` writes no file."""
    assert audit_dataset(DATA, measure_all(DATA), ["identity"]).label_quality is None


def test_a_weak_reference_disputes_no_label():
    """Right for 57 %: not evaluated, with the reason; no list, no ranking, and never `pass`."""
    weak = with_probabilities(DATA, 0.57)
    for check in (check_label_errors, check_ambiguous_labels):
        found = check(weak)
        assert found.finding.verdict == "not evaluated"
        assert found.issues == ()
        assert "too weak" in found.finding.reason
        assert found.finding.evidence["reference"]["accuracy"] == pytest.approx(0.57, abs=0.01)
    assert check_label_errors(weak).label_quality == {}
    assert check_separability(weak).finding.verdict != "pass"


def test_a_strong_reference_tells_its_strength():
    """Accuracy, that of always one class, and both intervals travel with every finding."""
    strong = with_probabilities(DATA, 0.9)
    for check in (check_label_errors, check_ambiguous_labels, check_separability):
        finding = check(strong).finding
        assert finding.verdict != "not evaluated"
        told = finding.evidence["reference"]
        low, high = told["accuracy_ci95"]
        assert low < told["accuracy"] < high
        assert told["majority_accuracy"] == pytest.approx(1 / 3)
        assert told["majority_accuracy_ci95"][0] < 1 / 3 < told["majority_accuracy_ci95"][1]


def test_the_reference_must_beat_always_one_class():
    """Of 95 % in one class, 80 % right is weak however high it sounds."""
    labels = np.zeros(len(DATA.train), np.int64)
    labels[:9] = 1
    data = with_images(DATA, "train", DATA.train.images, labels)
    strength = reference_strength(with_probabilities(data, 0.8).cross_validated, data)
    assert strength.majority_accuracy == pytest.approx(0.95)
    assert strength.too_weak


def test_images_of_a_group_count_once():
    """Twelve images of each patient are no twelve answers: the interval is that of as many as patients."""
    judged = with_probabilities(DATA, 0.8).cross_validated
    alone = reference_strength(judged, DATA)
    grouped = reference_strength(judged, DATA, np.arange(len(DATA.train)) // 12)
    assert (alone.units, grouped.units) == (180, 15)
    assert grouped.accuracy == alone.accuracy
    assert grouped.accuracy_ci95[0] < alone.accuracy_ci95[0]
    assert grouped.accuracy_ci95[1] > alone.accuracy_ci95[1]


def test_equal_counts_are_told_without_praise():
    """Equal counts say nothing of the labels' quality or of the test split: a count, no verdict."""
    summary = check_label_balance(context(DATA)).finding.summary
    assert summary.startswith("60 training images in every class.")

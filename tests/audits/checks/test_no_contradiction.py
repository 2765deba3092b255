"""What the findings say together: one table of facts, and no two sentences that deny each other."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from assay.audits.checks.class_balance import check_label_balance
from assay.audits.checks.class_similarity import check_class_similarity, nearest_mean_accuracy
from assay.audits.checks.context import CheckContext
from assay.audits.checks.drift import check_drift
from assay.audits.checks.duplicates import check_near_duplicates
from assay.audits.checks.leakage.leaks import check_leakage
from assay.audits.checks.neighborhoods import EASY, Neighborhoods, convolution_decision, decide, gain_sentence
from assay.audits.checks.separability import check_separability
from assay.audits.measures.pixel_sums import measure
from assay.audits.registry import measure_all
from assay.audits.self_test import pixel_changes, planted_faults
from assay.data.splitting.test_split import DRAWN
from assay.data.values import PURPOSES, Dataset, Split, numbered_ids
from planted import colored, with_more

FACTS = [
    Neighborhoods(0.0, correlation, alike, gain, by_chance)
    for correlation, alike, gain, by_chance in itertools.product(
        (None, 0.0, 0.3, 0.8), (0, 1, 9), (None, -0.5, 0.0, 0.1, 0.4, 1.0), (0.0, 0.04, 0.05, 1.0)
    )
]


@pytest.mark.parametrize("means", [0.3, 0.9, EASY, 1.0])
def test_the_two_sentences_on_neighborhoods_agree(means: float) -> None:
    """Of every combination of figures: what one check measured, the other does not deny."""
    for facts in FACTS:
        _agree(replace(facts, class_means=means))


def _agree(facts: Neighborhoods) -> None:
    decision = decide(facts)
    said = gain_sentence(facts.class_means, facts.gain, facts.gain_p)
    wanted = decision["decision"]
    if "gains little" in said:
        assert wanted != "called for"
    assert ("may be chance" in said) >= ("may be chance" in decision["reason"])
    if "may be chance" in said:
        assert wanted != "called for"
    if "speaks for a convolution" in said:
        assert wanted in ("called for", "worth trying")
        assert "nothing to hold on to" not in decision["reason"]
    if wanted == "not needed":
        assert "speaks for" not in said
    if wanted == "called for":
        assert facts.gain is None or "speaks for" in said
    assert ("gain little" in decision["reason"]) <= ("gains little" in said)


def test_of_pictures_without_a_signal_no_model_is_called_for() -> None:
    """Smooth pictures with labels at random: "the difference lies in edges and texture" was said of them."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (300, 4, 4)).astype(np.uint8)
    images = np.stack(
        [np.asarray(Image.fromarray(one).resize((16, 16), Image.Resampling.BICUBIC)) for one in small]
    )
    split = Split.from_arrays(images[..., None], rng.integers(0, 3, 300), numbered_ids("train", 300))
    dataset = Dataset("smooth", ("a", "b", "c"), {"train": split}, "made for a test")
    context = CheckContext(dataset, {"train": measure(split, 3)})
    decision = convolution_decision(
        check_class_similarity(context).finding, check_separability(context).finding
    )
    assert "no proof" not in check_separability(context).finding.summary
    assert decision["decision"] == "undecided"
    assert "nothing in the pictures that goes with their labels" in decision["reason"]


def test_nothing_found_with_few_images_of_a_class_is_no_proof() -> None:
    """Of 120 images 16 are of one class: what a net finds in so few the reference may not."""
    rng = np.random.default_rng(1)
    images, labels = rng.normal(128, 20, (120, 16, 16)), np.repeat([0, 1], [104, 16])
    split = Split.from_arrays(
        images.clip(0, 255).astype(np.uint8)[..., None], labels, numbered_ids("train", 120)
    )
    dataset = Dataset("marks", ("sound", "scratch"), {"train": split}, "made for a test")
    finding = check_separability(CheckContext(dataset, {"train": measure(split, 2)})).finding
    assert finding.evidence["better_than_chance"] is False
    assert (
        "no proof that there is nothing: with 16 training images of scratch only what is plain"
        in finding.summary
    )
    assert finding.fix.endswith("Collect more images of the smallest classes.")


def test_what_was_not_measured_is_not_said_to_be() -> None:
    """Of three images a class nothing is measured: that edges make the difference is a guess."""
    facts = Neighborhoods(0.5, 0.8, 0)
    assert "was not measured, and often it lies in edges" in decide(facts)["reason"]
    assert ": the difference lies in edges" in decide(replace(facts, gain=0.4))["reason"]


def test_few_errors_less_speak_for_nothing() -> None:
    """120 noisy digits, 3 or 8: two errors less of five are 40 %, and p is .5; more images settle it."""
    known = load_digits()
    rows = np.flatnonzero(np.isin(known.target, (3, 8)))
    rows = np.random.default_rng(0).permutation(rows)[:120]
    noisy = 16 * known.images[rows, ..., None]
    noisy = noisy + np.random.default_rng(0).normal(0, 60, noisy.shape)
    images, labels = np.clip(noisy, 0, 255).astype(np.uint8), (known.target[rows] == 8).astype(np.int64)
    split = Split.from_arrays(images, labels, numbered_ids("train", len(rows)))
    dataset = Dataset("digits", ("3", "8"), {"train": split}, "made for a test")
    finding = check_separability(CheckContext(dataset, {"train": measure(split, 2)})).finding
    assert list(finding.evidence["gain"].values())[-1] > 0.3
    assert finding.evidence["gain_p"] > 0.05
    assert "errors, which may be chance on so few." in finding.summary
    assert "speaks for a convolution" not in finding.summary


def test_both_checks_give_one_figure_for_the_class_means() -> None:
    """Class means are left out by the same groups wherever they are named, so that no two figures differ."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (12, 6, 6, 1))
    images = np.repeat(base, 5, axis=0) + rng.integers(-3, 4, (60, 6, 6, 1))
    labels, groups = np.repeat(rng.integers(0, 2, 12), 5), np.repeat(np.arange(12), 5)
    split = Split.from_arrays(np.clip(images, 0, 255).astype(np.uint8), labels, numbered_ids("train", 60))
    dataset = Dataset("groups", ("a", "b"), {"train": split}, "made for a test")
    flat = split.images.reshape(60, -1).astype(float)
    right = 0
    for i in range(60):
        kept = groups != groups[i]
        means = [flat[kept & (labels == c)].mean(axis=0) for c in range(2)]
        right += int(np.argmin([np.square(flat[i] - m).sum() for m in means]) == labels[i])
    measured = measure_all(dataset)["train"]
    assert nearest_mean_accuracy(split, measured, groups) == pytest.approx(right / 60)
    assert nearest_mean_accuracy(split, measured, np.arange(60)) == nearest_mean_accuracy(split, measured)
    assert nearest_mean_accuracy(split, measured, np.zeros(60, int)) == 0


def drifted(*notes: str) -> Dataset:
    planted = planted_faults.with_drift(colored(), 0).dataset
    return Dataset(planted.name, planted.classes, planted.splits, planted.source, notes=notes)


def test_a_split_that_was_drawn_at_random_is_not_told_to_be_drawn_at_random() -> None:
    """Groups may differ from each other: a warning that says so. Given splits that differ as much fail."""
    given, drawn = (
        check_drift(CheckContext(data, measure_all(data))).finding
        for data in (drifted(), drifted(f"test: 0.2{DRAWN}0, stratified; groups together"))
    )
    assert (given.verdict, drawn.verdict) == ("fail", "warn")
    assert "at random from one pool" in given.fix
    assert "drawn at random, whole groups" in drawn.fix


def test_a_validation_split_that_came_with_the_data_is_not_called_drawn() -> None:
    """Where the test split was drawn, another split that differs fails all the same, and is not excused."""
    data = drifted(f"test: 0.2{DRAWN}0, stratified; groups together")
    sound = colored().splits["test"]
    splits = {"train": data.train, "validation": data.splits["test"], "test": sound}
    finding = check_drift(
        CheckContext(
            replace(data, splits=splits, fingerprints={}),
            measure_all(replace(data, splits=splits, fingerprints={})),
        )
    ).finding
    assert finding.verdict == "fail"
    assert finding.fix == "Draw all splits at random from one pool, or report them as different conditions."


def test_near_copies_are_not_denied_beside_exact_ones() -> None:
    """Two equal images are nearly the same, too."""
    data = colored(train=20, test=5)
    images = np.concatenate(list(data.train.blocks()))
    images[1] = images[0]
    labels = data.train.labels.copy()
    labels[1] = labels[0]
    splits = {"train": Split.from_arrays(images, labels, data.train.ids)}
    copied = replace(data, splits=splits, fingerprints={})
    found = check_near_duplicates(CheckContext(copied, measure_all(copied))).finding
    assert found.summary.startswith("Besides exact copies, no two of the ")


def test_leakage_says_why_it_counts_other_images_than_near_duplicates() -> None:
    """An image of test whose nearest copy is in test may leak from train too: two counts, and a reason."""
    data = colored(train=40, test=10)
    rng = np.random.default_rng(0)
    source, label = data.train.images[:1], data.train.labels[:1]
    once = pixel_changes.noisy(source, rng)
    twice = np.clip(once.astype(int) + rng.integers(-1, 2, once.shape), 0, 255).astype(np.uint8)
    data = with_more(data, "test", np.concatenate([once, twice]), np.repeat(label, 2))
    context = CheckContext(data, measure_all(data))
    near, leak = check_near_duplicates(context).finding, check_leakage(context).finding
    across = near.evidence["across-splits"]
    assert leak.evidence["near"] == 2
    assert (across != 2) == ("Across splits there are" in leak.summary)
    assert across == 1, "the case is not the one that this test is about"


def test_what_validation_is_for_does_not_deny_the_temperature() -> None:
    """A temperature is fitted on validation, so it cannot be said to be never fitted."""
    assert "never fitted" not in PURPOSES["validation"]
    assert "calibrate" in PURPOSES["validation"]


def test_the_balance_names_the_class_that_guessing_takes() -> None:
    """Of the test images the largest class counts, whichever train has most of: as beside the score."""
    data = colored(train=40, test=10)
    test = data.splits["test"]
    rows = np.concatenate([np.flatnonzero(test.labels == 2), np.flatnonzero(test.labels == 0)[:4]])
    images = np.concatenate(list(test.blocks(rows)))
    part = Split.from_arrays(images, test.labels[rows], [test.ids[row] for row in rows])
    other = replace(data, splits={"train": data.train, "test": part}, fingerprints={})
    found = check_label_balance(CheckContext(other, measure_all(other))).finding
    share = 100 * (test.labels == 2).sum() / len(rows)
    assert f"Always answering {data.classes[2]} would be right for {share:.1f} %." in found.summary


def test_of_equal_test_classes_the_balance_names_the_largest_of_train() -> None:
    """It said that one class has twice the images of another, and that always answering a third is best."""
    data = colored(train=40, test=10)
    train = data.train
    rows = np.concatenate([np.flatnonzero(train.labels == label)[: 20 + 10 * label] for label in range(3)])
    images = np.concatenate(list(train.blocks(rows)))
    part = Split.from_arrays(images, train.labels[rows], [train.ids[row] for row in rows])
    other = replace(data, splits={**data.splits, "train": part}, fingerprints={})
    found = check_label_balance(CheckContext(other, measure_all(other))).finding
    assert found.summary.startswith(f"{data.classes[2]} has 2 times the images of {data.classes[0]}")
    assert f"Always answering {data.classes[2]} would be right for 33.3 %." in found.summary

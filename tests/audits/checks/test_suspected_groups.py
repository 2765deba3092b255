"""Groups that names suggest: told where such images look alike, and nowhere else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.suspected_groups import suspected_groups
from assay.audits.registry import audit_dataset, measure_all
from assay.data.splitting.name_groups import with_name_groups
from assay.data.values import Dataset, Split, numbered_ids

CLASSES = ("a", "b", "c")
PATIENTS, VIEWS, SIDE = 12, 6, 24


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, labels and patients: each patient has waves of its own, each view another place and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    images, labels, patients = [], [], []
    for label in range(len(CLASSES)):
        for patient in range(PATIENTS):
            angle, waves = np.pi * label / 3 + random.normal(0, 0.12), random.uniform(2, 5)
            for _ in range(VIEWS):
                where = x * np.cos(angle) + y * np.sin(angle)
                wave = np.sin(2 * np.pi * waves * where + random.uniform(0, 6))
                images.append(np.clip(128 + 70 * wave + random.normal(0, 18, wave.shape), 0, 255))
                labels.append(label)
                patients.append(label * PATIENTS + patient)
    return np.array(images, np.uint8)[..., None], np.array(labels), np.array(patients)


def dataset_of(name_of: Callable[[int, int, int], str], seed: int = 1) -> Dataset:
    """Every third view is test. name_of: from class, patient and number of the view to the name."""
    images, labels, patients = pictures(seed)
    number = np.tile(np.arange(VIEWS), len(labels) // VIEWS)
    names = [name_of(int(c), int(p), int(n)) for c, p, n in zip(labels, patients, number, strict=True)]
    splits = {}
    for name, rows in (("train", number % 3 > 0), ("test", number % 3 == 0)):
        ids = tuple(one for one, chosen in zip(names, rows, strict=True) if chosen)
        splits[name] = Split.from_arrays(images[rows], labels[rows], ids)
    return Dataset("patients", CLASSES, splits, "made for a test")


def suspected(dataset: Dataset):
    return suspected_groups(CheckContext(dataset, measure_all(dataset)), set())


@pytest.mark.parametrize(
    ("name_of", "pattern"),
    [
        (lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png", r"([^/_]+)_[^/]*$|[^/]+$"),
        (lambda c, p, n: f"{CLASSES[c]}/scan-p{p}-{n}.png", r"([^/-]+-[^/-]+)-[^/]*$|[^/]+$"),
        (lambda c, p, n: f"{CLASSES[c]}/p{p} view {n}.png", r"([^/ ]+)\ [^/]*$|[^/]+$"),
        (lambda c, p, n: f"{CLASSES[c]}/p{p}x{n}.png", r"([^/]*[^/\d])\d+(?:\.\w+)?$|[^/]+$"),
        (lambda c, p, n: f"{CLASSES[c]}/p{p}/{n}.png", r"([^/]+)/[^/]+$|[^/]+$"),
    ],
)
def test_groups_are_found_however_they_are_named(
    name_of: Callable[[int, int, int], str], pattern: str
) -> None:
    """With the pattern that tells them, which then gives groups that leak for certain."""
    dataset = dataset_of(name_of)
    found = suspected(dataset)
    assert found is not None
    assert found.pattern.replace("\\ ", " ") == pattern.replace("\\ ", " ")
    assert found.images == len(dataset.splits["test"])
    assert found.alike > 5 * found.by_chance
    assert found.by_chance == pytest.approx(found.images / PATIENTS)
    told = replace(dataset, splits=with_name_groups(dataset.splits, found.pattern), fingerprints={})
    leakage = audit_dataset(told, measure_all(told), ["leakage"]).finding("leakage")
    assert (leakage.verdict, leakage.evidence["shared_groups"]) == ("fail", len(CLASSES) * PATIENTS)
    assert leakage.evidence["groups_by_names"] is None


def test_the_finding_says_it_and_what_to_type() -> None:
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    found = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert (found.verdict, found.count) == ("warn", 0)
    assert "Names suggest groups: of 72 images outside train" in found.summary
    assert "--group-pattern '([^/_]+)_[^/]*$|[^/]+$'" in found.fix
    assert found.evidence["groups_by_names"]["images"] == 72


@pytest.mark.parametrize(
    "name_of",
    [
        lambda c, p, n: f"{CLASSES[c]}/IMG_{p * VIEWS + n:04}.png",
        lambda c, p, n: f"{CLASSES[c]}/{p * VIEWS + n}.png",
        lambda c, p, n: f"{CLASSES[c]}/{(p * 7 + n * 5) % 12:02}_{p * VIEWS + n}.png",
    ],
)
def test_names_that_mean_nothing_are_passed_over(name_of: Callable[[int, int, int], str]) -> None:
    """One beginning for all, numbers alone, and groups of pictures that are no more alike than others."""
    assert suspected(dataset_of(name_of)) is None


def test_images_that_are_no_more_alike_than_their_class_are_no_groups() -> None:
    """The same names, over pictures of which each stands for itself."""
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    random = np.random.default_rng(1)
    mixed = {}
    for name, split in dataset.splits.items():
        order = np.concatenate([random.permutation(np.flatnonzero(split.labels == c)) for c in range(3)])
        mixed[name] = Split.from_arrays(np.asarray(split.images[:])[order], split.labels[order], split.ids)
    assert suspected(replace(dataset, splits=mixed, fingerprints={})) is None


def test_numbered_images_and_known_groups_are_not_asked() -> None:
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    numbered = {
        name: replace(split, ids=numbered_ids(name, len(split))) for name, split in dataset.splits.items()
    }
    assert suspected(replace(dataset, splits=numbered, fingerprints={})) is None
    known = {("test", row) for row in range(len(dataset.splits["test"]))}
    assert suspected_groups(CheckContext(dataset, measure_all(dataset)), known) is None

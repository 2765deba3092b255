"""Groups that names suggest: told where such images look alike, and nowhere else."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from assay.audits.checks.context import CheckContext
from assay.audits.checks.leakage.suspected_groups import suspected_groups
from assay.audits.registry import audit_dataset, measure_all
from assay.data.splitting.name_groups import with_name_groups
from assay.data.splitting.version_names import NAMED_BY_TOOLS, VERSIONS
from assay.data.stored_rows import StoredRows
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


def of(c: int, p: int, n: int) -> int:
    """A number that says nothing: another one for each image."""
    return (((c * PATIENTS + p) * VIEWS + n) * 67) % 997


@pytest.mark.parametrize(
    "name_of",
    [
        lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/{'pP'[n % 2]}{p}_{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/scan-p{p}-{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/p{p} view {n}.png",
        lambda c, p, n: f"{CLASSES[c]}/p{p}x{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/p{p}/{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/p{p}/left/{n}.png",
        lambda c, p, n: f"{CLASSES[c]}/frame{n:02}_patient{'ABCDEFGHIJKL'[p % 12]}{CLASSES[c]}.png",
        lambda c, p, n: f"{CLASSES[c]}/{of(c, p, n):04}-session{p}.jpg",
        lambda c, p, n: f"{CLASSES[c]}/img_{of(c, p, n)}_s{p:02}.png",
        lambda c, p, n: f"{CLASSES[c]}/img_{of(c, p, n)}_s{p:02}",
        lambda c, p, n: f"{CLASSES[c]}/{2019 + n}_patient{p}_{of(c, p, n)}.png",
        lambda c, p, n: f"{CLASSES[c]}/{of(c, p, n)}_patient{p}_{n}_crop.jpeg",
        lambda c, p, n: f"{CLASSES[c]}/2023-0{n + 1}-{of(c, p, n) % 28:02}_p{p}_x.png",
        lambda c, p, n: f"{CLASSES[c]}/v1.{p}__{of(c, p, n)}.png",
    ],
)
def test_groups_are_found_however_they_are_named(name_of: Callable[[int, int, int], str]) -> None:
    """With the pattern that tells them, which then gives groups that leak for certain."""
    dataset = dataset_of(name_of)
    found = suspected(dataset)
    assert found is not None
    assert found.images == len(dataset.splits["test"])
    assert found.alike > 5 * found.by_chance
    assert found.by_chance == pytest.approx(found.images / PATIENTS)
    told = replace(dataset, splits=with_name_groups(dataset.splits, found.pattern)[0], fingerprints={})
    leakage = audit_dataset(told, measure_all(told), ["leakage"]).finding("leakage")
    assert (leakage.verdict, leakage.evidence["shared_groups"]) == ("fail", len(CLASSES) * PATIENTS)
    assert leakage.evidence["groups_by_names"] is None


def test_the_finding_says_it_and_what_to_type() -> None:
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    found = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert (found.verdict, found.count) == ("warn", 0)
    assert "Names suggest groups (in a/p0_0.png it is p0): of 72 images outside train" in found.summary
    assert "--group-pattern '(?:^|/)(?:([^/_. -]+)[_. -]+[^/]*|[^/]+)$'" in found.fix
    assert found.evidence["groups_by_names"]["images"] == 72


def with_patients(dataset: Dataset, name: str) -> Dataset:
    """A column of patients, twelve of which have four images each among both splits."""
    splits = {
        key: replace(split, columns={**split.columns, name: tuple(f"P{n % 12}" for n in range(len(split)))})
        for key, split in dataset.splits.items()
    }
    return replace(dataset, splits=splits, fingerprints={})


def test_a_column_of_groups_is_told_and_what_to_type() -> None:
    """Before names and distances are asked; one that says nothing of groups is passed over."""
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    patients = with_patients(dataset, "Patient ID")
    found = audit_dataset(patients, measure_all(patients), ["leakage"]).finding("leakage")
    assert (found.verdict, found.count) == ("warn", 0)
    told = "The column Patient ID seems to name groups: 72 images of test are of groups that lie in train too"
    assert found.summary.startswith(told)
    assert "--group-column 'Patient ID'" in found.fix
    assert found.evidence["groups_by_names"] is None
    assert found.evidence["groups_by_column"]["across"] == {"test": 72}
    alone = replace(patients, splits={"train": patients.train}, fingerprints={})
    left = audit_dataset(alone, measure_all(alone), ["leakage"]).finding("leakage")
    assert left.verdict == "not evaluated"
    assert "a test split must not part them" in left.summary
    other = with_patients(dataset, "ward")
    found = audit_dataset(other, measure_all(other), ["leakage"]).finding("leakage")
    assert found.evidence["groups_by_column"] is None
    assert found.evidence["groups_by_names"] is not None


def test_what_the_reference_says_is_doubted_where_a_column_names_groups() -> None:
    """It knows an image by others of its group, until the groups are named."""
    dataset = with_patients(dataset_of(lambda c, p, n: f"{CLASSES[c]}/{c}{p:02}{n}.png"), "Patient ID")
    told = "Where the column Patient ID names groups, this is too good"
    for name in ("label-errors", "separability"):
        found = audit_dataset(dataset, measure_all(dataset), [name]).finding(name)
        assert told in found.summary
        assert "--group-column 'Patient ID'" in found.summary
    named = {
        key: replace(split, columns={**split.columns, "group": split.columns["Patient ID"]})
        for key, split in dataset.splits.items()
    }
    sure = replace(dataset, splits=named, fingerprints={})
    assert (
        told not in audit_dataset(sure, measure_all(sure), ["separability"]).finding("separability").summary
    )


def test_a_column_whose_values_are_few_images_of_one_class_names_groups() -> None:
    """Whatever it is called; and it is no shortcut, though it tells the class of all its images."""
    plain = dataset_of(lambda c, p, n: f"{CLASSES[c]}/{c}{p:02}{n}.png")
    every = {
        name: [f"{split.labels[n]} {n % 20}" for n in range(len(split))]
        for name, split in plain.splits.items()
    }
    splits = {
        name: replace(split, columns={**split.columns, "item": tuple(every[name])})
        for name, split in plain.splits.items()
    }
    dataset = replace(plain, splits=splits, fingerprints={})
    audit = audit_dataset(dataset, measure_all(dataset), ["leakage", "shortcuts"])
    leakage, shortcuts = audit.finding("leakage"), audit.finding("shortcuts")
    assert leakage.verdict == "warn"
    assert leakage.summary.startswith("The column item seems to name groups: ")
    assert "--group-column item" in leakage.fix
    assert (
        "The column item seems to name groups of a few images each, and is not judged." in shortcuts.summary
    )
    assert "item" not in shortcuts.evidence["skill"]
    assert shortcuts.evidence["names_small_sets"] == ["item"]
    named = {
        key: replace(split, columns={**split.columns, "group": split.columns["item"]})
        for key, split in splits.items()
    }
    sure = replace(dataset, splits=named, fingerprints={})
    shortcuts = audit_dataset(sure, measure_all(sure), ["shortcuts"]).finding("shortcuts")
    assert "seem" not in shortcuts.summary
    assert shortcuts.evidence["names_small_sets"] == []


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


@pytest.mark.parametrize(
    "name_of",
    [
        lambda c, p, n: (
            f"{CLASSES[c]}/{of(c, p, n)}_{('filled', 'empty', of(c, p, n))[min(p % 12 // 2, 2)]}.png"
        ),
        lambda c, p, n: f"{CLASSES[c]}/2023-{n + 1:02}-{of(c, p, n) % 28:02} {of(c, p, n)}.jpg",
        lambda c, p, n: f"{CLASSES[c]}/{of(c, p, n):032x}.jpg",
        lambda c, p, n: f"{CLASSES[c]}/{of(c, p, n) % 16:x}/{of(c, p, n):x}_{'abc'[n % 3]}.jpg",
        lambda c, p, n: f"{CLASSES[c]}/{n}_fold{of(c, p, n) % 7}_DSC{p * VIEWS + n:05}.jpg",
    ],
)
def test_names_of_which_no_part_says_anything_are_passed_over(
    name_of: Callable[[int, int, int], str],
) -> None:
    """A few that end alike, dates, hashes, folders of hashes, folds and counters of cameras."""
    assert suspected(dataset_of(name_of)) is None


def test_the_beginning_of_a_name_goes_before_its_parts() -> None:
    """Patients have a movement of their own each, too: the patient is the group."""
    found = suspected(dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_move{p % 6}_{n}.png"))
    assert (found.name, found.group) == ("a/p0_move0_0.png", "p0")


def merged(dataset: Dataset) -> Dataset:
    """All images in train, the only split."""
    parts = dataset.splits.values()
    train = Split.from_arrays(
        np.concatenate([np.asarray(part.images) for part in parts]),
        np.concatenate([part.labels for part in parts]),
        [one for part in parts for one in part.ids],
    )
    return replace(dataset, splits={"train": train}, fingerprints={})


def test_a_set_without_another_split_is_asked_too() -> None:
    """Before a test split is drawn; nothing is evaluated, so that gates on leakage stay unanswered."""
    dataset = merged(dataset_of(lambda c, p, n: f"{CLASSES[c]}/frame{of(c, p, n)}_p{p}.png"))
    found = audit_dataset(dataset, measure_all(dataset), ["leakage"]).finding("leakage")
    assert found.verdict == "not evaluated"
    assert "Names suggest groups (in a/frame67_p0.png it is p0): of 216 images whose" in found.summary
    assert "a test split must not part them" in found.summary
    assert "--group-pattern" in found.fix
    told = found.evidence["groups_by_names"]
    assert told["images"] == 216
    assert told["alike"] > 150
    assert told["by_chance"] == pytest.approx(216 * (VIEWS - 1) / (PATIENTS * VIEWS - 1))


def test_a_training_set_whose_names_mean_nothing_is_passed_over() -> None:
    """An image is not its own most similar one; copies, which stay on one side in any case, are not asked."""
    dataset = merged(dataset_of(lambda c, p, n: f"{CLASSES[c]}/frame{of(c, p, n)}_p{p}.png"))
    random = np.random.default_rng(1)
    order = np.concatenate([random.permutation(np.flatnonzero(dataset.train.labels == c)) for c in range(3)])
    labels, images = np.sort(dataset.train.labels), np.asarray(dataset.train.images)[order]
    names = [f"{CLASSES[label]}/frame{i}_p{i % 12}.png" for i, label in enumerate(labels)]
    mixed = replace(dataset, splits={"train": Split.from_arrays(images, labels, names)}, fingerprints={})
    found = audit_dataset(mixed, measure_all(mixed), ["leakage"]).finding("leakage")
    assert found.summary.startswith("Not evaluated: there is no other split than train.")
    assert found.evidence["groups_by_names"] is None
    assert found.evidence["groups_by_distances"]["images"] == len(labels)  # the patients are there
    twice = np.concatenate([images, images])
    names = [f"{CLASSES[labels[i % 216]]}/frame{i}_p{i % 216}.png" for i in range(432)]
    copied = Split.from_arrays(twice, np.concatenate([labels, labels]), names)
    copies = replace(dataset, splits={"train": copied}, fingerprints={})
    assert audit_dataset(copies, measure_all(copies), ["leakage"]).finding("leakage").evidence == {}


def test_of_a_large_set_whole_classes_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones, and one at least."""
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/frame{of(c, p, n)}_p{p}.png")
    of_class = PATIENTS * VIEWS
    for most, classes in ((2 * of_class, 2), (2 * of_class - 1, 1), (5, 1)):
        monkeypatch.setattr("assay.audits.checks.leakage.image_sample.MOST_IMAGES", most)
        found = suspected(dataset)
        assert found is not None
        assert found.images == classes * of_class // 3


def test_numbered_images_and_known_groups_are_not_asked() -> None:
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    numbered = {
        name: replace(split, ids=numbered_ids(name, len(split))) for name, split in dataset.splits.items()
    }
    assert suspected(replace(dataset, splits=numbered, fingerprints={})) is None
    known = {("test", row) for row in range(len(dataset.splits["test"]))}
    assert suspected_groups(CheckContext(dataset, measure_all(dataset)), known) is None


def test_augmented_versions_are_told_by_their_names_alone() -> None:
    """Roboflow's names say which pictures were one; that the versions look alike is not asked."""

    def version(c: int, p: int, n: int) -> str:
        return f"{CLASSES[c]}/IMG_{p:03}_jpg.rf.{hashlib.md5(f'{p} {n}'.encode()).hexdigest()}.jpg"

    data = dataset_of(version)
    noise = np.random.default_rng(0).integers(0, 256, data.train.images.shape).astype(np.uint8)
    blind = replace(
        data, splits={**data.splits, "train": Split.from_arrays(noise, data.train.labels, data.train.ids)}
    )
    for one in (data, blind):
        found = suspected(one)
        assert found is not None
        assert found.pattern == NAMED_BY_TOOLS
        finding = audit_dataset(one, measure_all(one), ["leakage"]).finding("leakage")
        assert finding.verdict == "warn"
        assert "named as versions of pictures that train has other versions of" in finding.summary
        grouped = with_name_groups(one.splits, NAMED_BY_TOOLS)[0]["train"].columns["group"]
        assert len(set(grouped)) == PATIENTS * len(CLASSES)
    given = replace(  # the names of given splits begin with them
        data,
        splits={
            name: Split.from_arrays(part.images, part.labels, tuple(f"{name}/{one}" for one in part.ids))
            for name, part in data.splits.items()
        },
    )
    assert suspected(given).pattern == NAMED_BY_TOOLS
    plain = {
        name: Split.from_arrays(part.images, part.labels, tuple(f"{name}/{n}.png" for n in range(len(part))))
        for name, part in data.splits.items()
    }
    assert suspected(replace(data, splits=plain)) is None
    alone = dataset_of(lambda c, p, n: version(c, 10 * p + n, n))
    assert suspected(alone) is None or suspected(alone).pattern != NAMED_BY_TOOLS


DONE = ("", "_90deg", "_flipLR", "_new30degFlipLR", "_180deg", "_flipTB")
KERAS = ("", "_aug_0_8234", "_aug_1_77", "_aug_2_5190", "_aug_3_8234", "_aug_4_12")
BEFORE = ("", "rot90_", "flipped_", "rotated_15_", "zoomed-", "hflip_")
MIXED = ("", "-rotated", "_bright", ".mirror", " dark", "_hflip_noise")


@pytest.mark.parametrize(
    "name_of",
    [
        lambda c, p, n: f"{CLASSES[c]}/0a5e{p:02}-d43f___Scab {p}{c}{DONE[n]}.JPG",
        lambda c, p, n: f"{CLASSES[c]}/{p:03}{KERAS[n]}.jpeg",
        lambda c, p, n: f"{CLASSES[c]}/{BEFORE[n]}leaf{p}.png",
        lambda c, p, n: f"{CLASSES[c]}/leaf {p}{MIXED[n]}.png",
        lambda c, p, n: f"{CLASSES[c]}/a_original_l{p}.jpg_{uuid(p, n)}.png",
        lambda c, p, n: f"{CLASSES[c]}/a_original_l{p}.jpeg_{uuid(p, n)}.png",
    ],
    ids=["plants", "Keras", "before", "mixed", "Augmentor", "Augmentor-jpeg"],
)
def test_names_of_changed_pictures_are_proof(name_of: Callable[[int, int, int], str]) -> None:
    """Whatever the versions look like: the finding names one, and the pattern groups all of a picture."""
    data = dataset_of(name_of)
    noise = np.random.default_rng(0).integers(0, 256, data.train.images.shape).astype(np.uint8)
    train = Split.from_arrays(noise, data.train.labels, data.train.ids)
    blind = replace(data, splits={**data.splits, "train": train})
    finding = audit_dataset(blind, measure_all(blind), ["leakage"]).finding("leakage")
    assert finding.verdict == "warn"
    told = f"{len(data.splits['test']):,} images outside train are named as versions of pictures that train"
    assert told in finding.summary
    pattern = finding.evidence["groups_by_names"]["pattern"]
    assert pattern in (NAMED_BY_TOOLS, VERSIONS)
    assert pattern in finding.fix
    grouped = with_name_groups(blind.splits, pattern)[0]["train"].columns["group"]
    groups = set(zip(blind.train.labels.tolist(), grouped, strict=True))
    assert len(groups) == PATIENTS * len(CLASSES)


def uuid(p: int, n: int) -> str:
    digits = hashlib.md5(f"{p} {n}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@pytest.mark.parametrize(
    "name_of",
    [
        lambda c, p, n: f"{CLASSES[c]}/{10 * p + n}_flip.png",
        lambda c, p, n: f"{CLASSES[c]}/{p}.{('jpg', 'png', 'bmp', 'gif', 'tif', 'webp')[n]}",
        lambda c, p, n: f"{CLASSES[c]}/{('fog', 'rain')[n % 2]}_dark_{10 * p + n}.png",
        lambda c, p, n: f"{CLASSES[c]}/aug_{10 * p + n}_{p}.png",
        lambda c, p, n: f"{CLASSES[c]}/auguste_{10 * p + n}.png",
        lambda c, p, n: f"{CLASSES[c]}/x_original_{uuid(p, n)}.png",
    ],
    ids=["one-version-each", "kinds-of-files", "dark-places", "Keras-alone", "words-inside", "UUIDs"],
)
def test_names_that_only_look_so_are_none(name_of: Callable[[int, int, int], str]) -> None:
    data = blindly(dataset_of(name_of))
    assert suspected(data) is None


def test_versions_that_each_split_numbers_anew_are_none() -> None:
    """Where train and test were multiplied after they were parted, `3.png` is another picture in each."""
    data = dataset_of(lambda c, p, n: f"{CLASSES[c]}/{p}_{n}.png")
    splits = {}
    for name, part in data.splits.items():
        numbers = [sum(part.labels[:row] == part.labels[row]) for row in range(len(part))]
        ids = tuple(
            f"{name}/{CLASSES[c]}/{n // 2}{'_flip' if n % 2 else ''}.png"
            for c, n in zip(part.labels, numbers, strict=True)
        )
        splits[name] = Split.from_arrays(part.images, part.labels, ids)
    assert suspected(blindly(replace(data, splits=splits))) is None


def blindly(data: Dataset) -> Dataset:
    """The same names and labels over noise: what is told, names alone tell."""
    random = np.random.default_rng(0)
    splits = {
        name: Split.from_arrays(
            random.integers(0, 256, part.images.shape).astype(np.uint8), part.labels, part.ids
        )
        for name, part in data.splits.items()
    }
    return replace(data, splits=splits, fingerprints={})


@pytest.mark.parametrize("alone", [False, True])
def test_features_that_lie_in_a_file_are_asked_as_those_in_memory(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a large set do; each split is read at once, for every reading hashes whole blocks."""
    dataset = dataset_of(lambda c, p, n: f"{CLASSES[c]}/p{p}_{n}.png")
    if alone:
        dataset = replace(dataset, splits={"train": dataset.train})
    wanted = suspected(dataset)
    assert wanted is not None
    monkeypatch.setattr("assay.data.stored_rows.IN_MEMORY", 0)
    context = CheckContext(dataset, measure_all(dataset))
    assert all(isinstance(rows, StoredRows) for rows in context.components.values())
    asked: list[object] = []
    read = StoredRows.__getitem__
    monkeypatch.setattr(StoredRows, "__getitem__", lambda rows, key: asked.append(key) or read(rows, key))
    assert suspected_groups(context, set()) == wanted
    assert len(asked) <= len(dataset.splits) + 2 * len(CLASSES)

"""Groups: on both sides they leak; within train they are left out together, and so are copies."""

from dataclasses import replace

import numpy as np
import pytest

from assay.audits.registry import audit_dataset, measure_all
from assay.cli.main import exit_code
from assay.data.values import Dataset, Split, numbered_ids
from assay.workflow.load import load

CHECKS = ("label-errors", "ambiguous-labels", "separability", "leakage")


def pictures(labels: np.ndarray, seed: int, side: int = 16, noise: float = 25.0) -> np.ndarray:
    """Waves whose direction is that of the class, each at another place, in noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    angle = np.pi * labels[:, None, None] / 3
    phase = random.uniform(0, 6, (len(labels), 1, 1))
    wave = np.sin(2 * np.pi * 3 * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    values = 128 + 60 * wave + random.normal(0, noise, wave.shape)
    return np.clip(values, 0, 255).astype(np.uint8)[..., None]


def split_of(images: np.ndarray, labels: np.ndarray, name: str, groups: list[str] | None = None) -> Split:
    columns = {} if groups is None else {"group": tuple(groups)}
    return Split.from_arrays(images, labels, numbered_ids(name, len(labels)), columns)


def dataset_of(**splits: Split) -> Dataset:
    return Dataset("waves", ("a", "b", "c"), splits, "made for a test")


def grouped() -> Dataset:
    """20 patients with six images each in train; in test two of each of the first five, and new ones."""
    train_labels = np.arange(120) % 3
    test_labels = np.arange(20) % 3
    train = split_of(pictures(train_labels, 0), train_labels, "train", [f"p{i // 6}" for i in range(120)])
    groups = [f"p{i // 2}" for i in range(10)] + [f"new{i}" for i in range(9)] + [""]
    return dataset_of(train=train, test=split_of(pictures(test_labels, 1), test_labels, "test", groups))


def finding(dataset: Dataset, check: str):
    found = audit_dataset(dataset, measure_all(dataset), [check])
    return found.finding(check), found.issues


def test_a_group_on_both_sides_is_leakage() -> None:
    """Counted, with the image of train, and a fail; groups of one side and missing groups are none."""
    found, issues = finding(grouped(), "leakage")
    assert found.verdict == "fail"
    assert (found.evidence["of_shared_groups"], found.evidence["shared_groups"], found.count) == (10, 5, 10)
    assert {(i.split, i.index, i.kind, i.related_split, i.related_index) for i in issues} == {
        ("test", row, "group", "train", row // 2 * 6) for row in range(10)
    }
    assert "10 images outside train are of 5 groups that lie in train too" in found.summary.replace(
        "(50.00 %) ", ""
    )


def test_the_clean_twin_does_not_leak() -> None:
    """The same images with groups of their own on each side."""
    data = grouped()
    own = split_of(
        data.splits["test"].images, data.splits["test"].labels, "test", [f"t{i}" for i in range(20)]
    )
    found, issues = finding(replace(data, splits={**data.splits, "test": own}, fingerprints={}), "leakage")
    assert (found.verdict, issues) == ("pass", ())


def test_an_image_that_is_a_copy_is_not_counted_twice() -> None:
    """A copy of a training image that is also of a shared group is one leak."""
    data = grouped()
    images = data.splits["test"].images.copy()
    images[0] = data.train.images[0]
    labels, columns = data.splits["test"].labels, data.splits["test"].columns
    test = split_of(images, labels, "test", list(columns["group"]))
    found, _ = finding(replace(data, splits={**data.splits, "test": test}, fingerprints={}), "leakage")
    assert (found.evidence["exact"], found.evidence["of_shared_groups"], found.count) == (1, 9, 10)


def test_the_gate_and_the_score_know_of_groups(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a table: the gate fails, a note says it, the score without them stands beside the first."""
    from PIL import Image

    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    data, rows = grouped(), ["file,label,split,patient"]
    for name, split in data.splits.items():
        for row, image in enumerate(split.images):
            Image.fromarray(image[..., 0]).save(tmp_path / f"{name}{row}.png")
            rows.append(f"{name}{row}.png,{'abc'[split.labels[row]]},{name},{split.columns['group'][row]}")
    table = tmp_path / "list.csv"
    table.write_text("\n".join(rows))
    options = ["--group-column", "patient", "-q", "--checks", "leakage"]
    line = ["audit", str(table), *options, "--out", str(tmp_path / "audit")]
    assert exit_code([*line, "--fail-on", "leakage>0"]) == 8
    assert any("5 groups lie in both train and test" in n for n in load(table, group_column="patient").notes)
    assert exit_code(["run", str(table), *options, "--model", "linear", "--out", str(tmp_path / "run")]) == 0
    import json

    honest = json.loads((tmp_path / "run" / "evaluation.json").read_text())["honest"]
    assert (honest["as_given"]["n"], honest["without_copies"]["n"]) == (20, 10)


def test_the_column_that_groups_came_from_is_no_shortcut() -> None:
    """A patient has one class; said under any name that is no shortcut. Another column that tells it is."""
    random = np.random.default_rng(8)
    labels = np.repeat(np.arange(20) % 3, 12)
    groups = [f"p{row // 12}" if row < 230 else "" for row in range(240)]
    told = [group or "nan" for group in groups]
    camera = ["old" if label == 0 else random.choice(["new", "other"]) for label in labels]
    order = random.permutation(240)
    noise = random.integers(0, 256, (240, 16, 16, 1), np.uint8)

    def verdict(**columns: list[str]) -> str:
        every = {"group": groups, **columns}
        shuffled = {name: tuple(str(values[row]) for row in order) for name, values in every.items()}
        ids = numbered_ids("train", 240)
        train = Split.from_arrays(noise, labels[order], ids, shuffled)
        return finding(dataset_of(train=train), "shortcuts")[0].verdict

    assert verdict(patient=told) == "pass"
    assert verdict(patient=told, camera=camera) != "pass"


def test_labels_drawn_by_coin_per_patient_are_no_knowledge() -> None:
    """Each patient's pictures are alike and have one random label: agreement is that of chance."""
    random = np.random.default_rng(3)
    looks = pictures(np.arange(40) % 3, 4, noise=60)
    labels = random.integers(0, 3, 40)
    images = np.clip(np.repeat(looks, 8, axis=0) + random.normal(0, 12, (320, 16, 16, 1)), 0, 255).astype(
        np.uint8
    )
    groups = [f"p{i // 8}" for i in range(320)]
    data = dataset_of(train=split_of(images, np.repeat(labels, 8), "train", groups))
    found = audit_dataset(data, measure_all(data), CHECKS[:3])
    errors = found.finding("label-errors")
    assert errors.verdict == "not evaluated" or errors.evidence["reference_accuracy"]["train"] < 0.55


def with_wrong_labels(copies: int) -> tuple[Dataset, set[int]]:
    """240 pictures of which 12 have a wrong label, and so many noisy copies of each with the same label."""
    random = np.random.default_rng(5)
    labels = np.arange(240) % 3
    looks, given = pictures(labels, 6), labels.copy()
    wrong = random.choice(240, 12, replace=False)
    given[wrong] = (given[wrong] + 1) % 3
    images = [
        looks,
        *(np.clip(looks + random.normal(0, 4, looks.shape), 0, 255).astype(np.uint8) for _ in range(copies)),
    ]
    whole = np.concatenate(images)
    data = dataset_of(train=split_of(whole, np.tile(given, copies + 1), "train"))
    return data, {int(row) + 240 * copy for row in wrong for copy in range(copies + 1)}


def test_copies_of_a_wrong_label_do_not_hide_it() -> None:
    """With five copies of each picture as large a share of the wrong labels is found as without any."""
    shares = []
    for copies in (0, 5):
        data, wrong = with_wrong_labels(copies)
        _, issues = finding(data, "label-errors")
        shares.append(len({issue.index for issue in issues} & wrong) / len(wrong))
    assert shares[0] > 0.6
    assert shares[1] >= shares[0] - 0.15


def test_the_evidence_is_no_copy_of_the_image() -> None:
    """The nearest image shown beside a suspect is of another picture."""
    data, _ = with_wrong_labels(3)
    _, issues = finding(data, "label-errors")
    assert issues
    assert all(
        issue.related_index % 240 != issue.index % 240 for issue in issues if issue.related_index is not None
    )


def test_the_light_of_a_film_is_no_shortcut_where_films_are_named() -> None:
    """It tells which film a frame is of, and so its class; of a film left out it tells nothing."""
    films, frames = 45, 10
    film = np.repeat(np.arange(films), frames)
    light = np.random.default_rng(3).permutation(np.linspace(-60, 60, films))[film]
    images = np.random.default_rng(4).normal(128 + light[:, None, None, None], 12, (len(film), 16, 16, 1))
    plain = split_of(np.clip(images, 0, 255).astype(np.uint8), film % 3, "train")
    named = replace(plain, columns={**plain.columns, "group": tuple(f"film {n}" for n in film)})
    told, _ = finding(dataset_of(train=plain), "shortcuts")
    assert told.verdict != "pass"
    told, _ = finding(dataset_of(train=named), "shortcuts")
    assert told.verdict == "pass", told.summary
    assert max(told.evidence["skill"].values()) < 0.2

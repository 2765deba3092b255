"""Groups by names: what a pattern finds, and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.load import as_request
from assay.data.piece import Shard
from assay.data.shards import join, join_splits, read_shard
from assay.data.splitting.group_columns import group_columns
from assay.data.splitting.name_groups import checked_pattern, groups_of_names, with_name_groups
from assay.data.values import Split

NAMES = ("walk/v1_001.png", "walk/v1_002.png", "run/v12_x_3.png", "run/alone.png")


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"([^/_]+)_[^/]*$", ("v1", "v1", "v12", "")),
        (r"([^/_]+)_[^/]*$|[^/]+$", ("v1", "v1", "v12", "alone.png")),
        (r"v\d+", ("v1", "v1", "v12", "")),
        (r"(?:walk|run)/v(\d+)", ("1", "1", "12", "")),
        (r"^[^/]+", ("walk", "walk", "run", "run")),
        (r"x*", ("", "", "", "")),
    ],
)
def test_by_hand(pattern: str, groups: tuple[str, ...]) -> None:
    assert groups_of_names(NAMES, checked_pattern(pattern)) == groups


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("train/leaf/0a5e-d43f___Scab 34_new30degFlipLR.JPG", "0a5e-d43f___Scab 34"),
        ("leaf/0a5e-d43f___Scab 34.JPG", "0a5e-d43f___Scab 34"),
        ("leaf/12_aug_0_8234.jpeg", "12"),
        ("leaf/rotated_15_img 3.png", "img 3"),
        ("leaf/img3-hflip_rot90.png", "img3"),
        ("leaf/img3_brightness.png", "img3"),
        ("leaf/a_original_img3.jpg_9f2c1d04-11aa-4c1e-8b67-0123456789ab.png", "a_original_img3.jpg"),
        ("leaf/img3_jpg.rf.0123456789abcdef0123456789abcdef.jpg", "img3_jpg"),
        ("leaf/street_dark_12.png", "street_dark_12"),
        ("leaf/aug_0_8234.jpg", "aug_0_8234"),
        ("leaf/auguste_3.png", "auguste_3"),
        ("leaf/flip.png", "flip"),
        ("leaf/no extension", "leaf/no extension"),
    ],
)
def test_versions_is_a_pattern(name: str, picture: str) -> None:
    assert groups_of_names([name], checked_pattern("versions")) == (picture,)


def folder(place: Path) -> Path:
    """Eight videos of four frames in each of two classes."""
    random = np.random.default_rng(0)
    for label in ("walk", "run"):
        (place / label).mkdir(parents=True)
        for video in range(8):
            for frame in range(4):
                pixels = random.integers(0, 256, (12, 12), dtype=np.uint8)
                Image.fromarray(pixels).save(place / label / f"{label}{video}_{frame:03}.png")
    return place


def test_a_drawn_test_split_keeps_them_together(tmp_path: Path) -> None:
    data = assay.load(folder(tmp_path / "data"), group_pattern=r"([^/_]+)_", test_fraction=0.25)
    train, test = (set(data.splits[name].columns["group"]) for name in ("train", "test"))
    assert (len(train), len(test), train & test) == (12, 4, set())
    without = assay.load(tmp_path / "data", test_fraction=0.25)
    videos = [
        {re.findall(r"([^/_]+)_", one)[0] for one in without.splits[name].ids} for name in ("train", "test")
    ]
    assert videos[0] & videos[1]


def test_groups_on_both_sides_of_given_splits_are_told(tmp_path: Path) -> None:
    """In the notes of the set and of `inspect`; for a part of the file that the whole does not name."""
    folder(tmp_path / "data" / "train")
    folder(tmp_path / "data" / "test")
    data = assay.load(tmp_path / "data", group_pattern=r"([^/_]+)_")
    assert "16 groups lie in both train and test" in data.notes
    assert (
        "16 groups lie in both train and test" in inspect(tmp_path / "data", group_pattern="([^/_]+)_").notes
    )


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "is no regular expression"),
        (r"(a)(b)", "has 2 parts in parentheses"),
        (r"walk\d", "finds nothing in 32 names of 64 in train, the first run/run0_000.png"),
    ],
)
def test_what_is_refused(tmp_path: Path, pattern: str, told: str) -> None:
    with pytest.raises(AssayError, match="bad-value") as caught:
        assay.load(folder(tmp_path / "data"), group_pattern=pattern)
    assert told in str(caught.value)
    assert "--group-pattern" in str(caught.value)


def test_two_kinds_of_groups_are_refused() -> None:
    images, columns = np.zeros((2, 8, 8, 1), np.uint8), {"group": ("one", "two")}
    split = Split.from_arrays(images, np.zeros(2, np.int64), ("a_1", "a_2"), columns)
    with pytest.raises(AssayError, match="the data have a column of groups"):
        with_name_groups({"train": split}, "([^/_]+)_")


def test_arrays_have_no_names_that_tell() -> None:
    images = np.zeros((4, 8, 8), np.uint8)
    with pytest.raises(AssayError, match="finds nothing in 4 names"):
        assay.load((images, np.array([0, 1, 0, 1])), group_pattern="([^/_]+)_")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "is no regular expression"),
        ("(" * 5_000, "is no regular expression"),
        ("a{99999999999}", "is no regular expression"),
        ("[[a]", "nested set"),
        ("(?:a|b)" * 5_000, "more than 10,000"),
        ("(a)(b)", "2 parts"),
    ],
)
def test_patterns_that_cannot_be_used(pattern: str, words: str) -> None:
    """Told shortly, however long they are; `[[a]` was a warning of Python's on the terminal."""
    with pytest.raises(AssayError, match=words) as caught:
        checked_pattern(pattern)
    assert (caught.value.code, len(str(caught.value)) < 400) == ("bad-value", True)


def test_a_pattern_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ran for ever; a process that is inside such a search cannot end it."""
    monkeypatch.setattr("assay.data.splitting.name_groups.SECONDS", 1.0)
    images = Split.from_arrays(np.zeros((2, 2, 2, 1), np.uint8), np.zeros(2, np.int64), ("a" * 60 + "!", "b"))
    with pytest.raises(AssayError, match="did not end within 1 s on 2 names") as caught:
        with_name_groups({"train": images}, "(?:a+)+$")
    assert caught.value.code == "bad-value"


def test_names_of_bytes_and_other_scripts() -> None:
    """What no text can hold comes back as it was."""
    names = ("\udcff1_a", "\u4e8c1_\n", "\U0001f600_\udc80", "\x00_b")
    images = Split.from_arrays(np.zeros((4, 2, 2, 1), np.uint8), np.zeros(4, np.int64), names)
    found = with_name_groups({"train": images}, "^([^_]+)_")[0]["train"].columns["group"]
    assert tuple(found) == ("\udcff1", "\u4e8c1", "\U0001f600", "\x00")


def test_groups_that_differ_in_case_are_one(tmp_path: Path) -> None:
    """As those of columns are: in given splits, in a drawn one, in `inspect`, and in shares of a set."""
    root, told = tmp_path / "data", "groups in names that differ in case alone are one, such as 'W0' and 'w0'"
    for split, letter in (("train", "W"), ("test", "w")):
        for label in ("cat", "dog"):
            (root / split / label).mkdir(parents=True)
            for group in range(3):
                for shot in range(2):
                    pixels = np.random.default_rng([group, shot, len(split), ord(label[0])])
                    picture = Image.fromarray(pixels.integers(0, 256, (8, 8), dtype=np.uint8))
                    picture.save(root / split / label / f"{letter}{group}_{shot}.png")
    data = assay.load(root, group_pattern="([^/_]+)_")
    assert {name: set(split.columns["group"]) for name, split in data.splits.items()} == {
        name: {"W0", "W1", "W2"} for name in ("train", "test")
    }
    shares = [
        read_shard(as_request(root, group_pattern="([^/_]+)_"), Shard(number, 2), tmp_path)
        for number in (1, 2)
    ]
    splits = {
        name: join_splits([s.splits[name] for s in shares], data.splits[name].images) for name in data.splits
    }
    whole = join(shares, splits)
    assert [whole.splits[name].columns["group"] for name in splits] == [
        data.splits[name].columns["group"] for name in splits
    ]
    for notes in (data.notes, inspect(root, group_pattern="([^/_]+)_").notes, whole.notes):
        assert told in notes
        assert "3 groups lie in both train and test" in notes
    assert not any("differ in case" in note for note in assay.load(root, group_pattern="([0-9]+)_").notes)


@pytest.mark.parametrize("column", ["patient", "who"])
def test_case_does_not_count_in_columns_that_nobody_named(column: str) -> None:
    """By the name of the column, and by the form of its cells."""
    labels = np.repeat(np.arange(2), 60)
    splits = {
        name: Split.from_arrays(
            np.zeros((120, 2, 2, 1), np.uint8),
            labels,
            tuple(map(str, range(120))),
            {column: tuple(f"{letter}{row // 2}" for row in range(120))},
        )
        for name, letter in (("train", "P"), ("test", "p"))
    }
    (found,) = group_columns(splits)
    assert (found.groups, found.images, found.across) == (60, 240, {"test": 120})

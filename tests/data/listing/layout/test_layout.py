"""The level of the classes: read rightly, or stopped with the readings shown (docs/data.md)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

Splits = dict[str, dict[str, int]]


def made(
    root: Path, folders: dict[str, int], files: tuple[str, ...] = (), texts: tuple[str, ...] = ()
) -> Path:
    """A tree with so many pictures in each folder, all different, and single pictures and other files."""
    names = [f"{folder}/{number}.png" for folder, count in folders.items() for number in range(count)]
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate((*names, *files)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("L", (6, 6), number % 256)
        picture.putpixel((0, 0), number // 256)
        picture.save(path, "PNG")
    for name in texts:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text")
    return root


def counts(root: Path, **options: Any) -> Splits:
    """Images by split and class, as `inspect` shows them and as `load` reads them: both must agree."""
    shown, read = inspect(root, **options), load(root, **options)
    found = {
        name: dict(zip(read.classes, split.counts(len(read.classes)).tolist(), strict=True))
        for name, split in read.splits.items()
    }
    assert shown.classes == read.classes
    assert {s: dict(zip(shown.classes, c, strict=True)) for s, c in shown.per_class.items()} == found
    assert set(shown.notes) <= set(read.notes)
    return found


TWO = {"cat": 4, "dog": 3}
FOUR = {"train": {"cat": 4, "dog": 3}, "test": {"cat": 2, "dog": 2}}


def splits_named(train: str, test: str) -> dict[str, int]:
    return {f"{train}/cat": 4, f"{train}/dog": 3, f"{test}/cat": 2, f"{test}/dog": 2}


READ: dict[str, tuple[dict[str, int], Splits]] = {
    "classes": (TWO, {"train": TWO}),
    "splits": (splits_named("train", "test"), FOUR),
    "splits in capitals": (splits_named("TRAIN", "Test"), FOUR),
    "split words as parts": (splits_named("seg_train", "seg_test"), FOUR),
    "split words before": (splits_named("training_set", "test_set"), FOUR),
    "split words with years": (splits_named("train2017", "eval2017"), FOUR),
    "split words in camel case": (splits_named("MyTraining", "PublicTest"), FOUR),
    "abbreviated": (splits_named("trn", "tst"), FOUR),
    "each split folder twice": (splits_named("seg_train/seg_train", "seg_test/seg_test"), FOUR),
    "one folder too many": ({"PetImages/cat": 4, "PetImages/dog": 3}, {"train": TWO}),
    "three folders too many": ({"a/b/c/cat": 4, "a/b/c/dog": 3}, {"train": TWO}),
    "splits below a folder": ({f"set/{k}": v for k, v in splits_named("train", "test").items()}, FOUR),
    "classes over splits": ({"cat/train": 4, "cat/test": 2, "dog/train": 3, "dog/test": 2}, FOUR),
    "a folder in each class": ({"cat/images": 4, "dog/images": 3}, {"train": TWO}),
    "a class called train": (
        {"train": 4, "car": 3, "bus": 2},
        {"train": {"bus": 2, "car": 3, "train": 4}},
    ),
    "classes with split words in them": (
        {"test tube": 4, "train set": 3},
        {"train": {"test tube": 4, "train set": 3}},
    ),
    "an empty class": ({"cat": 4, "dog": 0}, {"train": {"cat": 4, "dog": 0}}),
    "evaluation beside validation": (
        {
            "training/a": 4,
            "training/b": 4,
            "validation/a": 2,
            "validation/b": 2,
            "evaluation/a": 1,
            "evaluation/b": 1,
        },
        {"train": {"a": 4, "b": 4}, "validation": {"a": 2, "b": 2}, "test": {"a": 1, "b": 1}},
    ),
    "evaluation beside test": (
        {"train/a": 4, "train/b": 4, "eval/a": 2, "eval/b": 2, "test/a": 1, "test/b": 1},
        {"train": {"a": 4, "b": 4}, "validation": {"a": 2, "b": 2}, "test": {"a": 1, "b": 1}},
    ),
}


@pytest.mark.parametrize("case", READ)
def test_what_can_be_meant_in_one_way_is_read(case: str, tmp_path: Path) -> None:
    """Splits and classes stand where their names and contents say."""
    folders, expected = READ[case]
    assert counts(made(tmp_path, folders)) == expected


def test_folders_inside_the_splits_of_a_class_are_told(tmp_path: Path) -> None:
    """Parts of one class, and videos of all: the classes lie above them, with a note."""
    parts = {"cat/train/in": 4, "cat/train/out": 2, "cat/test/in": 2, "dog/train": 3, "dog/test": 2}
    videos = {
        f"{kind}/{split}/video_{number}": 3
        for kind, first in (("run", 1), ("walk", 5))
        for split in ("train", "test")
        for number in (first, first + 1)
    }
    assert counts(made(tmp_path / "parts", parts))["train"] == {"cat": 6, "dog": 3}
    assert "cat/train holds in, out" in " ".join(inspect(tmp_path / "parts").notes)
    assert counts(made(tmp_path / "videos", videos))["train"] == {"run": 6, "walk": 6}
    assert "run/test holds video_1, video_2 (--group-pattern" in " ".join(inspect(tmp_path / "videos").notes)


SYSTEM = ("__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information", "#recycle")


@pytest.mark.parametrize("name", SYSTEM)
def test_folders_of_a_system_are_skipped_and_listed(name: str, tmp_path: Path) -> None:
    """Thumbnails and copies that systems keep beside pictures are no classes, at any level."""
    folders = {"data/cat": 4, "data/dog": 3, f"{name}/data/cat": 5, f"data/cat/{name}": 6}
    root = made(tmp_path, folders)
    assert counts(root) == {"train": TWO}
    left = {item.id: item.reason for item in load(root).left_out}
    assert left == dict.fromkeys((name, f"data/cat/{name}"), "made by a system")


def test_folders_of_other_files_are_no_classes(tmp_path: Path) -> None:
    """`images` beside `annotations`: the classes are one level down, and the annotations are listed."""
    root = made(tmp_path, {"images/cat": 4, "images/dog": 3}, texts=("annotations/cat.xml", "README.md"))
    assert counts(root) == {"train": TWO}
    assert sorted(item.id for item in load(root).left_out) == ["README.md", "annotations/cat.xml"]


STOPPED: dict[str, tuple[dict[str, int], tuple[str, ...]]] = {
    "a class train with folders": (
        {"train/day": 5, "train/night": 5, "car": 10, "bus": 10},
        (
            "as classes: train {bus 10, car 10, train 10}",
            "as splits: train {day 5, night 5}, 20 images left out",
        ),
    ),
    "the same folders in every class": (
        {"cat/2019": 4, "cat/2020": 2, "dog/2019": 4, "dog/2020": 2},
        ("as classes: train {cat 6, dog 6}", "as nested: train {2019 8, 2020 4}"),
    ),
    "sites over classes": (
        {"siteA/cat": 4, "siteA/dog": 2, "siteB/cat": 4, "siteB/dog": 2},
        ("as classes: train {siteA 6, siteB 6}", "as nested: train {cat 8, dog 4}"),
    ),
    "sites over classes that are numbered": (
        {"amazon/c001": 4, "amazon/c002": 2, "dslr/c001": 4, "dslr/c002": 2},
        ("as classes: train {amazon 6, dslr 6}", "as nested: train {c001 8, c002 4}"),
    ),
    "cameras over videos": (
        {"camera1/video_000": 4, "camera1/video_001": 2, "camera2/video_000": 4, "camera2/video_001": 2},
        ("as classes: train {camera1 6, camera2 6}", "as nested: train {video_000 8, video_001 4}"),
    ),
    "kinds of pictures over videos": (
        {"rgb/video_000": 4, "rgb/video_001": 2, "depth/video_000": 4, "depth/video_001": 2},
        ("as classes: train {depth 6, rgb 6}",),
    ),
    "one class and folders in it": (
        {"pets/cat": 4, "pets/dog": 2, "notes": 0},
        ("as classes: train {pets 6}", "as nested: train {cat 4, dog 2}"),
    ),
    "two sets with splits and classes of their own": (
        {
            f"{kind}/{split}/{name}": 3
            for kind, names in (("leaves", ("scab", "rust")), ("roots", ("rot", "healthy")))
            for split in ("train", "test")
            for name in names
        },
        ("each of the folders leaves, roots holds splits", "leaves, or say --layout classes"),
    ),
    "two sets with a folder between split and class": (
        {
            f"{kind}/{split}/images/{name}": 3
            for kind, names in (("leaves", ("scab", "rust")), ("roots", ("rot", "healthy")))
            for split in ("train", "val")
            for name in names
        },
        ("each of the folders leaves, roots holds splits",),
    ),
    "most images loose": ({"a": 2, "b": 2, ".": 30}, ("30 of 34 images lie outside", "--split-names")),
    "splits without classes": (
        {"train": 4, "valid": 3, "test": 3},
        ("named like splits", "--layout classes"),
    ),
    "a folder of two splits": (
        {"train+validation": 6, "test": 3},
        ("test, train+validation are named like splits", "--layout classes"),
    ),
    "classes that differ by case": (
        {"train/Cat": 4, "train/Dog": 4, "test/cat": 2, "test/dog": 2},
        ("'Cat' in train is 'cat' in test", "--classes Cat,Dog, or"),
    ),
    "classes of two words that differ by case": (
        {"train/Big cat": 4, "train/Dog's": 4, "test/big cat": 2, "test/Dog's": 2},
        ("'Big cat' in train is 'big cat' in test", """--classes 'Big cat,Dog'"'"'s', or"""),
    ),
    "classes with commas that differ by case": (
        {"train/Cat, big": 4, "train/Dog": 4, "test/cat, big": 2, "test/Dog": 2},
        ("'Cat, big' in train is 'cat, big' in test", "--classes FILE, with a name a line, or"),
    ),
}


@pytest.mark.parametrize("case", STOPPED)
def test_what_can_be_meant_in_two_ways_stops(case: str, tmp_path: Path) -> None:
    """The line shows the readings with their counts, and how to say which is right; nothing is read."""
    folders, told = STOPPED[case]
    root = made(tmp_path, folders)
    for look in (inspect, load):
        with pytest.raises(AssayError, match=r"ambiguous-layout|class-names") as caught:
            look(root)
        assert caught.value.exit_code == 3
        assert [words for words in told if words not in str(caught.value)] == []
        assert "\n" not in str(caught.value)


def test_both_readings_are_shown_as_trees(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Below the line of the error, each with the option that chooses it and its counts."""
    folders = {"bus": 24, "car": 24, "train/day": 12, "train/night": 12}
    for folder, count in folders.items():
        for number in range(count):
            path = tmp_path / folder / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\x89PNG")
    assert exit_code(["inspect", str(tmp_path)]) == 3
    first, *trees = capfd.readouterr().err.splitlines()
    assert first.startswith("error[ambiguous-layout]")
    assert [line.split() for line in trees] == [
        ["as", "classes,", "--layout", "classes:"],
        ["train", "72", "images"],
        ["bus", "24"],
        ["car", "24"],
        ["train", "24"],
        ["as", "splits,", "--layout", "splits:"],
        ["train", "24", "images"],
        ["day", "12"],
        ["night", "12"],
        ["left", "out", "48", "images"],
    ]


def test_images_and_labels_of_a_detector_stop(tmp_path: Path) -> None:
    """All in folders called `images`, beside folders of texts: this is no set of classes."""
    folders = {"train/images": 5, "valid/images": 3}
    root = made(tmp_path, folders, texts=("train/labels/0.txt", "valid/labels/0.txt"))
    with pytest.raises(
        AssayError, match=r"ambiguous-layout.*'images', beside folders of other files \(labels\)"
    ):
        load(root)


def test_the_user_settles_it(tmp_path: Path) -> None:
    """Each reading that was offered is taken when it is asked for."""
    root = made(tmp_path, {"train/day": 5, "train/night": 4, "car": 10})
    assert counts(root, layout="classes") == {"train": {"car": 10, "train": 9}}
    assert counts(root, layout="splits") == {"train": {"day": 5, "night": 4}}
    assert counts(root, layout="nested") == {"train": {"day": 5, "night": 4}}
    assert len([item for item in load(root, layout="splits").left_out if item.kind == "unlabelled"]) == 10


def test_the_user_names_the_splits(tmp_path: Path) -> None:
    """Folders of any name, from Python and from the command line."""
    root = made(tmp_path, splits_named("alpha", "beta"))
    assert counts(root, split_names={"train": "alpha", "test": "beta"}) == FOUR
    assert counts(root, split_names="train=alpha,test=beta") == FOUR
    assert exit_code(["inspect", str(root), "--split-names", "train=alpha,test=beta"]) == 0


@pytest.mark.parametrize("text", ["train", "train=", "holiday=a", "train=a,training=b", "train=gamma"])
def test_names_of_splits_that_cannot_be(text: str, tmp_path: Path) -> None:
    """One line that names the option."""
    root = made(tmp_path, splits_named("alpha", "beta"))
    with pytest.raises(AssayError, match=r"bad-value.*--split-names"):
        load(root, split_names=text)


def test_files_named_by_class(tmp_path: Path) -> None:
    """cat.0.jpg, dog.1.jpg: where no folder is a class and every name begins with a word, said in a note."""
    files = tuple(f"{name}.{i}.png" for name in ("cat", "dog") for i in range(3))
    root = made(tmp_path, {}, files)
    assert counts(root) == {"train": {"cat": 3, "dog": 3}}
    assert any("the words that the files' names begin with (cat, dog)" in note for note in load(root).notes)


def test_files_named_by_class_beside_a_test_without(tmp_path: Path) -> None:
    """Numbers are no classes: such a test folder has no labels and is not scored."""
    train = tuple(f"train/{name}_{i}.png" for name in ("cat", "dog") for i in range(3))
    root = made(tmp_path, {"test": 4}, train)
    assert counts(root) == {"train": {"cat": 3, "dog": 3}}
    assert any("4 images in test have no class in their names" in note for note in load(root).notes)


@pytest.mark.parametrize("words", [("IMG", "DSC"), ("frame", "photo"), ("Screenshot", "cat")])
def test_names_that_cameras_give_are_no_classes(words: tuple[str, str], tmp_path: Path) -> None:
    """Two cameras are not two classes."""
    root = made(tmp_path, {}, tuple(f"{word}_{i}.png" for word in words for i in range(3)))
    with pytest.raises(AssayError, match="too-few-images"):
        load(root)


@pytest.mark.parametrize("folders", [{"test/unknown": 5}, {"test": 5}, {"test/0": 3, "test/1": 2}])
def test_a_test_split_without_labels_is_set_aside(folders: dict[str, int], tmp_path: Path) -> None:
    """It shares no class with train: nothing is scored on it, and the audit counts its images."""
    root = made(tmp_path, {"train/cat": 4, "train/dog": 3, **folders})
    assert counts(root) == {"train": TWO}
    found = load(root)
    assert sum(item.kind == "unlabelled" for item in found.left_out) == 5
    assert any("no labels" in note for note in found.notes)
    out = tmp_path.parent / f"{tmp_path.name}-run"
    assert exit_code(["audit", str(root), "--checks", "unreadable", "--out", str(out), "-q"]) == 0
    assert "5 more images have no class and were left out" in (out / "audit.json").read_text()
    assert (
        exit_code(["audit", str(root), "--fail-on", "verdict:unreadable!=pass", "-q", "--out", f"{out}2"])
        == 8
    )


def test_as_many_names_as_train_has_numbers_are_asked_about(tmp_path: Path) -> None:
    """The other way round: nothing was said of it."""
    made(tmp_path, {"train/0": 4, "train/1": 3, "test/cat": 2, "test/dog": 2})
    assert "as many names as train has classes" in " ".join(load(tmp_path).notes)


@pytest.mark.parametrize(
    ("folders", "asked"),
    [(("0", "1"), True), (("1", "2"), True), (("0", "1", "2"), False), (("a", "b"), False)],
)
def test_as_many_numbers_as_train_has_classes_are_asked_about(
    folders: tuple[str, ...], asked: bool, tmp_path: Path
) -> None:
    """Without labels, as before; but the note has the other reading, which only the owner can tell."""
    made(tmp_path, {"train/cat": 4, "train/dog": 3, **{f"test/{name}": 2 for name in folders}})
    notes = " ".join(load(tmp_path).notes)
    assert "the test split shares no class with train" in notes
    assert ("as many numbers as train has classes" in notes) == asked
    assert ("if they are new classes, as of sets for few examples a class" in notes) != asked
    images, labels = np.zeros((4, 8, 8), np.uint8), np.array(["cat", "dog", "cat", "dog"])
    images[:] = np.arange(4)[:, None, None]
    found = load(arrays=(images, labels, images + 9, np.array([folders[i % len(folders)] for i in range(4)])))
    assert ("as many numbers as train has classes" in " ".join(found.notes)) == asked


@pytest.mark.parametrize(
    ("folders", "read"),
    [
        ({"train/cat": 4, "train/dog": 3, "test/cat": 2, "test/dog": 2, "val/cat": 0, "val/dog": 0}, FOUR),
        ({**TWO, "val/cat": 0}, {"train": TWO}),
        ({**TWO, "Val": 0}, {"train": TWO}),
    ],
)
def test_a_split_without_images_is_no_class_and_told(
    folders: dict[str, int], read: Splits, tmp_path: Path
) -> None:
    """An empty `val`, with or without folders: nothing of it is read, and it is no third class."""
    root = made(tmp_path, folders)
    assert counts(root) == read
    assert any("named like a split, but without images: " in note for note in load(root).notes)
    assert not any("without images" in note for note in load(made(tmp_path / "full", TWO)).notes)


def test_a_class_that_train_lacks_is_set_aside(tmp_path: Path) -> None:
    """No model can know it: its test images are left out and counted, the others are scored."""
    root = made(tmp_path, {"train/a": 5, "train/b": 4, "test/a": 3, "test/zebra": 2})
    assert counts(root) == {"train": {"a": 5, "b": 4}, "test": {"a": 3, "b": 0}}
    assert any(
        "2 images of the test split are of a class that train lacks ('zebra')" in n for n in load(root).notes
    )


def test_classes_that_differ_by_case_are_joined_on_request(tmp_path: Path) -> None:
    """--classes names each once."""
    root = made(tmp_path, {"train/Cat": 4, "train/Dog": 3, "test/cat": 2, "test/dog": 2})
    found = counts(root, classes=("Cat", "Dog"))
    assert found == {"train": {"Cat": 4, "Dog": 3}, "test": {"Cat": 2, "Dog": 2}}


def test_files_are_judged_by_their_content(tmp_path: Path) -> None:
    """No suffix, a suffix with a query, a strange one: an image is an image; a text is none."""
    root = made(tmp_path, TWO, ("cat/plain", "cat/a.jpg?w=300", "dog/b.download", "dog/c.PNG"))
    (root / "dog" / "note.download").write_text("BMW and GIFs")
    assert counts(root) == {"train": {"cat": 6, "dog": 5}}
    assert [item.id for item in load(root).left_out] == ["dog/note.download"]


@pytest.mark.parametrize("name", ["scan.dcm", "raw.nef", "new.jxl", "plain"])
def test_formats_that_are_known_and_not_read_are_counted(name: str, tmp_path: Path) -> None:
    """DICOM, raw photographs, JPEG XL: an image each that cannot be read, by name or by content."""
    root = made(tmp_path, TWO)
    (root / "cat" / name).write_bytes(bytes(128) + b"DICM" + bytes(50))
    with pytest.raises(AssayError, match=r"image-unreadable.*it is DICOM, not PNG"):
        load(root)
    assert [item.kind for item in load(root, skip_bad=True).left_out] == ["unreadable"]


def test_a_tree_of_two_thousand_folders(tmp_path: Path) -> None:
    """Folders in folders in folders: what lies deeper than anybody means is listed, and nothing breaks."""
    root = made(tmp_path, TWO)
    deep = root / "cat"
    for _ in range(300):  # paths end at 4,096 bytes
        deep = deep / "d"
    deep.mkdir(parents=True)
    assert counts(root) == {"train": TWO}
    assert any("folders deep" in item.reason for item in load(root).left_out)


@pytest.mark.parametrize(
    "beside",
    [{"pool": 5}, {"pool/a": 2, "pool/b": 2}, {"pool": 3, "more": 3}],
    ids=["loose", "folders", "two"],
)
def test_a_data_set_beside_other_folders_stops(beside: dict[str, int], tmp_path: Path) -> None:
    """Its splits are no images of a class called `set`, nor does its test split belong to train."""
    root = made(
        tmp_path / "all",
        {**beside, **{f"set/{name}": n for name, n in splits_named("train", "test").items()}},
    )
    for look in (inspect, load):
        with pytest.raises(AssayError, match=r"ambiguous-layout.*set holds folders of splits"):
            look(root)
    assert counts(root / "set") == FOUR
    assert set(counts(root, layout="classes")["train"]) == {*(name.split("/")[0] for name in beside), "set"}


def test_links_to_a_pool_stop_too(tmp_path: Path) -> None:
    """Unread links leave the folders of the set empty; the pool is no class for all that."""
    made(tmp_path, {"pool": 4})
    for number, folder in enumerate(("train/cat", "train/dog", "test/cat", "test/dog")):
        place = tmp_path / "set" / folder
        place.mkdir(parents=True)
        (place / "0.png").symlink_to(tmp_path / "pool" / f"{number}.png")
    for follow in (False, True):
        with pytest.raises(AssayError, match=r"ambiguous-layout.*set holds folders of splits"):
            load(tmp_path, follow_links=follow)

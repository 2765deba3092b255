"""Splits that name or number their classes otherwise than train are refused, not set aside."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")


def folders(root: Path, train: list[str], test: list[str]) -> Path:
    for seed, path in enumerate([*(f"train/{name}" for name in train), *(f"test/{name}" for name in test)]):
        (root / path).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (4, 4), (seed * 20, number * 50, 9)).save(root / path / f"{number}.png")
    return root


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (["hot dog", "ice cream"], ["hot_dog", "ice-cream"], "'hot dog' in train is 'hot_dog' in test"),
        (["0", "1", "2"], ["00", "01", "02"], "'0' in train is '00' in test"),
        (["class1", "class2"], ["Class_1", "Class_2"], "'class1' in train is 'Class_1' in test"),
    ],
)
def test_other_spellings_stop_and_are_joined(
    train: list[str], test: list[str], told: str, tmp_path: Path
) -> None:
    """They were set aside as without labels. The option that the line names joins them."""
    root = folders(tmp_path, train, test)
    with pytest.raises(AssayError, match="the splits name their classes differently") as caught:
        load(root)
    assert told in caught.value.what
    assert f"--classes {','.join(train)}" in caught.value.fix.replace("'", "")
    found = load(root, classes=train)
    assert found.classes == tuple(train)
    assert len(found.splits["test"]) == 3 * len(test)
    assert found.splits["test"].labels.tolist() == [n for n in range(len(train)) for _ in range(3)]


@pytest.mark.parametrize(("train", "test"), [("012", "123"), ("123", "012"), ("0135", "1246")])
def test_numbers_that_are_off_by_one_stop(train: list[str], test: list[str], tmp_path: Path) -> None:
    """Of 0 to 2 and 1 to 3 most images got the label of another class, and a few were set aside."""
    root = folders(tmp_path, list(train), list(test))
    with pytest.raises(AssayError, match="one of both seems to count from 0") as caught:
        load(root)
    assert caught.value.code == "class-names"
    assert len(load(root, classes=list(train)).splits["test"]) == 3 * len({*train} & {*test})


@pytest.mark.parametrize(
    ("train", "test"), [("0123", "12"), ("012", "013"), ("012", "012"), ("0234", "0345")]
)
def test_other_numbers_are_read_as_before(train: str, test: str, tmp_path: Path) -> None:
    """Fewer classes, another unknown one, the same ones: no shift."""
    found = load(folders(tmp_path, list(train), list(test)))
    assert found.classes[0] == "0"


def test_arrays_that_are_off_by_one_are_told() -> None:
    """Labels in arrays are read as they are, with a note."""
    images = np.random.default_rng(0).integers(0, 256, (12, 4, 4), np.uint8)
    labels = np.arange(12) % 3
    told = "but train has the classes 0 to 2, test 1 to 3: one of both seems to count from 0"
    assert any(told in note for note in load(arrays=(images, labels, images, labels + 1)).notes)
    for other in (labels, np.minimum(labels + 1, 2)):
        assert not any("count from" in note for note in load(arrays=(images, labels, images, other)).notes)


def test_masks_called_labels_are_left_out(tmp_path: Path) -> None:
    """KolektorSDD: `Part0_label.bmp` beside `Part0.png` is its mask, and no picture."""
    for name in ("ok", "bad"):
        (tmp_path / name).mkdir()
        for number in range(3):
            for ending in (".png", "_label.bmp"):
                color = (number * 60, len(name) * 40, len(ending) * 9)
                Image.new("RGB", (4, 4), color).save(tmp_path / name / f"Part{number}{ending}")
    found = load(tmp_path)
    assert len(found.train) == 6
    assert any("named as masks of images beside them" in note for note in found.notes)


LONG = ["adeno_left.lobe_T2", "large.cell_T2", "normal"]


@pytest.mark.parametrize("test", [["adeno", "large.cell", "normal"], ["adeno", "Large.cell"]])
@pytest.mark.parametrize("turned", [False, True])
def test_classes_under_longer_names_in_train_stop(test: list[str], turned: bool, tmp_path: Path) -> None:
    """Kaggle's chest CT: test was scored on `normal` alone, the only name that both have."""
    train, test = (test, LONG[: len(test)]) if turned else (LONG, test)
    root = folders(tmp_path, train, test)
    with pytest.raises(AssayError, match="the splits name their classes differently") as caught:
        load(root)
    assert f"{train[0]!r} in train may be {test[0]!r} in test" in caught.value.what
    found = load(root, classes=train)  # "where these are others"
    left = 3 if "normal" in train and "normal" in test else 0
    assert len(found.splits.get("test", ())) == left


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["bird", "cat", "dog"], ["0_bird", "1_cat", "2_dog"]),
        (["bird", "cat", "dog"], ["test_bird", "test_cat", "test_dog"]),
        (["bird (120)", "cat (131)"], ["bird (30)", "cat (28)"]),
        (["birds", "cats", "cows", "foxes"], ["bird", "cat", "cows", "fox"]),
    ],
    ids=["numbered", "called after their split", "with counts", "plural"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_classes_under_other_names_of_one_kind_stop(
    train: list[str], test: list[str], turned: bool, tmp_path: Path
) -> None:
    """They were set aside: nothing was scored, or what both splits call alike."""
    train, test = (test, train) if turned else (train, test)
    with pytest.raises(AssayError, match="the splits name their classes differently") as caught:
        load(folders(tmp_path, train, test))
    assert f"{train[0]!r} in train may be {test[0]!r} in test" in caught.value.what


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["cat", "dog", "fox"], ["cat", "dog", "hot dog"]),
        (["clip_1", "clip_2", "fox"], ["clip_3", "clip_4", "fox"]),
        (["cat", "dog", "fox"], ["cat", "bat", "cog"]),
        (["1", "2", "fox"], ["3", "4", "fox"]),
        (["cat", "dog", "hot dog"], ["cat", "dog"]),
    ],
    ids=["another class", "numbers of one word", "a letter apart", "numbers", "fewer"],
)
def test_other_classes_are_read_on(train: list[str], test: list[str], tmp_path: Path) -> None:
    """The clean twins: what train lacks is left out, as before."""
    found = load(folders(tmp_path, train, test))
    assert len(found.splits["test"]) == 3 * len({*train} & {*test})


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (["adeno_T2", "large", "normal"], ["adeno", "large"], "cut short: 'adeno' for 'adeno_T2'"),
        (["adeno_T2", "adeno_T3", "large_T1"], ["adeno", "large"], "cut short: 'large' for 'large_T1'"),
        (["adenoma", "largest", "normal"], ["adeno", "large", "normal"], ""),
        (["1.5", "2.5", "x"], ["1", "2", "x"], ""),
        (["cat", "cat_1", "dog", "dog_1"], ["cat", "dog", "cow"], ""),
    ],
    ids=["one alone", "one of two", "no word ends there", "numbers", "train has both"],
)
def test_names_that_only_begin_alike_are_read_on(
    train: list[str], test: list[str], told: str, tmp_path: Path
) -> None:
    notes = " ".join(load(folders(tmp_path, train, test), classes=None).notes)
    assert told in notes and ("cut short" in notes) == bool(told)

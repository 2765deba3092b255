"""What lies beside the images of folders and tables: it decides, is asked about, or is named."""

import pickle
import zipfile
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.listing.names import notes_on_classes
from assay.data.values import Dataset
from assay.workflow.load import load


def pictures(root: Path, *folders: str, count: int = 3, ending: str = "png") -> Path:
    """Some pictures in each folder, all different."""
    for number, folder in enumerate(folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for image in range(count):
            pixels = np.random.default_rng([number, image]).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{image}.{ending}", "PNG")
    return root


def notes(data: Dataset) -> str:
    return "\n".join(data.notes)


@pytest.mark.parametrize(
    "names", [("train_images", "test_images"), ("train", "val"), ("Training", "Testing set")]
)
def test_folders_of_splits_without_classes_are_no_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    """`train_images/` and `test_images/` beside `train.csv`: it stops, and names the table."""
    pictures(tmp_path, *names)
    (tmp_path / "train.csv").write_text(
        "image,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(3))
    )
    with pytest.raises(AssayError, match=r"ambiguous-layout.*named like splits.*train\.csv: give its path"):
        load(tmp_path)
    assert load(tmp_path, layout="classes").classes == tuple(sorted(names))


def test_one_word_for_a_split_among_classes_does_not_matter(tmp_path: Path) -> None:
    """A test tube, a train set: names that all hold the word of one split are those of classes."""
    pictures(tmp_path, "toy_train", "freight_train")
    assert load(tmp_path).classes == ("freight_train", "toy_train")


def test_a_table_of_train_belongs_to_the_folder_of_train(tmp_path: Path) -> None:
    """The same names lie in two folders: the table's own name decides, and a note says so."""
    pictures(tmp_path, "train_images", "test_images")
    rows = "image,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(3))
    (tmp_path / "train.csv").write_text(rows)
    found = load(tmp_path / "train.csv")
    assert "they lie in train_images" in notes(found)
    assert list(found.train.ids) == [f"train_images/{i}.png" for i in range(3)]
    (tmp_path / "labels.csv").write_text(rows)
    with pytest.raises(
        AssayError, match=r"ambiguous-layout.*test_images/0\.png or train_images/0\.png"
    ) as caught:
        load(tmp_path / "labels.csv")
    assert f"--root {tmp_path}/train_images" in str(caught.value)
    assert len(load(tmp_path / "labels.csv", root=tmp_path / "train_images").train) == 3


@pytest.mark.parametrize(("written", "there"), [("PNG", "png"), ("png", "PNG"), ("Png", "png")])
def test_endings_in_another_case_are_found(tmp_path: Path, written: str, there: str) -> None:
    """A table from a system that tells no cases."""
    pictures(tmp_path, "i", ending=there)
    (tmp_path / "t.csv").write_text(
        "path,label\n" + "".join(f"i/{i}.{written},{'ab'[i % 2]}\n" for i in range(3))
    )
    found = load(tmp_path / "t.csv")
    assert list(found.train.ids) == [f"i/{i}.{there}" for i in range(3)]
    assert "case" in notes(found)


@pytest.mark.parametrize("where", ["folder", "table"])
def test_accents_that_look_alike_are_one_name(tmp_path: Path, where: str) -> None:
    """A Mac writes é as two characters: the classes of train and test are the same."""
    one, two = normalize("NFC", "café"), normalize("NFD", "café")
    assert one != two
    if where == "folder":
        pictures(tmp_path, f"train/{one}", "train/tea", f"test/{two}", "test/tea")
        found = load(tmp_path)
    else:
        pictures(tmp_path, "i", count=8)
        cells = [(one, "train"), ("tea", "train"), (two, "test"), ("tea", "test")] * 2
        rows = "".join(f"i/{i}.png,{label},{split}\n" for i, (label, split) in enumerate(cells))
        (tmp_path / "t.csv").write_text("path,label,split\n" + rows, "utf-8")
        found = load(tmp_path / "t.csv")
    assert found.classes == (one, "tea")
    assert set(found.splits["test"].labels.tolist()) == {0, 1}
    assert "Unicode" in notes(found)


def test_a_set_has_one_fingerprint_on_every_system(tmp_path: Path) -> None:
    """Whole or in two characters: the same name, so the same set, without a note."""
    sets = [
        load(pictures(tmp_path / form, normalize(form, "café"), "tea"), name="drinks")
        for form in ("NFC", "NFD")
    ]
    assert sets[0].fingerprint == sets[1].fingerprint
    assert "Unicode" not in notes(sets[1])


def test_a_table_without_a_header_says_so(tmp_path: Path) -> None:
    """Its first image would be the name of a column."""
    pictures(tmp_path, "i")
    (tmp_path / "t.csv").write_text("".join(f"i/{i}.png,{'ab'[i % 2]}\n" for i in range(3)))
    with pytest.raises(AssayError, match=r"table-unreadable.*names an image, i/0\.png, and no columns"):
        load(tmp_path / "t.csv")


@pytest.mark.parametrize(("other", "told"), [("xyz", True), ("pqp", False)])
def test_two_columns_of_labels_are_named(tmp_path: Path, other: str, told: bool) -> None:
    """A second column of labels is named, unless it says the same in other words."""
    pictures(tmp_path, "i")
    rows = "".join(f"i/{i}.png,{'aba'[i]},{other[i]}\n" for i in range(3))
    (tmp_path / "t.csv").write_text("path,label,class\n" + rows)
    assert ("so may be class (--label-column)" in notes(load(tmp_path / "t.csv"))) == told
    assert "may be" not in notes(load(tmp_path / "t.csv", label_column="label"))


def test_a_list_of_names_beside_numbered_classes_is_named(tmp_path: Path) -> None:
    """The note ends with the option that reads it."""
    pictures(tmp_path, "0", "1")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert f"(--classes {tmp_path}/classes.txt)" in notes(load(tmp_path))
    named = pictures(tmp_path / "named", "cat", "dog")
    (named / "classes.txt").write_text("cat\ndog\n")
    assert "classes.txt" not in notes(load(named))


def test_folders_of_masks_are_named(tmp_path: Path) -> None:
    """`positive` and `positive_mask`; people with and without masks are classes."""
    found = load(pictures(tmp_path / "a", "positive", "negative", "positive_mask", "Negative masks"))
    assert "perhaps no classes: Negative masks, positive_mask" in notes(found)
    assert "perhaps" not in notes(load(pictures(tmp_path / "b", "with_mask", "without_mask")))


def test_archives_and_pickles_are_named_where_nothing_can_be_read(tmp_path: Path) -> None:
    """An archive in an archive, and CIFAR's own files."""
    (tmp_path / "a").mkdir()
    with zipfile.ZipFile(tmp_path / "a" / "inner.zip", "w") as inner:
        inner.writestr("cat/0.png", b"x")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(tmp_path / "a" / "inner.zip", "inner.zip")
    for path in (tmp_path / "a", tmp_path / "outer.zip"):
        with pytest.raises(AssayError, match=r"too-few-images.*an archive inside, inner\.zip: unpack it"):
            load(path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "data_batch_1").write_bytes(pickle.dumps({b"data": [1]}))
    with pytest.raises(AssayError, match=r"data_batch_1 is a pickle.*numpy\.savez"):
        inspect(tmp_path / "b")


@pytest.mark.parametrize("form", ["table", "objects"])
def test_a_price_is_no_class(tmp_path: Path, form: str) -> None:
    """Numbers that are not whole are asked about; --classes says that they are names, and so do folders."""
    pictures(tmp_path, "i")
    cells = ["0.5", "1", "2.5"]
    (tmp_path / "t.csv").write_text("path,label\n" + "".join(f"i/{i}.png,{c}\n" for i, c in enumerate(cells)))
    paths = [tmp_path / "i" / f"{i}.png" for i in range(3)]
    data = tmp_path / "t.csv" if form == "table" else (paths, [float(cell) for cell in cells])
    with pytest.raises(AssayError, match=r"label-not-integer.*not whole, such as 0\.5.*--classes"):
        load(data)
    if form == "table":
        assert load(data, classes=cells).classes == tuple(cells)
    assert load(pictures(tmp_path / "doses", "0.5", "2.5")).classes == ("0.5", "2.5")


def test_two_spellings_in_one_split_stay_apart(tmp_path: Path) -> None:
    """Somebody made both folders: two classes, and a note that they may be one."""
    one, two = normalize("NFC", "café"), normalize("NFD", "café")
    pictures(tmp_path, f"train/{one}", f"train/{two}", f"test/{one}", f"test/{two}")
    found = load(tmp_path)
    assert set(found.classes) == {one, two}
    assert any("how Unicode spells them" in note for note in notes_on_classes(found.classes))


@pytest.mark.parametrize("given", ["NFC", "NFD"])
@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("form", ["folder", "arrays"])
def test_names_given_in_another_spelling_are_the_same(
    tmp_path: Path, form: str, there: str, given: str
) -> None:
    """What a Mac's keyboard types and what another system's folder is called are one class."""
    names = ("tea", normalize(given, "café"))
    written = normalize(there, "café")
    data: Any = pictures(tmp_path, written, "tea")
    if form == "arrays":
        images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
        data = (images, np.array([written, "tea"] * 3))
    found = load(data, classes=names)
    assert found.classes == ("tea", normalize("NFC", "café"))
    assert sorted(found.train.labels.tolist()) == [0, 0, 0, 1, 1, 1]


def test_arrays_whose_splits_spell_a_name_otherwise_are_one_vocabulary() -> None:
    """No image of test is left out for the way its label is written."""
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
    one, two = (np.array([normalize(form, "café"), "tea"] * 3) for form in ("NFC", "NFD"))
    found = load((images, one, images[::-1], two))
    assert (len(found.classes), len(found.splits["test"])) == (2, 6)

"""Where the images of a table lie, and tables beside folders that tell something else."""

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from encoded import png

COUNT = 12


def pictures(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))


def table(path: Path, header: str, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def labelled(path: Path, cells: list[str], header: str = "path,label") -> Path:
    """A table whose rows are of two classes in turn."""
    return table(path, header, [f"{cell},{'ab'[number % 2]}" for number, cell in enumerate(cells)])


def counts(found: Inspection) -> dict[str, int]:
    return dict(zip(found.classes, found.per_class["train"], strict=True))


HALVES = {"a": COUNT // 2, "b": COUNT // 2}
NAMES = [f"ISIC_{number:05}" for number in range(COUNT)]

#: Files, cells of the table, and words of the note.
FOUND = {
    "parts": (
        [f"images_part_{n % 2}/{name}.png" for n, name in enumerate(NAMES)],
        NAMES,
        "by the names of the files alone, in 2 folders (ISIC_00000 is images_part_0/ISIC_00000.png)",
    ),
    "deep": (
        [f"images_{n % 3:03}/images/{name}.png" for n, name in enumerate(NAMES)],
        [f"{name}.png" for name in NAMES],
        "by the names of the files alone, in 3 folders",
    ),
    "class folders": (
        [f"train_images/{'ab'[n % 2]}/{name}.png" for n, name in enumerate(NAMES)],
        [f"{name}.png" for name in NAMES],
        "by the names of the files alone, in 2 folders",
    ),
    "another ending": (
        [f"images/{name}.png" for name in NAMES],
        [f"images/{name}.jpg" for name in NAMES],
        "(images/ISIC_00000.jpg is images/ISIC_00000.png)",
    ),
    "another case": (
        [f"images/{name}.png" for name in NAMES],
        [f"Images/{name.lower()}.PNG" for name in NAMES],
        "(Images/isic_00000.PNG is images/ISIC_00000.png)",
    ),
    "encoded": (
        [f"my images/{name} 1.png" for name in NAMES],
        [f"my%20images/{name}%201.png" for name in NAMES],
        "%20 is a space, and so on",
    ),
    "encoded addresses": (
        [f"my images/{name}.png" for name in NAMES],
        [f"file:///home/me/my%20images/{name}.png" for name in NAMES],
        "%20 is a space, and so on; they lie in my images",
    ),
    "whole numbers as floats": (
        [f"images/{n}.png" for n in range(COUNT)],
        [f"{n}.0" for n in range(COUNT)],
        "whole numbers have no .0; they lie in images; .png is put behind (0.0 is images/0.png)",
    ),
    "some encoded": (
        [f"media/upload/1/{name} x.png" for name in NAMES],
        [f"/data/upload/1/{name}{' ' if n % 2 else '%20'}x.png" for n, name in enumerate(NAMES)],
        "they lie in media",
    ),
    "some backslashes": (
        [f"images/{name}.png" for name in NAMES],
        [f"images{chr(92) if n % 3 else '/'}{name}.png" for n, name in enumerate(NAMES)],
        r"paths such as images\ISIC_00001.png were read as images/ISIC_00001.png",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_files_are_found_wherever_they_lie(case: str, tmp_path: Path) -> None:
    """Where every row has one file of its own by one rule, which is told."""
    files, cells, words = FOUND[case]
    pictures(tmp_path, *files)
    found = inspect(labelled(tmp_path / "t.csv", cells))
    assert (counts(found), found.left_out) == (HALVES, ())
    assert words in "\n".join(found.notes)


@pytest.mark.parametrize(
    ("files", "cells"),
    [
        ([f"{name}.png" for name in NAMES[1:]], NAMES),  # a file is missing
        ([f"{place}/{name}.png" for name in NAMES for place in "ab"], [f"x/{name}" for name in NAMES]),
        ([f"x/{n}.png" for n in range(6)], [f"{place}/{n}.png" for place in "ab" for n in range(6)]),
    ],
)
def test_names_of_several_files_or_none_are_not_guessed(
    files: list[str], cells: list[str], tmp_path: Path
) -> None:
    """Nor is one file taken for two rows."""
    pictures(tmp_path / "below", *files)
    with pytest.raises(AssayError, match=r"no row has an image|by either rule"):
        inspect(labelled(tmp_path / "t.csv", cells))


def test_the_folder_of_the_tables_split_is_meant(tmp_path: Path) -> None:
    """Of files that are called alike."""
    pictures(
        tmp_path, *(f"{split}/{'xy'[n % 2]}/{n}.png" for split in ("train", "test") for n in range(COUNT))
    )
    found = inspect(labelled(tmp_path / "train.csv", [f"{n}.png" for n in range(COUNT)]))
    assert counts(found) == HALVES
    assert "(0.png is train/x/0.png)" in "\n".join(found.notes)


@pytest.mark.parametrize("place", ["{split}", "images/{split}_images", "{split}/{label}"])
def test_bare_names_in_folders_of_splits_have_these(place: str, tmp_path: Path) -> None:
    """The folder names the table as what to give; given, all images were train, in silence. Folders that are
    called after no split tell none."""
    rows = [("a", "train"), ("b", "train"), ("c", "train"), ("d", "train"), ("e", "test"), ("f", "test")]
    for words, wanted in ((("train", "test"), {"train": 4, "test": 2}), (("north", "south"), {"train": 6})):
        root = tmp_path / words[0]
        called = dict(zip(("train", "test"), words, strict=True))
        where = [place.format(split=called[split], label="cd"[n % 2]) for n, (_, split) in enumerate(rows)]
        pictures(root, *(f"{folder}/{name}.png" for folder, (name, _) in zip(where, rows, strict=True)))
        found = inspect(labelled(root / "labels.csv", [f"{name}.png" for name, _ in rows]))
        assert dict(found.splits) == wanted
        assert any("were read as the splits" in note for note in found.notes) == (len(wanted) > 1)


def test_files_of_a_format_that_is_not_read_are_told_as_such(tmp_path: Path) -> None:
    """Not as missing."""
    for name in NAMES:
        (tmp_path / "train").mkdir(exist_ok=True)
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "train" / f"{name}.tif")
    with pytest.raises(AssayError, match=r"image-format.*it is TIFF"):
        inspect(labelled(tmp_path / "t.csv", NAMES, "id,label"))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (base64.b64encode(bytes(range(256))).decode(), "pictures in base64"),
        (f"data:image/png;base64,{base64.b64encode(bytes(range(256))).decode()}", "pictures in base64"),
        ("https://example.org/{}.jpg", "fetch the images"),
        ("s3://bucket/{}.jpg", "fetch the images"),
    ],
)
def test_what_is_no_path_is_told_in_a_short_line(cell: str, words: str, tmp_path: Path) -> None:
    rows = [cell.format(number) if "{" in cell else f"{cell[:-4]}{number:04}" for number in range(COUNT)]
    with pytest.raises(AssayError, match="no row has an image") as caught:
        inspect(labelled(tmp_path / "t.csv", [f'"{row}"' for row in rows], "image,label"))
    assert words in caught.value.fix
    assert len(caught.value.what) < 300


@pytest.mark.parametrize(
    "header",
    [
        *("File Name,Class Label", "Image Index,Finding Labels", "id_code,diagnosis", "ImageID,class_id"),
        *("source-ref,choice", "img_filename,y", "image_url,label", "path|label", "path label"),
    ],
)
def test_usual_names_of_columns_in_other_clothes(header: str, tmp_path: Path) -> None:
    """Those of well-known sets and of tools; parted by a bar or a space where there is no comma."""
    pictures(tmp_path, *(f"{name}.png" for name in NAMES))
    sign = next((sign for sign in ",| " if sign in header), ",")
    rows = [f"{name}.png{sign}{'ab'[number % 2]}" for number, name in enumerate(NAMES)]
    assert counts(inspect(table(tmp_path / "t.csv", header, rows))) == HALVES


#: Folders, and a table that is no word about them.
APART = {
    "parts": (lambda n: f"images_part_{n % 2 + 1}", lambda n: f"{'xyz'[n // 2 % 3]}", "images_part_1"),
    "below": (lambda n: f"set/images_{n % 2 + 1:03}", lambda n: f"{'xyz'[n // 2 % 3]}", "images_001"),
    "cameras": (lambda n: f"{('left', 'right')[n % 2]}", lambda n: f"{'xy'[n // 2 % 2]}", "left"),
}


@pytest.mark.parametrize("case", APART)
def test_folders_that_a_table_says_are_no_classes_stop(case: str, tmp_path: Path) -> None:
    """Both readings are there to be chosen."""
    folder, label, shown = APART[case]
    pictures(tmp_path, *(f"{folder(n)}/{n}.png" for n in range(24)))
    below = tmp_path / "set" if case == "below" else tmp_path
    path = table(below / "meta.csv", "image_id,dx", [f"{n},{label(n)}" for n in range(24)])
    with pytest.raises(AssayError, match="ambiguous-layout") as caught:
        inspect(tmp_path)
    assert f"by its folders the classes are {shown}" in caught.value.what
    assert "gives 24 of the images other classes (x, y" in caught.value.what
    assert caught.value.fix == f"Give the table, {path}, or say --layout classes."
    assert inspect(tmp_path, layout="classes").splits == {"train": 24}
    assert len(inspect(path).classes) == len({label(n) for n in range(24)})


@pytest.mark.parametrize(
    ("label", "told"),
    [
        (lambda n: "xy"[n % 2], False),  # the same in other words
        (lambda n: "xy"[n % 2] if n != 5 else "x", False),  # but for one
        (lambda n: f"{'xy'[n % 2]}{n // 2 % 2}", True),  # finer
        (lambda _: "x", False),
    ],
)
def test_tables_that_agree_with_the_folders_stop_nothing(label, told: bool, tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{('cat', 'dog')[n % 2]}/{n}.png" for n in range(24)))
    table(tmp_path / "train.csv", "file,label", [f"{n}.png,{label(n)}" for n in range(24)])
    found = inspect(tmp_path)
    assert found.classes == ("cat", "dog")
    assert ("coarser or finer than those of the folders" in "\n".join(found.notes)) == told


@pytest.mark.parametrize("name", ["patient{:05}", "Case {}", "video_{}", "subject{}_left", "slide-{}"])
def test_folders_called_like_groups_are_asked_about(name: str, tmp_path: Path) -> None:
    """With a table that names the images it stops; other numbered words are classes."""
    pictures(tmp_path, *(f"{name.format(n // 4)}/{n}.png" for n in range(COUNT)))
    assert "all classes are called like groups" in "\n".join(inspect(tmp_path).notes)
    table(tmp_path / "t.csv", "Path,Edema", [f"{name.format(n // 4)}/{n}.png,{n % 2}" for n in range(COUNT)])
    with pytest.raises(AssayError, match=r"ambiguous-layout.*it has Path, Edema"):
        inspect(tmp_path)
    pictures(tmp_path / "twin", *(f"class{n // 4}/{n}.png" for n in range(COUNT)))
    assert "called like groups" not in "\n".join(inspect(tmp_path / "twin").notes)


def test_the_table_of_train_is_named_before_that_of_test(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"images/{n}.png" for n in range(COUNT)))
    for name in ("a_test.csv", "sample_submission.csv", "train.csv"):
        labelled(tmp_path / name, [f"{n}.png" for n in range(COUNT)])
    with pytest.raises(AssayError, match=r"there is a table of labels, train\.csv"):
        inspect(tmp_path)


def test_metadata_without_labels_beside_a_folder_of_images_stop(tmp_path: Path) -> None:
    """With the columns there are; --label-column then reads it."""
    pictures(tmp_path, *(f"images/{n}.png" for n in range(COUNT)))
    table(
        tmp_path / "metadata.csv",
        "patient,finding,filename",
        [f"P{n},{'xy'[n % 2]},{n}.png" for n in range(COUNT)],
    )
    with pytest.raises(AssayError, match=r"ambiguous-layout.*\(it has patient, finding, filename\)"):
        inspect(tmp_path)
    assert inspect(tmp_path, label_column="finding").classes == ("x", "y")


def test_a_column_of_ids_is_named(tmp_path: Path) -> None:
    """`isic_id` holds the names of files without their endings, `target` does not: the option is told."""
    pictures(tmp_path, *(f"train-image/image/{name}.png" for name in NAMES))
    rows = [f"{name},{number % 2},{number:05}" for number, name in enumerate(NAMES)]
    path = table(tmp_path / "train.csv", "isic_id,target,lesion", rows)
    with pytest.raises(AssayError, match="column-missing") as refused:
        inspect(path)
    assert refused.value.fix == "Say which column names the images: --path-column isic_id."
    assert inspect(path, path_column="isic_id").per_class["train"] == (COUNT // 2, COUNT // 2)


def test_no_column_of_ids_is_named_where_files_are_called_otherwise(tmp_path: Path) -> None:
    """The columns are shown then, and none is proposed."""
    pictures(tmp_path, *(f"image/{number}x.png" for number in range(COUNT)))
    path = table(tmp_path / "train.csv", "isic_id,target", [f"{name},{name[-1]}" for name in NAMES])
    with pytest.raises(AssayError, match="column-missing") as refused:
        inspect(path)
    assert "--path-column. There are: isic_id, target" in refused.value.fix

"""Ids that stand inside of files' names, images that no row names, and columns that name images."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 12


def pictures(root: Path, names: Sequence[str]) -> None:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(np.full((8, 8), 5 * seed, np.uint8)))


def labelled(path: Path, cells: Sequence[str], header: str = "id,label") -> Path:
    lines = [f"{cell},{'ab'[n % 2]}" for n, cell in enumerate(cells)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def means(path: Path) -> list[tuple[str, int]]:
    """The label and the gray value of each image as it was read."""
    data = load(path)
    return [
        (data.classes[label], int(image.mean()))
        for label, image in zip(data.train.labels, data.train.images[:], strict=True)
    ]


OWN = [("ab"[n % 2], 5 * n) for n in range(COUNT)]


@pytest.mark.parametrize(
    ("cell", "file"),
    [
        (lambda n: f"{n}", lambda n: f"{n:05d}.png"),
        (lambda n: f"{n:03d}.png", lambda n: f"{n}.png"),
        (lambda n: f"img_{n}.jpg", lambda n: f"IMG_{n:04d}.png"),
        (lambda n: f"{n:07d}", lambda n: f"ISIC_{n:07d}.png"),
        (lambda n: f"{n}", lambda n: f"leaf-{n:03d}.png"),
        (lambda n: f"p{n}", lambda n: f"p{n}_rgb.png"),
    ],
)
def test_images_are_found_by_the_id_in_their_names(
    cell: Callable[[int], str], file: Callable[[int], str], tmp_path: Path
) -> None:
    """Spreadsheets take the zeros before numbers away; archives put words before ids. Each row gets its own
    image, and a note tells the rule."""
    pictures(tmp_path, [f"images/{file(n)}" for n in range(COUNT)])
    table = labelled(tmp_path / "labels.csv", [cell(n) for n in range(COUNT)])
    assert means(table) == OWN
    assert any("by what stands in the names of the files" in note for note in load(table).notes)


@pytest.mark.parametrize("word", ["test_{}", "{}_mask", "{}_segmentation"])
def test_images_of_another_split_and_masks_are_not_meant(word: str, tmp_path: Path) -> None:
    pictures(tmp_path, [f"images/{word.format(n)}.png" for n in range(COUNT)])
    table = labelled(tmp_path / "train.csv", [f"{n}" for n in range(COUNT)])
    with pytest.raises(AssayError, match="no row has an image"):
        inspect(table)


def test_ids_of_which_one_has_no_image_are_not_guessed(tmp_path: Path) -> None:
    """Numbers from 1 over files from 0: the last has none, and nothing is read one off."""
    pictures(tmp_path, [f"images/{n:04d}.png" for n in range(COUNT)])
    table = labelled(tmp_path / "labels.csv", [f"{n}" for n in range(1, COUNT + 1)])
    with pytest.raises(AssayError, match="no row has an image"):
        inspect(table)


@pytest.mark.parametrize("cell", ["{}", "{:03d}", "{}.png"])
@pytest.mark.parametrize("header", ["id,label", "ID,diagnosis"])
def test_rows_of_which_each_has_several_images_stop_with_a_command(
    header: str, cell: str, tmp_path: Path
) -> None:
    """Both eyes of a patient: a row for each image, and the patient as its group."""
    root = tmp_path / "a set"
    pictures(root, [f"images/{n}_{side}.png" for n in range(COUNT) for side in ("left", "right")])
    table = labelled(root / "labels.csv", [cell.format(n) for n in range(COUNT)], header)
    with pytest.raises(AssayError, match="24 images of 12 rows") as caught:
        inspect(table)
    told = str(caught.value)
    path, option, group = words_after(told)
    assert option == "--group-column"
    data = load(path, group_column=group)
    numbers = [int(Path(name).stem.partition("_")[0]) for name in data.train.ids]
    assert sorted(numbers) == sorted([*range(COUNT), *range(COUNT)])
    assert [data.classes[label] for label in data.train.labels] == ["ab"[number % 2] for number in numbers]
    assert len(set(data.train.columns["group"])) == COUNT


def test_images_that_no_row_names_are_told(tmp_path: Path) -> None:
    """They were left out without a word. Rows without a label name theirs."""
    pictures(tmp_path, [f"images/{n}.png" for n in range(COUNT)])
    (tmp_path / "images" / ".hidden.png").write_bytes(b"x")
    table = labelled(tmp_path / "labels.csv", [f"images/{n}.png" for n in range(8)], "file,label")
    told = "4 images lie beside those that the table names, and no row names them"
    assert any(told in note for note in inspect(table).notes)
    assert any(told in note for note in load(table).notes)
    (tmp_path / "images" / "new.png").write_bytes((tmp_path / "images" / "0.png").read_bytes())
    assert any(note.startswith("5 images lie beside") for note in load(table).notes)
    table.write_text(table.read_text() + "".join(f"images/{n}.png,\n" for n in (8, 9, 10, 11)))
    notes = inspect(table, skip_unlabelled=True).notes
    assert any(note.startswith("1 image lies beside") for note in notes)


def two_columns(root: Path, header: str) -> Path:
    pictures(root, [f"{folder}/{n}.png" for folder in ("one", "two") for n in range(COUNT)])
    lines = [f"one/{n}.png,two/{n}.png,{'ab'[n % 2]}" for n in range(COUNT)]
    (root / "labels.csv").write_text("\n".join([header, *lines]) + "\n")
    return root / "labels.csv"


def test_another_column_of_images_is_told(tmp_path: Path) -> None:
    """Another view, or a mask: which was read, and what reads the other."""
    table = two_columns(tmp_path, "image,second view,label")
    told = "\n".join(inspect(table).notes)
    assert "the images are those of the column image; other files are named in second view" in told
    assert "(--path-column 'second view')" in told
    assert "other files" not in "\n".join(inspect(table, path_column="second view").notes)
    assert load(table, path_column="second view").train.ids[0] == "two/0.png"


def test_columns_of_images_without_a_usual_name_are_shown(tmp_path: Path) -> None:
    table = two_columns(tmp_path, "clinic,derm view,label")
    with pytest.raises(AssayError, match="--path-column clinic or --path-column 'derm view'"):
        inspect(table)

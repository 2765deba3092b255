"""Columns that may be labels and are none, and labels that may be none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.listing.class_numbers import notes_on_measures
from encoded import png

COUNT = 24


def table(root: Path, header: str, row: Callable[[int], str], name: str = "t.csv", folder: str = "") -> Path:
    for number in range(COUNT):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / f"{number}.png").write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))
    rows = "".join(f"{folder}{'/' if folder else ''}{n}.png,{row(n)}\n" for n in range(COUNT))
    (root / name).write_text(f"filename,{header}\n{rows}")
    return root / name


@pytest.mark.parametrize(
    "header",
    ["cat,dog,is_verified", "cat,dog,has box", "cat,dog,is_test", "cat,dog,region_count", "is_cat,is_dog"],
)
def test_columns_of_0_and_1_that_are_no_classes(header: str, tmp_path: Path) -> None:
    """Told by their names; where all are so named, they are the classes."""
    flag = header.count(",") > 1
    path = table(tmp_path, header, lambda n: f"{n % 2},{1 - n % 2}{f',{int(n % 3 == 0)}' if flag else ''}")
    found = inspect(path)
    assert found.classes == tuple(header.split(",")[:2])
    assert found.columns == tuple(header.split(",")[2:])


@pytest.mark.parametrize("header", ["region_count,region_id", "occluded,truncated"])
def test_one_column_of_ones_makes_no_classes(header: str, tmp_path: Path) -> None:
    """As in a table of outlines: one region each, its number 0."""
    with pytest.raises(AssayError, match="column-missing"):
        inspect(table(tmp_path, header, lambda _: "1,0"))


def test_attributes_of_pictures_are_no_labels_of_metadata(tmp_path: Path) -> None:
    """Beside folders of classes: several of them, or none, are 1."""
    for number in range(COUNT):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        (tmp_path / "ab"[number % 2] / f"{number}.png").write_bytes(png(np.full((8, 8), number, np.uint8)))
    rows = "".join(f"{'ab'[n % 2]}/{n}.png,{int(n % 3 == 0)},{int(n % 4 == 0)}\n" for n in range(COUNT))
    (tmp_path / "metadata.csv").write_text(f"file_name,occluded,truncated\n{rows}")
    found = inspect(tmp_path)
    assert (found.classes, found.columns) == (("a", "b"), ("occluded", "truncated"))


def test_what_is_wrong_with_one_hot_columns_is_told_with_a_way_on(tmp_path: Path) -> None:
    """The way is one that works."""
    path = table(tmp_path, "nevus,melanoma", lambda n: f"{int(n % 3 == 0)},{int(n % 3 == 1)}")
    with pytest.raises(AssayError, match="0 in all of the columns nevus, melanoma") as caught:
        inspect(path)
    assert "If they are a class of their own, add a column for it" in caught.value.fix
    path = table(tmp_path, "male,smoker", lambda n: f"{n % 2},{int(n % 3 == 0)}")
    with pytest.raises(AssayError, match=r"several-labels.*male, smoker") as caught:
        inspect(path)
    assert "--label-column 'male'" in caught.value.fix
    assert inspect(path, label_column="male").classes == ("0", "1")


@pytest.mark.parametrize(("given", "classes"), [("1 -1", ("1", "-1")), ("1.0 -1.0", ("1", "-1"))])
def test_one_and_minus_one_are_two_classes(given: str, classes: tuple[str, ...], tmp_path: Path) -> None:
    """No missing label: of many attributes each is so told."""
    assert inspect(table(tmp_path, "label", lambda n: given.split()[n % 2])).classes == classes


def test_one_and_minus_one_are_two_classes_in_parquet(tmp_path: Path) -> None:
    """Beside a third number -1 is a missing label."""
    images = [{"bytes": png(np.full((8, 8), n, np.uint8)), "path": None} for n in range(COUNT)]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": images, "label": [1 - 2 * (n % 2) for n in range(COUNT)]}), path)
    assert inspect(path).per_class == {"train": (12, 12)}
    pq.write_table(pa.table({"image": images, "label": [n % 3 - 1 for n in range(COUNT)]}), path)
    with pytest.raises(AssayError, match="8 of 24 rows have no label"):
        inspect(path)


@pytest.mark.parametrize(
    ("header", "told"),
    [("LabelName,score", "Did you mean LabelName? There are:"), ("Age,Edema", "There are: Age, Edema")],
)
def test_only_a_column_called_like_a_label_is_offered(header: str, told: str, tmp_path: Path) -> None:
    """`Age` is spelled a little like it, and is none."""
    with pytest.raises(AssayError, match="column-missing") as caught:
        inspect(table(tmp_path, header, lambda n: f"{n % 2},x"))
    assert f"Name it with --label-column. {told}" in caught.value.fix


@pytest.mark.parametrize("form", ["table", "parquet", "folders"])
def test_labels_that_may_be_measures_are_told(form: str, tmp_path: Path) -> None:
    """Ages are no classes, as prices are none; numbers of classes have no gaps, or few."""
    ages = [18 + 3 * number for number in range(COUNT)]
    if form == "table":
        path = table(tmp_path, "label", lambda n: str(ages[n]))
    elif form == "folders":
        path = tmp_path
        for number, age in enumerate(ages):
            (path / f"{age:03d}").mkdir()
            (path / f"{age:03d}" / "0.png").write_bytes(png(np.full((8, 8), number, np.uint8)))
    else:
        images = [{"bytes": png(np.full((8, 8), n, np.uint8)), "path": None} for n in range(COUNT)]
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"image": images, "label": ages}), path)
    told = "the labels are 24 whole numbers from 18 to 87 with gaps: if they measure something"
    assert told in "\n".join(inspect(path).notes)
    names = tuple(f"{age:03d}" if form == "folders" else str(age) for age in ages)
    assert "measure" not in "\n".join(inspect(path, classes=names).notes)


@pytest.mark.parametrize(
    "labels",
    [
        range(100),
        range(1, 48),
        [number for number in range(25) if number != 9],
        [number for number in range(1, 103) if number % 40],
        [10 * number for number in range(19)],
        [*(f"{number}" for number in range(0, 90, 3)), "cat"],
    ],
)
def test_numbers_of_classes_are_no_measures(labels: list[object]) -> None:
    assert notes_on_measures({str(label) for label in labels}) == []


def test_ages_have_few_gaps() -> None:
    """Four of 89 are missing: too many for numbers of classes."""
    (note,) = notes_on_measures({str(age) for age in range(1, 90) if age % 20})
    assert "85 whole numbers from 1 to 89 with gaps" in note


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("class,xmin,ymin,xmax,ymax", "xmin, ymin, xmax, ymax"),
        ("class,X1,Y1,X2,Y2", "X1, Y1, X2, Y2"),
        ("class,x,y,width,height", "x, y, width, height"),
        ("class,camera,shutter,width,height", ""),
    ],
)
def test_columns_of_boxes_are_told(header: str, told: str, tmp_path: Path) -> None:
    found = "\n".join(inspect(table(tmp_path, header, lambda n: f"{'ab'[n % 2]},1,2,3,4")).notes)
    assert (f"the columns {told} tell of boxes in pictures" in found) == bool(told)


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (("True", "False", "1", "0"), ("False", "True")),
        (("yes", "No", "Y", "n"), ("No", "Yes")),
        (("true", "f", "false"), ("False", "True")),
        (("1.0", "0", "FALSE"), ("False", "True")),
        (("pos", "Negative", "positive"), ("negative", "positive")),
        (("pos", "neg", "1"), ("negative", "positive")),
        (("on", "OFF", "1", "0"), ("off", "on")),
    ],
)
def test_truth_values_in_several_spellings_are_two_classes(
    given: tuple[str, ...], classes: tuple[str, ...], tmp_path: Path
) -> None:
    """`True` and `1` of two programs were four classes, without a word."""
    found = inspect(table(tmp_path, "label", lambda n: given[n % len(given)]))
    assert found.classes == classes
    assert f"were read as two classes, {classes[1]} and {classes[0]}" in "\n".join(found.notes)


@pytest.mark.parametrize(
    "given",
    [
        ("t", "f", "y"),
        ("0", "1", "2"),
        ("yes", "no", "maybe"),
        ("yes", "no"),
        ("1", "0", "t"),
        ("pos", "neg", "no"),
        ("positive", "negative", "neutral"),
    ],
)
def test_other_letters_and_words_stay_as_they_are(given: tuple[str, ...], tmp_path: Path) -> None:
    """Letters alone are letters; two words are two classes under their own names."""
    assert set(inspect(table(tmp_path, "label", lambda n: given[n % len(given)])).classes) == set(given)


def test_whole_numbers_with_a_comma_are_whole_numbers(tmp_path: Path) -> None:
    """As 1.0 is 1: spreadsheets of half the world write 1,0. 1,5 is no whole number, as before."""
    found = inspect(table(tmp_path, "label", lambda n: f'"{n % 3},0"'))
    assert (found.classes, found.per_class["train"]) == (("0", "1", "2"), (8, 8, 8))
    assert "labels such as 1,0 were read as 1" in "\n".join(found.notes)
    with pytest.raises(AssayError, match="numbers that are not whole"):
        inspect(table(tmp_path, "label", lambda n: f'"{n % 3},5"'))


def test_a_genus_beside_a_species_is_told(tmp_path: Path) -> None:
    """Another column of labels, coarser; it was a column like any other."""
    path = table(tmp_path, "species,genus,family", lambda n: f"s{n % 6},g{n % 3},f")
    assert any("so may be genus (--label-column)" in note for note in inspect(path).notes)

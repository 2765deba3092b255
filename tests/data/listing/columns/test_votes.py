"""Labels that several columns or rows tell together: each comes with a command that makes one of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from assay.workflow.load import load
from encoded import png
from told_command import words_after

COUNT = 12
CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a set"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number}.png").write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))
    return folder


def table(path: Path, header: str, rows: Sequence[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def read_by(told: str) -> dict[str, str]:
    """The class of each image by the command of a message; rows without a label are left out."""
    path, *options = words_after(told)
    given = {option.lstrip("-").replace("-", "_"): value for option, value in zip(*[iter(options)] * 2)}  # noqa: B905
    data = load(path, skip_unlabelled=True, **given)  # type: ignore[arg-type]
    return dict(zip(data.train.ids, (data.classes[label] for label in data.train.labels), strict=True))


def shares(largest: str, rest: str, equal: str) -> list[str]:
    """Rows with the largest share in the column of the class; in the last row two are equal."""
    rows = [
        ",".join([f"{n}.png", *(largest if n % 3 == c else rest for c in range(3))]) for n in range(COUNT)
    ]
    rows[-1] = f"{COUNT - 1}.png,{equal}"
    return rows


SHARES = {
    "probabilities": shares("0.8", "0.1", "0.45,0.45,0.1"),
    "in percent": shares("80.0", "10.0", "45.0,45.0,10.0"),
    "votes": shares("8", "1", "4,4,2"),
}


@pytest.mark.parametrize("name", ["image", "GalaxyID"])
@pytest.mark.parametrize("case", SHARES)
def test_shares_of_classes_come_with_the_command_for_the_largest(case: str, name: str, root: Path) -> None:
    """One of them was to be named as the label: the numbers of votes for cats became the classes."""
    made = table(root / "t.csv", f"{name},cat,dog,owl", SHARES[case])
    column = None if name == "image" else name
    with pytest.raises(AssayError, match=r"column-missing.*add up to the same") as caught:
        inspect(made, path_column=column)
    right = {f"{n}.png": CLASSES[n % 3] for n in range(COUNT - 1)}
    assert read_by(str(caught.value)) == right


def test_votes_that_are_named_as_the_label_are_told(root: Path) -> None:
    made = table(root / "t.csv", "image,cat,dog,owl", SHARES["votes"])
    told = "\n".join(inspect(made, label_column="cat").notes)
    assert "the classes here are the numbers in cat" in told


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("image,width,height", "8,8"),  # of every image
        ("image,age,score", "{n},0.5"),
        ("image,a,b", "{n},-{n}"),
    ],
)
def test_other_numbers_are_no_shares(header: str, cells: str, root: Path) -> None:
    made = table(root / "t.csv", header, [f"{n}.png,{cells.format(n=n)}" for n in range(COUNT)])
    with pytest.raises(AssayError) as caught:
        inspect(made)
    assert "add up" not in str(caught.value)


def raters(columns: Sequence[str], odd: Sequence[int], values: Sequence[str] = CLASSES) -> list[str]:
    """Rows in which the last column has another label in the rows `odd`."""
    return [
        ",".join([f"{n}.png", *[values[n % 3]] * (len(columns) - 1), values[(n + (n in odd)) % 3]])
        for n in range(COUNT)
    ]


def notes(found: Inspection) -> str:
    return "\n".join(found.notes)


@pytest.mark.parametrize("columns", [("rater1", "rater2", "rater3"), ("grade_a", "grade_b", "grade_c")])
@pytest.mark.parametrize("values", [CLASSES, ("0", "1", "2")])
def test_labels_of_several_raters_come_with_what_most_say(
    columns: Sequence[str], values: Sequence[str], root: Path
) -> None:
    """The first was read and nothing said of the others."""
    made = table(root / "t.csv", ",".join(["image", *columns]), raters(columns, (2, 5), values))
    with pytest.raises(AssayError, match=r"column-missing.*as of several raters") as caught:
        inspect(made)
    right = {f"{n}.png": values[n % 3] for n in range(COUNT)}
    assert read_by(str(caught.value)) == right
    told = notes(inspect(made, label_column=columns[0]))
    assert f"differ: {columns[1]} (0 rows), {columns[2]} (2 rows); read was {columns[0]}" in told
    (root / "t-most.csv").unlink()
    assert read_by(told) == right


def test_another_column_of_the_same_classes_is_told(root: Path) -> None:
    """What a second person said, or a model, whatever the column is called."""
    made = table(root / "t.csv", "image,label,checked", raters(("label", "checked"), (4,)))
    assert "other labels of the same classes differ: checked (1 row); read was label" in notes(inspect(made))


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # Attributes share 1 and -1, or yes and no, and what they say has to do with each other.
        ("image,label,Male", [f"{n}.png,{n % 2},{(n + (n == 4)) % 2}" for n in range(COUNT)]),
        ("image,label,beard", [f"{n}.png,{'yes' if n % 2 else 'no'},no" for n in range(COUNT)]),
        # Words that say other things of the image, in the same words.
        ("image,label,before", [f"{n}.png,{CLASSES[n % 3]},{CLASSES[n // 3 % 3]}" for n in range(COUNT)]),
        ("image,label,label_2", [f"{n}.png,{CLASSES[n % 3]},{CLASSES[n % 3]}" for n in range(COUNT)]),
    ],
)
def test_other_columns_are_no_raters(header: str, rows: list[str], root: Path) -> None:
    assert "other labels of the same classes" not in notes(inspect(table(root / "t.csv", header, rows)))


def test_rows_of_several_raters_come_with_what_most_say(root: Path) -> None:
    """Images of which two are as many have none. The line said "the one that most gave", and no command."""
    rows = [
        f"{n}.png,{who},{CLASSES[(n + (n == 4 and who == 'c')) % 3]}" for n in range(COUNT) for who in "abc"
    ]
    rows += ["0.png,d,dog", "0.png,e,dog", "0.png,f,dog"]
    made = table(root / "t.csv", "image,rater,label", rows)
    with pytest.raises(AssayError, match=r"several-labels.*12 images with several rows 11 have") as caught:
        inspect(made)
    assert read_by(str(caught.value)) == {f"{n}.png": CLASSES[n % 3] for n in range(1, COUNT)}


def test_rows_that_say_yes_or_no_to_each_class_come_with_those_of_yes(root: Path) -> None:
    """Open Images: a row for each image and class that was asked, with 0 where it is not there."""
    rows = [f"{n}.png,{name},{int(n % 3 == c)}" for n in range(COUNT) for c, name in enumerate(CLASSES)]
    made = table(root / "t.csv", "ImageID,LabelName,Confidence", rows)
    with pytest.raises(AssayError, match=r"several-labels.*one row with 1 in Confidence") as caught:
        inspect(made, label_column="LabelName")
    (path,) = words_after(str(caught.value))
    assert inspect(path, label_column="LabelName").per_class["train"] == (4, 4, 4)


def test_several_labels_an_image_come_without_a_command(root: Path) -> None:
    """No row of them is the one."""
    rows = [f"{n}.png,{CLASSES[(n + more) % 3]}" for n in range(COUNT) for more in range(2)]
    with pytest.raises(AssayError, match="several-labels") as caught:
        inspect(table(root / "t.csv", "image,label", rows))
    assert "python3" not in str(caught.value)


def test_a_row_for_each_image_and_class_in_one_cell_becomes_a_column_for_each_class(root: Path) -> None:
    """`ID_1_any,1`: "no row has an image that can be read"."""
    rows = [f"{n}_{name},{int(n % 3 == c)}" for n in range(COUNT) for c, name in enumerate(CLASSES)]
    with pytest.raises(AssayError, match=r"12 images has a row for each of 3 classes") as caught:
        inspect(table(root / "t.csv", "ID,Label", rows))
    assert read_by(str(caught.value)) == {f"{n}.png": CLASSES[n % 3] for n in range(COUNT)}


def shards(root: Path, count: int, **columns: list[object]) -> Path:
    """Parquet files with so many rows each."""
    images = [png(np.full((8, 8), 9 * n, np.uint8)) for n in range(COUNT)]
    for start in range(0, COUNT, count):
        some = {name: cells[start : start + count] for name, cells in {"image": images, **columns}.items()}
        pq.write_table(pa.table(some), root / f"set-{start:03}.parquet")
    return root


@pytest.mark.parametrize("count", [3, COUNT])
def test_columns_of_parquet_are_judged_as_those_of_tables(count: int, tmp_path: Path) -> None:
    """Other raters, shares and tags were passed over there; each is told once for all shards."""
    labels = [CLASSES[n % 3] for n in range(COUNT)]
    other = [*labels[:-1], "cat"]
    root = shards(tmp_path, count, label=labels, annotator_2=other, exclude=[n == 1 for n in range(COUNT)])
    told = [note for note in inspect(root).notes if "differ" in note or "label" in note or "used" in note]
    assert told == [
        "other labels of the same classes differ: annotator_2 (1 row); read was label",
        "the column exclude may say which images are not to be used (1 row): all are read",
    ]
    (tmp_path / "tags").mkdir()
    tags = [("haze", "primary", "haze primary")[n % 3] for n in range(COUNT)]
    assert "such as 'haze primary' may name" in notes(inspect(shards(tmp_path / "tags", count, label=tags)))


def test_columns_that_tell_the_label_of_parquet_together_are_told(tmp_path: Path) -> None:
    votes = {name: [8 if n % 3 == place else 1 for n in range(COUNT)] for place, name in enumerate(CLASSES)}
    (tmp_path / "raters").mkdir()
    with pytest.raises(AssayError, match=r"column-missing.*cat, dog, owl add up to the same"):
        inspect(shards(tmp_path, COUNT, **votes))
    labels = [CLASSES[n % 3] for n in range(COUNT)]
    with pytest.raises(AssayError, match=r"column-missing.*rater1, rater2 hold the same classes"):
        inspect(shards(tmp_path / "raters", COUNT, rater1=labels, rater2=[*labels[:-1], "cat"]))

"""What columns are for: splits in words of their own, other labels, groups that nobody named."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from assay.workflow.load import load
from encoded import png

COUNT = 24


def table(root: Path, header: str, row: Callable[[int], str], count: int = COUNT) -> Path:
    """A table of pictures: `header` is what stands after the path, `row` gives it for each."""
    for number in range(count):
        (root / f"{number}.png").write_bytes(png(np.full((8, 8), 9 * number, np.uint8)))
    path = root / "t.csv"
    path.write_text(f"path,{header}\n" + "".join(f"{number}.png,{row(number)}\n" for number in range(count)))
    return path


def parquet(root: Path, **columns: list[object]) -> Path:
    """The same pictures in a file of Parquet, with columns beside them."""
    images = [{"bytes": png(np.full((8, 8), 9 * number, np.uint8)), "path": None} for number in range(COUNT)]
    pq.write_table(pa.table({"image": images, **columns}), root / "t.parquet")
    return root / "t.parquet"


def either(root: Path, form: str, **columns: list[object]) -> Path:
    """Columns as a table or as Parquet."""
    if form == "parquet":
        return parquet(root, **columns)
    rows = [",".join(str(cells[number]) for cells in columns.values()) for number in range(COUNT)]
    return table(root, ",".join(columns), rows.__getitem__)


def notes(found: Inspection) -> str:
    return "\n".join(found.notes)


LABELS: list[object] = ["ab"[number % 2] for number in range(COUNT)]


def words(*given: object) -> list[object]:
    """A word for each pair of rows, so that every word has both classes."""
    return [given[number // 2 % len(given)] for number in range(COUNT)]


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize(
    ("column", "given", "splits"),
    [
        ("stage", ("train", "test"), {"train": 12, "test": 12}),
        ("ml_use", ("training", "validation", "test"), {"train": 8, "validation": 8, "test": 8}),
        ("group", ("train", "test"), {"train": 12, "test": 12}),
        ("Usage", ("Training", "PublicTest", "PrivateTest"), {"train": 8, "test": 16}),
        ("split", ("TRAIN", "eval", "test"), {"train": 8, "validation": 8, "test": 8}),
        ("split", ("train", "id_val", "test_1"), {"train": 8, "validation": 8, "test": 8}),
    ],
)
def test_a_column_whose_words_are_all_splits_is_read_as_such(
    column: str, given: tuple[str, ...], splits: Mapping[str, int], form: str, tmp_path: Path
) -> None:
    """Whatever it is called; unread, the rows of test would be trained on."""
    found = inspect(either(tmp_path, form, label=LABELS, **{column: words(*given)}))
    assert found.splits == splits
    assert column not in found.columns


@pytest.mark.parametrize(
    "given",
    [("train", "train"), ("train", "indoor"), ("test", "validation"), ("train station", "test track")],
)
def test_a_column_with_other_words_is_no_split(given: tuple[str, ...], tmp_path: Path) -> None:
    found = inspect(either(tmp_path, "table", label=LABELS, place=words(*given)))
    assert (found.splits, found.columns) == ({"train": COUNT}, ("place",))


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize(
    ("given", "told", "splits"),
    [
        (("train", "dev", "holdout"), "'train=train,validation=dev,test=holdout'", (8, 8, 8)),
        ((0, 1, 2, 3), "'train=0|1|2,test=3'", (18, 0, 6)),
        (("Private", "Public"), "'train=Public,test=Private'", (12, 0, 12)),
        (("tr", "te"), "'train=tr,test=te'", (12, 0, 12)),
        (("True", "False"), "'train=False,test=True'", (12, 0, 12)),
    ],
)
def test_other_words_for_splits_are_told_with_what_to_type(
    given: tuple[object, ...], told: str, splits: tuple[int, ...], form: str, tmp_path: Path
) -> None:
    """The line that is shown reads the set."""
    path = either(tmp_path, form, label=LABELS, split=words(*given))
    with pytest.raises(AssayError, match="is no split") as caught:
        inspect(path)
    assert f"--split-names {told}." in caught.value.fix
    found = inspect(path, split_names=told.strip("'"))
    assert tuple(found.splits.get(name, 0) for name in ("train", "validation", "test")) == splits
    assert load(path, split_names=told.strip("'")).splits.keys() == found.splits.keys()


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize(
    ("column", "given", "way"),
    [
        ("fold", (0, 1, 2), "--split-column fold --split-names 'train=0|1,test=2'"),
        ("is_train", (0, 1), "--split-column is_train --split-names 'train=1,test=0'"),
        (
            "is valid",
            ("True", "False"),
            "--split-column 'is valid' --split-names 'train=False,validation=True'",
        ),
    ],
)
def test_the_note_on_a_column_of_splits_is_a_line_that_works(
    column: str, given: tuple[object, ...], way: str, form: str, tmp_path: Path
) -> None:
    path = either(tmp_path, form, label=LABELS, **{column: words(*given)})
    assert f"no column of splits was read; {column} may tell them (for example {way})" in notes(inspect(path))
    found = inspect(path, split_column=column, split_names=way.split("'")[-2])
    assert len(found.splits) == 2


def test_words_with_an_apostrophe_are_quoted_for_a_shell(tmp_path: Path) -> None:
    path = either(tmp_path, "table", label=LABELS, split=words("Ann's", "Bob's"))
    with pytest.raises(AssayError, match="is no split") as caught:
        inspect(path)
    asked = shlex.split(caught.value.fix.partition("for example ")[2].removesuffix("."))
    assert asked == ["--split-names", "train=Ann's,test=Bob's"]
    assert len(inspect(path, split_names=asked[1]).splits) == 2


def test_names_of_splits_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    """Without a column they are no option of this table; a word that is not named stops."""
    with pytest.raises(AssayError, match=r"option-not-used.*--split-names"):
        inspect(either(tmp_path, "table", label=LABELS), split_names="train=a,test=b")
    path = either(tmp_path, "table", label=LABELS, split=words("x", "y", "z"))
    with pytest.raises(AssayError, match="'z' is no split"):
        inspect(path, split_names="train=x,test=y")


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize("other", ["category", "coarse_label", "superclass", "label_2"])
def test_another_column_of_labels_is_told(other: str, form: str, tmp_path: Path) -> None:
    """In Parquet as in tables; not where it parts the images alike."""
    (tmp_path / "twin").mkdir()
    path = either(tmp_path, form, label=LABELS, **{other: list("xyz") * 8})
    assert f"the labels are in the column label; so may be {other} (--label-column)" in notes(inspect(path))
    twin = either(tmp_path / "twin", form, label=LABELS, **{other: ["AB"[n % 2] for n in range(COUNT)]})
    assert "so may be" not in notes(inspect(twin))


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize("other", ["label_id", "class_name", "category_idx"])
def test_a_number_beside_a_name_that_contradicts_it_is_told(other: str, form: str, tmp_path: Path) -> None:
    """In one row of 24; where they agree, or tell different things, nothing is said."""
    numbers: list[object] = [number % 2 for number in range(COUNT)]
    for name, given in {"right": numbers, "else": [n % 3 for n in range(COUNT)], "odd": [*numbers]}.items():
        given[7] = 0 if name == "odd" else given[7]
        (tmp_path / name).mkdir()
        found = notes(inspect(either(tmp_path / name, form, label=LABELS, **{other: given})))
        told = (
            f"in 1 row label and {other} contradict each other: row 8 has 'b' with '0', elsewhere it is '1'"
        )
        assert (told in found) == (name == "odd")


def test_two_columns_of_pictures_are_told(tmp_path: Path) -> None:
    """And --path-column says which."""
    small = [png(np.full((4, 4), 9, np.uint8)) for _ in range(COUNT)]
    path = parquet(tmp_path, label=LABELS, thumbnail=small)
    found = inspect(path)
    assert "the pictures are in the column image; so may be thumbnail (--path-column)" in found.notes
    assert found.sizes == {"8 x 8": COUNT}
    other = inspect(path, path_column="thumbnail")
    assert (other.sizes, other.notes) == ({"4 x 4": COUNT}, ())
    with pytest.raises(AssayError, match="column-missing"):
        inspect(path, path_column="nothing")


GROUPED = [
    *("patient_id", "Patient ID", "PatientID", "patientid", "lesion_id", "individual_id", "video"),
    *("subject no", "seq_id", "case", "anonymized_patient_id"),
]


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize("column", GROUPED)
def test_a_column_of_groups_that_nobody_named_is_told(column: str, form: str, tmp_path: Path) -> None:
    """Where several images are of one, with the option that reads it, which then silences the note."""
    path = either(tmp_path, form, label=LABELS, **{column: [f"P{n // 4}" for n in range(COUNT)]})
    found = notes(inspect(path))
    shown = column if column.isidentifier() else f"'{column}'"
    assert f"the column {column} may name groups: 24 images are of 6 groups with several" in found
    assert f"(--group-column {shown} keeps each on one side of a split that Assay draws)" in found
    assert "may name groups" not in notes(inspect(path, group_column=column))
    assert "may name groups" in "\n".join(load(path).notes)


@pytest.mark.parametrize(
    ("column", "group", "split"),
    [
        ("patient_id", lambda n: f"P{n}", lambda n: ("train", "test")[n // 2 % 2]),  # each once
        ("patient_id", lambda n: f"P{n // 4}", lambda n: ("train", "test")[n // 4 % 2]),  # on one side
        ("person", lambda n: f"P{n % 2}", lambda n: ("train", "test")[n // 2 % 2]),  # a class each
        ("patient_id", lambda _: "nan", lambda n: ("train", "test")[n // 2 % 2]),
        ("patient_age", lambda n: f"{n // 4}", lambda n: ("train", "test")[n // 2 % 2]),
        ("case_type", lambda n: f"{n // 4}", lambda n: ("train", "test")[n // 2 % 2]),
        ("camera", lambda n: f"{n // 4}", lambda n: ("train", "test")[n // 2 % 2]),
    ],
)
def test_columns_that_part_no_groups_are_passed_over(
    column: str, group: Callable[[int], str], split: Callable[[int], str], tmp_path: Path
) -> None:
    path = table(tmp_path, f"label,{column},split", lambda n: f"{LABELS[n]},{group(n)},{split(n)}")
    assert "may name groups" not in notes(inspect(path))


def test_groups_of_a_column_on_both_sides_are_counted(tmp_path: Path) -> None:
    path = table(
        tmp_path, "label,patient,split", lambda n: f"{LABELS[n]},{n // 4},{words('train', 'test')[n]}"
    )
    told = "the column patient may name groups: 12 images of test are of groups that lie in train too"
    assert told in notes(inspect(path))


@pytest.mark.parametrize("form", ["table", "parquet"])
@pytest.mark.parametrize(
    ("spell", "count"),
    [
        (lambda n: (f"P{n // 4}", f"p{n // 4}", f" P{n // 4} ")[n % 3], 6),
        (lambda n: (f"{n // 4}", f"{n // 4}.0")[n % 2], 6),
        (lambda n: "N/A" if n < 8 else f"P{n // 4}", 4),
    ],
)
def test_groups_in_several_spellings_are_one(
    spell: Callable[[int], str], count: int, form: str, tmp_path: Path
) -> None:
    """To part one patient makes every score too good; words for nothing are no group."""
    path = either(tmp_path, form, label=LABELS, patient=[spell(n) for n in range(COUNT)])
    groups = load(path, group_column="patient").train.columns["group"]
    assert len(set(groups) - {""}) == count


@pytest.mark.parametrize("form", ["table", "parquet"])
def test_a_group_for_every_row_is_told(form: str, tmp_path: Path) -> None:
    path = either(tmp_path, form, label=LABELS, number=[f"n{n}" for n in range(COUNT)])
    told = "every row has a number of its own: no group holds two images"
    assert told in notes(inspect(path, group_column="number"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_column_for_each_split_is_told_with_what_makes_one_of_them(whole: bool, tmp_path: Path) -> None:
    """The option for the first column alone would make validation images test images."""
    rows = [[int(n % 4 < 2), int(n % 4 == 2), int(n % 4 == 3)] for n in range(COUNT)]
    rows[0] = rows[0] if whole else [1, 1, 0]
    header = "label,train,val,test"
    found = inspect(table(tmp_path, header, lambda n: ",".join(map(str, ["ab"[n % 2], *rows[n]]))))
    way = "table['split'] = table[['train', 'val', 'test']].idxmax(axis=1)"
    assert (way in notes(found)) == whole and "train, val, test may tell them" in notes(found)

"""Lists that name folders of videos, patients or days with their classes: no class for each folder."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")

KINDS = ("swipe, left", "stop", "it's up")

#: What a line says of a folder: form of the file, and the line of folder, class, number of the class.
FORMS = {
    "no names of columns": ("list.csv", "", "{0};{1};{2}\n"),
    "names of columns": ("list.csv", "id,video,action,frames\n", '{2},{0},"{1}",{3}\n'),
    "a text": ("annotations.txt", "", "{0} {2} {3} 0\n"),
    "numbers first": ("meta/list.tsv", "", "{2}\t{0}\n"),
}


def refused(root: Path) -> str:
    with pytest.raises(AssayError, match="ambiguous-layout") as caught:
        load(root)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_videos_with_a_list_of_their_classes(form: str, tmp_path: Path) -> None:
    """Nine videos were nine classes; the list beside them was at best named as not read."""
    names = [f"WIN_20180925_17_{n:02}_Pro" for n in range(9)]
    root = pictures(tmp_path / "my set", *(f"{name}/{k}.png" for name in names for k in range(3)))
    file, head, line = FORMS[form]
    (root / file).parent.mkdir(exist_ok=True)
    rows = "".join(line.format(name, KINDS[n % 3], n % 3, 30 + n) for n, name in enumerate(names))
    (root / file).write_text(head + rows)
    told = refused(root)
    assert f"{file} may tell the classes of whole folders" in told
    path, option, column = words_after(told)
    assert option == "--group-column"
    data = load(path, group_column=column)
    assert len(data.classes) == 3
    assert len(data.train) == 27
    assert len(set(data.train.columns["group"])) == 9
    (root / "metadata.csv").unlink()
    assert "--layout classes, where each folder is a class" in told
    assert len(load(root, layout="classes").classes) == 9


def test_a_list_for_each_split(tmp_path: Path) -> None:
    """`train/VIDEO`, `val/VIDEO` with `train.csv` and `val.csv`: the splits stay."""
    parts = {"train": range(9), "val": range(9, 15)}
    names = {split: [f"clip_{n:04}" for n in numbers] for split, numbers in parts.items()}
    files = [f"data/{split}/{name}/{k}.png" for split in names for name in names[split] for k in range(3)]
    root = pictures(tmp_path, *files)
    for split in names:
        rows = "".join(f"{name};{KINDS[n % 3]};{n % 3}\n" for n, name in enumerate(names[split]))
        (root / f"data/{split}.csv").write_text(rows)
    path, _, column = words_after(refused(root))
    data = load(path, group_column=column)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 27, "validation": 18}
    assert len(data.classes) == 3


@pytest.mark.parametrize("head", ["case,label\n", "class,category\n", ""])
def test_short_numbers_count_beside_columns_with_usual_names(head: str, tmp_path: Path) -> None:
    """Cases 1 to 8 with diagnoses; but not numbers of classes with their kinds, or a list without names."""
    root = pictures(tmp_path, *(f"{n}/{k}.png" for n in range(1, 9) for k in range(3)))
    (root / "list.csv").write_text(head + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(1, 9)))
    if not head.startswith("case"):
        assert len(load(root).classes) == 8
        return
    path, _, column = words_after(refused(root))
    assert load(path, group_column=column).classes == ("a", "b")


def test_people_with_a_list_of_their_classes_are_told(tmp_path: Path) -> None:
    """`anna 0`, `bob 1`: a class for each of them, without a word on the list."""
    names = ("anna", "bob", "cleo", "dan", "eve", "finn")
    root = pictures(tmp_path / "set", *(f"{name}/{k}.png" for name in names for k in range(3)))
    (root / "labels.txt").write_text("".join(f"{name} {n % 2}\n" for n, name in enumerate(names)))
    data = load(root)
    assert len(data.classes) == 6
    (told,) = [note for note in data.notes if "labels.txt" in note]
    assert "may tell the classes of whole folders (anna is 0)" in told
    path, option, column = words_after(told)
    assert option == "--group-column"
    by_list = load(path, group_column=column)
    assert by_list.classes == ("0", "1")
    assert set(by_list.train.columns["group"]) == set(names)


#: Files, with their first line and the others.
LISTS = {
    "counts": {"list.csv": ("folder,images\n", "{name},3\n")},
    "numbers": {"list.csv": ("folder,size\n", "{name},{size}\n")},
    "numbers without names": {"list.txt": ("", "{name} {size}\n")},
    "splits": {"list.txt": ("", "{name} {split}\n")},
    "dates": {"list.txt": ("", "{name} 2021-05-{day}\n")},
    "groups of classes": {"list.csv": ("species,family\n", "{name},{word}\n")},
    "lists that disagree": {"one.txt": ("", "{name} {word}\n"), "two.txt": ("", "{name} {other}\n")},
    "no word for some": {"list.txt": ("", "{name},{blank}\n")},
}


@pytest.mark.parametrize("kind", LISTS)
def test_what_lists_say_besides_is_no_class(kind: str, tmp_path: Path) -> None:
    """Counts, sizes, splits and days of folders with long numbers stopped the reading, or became labels."""
    cells = [
        {
            "name": f"item_{n:03}",
            "size": 640 + n % 2 * 160,
            "split": ("train", "test")[n % 2],
            "day": 10 + n % 3,
            "word": ("aaa", "bbb")[n % 2],
            "other": ("bbb", "aaa")[n % 2],
            "blank": ("", "aaa", "bbb")[n % 3],
        }
        for n in range(12)
    ]
    root = pictures(tmp_path, *(f"{each['name']}/{k}.png" for each in cells for k in range(3)))
    for file, (head, line) in LISTS[kind].items():
        (root / file).write_text(head + "".join(line.format(**each) for each in cells))
    assert len(load(root).classes) == 12


def test_a_list_of_splits_beside_one_of_labels_is_no_part_of_it(tmp_path: Path) -> None:
    """`patient,label` and `patient,split` have one form: the splits overwrote the labels in the table."""
    names = [f"patient{n:03}" for n in range(8)]
    root = pictures(tmp_path / "set", *(f"{name}/{k}.png" for name in names for k in range(3)))
    for file, words in (("labels", ("benign", "malignant")), ("splits", ("train", "test"))):
        rows = "".join(f"{name},{words[n % 2]}\n" for n, name in enumerate(names))
        (root / f"{file}.csv").write_text(f"patient,{file[:-1]}\n{rows}")
    path, _, column = words_after(refused(root))
    assert load(path, group_column=column).classes == ("benign", "malignant")


def test_numbered_classes_with_a_list_are_classes(tmp_path: Path) -> None:
    """`001.Albatross` is seen, `002.Cardinal` is not: a class each, and the list is told."""
    words = ("Albatross", "Cardinal", "Crow", "Finch", "Gull", "Jay")
    names = [f"{n:03}.{word}" for n, word in enumerate(words, 1)]
    root = pictures(tmp_path, *(f"{name}/{k}.png" for name in names for k in range(3)))
    (root / "zsl.txt").write_text(
        "".join(f"{name} {('seen', 'new')[n % 2]}\n" for n, name in enumerate(names))
    )
    data = load(root)
    assert len(data.classes) == 6
    assert any("zsl.txt may tell" in note for note in data.notes)


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (("oak", "elm", "cat", "dog"), "oak tree\nelm tree\ncat animal\ndog animal\n"),
        (("n01440764", "n02102040", "n03000684", "n03028079"), "n01440764 a\nn02102040 a\nn03000684 b\n"),
        (
            ("car_100", "car_200", "car_300", "car_400"),
            "car_100 Ford\ncar_200 Opel\ncar_300 VW\ncar_400 Kia\n",
        ),
        (
            ("P001", "P002", "P003", "P004"),
            "P001 a\nP001 b\nP002 a\nP002 b\nP003 a\nP003 b\nP004 a\nP004 b\n",
        ),
        (("P001", "P002", "P003", "P004"), "P101 a\nP102 b\nP103 a\nP104 b\n"),
    ],
)
def test_other_lists_leave_the_folders_classes(names: tuple[str, ...], rows: str, tmp_path: Path) -> None:
    """Kinds of classes, their names, rows that disagree, and lists of other things."""
    root = pictures(tmp_path, *(f"{name}/{k}.png" for name in names for k in range(3)))
    (root / "list.txt").write_text(rows)
    data = load(root)
    assert len(data.classes) == len(names)
    assert any("list.txt may tell" in note for note in data.notes) == (names[0] == "oak")

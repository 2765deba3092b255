"""What programs export and people are used to: read rightly, asked about, or named in a note."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.listing.names import notes_on_classes
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([seed, *path.name.encode()]).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def pictures(root: Path, *folders: str, count: int = 3) -> Path:
    for number, folder in enumerate(folders):
        for image in range(count):
            picture(root / folder / f"{image}.png", number)
    return root


def table(root: Path, header: str, row: Callable[[int], str], count: int = 8, name: str = "t.csv") -> Path:
    """A table of so many pictures, `row` giving what follows each picture's name."""
    rows = [f"{i}.png{row(i)}" for i in range(count) if picture(root / f"{i}.png")]
    path = root / name
    path.write_text("\n".join([header, *rows]))
    return path


def labels_of(path: Path, **options: object) -> dict[str, int]:
    found = load(path, **options)
    return dict(zip(found.classes, found.train.counts(len(found.classes)).tolist(), strict=True))


FOLDS = [f"{fold}/{split}/{name}" for fold in ("f1", "f2") for split in ("train", "test") for name in "ab"]


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (FOLDS, r"each of the folders f1, f2 holds splits .*Give one of them, .*/f1"),
        (["sets/f1/" + path[3:] for path in FOLDS] + ["sets/f2/" + path[3:] for path in FOLDS], "Give one"),
        (["DCIM/100CANON", "DCIM/101CANON"], r"100CANON, 101CANON are named as cameras name them"),
        (["100APPLE", "101APPLE", "102APPLE"], "as cameras name them"),
        (["card/100_PANA", "card/101_PANA"], "as cameras name them"),
    ],
)
def test_folders_of_folds_and_of_cameras_are_no_classes(
    folders: list[str], words: str, tmp_path: Path
) -> None:
    """Folds were read as classes, the classes in them lost."""
    with pytest.raises(AssayError, match=rf"ambiguous-layout.*{words}"):
        inspect(pictures(tmp_path, *folders))


@pytest.mark.parametrize(
    "folders",
    [
        ["cat/train", "cat/test", "dog/train", "dog/test"],
        ["cat/train/front", "cat/test/front", "dog/train/side", "dog/test/side"],
        ["100CANON", "cat"],
        ["101 dogs", "102 cats"],
        ["10234567", "20441208"],
    ],
)
def test_what_looks_like_folds_or_cameras_and_is_not(folders: list[str], tmp_path: Path) -> None:
    assert len(inspect(pictures(tmp_path, *folders)).classes) == 2


@pytest.mark.parametrize("column", ["is_test", "Usage", "fold", "train_or_val"])
def test_a_column_that_may_tell_splits_is_named(column: str, tmp_path: Path) -> None:
    """All rows are train, test rows too: nobody may find that out from the score."""
    path = table(tmp_path, f"file,label,{column}", lambda i: f",{'ab'[i % 2]},{i // 6}")
    assert any(f"no column of splits was read; {column} may tell them" in n for n in inspect(path).notes)
    other = table(tmp_path, "file,label,camera,split", lambda i: f",{'ab'[i % 2]},{i // 6},train")
    assert not any("may tell" in note for note in inspect(other).notes)


def test_a_file_that_is_named_in_two_splits(tmp_path: Path) -> None:
    """Counted in a note; with two labels it is refused, as in one split."""
    path = table(tmp_path, "file,label,split", lambda i: f",{'ab'[i % 2]},{('train', 'test')[i // 6]}")
    path.write_text(f"{path.read_text()}\n0.png,a,test\n./1.png,b,test\n2.png,a,validation")
    notes = inspect(path).notes
    assert "2 files are named in both train and test" in notes
    assert "1 file is named in both train and validation" in notes
    path.write_text(f"{path.read_text()}\n3.png,a,test")
    with pytest.raises(AssayError, match=r"several-labels.*3\.png 'a', an earlier one 'b'"):
        inspect(path)


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (("1", "1.0", "2"), {"1": 6, "2": 2}),
        (("3.", "4", "4.000"), {"3": 3, "4": 5}),
        (("TRUE", "False", "true"), {"False": 3, "True": 5}),
        (("FALSE", "false", "True"), {"False": 6, "True": 2}),
        (("true", "false", "maybe"), {"false": 3, "maybe": 2, "true": 3}),
    ],
)
def test_one_label_in_several_spellings(given: tuple[str, ...], classes: dict[str, int], tmp_path: Path):
    assert labels_of(table(tmp_path, "file,label", lambda i: f",{given[i % 3]}")) == classes


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("1", "01", "2"), "'01' and '1' are one number"),
        (("2", "2.0", "x"), "'2' and '2.0' are one number"),
        (("2019", "2020"), "years or dates (2019, 2020)"),
        (("2024-01-31", "2024-02-01"), "years or dates"),
        (("cat", "unlabeled"), "'unlabeled' is called like images without a label"),
        (("cat", "_unlabeled"), "'_unlabeled' is called like images without a label"),
        (("cat", "To_Sort"), "'To_Sort' is called like images without a label"),
        (("1", "2", "1999"), None),
        (("cat", "unlabeled cats"), None),
    ],
)
def test_odd_names_of_classes_are_told(
    names: tuple[str, ...], words: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In `inspect` and with the data set."""
    notes = load(pictures(tmp_path, *names)).notes
    told = list(notes_on_classes(names))
    assert set(told) <= set(notes) and len(told) == (words is not None)
    assert exit_code(["inspect", str(tmp_path)]) == 0
    assert words is None or (words in told[0] and words in capsys.readouterr().out.replace("\n", " "))


def test_a_label_for_every_row_is_asked_about(tmp_path: Path) -> None:
    """An index was taken for the label."""
    path = table(tmp_path, "file,label,kind", lambda i: f",{i},{'ab'[i % 2]}")
    assert any("every row has a label of its own" in note for note in inspect(path).notes)
    assert not any("of its own" in note for note in inspect(path, label_column="kind").notes)


@pytest.mark.parametrize("lists", [("train.txt", "test.txt"), ("meta/train.json", "meta/val.json")])
def test_lists_of_splits_that_are_not_read_are_named(lists: tuple[str, str], tmp_path: Path) -> None:
    """As beside Food-101 and its like: all images would be train."""
    pictures(tmp_path / "images", "a", "b")
    for name in lists:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a/0\n")
    assert any(f"no split was read; {lists[0]}" in n or f"{lists[1]}" in n for n in inspect(tmp_path).notes)
    (tmp_path / lists[1]).unlink()
    assert not any("no split was read" in note for note in inspect(tmp_path).notes)


def test_lists_beside_splits_that_were_read_matter_to_nobody(tmp_path: Path) -> None:
    pictures(tmp_path, "train/a", "train/b", "test/a", "test/b")
    for name in ("train.txt", "test.txt"):
        (tmp_path / name).write_text("a/0\n")
    assert not any("no split" in note for note in inspect(tmp_path).notes)


def test_roboflow_exports_a_table_for_each_split(tmp_path: Path) -> None:
    """`_classes.csv` with a space after every comma: the classes have none."""
    for split in ("train", "valid", "test"):
        table(tmp_path / split, "filename, cat, dog", lambda i: f", {i % 2}, {1 - i % 2}", 6, "_classes.csv")
    found = load(tmp_path)
    assert found.classes == ("cat", "dog")
    assert {name: len(split) for name, split in found.splits.items()} == {
        "train": 6,
        "validation": 6,
        "test": 6,
    }
    assert found.train.labels.tolist() == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("line", ["sep=;\n", "SEP=;\r\n"])
def test_the_line_that_tells_excel_the_delimiter(line: str, tmp_path: Path) -> None:
    path = table(tmp_path, "file;label", lambda i: f";{'ab'[i % 2]}")
    path.write_text(line + path.read_text())
    assert labels_of(path) == {"a": 4, "b": 4}


@pytest.mark.parametrize("name", ["book.csv", "book.tsv", "book.jsonl"])
def test_a_workbook_under_the_name_of_a_table(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as book:
        book.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(AssayError, match=r"table-unreadable.*a workbook of Excel"):
        inspect(tmp_path / name)


def zipped(path: Path, names: list[str]) -> Path:
    """A zip whose members are called exactly so, as programs of Windows call them."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            member = zipfile.ZipInfo()
            member.filename = name
            content = b"" if name.endswith("\\") else picture(path.parent / "one.png", number).read_bytes()
            archive.writestr(member, content)
    return path


def test_a_zip_with_backslashes_is_the_folder(tmp_path: Path) -> None:
    names = [f"set\\{label}\\{i}.png" for label in ("cat", "dog") for i in range(3)]
    found = load(zipped(tmp_path / "w.zip", ["set\\", "set\\cat\\", *names]))
    assert found.classes == ("cat", "dog") and len(found.train) == 6


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a\\..\\..\\b.png"], "leads out"),
        (["\\\\host\\b.png"], "leads out"),
        (["a\\b.png", "a/b.png"], "occurs twice"),
    ],
)
def test_backslashes_lead_nowhere_else(names: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(AssayError, match=rf"archive-refused.*{words}"):
        load(zipped(tmp_path / "w.zip", names))


@pytest.mark.parametrize(
    ("numbers", "listed", "told"),
    [((1, 2), "names.txt", True), ((0, 1), "classes.txt", True), (("a", "b"), "classes.txt", False)],
)
def test_a_list_of_names_beside_a_table_of_numbers(
    numbers: tuple[object, object], listed: str, told: bool, tmp_path: Path
) -> None:
    path = table(tmp_path, "file,label", lambda i: f",{numbers[i % 2]}")
    (tmp_path / listed).write_text("apple\nbanana\ncherry\n")
    assert any(f"--classes {tmp_path}/{listed}" in note for note in inspect(path).notes) == told


def test_metadata_that_is_read_is_not_said_to_be_left(tmp_path: Path) -> None:
    """Two notes contradicted each other."""
    pictures(tmp_path, "cat", "dog")
    (tmp_path / "metadata.csv").write_text("file_name,camera\ncat/0.png,A\n")
    assert not any("not read" in note for note in inspect(tmp_path).notes)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert any(note.endswith("not read: other.csv") for note in inspect(tmp_path).notes)


@pytest.mark.parametrize("form", ["npy", "pixels"])
def test_a_folder_given_as_a_dot_has_a_name(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    images, labels = np.zeros((6, 8, 8), np.uint8), np.arange(6) % 2
    images[:, 0, 0] = range(6)
    if form == "npy":
        np.save(folder / "x_train.npy", images)
        np.save(folder / "y_train.npy", labels)
    else:
        lines = [
            ",".join(map(str, [label, *image.ravel()])) for label, image in zip(labels, images, strict=True)
        ]
        header = ",".join(["label", *(f"pixel{i}" for i in range(64))])
        for name in ("d_train.csv", "d_test.csv"):
            (folder / name).write_text("\n".join([header, *lines]))
    monkeypatch.chdir(folder)
    assert load(".").name == "digits"


def test_an_archive_is_called_one(tmp_path: Path) -> None:
    names = [f"{label}/{i}.png" for label in ("cat", "dog") for i in range(2)]
    assert inspect(zipped(tmp_path / "a.zip", names)).form == "an archive"


def test_one_thing_is_not_said_in_the_plural(tmp_path: Path) -> None:
    pictures(tmp_path, "cat", "dog")
    (tmp_path / "cat" / "note.txt").write_text("x")
    (tmp_path / "cat" / "link.png").symlink_to(tmp_path / "cat" / "0.png")
    notes = "\n".join(load(tmp_path).notes)
    assert "1 link was not followed" in notes
    arrays = load(arrays=(np.zeros((4, 4, 4), np.uint8), np.array([1, 2, 1, 2])))
    assert "1 number up to the largest does not occur and is no class" in "\n".join(arrays.notes)


def metadata(root: Path, *names: str) -> Path:
    """Pictures named by a table of labels at the root."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (6, 6), 20 * number).save(root / name)
    rows = "".join(f"{name},{'ab'[i % 2]}\n" for i, name in enumerate(names))
    (root / "metadata.csv").write_text(f"file_name,label\n{rows}")
    return root


def test_a_folder_with_a_table_is_not_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there tells whether anything changed; the table need not be gone through again."""
    root = metadata(tmp_path, *(f"{i}.png" for i in range(6)))
    first = load(root)
    monkeypatch.setattr("assay.data.sources.folder.list_tables", None)
    assert load(root) == first
    monkeypatch.undo()
    (root / "metadata.csv").write_text((root / "metadata.csv").read_text().replace("0.png,a", "0.png,b"))
    assert load(root).train.counts(2).tolist() == [2, 4]
    Image.new("L", (6, 6), 255).save(root / "5.png")
    assert load(root).train.images[5].max() == 255


@pytest.mark.parametrize("hidden", [".kept/0.png", "__MACOSX/0.png"])
def test_a_file_that_only_a_table_names_is_watched_too(hidden: str, tmp_path: Path) -> None:
    """Where a walk through the folder would not go."""
    root = metadata(tmp_path, "1.png", "2.png", "3.png", hidden)
    assert load(root).train.images.max() == 60
    Image.new("L", (6, 6), 255).save(root / hidden)
    assert load(root).train.images.max() == 255
    (root / hidden).unlink()
    with pytest.raises(AssayError, match="image-unreadable"):
        load(root)
    assert len(load(root, skip_bad=True).train) == 3
    Image.new("L", (6, 6), 99).save(root / hidden)
    assert load(root, skip_bad=True).train.images.max() == 99

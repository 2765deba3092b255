"""Tables as people have them: read where one rule explains all rows, else refused with the way on."""

import json
import shlex
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.formats.text_table import read_table
from assay.data.inspect import inspect
from assay.data.values import Dataset
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ("cat", "dog", "cow")


def pictures(root: Path, names: list[str]) -> list[str]:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (5, 5), number).save(root / name, "PNG")
    return names


def table(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def counted(found: Dataset) -> dict[str, int]:
    return dict(zip(found.classes, found.train.counts(len(found.classes)).tolist(), strict=True))


PATHS = {
    "ids without folder and ending": (
        "train/{i:04d}.jpg",
        "{i:04d}",
        "they lie in train; .jpg is put behind",
    ),
    "ids without ending": ("{i:04d}.png", "{i:04d}", ".png is put behind"),
    "names without folder": ("a/b/{i}.png", "{i}.png", "they lie in a/b"),
    "backslashes": ("images/x/{i}.png", "images\\x\\{i}.png", "backslashes are slashes"),
    "paths of a Windows machine": (
        "x/{i}.png",
        "C:\\Users\\me\\x\\{i}.png",
        "the first 2 folders are left out",
    ),
    "paths of another machine": ("x/{i}.png", "/home/me/set/x/{i}.png", "the first 3 folders are left out"),
    "one folder too many": ("{i}.png", "set/{i}.png", "the first folder is left out"),
}


@pytest.mark.parametrize("case", PATHS)
def test_one_rule_finds_every_file(case: str, tmp_path: Path) -> None:
    """The rule is applied to all rows, and said."""
    place, cell, words = PATHS[case]
    pictures(tmp_path, [place.format(i=i) for i in range(12)])
    made = table(tmp_path / "t.csv", "id,breed", [f"{cell.format(i=i)},{NAMES[i % 3]}" for i in range(12)])
    for look in (load, inspect):
        assert any(words in note for note in look(made).notes), look(made).notes
    assert counted(load(made)) == {"cat": 4, "cow": 4, "dog": 4}


def test_two_endings_in_one_folder_come_with_a_way_that_tells_them_apart(tmp_path: Path) -> None:
    """It said `--root D/img or --root D/img`."""
    pictures(tmp_path, [f"img/{i}{ending}" for i in range(6) for ending in (".png", ".jpg")])
    with pytest.raises(AssayError, match=r"0 may be img/0\.png or img/0\.jpg.*with their endings") as caught:
        load(table(tmp_path / "t.csv", "id,breed", [f"{i},{NAMES[i % 3]}" for i in range(6)]))
    assert "--root" not in caught.value.fix


def test_where_two_rules_find_every_file_none_is_taken(tmp_path: Path) -> None:
    """a/0.png or b/0.png: which one is meant nobody can tell, and the line names both."""
    pictures(tmp_path, [f"{folder}/{i}.png" for folder in "ab" for i in range(4)])
    made = table(tmp_path / "t.csv", "file,label", [f"{i}.png,{NAMES[i % 2]}" for i in range(4)])
    with pytest.raises(AssayError, match=r"ambiguous-layout.*a/0\.png or b/0\.png.*--root \S+/a or --root"):
        load(made)


@pytest.mark.parametrize("look", [load, inspect])
def test_no_readable_row_is_an_error(look, tmp_path: Path) -> None:
    """Never "0 classes": the line says where paths begin and which options change that."""
    made = table(tmp_path / "t.csv", "file,label", ["x.png,cat", "y.png,dog"])
    with pytest.raises(AssayError, match=r"image-unreadable.*x\.png.*--root.*--path-column"):
        look(made)


def test_images_may_lie_elsewhere(tmp_path: Path) -> None:
    """--root says where; nothing outside of it is read."""
    pictures(tmp_path / "pool", [f"{i}.png" for i in range(6)])
    (tmp_path / "tables").mkdir()
    rows = [f"{i}.png,{NAMES[i % 2]}" for i in range(6)]
    made = table(tmp_path / "tables" / "t.csv", "file,label", rows)
    assert counted(load(made, root=tmp_path / "pool")) == {"cat": 3, "dog": 3}
    out = table(tmp_path / "tables" / "out.csv", "file,label", ["../tables/t.csv,cat"])
    with pytest.raises(AssayError, match="path-outside"):
        load(out, root=tmp_path / "pool")
    with pytest.raises(AssayError, match=r"bad-value.*--root"):
        load(made, root=tmp_path / "none")


MISSING = ["", "nan", "NaN", "N/A", "NA", "None", "null", "<NA>", "?", " "]


@pytest.mark.parametrize("word", [*MISSING, "-1"])
def test_a_missing_label_is_no_class(word: str, tmp_path: Path) -> None:
    """In any spelling: counted and refused, left out on request, a class only where --classes names it."""
    pictures(tmp_path, [f"{i}.png" for i in range(9)])
    known = ("0", "1") if word == "-1" else NAMES
    labels = [word if i == 4 else known[i % 2] for i in range(9)]
    made = table(tmp_path / "t.csv", "file,label", [f"{i}.png,{label}" for i, label in enumerate(labels)])
    with pytest.raises(
        AssayError, match=r"1 of 9 rows have no label, the first is row 5 \(4\.png\).*--skip-unlabelled"
    ) as caught:
        load(made)
    assert (f": it has {word!r}, a word for none." in str(caught.value)) == bool(word.strip())
    found = load(made, skip_unlabelled=True)
    assert counted(found) == {known[0]: 4, known[1]: 4}
    assert [(item.id, item.kind) for item in found.left_out] == [("4.png", "unlabelled")]
    if word.strip() and word != "-1":
        assert counted(load(made, classes=(*known[:2], word)))[word] == 1


def test_a_missing_group_is_no_group(tmp_path: Path) -> None:
    """Blank, nan and N/A do not make one giant group; a note counts them."""
    pictures(tmp_path, [f"{i}.png" for i in range(8)])
    groups = ["p1", "", "nan", "N/A", "p2", "None", "p1", "p2"]
    made = table(
        tmp_path / "t.csv", "file,label,who", [f"{i}.png,{NAMES[i % 2]},{g}" for i, g in enumerate(groups)]
    )
    found = load(made, group_column="who")
    assert list(found.train.columns["group"]) == ["p1", "", "", "", "p2", "", "p1", "p2"]
    assert "4 rows have no who: no group" in found.notes


def test_whole_floats_are_whole_numbers(tmp_path: Path) -> None:
    """What pandas makes of whole numbers beside a missing one."""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    made = table(tmp_path / "t.csv", "file,label", [f"{i}.png,{i % 2}.0" for i in range(6)])
    assert counted(load(made)) == {"0": 3, "1": 3}
    assert counted(load(made, classes=("no", "yes"))) == {"no": 3, "yes": 3}


@pytest.mark.parametrize("ones", ["1", "1.0"])
def test_one_hot_columns(ones: str, tmp_path: Path) -> None:
    """A column of 0 and 1 for each class: the column with the one is the class."""
    pictures(tmp_path, [f"{i}.png" for i in range(9)])
    rows = [",".join([f"{i}.png", *(ones if i % 3 == c else "0" for c in range(3))]) for i in range(9)]
    made = table(tmp_path / "t.csv", "image,MEL,NV,BCC", rows)
    found = load(made)
    assert counted(found) == {"BCC": 3, "MEL": 3, "NV": 3}
    assert any("one-hot" in note for note in found.notes)


SEVERAL = {
    "in one cell": ("image,labels", ["{i}.png,a|b", "{i}.png,b|c", "{i}.png,a", "{i}.png,c", "{i}.png,b"]),
    "with semicolons": (
        "image,labels",
        ["{i}.png,a;b", "{i}.png,b;c", "{i}.png,a", "{i}.png,c", "{i}.png,b"],
    ),
    "as a list": (
        "image;labels",
        ["{i}.png;['a', 'b']", "{i}.png;['b']", "{i}.png;['a']", "{i}.png;['c', 'a']"],
    ),
    "in columns": ("image,left,right", ["{i}.png,1,0", "{i}.png,1,1", "{i}.png,0,1"]),
    "in two rows": ("image,label", ["0.png,a", "{i}.png,b", "0.png,b", "{i}.png,a"]),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several_labels_an_image_are_refused(case: str, tmp_path: Path) -> None:
    """However they are written: fourteen classes out of four names would be wrong in silence."""
    header, rows = SEVERAL[case]
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    made = table(tmp_path / "t.csv", header, [row.format(i=i) for i, row in enumerate(rows)])
    with pytest.raises(AssayError, match="several-labels"):
        load(made)


def test_a_comma_in_a_name_is_no_second_label(tmp_path: Path) -> None:
    """Names of ImageNet's classes hold commas: parts that are no label elsewhere are one name."""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    names = ('"tench, Tinca tinca"', '"goldfish, Carassius auratus"')
    made = table(tmp_path / "t.csv", "file,label", [f"{i}.png,{names[i % 2]}" for i in range(6)])
    assert counted(load(made)) == {"goldfish, Carassius auratus": 3, "tench, Tinca tinca": 3}


def test_nested_cells_are_left_out(tmp_path: Path) -> None:
    """Boxes beside a label are left out, and a note says so; a label that is a list is refused."""
    pictures(tmp_path, [f"{i}.png" for i in range(4)])
    lines = [f'{{"file_name": "{i}.png", "label": "{NAMES[i % 2]}", "bbox": [1, 2]}}' for i in range(4)]
    made = tmp_path / "t.jsonl"
    made.write_text("\n".join(lines))
    found = load(made)
    assert counted(found) == {"cat": 2, "dog": 2}
    assert "left out columns of lists: bbox" in found.notes
    made.write_text('{"file_name": "0.png", "label": ["cat", "dog"]}')
    with pytest.raises(AssayError, match=r"table-unreadable.*line 1 has several values as its label"):
        load(made)


def test_lists_of_one_value_and_objects_under_usual_names(tmp_path: Path) -> None:
    """`"labels": ["cat"]` is cat. An object is columns: the way on was to save the file as UTF-8."""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    made = jsonl(tmp_path / "t.jsonl", [{"image": f"{i}.png", "labels": [NAMES[i % 3]]} for i in range(6)])
    assert counted(load(made)) == {"cat": 2, "cow": 2, "dog": 2}
    jsonl(made, [{"image": f"{i}.png", "labels": [NAMES[i % 3]] * (1 + i % 2)} for i in range(6)])
    with pytest.raises(AssayError, match=r"line 2 has several values as its labels.*one class"):
        load(made)
    records = [
        {"image": {"path": f"{i}.png", "bytes": None}, "label": {"name": NAMES[i % 3], "id": i % 3}}
        for i in range(6)
    ]
    jsonl(made, records)
    with pytest.raises(AssayError, match=r"column-missing.*--path-column.*image\.path"):
        load(made)
    with pytest.raises(AssayError, match=r"column-missing.*--label-column.*label\.name"):
        load(made, path_column="image.path")
    assert counted(load(made, path_column="image.path", label_column="label.name")) == {
        "cat": 2,
        "cow": 2,
        "dog": 2,
    }


def test_empty_columns_of_a_spreadsheet_are_none(tmp_path: Path) -> None:
    """IDRiD's tables end in commas: two columns without a name were two of one name. With values they are."""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    rows = [f"{i}.png,{NAMES[i % 2]},,," for i in range(6)]
    found = load(table(tmp_path / "t.csv", "file,label,,,", rows))
    assert counted(found) == {"cat": 3, "dog": 3}
    assert not {"", " "} & set(found.train.columns)
    made = table(tmp_path / "t.csv", "file,label,,,", [*rows[:5], "5.png,dog,x,y,"])
    with pytest.raises(AssayError, match="two columns have the same name"):
        load(made)
    made = table(tmp_path / "t.csv", "file,label,", [f"{i}.png,{NAMES[i % 2]},x" for i in range(6)])
    assert counted(load(made)) == {"cat": 3, "dog": 3}


def jsonl(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def test_labels_in_objects_of_json_lines_are_columns(tmp_path: Path) -> None:
    """Vertex AI and SageMaker: the label stands in an object, which was left out; no option could name it."""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    splits = ("training", "test")
    made = jsonl(
        tmp_path / "t.jsonl",
        [
            {
                "imageGcsUri": f"gs://b/{i}.png",
                "classificationAnnotation": {"displayName": NAMES[i % 2], "annotationResourceLabels": {}},
                "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": splits[i // 4]},
                "deep": {"a": {"b": {"c": {"d": 1}}}},
                "patient": None if i == 5 else {"id": f"p{i // 2}"},
            }
            for i in range(6)
        ],
    )
    with pytest.raises(AssayError, match=r"Did you mean classificationAnnotation\.displayName"):
        load(made, path_column="imageGcsUri")
    found = load(made, path_column="imageGcsUri", label_column="classificationAnnotation.displayName")
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 4, "test": 2}
    assert found.train.labels.tolist() == [0, 1, 0, 1] and found.classes == ("cat", "dog")
    assert found.splits["test"].columns["patient.id"] == ("p2", "")
    assert "left out columns of lists: deep.a.b.c" in found.notes


@pytest.mark.parametrize(
    ("cells", "left_out"),
    [
        (lambda i: {"more": {f"box{i}": 1}}, "more"),
        (lambda i: {"more": {"a": i} if i else "text"}, "more"),
        (lambda i: {"more": {"a": i}, "more.a": 2}, "more"),
        (lambda i: {"more": [{"a": i}]}, "more"),
        (lambda i: {"more": {"a": [i], "b": 2}}, "more.a"),
    ],
    ids=["many keys", "beside a text", "a name twice", "a list", "a list inside"],
)
def test_objects_of_json_lines_that_are_no_columns(
    cells: Callable[[int], dict[str, object]], left_out: str, tmp_path: Path
) -> None:
    names = [f"{i}.png" for i in range(40)]
    pictures(tmp_path, names)
    made = jsonl(
        tmp_path / "t.jsonl",
        [{"file": name, "label": NAMES[i % 2], **cells(i)} for i, name in enumerate(names)],
    )
    found = load(made)
    assert counted(found) == {"cat": 20, "dog": 20}
    assert f"left out columns of lists: {left_out}" in found.notes
    assert not {left_out, "more.box1"} & set(found.train.columns)


@pytest.mark.parametrize("what", ["list", "keys", "deep"])
def test_what_is_no_cell_of_json_lines_is_not_kept(what: str, tmp_path: Path) -> None:
    """All lines are held at once: 500 of them with a thousand numbers each took 20 MB and more."""
    numbers = [number / 7 for number in range(1000)]
    value = {
        "list": numbers,
        "keys": {f"k{n}": n / 7 for n in range(1000)},
        "deep": {"a": {"b": {"c": {"d": numbers}}}},
    }
    line = {"path": "a.png", "label": "cat", "box": value[what]}
    nested: list[str] = []
    given = jsonl(tmp_path / "t.jsonl", [line] * 500)
    tracemalloc.start()
    columns = read_table(given, nested)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(columns) == ["path", "label"]
    assert nested == [{"deep": "box.a.b.c"}.get(what, "box")]
    assert peak < 6 << 20


def test_numbers_from_one_under_names_are_asked_about(tmp_path: Path) -> None:
    """Labels 1 to 3 under a list of four names: is 1 the first name or the second?"""
    pictures(tmp_path, [f"{i}.png" for i in range(6)])
    made = table(tmp_path / "t.csv", "file,label", [f"{i}.png,{i % 3 + 1}" for i in range(6)])
    for look in (load, inspect):
        with pytest.raises(AssayError, match=r"class-names.*begin at 1: is 1 the first name"):
            look(made, classes=("a", "b", "c", "d"))
    assert counted(load(made, classes=("-", "a", "b", "c"))) == {"a": 2, "b": 2, "c": 2}
    for names in (("big cat", "it's", "c", "d"), ("a, b", "b", "c", "d")):  # the lines work as they stand
        with pytest.raises(AssayError, match="begin at 1") as caught:
            load(made, classes=names)
        if "," in names[0]:
            assert "with a file, --classes FILE" in str(caught.value)
            continue
        _, one, other = str(caught.value).split("--classes ")
        given = [shlex.split(text)[0].removesuffix(".").split(",") for text in (one, other)]
        assert given == [["-", *names], ["-", *names[1:]]]


def test_a_table_of_pixels(tmp_path: Path) -> None:
    """`label,pixel1..pixel64`: the images of the arrays, from a file and from a folder with a test file."""
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8), np.uint8)
    labels = np.arange(9) % 3
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 65))])
    rows = [",".join(map(str, [label, *image.ravel()])) for label, image in zip(labels, images, strict=True)]
    train = table(tmp_path / "digits_train.csv", header, rows)
    expected = load(arrays=(images, labels))
    assert load(train).fingerprint == expected.fingerprint
    assert load(train, classes=NAMES).classes == NAMES
    table(tmp_path / "digits_test.csv", header, rows[:3])
    both = load(tmp_path)
    assert {name: len(split) for name, split in both.splits.items()} == {"train": 9, "test": 3}
    headless = tmp_path / "plain.csv"
    headless.write_text("\n".join(rows))
    assert load(headless).fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("cell", "words"), [("300", "whole number from 0 to 255"), ("x", "no number"), ("1,2", "66 cells")]
)
def test_a_wrong_pixel_is_named_by_its_line(cell: str, words: str, tmp_path: Path) -> None:
    """One bad row among many stops with its line."""
    header = ",".join(["label", *(f"p{i}" for i in range(64))])
    good = ",".join(["1", *["7"] * 64])
    made = table(tmp_path / "t.csv", header, [good, good, ",".join(["1", cell, *["7"] * 63])])
    with pytest.raises(AssayError, match="line 4") as caught:
        load(made)
    assert words in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_text_that_names_its_encoding_is_read_by_it(encoding: str, tmp_path: Path) -> None:
    """Excel's "Unicode text" and "CSV UTF-8": the same set as plain UTF-8."""
    pictures(tmp_path, [f"{i}.png" for i in range(4)])
    text = "file;label\n" + "".join(f"{i}.png;{('Hündin', 'Кот')[i % 2]}\n" for i in range(4))
    plain = tmp_path / "plain.csv"
    plain.write_text(text, "utf-8")
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "told.csv").write_bytes((mark + text).encode(encoding))
    found = load(tmp_path / "told.csv")
    assert found.classes == ("Hündin", "Кот")
    assert found.fingerprint == load(plain).fingerprint


def test_a_text_of_another_encoding_is_refused_with_its_reading(tmp_path: Path) -> None:
    """No label is guessed: the line shows how the text would read, and the command where that is right."""
    path = tmp_path / "my list.csv"
    path.write_bytes("file,label\n0.png,Kater\n1.png,Hündin\n".encode("cp1252"))
    with pytest.raises(AssayError, match=r"line 3 reads '1\.png,Hündin' as Windows-1252") as caught:
        load(path)
    assert "iconv -f WINDOWS-1252 -t UTF-8 'my list.csv' > 'utf8-my list.csv'" in str(caught.value)


def test_utf_16_that_breaks_off_is_refused(tmp_path: Path) -> None:
    """Half a character is left."""
    path = tmp_path / "t.csv"
    path.write_bytes("file,label\n0.png,a\n".encode("utf-16") + b"\xd8")
    with pytest.raises(AssayError, match=r"table-unreadable.*UTF-16"):
        load(path)


@pytest.mark.parametrize("more", [["split"], ["split", "patient"]])
def test_a_table_of_pixels_with_more_columns_is_called_one(more: list[str], tmp_path: Path) -> None:
    """The line asked for a column of paths among 64 of pixels."""
    pixels = [f"pixel{n}" for n in range(64)]
    rows = [",".join([str(i % 2), *more, *map(str, range(64))]) for i in range(6)]
    with pytest.raises(
        AssayError, match=r"column-missing.*a table for each split, train\.csv and test\.csv"
    ) as caught:
        load(table(tmp_path / "t.csv", ",".join(["label", *more, *pixels]), rows))
    assert f"the columns label, {', '.join(more)} besides" in caught.value.fix

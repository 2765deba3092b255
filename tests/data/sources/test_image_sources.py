"""Every form that image files come in gives the same pictures, labels and fingerprint."""

import csv
import io
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.data.preprocessing import fit_preprocessing
from assay.data.storage.store import read
from assay.workflow.load import load
from encoded import png

CLASSES = ("cat", "dog", "eel 10", "eel 2")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ASSAY_CACHE", str(folder))
    return folder


def pictures(count, channels=1, size=(6, 5), seed=0):
    shape = (count, *size) if channels == 1 else (count, *size, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def arrays():
    """12 training and 8 test images of four classes; the reference for all forms."""
    labels = np.arange(12) % 4, np.arange(8) % 4
    return pictures(12), labels[0], pictures(8, seed=1), labels[1]


@pytest.fixture
def expected(arrays):
    return load(arrays=arrays, classes=("cat", "dog", "eel 2", "eel 10"))


def rows_of(arrays):
    names = ("cat", "dog", "eel 2", "eel 10")
    for split, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield split, number, image, names[label]


@pytest.fixture
def folder(arrays, tmp_path):
    root = tmp_path / "photos.v2"
    for split, number, image, label in rows_of(arrays):
        place = root / split / label
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.png").write_bytes(png(image))
    return root


def flat(arrays, root: Path) -> list[dict[str, str]]:
    """All images in one folder, and the rows of a table about them."""
    root.mkdir()
    rows = []
    for split, number, image, label in rows_of(arrays):
        name = f"images/{split}{number}.png"
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(png(image))
        rows.append({"file_name": name, "label": label, "split": split, "patient": str(number // 2)})
    return rows


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def same(found, expected):
    assert found.fingerprints == expected.fingerprints
    assert found.classes == expected.classes
    assert [len(split) for split in found.splits.values()] == [len(s) for s in expected.splits.values()]


def refused(data, code, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(data, **options)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_for_each_class(folder, expected):
    """root/{train,test}/class/*: natural order of classes and files, facts of each image kept."""
    found = load(folder)
    same(found, expected)
    assert (found.name, found.source, found.location) == ("photos.v2", "folder", str(folder))
    assert found.train.ids[:3] == ("train/cat/0.png", "train/cat/4.png", "train/cat/8.png")
    assert found.train.columns["width"].tolist() == [5] * 12
    assert found.train.columns["mode"] == ("L",) * 12
    assert found.train.columns["format"] == ("PNG",) * 12


def test_a_second_read_comes_from_the_cache(folder, cache):
    """Equal in all; a changed, added or removed file makes another entry."""
    first = load(folder)
    entries = set(cache.iterdir())
    assert load(folder) == first
    assert set(cache.iterdir()) == entries
    (folder / "train" / "cat" / "0.png").write_bytes(png(pictures(1, seed=9)[0]))
    changed = load(folder)
    assert changed.fingerprint != first.fingerprint
    (folder / "train" / "cat" / "0.png").unlink()
    assert len(load(folder).train) == 11


@pytest.mark.parametrize(
    "names", [("train", "test"), ("Training", "TESTING"), ("train", "val"), ("dev", "test")]
)
def test_split_folders_by_their_usual_names(folder, names):
    """train, val, valid, validation, dev, test, whatever the case; in the order train, validation, test."""
    for old, new in zip(("train", "test"), names, strict=True):
        (folder / old).rename(folder / new)
    order = {("train", "val"): ["train", "validation"], ("dev", "test"): ["validation", "test"]}
    assert list(load(folder).splits) == order.get(names, ["train", "test"])


def test_a_folder_without_splits(folder):
    """root/class/* is one training split."""
    found = load(folder / "train")
    assert list(found.splits) == ["train"]
    assert found.train.ids[0] == "cat/0.png"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_table_of_paths(arrays, expected, tmp_path, suffix):
    """CSV, TSV and JSON lines, with a column for the split; other columns are kept."""
    rows = flat(arrays, tmp_path / "flat")
    found = load(write_table(tmp_path / "flat" / f"list{suffix}", rows), group_column="patient")
    same(found, expected)
    assert found.train.columns["group"] == tuple(str(n // 2) for n in range(12))
    assert found.train.columns["patient"] == found.train.columns["group"]
    assert found.source == "table"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_metadata_in_the_folder(arrays, expected, tmp_path, suffix):
    """metadata.csv or metadata.jsonl with file_name and label, at the root or in each split's folder."""
    root = tmp_path / "hub"
    rows = flat(arrays, root)
    table = write_table(root / f"metadata{suffix}", rows)
    same(load(root), expected)
    table.unlink()
    for split in ("train", "test"):
        own = [
            {"file_name": f"../{r['file_name']}", "label": r["label"]} for r in rows if r["split"] == split
        ]
        (root / split).mkdir()
        write_table(root / split / f"metadata{suffix}", own)
    same(load(root), expected)


def test_other_column_names(arrays, expected, tmp_path):
    """--path-column, --label-column, --split-column; usual names need none of them."""
    rows = [dict(zip("abcd", row.values(), strict=True)) for row in flat(arrays, tmp_path / "flat")]
    table = write_table(tmp_path / "flat" / "list.csv", rows)
    same(load(table, path_column="a", label_column="b", split_column="c"), expected)
    assert "--path-column" in refused(table, "column-missing")
    assert "--label-column" in refused(table, "column-missing", path_column="a")
    assert "'z'" in refused(table, "column-missing", path_column="a", label_column="z")
    assert "--group-column" in refused(
        table, "column-missing", path_column="a", label_column="b", group_column="p"
    )


def test_a_changed_table_is_read_again(arrays, tmp_path):
    """Labels corrected, or other columns asked for, of the very same images: not what the cache held."""
    rows = flat(arrays, tmp_path / "flat")
    table = write_table(tmp_path / "flat" / "list.csv", rows)
    before = load(table).train.labels
    swap = {"cat": "dog", "dog": "cat"}
    write_table(table, [row | {"label": swap.get(row["label"], row["label"])} for row in rows])
    assert load(table).train.labels.tolist() == [{0: 1, 1: 0}.get(label, label) for label in before.tolist()]
    write_table(table, [row | {"other": "train"} for row in rows])
    assert "test" in load(table).splits
    assert "test" not in load(table, split_column="other").splits


def test_numbers_as_labels_index_the_names(arrays, expected, tmp_path):
    """A table with 0..3 and --classes with four names."""
    rows = flat(arrays, tmp_path / "flat")
    for row in rows:
        row["label"] = str(expected.classes.index(row["label"]))
    table = write_table(tmp_path / "flat" / "list.csv", rows)
    same(load(table, classes=expected.classes), expected)
    assert load(table).classes == ("0", "1", "2", "3")
    refused(table, "class-names", classes=("a", "b"))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (b"", "table-unreadable", "empty"),
        (b"file_name,label\na.png\n", "table-unreadable", "line 2 has 1 cell, the header 2"),
        (b"file_name,file_name\n", "table-unreadable", "same name"),
        (b"file_name,label\n\xff\xfe,a\n", "table-unreadable", "not UTF-8"),
        (b'file_name,label\n"a.png,b\n', "table-unreadable", "line"),
        (b"file_name,label\n" + b"x" * 200_000 + b",a\n", "table-unreadable", "line 2"),
        (b"file_name,label\na.png,\n", "table-value", "the first is row 1 (a.png)"),
        (b"file_name,label\n,cat\n", "table-value", "row 1 has no path"),
        (b"file_name,label,split\na.png,cat,holdout\n", "table-value", "'holdout' is no split"),
        (b"file_name,label\n../a.png,cat\n", "path-outside", "row 1"),
        (b"file_name,label\n/etc/hostname,cat\n", "path-outside", "row 1"),
        (b"file_name,label\nx/../../a.png,cat\n", "path-outside", "row 1"),
        (b"file_name,label\nlink/hostname,cat\n", "path-outside", "row 1"),
        (b"file_name,label\n", "too-few-images", "no images"),
        (b"file_name,label\nmissing.png,cat\n", "image-unreadable", "missing.png"),
    ],
)
def test_wrong_tables(tmp_path, text, code, words):
    """One clear line each, with the row; nothing outside the folder is ever opened."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    (root / "list.csv").write_bytes(text)
    assert words in refused(root / "list.csv", code)


@pytest.mark.parametrize(
    "line",
    [
        b"[1]",
        b'{"file_name": {"a": 1}, "label": "x"}',
        b"{",
        b"nonsense",
        b"[" * 100_000,
        b'"' + b"x" * 200_000,
    ],
)
def test_wrong_json_lines(tmp_path, line):
    """What is no flat JSON object is refused with its line."""
    path = tmp_path / "list.jsonl"
    path.write_bytes(b'{"file_name": "a.png", "label": "cat"}\n' + line + b"\n")
    assert "line 2" in refused(path, "table-unreadable")


def test_missing_files_of_a_table_are_unreadable_images(arrays, tmp_path):
    """They stop a run, and are listed when skipped; a file named twice counts once."""
    rows = flat(arrays, tmp_path / "flat")
    rows += [{**rows[0]}, {**rows[0], "file_name": "images/none.png"}]
    (tmp_path / "flat" / "link.png").symlink_to(tmp_path / "flat" / "images" / "train0.png")
    rows += [{**rows[0], "file_name": "link.png"}]
    table = write_table(tmp_path / "flat" / "list.csv", rows)
    text = refused(table, "image-unreadable")
    assert "2 images cannot be read: images/none.png" in text
    found = load(table, skip_bad=True)
    assert found.train.ids.count("images/train0.png") == 1
    assert [(item.id, item.reason) for item in found.left_out] == [
        ("images/train0.png", "named twice in the table"),
        ("images/none.png", "no such file or directory"),
        ("link.png", "this is a link, not a file"),
    ]


def damage_some(folder: Path) -> list[str]:
    """Damage four images of a folder in four ways; their ids."""
    content = (folder / "train/cat/0.png").read_bytes()
    (folder / "train/cat/0.png").write_bytes(b"")
    (folder / "train/cat/4.png").write_bytes(content[:-20])
    (folder / "test/dog/1.png").write_bytes(content[:60] + b"\xff" + content[61:])
    (folder / "test/dog/5.png").write_bytes(b"GIF89a" + content)
    return ["train/cat/0.png", "train/cat/4.png", "test/dog/1.png", "test/dog/5.png"]


def test_unreadable_images_stop_or_are_listed(folder, expected):
    """Exit 3 with all of them; with skip_bad each stands in `left_out` with split, class and reason."""
    bad = damage_some(folder)
    text = refused(folder, "image-unreadable")
    assert "4 images cannot be read" in text
    assert all(name in text for name in bad)
    found = load(folder, skip_bad=True)
    assert [item.id for item in found.left_out] == bad
    assert {(item.kind, item.split, item.label) for item in found.left_out} == {
        ("unreadable", "train", "cat"),
        ("unreadable", "test", "dog"),
    }
    assert (len(found.train), len(found.splits["test"])) == (10, 6)
    assert found.classes == expected.classes
    assert "4 images are unreadable" in found.notes


def test_many_unreadable_images_are_counted_not_all_named(tmp_path):
    """An error stays one line that can be read."""
    (tmp_path / "set" / "a").mkdir(parents=True)
    for number in range(50):
        (tmp_path / "set" / "a" / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "set" / "a" / "50.png").write_bytes(png(pictures(1)[0]))
    text = refused(tmp_path / "set", "image-unreadable")
    assert "50 images cannot be read" in text
    assert "and 45 more" in text


def test_no_readable_image_at_all(tmp_path):
    """Nothing to go on with, whatever may be skipped."""
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "a" / "0.png").write_bytes(b"")
    assert "no image at all" in refused(tmp_path / "set", "image-unreadable", skip_bad=True)


def test_what_is_no_image_is_ignored_and_listed(folder, expected):
    """Hidden files, other files, links, pipes, sockets, files outside of class folders: named, not read."""
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / "README.md").write_text("hello")
    (folder / "train" / "stray.png").write_bytes(png(pictures(1)[0]))
    (folder / "extra").mkdir()
    (folder / "extra" / "x.png").write_bytes(png(pictures(1)[0]))
    (folder / "train" / "cat" / "Thumbs.db").write_bytes(b"x")
    (folder / "train" / "cat" / "out.png").symlink_to("/etc/hostname")
    (folder / "train" / "cat" / "zero.png").symlink_to("/dev/zero")
    (folder / "train" / "loop").symlink_to(folder)
    os.mkfifo(folder / "train" / "cat" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "s.png"))
        found = load(folder)
    same(found, expected)
    assert {(item.id, item.reason) for item in found.left_out} == {
        (".DS_Store", "hidden"),
        (".git", "hidden"),
        ("README.md", "no image by name or content"),
        ("train/stray.png", "not in the folder of a class"),
        ("extra/x.png", "not in the folder of a class"),
        ("train/cat/Thumbs.db", "made by a system"),
        ("train/cat/out.png", "a link, not a file"),
        ("train/cat/zero.png", "a link, not a file"),
        ("train/loop", "a link, not a file"),
        ("train/cat/pipe.png", "a pipe, not a file"),
        ("s.png", "a socket, not a file"),
    }


@pytest.mark.parametrize("ending", ["~", ".bak", ".BAK", ".orig", ".old"])
def test_backups_beside_their_file_are_left_out_and_listed(ending, folder, expected):
    """`0.png.bak` beside `0.png` counted as one more image; alone it is a file like any other."""
    cats = folder / "train" / "cat"
    name = f"{min(path.name for path in cats.iterdir())}{ending}"
    (cats / name).write_bytes(png(pictures(1, seed=9)[0]))
    found = load(folder)
    same(found, expected)
    assert [(item.id, item.reason) for item in found.left_out] == [
        (f"train/cat/{name}", "a backup of a file beside it")
    ]
    (cats / name).rename(cats / f"another{ending}")
    assert f"train/cat/another{ending}" in load(folder).splits["train"].ids


HOSTILE = [
    "é",
    "e\u0301",
    "A",
    "a",
    "a\nb",
    "\u202eabc",
    b"\xff\xfe".decode("utf-8", "surrogateescape"),
    "x" * 255,
    "é" * 127,
]
HOSTILE += ["<script>alert(1)</script>", '"><img onerror=alert(1)>', "{{7*7}}", "=1+1"]


def test_hostile_names_are_names(tmp_path, cache):
    """NFC and NFD, case, line ends, overrides, bytes that are no UTF-8, markup: classes like any other."""
    hostile = [name.replace("/", "\u2215") for name in HOSTILE]
    for number, name in enumerate(hostile):
        (tmp_path / "set" / name).mkdir(parents=True)
        file = os.fsdecode(os.fsencode(name)[:250].decode("utf-8", "ignore") or name) + ".png"
        (tmp_path / "set" / name / file).write_bytes(png(pictures(1, seed=number)[0]))
    found = load(tmp_path / "set")
    assert set(found.classes) == {name.encode("utf-8", "backslashreplace").decode() for name in hostile}
    assert load(tmp_path / "set") == found
    assert found.train.labels.tolist() == sorted(found.train.labels.tolist())
    assert read(next(cache.glob("images-*"))) is not None


def test_empty_classes_keep_their_place(folder):
    """A folder without images is a class without images."""
    (folder / "train" / "ant").mkdir()
    found = load(folder)
    assert found.classes[0] == "ant"
    assert found.train.counts(5).tolist() == [0, 3, 3, 3, 3]


@pytest.mark.parametrize("empty", ["", "a", "train/a"])
def test_folders_without_images(tmp_path, empty):
    """Nothing to read is told, with the layouts that are."""
    (tmp_path / "set" / empty).mkdir(parents=True)
    assert "CLASS/IMAGE" in refused(tmp_path / "set", "too-few-images")


def set_of_sizes(root, sizes):
    (root / "a").mkdir(parents=True)
    for number, size in enumerate(sizes):
        (root / "a" / f"{number:02}.png").write_bytes(png(np.full((*size, 3), 200, np.uint8)))
    return root


def told(found, word):
    return [note for note in found.notes if word in note]


def test_no_frame_is_put_around_photographs(tmp_path):
    """Landscape and portrait, unasked: the middle of each, no pixel of a black frame, and it is said."""
    found = load(set_of_sizes(tmp_path / "set", [(40, 60), (60, 40), (50, 50)] * 4))
    assert found.shape == (49, 49, 3)
    assert next(found.train.blocks()).min() == 200
    assert found.train.resize == "crop"
    (note,) = told(found, "cut off")
    assert note.startswith(
        "of 8 images the sides were cut off (33 % in the mean, 33 % at most); --resize fit"
    )
    framed = load(tmp_path / "set", resize="fit")
    assert next(framed.train.blocks()).min() == 0
    assert framed.train.resize == "fit"
    (note,) = told(framed, "black frame")
    assert note.startswith("8 images stand in a black frame (33 % in the mean")
    assert not told(load(tmp_path / "set", resize="stretch"), "frame")


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [
        ([(20, 100), (20, 90), (22, 100)], "fit"),  # lines of text
        ([(100, 20), (90, 20)], "fit"),
        ([(90, 160), (160, 90)], "crop"),  # 16 to 9
        ([(50, 50)] * 9 + [(10, 100)], "crop"),  # one strip among squares: said, with its size
        ([(1, 4000), (60, 60)], "fit"),
    ],
)
@pytest.mark.parametrize("size", [None, 32])
def test_pictures_that_would_lose_half_are_not_cropped(tmp_path, sizes, rule, size):
    """Unasked; whatever was asked for is done. The rule does not hang on whether a size was asked for."""
    root = set_of_sizes(tmp_path / "set", sizes)
    assert load(root, size=size).train.resize == rule
    for asked in ("fit", "crop", "stretch"):
        assert load(root, size=size, resize=asked).train.resize == asked


def test_pictures_made_smaller_are_told(tmp_path):
    """With the size that keeps them; of those that were not, nothing is said."""
    found = load(set_of_sizes(tmp_path / "set", [(300, 300), (290, 310), (20, 20)]))
    assert found.shape == (64, 64, 3)
    (note,) = told(found, "made smaller")
    assert note.startswith("2 of 3 images were made smaller, from 300 pixels a side in the median to 64 x 64")
    assert "--size 224 keeps more" in note
    assert not told(load(tmp_path / "set", size=300), "made smaller")
    same = load(set_of_sizes(tmp_path / "same", [(70, 70)] * 3))
    assert not told(same, "made smaller")
    assert not told(same, "cut off")
    assert told(load(tmp_path / "same", size=32), "made smaller")[0].endswith(
        "--size 70 keeps more of them, at a cost"
    )
    (vast,) = told(load(tmp_path / "set", size=250), "made smaller")
    assert "--size" not in vast  # larger than is proposed already


def test_sizes_and_colors_that_differ(tmp_path):
    """Default: the median side up to 64, fitted; color when any is colored. All can be chosen."""
    root = tmp_path / "mixed"
    (root / "a").mkdir(parents=True)
    sizes = [(10, 20), (30, 30), (40, 90)]
    for number, size in enumerate(sizes):
        (root / "a" / f"{number}.png").write_bytes(png(pictures(1, 3 if number else 1, size)[0]))
    found = load(root)
    assert found.shape == (30, 30, 3)
    assert found.train.columns["width"].tolist() == [20, 30, 90]
    assert found.train.columns["height"].tolist() == [10, 30, 40]
    assert load(root, size=16).shape == (16, 16, 3)
    cropped = load(root, size="8x12", resize="crop")
    assert cropped.shape == (8, 12, 3)
    assert fit_preprocessing("minmax", cropped.train, np.arange(3)).resize == "crop"
    assert load(root, size="8x12", resize="crop") == cropped
    big = tmp_path / "big"
    (big / "a").mkdir(parents=True)
    for number, size in enumerate([(100, 100), (90, 200)]):
        (big / "a" / f"{number}.png").write_bytes(png(pictures(1, 1, size)[0]))
    assert load(big).shape == (64, 64, 1)


@pytest.mark.parametrize("size", ["0", "x", "12x", "1x2x3", "99999", "-5", "1.5", ""])
def test_sizes_that_are_none(folder, size):
    """Checked before any work."""
    refused(folder, "bad-value", size=size)


def test_a_wrong_name_does_not_matter_but_content_does(folder, expected):
    """A JPEG named .png is read; a page named .jpg is unreadable."""
    path = folder / "train" / "cat" / "0.png"
    out = io.BytesIO()
    Image.open(path).save(out, "JPEG")
    path.write_bytes(out.getvalue())
    found = load(folder)
    assert found.train.columns["format"][0] == "JPEG"
    assert "1 image: JPEG named .png" in found.notes
    path.write_bytes(b"<html>")
    assert "a page of HTML" in refused(folder, "image-unreadable")
    path.write_bytes(b"<?xml?>")
    assert "SVG or XML" in refused(folder, "image-unreadable")


def test_names_that_say_another_format_are_counted(tmp_path):
    """By the endings of paths, in any case; names that are right, and contents without a name, tell none."""
    root = tmp_path / "named"
    (root / "a").mkdir(parents=True)
    names = {"JPEG": "1.png 2.PNG 3.jpg 4.JPEG 5.jfif 6.bmp", "PNG": "7.png 8.gif", "BMP": "9.dib"}
    for kind, endings in names.items():
        for name in endings.split():
            Image.fromarray(pictures(1)[0]).save(root / "a" / name, kind)
    found = [note for note in load(root).notes if " named " in note]
    assert found == ["1 image: JPEG named .bmp", "2 images: JPEG named .png", "1 image: PNG named .gif"]
    (root / "list.csv").write_text("path,label\na/1.png,x\na/3.jpg,x\n")
    assert "1 image: JPEG named .png" in load(root / "list.csv").notes
    (root / "list.csv").unlink()
    for name in ("1.png", "2.PNG", "6.bmp", "8.gif"):
        (root / "a" / name).unlink()
    assert not any(" named " in note for note in load(root).notes)


def test_gray_and_palette_and_alpha_in_one_set(tmp_path):
    """The conversions are counted in the notes."""
    root = tmp_path / "modes"
    (root / "a").mkdir(parents=True)
    Image.new("RGBA", (4, 4)).save(root / "a" / "0.png")
    Image.new("L", (4, 4)).save(root / "a" / "1.png")
    Image.new("1", (4, 4)).save(root / "a" / "2.png")
    notes = load(root).notes
    assert "1 image: RGBA to RGB" in notes
    assert "1 image: 1 to L" in notes


def test_a_test_split_is_taken_where_there_is_none(arrays, tmp_path):
    """Stratified, by a seed, no group on both sides, recorded; a given split is kept."""
    rows = [{k: v for k, v in row.items() if k != "split"} for row in flat(arrays, tmp_path / "flat")]
    table = write_table(tmp_path / "flat" / "list.csv", rows)
    assert list(load(table).splits) == ["train"]
    found = load(table, test_fraction=0.25, seed=3)
    assert found.splits["test"].counts(4).tolist() == [1, 1, 1, 1]
    assert "test: 0.25 of train, drawn by seed 3, stratified" in found.notes[-1]
    assert load(table, test_fraction=0.25, seed=3) == found
    grouped = load(table, test_fraction=0.4, group_column="patient")
    groups = [set(split.columns["group"]) for split in grouped.splits.values()]
    assert groups[1]
    assert not groups[0] & groups[1]
    in_memory = load(arrays=arrays[:2], test_fraction=0.25)
    assert [len(split) for split in in_memory.splits.values()] == [8, 4]
    given = load(arrays=arrays, test_fraction=0.5)
    assert [len(split) for split in given.splits.values()] == [12, 8]


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2, float("nan")])
def test_wrong_test_fractions(arrays, fraction):
    """A share lies between 0 and 1."""
    with pytest.raises(AssayError) as caught:
        load(arrays=arrays[:2], test_fraction=fraction)
    assert caught.value.code == "bad-value"


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_folder_that_changes_while_it_is_read(folder, cache, change):
    """An integrity error; nothing half old, half new is kept (case 35)."""

    def change_once(event):
        path = folder / "train" / "cat" / "0.png"
        if event.event == "progress" and event.figures["done"] < 20:
            if change == "remove":
                path.unlink(missing_ok=True)
            else:
                (path if change == "edit" else path.with_name("new.png")).write_bytes(
                    png(pictures(1, seed=5)[0])
                )

    with pytest.raises(AssayError) as caught:
        load(folder, on_event=change_once)
    assert (caught.value.code, caught.value.exit_code) == ("data-changed", 4)
    assert list(cache.iterdir()) == []
    assert len(load(folder).splits["test"]) == 8


def test_groups_on_both_sides_of_given_splits_are_told(arrays, tmp_path):
    """The splits stay as they are given; the leak is in the notes."""
    rows = flat(arrays, tmp_path / "flat")
    found = load(write_table(tmp_path / "flat" / "list.csv", rows), group_column="patient")
    assert "4 groups lie in both train and test" in found.notes

"""Links, metadata beside folders, names in capitals, and Parquet files as people have them."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from assay.cli.main import exit_code
from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.values import Dataset
from assay.workflow.load import load

pytestmark = pytest.mark.usefixtures("own_cache")


def picture(path: Path, value: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (5, 5), value).save(path, "PNG")
    return path


def counted(found: Dataset) -> dict[str, int]:
    return dict(zip(found.classes, found.train.counts(len(found.classes)).tolist(), strict=True))


def linked(root: Path) -> Path:
    """Two classes with a picture each, and links: to a pool below, to the outside, in a circle."""
    outside = picture(root.parent / "outside.png", 99)
    for number, name in enumerate(("cat", "dog")):
        picture(root / "classes" / name / "own.png", number)
        pooled = picture(root / "classes" / name / ".pool" / f"{name}.png", 10 + number)
        (root / "classes" / name / "link.png").symlink_to(pooled)
        (root / "classes" / name / "out.png").symlink_to(outside)
        (root / "classes" / name / "up").symlink_to(root / "classes")
    return root


@pytest.mark.parametrize(
    ("name", "content", "way"),
    [
        ("a.dcm", bytes(128) + b"DICM", "dcmj2pnm"),
        ("a.jxl", b"\xff\x0a" + bytes(40), "djxl"),
        ("a.nef", b"MM\0*" + bytes(40), "darktable-cli"),
        ("a.cr3", b"\0\0\0\x18ftypcrx " + bytes(40), "darktable-cli"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(40), "heif-convert"),
        ("a.avif", b"\0\0\0\x18ftypavif" + bytes(40), "avifdec"),
        ("a.gif", b"GIF89a" + bytes(40), "magick"),
        ("a.pgm", b"P5 92 112 255 " + bytes(40), "magick"),
        ("a.ppm", b"P3\n1 1 255\n9 9 9\n", "magick"),
        ("no_ending", b"P6\r1 1 255 " + bytes(3), "magick"),
        ("a.tga", bytes((0, 0, 2)) + bytes(40), "magick"),
    ],
)
def test_inspect_ends_with_the_way_to_convert(
    name: str, content: bytes, way: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Formats that are known and not read are named, counted, and not a dead end."""
    for folder in "ab":
        picture(tmp_path / folder / "0.png", 9)
    (tmp_path / "a" / name).write_bytes(content)
    assert exit_code(["inspect", str(tmp_path)]) == 0
    out = capfd.readouterr().out
    assert f"Next: {way}" in out
    assert "OUTPUT.png  (1 file)" in out
    with pytest.raises(AssayError, match=way):
        load(tmp_path)


@pytest.mark.parametrize("name", ["emnist-letters", "emnist-digits"])
@pytest.mark.parametrize("form", ["idx", "csv"])
def test_emnist_is_told_to_be_transposed(name: str, form: str, tmp_path: Path) -> None:
    """By the names of its files; other sets of the same form are not."""
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
    labels = np.array([1, 2, 3] * 2, np.uint8)
    for lead in (name, "kmnist"):
        folder = tmp_path / lead
        folder.mkdir()
        if form == "idx":
            head = struct.pack(">IIII", 0x803, 6, 28, 28), struct.pack(">II", 0x801, 6)
            (folder / f"{lead}-train-images-idx3-ubyte").write_bytes(head[0] + images.tobytes())
            (folder / f"{lead}-train-labels-idx1-ubyte").write_bytes(head[1] + labels.tobytes())
        else:
            rows = np.column_stack([labels, images.reshape(6, -1)])
            np.savetxt(folder / f"{lead}-train.csv", rows, "%d", ",")
        found = load(folder)
        assert found.classes == ("1", "2", "3")
        assert any("transposed" in note for note in found.notes) == (lead == name)


def test_floats_are_pixels_where_the_command_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From 0 to 1; another range is none that is read."""
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 5), np.uint8)
    np.savez(tmp_path / "set.npz", images=images / 255, labels=np.arange(6) % 2)
    assert exit_code(["inspect", str(tmp_path / "set.npz")]) == 3
    assert "--floats 0-1" in capfd.readouterr().err
    assert exit_code(["inspect", str(tmp_path / "set.npz"), "--floats", "0-1"]) == 0
    assert "--floats 0-1" in capfd.readouterr().out  # in the command to go on with
    assert (
        load(tmp_path / "set.npz", floats="0-1").fingerprint == load((images, np.arange(6) % 2)).fingerprint
    )
    assert exit_code(["inspect", str(tmp_path / "set.npz"), "--floats=-1-1"]) == 2


def test_links_are_not_followed_and_counted(tmp_path: Path) -> None:
    """A note says how many there are, and how to have them read."""
    root = linked(tmp_path / "set")
    for look in (load, inspect):
        assert any("6 links were not followed (--follow-links" in note for note in look(root).notes)
    assert counted(load(root)) == {"cat": 1, "dog": 1}


def test_links_below_the_folder_are_followed_on_request(tmp_path: Path) -> None:
    """Those that stay below it; never outside, and no circle is walked."""
    root = linked(tmp_path / "set")
    found = load(root, follow_links=True)
    assert counted(found) == {"cat": 2, "dog": 2}
    assert sum(item.reason.startswith("a link") for item in found.left_out) == 4


def test_links_out_of_the_folder_are_read_where_root_says_so(tmp_path: Path) -> None:
    """Splits of links into one pool beside them: each refusal ends with what to type next."""
    for split, name in (("train", "cat"), ("train", "dog"), ("test", "cat"), ("test", "dog")):
        folder = tmp_path / "set" / split / name
        folder.mkdir(parents=True)
        for number in range(3):
            pooled = picture(tmp_path / "pool" / f"{split}{name}{number}.png", len(split + name) + number)
            (folder / f"{number}.png").symlink_to(pooled)
    hint = f"--follow-links --root {tmp_path}"
    with pytest.raises(AssayError, match=r"12 links were not followed") as caught:
        load(tmp_path / "set")
    assert hint in str(caught.value)
    with pytest.raises(AssayError, match=rf"12 links lead out of set \(--root {tmp_path} reads"):
        load(tmp_path / "set", follow_links=True)
    found = load(tmp_path / "set", follow_links=True, root=tmp_path)
    assert {name: len(split) for name, split in found.splits.items()} == {"train": 6, "test": 6}
    with pytest.raises(AssayError, match="option-not-used"):
        load(tmp_path / "set", root=tmp_path)


def test_links_that_cannot_be_followed_say_why(tmp_path: Path) -> None:
    """Dead ones, those up the tree, and a folder that another link led to."""
    for name in ("cat", "dog"):
        picture(tmp_path / "set" / name / "0.png", len(name) + ord(name[0]))
    (tmp_path / "set" / "cat" / "dead.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "set" / "cat" / "up").symlink_to(tmp_path / "set")
    found = load(tmp_path / "set", follow_links=True)
    reasons = {item.id: item.reason for item in found.left_out}
    up, dead = "a link to a folder above it", "a link that leads nowhere"
    assert reasons == {"cat/dead.png": dead, "cat/up": up}
    assert not any("--root" in note for note in found.notes)  # from no place on is it no circle
    assert any("1 link leads nowhere" in note for note in found.notes)
    notes = load(tmp_path / "set").notes  # no option reads what is not there
    assert any("1 link leads nowhere: what is behind is missing, cat/dead.png the first" in n for n in notes)
    assert any("1 link was not followed (--follow-links reads" in note for note in notes)


@pytest.mark.parametrize("options", [{}, {"follow_links": True}])
def test_links_that_lead_to_themselves_are_named(options: dict[str, bool], tmp_path: Path) -> None:
    """`self -> self`, and two that lead to each other: the whole folder was refused, "too many levels"."""
    for name in ("cat", "dog"):
        picture(tmp_path / name / "0.png", len(name) + ord(name[0]))
    for link, target in (("self", "self"), ("cat/one.png", "two.png"), ("cat/two.png", "one.png")):
        (tmp_path / link).symlink_to(target)
    found = load(tmp_path, **options)
    assert len(found.train) == 2
    dead = {item.id for item in found.left_out if item.reason == "a link that leads nowhere"}
    assert dead == {"self", "cat/one.png", "cat/two.png"}


def test_a_table_of_labels_beside_one_folder_of_images_is_asked_about(tmp_path: Path) -> None:
    """`images/` beside `labels.csv` is no set of one class; a table without labels does not matter."""
    for number in range(6):
        picture(tmp_path / "set" / "i" / f"{number}.png", number)
    (tmp_path / "set" / "notes.csv").write_text("file_name,camera\n0.png,x\n")
    assert load(tmp_path / "set").classes == ("i",)
    rows = "".join(f"i/{number}.png,{'ab'[number % 2]}\n" for number in range(6))
    (tmp_path / "set" / "labels.csv").write_text("path,label\n" + rows)
    with pytest.raises(AssayError, match=r"ambiguous-layout.*one class, i; .*Give the table, \S+labels\.csv"):
        load(tmp_path / "set")
    assert load(tmp_path / "set", layout="classes").classes == ("i",)
    assert load(tmp_path / "set" / "labels.csv").classes == ("a", "b")


def test_tables_that_folders_of_classes_make_needless_are_named(tmp_path: Path) -> None:
    """The folders win, and a note says what was not read."""
    for name in ("cat", "dog"):
        picture(tmp_path / "set" / name / "0.png", len(name) + ord(name[0]))
    (tmp_path / "set" / "labels.csv").write_text("path,label\ncat/0.png,dog\n")
    notes = load(tmp_path / "set").notes
    assert any("tables beside them were not read: labels.csv" in note for note in notes)


def test_no_image_but_links_says_so(tmp_path: Path) -> None:
    """A folder of nothing but links: the error names them, and the option."""
    pooled = picture(tmp_path / "set" / ".pool" / "a.png", 1)
    (tmp_path / "set" / "cat").mkdir()
    (tmp_path / "set" / "cat" / "a.png").symlink_to(pooled)
    with pytest.raises(AssayError, match=r"too-few-images.*1 link was not followed \(--follow-links"):
        load(tmp_path / "set")


def test_a_table_beside_loose_images_is_named(tmp_path: Path) -> None:
    """Who gives the folder instead of the table is told of the table."""
    picture(tmp_path / "train" / "0.png", 1)
    (tmp_path / "labels.csv").write_text("id,breed\n0,pug\n")
    with pytest.raises(AssayError, match=r"there is a table, labels\.csv: give its path"):
        load(tmp_path)


def test_metadata_without_labels_beside_classes(tmp_path: Path) -> None:
    """The folders give the labels, the table the columns; an image that it does not name has empty cells."""
    for number in range(6):
        picture(tmp_path / ("cat", "dog")[number % 2] / f"{number}.png", number)
    rows = [
        f"{('cat', 'dog')[i % 2]}/{i}.png,{'AB'[i // 3]},{'nan' if i == 2 else f'p{i // 2}'}"
        for i in range(5)
    ]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,camera,patient", *rows]))
    found = load(tmp_path, group_column="patient")
    assert counted(found) == {"cat": 3, "dog": 3}
    seen = dict(zip(found.train.ids, found.train.columns["camera"], strict=True))
    assert seen["cat/0.png"] == "A" and seen["dog/3.png"] == "B" and seen["dog/5.png"] == ""
    groups = dict(zip(found.train.ids, found.train.columns["group"], strict=True))
    assert (groups["cat/0.png"], groups["dog/1.png"], groups["cat/2.png"]) == ("p0", "p0", "")
    assert any("a table without labels tells more of 5 images" in note for note in found.notes)


@pytest.mark.parametrize("name", ["SET.NPZ", "SET.CSV", "SET.PARQUET", "Set.Zip"])
def test_names_in_capitals(name: str, tmp_path: Path) -> None:
    """An ending counts in any case."""
    made = {"arrays": None}
    import zipfile

    path = tmp_path / name
    for number in range(4):
        picture(tmp_path / f"{number}.png", number)
    if name == "SET.NPZ":
        np.savez(tmp_path / "x.npz", images=np.zeros((4, 5, 5), np.uint8), labels=np.arange(4) % 2)
        (tmp_path / "x.npz").rename(path)
    elif name == "SET.CSV":
        path.write_text("FILE,LABEL\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(4)))
    elif name == "SET.PARQUET":
        pq.write_table(_pictures(tmp_path, [0, 1, 0, 1]), path)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for i in range(4):
                archive.write(tmp_path / f"{i}.png", f"{'ab'[i % 2]}/{i}.png")
    assert made
    assert sum(counted(load(path)).values()) == 4


def _pictures(root: Path, labels: list[object]) -> pa.Table:
    content = [picture(root / f"p{i}.png", i).read_bytes() for i in range(len(labels))]
    return pa.table({"image": content, "label": labels})


def test_parquet_labels_that_are_whole_floats(tmp_path: Path) -> None:
    """0.0 is 0."""
    pq.write_table(_pictures(tmp_path, [0.0, 1.0, 0.0, 2.0]), tmp_path / "t.parquet")
    assert counted(load(tmp_path / "t.parquet")) == {"0": 2, "1": 1, "2": 1}


def test_parquet_with_several_labels_is_refused(tmp_path: Path) -> None:
    """A list of labels is not a class called "[0, 1]"."""
    pq.write_table(_pictures(tmp_path, [[0], [0, 1], [1], [1]]), tmp_path / "t.parquet")
    with pytest.raises(AssayError, match="several-labels"):
        load(tmp_path / "t.parquet")


def test_parquet_labels_of_bytes_are_told_as_such(tmp_path: Path) -> None:
    """They are one value an image: the way on is a cast, not another set."""
    pq.write_table(_pictures(tmp_path, [b"a", b"b", b"a", b"b"]), tmp_path / "t.parquet")
    with pytest.raises(AssayError, match=r"table-value.*'label' holds bytes, not text.*cast"):
        load(tmp_path / "t.parquet")


def test_an_unlabelled_split_of_a_hub_is_set_aside(tmp_path: Path) -> None:
    """Labels of -1 throughout the test file: no labels, so nothing is scored; the rest is read."""
    data = tmp_path / "data"
    data.mkdir()
    pq.write_table(_pictures(tmp_path, [0, 1, 0, 1]), data / "train-00000-of-00001.parquet")
    pq.write_table(_pictures(tmp_path, [-1, -1, -1]), data / "test-00000-of-00001.parquet")
    found = load(tmp_path)
    assert list(found.splits) == ["train"]
    assert any("3 images of test without a label are left out" in note for note in found.notes)
    assert sum(item.kind == "unlabelled" for item in found.left_out) == 3


@pytest.mark.parametrize("missing", [None, -1])
def test_a_row_without_a_label_is_refused_or_left_out(missing: object, tmp_path: Path) -> None:
    """Among rows that have one."""
    pq.write_table(_pictures(tmp_path, [0, missing, 0, 1]), tmp_path / "t.parquet")
    with pytest.raises(AssayError, match=r"table-value.*1 of 4 rows have no label, the first is row 1"):
        load(tmp_path / "t.parquet")
    found = load(tmp_path / "t.parquet", skip_unlabelled=True)
    assert counted(found) == {"0": 2, "1": 1}
    assert [int(block.max()) for block in found.train.blocks(size=1)] == [0, 2, 3]


def test_parquet_of_paths(tmp_path: Path) -> None:
    """Paths to pictures beside it, as a text table has them."""
    for number in range(4):
        picture(tmp_path / f"{number}.png", number)
    pq.write_table(
        pa.table({"path": [f"{i}.png" for i in range(4)], "label": ["a", "b"] * 2}), tmp_path / "t.parquet"
    )
    assert counted(load(tmp_path / "t.parquet")) == {"a": 2, "b": 2}


def test_parquet_without_pictures_says_what_there_is(tmp_path: Path) -> None:
    """Never "There are: " and nothing."""
    pq.write_table(pa.table({"words": [["a"], ["b"]], "label": [0, 1]}), tmp_path / "t.parquet")
    with pytest.raises(AssayError, match=r"column-missing.*there are words \(list.*label \(int64\)"):
        load(tmp_path / "t.parquet")


def test_equal_texts_take_memory_once(tmp_path: Path) -> None:
    """A small file may hold one long text in every row: it is refused by its length."""
    count = 4
    table = _pictures(tmp_path, [0, 1] * 2).append_column("note", [["x" * 100_000] * count])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(AssayError, match=r"parquet-unreadable.*note holds texts of more than"):
        load(tmp_path / "t.parquet")


def test_where_nothing_can_be_read_inspect_stops(tmp_path: Path) -> None:
    """As loading does; where one picture can be read the others are reported."""
    for number in range(4):
        path = tmp_path / "cat" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"raw data of a camera")
    for look in (inspect, load):
        with pytest.raises(AssayError, match="no image at all can be read"):
            look(tmp_path)
    picture(tmp_path / "dog" / "0.png", 9)
    found = inspect(tmp_path)
    assert [item.kind for item in found.left_out] == ["unreadable"] * 4


def test_inspect_tells_of_groups_on_both_sides(tmp_path: Path) -> None:
    """Before any pixel is read in full, as loading tells it."""
    rows = ["file,label,split,patient"]
    for number in range(8):
        picture(tmp_path / f"{number}.png", 20 * number)
        split = "train" if number < 4 else "test"
        rows.append(f"{number}.png,{'ab'[number % 2]},{split},p{number % 3}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    for look in (inspect, load):
        notes = look(tmp_path / "list.csv", group_column="patient").notes
        assert "3 groups lie in both train and test" in notes

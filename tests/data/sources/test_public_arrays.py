"""Well-known sets of arrays and pixels as people have them on disk."""

import gzip
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import Inspection, inspect
from assay.workflow.load import load
from encoded import png

SIDE = 8
RANDOM = np.random.default_rng(0)


def squares(count: int) -> np.ndarray:
    return RANDOM.integers(0, 255, (count, SIDE, SIDE), np.uint8)


def rows(count: int, line: Callable[[int, str], str], sign: str = ",") -> list[str]:
    """Lines of a table: `line` makes one of a number and of its pixels."""
    return [line(n, sign.join(map(str, image.ravel()))) for n, image in enumerate(squares(count))]


def table(path: Path, header: str, lines: list[str]) -> Path:
    path.write_text("\n".join([header, *lines] if header else lines) + "\n")
    return path


PIXELS = ",".join(f"pixel{number}" for number in range(SIDE * SIDE))


def notes(found: Inspection) -> str:
    return "\n".join(found.notes)


@pytest.mark.parametrize("header", ["emotion,pixels,Usage", "label, pixels, Usage"])
def test_pixels_in_one_cell_are_read_with_their_splits(header: str, tmp_path: Path) -> None:
    """As FER2013 has them."""
    usage = ("Training", "Training", "PublicTest")
    lines = rows(24, lambda n, pixels: f"{n % 4},{pixels},{usage[n // 4 % 3]}", " ")
    found = inspect(table(tmp_path / "fer.csv", header, lines))
    assert (found.splits, found.classes, found.shape) == (
        {"train": 16, "test": 8},
        ("0", "1", "2", "3"),
        (8, 8, 1),
    )
    assert "the column Usage was read as the splits" in notes(found)
    data = load(tmp_path / "fer.csv", split_names="train=Training,test=PublicTest")
    first = np.array(lines[0].split(",")[1].split(), np.uint8).reshape(SIDE, SIDE, 1)
    np.testing.assert_array_equal(data.train.images[0], first)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1 2", "row 2 has 2 pixels, the first 64"),
        ("300 " * 64, "row 2: a pixel"),
        ("x " * 64, "row 2: a pixel"),
    ],
)
def test_a_wrong_cell_of_pixels_is_named_by_its_row(cell: str, words: str, tmp_path: Path) -> None:
    lines = [*rows(1, lambda n, pixels: f"{n},{pixels}", " "), f"1,{cell}"]
    with pytest.raises(AssayError, match=words):
        inspect(table(tmp_path / "t.csv", "label,pixels", lines))


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "id"])
def test_a_column_that_numbers_the_rows_is_no_pixel(name: str, tmp_path: Path) -> None:
    """As pandas writes it."""
    lines = rows(12, lambda n, pixels: f"{100 + n},{n % 3},{pixels}")
    found = inspect(table(tmp_path / "t.csv", f"{name},label,{PIXELS}", lines))
    assert (found.classes, found.shape) == (("0", "1", "2"), (8, 8, 1))
    assert "the first column of t.csv numbers the rows: left out" in notes(found)
    data = load(tmp_path / "t.csv")
    assert data.train.images[0].ravel().tolist() == [int(cell) for cell in lines[0].split(",")[2:]]


def test_labels_of_pixels_may_be_words(tmp_path: Path) -> None:
    """All of them: one word among numbers is wrong."""
    lines = rows(12, lambda n, pixels: f"{'abc'[n % 3]},{pixels}")
    assert inspect(table(tmp_path / "t.csv", f"label,{PIXELS}", lines)).classes == ("a", "b", "c")
    lines[0] = lines[0].replace("a", "0", 1)
    with pytest.raises(AssayError, match="is no whole number"):
        inspect(table(tmp_path / "t.csv", f"label,{PIXELS}", lines))


def test_blank_rows_of_a_table_of_pixels_are_blank_lines(tmp_path: Path) -> None:
    """As in other tables: spreadsheets write rows of commas alone."""
    lines = rows(12, lambda n, pixels: f"{n % 3},{pixels}")
    lines[5:5] = ["," * PIXELS.count(",") + ","]
    found = inspect(table(tmp_path / "t.csv", f"label,{PIXELS}", [*lines, "," * 9]))
    assert found.per_class["train"] == (4, 4, 4)


@pytest.mark.parametrize("constant", [False, True])
def test_a_label_at_the_end_of_a_table_without_header_is_asked_about(constant: bool, tmp_path: Path) -> None:
    """The first pixel is no label; the way shown puts the label there. A label that is first stays silent."""
    lines = rows(
        24, lambda n, pixels: f"{'0' if constant else n * 7 % 251},{pixels.partition(',')[2]},{n % 4}"
    )
    with pytest.raises(AssayError, match="its last column looks like the label") as caught:
        inspect(table(tmp_path / "my table.csv", "", lines))
    command = re.search("awk .*", caught.value.fix)
    assert command is not None
    for line in ("\n", "\r\n"):  # typed as it stands, also where Windows ends the lines
        (tmp_path / "my table.csv").write_bytes(line.join([*lines, ""]).encode())
        subprocess.run(["sh", "-c", command[0].rstrip(".")], cwd=tmp_path, check=True)
        assert inspect(tmp_path / "label-first-my table.csv").classes == ("0", "1", "2", "3")
    moved = [f"{line.rpartition(',')[2]},{line.rpartition(',')[0]}" for line in lines]
    assert inspect(table(tmp_path / "t.csv", "", moved)).classes == ("0", "1", "2", "3")
    binary = [f"{line.rpartition(',')[0]},{n % 2}" for n, line in enumerate(moved)]
    assert len(inspect(table(tmp_path / "t.csv", "", binary)).classes) == 4


def idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def mnist(root: Path, name: Callable[[str], str]) -> None:
    for split, count in (("train", 20), ("t10k", 10)):
        idx(root / name(f"{split}-images-idx3-ubyte"), squares(count))
        idx(root / name(f"{split}-labels-idx1-ubyte"), np.arange(count, dtype=np.uint8) % 5)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        (lambda file: f"MNIST/raw/{file}", "read from raw"),
        (lambda file: f"{file}/{file}", ""),
        (lambda file: f"gzip/{file}.gz", "read from gzip"),
    ],
)
def test_files_of_mnist_are_found_further_down(name, note: str, tmp_path: Path) -> None:
    """As torchvision unpacks them, and as archives with a folder for each file do."""
    mnist(tmp_path, name)
    (tmp_path / "readme.txt").write_text("MNIST\n")
    found = inspect(tmp_path)
    assert (found.source, found.splits) == ("idx", {"train": 20, "test": 10})
    assert (note in found.notes) == bool(note)


def test_several_sets_of_mnist_below_are_named(tmp_path: Path) -> None:
    for name in ("MNIST", "KMNIST"):
        mnist(tmp_path, lambda file, name=name: f"{name}/raw/{file}")
    with pytest.raises(AssayError, match=r"unknown-data.*KMNIST/raw, MNIST/raw"):
        inspect(tmp_path)


def test_files_of_mnist_below_pictures_are_not_the_set(tmp_path: Path) -> None:
    """Other files there are what is meant."""
    mnist(tmp_path, lambda file: f"raw/{file}")
    for name in ("cat/0.png", "dog/0.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(png(np.zeros((8, 8), np.uint8)))
    assert inspect(tmp_path).classes == ("cat", "dog")


def test_arrays_beside_a_list_of_names_are_read(tmp_path: Path) -> None:
    """As KMNIST lies; what was not read is named."""
    for split, count in (("train", 20), ("test", 10)):
        np.savez(tmp_path / f"kmnist-{split}-imgs.npz", squares(count))
        np.savez(tmp_path / f"kmnist-{split}-labels.npz", np.arange(count) % 5)
    (tmp_path / "kmnist_classmap.csv").write_text("index,char\n0,o\n")
    found = inspect(tmp_path)
    assert list(found.splits.items()) == [("train", 20), ("test", 10)]
    assert "beside them lie kmnist_classmap.csv, which were not" in notes(found)


def test_one_hot_labels_are_told_by_their_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "signs.npy", squares(20))
    np.save(tmp_path / "answers.npy", np.eye(5, dtype=np.uint8)[np.arange(20) % 5])
    assert inspect(tmp_path).per_class == {"train": (4,) * 5}


def test_a_file_of_arrays_for_each_class_is_told_how_to_join(tmp_path: Path, monkeypatch) -> None:
    """As QuickDraw has them; the line that is shown makes a set that is read."""
    for name, count in (("cat", 12), ("the eiffel tower", 8)):
        np.save(tmp_path / f"{name}.npy", squares(count).reshape(count, -1))
    with pytest.raises(AssayError, match="file-missing") as caught:
        inspect(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(caught.value.fix.removeprefix("If each is a class: "), {})
    found = inspect(tmp_path / "set.npz")
    assert (found.classes, found.per_class["train"]) == (("cat", "the eiffel tower"), (12, 8))


def test_several_sets_of_arrays_are_named(tmp_path: Path) -> None:
    for name in ("blood", "path"):
        np.savez(tmp_path / f"{name}.npz", train_images=squares(9), train_labels=np.arange(9) % 3)
    with pytest.raises(AssayError, match="file-missing") as caught:
        inspect(tmp_path)
    assert f"give the path of one, as {tmp_path / 'blood.npz'}" in caught.value.fix


def idx_of(values: np.ndarray, code: int) -> bytes:
    sizes = b"".join(struct.pack(">I", size) for size in values.shape)
    return bytes([0, 0, code, values.ndim]) + sizes + values.tobytes()


@pytest.mark.parametrize("lead", ["qmnist-", "it's (1)-", ""])
@pytest.mark.parametrize("test", ["t10k", "test"])
@pytest.mark.parametrize("packed", [True, False])
def test_labels_with_more_numbers_beside_them_come_with_a_command(
    lead: str, test: str, packed: bool, tmp_path: Path
) -> None:
    """QMNIST: eight numbers an image, the class first. It was told that the labels are not there."""
    root = tmp_path / "it's"
    root.mkdir()
    write = gzip.compress if packed else bytes
    for split, count in (("train", 20), (test, 10)):
        more = np.zeros((count, 8), ">i4")
        more[:, 0], more[:, 1] = np.arange(count) % 5, 9
        end = ".gz" if packed else ""
        (root / f"{lead}{split}-images-idx3-ubyte{end}").write_bytes(write(idx_of(squares(count), 8)))
        (root / f"{lead}{split}-labels-idx2-int{end}").write_bytes(write(idx_of(more, 12)))
    for _ in range(2):
        with pytest.raises(AssayError, match=r"file-missing.*holds several numbers an image") as caught:
            inspect(root)
        command = caught.value.fix[caught.value.fix.index("(cd ") :].removesuffix(".")
        subprocess.run(["bash", "-ec", command], check=True)
    assert inspect(root).per_class == {"train": (4,) * 5, "test": (2,) * 5}

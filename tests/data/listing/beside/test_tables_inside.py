"""Tables in the folders of the images: which of them stop the reading, and the command that joins them."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import words_after

pytestmark = pytest.mark.usefixtures("own_cache")


def refused(root: Path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code == "ambiguous-layout"
    return caught.value


def _sites(
    root: Path, header: str, rows: Sequence[str], sites: Sequence[str] = ("siteA", "siteB"), each: int = 8
) -> Path:
    """Images in folders, and beside them tables; in `rows`, {n} is the name of an image, one row after the
    other for each."""
    pictures(root, *(f"{site}/{site}{n}.png" for site in sites for n in range(each)))
    for site in sites:
        told = "".join(rows[n % len(rows)].format(n=f"{site}{n}.png") + "\n" for n in range(each))
        (root / site / "labels.csv").write_text(f"{header}\n{told}")
    return root


_TWO = ("{n},neg", "{n},pos")


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("image,label", ("{n},eye\n{n},nose", "{n},nose\n{n},ear")),  # boxes: several of an image
        ("image,xmin,label", ("{n},3,eye", "{n},4,nose")),
        ("image,x,y", ("{n},0,0", "{n},3,1")),
        ("image,target", ("{n},0.0", "{n},0.5")),
        ("image,label", ("{n},20", "{n},31")),
        ("image,label", ("{n},text {n}",)),
    ],
)
def test_tables_inside_that_have_no_labels_of_images(
    header: str, rows: Sequence[str], tmp_path: Path
) -> None:
    """The last row of an image won, and columns of coordinates were classes."""
    data = load(_sites(tmp_path, header, rows, ("nok", "ok")))
    assert data.classes == ("nok", "ok")
    assert any("were not read: nok/labels.csv, ok/labels.csv" in note for note in data.notes)


@pytest.mark.parametrize("name", ["boxes", "predictions", "_log", "image-captions"])
def test_tables_inside_that_are_called_after_something_else(name: str, tmp_path: Path) -> None:
    root = _sites(tmp_path, "image,label", _TWO)
    for table in root.rglob("labels.csv"):
        table.rename(table.with_name(f"{name}.csv"))
    assert load(root).classes == ("siteA", "siteB")


def test_finer_labels_in_the_folders_of_classes_stop_nothing(tmp_path: Path) -> None:
    root = _sites(tmp_path, "image,breed", _TWO, ("cat", "dog"))
    told = "".join(f"dog{n}.png,{('pug', 'lab')[n % 2]}\n" for n in range(8))
    (root / "dog/labels.csv").write_text(f"image,breed\n{told}")
    assert load(root).classes == ("cat", "dog")


def test_a_rare_label_in_the_folder_of_each_site(tmp_path: Path) -> None:
    """Most labels are the same in all sites: the sites tell nothing of them."""
    rows = ["{n},pos", *["{n},neg"] * 11]
    assert "other classes (neg, pos)" in refused(_sites(tmp_path, "image,label", rows, each=12)).what


def test_the_command_joins_all_tables(tmp_path: Path) -> None:
    """Of 25 sites 20 were in the command; other columns or delimiters were not read."""
    sites = [f"site{n}" for n in range(25)]
    root = _sites(tmp_path, "image,label", _TWO, sites, each=4)
    for number, (header, sign) in enumerate((("filename,label", ","), ("image;diagnosis", ";")), 3):
        table = root / f"site{number}/labels.csv"
        rows = table.read_text().splitlines()[1:]
        told = "\n".join(row.replace(",", sign) for row in rows)
        table.write_text(f"{'sep=;' if sign == ';' else ''}\n{header}\n{told}\n".lstrip())
    error = refused(root)
    assert "This writes a table of all: (cd" in error.fix
    path, option, column = words_after(error.fix)
    data = load(path, group_column=column)
    assert (option, data.classes, len(data.train)) == ("--group-column", ("neg", "pos"), 100)
    assert len(set(data.train.columns["group"])) == 25


def test_how_many_images_the_command_leaves_out(tmp_path: Path) -> None:
    root = _sites(tmp_path, "image,label", _TWO, ("siteA", "siteB", "siteC"))
    (root / "siteC/labels.csv").unlink()
    error = refused(root)
    assert "This writes a table of 16 of 24 images, those that they name: (cd" in error.fix
    path, _, column = words_after(error.fix)
    assert len(load(path, group_column=column).train) == 16


def test_tables_inside_folders_of_splits(tmp_path: Path) -> None:
    """The splits got lost in the table, and `--layout classes` made classes of them."""
    folders = [f"{split}/{name}" for split in ("train", "test") for name in ("cat", "dog")]
    pictures(
        tmp_path, *(f"{folder}/{folder.replace('/', '')}{n}.png" for folder in folders for n in range(6))
    )
    for folder in folders:
        names = sorted(path.name for path in (tmp_path / folder).glob("*.png"))
        told = "".join(f"{name},{'ab'[n % 2]}\n" for n, name in enumerate(names))
        (tmp_path / folder / "labels.csv").write_text(f"image,label\n{told}")
    error = refused(tmp_path)
    assert error.fix.endswith("Or say --layout splits.")
    data = load(tmp_path, layout="splits")
    assert (data.classes, sorted(data.splits)) == (("cat", "dog"), ["test", "train"])
    (path,) = words_after(error.fix)
    data = load(path)
    assert (data.classes, {name: len(rows) for name, rows in data.splits.items()}) == (
        ("a", "b"),
        {"train": 12, "test": 12},
    )


def test_splits_inside_the_folders_of_classes_have_no_layout_to_name(tmp_path: Path) -> None:
    """With `--layout classes` all images were of train."""
    folders = [f"{name}/{split}" for name in ("cat", "dog") for split in ("train", "test")]
    pictures(
        tmp_path, *(f"{folder}/{folder.replace('/', '')}{n}.png" for folder in folders for n in range(6))
    )
    before = load(tmp_path)
    assert (before.classes, sorted(before.splits)) == (("cat", "dog"), ["test", "train"])
    for folder in folders:
        names = sorted(path.name for path in (tmp_path / folder).glob("*.png"))
        told = "".join(f"{name},{'ab'[n % 2]}\n" for n, name in enumerate(names))
        (tmp_path / folder / "labels.csv").write_text(f"image,label\n{told}")
    assert refused(tmp_path).fix.endswith("Or put the tables elsewhere, where the folders tell the classes.")


@pytest.mark.parametrize("cell", ["{0}", "siteA/{0}", "../siteA/{0}"])
def test_the_table_beside_is_given_so_that_it_is_read(cell: str, tmp_path: Path) -> None:
    """The paths in `metadata/labels.csv` begin at the folder above, and `--root` was not said."""
    root = tmp_path / "it's"
    names = [f"site{'AB'[n % 2]}/{n}.png" for n in range(12)]
    pictures(root, *names)
    (root / "metadata").mkdir()
    paths = [cell.replace("{0}", n[6:]).replace("siteA", n[:5]) for n in names]
    told = "".join(f"{path},{'xyz'[n // 2 % 3]}\n" for n, path in enumerate(paths))
    (root / "metadata/labels.csv").write_text(f"image,label\n{told}")
    error = refused(root)
    given, *rest = _typed(error)
    data = load(given, root=root)
    assert (data.classes, len(data.train)) == (("x", "y", "z"), 12)
    assert rest == ["--root", str(root)]


@pytest.mark.parametrize(
    ("name", "header", "rows"),
    [
        ("results/predictions.csv", "image,label", _TWO),
        ("predictions/labels.csv", "image,label", _TWO),
        ("annotations/boxes.csv", "image,label", ("{n},bolt\n{n},nut", "{n},nut\n{n},bolt")),
        ("annotations/a.csv", "image,label", ("{n},bolt\n{n},nut", "{n},nut\n{n},bolt")),
        ("annotations/a.csv", "image,xmin,label", ("{n},3,bolt", "{n},4,nut")),
        ("survey/answers.csv", "image,rater,label", ("{n},r0,good", "{n},r1,bad")),
        ("labels/answers.csv", "image,rater,label", ("{n},r0,good", "{n},r1,bad")),
        ("metadata/m.csv", "image,x,y", ("{n},0,0", "{n},1,1")),
        ("metadata/m.csv", "image,label", ("{n},20", "{n},31")),
        ("metadata/m.csv", "image,target", ("{n},0.0", "{n},0.5")),
        ("exif/exif.csv", "image,category", ("{n},phone", "{n},camera")),
        ("logs/log.csv", "image,category", ("{n},cam1", "{n},cam2")),
    ],
)
def test_tables_beside_that_have_no_labels(
    name: str, header: str, rows: Sequence[str], tmp_path: Path
) -> None:
    """Predictions, boxes and what a camera wrote stopped folders of classes; `metadata/labels.csv` does."""
    root = pictures(tmp_path, *(f"{('ok', 'nook')[n // 12]}/{n}.png" for n in range(24)))
    told = "".join(rows[n % 2].format(n=f"{n}.png") + "\n" for n in range(24))
    table = root / name
    table.parent.mkdir()
    table.write_text(f"{header}\n{told}")
    assert load(root).classes == ("nook", "ok")
    table.unlink()
    (root / "metadata").mkdir(exist_ok=True)
    told = "".join(_TWO[n % 2].format(n=f"{n}.png") + "\n" for n in range(24))
    (root / "metadata/labels.csv").write_text(f"image,label\n{told}")
    assert "metadata/labels.csv gives 24 of the images other classes" in refused(root).what


def test_images_are_counted_and_not_rows(tmp_path: Path) -> None:
    """A table of boxes above the folders, two of each image, was about twice as many images."""
    root = pictures(tmp_path, *(f"{('ok', 'nok')[n // 8]}/{n}.png" for n in range(16)))
    told = "".join(f"{n}.png,bolt\n{n}.png,nut\n" for n in range(16))
    (root / "labels.csv").write_text(f"image,label\n{told}")
    assert "labels.csv gives 16 of the images other classes (bolt, nut ...)" in refused(root).what


def _typed(error: AssayError) -> list[str]:
    return shlex.split(error.fix.partition("Give the table, ")[2].partition(", or say")[0])

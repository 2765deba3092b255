"""A list of labels for each split: it stops with a command after which all is read."""

from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")

CLASSES = ("cat", "sea lion", "0")
SPLITS = {"train": 12, "valid": 3, "test": 6}
NAMES = {split: [f"{k:03d}.png" for k in range(count)] for split, count in SPLITS.items()}
EXPECTED = {"train": 12, "validation": 3, "test": 6}


def boxes(number: int, kind: int) -> str:
    return " ".join(f"{number},{n},{number + 9},{n + 9},{kind}" for n in range(1 + number % 3))


#: Where a list lies, and the line of an image.
FORMS = {
    "names": ("{split}/labels.txt", "{name} {label}"),
    "commas": ("{split}/gt.lst", "./{name}, {label}"),
    "without endings": ("lists/{split}.txt", "{stem}\t{label}"),
    "paths": ("{split}_list.txt", "{split}/{name} {label}"),
    "Roboflow": ("{split}/_annotations.txt", "{name} {boxes}"),
}


def made(root: Path, form: str, folder: str = "{split}") -> Path:
    pictures(root, *(f"{folder.format(split=s)}/{name}" for s, names in NAMES.items() for name in names))
    where, line = FORMS[form]
    for split, names in NAMES.items():
        file = root / where.format(split=split)
        file.parent.mkdir(parents=True, exist_ok=True)
        cells = [
            {"split": split, "name": n, "stem": n[:-4], "label": CLASSES[k % 3], "boxes": boxes(k, k % 3)}
            for k, n in enumerate(names)
        ]
        file.write_text("".join(line.format(**each) + "\n" for each in cells))
    return root


def stopped(root: Path) -> str:
    with pytest.raises(AssayError) as caught:
        load(root)
    assert caught.value.code == "ambiguous-layout"
    return str(caught.value)


@pytest.mark.parametrize("folder", ["{split}", "{split}/images"])
@pytest.mark.parametrize("form", FORMS)
def test_the_command_writes_a_table_that_is_read(form: str, folder: str, tmp_path: Path) -> None:
    """It stopped without a word of the lists."""
    if form == "paths" and folder != "{split}":
        pytest.skip("these paths are those of images without that folder")
    told = stopped(made(tmp_path / "it's a set", form, folder))
    data = load(path_after(told))
    assert {name: len(split) for name, split in data.splits.items()} == EXPECTED
    names = ("0", "1", "2") if form == "Roboflow" else CLASSES
    assert set(data.classes) == set(names)
    for split in data.splits.values():
        numbers = [int(name.rpartition("/")[2][:3]) for name in split.ids]
        assert [data.classes[label] for label in split.labels] == [names[k % 3] for k in numbers]


def test_boxes_of_several_classes_in_an_image_come_without_a_command(tmp_path: Path) -> None:
    """And so do lists of something else."""
    root = made(tmp_path, "Roboflow")
    for split in NAMES:
        file = root / split / "_annotations.txt"
        file.write_text("".join(f"{name} 1,2,3,4,0 1,2,3,4,1\n" for name in NAMES[split]))
    assert "(cd " not in stopped(root)
    for split in NAMES:
        (root / split / "_annotations.txt").write_text("".join(f"{k}\n" for k in range(30)))
    assert "(cd " not in stopped(root)


@pytest.mark.parametrize("first", ["{patient}", "{patient} {k}"])
def test_lists_of_columns(first: str, tmp_path: Path) -> None:
    """COVIDx: `patient name class source`. Words of the splits in the files' names were offered."""
    names = {split: [f"{split}img{k}.png" for k in range(count)] for split, count in SPLITS.items()}
    pictures(tmp_path, *(f"{split}/{name}" for split, own in names.items() for name in own))
    for split, own in names.items():
        lines = [
            f"{first.format(patient=k // 2, k=k)} {n} {CLASSES[::2][k % 2]} rsna" for k, n in enumerate(own)
        ]
        (tmp_path / f"{split}.txt").write_text("\n".join(lines) + "\n")
    told = stopped(tmp_path)
    assert "what stands before the number" not in told
    found = load(path_after(told))
    assert {split: len(part) for split, part in found.splits.items()} == EXPECTED
    assert found.classes == ("0", "cat")
    assert found.train.columns["column1"][:3] == ("0", "0", "1")


def test_boxes_of_each_image_are_no_list_of_columns(tmp_path: Path) -> None:
    """Numbers of boxes may be names of images, too."""
    for split in ("train", "test"):
        pictures(tmp_path, *(f"{split}/{n}.png" for n in range(24)))
        for n in range(24):
            boxes_of = [f"{('car', 'van')[k % 2]} {k} {k + 9} 2 5" for k in range(1, 9)]
            (tmp_path / split / f"{n}.txt").write_text("\n".join(boxes_of) + "\n")
    assert "in column" not in stopped(tmp_path)

"""Paths of Label Studio, lists without names, and tables with a row for each folder."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import pictures
from told_command import path_after

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize(
    "cell",
    [
        "/data/upload/1/ab12cd34-{:03}.png",
        "/data/local-files/?d=images/{:03}.png",
        "/data/local-files/?d=home/me/images/{:03}.png",
    ],
)
def test_paths_of_label_studio(cell: str, tmp_path: Path) -> None:
    """Its table names files as its server does: folder and hash of an upload are left out."""
    root = pictures(tmp_path, *(f"images/{n:03}.png" for n in range(8)))
    rows = "".join(f"{cell.format(n)},{n},{'ab'[n % 2]}\n" for n in range(8))
    (root / "project.csv").write_text(f"image,id,choice\n{rows}")
    found = load(root / "project.csv")
    assert list(found.train.ids) == [f"images/{n:03}.png" for n in range(8)]
    assert [found.classes[label] for label in found.train.labels.tolist()] == list("ab" * 4)
    assert any("what Label Studio put before names is left out" in note for note in found.notes)


@pytest.mark.parametrize(("lines", "told"), [(6, True), (5, False)])
@pytest.mark.parametrize("words", [("cat", "dog"), ("1", "2")])
def test_a_list_without_names_is_told(words: tuple[str, str], lines: int, told: bool, tmp_path: Path) -> None:
    """ImageNet's ground truth: a line for each image of a split without folders of classes, and no names."""
    names = [f"train/{c}/{n}.png" for c in ("cat", "dog") for n in range(3)]
    root = pictures(tmp_path, *names, *(f"val/{n}.png" for n in range(6)))
    (root / "val_truth.txt").write_text("".join(f"{words[n % 2]}\n" for n in range(lines)))
    notes = [note for note in load(root).notes if "val_truth.txt has a line for each" in note]
    assert len(notes) == told
    assert not told or "each of the 6 images in val, and no names" in notes[0]


def test_a_table_with_rows_for_the_folders_is_told(tmp_path: Path) -> None:
    """Folders of patients beside a table of diagnoses. A table that names each class is passed over."""
    people = ["Anna", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal"]
    root = pictures(tmp_path, *(f"{name}/{eye}.png" for name in people for eye in "LR"))
    rows = "".join(
        f"{name},{eye},{('normal', 'glaucoma')[n % 2]}\n" for n, name in enumerate(people) for eye in "LR"
    )
    (root / "table.csv").write_text(f"patient,eye,diagnosis\n{rows}")
    asked = "table.csv has rows for the folders, by their names in its column patient"
    assert any(asked in note and "is diagnosis the class?" in note for note in load(root).notes)
    rows = "".join(f"{name},a longer name {name}\n" for name in people)
    (root / "table.csv").write_text(f"folder,label\n{rows}")
    assert not any("has rows for the folders" in note for note in load(root).notes)


def refused(path: Path) -> AssayError:
    with pytest.raises(AssayError) as caught:
        inspect(path)
    return caught.value


@pytest.mark.parametrize("classes", [("it's (1)-samples", "dog"), ("set",)])
def test_archives_of_classes_come_with_a_command(classes: tuple[str, ...], tmp_path: Path) -> None:
    """Teachable Machine saves one for each class: "unpack it" would have made one heap of all."""
    root = tmp_path / "my set"
    root.mkdir()
    for name in classes:
        kinds = ("cat/", "dog/") if len(classes) == 1 else ("",)
        made = pictures(tmp_path / name, *(f"{kind}{n}.png" for kind in kinds for n in range(3)))
        shutil.make_archive(str(root / name), "zip", made)
    found = inspect(path_after(refused(root).what))
    wanted = (3, 3)
    assert found.per_class == {"train": wanted}
    assert found.classes == (tuple(sorted(classes)) if len(classes) > 1 else ("cat", "dog"))
    assert not any("were not unpacked" in note for note in found.notes)
    (root / "bird.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert len(classes) == 1 or any("not unpacked: bird.zip" in note for note in inspect(root).notes)


def test_a_project_of_teachable_machine_comes_with_a_command(tmp_path: Path) -> None:
    pictures(tmp_path / "in", *(f"{kind}-!-{n}.png" for kind in ("Class 1", "Class 2") for n in range(3)))
    (tmp_path / "in" / "..-!-evil.png").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "project.tm", "w") as file:
        for path in (tmp_path / "in").iterdir():
            file.write(path, path.name)
        file.writestr("manifest.json", "{}")
    error = refused(tmp_path / "project.tm")
    assert "a project of Teachable Machine" in error.what
    command = error.fix[error.fix.index("python3 -c") :].partition(" ; then give set")[0]
    command = command.replace("' FILE", "' project.tm")
    subprocess.run(["bash", "-ec", command], check=True, cwd=tmp_path)
    assert inspect(tmp_path / "set").per_class == {"train": (3, 3)}
    assert not (tmp_path / "evil.png").exists()


def test_a_table_of_weka_comes_with_a_command(tmp_path: Path) -> None:
    """OpenML's `mnist_784.arff`."""
    head = ["% a comment", "@RELATION digits", *(f"@ATTRIBUTE pixel{n} REAL" for n in range(1, 65))]
    head += ["@ATTRIBUTE class {0,1}", "", "@DATA"]
    rows = [",".join(str((n * 64 + k) % 256) for k in range(64)) + f",{n % 2}" for n in range(6)]
    (tmp_path / "d.arff").write_text("\n".join([*head, *rows]) + "\n")
    error = refused(tmp_path / "d.arff")
    command = error.fix.removeprefix("Write CSV: ").rstrip(".").replace("FILE", "d.arff")
    subprocess.run(["bash", "-ec", command], check=True, cwd=tmp_path)
    assert inspect(tmp_path / "d.arff.csv").per_class == {"train": (3, 3)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("usps.bz2", "a compressed file"),
        ("usps.csv.gz", "a compressed table"),
        ("a.svmlight", "a table of LIBSVM"),
        ("x-ubyte.gz", "an IDX file under a name of its own"),
    ],
)
def test_other_forms_are_called_by_their_names(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b" if name.endswith("gz") else b"BZh9")
    assert f"it is {kind}" in refused(tmp_path / name).what
    assert f"{name} is {kind}" in refused(tmp_path).what

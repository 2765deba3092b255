"""Tables of which several columns together make the paths of the images: told with a command that works."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.workflow.load import load
from encoded import png
from told_command import words_after


def tabled(root: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """A table beside the pictures of its rows, whose brightness tells their class. name: of a picture."""
    for seed, row in enumerate(rows):
        cells = dict(zip(columns, row, strict=True))
        path = root / name.format(**cells)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(np.full((8, 8), 128 * int(cells["label"]) + seed, np.uint8)))
    table = root / "a table.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return table


def right(told: str, count: int) -> bool:
    path, option, column = words_after(told)
    assert option == "--path-column"
    found = load(path, path_column=column).train
    return len(found) == count and all(
        (found.images[row] // 128 == found.labels[row]).all() for row in range(count)
    )


def test_patches_by_slide_and_place(tmp_path: Path) -> None:
    """Camelyon17 of WILDS: a patient, a node and two coordinates, each of them twice in a path."""
    columns = ("patient", "node", "x_coord", "y_coord", "label", "center")
    rows = [
        (f"{4 + n % 3:03}", str(n % 2), str(3328 + 32 * n), str(21792 + 16 * n), str(n % 2), str(n % 3))
        for n in range(24)
    ]
    slide = "patient_{patient}_node_{node}"
    table = tabled(tmp_path, f"patches/{slide}/patch_{slide}_x_{{x_coord}}_y_{{y_coord}}.png", columns, rows)
    with pytest.raises(AssayError, match="column-missing") as refused:
        load(table)
    assert right(refused.value.what, 24)


@pytest.mark.parametrize("name", ["{folder}/{file}", "all/{folder}/{file}.png", "{folder}-{file}.png"])
def test_a_folder_and_a_file(name: str, tmp_path: Path) -> None:
    """Names of files that come in each folder: the line offered to take all from one folder, by --root, which
    read its pictures for the rows of the other."""
    ending = ".png" if name == "{folder}/{file}" else ""
    rows = [(folder, f"{n}{ending}", str((n + (folder == "b")) % 2)) for folder in "ab" for n in range(8)]
    table = tabled(tmp_path, name, ("folder", "file", "label"), rows)
    with pytest.raises(AssayError) as refused:
        load(table)
    assert "--root" not in refused.value.fix
    assert right(refused.value.what, 16)


def test_columns_that_make_no_path_say_nothing(tmp_path: Path) -> None:
    """Words of some rows alone are in the names of pictures."""
    rows = [(f"{n}", str(n % 2), f"{n % 3}") for n in range(12)]
    table = tabled(tmp_path, "x{one}/y.png", ("one", "label", "two"), rows)
    with pytest.raises(AssayError, match="column-missing") as refused:
        load(table)
    assert "together make" not in refused.value.what

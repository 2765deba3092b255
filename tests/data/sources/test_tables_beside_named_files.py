"""A table beside pictures whose names begin with words: no classes where it parts them otherwise."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.workflow.load import load


def photos(root: Path, words: list[str], rows: list[str], folder: str = "img") -> Path:
    """Four pictures for each word, `word_0.png` and so on, and a table with a row for each."""
    (root / folder).mkdir(parents=True)
    lines = []
    for number, word in enumerate(words):
        for image in range(4):
            pixels = np.random.default_rng([number, image]).integers(0, 256, (8, 8, 3), np.uint8)
            name = f"{word}_{image}.png"
            Image.fromarray(pixels).save(root / folder / name)
            lines.append(f"{folder}/{name},{rows[(4 * number + image) % len(rows)]}\n".lstrip("/"))
    (root / "labels.csv").write_text("file,expression,width,subject\n" + "".join(lines))
    return root


@pytest.mark.parametrize("folder", ["img", ""])
def test_another_parting_in_a_table_stops(tmp_path: Path, folder: str) -> None:
    """Persons by the names, expressions by the table: it stops, with the command that reads the table."""
    root = photos(tmp_path / "a b", ["P000", "P001", "P002"], ["sad,8,x", "glad,8,x", "calm,9,x"], folder)
    with pytest.raises(AssayError, match=r"ambiguous-layout.*by the names of its files") as refused:
        load(root)
    assert f"'{root / 'labels.csv'}' --label-column expression" in refused.value.fix
    assert "width" not in refused.value.what
    found = load(root / "labels.csv", label_column="expression")
    assert found.classes == ("calm", "glad", "sad")


def test_words_that_may_be_classes_are_read_beside_another_parting(tmp_path: Path) -> None:
    """Cats and dogs beside a table of cameras or patients: read as before, and told with the column."""
    data = load(photos(tmp_path / "set", ["cat", "dog", "fox"], ["sad,8,x", "glad,8,x", "calm,9,x"]))
    assert data.classes == ("cat", "dog", "fox")
    assert any("parts these images otherwise, by expression" in note for note in data.notes)


@pytest.mark.parametrize("rows", [["x,8,y"], ["x,8,y", "x,9,y", "x,10,y"]])
def test_a_table_that_says_nothing_else_leaves_the_words(tmp_path: Path, rows: list[str]) -> None:
    """One value for all, or sizes of files: the names tell the classes, and a note names the table."""
    data = load(photos(tmp_path / "set", ["anna", "bert", "carl"], rows))
    assert data.classes == ("anna", "bert", "carl")
    assert any("labels.csv" in note for note in data.notes)


def test_a_table_with_the_same_classes_leaves_the_words(tmp_path: Path) -> None:
    """Each word has one value: nothing is parted otherwise."""
    rows = [value for value in ("sad,8,x", "glad,8,x", "calm,8,x") for _ in range(4)]
    assert load(photos(tmp_path / "set", ["anna", "bert", "carl"], rows)).classes == ("anna", "bert", "carl")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["P000", "P001"], True),
        (["s014", "S015"], True),
        (["mr10000032", "mr10000764"], True),
        (["a1", "a2"], False),
        (["n01440764", "n01443537"], False),
    ],
)
def test_words_that_are_numbered_alike_are_asked_about(tmp_path: Path, words: list[str], told: bool) -> None:
    """A letter and a number, as persons are numbered; grades and the numbers of WordNet are classes."""
    root = photos(tmp_path / "set", words, ["x,8,y"])
    (root / "labels.csv").unlink()
    notes = load(root).notes
    assert any("called like groups" in note for note in notes) == told

"""A number far from all other labels may say that there is none: it is read as a class, and told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assay
from assay.cli.main import exit_code
from assay.data.listing.class_numbers import notes_on_a_number_apart

TOLD = (
    "the class '255' (4 images) is apart from the others, 0 to 2, and is read as a class; "
    "if it says that there is no label, take its images out"
)


@pytest.mark.parametrize("apart", ["-1", "-9", "-100", "255", "99", "9999", "65535"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_number_apart_is_told(apart: str, first: int) -> None:
    """Whatever the order, beside classes that count from 0 or 1."""
    counts = {str(number): 10 for number in range(first, first + 4)}
    (told,) = notes_on_a_number_apart({apart: 3, **counts})
    assert told.startswith(
        f"the class {apart!r} (3 images) is apart from the others, {first} to {first + 3},"
    )
    assert notes_on_a_number_apart({**counts, apart: 3}) == [told]
    assert not notes_on_a_number_apart(counts)


@pytest.mark.parametrize(
    "names",
    [
        map(str, range(256)),
        map(str, range(1, 100)),
        map(str, range(300)),
        ("1", "-1"),
        ("0", "255"),
        ("0", "5", "10", "99"),
        ("0", "1", "2", "4"),
        ("cat", "dog", "99"),
        (),
    ],
)
def test_numbers_that_are_classes_are_not(names) -> None:
    """Numbers in a row, two classes, other gaps, names."""
    assert not notes_on_a_number_apart(dict.fromkeys(names, 5))


def test_the_note_is_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of arrays, of a table and of folders, also by `assay inspect`; with the right numbers it is silent."""
    rng = np.random.default_rng(0)
    images, labels = (
        rng.integers(0, 256, (40, 8, 8), dtype=np.uint8),
        np.repeat([0, 1, 2, 255], [12, 12, 12, 4]),
    )
    assert TOLD in assay.load((images, labels)).notes
    assert TOLD not in assay.load((images[:36], labels[:36])).notes
    rows = ["file,label"]
    for number, (picture, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        (tmp_path / "folders" / str(label)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures").mkdir(exist_ok=True)
        for place in (tmp_path / "folders" / str(label), tmp_path / "pictures"):
            Image.fromarray(picture).save(place / f"{number}.png")
        rows.append(f"pictures/{number}.png,{label}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    for data in (tmp_path / "folders", tmp_path / "table.csv"):
        assert TOLD in assay.load(data).notes
        assert exit_code(["inspect", str(data)]) == 0
        assert capfd.readouterr().out.count(TOLD) == 1

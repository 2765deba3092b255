"""Parquet files that name images in folders, or lie beside them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

LABELS = list("abcabc")


def pictures(folder: Path, names: Sequence[str], shade: int = 0) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(np.full((6, 6), 30 * number + shade, np.uint8)))


def metadata(folder: Path, names: Sequence[str], **columns: Sequence[object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"file_name": list(names), **columns}), folder / "metadata.parquet")
    return folder / "metadata.parquet"


@pytest.mark.parametrize("above", ["", "data"])
def test_a_file_in_the_folder_of_a_split_names_images_of_that_split(above: str, tmp_path: Path) -> None:
    """As `imagefolder` of Hugging Face has it. All were train, without a word."""
    names = [f"sub/{number}.png" for number in range(6)]
    for shade, split in enumerate(("train", "validation", "test")):
        pictures(tmp_path / above / split, names, shade)
        metadata(tmp_path / above / split, names, label=LABELS)
    assert inspect(tmp_path).splits == {"train": 6, "validation": 6, "test": 6}
    assert load(tmp_path).splits["test"].ids[0] == "/".join(filter(None, [above, "test/sub/0.png"]))


def test_a_file_that_is_given_alone_is_train(tmp_path: Path) -> None:
    pictures(tmp_path / "test", ["0.png", "1.png"])
    table = metadata(tmp_path / "test", ["0.png", "1.png"], label=["a", "b"])
    assert inspect(table).splits == {"train": 2}


def test_images_that_no_row_names_are_told(tmp_path: Path) -> None:
    """Of a test split without a table of its own; hidden files are none."""
    names = [f"{number}.png" for number in range(6)]
    for split in ("train", "test"):
        pictures(tmp_path / split, names)
    metadata(tmp_path / "train", names, label=LABELS)
    pictures(tmp_path, ["train/._0.png", "__MACOSX/1.png", ".cache/2.png"])
    found = inspect(tmp_path)
    assert found.splits == {"train": 6}
    told = "6 images lie beside the Parquet files, and no row holds or names them: they were not read"
    assert any(note.startswith(f"{told}, test/0.png the first") for note in found.notes)
    metadata(tmp_path / "test", names, label=LABELS)
    assert inspect(tmp_path).splits == {"train": 6, "test": 6}
    assert not any("no row holds" in note for note in inspect(tmp_path).notes)


@pytest.mark.parametrize("content", ["features", "ages of the images"])
def test_folders_of_classes_beside_a_file_without_labels_are_read_on_request(
    content: str, tmp_path: Path
) -> None:
    """Embeddings, or metadata, in Parquet: the line has the option that reads the folders."""
    names = [f"{split}/{label}/{n}.png" for split in ("train", "test") for label in "ab" for n in range(2)]
    pictures(tmp_path, names)
    if content == "features":
        pq.write_table(pa.table({"f0": [0.5, 0.25]}), tmp_path / "features.parquet")
    else:
        metadata(tmp_path, names, age=range(8))
    with pytest.raises(
        AssayError, match=r"Or, where the folders are classes \(8 images .*: --layout splits,"
    ):
        load(tmp_path)
    assert load(tmp_path, layout="splits").classes == ("a", "b")
    assert inspect(tmp_path, layout="splits").splits == {"train": 4, "test": 4}


def test_a_file_of_no_images_alone_comes_without_that_option(tmp_path: Path) -> None:
    pq.write_table(pa.table({"f0": [0.5, 0.25]}), tmp_path / "features.parquet")
    with pytest.raises(AssayError) as caught:
        load(tmp_path)
    assert "--layout" not in str(caught.value)

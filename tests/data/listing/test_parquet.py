import json
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.formats import parquet_file
from assay.data.formats.shard_file import local_shard
from assay.data.listing.parquet import list_parquet
from assay.data.request import Request
from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ["T-shirt/top", "bag", "coat"]


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 5, 4), np.uint8)


def table(count, seed=0, *, hub=True, **columns):
    images = [
        {"bytes": png(image), "path": f"{seed}-{i}.png"} for i, image in enumerate(pictures(count, seed))
    ]
    content = {"image": images, "label": [i % 3 for i in range(count)], **columns}
    found = pa.table({key: value for key, value in content.items() if value is not None})
    info = {
        "info": {"features": {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}}
    }
    return found.replace_schema_metadata({"huggingface": json.dumps(info)}) if hub else found


@pytest.mark.parametrize("form", ["rows", "rows of colors", "flat squares", "floats"])
def test_lists_of_pixels_are_images(form, tmp_path):
    """As frames of arrays are saved; the fingerprint is that of the arrays."""
    images = np.random.default_rng(3).integers(0, 256, (6, 9, 9), np.uint8)
    images = np.stack([images, images, 255 - images], 3) if form == "rows of colors" else images
    values = images / 255 if form == "floats" else images
    cells = [(v.ravel() if form == "flat squares" else v).tolist() for v in values]
    pq.write_table(pa.table({"id": range(6), "pixels": cells, "label": [0, 1] * 3}), tmp_path / "set.parquet")
    found = load(tmp_path / "set.parquet", floats=form == "floats")
    expected = load(arrays=(images, np.array([0, 1] * 3)))
    assert found.fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([[[1, 2], [3]], [[1, 2], [3, 4]]], "image-unreadable"),
        ([[[0.5, 0.2], [0.1, 0.3]]] * 2, "bad-arrays"),
        ([[[1, 2], [3, 400]]] * 2, "pixel-out-of-range"),
        ([[[1, None], [3, 4]]] * 2, "image-unreadable"),
    ],
    ids=["ragged", "floats", "beyond 255", "holes"],
)
def test_lists_that_are_no_pixels_are_refused(cells, code, tmp_path):
    """Floats unless they were announced; rows of several lengths; values that are none."""
    pq.write_table(pa.table({"image": cells, "label": ["a", "b"]}), tmp_path / "set.parquet")
    refused(tmp_path / "set.parquet", code)


def test_pictures_that_a_table_names_are_not_left_out(tmp_path):
    """They lie beside the Parquet file, and are read."""
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(png(pictures(2)[number]))
    (tmp_path / "more.txt").write_text("")
    pq.write_table(pa.table({"path": ["0.png", "1.png"], "label": ["a", "b"]}), tmp_path / "set.parquet")
    assert [left.id for left in load(tmp_path).left_out] == ["more.txt"]


def refused(path, code, exit_code=3, **options) -> str:
    with pytest.raises(AssayError) as caught:
        load(path, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def expected():
    labels = np.arange(12) % 3, np.arange(6) % 3
    return load(arrays=(pictures(12), labels[0], pictures(6, 1), labels[1]), classes=NAMES)


@pytest.mark.parametrize(
    "names", ["data/{}-00000-of-00001.parquet", "{}/0.parquet", "{}.parquet", "set.{}.parquet"]
)
def test_files_as_on_the_hub(tmp_path, expected, names):
    """Splits by file name, class names from the schema's metadata, ids from the images' paths."""
    for split, part in (("train", table(12)), ("test", table(6, 1))):
        path = tmp_path / "set" / names.format(split)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, path, row_group_size=5)
    (tmp_path / "set" / "README.md").write_text("about")
    found = load(tmp_path / "set")
    assert found.fingerprints == expected.fingerprints
    assert found.classes == tuple(NAMES)
    assert found.train.ids[0] == "0-0.png"
    assert [item.id for item in found.left_out] == ["README.md"]
    assert load(tmp_path / "set") == found


def test_several_files_of_one_split_in_their_natural_order(tmp_path):
    """Shards 2 and 10."""
    for number in (10, 2):
        pq.write_table(table(3, number), tmp_path / f"train-{number}.parquet")
    assert [name[:2] for name in load(tmp_path).train.ids] == ["2-"] * 3 + ["10"] * 3


def test_one_file_with_a_split_column(tmp_path, expected):
    """And plain binary images, labels as text, a group column."""
    both = pa.concat_tables([table(12, hub=False), table(6, 1, hub=False)])
    contents = [row["bytes"] for row in both["image"].to_pylist()]
    labels = [NAMES[label] for label in both["label"].to_pylist()]
    splits = ["train"] * 12 + ["test"] * 6
    columns = {
        "picture": pa.array(contents, pa.binary()),
        "kind": labels,
        "part": splits,
        "who": list(range(18)),
    }
    pq.write_table(pa.table(columns), tmp_path / "set.parquet")
    found = load(tmp_path / "set.parquet", label_column="kind", split_column="part", group_column="who")
    assert found.fingerprints == expected.fingerprints
    assert found.train.columns["group"][:2] == ("0", "1")
    assert found.train.ids[0] == "train/00"
    refused(tmp_path / "set.parquet", "column-missing")


def test_labels_that_are_missing_or_out_of_range(tmp_path):
    """-1 is how the hub publishes tests without labels."""
    pq.write_table(table(3, label=[0, -1, 3]), tmp_path / "a.parquet")
    assert "1 of 3 labels are outside 0-2, the first in row 2 (3)" in refused(
        tmp_path / "a.parquet", "label-out-of-range"
    )
    pq.write_table(table(3, label=[0, None, 1]), tmp_path / "b.parquet")
    assert "1 of 3 rows have no label, the first is row 1" in refused(tmp_path / "b.parquet", "table-value")
    pq.write_table(table(3, split=["train", "x", "test"]), tmp_path / "c.parquet")
    assert "'x' is no split" in refused(tmp_path / "c.parquet", "table-value")


def test_images_without_content_are_unreadable(tmp_path):
    """A struct with null bytes, a null struct: told as images, not skipped (case 20)."""
    images = [{"bytes": png(pictures(1)[0]), "path": "a"}, {"bytes": None, "path": "b.png"}, None]
    pq.write_table(table(3, image=images), tmp_path / "a.parquet")
    assert "2 images cannot be read" in refused(tmp_path / "a.parquet", "image-unreadable")
    assert len(load(tmp_path / "a.parquet", skip_bad=True).train) == 1


def test_no_image_column(tmp_path):
    """What is there is listed."""
    pq.write_table(pa.table({"a": [1], "label": [1]}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "column-missing")
    pq.write_table(table(2, label=None), tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", "column-missing")


@pytest.mark.parametrize("name", ["image", "label", "split", "other"])
def test_two_columns_of_one_name_are_told(name, tmp_path):
    """Either could be meant; it was told as a column that does not exist."""
    there = table(6, split=["train"] * 6, other=range(6))
    pq.write_table(there.append_column(name, there[name]), tmp_path / "set.parquet")
    with pytest.raises(AssayError, match=f"2 columns are called {name}") as caught:
        load(tmp_path / "set.parquet")
    assert caught.value.code == "parquet-unreadable"


def test_damaged_files_are_refused(tmp_path):
    """Cut anywhere, or no Parquet at all (case 20)."""
    path = tmp_path / "a.parquet"
    pq.write_table(table(12), path)
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        refused(path, "parquet-unreadable")
    path.write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1")
    refused(path, "parquet-unreadable")


def test_changed_bytes_never_crash(tmp_path):
    """Flip bytes of the metadata and of the data: an error of one line, or images that were checked."""
    path = tmp_path / "a.parquet"
    pq.write_table(table(12), path, compression="none", write_page_checksum=True)
    content = path.read_bytes()
    for place in [*range(0, len(content), 499), *range(len(content) - 400, len(content), 29)]:
        flipped = bytearray(content)
        flipped[place] ^= 0x15
        path.write_bytes(flipped)
        try:
            load(path)
        except AssayError as error:
            assert error.exit_code == 3


def test_a_huge_group_of_rows_is_refused(tmp_path, monkeypatch):
    """The reader would hold it whole."""
    pq.write_table(table(12), tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_file, "_LARGEST_GROUP", 100)
    assert "group of rows 0" in refused(tmp_path / "a.parquet", "parquet-unreadable")


@pytest.mark.parametrize("version", ["14.0.0", "16.1.0", "9.0"])
def test_an_old_pyarrow_is_refused(tmp_path, monkeypatch, version):
    """Older ones run code from files."""
    pq.write_table(table(3), tmp_path / "a.parquet")
    monkeypatch.setattr(pa, "__version__", version)
    assert "assay[parquet]" in refused(tmp_path / "a.parquet", "missing-extra", 5)


def test_a_missing_pyarrow_is_told_before_any_work(tmp_path, monkeypatch):
    """With the command that installs it."""
    pq.write_table(table(3), tmp_path / "a.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install" in refused(tmp_path / "a.parquet", "missing-extra", 5)


@pytest.mark.parametrize("metadata", [b"{", b"[]", b'{"info": {"features": {"label": {"names": [1, 2]}}}}'])
def test_nonsense_in_the_metadata_is_no_class_names(tmp_path, metadata):
    """Numbers stay numbers."""
    pq.write_table(table(3).replace_schema_metadata({"huggingface": metadata}), tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet").classes == ("0", "1", "2")


def test_a_damaged_footer_is_refused_or_harmless(tmp_path):
    """A flipped bit anywhere in it: an error, or an image for every row (found by `make fuzz`)."""
    path = tmp_path / "set.parquet"
    pq.write_table(pa.table({"image": [b"x", b"y", b"z"], "label": [0, 1, 2]}), path)
    intact = path.read_bytes()
    start = len(intact) - 8 - int.from_bytes(intact[-8:-4], "little")
    refused = set()
    for position, bit in product(range(start, len(intact) - 8), range(5)):
        content = bytearray(intact)
        content[position] ^= 1 << bit
        path.write_bytes(content)
        try:
            parts = list_parquet(Request(), tmp_path, [local_shard(path, tmp_path)]).parts.values()
            assert all(len(list(part.payloads())) == len(part.ids) for part in parts)
        except AssayError as error:
            refused.add(error.code)
    assert "parquet-unreadable" in refused


def test_what_was_read_as_another_range_is_not_read_again(tmp_path):
    """Lists of floats from 0 to 1 are dark pixels where somebody says 0-255: the cache keeps them apart."""
    images = np.random.default_rng(0).integers(0, 2, (6, 8, 8)).astype(float)
    table = pa.table({"image": images.tolist(), "label": [0, 1] * 3})
    pq.write_table(table, tmp_path / "set.parquet")
    bright, dark = (load(tmp_path / "set.parquet", floats=floats) for floats in ("0-1", "0-255"))
    assert (int(bright.train.images.max()), int(dark.train.images.max())) == (255, 1)
    with pytest.raises(AssayError, match="bad-arrays"):
        load(tmp_path / "set.parquet")

"""Parquet shards as on the Hugging Face hub: unequal, empty, damaged, unlike each other, missing."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import AssayError
from assay.data.formats import parquet_file
from assay.data.listing.shards import parquet_rows
from assay.data.load import as_request, readable_source
from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ["ant", "bee", "cow"]


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), np.uint8)


def table(images, start=0, names=NAMES, **columns):
    rows = [{"bytes": png(image), "path": f"{start + i}.png"} for i, image in enumerate(images)]
    content = {"image": rows, "label": [(start + i) % 3 for i in range(len(rows))], **columns}
    if not rows:
        content["image"] = pa.array([], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
        content["label"] = pa.array([], pa.int64())
    info = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    return pa.table(content).replace_schema_metadata({"huggingface": json.dumps(info)})


def shards(root: Path, split: str, sizes: list[int], seed=0, **writing) -> Path:
    """Files as the hub cuts them."""
    images, start = pictures(sum(sizes), seed), 0
    (root / "data").mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(sizes):
        path = root / "data" / f"{split}-{number:05}-of-{len(sizes):05}.parquet"
        pq.write_table(table(images[start : start + size], start), path, **writing)
        start += size
    return root


def listed(path, **options):
    request = as_request(path, **options)
    return readable_source(request).listing(request)


def refused(path, code, exit_code=3, read=listed, **options) -> str:
    with pytest.raises(AssayError) as caught:
        read(path, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code), caught.value
    assert "\n" not in str(caught.value)
    return str(caught.value)


def contents(listing) -> list[bytes]:
    return [item for part in listing.parts.values() for item in part.payloads()]


def test_unequal_shards_and_an_empty_one_are_one_set(tmp_path):
    """Of several splits; the set is that of one file."""
    shards(tmp_path / "set", "train", [5, 0, 1, 6], row_group_size=2)
    shards(tmp_path / "set", "test", [2, 4], 1)
    labels = np.arange(12) % 3, np.arange(6) % 3
    found = load(tmp_path / "set")
    expected = load(arrays=(pictures(12), labels[0], pictures(6, 1), labels[1]), classes=NAMES)
    assert found.fingerprints == expected.fingerprints
    assert "1 file has no rows: data/train-00001-of-00004.parquet" in found.notes
    assert found.train.ids[:6] == tuple(f"{row}.png" for row in range(6))


def test_any_rows_are_read_from_their_groups_alone(tmp_path, monkeypatch):
    """`payloads_of` gives what stands there, in every range, and opens no other file."""
    found = listed(shards(tmp_path, "train", [5, 0, 1, 6], row_group_size=2)).parts["train"]
    whole = list(found.payloads())
    seen = []
    real = parquet_rows.opened
    monkeypatch.setattr(parquet_rows, "opened", lambda p, file: (seen.append(file.name), real(p, file))[1])
    for start in range(12):
        for stop in range(start, 13):
            seen.clear()
            assert list(found.payloads_of(range(start, stop))) == whole[start:stop]
            files = {0 if row < 5 else 2 if row < 6 else 3 for row in range(start, stop)}
            assert seen == [f"data/train-0000{number}-of-00004.parquet" for number in sorted(files)]
    chosen = found.chosen([1, 4, 5, 10])
    assert list(chosen.payloads()) == [whole[row] for row in (1, 4, 5, 10)]
    assert list(chosen.payloads_of(range(1, 3))) == [whole[4], whole[5]]


@pytest.mark.parametrize("damage", ["empty", "cut", "no Parquet", "footer"])
def test_a_shard_that_cannot_be_opened_is_named(tmp_path, damage):
    """An error by its name, at the second try; an audit goes on and counts it as unreadable."""
    shards(tmp_path, "train", [4, 4, 4])
    path = tmp_path / "data/train-00001-of-00003.parquet"
    content = path.read_bytes()
    wrong = {
        "empty": b"",
        "cut": content[:-20],
        "no Parquet": b"x" * 500,
        "footer": content[:-30] + b"x" * 30,
    }
    path.write_bytes(wrong[damage])
    assert path.name in refused(tmp_path, "parquet-unreadable")
    found = listed(tmp_path, skip_bad=True)
    assert found.count == 8
    assert [(item.id, item.kind) for item in found.left_out] == [(f"data/{path.name}", "unreadable")]
    assert f"1 file could not be read: data/{path.name}" in found.notes
    for number in (0, 2):
        (tmp_path / f"data/train-0000{number}-of-00003.parquet").write_bytes(b"")
    refused(tmp_path, "parquet-unreadable", skip_bad=True)


def test_damage_among_the_images_is_told_image_by_image(tmp_path):
    """The labels are known: the group of rows that is damaged is lost, all others are read."""
    plain = {"compression": "none", "write_statistics": False, "use_dictionary": False}
    shards(tmp_path, "train", [4, 8], row_group_size=2, write_page_checksum=True, **plain)
    path = tmp_path / "data/train-00001-of-00002.parquet"
    content = bytearray(path.read_bytes())
    places = [place for place in range(len(content)) if content.startswith(b"\x89PNG", place)]
    content[places[3] + 30] ^= 0xFF  # of the second group, its second image
    path.write_bytes(content)
    told = refused(tmp_path, "image-unreadable", read=load)
    assert "2 images cannot be read: 6.png, 7.png (its shard data/train-00001-of-00002.parquet cannot" in told
    found = load(tmp_path, skip_bad=True)
    assert [name for name in found.train.ids if name in ("5.png", "8.png")] == ["5.png", "8.png"]
    assert [item.id for item in found.left_out] == ["6.png", "7.png"]


def test_a_second_try_is_enough(tmp_path, monkeypatch):
    """A disk of the network that fails once."""
    shards(tmp_path, "train", [4, 4], row_group_size=2)
    whole = contents(listed(tmp_path))
    real, failed = parquet_file.need_pyarrow().ParquetFile.iter_batches, []

    def once(self, *args, **options):
        if not failed:
            failed.append(1)
            raise OSError("Input/output error")
        return real(self, *args, **options)

    monkeypatch.setattr(parquet_file.need_pyarrow().ParquetFile, "iter_batches", once)
    assert contents(listed(tmp_path)) == whole
    assert failed


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"extra": [1, 2]}, "it has a column 'extra' that"),
        ({"label": None}, "it lacks the column 'label' of"),
        ({"label": ["a", "b"]}, "its column 'label' holds text, that of"),
        ({"image": [b"x", b"y"]}, "its column 'image' holds bytes, that of"),
        ({"names": ["bee", "ant", "cow"]}, "has other class names than that of"),
    ],
    ids=["more", "fewer", "another type", "other images", "other names"],
)
def test_shards_that_differ_are_refused(tmp_path, other, told):
    """Each by its name, before anything is read; order of columns and width of numbers do not matter."""
    shards(tmp_path, "train", [4])
    names = other.pop("names", NAMES)
    found = table(pictures(2), names=names)
    for name, values in other.items():
        found = found.drop_columns([name]) if name in found.schema.names else found
        found = found if values is None else found.append_column(name, pa.array(values))
    pq.write_table(found, tmp_path / "data/train-00001-of-00002.parquet")
    said = refused(tmp_path, "shards-differ")
    assert told in said
    assert "train-00001-of-00002.parquet" in said
    assert listed(f"{tmp_path}/data/train-00000*.parquet").count == 4


def test_what_writers_make_of_one_table_is_no_difference(tmp_path):
    """Columns in another order, floats where a number is missing, a column without any value."""
    (tmp_path / "data").mkdir()
    one = table(pictures(2), note=["x", "y"], age=[1, 2])
    two = table(pictures(2, 1), 2, note=pa.nulls(2), age=[1.5, None])
    pq.write_table(one, tmp_path / "data/a.parquet")
    pq.write_table(two.select(["age", "label", "note", "image"]), tmp_path / "data/b.parquet")
    assert listed(tmp_path).count == 4


@pytest.mark.parametrize("word", ["eval", "evaluation", "holdout", "hold-out", "held_out"])
def test_shards_for_judging_are_no_train(word, tmp_path):
    """They counted as train, with a note. Beside a test split nothing tells which is which."""
    shards(tmp_path, "train", [2, 2])
    shards(tmp_path, word, [3])
    found = listed(tmp_path)
    assert {name: len(part.ids) for name, part in found.parts.items()} == {"train": 4, "test": 3}
    assert any(note.startswith("read as test by the names of shards") for note in found.notes)
    shards(tmp_path, "test", [2])
    with pytest.raises(AssayError, match=r"is called after test, and .* after another such split"):
        listed(tmp_path)


def test_names_tell_what_is_missing_or_unknown(tmp_path):
    """Shards that are not there, an older cut beside a newer one, words that are no split, versions."""
    shards(tmp_path / "a", "train", [2, 2, 2])
    shards(tmp_path / "a", "test", [2])
    (tmp_path / "a/data/train-00001-of-00003.parquet").unlink()
    assert "1 shard of 'data/train' missing by their numbers: 1" in listed(tmp_path / "a").notes
    shards(tmp_path / "a", "train", [1, 1])
    shards(tmp_path / "a", "extra", [2])
    notes = " ".join(listed(tmp_path / "a").notes)
    assert "shards of 'data/train' are of -of-2 and -of-3" in notes
    assert "1 shard names no split and count as train: data/extra-00000-of-00001.parquet" in notes
    for name in ("en", "fr"):
        shards(tmp_path / "b" / name, "train", [2])
    assert "2 folders hold shards of the same split" in " ".join(listed(tmp_path / "b").notes)
    whole = listed(shards(tmp_path / "c", "train", [2, 2]))
    assert whole.notes == ()
